"""Which versions are in use: by a lock file, by a promotion that was made or is on its way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from steward.coordinates import Format, Package, PackageVersion
from steward.errors import PackageNotFoundError
from steward.version_order import position
from steward.versions import is_snapshot

if TYPE_CHECKING:
    from expire_versions.gather import RetentionReads
    from expire_versions.survey import Placed, Survey
    from promote_versions.records import Record
    from steward.lockfiles.locked import Locked

_last: list[tuple[Mapping[str, tuple[Locked, ...]], Mapping[tuple[str, str], frozenset[str]]]] = []


def in_use(
    package: Package, survey: Survey, candidates: Sequence[Placed], to: RetentionReads
) -> dict[str, str]:
    """
    Return why versions of *package* are in use, by version.

    A version is in use if its rule names

    - a lock file with this version, in whatever spelling the format allows (``1.0``, ``1.0.0``);
    - ``keep_promoted``, and it is in a repository that the policy promotes to, or stands in one
      that the policy promotes it to, or may still get there: it is approved, a gate holds it, or
      nobody has judged it yet.

    Promotions are only asked about if a rule of *candidates*, the versions that may go, wants to
    know: 1 list for each destination, and 1 query of what was decided.

    Raises:
        CodeArtifactError: A list failed.
        RecordsError: What was decided cannot be read.
    """
    found = _locked(package, survey, to.locked)
    if not any(one.rule is not None and one.rule.keep_promoted for one in candidates):
        return found
    promoted = _promoted(package, survey, to)
    return found | {
        one.name: promoted[one.name]
        for one in survey.placed
        if one.rule is not None and one.rule.keep_promoted and one.name in promoted
    }


def _by_package(
    locked: Mapping[str, tuple[Locked, ...]],
) -> Mapping[tuple[str, str], frozenset[str]]:
    """
    Return the versions that lock files name, by the file's name and the package's path.

    A run asks for thousands of packages with the same entries, so the last answer is kept.
    """
    if _last and _last[0][0] is locked:
        return _last[0][1]
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for file, entries in locked.items():
        for one in entries:
            path = f"/{one.format}/{one.namespace or ''}/{one.name}"
            found[file, path].add(one.version)
    answer = {where: frozenset(versions) for where, versions in found.items()}
    _last[:] = [(locked, answer)]
    return answer


def _locked(
    package: Package, survey: Survey, locked: Mapping[str, tuple[Locked, ...]]
) -> dict[str, str]:
    """Return why lock files keep versions, by version."""
    found: dict[str, str] = {}
    by_package = _by_package(locked)
    for one in survey.placed:
        for file in one.rule.lockfiles if one.rule is not None else ():
            named = by_package.get((file, package.path), frozenset())
            if one.name in named or _spelt_otherwise(package.format, one.name, named):
                found[one.name] = f"the lock file {file} names it"
                break
    return found


def _spelt_otherwise(package_format: Format, version: str, named: Iterable[str]) -> bool:
    if not named:
        return False
    place = position(package_format, version)
    return place is not None and any(place == position(package_format, one) for one in named)


def _promoted(package: Package, survey: Survey, to: RetentionReads) -> dict[str, str]:
    """Return why promotions keep versions, by version."""
    repository = package.repository
    if to.policy.promotes_to(repository.name):
        reason = f"it stands in {repository.name}, which the policy promotes to"
        return {one.name: reason for one in survey.placed}
    found: dict[str, str] = {}
    for rule in to.policy.promotion_rules_for(package):
        destination = replace(package, repository=replace(repository, name=rule.to))
        try:
            there = to.codeartifact.versions(destination)
        except PackageNotFoundError:
            continue
        for version in there:
            found[version.version] = f"it was promoted to {rule.to}, and stands there"
    return _to_come(package, survey, to) | found


def _to_come(package: Package, survey: Survey, to: RetentionReads) -> dict[str, str]:
    """Return why versions may still be promoted, by version, if anybody can tell."""
    rules = to.policy.promotion_rules_for(package)
    if to.records is None or not rules:
        return {}
    decided = {(one.version, one.rule): one for one in to.records(package)}
    found: dict[str, str] = {}
    for record in decided.values():
        if record.state == "approved":  # by whatever rule: its copy is on its way
            found[record.version] = f"it is approved for {record.to}"
    for rule in rules:
        for one in survey.placed:
            way = _may_be_promoted(one.version, package.format, decided.get((one.name, rule.name)))
            if way is not None:
                found.setdefault(one.name, f"{way} {rule.to}")
    return found


def _may_be_promoted(
    version: PackageVersion, package_format: Format, record: Record | None
) -> str | None:
    """
    Return why *version* may still be promoted, without the repository; ``None``: it will not.

    Maven snapshots never are, and nothing is that is not published.

    Args:
        record: What was decided about it by one rule; ``None``: nothing yet.
    """
    if version.status != "Published" or is_snapshot(package_format, version.version):
        return None
    if record is None:
        return "nobody has judged yet whether it is promoted to"
    return "a gate holds it on its way to" if record.state == "held" else None
