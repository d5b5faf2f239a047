"""Versions in use stay: named by a lock file, promoted, or still to be promoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from expire_versions.gather import gather_retention
from expire_versions.values import Retention
from promote_versions.records import Record, State
from steward import patterns
from steward.coordinates import Format, Package, Status
from steward.lockfiles.locked import Locked
from steward.promotion_rules import PromotionRule
from tests.functional.expiry_domain import ExpiryDomain
from tests.unit.fake_records import record
from tests.unit.retention_rules_made import MONTH, WEEK, build, rule, steps

NEWEST: Final[Mapping[str, Any]] = {"keep_newest": 1, "then": steps("archive")}


def decided(
    expiry: ExpiryDomain,
    package: Package,
    *,
    locked: Mapping[str, tuple[Locked, ...]] | None = None,
    records: Sequence[Record] | None = None,
) -> Retention:
    """Return what the rules make of *package*, with these lock files and records."""
    reads = replace(
        expiry.collaborators().reads,
        locked=locked or {},
        records=None if records is None else lambda _: records,
    )
    return gather_retention(package, None, reads, expiry.now)


def due(decision: Retention) -> list[str]:
    """Return the versions that are due."""
    return [one.version.version for one in decision.due]


def entry(package: Package, version: str) -> Locked:
    """Return the entry of a lock file for a version of *package*."""
    return Locked(package.format, package.namespace, package.name, version)


@pytest.mark.parametrize(
    ("package_format", "held", "named"),
    [
        pytest.param("npm", "1.0.0", "1.0.0", id="npm: by its name"),
        pytest.param("pypi", "1.0.0", "1.0", id="PyPI: in another spelling"),
        pytest.param("pypi", "1.0rc1", "1.0-RC1", id="PyPI: in another spelling of a candidate"),
        pytest.param("nuget", "1.0.0", "1.0.0.0", id="NuGet: with fewer numbers"),
        pytest.param("maven", "1.0", "1.0", id="Maven: by its name"),
    ],
)
def test_versions_that_a_lock_file_names_stay(
    expiry: ExpiryDomain, package_format: Format, held: str, named: str
) -> None:
    """And the reason names the file."""
    expiry.rules(rule(lockfiles=("a.lock",), **NEWEST))
    package = expiry.new_package(package_format)
    expiry.seed(package, {held: "Published", "0.9.0": "Published", "2.0.0": "Published"})

    decision = decided(expiry, package, locked={"a.lock": (entry(package, named),)})

    assert due(decision) == ["0.9.0"]
    reasons = {one.version.version: one.reason for one in decision.kept}
    assert reasons[held] == "the lock file a.lock names it"


def test_lock_files_of_other_rules_and_other_packages_keep_nothing(expiry: ExpiryDomain) -> None:
    """A rule keeps what its own lock files name."""
    expiry.rules(rule(lockfiles=("a.lock",), **NEWEST))
    package, other = expiry.new_package(), expiry.new_package()
    expiry.seed(package, {"1.0.0": "Published", "2.0.0": "Published"})
    locked = {"a.lock": (entry(other, "1.0.0"),), "b.lock": (entry(package, "1.0.0"),)}

    assert due(decided(expiry, package, locked=locked)) == ["1.0.0"]


def test_a_lock_file_that_names_a_snapshot_keeps_its_newest_build(expiry: ExpiryDomain) -> None:
    """Though it was released long ago."""
    expiry.rules(
        rule("snapshot-builds", lockfiles=("a.lock",), release_grace=WEEK, then=steps("archive"))
    )
    package = expiry.new_package("maven")
    builds = [build("1.0", number, expiry.now - MONTH) for number in (1, 2)]
    held: dict[str, Status] = dict.fromkeys((*builds, "1.0-SNAPSHOT", "1.0"), "Published")
    expiry.seed(package, held, MONTH)

    decision = decided(expiry, package, locked={"a.lock": (entry(package, "1.0-SNAPSHOT"),)})

    assert due(decision) == [builds[0]]


class TestPromotions:
    """Versions stand where they were promoted to, or are on their way there."""

    def promoted(
        self, expiry: ExpiryDomain, *, keep_promoted: bool = True
    ) -> tuple[Package, Package]:
        """Return a package of three versions in a source repository, and in its destination."""
        destination = expiry.new_repository()
        package = expiry.new_package()
        promotion = PromotionRule(
            "to-approved", (patterns.parse("/npm/*"),), package.repository.name, destination.name
        )
        expiry.policy = replace(expiry.policy, promotions=(promotion,))
        expiry.rules(rule(keep_promoted=keep_promoted, **NEWEST))
        expiry.seed(package, dict.fromkeys(("1.0.0", "2.0.0", "3.0.0"), "Published"))
        return package, replace(package, repository=destination)

    def test_what_stands_in_the_destination_stays_in_the_source(self, expiry: ExpiryDomain) -> None:
        """In whatever status it stands there."""
        package, there = self.promoted(expiry)
        expiry.seed(there, {"1.0.0": "Archived"})

        decision = decided(expiry, package)

        assert due(decision) == ["2.0.0"]
        assert "it was promoted to" in decision.kept[0].reason

    def test_what_stands_in_the_destination_stays_there(self, expiry: ExpiryDomain) -> None:
        """All of it, without asking anything else."""
        _, there = self.promoted(expiry)
        expiry.seed(there, dict.fromkeys(("1.0.0", "2.0.0"), "Published"))

        assert due(decided(expiry, there)) == []
        assert expiry.requests() == {"ListPackageVersions": 1}

    def test_a_package_that_is_not_in_the_destination_was_not_promoted(
        self, expiry: ExpiryDomain
    ) -> None:
        """Nor where there is no such repository any more."""
        package, there = self.promoted(expiry)
        assert due(decided(expiry, package)) == ["1.0.0", "2.0.0"]

        expiry.delete_repository(there)
        assert due(decided(expiry, package)) == ["1.0.0", "2.0.0"]

    @pytest.mark.parametrize(
        ("state", "why"),
        [
            pytest.param("approved", "it is approved for {}", id="approved"),
            pytest.param("held", "a gate holds it on its way to {}", id="held by a gate"),
            pytest.param(
                None, "nobody has judged yet whether it is promoted to {}", id="not judged yet"
            ),
        ],
    )
    def test_what_may_still_be_promoted_stays(
        self, expiry: ExpiryDomain, state: State | None, why: str
    ) -> None:
        """What was refused goes, or was copied and is not there any more."""
        package, there = self.promoted(expiry)
        expiry.seed(package, {"0.9.0": "Published"})
        said_of: dict[str, State | None] = {"0.9.0": "copied", "1.0.0": state, "2.0.0": "refused"}
        to = there.repository.name
        records = [
            replace(record(version, said), package=package, rule="to-approved", to=to)
            for version, said in said_of.items()
            if said is not None
        ]

        decision = decided(expiry, package, records=records)

        assert due(decision) == ["0.9.0", "2.0.0"]
        reasons = {one.version.version: one.reason for one in decision.kept}
        assert reasons["1.0.0"] == why.format(there.repository.name)

    def test_what_never_can_be_promoted_goes(self, expiry: ExpiryDomain) -> None:
        """Nothing is judged that is not published, and no other rule's answer counts."""
        package, _ = self.promoted(expiry)
        expiry.seed(package, {"0.9.0": "Unlisted"})
        other = replace(record("2.0.0", "refused"), package=package, rule="another")

        decision = decided(expiry, package, records=[other])

        assert due(decision) == ["0.9.0"]

    def test_a_rule_may_not_ask_for_promotions(self, expiry: ExpiryDomain) -> None:
        """Then nothing of this keeps a version, and nobody lists the destination."""
        package, there = self.promoted(expiry, keep_promoted=False)
        expiry.seed(there, {"1.0.0": "Published"})

        assert due(decided(expiry, package)) == ["1.0.0", "2.0.0"]
        assert expiry.requests() == {"ListPackageVersions": 1}


def test_each_version_has_its_answer_in_the_order_of_the_format(expiry: ExpiryDomain) -> None:
    """Due, waiting or kept, with step, rule and reason."""
    expiry.rules(
        rule("releases", keep_newest=1, then=steps("unlist", ("archive", WEEK)), keep=("9.*",))
    )
    package = expiry.new_package()
    expiry.seed(
        package,
        {
            "10.0.0": "Published",
            "9.0.0": "Published",
            "8.0.0": "Published",
            "7.0.0": "Unlisted",
            "nightly": "Published",
        },
    )
    decision = decided(expiry, package)

    assert [
        (one.version.version, one.step, one.until, one.rule, one.reason) for one in decision.waiting
    ] == [("7.0.0", "archive", expiry.now + WEEK, "retention[0]", "not among the 1 newest")]
    assert [(one.version.version, one.step, one.rule, one.reason) for one in decision.due] == [
        ("8.0.0", "unlist", "retention[0]", "not among the 1 newest")
    ]
    assert [(one.version.version, one.rule, one.reason) for one in decision.kept] == [
        ("nightly", None, "no retention rule selects it"),
        ("9.0.0", "retention[0]", "a pattern of keep matches it"),
        ("10.0.0", "retention[0]", "one of the 1 newest"),
    ]
