"""What a sweep came to: as a document, in words for a person, and in money."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.sweep_notices import Outcome
from sweep_repositories.cost import cost_per_month
from sweep_repositories.runs import SweepEventError, request_in
from sweep_repositories.summary import (
    MAX_FAILED,
    MAX_REFUSALS,
    FailedPackage,
    RefusedVersion,
    Row,
    Summary,
    summary_in,
)
from sweep_repositories.tally import WHAT, Tally, tally_in
from sweep_repositories.telling import NAMED, telling

SUMMARY = Summary(
    run="run-1",
    outcome="finished",
    mode="enforce",
    policy_digest="d" * 64,
    started=datetime(2026, 3, 1, 2, 0, tzinfo=UTC),
    finished=datetime(2026, 3, 1, 2, 10, 30, tzinfo=UTC),
    requested_by="jo",
    repositories=3,
    packages=1000,
    looked_at=900,
    versions=45_000,
    rows=(
        Row("expire_versions", "retention[0]", "delete", 7, 4, 1, 1, 1),
        Row("unlist_snapshot_builds", "snapshots[0]", "unlist", 10, 10),
    ),
    kept={"retention[0]": 12},
    failed=(FailedPackage("team-a", "pkg:pypi/a", "slow down"),),
    failed_packages=1,
    refusals=(RefusedVersion("team-a", "pkg:pypi/b", None, "retention[0]", "delete", "gone"),),
    problems=("one",),
    deletions=7,
    deletions_limit=500,
    calls={"ListPackages": 1},
    cost_per_month=0.25,
)


def test_a_summary_is_read_as_it_was_written() -> None:
    """Whatever stands in it."""
    assert summary_in(SUMMARY.to_json()) == SUMMARY
    empty = replace(SUMMARY, rows=(), failed=(), refusals=(), requested_by=None, kept={})
    assert summary_in(empty.to_json()) == empty


def test_rows_add_up() -> None:
    """Over all rules."""
    assert [SUMMARY.total(what) for what in WHAT] == [17, 14, 1, 1, 1]


@pytest.mark.parametrize(("outcome", "failed"), [("finished", [2, 0]), ("planned", [0, 0])])
def test_what_failed_is_counted_by_rule(outcome: Outcome, failed: list[int]) -> None:
    """What was neither done nor refused nor kept; of a plan that nobody applied, nothing."""
    rows = (replace(SUMMARY.rows[0], planned=9), SUMMARY.rows[1])
    summary = replace(SUMMARY, outcome=outcome, rows=rows)
    assert [summary.failed_of(row) for row in rows] == failed
    assert [row["failed"] for row in json.loads(summary.to_json())["rows"]] == failed


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("run", None, "run"),
        ("outcome", "done", "outcome"),
        ("mode", "dry-run", "mode"),
        ("startedAt", "yesterday", "yesterday"),
        ("repositories", "3", "repositories"),
        ("packages", True, "packages"),
        ("rows", ["none"], "rows"),
        ("rows", [{"automation": "a"}], "rule"),
        ("kept", {"retention[0]": "12"}, "12"),
        ("failed", {}, "failed"),
        ("refusals", [{"version": 1}], "repository"),
        ("calls", [], "calls"),
        ("estimatedCostPerMonth", "0", "estimatedCostPerMonth"),
        ("requestedBy", 7, "requestedBy"),
    ],
)
def test_what_is_no_summary_is_refused(member: str, value: object, said: str) -> None:
    """The message shows what is wrong."""
    document = {**json.loads(SUMMARY.to_json()), member: value}
    with pytest.raises(ValueError, match=said):
        summary_in(json.dumps(document))


def test_a_list_is_no_summary() -> None:
    """Nor is anything else that is no object."""
    with pytest.raises(ValueError, match="a summary is an object"):
        summary_in("[]")


_WORDS = st.text(max_size=2)
_TALLIES = st.builds(
    Tally,
    next=st.none() | st.integers(0, 100),
    packages=st.integers(0, 100),
    lines=st.integers(0, 100),
    parts=st.lists(st.text(max_size=3), max_size=3),
    rows=st.dictionaries(
        st.tuples(
            st.text(max_size=2), st.text(max_size=2), st.text(max_size=2), st.sampled_from(WHAT)
        ),
        st.integers(1, 9),
        max_size=4,
    ).map(lambda found: Tally().rows + type(Tally().rows)(found)),
    failed=st.lists(
        st.builds(FailedPackage, _WORDS, _WORDS, _WORDS),
        max_size=3,
    ),
)


@given(_TALLIES)
def test_a_tally_is_read_as_it_was_written(tally: Tally) -> None:
    """Whatever it counted."""
    assert tally_in(tally.to_json()) == tally


@given(st.lists(_TALLIES, max_size=4))
def test_tallies_add_up(tallies: list[Tally]) -> None:
    """The sum of the rows is the row of the sums."""
    total = Tally()
    for one in tallies:
        total.add(one)
    assert total.lines == sum(one.lines for one in tallies)
    counted = sum(sum(one.rows.values()) for one in tallies)
    assert sum(getattr(row, what) for row in total.summed() for what in WHAT) == counted


def test_only_so_many_are_named() -> None:
    """All are counted."""
    total = Tally()
    for number in range(MAX_FAILED + 20):
        total.fail("team-a", f"pkg:pypi/{number}", "x" * 1000)
        total.refuse(RefusedVersion("team-a", "pkg:pypi/a", str(number), "r", "delete", "no"))
    more = Tally()
    more.add(total)
    more.add(total)
    assert (len(more.failed), more.failed_packages) == (MAX_FAILED, 2 * (MAX_FAILED + 20))
    assert len(more.refusals) == MAX_REFUSALS
    assert {len(one.reason) for one in more.failed} == {300}


def test_nothing_is_told_of_a_sweep_that_went_well() -> None:
    """Refusals are no failure: the next sweep looks again."""
    well = replace(SUMMARY, failed=(), failed_packages=0, problems=())
    assert list(telling(well, "my-company")) == []


def test_a_person_is_told_what_to_do_about_a_sweep_that_stopped() -> None:
    """Which rules delete how much, and the command that lets it go on."""
    stopped = replace(SUMMARY, outcome="stopped", failed=(), failed_packages=0, problems=())
    [(subject, text)] = telling(stopped, "my-company")
    assert subject == "Sweep of my-company stopped: 7 deletions planned, 500 allowed"
    assert "7  delete   retention[0]" in text
    assert "snapshots[0]" not in text
    assert "steward sweep --allow-deletions 7" in text


def test_a_person_is_told_which_packages_failed() -> None:
    """The first ones by name, the others by number."""
    failed = tuple(FailedPackage("team-a", f"pkg:pypi/p{n}", "slow down") for n in range(NAMED + 1))
    many = replace(SUMMARY, failed=failed, failed_packages=200)
    [(subject, text)] = telling(many, "my-company")
    assert subject == "Sweep of my-company: 200 packages failed"
    assert text.count("slow down") == NAMED
    assert "... and 180 more" in text
    incomplete = replace(SUMMARY, failed=(), failed_packages=0, problems=("3 were passed over",))
    [(subject, text)] = telling(incomplete, "my-company")
    assert subject == "Sweep of my-company is not complete"
    assert "3 were passed over" in text


def test_a_month_has_thirty_sweeps() -> None:
    """10,000 requests are five cents."""
    assert cost_per_month({"ListPackages": 10_000, "ListPackageVersions": 10_000}) == 3.0
    assert cost_per_month({}) == 0.0


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param([], "no object", id="no object"),
        pytest.param({"deletions": 7}, "no 'deletions'", id="an unknown member"),
        pytest.param({"allowDeletions": "7"}, "allowDeletions", id="a number as a text"),
        pytest.param({"allowDeletions": -1}, "-1", id="fewer than none"),
        pytest.param({"repositories": "team-a"}, "repositories", id="one repository"),
        pytest.param({"repositories": [7]}, "repositories", id="no name"),
        pytest.param({"planOnly": "yes"}, "planOnly", id="a word for true"),
    ],
)
def test_an_input_that_means_nothing_is_refused(document: object, said: str) -> None:
    """The message names what is wrong."""
    with pytest.raises(SweepEventError, match=said):
        request_in(document)
