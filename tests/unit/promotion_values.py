"""Values for tests of promotion: one package, one moment, facts and rules to vary."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from promote_versions.facts import DependencyFact, Unavailable, VersionFacts, Vulnerability
from promote_versions.records import Approval, ApprovalDecision
from steward.coordinates import Format, Origin, Package, PackageVersion, Repository
from steward.promotion_rules import (
    Integrity,
    Licences,
    PromotionRule,
    Requirements,
    Severity,
    Vulnerabilities,
)
from steward.version_contents import Asset, Licence

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
REVISION = "revision-one"
INTAKE = Repository("my-company", "111122223333", "pypi-intake")
REQUESTS = Package(INTAKE, "pypi", None, "requests")
FROM_PYPI = Origin("EXTERNAL", external_connection="public:pypi")
VERSION = PackageVersion("2.32.3", "Published", FROM_PYPI, REVISION)
DIGEST = "ab" * 32

WEEK = timedelta(days=7)
QUARTER = NOW + timedelta(minutes=15)
TOMORROW = NOW + timedelta(days=1)
LAST_WEEK = NOW - WEEK
YESTERDAY = NOW - timedelta(days=1)
DOWN = Unavailable("OSV was asked: it is down")
HIGH = Vulnerabilities("high")
MIT = Licences(frozenset({"MIT"}))
HASH = "a" * 64
LISTED = Integrity(("r.txt",), {"pkg:pypi/requests@2.32.3": frozenset({f"SHA-256:{HASH}"})})
HELD_DEPENDENCY = DependencyFact("pkg:pypi/idna@3", "held", "too young", TOMORROW)


def package(package_format: Format, name: str, namespace: str | None = None) -> Package:
    """Return a package of the intake repository."""
    return Package(INTAKE, package_format, namespace, name)


def facts(
    *, of: Package = REQUESTS, version: PackageVersion = VERSION, **known: object
) -> VersionFacts:
    """Return what is known about *version* of *of*, by the names that VersionFacts has."""
    plain = VersionFacts(of, version)
    return replace(plain, **known)  # type: ignore[arg-type]  # each test names fields of its own


def named(version: str) -> PackageVersion:
    """Return *version* as it is listed after it came from the public index."""
    return replace(VERSION, version=version)


def rule(*, include_dependencies: bool = False, **require: object) -> PromotionRule:
    """Return a rule with the gates that *require* names, as Requirements has them."""
    return PromotionRule(
        name="public-to-approved",
        packages=(),
        source="pypi-intake",
        to="pypi-approved",
        require=replace(Requirements(), **require),  # type: ignore[arg-type]  # as above
        include_dependencies=include_dependencies,
        digest=DIGEST,
    )


def vulnerability(
    id_: str = "GHSA-aaaa",
    severity: Severity | None = "high",
    *,
    aliases: tuple[str, ...] = (),
    withdrawn: bool = False,
    malicious: bool = False,
) -> Vulnerability:
    """Return an entry of OSV."""
    return Vulnerability(
        id_, frozenset(aliases), severity, malicious=malicious, withdrawn=withdrawn
    )


def licences(*names: str) -> tuple[Licence, ...]:
    """Return licences as a version names them."""
    return tuple(Licence(name, None) for name in names)


def asset(name: str, **hashes: str) -> Asset:
    """Return an asset; *hashes* are named ``sha256`` and the like."""
    return Asset(name, 1, {f"SHA-{kind.removeprefix('sha')}": one for kind, one in hashes.items()})


def said(decision: ApprovalDecision, revision: str = REVISION) -> Approval:
    """Return what a person said about *revision* an hour ago."""
    return Approval(
        decision, "AROAEXAMPLE:alex", "Looked at it", NOW - timedelta(hours=1), revision
    )
