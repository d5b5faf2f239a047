"""A `steward up` process, as a test sees it: its ready line, its admin API, its queue."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

T = TypeVar("T")

SECONDS_TO_START = 60
SECONDS_TO_END = 20
SECONDS_TO_WAIT = 60

POLICY = """\
domain: my-company
snapshots:
  - packages: /maven/com.mycompany~
    repositories: ["*"]
"""


@dataclass
class LocalStack:
    """
    A running local stack.

    Attributes:
        ready: The line of JSON with which it said that it was ready.
        said: Its standard error so far, line by line.
    """

    ready: Mapping[str, object]
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """The address that AWS_ENDPOINT_URL is set to."""
        return str(self.ready["endpoint"])

    @property
    def account(self) -> str:
        """The account that the stack plays."""
        return str(self.ready["account"])

    @property
    def codeartifact(self) -> CodeArtifactClient:
        """A client for looking at what the repositories hold."""
        client: CodeArtifactClient = self.client("codeartifact")
        return client

    def admin(
        self, method: str, path: str, document: object = None, *, of: str = "_emulator"
    ) -> dict[str, object]:
        """Call the emulator's admin API, or the stack's (``_stack``)."""
        request = urllib.request.Request(
            f"{self.endpoint}/{of}/{path}",
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
        return cast("dict[str, object]", json.loads(body)) if body else {}

    def requests(self) -> dict[str, int]:
        """Return the calls since they were last forgotten, counted by operation."""
        return cast("dict[str, int]", self.admin("GET", "requests"))

    def forget_requests(self) -> None:
        """Count calls from zero again."""
        self.admin("DELETE", "requests")

    def freeze_clock(self) -> None:
        """The local CodeArtifact's time stands still."""
        self.admin("PUT", "clock", {"freeze": True})

    def advance_clock(self, seconds: int) -> None:
        """The local CodeArtifact's time is later by *seconds*."""
        self.admin("PUT", "clock", {"advance": seconds})

    def resume_clock(self) -> None:
        """The local CodeArtifact's time is the machine's again."""
        self.admin("PUT", "clock", {"resume": True})

    def fire(self, schedule: str) -> None:
        """Fire a schedule of the template now."""
        self.admin("POST", f"schedules/{schedule}", of="_stack")

    def put_osv_entries(self, entries: Sequence[Mapping[str, object]]) -> None:
        """The local OSV holds *entries* and no others."""
        self.admin("PUT", "osv/entries", entries)

    @contextmanager
    def faults(self, **document: object) -> Iterator[None]:
        """Set faults for the length of a block."""
        self.admin("PUT", "faults", document)
        try:
            yield
        finally:
            self.admin("PUT", "faults", {})

    @contextmanager
    def paused(self, handler: str) -> Iterator[None]:
        """Hold the running processes of a function for the length of a block."""
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found = [int(line.split()[0]) for line in listed.splitlines() if line.endswith(handler)]
        assert found, f"{handler} does not run:\n{listed}"
        for process in found:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in found:
                os.kill(process, signal.SIGCONT)

    def versions(
        self, repository: str, package: str, *, namespace: str | None = None, fmt: str = "maven"
    ) -> dict[str, str]:
        """Return the status of every version of a package, by version; empty if there is none."""
        client = self.codeartifact
        where = {"domain": "my-company", "repository": repository, "format": fmt}
        if namespace:
            where["namespace"] = namespace
        try:
            pages = client.get_paginator("list_package_versions").paginate(
                package=package,
                **where,  # type: ignore[arg-type]  # built from strings that the model checks
            )
            return {row["version"]: row["status"] for page in pages for row in page["versions"]}
        except client.exceptions.ResourceNotFoundException:
            return {}

    def restrictions(
        self, repository: str, package: str, *, namespace: str | None = None, fmt: str
    ) -> str:
        """Return the origin restrictions of a package, as ``publish ALLOW, upstream BLOCK``."""
        answer = self.codeartifact.describe_package(
            domain="my-company",
            repository=repository,
            format=fmt,  # type: ignore[arg-type]  # a string that the model checks
            package=package,
            **({"namespace": namespace} if namespace else {}),
        )
        found = answer["package"]["originConfiguration"]["restrictions"]
        return f"publish {found['publish']}, upstream {found['upstream']}"

    def logged(self, message: str, **keys: object) -> list[dict[str, object]]:
        """Return the lines of the functions' log with this message and these keys, in order."""
        wanted = {"message": message, **keys}
        texts = (
            line[line.index("{") :]
            for line in list(self.said)
            if line.startswith("[") and "] {" in line  # the function's name, then its own line
        )
        lines = [json.loads(text) for text in texts]
        return [line for line in lines if wanted.items() <= line.items()]

    def undelivered(self) -> int:
        """Return how many messages wait, or are being worked on, in all queues together."""
        sqs = self.client("sqs")
        counts = (
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        )
        total = 0
        for url in sqs.list_queues().get("QueueUrls", []):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(counts))
            total += sum(int(attributes["Attributes"][name]) for name in counts)
        return total

    def client(self, service: str) -> Any:  # noqa: ANN401  botocore makes its clients at run time
        """Return a client of a service of the stack."""
        return _client(self.endpoint, str(self.ready["region"]), service)


@cache  # each reads AWS's model of the service, and tests ask until something has come to pass
def _client(endpoint: str, region: str, service: str) -> Any:  # noqa: ANN401  as above
    session = botocore.session.Session()
    session.set_config_variable("region", region)
    session.set_credentials("dummy", "dummy")
    return session.create_client(
        service,
        endpoint_url=endpoint,
        config=Config(retries={"mode": "standard", "max_attempts": 5}),
    )


def eventually(look: Callable[[], T], until: Callable[[T], bool]) -> T:
    """Look again and again until what is seen is right; fail with what was seen last."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not until(seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still so after {SECONDS_TO_WAIT} s: {seen}")
        time.sleep(0.05)
    return seen


@contextmanager
def steward_up(
    folder: Path,
    *options: str,
    mode: str | None = "enforce",
    environment: Mapping[str, str] | None = None,
    policy_text: str = POLICY,
) -> Iterator[LocalStack]:
    """Run ``steward up`` on a free port until the block ends; no *mode* is the command's own."""
    policy = folder / "policy.yaml"
    policy.write_text(policy_text)
    steward = Path(sys.executable).parent / "steward"
    process = subprocess.Popen(
        [
            *(steward, "up", "--port", "0", "--policy", policy),
            *(("--mode", mode) if mode else ()),
            *options,
        ],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **(environment or {}),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    assert process.stdout is not None
    assert process.stderr is not None
    listener = threading.Thread(target=said.extend, args=(process.stderr,), daemon=True)
    listener.start()
    watchdog = threading.Timer(SECONDS_TO_START, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline()
        watchdog.cancel()
        if not line:
            process.wait(SECONDS_TO_END)
            listener.join(SECONDS_TO_END)
            raise AssertionError(f"steward up ended before it was ready:\n{''.join(said)}")
        yield LocalStack(ready=json.loads(line), process=process, said=said)
    finally:
        watchdog.cancel()
        ended_before = process.poll() is not None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            process.stdout.close()
            listener.join(SECONDS_TO_END)
            process.stderr.close()
    if process.returncode and not ended_before:
        raise AssertionError(f"steward up ended with {process.returncode}:\n{''.join(said)}")
