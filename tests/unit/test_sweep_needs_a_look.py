"""Which packages a sweep looks at, from the rows of the list of packages alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.coordinates import Package, Repository, Restrictions
from steward.patterns import parse
from steward.policy import OriginRule, Policy, SnapshotRule
from steward.promotion_rules import PromotionRule
from steward.retention_rules import RetentionRule, Step
from sweep_repositories.gathering import needs_a_look

REPOSITORY = Repository("my-company", "012345678901", "npm-internal")
PACKAGE = Package(REPOSITORY, "npm", "mycompany", "ui")
OPEN = Restrictions("ALLOW", "ALLOW")
INTERNAL = Restrictions("ALLOW", "BLOCK")
PUBLIC = Restrictions("BLOCK", "ALLOW")
CLOSED = Restrictions("BLOCK", "BLOCK")
EVERYTHING = (parse("/*"),)
RETENTION = RetentionRule(
    name="retention[0]",
    packages=EVERYTHING,
    repositories=("*",),
    versions=("all",),
    keep_newest=5,
    keep_younger_than=None,
    release_grace=None,
    keep=(),
    lockfiles=(),
    keep_promoted=True,
    unfinished_after=timedelta(days=7),
    then=(Step("delete"),),
)


def by(**sections: Any) -> Policy:  # noqa: ANN401  sections of the policy
    """Return a policy of some rules."""
    return Policy(digest="0" * 64, domain="my-company", **sections)


INTERNALS = by(
    origins=(OriginRule("origins[0]", EVERYTHING, ("*",), "internal", "ALLOW", "BLOCK", "archive"),)
)
PUBLICS = by(origins=(OriginRule("origins[0]", EVERYTHING, ("*",), "public", "BLOCK", "ALLOW"),))
INFERRING = by(origins=(OriginRule("origins[0]", EVERYTHING, ("*",), "inferred"),))
INFERRING_AND_PROMOTING = by(
    origins=INFERRING.origins,
    promotions=(PromotionRule("to-internal", EVERYTHING, "npm-intake", "npm-internal"),),
)

CASES: list[tuple[str, Policy, Restrictions, bool]] = [
    ("no rule at all", by(), OPEN, False),
    (
        "a snapshots rule",
        by(snapshots=(SnapshotRule("snapshots[0]", EVERYTHING, ("*",), timedelta(0)),)),
        CLOSED,
        True,
    ),
    (
        "a snapshots rule for other repositories",
        by(snapshots=(SnapshotRule("snapshots[0]", EVERYTHING, ("maven-*",), timedelta(0)),)),
        OPEN,
        False,
    ),
    ("a retention rule", by(retention=(RETENTION,)), CLOSED, True),
    (
        "a promotions rule from its repository",
        by(promotions=(PromotionRule("out", EVERYTHING, "npm-internal", "npm-approved"),)),
        CLOSED,
        True,
    ),
    (
        "a promotions rule to its repository",
        by(promotions=(PromotionRule("in", EVERYTHING, "npm-intake", "npm-internal"),)),
        CLOSED,
        False,
    ),
    ("public, and open", PUBLICS, OPEN, True),
    ("public, and as it has to be", PUBLICS, PUBLIC, False),
    ("internal, and open", INTERNALS, OPEN, True),
    ("internal, and closed: something may be behind the door", INTERNALS, INTERNAL, True),
    ("inferred, and open", INFERRING, OPEN, True),
    ("inferred, and tight on one side", INFERRING, INTERNAL, True),
    ("inferred, and tight on both", INFERRING, CLOSED, False),
    ("inferred, and filled by promotions", INFERRING_AND_PROMOTING, OPEN, False),
]


@pytest.mark.parametrize(
    ("policy", "restrictions", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_package_that_is_in_order_costs_nothing(
    policy: Policy, restrictions: Restrictions, *, expected: bool
) -> None:
    """The row says what its restrictions are, and the policy which rules apply."""
    assert needs_a_look(PACKAGE, restrictions, policy) is expected


def test_a_package_of_another_domain_is_nobodys_business() -> None:
    """Rules are for their own domain."""
    elsewhere = Package(Repository("another", "012345678901", "npm-internal"), "npm", None, "ui")
    assert not needs_a_look(elsewhere, OPEN, PUBLICS)
