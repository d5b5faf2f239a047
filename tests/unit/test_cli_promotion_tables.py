"""What people and programs are shown of promotions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.output import stdout
from cli.promotion_runs import Run, show
from cli.promotion_runs import document as run_document
from cli.promotion_tables import asks_a_person, counted, document, held_until, of_records
from promote_versions.records import Approval, Record
from promote_versions.verdicts import Verdict, hold, pass_, refuse
from steward.coordinates import Package, Repository

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
    """Below its name and where it copies from and to, in the order of what was asked for."""
    other = record(PERSON, rule="to-production", to="pypi-production")
    lines = printed([other, record(AGE), other], capsys).splitlines()
    assert [line for line in lines if " -> " in line] == [
        "to-production: pypi-intake -> pypi-production",
        "public-to-approved: pypi-intake -> pypi-approved",
    ]
    assert sum("pkg:pypi/requests@2.32.4" in line for line in lines) == 3


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
