"""Makes the archives of stand-in packages: small, valid, the same bytes every time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WRITTEN = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive knows


@dataclass(frozen=True, slots=True)
class Project:
    """A stand-in Python project: one module that knows its version."""

    name: str
    version: str
    requires_python: str
    requires: Sequence[str] = ()
    licence: str = ""

    @property
    def distribution(self) -> str:
        """Return the name as file names have it."""
        return self.name.replace("-", "_")

    @property
    def metadata(self) -> str:
        """Return the core metadata."""
        lines = [
            "Metadata-Version: 2.1",
            f"Name: {self.name}",
            f"Version: {self.version}",
            "Summary: A stand-in, made by the local CodeArtifact because there is no network",
            f"Requires-Python: {self.requires_python}",
            *([f"License: {self.licence}"] if self.licence else []),
            *(f"Requires-Dist: {each}" for each in self.requires),
        ]
        return "\n".join(lines) + "\n\nThis is a stand-in. It has the name and version, no code.\n"

    @property
    def module(self) -> str:
        """Return the source of its only module."""
        return f'"""A stand-in for {self.name}."""\n\n__version__ = "{self.version}"\n'


def wheel(project: Project) -> bytes:
    """Return a wheel that pip installs."""
    folder = f"{project.distribution}-{project.version}.dist-info"
    files = {
        f"{project.distribution}/__init__.py": project.module,
        f"{folder}/METADATA": project.metadata,
        f"{folder}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: local-codeartifact\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    record = [f"{name},sha256={_record_hash(text)},{len(text)}" for name, text in files.items()]
    files[f"{folder}/RECORD"] = "\n".join([*record, f"{folder}/RECORD,,"]) + "\n"
    return zip_of({name: text.encode() for name, text in files.items()})


def sdist(project: Project) -> bytes:
    """Return a source distribution that setuptools builds."""
    root = f"{project.distribution}-{project.version}"
    setup = (
        "from setuptools import setup\n\n"
        f"setup(name={project.name!r}, version={project.version!r}, "
        f"packages=[{project.distribution!r}], install_requires={list(project.requires)!r})\n"
    )
    return tar_of(
        {
            f"{root}/PKG-INFO": project.metadata.encode(),
            f"{root}/setup.py": setup.encode(),
            f"{root}/{project.distribution}/__init__.py": project.module.encode(),
        }
    )


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of *files*."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, WRITTEN)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Return a gzipped tar archive of *files*."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _record_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
