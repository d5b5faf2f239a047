"""What npm sends to a repository in the tests of its endpoint."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from emulator.core.values import PackageId, RepositoryId
from tests.functional.emulator.data_plane import DOMAIN

if TYPE_CHECKING:
    import httpx

APP = PackageId("npm", "mycompany", "app")
REPOSITORY = RepositoryId(DOMAIN, "npm-internal")
NAME = "@mycompany/app"
PATH = "@mycompany%2fapp"


def body(
    version: str = "1.0.0",
    *,
    tarball: bytes = b"tarball",
    tag: str = "latest",
    dist: dict[str, str] | None = None,
    length: int | None = None,
    **manifest: object,
) -> dict[str, object]:
    """Return what `npm publish` sends."""
    digest = hashlib.sha512(tarball).digest()
    known = {
        "shasum": hashlib.sha1(tarball, usedforsecurity=False).hexdigest(),
        "integrity": "sha512-" + base64.b64encode(digest).decode(),
        "tarball": f"http://example.invalid/{NAME}/-/{NAME}-{version}.tgz",
    }
    return {
        "_id": NAME,
        "name": NAME,
        "readme": "# App",
        "dist-tags": {tag: version},
        "versions": {
            version: {
                "name": NAME,
                "version": version,
                "dist": known if dist is None else dist,
                **manifest,
            }
        },
        "access": None,
        "_attachments": {
            f"{NAME}-{version}.tgz": {
                "content_type": "application/octet-stream",
                "data": base64.b64encode(tarball).decode(),
                "length": len(tarball) if length is None else length,
            }
        },
    }


def publish(client: httpx.Client, version: str = "1.0.0", **keywords: object) -> None:
    """Publish a version, which must be accepted."""
    client.put(PATH, json=body(version, **keywords)).raise_for_status()  # type: ignore[arg-type]  # whatever `body` takes
