"""What happens to a sweep of the played template between two of its steps, or in one of them."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from steward.policy_file import compile_policy
from tests.end_to_end.played_sweeps import held
from tests.end_to_end.played_template import admin, until

if TYPE_CHECKING:
    from cli.stack.functions import Function
    from cli.stack.stack import LocalStack

Step = Literal["gather", "apply"]
FUNCTIONS = {"gather": "PlanSweepFunction", "apply": "ApplySweepFunction"}


@contextmanager
def before_step(stack: LocalStack, step: Step, act: Callable[[], None]) -> Iterator[list[Step]]:
    """Have *act* called once, just before the first invocation for *step*; yield that it was."""
    function = stack.functions[FUNCTIONS[step]]
    invoke, done, once = function.invoke, cast("list[Step]", []), threading.Lock()

    def disturbed(payload: bytes) -> bytes:
        if json.loads(payload)["step"] == step:
            with once:
                if not done:
                    done.append(step)
                    act()
        return invoke(payload)

    function.invoke = disturbed  # type: ignore[method-assign]  # for the length of the block
    try:
        yield done
    finally:
        function.invoke = invoke  # type: ignore[method-assign]  # as it was


@contextmanager
def killed_in_the_middle(
    stack: LocalStack, step: Step, until_called: dict[str, int]
) -> Iterator[list[Step]]:
    """
    Have the processes of *step* killed when they have made so many calls; yield that they were.

    Each call takes a while, so that there are others yet to be made.
    """
    function = stack.functions[FUNCTIONS[step]]
    killed: list[Step] = []

    def kill() -> None:
        until(lambda: _called(stack, until_called), seconds=30)
        end_processes(function)
        killed.append(step)

    killer = threading.Thread(target=kill, name="killer")

    def act() -> None:
        admin(stack, "DELETE", "requests")
        killer.start()

    admin(stack, "PUT", "faults", {"latencyMs": 150})
    try:
        with before_step(stack, step, act):
            yield killed
            killer.join()
    finally:
        admin(stack, "PUT", "faults", {})


def _called(stack: LocalStack, wanted: dict[str, int]) -> bool:
    made = cast("dict[str, int]", admin(stack, "GET", "requests"))
    return all(made.get(name, 0) >= number for name, number in wanted.items())


def end_processes(function: Function) -> None:
    """Whatever the processes of *function* are doing, they are dead."""
    for process in function.process_ids():
        os.kill(process, signal.SIGKILL)
    until(lambda: not function.process_ids())


def deploy(stack: LocalStack, policy: str) -> None:
    """Have both functions of sweeps see *policy* from their next invocation on."""
    text = compile_policy(policy, str(stack.options.template.with_name("policy.yaml")))
    for name in FUNCTIONS.values():
        function = stack.functions[name]
        compiled = Path(function.settings.environment["STEWARD_POLICY"])
        compiled.write_text(text)
        end_processes(function)


def statuses(stack: LocalStack, package: str) -> dict[str, str]:
    """Return the status of each version of ``repository: package``."""
    return {name: status for name, status in held(stack)[package].items() if name != "door"}
