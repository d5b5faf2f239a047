"""The Maven endpoint of a repository: assets, checksums and maven-metadata.xml."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from emulator.core import snapshots, upstreams, versions
from emulator.core.errors import ResourceNotFound, Validation
from emulator.core.transfers import begun
from emulator.core.values import SERVED, Blob, PackageId
from emulator.formats import bodies, downloads, maven_layout, maven_metadata
from emulator.formats.endpoint import Route, Visit
from emulator.formats.maven_layout import CHECKSUM, AssetPath, MalformedPath

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.core.transfers import Download
    from emulator.core.upstreams import Reachable

MAX_METADATA = 10 * 1024 * 1024  # not documented: our choice; about 200,000 versions
MAX_CHECKSUM = 1024  # a SHA-512 has 128 characters; some tools add the file's name
METADATA_AGE = timedelta(hours=3)  # User Guide, external connection latency
XML = "text/xml"


def routes() -> list[Route]:
    """Return what ``/maven/d/{domain}-{owner}/{repository}/`` answers to."""
    get, put = frozenset({"GET", "HEAD"}), frozenset({"PUT"})

    def pattern(*parts: str) -> re.Pattern[str]:
        return re.compile("".join(parts))

    snapshot, package = maven_layout.SNAPSHOT_METADATA, maven_layout.PACKAGE_METADATA
    asset = maven_layout.ASSET
    return [
        Route("GetMetadata", get, pattern(snapshot), get_snapshot_metadata),
        Route("PutMetadata", put, pattern(snapshot), put_snapshot_metadata, reads=False),
        Route("GetChecksum", get, pattern(snapshot, CHECKSUM), get_snapshot_metadata),
        Route("PutChecksum", put, pattern(snapshot, CHECKSUM), put_metadata_checksum, reads=False),
        Route("GetMetadata", get, pattern(package), get_package_metadata),
        Route("PutMetadata", put, pattern(package), put_package_metadata, reads=False),
        Route("GetChecksum", get, pattern(package, CHECKSUM), get_package_metadata),
        Route("PutChecksum", put, pattern(package, CHECKSUM), put_metadata_checksum, reads=False),
        Route("GetChecksum", get, pattern(asset, CHECKSUM), get_checksum),
        Route("PutChecksum", put, pattern(asset, CHECKSUM), put_checksum, reads=False),
        Route("GetAsset", get, pattern(asset), get_asset),
        Route("PutAsset", put, pattern(asset), put_asset, reads=False),
        Route("PutAsset", put, re.compile(r".*"), refuse_layout, reads=False),
    ]


async def get_asset(request: Request, visit: Visit) -> Response:
    """
    Answer with an asset of a release, of the newest build of a snapshot, or of a certain build.

    ``1.0-SNAPSHOT/app-1.0-SNAPSHOT.jar`` is the newest build's; a timestamped name is looked for in
    the newest build, then in its own (User Guide, Maven snapshots).
    """
    download = await run_in_threadpool(_download, visit)
    return await downloads.respond(visit.state, request, download)


async def get_checksum(_request: Request, visit: Visit) -> Response:
    """Answer with the checksum that the service has computed (User Guide, Maven checksums)."""
    blob = await run_in_threadpool(_stored, visit)
    return PlainTextResponse(str(getattr(blob, visit.parameters["checksum"])))


async def put_asset(request: Request, visit: Visit) -> Response:
    """
    Store an asset; its version, if new, is Unfinished until its metadata arrives.

    The status is that of the switch ``mavenPutStatus``; the same bytes again are 200 and change
    nothing, other bytes are 409.
    """
    path = _asset(visit)
    snapshots.version_of(path.package, path.directory, path.file)
    await visit.authorize("PublishPackageVersion", path.package)
    blob = await bodies.stored(request, visit.state)
    is_new = await run_in_threadpool(_publish, visit, path, blob)
    return Response(status_code=_accepted(visit) if is_new else 200)


async def put_checksum(request: Request, visit: Visit) -> Response:
    """
    Compare a checksum with the asset's; nothing is stored (User Guide, Maven checksums).

    404 before its asset, 400 when it differs; an Unfinished version then cannot be finished until
    the right one arrives.
    """
    path = _asset(visit)
    await visit.authorize("PublishPackageVersion", path.package)
    body = await bodies.small(request, limit=MAX_CHECKSUM)
    await run_in_threadpool(
        snapshots.put_checksum,
        visit.state,
        visit.repository,
        path.package,
        path.directory,
        path.file,
        algorithm=visit.parameters["checksum"],
        checksum=body.decode("latin-1"),
    )
    return Response(status_code=_accepted(visit))


async def put_snapshot_metadata(request: Request, visit: Visit) -> Response:
    """Point ``1.0-SNAPSHOT`` at the build that the metadata names, and unlist that build."""
    package = _package(visit)
    await visit.authorize("PutPackageMetadata", package)
    body = await bodies.small(request, limit=MAX_METADATA)
    await run_in_threadpool(
        snapshots.put_metadata,
        visit.state,
        visit.repository,
        package,
        visit.parameters["snapshot"],
        body,
    )
    return Response(status_code=_accepted(visit))


async def put_package_metadata(request: Request, visit: Visit) -> Response:
    """Publish the Unfinished versions that the metadata lists."""
    package = _package(visit)
    await visit.authorize("PutPackageMetadata", package)
    body = await bodies.small(request, limit=MAX_METADATA)
    await run_in_threadpool(
        snapshots.put_package_metadata, visit.state, visit.repository, package, body
    )
    return Response(status_code=_accepted(visit))


async def put_metadata_checksum(request: Request, visit: Visit) -> Response:
    """Ignore it: the metadata served is generated, with its own checksums (our choice)."""
    package = _package(visit)
    await visit.authorize("PutPackageMetadata", package)
    await bodies.small(request, limit=MAX_CHECKSUM)
    return Response(status_code=_accepted(visit))


async def get_package_metadata(_request: Request, visit: Visit) -> Response:
    """Answer with the Published versions, here, in upstreams and public ones."""
    return _metadata_response(visit, await run_in_threadpool(_package_metadata, visit))


async def get_snapshot_metadata(_request: Request, visit: Visit) -> Response:
    """Answer with the newest build of a snapshot."""
    return _metadata_response(visit, await run_in_threadpool(_snapshot_metadata, visit))


async def refuse_layout(_request: Request, visit: Visit) -> Response:
    """Refuse an upload to a path outside Maven's layout."""
    raise HTTPException(400, f"Not a path of Maven's repository layout: {visit.path[:200]!r}")


def _accepted(visit: Visit) -> int:
    return int(visit.state.faults.switch("mavenPutStatus"))


def _package(visit: Visit) -> PackageId:
    try:
        return maven_layout.package(visit.parameters)
    except MalformedPath as error:
        raise Validation(str(error)) from error


def _asset(visit: Visit) -> AssetPath:
    try:
        return maven_layout.asset(visit.parameters)
    except MalformedPath as error:
        raise Validation(str(error)) from error


def _publish(visit: Visit, path: AssetPath, blob: Blob) -> bool:
    state, repository, package = visit.state, visit.repository, path.package
    version = snapshots.version_of(package, path.directory, path.file)
    before = versions.find(state, repository, package, version)
    after = snapshots.put_asset(state, repository, package, path.directory, path.file, blob)
    return before is None or before.revision != after.revision


def _download(visit: Visit) -> Download:
    path = _asset(visit)
    version, asset = _resolved(visit, path)
    return upstreams.fetch(visit.state, visit.repository, path.package, version, asset)


def _resolved(visit: Visit, path: AssetPath) -> tuple[str, str]:
    """Return the version and asset that a request means; see `get_asset`."""
    if not path.directory.endswith(maven_layout.SNAPSHOT):
        return path.directory, path.file
    snapshot = _snapshot(visit, path.package, path.directory)
    assets = _asset_names(snapshot)
    newest = path.newest_of(assets)
    if newest is not None:
        return path.directory, newest
    if path.build is not None and path.file not in assets:
        return path.build, path.file
    return path.directory, path.file


def _stored(visit: Visit) -> Blob:
    """Return the blob of the asset that a checksum is asked of, once all of it is here."""
    download = begun(_download(visit))
    if download is None:
        raise _not_found(visit)
    download.finished.wait()
    if download.blob is None:
        raise _not_found(visit)
    return download.blob


def _snapshot(visit: Visit, package: PackageId, version: str) -> Reachable | None:
    found = upstreams.view(visit.state, visit.repository, package)
    return next((each for each in found if each.version == version and each.status in SERVED), None)


def _asset_names(found: Reachable | None) -> list[str]:
    return [] if found is None or found.record is None else [a.name for a in found.record.assets]


def _package_metadata(visit: Visit) -> bytes:
    package = _package(visit)
    found = upstreams.listed(visit.state, visit.repository, package)
    listed = [each for each in found if each.status == "Published"]
    if not listed:
        raise _not_found(visit)
    changed = [each.record.published for each in listed if each.record is not None]
    updated = max(changed, default=_refreshed(visit.state.clock.now()))
    return maven_metadata.package_metadata(package, [each.version for each in listed], updated)


def _refreshed(now: datetime) -> datetime:
    """Return when the cache of a public repository was last due: steady, so checksums agree."""
    return now - timedelta(seconds=now.timestamp() % METADATA_AGE.total_seconds())


def _snapshot_metadata(visit: Visit) -> bytes:
    package, version = _package(visit), visit.parameters["snapshot"]
    assets = _asset_names(_snapshot(visit, package, version))
    content = maven_metadata.snapshot_metadata(package, version, assets)
    if content is None:
        raise _not_found(visit)
    return content


def _metadata_response(visit: Visit, content: bytes) -> Response:
    algorithm = visit.parameters.get("checksum")
    if algorithm is None:
        return Response(content, media_type=XML)
    return PlainTextResponse(maven_metadata.checksum(content, algorithm))


def _not_found(visit: Visit) -> ResourceNotFound:
    return ResourceNotFound(
        f"Not found: {visit.path[:200]}", resource_id=visit.path[:200], resource_type="asset"
    )
