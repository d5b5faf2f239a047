"""The state machine of package versions and the bulk calls that move versions through it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from emulator.core import records
from emulator.core.clock import stamp
from emulator.core.errors import Validation
from emulator.core.rows import VERSION_COLUMNS, Row, required_package_row, with_assets
from emulator.core.state import State
from emulator.core.values import BulkResult, PackageId, Refused, RepositoryId, Status, Version

MAX_VERSIONS_PER_CALL = 100  # "versions", API Reference: at most 100 package versions a call

TARGETS: frozenset[Status] = frozenset({"Published", "Unlisted", "Archived"})
"""What UpdatePackageVersionsStatus may be asked for (API Reference, targetStatus)."""

Verdict = Literal["moves", "stays", "refused"]


@dataclass(frozen=True, slots=True)
class _Found:
    row: int
    version: Version


def status_verdict(state: State, current: Status, target: Status) -> Verdict:
    """
    Return whether a version in *current* moves to *target* ("Package version status", User Guide).

    Published, Unlisted and Archived lead to one another; Unfinished leads to Published. The rest is
    not documented and has switches, but for one sentence: a Disposed version can only be deleted.
    """
    if current == "Disposed":
        return "refused"
    if current == target:
        return "refused" if state.faults.switch("sameStatusUpdate") == "notAllowed" else "stays"
    if current == "Unfinished" and target != "Published":
        return "moves" if state.faults.on(f"unfinishedMayBe{target}") else "refused"
    return "moves"


def dispose_verdict(state: State, current: Status) -> Verdict:
    """Return whether a version in *current* may be disposed of."""
    match current:
        case "Disposed":
            return "stays" if state.faults.switch("repeatedDispose") == "success" else "refused"
        case "Unfinished" | "Archived":
            name = f"{current.lower()}MayBeDisposed"
            return "moves" if state.faults.on(name) else "refused"
        case _:
            return "moves"


def set_status(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    versions: Sequence[str],
    *,
    target: Status,
    revisions: Mapping[str, str] | None = None,
    expected: Status | None = None,
) -> BulkResult:
    """
    The versions have the status *target* and the revisions they had, or nothing has changed.

    One refused version makes all others SKIPPED ("Update package version status", User Guide; not
    contractual, see the switch ``bulkAtomicity``).

    Raises:
        ResourceNotFound: There is no such package.
        Validation: More than 100 versions, a *target* that cannot be asked for, or *revisions* of
            other versions.
    """
    if target not in TARGETS:
        raise Validation(f"targetStatus must be one of {', '.join(sorted(TARGETS))}, not {target}")

    def change(connection: sqlite3.Connection, found: _Found) -> Status:
        current = found.version.status
        silent = current == target and state.faults.switch("sameStatusUpdate") != "successWithEvent"
        if current != target:
            records.touch(state, connection, found.row, status=target)
        if not silent and state.faults.on("statusChangeEmitsEvent"):
            after = replace(found.version, status=target)
            records.emit(state, connection, after, "Updated", status=current != target)
        return target

    return _bulk(
        state,
        repository,
        package,
        versions,
        revisions=revisions,
        expected=expected,
        verdict=lambda current: status_verdict(state, current, target),
        refusal=lambda version: (
            f"version {version.version} cannot be updated from {version.status} to {target}"
        ),
        change=change,
    )


def dispose(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    versions: Sequence[str],
    *,
    revisions: Mapping[str, str] | None = None,
    expected: Status | None = None,
) -> BulkResult:
    """
    The versions are Disposed, or nothing has changed.

    Their assets are gone, their records and revisions kept ("Dispose of package versions", User
    Guide).

    Raises:
        ResourceNotFound: There is no such package.
        Validation: More than 100 versions, or *revisions* of other versions.
    """

    def change(connection: sqlite3.Connection, found: _Found) -> Status:
        if found.version.status != "Disposed":
            connection.execute("DELETE FROM assets WHERE version = ?", (found.row,))
            records.touch(state, connection, found.row, status="Disposed")
            if state.faults.on("statusChangeEmitsEvent"):
                after = replace(found.version, status="Disposed", assets=())
                removed = len(found.version.assets)
                records.emit(state, connection, after, "Updated", removed=removed, status=True)
        return "Disposed"

    return _bulk(
        state,
        repository,
        package,
        versions,
        revisions=revisions,
        expected=expected,
        verdict=lambda current: dispose_verdict(state, current),
        refusal=lambda version: (
            f"version {version.version} cannot be disposed of while {version.status}"
        ),
        change=change,
    )


def delete(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    versions: Sequence[str],
    *,
    expected: Status | None = None,
) -> BulkResult:
    """
    The versions are gone and may be published again, or nothing has changed.

    The package record and its origin configuration stay, also after the last version ("Delete a
    package version", User Guide).

    Raises:
        ResourceNotFound: There is no such package.
        Validation: More than 100 versions.
    """

    def change(connection: sqlite3.Connection, found: _Found) -> Status:
        if state.faults.on("deletingBuildAffectsAlias"):
            from emulator.core import snapshots

            snapshots.forget_build(state, connection, found.version)
        connection.execute("DELETE FROM versions WHERE id = ?", (found.row,))
        records.emit(
            state,
            connection,
            found.version,
            "Deleted",
            removed=len(found.version.assets),
            metadata=True,
            status=True,
        )
        return "Deleted"

    return _bulk(
        state,
        repository,
        package,
        versions,
        revisions=None,
        expected=expected,
        verdict=lambda _: "moves",
        refusal=lambda version: f"version {version.version} cannot be deleted",
        change=change,
    )


def check_versions(
    versions: Iterable[str], revisions: Mapping[str, str] | None = None
) -> list[str]:
    """
    Return *versions* without repetitions.

    Raises:
        Validation: They are none or more than 100, or *revisions* names others.
    """
    wanted = list(dict.fromkeys(versions))
    if not 1 <= len(wanted) <= MAX_VERSIONS_PER_CALL:
        raise Validation(
            f"versions must name 1 to {MAX_VERSIONS_PER_CALL} package versions, not {len(wanted)}"
        )
    if revisions and set(revisions) != set(wanted):
        raise Validation("versionRevisions must name the same package versions as versions")
    return wanted


def _bulk(
    state: State,
    repository: RepositoryId,
    package: PackageId,
    versions: Sequence[str],
    *,
    revisions: Mapping[str, str] | None,
    expected: Status | None,
    verdict: Callable[[Status], Verdict],
    refusal: Callable[[Version], str],
    change: Callable[[sqlite3.Connection, _Found], Status],
) -> BulkResult:
    wanted = check_versions(versions, revisions)
    failed: dict[str, Refused] = {}
    successful: dict[str, tuple[str, Status]] = {}
    with state.store.transaction() as connection:
        package_row = cast("int", required_package_row(connection, repository, package)[0])
        found = _visible(state, connection, package_row, repository, package, wanted=wanted)
        for name in wanted:
            if (each := found.get(name)) is None:
                failed[name] = Refused("NOT_FOUND", f"Could not find version {name}")
                continue
            refused = _lock(each.version, revisions, expected)
            if refused is None and verdict(each.version.status) == "refused":
                refused = Refused("NOT_ALLOWED", refusal(each.version))
            if refused is not None:
                failed[name] = refused
        if failed and state.faults.switch("bulkAtomicity") == "allOrNothing":
            for name in wanted:
                failed.setdefault(name, Refused("SKIPPED", f"version {name} is skipped"))
        for name in wanted:
            if name not in failed:
                each = found[name]
                successful[name] = (each.version.revision, change(connection, each))
    return BulkResult(successful, failed)


def _lock(
    version: Version, revisions: Mapping[str, str] | None, expected: Status | None
) -> Refused | None:
    """Return how *version* fails the caller's locks, in the words of the User Guide's samples."""
    if expected is not None and version.status != expected:
        return Refused(
            "MISMATCHED_STATUS", f"current status: {version.status}, expected status: {expected}"
        )
    if revisions and version.revision != revisions[version.version]:
        return Refused(
            "MISMATCHED_REVISION",
            f"current revision: {version.revision}, expected revision: "
            f"{revisions[version.version]}",
        )
    return None


def _visible(
    state: State,
    connection: sqlite3.Connection,
    package_row: int,
    repository: RepositoryId,
    package: PackageId,
    *,
    wanted: Sequence[str],
) -> dict[str, _Found]:
    marks = ",".join("?" * len(wanted))
    rows: list[Row] = connection.execute(
        f"SELECT {VERSION_COLUMNS} FROM versions v WHERE v.package = ? AND v.visible_from <= ?"  # noqa: S608  only marks
        f" AND v.version IN ({marks})",
        (package_row, stamp(state.clock.now()), *wanted),
    ).fetchall()
    versions = with_assets(connection, rows, repository, package)
    return {
        version.version: _Found(cast("int", row[0]), version)
        for row, version in zip(rows, versions, strict=True)
    }
