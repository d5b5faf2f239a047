"""The entries of OSV: what one says about a package, and how severe it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from promote_versions.facts import Vulnerability
from steward.coordinates import normalised

if TYPE_CHECKING:
    from steward.promotion_rules import Severity

_RANKS: Final[dict[str, int]] = {"low": 1, "medium": 2, "high": 3, "critical": 4}
# GitHub's advisories say it in a word, and "moderate" is theirs for CVSS's "medium".
_WORDS: Final[dict[str, Severity]] = {
    "LOW": "low",
    "MODERATE": "medium",
    "MEDIUM": "medium",
    "HIGH": "high",
    "CRITICAL": "critical",
}
# "Qualitative severity rating scale" of CVSS 3 and 4; the lower bound of each. 0.0, "none", is low.
_SCALE: Final[tuple[tuple[float, Severity], ...]] = (
    (9.0, "critical"),
    (7.0, "high"),
    (4.0, "medium"),
    (0.0, "low"),
)
_MALICIOUS: Final = "MAL-"  # the prefix of the malicious-packages database, OSV schema
_SUMMARY: Final = 300  # our choice, characters: one line for people

_K = TypeVar("_K")


class MalformedEntryError(ValueError):
    """An entry is of another shape than the OSV schema says: nobody knows what it would say."""


@dataclass(frozen=True, slots=True, order=True)
class PackageName:
    """A package as OSV names it."""

    ecosystem: str
    name: str


@dataclass(frozen=True, slots=True)
class _Affected:
    """What an entry says about one package."""

    severity: Severity | None = None
    fixed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One entry, with what of it matters here.

    Attributes:
        severity: That of the entry as a whole.
        affected: What it says about each package.
    """

    id: str
    aliases: frozenset[str]
    severity: Severity | None
    withdrawn: bool
    summary: str
    affected: Mapping[PackageName, _Affected] = field(default_factory=dict)

    def about(self, name: PackageName) -> Vulnerability:
        """Return what the entry says about the package *name*; others' fixed versions are not."""
        affected = self.affected.get(name, _Affected())
        return Vulnerability(
            self.id,
            self.aliases,
            highest((self.severity, affected.severity)),
            malicious=any(each.startswith(_MALICIOUS) for each in (self.id, *self.aliases)),
            fixed=affected.fixed,
            withdrawn=self.withdrawn,
            summary=self.summary,
        )


def entry_in(document: object) -> Entry:
    """
    Return what an entry in the OSV schema says.

    A severity that cannot be read is none.

    Raises:
        MalformedEntryError: It has no id, or a member is of another type than the schema says.
    """
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise MalformedEntryError("it has no id")
    affected: dict[PackageName, _Affected] = {}
    for each in _objects(document, "affected"):
        package = each.get("package")
        if package is None:
            continue  # commits of a Git repository, "affected[].package", OSV schema
        if not isinstance(package, dict):
            raise MalformedEntryError("affected.package is no object")
        name = _name(package)
        before = affected.get(name, _Affected())
        affected[name] = _Affected(
            highest((before.severity, _severity(each))), before.fixed | _fixed(each)
        )
    summary = document.get("summary")
    return Entry(
        document["id"],
        frozenset(_texts(document, "aliases")),
        _severity(document),
        withdrawn=document.get("withdrawn") is not None,
        summary=" ".join(summary.split())[:_SUMMARY] if isinstance(summary, str) else "",
        affected=affected,
    )


def with_severities_of_aliases(told: Mapping[_K, Vulnerability]) -> dict[_K, Vulnerability]:
    """
    Give those without a severity the highest of those that are the same vulnerability.

    PyPI's own database, for one, seldom has severities, and GitHub's has an entry for the same CVE.
    What an entry that was withdrawn said does not count.
    """
    by_name: dict[str, list[Severity | None]] = {}
    for each in told.values():
        for name in () if each.withdrawn else (each.id, *each.aliases):
            by_name.setdefault(name, []).append(each.severity)
    return {
        key: replace(each, severity=highest(_same(each, by_name)))
        if each.severity is None
        else each
        for key, each in told.items()
    }


def highest(severities: Iterable[Severity | None]) -> Severity | None:
    """Return the highest; ``None``: there is none."""
    return max((each for each in severities if each is not None), key=_rank, default=None)


def severity_of_vector(vector: str) -> Severity | None:
    """
    Return how severe a CVSS vector of version 2, 3 or 4 is; ``None``: it is none of these.

    By its base score. CVSS 2 has no word for "critical"; its score is read on the scale of CVSS 3.
    """
    from cvss import CVSS2, CVSS3, CVSS4  # noqa: PLC0415  only where an entry has a vector
    from cvss.exceptions import CVSSError  # noqa: PLC0415  the same

    try:
        if vector.startswith("CVSS:4"):
            score = float(CVSS4(vector).base_score)
        elif vector.startswith("CVSS:3"):
            score = float(CVSS3(vector).base_score)
        else:
            score = float(CVSS2(vector).base_score)
    except (CVSSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return next((word for least, word in _SCALE if score >= least), None)


def _same(
    vulnerability: Vulnerability, by_name: Mapping[str, list[Severity | None]]
) -> Iterable[Severity | None]:
    for name in (vulnerability.id, *vulnerability.aliases):
        yield from by_name.get(name, ())


def _severity(of: Mapping[str, object]) -> Severity | None:
    """Return the highest severity that an entry, or what it says about a package, gives."""
    found: list[Severity | None] = []
    for each in _objects(of, "severity"):
        kind, score = each.get("type"), each.get("score")
        if isinstance(kind, str) and kind.startswith("CVSS_V") and isinstance(score, str):
            found.append(severity_of_vector(score))
    specific = of.get("database_specific")
    word = specific.get("severity") if isinstance(specific, dict) else None
    if isinstance(word, str):
        found.append(_WORDS.get(word.strip().upper()))
    return highest(found)


def _fixed(affected: Mapping[str, object]) -> frozenset[str]:
    """Return the versions that are the first without it; those of Git are commits."""
    return frozenset(
        version
        for span in _objects(affected, "ranges")
        if span.get("type") != "GIT"
        for event in _objects(span, "events")
        if isinstance(version := event.get("fixed"), str)
    )


def _name(package: Mapping[str, object]) -> PackageName:
    """
    Return which package an entry means.

    ``Maven:`` and an address may follow an ecosystem (OSV schema); names of PyPI come in any of
    their spellings.
    """
    ecosystem, name = str(package.get("ecosystem")).partition(":")[0], str(package.get("name"))
    return PackageName(ecosystem, normalised("pypi", name) if ecosystem == "PyPI" else name)


def _rank(severity: Severity) -> int:
    return _RANKS[severity]


def _objects(of: Mapping[str, object], name: str) -> list[dict[str, object]]:
    value = of.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise MalformedEntryError(f"{name} is no list of objects")
    return value


def _texts(of: Mapping[str, object], name: str) -> list[str]:
    value = of.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise MalformedEntryError(f"{name} is no list of texts")
    return value
