"""Where the log lines of functions go: to standard error, to memory, to CloudWatch Logs."""

import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

LINES_KEPT = 20_000  # our choice: a demo and its tests fit many times over


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a function wrote to its standard output or standard error."""

    function: str
    log_group: str
    log_stream: str  # one for each process
    written_at: float  # seconds since 1970
    text: str


class FunctionLogs:
    """Keeps the newest lines of all functions and shows each as it comes."""

    def __init__(
        self, *, echo: IO[str] | None = None, show: Callable[[LogLine], None] | None = None
    ) -> None:
        """Show lines as *show* does; else whole, on *echo* (standard error unless given)."""
        self._echo = sys.stderr if echo is None else echo
        self._show = self._show_whole if show is None else show
        self._lines: deque[LogLine] = deque(maxlen=LINES_KEPT)
        self._arrived = threading.Condition()
        self._sinks: list[Callable[[LogLine], None]] = []

    def subscribe(self, sink: Callable[[LogLine], None]) -> None:
        """Call *sink* with every line from now on, in the thread that reads the process."""
        self._sinks.append(sink)

    def add(self, line: LogLine) -> None:
        """Keep and show one line."""
        with self._arrived:
            self._lines.append(line)
            self._arrived.notify_all()
        self._show(line)
        for sink in self._sinks:
            sink(line)

    def lines(self, function: str | None = None) -> list[LogLine]:
        """Return the kept lines, oldest first, of one function or of all."""
        with self._arrived:
            return [line for line in self._lines if function in {None, line.function}]

    def wait_for(
        self, wanted: Callable[[LogLine], bool], *, timeout_seconds: float
    ) -> LogLine | None:
        """Return the first kept line that is *wanted*, waiting for it; None if none comes."""

        def found() -> LogLine | None:
            return next((line for line in self._lines if wanted(line)), None)

        with self._arrived:
            return self._arrived.wait_for(found, timeout_seconds)

    def _show_whole(self, line: LogLine) -> None:
        # In one write: many threads show lines, and what reads them goes line by line.
        self._echo.write(f"[{line.function}] {line.text}\n")
        self._echo.flush()


class CloudWatchSink:
    """Writes lines to the log groups of moto, as Lambda does to CloudWatch's."""

    def __init__(self, account: str, region: str) -> None:
        """Write to the log groups of *account* in *region*; lines of others are left out."""
        self._account = account
        self._region = region
        self._lock = threading.Lock()

    def __call__(self, line: LogLine) -> None:
        """Append the line to the function's group, if the template made one."""
        from moto.logs.models import logs_backends

        backend = logs_backends[self._account][self._region]
        with self._lock:
            group = backend.groups.get(line.log_group)
            if group is None:
                return
            if line.log_stream not in group.streams:
                backend.create_log_stream(line.log_group, line.log_stream)
            event = {"timestamp": int(line.written_at * 1000), "message": line.text}
            backend.put_log_events(line.log_group, line.log_stream, [event])
