"""Plan lines as JSON: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.coordinates import FORMATS, Origin, Package, Repository, Restrictions, Status
from steward.retention_rules import STEPS
from sweep_repositories.plan_lines import (
    ACTIONS,
    STATUS_AFTER,
    Action,
    MixedOrigin,
    PlanLine,
    PlannedVersion,
    from_json,
    further,
    to_json,
)

PACKAGE = Package(
    Repository("my-company", "012345678901", "maven-snapshots"), "maven", "com", "app"
)
NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
OPEN, CLOSED = Restrictions("ALLOW", "ALLOW"), Restrictions("ALLOW", "BLOCK")
STATUSES: tuple[Status, ...] = ("Published", "Unfinished", "Unlisted", "Archived", "Disposed")

names = st.text("abcXYZ019.-_é漢", min_size=1, max_size=20)
reasons = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
restrictions = st.builds(
    Restrictions, st.sampled_from(["ALLOW", "BLOCK"]), st.sampled_from(["ALLOW", "BLOCK"])
)
origins = st.one_of(
    st.just(Origin("UNKNOWN")),
    st.just(Origin("INTERNAL", "maven-snapshots")),
    st.just(Origin("EXTERNAL", None, "public:npmjs")),
)


def packages() -> st.SearchStrategy[Package]:
    """Return packages as CodeArtifact stores them."""
    stored = st.text("abc019", min_size=1, max_size=10)
    return st.builds(
        Package,
        st.just(PACKAGE.repository),
        st.sampled_from(FORMATS),
        st.none() | stored,
        stored,
    )


def versions(
    *, statuses: tuple[Status, ...] = STATUSES, until: bool = False
) -> st.SearchStrategy[tuple[PlannedVersion, ...]]:
    """Return versions of different names."""
    one = st.builds(
        PlannedVersion,
        names,
        st.sampled_from(statuses),
        st.none() | st.text("abc019+/=", min_size=1, max_size=20),
        reasons,
        st.none() | st.integers(0, 10**12),
        st.datetimes(datetime(2000, 1, 1), datetime(3000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone
        if until
        else st.none(),
        origins,
    )
    return st.lists(one, min_size=1, max_size=5, unique_by=lambda each: each.version).map(tuple)


@st.composite
def lines(draw: st.DrawFn) -> PlanLine:
    """Return lines that can be applied, of each action."""
    package, rule, reason = (
        draw(packages()),
        draw(st.sampled_from(["retention[0]", "to x"])),
        draw(reasons),
    )
    action: Action = draw(st.sampled_from(ACTIONS))
    about: dict[str, Any] = {}
    match action:
        case "restrict":
            about = {"before": draw(restrictions), "after": draw(restrictions)}
        case "promote":
            about = {"versions": draw(versions(statuses=("Published",))), "to": "approved"}
        case "mark":
            step = draw(st.sampled_from(STEPS))
            before = tuple(status for status in STATUSES if further(step, status))
            about = {"versions": draw(versions(statuses=before, until=True)), "step": step}
        case "report":
            mixed = draw(st.none() | st.builds(MixedOrigin, st.integers(0, 9), st.integers(0, 9)))
            about = {"mixed": mixed} if mixed else {"versions": draw(versions())}
        case _:
            before = tuple(status for status in STATUSES if further(action, status))
            following = [step for step in STEPS if further(step, STATUS_AFTER[action])]
            about = {
                "versions": draw(versions(statuses=before)),
                "step": draw(st.sampled_from([None, *following])),
            }
    return PlanLine(package, "expire_versions", rule, action, reason, **about)


@given(lines())
def test_a_line_is_read_as_it_was_written(line: PlanLine) -> None:
    """Through JSON text and back, a line is the same, and is written the same again."""
    text = json.dumps(to_json(line))
    read = from_json(json.loads(text))
    assert read == line
    assert json.dumps(to_json(read)) == text


def unlisting(**changes: object) -> dict[str, object]:
    """Return a line that unlists one version, as JSON, with *changes*; ``None`` leaves out."""
    version = PlannedVersion("1.0-20260301.101500-1", "Published", "rev1", "a newer one exists")
    line = PlanLine(PACKAGE, "unlist_snapshot_builds", "snapshots[0]", "unlist", "why", (version,))
    document = to_json(line) | changes
    return {name: value for name, value in document.items() if value is not None}


def one_version(**changes: object) -> list[dict[str, object]]:
    """Return the versions of a line as JSON."""
    version: dict[str, object] = {"version": "1.0", "status": "Published"} | changes
    return [{name: value for name, value in version.items() if value is not None}]


def package_with(**changes: object) -> dict[str, object]:
    """Return the package of a line as JSON."""
    document = unlisting()["package"]
    assert isinstance(document, dict)
    return document | changes


DAMAGED: list[tuple[str, object, str]] = [
    ("a list", [], "the line is no JSON object"),
    ("nothing", None, "the line is no JSON object"),
    ("no package", unlisting(package=None), "package"),
    ("a package that is a text", unlisting(package="pkg:maven/com/app"), "package"),
    ("a package without a domain", unlisting(package=package_with(domainName=7)), "domainName"),
    ("an unknown format", unlisting(package=package_with(packageFormat="x")), "packageFormat"),
    ("an unknown action", unlisting(action="clean"), "action"),
    ("no rule", unlisting(rule=None), "rule"),
    ("a rule that is no text", unlisting(rule=["snapshots[0]"]), "rule"),
    ("a reason with a line break", unlisting(reason="a\nb"), "reason"),
    ("half a surrogate pair", unlisting(reason="\ud800"), "reason"),
    ("an unknown member", unlisting(force=True), "force"),
    ("no versions", unlisting(versions=None), "versions"),
    ("versions that are an object", unlisting(versions={"1.0": {}}), "versions"),
    ("a version that is a text", unlisting(versions=["1.0"]), r"versions\[0\]"),
    ("a version without a name", unlisting(versions=one_version(version=None)), "version of"),
    ("a version with a space", unlisting(versions=one_version(version="1 0")), "version of"),
    ("an unknown status", unlisting(versions=one_version(status="published")), "status of"),
    ("an unknown member of a version", unlisting(versions=one_version(sze=1)), "sze"),
    ("a size below zero", unlisting(versions=one_version(size=-1)), "size of"),
    ("a size that is true", unlisting(versions=one_version(size=True)), "size of"),
    ("a revision that is a number", unlisting(versions=one_version(revision=7)), "revision of"),
    ("an unknown origin", unlisting(versions=one_version(origin={"type": "X"})), "type of origin"),
    ("a version twice", unlisting(versions=one_version() * 2), "twice"),
    (
        "a version that is unlisted already",
        unlisting(versions=one_version(status="Unlisted")),
        "cannot unlist",
    ),
    (
        "a version that would be brought back",
        unlisting(versions=one_version(status="Archived")),
        "cannot unlist",
    ),
    (
        "a time at a version that takes its step",
        unlisting(versions=one_version(until=NOW.isoformat())),
        "until",
    ),
    ("a step that comes before", unlisting(action="archive", step="unlist"), "step"),
    ("a step that is the same", unlisting(step="unlist"), "step"),
    ("a destination that nobody promotes to", unlisting(to="approved"), "to belongs"),
    ("restrictions", unlisting(before={"publish": "ALLOW", "upstream": "ALLOW"}), "before"),
    ("half a restriction", unlisting(before={"publish": "ALLOW"}), "upstream of before"),
    ("a mixture", unlisting(mixed={"internal": 1, "external": 1}), "mixed"),
    ("restricting without restrictions", unlisting(action="restrict", versions=None), "before"),
    ("promoting to nowhere", unlisting(action="promote"), "to belongs"),
    ("marking for no step", unlisting(action="mark"), "until|step"),
    (
        "marking without a time",
        unlisting(action="mark", step="archive"),
        "until",
    ),
    (
        "marking with a time of no zone",
        unlisting(action="mark", step="archive", versions=one_version(until="2026-03-01T10:00:00")),
        "time zone",
    ),
    (
        "marking with no time",
        unlisting(action="mark", step="archive", versions=one_version(until="soon")),
        "until of",
    ),
    ("reporting nothing", unlisting(action="report", versions=None), "versions"),
]


@pytest.mark.parametrize(
    ("document", "named"), [case[1:] for case in DAMAGED], ids=[case[0] for case in DAMAGED]
)
def test_what_is_no_line_is_refused_by_the_name_of_the_member(document: object, named: str) -> None:
    """Plans lie in files, which people edit: nothing that could not be applied is read."""
    with pytest.raises(ValueError, match=named):
        from_json(document)


@given(lines(), st.data())
def test_a_member_of_the_wrong_kind_never_leads_to_another_error(
    line: PlanLine, data: st.DataObject
) -> None:
    """Whatever stands in the place of a member, the line is read or refused, and never breaks."""
    document = to_json(line)
    member = data.draw(st.sampled_from(sorted(document)))
    document[member] = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=5,
        )
    )
    refused = False
    read = None
    try:
        read = from_json(document)
    except ValueError:
        refused = True
    assert refused or (read is not None and (read.package == line.package or member == "package"))


def test_only_disposing_and_deleting_count_as_deletions() -> None:
    """What can be brought back is not held against the limit."""
    version = PlannedVersion("1.0", "Published", None, "old")
    counted: dict[str, int] = {
        step: PlanLine(PACKAGE, "expire_versions", "r", step, "old", (version,)).deletions
        for step in STEPS
    }
    assert counted == {"unlist": 0, "archive": 0, "dispose": 1, "delete": 1}
    assert PlanLine(PACKAGE, "x", "r", "restrict", "", before=OPEN, after=CLOSED).deletions == 0


STEP_CASES: list[tuple[str, Callable[[], bool], bool]] = [
    ("unlisting leads on from Unfinished", lambda: further("unlist", "Unfinished"), True),
    ("unlisting does not bring back", lambda: further("unlist", "Archived"), False),
    ("disposing does not lead on from Disposed", lambda: further("dispose", "Disposed"), False),
    ("deleting leads on from Disposed", lambda: further("delete", "Disposed"), True),
    ("nothing leads on from Deleted", lambda: further("delete", "Deleted"), False),
]


@pytest.mark.parametrize(
    ("asked", "expected"), [case[1:] for case in STEP_CASES], ids=[case[0] for case in STEP_CASES]
)
def test_steps_lead_one_way(asked: Callable[[], bool], *, expected: bool) -> None:
    """A step leads a version further out, or is none for it."""
    assert asked() is expected


def test_times_are_written_in_utc() -> None:
    """Two spellings of one moment give one document."""
    version = PlannedVersion("1.0", "Published", None, "old", until=NOW)
    line = PlanLine(PACKAGE, "expire_versions", "r", "mark", "old", (version,), step="archive")
    document: Any = to_json(line)
    document["versions"][0]["until"] = (NOW + timedelta(0)).isoformat().replace("+00:00", "Z")
    assert from_json(document) == line
