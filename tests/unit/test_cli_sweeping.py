"""A sweep that is started and followed: what is asked, what is shown meanwhile, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import click
import pytest
from botocore.exceptions import ClientError

from cli.commands.sweep import _told
from cli.sweeping import Sweep, Wish, follow, start, summary_of
from sweep_repositories import keys
from sweep_repositories.progress import Progress
from sweep_repositories.summary import Summary
from tests.unit.fake_sweeps import NOW, STARTED, MemoryObjects

ARN = "arn:aws:states:us-west-2:012345678901:execution:machine:run"
SWEEP = Sweep("run", ARN)


@dataclass
class FakeStates:
    """Step Functions: each answer is given once, the last one again and again."""

    answers: list[dict[str, str] | Exception] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    def start_execution(self, **given: Any) -> Any:  # noqa: ANN401  parts of AWS's
        """Remember it."""
        self.started.append(given)
        return {"executionArn": ARN}

    def describe_execution(self, *, executionArn: str) -> Any:  # noqa: ANN401, N803  AWS's
        """Return the next answer."""
        assert executionArn == ARN
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


def summarized() -> MemoryObjects:
    """Return a bucket in which the summary of the run lies."""
    summary = Summary("run", "finished", "enforce", "d" * 64, STARTED, NOW)
    return MemoryObjects({keys.summary("run"): summary.to_json()})


def followed(
    states: FakeStates,
    objects: MemoryObjects,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Summary:
    """Follow the sweep without ever waiting."""
    return follow(
        SWEEP, cast("Any", states), objects, on_progress=on_progress, pause=lambda _: None
    )


def test_what_is_wished_is_the_input_of_the_execution() -> None:
    """No repositories are all; each run has a name of its own."""
    states = FakeStates()
    wish = Wish("digest", 7, (), "arn:aws:iam::012345678901:user/jo", plan_only=True)
    first = start(cast("Any", states), "arn:machine", wish)
    second = start(cast("Any", states), "arn:machine", wish)
    assert first.run != second.run
    assert states.started[0]["stateMachineArn"] == "arn:machine"
    assert states.started[0]["name"] == first.run
    assert json.loads(states.started[0]["input"]) == {
        "policyDigest": "digest",
        "allowDeletions": 7,
        "repositories": None,
        "requestedBy": "arn:aws:iam::012345678901:user/jo",
        "planOnly": True,
    }


def test_a_sweep_is_followed_to_its_summary() -> None:
    """What its files say of its progress is shown as long as it runs."""
    states = FakeStates([{"status": "RUNNING"}, {"status": "RUNNING"}, {"status": "SUCCEEDED"}])
    objects = summarized()
    seen: list[str] = []

    def on_progress(progress: Progress) -> None:
        seen.append(progress.state)
        objects.write(keys.described("run"), "{}")

    assert followed(states, objects, on_progress).outcome == "finished"
    assert seen == ["not begun", "over"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param({"status": "TIMED_OUT"}, "TIMED_OUT: no cause was given.", id="no cause"),
        pytest.param(
            {"status": "FAILED", "error": "States.Timeout"}, "States.Timeout.", id="an error"
        ),
        pytest.param(
            {"status": "FAILED", "cause": '{"errorMessage": "no repository.", "x": 1}'},
            "FAILED: no repository. What",
            id="an error of a function",
        ),
        pytest.param({"status": "FAILED", "cause": "[1]"}, "FAILED: [1].", id="another document"),
        pytest.param({"status": "ABORTED", "cause": "x" * 5000}, "ABORTED: xx", id="a long one"),
    ],
)
def test_a_sweep_that_failed_says_why_and_how_to_go_on(answer: dict[str, str], why: str) -> None:
    """The execution is named for a redrive."""
    with pytest.raises(click.ClickException) as caught:
        followed(FakeStates([{"status": "RUNNING"}, answer]), summarized())
    assert why in caught.value.message
    assert caught.value.message.endswith(f"how to redrive {ARN}.")
    assert len(caught.value.message) < 2500


def test_whoever_may_not_look_is_told_that_it_goes_on() -> None:
    """A failure to look is no failure of the sweep."""
    denied = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "no states:DescribeExecution"}},
        "DescribeExecution",
    )
    with pytest.raises(click.ClickException) as caught:
        followed(FakeStates([{"status": "RUNNING"}, denied]), summarized())
    assert "no states:DescribeExecution" in caught.value.message
    assert "Ask for the permission that the message names." in caught.value.message
    assert "The sweep goes on without anybody waiting" in caught.value.message
    assert ARN in caught.value.message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(None, "has left no summary", id="none"),
        pytest.param("{", "written by another version", id="half of one"),
        pytest.param(
            '{"outcome": "burnt", "mode": "enforce"}', "another version", id="other words"
        ),
    ],
)
def test_a_summary_that_cannot_be_read_is_named(text: str | None, why: str) -> None:
    """The sweep is over all the same."""
    objects = MemoryObjects({} if text is None else {keys.summary("run"): text})
    with pytest.raises(click.ClickException, match=why):
        summary_of("run", objects)


@pytest.mark.parametrize(
    ("progress", "told"),
    [
        (Progress("not begun"), ("starting", 0, None)),
        (Progress("listing"), ("listing packages", 0, None)),
        (
            Progress("gathering", 1_200, 1_100),
            ("looking at packages: 1,100 of 1,200 batches", 1_100, 1_200),
        ),
        (Progress("weighing", 2, 2), ("looking at packages: 2 of 2 batches", 2, 2)),
        (Progress("applying", 2, 2, 5, 1), ("applying the plan: 1 of 5 parts", 1, 5)),
        (Progress("summarizing", 2, 2, 5, 5), ("summing up", 0, None)),
        (Progress("over"), ("summing up", 0, None)),
    ],
    ids=lambda value: value.state if isinstance(value, Progress) else "",
)
def test_how_far_it_is_is_told_in_words(
    progress: Progress, told: tuple[str, int, int | None]
) -> None:
    """With a bar where there is a number to come to."""
    assert _told(progress) == told
