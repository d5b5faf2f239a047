"""The cargo endpoint of a repository: a sparse index, downloads, publishing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from emulator.core import crates, upstreams
from emulator.core.errors import ResourceNotFound
from emulator.core.transfers import Download
from emulator.core.values import PackageId
from emulator.formats import cargo_publishing, downloads
from emulator.formats.cargo_publishing import publish
from emulator.formats.endpoint import Route, Visit

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.core.upstreams import Reachable

INDEX_TYPE = "text/plain; charset=utf-8"
ANY = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})


def routes() -> list[Route]:
    """Return what ``/cargo/d/{domain}-{owner}/{repository}/`` answers to."""
    get, put = frozenset({"GET", "HEAD"}), frozenset({"PUT"})
    crate = r"api/v1/crates/(?P<name>[^/]+)"
    index = r"(?P<folder>[12]|3/[^/]|[^/]{2}/[^/]{2})/(?P<name>[^/]+)"
    return [
        Route("GetConfig", get, re.compile(r"config\.json"), get_config),
        Route("Publish", put, re.compile(r"api/v1/crates/new"), publish, reads=False),
        Route("GetVersions", get, re.compile(rf"{crate}/versions"), get_versions),
        Route("Download", get, re.compile(rf"{crate}/(?P<version>[^/]+)/download"), get_crate),
        Route("Unsupported", ANY, re.compile(r"api/.*"), refuse_unsupported),
        Route("GetIndex", get, re.compile(index), get_index),
    ]


async def get_config(_request: Request, visit: Visit) -> Response:
    """Answer where crates are and that all of it takes a token ("Registry Authentication")."""
    base = _base_url(visit)
    return JSONResponse({"dl": f"{base}/api/v1/crates", "api": base, "auth-required": True})


async def get_index(request: Request, visit: Visit) -> Response:
    """Answer with an entry for each version that is Published, here or upstream, or public."""
    name = visit.parameters["name"].lower()
    if visit.parameters["folder"].lower() != crates.index_folder(name):
        raise _not_found(name)
    content = await run_in_threadpool(_index, visit, name)
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=INDEX_TYPE, headers=headers)


async def get_versions(_request: Request, visit: Visit) -> Response:
    """Answer with the versions and when each was published (User Guide, age gating)."""
    listed = await run_in_threadpool(_listed, visit, visit.parameters["name"])
    return JSONResponse(
        {
            "versions": [
                {
                    "crate": entry["name"],
                    "num": entry["vers"],
                    "created_at": (found.published or visit.state.clock.now()).isoformat(),
                    "checksum": entry["cksum"],
                    "yanked": entry["yanked"],
                }
                for found, entry in listed
            ]
        }
    )


async def get_crate(request: Request, visit: Visit) -> Response:
    """Answer with the one asset of a version."""
    name, version = visit.parameters["name"], visit.parameters["version"]
    download = await run_in_threadpool(_download, visit, name, version)
    return await downloads.respond(visit.state, request, download)


async def refuse_unsupported(_request: Request, visit: Visit) -> Response:
    """Say that CodeArtifact has no such Cargo command (User Guide, Cargo command support)."""
    raise HTTPException(
        404, f"CodeArtifact does not support this Cargo command ({visit.path[:200]})."
    )


def _download(visit: Visit, name: str, version: str) -> Download:
    package = _package(visit, name)
    return upstreams.fetch(
        visit.state,
        visit.repository,
        package,
        version,
        cargo_publishing.asset_name(package.name, version),
    )


def _index(visit: Visit, name: str) -> bytes:
    lines = (json.dumps(entry, separators=(",", ":")) for _, entry in _listed(visit, name))
    return "".join(f"{line}\n" for line in lines).encode()


def _listed(visit: Visit, name: str) -> list[tuple[Reachable, dict[str, object]]]:
    package = _package(visit, name)
    found = upstreams.listed(visit.state, visit.repository, package)
    listed = [(each, _entry(package, each)) for each in found if each.status == "Published"]
    if not listed:
        raise _not_found(name)
    return listed


def _package(visit: Visit, name: str) -> PackageId:
    """Return the crate as a repository on the way spells it: Cargo asks in lower case."""
    wanted = PackageId("cargo", "", name)
    return crates.spelt(visit.state, upstreams.walk(visit.state, visit.repository), wanted)


def _entry(package: PackageId, found: Reachable) -> dict[str, object]:
    """Return an entry as "JSON schema", Registry Index, The Cargo Book, has it."""
    metadata: Mapping[str, object] = {}
    checksum = ""
    if found.record is not None:
        metadata = found.record.metadata
        checksum = next((each.blob.sha256 for each in found.record.assets), "")
    elif found.public is not None:
        metadata = found.public.metadata
        checksum = next((each.hashes.get("sha256", "") for each in found.public.assets), "")
    says = metadata.get(crates.INDEX)
    entry: dict[str, object] = {
        "name": package.name,
        "vers": found.version,
        "deps": [],
        "features": {},
        "yanked": False,
        **(says if isinstance(says, Mapping) else {}),
    }
    return {**entry, "cksum": checksum}


def _base_url(visit: Visit) -> str:
    domain = visit.repository.domain
    return f"{visit.state.base_url}/cargo/d/{domain.name}-{domain.owner}/{visit.repository.name}"


def _not_found(name: str) -> ResourceNotFound:
    return ResourceNotFound(
        f"Crate {name[:60]!r} not found", resource_id=name, resource_type="package"
    )
