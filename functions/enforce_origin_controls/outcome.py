"""What became of one package: the value that logs, commands and sweeps report from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from enforce_origin_controls.decision import Decision, Drifted, Kept, Mixed
from steward.codeartifact import RefusalCode
from steward.coordinates import Package, PackageVersion
from steward.errors import StewardError
from steward.notices import ExternalOutcome

# Somebody else was faster: the next look decides again. ("errorCode" of PackageVersionError.)
_OVERTAKEN: Final[frozenset[RefusalCode]] = frozenset({"MISMATCHED_STATUS", "NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class Found:
    """
    A version from outside that was in use in an internal package, and what became of it.

    Attributes:
        version: As it was found.
        reason: Why it was archived or only reported, or what CodeArtifact said when it refused.
        code: CodeArtifact's, of a refusal.
    """

    version: PackageVersion
    outcome: ExternalOutcome
    reason: str
    code: RefusalCode | None = None

    @property
    def overtaken(self) -> bool:
        """Whether it was refused because it had changed since it was listed."""
        return self.code in _OVERTAKEN


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What was decided about a package and what was done.

    Attributes:
        rule: The name of the policy's rule (``origins[0]``).
        decision: ``None`` if it failed, or vanished, before there was one.
        written: The restrictions that the decision asks for were written.
        kept: What an exemption keeps as it is: the restrictions, versions, or both.
        found: Versions from outside, of a rule that calls the package internal.
        vanished: The package or its repository does not exist (any more).
        error: What stopped the work; everything else in here was done before.
    """

    package: Package
    rule: str
    decision: Decision | None = None
    written: bool = False
    kept: tuple[Kept, ...] = ()
    found: tuple[Found, ...] = ()
    vanished: bool = False
    error: StewardError | None = None

    @property
    def drift_left(self) -> bool:
        """Whether the restrictions are still not what they have to be, by observe mode alone."""
        return (
            isinstance(self.decision, Drifted)
            and not (self.written or self.vanished or self.error)
            and all(kept.version is not None for kept in self.kept)
        )

    @property
    def noteworthy(self) -> bool:
        """Whether something was changed, found, kept by an exemption or failed, or would be."""
        return bool(self.written or self.drift_left or self.kept or self.found or self.error) or (
            isinstance(self.decision, Mixed)
        )
