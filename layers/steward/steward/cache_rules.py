"""The `caches` of a policy at run time: what each repository is to hold before anyone asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypedDict

from steward import patterns
from steward.errors import PolicyError, StewardError
from steward.purls import parse_purl

if TYPE_CHECKING:
    from pathlib import Path

    from steward.coordinates import Format
    from steward.lockfiles.locked import Locked
    from steward.patterns import Pattern

OnMismatch = Literal["report", "archive"]

LOCKED_FILE: Final = "lockfiles.json"  # beside policy.json, in the policy layer

# What one entry of a lock file is there: format, namespace, name, version, hashes, files, line.
_Entry = tuple["Format", str | None, str, str, list[str], list[str], int | None]


class CompiledCachedPackage(TypedDict):
    """An item of ``packages`` as the policy compiler writes it."""

    purl: str
    newest: int
    range: str | None


class CompiledCache(TypedDict):
    """A rule of ``caches`` as the policy compiler writes it."""

    name: str
    repository: str
    lockfiles: list[str]
    objects: list[str]
    packages: list[CompiledCachedPackage]
    keep_up_with: list[str]
    newest: int
    prereleases: bool
    verify: bool
    on_mismatch: OnMismatch


@dataclass(frozen=True, slots=True)
class CachedPackage:
    """
    A package that a repository is to hold, in its newest versions or in exactly one.

    Attributes:
        namespace: As of :class:`steward.coordinates.Package`.
        version: Exactly this one; ``None`` for the newest.
        newest: How many of the newest versions; 0 if there is a version.
        range: In the syntax of the format; the newest versions are those of the range.
    """

    format: Format
    namespace: str | None
    name: str
    version: str | None = None
    newest: int = 0
    range: str | None = None


@dataclass(frozen=True, slots=True)
class CacheRule:
    """
    What one repository is to hold. All rules apply, also several for one repository.

    Attributes:
        name: Its place in the policy file, ``caches[0]`` for the first.
        lockfiles: Names of lock files that were read when the policy was compiled: the keys of
            what :func:`load_locked` returns.
        objects: Lock files that are read at each run: ``s3://bucket/key``.
        keep_up_with: Of the packages that the repository holds and that match one of these, the
            versions that are newer than those it holds.
        newest: How many of the newest versions, for ``keep_up_with``; each of ``packages`` has its
            own number.
        prereleases: Whether the newest versions may be pre-releases.
        verify: Whether versions are downloaded and compared with the hashes of the lock files.
        on_mismatch: What becomes of a version that has another hash, beside the alarm.
    """

    name: str
    repository: str
    lockfiles: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    packages: tuple[CachedPackage, ...] = ()
    keep_up_with: tuple[Pattern, ...] = ()
    newest: int = 1
    prereleases: bool = False
    verify: bool = False
    on_mismatch: OnMismatch = "report"


def cache_rule(rule: CompiledCache) -> CacheRule:
    """Return the rule that the policy compiler wrote."""
    return CacheRule(
        name=rule["name"],
        repository=rule["repository"],
        lockfiles=tuple(rule["lockfiles"]),
        objects=tuple(rule["objects"]),
        packages=tuple(_package(package) for package in rule["packages"]),
        keep_up_with=tuple(patterns.parse(text) for text in rule["keep_up_with"]),
        newest=rule["newest"],
        prereleases=rule["prereleases"],
        verify=rule["verify"],
        on_mismatch=rule["on_mismatch"],
    )


def _package(package: CompiledCachedPackage) -> CachedPackage:
    url = parse_purl(package["purl"])
    return CachedPackage(
        format=url.format,
        namespace=url.namespace,
        name=url.name,
        version=url.version,
        newest=package["newest"],
        range=package["range"],
    )


def locked_json(locked: Mapping[str, tuple[Locked, ...]]) -> str:
    """
    Return what :func:`load_locked` reads: the entries of lock files, by their names, as JSON.

    They are no part of the compiled policy, which every function loads at each start: a lock file
    has thousands of lines, and only warming wants them.
    """
    entries = {
        name: [
            (
                one.format,
                one.namespace,
                one.name,
                one.version,
                sorted(one.hashes),
                sorted(one.files),
                one.line,
            )
            for one in found
        ]
        for name, found in locked.items()
    }
    return json.dumps(entries, separators=(",", ":"), sort_keys=True)


def load_locked(path: Path) -> Mapping[str, tuple[Locked, ...]]:
    """
    Return the entries of the lock files that the policy was compiled with, by their names.

    Args:
        path: Of :data:`LOCKED_FILE`, in the folder of the compiled policy. If there is none, the
            policy names no lock file, and neither does what is returned.

    Raises:
        PolicyError: The policy compiler did not write it.
    """
    from steward.lockfiles.locked import Locked  # noqa: PLC0415  only warming reads lock files

    def entry(values: _Entry) -> Locked:
        package_format, namespace, name, version, hashes, files, line = values
        return Locked(
            format=package_format,
            namespace=namespace,
            name=name,
            version=version,
            hashes=frozenset(hashes),
            files=frozenset(files),
            line=line,
        )

    try:
        document: dict[str, list[_Entry]] = json.loads(path.read_text(encoding="utf-8"))
        return {name: tuple(entry(one) for one in found) for name, found in document.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, StewardError) as error:
        raise PolicyError(f"{path} holds no compiled lock files: {error!r}") from error
