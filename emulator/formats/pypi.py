"""The PyPI endpoint of a repository: simple pages, files and uploads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from emulator.core import metadata, publishing, upstreams
from emulator.core.values import Blob, PackageId, Version
from emulator.formats import downloads, pypi_upload, simple
from emulator.formats.endpoint import Route, Visit
from emulator.formats.simple import ListedFile

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.core.upstreams import Reachable
    from emulator.formats.pypi_upload import Distribution

FILES = "files"
"""Key of the version metadata that holds, by file name, what only the project page knows."""

WRITTEN_AT_ONCE = 1024 * 1024


def routes() -> list[Route]:
    """Return what ``/pypi/d/{domain}-{owner}/{repository}/`` answers to."""
    get = frozenset({"GET", "HEAD"})
    name = r"simple/(?P<name>[^/]+)"
    file = rf"{name}/(?P<version>[^/]+)/(?P<file>[^/]+)"
    return [
        Route("GetSimple", get, re.compile(rf"{name}(?P<slash>/?)"), get_project),
        Route("GetFile", get, re.compile(file), get_file),
        Route("GetSimple", get, re.compile(r"(simple)?/?"), refuse_list),
        Route("Upload", frozenset({"POST"}), re.compile(r"/?"), upload, reads=False),
    ]


async def get_project(request: Request, visit: Visit) -> Response:
    """
    Answer with the project page of everything that can be reached; nothing is stored.

    Other spellings of the name, and the page without its slash, are redirected to it. 406 when the
    client accepts neither HTML nor JSON (User Guide, Python compatibility).
    """
    package = _package(visit)
    if visit.parameters["name"] != package.name or not visit.parameters["slash"]:
        prefix = request.url.path.rpartition("/simple/")[0]
        return RedirectResponse(f"{prefix}/simple/{quote(package.name)}/", 301)
    wanted = simple.negotiated(request.headers.get("accept"))
    if wanted is None:
        raise HTTPException(406, "Project pages are in HTML or JSON.")
    page, content_type = wanted
    files = await run_in_threadpool(_files, visit, package)
    if files is None:
        raise HTTPException(404, f"Package {package.name} is not found.")
    render = simple.as_json if page == "json" else simple.as_html
    body = await run_in_threadpool(render, package.name, files)
    return Response(body, headers={"Content-Type": content_type, "Vary": "Accept"})


async def get_file(request: Request, visit: Visit) -> Response:
    """Answer with a file, also one of an Unlisted version; what comes from outside is kept."""
    download = await run_in_threadpool(
        upstreams.fetch,
        visit.state,
        visit.repository,
        _package(visit),
        visit.parameters["version"],
        visit.parameters["file"],
    )
    return await downloads.respond(visit.state, request, download)


async def refuse_list(_request: Request, _visit: Visit) -> Response:
    """Refuse the list of all projects, which CodeArtifact does not have (User Guide, Python)."""
    raise HTTPException(404, "There is no list of all packages; use simple/{name}/.")


async def upload(request: Request, visit: Visit) -> Response:
    """
    Store a file that twine uploads; its version is Published with its first file.

    200 also for the same bytes again. 400 for a form that is truncated, or whose digests, names or
    version are not those of its file; 409 for other bytes, or a version that upstreams offer.
    """
    boundary = pypi_upload.boundary_of(request.headers.get("content-type"))
    with await run_in_threadpool(visit.state.assets.writer) as writer:
        form = pypi_upload.Upload(boundary, writer)
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= WRITTEN_AT_ONCE:
                await run_in_threadpool(form.feed, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(form.feed, bytes(waiting))
        form.finish()
        distribution = pypi_upload.distribution(form)
        package = PackageId.normalised("pypi", None, distribution.name)
        await visit.authorize("PublishPackageVersion", package)
        blob = await run_in_threadpool(writer.finish)
    await run_in_threadpool(_publish, visit, package, distribution, blob)
    return Response(status_code=200)


def _package(visit: Visit) -> PackageId:
    return PackageId.normalised("pypi", None, visit.parameters["name"])


def _publish(visit: Visit, package: PackageId, distribution: Distribution, blob: Blob) -> None:
    """The version has the file; what its metadata says of the others is kept."""
    entry: dict[str, object] = {"upload-time": visit.state.clock.now().isoformat()}
    if requires_python := next(iter(distribution.fields.get("requires_python", ())), ""):
        entry["requires-python"] = requires_python

    def described(held: Version | None) -> dict[str, object]:
        known = held.metadata.get(FILES) if held else None
        files = dict(known) if isinstance(known, Mapping) else {}
        files.setdefault(distribution.filename, entry)
        kept = held.metadata if held else metadata.of_pypi(distribution.fields)
        return {**kept, FILES: files}

    publishing.publish(
        visit.state,
        visit.repository,
        package,
        distribution.version,
        [(distribution.filename, blob)],
        metadata=described,
    )


def _files(visit: Visit, package: PackageId) -> list[ListedFile] | None:
    """Return the files of every Published version; None when there is no version at all."""
    reachable = upstreams.listed(visit.state, visit.repository, package)
    if not reachable:
        return None
    return [
        file for version in reachable if version.status == "Published" for file in _listed(version)
    ]


def _listed(version: Reachable) -> Iterator[ListedFile]:
    """Yield the files of one version: those that are held, then those that are only public."""
    says = _page_metadata(version)
    held: set[str] = set()
    if version.record is not None:
        for asset in version.record.assets:
            held.add(asset.name)
            yield _file(
                version,
                asset.name,
                {"sha256": asset.blob.sha256, "md5": asset.blob.md5},
                asset.blob.size,
                says.get(asset.name, {}),
            )
    if version.public is not None:
        for public in version.public.assets:
            if public.name not in held:
                hashes = {k: v for k, v in public.hashes.items() if k in {"sha256", "md5"}}
                yield _file(version, public.name, hashes, public.size, public.metadata)


def _page_metadata(version: Reachable) -> dict[str, Mapping[str, object]]:
    """Return, by file name, what the public page says now, else what it said or twine sent."""
    found: dict[str, Mapping[str, object]] = {}
    for source in (version.record, version.public):
        files = source.metadata.get(FILES) if source else None
        if isinstance(files, Mapping):
            found.update({str(k): v for k, v in files.items() if isinstance(v, Mapping)})
    return found


def _file(
    version: Reachable,
    name: str,
    hashes: Mapping[str, str],
    size: int | None,
    says: Mapping[str, object],
) -> ListedFile:
    uploaded, requires_python, yanked = (
        says.get(key) for key in ("upload-time", "requires-python", "yanked")
    )
    return ListedFile(
        version=version.version,
        name=name,
        hashes=hashes,
        size=size,
        uploaded=datetime.fromisoformat(str(uploaded)) if uploaded else version.published,
        requires_python=str(requires_python) if requires_python else None,
        yanked=yanked if isinstance(yanked, bool | str) else False,
    )
