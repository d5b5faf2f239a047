"""The whole automation but AWS: messages in, a package afterwards, and what was said about it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from enforce_origin_controls.telling import REMINDER
from steward.codeartifact import AssociatedGroup
from steward.coordinates import Origin, Restrictions
from steward.errors import LedgerError
from steward.ledger import RestrictionsChange
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
from tests.unit.logged_lines import Lines
from tests.unit.origin_messages import (
    ARCHIVE,
    AUTOMATION,
    GROUP,
    LIST,
    LOOK,
    WRITE,
    deliver,
    event,
    stage,
)

__all__ = ["stage"]


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
