"""Takes what ``cargo publish`` sends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import semver
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from emulator import json_documents
from emulator.core import crates, publishing, upstreams
from emulator.core.errors import Validation
from emulator.core.values import Blob, PackageId
from emulator.formats.bodies import WRITTEN_AT_ONCE

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.formats.endpoint import Visit

MAX_DOCUMENT = 16 * 1024 * 1024  # not documented: our choice; a README is part of it
MAX_NAME = 64  # "Name restrictions", Registry Index, The Cargo Book

LENGTH = 4  # bytes, little-endian ("Publish", Registry Web API, The Cargo Book)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def asset_name(name: str, version: str) -> str:
    """Return what the one asset of a crate is called (not documented: as Cargo calls the file)."""
    return f"{name}-{version}.crate"


class Sink(Protocol):
    """What the crate's bytes are written to."""

    def write(self, content: bytes) -> None:
        """*content* is appended."""
        ...


@dataclass(slots=True)
class Upload:
    """
    The body of a publish request: a length and JSON, a length and the crate.

    Attributes:
        crate: What the crate's bytes go to as they arrive.
    """

    crate: Sink
    _start: bytearray = field(default_factory=bytearray)
    _document: bytes | None = None
    _left: int = 0

    def feed(self, chunk: bytes) -> None:
        """
        Take the next bytes of the body.

        Raises:
            Validation: They cannot be part of one.
        """
        if self._document is None:
            self._start += chunk
            length = int.from_bytes(self._start[:LENGTH], "little")
            if len(self._start) >= LENGTH and length > MAX_DOCUMENT:
                raise Validation(f"The JSON is larger than {MAX_DOCUMENT} bytes.")
            end = LENGTH + length
            if len(self._start) < LENGTH or len(self._start) < end + LENGTH:
                return
            self._document = bytes(self._start[LENGTH:end])
            self._left = int.from_bytes(self._start[end : end + LENGTH], "little")
            chunk = bytes(self._start[end + LENGTH :])
            self._start.clear()
        if len(chunk) > self._left:
            raise Validation("The body goes on after the crate.")
        self._left -= len(chunk)
        self.crate.write(chunk)

    def finish(self) -> Mapping[str, object]:
        """
        Return the document of a body that has ended.

        Raises:
            Validation: It ended too early, or the document is no JSON object.
        """
        if self._document is None or self._left:
            raise Validation("The body ends before its crate does.")
        try:
            document = json_documents.parse(self._document)
        except ValueError as error:
            raise Validation(f"The body has no JSON document: {error}") from error
        if not isinstance(document, dict):
            raise Validation("The JSON of the body is no object.")
        return document


async def publish(request: Request, visit: Visit) -> Response:
    """
    Publish the one crate that the body brings.

    200 also for the same bytes again; 409 for other bytes, or a version that upstreams offer (User
    Guide, package origin controls).
    """
    with await run_in_threadpool(visit.state.assets.writer) as writer:
        upload = Upload(writer)
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= WRITTEN_AT_ONCE:
                await run_in_threadpool(upload.feed, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(upload.feed, bytes(waiting))
        document = upload.finish()
        package, version = _coordinates(document)
        await visit.authorize("PublishPackageVersion", package)
        blob = await run_in_threadpool(writer.finish)
    await run_in_threadpool(_publish, visit, package, version, document, blob)
    return JSONResponse({"warnings": {"invalid_categories": [], "invalid_badges": [], "other": []}})


def _coordinates(document: Mapping[str, object]) -> tuple[PackageId, str]:
    name, version = str(document.get("name", "")), str(document.get("vers", ""))
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise Validation(f"Not a name to publish a crate under: {name[:60]!r}")
    if not semver.Version.is_valid(version):
        raise Validation(f"Not a semantic version: {version[:60]!r}")
    return PackageId("cargo", "", name), version


def _publish(
    visit: Visit, package: PackageId, version: str, document: Mapping[str, object], blob: Blob
) -> None:
    state, repository = visit.state, visit.repository
    known = crates.spelt(state, upstreams.walk(state, repository), package)
    if known != package:
        raise Validation(f"There is a crate of this name already, spelt {known.name!r}.")
    described = crates.of_publish(document)
    publishing.publish(
        state,
        repository,
        package,
        version,
        [(asset_name(package.name, version), blob)],
        metadata=lambda held: described if held is None else None,
    )
