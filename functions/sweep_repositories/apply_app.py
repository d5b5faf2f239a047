"""
Carry out the plan of a sweep.

Trigger: the state machine ``SweepRepositoriesStateMachine`` (``sweep.asl.yaml``), for each part of
a plan whose deletions the policy's ``limits`` allow: the step ``apply``.
Decision: none; the lines of the plan, which :mod:`sweep_repositories.app` has written. What has
changed since is refused by CodeArtifact, or not asked for.
Effect: versions become ``Unlisted``, ``Archived`` or ``Disposed``, or are deleted; restrictions
of packages are changed; the judge of promotions is asked to look at packages.
Undo: ``steward restore`` brings back what is unlisted or archived, and restrictions, with an
exemption. What is disposed of or deleted is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final, cast

from promote_versions.queues import SqsPromotionsQueue
from steward import codeartifact as gateway
from steward import ledger
from steward.attention import SnsAttention
from steward.deployed import settings_and_policy
from steward.invocation import Invocation, time_left
from steward.notices import BufferedNotices
from steward.observability import flush_metrics
from sweep_repositories.applying import Applied, Applying, apply_lines
from sweep_repositories.collaborators import Changing, Deployed
from sweep_repositories.objects import connect_objects
from sweep_repositories.part_applying import apply_part
from sweep_repositories.plan_lines import PlanLine
from sweep_repositories.runs import Run, SweepEventError
from sweep_repositories.shares import SHARE

# Our choice: what is begun is finished. 10,000 versions of a package that are refused one by one
# take as many calls, at a share of 24 a second: longer than any function runs. As they come in
# hundreds, two minutes are enough for 2,880 calls.
MILLISECONDS_TO_END: Final = 120_000


def handler(event: object, context: Invocation | None) -> Mapping[str, object]:
    """Apply the part of a plan that *event* names; return how far it got."""
    enough = time_left(context, milliseconds=MILLISECONDS_TO_END)
    answer = step(event, changing(), time_left=enough)
    flush_metrics()
    return answer


def step(
    event: object, to: Changing, *, time_left: Callable[[], bool] = lambda: True
) -> Mapping[str, object]:
    """
    Do the step that *event* asks for.

    Raises:
        SweepEventError: There is no such step here.
    """
    said = cast("Mapping[str, object]", event) if isinstance(event, dict) else {}
    if said.get("step") != "apply":
        raise SweepEventError(f"step is {said.get('step')!r:.200}; this function knows 'apply'")
    return apply_part(said, to, time_left=time_left)


@cache
def changing() -> Changing:
    """
    Return what the environment asks for, made at the first call and kept for the next ones.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy cannot be read.
    """
    chosen, policy = settings_and_policy(queue=False)
    calls = gateway.connect_budget(SHARE)
    codeartifact = gateway.connect(chosen.mode)
    removals = gateway.connect_removals(chosen.mode)
    kept = ledger.connect(chosen.mode, chosen.needed("ledger_table"))
    notices = BufferedNotices()
    promotions = None
    if policy.promotions:
        promotions = SqsPromotionsQueue(chosen.needed("promotions_queue_url"))

    def applies(run: Run) -> Callable[[Sequence[PlanLine]], Sequence[Applied]]:
        applying = Applying(
            codeartifact=codeartifact,
            removals=removals,
            ledger=kept,
            exemptions=kept.exemptions_at(),
            planned_at=run.started,
            promotions=promotions,
            notices=notices,
            attention=SnsAttention(chosen.attention_topic),
            now=_now,
        )
        return lambda lines: apply_lines(lines, applying)

    return Changing(
        deployed=Deployed(chosen.mode, policy),
        objects=connect_objects(chosen.needed("sweeps_bucket")),
        applies=applies,
        calls_made=lambda: calls.made,
        flush=notices.flush,
        now=_now,
    )


def _now() -> datetime:
    return datetime.now(UTC)
