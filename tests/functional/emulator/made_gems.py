"""Gems as ``gem build`` makes them, as far as their specification goes."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

_VERSION = "!ruby/object:Gem::Version\n{indent}version: {number}\n"


def gem(
    name: str,
    number: str,
    *,
    platform: str = "ruby",
    dependencies: Mapping[str, str] | None = None,
    ruby: str = ">= 0",
    says: str = "",
) -> bytes:
    """Return a gem; *dependencies* are names and requirements such as ``>= 1, < 3``."""
    needs = "".join(
        "- !ruby/object:Gem::Dependency\n"
        f"  name: {dependency}\n"
        f"  requirement: &id{position} {_requirement(wanted, '    ')}"
        "  type: :runtime\n"
        f"  version_requirements: *id{position}\n"
        for position, (dependency, wanted) in enumerate((dependencies or {}).items())
    )
    return archive(
        "--- !ruby/object:Gem::Specification\n"
        f"name: {name}\n"
        f"version: {_VERSION.format(indent='  ', number=number)}"
        f"platform: {platform}\n"
        f"summary: Greets {says}\n"
        "homepage: http://127.0.0.1/\n"
        "licenses:\n- MIT\n"
        "metadata:\n  source_code_uri: http://127.0.0.1/source\n"
        f"dependencies:{' []' if not needs else ''}\n{needs}"
        f"required_ruby_version: {_requirement(ruby, '  ')}"
        f"required_rubygems_version: {_requirement('>= 0', '  ')}"
    )


def archive(specification: str) -> bytes:
    """Return a gem with just this specification."""
    content = gzip.compress(specification.encode(), mtime=0)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        entry = tarfile.TarInfo("metadata.gz")
        entry.size = len(content)
        made.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def release(folder: Path, name: str, number: str, *, platform: str = "ruby") -> bytes:
    """Put a gem into a folder of public ones; return it."""
    made = gem(name, number, platform=platform)
    full = number if platform == "ruby" else f"{number}-{platform}"
    (folder / "gems").mkdir(exist_ok=True)
    (folder / "gems" / f"{name}-{full}.gem").write_bytes(made)
    return made


def _requirement(text: str, indent: str) -> str:
    lines = ["!ruby/object:Gem::Requirement\n", f"{indent}requirements:\n"]
    for part in text.split(","):
        operator, _, number = part.strip().partition(" ")
        version = _VERSION.format(indent=f"{indent}    ", number=f"'{number}'")
        lines.append(f'{indent}- - "{operator}"\n{indent}  - {version}')
    return "".join(lines)
