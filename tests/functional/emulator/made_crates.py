"""Crates as cargo packages and publishes them, and a registry's folder with some."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from emulator.core.crates import index_folder
from emulator.external.archives import tar_of


def crate(name: str, version: str, *, manifest: str = "") -> bytes:
    """Return a ``.crate`` with a manifest."""
    text = f'[package]\nname = "{name}"\nversion = "{version}"\n{manifest}'.encode()
    return tar_of({f"{name}-{version}/Cargo.toml": text})


def upload(document: Mapping[str, object] | bytes, content: bytes) -> bytes:
    """Return the body of a publish request ("Publish", Registry Web API, The Cargo Book)."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return b"".join(
        (len(text).to_bytes(4, "little"), text, len(content).to_bytes(4, "little"), content)
    )


def release(
    folder: Path, name: str, version: str, *, content: bytes | None = None, **entry: object
) -> bytes:
    """Put a version into a local registry of Cargo's own layout; return its crate."""
    made = crate(name, version) if content is None else content
    line = {
        "name": name,
        "vers": version,
        "deps": [],
        "features": {},
        "yanked": False,
        "cksum": hashlib.sha256(made).hexdigest(),
        **entry,
    }
    index = folder / "index" / index_folder(name.lower()) / name.lower()
    index.parent.mkdir(parents=True, exist_ok=True)
    with index.open("a") as file:
        file.write(json.dumps(line) + "\n")
    (folder / f"{name}-{version}.crate").write_bytes(made)
    return made
