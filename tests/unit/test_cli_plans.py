"""Plans as files: what is written is read again, and what is damaged is refused by its place."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import plans
from cli.plans import RISK, Plan, riskiest_first
from steward.coordinates import Format, Package, Repository, Restrictions
from sweep_repositories.plan_lines import ACTIONS, Action, PlanLine, PlannedVersion

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
PLACE = Repository("my-company", "012345678901", "npm-internal")
Document = dict[str, Any]


def package(name: str = "ui", repository: str = "npm-internal", kind: Format = "npm") -> Package:
    """Return a package of the company."""
    return Package(Repository("my-company", "012345678901", repository), kind, None, name)


def line(
    action: Action = "delete", *versions: str, of: Package | None = None, size: int | None = None
) -> PlanLine:
    """Return a line of *action* about *versions*."""
    pair = Restrictions("ALLOW", "ALLOW"), Restrictions("ALLOW", "BLOCK")
    restricts = action == "restrict"
    until = NOW if action == "mark" else None
    return PlanLine(
        of or package(),
        "expire_versions",
        "retention[0]",
        action,
        "it is old",
        tuple(
            PlannedVersion(name, "Published", "r1", "it is old", size, until) for name in versions
        ),
        before=pair[0] if restricts else None,
        after=pair[1] if restricts else None,
        to="approved" if action == "promote" else None,
        step="delete" if action == "mark" else None,
    )


def plan(*lines: PlanLine, **more: Any) -> Plan:  # noqa: ANN401  members of the plan
    """Return a plan of *lines*."""
    values: dict[str, Any] = {"measured": False, "limit": 500} | more
    return Plan(
        domain="my-company",
        domain_owner="012345678901",
        region="us-west-2",
        policy_digest="d" * 64,
        made_at=NOW,
        mode_note=None,
        lines=lines,
        **values,
    )


names = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Z"), blacklist_characters="#/"), max_size=20
).filter(lambda text: text.strip() == text and text != "")
lines = st.builds(
    lambda action, versions, name: line(action, *versions, of=package(name)),
    st.sampled_from([one for one in ACTIONS if one != "restrict"]),
    st.lists(names, min_size=1, max_size=4, unique=True),
    st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True),
) | st.just(line("restrict"))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(lines, max_size=5),
    st.datetimes(
        datetime(1970, 1, 2),  # noqa: DTZ001  hypothesis adds the zone
        datetime(2100, 1, 1),  # noqa: DTZ001  likewise
        timezones=st.sampled_from(
            [UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-9))]
        ),
    ),
)
def test_what_was_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, of: list[PlanLine], made_at: datetime
) -> None:
    """Lines with any names, moments of any zone: what `apply` needs comes back equal."""
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    written = Plan(
        "my-company", "012345678901", "us-west-2", "digest", made_at, "only here", tuple(of),
        kept={"retention[0]": 3}, packages=7, versions=9, limit=5, measured=True,
    )  # fmt: skip
    plans.write(written, path)
    found = plans.read(path)
    assert found.lines == written.lines
    assert found.made_at == made_at
    assert (found.domain, found.domain_owner) == ("my-company", "012345678901")
    assert (found.region, found.policy_digest) == ("us-west-2", "digest")
    assert (found.packages, found.versions, found.limit, found.measured) == (7, 9, 5, True)
    assert found.deletions == written.deletions


def test_a_plan_may_be_read_by_whoever_may_read_the_folder(tmp_path: Path) -> None:
    """As of any file that a command writes, not only by its owner; nothing else is left there."""
    path = tmp_path / "plan.json"
    before = os.umask(0o022)
    try:
        plans.write(plan(), path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["plan.json"]


def test_a_plan_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    """A name that is a folder: the message names it, and no temporary file stays behind."""
    path = tmp_path / "plan.json"
    path.mkdir()
    with pytest.raises(click.ClickException, match=r"cannot write .*plan\.json"):
        plans.write(plan(), path)
    assert [one.name for one in tmp_path.iterdir()] == ["plan.json"]


def test_text_that_no_file_can_hold_leaves_the_one_before(tmp_path: Path) -> None:
    """Whatever ends the writing, the old file stays whole."""
    path = tmp_path / "page.html"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        plans.write_text("after \ud800", path)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]


def _set(name: str, value: object) -> Callable[[Document], None]:
    def damage(document: Document) -> None:
        document[name] = value

    return damage


def _in_line(name: str, value: object) -> Callable[[Document], None]:
    def damage(document: Document) -> None:
        document["lines"][1][name] = value

    return damage


def _other_domain(document: Document) -> None:
    document["lines"][1]["package"]["domainName"] = "other"


def _other_account(document: Document) -> None:
    document["lines"][1]["package"]["domainOwner"] = "999999999999"


def _twice(document: Document) -> None:
    document["lines"][1]["versions"] *= 2


def _brought_back(document: Document) -> None:
    document["lines"][1]["versions"][0]["status"] = "Disposed"
    document["lines"][1]["action"] = "archive"


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        pytest.param(_set("kind", "a list"), "not written by", id="another document"),
        pytest.param(_set("format", 2), "its format is 2", id="a later format"),
        pytest.param(_set("format", None), "its format is None", id="no format"),
        pytest.param(_set("domain", ""), "domain is ''", id="no domain"),
        pytest.param(_set("domainOwner", 12345678901), "domainOwner is 123", id="a number"),
        pytest.param(_set("region", None), "region is None", id="no region"),
        pytest.param(_set("policyDigest", []), r"policyDigest is \[\]", id="no digest"),
        pytest.param(_set("madeAt", "soon"), "madeAt is 'soon'", id="no time"),
        pytest.param(_set("madeAt", "2026-03-01T10:00:00"), "no time zone", id="no time zone"),
        pytest.param(
            _set("madeAt", "0001-01-01T00:00:00+09:00"), "madeAt is '0001", id="before all time"
        ),
        pytest.param(_set("packages", -1), "packages is -1", id="fewer than no packages"),
        pytest.param(_set("versions", bool(1)), "versions is True", id="a truth for a number"),
        pytest.param(_set("limit", "500"), "limit is '500'", id="a text for a number"),
        pytest.param(_set("lines", {}), r"lines is \{\}", id="lines that are no list"),
        pytest.param(_set("lines", ["x"]), r"lines\[0\]: ", id="a line that is a text"),
        pytest.param(_in_line("action", "burn"), r"lines\[1\]: action", id="an unknown action"),
        pytest.param(_in_line("rule", "a\nb"), r"lines\[1\]: rule", id="a rule of two lines"),
        pytest.param(_in_line("surprise", 1), r"lines\[1\]: .*surprise", id="an unknown member"),
        pytest.param(_in_line("versions", []), r"lines\[1\]: versions", id="nothing to delete"),
        pytest.param(_in_line("to", "approved"), r"lines\[1\]: to", id="a deletion to somewhere"),
        pytest.param(_other_domain, r"lines\[1\] is about another domain", id="another domain"),
        pytest.param(_other_account, r"lines\[1\] is about another domain", id="another account"),
        pytest.param(_twice, r"lines\[1\]: .*twice", id="a version twice"),
        pytest.param(_brought_back, r"lines\[1\]: status", id="a version brought back"),
    ],
)
def test_a_damaged_plan_is_refused_by_its_place(
    tmp_path: Path, damage: Callable[[Document], None], place: str
) -> None:
    """People edit files: the message says where, and how to get a plan that is right."""
    path = tmp_path / "plan.json"
    document = json.loads(
        json.dumps(plans.document(plan(line("delete", "0.9"), line("delete", "1.0"))))
    )
    damage(document)
    path.write_text(json.dumps(document))
    with pytest.raises(click.ClickException, match=place) as caught:
        plans.read(path)
    assert str(path) in caught.value.message
    assert "steward plan --out" in caught.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "line 1 is no JSON", id="nothing"),
        pytest.param(b'{"kind":\n"x"\n', "line 3 is no JSON", id="half a file"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="bytes"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="a hundred thousand brackets"),
        pytest.param(b"[1]", "not written by", id="a list"),
        pytest.param(b'"x"', "not written by", id="a text"),
        pytest.param(b'{"kind": ' + b"9" * 5_000 + b"}", "is no plan", id="a number without end"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Whatever is in it."""
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(click.ClickException, match=message):
        plans.read(path)


def test_a_file_that_is_too_large_or_gone_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is read into memory."""
    path = tmp_path / "plan.json"
    plans.write(plan(), path)
    monkeypatch.setattr(plans, "MAX_BYTES", 10)
    with pytest.raises(click.ClickException, match="larger than 10 bytes"):
        plans.read(path)
    with pytest.raises(click.ClickException, match="cannot read"):
        plans.read(tmp_path / "none.json")


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_no_damage_ends_in_anything_but_a_message(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A plan of which a piece was cut out or replaced is read, or refused in words."""
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    whole = json.dumps(plans.document(plan(line("delete", "1.0", "2.0"), line("restrict"))))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 30)))
    instead = data.draw(st.sampled_from(["", "null", "1e999", '"\\ud800"', "[]", "{}", "-1", "x"]))
    path.write_text(whole[:start] + instead + whole[end:], encoding="utf-8")
    try:
        found = plans.read(path)
    except click.ClickException as error:
        assert str(path) in error.message  # noqa: PT017  either way is right
    else:
        assert found.deletions <= 2


@given(st.permutations([line(action, "1.0", "2.0") for action in ACTIONS if action != "restrict"]))
def test_what_nothing_brings_back_comes_first(shuffled: list[PlanLine]) -> None:
    """Whatever order the lines come in."""
    assert [one.action for one in riskiest_first(shuffled)] == [
        action for action in RISK if action != "restrict"
    ]
    assert sorted(RISK) == sorted(ACTIONS)


def test_of_one_action_the_most_versions_come_first() -> None:
    """Then by repository, package and rule."""
    many = line("delete", "1", "2", "3")
    others = [
        line("delete", "1", of=package("a", "first")),
        line("delete", "1", of=package("b", "first")),
        line("delete", "1", of=package("a", "second")),
    ]
    assert riskiest_first([*reversed(others), many]) == [many, *others]


def test_what_is_freed_counts_what_goes_and_what_is_not_known() -> None:
    """An archived version frees nothing; one that is disposed of already has nothing to measure."""
    gone = PlannedVersion("0.9", "Disposed", None, "it is old")
    deleted = line("delete", "2.0", size=None)
    mixed = plan(
        line("delete", "1.0", "1.1", size=100),
        PlanLine(package("x"), "expire_versions", "retention[0]", "delete", "it is old", (gone,)),
        deleted,
        line("archive", "3.0", size=70),
        measured=True,
    )
    assert (mixed.bytes_freed, mixed.unmeasured, mixed.deletions) == (200, 1, 4)
    assert plans.document(mixed)["bytesFreed"] == 200
    assert plans.document(mixed)["unmeasured"] == 1
    assert plans.document(plan(deleted))["bytesFreed"] is None
