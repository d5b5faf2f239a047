"""The whole automation but AWS: messages in, a package afterwards, and what was said about it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from enforce_origin_controls import app
from enforce_origin_controls.package import SECOND_LOOK
from enforce_origin_controls.telling import REMINDER, VERSIONS_PER_TEXT
from steward import events
from steward.codeartifact import AssociatedGroup, CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import Origin, Package, Restrictions, Status
from steward.errors import LedgerError, PolicyError, QueueError, SettingsError
from steward.ledger import DynamoDbLedger, ObservedLedger, RestrictionsChange, StatusChange
from tests.unit.fake_origin_domain import (
    CLOSED,
    ELSEWHERE,
    HERE,
    INTERNAL,
    NOW,
    OPEN,
    OUTSIDE,
    PUBLIC,
    ROOT_GROUP,
    UNKNOWN,
    OriginStage,
    exempted,
    named,
    not_found,
    throttled,
    version,
)
from tests.unit.test_batches import batch, failures

AUTOMATION = "enforce_origin_controls"
LOOK = "DescribePackage"
LIST = "ListPackageVersions"
GROUP = "GetAssociatedPackageGroup"
WRITE = "PutPackageOriginConfiguration"
ARCHIVE = "UpdatePackageVersionsStatus"


def event(package: Package) -> str:
    """Return an event of CodeArtifact that names *package*."""
    message = json.loads(events.look_again(package))
    message |= {"source": events.SOURCE, "detail-type": events.DETAIL_TYPE}
    return json.dumps(message)


def deliver(stage: OriginStage, *bodies: str) -> list[str]:
    """Run the automation on messages with *bodies*; return the ids of those that failed."""
    return failures(app.enforce_in_batch(batch(*bodies), stage.to))


@dataclass
class Lines:
    """What is logged during a test."""

    caplog: pytest.LogCaptureFixture

    def of(self, message: str) -> list[dict[str, object]]:
        """Return the keys of the lines with *message*."""
        return [vars(record) for record in self.caplog.records if record.getMessage() == message]

    def messages(self) -> list[str]:
        """Return all messages in order."""
        return [record.getMessage() for record in self.caplog.records]


@pytest.fixture(name="lines")
def _lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """What is logged during a test."""
    return Lines(caplog)


@pytest.fixture(name="stage")
def _stage() -> OriginStage:
    """The automation in enforce mode, with nothing there yet."""
    return OriginStage()


@pytest.mark.parametrize(
    ("namespace", "current", "after", "calls"),
    [
        pytest.param("public", OPEN, PUBLIC, [LOOK, WRITE], id="public, drifted"),
        pytest.param("public", PUBLIC, PUBLIC, [LOOK], id="public, in order"),
        pytest.param("explicit", INTERNAL, CLOSED, [LOOK, WRITE], id="explicit, drifted"),
        pytest.param("explicit", CLOSED, CLOSED, [LOOK], id="explicit, in order"),
        pytest.param("mycompany", OPEN, INTERNAL, [LOOK, WRITE, LIST], id="internal, drifted"),
        pytest.param("mycompany", INTERNAL, INTERNAL, [LOOK, LIST], id="internal, in order"),
        pytest.param("other", OPEN, OPEN, [], id="no rule"),
    ],
)
def test_a_package_is_brought_to_its_rule_in_the_fewest_calls(
    stage: OriginStage, namespace: str, current: Restrictions, after: Restrictions, calls: list[str]
) -> None:
    """However many events name it; and nothing is written that is already so."""
    package = stage.put(named(namespace), current, version("1.0", HERE))
    assert deliver(stage, *[event(package)] * 10) == []
    assert stage.restrictions(package) == after
    assert stage.codeartifact.calls == calls


def test_a_change_is_recorded_announced_and_logged(stage: OriginStage, lines: Lines) -> None:
    """What was there before can be put back."""
    package = stage.put(named(), OPEN)
    deliver(stage, event(package))
    assert stage.ledger.recorded == [
        RestrictionsChange(package, OPEN, INTERNAL, "origins[0]", AUTOMATION, NOW)
    ]
    assert stage.notices.announced == [("changed", package, OPEN, INTERNAL, "origins[0]")]
    (decision,) = lines.of("drifted")
    assert (decision["before"], decision["after"]) == (str(OPEN), str(INTERNAL))
    assert (decision["rule"], decision["package"]) == ("origins[0]", "ui")
    assert decision["reason"] == "the policy calls the package internal"
    assert len(lines.of("restrictions changed")) == 1


@pytest.mark.parametrize(
    ("namespace", "reason"),
    [
        pytest.param("other", "no origins rule applies to this package", id="no rule"),
        pytest.param("public", "the restrictions are what the rule says", id="in order"),
        pytest.param("inferred", "it has no versions to infer from", id="nothing to infer from"),
    ],
)
def test_doing_nothing_is_said_with_a_reason(
    stage: OriginStage, lines: Lines, namespace: str, reason: str
) -> None:
    """One line."""
    deliver(stage, event(stage.put(named(namespace), PUBLIC)))
    (line,) = lines.of("nothing to do")
    assert line["reason"] == reason
    assert "drifted" not in lines.messages()


def test_observe_mode_decides_the_same_and_changes_nothing(lines: Lines) -> None:
    """The log and a person say what would be done; nothing is recorded as a change."""
    stage = OriginStage(observe=True)
    package = stage.put(named(), OPEN, version("1.0"))
    assert deliver(stage, event(package)) == []
    assert stage.restrictions(package) == OPEN
    assert stage.codeartifact.statuses(package) == {"1.0": "Published"}
    assert stage.ledger.recorded == []
    assert stage.own_queue.sent == []
    assert stage.notices.announced == [("reported", package, ["1.0"], "origins[0]")]
    assert len(lines.of("drifted")) == 1
    assert lines.of("restrictions changed") == []
    (line,) = lines.of("external version")
    assert line["then"] == "archive"
    ((_, text),) = stage.attention.messages
    assert "1.0 (Published), came in through public:npmjs: reported, observe mode" in text
    assert "steward restore" not in text


class TestExemptions:
    """What a person has undone stays undone."""

    def test_the_restrictions_stay_while_an_exemption_is_in_force(
        self, stage: OriginStage, lines: Lines
    ) -> None:
        """And not a second longer."""
        package = stage.put(named("public"), OPEN)
        stage.ledger.exempt(exempted(package))
        deliver(stage, event(package))
        assert stage.restrictions(package) == OPEN
        assert stage.ledger.recorded == []
        (line,) = lines.of("kept")
        assert line["why"] == "we need it"
        assert "anna" not in str(line)
        assert line["until"] == (NOW + timedelta(days=7)).isoformat()
        stage.now = NOW + timedelta(days=7)
        deliver(stage, event(package))
        assert stage.restrictions(package) == PUBLIC

    def test_an_exempt_version_is_not_archived(self, stage: OriginStage, lines: Lines) -> None:
        """The others are."""
        package = stage.put(named(), INTERNAL, version("1.0"), version("2.0"))
        stage.ledger.exempt(exempted(package, "1.0"))
        deliver(stage, event(package))
        assert stage.codeartifact.statuses(package) == {"1.0": "Published", "2.0": "Archived"}
        (line,) = lines.of("kept")
        assert line["version"] == "1.0"

    def test_a_door_held_open_lets_nothing_in_unnoticed(self, stage: OriginStage) -> None:
        """The exemption of the restrictions is none of the versions."""
        package = stage.put(named(), OPEN, version("1.0"))
        stage.ledger.exempt(exempted(package))
        deliver(stage, event(package))
        assert stage.restrictions(package) == OPEN
        assert stage.codeartifact.statuses(package) == {"1.0": "Archived"}

    @pytest.mark.parametrize("namespace", ["mycompany", "public", "explicit", "inferred"])
    def test_the_ledger_is_not_read_if_nothing_would_change(
        self, stage: OriginStage, namespace: str
    ) -> None:
        """Most looks are such."""
        current = INTERNAL if namespace in ("mycompany", "inferred") else CLOSED
        current = PUBLIC if namespace == "public" else current
        package = stage.put(named(namespace), current, version("1.0", HERE))
        deliver(stage, event(package))
        assert stage.ledger.reads == []

    def test_it_is_read_once_a_look(self, stage: OriginStage) -> None:
        """For the restrictions and the versions together."""
        package = stage.put(named(), OPEN, version("1.0"))
        deliver(stage, event(package))
        assert stage.ledger.reads == ["exemptions"]


class TestInferred:
    """Restrictions that follow from how the versions entered."""

    @pytest.mark.parametrize(
        ("origins", "current", "after", "calls"),
        [
            pytest.param([HERE], OPEN, INTERNAL, [LOOK, LIST, GROUP, WRITE], id="published here"),
            pytest.param([OUTSIDE], OPEN, PUBLIC, [LOOK, LIST, GROUP, WRITE], id="from outside"),
            pytest.param([HERE], INTERNAL, INTERNAL, [LOOK, LIST], id="strict enough"),
            pytest.param([ELSEWHERE], OPEN, OPEN, [LOOK, LIST], id="from another repository"),
            pytest.param([UNKNOWN], OPEN, OPEN, [LOOK, LIST], id="unknown"),
            pytest.param([HERE], CLOSED, CLOSED, [LOOK], id="closed on both sides"),
        ],
    )
    def test_it_only_tightens(
        self,
        stage: OriginStage,
        origins: list[Origin],
        current: Restrictions,
        after: Restrictions,
        calls: list[str],
    ) -> None:
        """The group is only asked for if a write would follow."""
        held = [version(f"1.{number}", one) for number, one in enumerate(origins)]
        package = stage.put(named("inferred"), current, *held)
        deliver(stage, event(package))
        assert stage.restrictions(package) == after
        assert stage.codeartifact.calls == calls

    def test_a_group_that_says_something_is_left_to_it(
        self, stage: OriginStage, lines: Lines
    ) -> None:
        """Nothing is recorded either."""
        group = AssociatedGroup("/npm/inferred/*", "STRONG", {**ROOT_GROUP.modes})
        group = replace(group, modes={**group.modes, "PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES"})
        package = stage.put(named("inferred"), OPEN, version("1.0", HERE), group=group)
        deliver(stage, event(package))
        assert stage.restrictions(package) == OPEN
        assert stage.ledger.recorded == []
        (line,) = lines.of("nothing to do")
        assert line["reason"] == "the package group /npm/inferred/* decides"

    def test_an_exemption_saves_the_look_at_the_group(self, stage: OriginStage) -> None:
        """No write would follow."""
        package = stage.put(named("inferred"), OPEN, version("1.0", HERE))
        stage.ledger.exempt(exempted(package))
        deliver(stage, event(package))
        assert stage.codeartifact.calls == [LOOK, LIST]

    def test_a_repository_that_is_promoted_to_costs_nothing(
        self, stage: OriginStage, lines: Lines
    ) -> None:
        """Not one call."""
        package = stage.put(named("inferred", repository="npm-approved"), OPEN, version("1.0"))
        deliver(stage, event(package))
        assert stage.codeartifact.calls == []
        (line,) = lines.of("nothing to do")
        assert line["reason"] == "the policy promotes versions to this repository"

    def test_mixed_origin_is_told_once(self, stage: OriginStage, lines: Lines) -> None:
        """And again if it is still so after thirty days; the restrictions stay."""
        package = stage.put(named("inferred"), OPEN, version("1.0", HERE), version("1.1"))
        for _ in range(3):
            deliver(stage, event(package))
        assert stage.restrictions(package) == OPEN
        assert stage.notices.announced == [("mixed", package, 1, 1, "origins[4]")]
        ((subject, text),) = stage.attention.messages
        assert subject == "Package of mixed origin in the domain my-company"
        assert "pkg:npm/%40inferred/ui" in text
        assert [line["external"] for line in lines.of("mixed origin")] == [1, 1, 1]
        stage.now = NOW + REMINDER
        deliver(stage, event(package))
        assert len(stage.attention.messages) == 2


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
            pytest.param("public", OPEN, id="no version from outside is looked for"),
        ],
    )
    def test_other_changes_need_no_second_look(
        self, stage: OriginStage, namespace: str, current: Restrictions
    ) -> None:
        """They end with the write."""
        deliver(stage, event(stage.put(named(namespace), current)))
        assert stage.notices.announced
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


class TestFailures:
    """What fails comes back; the next delivery ends the work."""

    @pytest.mark.parametrize("operation", [LOOK, WRITE, LIST, ARCHIVE])
    def test_throttling_keeps_the_message(self, stage: OriginStage, operation: str) -> None:
        """Nothing is retried inside."""
        package = stage.put(named(), OPEN, version("9.9"))

        def throttle(called: str) -> None:
            if called == operation:
                raise throttled(called)

        stage.codeartifact.before = throttle
        assert deliver(stage, event(package)) == ["m0"]
        stage.codeartifact.before = lambda _: None
        assert deliver(stage, event(package)) == []
        assert stage.restrictions(package) == INTERNAL
        assert stage.codeartifact.statuses(package) == {"9.9": "Archived"}

    @pytest.mark.parametrize("operation", [LOOK, WRITE, LIST, ARCHIVE])
    def test_a_package_that_vanishes_is_nothing_to_do(
        self, stage: OriginStage, lines: Lines, operation: str
    ) -> None:
        """Whenever it happens."""
        package = stage.put(named(), OPEN, version("9.9"))

        def vanish(called: str) -> None:
            if called == operation:
                raise not_found(called)

        stage.codeartifact.before = vanish
        assert deliver(stage, event(package)) == []
        (line,) = lines.of("nothing to do")
        assert line["reason"] == "the package or its repository does not exist"

    @pytest.mark.parametrize("use", ["exemptions", "record"])
    def test_without_the_ledger_nothing_is_changed(self, stage: OriginStage, use: str) -> None:
        """What cannot be undone is not done."""
        package = stage.put(named(), OPEN)
        outside = stage.put(named(name="other"), INTERNAL, version("9.9"))

        def fail(called: str) -> None:
            if called == use:
                raise LedgerError(called, "ProvisionedThroughputExceeded", "of a test")

        stage.ledger.before = fail
        assert deliver(stage, event(package), event(outside)) == ["m0", "m1"]
        assert stage.restrictions(package) == OPEN
        assert stage.codeartifact.statuses(outside) == {"9.9": "Published"}
        assert stage.notices.announced == []

    @pytest.mark.parametrize("use", ["told", "mark_told"])
    def test_if_nobody_knows_what_was_told_the_message_comes_back(
        self, stage: OriginStage, use: str
    ) -> None:
        """A person is told at least once."""
        package = stage.put(named("reported"), INTERNAL, version("9.9"))

        def fail(called: str) -> None:
            if called == use:
                raise LedgerError(called, "InternalServerError", "of a test")

        stage.ledger.before = fail
        assert deliver(stage, event(package)) == ["m0"]
        stage.ledger.before = lambda _: None
        assert deliver(stage, event(package)) == []
        assert stage.attention.messages

    def test_one_bad_package_holds_up_no_other(self, stage: OriginStage) -> None:
        """Nor does a message that nobody understands."""
        good, bad = stage.put(named(), OPEN), stage.put(named("reported"), INTERNAL, version("1"))

        def fail(called: str) -> None:
            if called == "told":
                raise LedgerError(called, "InternalServerError", "of a test")

        stage.ledger.before = fail
        assert deliver(stage, "{}", event(bad), event(good)) == ["m0", "m1"]
        assert stage.restrictions(good) == INTERNAL


class TestHandler:
    """What Lambda calls."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
        """The environment as the template sets it, with a policy for my-company."""
        path = tmp_path / "policy.json"
        sections = ("snapshots", "origins", "groups", "promotions")
        policy: dict[str, object] = {"digest": "x", "domain": "my-company"}
        path.write_text(json.dumps(policy | {section: [] for section in sections}))
        for name, value in {
            "STEWARD_MODE": "observe",
            "STEWARD_POLICY": str(path),
            "STEWARD_QUEUE_URL": "http://127.0.0.1:1/queue",
            "STEWARD_DOMAIN": "my-company",
            "STEWARD_LEDGER_TABLE": "ledger",
            "STEWARD_ATTENTION_TOPIC": "",
            "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": "012345678901",
            "AWS_SECRET_ACCESS_KEY": "x",
        }.items():
            monkeypatch.setenv(name, value)
        app.collaborators.cache_clear()
        yield
        app.collaborators.cache_clear()

    def test_it_answers_with_the_messages_that_failed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing else is in the answer, and the metrics are written."""
        assert app.handler(batch(event(named()), "{}"), None) == {
            "batchItemFailures": [{"itemIdentifier": "m1"}]
        }
        metrics = [
            json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line
        ]
        assert any(2.0 in one.get("MessagesReceived", []) for one in metrics)

    @pytest.mark.parametrize(
        ("milliseconds", "failed"), [(10_001, []), (10_000, [{"itemIdentifier": "m0"}])]
    )
    def test_it_stops_before_lambda_stops_it(
        self, milliseconds: int, failed: list[dict[str, str]]
    ) -> None:
        """The context says how much time is left."""

        class Invocation:
            def get_remaining_time_in_millis(self) -> int:
                return milliseconds

        answer = app.handler(batch(event(named())), Invocation())
        assert answer == {"batchItemFailures": failed}

    @pytest.mark.parametrize(
        ("mode", "gateway", "ledger"),
        [
            ("observe", ObservedCodeArtifact, ObservedLedger),
            ("enforce", CodeArtifactService, DynamoDbLedger),
        ],
    )
    def test_the_mode_chooses_the_gateway_and_the_ledger(
        self, mode: str, gateway: type, ledger: type, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There is no other switch."""
        monkeypatch.setenv("STEWARD_MODE", mode)
        assert isinstance(app.collaborators().codeartifact, gateway)
        assert isinstance(app.collaborators().ledger, ledger)

    @pytest.mark.parametrize(
        ("name", "value", "error"),
        [
            pytest.param("STEWARD_MODE", "dry-run", SettingsError, id="an unknown mode"),
            pytest.param("STEWARD_QUEUE_URL", "", SettingsError, id="no queue"),
            pytest.param("STEWARD_LEDGER_TABLE", "", SettingsError, id="no ledger"),
            pytest.param(
                "STEWARD_DOMAIN", "other", SettingsError, id="a policy for another domain"
            ),
            pytest.param("STEWARD_POLICY", "/nowhere.json", PolicyError, id="no policy"),
        ],
    )
    def test_a_wrong_environment_fails_every_batch(
        self,
        name: str,
        value: str,
        error: type[Exception],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Loudly: doing nothing would look like having nothing to do."""
        monkeypatch.setenv(name, value)
        with pytest.raises(error):
            app.handler(batch(event(named())), None)
