"""The `promotions` of a policy at run time: what a version has to pass on its way, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypedDict, get_args

from steward import patterns, purls, version_order
from steward.coordinates import Package
from steward.patterns import Pattern

Severity = Literal["low", "medium", "high", "critical"]
BlockAt = Literal["low", "medium", "high", "critical", "malicious"]
ApprovalMode = Literal["automatic", "manual"]
Recall = Literal["report", "unlist", "archive"]

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)  # from the mildest on
MALICIOUS: Final = "malicious"  # of `block_at`: no severity keeps a version out


class CompiledMinimumAge(TypedDict):
    """A ``minimum_age`` as the policy compiler writes it."""

    at_least_seconds: int
    exceptions: list[str]
    security_fixes: bool


class CompiledWaiver(TypedDict):
    """A waiver of ``vulnerabilities`` as the policy compiler writes it."""

    id: str
    packages: list[str]
    reason: str
    until: str


class CompiledVulnerabilities(TypedDict):
    """A ``vulnerabilities`` as the policy compiler writes it."""

    block_at: BlockAt
    waivers: list[CompiledWaiver]


class CompiledLicences(TypedDict):
    """A ``licences`` as the policy compiler writes it."""

    allow: list[str]
    deny: list[str]
    texts: dict[str, str]


class CompiledVersions(TypedDict):
    """A ``versions`` as the policy compiler writes it."""

    releases_only: bool
    range: str | None


class CompiledIntegrity(TypedDict):
    """An ``integrity`` as the policy compiler writes it: the files' names, and what they say."""

    files: list[str]
    hashes: dict[str, list[str]]


class CompiledRequirements(TypedDict):
    """A ``require`` as the policy compiler writes it."""

    minimum_age: CompiledMinimumAge | None
    vulnerabilities: CompiledVulnerabilities | None
    licences: CompiledLicences | None
    origin: list[str] | None
    allow: list[str] | None
    deny: list[str]
    versions: CompiledVersions | None
    integrity: CompiledIntegrity | None
    approval: ApprovalMode


class CompiledPromotion(TypedDict):
    """A rule of ``promotions`` as the policy compiler writes it."""

    name: str
    packages: list[str]
    source: str
    to: str
    require: CompiledRequirements
    include_dependencies: bool
    recall: Recall
    digest: str


@dataclass(frozen=True, slots=True)
class Matcher:
    """
    A package-group pattern, or a package URL of a package or of one of its versions.

    Attributes:
        text: As the policy has it.
        pattern: What it matches; a package URL is the pattern of exactly its package.
        version: The only version that it matches, as CodeArtifact shows it; ``None`` for all.
    """

    text: str = field(compare=False)
    pattern: Pattern
    version: str | None = None

    def __str__(self) -> str:
        return self.text

    def matches(self, package: Package, version: str) -> bool:
        """Return whether it means *version* of *package*, in whatever repository."""
        return self.version in (None, version) and self.pattern.matches(package.path)

    def means(self, package: Package, version: str) -> bool:
        """
        Return whether it matches, or names *version* in another spelling of the format's rules.

        ``1.0.0`` of PyPI is ``1.0``, ``1.0-RC1`` is ``1.0rc1``. What keeps versions out asks this.
        """
        if self.version is None or self.version == version or package.format != self.pattern.format:
            return self.matches(package, version)
        if not self.pattern.matches(package.path):
            return False
        place = version_order.position(package.format, version)
        return place is not None and place == version_order.position(package.format, self.version)

    def covers(self, other: Matcher) -> bool:
        """Return whether every version that *other* matches is matched by this one too."""
        return self.version in (None, other.version) and self.pattern.covers(other.pattern)


def matcher(text: str) -> Matcher:
    """
    Return what the package-group pattern or package URL *text* matches.

    Raises:
        PatternError: It is a pattern that no package can match, or neither of the two.
        PurlError: It is a package URL of nothing that CodeArtifact can hold.
    """
    if not text.startswith(purls.PREFIX):
        return Matcher(text, patterns.parse(text))
    url = purls.parse_purl(text)
    path = f"/{url.format}/{url.namespace or ''}/{url.name}"
    return Matcher(text, Pattern(path, "$", url.format), url.version)


@dataclass(frozen=True, slots=True)
class MinimumAge:
    """
    How long a version must have been public.

    Attributes:
        exceptions: What needs no age.
        security_fixes: Whether a version that fixes a known vulnerability needs none.
    """

    at_least: timedelta
    exceptions: tuple[Matcher, ...] = ()
    security_fixes: bool = False


@dataclass(frozen=True, slots=True)
class Waiver:
    """
    A vulnerability that somebody has judged to be harmless here, for a time.

    Attributes:
        id: OSV's, or one of its aliases.
        packages: What it is waived for; empty means every package.
        until: The first moment at which it counts no more.
    """

    id: str
    packages: tuple[Matcher, ...]
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Vulnerabilities:
    """
    Which known vulnerabilities keep a version out. A malicious package is always kept out.

    Attributes:
        block_at: The mildest severity that does; ``malicious``: none does.
    """

    block_at: BlockAt
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Licences:
    """
    Under which licences a version may be.

    Attributes:
        allow: SPDX identifiers in their canonical case; empty means any that is known.
        deny: The same, and these never.
        texts: What free texts mean: casefolded text to SPDX expression.
    """

    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """
    Which versions of a package are wanted at all.

    Attributes:
        range: In the syntax of the package's format; ``None`` for all.
    """

    releases_only: bool = False
    range: str | None = None


@dataclass(frozen=True, slots=True)
class Integrity:
    """
    What the assets of a version have to hash to.

    Attributes:
        files: The lock files that say so.
        hashes: By package URL with version; ``SHA-256:hex`` or ``SHA-512:hex``.
    """

    files: tuple[str, ...]
    hashes: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Requirements:
    """
    The gates of a rule; one that is ``None`` is not there.

    Attributes:
        origin: ``internal``, or names of external connections (``public:pypi``).
        allow: What may pass; ``None`` for everything.
        deny: What may not, whatever else holds.
    """

    minimum_age: MinimumAge | None = None
    vulnerabilities: Vulnerabilities | None = None
    licences: Licences | None = None
    origin: frozenset[str] | None = None
    allow: tuple[Matcher, ...] | None = None
    deny: tuple[Matcher, ...] = ()
    versions: VersionChoice | None = None
    integrity: Integrity | None = None
    approval: ApprovalMode = "automatic"


@dataclass(frozen=True, slots=True)
class PromotionRule:
    """
    From which repository to which other one versions are promoted, and what they need for it.

    Attributes:
        name: The one that the policy gives it; no other rule has it.
        source: The repository that the policy calls ``from``.
        include_dependencies: Whether what a version depends on is promoted before it.
        recall: What becomes of a promoted version that turns out to be bad.
        digest: SHA-256 of the compiled rule, in hexadecimal: another one is another rule.
        before: The repositories that its packages are promoted from on their way to its source.
    """

    name: str
    packages: tuple[Pattern, ...]
    source: str
    to: str
    require: Requirements = Requirements()
    include_dependencies: bool = False
    recall: Recall = "report"
    digest: str = ""
    before: frozenset[str] = frozenset()

    def applies_to(self, package: Package) -> bool:
        """Return whether the rule speaks about *package*, which is in its source."""
        path = package.path
        return package.repository.name == self.source and any(
            pattern.matches(path) for pattern in self.packages
        )


def promotion_rule(rule: CompiledPromotion) -> PromotionRule:
    """Return the rule that the policy compiler wrote."""
    return PromotionRule(
        name=rule["name"],
        packages=tuple(patterns.parse(text) for text in rule["packages"]),
        source=rule["source"],
        to=rule["to"],
        require=_requirements(rule["require"]),
        include_dependencies=rule["include_dependencies"],
        recall=rule["recall"],
        digest=rule["digest"],
    )


def staged(rules: Sequence[PromotionRule]) -> tuple[PromotionRule, ...]:
    """Return *rules* in their order, each with the repositories that come before its source."""
    return tuple(replace(rule, before=frozenset(_before(rule, rules))) for rule in rules)


def _before(rule: PromotionRule, rules: Sequence[PromotionRule]) -> set[str]:
    """Return the sources from which packages of *rule* may get to its own, stage by stage."""
    found: set[str] = set()
    reached = {rule.source}
    while reached:
        reached = {
            one.source
            for one in rules
            if one.to in reached and _share_packages(one.packages, rule.packages)
        } - found
        found |= reached
    return found - {rule.source}


def _share_packages(some: Sequence[Pattern], others: Sequence[Pattern]) -> bool:
    return any(one.covers(other) or other.covers(one) for one in some for other in others)


def _requirements(require: CompiledRequirements) -> Requirements:
    age, vulnerabilities = require["minimum_age"], require["vulnerabilities"]
    licences, versions = require["licences"], require["versions"]
    integrity, origin, allow = require["integrity"], require["origin"], require["allow"]
    return Requirements(
        minimum_age=None if age is None else _minimum_age(age),
        vulnerabilities=None if vulnerabilities is None else _vulnerabilities(vulnerabilities),
        licences=None if licences is None else _licences(licences),
        origin=None if origin is None else frozenset(origin),
        allow=None if allow is None else _matchers(allow),
        deny=_matchers(require["deny"]),
        versions=None
        if versions is None
        else VersionChoice(versions["releases_only"], versions["range"]),
        integrity=None if integrity is None else _integrity(integrity),
        approval=require["approval"],
    )


def _minimum_age(age: CompiledMinimumAge) -> MinimumAge:
    return MinimumAge(
        at_least=timedelta(seconds=age["at_least_seconds"]),
        exceptions=_matchers(age["exceptions"]),
        security_fixes=age["security_fixes"],
    )


def _vulnerabilities(vulnerabilities: CompiledVulnerabilities) -> Vulnerabilities:
    waivers = (
        Waiver(
            id=waiver["id"],
            packages=_matchers(waiver["packages"]),
            reason=waiver["reason"],
            until=datetime.fromisoformat(waiver["until"]),
        )
        for waiver in vulnerabilities["waivers"]
    )
    return Vulnerabilities(vulnerabilities["block_at"], tuple(waivers))


def _licences(licences: CompiledLicences) -> Licences:
    return Licences(
        allow=frozenset(licences["allow"]),
        deny=frozenset(licences["deny"]),
        texts=licences["texts"],
    )


def _integrity(integrity: CompiledIntegrity) -> Integrity:
    return Integrity(
        files=tuple(integrity["files"]),
        hashes={purl: frozenset(hashes) for purl, hashes in integrity["hashes"].items()},
    )


def _matchers(texts: list[str]) -> tuple[Matcher, ...]:
    return tuple(matcher(text) for text in texts)
