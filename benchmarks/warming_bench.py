"""A local CodeArtifact of its own for each measurement, and commands whose cost is measured."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.session import get_session

from benchmarks.local import admin
from benchmarks.other_services import point_aws_at
from benchmarks.public_world import Sizes, public_world
from benchmarks.sample_events import ACCOUNT, DOMAIN
from emulator.app import create_app
from emulator.options import Options
from emulator.server import serve as run_server

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.literals import PackageFormatType

LATENCY_MS: Final = 20
REPOSITORY: Final = "cold"
CONNECTIONS: Final[Mapping[str, str]] = {
    "pypi": "public:pypi",
    "npm": "public:npmjs",
    "maven": "public:maven-central",
}
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What a command has cost.

    Attributes:
        seconds: From its start to its end.
        processor: Seconds of processor time, with what it has started itself.
        server_processor: The same of the local CodeArtifact.
        peak_megabytes: Its largest resident memory.
        calls: What CodeArtifact and its endpoints were asked.
        said: Its standard output.
    """

    seconds: float
    processor: float
    server_processor: float
    peak_megabytes: float
    calls: Mapping[str, int]
    said: str

    @property
    def requests(self) -> int:
        """Requests to the endpoints."""
        return sum(count for name, count in self.calls.items() if ":" in name)

    @property
    def lists(self) -> int:
        """Calls of CodeArtifact's API that list."""
        return sum(count for name, count in self.calls.items() if name.startswith("List"))

    def figures(self) -> dict[str, object]:
        """Return what is printed."""
        return {
            "seconds": round(self.seconds, 2),
            "requests": self.requests,
            "lists": self.lists,
            "processor_seconds": round(self.processor, 2),
            "processor_seconds_of_the_local_codeartifact": round(self.server_processor, 2),
            "peak_megabytes": round(self.peak_megabytes, 1),
            "calls": dict(self.calls),
        }


@dataclass(frozen=True, slots=True)
class Bench:
    """
    A local CodeArtifact whose one repository reaches all public ones and holds nothing.

    Attributes:
        process: Of the local CodeArtifact.
        folder: Empty; for whoever is measured.
    """

    endpoint: str
    process: int
    folder: Path

    def token(self) -> str:
        """Return a token for the repository's domain."""
        answer = _client().get_authorization_token(domain=DOMAIN, domainOwner=ACCOUNT)
        return answer["authorizationToken"]

    def url(self, package_format: PackageFormatType) -> str:
        """Return the endpoint of the repository, with a slash at its end."""
        answer = _client().get_repository_endpoint(
            domain=DOMAIN, domainOwner=ACCOUNT, repository=REPOSITORY, format=package_format
        )
        return answer["repositoryEndpoint"].rstrip("/") + "/"

    def measured(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Cost:
        """Run *command* while every request is 20 ms away; return what it has cost."""
        admin(self.endpoint, "DELETE", "requests")
        admin(self.endpoint, "PUT", "faults", {"latencyMs": LATENCY_MS})
        output = self.folder / "output.txt"
        before = self._processor()
        began = time.perf_counter()
        with output.open("w") as out:
            process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT if cwd else None,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(environment or {})},
                cwd=cwd or self.folder,
            )
            peak = _peak_megabytes(process)
            _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        server_processor = self._processor() - before
        calls = admin(self.endpoint, "GET", "requests")
        admin(self.endpoint, "PUT", "faults", {})
        said = output.read_text()
        if status != 0:
            sys.exit(f"{command[0]} ended with {status}:\n{said[-4000:]}")
        return Cost(
            seconds=seconds,
            processor=used.ru_utime + used.ru_stime,
            server_processor=server_processor,
            peak_megabytes=peak,
            calls=calls,
            said=said,
        )

    def warmed(self, *arguments: str | Path) -> Cost:
        """Run ``steward warm`` with *arguments*; return what it has cost."""
        steward = Path(sys.executable).with_name("steward")
        where = ("--domain", DOMAIN, "--domain-owner", ACCOUNT, "--repository", REPOSITORY)
        cost = self.measured((steward, "warm", *arguments, *where, "--json"))
        if not json.loads(cost.said)["ok"]:
            sys.exit(f"steward warm: {cost.said[-4000:]}")
        return cost

    def _processor(self) -> float:
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def cold(sizes: Sizes) -> Iterator[Bench]:
    """Give a local CodeArtifact in a process of its own, which ends with the context."""
    command = [sys.executable, "-m", "benchmarks.warming", "--serve", json.dumps(_fields(sizes))]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            endpoint = str(json.loads(process.stdout.readline())["endpoint"])
            point_aws_at(endpoint)
            _create_repositories()
            yield Bench(endpoint, process.pid, Path(folder))
        finally:
            process.terminate()


def serve(sizes: Mapping[str, int]) -> None:
    """Serve a local CodeArtifact with these public repositories until SIGTERM; print its URL."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Options(), public=public_world(Sizes(**sizes), Path(folder)))
        try:
            run_server(app, 0, lambda url: print(json.dumps({"endpoint": url}), flush=True))
        finally:
            app.close()


def _peak_megabytes(process: subprocess.Popen[bytes]) -> float:
    """Return the largest resident memory of *process* once it has nearly ended."""
    peak = 0  # what the kernel says at the end counts this process too, from before the start
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        peak = max(peak, int(found[1]) if found else 0)
        time.sleep(0.02)
    return peak / 1024


def _fields(sizes: Sizes) -> dict[str, int]:
    return {name: getattr(sizes, name) for name in sizes.__slots__}


def _client() -> CodeArtifactClient:
    client: CodeArtifactClient = get_session().create_client("codeartifact")
    return client


def _create_repositories() -> None:
    client = _client()
    client.create_domain(domain=DOMAIN)
    for package_format, connection in CONNECTIONS.items():
        store = f"{package_format}-store"
        client.create_repository(domain=DOMAIN, repository=store)
        client.associate_external_connection(
            domain=DOMAIN, repository=store, externalConnection=connection
        )
    client.create_repository(
        domain=DOMAIN,
        repository=REPOSITORY,
        upstreams=[{"repositoryName": f"{one}-store"} for one in CONNECTIONS],
    )
