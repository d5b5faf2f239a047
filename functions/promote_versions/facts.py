"""What the gates judge by: everything about one version that had to be looked up. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from steward.coordinates import Package, PackageVersion

if TYPE_CHECKING:
    from steward.promotion_rules import Severity
    from steward.version_contents import Asset, Licence

DependencyState = Literal["passed", "held", "refused", "absent"]


@dataclass(frozen=True, slots=True)
class Unavailable:
    """
    A fact that somebody was asked for and did not give: it holds the version and never passes.

    Attributes:
        reason: Who was asked and what went wrong, as the end of a sentence.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """
    One entry of OSV about a version or a package.

    Attributes:
        id: OSV's own, such as ``GHSA-...``, ``PYSEC-...`` or ``MAL-...``.
        aliases: The same vulnerability elsewhere (``CVE-...``).
        severity: The highest that the entry gives; ``None``: it gives none that can be read.
        malicious: The entry, or one of its aliases, is about a malicious package (``MAL-``).
        fixed: The versions of the package that are the first without it.
        withdrawn: Whoever made the entry has taken it back.
        summary: One line for people; may be empty.
    """

    id: str
    aliases: frozenset[str] = frozenset()
    severity: Severity | None = None
    malicious: bool = False
    fixed: frozenset[str] = frozenset()
    withdrawn: bool = False
    summary: str = ""


@dataclass(frozen=True, slots=True)
class DependencyFact:
    """
    What became of a version that the judged one depends on, directly or through others.

    Attributes:
        purl: Its package URL, with the version unless none is there.
        state: ``passed``: it has been promoted, or is ordered to be; ``absent``: nothing in the
            source repository or the destination meets the requirement.
        reason: Why it is held or refused.
        until: When a held one is looked at again.
    """

    purl: str
    state: DependencyState
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """
    What is known about one version at one revision. What the rule does not ask for is left empty.

    Attributes:
        package: In the repository that the rule copies from.
        version: As it was listed, with its revision.
        released_at: When the public repository published it; ``None``: it gives no time.
        withdrawn: The reason for which the public repository has yanked it, maybe empty;
            ``None``: it has not, or nobody asked.
        vulnerabilities: Those that OSV lists for this version.
        security_fix: The version is the first without a known vulnerability of the package.
        licences: As CodeArtifact read them from the package's metadata.
        assets: By name.
        dependencies: The closure that the source repository holds.
        bypass: A way by which clients of the destination get versions without any gate.
    """

    package: Package
    version: PackageVersion
    released_at: datetime | Unavailable | None = None
    withdrawn: str | None = None
    vulnerabilities: tuple[Vulnerability, ...] | Unavailable = ()
    security_fix: bool = False
    licences: tuple[Licence, ...] | Unavailable = ()
    assets: Mapping[str, Asset] | Unavailable = field(default_factory=dict)
    dependencies: tuple[DependencyFact, ...] | Unavailable = ()
    bypass: str | None = None
