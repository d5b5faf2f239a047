"""Of each version that was archived a person is told, wherever a run may have ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from enforce_origin_controls.outcome import Outcome
from enforce_origin_controls.package import reconcile
from steward.coordinates import Package
from steward.errors import CodeArtifactError, LedgerError
from steward.ledger import CHANGES_KEPT_FOR
from tests.unit.fake_origin_domain import (
    ARCHIVING,
    INTERNAL,
    OUTSIDE,
    OriginStage,
    named,
    throttled,
    version,
)

ARCHIVE = "UpdatePackageVersionsStatus"
OURS = named()


class RunEndedError(Exception):
    """The process is gone: nobody catches this."""


@pytest.fixture(name="stage")
def _stage() -> OriginStage:
    """An internal package with a version from outside in use."""
    stage = OriginStage()
    stage.put(OURS, INTERNAL, version("9.9"))
    return stage


def look(stage: OriginStage, package: Package = OURS, *, repeated: bool = False) -> Outcome:
    """Look at the package, a second after whatever was before."""
    stage.now += timedelta(seconds=1)
    return reconcile(package, ARCHIVING, stage.to, repeated=repeated)


def archive_by_hand(stage: OriginStage, *versions: str) -> None:
    """Somebody else archives these versions."""
    for one in versions:
        stage.codeartifact.held[OURS].versions[one] = version(one, OUTSIDE, "Archived")


def test_a_run_that_ends_before_the_message_is_made_up_for(
    stage: OriginStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda stops a run that takes too long; the next one tells, as of then, and once."""

    def end(subject: str, text: str) -> bool:
        raise RunEndedError(subject, text)

    with monkeypatch.context() as ending:
        ending.setattr(stage.attention, "tell", end)
        with pytest.raises(RunEndedError):
            look(stage)
    assert stage.codeartifact.statuses(OURS) == {"9.9": "Archived"}
    then = stage.now
    for _ in range(3):
        assert look(stage).error is None
    ((_, text),) = stage.attention.messages
    assert f"Found:       {then.isoformat()}" in text
    assert "9.9 (Published), came in through public:npmjs: archived" in text


def test_an_archiving_whose_answer_is_lost_is_told(stage: OriginStage) -> None:
    """The call fails, and CodeArtifact has carried it out."""

    def lose(operation: str) -> None:
        if operation == ARCHIVE:
            archive_by_hand(stage, "9.9")
            raise CodeArtifactError(ARCHIVE, "ReadTimeoutError", "of a test")

    stage.codeartifact.before = lose
    assert look(stage).error is not None
    for _ in range(2):
        assert look(stage).error is None
    assert len(stage.attention.messages) == 1


def test_an_archiving_that_the_client_sent_twice_is_told(stage: OriginStage) -> None:
    """The first answer is lost, and to the repeated call the status is not as expected."""

    def repeat(operation: str) -> None:
        if operation == ARCHIVE:
            archive_by_hand(stage, "9.9")

    stage.codeartifact.before = repeat
    (found,) = look(stage).found
    assert found.code == "MISMATCHED_STATUS"
    assert stage.attention.messages == []
    assert [package for package, _ in stage.own_queue.sent] == [OURS]
    for _ in range(2):
        look(stage, repeated=True)
    assert len(stage.attention.messages) == 1


def test_of_two_runs_at_once_one_tells(stage: OriginStage) -> None:
    """The other one finds the version archived, and its message sent."""

    def other_run(operation: str) -> None:
        if operation == ARCHIVE:
            stage.codeartifact.before = lambda _: None
            assert look(stage).found[0].outcome == "archived"

    stage.codeartifact.before = other_run
    assert look(stage).found[0].outcome == "refused"
    for _ in range(2):
        look(stage, repeated=True)
    assert len(stage.attention.messages) == 1


def test_of_two_runs_at_once_the_slower_one_may_archive(stage: OriginStage) -> None:
    """The change that the other one has recorded since was never made, and is not told."""

    def other_run(operation: str) -> None:
        if operation == ARCHIVE:
            stage.codeartifact.before = lambda _: None
            stage.codeartifact.refusals["9.9"] = "MISMATCHED_STATUS"
            look(stage)
            stage.codeartifact.refusals.clear()

    begun = stage.now + timedelta(seconds=1)
    stage.codeartifact.before = other_run
    assert look(stage).found[0].outcome == "archived"
    assert stage.ledger.changes(OURS)[0].at > begun
    for _ in range(2):
        look(stage, repeated=True)
    assert len(stage.attention.messages) == 1


def test_an_archiving_that_failed_at_first_is_told_once(stage: OriginStage) -> None:
    """A change that was recorded and not made is no second one."""

    def throttle(operation: str) -> None:
        if operation == ARCHIVE:
            raise throttled(ARCHIVE)

    stage.codeartifact.before = throttle
    assert look(stage).error is not None
    stage.codeartifact.before = lambda _: None
    for _ in range(3):
        assert look(stage).error is None
    assert len(stage.attention.messages) == 1


def test_what_a_person_archives_after_a_refusal_is_not_told(stage: OriginStage) -> None:
    """They know: the message about the refusal asked them to."""
    stage.codeartifact.refusals["9.9"] = "NOT_ALLOWED"
    look(stage)
    archive_by_hand(stage, "9.9")
    look(stage)
    ((_, text),) = stage.attention.messages
    assert "refused (NOT_ALLOWED)" in text


def test_what_people_archive_costs_one_query_and_no_word(stage: OriginStage) -> None:
    """Nothing is recorded of it."""
    archive_by_hand(stage, "9.9")
    look(stage)
    assert stage.attention.messages == []
    assert stage.ledger.reads == ["changes"]


def test_a_version_that_comes_back_is_told_again(stage: OriginStage) -> None:
    """Each archiving is one of its own."""
    for _ in range(2):
        stage.put(OURS, INTERNAL, version("9.9"))
        look(stage)
        stage.now += timedelta(hours=1)
    assert len(stage.attention.messages) == 2


def test_what_was_told_long_ago_says_nothing_of_what_is_archived_now(
    stage: OriginStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came back after an hour, and the run that archived it again has not told."""
    look(stage)
    stage.now += timedelta(hours=1)
    stage.put(OURS, INTERNAL, version("9.9"))
    with monkeypatch.context() as losing:
        losing.setattr(stage.attention, "delivers", False)
        look(stage)
    for _ in range(2):
        look(stage, repeated=True)
    assert len(stage.attention.messages) == 2


def test_what_was_told_is_known_as_long_as_the_change_is(stage: OriginStage) -> None:
    """DynamoDB deletes a change some days after its year, and nobody is told of it then."""
    look(stage)
    stage.now += CHANGES_KEPT_FOR + timedelta(days=2)
    look(stage)
    assert len(stage.attention.messages) == 1


def test_a_version_that_was_deleted_meanwhile_is_nobodys_business(stage: OriginStage) -> None:
    """It was refused as not found; the second look finds nothing at all."""

    def delete(operation: str) -> None:
        if operation == ARCHIVE:
            del stage.codeartifact.held[OURS].versions["9.9"]

    stage.codeartifact.before = delete
    assert look(stage).found[0].code == "NOT_FOUND"
    look(stage, repeated=True)
    assert stage.attention.messages == []


def test_a_message_that_cannot_be_marked_comes_again(stage: OriginStage) -> None:
    """Twice is better than not at all."""

    def fail(use: str) -> None:
        if use == "mark_told":
            raise LedgerError("BatchWriteItem", "InternalServerError", "of a test")

    stage.ledger.before = fail
    assert isinstance(look(stage).error, LedgerError)
    stage.ledger.before = lambda _: None
    for _ in range(2):
        assert look(stage).error is None
    assert len(stage.attention.messages) == 2
