"""An outage that looks like versions that do not exist, and versions that do not exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from steward.codeartifact import AssociatedGroup
from steward.coordinates import Origin, PackageVersion, Restrictions
from steward.errors import CodeArtifactError
from tests.unit.fake_warming import FakeWarming, package, states, the_outcome, wanted
from warm_caches import doubts
from warm_caches.decision import lists_more
from warm_caches.doubts import LOOKS, MANY_PACKAGES
from warm_caches.engine import How
from warm_caches.fetches import Available
from warm_caches.values import Outcome, Wanted
from warm_caches.warming import warm

REACT, VUE = package("react"), package("vue")


@pytest.fixture
def fake() -> FakeWarming:
    """The repository holds react 1.0 and vue 1.0, of which the public one has 2.0, too."""
    fake = FakeWarming()
    for one in (REACT, VUE):
        fake.publish(one, "1.0", "2.0")
        fake.hold(one, v1_0="Published")
    return fake


def goes_silent(fake: FakeWarming) -> None:
    """The public repository goes away, and the endpoint answers 404 for what is not held."""
    fake.public = {
        one: {version: {} for version in versions} for one, versions in fake.held.items()
    }


def test_what_is_not_found_where_newer_versions_are_listed_does_not_exist(
    fake: FakeWarming,
) -> None:
    """One request more tells so: a package that is held has a version that is not."""
    warmed = fake.warm(wanted("react", "1.0"), wanted("private", "1.0"))
    assert states(warmed) == {"pkg:npm/react@1.0": "warm", "pkg:npm/private@1.0": "not found"}
    assert fake.calls["available"] == 1
    assert (warmed.requests, warmed.left, warmed.unanswered) == (2, (), frozenset())
    assert warmed.answered == {"npm"}


def test_what_is_not_found_where_nothing_else_is_listed_has_no_answer(fake: FakeWarming) -> None:
    """It is left, and its format is among those that do not answer."""
    goes_silent(fake)
    warmed = fake.warm(wanted("react", "1.0", "2.0"), wanted("vue", "1.0"))
    assert states(warmed)["pkg:npm/react@2.0"] == "no answer"
    assert warmed.left == (wanted("react", "2.0"),)
    assert warmed.unanswered == {"npm"}
    assert warmed.answered == frozenset()
    assert fake.calls["available"] == 2
    assert (warmed.tally.warm, warmed.tally.not_found, warmed.tally.failed) == (2, 0, 0)


def test_what_came_in_shows_that_the_others_do_not_exist(fake: FakeWarming) -> None:
    """Nothing more is asked."""
    warmed = fake.warm(wanted("react", "2.0"), wanted("private", "1.0"))
    assert states(warmed)["pkg:npm/private@1.0"] == "not found"
    assert fake.calls["available"] == 0


def test_what_comes_in_of_another_format_shows_nothing(fake: FakeWarming) -> None:
    """Each format has public repositories of its own."""
    fake.publish(package("requests", "pypi"), "1.0")
    goes_silent(fake)
    fake.publish(package("requests", "pypi"), "1.0")
    fake.held.pop(package("requests", "pypi"), None)
    warmed = fake.warm(wanted("react", "2.0"), wanted("requests", "1.0", package_format="pypi"))
    assert warmed.unanswered == {"npm"}
    assert warmed.answered == {"pypi"}


def test_at_most_three_packages_are_looked_at(fake: FakeWarming) -> None:
    """However many are held; all of them are up to date here, and that is taken for silence."""
    names = [f"p{number}" for number in range(9)]
    for name in names:
        fake.hold(package(name), v1_0="Published")
    goes_silent(fake)
    warmed = fake.warm(*(wanted(name, "1.0") for name in names), wanted("private", "1.0"))
    assert fake.calls["available"] == LOOKS
    assert warmed.unanswered == {"npm"}


def test_what_is_blocked_is_no_sign_of_an_outage(fake: FakeWarming) -> None:
    """Somebody forbids it, whoever answers."""
    goes_silent(fake)
    fake.group = AssociatedGroup("/npm/*", "STRONG", {"EXTERNAL_UPSTREAM": "BLOCK"})
    warmed = fake.warm(wanted("react", "2.0"))
    assert the_outcome(warmed).state == "blocked"
    assert fake.calls["available"] == 0
    assert warmed.unanswered == frozenset()


def test_packages_of_the_repository_tell_where_none_was_seen(fake: FakeWarming) -> None:
    """As when what was left is tried again: 1 list of packages, a list of versions each."""
    alive = fake.warm(wanted("private", "1.0"))
    assert the_outcome(alive).state == "not found"
    assert (fake.calls["ListPackages"], fake.calls["ListPackageVersions"]) == (1, 1 + 1)
    goes_silent(fake)
    silent = fake.warm(wanted("private", "1.0"))
    assert the_outcome(silent).state == "no answer"
    assert silent.unanswered == {"npm"}
    assert silent.requests == 1 + 2


def test_packages_that_nothing_may_come_into_tell_nothing(fake: FakeWarming) -> None:
    """Their endpoint lists what is held, and never more."""
    goes_silent(fake)
    fake.held = {package("ours"): {"1.0": "Published"}}
    fake.restricted[package("ours")] = Restrictions("ALLOW", "BLOCK")
    assert the_outcome(fake.warm(wanted("private", "1.0"))).state == "not found"
    assert fake.calls["available"] == 0


@pytest.mark.parametrize(
    ("packages", "state"),
    [
        pytest.param(MANY_PACKAGES - 1, "not found", id="four packages do not exist"),
        pytest.param(MANY_PACKAGES, "no answer", id="five are an outage"),
    ],
)
def test_an_empty_repository_tells_by_how_much_is_not_found(packages: int, state: str) -> None:
    """There is nothing to look at."""
    fake = FakeWarming()
    some = [wanted(f"p{number}", "1.0", "2.0") for number in range(packages)]
    warmed = fake.warm(*some)
    assert {one.state for one in warmed.outcomes} == {state}
    assert len(warmed.left) == (packages if state == "no answer" else 0)


def test_a_list_that_fails_is_no_package_to_look_at(fake: FakeWarming) -> None:
    """And no failure of the call."""
    goes_silent(fake)
    fake.broken.add("ListPackages")
    assert the_outcome(fake.warm(wanted("private", "1.0"))).state == "not found"


def test_a_look_without_an_answer_is_no_sign_of_life(fake: FakeWarming) -> None:
    """Whatever is wrong with it."""
    fake.broken.add("available")
    warmed = fake.warm(wanted("react", "1.0"), wanted("private", "1.0"))
    assert warmed.left == (wanted("private", "1.0"),)


def test_without_time_what_is_not_found_is_not_found(fake: FakeWarming) -> None:
    """Nobody looks; the next run does."""
    goes_silent(fake)
    asked: list[bool] = []
    fake.before_fetch = lambda: asked.append(True)
    warmed = fake.warm(wanted("react", "2.0"), time_left=lambda: not asked)
    assert the_outcome(warmed).state == "not found"
    assert fake.calls["available"] == 0


def test_what_is_not_found_by_a_connection_that_fails_otherwise_is_left_with_the_rest(
    fake: FakeWarming,
) -> None:
    """Nobody is asked about it."""
    goes_silent(fake)
    numbers: list[int] = []

    def fails_after_the_first() -> None:
        numbers.append(1)
        fake.down = {"npm"} if len(numbers) > 1 else set()

    fake.before_fetch = fails_after_the_first
    some = [wanted(f"p{number}", "1.0") for number in range(6)]
    warmed = fake.warm(*some, at_once=1)
    assert {one.state for one in warmed.outcomes} == {"no answer"}
    assert len(warmed.left) == 6
    assert fake.calls["available"] == 0


def test_newest_versions_of_which_there_are_none_are_doubted_too(fake: FakeWarming) -> None:
    """The rule is left as it is; if it is true, the package is not found."""
    rule = Wanted(package("gone"), newest=2, range="^1.0.0")
    assert the_outcome(fake.warm(rule)) == Outcome(
        package("gone"), None, "not found", "it has no versions"
    )
    goes_silent(fake)
    warmed = fake.warm(rule)
    assert warmed.left == (rule,)
    assert warmed.unanswered == {"npm"}


def test_a_list_that_was_read_anyway_is_a_sign_of_life(fake: FakeWarming) -> None:
    """Newest versions are wanted of another package: no request more."""
    fake.publish(REACT, "0.9.0", "1.0.0")
    fake.held[REACT] = {"1.0.0": "Published"}
    warmed = fake.warm(Wanted(REACT, newest=1), wanted("private", "1.0"), at_once=1)
    assert states(warmed)["pkg:npm/private@1.0"] == "not found"
    assert fake.calls["available"] == 1


def test_what_is_left_comes_in_when_the_public_repository_is_back(fake: FakeWarming) -> None:
    """Nothing is lost."""
    public = fake.public
    goes_silent(fake)
    left = fake.warm(wanted("react", "2.0"), wanted("new", "1.0")).left
    fake.public = public
    fake.publish(package("new"), "1.0")
    assert set(states(fake.warm(*left)).values()) == {"fetched"}


@pytest.mark.parametrize(
    ("held", "available", "more"),
    [
        pytest.param(["1.0"], ["1.0.0"], False, id="another spelling"),
        pytest.param(["1.0", "1.1"], ["1.0"], False, id="fewer"),
        pytest.param(["1.0"], ["1.0", "1.1"], True, id="one more"),
        pytest.param(["1.0"], [], False, id="nothing"),
    ],
)
def test_what_lists_more_than_is_held(held: list[str], available: list[str], more: object) -> None:
    """Versions are compared as the format compares them."""
    rows = [PackageVersion(one, "Archived") for one in held]
    assert lists_more("pypi", Available(tuple(available)), rows) is more


def test_packages_of_ones_own_are_not_looked_at() -> None:
    """All their versions were published here: no public repository has others."""
    kept = doubts.Doubts()
    kept.saw(REACT, [PackageVersion("1.0", "Published", Origin("INTERNAL"))])
    kept.saw(package("empty"), [])
    assert kept.held("npm") == []
    mixed = [PackageVersion("1.0", "Published", Origin(one)) for one in ("INTERNAL", "EXTERNAL")]
    kept.saw(VUE, mixed)
    assert kept.held("npm") == [(VUE, mixed)]


@pytest.mark.parametrize("connected", [True, False])
def test_where_nothing_is_connected_nobody_could_have_answered(*, connected: bool) -> None:
    """However many are not found, it is no outage; nothing is left and nobody has to wait."""
    fake = FakeWarming()
    some = [wanted(f"lib{number}", "1.0") for number in range(MANY_PACKAGES)]
    engine = replace(fake.engine(), lacks=lambda _, __: not connected)
    warmed = warm(some, engine, How())
    reasons = {one.reason for one in warmed.outcomes}
    if connected:
        assert set(states(warmed).values()) == {"no answer"}
        assert warmed.unanswered == {"npm"}
    else:
        assert set(states(warmed).values()) == {"not found"}
        assert reasons == {"the repository reaches no external connection for npm"}
        assert (warmed.left, warmed.unanswered) == ((), frozenset())


def test_who_cannot_tell_what_is_connected_doubts() -> None:
    """CodeArtifact does not say how the repository is connected: as if it were."""

    def fail(*_: object) -> bool:
        raise CodeArtifactError("DescribeRepository", "InternalServerException", "no")

    some = [wanted(f"lib{number}", "1.0") for number in range(MANY_PACKAGES)]
    warmed = warm(some, replace(FakeWarming().engine(), lacks=fail), How())
    assert warmed.unanswered == {"npm"}
