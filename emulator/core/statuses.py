"""The state machine of package versions and the bulk calls that move versions through it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from emulator.core import records
from emulator.core.clock import stamp
from emulator.core.errors import Validation
from emulator.core.events import Change, Operation
from emulator.core.rows import VERSION_COLUMNS, Row, assets_of, required_package_row, version_of
from emulator.core.state import State
from emulator.core.values import BulkResult, PackageId, Refused, RepositoryId, Status, Version

MAX_VERSIONS_PER_CALL = 100  # "versions", API Reference: at most 100 package versions a call

TARGETS: frozenset[Status] = frozenset({"Published", "Unlisted", "Archived"})
"""What UpdatePackageVersionsStatus may be asked for (API Reference, targetStatus)."""

Verdict = Literal["moves", "stays", "refused"]


@dataclass(frozen=True, slots=True)
class _Found:
    """A version, without its assets, and its row."""

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

    def change(connection: sqlite3.Connection, found: Sequence[_Found]) -> None:
        moved = [each for each in found if each.version.status != target]
        records.put_status(state, connection, [each.row for each in moved], target)
        if state.faults.on("statusChangeEmitsEvent"):
            told = found if state.faults.switch("sameStatusUpdate") == "successWithEvent" else moved
            _emit(state, connection, told, "Updated", target)

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
        becomes=target,
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

    def change(connection: sqlite3.Connection, found: Sequence[_Found]) -> None:
        moved = [each for each in found if each.version.status != "Disposed"]
        counts = _asset_counts(connection, moved)
        connection.executemany(
            "DELETE FROM assets WHERE version = ?", [(each.row,) for each in moved]
        )
        records.put_status(state, connection, [each.row for each in moved], "Disposed")
        if state.faults.on("statusChangeEmitsEvent"):
            _emit(state, connection, moved, "Updated", "Disposed", removed=counts)

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
        becomes="Disposed",
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

    def change(connection: sqlite3.Connection, found: Sequence[_Found]) -> None:
        if state.faults.on("deletingBuildAffectsAlias"):
            from emulator.core import snapshots

            for each in found:
                held = assets_of(connection, [each.row])[each.row]
                snapshots.forget_build(state, connection, replace(each.version, assets=held))
                _delete(state, connection, [each])
        else:
            _delete(state, connection, found)

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
        becomes="Deleted",
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
    change: Callable[[sqlite3.Connection, Sequence[_Found]], None],
    becomes: Status,
) -> BulkResult:
    wanted = check_versions(versions, revisions)
    failed: dict[str, Refused] = {}
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
        accepted = [found[name] for name in wanted if name not in failed]
        change(connection, accepted)
    successful = {each.version.version: (each.version.revision, becomes) for each in accepted}
    return BulkResult(successful, failed)


def _delete(state: State, connection: sqlite3.Connection, found: Sequence[_Found]) -> None:
    counts = _asset_counts(connection, found)
    connection.executemany("DELETE FROM versions WHERE id = ?", [(each.row,) for each in found])
    _emit(state, connection, found, "Deleted", removed=counts)


def _asset_counts(connection: sqlite3.Connection, found: Sequence[_Found]) -> dict[int, int]:
    marks = ",".join("?" * len(found))
    return dict(
        connection.execute(
            f"SELECT version, COUNT(*) FROM assets WHERE version IN ({marks}) GROUP BY version",  # noqa: S608  only marks
            [each.row for each in found],
        )
    )


def _emit(
    state: State,
    connection: sqlite3.Connection,
    found: Sequence[_Found],
    operation: Operation,
    becomes: Status | None = None,
    *,
    removed: Mapping[int, int] | None = None,
) -> None:
    """One event for each version; *found* is what they were, *becomes* what they are now."""
    if not found:
        return
    repository = found[0].version.repository
    administrator = records.administrator(connection, repository)
    changes = (
        Change(
            repository=repository,
            administrator=administrator,
            package=each.version.package,
            version=each.version.version,
            operation=operation,
            state=becomes or each.version.status,
            revision=each.version.revision,
            assets_removed=0 if removed is None else removed.get(each.row, 0),
            metadata_updated=operation == "Deleted",
            status_changed=each.version.status != becomes,
            not_before=each.version.visible_from,
        )
        for each in found
    )
    state.events.emit(connection, *changes)


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
    found = (_Found(cast("int", row[0]), version_of(row, repository, package)) for row in rows)
    return {each.version.version: each for each in found}
