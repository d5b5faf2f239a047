"""Everything outside of the deployed side of sweeps that it talks to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sweep_repositories.runs import Run

if TYPE_CHECKING:
    from steward.attention import Attention
    from steward.coordinates import Package, Restrictions
    from steward.domain_lists import DomainLists
    from steward.policy import Policy
    from steward.sweep_notices import SweepNotices
    from sweep_repositories.applying import Applied
    from sweep_repositories.executions import Executions
    from sweep_repositories.objects import Objects
    from sweep_repositories.plan_lines import PackagePlan, PlanLine
    from sweep_repositories.summary import Mode

# The calls to CodeArtifact that this process has made so far, by operation.
CallsMade = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Deployed:
    """The mode and the policy of this function, which a run may no longer be of."""

    mode: Mode
    policy: Policy

    def is_of(self, run: Run) -> bool:
        """Return whether *run* was begun by a deployment that decides alike."""
        return (run.mode, run.policy_digest) == (self.mode, self.policy.digest)


@dataclass(frozen=True, slots=True)
class Planning:
    """
    What the half that reads talks to.

    Attributes:
        needs_a_look: Whether a package, with the restrictions that the list shows, has to be looked
            at: no call.
        looks: Makes what looks at packages of a batch; whatever is the same for all of them is
            asked once, when it is made.
        settle_exemptions: Has the ledger know whether any exemption may hold: one call to DynamoDB,
            the first time of a table more. Raises LedgerError.
    """

    deployed: Deployed
    objects: Objects
    executions: Executions
    lists: DomainLists
    needs_a_look: Callable[[Package, Restrictions], bool]
    looks: Callable[[], Callable[[Package, Restrictions], PackagePlan]]
    settle_exemptions: Callable[[], None]
    calls_made: CallsMade
    notices: SweepNotices
    attention: Attention
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Changing:
    """
    What the half that writes talks to.

    Attributes:
        applies: Makes what applies the lines of one package of a run's plan; whatever is the same
            for all packages of a part is asked once, when it is made.
        flush: Sends the announcements that were collected.
    """

    deployed: Deployed
    objects: Objects
    applies: Callable[[Run], Callable[[Sequence[PlanLine]], Sequence[Applied]]]
    calls_made: CallsMade
    flush: Callable[[], None]
    now: Callable[[], datetime]
