"""What can be put back of what an automation has changed, and what is tried."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from cli.restoration import Part, by_status, newest_changes, put_back, standing
from steward.codeartifact import CodeArtifact, Refusal, StatusChanges, TargetStatus
from steward.coordinates import Package, PackageVersion, Restrictions, Status
from steward.errors import CodeArtifactError, StatusUpdateInterruptedError
from steward.ledger import Change, RestrictionsChange, StatusChange
from tests.unit.fake_codeartifact import package

AT = datetime(2026, 3, 1, tzinfo=UTC)
OPEN = Restrictions("ALLOW", "ALLOW")
CLOSED = Restrictions("ALLOW", "BLOCK")
THERE = package()


def restrictions(before: Restrictions = OPEN, *, hours: int = 0) -> RestrictionsChange:
    """Return the record of restrictions that were closed, so many hours later."""
    at = AT + timedelta(hours=hours)
    return RestrictionsChange(THERE, before, CLOSED, "origins[0]", "enforce_origin_controls", at)


def status(version: str, before: Status = "Published", *, hours: int = 0) -> StatusChange:
    """Return the record of a version that was archived, so many hours later."""
    at = AT + timedelta(hours=hours)
    return StatusChange(
        THERE, version, before, "Archived", "origins[0]", "enforce_origin_controls", at
    )


@pytest.mark.parametrize(
    ("change", "now", "versions", "outcome"),
    [
        pytest.param(
            restrictions(), CLOSED, {}, "changed", id="restrictions as the automation set"
        ),
        pytest.param(restrictions(), OPEN, {}, "already back", id="restrictions as before"),
        pytest.param(
            restrictions(),
            Restrictions("BLOCK", "BLOCK"),
            {},
            "changed since",
            id="restrictions that somebody set since",
        ),
        pytest.param(status("1"), None, {"1": "Archived"}, "changed", id="an archived version"),
        pytest.param(status("1"), None, {"1": "Published"}, "already back", id="published again"),
        pytest.param(status("1"), None, {"1": "Unlisted"}, "changed since", id="unlisted since"),
        pytest.param(status("1"), None, {"1": "Disposed"}, "impossible", id="disposed since"),
        pytest.param(status("1"), None, {"2": "Archived"}, "gone", id="a deleted version"),
        pytest.param(
            status("1", "Unfinished"),
            None,
            {"1": "Archived"},
            "changed",
            id="a version that was unfinished",
        ),
        pytest.param(
            status("1", "Unfinished"),
            None,
            {"1": "Published"},
            "already back",
            id="a version that was unfinished and is published",
        ),
        pytest.param(
            status("1", "Unlisted"), None, {"1": "Archived"}, "changed", id="one that was unlisted"
        ),
    ],
)
def test_how_a_part_stands(
    change: Change, now: Restrictions | None, versions: dict[str, Status], outcome: str
) -> None:
    """By what is there now."""
    assert standing(change, now, versions).outcome == outcome


def test_the_newest_change_of_each_part_counts() -> None:
    """Restrictions come first; the ledger's order is newest first."""
    newest: list[Change] = [
        status("1", "Unlisted", hours=3),
        restrictions(CLOSED, hours=2),
        status("2", hours=1),
    ]
    older: list[Change] = [restrictions(), status("1")]
    assert newest_changes([*newest, *older]) == [newest[1], newest[0], newest[2]]


def test_versions_come_by_their_names() -> None:
    """Changes of one look have one time, and the ledger has no order for them."""
    changes: list[Change] = [restrictions(), status("9.9.8"), status("9.9.9")]
    assert newest_changes(changes) == newest_changes(changes[::-1]) == changes


def test_versions_can_be_asked_for_by_name() -> None:
    """Then the restrictions are meant only if they are asked for too."""
    changes: list[Change] = [restrictions(), status("1"), status("2"), status("3")]
    assert newest_changes(changes, ("3", "1")) == [changes[3], changes[1]]
    assert newest_changes(changes, (None, "1")) == [changes[0], changes[1]]


class Refusing:
    """CodeArtifact that puts nothing back, each time for another reason."""

    def __init__(self, *, interrupted: bool) -> None:
        self._interrupted = interrupted

    def put_restrictions(self, _: Package, __: Restrictions) -> bool:
        """Fail."""
        raise CodeArtifactError("PutPackageOriginConfiguration", "AccessDeniedException", "no")

    def set_status(
        self,
        _: Package,
        versions: Sequence[PackageVersion],
        target: TargetStatus,
        *,
        pinned: bool = False,
    ) -> StatusChanges:
        """Fail for unlisted versions as a whole; change one, refuse one, and get no further."""
        del pinned
        error = CodeArtifactError("UpdatePackageVersionsStatus", "ThrottlingException", "slowly")
        if target == "Unlisted":
            raise error
        first, second, *_others = versions
        refusal = Refusal(second, "MISMATCHED_STATUS", "it is Disposed")
        changes = StatusChanges((first,), (refusal,))
        if self._interrupted:
            raise StatusUpdateInterruptedError(error, changes)
        return changes


@pytest.mark.parametrize("interrupted", [True, False], ids=["interrupted", "unanswered"])
def test_one_failure_keeps_no_other_part_from_being_tried(*, interrupted: bool) -> None:
    """Each part says why it was not put back; what had failed before stays as it stood."""
    changes: list[Change] = [
        restrictions(),
        *(status(version) for version in "123"),
        status("4", "Unlisted"),
        status("5", "Unfinished"),
    ]
    versions: dict[str, Status] = dict.fromkeys("12345", "Archived")
    parts = [standing(change, CLOSED, versions) for change in changes]
    codeartifact: CodeArtifact = Refusing(interrupted=interrupted)  # type: ignore[assignment]  # no more is used
    done: dict[str | None, Part] = {
        part.version: part for part in put_back(THERE, parts, codeartifact)
    }
    assert {version: part.outcome for version, part in done.items()} == {
        None: "failed",
        "1": "put back",
        "2": "failed",
        "3": "failed",
        "4": "failed",
        "5": "failed",
    }
    assert "AccessDeniedException" in done[None].reason
    assert done["2"].reason == "MISMATCHED_STATUS: it is Disposed"
    assert ("ThrottlingException" in done["3"].reason) is interrupted
    assert "ThrottlingException" in done["4"].reason
    assert done["1"].now == "Published"


def step(before: Status, after: Status, hours: int, *, rule: str = "retention[0]") -> StatusChange:
    """Return the record of a step of version 1, so many hours later."""
    at = AT + timedelta(hours=hours)
    return StatusChange(THERE, "1", before, after, rule, "expire_versions", at)


UNLISTED = step("Published", "Unlisted", 1)
ARCHIVED = step("Unlisted", "Archived", 2)
HIDDEN_BY_ANOTHER = step("Published", "Unlisted", 0, rule="snapshots[0]")


@pytest.mark.parametrize(
    ("changes", "now", "outcome", "target"),
    [
        pytest.param([ARCHIVED, UNLISTED], "Archived", "changed", "Published", id="two steps"),
        pytest.param(
            [ARCHIVED, UNLISTED], "Unlisted", "changed", "Published", id="the last step not taken"
        ),
        pytest.param(
            [step("Unlisted", "Archived", 3), ARCHIVED, step("Published", "Unlisted", 2), UNLISTED],
            "Archived",
            "changed",
            "Published",
            id="steps recorded again",
        ),
        pytest.param(
            [ARCHIVED, UNLISTED], "Published", "already back", "Published", id="back already"
        ),
        pytest.param(
            [ARCHIVED, HIDDEN_BY_ANOTHER],
            "Archived",
            "changed",
            "Unlisted",
            id="unlisted by another rule before",
        ),
        pytest.param(
            [step("Archived", "Deleted", 3), ARCHIVED, UNLISTED],
            "Archived",
            "changed",
            "Published",
            id="a deletion that was refused",
        ),
        pytest.param(
            [step("Archived", "Disposed", 3), ARCHIVED, UNLISTED],
            "Disposed",
            "impossible",
            "Published",
            id="disposed of",
        ),
        pytest.param(
            [step("Unfinished", "Unlisted", 3)], "Unlisted", "changed", "Published", id="unfinished"
        ),
    ],
)
def test_all_steps_of_a_rule_are_put_back_at_once(
    changes: list[Change], now: Status, outcome: str, target: str
) -> None:
    """A version that comes back only half is not back."""
    part = standing(changes[0], None, {"1": now}, changes=changes)
    assert (part.outcome, part.target) == (outcome, target)


def test_what_nobody_can_bring_back_is_said_so() -> None:
    """By the automation's own record, or by the status."""
    deleted = standing(step("Archived", "Deleted", 3), None, {})
    assert (deleted.outcome, "nobody can undo" in deleted.reason) == ("gone", True)
    disposed = standing(step("Archived", "Disposed", 3), None, {"1": "Disposed"})
    assert "gone for good" in disposed.reason
    assert not deleted.to_exempt
    assert not disposed.to_exempt


def test_a_version_is_announced_with_the_status_it_was_found_in() -> None:
    """Not with that of a step that was never taken."""
    part = standing(ARCHIVED, None, {"1": "Unlisted"}, changes=[ARCHIVED, UNLISTED])

    class Obeying:
        def set_status(
            self, _: Package, versions: Sequence[PackageVersion], target: TargetStatus
        ) -> StatusChanges:
            assert target == "Published"
            return StatusChanges(tuple(versions))

    codeartifact: CodeArtifact = Obeying()  # type: ignore[assignment]  # no more is used
    back = put_back(THERE, [part], codeartifact)
    assert by_status(back) == {
        ("Published", "retention[0]"): [PackageVersion("1", "Unlisted")],
    }
