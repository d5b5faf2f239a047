"""A local stack in a process of its own, for a benchmark to measure against."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(*command: str) -> Iterator[str]:
    """Give the endpoint of ``steward COMMAND`` on a free port; it ends with the context."""
    steward = Path(sys.executable).with_name("steward")
    with subprocess.Popen(
        [steward, *command, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield str(json.loads(process.stdout.readline())["endpoint"])
        finally:
            process.terminate()


def admin(endpoint: str, method: str, name: str, document: object = None) -> dict[str, int]:
    """Call the admin API of the local CodeArtifact at *endpoint*."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(
        f"{endpoint}/_emulator/{name}", body, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        found: dict[str, int] = json.loads(answer.read() or b"{}")
    return found


@contextmanager
def quiet() -> Iterator[None]:
    """What an automation logs within the context is no result, and goes nowhere."""
    sys.stdout.flush()
    output = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(output, 1)
        os.close(output)
        os.close(nowhere)
