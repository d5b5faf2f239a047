"""What ends a command: any signal, also one in the middle of another's handler."""

import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from cli.signals import Interruption

if TYPE_CHECKING:
    from _typeshed import TraceFunction

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Put back the handlers that were there."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.timeout(20)
def test_a_signal_in_the_middle_of_another_s_handler_ends_the_wait() -> None:
    """At each line of the first handler, and of what it calls."""
    interruption = Interruption()
    lines = 0

    def another(_: FrameType, event: str, __: object) -> "TraceFunction":
        nonlocal lines
        if event == "line":
            lines += 1
            signal.raise_signal(signal.SIGTERM)
        return another

    before = sys.gettrace()
    sys.settrace(another)
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        sys.settrace(before)
    assert lines
    interruption.wait()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_another_thread_gets_ends_the_wait(number: signal.Signals) -> None:
    """The system gives it to any thread, which does not by itself wake the one that waits."""
    interruption = Interruption()
    main = threading.get_ident()

    def get_it() -> None:
        while sys._current_frames()[main].f_code is not Interruption.wait.__code__:
            continue
        signal.pthread_kill(threading.get_ident(), number)

    thread = threading.Thread(target=get_it)
    thread.start()
    interruption.wait()
    thread.join()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_the_wait_ends_it(number: signal.Signals) -> None:
    """However often one waits."""
    interruption = Interruption()
    signal.raise_signal(number)
    interruption.wait()
    interruption.wait()


@pytest.mark.parametrize("number", SIGNALS)
def test_only_the_first_signal_breaks_off(number: signal.Signals) -> None:
    """Processes end and folders go undisturbed: inside the block, and after it."""
    interruption = Interruption()
    ended = []

    def broken_off() -> None:
        try:
            with interruption.breaking_off():
                try:
                    signal.raise_signal(number)
                finally:
                    signal.raise_signal(signal.SIGINT)
                    ended.append("inside")
        finally:
            signal.raise_signal(signal.SIGTERM)
            ended.append("outside")

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert ended == ["inside", "outside"]


def test_a_signal_that_came_early_breaks_off_at_once() -> None:
    """Nothing of the block is done."""
    interruption = Interruption()
    signal.raise_signal(signal.SIGTERM)
    done = False
    with pytest.raises(KeyboardInterrupt), interruption.breaking_off():
        done = True
    assert not done
