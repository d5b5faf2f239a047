"""What lines are applied with, and what becomes of them, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from steward.coordinates import Package
from sweep_repositories.plan_lines import PlanLine

if TYPE_CHECKING:
    from steward.attention import Attention
    from steward.codeartifact import CodeArtifact
    from steward.ledger import Ledger
    from steward.ledger_exemptions import ExemptionsAt
    from steward.notices import Notices
    from steward.removals import Removals

# What stands for a line about the package itself where versions are named.
THE_PACKAGE: Final = ""


class Judge(Protocol):
    """Whoever judges versions that may be promoted: ``promote_versions``'s own queue."""

    def look(self, *packages: Package) -> None:
        """Have each of *packages* looked at."""


@dataclass(frozen=True, slots=True)
class Applying:
    """
    Everything that lines are carried out with.

    Attributes:
        exemptions: What is known of all exemptions when the applying begins: only if some were
            written since *planned_at* is anybody asked package by package.
        planned_at: When the gathering of the lines began.
        promotions: ``None``: nothing is promoted here.
    """

    codeartifact: CodeArtifact
    removals: Removals
    ledger: Ledger
    exemptions: ExemptionsAt
    planned_at: datetime
    promotions: Judge | None
    notices: Notices
    attention: Attention
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Refused:
    """
    What was left as it is, though the line asks for it.

    Attributes:
        version: ``None``: the package's restrictions, or all that the line is about.
        code: CodeArtifact's, or ``MISMATCHED_RESTRICTIONS``.
    """

    version: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Applied:
    """
    What became of one line. :data:`THE_PACKAGE` stands for a line that is not about versions.

    Attributes:
        changed: What was changed; of lines that mark, promote or report: what was marked, handed
            to the judge, or told.
        already: What was so already: an earlier attempt, or somebody else.
        refused: What CodeArtifact refused, or what has changed since it was planned.
        kept: What a person has exempted since.
        problem: Why the rest of the line is not done; it can be applied again.
    """

    line: PlanLine
    changed: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    kept: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(slots=True)
class Progress:
    """What has become of one line so far; what goes wrong then does not lose it."""

    changed: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RuleOfLine:
    """The rule that a line comes from, as far as it is in the line."""

    name: str
