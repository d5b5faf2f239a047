"""Reconcile every package of a repository, from the rows of its list of packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from enforce_origin_controls import decision as decide
from enforce_origin_controls.collaborators import Collaborators
from enforce_origin_controls.decision import Settled
from enforce_origin_controls.outcome import Outcome
from enforce_origin_controls.package import reconcile
from steward.coordinates import Package, Repository, Restrictions
from steward.observability import logger
from steward.policy import OriginRule


def enforce_in_repository(
    repository: Repository,
    to: Collaborators,
    *,
    deep: bool = False,
    workers: int = 1,
    seen: Callable[[int], None] = lambda _: None,
) -> Iterator[Outcome]:
    """
    Bring all packages of *repository* to what the policy says; yield what is worth a line.

    That is: packages that were changed, would be in enforce mode, are kept by an exemption, hold
    versions from outside, are of mixed origin, or failed. A package that fails holds up none of
    the others. What is in order is not logged package by package, but counted in one line a page.

    A page of 1,000 packages is one call, and its rows carry the restrictions, so that a package in
    order costs nothing more. One that has drifted costs a write; an ``internal`` one also a list of
    the versions from outside; an ``inferred`` one its list of versions and, before a write, the
    look-ups of its group and, unless both become ``BLOCK``, of its restrictions, which somebody may
    have tightened since the page was listed.

    Exemptions are read just before a write, so that what a person restores meanwhile stays.

    Args:
        deep: Look for versions from outside in all internal packages, drifted or not.
        workers: How many packages are worked on at once; what is yielded keeps the order of the
            list. One that changes a package makes a write in four calls, so with some 50 ms a call
            it takes 5 of the 100 writes a second that an account has (User Guide, quotas).
        seen: Called after each page with the number of its packages.

    Raises:
        CodeArtifactError: A page could not be listed; what had been yielded was done.
    """

    def reconcile_row(row: tuple[Package, OriginRule, Restrictions]) -> Outcome:
        package, rule, current = row
        return reconcile(package, rule, to, current=current, deep=deep)

    with ThreadPoolExecutor(workers) as pool:
        for page in to.codeartifact.packages(repository):
            to_reconcile: list[tuple[Package, OriginRule, Restrictions]] = []
            without_rule = 0
            for package, current in page:
                rule = to.policy.origin_rule_for(package)
                if rule is None:
                    without_rule += 1
                elif not _in_order(package, rule, current, to, deep=deep):
                    to_reconcile.append((package, rule, current))
            logger().info(
                "page",
                extra={
                    "domain": repository.domain,
                    "repository": repository.name,
                    "packages": len(page),
                    "without_rule": without_rule,
                    "in_order": len(page) - without_rule - len(to_reconcile),
                },
            )
            outcomes = pool.map(reconcile_row, to_reconcile)
            yield from (outcome for outcome in outcomes if outcome.noteworthy)
            seen(len(page))


def _in_order(
    package: Package, rule: OriginRule, current: Restrictions, to: Collaborators, *, deep: bool
) -> bool:
    """Return whether the row alone says that there is nothing to do."""
    if deep and rule.kind == "internal":
        return False
    promoted_to = to.policy.promotes_to(package.repository.name)
    return isinstance(decide.by_row(rule, current, promoted_to=promoted_to), Settled)
