"""
Starts the Lambda runtime client in a process whose clock is ahead of the machine's, or behind it.

Run as a script, by path: seconds ahead, then what the runtime client takes. The clock runs on from
there. Only wall-clock time is moved, so waiting, timeouts and the log's own order are as ever. A
process whose clock is the machine's is started without this.
"""

import runpy
import sys
from datetime import UTC, datetime, timedelta

import time_machine


def start(seconds_ahead: float, handler: str) -> None:
    """Run the runtime client for *handler*; it does not come back before the process's end."""
    then = datetime.now(UTC) + timedelta(seconds=seconds_ahead)
    time_machine.travel(then, tick=True).start()
    sys.argv = ["awslambdaric", handler]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    start(float(sys.argv[1]), sys.argv[2])
