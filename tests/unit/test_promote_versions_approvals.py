"""Approvals and rejections: what changes in a record, what is ignored, who has the last word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promote_versions import approvals
from promote_versions.approval_decision import Ignored, answered
from promote_versions.approvals import Collaborators, approve_in_batch
from promote_versions.messages import ApprovalMessage, approval_body
from promote_versions.records import Approval, ApprovalDecision, Record, RecordsError, State
from promote_versions.records_table import DynamoDbRecords
from steward import patterns
from steward.coordinates import Package
from steward.errors import PolicyError, QueueError, SettingsError
from steward.policy import Policy
from steward.promotion_rules import PromotionRule, Requirements
from steward.purls import parse_purl
from tests.unit.fake_records import NOW, REQUESTS, RULE, FakeRecords, approval, record
from tests.unit.logged_lines import Lines

ARN = "arn:aws:sqs:us-west-2:012345678901:ApprovalsQueue"
SECOND = timedelta(seconds=1)


def message(
    decision: ApprovalDecision = "approve",
    *,
    version: str = "1.0",
    rule: str = RULE,
    reason: str = "read it",
    revision: str | None = None,
) -> ApprovalMessage:
    """Return what a person asks for."""
    return ApprovalMessage(
        parse_purl(f"pkg:pypi/Requests@{version}"), rule, decision, reason, revision
    )


def queued(
    body: str | ApprovalMessage,
    *,
    who: str | None = "AIDAONE",
    at: datetime | None = NOW,
    number: int = 0,
) -> dict[str, object]:
    """Return a message of SQS as Lambda gets it."""
    attributes = {
        "SenderId": who,
        "SentTimestamp": None if at is None else str(int(at.timestamp() * 1000)),
    }
    return {
        "messageId": f"m{number}",
        "body": body if isinstance(body, str) else approval_body(body),
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "eventSourceARN": ARN,
    }


def batch(*records: dict[str, object]) -> dict[str, object]:
    """Return a batch in which the messages have ids m0, m1, ..."""
    return {"Records": [{**one, "messageId": f"m{number}"} for number, one in enumerate(records)]}


@dataclass
class Promotions:
    """The judge's queue: which packages it was to look at."""

    looks: list[Package] = field(default_factory=list)
    error: Exception | None = None

    def look(
        self, *packages: Package, request: str | None = None, policy_digest: str | None = None
    ) -> None:
        """Remember them."""
        assert request is policy_digest is None
        if self.error:
            raise self.error
        self.looks += packages

    def recheck(self, *packages: Package) -> None:
        """Be asked for no such thing."""
        raise AssertionError(packages)

    def continue_recheck(self, after: str) -> None:
        """Be asked for no such thing."""
        raise AssertionError(after)

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """Be asked for no such thing."""
        raise AssertionError(package, after)


def policy(*names: str) -> Policy:
    """Return a policy with promotion rules of these names for everything in PyPI."""
    rules = tuple(
        PromotionRule(
            name=name,
            packages=(patterns.parse("/pypi/*"),),
            source="pypi-intake",
            to="pypi-approved",
            require=Requirements(),
            include_dependencies=False,
            recall="report",
            digest="5" * 64,
        )
        for name in names
    )
    return Policy("0" * 64, "my-company", (), (), None, rules)


def collaborators(records: FakeRecords, promotions: Promotions | None = None) -> Collaborators:
    """Return what the function talks to."""
    return Collaborators(policy(RULE), records, promotions or Promotions(), lambda: NOW)


def failed(response: object) -> list[str]:
    """Return the ids of the messages that stay on the queue."""
    assert isinstance(response, dict)
    return [one["itemIdentifier"] for one in response["batchItemFailures"]]


def test_an_approval_is_written_into_the_record_and_the_package_looked_at() -> None:
    """Who and when are what SQS says; the record is due, so that nothing is lost with the look."""
    records, promotions = FakeRecords().holding(record(asked=True)), Promotions()
    done = approve_in_batch(batch(queued(message())), collaborators(records, promotions))
    assert failed(done) == []
    kept = records.only()
    at = NOW.replace(microsecond=123_000)  # SQS counts milliseconds
    assert kept.approval == Approval("approve", "AIDAONE", "read it", at, "R1")
    assert (kept.state, kept.due, kept.asked) == ("held", at, True)
    assert "AIDAONE" in kept.reason
    assert promotions.looks == [REQUESTS]


@pytest.mark.parametrize(
    ("before", "asked", "state"),
    [
        pytest.param(record(), message(), "held", id="a held one is approved"),
        pytest.param(record(), message("reject"), "held", id="a held one is rejected"),
        pytest.param(
            record(state="approved"),
            message("reject"),
            "held",
            id="one that is not copied yet is stopped",
        ),
        pytest.param(
            record(state="copied", copied_at=NOW),
            message("reject"),
            "copied",
            id="a promoted one is rejected: the judge recalls it",
        ),
        pytest.param(
            record(state="copied", copied_at=NOW, approval=approval("reject", at=NOW - SECOND)),
            message(),
            "copied",
            id="the rejection of a promoted one is taken back",
        ),
        pytest.param(
            record(state="recalled"), message(), "recalled", id="a recalled one: the judge decides"
        ),
        pytest.param(
            record(state="refused"),
            message("reject"),
            "refused",
            id="a refused one is rejected too",
        ),
        pytest.param(
            record(state="refused", approval=approval("reject", at=NOW - SECOND)),
            message(),
            "held",
            id="what a person refused can be approved",
        ),
        pytest.param(
            record(state="refused", approval=approval("reject", at=NOW - SECOND, revision="R0")),
            message(),
            "held",
            id="what a person refused can be approved, at a later revision too",
        ),
        pytest.param(record(), message(revision="R1"), "held", id="the revision that is held"),
        pytest.param(
            record(decided_at=NOW + SECOND),
            message(revision="R1"),
            "held",
            id="the revision that is held, judged again since",
        ),
        pytest.param(
            record(decided_at=NOW),
            message(),
            "held",
            id="no revision, in the moment of the judgement",
        ),
        pytest.param(
            record(decided_at=NOW + SECOND),
            message("reject"),
            "held",
            id="a rejection means whatever comes",
        ),
        pytest.param(
            record(state="approved", approval=approval(at=NOW - SECOND)),
            message(reason="me too"),
            "approved",
            id="a second person approves as well",
        ),
    ],
)
def test_what_counts_is_recorded(before: Record, asked: ApprovalMessage, state: State) -> None:
    """With who said it; the state is what makes the judge and the copier do the right thing."""
    after = answered(before, asked, who="me", at=NOW, now=NOW + SECOND)
    assert isinstance(after, Record)
    assert after.approval == Approval(asked.decision, "me", asked.reason, NOW, "R1")
    assert after.state == state
    changed = (before.state, before.due) != (after.state, after.due)
    assert after.due == (NOW if state == "held" else before.due)
    assert changed == (state == "held")


@pytest.mark.parametrize(
    ("before", "asked", "reason"),
    [
        pytest.param(None, message(), "never held", id="nothing is known of the version"),
        pytest.param(None, message("reject"), "never held", id="nor can it be rejected"),
        pytest.param(record(), message(revision="R2"), "judged R1", id="another revision"),
        pytest.param(
            record(decided_at=NOW + timedelta(milliseconds=1)),
            message(),
            "approve revision R1",
            id="no revision, and what was held when it was sent may have been another one",
        ),
        pytest.param(
            record(state="refused", approval=approval("reject", at=NOW + SECOND, revision="R0")),
            message(),
            "decided later: reject",
            id="an approval from before the rejection of an earlier revision",
        ),
        pytest.param(
            record(approval=approval("reject", at=NOW + SECOND)),
            message(),
            "decided later: reject",
            id="an approval from before the rejection",
        ),
        pytest.param(
            record(approval=approval("reject")),
            message(),
            "decided later: reject",
            id="an approval of the moment of the rejection",
        ),
        pytest.param(
            record(state="copied", approval=approval(at=NOW + SECOND)),
            message("reject"),
            "decided later: approve",
            id="a rejection from before the approval",
        ),
        pytest.param(record(state="copied"), message(), "promoted already", id="it is promoted"),
        pytest.param(record(state="approved"), message(), "approved already", id="it is approved"),
        pytest.param(
            record(state="refused", reason="MAL-2026-1"),
            message(),
            "MAL-2026-1",
            id="a gate refuses it, and a person cannot change that",
        ),
    ],
)
def test_what_does_not_count_is_ignored(
    before: Record | None, asked: ApprovalMessage, reason: str
) -> None:
    """With a reason, and without a look."""
    ignored = answered(before, asked, who="me", at=NOW, now=NOW)
    assert isinstance(ignored, Ignored)
    assert reason in ignored.reason
    assert not ignored.look


def test_what_was_said_before_stays_in_the_record() -> None:
    """A rejection that somebody has overruled: who rejected it, why and when; the last ten."""
    rejected = approval("reject", who="SEC", reason="SEC-1234", at=NOW - SECOND)
    after = answered(record(approval=rejected), message(), who="me", at=NOW, now=NOW)
    assert isinstance(after, Record)
    assert after.earlier == (rejected,)
    for number in range(1, 12):
        at = NOW + number * SECOND
        again = answered(after, message("reject"), who=f"P{number}", at=at, now=at)
        assert isinstance(again, Record)
        after = again
    assert [one.who for one in after.earlier] == [f"P{number}" for number in range(1, 11)]


def test_the_record_is_due_at_the_earlier_of_two_clocks() -> None:
    """SQS's clock may be ahead of the function's, or far behind."""
    for at in (NOW - SECOND, NOW + SECOND):
        after = answered(record(), message(), who="me", at=at, now=NOW)
        assert isinstance(after, Record)
        assert after.due == min(at, NOW)


@given(
    st.lists(
        st.tuples(st.sampled_from(["approve", "reject"]), st.integers(0, 3)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["held", "approved", "copied", "recalled"]),
)
def test_the_order_of_delivery_does_not_matter_to_a_rejection(
    said: list[tuple[ApprovalDecision, int]], state: State
) -> None:
    """
    However messages are ordered and doubled, the last word by time of sending counts.

    Only the approval of what is approved or promoted, without a word from anybody before, may get
    lost; a rejection never is.
    """
    last = max(said, key=lambda one: (one[1], one[0] == "reject"))[0]
    for order in permutations(said):
        now = record(state=state)
        for decision, seconds in (*order, *order):
            at = NOW + seconds * SECOND
            after = answered(now, message(decision), who="me", at=at, now=NOW)
            now = now if isinstance(after, Ignored) else after
        if last == "reject":
            assert now.approval is not None
            assert now.approval.decision == "reject"
            assert now.state != "approved"
        elif state in ("held", "recalled"):
            assert now.approval is not None
            assert now.approval.decision == "approve"


def test_a_message_that_comes_twice_is_written_once() -> None:
    """It is ignored the second time, but for the look: the first one may not have been sent."""
    records = FakeRecords().holding(record())
    broken = Promotions(error=QueueError("SendMessageBatch", "InternalError", "try again"))
    assert failed(approve_in_batch(batch(queued(message())), collaborators(records, broken))) == [
        "m0"
    ]
    serial = records.only().serial
    promotions = Promotions()
    assert (
        failed(approve_in_batch(batch(queued(message())), collaborators(records, promotions))) == []
    )
    assert records.only().serial == serial
    assert promotions.looks == [REQUESTS]


def test_several_approvals_of_a_package_are_one_look() -> None:
    """Of a batch."""
    records, promotions = FakeRecords().holding(record("1.0"), record("1.1")), Promotions()
    event = batch(queued(message(version="1.0")), queued(message(version="1.1")))
    assert failed(approve_in_batch(event, collaborators(records, promotions))) == []
    assert all(one.approval for one in records.held.values())
    assert promotions.looks == [REQUESTS]


def test_the_judge_may_write_the_record_at_the_same_time() -> None:
    """Neither's write is lost: the record is read again."""
    records = FakeRecords().holding(record())

    def judged() -> None:
        records.before_put = lambda: None
        records.put(replace(records.only(), asked=True, reason="waits for a person"))

    records.before_put = judged
    assert failed(approve_in_batch(batch(queued(message())), collaborators(records))) == []
    assert records.only().asked
    assert records.only().approval is not None


def test_what_the_judge_writes_meanwhile_is_decided_on() -> None:
    """A version that a gate refused a moment ago is not approved by what was sent before."""
    records, promotions = FakeRecords().holding(record()), Promotions()

    def judged() -> None:
        records.before_put = lambda: None
        records.put(replace(records.only(), state="refused", reason="MAL-2026-1"))

    records.before_put = judged
    assert (
        failed(approve_in_batch(batch(queued(message())), collaborators(records, promotions))) == []
    )
    assert (records.only().state, records.only().approval) == ("refused", None)
    assert promotions.looks == []


def test_a_record_that_is_always_written_by_others_comes_back_later() -> None:
    """After five attempts."""
    records = FakeRecords().holding(record())

    def judged() -> None:
        before, records.before_put = records.before_put, lambda: None
        records.put(records.only())
        records.before_put = before

    records.before_put = judged
    assert failed(approve_in_batch(batch(queued(message())), collaborators(records))) == ["m0"]
    assert records.only().serial == 6
    assert records.only().approval is None


def test_a_table_that_fails_keeps_the_messages() -> None:
    """All of the package."""

    def fail(_: str) -> None:
        raise RecordsError("GetItem", "InternalServerError", "try again")

    records = FakeRecords(before=fail)
    event = batch(queued(message()), queued(message(version="1.1")))
    assert failed(approve_in_batch(event, collaborators(records))) == ["m0", "m1"]


def test_without_time_left_the_messages_are_put_off() -> None:
    """Nothing is written."""
    records = FakeRecords().holding(record())
    done = approve_in_batch(
        batch(queued(message())), collaborators(records), time_left=lambda: False
    )
    assert failed(done) == ["m0"]
    assert records.only().approval is None


BODY = json.loads(approval_body(message()))


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(queued(json.dumps({**BODY, "who": "the boss"})), id="the body says who"),
        pytest.param(queued(json.dumps({**BODY, "at": "2020-01-01"})), id="the body says when"),
        pytest.param(queued(message(), who=None), id="no sender"),
        pytest.param(queued(message(), at=None), id="no time of sending"),
        pytest.param({**queued(message()), "eventSourceARN": "queue"}, id="no queue"),
        pytest.param(queued("approve requests, please"), id="no JSON"),
    ],
)
def test_a_malformed_approval_fails_alone(one: dict[str, object]) -> None:
    """It ends in the dead-letter queue; the others are written."""
    records = FakeRecords().holding(record())
    done = approve_in_batch(batch(one, queued(message())), collaborators(records))
    assert failed(done) == ["m0"]
    assert records.only().approval is not None


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        pytest.param(message(rule="another"), "no such rule", id="no such rule"),
        pytest.param(message(version="9.9"), "never held", id="never held"),
    ],
)
def test_what_is_ignored_is_logged_and_no_failure(
    asked: ApprovalMessage, reason: str, lines: Lines
) -> None:
    """With who wanted what, and why not."""
    records, promotions = FakeRecords().holding(record()), Promotions()
    done = approve_in_batch(batch(queued(asked)), collaborators(records, promotions))
    assert failed(done) == []
    (line,) = lines.of("approval ignored")
    assert reason in str(line["reason"])
    assert (line["who"], line["rule"]) == ("AIDAONE", asked.rule)
    assert promotions.looks == []


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_what_is_written_is_logged(decision: ApprovalDecision, lines: Lines) -> None:
    """With who, the rule and the version; what they wrote is in the record alone."""
    records = FakeRecords().holding(record())
    event = batch(queued(message(decision, reason="it says hunter2")))
    approve_in_batch(event, collaborators(records))
    (line,) = lines.of({"approve": "approved", "reject": "rejected"}[decision])
    assert (line["who"], line["rule"], line["version"]) == ("AIDAONE", RULE, "1.0")
    assert "hunter2" not in str(line)


ENVIRONMENT = {
    "STEWARD_MODE": "observe",
    "STEWARD_QUEUE_URL": "approvals",
    "STEWARD_PROMOTIONS_QUEUE_URL": "promotions",
    "STEWARD_PROMOTIONS_TABLE": "records",
    "STEWARD_DOMAIN": "my-company",
}
COMPILED: dict[str, object] = {
    "digest": "0" * 64,
    "domain": "my-company",
    "snapshots": [],
    "origins": [],
    "groups": None,
    "promotions": [],
    "caches": [],
    "retention": [],
    "limits": {"deletions_per_run": 500},
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    """Set the environment of the function; return the names of what it needs."""
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(COMPILED))
    for name, value in (ENVIRONMENT | {"STEWARD_POLICY": str(path)}).items():
        monkeypatch.setenv(name, value)
    approvals.collaborators.cache_clear()
    return (*ENVIRONMENT, "STEWARD_POLICY")


@pytest.mark.usefixtures("environment")
def test_the_environment_says_where_approvals_are_written() -> None:
    """Once: warm invocations use what was made; and in observe mode just the same."""
    made = approvals.collaborators()
    assert isinstance(made.records, DynamoDbRecords)
    assert made.now().utcoffset() == timedelta(0)
    assert approvals.collaborators() is made


@pytest.mark.usefixtures("environment")
def test_the_handler_answers_as_lambda_expects() -> None:
    """A batch in which nothing is an approval."""
    response = approvals.handler({"Records": [{"messageId": "m0", "body": "no"}]}, None)
    assert response == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_a_variable_that_is_missing_is_named(
    environment: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever it is."""
    for name in environment:
        with monkeypatch.context() as patch:
            patch.delenv(name)
            approvals.collaborators.cache_clear()
            with pytest.raises(SettingsError, match=name):
                approvals.collaborators()


@pytest.mark.usefixtures("environment")
def test_a_policy_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """All messages come back until it can."""
    monkeypatch.setenv("STEWARD_POLICY", "/nowhere/policy.json")
    with pytest.raises(PolicyError):
        approvals.collaborators()


def test_times_are_in_utc() -> None:
    """As SQS says them: milliseconds since 1970."""
    records = FakeRecords().holding(record())
    approve_in_batch(batch(queued(message())), collaborators(records))
    said = records.only().approval
    assert said is not None
    assert said.at.tzinfo is UTC
