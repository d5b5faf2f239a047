"""Brings versions in from public repositories: streamed at once, recorded when complete."""

from __future__ import annotations

import logging
import sqlite3
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from emulator.core import records, repositories, retention
from emulator.core.errors import CodeArtifactError, ResourceNotFound
from emulator.core.external import Connection, PublicAsset, PublicVersion, Unreachable
from emulator.core.state import State
from emulator.core.transfers import Download, Import, Transfer
from emulator.core.values import PackageId, RepositoryId

__all__ = ["Download", "Gate", "complete", "fetch", "find_download", "promise"]

logger = logging.getLogger(__name__)

FIRST_BYTE_SECONDS = 60.0  # our choice: how long a client waits for a public repository to begin
SMALL = 256 * 1024  # bytes that come in faster from this machine than a thread begins: our choice


@dataclass(frozen=True, slots=True)
class Gate:
    """The way in: the repository that has the external connection, and the connection."""

    entry: RepositoryId
    connection: Connection


def fetch(
    state: State,
    gate: Gate,
    destination: RepositoryId,
    package: PackageId,
    version: PublicVersion,
    *,
    name: str,
) -> Download | None:
    """
    Return the asset *name* of *version* as soon as its first bytes are in.

    What else belongs to the version follows in the background; what is small and on this machine
    is in before this returns. When all is in, the version is recorded in the entry repository and
    in every repository whose clients asked, with one event each. Requests for one version join.
    None when the version has no such asset.

    Raises:
        ResourceNotFound: The version is full without it.
        Unreachable: The public repository does not answer, or sends other than it lists.
    """
    importing = _Importing.join(state, gate, destination, package, version)
    try:
        transfer = importing.transfer(name)
        if transfer is None:
            return None
        importing.run_beside(transfer)
        importing.follow()
        if not transfer.begun.wait(FIRST_BYTE_SECONDS):
            raise Unreachable(f"{gate.connection.name} did not begin to send {name} in time.")
    finally:
        importing.settle()
    download = transfer.download
    key = download.key
    if download.failed is not None:
        raise Unreachable(download.failed)
    if download.blob is None:
        gate.connection.imports.remember(key, download)
    return download


def promise(
    state: State,
    gate: Gate,
    destination: RepositoryId,
    package: PackageId,
    version: PublicVersion,
    *,
    name: str,
) -> Download | None:
    """
    Return the asset *name* of *version*, which `fetch` brings in once the download is begun.

    None when the version has no such asset.

    Raises:
        ResourceNotFound: The version is full without it.
        Unreachable: The public repository does not answer.
    """
    importing = _Importing.join(state, gate, destination, package, version)
    try:
        transfer = importing.transfer(name)
    finally:
        importing.settle()
    if transfer is None:
        return None
    imports, key = gate.connection.imports, uuid.uuid4().hex

    def begin() -> Download | None:
        arriving = fetch(state, gate, destination, package, version, name=name)
        if arriving is not None:
            imports.remember(key, arriving)
        return arriving

    promised = replace(
        transfer.download, key=key, path=Path(), finished=threading.Event(), begin=begin
    )
    imports.remember(key, promised)
    return promised


def complete(
    state: State,
    gate: Gate,
    destination: RepositoryId,
    package: PackageId,
    version: PublicVersion,
) -> None:
    """What *version* offers now comes in beside what is held of it, in the background."""
    importing = _Importing.join(state, gate, destination, package, version)
    try:
        importing.follow()
    finally:
        importing.settle()


def find_download(state: State, key: str) -> Download | None:
    """Return the download under the *key* of a pre-signed URL, on its way or not long in."""
    for connection in list(state.public.values()):
        if isinstance(connection, Connection) and (found := connection.imports.find(key)):
            return found
    return None


@dataclass(slots=True)
class _Importing:
    """
    One participant's hold on an import, which ends when the last participant has settled.

    Every method takes the lock of the import; none waits for the network under it.
    """

    state: State
    gate: Gate
    running: Import

    @classmethod
    def join(
        cls,
        state: State,
        gate: Gate,
        destination: RepositoryId,
        package: PackageId,
        version: PublicVersion,
    ) -> _Importing:
        """Return a hold on the import of *version*, begun if there is none."""
        imports = gate.connection.imports
        created = {
            repository: repositories.describe(state, repository).created
            for repository in (gate.entry, destination)
        }
        while True:
            made = Import(gate.entry, package, version)
            with imports.lock:
                running = imports.running.setdefault(made.key, made)
            with running.lock:
                if running.ended:
                    continue
                running.destinations[destination] = None
                running.created.update(created)
                running.pending += 1
                return cls(state, gate, running)

    def transfer(self, name: str) -> Transfer | None:
        """
        Return the transfer of the asset *name*; None when the version has no such asset.

        Raises:
            ResourceNotFound: The version holds as many others as it may. What the endpoint answers
                then is not documented: our choice.
        """
        with self.running.lock:
            present = self.running.transfers.get(name)
            if present is not None and present.download.failed is None:
                return present
        version = self.running.version
        listed = next((each for each in version.assets if each.name == name), None)
        if listed is None and self.running.package.format == "maven":
            listed = self.gate.connection.asset(self.running.package, version.version, name)
        if listed is None:
            return None
        self._require_room(name)
        return self._add(listed)

    def run_beside(self, transfer: Transfer) -> None:
        """*transfer* runs at once, whatever waits in the background."""
        with self.running.lock:
            if not transfer.claim():
                return
            self.running.pending += 1
        if self._is_quick(transfer):
            self._run(transfer)
            return
        threading.Thread(target=self._run, args=(transfer,), name="ingestion", daemon=True).start()

    def _is_quick(self, transfer: Transfer) -> bool:
        """Whether the asset is read, whole, in less time than it takes to have it done beside."""
        size = transfer.asset.size
        return self.gate.connection.near and size is not None and size <= SMALL

    def follow(self) -> None:
        """What else belongs to the version comes in, in the background unless it is quick."""
        with self.running.lock:
            if self.running.listed:
                return
            self.running.listed = True
            self.running.pending += 1
        if self.gate.connection.near:
            self._follow()
        else:
            self._submit(self._follow)

    def settle(self) -> None:
        """The hold has ended; with the last one the version is recorded, if all of it is in."""
        while (whole := self._last_hold()) is not None:
            try:
                retention.record(self.state, self.gate.connection.name, whole, whole.arrived)
            except BaseException:
                self._let_go()
                raise
            if self._is_recorded(whole):
                return

    def _last_hold(self) -> Import | None:
        """
        Return the version as it is now, to be recorded under this hold.

        None where the hold has ended: it was not the last one, or not all is in.
        """
        with self.running.lock:
            if self.running.pending > 1:
                self.running.pending -= 1
                return None
            failures = [
                each.download.failed
                for each in self.running.transfers.values()
                if each.download.failed is not None and not each.withdrawn
            ]
            if self.running.listed and not failures:
                return replace(
                    self.running,
                    destinations=dict(self.running.destinations),
                    transfers=dict(self.running.transfers),
                )
            if not self.running.arrived:
                self._let_go()
                return None
            self.running.pending -= 1
            self.running.listed = False  # the next request for it tries the rest again
            logger.warning(
                "%s %s is incomplete: %s",
                self.running.package.name,
                self.running.version.version,
                failures[0] if failures else "its other assets are not known",
            )
            return None

    def _is_recorded(self, whole: Import) -> bool:
        """Return whether *whole* is still all there is; then the hold has ended."""
        with self.running.lock:
            now = self.running
            if (now.destinations, now.transfers) != (whole.destinations, whole.transfers):
                return False
            self._let_go()
            return True

    def _let_go(self) -> None:
        with self.running.lock:
            self.running.pending -= 1
            if self.running.pending:
                return
            self.running.ended = True
        imports = self.gate.connection.imports
        with imports.lock:
            imports.running.pop(self.running.key, None)

    def _add(self, asset: PublicAsset) -> Transfer:
        with self.running.lock:
            present = self.running.transfers.get(asset.name)
            if present is not None and present.download.failed is None:
                return present
            published = asset.published or self.running.version.published or self.state.clock.now()
            made = self.running.transfers[asset.name] = Transfer(asset, published)
            return made

    def _run(self, transfer: Transfer) -> None:
        try:
            transfer.run(self.state.assets, self.gate.connection.open)
        finally:
            self._settle_in_background()

    def _run_if_unclaimed(self, transfer: Transfer) -> None:
        if transfer.claim():
            self._run(transfer)
        else:
            self._settle_in_background()

    def _follow(self) -> None:
        try:
            assets = self.gate.connection.assets(self.running.package, self.running.version)
            held = self._held()
            wanted = [asset for asset in assets if asset.name not in held]
            with self.running.lock:  # the requested ones have a place already
                coming = set(self.running.transfers)
            further = [asset for asset in wanted if asset.name not in coming]
            room = max(self._most - len(held | coming), 0)
            if len(further) > room:
                logger.warning(
                    "%s %s has %d more assets than a package version may hold: they stay outside",
                    self.running.package.name,
                    self.running.version.version,
                    len(further) - room,
                )
                wanted = [asset for asset in wanted if asset.name in coming] + further[:room]
            for transfer in sorted(map(self._add, wanted), key=self._is_quick):
                self._hold()
                if self._is_quick(transfer):
                    self._run_if_unclaimed(transfer)
                else:
                    self._submit(partial(self._run_if_unclaimed, transfer))
        except (Unreachable, CodeArtifactError) as error:
            logger.warning("%s: %s", self.gate.connection.name, error)
            with self.running.lock:
                self.running.listed = False
        finally:
            self._settle_in_background()

    @property
    def _most(self) -> int:
        return records.max_assets(self.state.options.region)

    def _require_room(self, name: str) -> None:
        running, most = self.running, self._most
        if running.package.format != "maven" and len(running.version.assets) <= most:
            return  # only of Maven there are others than those that the version lists
        held = self._held()
        with running.lock:
            if name not in running.transfers and len(held | set(running.transfers)) >= most:
                raise ResourceNotFound(
                    f"Asset '{name}' is not in version '{running.version.version}' of package"
                    f" '{running.package.name}', which has the {most} assets that it may have",
                    resource_id=name,
                    resource_type="asset",
                )

    def _held(self) -> set[str]:
        """Return the assets that one of the repositories holds: they need not come again."""
        running = self.running
        found = [
            retention.held_by(self.state, repository, running.package, running.version.version)
            for repository in (running.entry, *running.destinations)
        ]
        return {asset.name for version in found if version for asset in version.assets}

    def _hold(self) -> None:
        with self.running.lock:
            self.running.pending += 1

    def _submit(self, work: Callable[[], None]) -> None:
        try:
            self.state.background.submit(work)
        except RuntimeError:  # the executor is shut down: the process is about to end
            self.settle()

    def _settle_in_background(self) -> None:
        try:
            self.settle()
        except (CodeArtifactError, sqlite3.Error):
            logger.exception("%s could not be recorded", self.running.package.name)
