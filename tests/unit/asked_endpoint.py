"""An endpoint that answers as a test tells it, and what is asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from steward.coordinates import Format, Package
from steward.endpoint_access import EndpointAccess
from tests.unit.fake_codeartifact import package
from tests.unit.prepared_streams import (
    MISSING,
    PreparedStreams,
    Reply,
    Request,
    document,
)
from tests.unit.test_endpoint import HOST, FakeAccess
from warm_caches.fetching import EndpointFetching, Fetch
from warm_caches.values import WantedVersion

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

ONE = WantedVersion("1.0.0")
Replies = Callable[[Request], Reply | None]


class Asked:
    """An endpoint that answers as it is told, and everything that is asked of it."""

    def __init__(self, reply: Replies | dict[str, Reply]) -> None:
        replies = reply if callable(reply) else lambda request: _by_path(reply, request)
        self.access = FakeAccess()
        self.http = PreparedStreams(replies)
        self.slept: list[float] = []
        self.paced = 0
        self.has_time = True
        self.fetching = EndpointFetching(
            EndpointAccess(cast("CodeArtifactClient", self.access), lambda: self.access.now),
            self.http,
            self._pace,
            sleep=self.slept.append,
            time_left=lambda: self.has_time,
        )

    def _pace(self) -> None:
        self.paced += 1

    @property
    def paths(self) -> list[str]:
        """What was asked for, behind the host."""
        return [each.url.removeprefix(HOST) for each in self.http.asked]

    def fetch(
        self, of: Package, wanted: WantedVersion = ONE, *, whole: bool = False, digest: bool = False
    ) -> Fetch:
        """Ask for a version."""
        return self.fetching.fetch(of, wanted, whole=whole, digest=digest)


def _by_path(replies: dict[str, Reply], request: Request) -> Reply:
    return next((reply for path, reply in replies.items() if request.url.endswith(path)), MISSING)


def of(kind: Format, name: str, namespace: str | None = None) -> Package:
    """Return a package of the repository ``intake``."""
    return package(name, package_format=kind, namespace=namespace, repository="intake")


def page(*files: dict[str, object]) -> Reply:
    """Return a project page of PyPI."""
    return document({"meta": {"api-version": "1.1"}, "name": "requests", "files": list(files)})


def listed(name: str, content: bytes = b"", size: int = 9, **more: object) -> dict[str, object]:
    """Return a file of a project page."""
    hashes = {"sha256": hashlib.sha256(content).hexdigest()} if content else {}
    version = name.removesuffix(".tar.gz").split("-")[1]
    url = f"{version}/{name}"
    return {"filename": name, "url": url, "size": size, "hashes": hashes, **more}


REQUESTS = of("pypi", "requests")
WHEEL = "requests-1.0.0-py3-none-any.whl"
SDIST = "requests-1.0.0.tar.gz"
JSON = "newtonsoft.json"
LIBRARY = of("maven", "lib", "org.example.tools")
JAR_POM = Reply(200, b"<project><artifactId>lib</artifactId></project>")
SERVICES = document(
    {
        "resources": [
            {"@type": "PackageBaseAddress/3.0.0", "@id": f"{HOST}/nuget/intake/v3/content/"},
            {"@type": "RegistrationsBaseUrl/3.6.0", "@id": f"{HOST}:443/nuget/intake/v3/reg"},
        ]
    }
)
