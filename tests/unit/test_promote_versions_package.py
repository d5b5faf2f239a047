"""What a look at one package leads to: records, orders, and as few calls as that takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from promote_versions import messages
from promote_versions.facts import Vulnerability
from promote_versions.records import RequestAnswer
from steward.coordinates import Package
from steward.endpoint_releases import Release
from steward.errors import CodeArtifactError, QueueError
from steward.promotion_rules import (
    Licences,
    MinimumAge,
    Requirements,
    VersionChoice,
    Vulnerabilities,
)
from steward.version_contents import Licence
from tests.unit.fake_promotions import (
    DIGEST,
    INTAKE,
    NOW,
    PromotionStage,
    event_of,
    names,
    package,
    rule,
)
from tests.unit.logged_lines import Lines

LEFT_PAD = package()
AGED = Requirements(minimum_age=MinimumAge(timedelta(days=7)))
SAFE = Requirements(vulnerabilities=Vulnerabilities("high"))
MANUAL = Requirements(approval="manual")
EVERYTHING = Requirements(
    minimum_age=MinimumAge(timedelta(days=7), security_fixes=True),
    vulnerabilities=Vulnerabilities("high"),
    licences=Licences(allow=frozenset({"MIT"})),
    versions=VersionChoice(releases_only=True),
)


def test_what_passes_is_recorded_and_ordered_in_one_message() -> None:
    """Three versions that a rule without gates lets through are one order at their revisions."""
    stage = PromotionStage(rule())
    stage.put(LEFT_PAD, "1.0.0", "1.1.0", "2.0.0")
    stage.event(LEFT_PAD)
    assert set(stage.states(LEFT_PAD).values()) == {"approved"}
    (order,) = stage.copies.orders
    assert dict(order.revisions) == {
        "1.0.0": "r-1.0.0",
        "1.1.0": "r-1.1.0",
        "2.0.0": "r-2.0.0",
    }
    assert (order.rule, order.to, order.after) == ("approve", "npm-approved", ())
    assert stage.record(LEFT_PAD, "1.0.0").due == NOW + timedelta(minutes=15)


def test_what_is_copied_is_not_asked_about_again() -> None:
    """A second event costs a list and a query."""
    stage = PromotionStage(rule(EVERYTHING))
    stage.promoted(LEFT_PAD, "1.0.0", "1.1.0")
    stage.event(LEFT_PAD)
    assert stage.codeartifact.calls == ["ListPackageVersions"]
    assert stage.records.calls == ["of_package"]
    assert (stage.contents.calls, stage.osv.asked, stage.endpoint.asked) == ([], [], [])
    assert stage.copies.orders == []


def test_a_batch_looks_once_however_many_events_name_the_package() -> None:
    """Five events, one list, one query, one request for the times, one for OSV."""
    stage = PromotionStage(rule(EVERYTHING))
    stage.put(LEFT_PAD, "1.0.0", "1.1.0", "2.0.0-beta.1")
    stage.event(*[LEFT_PAD] * 5)
    assert stage.codeartifact.calls == ["ListPackageVersions"]
    assert stage.records.calls.count("of_package") == 1
    assert stage.endpoint.asked == [["1.0.0", "1.1.0"]]
    assert stage.osv.asked == [["1.0.0", "1.1.0"]]
    assert stage.contents.calls == ["DescribePackageVersion"] * 2
    assert stage.states(LEFT_PAD) == {
        "1.0.0": "approved",
        "1.1.0": "approved",
        "2.0.0-beta.1": "refused",
    }


def test_two_rules_share_the_facts() -> None:
    """A second destination with the same gates costs no look-up of its own."""
    stage = PromotionStage(rule(EVERYTHING), rule(EVERYTHING, name="second", to="npm-second"))
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    assert stage.codeartifact.calls == ["ListPackageVersions"]
    assert stage.endpoint.asked == [["1.0.0"]]
    assert stage.osv.asked == [["1.0.0"]]
    assert stage.contents.calls == ["DescribePackageVersion"]
    assert {order.to for order in stage.copies.orders} == {"npm-approved", "npm-second"}


def test_osv_is_asked_once_for_a_hundred_versions() -> None:
    """250 versions are three batches, and three orders."""
    stage = PromotionStage(rule(SAFE))
    stage.put(LEFT_PAD, *(f"1.0.{number}" for number in range(250)))
    stage.event(LEFT_PAD)
    assert [len(asked) for asked in stage.osv.asked] == [100, 100, 50]
    assert [len(order.revisions) for order in stage.copies.orders] == [100, 100, 50]


def test_osv_is_told_how_a_nuget_package_is_spelt() -> None:
    """One description says it for all versions; without it the versions are held."""
    stage = PromotionStage(rule(SAFE, patterns=("/nuget/*",)))
    newtonsoft = stage.put(Package(INTAKE, "nuget", None, "newtonsoft"), "1.0.0", "1.1.0")
    stage.contents.broken.add("DescribePackageVersion")
    stage.event(newtonsoft)
    assert stage.states(newtonsoft) == {"1.0.0": "held", "1.1.0": "held"}
    stage.contents.broken.clear()
    stage.forget()
    stage.now += timedelta(minutes=15)
    stage.look(newtonsoft)
    assert stage.states(newtonsoft) == {"1.0.0": "approved", "1.1.0": "approved"}
    assert stage.contents.calls == ["DescribePackageVersion"]


def test_a_young_version_is_held_until_it_is_old_enough() -> None:
    """It is due at its release plus the age; nothing is asked before, and it passes then."""
    stage = PromotionStage(rule(AGED))
    stage.put(LEFT_PAD, "1.0.0")
    stage.endpoint.releases_of[LEFT_PAD.purl("1.0.0")] = Release(NOW - timedelta(days=5))
    stage.event(LEFT_PAD)
    held = stage.record(LEFT_PAD, "1.0.0")
    assert (held.state, held.due) == ("held", NOW + timedelta(days=2))
    stage.forget()
    stage.now = NOW + timedelta(days=2) - timedelta(seconds=1)
    stage.look(LEFT_PAD)
    assert stage.endpoint.asked == []
    stage.now = NOW + timedelta(days=2)
    stage.look(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "approved"}


@pytest.mark.parametrize("broken", ["endpoint", "OSV", "descriptions"])
def test_a_fact_that_nobody_gives_holds_and_fails_nothing(broken: str) -> None:
    """The version waits for a quarter of an hour, and passes when the fact is there."""
    stage = PromotionStage(rule(EVERYTHING))
    stage.put(LEFT_PAD, "1.0.0")
    stage.endpoint.broken = broken == "endpoint"
    stage.osv.down = broken == "OSV"
    if broken == "descriptions":
        stage.contents.broken.add("DescribePackageVersion")
    stage.event(LEFT_PAD)
    held = stage.record(LEFT_PAD, "1.0.0")
    assert (held.state, held.due) == ("held", NOW + timedelta(minutes=15))
    stage.endpoint.broken = stage.osv.down = False
    stage.contents.broken.clear()
    stage.now += timedelta(minutes=15)
    stage.look(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "approved"}


@pytest.mark.parametrize(
    "operation", ["the list of versions", "the query of records", "a write", "an order"]
)
def test_what_fails_as_a_whole_brings_the_message_back(operation: str) -> None:
    """The package's message stays on the queue; when it comes back, all is well."""
    stage = PromotionStage(rule())
    stage.put(LEFT_PAD, "1.0.0")

    def fail(method: str) -> None:
        wanted = {"the query of records": "of_package", "a write": "put"}.get(operation)
        if method == wanted:
            raise CodeArtifactError(method, "Throttling", "of a test")

    def fail_call(call: str) -> None:
        if operation == "the list of versions":
            raise CodeArtifactError(call, "Throttling", "of a test")

    def fail_order() -> None:
        if operation == "an order":
            raise QueueError("SendMessageBatch", "Throttling", "of a test")

    stage.records.before, stage.codeartifact.before = fail, fail_call
    stage.copies.before = fail_order
    assert stage.deliver(event_of(LEFT_PAD)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    stage.records.before = stage.codeartifact.before = lambda _: None
    stage.copies.before = lambda: None
    stage.event(LEFT_PAD)
    assert names(stage.copies.orders) == [[LEFT_PAD.purl("1.0.0")]]


def test_a_record_that_somebody_else_has_written_is_not_overwritten() -> None:
    """The other version goes on; the message comes back for the one in between."""
    stage = PromotionStage(rule())
    stage.put(LEFT_PAD, "1.0.0", "2.0.0")
    stage.event(LEFT_PAD)
    stage.copies.orders.clear()
    stage.put(LEFT_PAD, "1.0.0", "2.0.0", revision="later")
    once = [True]

    def interfere(method: str) -> None:
        if method == "put" and once:
            once.clear()
            key = (LEFT_PAD, "1.0.0", "approve")
            stage.records.held[key] = replace(stage.records.held[key], serial=7)

    stage.records.before = interfere
    assert stage.deliver(event_of(LEFT_PAD))["batchItemFailures"]
    assert names(stage.copies.orders) == [[LEFT_PAD.purl("2.0.0")]]
    assert stage.record(LEFT_PAD, "1.0.0").revision == "r-1.0.0"


def test_an_event_may_be_faster_than_what_it_tells_of() -> None:
    """Without any version there is one more look in five minutes, and no third one."""
    stage = PromotionStage(rule())
    stage.event(LEFT_PAD)
    assert stage.queue.again == [(LEFT_PAD, timedelta(minutes=5))]
    stage.look(LEFT_PAD)
    assert len(stage.queue.again) == 1


def test_a_package_without_a_rule_costs_nothing() -> None:
    """An event about it is answered from the policy alone."""
    stage = PromotionStage(rule(patterns=("/npm/other/*",)))
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    assert (stage.codeartifact.calls, stage.records.calls) == ([], [])


def test_an_approved_version_is_ordered_again_ever_less_often() -> None:
    """Its copy is ordered again when it is due: after 15, 30, 60 minutes, judged after a day."""
    stage = PromotionStage(rule(SAFE))
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    waits = []
    for _ in range(4):
        before = stage.now
        due = stage.record(LEFT_PAD, "1.0.0").due
        assert due is not None
        stage.now = due
        waits.append(due - before)
        stage.look(LEFT_PAD)
    assert waits == [timedelta(minutes=minutes) for minutes in (15, 15, 30, 60)]
    assert len({messages.body_of(order) for order in stage.copies.orders}) == 1
    assert len(stage.osv.asked) == 1
    stage.now = NOW + timedelta(days=1)
    stage.look(LEFT_PAD)
    assert len(stage.osv.asked) == 2


def test_a_changed_version_goes_through_the_gates_again() -> None:
    """A copied version with another revision is judged at that revision."""
    stage = PromotionStage(rule(SAFE))
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.put(LEFT_PAD, "1.0.0", revision="later")
    stage.event(LEFT_PAD)
    record = stage.record(LEFT_PAD, "1.0.0")
    assert (record.state, record.revision) == ("approved", "later")
    assert record.copied_at == NOW
    assert [dict(order.revisions) for order in stage.copies.orders] == [{"1.0.0": "later"}]


def test_a_fact_about_another_revision_counts_as_none() -> None:
    """A version that changes between the list and its description is held for now."""
    stage = PromotionStage(rule(EVERYTHING))
    stage.put(LEFT_PAD, "1.0.0")
    stage.contents.revisions[LEFT_PAD.purl("1.0.0")] = "later"
    stage.event(LEFT_PAD)
    held = stage.record(LEFT_PAD, "1.0.0")
    assert held.state == "held"
    assert "changed while it was looked at" in held.reason


def test_another_rule_judges_anew_what_is_not_copied() -> None:
    """What an earlier rule refused passes the new one; what was copied is left alone."""
    stage = PromotionStage(rule(EVERYTHING))
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.put(LEFT_PAD, "2.0.0-beta.1")
    stage.event(LEFT_PAD)
    assert stage.states(LEFT_PAD)["2.0.0-beta.1"] == "refused"
    policy = replace(stage.to.policy, promotions=(rule(SAFE, digest="2"),))
    stage.to = replace(stage.to, policy=policy)
    stage.forget()
    stage.event(LEFT_PAD)
    assert stage.osv.asked == [["2.0.0-beta.1"]]
    assert stage.states(LEFT_PAD) == {"1.0.0": "copied", "2.0.0-beta.1": "approved"}


@pytest.mark.parametrize(
    ("gone", "reason"),
    [("deleted", "does not hold it any more"), ("archived", "is Archived in npm-intake")],
)
def test_what_is_gone_is_not_due_any_more(gone: str, reason: str) -> None:
    """A held version that was deleted or archived waits for nothing; published, it is judged."""
    stage = PromotionStage(rule(AGED))
    stage.put(LEFT_PAD, "1.0.0")
    stage.endpoint.releases_of[LEFT_PAD.purl("1.0.0")] = Release(NOW - timedelta(days=5))
    stage.event(LEFT_PAD)
    if gone == "deleted":
        del stage.codeartifact.held[LEFT_PAD].versions["1.0.0"]
    else:
        stage.put(LEFT_PAD, "1.0.0", status="Archived")
    stage.now += timedelta(days=3)
    stage.look(LEFT_PAD)
    record = stage.record(LEFT_PAD, "1.0.0")
    assert (record.state, record.due) == ("held", None)
    assert reason in record.reason
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "approved"}


def test_what_no_rule_promotes_any_more_is_not_due_any_more() -> None:
    """After the rule is gone, what is due is looked at once."""
    stage = PromotionStage(rule(SAFE))
    stage.put(LEFT_PAD, "1.0.0")
    stage.osv.down = True
    stage.event(LEFT_PAD)
    stage.to = replace(stage.to, policy=replace(stage.to.policy, promotions=()))
    stage.now += timedelta(minutes=15)
    assert stage.deliver(messages.due_now()) == {"batchItemFailures": []}
    assert stage.queue.looks == [LEFT_PAD]
    stage.look(LEFT_PAD)
    assert list(stage.records.due(stage.now)) == []


def test_a_way_around_refuses_until_it_is_closed() -> None:
    """Nothing is gathered while it is open; it is told once; the next look after it passes."""
    stage = PromotionStage(rule(SAFE))
    stage.put(LEFT_PAD, "1.0.0", "1.1.0")
    other = stage.put(package("right-pad"), "1.0.0")
    stage.repositories.open_a_way()
    stage.event(LEFT_PAD, other)
    stage.event(LEFT_PAD)
    assert set(stage.states(LEFT_PAD).values()) == {"refused"}
    assert "npm-approved -> npm-intake" in stage.record(LEFT_PAD, "1.0.0").reason
    assert stage.osv.asked == []
    assert len(stage.attention.messages) == 1
    assert [one[0] for one in stage.notices.announced].count("bypass") == 1
    stage.repositories.described.clear()
    stage.now += timedelta(minutes=6)
    stage.look(LEFT_PAD)
    assert set(stage.states(LEFT_PAD).values()) == {"approved"}


def test_only_gates_that_were_asked_have_answers() -> None:
    """Nothing is said of ages and licences that nobody has looked up for a way around."""
    require = replace(SAFE, minimum_age=MinimumAge(timedelta(days=7)), approval="manual")
    stage = PromotionStage(rule(require))
    stage.put(LEFT_PAD, "1.0.0")
    stage.repositories.open_a_way()
    stage.event(LEFT_PAD)
    answers = {one.gate: one.outcome for one in stage.record(LEFT_PAD, "1.0.0").verdicts}
    assert answers == {
        "bypass": "refuse",
        "status": "pass",
        "snapshots": "pass",
        "approval": "hold",
    }


def test_whoever_asks_gets_the_topology_of_now() -> None:
    """A way that was closed a moment ago is closed; one request asks once for all its packages."""
    stage = PromotionStage(rule(SAFE))
    stage.put(LEFT_PAD, "1.0.0")
    other = stage.put(package("right-pad"), "1.0.0")
    stage.repositories.open_a_way()
    stage.event(LEFT_PAD)
    stage.repositories.described.clear()
    stage.look(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "refused"}
    calls = stage.repositories.calls
    for one in (LEFT_PAD, other):
        assert stage.deliver(messages.look(one, request="q1")) == {"batchItemFailures": []}
    assert stage.states(LEFT_PAD) == {"1.0.0": "approved"}
    assert stage.repositories.calls == calls + 1
    stage.deliver(messages.look(LEFT_PAD, request="q2"))
    assert stage.repositories.calls == calls + 2


def test_a_malicious_version_is_refused_and_told_once() -> None:
    """Its approval does not help, another look says nothing new."""
    stage = PromotionStage(rule(Requirements(vulnerabilities=Vulnerabilities("critical"))))
    stage.put(LEFT_PAD, "1.0.0")
    entry = Vulnerability("MAL-2026-1", malicious=True)
    stage.osv.known[LEFT_PAD.purl("1.0.0")] = (entry,)
    stage.event(LEFT_PAD)
    stage.event(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "refused"}
    ((subject, text),) = stage.attention.messages
    assert "Malicious" in subject
    assert "MAL-2026-1" in text
    assert stage.copies.orders == []


def test_a_person_is_asked_once_for_each_revision() -> None:
    """With the command to copy; again for another revision; approved, the version is ordered."""
    stage = PromotionStage(rule(MANUAL))
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    stage.event(LEFT_PAD)
    ((_, text),) = stage.attention.messages
    command = "steward approve pkg:npm/left-pad@1.0.0 --rule approve --domain my-company"
    assert f"{command} --revision r-1.0.0 --reason" in text
    stage.put(LEFT_PAD, "1.0.0", revision="later")
    stage.event(LEFT_PAD)
    assert len(stage.attention.messages) == 2
    stage.say("approve", LEFT_PAD, "1.0.0", at=NOW - timedelta(minutes=1))
    stage.look(LEFT_PAD)
    assert [dict(order.revisions) for order in stage.copies.orders] == [{"1.0.0": "later"}]


def test_whoever_is_asked_learns_what_each_gate_has_found() -> None:
    """Line by line, with its reason."""
    stage = PromotionStage(rule(replace(EVERYTHING, approval="manual")))
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    ((_, text),) = stage.attention.messages
    passed = [one for one in stage.record(LEFT_PAD, "1.0.0").verdicts if one.outcome == "pass"]
    assert {one.gate for one in passed} > {"minimum_age", "vulnerabilities", "licences"}
    for one in passed:
        assert f"\n      {one.gate}: {one.reason}\n" in text


def test_a_question_that_was_lost_is_asked_again() -> None:
    """Nobody has read it, so a requested judgement asks again."""
    stage = PromotionStage(rule(MANUAL))
    stage.put(LEFT_PAD, "1.0.0")
    stage.attention.delivers = False
    stage.event(LEFT_PAD)
    assert not stage.record(LEFT_PAD, "1.0.0").asked
    stage.attention.delivers = True
    stage.deliver(messages.look(LEFT_PAD, request="r1", policy_digest=DIGEST))
    assert stage.record(LEFT_PAD, "1.0.0").asked


def test_a_person_is_not_asked_about_what_is_held_anyway() -> None:
    """A version of an unknown licence waits for that first."""
    require = replace(MANUAL, licences=Licences(allow=frozenset({"MIT"})))
    stage = PromotionStage(rule(require))
    stage.put(LEFT_PAD, "1.0.0")
    stage.contents.licences[LEFT_PAD.purl("1.0.0")] = (Licence("as you like it", None),)
    stage.event(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "held"}
    assert stage.attention.messages == []


def test_a_rejected_version_is_refused_even_if_it_was_approved_before() -> None:
    """A rejection that comes between the approval and the copy is in time."""
    stage = PromotionStage(rule())
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    stage.say("reject", LEFT_PAD, "1.0.0")
    stage.look(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "refused"}


def test_an_approval_for_one_destination_counts_for_no_other() -> None:
    """The rule gets another destination: somebody is asked again. A rejection stays."""
    stage = PromotionStage(rule(MANUAL))
    stage.put(LEFT_PAD, "1.0.0", "1.1.0")
    stage.event(LEFT_PAD)
    stage.say("approve", LEFT_PAD, "1.0.0")
    stage.say("reject", LEFT_PAD, "1.1.0")
    elsewhere = rule(MANUAL, to="npm-production", digest="2")
    stage.to = replace(stage.to, policy=replace(stage.to.policy, promotions=(elsewhere,)))
    stage.forget()
    stage.event(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "held", "1.1.0": "refused"}
    assert stage.record(LEFT_PAD, "1.0.0").approval is None
    (before,) = stage.record(LEFT_PAD, "1.0.0").earlier
    assert before.decision == "approve"
    assert stage.copies.orders == []
    ((_, text),) = stage.attention.messages
    assert "npm-production" in text


def test_a_request_judges_anew_and_is_answered() -> None:
    """What was refused or held is judged again although it is not due."""
    stage = PromotionStage(rule(AGED))
    stage.put(LEFT_PAD, "1.0.0")
    stage.endpoint.releases_of[LEFT_PAD.purl("1.0.0")] = Release(NOW - timedelta(days=5))
    stage.event(LEFT_PAD)
    stage.endpoint.releases_of.clear()
    stage.deliver(messages.look(LEFT_PAD, request="r1", policy_digest=DIGEST))
    assert stage.records.answers[LEFT_PAD, "r1"] == RequestAnswer(DIGEST, "done", 1)
    assert stage.states(LEFT_PAD) == {"1.0.0": "approved"}


def test_a_request_for_another_policy_does_nothing() -> None:
    """The answer says so; nothing was looked up."""
    stage = PromotionStage(rule())
    stage.put(LEFT_PAD, "1.0.0")
    stage.deliver(messages.look(LEFT_PAD, request="r1", policy_digest="e" * 64))
    assert stage.records.answers[LEFT_PAD, "r1"] == RequestAnswer(DIGEST, "another policy")
    assert stage.codeartifact.calls == []


def test_a_request_about_a_package_without_a_rule_is_answered() -> None:
    """Nobody waits in vain."""
    stage = PromotionStage()
    stage.deliver(messages.look(LEFT_PAD, request="r1", policy_digest=DIGEST))
    assert stage.records.answers[LEFT_PAD, "r1"].state == "no rule"


def test_a_request_whose_look_fails_is_answered_and_comes_back() -> None:
    """The answer names the problem; when the message comes back, it is replaced."""
    stage = PromotionStage(rule())
    stage.put(LEFT_PAD, "1.0.0")

    def fail(call: str) -> None:
        raise CodeArtifactError(call, "Throttling", "of a test")

    stage.codeartifact.before = fail
    body = messages.look(LEFT_PAD, request="r1", policy_digest=DIGEST)
    assert stage.deliver(body)["batchItemFailures"]
    answer = stage.records.answers[LEFT_PAD, "r1"]
    assert (answer.state, "Throttling" in str(answer.problem)) == ("failed", True)


def test_when_the_time_is_up_what_was_done_stays_and_the_rest_follows() -> None:
    """The first hundred versions are recorded and ordered; a look for the others is asked for."""
    stage = PromotionStage(rule(SAFE))
    stage.put(LEFT_PAD, *(f"1.0.{number}" for number in range(150)))
    assert stage.deliver(event_of(LEFT_PAD), time_left=lambda: not stage.states(LEFT_PAD))
    assert len(stage.states(LEFT_PAD)) == 100
    assert [len(order.revisions) for order in stage.copies.orders] == [100]
    assert stage.queue.looks == [LEFT_PAD]
    stage.look(LEFT_PAD)
    assert len(stage.states(LEFT_PAD)) == 150


def test_observe_mode_decides_records_and_tells_but_orders_nothing(lines: Lines) -> None:
    """What would be copied is logged."""
    stage = PromotionStage(rule(MANUAL), rule(name="second", to="npm-second"), observe=True)
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    assert stage.states(LEFT_PAD) == {"1.0.0": "held"}
    assert stage.states(LEFT_PAD, "second") == {"1.0.0": "approved"}
    assert len(stage.attention.messages) == 1
    assert [line["versions"] for line in lines.of("would copy")] == [["1.0.0"]]
    assert lines.of("copy ordered") == []


def test_each_decision_is_one_line_with_its_reason(lines: Lines) -> None:
    """Held, refused and approved alike."""
    stage = PromotionStage(rule(EVERYTHING))
    stage.put(LEFT_PAD, "1.0.0", "1.1.0", "2.0.0-rc.1")
    stage.endpoint.releases_of[LEFT_PAD.purl("1.1.0")] = Release(NOW)
    stage.event(LEFT_PAD)
    said = {
        line["version"]: message
        for message in ("approved", "held", "refused")
        for line in lines.of(message)
        if line["reason"]
    }
    assert said == {"1.0.0": "approved", "1.1.0": "held", "2.0.0-rc.1": "refused"}
