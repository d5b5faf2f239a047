"""Operations on the bytes of package versions: published from, and sent as, a stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from starlette.concurrency import run_in_threadpool

from emulator.api import documents, targets
from emulator.bodies import Body
from emulator.core import paging, publishing, versions
from emulator.core.assets import MAX_ASSET_BYTES, AssetWriter
from emulator.core.errors import (
    Conflict,
    ResourceNotFound,
    ServiceQuotaExceeded,
    Validation,
)
from emulator.core.state import State
from emulator.core.values import SERVED, Blob, Caller, PackageId, RepositoryId, Version
from emulator.wire.serialising import Reply

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire
    from starlette.types import Send

_PIECE = 1_048_576

_ASSET_NAME = re.compile(r"[\w ~!@^&()\-+\[\]{};,.`]+")
"""Letters and digits of any script and a few more ("Generic package naming", User Guide)."""


def list_package_version_assets(
    state: State, caller: Caller, request: wire.ListPackageVersionAssetsRequestTypeDef
) -> documents.Document:
    """
    List a version's assets by name, with their sizes and hashes.

    Source: API Reference, ListPackageVersionAssets. Not documented: order, default page size.
    """
    repository, package = targets.package(state, caller, request, "ListPackageVersionAssets")
    version = versions.describe(state, repository, package, request["packageVersion"])
    scope = ("ListPackageVersionAssets", repository, package, version.version)
    key = paging.decode(scope, request.get("nextToken"))
    left = [asset for asset in version.assets if key is None or asset.name > str(key[0])]
    limit = targets.page_size(state, request)
    shown = left[:limit]
    return {
        **documents.version_header(version),
        "assets": [documents.asset_summary(asset) for asset in shown],
        "nextToken": paging.encode(scope, [shown[-1].name]) if len(left) > limit else None,
    }


def get_package_version_asset(
    state: State, caller: Caller, request: wire.GetPackageVersionAssetRequestTypeDef
) -> documents.Document:
    """
    Send one asset of a version, if it still has the revision that is given.

    Source: API Reference, GetPackageVersionAsset; User Guide, "Package version status". Not
    documented: the errors for a revision that has changed (here ConflictException) and for
    versions that are not served (switch).
    """
    repository, package = targets.package(state, caller, request, "GetPackageVersionAsset")
    version = versions.describe(state, repository, package, request["packageVersion"])
    _check_readable(state, version)
    wanted = request.get("packageVersionRevision", version.revision)
    if wanted != version.revision:
        raise Conflict(
            f"current revision: {version.revision}, expected revision: {wanted}",
            resource_id=version.version,
            resource_type="package-version",
        )
    blob = next((each.blob for each in version.assets if each.name == request["asset"]), None)
    if blob is None:
        raise ResourceNotFound(
            f"Asset not found. Version '{version.version}' of package '{package.name}' "
            f"has no asset '{request['asset']}'",
            resource_id=request["asset"],
            resource_type="asset",
        )
    return {
        "asset": Source(state.assets.path(blob.sha256).open("rb"), blob.size),
        "assetName": request["asset"],
        "packageVersion": version.version,
        "packageVersionRevision": version.revision,
    }


async def publish_package_version(
    state: State,
    caller: Caller,
    members: Mapping[str, object],
    content_length: str | None,
    body: Body,
) -> documents.Document:
    """
    Add an asset to a generic package version, which is Published unless it stays unfinished.

    Nothing is left of an upload that stops early, is too large or has another hash than it says.

    Source: API Reference, PublishPackageVersion; User Guide, "Publishing a generic package". Not
    documented: the error for a wrong hash (here ValidationException).
    """
    request = cast("wire.PublishPackageVersionRequestTypeDef", members)
    if request["format"] != "generic":
        raise Validation(
            f"PublishPackageVersion takes generic packages only, not {request['format']}."
        )
    if not _ASSET_NAME.fullmatch(request["assetName"]):
        raise Validation(
            "The name of a generic asset has letters, digits, spaces and ~!@^&()-_+[]{};,.` only, "
            f"not {request['assetName']!r}."
        )
    _check_length(content_length)
    repository, package = await run_in_threadpool(
        targets.package, state, caller, request, "PublishPackageVersion"
    )
    writer = await run_in_threadpool(state.assets.writer)
    try:
        await _write(writer, body)
        found = writer.hexdigests()["sha256"]
        if found != request["assetSHA256"]:
            raise Validation(
                f"The content has the SHA-256 {found}, not {request['assetSHA256']} as "
                "x-amz-content-sha256 says."
            )
        blob = await run_in_threadpool(writer.finish)
    finally:
        await run_in_threadpool(writer.abort)
    return await run_in_threadpool(_published, state, repository, package, request, blob)


@dataclass(frozen=True, slots=True)
class Source:
    """An open file and how many of its bytes are sent."""

    file: IO[bytes]
    size: int


class Content:
    """A response whose body is an asset."""

    def __init__(self, reply: Reply, source: object) -> None:
        assert isinstance(source, Source)  # noqa: S101  what get_package_version_asset returns
        self.source = source
        replaced = {b"content-type", b"content-length"}
        self.headers = [
            *(header for header in reply.headers if header[0] not in replaced),
            (b"content-type", b"application/octet-stream"),
            (b"content-length", str(source.size).encode()),
        ]

    async def send(self, send: Send) -> None:
        """Send the headers and the asset, piece by piece."""
        with self.source.file as file:
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            left = self.source.size
            while left:
                piece = await run_in_threadpool(file.read, min(left, _PIECE))
                if not piece:  # the connection must break, lest the asset be taken for whole
                    raise EOFError(f"{file.name} ends {left} bytes before it should.")
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


async def _write(writer: AssetWriter, body: Body) -> None:
    """Write the body as it arrives, a mebibyte at a time."""
    gathered = bytearray()
    async for piece in body.pieces():
        gathered += piece
        if len(gathered) >= _PIECE:
            await run_in_threadpool(writer.write, bytes(gathered))
            gathered.clear()
    if gathered:
        await run_in_threadpool(writer.write, bytes(gathered))


def _check_length(content_length: str | None) -> None:
    if content_length is not None and int(content_length) > MAX_ASSET_BYTES:
        raise ServiceQuotaExceeded(
            f"Asset exceeds the maximum size of {MAX_ASSET_BYTES} bytes",
            resource_id="asset",
            resource_type="asset",
        )


def _published(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    request: wire.PublishPackageVersionRequestTypeDef,
    blob: Blob,
) -> documents.Document:
    name = request["assetName"]
    version = publishing.publish(
        state,
        repository,
        package,
        request["packageVersion"],
        [(name, blob)],
        unfinished=request.get("unfinished", False),
    )
    asset = next(each for each in version.assets if each.name == name)
    return {
        **documents.version_header(version),
        "status": version.status,
        "asset": documents.asset_summary(asset),
    }


def _check_readable(state: State, version: Version) -> None:
    """Refuse what clients may not download; a generic version may be read before it is finished."""
    if version.status in SERVED:
        return
    if (
        version.status == "Unfinished"
        and version.package.format == "generic"
        and state.faults.on("genericUnfinishedReadable")
    ):
        return
    message = f"The assets of version '{version.version}' cannot be read: it is {version.status}"
    if state.faults.switch("unreadableAssetError") == "ConflictException":
        raise Conflict(message, resource_id=version.version, resource_type="package-version")
    raise ResourceNotFound(message, resource_id=version.version, resource_type="package-version")
