"""What becomes of lines of a plan that cannot be read when they are to be applied."""

from __future__ import annotations

import json

from sweep_repositories import app, apply_app, keys
from sweep_repositories.summary import FailedPackage, summary_in
from tests.unit.fake_sweeps import FakeLists, Sweeps, begin_event

PART = "00001-00000"


def _planned() -> Sweeps:
    """Return a sweep of three packages that is about to be applied."""
    sweeps = Sweeps(FakeLists({"team-a": ["a", "b", "c"]}))
    answer = app.step(begin_event({}), sweeps.planning())
    app.step({"step": "list", "run": "run", "cursor": answer["cursor"]}, sweeps.planning())
    app.step({"step": "gather", "run": "run", "batch": 1, "next": 0}, sweeps.planning())
    app.step({"step": "weigh", "run": "run"}, sweeps.planning())
    return sweeps


def test_lines_that_cannot_be_read_hold_up_no_other_package() -> None:
    """Their package is named with the reason; the others of the part are applied."""
    sweeps = _planned()
    lines = sweeps.objects.held[keys.plan("run", PART)].splitlines()
    unreadable = json.loads(lines[1]) | {"reason": "\x01"}
    lines[1] = json.dumps(unreadable)
    sweeps.objects.write(keys.plan("run", PART), "\n".join(lines))
    event = {"step": "apply", "run": "run", "part": PART, "next": 0}
    assert apply_app.step(event, sweeps.changing())["done"]
    app.step({"step": "summarize", "run": "run", "outcome": "go on"}, sweeps.planning())
    summary = summary_in(sweeps.objects.held[keys.summary("run")])
    assert sum(row.changed for row in summary.rows) == 2
    reason = r"its lines cannot be read: reason of the line is not what it can be: '\x01'"
    assert summary.failed == (FailedPackage("team-a", "pkg:pypi/b", reason),)


def test_a_part_without_an_end_is_summed_up_whatever_its_lines_are() -> None:
    """All its packages have failed."""
    sweeps = _planned()
    lines = [json.loads(one) for one in sweeps.objects.held[keys.plan("run", PART)].splitlines()]
    text = "\n".join(json.dumps(one | {"action": "whatever"}) for one in lines)
    sweeps.objects.write(keys.plan("run", PART), text)
    app.step({"step": "summarize", "run": "run", "outcome": "go on"}, sweeps.planning())
    summary = summary_in(sweeps.objects.held[keys.summary("run")])
    assert [one.package for one in summary.failed] == ["pkg:pypi/a", "pkg:pypi/b", "pkg:pypi/c"]
