"""What was promoted is checked again: what has turned bad is told once, and recalled if wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from promote_versions import messages
from promote_versions.facts import Vulnerability
from promote_versions.seen import destined
from steward.codeartifact_answers import RefusalCode
from steward.endpoint_releases import Release
from steward.errors import CodeArtifactError, LedgerError
from steward.ledger import Exemption, StatusChange
from steward.promotion_rules import Recall, Requirements, Vulnerabilities, matcher
from tests.unit.fake_promotions import (
    NOW,
    PromotionStage,
    event_of,
    not_found,
    package,
    rule,
)
from tests.unit.logged_lines import Lines

LEFT_PAD = package()
SAFE = Requirements(vulnerabilities=Vulnerabilities("high"))
BAD = (Vulnerability("GHSA-1", severity="critical"),)
LATER = NOW + timedelta(days=1)


def turned_bad(recall: Recall = "archive", *, observe: bool = False) -> PromotionStage:
    """Return a stage in which a promoted version, of two, has a new vulnerability."""
    stage = PromotionStage(rule(SAFE, recall=recall))
    stage.promoted(LEFT_PAD, "1.0.0", "1.1.0")
    if observe:
        watching = PromotionStage(rule(SAFE, recall=recall), observe=True)
        watching.codeartifact.held = stage.codeartifact.held
        watching.records.held = stage.records.held
        stage = watching
    stage.osv.known[LEFT_PAD.purl("1.0.0")] = BAD
    stage.now = LATER
    return stage


@pytest.mark.parametrize(
    ("recall", "status", "state", "action"),
    [
        ("report", "Published", "copied", "reported"),
        ("unlist", "Unlisted", "recalled", "unlisted"),
        ("archive", "Archived", "recalled", "archived"),
    ],
)
def test_a_version_that_turned_bad_becomes_what_the_rule_says(
    recall: Recall, status: str, state: str, action: str
) -> None:
    """The other version stays; people are told what was found and what was done."""
    stage = turned_bad(recall)
    stage.recheck(LEFT_PAD)
    assert stage.there(LEFT_PAD) == {"1.0.0": status, "1.1.0": "Published"}
    record = stage.record(LEFT_PAD, "1.0.0")
    assert record.state == state
    assert "GHSA-1" in record.findings[0]
    ((subject, text),) = stage.attention.messages
    assert "npm-approved" in subject
    assert "GHSA-1" in text
    assert ("steward restore" in text) == (recall != "report")
    assert stage.notices.announced == [
        (action, "left-pad", ["1.0.0"], "npm-approved", "approve"),
    ]


def test_a_recall_is_in_the_ledger_before_it_is_made() -> None:
    """What `steward restore` needs is there; without the ledger nothing is changed."""
    stage = turned_bad()

    def fail(method: str) -> None:
        if method == "record":
            raise LedgerError("BatchWriteItem", "Throttling", "of a test")

    stage.ledger.before = fail
    assert stage.deliver(messages.recheck(LEFT_PAD))["batchItemFailures"]
    assert stage.there(LEFT_PAD)["1.0.0"] == "Published"
    stage.ledger.before = lambda _: None
    stage.recheck(LEFT_PAD)
    (change,) = stage.ledger.recorded
    assert isinstance(change, StatusChange)
    assert change.package == destined(LEFT_PAD, "npm-approved")
    assert (change.version, change.before, change.after) == ("1.0.0", "Published", "Archived")


def test_the_same_finding_is_told_once_and_another_one_again() -> None:
    """Three rechecks, one of them with a second vulnerability: two messages."""
    stage = turned_bad("report")
    stage.recheck(LEFT_PAD)
    stage.recheck(LEFT_PAD)
    assert len(stage.attention.messages) == 1
    stage.osv.known[LEFT_PAD.purl("1.0.0")] = (*BAD, Vulnerability("GHSA-2", severity="high"))
    stage.recheck(LEFT_PAD)
    assert len(stage.attention.messages) == 2


def test_a_message_that_was_lost_is_sent_again() -> None:
    """The version is recalled all the same, once."""
    stage = turned_bad()
    stage.attention.delivers = False
    stage.recheck(LEFT_PAD)
    assert stage.states(LEFT_PAD)["1.0.0"] == "recalled"
    stage.attention.delivers = True
    stage.recheck(LEFT_PAD)
    assert len(stage.attention.messages) == 1
    assert len(stage.ledger.recorded) == 1


def test_an_exemption_keeps_a_bad_version() -> None:
    """What a person has brought back stays while the exemption holds, and goes after it."""
    stage = turned_bad()
    there = destined(LEFT_PAD, "npm-approved")
    stage.ledger.exempt_ones.append(
        Exemption(there, "1.0.0", "approve", "anna", "why", NOW, LATER + timedelta(days=7))
    )
    stage.recheck(LEFT_PAD)
    assert stage.there(LEFT_PAD)["1.0.0"] == "Published"
    assert stage.notices.announced[0][0] == "kept"
    stage.now = LATER + timedelta(days=7)
    stage.recheck(LEFT_PAD)
    assert stage.there(LEFT_PAD)["1.0.0"] == "Archived"


@pytest.mark.parametrize(
    ("rejected", "status"),
    [
        pytest.param(timedelta(minutes=-1), "Published", id="rejected before: it is kept"),
        pytest.param(timedelta(0), "Archived", id="at the same moment: it goes"),
        pytest.param(timedelta(minutes=1), "Archived", id="rejected after: it goes"),
    ],
)
def test_between_an_exemption_and_a_rejection_the_last_word_counts(
    rejected: timedelta, status: str
) -> None:
    """Whoever rejects what somebody has brought back knew more than they did."""
    stage = PromotionStage(rule(SAFE))
    stage.promoted(LEFT_PAD, "1.0.0")
    there = destined(LEFT_PAD, "npm-approved")
    stage.ledger.exempt_ones.append(
        Exemption(there, "1.0.0", "approve", "anna", "why", LATER, LATER + timedelta(days=7))
    )
    stage.say("reject", LEFT_PAD, "1.0.0", at=LATER + rejected)
    stage.now = LATER + timedelta(hours=1)
    stage.look(LEFT_PAD)
    assert stage.there(LEFT_PAD) == {"1.0.0": status}
    stage.recheck(LEFT_PAD)
    assert stage.there(LEFT_PAD) == {"1.0.0": status}


def test_what_was_restored_can_be_rejected_again() -> None:
    """Its record still says `recalled`; once it is out again, looks ask for nothing more."""
    stage = turned_bad()
    stage.recheck(LEFT_PAD)
    there = destined(LEFT_PAD, "npm-approved")
    stage.put(there, "1.0.0")
    stage.ledger.exempt_ones.append(
        Exemption(there, "1.0.0", "approve", "anna", "why", LATER, LATER + timedelta(days=7))
    )
    stage.now = LATER + timedelta(hours=1)
    stage.look(LEFT_PAD)
    assert stage.there(LEFT_PAD)["1.0.0"] == "Published"
    stage.say("reject", LEFT_PAD, "1.0.0", at=stage.now + timedelta(milliseconds=5))
    stage.look(LEFT_PAD)
    assert stage.there(LEFT_PAD)["1.0.0"] == "Archived"
    assert stage.states(LEFT_PAD)["1.0.0"] == "recalled"
    stage.forget()
    stage.look(LEFT_PAD)
    assert stage.codeartifact.calls == ["ListPackageVersions"]  # of the intake


def test_an_osv_that_is_down_changes_nothing(lines: Lines) -> None:
    """It is logged, and the next recheck finds what there is to find."""
    stage = turned_bad()
    stage.osv.down = True
    stage.recheck(LEFT_PAD)
    assert stage.states(LEFT_PAD)["1.0.0"] == "copied"
    assert {line["version"] for line in lines.of("not rechecked")} == {"1.0.0", "1.1.0"}
    stage.osv.down = False
    stage.recheck(LEFT_PAD)
    assert stage.states(LEFT_PAD)["1.0.0"] == "recalled"


def test_a_finding_that_is_gone_is_forgotten() -> None:
    """An advisory that was withdrawn speaks against nothing."""
    stage = turned_bad("report")
    stage.recheck(LEFT_PAD)
    stage.osv.known.clear()
    stage.recheck(LEFT_PAD)
    assert stage.record(LEFT_PAD, "1.0.0").findings == ()


@pytest.mark.parametrize(
    ("require", "withdrawn", "known", "bad"),
    [
        pytest.param(Requirements(), None, BAD, False, id="no gate for vulnerabilities: not bad"),
        pytest.param(
            Requirements(),
            None,
            (Vulnerability("MAL-1", malicious=True),),
            True,
            id="malicious: bad without any gate",
        ),
        pytest.param(Requirements(), "broken", (), True, id="yanked: bad without any gate"),
        pytest.param(Requirements(), "", (), True, id="yanked without a reason: bad"),
        pytest.param(
            SAFE,
            None,
            (Vulnerability("GHSA-1", severity="low"),),
            False,
            id="milder than the rule blocks: not bad",
        ),
        pytest.param(
            SAFE,
            None,
            (Vulnerability("GHSA-1", severity="critical", withdrawn=True),),
            False,
            id="a withdrawn entry: not bad",
        ),
    ],
)
def test_what_counts_as_bad(
    require: Requirements,
    withdrawn: str | None,
    known: tuple[Vulnerability, ...],
    *,
    bad: bool,
) -> None:
    """What the rule's gates would refuse today, what is malicious, and what was yanked."""
    stage = PromotionStage(rule(require, recall="archive"))
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.osv.known[LEFT_PAD.purl("1.0.0")] = known
    stage.endpoint.releases_of[LEFT_PAD.purl("1.0.0")] = Release(NOW, withdrawn)
    stage.recheck(LEFT_PAD)
    assert (stage.states(LEFT_PAD)["1.0.0"] == "recalled") is bad


def test_a_version_that_is_denied_later_is_bad() -> None:
    """The policy's deny list counts for what was promoted before it."""
    stage = PromotionStage(rule(recall="unlist"))
    stage.promoted(LEFT_PAD, "1.0.0", "1.1.0")
    denying = Requirements(deny=(matcher("pkg:npm/left-pad@1.0.0"),))
    newer = PromotionStage(rule(denying, recall="unlist"))
    newer.codeartifact.held, newer.records.held = stage.codeartifact.held, stage.records.held
    newer.recheck(LEFT_PAD)
    assert newer.there(LEFT_PAD) == {"1.0.0": "Unlisted", "1.1.0": "Published"}


@pytest.mark.parametrize(
    ("recall", "status"),
    [("report", "Archived"), ("archive", "Archived"), ("unlist", "Unlisted")],
)
def test_a_rejected_version_is_taken_out_at_the_next_look(recall: Recall, status: str) -> None:
    """Whoever rejects wants it out: OSV is not asked, and it is not promoted again."""
    stage = PromotionStage(rule(SAFE, recall=recall))
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.say("reject", LEFT_PAD, "1.0.0")
    stage.now = LATER
    stage.look(LEFT_PAD)
    assert stage.there(LEFT_PAD) == {"1.0.0": status}
    assert stage.states(LEFT_PAD) == {"1.0.0": "recalled"}
    assert stage.osv.asked == []
    stage.event(LEFT_PAD)
    stage.deliver(messages.look(LEFT_PAD, request="r1"))
    assert stage.copies.orders == []


def test_a_recalled_version_comes_back_only_with_a_new_approval() -> None:
    """Not by an event, a request or an old approval."""
    stage = turned_bad()
    stage.recheck(LEFT_PAD)
    stage.osv.known.clear()
    stage.event(LEFT_PAD)
    stage.deliver(messages.look(LEFT_PAD, request="r1"))
    stage.say("approve", LEFT_PAD, "1.0.0", at=NOW)
    stage.look(LEFT_PAD)
    assert stage.copies.orders == []
    stage.say("approve", LEFT_PAD, "1.0.0", at=LATER + timedelta(minutes=1))
    stage.look(LEFT_PAD)
    assert [list(order.revisions) for order in stage.copies.orders] == [["1.0.0"]]


def test_observe_mode_tells_and_changes_nothing() -> None:
    """It says what was found once, and records no change."""
    stage = turned_bad(observe=True)
    stage.recheck(LEFT_PAD)
    stage.recheck(LEFT_PAD)
    assert stage.there(LEFT_PAD)["1.0.0"] == "Published"
    assert stage.states(LEFT_PAD)["1.0.0"] == "copied"
    assert stage.ledger.recorded == []
    assert len(stage.attention.messages) == 1


@pytest.mark.parametrize("code", ["MISMATCHED_STATUS", "NOT_ALLOWED"])
def test_a_version_that_codeartifact_keeps_is_tried_again(code: RefusalCode) -> None:
    """It is told that it is still in use; the next recheck takes it out."""
    stage = turned_bad()
    stage.codeartifact.refusals["1.0.0"] = code
    stage.recheck(LEFT_PAD)
    assert stage.states(LEFT_PAD)["1.0.0"] == "copied"
    assert stage.notices.announced[0][0] == "kept"
    stage.codeartifact.refusals.clear()
    stage.recheck(LEFT_PAD)
    assert stage.there(LEFT_PAD)["1.0.0"] == "Archived"


def test_what_somebody_else_put_into_the_destination_is_logged(lines: Lines) -> None:
    """It is not touched."""
    stage = PromotionStage(rule(recall="archive"))
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.put(destined(LEFT_PAD, "npm-approved"), "6.6.6")
    stage.recheck(LEFT_PAD)
    assert [line["versions"] for line in lines.of("not promoted by us")] == [["6.6.6"]]
    assert stage.there(LEFT_PAD)["6.6.6"] == "Published"


@pytest.fixture
def slipped() -> PromotionStage:
    """Return a stage in which a version came past the gates, of a package never promoted."""
    stage = PromotionStage(rule(SAFE))
    stage.put(LEFT_PAD, "1.0.0")
    stage.put(destined(LEFT_PAD, "npm-approved"), "1.0.0")
    return stage


def test_what_came_past_the_gates_is_found_without_any_record(
    slipped: PromotionStage, lines: Lines
) -> None:
    """The daily check lists the destination; the package's check logs it and tells it once."""
    slipped.deliver(messages.recheck_all())
    assert slipped.queue.rechecks == [LEFT_PAD]
    slipped.recheck(LEFT_PAD)
    slipped.recheck(LEFT_PAD)
    assert [line["versions"] for line in lines.of("not promoted by us")] == [["1.0.0"]] * 2
    ((subject, text),) = slipped.attention.messages
    assert "npm-approved" in subject
    assert "Versions:    1.0.0" in text
    assert slipped.there(LEFT_PAD) == {"1.0.0": "Published"}
    slipped.put(destined(LEFT_PAD, "npm-approved"), "1.1.0")
    slipped.recheck(LEFT_PAD)
    assert "Versions:    1.0.0, 1.1.0" in slipped.attention.messages[1][1]


def test_what_a_gate_refuses_and_clients_get_is_told(slipped: PromotionStage, lines: Lines) -> None:
    """A record alone promotes nothing."""
    slipped.repositories.open_a_way()
    slipped.look(LEFT_PAD)
    assert slipped.states(LEFT_PAD) == {"1.0.0": "refused"}
    slipped.recheck(LEFT_PAD)
    assert len(lines.of("not promoted by us")) == 1


def test_what_is_approved_or_out_of_use_is_not_reported(
    slipped: PromotionStage, lines: Lines
) -> None:
    """The copy of the one may be on its way; nobody gets the other."""
    slipped.look(LEFT_PAD)
    assert slipped.states(LEFT_PAD) == {"1.0.0": "approved"}
    slipped.put(destined(LEFT_PAD, "npm-approved"), "0.9.0", status="Archived")
    slipped.recheck(LEFT_PAD)
    assert lines.of("not promoted by us") == []


def test_a_destination_of_two_sources_is_reported_for_both_of_them(lines: Lines) -> None:
    """What was promoted from the other source is known; what was from none is said once."""
    stage = PromotionStage(rule(SAFE), rule(SAFE, name="other", source="npm-other"))
    other = replace(LEFT_PAD, repository=replace(LEFT_PAD.repository, name="npm-other"))
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.promoted(other, "2.0.0")
    stage.recheck(LEFT_PAD)
    stage.recheck(other)
    assert lines.of("not promoted by us") == []
    stage.put(destined(LEFT_PAD, "npm-approved"), "6.6.6")
    stage.recheck(LEFT_PAD)
    stage.recheck(other)
    assert [line["versions"] for line in lines.of("not promoted by us")] == [["6.6.6"]]


def test_a_full_repository_sends_ten_mails_a_day(lines: Lines) -> None:
    """Whoever begins to promote into it reads of ten packages; the log has all."""
    stage = PromotionStage(rule(SAFE))
    some = [stage.put(destined(package(f"p{n}"), "npm-approved"), "1.0.0") for n in range(12)]
    for one in some:
        stage.recheck(replace(one, repository=LEFT_PAD.repository))
    assert len(lines.of("not promoted by us")) == 12
    assert len(stage.attention.messages) == 10
    assert "may be more packages" in stage.attention.messages[-1][1]
    assert "may be more packages" not in stage.attention.messages[0][1]


def test_the_lists_of_destinations_go_on_where_their_time_was_up() -> None:
    """Page by page and repository by repository; what no rule is about is left alone."""
    stage = PromotionStage(
        rule(SAFE, patterns=("/npm//p~",)),
        rule(SAFE, name="second", patterns=("/npm//q~",), to="npm-second"),
    )
    for name in ("p-1", "p-2", "p-3", "x-1"):
        stage.put(destined(package(name), "npm-approved"), "1.0.0")
    for name in ("p-4", "q-1", "q-2"):
        stage.put(destined(package(name), "npm-second"), "1.0.0")
    stage.codeartifact.page = 1
    body: str | None = messages.recheck_all()
    runs = 0
    while body is not None:
        left = iter([True, False])
        stage.deliver(body, time_left=lambda left=left: next(left))  # type: ignore[misc]
        body = messages.recheck_all(stage.queue.continued.pop()) if stage.queue.continued else None
        runs += 1
    assert [one.name for one in stage.queue.rechecks] == ["p-1", "p-2", "p-3", "q-1", "q-2"]
    assert runs == 8  # one for each page, and one that finds no further one


def test_a_destination_that_cannot_be_listed_does_not_hide_the_others(lines: Lines) -> None:
    """The message comes back, and says which."""
    stage = PromotionStage(rule(SAFE), rule(SAFE, name="second", to="npm-second"))
    stage.put(destined(LEFT_PAD, "npm-second"), "1.0.0")
    failures = iter([CodeArtifactError("ListPackages", "AccessDenied", "of a test")])

    def fail(operation: str) -> None:
        if operation == "ListPackages" and (failure := next(failures, None)):
            raise failure

    stage.codeartifact.before = fail
    assert stage.deliver(messages.recheck_all())["batchItemFailures"]
    assert stage.queue.rechecks == [LEFT_PAD]
    assert [line["to"] for line in lines.of("not listed")] == ["npm-approved"]


def test_a_destination_that_does_not_exist_is_no_failure(lines: Lines) -> None:
    """Nobody has made it yet: it holds nothing."""
    stage = PromotionStage(rule(SAFE))

    def fail(operation: str) -> None:
        raise not_found(operation)

    stage.codeartifact.before = fail
    assert stage.deliver(messages.recheck_all()) == {"batchItemFailures": []}
    assert len(lines.of("not listed")) == 1


def test_a_recheck_costs_a_query_a_list_a_batch_and_a_request() -> None:
    """For 150 promoted versions in which nothing is wrong: two batches of OSV."""
    stage = PromotionStage(rule())
    stage.promoted(LEFT_PAD, *(f"1.0.{number}" for number in range(150)))
    stage.recheck(LEFT_PAD)
    assert stage.codeartifact.calls == ["ListPackageVersions"]
    assert stage.records.calls == ["of_package"]
    assert [len(asked) for asked in stage.osv.asked] == [100, 50]
    assert len(stage.endpoint.asked) == 1
    assert stage.ledger.reads == []


def test_everything_that_was_promoted_is_rechecked_once() -> None:
    """Packages with something in the destination, in whatever state their newest revision is."""
    stage = PromotionStage(rule(SAFE))
    others = [package(f"p{number}") for number in range(5)]
    for one in others:
        stage.promoted(one, "1.0.0", "2.0.0")
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.osv.known[LEFT_PAD.purl("1.0.0")] = BAD
    stage.put(LEFT_PAD, "1.0.0", revision="later")
    never = stage.put(package("never"), "1.0.0")
    stage.osv.known[never.purl("1.0.0")] = BAD
    stage.event(LEFT_PAD, never)
    assert stage.states(LEFT_PAD) == {"1.0.0": "refused"}
    stage.records.page = 3
    assert stage.deliver(messages.recheck_all()) == {"batchItemFailures": []}
    assert sorted(one.name for one in stage.queue.rechecks) == [
        "left-pad",
        *(one.name for one in others),
    ]


def test_a_recheck_of_everything_goes_on_where_its_time_was_up() -> None:
    """By messages, each of which says where the one before has got to."""
    stage = PromotionStage(rule())
    for number in range(5):
        stage.promoted(package(f"p{number}"), "1.0.0")
    stage.records.page = 1
    body = messages.recheck_all()
    for _ in range(10):
        stage.queue.continued.clear()
        left = iter([True, False])
        stage.deliver(body, time_left=lambda left=left: next(left))  # type: ignore[misc]
        if not stage.queue.continued:
            break
        body = messages.recheck_all(stage.queue.continued[0])
    assert {one.name for one in stage.queue.rechecks} == {f"p{number}" for number in range(5)}


def test_a_recheck_of_everything_looks_again_at_what_a_way_around_has_refused() -> None:
    """Nobody announces that the way was closed."""
    stage = PromotionStage(rule())
    stage.put(LEFT_PAD, "1.0.0")
    stage.repositories.open_a_way()
    stage.event(LEFT_PAD)
    stage.deliver(messages.recheck_all())
    assert stage.queue.looks == [LEFT_PAD]


def test_a_recheck_of_everything_looks_again_at_what_an_earlier_policy_has_kept_out() -> None:
    """A policy has no event either; what was judged by the present one is left alone."""
    stage = PromotionStage(rule(Requirements(deny=(matcher("/npm/*"),))))
    stage.put(LEFT_PAD, "1.0.0")
    stage.event(LEFT_PAD)
    stage.deliver(messages.recheck_all())
    assert stage.queue.looks == []
    stage.to = replace(stage.to, policy=replace(stage.to.policy, promotions=(rule(digest="2"),)))
    stage.deliver(messages.recheck_all())
    assert stage.queue.looks == [LEFT_PAD]


def test_what_is_due_is_looked_at_once_a_package() -> None:
    """Two due versions of a package are one message; what is not due is none."""
    stage = PromotionStage(rule(SAFE))
    due, not_due = stage.put(package("due"), "1.0.0", "2.0.0"), stage.put(LEFT_PAD, "1.0.0")
    stage.osv.down = True
    stage.event(due)
    stage.now += timedelta(minutes=10)
    stage.event(not_due)
    stage.now += timedelta(minutes=5)
    assert stage.deliver(messages.due_now(), messages.due_now()) == {"batchItemFailures": []}
    assert stage.queue.looks == [due]


def test_what_is_due_waits_for_the_next_time_when_time_is_up() -> None:
    """A hundred packages are asked for, and the others stay due."""
    stage = PromotionStage(rule(SAFE))
    stage.osv.down = True
    for number in range(150):
        stage.put(package(f"p{number}"), "1.0.0")
        stage.deliver(event_of(package(f"p{number}")))
    stage.now += timedelta(minutes=15)
    left = iter([True, False])
    stage.deliver(messages.due_now(), time_left=lambda: next(left))
    assert len(stage.queue.looks) == 100
    assert len(list(stage.records.due(stage.now))) == 150
