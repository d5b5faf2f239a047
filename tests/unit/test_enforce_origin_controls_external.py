"""Versions from outside in an internal package, and the looks that are repeated for them."""

import pytest

from enforce_origin_controls.package import SECOND_LOOK
from enforce_origin_controls.telling import REMINDER, VERSIONS_PER_TEXT
from steward import events
from steward.coordinates import Restrictions, Status
from steward.errors import QueueError
from steward.ledger import StatusChange
from tests.unit.fake_origin_domain import (
    CLOSED,
    HERE,
    INTERNAL,
    NOW,
    OPEN,
    OUTSIDE,
    OriginStage,
    named,
    not_found,
    throttled,
    version,
)
from tests.unit.logged_lines import Lines
from tests.unit.origin_messages import (
    ARCHIVE,
    AUTOMATION,
    LIST,
    LOOK,
    WRITE,
    deliver,
    event,
    stage,
)

__all__ = ["stage"]


class TestExternalVersions:
    """Dependency confusion: what came from outside under a name of our own."""

    def test_the_door_is_closed_before_anybody_looks_who_came_in(self, stage: OriginStage) -> None:
        """So that nothing can come in between."""
        package = stage.put(named(), OPEN, version("1.0", HERE), version("9.9"))
        assert deliver(stage, event(package)) == []
        assert stage.codeartifact.calls == [LOOK, WRITE, LIST, ARCHIVE]
        assert stage.restrictions(package) == INTERNAL
        assert stage.codeartifact.statuses(package) == {"1.0": "Published", "9.9": "Archived"}

    def test_it_is_recorded_announced_and_told(self, stage: OriginStage, lines: Lines) -> None:
        """What, where, when, through what, and how to undo it."""
        package = stage.put(named(), INTERNAL, version("9.9", OUTSIDE, "Unlisted"))
        deliver(stage, event(package))
        assert stage.ledger.recorded == [
            StatusChange(package, "9.9", "Unlisted", "Archived", "origins[0]", AUTOMATION, NOW)
        ]
        assert stage.notices.announced == [("archived", package, ["9.9"], "origins[0]")]
        ((subject, text),) = stage.attention.messages
        assert subject == "Versions from outside in an internal package of my-company"
        assert text.splitlines() == [
            "Versions from outside were in use in a package that the policy calls internal.",
            "Somebody may be trying to have their code installed under your name.",
            "",
            "Package:     pkg:npm/%40mycompany/ui",
            "Repository:  npm-internal",
            "Domain:      my-company (012345678901)",
            "Rule:        origins[0]",
            "Found:       2026-03-01T10:00:00+00:00",
            "Versions:",
            "  9.9 (Unlisted), came in through public:npmjs: archived",
            "",
            "To undo it:",
            (
                "  steward restore pkg:npm/%40mycompany/ui --repository npm-internal"
                ' --domain my-company --version 9.9 --reason "..."'
            ),
        ]
        (decision,) = lines.of("external version")
        assert decision["external_connection"] == "public:npmjs"
        (done,) = lines.of("archived")
        assert done["versions"] == ["9.9"]
        assert len(lines.of("told")) == 1

    def test_what_the_rule_only_reports_stays(self, stage: OriginStage) -> None:
        """It is told once, and again after thirty days if it is still there."""
        package = stage.put(named("reported"), INTERNAL, version("9.9"))
        for _ in range(3):
            deliver(stage, event(package))
        assert stage.codeartifact.statuses(package) == {"9.9": "Published"}
        assert stage.notices.announced == [("reported", package, ["9.9"], "origins[1]")]
        ((_, text),) = stage.attention.messages
        assert "9.9 (Published), came in through public:npmjs: reported, as the rule says" in text
        assert "steward restore" not in text
        stage.now = NOW + REMINDER
        deliver(stage, event(package))
        assert len(stage.attention.messages) == 2

    def test_only_what_is_new_is_told(self, stage: OriginStage) -> None:
        """A second version does not repeat the first."""
        package = stage.put(named("reported"), INTERNAL, version("9.8"))
        deliver(stage, event(package))
        stage.put(package, INTERNAL, version("9.8"), version("9.9"))
        deliver(stage, event(package))
        assert [said[2] for said in stage.notices.announced] == [["9.8"], ["9.9"]]

    def test_a_message_that_was_lost_is_sent_again(self, stage: OriginStage) -> None:
        """Nothing is marked as told that was not."""
        package = stage.put(named("reported"), INTERNAL, version("9.9"))
        stage.attention.delivers = False
        deliver(stage, event(package))
        stage.attention.delivers = True
        deliver(stage, event(package))
        deliver(stage, event(package))
        assert len(stage.attention.messages) == 1

    def test_a_refusal_is_told_once_with_its_code(self, stage: OriginStage, lines: Lines) -> None:
        """The others are archived nevertheless, and the message does not come back."""
        package = stage.put(named(), INTERNAL, version("1.0"), version("2.0"))
        stage.codeartifact.refusals["1.0"] = "NOT_ALLOWED"
        for _ in range(2):
            assert deliver(stage, event(package)) == []
        assert stage.codeartifact.statuses(package) == {"1.0": "Published", "2.0": "Archived"}
        assert stage.notices.announced == [
            ("archived", package, ["2.0"], "origins[0]"),
            ("refused", package, ["1.0"], "origins[0]"),
        ]
        _, (_, text) = stage.attention.messages
        assert "refused (NOT_ALLOWED): NOT_ALLOWED of a test" in text
        assert [line["code"] for line in lines.of("refused")] == ["NOT_ALLOWED"] * 2

    def test_a_version_that_somebody_else_changed_meanwhile_is_looked_at_again(
        self, stage: OriginStage
    ) -> None:
        """Two batches at once must not tell a person that archiving was refused."""
        package = stage.put(named(), INTERNAL, version("1.0"))

        def archive(operation: str) -> None:
            if operation == ARCHIVE:
                archived = version("1.0", OUTSIDE, "Archived")
                stage.codeartifact.held[package].versions["1.0"] = archived

        stage.codeartifact.before = archive
        assert deliver(stage, event(package)) == []
        assert stage.attention.messages == []
        assert stage.own_queue.sent == [(package, SECOND_LOOK)]
        assert deliver(stage, events.look_again(package)) == []
        assert len(stage.own_queue.sent) == 1

    def test_a_version_that_never_stays_as_it_was_listed_is_told(self, stage: OriginStage) -> None:
        """A second look that meets the same refusal asks for no third one."""
        package = stage.put(named(), INTERNAL, version("1.0"))
        stage.codeartifact.refusals["1.0"] = "MISMATCHED_STATUS"
        deliver(stage, event(package))
        deliver(stage, events.look_again(package))
        assert len(stage.own_queue.sent) == 1
        assert stage.notices.announced == [("refused", package, ["1.0"], "origins[0]")]

    @pytest.mark.parametrize("status", ["Archived", "Disposed"])
    def test_what_is_out_of_use_is_nobodys_business(
        self, stage: OriginStage, status: Status
    ) -> None:
        """Not one call, not one word."""
        package = stage.put(named(), INTERNAL, version("1.0", OUTSIDE, status))
        deliver(stage, event(package))
        assert stage.codeartifact.calls == [LOOK, LIST]
        assert stage.notices.announced == []

    @pytest.mark.parametrize(
        ("error", "failed"),
        [
            pytest.param(throttled(ARCHIVE), ["m0"], id="throttled"),
            pytest.param(not_found(ARCHIVE), [], id="deleted"),
        ],
    )
    def test_what_was_done_before_an_interruption_is_told(
        self, stage: OriginStage, error: Exception, failed: list[str]
    ) -> None:
        """The next look would not find these versions in use any more."""
        versions = [version(f"1.{number:03}") for number in range(201)]
        package = stage.put(named(), INTERNAL, *versions)

        def interrupt(operation: str) -> None:
            if stage.codeartifact.calls.count(operation) == 2 and operation == ARCHIVE:
                raise error

        stage.codeartifact.before = interrupt
        assert deliver(stage, event(package)) == failed
        ((outcome, _, archived, _),) = stage.notices.announced
        assert outcome == "archived"
        assert archived == [one.version for one in versions[:100]]
        assert len(stage.attention.messages) == 1

    def test_a_message_for_a_person_has_a_bearable_length(
        self, stage: OriginStage, lines: Lines
    ) -> None:
        """The log and the events have all of them."""
        package = stage.put(named(), INTERNAL, *[version(f"1.{n:03}") for n in range(251)])
        deliver(stage, event(package))
        ((_, text),) = stage.attention.messages
        assert text.count("--version") == VERSIONS_PER_TEXT
        assert f"... and {251 - VERSIONS_PER_TEXT} more" in text
        logged = [line["versions"] for line in lines.of("archived")]
        assert [len(some) for some in logged if isinstance(some, list)] == [100, 100, 51]


class TestLooksThatAreRepeated:
    """What may not be visible yet is looked at once more, and then it rests."""

    def test_after_the_door_was_closed_somebody_looks_again(
        self, stage: OriginStage, lines: Lines
    ) -> None:
        """A version that was on its way in is archived at the second look, and that is all."""
        package = stage.put(named(), OPEN)
        deliver(stage, event(package))
        assert stage.own_queue.sent == [(package, SECOND_LOOK)]
        (line,) = lines.of("look again")
        assert line["at"] == (NOW + SECOND_LOOK).isoformat()
        stage.put(package, INTERNAL, version("9.9"))
        deliver(stage, events.look_again(package))
        assert stage.codeartifact.statuses(package) == {"9.9": "Archived"}
        deliver(stage, events.look_again(package))
        assert len(stage.own_queue.sent) == 1

    @pytest.mark.parametrize(
        ("namespace", "current"),
        [
            pytest.param("mycompany", CLOSED, id="upstream was closed before"),
            pytest.param("public", OPEN, id="publish is closed"),
            pytest.param("inferred", OPEN, id="no version from outside is looked for"),
        ],
    )
    def test_other_changes_need_no_second_look(
        self, stage: OriginStage, namespace: str, current: Restrictions
    ) -> None:
        """They end with the write."""
        package = stage.put(named(namespace), current, version("1.0", HERE))
        deliver(stage, event(package))
        assert stage.restrictions(package) != current
        assert stage.own_queue.sent == []

    def test_a_package_that_is_not_there_yet_is_looked_at_once_more(
        self, stage: OriginStage, lines: Lines
    ) -> None:
        """An event can be faster than what it tells of."""
        assert deliver(stage, event(named())) == []
        assert stage.own_queue.sent == [(named(), SECOND_LOOK)]
        assert deliver(stage, events.look_again(named())) == []
        assert len(stage.own_queue.sent) == 1
        reasons = [line["reason"] for line in lines.of("nothing to do")]
        assert reasons == ["the package or its repository does not exist"] * 2

    def test_versions_to_infer_from_are_waited_for_once(self, stage: OriginStage) -> None:
        """The package may be visible before they are."""
        package = stage.put(named("inferred"), OPEN)
        deliver(stage, event(package))
        deliver(stage, events.look_again(package))
        assert len(stage.own_queue.sent) == 1

    def test_a_message_that_cannot_be_sent_keeps_the_event(self, stage: OriginStage) -> None:
        """It comes back, which is as good; what was done stays done."""
        package = stage.put(named(), OPEN, version("9.9"))

        def fail() -> None:
            raise QueueError("SendMessage", "ServiceUnavailable", "of a test")

        stage.own_queue.before = fail
        assert deliver(stage, event(package)) == ["m0"]
        assert stage.codeartifact.statuses(package) == {"9.9": "Archived"}
