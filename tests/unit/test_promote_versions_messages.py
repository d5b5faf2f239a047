"""The messages of promotion: what is written is what is read, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promote_versions import messages
from promote_versions.messages import (
    ApprovalMessage,
    CopyOrder,
    DueNow,
    Look,
    PromotionMessage,
    Recheck,
    RecheckAll,
    approval_body,
    approval_in,
    body_of,
    order_in,
)
from promote_versions.records import ApprovalDecision
from steward import events
from steward.errors import MalformedMessageError
from steward.purls import parse_purl
from tests.unit.fake_codeartifact import package
from warm_caches import messages as warming

EVENTS = Path(__file__).parents[2] / "events"
EVENT = (EVENTS / "maven-snapshot-build-created.json").read_text()
APP = package()
UI = package("ui", package_format="npm", namespace="mycompany", repository="npm-intake")
NOW = datetime(2026, 3, 1, 10, 15, 0, 123_456, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4
ORDER = CopyOrder(UI, "r", "npm-approved", {"1.0": "R1", "1.1": "R2"}, ((APP, "2.0"),), NOW)
APPROVAL = {
    "purl": "pkg:npm/%40mycompany/ui@1.0",
    "rule": "public-to-approved",
    "decision": "approve",
    "reason": "read the diff",
}


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        pytest.param(EVENT, Look(APP), id="an event of CodeArtifact"),
        pytest.param(messages.look(UI), Look(UI), id="our own look"),
        pytest.param(events.look_again(UI), Look(UI), id="a delayed look"),
        pytest.param(
            messages.look(UI, request="0-aZ", policy_digest=DIGEST),
            Look(UI, "0-aZ", DIGEST),
            id="a look that somebody waits for",
        ),
        pytest.param(messages.due_now(), DueNow(), id="the schedule of what is due"),
        pytest.param(
            '{"source": "codeartifact.steward", "detail-type": "Promotions Due"}',
            DueNow(),
            id="the same without detail",
        ),
        pytest.param(messages.recheck_all(), RecheckAll(), id="the schedule of rechecks"),
        pytest.param(messages.recheck_all("{}"), RecheckAll("{}"), id="rechecks go on"),
        pytest.param(messages.recheck(UI), Recheck(UI), id="the recheck of a package"),
    ],
)
def test_what_stands_on_the_judge_s_queue(body: str, asked: PromotionMessage) -> None:
    """Events, schedules and our own messages."""
    assert messages.read(body) == asked


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("[" * 50_000, id="brackets"),
        pytest.param("{}", id="an empty object"),
        pytest.param(body_of(ORDER), id="a copy order"),
        pytest.param(json.dumps(APPROVAL), id="an approval"),
        pytest.param(messages.due_now().replace("codeartifact.", "somebody."), id="not ours"),
        pytest.param(messages.look(UI, request="a b"), id="a request that is no id"),
        pytest.param(messages.look(UI, request="x" * 65), id="a request that is too long"),
        pytest.param(messages.look(UI, policy_digest="F" * 64), id="a digest that is none"),
        pytest.param(messages.recheck_all("x" * 32_769), id="an endless continuation"),
        pytest.param(messages.recheck(UI).replace("npm-intake", "/"), id="no repository"),
    ],
)
def test_what_the_judge_does_not_understand_is_malformed(body: str) -> None:
    """It says what is wrong, and ends in the dead-letter queue."""
    with pytest.raises(MalformedMessageError):
        messages.read(body)


def test_an_order_is_what_was_ordered() -> None:
    """In UTC, with everything that it has to follow."""
    assert order_in(body_of(ORDER)) == ORDER


def test_equal_orders_are_equal_messages() -> None:
    """However their versions are ordered and their time is written: SQS drops the second one."""
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))
    same = CopyOrder(UI, "r", "npm-approved", {"1.1": "R2", "1.0": "R1"}, ((APP, "2.0"),), berlin)
    assert body_of(same) == body_of(ORDER)


def changed(**said: object) -> str:
    """Return the body of an order that says something else."""
    document = json.loads(body_of(ORDER))
    document["detail"] |= said
    return json.dumps(document)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("no", id="no JSON"),
        pytest.param(messages.look(UI), id="a look"),
        pytest.param(body_of(ORDER).replace("codeartifact.", "somebody."), id="not ours"),
        pytest.param(changed(rule=""), id="no rule"),
        pytest.param(changed(rule="\ud800"), id="a rule that is no text"),
        pytest.param(changed(destinationRepository="a/b"), id="no repository"),
        pytest.param(changed(versionRevisions={}), id="no versions"),
        pytest.param(changed(versionRevisions=["1.0"]), id="versions without revisions"),
        pytest.param(changed(versionRevisions={"1.0": ""}), id="an empty revision"),
        pytest.param(changed(versionRevisions={"1 0": "R"}), id="no version"),
        pytest.param(
            changed(versionRevisions={str(n): "R" for n in range(101)}), id="101 versions"
        ),
        pytest.param(changed(after=None), id="nothing about others"),
        pytest.param(changed(after=["1.0"]), id="others that are no versions"),
        pytest.param(changed(after=[events.coordinates(UI)]), id="others without a version"),
        pytest.param(changed(decidedAt="now"), id="no time"),
        pytest.param(changed(decidedAt="2026-03-01T10:15:00"), id="a time without a zone"),
        pytest.param(changed(decidedAt="0001-01-01T00:00:00+14:00"), id="a time before all times"),
    ],
)
def test_what_is_no_order_is_malformed(body: str) -> None:
    """Whoever wrote it."""
    with pytest.raises(MalformedMessageError):
        order_in(body)


@pytest.mark.parametrize("sample", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_sample_is_understood_where_it_belongs(sample: Path) -> None:
    """By one function of a queue, and by no other; what a state machine gives to sweeps by none."""
    understood = 0

    def of_warming(body: str) -> object:
        return warming.read(body, account="012345678901", domain="my-company")

    readers: list[Callable[[str], object]] = [messages.read, order_in, approval_in, of_warming]
    for reader in readers:
        with suppress(MalformedMessageError):
            reader(sample.read_text())
            understood += 1
    assert understood == (0 if sample.stem.startswith("sweep-") else 1)


def test_an_approval_is_what_was_asked_for() -> None:
    """The package as CodeArtifact stores it, whatever its spelling."""
    purl = parse_purl("pkg:npm/%40mycompany/ui@1.0")
    read = approval_in(json.dumps(APPROVAL))
    assert read == ApprovalMessage(purl, "public-to-approved", "approve", "read the diff", None)
    other = approval_in(json.dumps({**APPROVAL, "purl": "pkg:PyPI/Foo_Bar@1.0", "revision": "R1"}))
    assert (other.purl.name, other.revision) == ("foo-bar", "R1")


@given(
    st.sampled_from(["pkg:npm/%40a/b@1", "pkg:gem/rails@7.0", "pkg:maven/a.b/c@1%2B1"]),
    st.sampled_from(["approve", "reject"]),
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=1000),
    st.none() | st.just("R1"),
)
def test_approvals_survive_the_queue(
    purl: str, decision: ApprovalDecision, reason: str, revision: str | None
) -> None:
    """What our command writes is what the function reads."""
    said = ApprovalMessage(parse_purl(purl), "r", decision, reason, revision)
    assert approval_in(approval_body(said)) == said


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        pytest.param({"who": "me"}, "has no 'who'", id="it claims to be from somebody"),
        pytest.param({"SenderId": "me"}, "has no 'SenderId'", id="in SQS's own words"),
        pytest.param({"at": "2020-01-01"}, "has no 'at'", id="it claims to be from another time"),
        pytest.param({"purl": None}, "purl is no text", id="no package"),
        pytest.param({"purl": "requests@1.0"}, "no package URL", id="no package URL"),
        pytest.param({"purl": "pkg:pypi/requests"}, "names no version", id="no version"),
        pytest.param({"purl": "pkg:conda/x@1"}, "no format", id="no format"),
        pytest.param({"purl": "pkg:pypi/x@1%20"}, "cannot hold", id="a version that is none"),
        pytest.param({"rule": None}, "rule", id="no rule"),
        pytest.param({"rule": 7}, "rule", id="a number of a rule"),
        pytest.param({"decision": "Approve"}, "neither approve nor reject", id="neither"),
        pytest.param({"decision": ["approve"]}, "neither approve nor reject", id="a list"),
        pytest.param({"decision": None}, "neither approve nor reject", id="no decision"),
        pytest.param({"reason": None}, "reason is required", id="no reason"),
        pytest.param({"reason": ""}, "reason is required", id="an empty reason"),
        pytest.param({"reason": " \t"}, "reason is required", id="white space for a reason"),
        pytest.param({"reason": "x" * 1001}, "more than 1000", id="1,001 characters"),
        pytest.param({"reason": "a\nb"}, "control character '\\n'", id="a new line"),
        pytest.param({"reason": "a\x1b[2J"}, "control character", id="an escape sequence"),
        pytest.param({"reason": "a\u202eb"}, "control character", id="text that runs backwards"),
        pytest.param({"reason": "a\u2028b"}, "control character", id="a line separator"),
        pytest.param({"reason": "\ud800"}, "control character", id="half a surrogate pair"),
        pytest.param({"revision": ""}, "revision", id="an empty revision"),
        pytest.param({"revision": 1}, "revision", id="a number of a revision"),
        pytest.param({"revision": "R" * 51}, "revision", id="51 characters of a revision"),
    ],
)
def test_what_is_no_approval_is_malformed(said: dict[str, object], problem: str) -> None:
    """The text says what is wrong."""
    with pytest.raises(MalformedMessageError) as raised:
        approval_in(json.dumps({**APPROVAL, **said}))
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '"approve"',
        "[" * 50_000,
        json.dumps(APPROVAL)[:-1] + ', "decision": "reject"}',
    ],
    ids=["empty", "a list", "a text", "brackets", "one key twice"],
)
def test_what_is_no_single_object_is_malformed(body: str) -> None:
    """A body that says two things says nothing."""
    with pytest.raises(MalformedMessageError):
        approval_in(body)


def test_a_reason_may_have_a_thousand_characters_of_any_script() -> None:
    """The longest, and what people write: accents, emoji, quotes."""
    for reason in ("x" * 1000, 'Größe geprüft 👩‍💻, "ok"', "已审查"):
        assert approval_in(json.dumps({**APPROVAL, "reason": reason})).reason == reason
