"""How the threads of the engine share the work, and how many requests they make at a time."""

from threading import Event, Thread

import pytest

from warm_caches.connections import SUSPENDED_AFTER, Connection
from warm_caches.crew import Crew

PATIENCE_SECONDS = 30.0


def crew_of(done: list[str], *, each_takes: float) -> Crew[str, str]:
    """Return a crew whose beginnings take so long by its own clock, and which notes its steps."""
    clock = [0.0]

    def begin(thing: str) -> str:
        clock[0] += each_takes
        done.append(f"begin {thing}")
        return thing

    def look(thing: str) -> None:
        done.append(f"look {thing}")

    def monotonic() -> float:
        clock[0] += 0.001
        return clock[0]

    return Crew(begin, look, pause_seconds=0.01, monotonic=monotonic)


@pytest.mark.parametrize(
    ("each_takes", "expected"),
    [
        pytest.param(0.0, ["begin a", "begin b", "begin c", "look a", "look b", "look c"],
                     id="quick ones are all begun first"),
        pytest.param(0.065, ["begin a", "begin b", "look a", "begin c", "look b", "look c"],
                     id="what has waited long comes before what is to be begun"),
    ],
)  # fmt: skip
def test_in_which_order_a_crew_works(each_takes: float, expected: list[str]) -> None:
    """Looks wait for beginnings, but not for ever."""
    done: list[str] = []
    crew = crew_of(done, each_takes=each_takes)
    crew.add(["a", "b", "c"])
    crew.start(1)
    crew.join()
    assert done == expected


def test_what_is_added_meanwhile_is_done_too() -> None:
    """A parent that a POM names is begun by the crew that read the POM."""
    done: list[str] = []

    def begin(thing: str) -> None:
        done.append(thing)
        if thing == "child":
            crew.add(["parent"])

    crew: Crew[str, str] = Crew(begin, done.append, pause_seconds=0, monotonic=lambda: 0.0)
    crew.add(["child"])
    crew.start(4)
    crew.join()
    assert done == ["child", "parent"]


def test_a_step_that_raises_ends_the_work() -> None:
    """In the thread of the caller, and nothing more is begun."""
    done: list[str] = []

    def begin(thing: str) -> None:
        done.append(thing)
        raise ValueError(thing)

    crew: Crew[str, str] = Crew(begin, done.append, pause_seconds=0, monotonic=lambda: 0.0)
    crew.add(["a", "b"])
    crew.start(1)
    with pytest.raises(ValueError, match="a"):
        crew.join()
    assert done == ["a"]


def test_three_requests_in_vain_are_the_last() -> None:
    """While they run nothing else is asked, and afterwards nothing at all."""
    connection = Connection(32)
    assert [connection.take() for _ in range(SUSPENDED_AFTER)] == [True] * SUSPENDED_AFTER
    refused = Event()

    def ask() -> None:
        if not connection.take():
            refused.set()

    Thread(target=ask, daemon=True).start()
    for _ in range(SUSPENDED_AFTER):
        assert not connection.suspended
        connection.give_back(answered=False)
    assert refused.wait(PATIENCE_SECONDS)
    assert (connection.suspended, connection.silent, connection.answered) == (True, True, False)


@pytest.mark.parametrize("at_once", [1, 2, 32])
def test_an_answer_between_goes_on(at_once: int) -> None:
    """Two in vain are no outage, however few requests may be made at a time."""
    connection = Connection(at_once)
    for answered in (False, False, True, False, False):
        assert connection.take()
        connection.give_back(answered=answered)
    assert (connection.suspended, connection.silent, connection.answered) == (False, False, True)


def test_what_got_nowhere_says_nothing() -> None:
    """A token that was refused is no outage of a public repository."""
    connection = Connection(32)
    for _ in range(SUSPENDED_AFTER + 1):
        assert connection.take()
        connection.give_back(answered=None)
    assert (connection.suspended, connection.silent, connection.answered) == (False, False, False)


def test_a_list_of_versions_is_no_sign_of_life() -> None:
    """CodeArtifact may have had it in its cache; an asset may not."""
    connection = Connection(32)
    assert connection.take()
    connection.give_back(answered=True, counts=False)
    assert not connection.answered
