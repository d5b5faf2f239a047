"""What the automations log while a command runs them in its own process."""

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Final

from cli.function_lines import readable
from cli.output import stderr
from cli.stack.function_logs import LogLine

_GRAVE: Final = frozenset({"ERROR", "CRITICAL"})


class _Lines(io.TextIOBase):
    """Takes log lines as the functions write them, and shows some of them to people."""

    def __init__(self, command: str, *, verbose: bool) -> None:
        self._command = command
        self._verbose = verbose
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._show(line)
        return len(text)

    def _show(self, line: str) -> None:
        try:
            document = json.loads(line)
        except ValueError:
            return
        if not isinstance(document, dict):
            return
        if self._verbose or document.get("level") in _GRAVE:
            text = json.dumps(document | {"service": self._command})
            shown = readable(LogLine(self._command, "", "", 0, text))
            if shown is not None:
                stderr().print(shown, soft_wrap=True)


@contextmanager
def automation_lines(command: str, *, verbose: bool) -> Iterator[None]:
    """
    Keep what the automations log off standard output, which is for the command's results.

    Errors are shown on standard error, as a notice that could not be delivered; with *verbose*
    every decision is. Metrics are dropped: nothing collects them here.
    """
    from steward.observability import logger

    lines = _Lines(command, verbose=verbose)
    handlers = [one for one in logger().handlers if isinstance(one, logging.StreamHandler)]
    before = [(handler, handler.setStream(lines)) for handler in handlers]
    try:
        # Powertools prints metrics by itself when there are many. They must not get in between the
        # lines of the log either: packages may be worked on by several threads.
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            yield
    finally:
        for handler, stream in before:
            if stream is not None:
                handler.setStream(stream)
