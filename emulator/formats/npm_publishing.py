"""Takes what `npm publish`, `npm deprecate` and `npm dist-tag` send."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import semver
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from emulator.core import metadata, npm_readme, packages, publishing, versions
from emulator.core.errors import Validation
from emulator.core.values import PackageId
from emulator.formats import npm_names
from emulator.formats.bodies import WRITTEN_AT_ONCE
from emulator.formats.npm_upload import MalformedUpload, Upload

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.core.assets import AssetWriter
    from emulator.formats.endpoint import Visit

ASSET = "package.tgz"  # User Guide, npm packages: the name of every npm asset
MAX_REQUEST = 2 * 1000**3  # "less than 2 GB", User Guide, quotas

Document = Mapping[str, object]


async def publish(request: Request, visit: Visit) -> Response:
    """
    Publish the one version that the body brings, or take over its deprecations.

    - A body without a tarball changes ``deprecated`` of versions that this repository holds.
    - The tarball agrees with the manifest's shasum and integrity and its own length, else 400.
    - A version that exists is refused with 409, whatever its status (User Guide, npm).
    - The body's dist-tags are set together with the version.
    """
    package = npm_names.package_of(visit.parameters)
    with await run_in_threadpool(visit.state.assets.writer) as writer:
        upload = Upload(writer)
        try:
            await _receive(request, upload)
            document = await run_in_threadpool(upload.finish)
        except MalformedUpload as error:
            raise Validation(str(error), reason="CANNOT_PARSE") from error
        if upload.attachment is None:
            await visit.authorize("PutPackageMetadata", package)
            await run_in_threadpool(_deprecate, visit, package, document)
            return JSONResponse({})
        await visit.authorize("PublishPackageVersion", package)
        attachment = _members(_members(document, "_attachments"), upload.attachment)
        await run_in_threadpool(_publish, visit, package, document, attachment, writer)
    return JSONResponse({}, int(visit.state.faults.switch("npmPublishStatus")))


def set_dist_tags(visit: Visit, package: PackageId, tags: Mapping[str, str]) -> None:
    """
    *tags* are set on this repository's package, beside the others.

    Raises:
        ResourceNotFound: This repository does not hold a version that a tag names.
    """
    state, repository = visit.state, visit.repository
    with state.store.transaction():
        for version in tags.values():
            if versions.find(state, repository, package, version) is None:
                raise npm_names.not_found(package, f"version {version[:60]!r}")
        found = packages.describe(state, repository, package)
        known = packages.dist_tags(found)
        changed = {**found.metadata, packages.DIST_TAGS: {**known, **tags}}
        packages.put_metadata(state, repository, package, changed)


def remove_dist_tag(visit: Visit, package: PackageId, tag: str) -> None:
    """
    *tag* is gone from this repository's package.

    Raises:
        ResourceNotFound: It was not there; upstreams do not count.
    """
    state, repository = visit.state, visit.repository
    with state.store.transaction():
        found = packages.find(state, repository, package)
        known = {} if found is None else packages.dist_tags(found)
        if found is None or tag not in known:
            raise npm_names.not_found(package, f"dist-tag {tag[:60]!r}")
        del known[tag]
        changed = {**found.metadata, packages.DIST_TAGS: known}
        packages.put_metadata(state, repository, package, changed)


async def _receive(request: Request, upload: Upload) -> None:
    received = 0
    waiting = bytearray()
    async for chunk in request.stream():
        received += len(chunk)
        if received >= MAX_REQUEST:
            raise HTTPException(413, f"npm publish requests are below {MAX_REQUEST} bytes.")
        waiting += chunk
        if len(waiting) >= WRITTEN_AT_ONCE:
            await run_in_threadpool(upload.feed, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(upload.feed, bytes(waiting))


def _publish(
    visit: Visit,
    package: PackageId,
    document: Document,
    attachment: Document,
    writer: AssetWriter,
) -> None:
    npm_names.check_publishable(package)
    version, manifest = _the_version(package, document)
    _check_tarball(attachment, manifest, writer)
    state, repository = visit.state, visit.repository
    tags = {tag: name for tag, name in _members(document, "dist-tags").items() if name == version}
    blob = writer.finish()
    readme = manifest.get("readme") or npm_readme.of_tarball(state.assets.path(blob.sha256))
    described = {**manifest, **metadata.of_npm({**manifest, "readme": readme})}
    publishing.publish(
        state,
        repository,
        package,
        version,
        [(ASSET, blob)],
        metadata=lambda held: described if held is None else None,
        exclusive=state.faults.switch("npmIdenticalRepublish") == "conflict",
        afterwards=lambda: set_dist_tags(visit, package, cast("Mapping[str, str]", tags)),
    )


def _the_version(package: PackageId, document: Document) -> tuple[str, Document]:
    brought = _members(document, "versions")
    if len(brought) != 1:
        raise Validation(f"The body publishes {len(brought)} versions, not one.")
    (version,) = brought
    manifest = dict(_members(brought, version))
    if manifest.get("version") != version or not semver.Version.is_valid(version):
        raise Validation(f"Not a semantic version: {version[:60]!r}")
    name = npm_names.full(package)
    if manifest.get("name") != name or document.get("name", name) != name:
        raise Validation(f"The body is about another package than {name!r}.")
    if "readme" not in manifest and isinstance(document.get("readme"), str):
        manifest["readme"] = document["readme"]
    return version, manifest


def _check_tarball(attachment: Document, manifest: Document, writer: AssetWriter) -> None:
    length = attachment.get("length", writer.size)
    if length != writer.size:
        raise Validation(f"The tarball has {writer.size} bytes, not {length!r}.")
    digests = writer.hexdigests()
    dist = manifest.get("dist", {})
    if not isinstance(dist, dict):
        raise Validation("The manifest's dist is no object.")
    if str(dist.get("shasum", digests["sha1"])).lower() != digests["sha1"]:
        raise Validation("The tarball's SHA-1 is not the manifest's dist.shasum.")
    for claim in str(dist.get("integrity", "")).split():
        algorithm, _, encoded = claim.partition("-")
        known = digests.get(algorithm)
        if known is not None and encoded.partition("?")[0] != _base64_of(known):
            raise Validation(f"The tarball's {algorithm} is not the manifest's dist.integrity.")


def _deprecate(visit: Visit, package: PackageId, document: Document) -> None:
    state, repository = visit.state, visit.repository
    wanted = _members(document, "versions")
    with state.store.transaction():
        held = {each.version: each for each in versions.all_of(state, repository, package)}
        named = wanted.keys() & held.keys()
        if not named:
            raise npm_names.not_found(package, "any version that the body names")
        for version in sorted(named):
            changed = dict(held[version].metadata)
            message = _members(wanted, version).get("deprecated")
            if message:  # an empty message undeprecates: npm documentation
                changed["deprecated"] = message
            else:
                changed.pop("deprecated", None)
            versions.put_version_metadata(state, repository, package, version, changed)


def _members(document: Document, name: str) -> Document:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise Validation(f"{name[:60]!r} is no object.")
    return value


def _base64_of(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()
