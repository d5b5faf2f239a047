"""
What a 500 MB asset costs: up through twine's form, down through the pre-signed URL.

Prints JSON: seconds, the growth of the server's resident memory, and the download's rate as a
ratio to ``python -m http.server`` serving the same file (best of several, interleaved).

    python -m benchmarks.asset_transfer [--megabytes 500] [--rounds 3]
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from emulator.app import create_app
from emulator.core import domains, repositories, tokens
from emulator.core.values import Caller, DomainId, RepositoryId
from emulator.options import Options
from emulator.server import serve as run

CHUNK = 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")
FILE = "big-1.0-py3-none-any.whl"
ENDPOINT = "/pypi/d/my-company-012345678901/my-repo/"
BOUNDARY = "one-boundary-that-no-file-holds"


def serve() -> None:
    """Serve a local CodeArtifact with one repository; print its URL and a token first."""
    app = create_app(Options())
    state = app.state.codeartifact
    domain = DomainId("012345678901", "my-company")
    domains.create(state, domain)
    repositories.create(state, RepositoryId(domain, "my-repo"), administrator=domain.owner)
    caller = Caller(domain.owner, f"arn:aws:iam::{domain.owner}:root")
    token = tokens.issue(state, domain, caller, 43200)[0]
    try:
        run(app, 0, lambda url: print(json.dumps({"url": url, "token": token}), flush=True))
    finally:
        app.close()


@contextmanager
def running(command: list[str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a server process that ends with the context."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


class Memory:
    """Samples the resident memory of a process; ``peak`` is its highest since the last reset."""

    def __init__(self, process: int) -> None:
        self.path = Path(f"/proc/{process}/statm")
        self.peak = self.now()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()

    def now(self) -> int:
        """Return the resident bytes now."""
        return int(self.path.read_text().split()[1]) * PAGE

    def _sample(self) -> None:
        while not self.done.wait(0.02):
            self.peak = max(self.peak, self.now())


def upload(url: str, token: str, size: int) -> float:
    """Upload a file of *size* bytes as twine does; return the seconds."""
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": "big",
        "version": "1.0",
        "filetype": "bdist_wheel",
    }
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{FILE}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    tail = f"\r\n--{BOUNDARY}--\r\n"
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    block = os.urandom(CHUNK)
    started = time.perf_counter()
    connection.putrequest("POST", ENDPOINT)
    credentials = base64.b64encode(f"aws:{token}".encode()).decode()
    connection.putheader("Authorization", f"Basic {credentials}")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(len(head) + size + len(tail)))
    connection.endheaders()
    connection.send(head.encode())
    for _ in range(size // CHUNK):
        connection.send(block)
    connection.send(tail.encode())
    response = connection.getresponse()
    text = response.read()
    assert response.status == 200, (response.status, text)
    return time.perf_counter() - started


def redirected(url: str, token: str) -> str:
    """Return the pre-signed URL that a download is sent to."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    credentials = base64.b64encode(f"aws:{token}".encode()).decode()
    path = f"{ENDPOINT}simple/big/1.0/{FILE}"
    connection.request("GET", path, headers={"Authorization": f"Basic {credentials}"})
    response = connection.getresponse()
    response.read()
    return urljoin(url, str(response.headers["Location"]))


def download(url: str, size: int) -> float:
    """Read *url* to its end; return the seconds."""
    parts = urlsplit(url)
    started = time.perf_counter()
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}")
    response = connection.getresponse()
    buffer = bytearray(CHUNK)
    received = 0
    while count := response.readinto(buffer):
        received += count
    assert response.status == 200, response.status
    assert received == size, received
    return time.perf_counter() - started


def measure(megabytes: int, rounds: int) -> dict[str, float]:
    """Return what one upload and *rounds* downloads took."""
    size = megabytes * CHUNK
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / FILE).open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(CHUNK))
        file.flush()
        plain_command = [
            sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0",
        ]  # fmt: skip
        with (
            running([sys.executable, __file__, "--serve"], Path(folder)) as emulator,
            running(plain_command, Path(folder)) as plain,
        ):
            assert emulator.stdout is not None
            assert plain.stdout is not None
            ready = json.loads(emulator.stdout.readline())
            port = plain.stdout.readline().split("port ")[1].split()[0]
            memory = Memory(emulator.pid)
            before = memory.now()
            up = upload(ready["url"], ready["token"], size)
            after_upload = memory.peak
            presigned = redirected(ready["url"], ready["token"])
            downs, plains = [], []
            for _ in range(rounds):
                downs.append(download(presigned, size))
                plains.append(download(f"http://127.0.0.1:{port}/{FILE}", size))
            memory.done.set()
    return {
        "megabytes": megabytes,
        "upload_seconds": round(up, 2),
        "download_seconds": round(min(downs), 3),
        "http_server_seconds": round(min(plains), 3),
        "download_rate_to_http_server": round(min(plains) / min(downs), 2),
        "upload_memory_growth_mb": round((after_upload - before) / CHUNK, 1),
        "memory_growth_mb": round((memory.peak - before) / CHUNK, 1),
    }


def main() -> None:
    """Run the benchmark, or its server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
    else:
        print(json.dumps(measure(arguments.megabytes, arguments.rounds), indent=2))


if __name__ == "__main__":
    main()
