"""What is known and what is decided about the versions of one package, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from steward.coordinates import PackageVersion, Status
from steward.retention_rules import Step, StepName

# How far out of the repository a version is. Steps lie where the status lies that they lead to.
_STATUS_LIES: Final[dict[Status, int]] = {
    "Published": 0,
    "Unfinished": 0,
    "Unlisted": 1,
    "Archived": 2,
    "Disposed": 3,
    "Deleted": 4,
}
_LEADS_TO: Final[dict[StepName, Status]] = {
    "unlist": "Unlisted",
    "archive": "Archived",
    "dispose": "Disposed",
    "delete": "Deleted",
}


@dataclass(frozen=True, slots=True)
class Appeared:
    """
    When a version appeared in its repository, as far as that is known (UTC).

    Attributes:
        earliest: Not before this; ``None``: nobody knows.
        latest: Not after this; ``None``: nobody knows.
    """

    earliest: datetime | None = None
    latest: datetime | None = None

    @classmethod
    def at(cls, moment: datetime) -> Appeared:
        """Return what is known of a version that appeared at *moment*."""
        return cls(moment, moment)


NOBODY_KNOWS: Final = Appeared()


@dataclass(frozen=True, slots=True)
class Ages:
    """
    What is known about the ages of some versions of one package.

    Attributes:
        appeared: By version; of the others nobody knows anything.
        ranks: By version, the order in which they were published: greater is newer, equal is
            unknown. Only formats without an order of their own are given any.
    """

    appeared: Mapping[str, Appeared] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)

    def of(self, version: str) -> Appeared:
        """Return when *version* appeared, as far as that is known."""
        return self.appeared.get(version, NOBODY_KNOWS)


NO_AGES: Final = Ages()


@dataclass(frozen=True, slots=True)
class Due:
    """
    A version that is to take a step now.

    Attributes:
        version: As it was listed.
        rule: The name of the policy's rule (``retention[0]``).
        reason: Why it goes, for people.
    """

    version: PackageVersion
    step: StepName
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    A version that goes, and whose next step has a waiting time that has not ended.

    Attributes:
        until: The first moment at which the step may be taken.
    """

    version: PackageVersion
    step: StepName
    until: datetime
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """
    A version that stays as it is.

    Attributes:
        rule: The rule that governs it; ``None``: no rule selects it.
        reason: What keeps it, for people.
    """

    version: PackageVersion
    rule: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Retention:
    """
    The answer for each version of a package, once each, oldest first.

    Attributes:
        to_mark: The versions among *waiting* whose waiting time begins now: somebody has to
            remember that, or it begins anew at every look.
    """

    due: tuple[Due, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    to_mark: tuple[PackageVersion, ...] = ()
    kept: tuple[Kept, ...] = ()


NOTHING: Final = Retention()


def next_step(status: Status, then: tuple[Step, ...]) -> Step | None:
    """Return the first of *then* that lies further than *status*; ``None``: there is none."""
    lies = _STATUS_LIES[status]
    return next((step for step in then if _STATUS_LIES[_LEADS_TO[step.name]] > lies), None)


def status_after(step: StepName) -> Status:
    """Return the status that *step* leads to; ``Deleted``: the version is gone."""
    return _LEADS_TO[step]


def needs_a_mark(step: StepName, then: tuple[Step, ...]) -> bool:
    """Return whether the step of *then* that follows *step* waits, from when *step* was taken."""
    following = next_step(_LEADS_TO[step], then)
    return following is not None and bool(following.after)
