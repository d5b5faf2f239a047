"""The NuGet endpoint of a repository: service index, versions, registrations, search, packages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from emulator.core import metadata, nuget_versions, nuspec, packages, publishing, upstreams
from emulator.core.errors import ResourceNotFound, Validation
from emulator.core.transfers import begun
from emulator.core.values import PackageId, stored_version
from emulator.formats import downloads, nuget_documents, nuget_upload, pypi_upload
from emulator.formats.bodies import WRITTEN_AT_ONCE
from emulator.formats.endpoint import Route, Visit
from emulator.formats.nuget_documents import FLAT, PUSH, QUERY, REGISTRATIONS, Listed

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.core.transfers import Download
    from emulator.core.upstreams import Reachable

MAX_FOUND = 1000  # "take", NuGet API, search: services may limit it; our choice
DEFAULT_FOUND = 20  # the same page leaves it open: our choice
PAGE = 1000


def routes() -> list[Route]:
    """Return what ``/nuget/d/{domain}-{owner}/{repository}/`` answers to."""
    get, put = frozenset({"GET", "HEAD"}), frozenset({"PUT"})
    name, version = r"(?P<name>[^/]+)", r"(?P<version>[^/]+)"
    content = rf"{FLAT}/{name}/{version}"
    return [
        Route("GetServiceIndex", get, re.compile(r"v3/index\.json"), get_service_index),
        Route("GetVersions", get, re.compile(rf"{FLAT}/{name}/index\.json"), get_versions),
        Route("GetPackage", get, re.compile(rf"{content}/[^/]+\.nupkg"), get_package),
        Route("GetNuspec", get, re.compile(rf"{content}/[^/]+\.nuspec"), get_nuspec),
        Route(
            "GetRegistration",
            get,
            re.compile(rf"{REGISTRATIONS}/{name}/index\.json"),
            get_registration,
        ),
        Route(
            "GetRegistration", get, re.compile(rf"{REGISTRATIONS}/{name}/{version}\.json"), get_leaf
        ),
        Route("Search", get, re.compile(QUERY), search),
        Route("Publish", put, re.compile(rf"{PUSH}/?"), publish, reads=False),
        Route(
            "Unsupported",
            frozenset({"DELETE", "POST"}),
            re.compile(rf"{PUSH}/.+"),
            refuse_unlisting,
            reads=False,
        ),
    ]


async def get_service_index(_request: Request, visit: Visit) -> Response:
    """Answer with the addresses of the resources (not documented: which; clients discover them)."""
    return JSONResponse(nuget_documents.service_index(_endpoint(visit)))


async def get_versions(_request: Request, visit: Visit) -> Response:
    """Answer with the versions that are Published, here or in an upstream, or that are public."""
    listed = await run_in_threadpool(_listed, visit, _package(visit))
    return JSONResponse(nuget_documents.versions(listed))


async def get_registration(_request: Request, visit: Visit) -> Response:
    """Answer with what the same versions say of themselves, and when each was published."""
    listed = await run_in_threadpool(_listed, visit, _package(visit))
    return JSONResponse(nuget_documents.registration(_endpoint(visit), listed))


async def get_leaf(_request: Request, visit: Visit) -> Response:
    """Answer with what one of these versions says of itself."""
    package, version = _package(visit), stored_version("nuget", visit.parameters["version"])
    for each in await run_in_threadpool(_listed, visit, package):
        if each.version == version:
            return JSONResponse(nuget_documents.leaf(_endpoint(visit), each))
    raise _not_found(package, version)


async def get_package(request: Request, visit: Visit) -> Response:
    """Answer with the package, also of an Unlisted version; what comes from outside is kept."""
    download = await run_in_threadpool(_download, visit)
    return await downloads.respond(visit.state, request, download)


async def get_nuspec(_request: Request, visit: Visit) -> Response:
    """Answer with the ``.nuspec`` in the package, which comes in for it (our choice)."""
    content = await run_in_threadpool(_nuspec, visit)
    return Response(content, media_type="application/xml")


async def search(request: Request, visit: Visit) -> Response:
    """
    Answer with the packages of this repository and its upstreams that have all words of ``q``.

    Public packages that nobody has fetched are not found (not documented: our choice).
    """
    query = request.query_params
    skip, take = _number(query.get("skip"), 0), _number(query.get("take"), DEFAULT_FOUND)
    prerelease = query.get("prerelease", "").lower() == "true"
    found = await run_in_threadpool(_search, visit, query.get("q", ""), prerelease=prerelease)
    shown = found[skip : skip + min(take, MAX_FOUND)]
    return JSONResponse(nuget_documents.search_results(_endpoint(visit), shown, len(found)))


async def publish(request: Request, visit: Visit) -> Response:
    """
    Store a package that ``nuget push`` or ``dotnet nuget push`` sends.

    201 (200 to 299 is success for clients; not documented: our choice). 400 for what is no package
    or a truncated form; 409 for a version that exists, whatever its bytes and status, or that
    upstreams offer.
    """
    boundary = pypi_upload.boundary_of(request.headers.get("content-type"))
    with await run_in_threadpool(visit.state.assets.writer) as writer:
        upload = nuget_upload.Upload(boundary, writer)
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= WRITTEN_AT_ONCE:
                await run_in_threadpool(upload.feed, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(upload.feed, bytes(waiting))
        upload.finish()
        content = await run_in_threadpool(nuspec.document_of, writer.path)
        entry = nuspec.entry_of(content)
        package = PackageId.normalised("nuget", None, str(entry["id"]))
        version = stored_version("nuget", str(entry["version"]))
        await visit.authorize("PublishPackageVersion", package)
        blob = await run_in_threadpool(writer.finish)
    await run_in_threadpool(
        publishing.publish,
        visit.state,
        visit.repository,
        package,
        version,
        [(nuspec.file_name(package, version), blob)],
        metadata=nuspec.metadata_of(entry),
        exclusive=True,
    )
    return Response(status_code=201)


async def refuse_unlisting(_request: Request, _visit: Visit) -> Response:
    """Refuse ``nuget delete``: versions are unlisted through the API (not documented)."""
    raise HTTPException(
        405,
        "CodeArtifact does not support nuget delete: use UpdatePackageVersionsStatus.",
        {"Allow": "PUT"},
    )


def _package(visit: Visit) -> PackageId:
    name = visit.parameters["name"]
    if not nuspec.ID.fullmatch(name):
        raise Validation(f"Not the id of a NuGet package: {name[:60]!r}")
    return PackageId.normalised("nuget", None, name)


def _endpoint(visit: Visit) -> str:
    domain = visit.repository.domain
    name = f"{domain.name}-{domain.owner}/{visit.repository.name}"
    return f"{visit.state.base_url}/nuget/d/{name}/"


def _download(visit: Visit) -> Download:
    package, version = _package(visit), stored_version("nuget", visit.parameters["version"])
    file = visit.path.rpartition("/")[2].rpartition(".")[0].lower()
    if file not in {f"{package.name}.{version}", package.name}:
        raise _not_found(package, version)
    return upstreams.fetch(
        visit.state, visit.repository, package, version, nuspec.file_name(package, version)
    )


def _nuspec(visit: Visit) -> bytes:
    download = begun(_download(visit))
    if download is not None:
        download.finished.wait()
        if download.failed is None:
            return nuspec.document_of(download.path)
    raise _not_found(_package(visit), visit.parameters["version"])


def _listed(visit: Visit, package: PackageId) -> list[Listed]:
    reachable = upstreams.listed(visit.state, visit.repository, package)
    found = list(_published(visit, package, reachable))
    if not found:
        raise _not_found(package)
    return nuget_documents.in_order(found)


def _published(
    visit: Visit, package: PackageId, reachable: Iterable[Reachable]
) -> Iterator[Listed]:
    for each in reachable:
        if each.status == "Published":
            said = _said(each)
            yield Listed(
                package=package,
                version=each.version,
                entry=_entry(each, said),
                published=each.published or visit.state.clock.now(),
                listed=said.get("listed") is not False,
            )


def _said(found: Reachable) -> Mapping[str, object]:
    source = found.record or found.public
    return source.metadata if source is not None else {}


def _entry(found: Reachable, said: Mapping[str, object]) -> Mapping[str, object]:
    """Return the catalog entry; for a version that was never read, what the API says of it."""
    entry = said.get(nuspec.ENTRY)
    if isinstance(entry, dict):
        return entry
    if found.record is None:
        return {}
    described = metadata.of(found.record)
    dependencies = [
        {"id": each.package, "range": each.version_requirement or "(, )"}
        for each in described.dependencies
    ]
    licence = next((each.name for each in described.licenses if each.name), "")
    entry = {
        "id": described.display_name or found.record.package.name,
        "description": described.summary,
        "licenseExpression": licence,
        "dependencyGroups": [{"dependencies": dependencies}] if dependencies else [],
    }
    return {key: value for key, value in entry.items() if value}


def _search(visit: Visit, query: str, *, prerelease: bool) -> list[list[Listed]]:
    words = query.lower().split()
    found: list[list[Listed]] = []
    for package in sorted(_held(visit)):
        reachable = upstreams.view(visit.state, visit.repository, package)
        listed = nuget_documents.in_order(
            [
                each
                for each in _published(visit, package, reachable)
                if each.listed and (prerelease or not nuget_versions.is_prerelease(each.version))
            ]
        )
        if listed and all(_has(listed[-1], word) for word in words):
            found.append(listed)
    return found


def _has(listed: Listed, word: str) -> bool:
    field, colon, wanted = word.partition(":")
    if colon and field in {"packageid", "id"}:  # "Finding packages", NuGet search syntax
        name = listed.package.name
        return name == wanted if field == "packageid" else wanted in name
    texts = (listed.package.name, *(listed.entry.get(key) for key in ("title", "description")))
    tags = listed.entry.get("tags")
    return any(word in str(text).lower() for text in (*texts, tags) if text)


def _held(visit: Visit) -> set[PackageId]:
    """Return the packages that the repository or one of its upstreams holds."""
    found: set[PackageId] = set()
    for repository in upstreams.walk(visit.state, visit.repository):
        token: str | None = None
        while True:
            page, token = packages.page(
                visit.state, repository, format="nuget", limit=PAGE, after=token
            )
            found.update(each.id for each in page)
            if token is None:
                break
    return found


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 9 else default  # noqa: PLR2004  below 2^31


def _not_found(package: PackageId, version: str = "") -> ResourceNotFound:
    what = f"version {version[:60]!r} of {package.name!r}" if version else f"{package.name!r}"
    return ResourceNotFound(
        f"Not found: {what}", resource_id=version or package.name, resource_type="package"
    )
