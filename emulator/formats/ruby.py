"""The ruby endpoint of a repository: the Compact Index, gems, publishing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from emulator.core import gems, metadata, packages, publishing, repositories, upstreams
from emulator.core.errors import ResourceNotFound, Validation
from emulator.core.gems import Entry, Place
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.transfers import Download
from emulator.core.values import PackageId, Version
from emulator.formats import compact_index, downloads, ruby_marshal
from emulator.formats.bodies import WRITTEN_AT_ONCE
from emulator.formats.compact_index import ListedGem
from emulator.formats.endpoint import Route, Visit

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.core.state import State
    from emulator.core.upstreams import Reachable
    from emulator.core.values import Blob

MAX_LISTED = 5_000  # gems of a repository whose index is served (User Guide, quotas)
PAGE = 1_000

TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"
ANY = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})


def routes() -> list[Route]:
    """Return what ``/ruby/d/{domain}-{owner}/{repository}/`` answers to."""
    get, post = frozenset({"GET", "HEAD"}), frozenset({"POST"})
    quick = r"quick/Marshal\.4\.8/(?P<file>[^/]+)\.gemspec\.rz"
    return [
        Route("Root", get, re.compile(r""), get_root),
        Route("GetVersions", get, re.compile(r"versions"), get_versions),
        Route("GetNames", get, re.compile(r"names"), get_names),
        Route("GetInfo", get, re.compile(r"info/(?P<name>[^/]+)"), get_info),
        Route("GetDependencies", get, re.compile(r"api/v1/dependencies"), get_dependencies),
        Route("GetSpecification", get, re.compile(quick), get_specification),
        Route("GetGem", get, re.compile(r"gems/(?P<file>[^/]+\.gem)"), get_gem),
        Route("Publish", post, re.compile(r"api/v1/gems"), publish, reads=False),
        Route("Unsupported", ANY, re.compile(r"api/.*|.*specs\.4\.8\.gz"), refuse_unsupported),
    ]


async def get_root(_request: Request, _visit: Visit) -> Response:
    """Answer that something is here, which is how gem learns that there is a Compact Index."""
    return PlainTextResponse("")


async def get_versions(request: Request, visit: Visit) -> Response:
    """Answer with every gem that is Published and a checksum of what ``info`` says of it."""
    content = await run_in_threadpool(_versions, visit)
    return _text(request, content)


async def get_names(request: Request, visit: Visit) -> Response:
    """Answer with the name of every gem."""
    content = await run_in_threadpool(lambda: compact_index.names(_index(visit)))
    return _text(request, content)


async def get_info(request: Request, visit: Visit) -> Response:
    """Answer with the versions that are Published, here or upstream, or that are public."""
    name = visit.parameters["name"]
    listed = await run_in_threadpool(_listed, visit, name)
    if not listed:
        raise _not_found(name)
    return _text(request, compact_index.info(listed))


async def get_dependencies(request: Request, visit: Visit) -> Response:
    """Answer with the versions of the gems that are named, in Ruby's own serialisation."""
    wanted = [name for name in request.query_params.get("gems", "").split(",") if name]
    if not wanted:
        return PlainTextResponse("")

    def found() -> list[Entry]:
        return [each.entry for name in wanted for each in _listed(visit, name)]

    content = ruby_marshal.dependencies(await run_in_threadpool(found))
    return Response(content, media_type=BINARY)


async def get_specification(_request: Request, visit: Visit) -> Response:
    """Answer with what ``gem install`` reads of a version before it downloads the gem."""
    content = await run_in_threadpool(_specification, visit, f"{visit.parameters['file']}.gem")
    return Response(content, media_type=BINARY)


async def get_gem(request: Request, visit: Visit) -> Response:
    """Answer with the asset of this name."""
    download = await run_in_threadpool(_download, visit, visit.parameters["file"])
    return await downloads.respond(visit.state, request, download)


async def publish(request: Request, visit: Visit) -> Response:
    """
    Publish the gem that is the body; what it is, it says itself.

    200 also for the same bytes again; 409 for other bytes, or a version that upstreams offer (User
    Guide, package origin controls).
    """
    with await run_in_threadpool(visit.state.assets.writer) as writer:
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= WRITTEN_AT_ONCE:
                await run_in_threadpool(writer.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(writer.write, bytes(waiting))
        try:
            gem = await run_in_threadpool(gems.read, writer.path)
        except gems.MalformedGem as error:
            raise Validation(str(error)) from error
        await visit.authorize("PublishPackageVersion", _package(gem.entry.name))
        blob = await run_in_threadpool(writer.finish)
    await run_in_threadpool(_publish, visit, gem, blob)
    return PlainTextResponse(f"Successfully registered gem: {gem.entry.file_name}\n")


async def refuse_unsupported(_request: Request, visit: Visit) -> Response:
    """Say that CodeArtifact has no such thing (User Guide, RubyGems command support)."""
    raise HTTPException(404, f"CodeArtifact does not support this request ({visit.path[:200]}).")


def _publish(visit: Visit, gem: gems.Gem, blob: Blob) -> None:
    """The version has the gem; what its metadata says of others is kept."""
    brought = gem.metadata()

    def described(held: Version | None) -> dict[str, object]:
        known = {} if held is None else held.metadata
        files = {
            each.file_name: each.stored() for each in gems.entries(gem.entry.name, known).values()
        }
        return {**brought, **known, gems.FILES: {gem.entry.file_name: gem.entry.stored(), **files}}

    publishing.publish(
        visit.state,
        visit.repository,
        _package(gem.entry.name),
        gem.entry.version(_place(visit.state)),
        [(gem.entry.file_name, blob)],
        metadata=described,
    )


def _download(visit: Visit, file: str) -> Download:
    """Return the asset, of the first package and version that has it."""
    refusal: ResourceNotFound | None = None
    for name, version in gems.coordinates(file, _place(visit.state)):
        try:
            return upstreams.fetch(visit.state, visit.repository, _package(name), version, file)
        except ResourceNotFound as error:
            refusal = refusal or error
    raise refusal or _not_found(file)


def _specification(visit: Visit, file: str) -> bytes:
    for name, version in gems.coordinates(file, _place(visit.state)):
        for found in upstreams.view(visit.state, visit.repository, _package(name)):
            if found.version != version:
                continue
            for each in _gems(visit, name, found):
                if each.file_name == file:
                    described = metadata.of(found.record) if found.record else None
                    return ruby_marshal.specification(
                        each.entry, described.summary if described else ""
                    )
    raise _not_found(file)


def _versions(visit: Visit) -> bytes:
    index = {name: tuple(_listed(visit, name)) for name in _index(visit)}
    return compact_index.versions(index, visit.state.clock.now())


def _index(visit: Visit) -> list[str]:
    """
    Return the names of all gems that clients of the repository can list.

    400 for more than 5,000 (User Guide, quotas), and where the way leads to a public repository,
    which has more (not documented: our choice). Bundler then asks ``api/v1/dependencies``.
    """
    names: set[str] = set()
    for stop in upstreams.walk(visit.state, visit.repository):
        connected = repositories.describe(visit.state, stop).external_connection
        if connected and EXTERNAL_CONNECTIONS.get(connected) == "ruby":
            raise _too_many()
        after: str | None = None
        while True:
            found, after = packages.page(visit.state, stop, format="ruby", limit=PAGE, after=after)
            names.update(each.id.name for each in found)
            if len(names) > MAX_LISTED:
                raise _too_many()
            if after is None:
                break
    return sorted(name for name in names if _listed(visit, name))


def _too_many() -> Validation:
    return Validation(f"There are more than {MAX_LISTED} gems: too many for an index.")


def _listed(visit: Visit, name: str) -> list[ListedGem]:
    return [
        each
        for found in upstreams.view(visit.state, visit.repository, _package(name))
        if found.status == "Published"
        for each in _gems(visit, name, found)
    ]


def _gems(visit: Visit, name: str, found: Reachable) -> Iterator[ListedGem]:
    """
    Yield the gems of one version: those that are held, then those that are only public.

    Public versions are listed with and without their platforms; only those are yielded whose
    platform stands where the switch ``gemPlatformPlace`` says.
    """
    place = _place(visit.state)
    known: dict[str, Entry] = {}
    for source in (found.public, found.record):
        known |= gems.entries(name, source.metadata) if source else {}
    for file, checksum in dict(_checksums(found)).items():
        entry = known.get(file) or gems.named(name, file)
        if entry is not None and entry.version(place) == found.version:
            published = found.published or visit.state.clock.now()
            yield ListedGem(entry, found.version, file, checksum, published)


def _checksums(found: Reachable) -> Iterable[tuple[str, str]]:
    if found.public is not None:
        yield from ((each.name, each.hashes.get("sha256", "")) for each in found.public.assets)
    if found.record is not None:
        yield from ((each.name, each.blob.sha256) for each in found.record.assets)


def _place(state: State) -> Place:
    return cast("Place", state.faults.switch("gemPlatformPlace"))


def _package(name: str) -> PackageId:
    return PackageId("ruby", "", name)


def _text(request: Request, content: bytes) -> Response:
    """Return an index file whole: nobody has to take up where an earlier answer ended."""
    etag = compact_index.etag(content)
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(content, media_type=TEXT, headers={"ETag": etag})


def _not_found(name: str) -> ResourceNotFound:
    return ResourceNotFound(
        f"Gem {name[:60]!r} not found", resource_id=name, resource_type="package"
    )
