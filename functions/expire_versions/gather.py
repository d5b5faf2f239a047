"""Gather what the decision about one package needs, with the fewest calls. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from expire_versions.ages import Publication
from expire_versions.decision import (
    Facts,
    decide,
    long_released,
    may_go,
    needs_ranks,
    questions_of_age,
    releases_asked_for,
)
from expire_versions.survey import Survey
from expire_versions.use import in_use
from expire_versions.values import NOTHING, Ages, Retention
from steward.codeartifact import CodeArtifact
from steward.coordinates import Package, PackageVersion
from steward.ledger import Ledger
from steward.policy import Policy
from steward.published_times import PublishedTimes

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.lockfiles.locked import Locked


@dataclass(frozen=True, slots=True)
class RetentionReads:
    """
    Everything that is read for the decision.

    Attributes:
        locked: The entries of the policy's lock files, by their names.
        records: What was decided about promoting a package; ``None``: nobody can tell.
    """

    codeartifact: CodeArtifact
    times: PublishedTimes
    policy: Policy
    locked: Mapping[str, tuple[Locked, ...]]
    ledger: Ledger
    records: Callable[[Package], Sequence[Record]] | None = None


def lists_by_time(package: Package, policy: Policy) -> bool:
    """
    Return whether *package* has to be listed by the time of publication: if a rule applies to it.

    Such a list has the same rows for the same number of calls as any other.
    """
    return bool(policy.retention_rules_for(package))


def gather_retention(
    package: Package,
    versions: Sequence[PackageVersion] | None,
    to: RetentionReads,
    now: datetime,
) -> Retention:
    """
    Return what the policy's retention rules make of each version of *package*.

    Nothing is asked that what is known already has answered. Calls to CodeArtifact, where no rule
    applies none:

    - 1 list (for each 1,000 versions), unless *versions* is given;
    - 1 list of each repository that the package's versions are promoted to, if one of them may go;
    - 1 description of each release whose builds may go by it;
    - for versions whose age decides and is not in their name: at most ``2 * ceil(log2(n))``
      descriptions among *n* of them, for each age that the rules name (:mod:`~expire_versions.ages`
      says when there are more);
    - for generic packages, of which the newest are kept: as many once more, among all versions.

    Of the ledger 1 Query of marks if something may go that has to wait, 1 of exemptions if
    something is due or its waiting time begins.

    Args:
        versions: If somebody has listed them: all of them, and as :func:`lists_by_time` asks for;
            ``None``: they are listed here.

    Raises:
        PackageNotFoundError: The package or its repository does not exist (any more).
        CodeArtifactError: A call failed.
        LedgerError: The same for the ledger.
        RecordsError: The same for the records of promotions.
    """
    rules = to.policy.retention_rules_for(package)
    if not rules:
        return NOTHING
    if versions is None:
        versions = to.times.versions_by_time(package)
    survey = Survey(versions, package.format, rules)
    candidates = may_go(survey, Facts(now, releases=long_released(survey)))
    if not candidates:
        return decide(survey, Facts(now))
    facts = Facts(now, in_use=in_use(package, survey, candidates, to))
    publication = Publication(
        [version.version for version in versions],
        lambda version: to.times.published_at(package, version),
    )
    releases = {name: publication.at(name) for name in releases_asked_for(survey, facts)}
    facts = replace(facts, releases={name: at for name, at in releases.items() if at is not None})
    if needs_ranks(survey, facts):
        facts = replace(facts, ages=Ages(ranks=publication.ranks()))
    if any(one.step is not None and one.step.after for one in may_go(survey, facts)):
        facts = replace(facts, marks=to.ledger.marks(package))
    asked = {
        each.placed.name: each.since
        for each in questions_of_age(survey, facts)
        if each.since is not None
    }
    if asked:
        facts = replace(facts, ages=replace(facts.ages, appeared=publication.appeared(asked)))
    decision = decide(survey, facts)
    if not (decision.due or decision.to_mark):
        return decision
    return decide(survey, replace(facts, exemptions=to.ledger.exemptions(package)))
