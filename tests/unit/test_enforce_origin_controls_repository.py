"""A whole repository from the rows of its list: what is called, what is changed, what is said."""

from __future__ import annotations

import pytest

from enforce_origin_controls.decision import Drifted, Mixed
from enforce_origin_controls.outcome import Outcome
from enforce_origin_controls.repository import enforce_in_repository
from steward.coordinates import Package
from steward.errors import CodeArtifactError
from tests.unit.fake_origin_domain import (
    CLOSED,
    HERE,
    INTERNAL,
    OPEN,
    PUBLIC,
    REPOSITORY,
    OriginStage,
    exempted,
    named,
    not_found,
    throttled,
    version,
)

LIST = "ListPackages"
LOOK = "DescribePackage"
WRITE = "PutPackageOriginConfiguration"
VERSIONS = "ListPackageVersions"
GROUP = "GetAssociatedPackageGroup"
ARCHIVE = "UpdatePackageVersionsStatus"


@pytest.fixture(name="stage")
def _stage() -> OriginStage:
    """The automation in enforce mode, with nothing there yet."""
    return OriginStage()


def enforce(stage: OriginStage, *, deep: bool = False) -> dict[Package, Outcome]:
    """Reconcile the repository; return what was yielded."""
    return {one.package: one for one in enforce_in_repository(REPOSITORY, stage.to, deep=deep)}


def test_what_is_in_order_costs_the_list_alone(stage: OriginStage) -> None:
    """And is not worth a word."""
    stage.put(named("public"), PUBLIC)
    stage.put(named("mycompany"), INTERNAL, version("9.9"))
    stage.put(named("explicit"), CLOSED)
    stage.put(named("inferred"), CLOSED, version("1.0"))
    stage.put(named("other"), OPEN)
    assert enforce(stage) == {}
    assert stage.codeartifact.calls == [LIST]


@pytest.mark.parametrize(
    ("namespace", "calls"),
    [
        pytest.param("public", [WRITE], id="public"),
        pytest.param("explicit", [WRITE], id="explicit, upstream left"),
        pytest.param("mycompany", [WRITE, VERSIONS], id="internal"),
        pytest.param("inferred", [VERSIONS, LOOK, GROUP, WRITE], id="inferred"),
    ],
)
def test_a_package_that_drifted_is_brought_back(
    stage: OriginStage, namespace: str, calls: list[str]
) -> None:
    """Nothing is looked up that the row has said, but for an ALLOW that `inferred` leaves."""
    package = stage.put(named(namespace), OPEN, version("1.0", HERE))
    outcome = enforce(stage)[package]
    assert stage.codeartifact.calls == [LIST, *calls]
    assert isinstance(outcome.decision, Drifted)
    assert outcome.decision.before == OPEN
    assert outcome.decision.after == stage.restrictions(package)
    assert outcome.written
    assert not outcome.drift_left
    assert enforce(stage) == {}


def test_what_was_closed_since_the_page_was_listed_stays_closed(stage: OriginStage) -> None:
    """Inferred are publish BLOCK and upstream ALLOW, and somebody closes upstream meanwhile."""
    package = stage.put(named("inferred"), OPEN, version("1.0"))
    other = stage.put(named("public"), OPEN)

    def close(operation: str) -> None:
        if operation in (LOOK, VERSIONS):
            stage.codeartifact.held[package].restrictions = INTERNAL

    stage.codeartifact.before = close
    outcome = enforce(stage)[package]
    assert isinstance(outcome.decision, Drifted)
    assert (outcome.decision.before, outcome.decision.after) == (INTERNAL, CLOSED)
    assert stage.restrictions(package) == CLOSED
    assert stage.restrictions(other) == PUBLIC


def test_what_was_put_right_since_the_page_was_listed_is_not_written(stage: OriginStage) -> None:
    """The function was faster."""
    package = stage.put(named("inferred"), OPEN, version("1.0"))

    def put_right(operation: str) -> None:
        if operation == LOOK:
            stage.codeartifact.held[package].restrictions = PUBLIC

    stage.codeartifact.before = put_right
    assert enforce(stage) == {}
    assert stage.codeartifact.calls == [LIST, VERSIONS, LOOK, VERSIONS]


def test_a_drifted_internal_package_is_searched_for_versions_from_outside(
    stage: OriginStage,
) -> None:
    """Once the door is closed; and once more after five minutes."""
    package = stage.put(named(), OPEN, version("9.9"))
    (found,) = enforce(stage)[package].found
    assert (found.version.version, found.outcome) == ("9.9", "archived")
    assert stage.codeartifact.calls == [LIST, WRITE, VERSIONS, ARCHIVE]
    assert [about for about, _ in stage.own_queue.sent] == [package]


def test_deep_searches_all_internal_packages(stage: OriginStage) -> None:
    """The others cost no more than before."""
    package = stage.put(named(), INTERNAL, version("9.9"))
    stage.put(named(name="clean"), INTERNAL, version("1.0", HERE))
    stage.put(named("public"), PUBLIC, version("1.0"))
    outcomes = enforce(stage, deep=True)
    assert list(outcomes) == [package]
    assert outcomes[package].found[0].outcome == "archived"
    assert stage.codeartifact.calls == [LIST, VERSIONS, ARCHIVE, VERSIONS]


def test_observe_mode_says_what_would_be_done() -> None:
    """The same outcomes, but nothing is written."""
    stage = OriginStage(observe=True)
    package = stage.put(named(), OPEN, version("9.9"))
    outcome = enforce(stage)[package]
    assert outcome.drift_left
    assert not outcome.written
    assert [one.outcome for one in outcome.found] == ["reported"]
    assert stage.restrictions(package) == OPEN
    assert stage.ledger.recorded == []


def test_an_exemption_is_an_outcome(stage: OriginStage) -> None:
    """It is not drift that anybody has to look at."""
    package = stage.put(named("public"), OPEN)
    stage.ledger.exempt(exempted(package))
    outcome = enforce(stage)[package]
    assert [kept.exemption.who for kept in outcome.kept] == ["anna"]
    assert not outcome.drift_left
    assert not outcome.written


def test_an_exempt_version_leaves_the_drift_to_be_seen() -> None:
    """It keeps itself, and not the restrictions."""
    stage = OriginStage(observe=True)
    package = stage.put(named(), OPEN, version("9.9"))
    stage.ledger.exempt(exempted(package, "9.9"))
    outcome = enforce(stage)[package]
    assert [kept.version for kept in outcome.kept] == [version("9.9")]
    assert outcome.drift_left


def test_mixed_origin_is_an_outcome(stage: OriginStage) -> None:
    """Every time, though a person is told only once."""
    package = stage.put(named("inferred"), OPEN, version("1.0", HERE), version("1.1"))
    for _ in range(2):
        assert isinstance(enforce(stage)[package].decision, Mixed)
    assert len(stage.attention.messages) == 1


def test_an_inferred_package_without_versions_is_not_waited_for(stage: OriginStage) -> None:
    """No event said that there should be any."""
    stage.put(named("inferred"), OPEN)
    assert enforce(stage) == {}
    assert stage.own_queue.sent == []


def test_a_repository_that_is_promoted_to_is_not_inferred(stage: OriginStage) -> None:
    """The list is all that it costs."""
    package = stage.put(named("inferred", repository="npm-approved"), OPEN, version("1.0"))
    assert list(enforce_in_repository(package.repository, stage.to)) == []
    assert stage.codeartifact.calls == [LIST]


def test_a_package_that_fails_holds_up_no_other(stage: OriginStage) -> None:
    """Its outcome has the error, and what was done before."""
    bad = stage.put(named(), OPEN, version("9.9"))
    good = stage.put(named("public"), OPEN)

    def throttle(operation: str) -> None:
        if operation == VERSIONS:
            raise throttled(operation)

    stage.codeartifact.before = throttle
    outcomes = enforce(stage)
    assert outcomes[bad].written
    assert isinstance(outcomes[bad].error, CodeArtifactError)
    assert outcomes[good].error is None
    assert stage.restrictions(good) == PUBLIC


def test_a_package_that_vanished_is_not_worth_a_line(stage: OriginStage) -> None:
    """Nor a second look: nobody said that it was new."""
    stage.put(named("inferred"), OPEN, version("1.0"))

    def vanish(operation: str) -> None:
        if operation == VERSIONS:
            raise not_found(operation)

    stage.codeartifact.before = vanish
    assert enforce(stage) == {}
    assert stage.own_queue.sent == []


def test_a_page_is_done_before_the_next_one_is_asked_for(stage: OriginStage) -> None:
    """So memory holds one page, and what was yielded is done when a later page fails."""
    stage.codeartifact.page = 2
    packages = [stage.put(named("public", f"p{number}"), OPEN) for number in range(5)]
    seen: list[int] = []
    done: list[Package] = []

    def fail(operation: str) -> None:
        if stage.codeartifact.calls.count(LIST) == 3:
            raise throttled(operation)

    stage.codeartifact.before = fail
    outcomes = enforce_in_repository(REPOSITORY, stage.to, seen=seen.append)
    with pytest.raises(CodeArtifactError):
        done.extend(one.package for one in outcomes)
    assert done == packages[:4]
    assert seen == [2, 2]
    assert stage.codeartifact.calls == [LIST, WRITE, WRITE, LIST, WRITE, WRITE, LIST]


def test_a_repository_that_does_not_exist_is_an_error(stage: OriginStage) -> None:
    """Whoever named it should know."""

    def missing(operation: str) -> None:
        raise not_found(operation)

    stage.codeartifact.before = missing
    with pytest.raises(CodeArtifactError):
        enforce(stage)


def test_each_page_is_one_line_of_the_log(
    stage: OriginStage, caplog: pytest.LogCaptureFixture
) -> None:
    """What is in order is counted, not listed."""
    stage.put(named("public"), PUBLIC)
    stage.put(named("explicit"), OPEN)
    stage.put(named("other"), OPEN)
    enforce(stage)
    (line,) = [vars(one) for one in caplog.records if one.getMessage() == "page"]
    assert (line["packages"], line["without_rule"], line["in_order"]) == (3, 1, 1)
