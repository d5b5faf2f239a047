"""What people and programs are shown of promotions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.output import stdout
from cli.promotion_documents import document, held_until
from cli.promotion_runs import Run, show
from cli.promotion_runs import document as run_document
from cli.promotion_tables import (
    About,
    asks_a_person,
    counted,
    key,
    of_records,
    print_outcome,
    print_records,
)
from promote_versions.records import Approval, Record
from promote_versions.verdicts import Verdict, hold, pass_, refuse
from steward.coordinates import Package, Repository
from steward.ledger import Exemption

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
INTAKE = Repository("my-company", "012345678901", "pypi-intake")
REQUESTS = Package(INTAKE, "pypi", None, "requests")
LONG = Package(
    Repository("my-company", "012345678901", "maven-releases-of-all-departments"),
    "maven",
    "com.mycompany.department.subdepartment",
    "an-artifact-with-a-rather-long-name",
)
LONG_VERSION = "99.0.0-with-a-long-qualifier"
DENIED = "arn:aws:sts::012345678901:assumed-role/PlatformEngineers/somebody"

AGE = hold(
    "minimum_age",
    "was released yesterday",
    {"released_at": NOW.isoformat()},
    until=NOW + timedelta(days=6),
)
UNKNOWN_AGE = hold("minimum_age", "nobody knows", {}, until=NOW + timedelta(days=1))
LICENCE = hold("licences", "nobody knows the licence", {}, until=NOW + timedelta(days=1))
PERSON = hold("approval", "waits for somebody's approval", {})
MALICE = refuse("vulnerabilities", "is malicious: MAL-1", {})
COMMAND = (
    "aws codeartifact update-repository --domain my-company --domain-owner 012345678901 "
    "--repository pypi-approved --upstreams []"
)
BYPASS = refuse(
    "bypass",
    "can be had without any gate: pypi-approved -> pypi-intake: clients of pypi-approved get "
    "versions from pypi-intake without promotion. Either take pypi-intake off the upstreams of "
    f"pypi-approved: `{COMMAND}`, or declare `internal_upstream: block` (`{{allow_in: [...]}}` "
    "without pypi-approved if other repositories need it) for the package group /pypi/* under "
    "`groups` of the policy, and run `steward groups`.",
    {},
)
PUBLISHED = pass_("status", "is Published", {})
YES = Approval("approve", "AIDAEXAMPLE", "read the diff", NOW, "r1")


def record(*verdicts: Verdict, **changed: Any) -> Record:  # noqa: ANN401  fields of a record
    """Return what is decided about a version: held by *verdicts*, but for what is *changed*."""
    ends = [one.until for one in verdicts if one.until is not None]
    held = Record(
        package=REQUESTS,
        version="2.32.4",
        rule="public-to-approved",
        to="pypi-approved",
        revision="r1",
        state="held",
        verdicts=verdicts,
        requirements="0" * 64,
        decided_at=NOW,
        due=min(ends, default=None),
        reason="; ".join(one.reason for one in verdicts if one.outcome != "pass"),
        approval=None,
        asked=False,
        copied_at=None,
        copied_revision=None,
        findings=(),
        serial=1,
    )
    return replace(held, **changed)


def printed(
    records: Sequence[Record], capsys: pytest.CaptureFixture[str], *, gates: bool = False
) -> str:
    """Return what people see of *records*."""
    stdout().print(of_records(records, gates=gates))
    return capsys.readouterr().out


def reason(one: Record, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines of the last column, in a pipe."""
    rows = [line for line in printed([one], capsys).splitlines() if line.startswith("│")]
    return [row.split("│")[-2].strip() for row in rows]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        pytest.param(
            (AGE, PUBLISHED),
            "until 2026-03-07 10:00 UTC: was released yesterday",
            id="only its age holds it: then it passes",
        ),
        pytest.param(
            (AGE, PERSON),
            "not before 2026-03-07 10:00 UTC: was released yesterday; waits for somebody's "
            "approval",
            id="its age and a person: then it may pass",
        ),
        pytest.param(
            (AGE, LICENCE),
            "not before 2026-03-07 10:00 UTC: was released yesterday; nobody knows the licence",
            id="its age and a licence that nobody knows",
        ),
        pytest.param(
            (UNKNOWN_AGE,),
            "judged again 2026-03-02 10:00 UTC: nobody knows",
            id="a time of release that nobody knows: it is asked again",
        ),
        pytest.param(
            (LICENCE, PERSON),
            "judged again 2026-03-02 10:00 UTC: nobody knows the licence; waits for somebody's "
            "approval",
            id="a licence that nobody knows",
        ),
        pytest.param(
            (PERSON,), "waits for somebody's approval", id="a person: no time changes anything"
        ),
    ],
)
def test_what_is_held_says_until_when(
    verdicts: tuple[Verdict, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As far as anybody knows."""
    assert reason(record(*verdicts), capsys) == [said]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        pytest.param(
            record(PUBLISHED, state="copied", copied_at=NOW, reason="It is in pypi-approved."),
            ["in pypi-approved since 2026-03-01 10:00 UTC"],
            id="copied: since when",
        ),
        pytest.param(
            record(state="copied", copied_at=NOW, approval=YES, findings=("was yanked",)),
            [
                "in pypi-approved since 2026-03-01 10:00 UTC",
                "approved by AIDAEXAMPLE at 2026-03-01 10:00 UTC: read the diff",
                "was yanked",
            ],
            id="copied: who approved it, and what was found since",
        ),
        pytest.param(record(MALICE, state="refused"), ["is malicious: MAL-1"], id="refused: why"),
        pytest.param(
            record(
                state="refused",
                reason="was rejected by AIDAEXAMPLE: no",
                approval=replace(YES, decision="reject", reason="no"),
            ),
            ["was rejected by AIDAEXAMPLE: no"],
            id="rejected: by whom, once",
        ),
        pytest.param(
            record(state="recalled", reason="was yanked", findings=("was yanked",)),
            ["was yanked"],
            id="recalled: why, once",
        ),
        pytest.param(
            record(LICENCE, reason="says [red]what[/] it wants", due=None),
            ["says [red]what[/] it wants"],
            id="brackets are no markup",
        ),
    ],
)
def test_why(one: Record, said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The reason of the state, who and when."""
    assert reason(one, capsys) == said


def test_gates_stand_below_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """With a sign each."""
    said = printed([record(PUBLISHED, AGE, MALICE, state="refused")], capsys, gates=True)
    assert [sign for sign in "✓…✗" if sign in said] == ["✓", "…", "✗"]
    assert "✓ status: is Published" in said
    assert "✗ vulnerabilities: is malicious: MAL-1" in said


def test_each_rule_has_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Below its name and where it copies from and to, in the order of names."""
    other = record(PERSON, rule="to-production", to="pypi-production")
    lines = printed([other, record(AGE), other], capsys).splitlines()
    assert [line for line in lines if " -> " in line] == [
        "public-to-approved: pypi-intake -> pypi-approved",
        "to-production: pypi-intake -> pypi-production",
    ]
    assert sum("pkg:pypi/requests@2.32.4" in line for line in lines) == 3


def test_tables_are_in_the_order_of_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    """Rules that it has no more come last."""
    some = [record(AGE, rule=rule) for rule in ("gone", "b", "z", "a")]
    stdout().print(of_records(some, about=About(rules=["z", "a", "b"])))
    said = capsys.readouterr().out
    assert [line.partition(":")[0] for line in said.splitlines() if " -> " in line] == [
        "z",
        "a",
        "b",
        "gone",
    ]


def test_a_long_command_stands_below_the_table_and_is_never_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, however often a gate or a version says it; the table says what is wrong."""
    monkeypatch.setenv("COLUMNS", "80")
    some = [record(BYPASS, MALICE, state="refused", version=version) for version in ("1", "2")]
    print_records(some, stdout(), gates=True)
    said = capsys.readouterr().out
    table, _, below = said.rpartition("┘")
    assert "aws codeartifact" not in table
    assert "without promotion" in " ".join(table.replace("│", " ").split())
    assert below.splitlines()[2:4] == [
        "Either take pypi-intake off the upstreams of pypi-approved:",
        f"  {COMMAND}",
    ]
    assert said.count(COMMAND) == 1
    assert " ".join(below.split()).endswith(", and run `steward groups`.")
    assert "is malicious" not in below


def test_a_reason_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """By the gate if gates are shown; else reasons are one sentence."""
    one = record(BYPASS, MALICE, state="refused")
    with_gates, without = printed([one], capsys, gates=True), printed([one], capsys)
    assert with_gates.count("is malicious: MAL-1") == without.count("is malicious: MAL-1") == 1
    assert with_gates.count("without promotion") == without.count("without promotion") == 1
    assert "without promotion; is malicious" in without
    assert ".;" not in without
    held = printed([record(AGE)], capsys, gates=True)
    assert held.count("was released yesterday") == 1
    assert "│ until 2026-03-07 10:00 UTC" in held


def test_sentences_of_gates_are_joined_without_their_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A full stop before a semicolon ends nothing."""
    ends = hold("licences", "nobody knows. Ask again.", {})
    assert reason(record(ends, PERSON), capsys) == [
        "nobody knows. Ask again; waits for somebody's approval"
    ]


def test_earlier_words_stand_below_the_last_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The newest first: who has said no before somebody said yes is not forgotten."""
    no = Approval("reject", "AIDAOTHER", "SEC-1234", NOW - timedelta(days=1), "r1")
    first = Approval("approve", "AIDAFIRST", "fine", NOW - timedelta(days=2), "r1")
    one = record(state="copied", copied_at=NOW, approval=YES, earlier=(first, no))
    assert reason(one, capsys)[1:] == [
        "approved by AIDAEXAMPLE at 2026-03-01 10:00 UTC: read the diff",
        "before: rejected by AIDAOTHER at 2026-02-28 10:00 UTC: SEC-1234",
        "before: approved by AIDAFIRST at 2026-02-27 10:00 UTC: fine",
    ]
    words: Any = document(one)["earlierWords"]
    assert [(said["decision"], said["who"]) for said in words] == [
        ("approve", "AIDAFIRST"),
        ("reject", "AIDAOTHER"),
    ]


def test_what_is_settled_says_when_it_was_decided(capsys: pytest.CaptureFixture[str]) -> None:
    """What its gates say is of then."""
    one = record(PUBLISHED, state="copied", copied_at=NOW)
    run = Run(plan=True, packages=1, records=[one], settled=frozenset({key(one)}))
    show(run, stdout())
    assert "decided 2026-03-01 10:00 UTC, not judged again" in capsys.readouterr().out
    promotions: Any = run_document(run)["promotions"]
    assert [promotion["settled"] for promotion in promotions] == [True]
    anew = Run(plan=True, packages=1, records=[one])
    show(anew, stdout())
    assert "not judged again" not in capsys.readouterr().out


def test_what_is_restored_says_until_when_and_by_whom(capsys: pytest.CaptureFixture[str]) -> None:
    """It is recalled, and in use."""
    one = record(state="recalled", reason="was yanked", findings=("was yanked",))
    there = replace(REQUESTS, repository=replace(INTAKE, name="pypi-approved"))
    until = NOW + timedelta(days=7)
    exemption = Exemption(there, one.version, one.rule, "arn:x:user/jo", "we need it", NOW, until)
    stdout().print(of_records([one], about=About(restored={key(one): exemption})))
    said = capsys.readouterr().out
    assert (
        "recalled, but restored until 2026-03-08 10:00 UTC (exemption by user/jo: we need it)"
        in said
    )
    assert document(one, exemption)["restoredUntil"] == "2026-03-08T10:00:00+00:00"
    assert document(one)["restoredUntil"] is None


def test_the_outcome_of_a_word_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Gates are for who asks, and reasons are said once."""
    print_outcome(record(PUBLISHED, state="copied", copied_at=NOW), stdout(), gates=False)
    assert capsys.readouterr().out.splitlines() == [
        f"copied {COPIED.purl}",
        "  public-to-approved: pypi-intake -> pypi-approved",
        "  in pypi-approved since 2026-03-01 10:00 UTC",
    ]
    print_outcome(record(PUBLISHED, AGE), stdout(), gates=True)
    assert capsys.readouterr().out.splitlines()[2:] == [
        "  until 2026-03-07 10:00 UTC",
        "  ✓ status: is Published",
        "  … minimum_age: was released yesterday",
    ]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_package_url_is_on_one_line_where_there_is_room(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reasons are wrapped, names are copied."""
    monkeypatch.setenv("COLUMNS", str(columns))
    said = printed([record(AGE, PERSON, reason="a reason " * 30)], capsys)
    assert "│ pkg:pypi/requests@2.32.4 │" in said
    assert max(len(line) for line in said.splitlines()) <= columns


@pytest.mark.parametrize("columns", [60, 80])
def test_nothing_is_cut_off_in_a_narrow_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long names and reasons are folded."""
    monkeypatch.setenv("COLUMNS", str(columns))
    long = record(AGE, package=LONG, version=LONG_VERSION, reason=DENIED)
    said = printed([long], capsys)
    rows = [line[1:-1].split("│") for line in said.splitlines() if line.startswith("│")]
    cells = ["".join(cell.strip() for cell in column) for column in zip(*rows, strict=True)]
    assert cells[0] == long.purl
    assert DENIED in cells[2]
    assert "…" not in said
    assert max(len(line) for line in said.splitlines()) <= columns


def test_in_a_pipe_a_version_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """To be searched and copied."""
    long = record(AGE, package=LONG, version=LONG_VERSION, reason="a reason " * 30)
    [row] = [line for line in printed([long], capsys).splitlines() if line.startswith("│")]
    assert long.purl in row
    assert "a reason a reason" in row


def test_states_are_counted_in_the_order_of_a_life() -> None:
    """Those that nothing is in are left out."""
    refused, held = record(MALICE, state="refused"), record(AGE)
    assert counted([refused, held, refused]) == "1 held, 2 refused"
    assert counted([]) == ""


@pytest.mark.parametrize(
    ("one", "asks"),
    [
        pytest.param(record(PERSON, PUBLISHED), True, id="nothing else holds it"),
        pytest.param(record(PERSON, AGE), False, id="its age holds it too"),
        pytest.param(record(AGE), False, id="nobody is asked"),
        pytest.param(record(PERSON, state="refused"), False, id="it is refused"),
    ],
)
def test_whether_a_person_can_let_something_through(one: Record, *, asks: bool) -> None:
    """Only if all else is there."""
    assert asks_a_person([one]) is asks


def test_a_record_as_json() -> None:
    """Times are ISO 8601; what is not known is null."""
    said = document(record(AGE, PERSON, approval=YES))
    assert json.loads(json.dumps(said)) == said
    assert (said["packageUrl"], said["from"], said["to"]) == (
        "pkg:pypi/requests@2.32.4",
        "pypi-intake",
        "pypi-approved",
    )
    assert said["heldUntil"] == said["due"] == "2026-03-07T10:00:00+00:00"
    assert said["copiedAt"] is None
    assert said["approval"] == {
        "decision": "approve",
        "who": "AIDAEXAMPLE",
        "reason": "read the diff",
        "at": "2026-03-01T10:00:00+00:00",
        "revision": "r1",
    }
    assert held_until(record(AGE, state="refused")) is None


COPIED = record(PUBLISHED, state="copied", copied_at=NOW)
HELD = record(AGE)
BY_NAME = frozenset({"pkg:pypi/requests@2.32.4"})


@pytest.mark.parametrize(
    ("run", "complete"),
    [
        pytest.param(Run(plan=False, packages=1, records=[HELD]), True, id="all was judged"),
        pytest.param(
            Run(plan=False, packages=1, records=[HELD], wanted=BY_NAME),
            False,
            id="what was asked for by name is held",
        ),
        pytest.param(
            Run(plan=True, packages=1, records=[HELD], wanted=BY_NAME), True, id="in a plan"
        ),
        pytest.param(
            Run(plan=False, packages=1, records=[COPIED], wanted=BY_NAME),
            True,
            id="what was asked for by name is promoted",
        ),
        pytest.param(
            Run(plan=False, packages=1, records=[COPIED, HELD], wanted=BY_NAME),
            False,
            id="it is promoted by one of two rules",
        ),
        pytest.param(
            Run(plan=False, packages=1, records=[COPIED], under_way=True), False, id="under way"
        ),
        pytest.param(
            Run(plan=True, packages=0, records=[], problems=["no"]), False, id="a problem"
        ),
        pytest.param(
            Run(plan=False, packages=0, records=[], wanted=BY_NAME, sent=1),
            True,
            id="nobody waits",
        ),
    ],
)
def test_whether_a_promotion_is_complete(run: Run, *, complete: bool) -> None:
    """The exit status says it."""
    assert run.complete is complete
    assert run_document(run)["ok"] is complete


@pytest.mark.parametrize(
    ("versions", "are_shown"),
    [
        pytest.param(3, True, id="three versions have their gates shown"),
        pytest.param(4, False, id="four do not fit a screen"),
    ],
)
def test_gates_are_shown_of_few_versions(
    versions: int, capsys: pytest.CaptureFixture[str], *, are_shown: bool
) -> None:
    """Each version has eight or so."""
    some = [record(PUBLISHED, AGE, version=f"1.{number}") for number in range(versions)]
    show(Run(plan=False, packages=1, records=some), stdout())
    said = capsys.readouterr().out
    assert ("✓ status" in said) is are_shown
    assert f"1 package judged: {versions} held." in said
