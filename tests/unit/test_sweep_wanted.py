"""What several automations want of one version: the furthest step, once, by one of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.coordinates import Format, Package, PackageVersion, Repository, Status
from steward.retention_rules import STEPS, StepName
from sweep_repositories.plan_lines import ACTIONS, Action, PlanLine, from_json, to_json
from sweep_repositories.wanted import ORDER, Wanted, furthest, in_order, joined, lines_of

MAVEN = Package(Repository("my-company", "012345678901", "snapshots"), "maven", "com", "app")
UNLIST, ORIGINS, EXPIRE = "unlist_snapshot_builds", "enforce_origin_controls", "expire_versions"


def want(
    version: str, step: StepName, automation: str = EXPIRE, status: Status = "Published"
) -> Wanted:
    """Return what an automation wants of a version."""
    return Wanted(PackageVersion(version, status), step, automation, f"{automation}[0]", "why")


CASES: list[tuple[str, list[Wanted], str]] = [
    (
        "deleting goes before unlisting",
        [want("1", "unlist", UNLIST), want("1", "delete")],
        "expire_versions[0]: delete",
    ),
    (
        "whoever comes last can be the furthest or not",
        [want("1", "delete"), want("1", "unlist", UNLIST)],
        "expire_versions[0]: delete",
    ),
    (
        "disposing goes before archiving",
        [want("1", "dispose"), want("1", "archive", ORIGINS)],
        "expire_versions[0]: dispose",
    ),
    (
        "people are told of what the controls of origins archive",
        [want("1", "archive"), want("1", "archive", ORIGINS)],
        "enforce_origin_controls[0]: archive",
    ),
    (
        "expiry keeps the time of what it unlists",
        [want("1", "unlist", UNLIST), want("1", "unlist")],
        "expire_versions[0]: unlist",
    ),
]


@pytest.mark.parametrize(
    ("wanted", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_one_step_is_chosen(wanted: list[Wanted], expected: str) -> None:
    """The other one is overruled, and known as that."""
    chosen = furthest(wanted)
    assert [f"{one.rule}: {one.step}" for one in chosen.chosen] == [expected]
    assert len(chosen.overruled) == 1


wants = st.lists(
    st.builds(
        want,
        st.sampled_from(["1.0", "1.1", "1.2"]),
        st.sampled_from(STEPS),
        st.sampled_from([UNLIST, ORIGINS, EXPIRE]),
    ),
    max_size=9,
    unique_by=lambda one: (one.version.version, one.automation),
)


@given(wants, st.randoms())
def test_each_version_takes_one_step_whoever_comes_first(
    wanted: list[Wanted], random: Random
) -> None:
    """No step that is not chosen leads further, and the order of the automations is no matter."""
    chosen = furthest(wanted)
    steps = {one.version.version: STEPS.index(one.step) for one in chosen.chosen}
    assert len(steps) == len(chosen.chosen)
    assert len(chosen.chosen) + len(chosen.overruled) == len(wanted)
    assert all(STEPS.index(one.step) <= steps[one.version.version] for one in chosen.overruled)
    shuffled = list(wanted)
    random.shuffle(shuffled)
    assert set(furthest(shuffled).chosen) == set(chosen.chosen)


@given(wants)
def test_every_line_can_be_written_and_read(wanted: list[Wanted]) -> None:
    """What is chosen stands in lines that a plan can hold, each version in one of them."""
    chosen = furthest(wanted).chosen
    lines = lines_of(MAVEN, chosen, [one.version for one in wanted])
    assert [from_json(to_json(line)) for line in lines] == lines
    assert sorted(one.version for line in lines for one in line.versions) == sorted(
        one.version.version for one in chosen
    )


LASTS: list[tuple[str, Format, list[tuple[str, Status]], list[str]]] = [
    (
        "build 10 is newer than build 9",
        "maven",
        [
            ("1-SNAPSHOT", "Published"),
            ("1-20260101.000010-10", "Unlisted"),
            ("1-20260101.000009-9", "Unlisted"),
        ],
        ["1-20260101.000009-9", "1-20260101.000010-10", "1-SNAPSHOT"],
    ),
    (
        "each snapshot has its newest build",
        "maven",
        [
            ("1-20260101.000002-2", "Unlisted"),
            ("2-20260101.000002-2", "Unlisted"),
            ("1-20260101.000001-1", "Unlisted"),
            ("2-20260101.000001-1", "Unlisted"),
        ],
        [
            "1-20260101.000001-1",
            "2-20260101.000001-1",
            "1-20260101.000002-2",
            "2-20260101.000002-2",
        ],
    ),
    (
        "the status of what goes last goes last",
        "maven",
        [
            ("1-SNAPSHOT", "Published"),
            ("1-20260101.000001-1", "Published"),
            ("1-20260101.000002-2", "Unlisted"),
        ],
        ["1-20260101.000002-2", "1-20260101.000001-1", "1-SNAPSHOT"],
    ),
    (
        "other formats have nothing that goes last",
        "npm",
        [("2.0.0", "Published"), ("1.0.0", "Published")],
        ["2.0.0", "1.0.0"],
    ),
]


@pytest.mark.parametrize(
    ("package_format", "held", "expected"), [case[1:] for case in LASTS], ids=[c[0] for c in LASTS]
)
def test_what_clients_ask_for_goes_last(
    package_format: Format, held: list[tuple[str, Status]], expected: list[str]
) -> None:
    """One call takes versions of one status, so the statuses come one after the other."""
    wanted = [want(version, "delete", status=status) for version, status in held]
    package = replace(MAVEN, format=package_format)
    (line,) = lines_of(package, wanted, [one.version for one in wanted])
    assert [one.version for one in line.versions] == expected


def test_lines_are_applied_in_an_order_that_knows_every_action() -> None:
    """The door is closed first; what cannot be undone comes after what can."""
    assert sorted(ORDER) == sorted(ACTIONS)
    actions: list[Action] = ["report", "delete", "unlist", "restrict", "delete"]
    lines = [PlanLine(MAVEN, EXPIRE, str(at), one, "") for at, one in enumerate(actions)]
    assert [line.rule for line in in_order(lines)] == ["3", "2", "1", "4", "0"]


def test_reasons_are_said_once_and_not_without_end() -> None:
    """A line of a table holds three of them."""
    assert joined(["old", "old", "replaced"]) == "old; replaced"
    assert joined("abcdef") == "a; b; c; and 3 other reasons"
    assert joined([]) == ""
