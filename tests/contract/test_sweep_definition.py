"""The state machine's definition keeps to what AWS and the local stack both run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from sweep_repositories import app
from sweep_repositories.shares import WORKERS
from tests.contract.project import FUNCTIONS

TEXT = (FUNCTIONS / "sweep_repositories" / "sweep.asl.yaml").read_text()
MACHINE: dict[str, Any] = yaml.safe_load(TEXT)
# Of the Amazon States Language, what moto's interpreter does not take.
NOT_PLAYED = {"ItemBatcher", "ToleratedFailurePercentage", "QueryLanguage", "Assign", "Arguments"}


def members(of: object) -> Iterator[tuple[str, Any]]:
    """Yield every member of every object of the definition."""
    if isinstance(of, dict):
        for name, value in of.items():
            yield name, value
            yield from members(value)
    if isinstance(of, list):
        for one in of:
            yield from members(one)


def states(kind: str) -> dict[str, dict[str, Any]]:
    """Return the states of a kind, those within maps too."""
    named = [value.items() for name, value in members(MACHINE) if name == "States"]
    return {name: state for group in named for name, state in group if state["Type"] == kind}


def test_it_is_played_locally() -> None:
    """Nothing in it is unknown to moto."""
    assert not NOT_PLAYED & {name for name, _ in members(MACHINE)}
    kinds = {value for name, value in members(MACHINE) if name == "ExecutionType"}
    assert kinds == {"STANDARD"}


def test_only_texts_are_substituted() -> None:
    """CloudFormation makes JSON of the file first: a number would become a text."""
    names = {"PlanSweepFunction", "ApplySweepFunction", "SweepsBucket"}
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == names
    assert not re.search(r"[:\s][&*]\w", re.sub(r"#.*", "", TEXT)), "YAML's anchors"


def test_the_workers_share_the_quotas() -> None:
    """As many as their shares are of."""
    maps = states("Map")
    assert {name: one["MaxConcurrency"] for name, one in maps.items()} == {
        "Gather": WORKERS,
        "Apply": WORKERS,
    }


def test_every_task_is_tried_again() -> None:
    """Alike, and not for what does not pass."""
    tasks = states("Task")
    assert {one["Parameters"]["Payload"]["step"] for one in tasks.values()} == {*app.STEPS, "apply"}
    [retry] = {str(one["Retry"]) for one in tasks.values()}
    first, last = yaml.safe_load(retry)
    assert (first["ErrorEquals"], first["MaxAttempts"]) == (
        ["SettingsError", "PolicyError", "SweepEventError"],
        0,
    )
    assert (last["ErrorEquals"], last["MaxAttempts"]) == (["States.ALL"], 4)


def test_the_results_of_maps_are_nothing() -> None:
    """Everything is on S3: the state of an execution holds 256 KB at most."""
    for one in states("Map").values():
        assert one["ResultPath"] is None
        ends = [state for state in one["ItemProcessor"]["States"].values() if state.get("End")]
        assert [state["Result"] for state in ends] == [{}]
