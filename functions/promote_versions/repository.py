"""What a repository that versions are promoted from holds and the destination does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from promote_versions.seen import destined
from promote_versions.settled import standing
from steward.coordinates import Package, PackageVersion, Repository
from steward.errors import PackageNotFoundError

if TYPE_CHECKING:
    from promote_versions.records_table import Records
    from steward.codeartifact import CodeArtifact
    from steward.policy import Policy
    from steward.promotion_rules import PromotionRule


@dataclass(frozen=True, slots=True)
class Missing:
    """
    Versions of one package that one rule may promote and its destination does not hold.

    Attributes:
        package: In the repository that the rule copies from.
    """

    package: Package
    rule: PromotionRule
    versions: tuple[PackageVersion, ...]


def missing_in(
    source: Repository,
    *,
    codeartifact: CodeArtifact,
    policy: Policy,
    records: Records,
    now: datetime,
    rule: str | None = None,
    anew: bool = False,
    seen: Callable[[int], None] = lambda _: None,
) -> Iterator[Missing]:
    """
    Yield what may be promoted from *source* and is not where it would go, package by package.

    That is every published version that is open
    (:func:`promote_versions.settled.standing`) and that the destination does not list in any
    status. What somebody has archived there is listed there; what they have deleted there is
    recorded, and missing only to whoever wants it judged *anew*.

    1 ListPackages for 1,000 packages; for each package that a rule applies to 1
    ListPackageVersions, 1 Query and, unless everything is settled or if *anew*, 1
    ListPackageVersions in each destination. What comes next is asked for when it is wanted.

    Args:
        rule: Only this rule; ``None``: all that apply.
        anew: What is held or refused counts as open: somebody wants it judged again.
        seen: Called after each page with the number of its packages.

    Raises:
        CodeArtifactError: A list failed; what had been yielded is complete.
        RecordsError: The records could not be read.
    """
    for page in codeartifact.packages(source):
        for package, _ in page:
            rules = [one for one in policy.promotion_rules_for(package) if rule in (None, one.name)]
            if rules:
                yield from _of_package(package, rules, codeartifact, records, now, anew=anew)
        seen(len(page))


def _of_package(
    package: Package,
    rules: list[PromotionRule],
    codeartifact: CodeArtifact,
    records: Records,
    now: datetime,
    *,
    anew: bool,
) -> Iterator[Missing]:
    published = [one for one in _versions(codeartifact, package) if one.status == "Published"]
    if not published:
        return
    decided = {(one.version, one.rule): one for one in records.of_package(package)}
    for rule in rules:
        place = destined(package, rule.to)
        there = {one.version for one in _versions(codeartifact, place)} if anew else None
        unsettled = [
            one
            for one in published
            if standing(
                decided.get((one.version, rule.name)), one, rule, now=now, anew=anew, there=there
            )
            != "settled"
        ]
        if not unsettled:
            continue
        if there is None:
            there = {one.version for one in _versions(codeartifact, place)}
        missing = tuple(one for one in unsettled if one.version not in there)
        if missing:
            yield Missing(package, rule, missing)


def _versions(codeartifact: CodeArtifact, package: Package) -> list[PackageVersion]:
    try:
        return codeartifact.versions(package)
    except PackageNotFoundError:
        return []
