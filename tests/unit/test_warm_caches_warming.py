"""The engine at work on a repository in memory: what becomes of each version, and what it costs."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from threading import Barrier

import pytest

from steward.codeartifact import AssociatedGroup
from steward.coordinates import Restrictions
from steward.ledger import Exemption, StatusChange
from tests.unit.fake_origin_domain import NOW, ROOT_GROUP
from tests.unit.fake_warming import (
    FakeWarming,
    package,
    states,
    the_outcome,
    wanted,
)
from warm_caches.engine import How
from warm_caches.tally import Tally
from warm_caches.values import Outcome, Wanted, WantedVersion
from warm_caches.warming import warm

SHA = "a" * 64
OTHER = "b" * 64
STATED = WantedVersion("1.0", hashes=frozenset({f"SHA-256:{SHA}"}))
VERIFY = How(verify=True, rule="caches[0]")
ARCHIVE = How(verify=True, archive_mismatches=True, rule="caches[0]")


@pytest.fixture
def fake() -> FakeWarming:
    """An empty repository; the public ones have react 1.0 and 2.0."""
    fake = FakeWarming()
    fake.publish(package("react"), "1.0", "2.0", file={"SHA-256": SHA})
    return fake


def test_what_is_there_costs_one_list(fake: FakeWarming) -> None:
    """And no request to the endpoint."""
    fake.hold(package("react"), v1_0="Published", v2_0="Unlisted")
    warmed = fake.warm(wanted("react", "1.0", "2.0"))
    assert states(warmed) == {"pkg:npm/react@1.0": "warm", "pkg:npm/react@2.0": "warm"}
    assert fake.calls == {"ListPackageVersions": 1}
    assert warmed.tally == Tally(warm=2, lists=1, seconds=warmed.seconds)


def test_what_is_missing_is_asked_for_and_looked_for(fake: FakeWarming) -> None:
    """One list before and one after, and nothing downloaded."""
    fake.hold(package("react"), v1_0="Published")
    warmed = fake.warm(wanted("react", "1.0", "2.0"))
    assert states(warmed) == {"pkg:npm/react@1.0": "warm", "pkg:npm/react@2.0": "fetched"}
    assert fake.calls == {"ListPackageVersions": 2, "fetch": 1}
    assert fake.fetched == [("pkg:npm/react@2.0", False)]
    assert (warmed.requests, warmed.lists, warmed.size) == (1, 2, 0)
    assert (warmed.waiting, warmed.left) == ((), ())
    assert warmed.answered == {"npm"}


def test_what_is_not_listed_at_once_waits_then_is_downloaded_then_has_failed(
    fake: FakeWarming,
) -> None:
    """Three attempts, and never a fourth."""
    fake.unlisted_for = 99
    first = fake.warm(wanted("react", "1.0"))
    assert the_outcome(first).state == "waiting"
    second = fake.warm(*first.waiting, how=How(attempt=2))
    assert the_outcome(second).state == "waiting"
    third = fake.warm(*second.waiting, how=How(attempt=3))
    assert the_outcome(third).state == "failed"
    assert fake.fetched == [("pkg:npm/react@1.0", False), ("pkg:npm/react@1.0", True)]
    assert (third.waiting, third.left) == ((), ())
    assert second.size == 10


def test_what_is_listed_later_is_not_downloaded(fake: FakeWarming) -> None:
    """The second attempt looks before it asks."""
    fake.unlisted_for = 1
    first = fake.warm(wanted("react", "1.0"))
    assert states(fake.confirm(first.waiting)) == {"pkg:npm/react@1.0": "waiting"}
    fake.hold(package("react"), v1_0="Published")
    assert states(fake.confirm(first.waiting)) == {"pkg:npm/react@1.0": "fetched"}
    second = fake.warm(*first.waiting, how=How(attempt=2))
    assert the_outcome(second).state == "fetched"
    assert len(fake.fetched) == 1


def test_observe_mode_asks_the_endpoint_for_nothing(fake: FakeWarming) -> None:
    """It says what would be fetched, and that the newest ones are not known."""
    rule = Wanted(package("react"), (WantedVersion("1.0"),), newest=2)
    warmed = fake.warm(rule, observe=True)
    assert [(one.version, one.state) for one in warmed.outcomes] == [
        (None, "would fetch"),
        ("1.0", "would fetch"),
    ]
    assert fake.calls == {"ListPackageVersions": 1}
    assert warmed.tally.would_fetch == 2


def test_the_newest_are_fetched_once_each(fake: FakeWarming) -> None:
    """Besides those that are wanted by name; what is withdrawn is passed over."""
    fake.publish(package("react"), "3.0.0", "2.0.0", "1.0.0")
    fake.withdrawn[package("react"), "3.0.0"] = "broken"
    warmed = fake.warm(Wanted(package("react"), (WantedVersion("2.0.0"),), newest=2))
    assert states(warmed) == {"pkg:npm/react@2.0.0": "fetched", "pkg:npm/react@1.0.0": "fetched"}
    assert fake.calls["available"] == 1


def test_to_keep_up_nothing_is_asked_about_a_package_that_is_not_there(fake: FakeWarming) -> None:
    """There is nothing to keep up with."""
    warmed = fake.warm(Wanted(package("react"), newest=1, keep_up=True))
    assert warmed.outcomes == ()
    assert fake.calls == {"ListPackageVersions": 1}


def test_a_range_that_is_none_fails_its_package_alone(fake: FakeWarming) -> None:
    """Versions that are wanted by name are fetched all the same."""
    fake.hold(package("react"), v2_0="Published")
    warmed = fake.warm(Wanted(package("react"), (WantedVersion("1.0"),), newest=1, range="oh no"))
    assert [(one.version, one.state) for one in warmed.outcomes] == [
        (None, "failed"),
        ("1.0", "fetched"),
    ]


def test_a_yanked_version_that_is_locked_comes_in_with_a_note(fake: FakeWarming) -> None:
    """Builds that lock it go on installing it."""
    fake.withdrawn[package("react"), "1.0"] = "broken"
    outcome = the_outcome(fake.warm(wanted("react", "1.0")))
    assert (outcome.state, outcome.note) == ("fetched", "withdrawn: broken")


@pytest.mark.parametrize(
    ("restrictions", "group", "state", "reason", "calls"),
    [
        pytest.param(None, ROOT_GROUP, "not found", "it is not there", 2, id="nobody forbids it"),
        pytest.param(Restrictions("ALLOW", "BLOCK"), ROOT_GROUP, "blocked",
                     "the origin controls of the package block upstream", 1, id="the package"),
        pytest.param(None, replace(ROOT_GROUP, pattern="/npm/left~", association="WEAK"), "blocked",
                     "its name only resembles the package group /npm/left~, which blocks it", 2,
                     id="a weak match"),
        pytest.param(None, AssociatedGroup("/npm/*", "STRONG", {"EXTERNAL_UPSTREAM": "BLOCK"}),
                     "blocked", "the package group /npm/* has EXTERNAL_UPSTREAM BLOCK", 2,
                     id="the group"),
        pytest.param(None, AssociatedGroup("/npm/*", "STRONG",
                     {"EXTERNAL_UPSTREAM": "ALLOW_SPECIFIC_REPOSITORIES"}), "not found",
                     "it is not there", 2, id="a group that lets certain repositories through"),
    ],
)  # fmt: skip
def test_why_a_version_is_not_found(  # noqa: PLR0917  columns
    fake: FakeWarming,
    restrictions: Restrictions | None,
    group: AssociatedGroup,
    state: str,
    reason: str,
    calls: int,
) -> None:
    """Origin controls are an answer, and so is that there is no such version."""
    if restrictions is not None:
        fake.restricted[package("left-pad")] = restrictions
    fake.group = group
    warmed = fake.warm(wanted("left-pad", "9.9"))
    outcome = the_outcome(warmed)
    assert (outcome.state, outcome.reason) == (state, reason)
    assert fake.calls["DescribePackage"] + fake.calls["GetAssociatedPackageGroup"] == calls
    assert warmed.lists == 1 + calls + fake.calls["ListPackages"]
    assert (warmed.waiting, warmed.left) == ((), ())


def test_a_public_repository_that_is_down_is_asked_three_times(fake: FakeWarming) -> None:
    """The rest of the format is left, and other formats go on."""
    fake.down.add("pypi")
    fake.hold(package("there", "pypi"), v1_0="Published")
    some = [wanted(f"p{number}", "1.0", package_format="pypi") for number in range(20)]
    there = wanted("there", "1.0", package_format="pypi")
    warmed = fake.warm(*some, there, wanted("react", "1.0"))
    assert fake.calls["fetch"] == 3 + 1
    assert len(warmed.left) == 20
    assert warmed.unanswered == {"pypi"}
    assert warmed.answered == {"npm"}
    assert warmed.tally.warm == warmed.tally.fetched == 1
    assert warmed.tally.failed == 0
    assert {one.state for one in warmed.outcomes if one.package.name.startswith("p")} == {
        "no answer"
    }


def test_a_batch_of_one_that_gets_no_answer_tells_of_it(fake: FakeWarming) -> None:
    """There are no three to wait for."""
    fake.down.add("npm")
    warmed = fake.warm(wanted("react", "1.0"))
    assert warmed.unanswered == {"npm"}
    assert warmed.left == (wanted("react", "1.0"),)


def test_newest_versions_that_nobody_tells_are_left(fake: FakeWarming) -> None:
    """With their rule; the versions wanted by name are on their own."""
    fake.down.add("npm")
    rule = Wanted(package("react"), (WantedVersion("1.0"),), newest=2, range="1.x")
    assert fake.warm(rule).left == (rule,)


def test_one_request_without_an_answer_is_no_outage(fake: FakeWarming) -> None:
    """What failed alone is left alone."""
    numbers = count()

    def some_fail() -> None:
        fake.down = {"npm"} if next(numbers) % 3 == 2 else set()

    fake.before_fetch = some_fail
    for number in range(12):
        fake.publish(package(f"p{number}"), "1.0")
    warmed = fake.warm(*(wanted(f"p{number}", "1.0") for number in range(12)), at_once=1)
    assert (len(warmed.left), warmed.tally.fetched) == (4, 8)
    assert warmed.unanswered == frozenset()


@pytest.mark.parametrize("operation", ["ListPackageVersions", "ListPackageVersionAssets"])
def test_a_call_that_fails_leaves_its_package(fake: FakeWarming, operation: str) -> None:
    """It is told, the rest goes on, and the next try asks again."""
    fake.broken.add(operation)
    fake.hold(package("react"), v1_0="Published")
    with_file = WantedVersion("1.0", files=frozenset({"more"}))
    warmed = fake.warm(wanted("react", with_file))
    outcome = the_outcome(warmed)
    assert (outcome.state, warmed.left) == ("no answer", (wanted("react", with_file),))
    assert outcome.reason.startswith(f"{operation} failed with ThrottlingException")
    assert warmed.unanswered == frozenset()


def test_files_that_are_missing_are_fetched(fake: FakeWarming) -> None:
    """And looked for among the assets: two lists of versions, two of assets."""
    jar = package("jar", "maven", "org.example")
    fake.public[jar] = {"1.0": {"jar-1.0.jar": {}, "jar-1.0-tests.jar": {}}}
    fake.hold(jar, v1_0="Published")
    fake.assets[jar, "1.0"] = {"jar-1.0.jar": {}}
    one = WantedVersion("1.0", files=frozenset({"jar-1.0-tests.jar"}))
    assert the_outcome(fake.warm(Wanted(jar, (one,)))).state == "fetched"
    assert fake.calls == {"ListPackageVersions": 2, "ListPackageVersionAssets": 2, "fetch": 1}
    assert the_outcome(fake.warm(Wanted(jar, (one,)))).state == "warm"


def test_a_file_that_does_not_come_waits(fake: FakeWarming) -> None:
    """The version alone is not enough."""
    jar = package("jar", "maven", "org.example")
    fake.public[jar] = {"1.0": {"jar-1.0.jar": {}}}
    one = WantedVersion("1.0", files=frozenset({"jar-1.0-tests.jar"}))
    warmed = fake.warm(Wanted(jar, (one,)))
    assert the_outcome(warmed).reason == "without jar-1.0-tests.jar"
    assert warmed.waiting == (Wanted(jar, (one,)),)
    last = fake.warm(*warmed.waiting, how=How(attempt=3))
    assert the_outcome(last).state == "failed"


def test_parents_and_boms_are_wanted_once_each(fake: FakeWarming) -> None:
    """However many versions need them, and whatever they need in turn."""
    parent = package("parent", "maven", "org.example")
    children = [package(f"c{number}", "maven", "org.example") for number in range(5)]
    for one in (parent, *children):
        fake.publish(one, "1.0")
    root = ("org.example", "root", "7")
    fake.publish(package("root", "maven", "org.example"), "7")
    fake.needs = {(one, "1.0"): (("org.example", "parent", "1.0"),) for one in children}
    fake.needs[parent, "1.0"] = (root, root)
    warmed = fake.warm(*(Wanted(one, (WantedVersion("1.0"),)) for one in children))
    assert fake.calls["fetch"] == len(set(fake.fetched)) == 7
    assert warmed.tally.fetched == 7


@pytest.mark.parametrize("held", [True, False], ids=["there before", "fetched now"])
def test_a_mismatch_is_reported(fake: FakeWarming, held: bool) -> None:  # noqa: FBT001  a case
    """Downloaded and compared, or compared by what CodeArtifact lists; the version stays."""
    fake.public[package("react")]["1.0"] = {"package.tgz": {"SHA-256": OTHER}}
    if held:
        fake.hold(package("react"), v1_0="Published")
        fake.assets[package("react"), "1.0"] = {"package.tgz": {"SHA-256": OTHER}}
    warmed = fake.warm(wanted("react", STATED), how=VERIFY)
    outcome = the_outcome(warmed)
    assert (outcome.state, outcome.note) == ("mismatch", "")
    assert f"package.tgz (SHA-256:{OTHER})" in outcome.reason
    assert fake.held[package("react")]["1.0"] == "Published"
    assert warmed.waiting == ()


@pytest.mark.parametrize("held", [True, False], ids=["there before", "fetched now"])
def test_a_mismatch_is_archived_if_the_rule_says_so(fake: FakeWarming, held: bool) -> None:  # noqa: FBT001  a case
    """Recorded first; then it is blocked, and not asked for again."""
    fake.public[package("react")]["1.0"] = {"package.tgz": {"SHA-256": OTHER}}
    if held:
        fake.hold(package("react"), v1_0="Published")
        fake.assets[package("react"), "1.0"] = {"package.tgz": {"SHA-256": OTHER}}
    outcome = the_outcome(fake.warm(wanted("react", STATED), how=ARCHIVE))
    assert (outcome.state, outcome.note) == ("mismatch", "archived")
    assert fake.held[package("react")]["1.0"] == "Archived"
    assert fake.ledger.recorded == [
        StatusChange(
            package("react"), "1.0", "Published", "Archived", "caches[0]", "warm_caches", NOW
        )
    ]
    assert the_outcome(fake.warm(wanted("react", STATED), how=ARCHIVE)).state == "blocked"


def test_a_mismatch_that_is_not_listed_yet_is_reported_now_and_archived_later(
    fake: FakeWarming,
) -> None:
    """The alarm does not wait for CodeArtifact."""
    fake.public[package("react")]["1.0"] = {"package.tgz": {"SHA-256": OTHER}}
    fake.unlisted_for = 1
    first = fake.warm(wanted("react", STATED), how=ARCHIVE)
    assert (the_outcome(first).state, first.waiting) == ("mismatch", (wanted("react", STATED),))
    second = fake.warm(*first.waiting, how=replace(ARCHIVE, attempt=2))
    assert the_outcome(second).note == "archived"


@pytest.mark.parametrize(
    ("until", "note"),
    [
        pytest.param(NOW + timedelta(seconds=1), "kept, as an exemption says", id="in force"),
        pytest.param(NOW, "archived", id="at its end"),
    ],
)
def test_an_exempt_version_is_not_archived(fake: FakeWarming, until: object, note: str) -> None:
    """What a person has undone stays undone, for as long as they said."""
    assert isinstance(until, type(NOW))
    fake.hold(package("react"), v1_0="Published")
    fake.assets[package("react"), "1.0"] = {"package.tgz": {"SHA-256": OTHER}}
    fake.ledger.exempt_ones = [
        Exemption(package("react"), "1.0", "caches[0]", "me", "", NOW, until)
    ]
    assert the_outcome(fake.warm(wanted("react", STATED), how=ARCHIVE)).note == note


def test_what_was_verified_is_fetched(fake: FakeWarming) -> None:
    """The whole of it is read for that; a version without stated hashes is not."""
    warmed = fake.warm(wanted("react", STATED, "2.0"), how=VERIFY)
    assert set(states(warmed).values()) == {"fetched"}
    assert fake.fetched == [("pkg:npm/react@1.0", True), ("pkg:npm/react@2.0", False)]


def test_requests_of_a_format_are_made_side_by_side(fake: FakeWarming) -> None:
    """As many as *at_once*, once there are answers; never more."""
    together = Barrier(4)
    answers = count()

    def wait_for_the_others() -> None:
        if next(answers) >= 12:
            together.wait(timeout=30)

    fake.before_fetch = wait_for_the_others
    for number in range(24):
        fake.publish(package(f"p{number}"), "1.0")
    warmed = fake.warm(*(wanted(f"p{number}", "1.0") for number in range(24)), at_once=4)
    assert warmed.tally.fetched == 24
    assert fake.at_a_time == 4


def test_most_of_a_cold_repository_is_not_listed_package_by_package(fake: FakeWarming) -> None:
    """Once the first lists find nothing, the packages themselves are listed: one page here."""
    for number in range(300):
        fake.publish(package(f"p{number}"), "1.0")
    some = [wanted(f"p{number}", "1.0") for number in range(300)]
    warmed = fake.warm(*some, at_once=1)
    assert warmed.tally.fetched == 300
    # 20 were looked up before it was known that nothing is there; one would confirm each, were
    # it not for a list of packages that shows most of them.
    assert fake.calls["ListPackageVersions"] < 20 + 300
    assert fake.calls["ListPackageVersions"] + fake.calls["ListPackages"] < 20 + 300 + 10
    assert warmed.lists == 321
    again = fake.warm(*some, at_once=1)
    assert again.tally == Tally(warm=300, lists=300, seconds=again.seconds)


def test_a_list_of_packages_that_is_longer_than_it_is_worth_is_given_up(fake: FakeWarming) -> None:
    """Then every package is looked up by itself, and what is there is not fetched."""
    fake.held = {package(f"other{number}"): {"1.0": "Published"} for number in range(9000)}
    some = [wanted(f"p{number}", "1.0") for number in range(60)] + [wanted("other7", "1.0")]
    warmed = fake.warm(*some, at_once=1)
    assert warmed.tally.warm == 1
    assert fake.calls["ListPackages"] == 3
    assert fake.calls["ListPackageVersions"] == 61


def test_what_an_outcome_is_passed_to_may_fail(fake: FakeWarming) -> None:
    """The call ends, and says what went wrong."""

    def refuse(outcome: Outcome) -> None:
        raise ValueError(outcome.state)

    with pytest.raises(ValueError, match="fetched"):
        warm([wanted("react", "1.0")], fake.engine(), How(), on_outcome=refuse)


def test_nothing_wanted_is_nothing_done(fake: FakeWarming) -> None:
    """And costs nothing."""
    for warmed in (fake.warm(), fake.confirm(())):
        assert warmed.tally == Tally(seconds=warmed.seconds)
    assert not fake.calls


def test_tallies_add_up() -> None:
    """Of batches that were warmed side by side."""
    one = Tally(warm=1, fetched=2, size=30, seconds=0.5)
    assert one + Tally(warm=1, failed=1, seconds=1.0) == Tally(
        warm=2, fetched=2, failed=1, size=30, seconds=1.5
    )
