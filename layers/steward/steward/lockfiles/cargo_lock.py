"""Cargo's ``Cargo.lock`` ("Cargo.toml vs Cargo.lock", The Cargo Book)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.lines import Lines, tables
from steward.lockfiles.locked import Lockfile, LockfileError
from steward.lockfiles.parsed import Table, from_toml, table_in, tables_in, text_in

_NEWEST: Final = 4  # of "version"; without one it is 1 or 2
# What Cargo writes for the default registry, whatever protocol or replacement it asks ("Source
# Replacement", The Cargo Book): the index's repository, on whichever host.
_DEFAULT: Final = re.compile(r"registry\+https://[^/]+/rust-lang/crates\Wio-index")
# A repository of CodeArtifact as a registry by name ("Configure and use Cargo with CodeArtifact",
# User Guide): on its own host, or behind the path of a VPC endpoint.
_CODEARTIFACT: Final = re.compile(r"sparse\+https?://[^/]+/cargo/(?:d/[^/]+/)?[^/]+/?")


def entries(text: str) -> Lockfile:
    """
    Return the crates in *text* that come from the default registry, or from CodeArtifact.

    Those of another registry, of Git, and of the workspace itself (or a path) are passed over.

    Raises:
        LockfileError: It is no TOML, or of a version that is not known.
    """
    content = from_toml(text)
    version = content.get("version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= _NEWEST:
        raise LockfileError(f"its version is none of 1 to {_NEWEST}: {version!r:.40}")
    if "package" not in content:
        raise LockfileError("it has no packages")
    packages = tables_in(content, "package")
    checksums = table_in(content, "metadata")  # where version 1 has them
    lines = Lines(text)
    found = Entries("cargo")
    for package, at in zip(packages, tables(text, "package", len(packages)), strict=True):
        _add(found, package, checksums, None if at is None else lines.at(at))
    return found.lockfile()


def _add(found: Entries, package: Table, checksums: Table, line: int | None) -> None:
    name, version = text_in(package, "name"), text_in(package, "version")
    source = text_in(package, "source")
    if name is None or version is None:
        found.pass_over(name or "a package", "has no name or no version", line)
    elif source is None:
        found.pass_over(f"{name} {version}", "is of the workspace itself, or of a path", line)
    elif source.startswith("git+"):
        found.pass_over(f"{name} {version}", "comes from Git", line)
    elif not _DEFAULT.fullmatch(source) and not _CODEARTIFACT.fullmatch(source):
        found.pass_over(f"{name} {version}", "comes from another registry", line)
    else:
        hashes = _hashes(package, checksums, f"checksum {name} {version} ({source})")
        found.add((None, name), version, line=line, hashes=hashes)


def _hashes(package: Table, checksums: Table, key: str) -> Iterator[tuple[str, str]]:
    digest = text_in(package, "checksum") or text_in(checksums, key)
    if digest is not None and digest != "<none>":  # what version 1 has for a crate without one
        yield "sha256", digest
