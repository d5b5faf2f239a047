"""Versions are promoted with what they depend on, or are held or refused with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from promote_versions import closure, messages
from promote_versions.dependencies import best, is_followed
from promote_versions.facts import Vulnerability
from promote_versions.seen import destined
from steward.coordinates import Format, PackageVersion
from steward.endpoint_releases import Release
from steward.promotion_rules import MinimumAge, Requirements, Vulnerabilities
from steward.version_contents import Dependency
from tests.unit.fake_promotions import NOW, PromotionStage, names, package, rule

APP, LIB, BASE = package("app"), package("lib"), package("base")
GATED = Requirements(
    minimum_age=MinimumAge(timedelta(days=7)), vulnerabilities=Vulnerabilities("high")
)
WITH_DEPENDENCIES = rule(GATED, include_dependencies=True)


@pytest.mark.parametrize(
    ("package_format", "kind", "requirement", "followed"),
    [
        pytest.param("npm", "regular", "^1", True, id="npm regular is followed"),
        pytest.param("npm", "peer", "^1", True, id="npm peer is followed"),
        pytest.param("npm", "optional", "^1", True, id="npm optional is followed"),
        pytest.param("npm", "dev", "^1", False, id="npm dev is not"),
        pytest.param("maven", "compile", "1", True, id="maven compile is followed"),
        pytest.param("maven", "parent", "1", True, id="maven parent is followed"),
        pytest.param("maven", "test", "1", False, id="maven test is not"),
        pytest.param("maven", "provided", "1", False, id="maven provided is not"),
        pytest.param("maven", "optional", "1", False, id="maven optional is not"),
        pytest.param("pypi", "Requires-Dist", ">=1", True, id="PyPI is followed"),
        pytest.param("pypi", None, ">=1; extra == 'x'", False, id="an extra of PyPI is not"),
        pytest.param("pypi", None, "; python_version < '3'", True, id="an environment is"),
        pytest.param("nuget", None, "1.0", True, id="nuget is followed"),
    ],
)
def test_dependencies_that_users_of_a_package_get_are_followed(
    package_format: Format, kind: str | None, requirement: str, *, followed: bool
) -> None:
    """By the type that CodeArtifact gives them."""
    assert is_followed(package_format, Dependency(None, "x", kind, requirement)) is followed


@pytest.mark.parametrize(
    ("package_format", "requirement", "held", "chosen"),
    [
        pytest.param("npm", "^1.2", ["1.2.0", "1.10.0", "2.0.0"], "1.10.0", id="10 is after 2"),
        pytest.param("npm", "^3", ["1.2.0"], None, id="nothing meets it"),
        pytest.param("npm", "*", ["1.0.0", "2.0.0-rc.1"], "1.0.0", id="a release if there is one"),
        pytest.param("npm", "git+x:y", ["1.0.0"], "1.0.0", id="unreadable: the newest"),
        pytest.param("npm", None, ["1.0.0"], "1.0.0", id="none: the newest"),
        pytest.param("pypi", "<3,>=2", ["1.9", "2.5", "3.0"], "2.5", id="two bounds"),
        pytest.param("pypi", "(>=2)", ["1.9", "2.5"], "2.5", id="in parentheses"),
        pytest.param("pypi", "", ["1.9", "1.10"], "1.10", id="no specifier"),
        pytest.param("pypi", ">=2; python_version<'3'", ["2.5"], "2.5", id="with a marker"),
        pytest.param("maven", "${x.version}", ["1.0"], "1.0", id="a property: the newest"),
        pytest.param("maven", "[1.0,2.0)", ["1.5", "2.1"], "1.5", id="a Maven interval"),
    ],
)
def test_the_newest_held_version_that_meets_the_requirement_is_taken(
    package_format: Format, requirement: str | None, held: list[str], chosen: str | None
) -> None:
    """By the format's own ranges and order."""
    listed = {one: PackageVersion(one, "Published") for one in held}
    listed["99.0"] = PackageVersion("99.0", "Archived")
    found = best(package_format, Dependency(None, "x", None, requirement), listed)
    assert (found.version if found else None) == chosen


def test_dependencies_are_copied_first() -> None:
    """Three packages in a row: three orders, each naming what it waits for."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    for one in (APP, LIB, BASE):
        stage.put(one, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.needs(LIB, "1.0.0", base="1.x")
    stage.event(APP)
    assert names(stage.copies.orders) == [
        [BASE.purl("1.0.0")],
        [LIB.purl("1.0.0")],
        [APP.purl("1.0.0")],
    ]
    assert [order.after for order in stage.copies.orders] == [
        (),
        ((BASE, "1.0.0"),),
        ((LIB, "1.0.0"),),
    ]
    assert stage.states(BASE) == {"1.0.0": "approved"}


def test_each_package_of_the_closure_is_listed_and_queried_once() -> None:
    """Two versions of the app that share a library cost one list of it."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0", "1.1.0")
    stage.put(LIB, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.needs(APP, "1.1.0", lib="^1")
    stage.event(APP)
    assert stage.codeartifact.calls == ["ListPackageVersions"] * 2
    assert stage.records.calls.count("of_package") == 2
    assert stage.osv.asked == [["1.0.0", "1.1.0"], ["1.0.0"]]
    assert stage.contents.calls == ["ListPackageVersionDependencies"] * 3


def test_a_version_waits_for_what_it_needs() -> None:
    """A young dependency holds both as long as itself; then both go, the dependency first."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0")
    stage.put(LIB, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.endpoint.releases_of[LIB.purl("1.0.0")] = Release(NOW - timedelta(days=4))
    stage.event(APP)
    app, lib = stage.record(APP, "1.0.0"), stage.record(LIB, "1.0.0")
    assert (app.state, lib.state) == ("held", "held")
    assert app.due == lib.due == NOW + timedelta(days=3)
    assert LIB.purl("1.0.0") in app.reason
    stage.now = NOW + timedelta(days=3)
    stage.look(APP)
    assert names(stage.copies.orders) == [[LIB.purl("1.0.0")], [APP.purl("1.0.0")]]


def test_a_version_whose_dependency_is_refused_says_so() -> None:
    """Through two levels, each names what it needs; nothing of it is copied."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    for one in (APP, LIB, BASE):
        stage.put(one, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.needs(LIB, "1.0.0", base="1.x")
    stage.osv.known[BASE.purl("1.0.0")] = (Vulnerability("MAL-1", malicious=True),)
    stage.event(APP)
    states = [stage.states(one)["1.0.0"] for one in (APP, LIB, BASE)]
    assert states == ["refused"] * 3
    assert LIB.purl("1.0.0") in stage.record(APP, "1.0.0").reason
    assert "MAL-1" in stage.record(LIB, "1.0.0").reason
    assert stage.copies.orders == []


def test_what_depends_on_a_refused_version_passes_when_another_one_comes() -> None:
    """A refusal for a dependency's sake is judged again at the next look."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0")
    stage.put(LIB, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.osv.known[LIB.purl("1.0.0")] = (Vulnerability("GHSA-1", severity="critical"),)
    stage.event(APP)
    assert stage.states(APP) == {"1.0.0": "refused"}
    stage.put(LIB, "1.0.1")
    stage.event(APP)
    assert stage.states(APP) == {"1.0.0": "approved"}
    assert names(stage.copies.orders)[-2:] == [[LIB.purl("1.0.1")], [APP.purl("1.0.0")]]


def test_a_circle_passes_if_each_of_it_does() -> None:
    """The versions are judged together; one of them is copied first and waits for none."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0")
    stage.put(LIB, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.needs(LIB, "1.0.0", app="^1")
    stage.event(APP)
    assert names(stage.copies.orders) == [[LIB.purl("1.0.0")], [APP.purl("1.0.0")]]
    assert [order.after for order in stage.copies.orders] == [(), ((LIB, "1.0.0"),)]


@pytest.mark.parametrize("bad", ["app", "lib", "base"])
def test_a_circle_is_refused_if_one_of_it_is(bad: str) -> None:
    """Whichever it is, nothing of the circle gets through."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    for one in (APP, LIB, BASE):
        stage.put(one, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.needs(LIB, "1.0.0", base="^1")
    stage.needs(BASE, "1.0.0", app="^1")
    malware = (Vulnerability("MAL-1", malicious=True),)
    stage.osv.known[package(bad).purl("1.0.0")] = malware
    stage.event(APP)
    states = [stage.states(one)["1.0.0"] for one in (APP, LIB, BASE)]
    assert states == ["refused"] * 3
    assert stage.copies.orders == []


def test_a_dependency_that_nobody_holds_does_not_count() -> None:
    """The version passes; the reason of the gate names what is absent."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.event(APP)
    assert stage.states(APP) == {"1.0.0": "approved"}
    verdicts = {one.gate: one.reason for one in stage.record(APP, "1.0.0").verdicts}
    assert "absent: pkg:npm/lib" in verdicts["dependencies"]


def test_a_dependency_without_a_rule_holds_until_the_destination_has_it() -> None:
    """Somebody may copy it by hand; then it counts as promoted."""
    stage = PromotionStage(rule(include_dependencies=True, patterns=("/npm//app$",)))
    stage.put(APP, "1.0.0")
    stage.put(LIB, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.event(APP)
    held = stage.record(APP, "1.0.0")
    assert (held.state, "no rule promotes it" in held.reason) == ("held", True)
    stage.put(destined(LIB, "npm-approved"), "1.0.0")
    stage.deliver(messages.look(APP, request="r1"))
    assert stage.states(APP) == {"1.0.0": "approved"}


def test_a_dependency_that_is_promoted_already_is_not_looked_up() -> None:
    """Its record says enough, and nothing waits for its copy."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.promoted(LIB, "1.0.0")
    stage.put(APP, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.event(APP)
    assert stage.osv.asked == [["1.0.0"]]
    (order,) = stage.copies.orders
    assert (order.package, order.after) == (APP, ())


def test_a_dependency_that_went_to_another_repository_holds() -> None:
    """A rule that leads elsewhere by now has left it behind."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.promoted(LIB, "1.0.0")
    elsewhere = replace(WITH_DEPENDENCIES, to="npm-elsewhere", digest="2")
    stage.to = replace(stage.to, policy=replace(stage.to.policy, promotions=(elsewhere,)))
    stage.put(APP, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.event(APP)
    held = stage.record(APP, "1.0.0")
    assert (held.state, "promoted to npm-approved alone" in held.reason) == ("held", True)


def test_a_version_waits_for_the_copy_that_another_look_has_ordered() -> None:
    """The order names the dependency although this look did not judge it."""
    stage = PromotionStage(
        rule(GATED, include_dependencies=True, patterns=("/npm//app$",)),
        rule(GATED, name="libraries"),
    )
    stage.put(LIB, "1.0.0")
    stage.event(LIB)
    stage.put(APP, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.copies.orders.clear()
    stage.event(APP)
    (order,) = stage.copies.orders
    assert order.after == ((LIB, "1.0.0"),)


def test_a_new_judgement_does_not_forget_since_when_a_version_is_approved() -> None:
    """Else nobody would hear of a copy that never comes about; another revision starts anew."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0")
    stage.event(APP)
    for _ in range(3):
        stage.now += timedelta(minutes=10)
        stage.event(APP)
    record = stage.record(APP, "1.0.0")
    assert (record.decided_at, record.approved_since) == (NOW + timedelta(minutes=30), NOW)
    stage.put(APP, "1.0.0", revision="later")
    stage.event(APP)
    assert stage.record(APP, "1.0.0").approved_since == NOW + timedelta(minutes=30)


def test_dependencies_that_cannot_be_asked_for_hold() -> None:
    """The version is held for a quarter of an hour."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0")
    stage.contents.broken.add("ListPackageVersionDependencies")
    stage.event(APP)
    held = stage.record(APP, "1.0.0")
    assert (held.state, held.due) == ("held", NOW + timedelta(minutes=15))


def test_a_closure_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond the bound is held; the next look goes on where this one ended."""
    monkeypatch.setattr(closure, "MAX_VERSIONS", 2)
    stage = PromotionStage(WITH_DEPENDENCIES)
    chain = [package(f"p{number}") for number in range(5)]
    for one, following in zip(chain, [*chain[1:], None], strict=True):
        stage.put(one, "1.0.0")
        if following is not None:
            stage.needs(one, "1.0.0", **{following.name: "^1"})
    stage.event(chain[0])
    held = stage.record(chain[2], "1.0.0")
    assert (held.state, held.due) == ("held", NOW + timedelta(minutes=15))
    assert "more than 2 versions belong together" in held.reason
    assert stage.copies.orders == []
    stage.look(chain[3])
    stage.copy_all()
    stage.now += timedelta(minutes=15)
    stage.look(chain[0])
    assert stage.states(chain[0]) == {"1.0.0": "approved"}


def test_a_request_judges_dependencies_anew_too() -> None:
    """What was refused for an advisory that is gone since passes with what needs it."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0")
    stage.put(LIB, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.osv.known[LIB.purl("1.0.0")] = (Vulnerability("GHSA-1", severity="critical"),)
    stage.event(APP)
    stage.osv.known.clear()
    stage.event(APP)
    assert stage.states(APP) == stage.states(LIB) == {"1.0.0": "refused"}
    stage.deliver(messages.look(APP, request="r1"))
    assert stage.states(APP) == stage.states(LIB) == {"1.0.0": "approved"}


def test_a_burst_does_not_judge_again_what_is_on_its_way() -> None:
    """Within a minute; after it, with dependencies, everything is judged before another order."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    stage.put(APP, "1.0.0")
    stage.event(APP)
    stage.now += timedelta(seconds=59)
    stage.event(APP)
    assert (len(stage.osv.asked), len(stage.copies.orders)) == (1, 1)
    stage.now += timedelta(seconds=1)
    stage.event(APP)
    assert (len(stage.osv.asked), len(stage.copies.orders)) == (2, 2)


def test_two_rules_promote_along_their_own_ways() -> None:
    """A dependency is judged for the destination of the version that needs it."""
    stage = PromotionStage(
        rule(include_dependencies=True, patterns=("/npm//app$",)),
        rule(GATED, name="libraries"),
        rule(name="elsewhere", to="npm-elsewhere"),
    )
    stage.put(APP, "1.0.0")
    stage.put(LIB, "1.0.0")
    stage.needs(APP, "1.0.0", lib="^1")
    stage.osv.down = True
    stage.event(APP)
    assert stage.states(APP) == {"1.0.0": "held"}
    assert stage.states(LIB, "libraries") == {"1.0.0": "held"}
    assert stage.states(APP, "elsewhere") == {"1.0.0": "approved"}
    assert stage.states(LIB, "elsewhere") == {}


def test_a_closure_that_takes_too_long_gets_through_piece_by_piece() -> None:
    """No look has time for all; each ends with holds, and the next ones go on from what is held."""
    stage = PromotionStage(WITH_DEPENDENCIES)
    chain = [package(f"p{number}") for number in range(12)]
    for number, one in enumerate(chain):
        stage.put(one, "1.0.0")
        if number + 1 < len(chain):
            stage.needs(one, "1.0.0", **{f"p{number + 1}": "^1"})
    stage.queue.looks.append(chain[0])
    for _ in range(20):
        while stage.queue.looks:
            before = len(stage.codeartifact.calls)

            def time_left(begun: int = before) -> bool:
                return len(stage.codeartifact.calls) - begun < 4

            body = messages.look(stage.queue.looks.pop(0))
            assert stage.deliver(body, time_left=time_left) == {"batchItemFailures": []}
            assert len(stage.codeartifact.calls) - before <= 4
        stage.copy_all()
        stage.now += timedelta(minutes=15)
        stage.queue.looks += [one.package for one in stage.records.due(stage.now)]
    assert [stage.states(one) for one in chain] == [{"1.0.0": "copied"}] * len(chain)


def test_an_osv_that_is_down_is_not_asked_about_every_batch() -> None:
    """Two failures in a row are enough; nothing passes, and nothing takes for ever."""
    stage = PromotionStage(rule(GATED))
    stage.promoted(LIB, *(f"1.0.{number}" for number in range(450)))
    stage.osv.down = True
    stage.recheck(LIB)
    assert len(stage.osv.asked) == 2
    assert all(one.findings == () for one in stage.records.held.values())
