"""What npm and twine send to a repository when somebody publishes a version with them."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import httpx

from emulator.external.archives import Project, wheel
from steward.coordinates import Package


def publish_npm(
    http: httpx.Client, package: Package, version: str, *, token: str
) -> httpx.Response:
    """PUT the package document with the tarball inside, as `npm publish` does."""
    name = f"@{package.namespace}/{package.name}"
    tarball = f"tarball of {version}".encode()
    shasum = hashlib.sha1(tarball, usedforsecurity=False).hexdigest()
    document = {
        "name": name,
        "dist-tags": {"dev": version},
        "versions": {version: {"name": name, "version": version, "dist": {"shasum": shasum}}},
        "_attachments": {
            f"{name}-{version}.tgz": {"data": b64encode(tarball).decode(), "length": len(tarball)}
        },
    }
    return http.put(
        f"{_endpoint(package)}{name.replace('/', '%2f')}",
        json=document,
        headers={"Authorization": f"Bearer {token}"},
    )


def publish_pypi(
    http: httpx.Client, package: Package, version: str, *, token: str
) -> httpx.Response:
    """POST a wheel in a form, as `twine upload` does."""
    project = Project(package.name, version, requires_python=">=3.11")
    file = f"{project.distribution}-{version}-py3-none-any.whl"
    return http.post(
        _endpoint(package),
        data={":action": "file_upload", "name": package.name, "version": version},
        files={"content": (file, wheel(project))},
        auth=("aws", token),
    )


def _endpoint(package: Package) -> str:
    repository = package.repository
    owner = f"{repository.domain}-{repository.domain_owner}"
    return f"/{package.format}/d/{owner}/{repository.name}/"
