"""The whole automation but AWS: messages in, a package afterwards, and what was said about it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.codeartifact import CodeArtifact, CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import Package
from steward.errors import LedgerError, QueueError
from steward.events import look_again
from steward.ledger import Exemption, StatusChange
from steward.patterns import parse
from steward.policy import Policy, SnapshotRule
from tests.unit.fake_codeartifact import FakeClient, package, refused
from tests.unit.fake_origin_domain import FakeLedger
from tests.unit.logged_lines import Lines
from tests.unit.recorders import RecordingQueue, UnlistedVersions
from tests.unit.test_batches import EVENT as CREATED
from tests.unit.test_batches import batch, failures
from unlist_snapshot_builds import app

NOW = datetime(2021, 7, 28, 20, 0, 0, tzinfo=UTC)
RULE = SnapshotRule("snapshots[0]", (parse("/maven/com.mycompany~"),), ("*",), timedelta(hours=1))

OLD = "1.0-20210728.180000-1"
NEWEST = "1.0-20210728.195000-4"
STALE = {OLD: "Published", NEWEST: "Unlisted", "1.0-SNAPSHOT": "Published"}


class Stage:
    """The automation with everything around it replaced by something that remembers."""

    def __init__(self, client: FakeClient, *, now: datetime = NOW, observe: bool = False) -> None:
        self.client = client
        self.now = now
        self.own_queue = RecordingQueue()
        self.ledger = FakeLedger(lambda: self.now)
        self.notices = UnlistedVersions()
        service: CodeArtifact = CodeArtifactService(client.as_client)
        self.codeartifact = ObservedCodeArtifact(service) if observe else service

    def deliver(self, *bodies: str) -> list[str]:
        """Run the automation on messages with *bodies*; return the ids of those that failed."""
        to = app.Collaborators(
            codeartifact=self.codeartifact,
            policy=Policy("digest", "my-company", (RULE,)),
            ledger=self.ledger,
            own_queue=self.own_queue,
            notices=self.notices,
            now=lambda: self.now,
        )
        return failures(app.unlist_in_batch(batch(*bodies), to))


def test_an_event_leads_to_an_unlisted_build(lines: Lines) -> None:
    """The main line: one list, one update, one announcement, one line a decision."""
    stage = Stage(FakeClient(STALE))
    assert stage.deliver(CREATED) == []
    assert stage.client.statuses == STALE | {OLD: "Unlisted"}
    assert stage.notices.announced == [OLD]
    (decision,) = lines.of("stale")
    assert decision["version"] == OLD
    assert decision["replaced_by"] == NEWEST
    assert decision["reason"] == "a newer complete build exists"
    assert decision["rule"] == "snapshots[0]"
    assert decision["repository"] == "my-maven-repo"
    assert decision["namespace"] == "com.mycompany.app"
    assert decision["package"] == "pkg-1"


def test_a_thousand_events_for_a_package_cost_one_list_and_one_update() -> None:
    """The number of events in a batch does not matter."""
    stage = Stage(FakeClient(STALE))
    assert stage.deliver(*[CREATED] * 1000) == []
    assert (len(stage.client.lists), len(stage.client.updates)) == (1, 1)


def test_a_second_look_changes_nothing() -> None:
    """Doubled events do no harm: one more list, nothing written, nothing announced."""
    stage = Stage(FakeClient(STALE))
    stage.deliver(CREATED)
    stage.deliver(CREATED)
    assert (len(stage.client.lists), len(stage.client.updates)) == (2, 1)
    assert stage.notices.announced == [OLD]


def test_observe_mode_logs_the_same_decisions_and_changes_nothing(lines: Lines) -> None:
    """What enforce mode would do can be read in the log."""
    stage = Stage(FakeClient(STALE), observe=True)
    assert stage.deliver(CREATED) == []
    assert stage.client.statuses == STALE
    assert stage.notices.announced == []
    assert [line["version"] for line in lines.of("stale")] == [OLD]
    assert lines.of("unlisted") == []


def test_what_was_unlisted_is_logged_in_lines_of_bearable_length(lines: Lines) -> None:
    """A hundred versions a line, every version once."""
    builds = {f"1.0-20210728.180000-{number}": "Published" for number in range(1, 252)}
    Stage(FakeClient(builds)).deliver(CREATED)
    logged = [line["versions"] for line in lines.of("unlisted")]
    assert [len(versions) for versions in logged if isinstance(versions, list)] == [100, 100, 50]


def test_ten_thousand_versions_cost_ten_lists_and_a_hundred_updates() -> None:
    """One list per 1,000 versions, one update per 100 stale builds."""
    builds = {f"1.0-20210728.180000-{number}": "Published" for number in range(1, 10_001)}
    stage = Stage(FakeClient(builds))
    assert stage.deliver(CREATED) == []
    assert (len(stage.client.lists), len(stage.client.updates)) == (10, 100)
    left = [version for version, status in stage.client.statuses.items() if status == "Published"]
    assert left == ["1.0-20210728.180000-10000"]


def test_a_package_without_a_rule_is_not_even_read(lines: Lines) -> None:
    """No call, and the log says why."""
    stage = Stage(FakeClient(STALE))
    assert stage.deliver(look_again(package(namespace="org.other"))) == []
    assert stage.client.lists == []
    (line,) = lines.of("nothing to do")
    assert line["reason"] == "no snapshots rule applies to this package"


def test_nothing_to_do_is_said_with_a_reason(lines: Lines) -> None:
    """A package in order leaves one line."""
    stage = Stage(FakeClient({"1.0-SNAPSHOT": "Published", NEWEST: "Unlisted"}))
    assert stage.deliver(CREATED) == []
    assert stage.client.updates == []
    (line,) = lines.of("nothing to do")
    assert line["reason"] == "no build is published or unfinished"


def test_a_kept_build_is_said_with_a_reason(lines: Lines) -> None:
    """The newest build stays, and the log says that somebody looked."""
    stage = Stage(FakeClient({NEWEST: "Published"}))
    stage.deliver(CREATED)
    (line,) = lines.of("kept")
    assert (line["version"], line["reason"]) == (NEWEST, "no newer complete build")


@pytest.mark.parametrize("operation", ["ListPackageVersions", "UpdatePackageVersionsStatus"])
def test_a_package_deleted_meanwhile_is_nothing_to_do(operation: str, lines: Lines) -> None:
    """Whether before the list or before the update: no failure, and the log says it."""
    stage = Stage(FakeClient(STALE))

    def delete(called: str) -> None:
        if called == operation:
            raise refused(called, "ResourceNotFoundException")

    stage.client.before = delete
    assert stage.deliver(CREATED) == []
    (line,) = lines.of("nothing to do")
    assert line["reason"] == "the package or its repository does not exist"


def test_a_build_that_somebody_changed_meanwhile_is_left_and_reported(lines: Lines) -> None:
    """The other stale build is unlisted nevertheless."""
    other = "1.0-20210728.190000-2"
    stage = Stage(FakeClient(STALE | {other: "Published"}))

    def archive(operation: str) -> None:
        if operation == "UpdatePackageVersionsStatus":
            stage.client.statuses[OLD] = "Archived"

    stage.client.before = archive
    assert stage.deliver(CREATED) == []
    assert stage.client.statuses[OLD] == "Archived"
    assert stage.client.statuses[other] == "Unlisted"
    (line,) = lines.of("refused")
    assert (line["version"], line["code"]) == (OLD, "MISMATCHED_STATUS")
    assert stage.notices.announced == [other]


def exempt(stage: Stage, version: str | None, *, days: int = 7) -> None:
    """A person has exempted *version* for so many days from now."""
    until = stage.now + timedelta(days=days)
    stage.ledger.exempt(
        Exemption(package(), version, "snapshots[0]", "jo", "in use", stage.now, until)
    )


def test_an_exempt_build_is_left_alone_and_the_others_go(lines: Lines) -> None:
    """The log says until when and why, but not who: that may be an address of a person."""
    other = "1.0-20210728.190000-2"
    stage = Stage(FakeClient(STALE | {other: "Published"}))
    exempt(stage, OLD)
    assert stage.deliver(CREATED) == []
    assert stage.client.statuses == STALE | {other: "Unlisted"}
    assert stage.notices.announced == [other]
    assert [one.version for one in stage.ledger.recorded if isinstance(one, StatusChange)] == [
        other
    ]
    (line,) = lines.of("kept")
    assert (line["version"], line["until"]) == (OLD, "2021-08-04T20:00:00+00:00")
    assert line["why"] == "in use"
    assert "jo" not in line.values()


@pytest.mark.parametrize(
    ("version", "days"),
    [
        pytest.param(OLD, 0, id="one that has ended"),
        pytest.param(NEWEST, 7, id="another build's"),
        pytest.param(None, 7, id="the restrictions'"),
    ],
)
def test_another_exemption_keeps_no_build(version: str | None, days: int) -> None:
    """It holds for one version, until its end."""
    stage = Stage(FakeClient(STALE))
    exempt(stage, version, days=days)
    assert stage.deliver(CREATED) == []
    assert stage.client.statuses[OLD] == "Unlisted"


def test_exemptions_are_read_only_if_a_build_is_stale() -> None:
    """A package in order costs no read of the ledger."""
    stage = Stage(FakeClient({NEWEST: "Published"}))
    stage.deliver(CREATED)
    assert stage.ledger.reads == []
    stage.client.statuses[OLD] = "Published"
    stage.deliver(CREATED)
    assert stage.ledger.reads == ["exemptions"]


def test_a_change_is_recorded_before_it_is_made() -> None:
    """With the status that the build had, so that it can be put back."""
    fresh = "1.0-20210728.180100-2"
    stage = Stage(FakeClient(STALE | {fresh: "Unfinished"}))
    recorded: list[int] = []

    def look(operation: str) -> None:
        if operation == "UpdatePackageVersionsStatus":
            recorded.append(len(stage.ledger.recorded))

    stage.client.before = look
    stage.deliver(CREATED)
    assert recorded == [2, 2]
    by = ("snapshots[0]", "unlist_snapshot_builds", NOW)
    assert stage.ledger.recorded == [
        StatusChange(package(), OLD, "Published", "Unlisted", *by),
        StatusChange(package(), fresh, "Unfinished", "Unlisted", *by),
    ]


@pytest.mark.parametrize("use", ["exemptions", "record"])
def test_without_the_ledger_nothing_is_changed(use: str) -> None:
    """The message comes back."""
    stage = Stage(FakeClient(STALE))

    def fail(called: str) -> None:
        if called == use:
            raise LedgerError("Query", "ThrottlingException", "of a test")

    stage.ledger.before = fail
    assert stage.deliver(CREATED) == ["m0"]
    assert stage.client.statuses == STALE


def test_throttling_keeps_the_message_and_the_next_delivery_ends_the_work() -> None:
    """Nothing is retried inside; the queue brings the package back."""
    stage = Stage(FakeClient(STALE))

    def throttle(operation: str) -> None:
        raise refused(operation, "ThrottlingException")

    stage.client.before = throttle
    assert stage.deliver(CREATED, CREATED) == ["m0", "m1"]
    stage.client.before = lambda _: None
    assert stage.deliver(CREATED) == []
    assert stage.client.statuses[OLD] == "Unlisted"


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        pytest.param("ThrottlingException", ["m0"], id="throttled"),
        pytest.param("ResourceNotFoundException", [], id="deleted"),
    ],
)
def test_what_was_done_before_an_interruption_is_announced(code: str, failed: list[str]) -> None:
    """The next look would not see it as stale any more, so nobody else would announce it."""
    builds = {f"1.0-20210728.180000-{number}": "Published" for number in range(1, 202)}
    stage = Stage(FakeClient(builds))

    def interrupt(operation: str) -> None:
        if len(stage.client.updates) == 2:
            raise refused(operation, code)

    stage.client.before = interrupt
    assert stage.deliver(CREATED) == failed
    assert len(stage.notices.announced) == 100
    stage.client.before = lambda _: None
    stage.deliver(CREATED)
    assert len(stage.notices.announced) == len(set(stage.notices.announced)) == 200


@pytest.mark.parametrize(
    ("now", "delay", "by"),
    [
        pytest.param(
            datetime(2021, 7, 28, 20, 45, tzinfo=UTC),
            timedelta(seconds=52),
            "a delayed message",
            id="52 seconds left",
        ),
        pytest.param(
            datetime(2021, 7, 28, 20, 30, 52, tzinfo=UTC),
            timedelta(minutes=15),
            "a delayed message",
            id="exactly 15 minutes left",
        ),
        pytest.param(
            datetime(2021, 7, 28, 20, 30, 51, tzinfo=UTC),
            None,
            "the next event or sweep",
            id="a second more than SQS can wait",
        ),
    ],
)
def test_an_unfinished_build_is_looked_at_again_when_its_grace_ends(
    now: datetime, delay: timedelta | None, by: str, lines: Lines
) -> None:
    """A delayed message if SQS can wait so long, else what comes next; the log says which."""
    fresh = "1.0-20210728.194552-3"
    stage = Stage(FakeClient({fresh: "Unfinished", NEWEST: "Unlisted"}), now=now)
    assert stage.deliver(CREATED) == []
    assert stage.client.updates == []
    assert stage.own_queue.sent == ([(package(), delay)] if delay else [])
    (waiting,) = lines.of("waiting until")
    assert waiting["until"] == "2021-07-28T20:45:52+00:00"
    (line,) = lines.of("look again")
    assert line["by"] == by


def test_the_second_look_unlists_the_build_that_waited() -> None:
    """The delayed message is delivered when the grace has ended."""
    fresh = "1.0-20210728.194552-3"
    stage = Stage(FakeClient({fresh: "Unfinished", NEWEST: "Unlisted"}))
    stage.now = datetime(2021, 7, 28, 20, 40, tzinfo=UTC)
    stage.deliver(CREATED)
    ((waiting, delay),) = stage.own_queue.sent
    stage.now += delay
    assert stage.deliver(look_again(waiting)) == []
    assert stage.client.statuses[fresh] == "Unlisted"
    assert len(stage.own_queue.sent) == 1


def test_a_queue_that_refuses_the_delayed_message_keeps_the_event() -> None:
    """Otherwise nobody would look again."""
    stage = Stage(FakeClient({"1.0-20210728.195500-3": "Unfinished", NEWEST: "Unlisted"}))
    stage.now = datetime(2021, 7, 28, 20, 54, tzinfo=UTC)
    stage.client.statuses["1.0-20210728.195600-5"] = "Unlisted"

    class FullQueue:
        def look_again(self, package: Package, *, after: timedelta) -> None:
            raise QueueError("SendMessage", "OverLimit", f"{package} after {after}")

    stage.own_queue = FullQueue()  # type: ignore[assignment]  # it remembers nothing
    assert stage.deliver(CREATED) == ["m0"]


def test_malformed_messages_do_not_hold_up_the_others() -> None:
    """They stay on the queue alone."""
    stage = Stage(FakeClient(STALE))
    assert stage.deliver("{}", CREATED, "no JSON") == ["m0", "m2"]
    assert stage.client.statuses[OLD] == "Unlisted"


BUILDS = [f"1.0-20210728.18{minute:02}00-{minute + 1}" for minute in range(8)]


@settings(max_examples=50)
@given(
    publishes=st.lists(
        st.tuples(st.sampled_from(BUILDS), st.sampled_from(["Published", "Unfinished"])),
        max_size=12,
    ),
    data=st.data(),
)
def test_any_history_of_events_ends_in_the_state_of_the_rule(
    publishes: list[tuple[str, str]], data: st.DataObject
) -> None:
    """
    Events doubled, late or lost do no harm: one more event, and the rule holds.

    The builds' grace has ended long ago, so every published or unfinished build but those from the
    newest complete one on ends as Unlisted.
    """
    stage = Stage(FakeClient({}))
    for version, status in publishes:
        stage.client.statuses.setdefault(version, status)
        for _ in range(data.draw(st.integers(0, 2), label="deliveries of this event")):
            stage.deliver(CREATED)
    stage.deliver(CREATED)
    statuses = stage.client.statuses
    complete = [version for version in statuses if statuses[version] != "Unfinished"]
    newest = max(complete, default="")
    assert all(statuses[version] == "Unlisted" for version in statuses if version < newest)
    updates = len(stage.client.updates)
    stage.deliver(CREATED)
    assert len(stage.client.updates) == updates
