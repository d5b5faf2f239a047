"""The npm endpoint of a repository: packuments, tarballs, publishing, deprecation, dist-tags."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from emulator import json_documents
from emulator.core import upstreams
from emulator.core.errors import Validation
from emulator.core.external import ORIGINAL_PUBLISH_TIME
from emulator.core.metadata import DESCRIBED
from emulator.core.reachable_tags import reachable_tags
from emulator.core.values import PackageId
from emulator.formats import bodies, downloads, npm_names, npm_publishing, packument
from emulator.formats.endpoint import Route, Visit

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.core.upstreams import Reachable

MAX_TAG_BODY = 4096  # a version in quotes
REVALIDATED = "no-cache"

ANY = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})

PRIVATE = frozenset({ORIGINAL_PUBLISH_TIME, DESCRIBED, "readme", "readmeFilename"})
"""Version metadata that no packument lists: npm's registry keeps readmes out of versions too."""


def routes() -> list[Route]:
    """Return what ``/npm/d/{domain}-{owner}/{repository}/`` answers to."""
    get, put, delete = frozenset({"GET", "HEAD"}), frozenset({"PUT"}), frozenset({"DELETE"})
    name = npm_names.PATTERN
    tags = rf"-/package/{name}/dist-tags"
    tag = rf"{tags}/(?P<tag>[^/]+)"
    return [
        Route("Ping", get, re.compile(r"-/ping/?"), ping),
        Route("GetDistTags", get, re.compile(tags), get_dist_tags),
        Route("PutDistTag", put, re.compile(tag), put_dist_tag, reads=False),
        Route("DeleteDistTag", delete, re.compile(tag), delete_dist_tag, reads=False),
        Route("GetTarball", get, re.compile(rf"{name}/-/(?P<file>[^/]+)\.tgz"), get_tarball),
        Route("GetPackument", get, re.compile(name), get_packument),
        Route("Publish", put, re.compile(name), npm_publishing.publish, reads=False),
        Route("Unsupported", ANY, re.compile(r".+/-rev/.*"), refuse_unpublishing),
        Route("Unsupported", ANY, re.compile(r"-/.*"), refuse_unsupported),
    ]


async def ping(_request: Request, _visit: Visit) -> Response:
    """Answer that the endpoint is there and the token good (User Guide, npm commands)."""
    return JSONResponse({})


async def refuse_unsupported(_request: Request, visit: Visit) -> Response:
    """Say that CodeArtifact has no such npm command (User Guide, npm command support)."""
    raise HTTPException(
        404, f"CodeArtifact does not support this npm command ({visit.path[:200]})."
    )


async def refuse_unpublishing(_request: Request, _visit: Visit) -> Response:
    """
    Say that versions are removed through the API only (User Guide, npm command support).

    The status is not documented; on 404 npm reports that it has unpublished what it has not.
    """
    raise HTTPException(
        405,
        "CodeArtifact does not support npm unpublish: use DeletePackageVersions.",
        {"Allow": ""},
    )


async def get_packument(request: Request, visit: Visit) -> Response:
    """Answer with the versions that are Published, here or in an upstream, or that are public."""
    package = npm_names.package_of(visit.parameters)
    short = packument.ABBREVIATED_TYPE in request.headers.get("accept", "")
    content = await run_in_threadpool(_packument, visit, package, short=short)
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": REVALIDATED}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    media_type = packument.ABBREVIATED_TYPE if short else "application/json"
    return Response(content, media_type=media_type, headers=headers)


async def get_tarball(request: Request, visit: Visit) -> Response:
    """Answer with the asset ``package.tgz`` of the version in the file's name."""
    package = npm_names.package_of(visit.parameters)
    name, _, version = visit.parameters["file"].partition(f"{package.name}-")
    if name or not version:
        raise npm_names.not_found(package)
    download = await run_in_threadpool(
        upstreams.fetch,
        visit.state,
        visit.repository,
        package,
        version,
        npm_publishing.ASSET,
    )
    return await downloads.respond(visit.state, request, download)


async def get_dist_tags(_request: Request, visit: Visit) -> Response:
    """Answer with the package's own tags and its upstreams', whose values win."""
    package = npm_names.package_of(visit.parameters)
    listed, tags = await run_in_threadpool(_listed, visit, package)
    return JSONResponse(packument.dist_tags(listed, tags))


async def put_dist_tag(request: Request, visit: Visit) -> Response:
    """Set a tag of this repository's package to a version that this repository holds."""
    package = npm_names.package_of(visit.parameters)
    await visit.authorize("PutPackageMetadata", package)
    body = await bodies.small(request, limit=MAX_TAG_BODY)
    try:
        version = json_documents.parse(body)
    except ValueError as error:
        raise Validation("The body is no JSON string.", reason="CANNOT_PARSE") from error
    if not isinstance(version, str):
        raise Validation("The body is no JSON string.", reason="CANNOT_PARSE")
    await run_in_threadpool(
        npm_publishing.set_dist_tags, visit, package, {visit.parameters["tag"]: version}
    )
    return JSONResponse({})


async def delete_dist_tag(_request: Request, visit: Visit) -> Response:
    """Remove a tag from this repository's package."""
    package = npm_names.package_of(visit.parameters)
    await visit.authorize("PutPackageMetadata", package)
    await run_in_threadpool(npm_publishing.remove_dist_tag, visit, package, visit.parameters["tag"])
    return JSONResponse({})


def _packument(visit: Visit, package: PackageId, *, short: bool) -> bytes:
    listed, tags = _listed(visit, package)
    render = packument.abbreviated if short else packument.full
    return json.dumps(render(npm_names.full(package), listed, tags)).encode()


def _listed(
    visit: Visit, package: PackageId
) -> tuple[list[packument.ListedVersion], dict[str, str]]:
    found = upstreams.listed(visit.state, visit.repository, package)
    listed = [_listing(visit, package, each) for each in found if each.status == "Published"]
    if not listed:
        raise npm_names.not_found(package)
    return listed, reachable_tags(visit.state, visit.repository, package)


def _listing(visit: Visit, package: PackageId, found: Reachable) -> packument.ListedVersion:
    metadata: Mapping[str, object] = {}
    shasum = ""
    if found.record is not None:
        metadata = found.record.metadata
        shasum = next((each.blob.sha1 for each in found.record.assets), "")
    elif found.public is not None:
        metadata = found.public.metadata
        shasum = next((each.hashes.get("sha1", "") for each in found.public.assets), "")
    return packument.ListedVersion(
        version=found.version,
        manifest={key: value for key, value in metadata.items() if key not in PRIVATE},
        shasum=shasum,
        tarball=_tarball_url(visit, package, found.version),
        published=found.published or visit.state.clock.now(),
    )


def _tarball_url(visit: Visit, package: PackageId, version: str) -> str:
    domain = visit.repository.domain
    return (
        f"{visit.state.base_url}/npm/d/{domain.name}-{domain.owner}/{visit.repository.name}/"
        f"{npm_names.full(package)}/-/{package.name}-{version}.tgz"
    )
