"""Expiry by events: doubled, late, interrupted, overtaken; what is undone stays undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from expire_versions.gather import gather_retention
from expire_versions.values import Retention
from steward.coordinates import Package, PackageVersion, Status
from steward.errors import LedgerError
from steward.ledger import Exemption, StatusChange
from tests.functional.expiry_domain import ExpiryDomain
from tests.functional.watched_domain import where
from tests.unit.retention_rules_made import DAY, MONTH, WEEK, build, rule, steps

NEWEST_TWO = rule("releases", keep_newest=2, then=steps("unlist", ("archive", WEEK), "delete"))


def releases(number: int) -> dict[str, Status]:
    """Return *number* published releases."""
    return {f"1.{each}.0": "Published" for each in range(number)}


@pytest.fixture
def package(expiry: ExpiryDomain) -> Package:
    """A package of five releases, of which a rule keeps the newest two."""
    expiry.rules(NEWEST_TWO)
    package = expiry.new_package()
    expiry.seed(package, releases(5))
    return package


OLDER = ["1.0.0", "1.1.0", "1.2.0"]
AFTER_UNLISTING = {**dict.fromkeys(OLDER, "Unlisted"), "1.3.0": "Published", "1.4.0": "Published"}


def test_versions_that_people_publish_push_older_ones_out(expiry: ExpiryDomain) -> None:
    """Their events wake the function, each of them doubled; ours do not."""
    expiry.rules(rule("releases", keep_newest=2, then=steps("archive")))
    package = expiry.new_package()
    for number in (8, 9, 10):
        expiry.publish(package, f"1.{number}.0").raise_for_status()

    events = expiry.take_queued()
    assert expiry.deliver(*events, *events) == {"batchItemFailures": []}

    assert expiry.take_queued() == []
    assert expiry.statuses(package) == {
        "1.8.0": "Archived",
        "1.9.0": "Published",
        "1.10.0": "Published",
    }
    assert expiry.notices.announced == [("1.8.0", "Archived")]


def test_a_release_alone_is_no_reason_before_its_grace_is_over(expiry: ExpiryDomain) -> None:
    """Then its builds go, and the snapshot with them."""
    expiry.rules(rule("snapshot-builds", keep_newest=5, release_grace=WEEK, then=steps("archive")))
    package = expiry.new_package("maven")
    builds = [build("1.0", number, expiry.now - number * DAY) for number in (1, 2)]
    expiry.seed(package, {**dict.fromkeys(builds, "Unlisted"), "1.0-SNAPSHOT": "Published"})
    expiry.seed(package, {"1.0": "Published"})

    expiry.later(WEEK - timedelta(seconds=1))
    expiry.look(package)
    assert set(expiry.statuses(package).values()) == {"Published", "Unlisted"}

    expiry.later(timedelta(seconds=1))
    expiry.look(package)
    assert expiry.statuses(package) == {
        **dict.fromkeys([*builds, "1.0-SNAPSHOT"], "Archived"),
        "1.0": "Published",
    }


def test_what_is_changed_is_recorded_marked_and_announced(
    expiry: ExpiryDomain, package: Package
) -> None:
    """The mark is what the next step waits from."""
    expiry.look(package)

    assert expiry.statuses(package) == AFTER_UNLISTING
    assert expiry.ledger.recorded == [
        StatusChange(
            package, one, "Published", "Unlisted", "retention[0]", "expire_versions", expiry.now
        )
        for one in OLDER
    ]
    assert [(one.version, one.status, one.at) for one in expiry.ledger.marked] == [
        (one, "Unlisted", expiry.now) for one in OLDER
    ]
    assert expiry.notices.announced == [(one, "Unlisted") for one in OLDER]


def test_without_the_ledger_nothing_is_changed(expiry: ExpiryDomain, package: Package) -> None:
    """A change that is not recorded could not be undone; the message comes back."""

    def fail(method: str) -> None:
        if method == "record":
            raise LedgerError("BatchWriteItem", "ThrottlingException", "of a test")

    expiry.ledger.before = fail

    assert expiry.look(package) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert expiry.statuses(package) == releases(5)


def test_what_somebody_else_unlisted_waits_from_when_it_is_found(
    expiry: ExpiryDomain, package: Package
) -> None:
    """It is marked once, and archived after the waiting time."""
    expiry.set_status(package, "Unlisted", *OLDER)
    expiry.look(package)
    assert [one.at for one in expiry.ledger.marked] == [expiry.now] * 3
    expiry.later(WEEK - timedelta(seconds=1))
    expiry.look(package)
    assert len(expiry.ledger.marked) == 3
    assert expiry.statuses(package) == AFTER_UNLISTING

    expiry.later(timedelta(seconds=1))
    expiry.look(package)

    assert {expiry.statuses(package)[one] for one in OLDER} == {"Archived"}


def test_nothing_is_deleted_by_events(
    expiry: ExpiryDomain, package: Package, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left to the sweep, and the log says so."""
    expiry.set_status(package, "Archived", *OLDER)
    expiry.forget_requests()

    expiry.look(package)

    assert expiry.requests() == {"ListPackageVersions": 1}
    assert {expiry.statuses(package)[one] for one in OLDER} == {"Archived"}
    left = [vars(line) for line in caplog.records if line.message == "left to the sweep"]
    assert [(line["versions"], line["step"]) for line in left] == [(OLDER, "delete")]


def test_what_a_person_brings_back_stays_while_it_is_exempt(
    expiry: ExpiryDomain, package: Package
) -> None:
    """The exemption is written first, then the event of the change leads back here."""
    expiry.look(package)
    expiry.ledger.exempt(
        Exemption(
            package, "1.1.0", "retention[0]", "me", "I need it", expiry.now, expiry.now + WEEK
        )
    )
    expiry.set_status(package, "Published", "1.1.0")

    expiry.deliver(*expiry.take_queued())
    assert expiry.statuses(package)["1.1.0"] == "Published"

    expiry.later(WEEK)
    expiry.look(package)
    assert expiry.statuses(package)["1.1.0"] == "Unlisted"


class TestOvertaken:
    """What others do between the look and the act."""

    def test_a_version_that_changed_meanwhile_is_left_alone(
        self, expiry: ExpiryDomain, package: Package
    ) -> None:
        """By status or by being gone; the others go on."""

        def others() -> None:
            expiry.before_updates = None
            expiry.set_status(package, "Archived", "1.0.0")
            expiry.client.delete_package_versions(**where(package), versions=["1.1.0"])

        expiry.before_updates = others

        assert expiry.look(package) == {"batchItemFailures": []}
        assert expiry.statuses(package) == {
            "1.0.0": "Archived",
            "1.2.0": "Unlisted",
            "1.3.0": "Published",
            "1.4.0": "Published",
        }

    def test_a_version_whose_contents_changed_meanwhile_is_left_alone(
        self, expiry: ExpiryDomain
    ) -> None:
        """It is another one by now: its revision is pinned."""
        package = expiry.new_package("generic")
        expiry.rules(rule(keep_younger_than=MONTH, then=steps("archive")))
        expiry.seed(package, {"1": "Unfinished", "2": "Published"}, MONTH)

        def upload() -> None:
            expiry.before_updates = None
            expiry.client.publish_package_version(
                **where(package),
                packageVersion="1",
                assetName="another.txt",
                assetContent=b"more",
                assetSHA256="187897ce0afcf20b50ba2b37dca84a951b7046f29ed5ab94f010619f69d6e189",
                unfinished=True,
            )

        expiry.before_updates = upload

        expiry.look(package)

        assert expiry.statuses(package) == {"1": "Unfinished", "2": "Archived"}

    def test_a_version_that_vanishes_while_ages_are_asked_for_holds_up_nothing(
        self, expiry: ExpiryDomain
    ) -> None:
        """The others are decided about as if it had never been."""
        expiry.rules(rule("releases", keep_younger_than=MONTH, then=steps("archive")))
        package = expiry.new_package()
        expiry.seed(package, releases(20), MONTH)
        reads = expiry.collaborators().reads
        listed = reads.times.versions_by_time(package)
        expiry.client.delete_package_versions(
            **where(package), versions=[listed[0].version, listed[9].version]
        )

        decision = _gathered(expiry, package, listed)

        gone = {listed[0].version, listed[9].version}
        assert {one.version.version for one in decision.due} >= set(releases(20)) - gone

    @pytest.mark.parametrize("what", ["package", "repository"])
    def test_a_package_that_is_gone_is_done_with(
        self, expiry: ExpiryDomain, package: Package, what: str
    ) -> None:
        """Before the look, or between look and act: nothing is left to do."""
        delete = expiry.delete_package if what == "package" else expiry.delete_repository
        expiry.before_updates = lambda: delete(package)

        assert expiry.look(package) == {"batchItemFailures": []}
        expiry.before_updates = None
        assert expiry.look(package) == {"batchItemFailures": []}
        assert expiry.statuses(package) == {}


def _gathered(expiry: ExpiryDomain, package: Package, listed: list[PackageVersion]) -> Retention:
    return gather_retention(package, listed, expiry.collaborators().reads, expiry.now)


@pytest.mark.parametrize(
    "operation", ["ListPackageVersions", "DescribePackageVersion", "UpdatePackageVersionsStatus"]
)
def test_a_throttled_package_comes_back_and_ends_as_described(
    expiry: ExpiryDomain, operation: str
) -> None:
    """Whichever call is one too many."""
    expiry.rules(rule("releases", keep_younger_than=MONTH, then=steps("unlist")))
    packages = [expiry.new_package() for _ in range(3)]
    for package in packages:
        expiry.seed(package, releases(3), {"1.0.0": MONTH, "1.1.0": MONTH, "1.2.0": DAY})
    events = [expiry.event(package) for package in packages]

    with expiry.faults(throttle={operation: 0.0001}):
        failed = expiry.deliver(*events)["batchItemFailures"]
    assert failed
    assert expiry.deliver(*events) == {"batchItemFailures": []}

    for package in packages:
        assert expiry.statuses(package) == {
            "1.0.0": "Unlisted",
            "1.1.0": "Unlisted",
            "1.2.0": "Published",
        }


def test_errors_at_random_delay_the_end_and_do_not_change_it(expiry: ExpiryDomain) -> None:
    """A third of the calls fails; each change is announced once."""
    expiry.rules(rule("releases", keep_younger_than=MONTH, then=steps("unlist")))
    packages = [expiry.new_package() for _ in range(4)]
    for package in packages:
        expiry.seed(package, releases(3), {"1.0.0": MONTH, "1.1.0": MONTH, "1.2.0": DAY})

    with expiry.faults(errorRate=0.3, seed=7):
        attempts = expiry.deliver_until_done(*map(expiry.event, packages))

    assert attempts > 1
    assert sorted(expiry.notices.announced) == sorted(
        [("1.0.0", "Unlisted"), ("1.1.0", "Unlisted")] * 4
    )


def test_an_update_that_is_interrupted_is_finished_the_next_time(expiry: ExpiryDomain) -> None:
    """Each version is announced once: those of the first call now, the others when they go."""
    expiry.rules(rule("releases", keep_newest=1, then=steps("unlist")))
    package = expiry.new_package()
    expiry.seed(package, releases(251))

    with expiry.faults(throttle={"UpdatePackageVersionsStatus": 0.0001}):
        assert expiry.look(package) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert len(expiry.notices.announced) == 100

    assert expiry.look(package) == {"batchItemFailures": []}
    assert sorted(expiry.notices.announced) == sorted((name, "Unlisted") for name in releases(250))
