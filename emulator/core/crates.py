"""What a crate says about itself: to a registry, in its index, and in its own ``Cargo.toml``."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from emulator.core import metadata, tarballs
from emulator.core.metadata import Dependency, Description, Licence
from emulator.core.rows import repository_row
from emulator.core.state import State
from emulator.core.values import PackageId, RepositoryId

INDEX = "index"
"""Key of the version metadata that holds the version's entry of the index, less its checksum."""

MAX_MANIFEST = 4 * 1024 * 1024  # our choice
MAX_MEMBERS = 5_000  # of a crate, in search of its manifest: our choice

_TABLES = {"dependencies": "normal", "dev-dependencies": "dev", "build-dependencies": "build"}


def index_folder(name: str) -> str:
    """Return the folders that the index file of *name* is in ("Index files", The Cargo Book)."""
    short = {1: "1", 2: "2", 3: f"3/{name[:1]}"}
    return short.get(len(name), f"{name[:2]}/{name[2:4]}")


def of_publish(document: Mapping[str, object]) -> dict[str, object]:
    """
    Return the version metadata that the JSON of a publish request gives.

    The entry of the index has other names for some of it ("Registry Web API" and "Registry Index",
    The Cargo Book): ``req`` for ``version_req``, and a renamed dependency's new name as ``name``.
    Features in the newer syntax are in ``features2``, so that older Cargo reads the rest.
    """
    dependencies = [each for each in _list(document.get("deps")) if isinstance(each, Mapping)]
    features = _features(document.get("features"))
    newer = {name: enables for name, enables in features.items() if _is_newer(enables)}
    entry: dict[str, object] = {
        "name": document.get("name"),
        "vers": document.get("vers"),
        "deps": [_index_dependency(each) for each in dependencies],
        "features": {name: each for name, each in features.items() if name not in newer},
        "links": document.get("links"),
        "rust_version": document.get("rust_version"),
    }
    if newer:
        entry |= {"features2": newer, "v": 2}
    description = Description(
        display_name=_text(document.get("name")),
        summary=_text(document.get("description")),
        home_page=_text(document.get("homepage")),
        source_code_repository=_text(document.get("repository")),
        licenses=_licences(document.get("license")),
        dependencies=tuple(
            Dependency(
                package=_text(each.get("name")),
                dependency_type=_text(each.get("kind")) or "normal",
                version_requirement=_text(each.get("version_req")),
            )
            for each in dependencies
        ),
        readme=_text(document.get("readme")),
    )
    return {INDEX: entry, **metadata.stored(description)}


def of_crate(path: Path) -> dict[str, object]:
    """
    Return the version metadata that the ``Cargo.toml`` in a ``.crate`` gives; empty without one.

    Raises:
        tarfile.TarError: It is no archive, or too large a one.
        OSError: It is not gzipped.
        ValueError: The manifest is no TOML.
    """
    with tarballs.opened(path) as archive:
        for position, member in enumerate(archive):
            folder, _, name = member.name.partition("/")
            if member.isfile() and name == "Cargo.toml" and folder:
                document = archive.extractfile(member)
                text = document.read(MAX_MANIFEST).decode("utf-8", "replace") if document else ""
                return metadata.stored(_described(tomllib.loads(text)))
            if position >= MAX_MEMBERS:
                break
    return {}


def spelt(state: State, repositories: Iterable[RepositoryId], package: PackageId) -> PackageId:
    """
    Return *package* as the first of *repositories* spells it that holds it in upper or lower case.

    As it is, if none does. Cargo asks an index in lower case for whatever a crate is called
    ("Index files", The Cargo Book); the names of CodeArtifact keep their case (not documented: our
    choice).
    """
    with state.store.reading() as connection:
        for repository in repositories:
            if name := _held_name(connection, repository, package):
                return PackageId(package.format, package.namespace, name)
    return package


def _held_name(
    connection: sqlite3.Connection, repository: RepositoryId, package: PackageId
) -> str | None:
    row = connection.execute(
        "SELECT name FROM packages WHERE repository = ? AND format = ? AND namespace = ?"
        " AND lower(name) = lower(?) ORDER BY name = ? DESC LIMIT 1",
        (
            repository_row(connection, repository),
            package.format,
            package.namespace,
            package.name,
            package.name,
        ),
    ).fetchone()
    return cast("str", row[0]) if row else None


def _index_dependency(given: Mapping[str, object]) -> dict[str, object]:
    renamed = given.get("explicit_name_in_toml")
    return {
        "name": renamed or given.get("name"),
        "req": given.get("version_req"),
        "features": _list(given.get("features")),
        "optional": bool(given.get("optional")),
        "default_features": bool(given.get("default_features", True)),
        "target": given.get("target"),
        "kind": given.get("kind") or "normal",
        "registry": given.get("registry"),
        "package": given.get("name") if renamed else None,
    }


def _features(given: object) -> dict[str, list[object]]:
    return {name: _list(each) for name, each in given.items()} if isinstance(given, dict) else {}


def _is_newer(enables: Iterable[object]) -> bool:
    return any(str(each).startswith("dep:") or "?/" in str(each) for each in enables)


def _described(manifest: Mapping[str, object]) -> Description:
    package = _table(manifest.get("package"))
    return Description(
        display_name=_text(package.get("name")),
        summary=_text(package.get("description")),
        home_page=_text(package.get("homepage")),
        source_code_repository=_text(package.get("repository")),
        licenses=_licences(package.get("license")),
        dependencies=tuple(_dependencies(manifest)),
    )


def _dependencies(manifest: Mapping[str, object]) -> Iterator[Dependency]:
    targets = _table(manifest.get("target"))
    for place in (manifest, *(_table(each) for each in targets.values())):
        for key, kind in _TABLES.items():
            for name, given in _table(place.get(key)).items():
                wanted = _table(given)
                version = wanted.get("version") if isinstance(given, Mapping) else given
                yield Dependency(
                    package=_text(wanted.get("package")) or name,
                    dependency_type=kind,
                    version_requirement=_text(version),
                )


def _licences(expression: object) -> tuple[Licence, ...]:
    return (Licence(name=expression),) if isinstance(expression, str) and expression else ()


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
