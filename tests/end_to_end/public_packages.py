"""A small public world for external connections: a Python index, npm and Maven packages."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

RELEASED = datetime(2021, 7, 13, 14, 55, 6, tzinfo=UTC)
"""When a public version was released for which a test says nothing, far before any test runs."""

EXTRA = re.compile(r"extra == '([^']+)'")
"""What a requirement names when it is for an extra alone."""

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def wheel(name: str, version: str, *, requires: Sequence[str] = (), says: str = "") -> bytes:
    """Return the bytes of a pure wheel whose one module says ``says`` (default: its version)."""
    dist_info = f"{name}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        f"Summary: {name} for tests",
        "License: MIT",
        *(f"Requires-Dist: {requirement}" for requirement in requires),
        *(f"Provides-Extra: {extra}" for extra in EXTRA.findall("\n".join(requires))),
    ]
    files = {
        f"{name}.py": f'SAYS = "{says or version}"\n',
        f"{dist_info}/METADATA": "\n".join(metadata) + "\n\nA package for tests.\n",
        f"{dist_info}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    rows = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        rows.append(f"{path},sha256={digest.decode()},{len(text.encode())}")
    files[f"{dist_info}/RECORD"] = "\n".join([*rows, f"{dist_info}/RECORD,,"]) + "\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2021, 7, 13, 0, 0, 0)), text)
    return out.getvalue()


def source_archive(name: str, version: str) -> bytes:
    """Return the bytes of a source distribution that is only ever downloaded."""
    folder, metadata = f"{name}-{version}", f"Name: {name}\nVersion: {version}\n"
    return _tar_gz(
        {
            f"{folder}/PKG-INFO": f"Metadata-Version: 2.1\n{metadata}",
            f"{folder}/{name}.py": f'SAYS = "{version}"\n',
        }
    )


def npm_tarball(manifest: dict[str, object], index_js: str) -> bytes:
    """Return the bytes of an npm package."""
    return _tar_gz({"package/package.json": json.dumps(manifest), "package/index.js": index_js})


def _tar_gz(files: dict[str, str]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(plain.getvalue(), mtime=0)


@dataclass
class PublicPackages:
    """
    What the public repositories hold, served on one loopback port.

    Attributes:
        url: Base address; ``simple_index``, ``npm_registry`` and ``maven_layout`` lie below it.
        asked: The paths that were asked for, in order.
        times: When a file was released: of Python by its name, of npm by ``name@version``, of Maven
            by its path. What is not in it was released at `RELEASED`.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)
    wheels: dict[str, dict[str, bytes]] = field(default_factory=dict)
    packuments: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)
    tarballs: dict[str, bytes] = field(default_factory=dict)
    maven: dict[str, bytes] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)

    @property
    def simple_index(self) -> str:
        """The address of the Python index."""
        return f"{self.url}/pypi/simple/"

    @property
    def npm_registry(self) -> str:
        """The address of the npm registry."""
        return f"{self.url}/npm/"

    @property
    def maven_layout(self) -> str:
        """The address of the Maven repository."""
        return f"{self.url}/maven/"

    def release_python(
        self, name: str, version: str, *, requires: Sequence[str] = (), at: datetime = RELEASED
    ) -> None:
        """Publish a wheel and a source archive of *name*, released at *at*."""
        module = module_of(name)
        content = wheel(module, version, requires=requires)
        self.add_python_file(name, f"{module}-{version}-py3-none-any.whl", content, at=at)
        archive = source_archive(module, version)
        self.add_python_file(name, f"{module}-{version}.tar.gz", archive, at=at)

    def add_python_file(
        self, name: str, file: str, content: bytes, *, at: datetime = RELEASED
    ) -> None:
        """Publish one more file of *name*."""
        self.wheels.setdefault(name, {})[file] = content
        self.times[file] = at

    def release_npm(
        self, name: str, version: str, *, at: datetime = RELEASED, **manifest: object
    ) -> None:
        """Publish a version of *name*, released at *at*, and make it ``latest``."""
        self.times[f"{name}@{version}"] = at
        whole = {"name": name, "version": version, "main": "index.js", **manifest}
        content = npm_tarball(whole, f'module.exports = "{name} {version}";\n')
        file = f"{name.rpartition('/')[2]}-{version}.tgz"
        self.tarballs[f"{name}/-/{file}"] = content
        whole["dist"] = {
            "shasum": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode(),
            "tarball": f"{self.npm_registry}{name}/-/{file}",
        }
        self.packuments.setdefault(name, {})[version] = whole

    def release_maven(
        self,
        group: str,
        artifact: str,
        version: str,
        suffixes: Sequence[str] = (".jar", ".pom"),
        *,
        at: datetime = RELEASED,
    ) -> None:
        """Publish a version of *group:artifact* with one asset a suffix, and list it."""
        folder = f"{group.replace('.', '/')}/{artifact}"
        for suffix in suffixes:
            path = f"{folder}/{version}/{artifact}-{version}{suffix}"
            self.times[path] = at
            self.maven[path] = (
                minimal_pom(group, artifact, version)
                if suffix == ".pom"
                else f"{artifact} {version} {suffix}".encode()
            )
        if version.endswith("-SNAPSHOT"):
            return
        listed = sorted(
            {path.split("/")[-2] for path in self.maven if path.startswith(f"{folder}/")}
            - {artifact}
        )
        self.maven[f"{folder}/maven-metadata.xml"] = (
            f"<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId><versioning>"
            f"<latest>{listed[-1]}</latest><release>{listed[-1]}</release><versions>"
            + "".join(f"<version>{version}</version>" for version in listed)
            + "</versions><lastUpdated>20210713145506</lastUpdated></versioning></metadata>"
        ).encode()

    def answer(self, path: str, accept: str) -> tuple[str, bytes] | None:
        """Return the content type and body for *path*, or None where there is nothing."""
        self.asked.append(path)
        world, _, rest = path.strip("/").partition("/")
        match world:
            case "pypi" if rest.startswith("simple/"):
                return self._project(rest.removeprefix("simple/"), accept)
            case "pypi":
                name, _, file = rest.removeprefix("files/").partition("/")
                body = self.wheels.get(name, {}).get(file)
            case "npm" if rest in self.packuments:
                return "application/json", self._packument(rest)
            case "npm":
                body = self.tarballs.get(rest)
            case _:
                body = self.maven.get(rest)
                if body is None and rest.endswith(".sha1"):
                    of = self.maven.get(rest.removesuffix(".sha1"))
                    if of is not None:
                        body = hashlib.sha1(of, usedforsecurity=False).hexdigest().encode()
        return None if body is None else ("application/octet-stream", body)

    def _project(self, name: str, accept: str) -> tuple[str, bytes] | None:
        files = self.wheels.get(name)
        if files is None:
            return None
        if "json" not in accept:
            links = "".join(
                f'<a href="../../files/{name}/{file}#sha256={hashlib.sha256(body).hexdigest()}">'
                f"{file}</a><br>\n"
                for file, body in files.items()
            )
            return "text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        page = {
            "meta": {"api-version": "1.1"},
            "name": name,
            "versions": sorted({_version_of(name, file) for file in files}),
            "files": [
                {
                    "filename": file,
                    "url": f"{self.url}/pypi/files/{name}/{file}",
                    "hashes": {"sha256": hashlib.sha256(body).hexdigest()},
                    "size": len(body),
                    "upload-time": _stamp(self.times.get(file, RELEASED)),
                    "yanked": False,
                }
                for file, body in files.items()
            ],
        }
        return SIMPLE_JSON, json.dumps(page).encode()

    def _packument(self, name: str) -> bytes:
        versions = self.packuments[name]
        document = {
            "name": name,
            "dist-tags": {"latest": list(versions)[-1]},
            "versions": versions,
            "time": {
                "created": _stamp(RELEASED),
                "modified": _stamp(RELEASED),
                **{
                    version: _stamp(self.times.get(f"{name}@{version}", RELEASED))
                    for version in versions
                },
            },
        }
        return json.dumps(document).encode()


def minimal_pom(group: str, artifact: str, version: str) -> bytes:
    """Return a POM that names its artifact and nothing else."""
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version></project>"
    ).encode()


def module_of(name: str) -> str:
    """Return what a Python package is called in file names and in code."""
    return name.replace("-", "_")


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _version_of(name: str, file: str) -> str:
    return file.removeprefix(f"{module_of(name)}-").removesuffix(".tar.gz").split("-")[0]


@contextmanager
def serve(packages: PublicPackages) -> Iterator[PublicPackages]:
    """Serve *packages* on a free loopback port until the block ends."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer with what the public repositories hold, else 404."""
            path = unquote(urlsplit(self.path).path)
            found = packages.answer(path, self.headers.get("Accept", ""))
            kind, body = found or ("text/plain", b"not found")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            released = packages.times.get(path.removeprefix("/maven/"), RELEASED)
            self.send_header("Last-Modified", format_datetime(released, usegmt=True))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815  the base's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
            """Say nothing: ``asked`` is the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    packages.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield packages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
