"""How far a run from here is: what a terminal of 80 columns shows, what a pipe gets, Ctrl-C."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cli.warming_from_here import Warming
from cli.warming_progress import WarmingProgress
from tests.unit.fake_warming import FakeWarming, package, wanted
from warm_caches.engine import How
from warm_caches.values import STATES, Outcome


def terminal(width: int, kind: str = "xterm") -> Console:
    """Return a terminal of so many columns."""
    return Console(
        file=StringIO(),
        force_terminal=True,
        width=width,
        color_system=None,
        _environ={"TERM": kind},
    )


def written(console: Console) -> list[str]:
    """Return the lines that were written on a console, without what moves its cursor."""
    assert isinstance(console.file, StringIO)
    return [one for one in console.file.getvalue().replace("\r", "\n").splitlines() if one.strip()]


@pytest.mark.parametrize("width", [80, 100])
def test_a_terminal_shows_how_far_it_is_in_one_line(width: int) -> None:
    """The bar, the numbers and the time stay whatever became of the versions."""
    console = terminal(width)
    with WarmingProgress(1800, console) as progress:
        for number in range(900):
            state = STATES[number % len(STATES)]
            progress.add(Outcome(package(f"p{number}"), "1.0", state))
        progress.say("the public repository does not answer")
        progress._bar.refresh()
    last = [one for one in written(console) if "does not answer" in one][-1]
    assert "900/1800 0:00:0" in last
    assert last.rstrip().endswith("…")
    assert "━" * 10 in last


@pytest.mark.parametrize(
    "console",
    [
        pytest.param(Console(file=StringIO(), width=80), id="a pipe"),
        pytest.param(terminal(80, "dumb"), id="a terminal that can only print"),
    ],
)
def test_where_nothing_can_be_drawn_there_is_a_line_now_and_then(console: Console) -> None:
    """Each version counts once, by the last that was heard of it."""
    with WarmingProgress(400, console) as progress:
        for _ in range(2):
            for number in range(250):
                progress.add(Outcome(package(f"p{number}"), "1.0", "no answer"))
        progress.say("250 versions are not listed yet")
        for number in range(500):
            progress.add(Outcome(package(f"p{number}"), "1.0", "fetched"))
    assert written(console) == [
        "250 of 400 versions: 250 no answer",
        "250 versions are not listed yet",
        "500 of 500 versions: 500 fetched",
    ]


def test_who_interrupts_a_run_sees_what_became_of_the_versions_before() -> None:
    """They are told of the versions that were fetched until then."""
    repository = FakeWarming()
    repository.publish(package("react"), "18.2.0")
    repository.publish(package("vue"), "3.4.0")

    def interrupted() -> None:
        if repository.calls["fetch"]:
            raise KeyboardInterrupt

    repository.before_fetch = interrupted
    told: list[Outcome] = []
    run = Warming(repository.engine(at_once=1), How(), 0.0, told.append, lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        run.run([wanted("react", "18.2.0"), wanted("vue", "3.4.0")])
    assert [(one.package.name, one.state) for one in run.outcomes.values()] == [
        ("react", "fetched")
    ]
    assert told == list(run.outcomes.values())
