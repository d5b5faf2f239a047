"""`steward up` and `steward emulator` as a person starts and ends them."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.session
import pytest

PROJECT = Path(__file__).resolve().parents[2]


@contextmanager
def steward(*arguments: str, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """Run `steward` in a process of its own; kill it if it is still there at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str]) -> dict[str, object]:
    """Return the line that says that everything answers."""
    assert process.stdout is not None
    document = json.loads(process.stdout.readline())
    assert isinstance(document, dict)
    return document


def end(process: subprocess.Popen[str], *numbers: signal.Signals) -> tuple[int, str, str]:
    """Send signals, without a pause; return exit status and the rest of both outputs."""
    for number in numbers:
        process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def children(parent: int) -> list[int]:
    """Return the ids of a process's children."""
    lines = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    pairs = [tuple(map(int, line.split())) for line in lines]
    return [pid for pid, ppid in pairs if ppid == parent]


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def start_a_function(endpoint: str) -> None:
    """Put a message on the automation's queue, so that a function process comes to life."""
    session = botocore.session.Session()
    session.set_credentials("anyone", "anything")
    sqs = session.create_client("sqs", region_name="us-west-2", endpoint_url=endpoint)
    urls = sqs.list_queues(QueueNamePrefix="codeartifact-steward-SnapshotBuildsQueue")["QueueUrls"]
    sqs.send_message(QueueUrl=urls[0], MessageBody="no event of CodeArtifact")


ENDS = pytest.mark.parametrize(
    "numbers",
    [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGINT, signal.SIGTERM, signal.SIGINT)],
    ids=["SIGTERM", "Ctrl-C", "both at once"],
)


@ENDS
def test_up_says_when_it_is_ready_and_ends_cleanly(numbers: tuple[signal.Signals, ...]) -> None:
    """One line on standard output; then exit status 0, no child left, the port free."""
    with steward("up", "--port", "0") as process:
        line = ready(process)
        endpoint = str(line.pop("endpoint"))
        assert line == {
            "ready": True,
            "mode": "observe",
            "account": "012345678901",
            "region": "us-west-2",
        }
        start_a_function(endpoint)
        deadline = time.monotonic() + 30
        while not children(process.pid):
            assert time.monotonic() < deadline, "no function process came to life"
            time.sleep(0.1)
        functions = children(process.pid)
        status, stdout, stderr = end(process, *numbers)
    assert (status, stdout) == (0, "")
    assert "Traceback" not in stderr
    assert "not played: AWS::IAM::Role: permissions of roles are not enforced" in stderr
    assert "mode observe: nothing is changed. Ctrl-C ends it." in stderr
    assert stderr.endswith("ended; nothing was kept (--data DIR keeps it)\n")
    for function in functions:
        with pytest.raises(ProcessLookupError):
            os.kill(function, 0)
    assert is_free(int(endpoint.rsplit(":", 1)[1]))


def said_until(process: subprocess.Popen[str], controller: int, wanted: str) -> str:
    """Return what the process has written to its terminal, up to *wanted*."""
    said, deadline = "", time.monotonic() + 60
    while wanted not in said:
        assert time.monotonic() < deadline, said
        assert process.poll() is None, said
        if select.select([controller], [], [], 1)[0]:
            said += os.read(controller, 65536).decode()
    return said


def test_a_terminal_shows_decisions_as_short_lines() -> None:
    """No JSON on standard error, no metrics; at the start what is watched and how to end it."""
    controller, terminal = os.openpty()
    with (
        os.fdopen(controller, "rb", buffering=0),
        steward("up", "--port", "0", "--mode", "enforce", stderr=terminal) as process,
    ):
        os.close(terminal)
        start_a_function(str(ready(process)["endpoint"]))
        said = said_until(process, controller, "malformed message")
        process.send_signal(signal.SIGINT)
        said += said_until(process, controller, "(--data DIR keeps it)")
        assert process.wait(timeout=60) == 0
    plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", said).split())
    assert "watching the domain my-company by layers/policy/policy.yaml, mode enforce" in plain
    assert "unlist_snapshot_builds malformed message: " in plain
    assert "{" not in plain


def test_whole_lines_of_functions_are_shown_to_programs() -> None:
    """With what is watched, and what is left, as JSON too."""
    with steward("up", "--port", "0", "--json", stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        at_start: dict[str, Any] = {}  # JSON of any shape
        unplayed = []
        while not {"watching", "ready"} <= at_start.keys():
            document = json.loads(next(lines))
            unplayed += [document["unplayed"]["resource_type"]] if "unplayed" in document else []
            at_start |= document
        assert "AWS::CloudWatch::Alarm" in unplayed
        watching = at_start["watching"]
        assert (watching["domain"], watching["mode"]) == ("my-company", "observe")
        start_a_function(at_start["endpoint"])
        line = next(line for line in lines if "malformed message" in line)
        assert json.loads(line.partition("] ")[2])["service"] == "unlist_snapshot_builds"
        process.send_signal(signal.SIGTERM)
        *_, last = lines
    assert json.loads(last) == {"ended": True, "data": None}


@ENDS
def test_a_demo_that_is_ended_leaves_nothing_behind(
    numbers: tuple[signal.Signals, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 1, as it did not do what it was asked; no scratch folder, no traceback."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with steward("demo") as process:
        assert process.stdout is not None
        while "A domain, a store" not in process.stdout.readline():
            assert process.poll() is None
        assert list(tmp_path.glob("steward-*"))
        status, _, stderr = end(process, *numbers)
    assert status == 1
    assert "Traceback" not in stderr
    assert list(tmp_path.glob("steward-*")) == []


def test_the_emulator_alone_has_the_same_options(tmp_path: Path) -> None:
    """It answers for CodeArtifact only, as the account and region it was given."""
    options = ["--port", "0", "--account", "111122223333", "--region", "eu-west-1"]
    with steward("emulator", *options, "--data", str(tmp_path / "data")) as process:
        line = ready(process)
        assert (line["account"], line["region"]) == ("111122223333", "eu-west-1")
        with urllib.request.urlopen(f"{line['endpoint']}/_emulator/health", timeout=10) as answer:
            assert json.load(answer)["account"] == "111122223333"
        status, stdout, stderr = end(process, signal.SIGTERM)
    assert (status, stdout, stderr) == (0, "", "")


@pytest.mark.parametrize("command", ["up", "emulator"])
def test_a_port_in_use_is_said_in_one_sentence(command: str) -> None:
    """Exit status 1, nothing on standard output, no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with steward(command, "--port", port) as process:
            stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (1, "")
    assert f"Error: port {port} of 127.0.0.1 is in use" in stderr
    assert "Traceback" not in stderr


def test_a_policy_with_a_mistake_keeps_the_stack_from_starting(tmp_path: Path) -> None:
    """The message has the file and the line."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("domain: my-company\nsnapshots:\n  - packages: /nothing/*\n")
    with steward("up", "--port", "0", "--policy", str(policy)) as process:
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (1, "")
    assert f"{policy}:3" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("command", ["up", "emulator"])
def test_a_data_folder_that_cannot_be_made_is_said(command: str, tmp_path: Path) -> None:
    """Exit status 1, and the message names it."""
    file = tmp_path / "file"
    file.write_text("in the way")
    with steward(command, "--port", "0", "--data", str(file / "data")) as process:
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (1, "")
    assert str(file / "data") in stderr
    assert "Traceback" not in stderr
