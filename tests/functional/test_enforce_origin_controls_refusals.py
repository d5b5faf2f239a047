"""What the origin controls do when CodeArtifact, their own table or someone else is in the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from steward.coordinates import Package
from tests.functional.origin_company import DONE, OriginCompany
from tests.functional.origin_domain import INTERNAL, OPEN, PUBLIC, outside
from tests.functional.watched_domain import held_as

LOOK = "DescribePackage"
LIST = "ListPackageVersions"
GROUP = "GetAssociatedPackageGroup"
WRITE = "PutPackageOriginConfiguration"
ARCHIVE = "UpdatePackageVersionsStatus"
NEVER = 0.0001  # a second: the first call gets through, no other does within a test
FAILED = {"batchItemFailures": [{"itemIdentifier": "0"}]}


def refusals(caplog: pytest.LogCaptureFixture) -> dict[object, object]:
    """Return the code that each refused version was logged with."""
    records = [vars(each) for each in caplog.records if each.getMessage() == "refused"]
    return {each["version"]: each["code"] for each in records}


class TestThrottling:
    """Every operation in turn; the messages come back until all is done."""

    @pytest.mark.parametrize("operation", [LOOK, WRITE, LIST, ARCHIVE])
    def test_a_throttled_call_fails_its_package_alone_and_it_is_done_the_next_time(
        self, company: OriginCompany, operation: str
    ) -> None:
        """The first call of the operation gets through."""
        packages = [company.infiltrated() for _ in range(3)]
        events = [company.event(package) for package in packages]

        with company.faults(throttle={operation: NEVER}):
            answer = company.deliver(*events)
        assert [item["itemIdentifier"] for item in answer["batchItemFailures"]] == ["1", "2"]
        assert [company.statuses(package)["99.0.0"] for package in packages] == [
            "Archived",
            "Published",
            "Published",
        ]

        assert company.deliver(*events[1:]) == DONE
        for package in packages:
            assert company.restrictions(package) == INTERNAL
            assert company.statuses(package) == {"1.0.0": "Published", "99.0.0": "Archived"}
        assert len(company.told("archived")) == len(company.attention.messages) == 3

    @pytest.mark.parametrize("operation", [LOOK, LIST, GROUP, WRITE])
    def test_an_inference_that_is_throttled_changes_nothing_until_it_is_whole(
        self, company: OriginCompany, operation: str
    ) -> None:
        """None of its four calls leads to half a decision."""
        packages = [company.named("inferred") for _ in range(2)]
        for package in packages:
            company.seed((package, OPEN, [outside("1.0.0")]))
        events = [company.event(package) for package in packages]

        with company.faults(throttle={operation: NEVER}):
            answer = company.deliver(*events)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
        assert company.restrictions(packages[1]) == OPEN

        assert company.deliver(events[1]) == DONE
        assert company.restrictions(packages[1]) == PUBLIC

    def test_the_door_is_closed_before_the_versions_are_listed(
        self, company: OriginCompany
    ) -> None:
        """If the list fails nothing more can come in; the look that follows archives."""
        package = company.infiltrated()
        with company.faults(throttle={LIST: 0}):
            assert company.look(package) == FAILED

        assert company.restrictions(package) == INTERNAL
        assert company.statuses(package)["99.0.0"] == "Published"
        assert company.look(package) == DONE
        assert company.statuses(package)["99.0.0"] == "Archived"

    def test_archiving_that_is_interrupted_is_finished_the_next_time(
        self, company: OriginCompany
    ) -> None:
        """Each version is told once: those of the first call now, the others when it is done."""
        package = company.named()
        versions = [f"99.{number}.0" for number in range(250)]
        company.seed((package, OPEN, [outside(version) for version in versions]))

        with company.faults(throttle={ARCHIVE: NEVER}):
            assert company.look(package) == FAILED
        (first,) = company.told("archived")
        assert company.look(package) == DONE

        assert set(company.statuses(package).values()) == {"Archived"}
        told = [version for _, some, _ in company.told("archived") for version in some]  # type: ignore[attr-defined]  # a list of names
        assert sorted(told) == sorted(versions)
        assert len(first[1]) == 100  # type: ignore[arg-type]  # the same

    def test_a_repository_goes_on_past_the_packages_that_fail(self, company: OriginCompany) -> None:
        """Their outcomes carry the error; a second run brings them to the rule."""
        repository = company.new_repository()
        packages = [company.named("public", repository=repository) for _ in range(5)]
        company.seed(*((package, OPEN, []) for package in packages))

        with company.faults(throttle={WRITE: NEVER}):
            outcomes = company.sweep(repository)
        assert [one.error is None for one in outcomes] == [True, False, False, False, False]
        assert all("Rate exceeded" in str(one.error) for one in outcomes[1:])

        assert len(company.sweep(repository)) == 4
        assert {company.restrictions(package) for package in packages} == {PUBLIC}


class TestErrorsAtRandom:
    """Any call may fail; seeded, so that every run is the same."""

    @pytest.mark.parametrize(("rate", "seed"), [(0.05, 1), (0.05, 2), (0.05, 3), (0.3, 4)])
    def test_errors_delay_the_end_state_and_do_not_change_it(
        self, company: OriginCompany, rate: float, seed: int
    ) -> None:
        """Of forty packages of four rules."""
        scopes = ("mycompany", "reported", "public", "inferred")
        packages = [company.named(scope) for scope in scopes for _ in range(10)]
        for package in packages:
            company.seed((package, OPEN, [outside("99.0.0")]))

        with company.faults(errorRate=rate, seed=seed):
            company.deliver_until_done(*map(company.event, packages))

        expected = {"mycompany": INTERNAL, "reported": INTERNAL, "public": PUBLIC}
        for package in packages:
            scope = package.namespace or ""
            assert company.restrictions(package) == expected.get(scope, PUBLIC)
            archived = scope == "mycompany"
            assert company.statuses(package)["99.0.0"] == ("Archived" if archived else "Published")
        for outcome, scope in (("archived", "mycompany"), ("reported", "reported")):
            found = [each[0] for each in company.told(outcome)]
            assert sorted(map(str, found)) == sorted(
                str(package) for package in packages if package.namespace == scope
            )


class TestSomebodyElse:
    """Between look and write others change, delete and write."""

    @pytest.mark.parametrize("operation", [LOOK, LIST, WRITE, ARCHIVE])
    @pytest.mark.parametrize("what", ["package", "repository"])
    def test_what_was_deleted_meanwhile_is_nothing_to_do(
        self, company: OriginCompany, what: str, operation: str
    ) -> None:
        """The message does not come back; a package is written into being again at most."""
        package = company.infiltrated()
        delete: Callable[[Package], None] = (
            company.delete_package if what == "package" else company.delete_repository
        )
        company.before[operation] = lambda: delete(package)

        assert company.look(package) == DONE
        while company.looks:
            company.look_again()

        assert company.statuses(package) == {}
        if what == "package":
            written_anew = operation == WRITE
            assert company.restrictions(package) == (INTERNAL if written_anew else None)
        assert company.told("archived") == []

    @pytest.mark.parametrize("operation", [LOOK, LIST, GROUP, WRITE])
    def test_an_inferred_package_that_was_deleted_meanwhile_is_nothing_to_do(
        self, company: OriginCompany, operation: str
    ) -> None:
        """The same for the rule that asks most."""
        package = company.named("inferred")
        company.seed((package, OPEN, [outside("1.0.0")]))
        company.before[operation] = lambda: company.delete_package(package)

        assert company.look(package) == DONE
        assert company.statuses(package) == {}

    @pytest.mark.parametrize("operation", [WRITE, LIST, ARCHIVE])
    def test_a_package_of_a_repository_that_vanishes_holds_up_none_of_the_others(
        self, company: OriginCompany, operation: str
    ) -> None:
        """Of two packages of a repository the first is deleted while it is worked on."""
        repository = company.new_repository()
        first, second = (
            company.named(name=name, repository=repository) for name in ("a-first", "b-second")
        )
        company.seed(*((one, OPEN, [outside("99.0.0")]) for one in (first, second)))
        company.before[operation] = lambda: company.delete_package(first)

        outcomes = company.sweep(repository)

        assert all(one.error is None for one in outcomes)
        assert company.statuses(second) == {"99.0.0": "Archived"}
        assert company.restrictions(second) == INTERNAL

    def test_a_version_that_somebody_changed_meanwhile_is_refused_and_looked_at_again(
        self, company: OriginCompany, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The expected status no longer holds; the others go; the second look gets it too."""
        package = company.named()
        versions = ("99.0.0", "99.1.0", "99.2.0")
        company.seed((package, INTERNAL, [outside(version) for version in versions]))
        company.before[ARCHIVE] = lambda: company.set_status(package, "Unlisted", "99.1.0")

        assert company.look(package) == DONE
        assert company.statuses(package) == {
            "99.0.0": "Archived",
            "99.1.0": "Unlisted",
            "99.2.0": "Archived",
        }
        assert refusals(caplog) == {"99.1.0": "MISMATCHED_STATUS"}
        assert company.told("refused") == []

        assert company.look_again() == 1
        assert set(company.statuses(package).values()) == {"Archived"}
        assert company.looks == []

    def test_two_looks_at_once_end_as_one(self, company: OriginCompany) -> None:
        """A second run between look and write of the first: each version is told once."""
        package = company.infiltrated()
        company.before[WRITE] = lambda: company.look(package)

        assert company.look(package) == DONE

        assert company.restrictions(package) == INTERNAL
        assert company.statuses(package)["99.0.0"] == "Archived"
        assert len(company.told("archived")) == 1

    def test_a_package_that_does_not_exist_is_looked_at_once_more_and_no_further(
        self, company: OriginCompany
    ) -> None:
        """Its event may have been faster than the package."""
        package = company.named()

        assert company.look(package) == DONE
        assert company.look_again() == 1
        assert company.looks == []
        assert company.restrictions(package) is None


def test_a_version_that_may_not_be_archived_is_refused_and_told_once(
    company: OriginCompany,
) -> None:
    """An Unfinished one, where CodeArtifact forbids the step; the others go."""
    package = company.named()
    company.seed((package, OPEN, [outside("99.0.0", "Unfinished"), outside("99.1.0")]))

    with company.faults(switches={"unfinishedMayBeArchived": False}):
        for _ in range(3):
            assert company.look(package) == DONE

    assert company.statuses(package) == {"99.0.0": "Unfinished", "99.1.0": "Archived"}
    assert company.told("refused") == [(package, ["99.0.0"], "origins[0]")]
    assert company.told("archived") == [(package, ["99.1.0"], "origins[0]")]
    assert len(company.attention.messages) == 2
    assert "refused (NOT_ALLOWED)" in company.attention.messages[1][1]


def test_a_public_repository_that_is_down_changes_nothing_for_the_automation(
    company: OriginCompany,
) -> None:
    """It never asks for versions outside, only for those that are in."""
    team, _ = company.connected()
    package = company.named(repository=team)
    company.offer(package, "99.0.0")
    company.fetch(package, "99.0.0").raise_for_status()
    company.public["npm"].asked.clear()

    with company.faults(externalConnections={"public:npmjs": "down"}):
        company.deliver_queued()

    assert company.statuses(package) == {"99.0.0": "Archived"}
    assert company.public["npm"].asked == []
    assert held_as(package) in company.public["npm"].packages
