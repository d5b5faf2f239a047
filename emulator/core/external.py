"""External connections: what a public repository offers, cached as CodeArtifact caches it."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from emulator.core.clock import Clock
from emulator.core.errors import ResourceNotFound
from emulator.core.faults import Faults
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.transfers import Imports
from emulator.core.values import Format, PackageId

if TYPE_CHECKING:
    from emulator.core.state import State

logger = logging.getLogger(__name__)

MAX_AGE: Mapping[Format, timedelta] = {"maven": timedelta(hours=3)}
"""How long metadata is served without asking again (User Guide, external connection latency)."""

DEFAULT_MAX_AGE = timedelta(minutes=30)  # npm, PyPI, NuGet: the same page

SERVES_STALE_ONCE: frozenset[Format] = frozenset({"maven"})
"""Formats whose first request after expiry still sees the old metadata: the same page."""

SLOW_SECONDS = 1.0  # our choice: how long a connection that is "slow" is waited for, in vain

MAX_CACHED = 1_000  # packages: our choice, so that memory stays bounded

ORIGINAL_PUBLISH_TIME = "originalPublishTime"
"""Key of the version metadata that holds the public publish time, ISO 8601, UTC."""


class Unreachable(Exception):
    """The public repository does not answer, or not in time, or not in its own protocol."""


class ConnectionUnavailable(ResourceNotFound):
    """
    An asset or package is not held, and the external connection that may have it does not answer.

    As an API error it is anything that is not found; package managers get the status that the
    switch ``unavailableConnectionStatus`` says.
    """


class Withdrawn(Unreachable):
    """The public repository lists an asset and does not have it."""


@dataclass(frozen=True, slots=True)
class PublicAsset:
    """
    An asset as a public repository lists it.

    Attributes:
        location: Where its adapter finds the bytes; means nothing to anyone else.
        size: Bytes, if the public repository says so.
        hashes: Algorithm (``md5``, ``sha1``, ``sha256``, ``sha512``) to lower-case hexadecimal.
        published: When it was published there.
        metadata: The format's own: PyPI ``requires-python``, ``yanked``.
    """

    name: str
    location: str
    size: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    published: datetime | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublicVersion:
    """
    A version as a public repository lists it.

    Attributes:
        assets: What comes in when one of them is asked for; empty for Maven, which lists none.
        metadata: What an ingested version holds: npm: the packument's object of the version;
            PyPI: ``files`` (by file name: ``requires-python``, ``yanked``, ``upload-time``).
    """

    version: str
    published: datetime | None = None
    assets: tuple[PublicAsset, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublicPackage:
    """A package of a public repository; *metadata* is the format's own (npm: ``dist-tags``)."""

    versions: Mapping[str, PublicVersion]
    metadata: Mapping[str, object] = field(default_factory=dict)

    def asset(self, version: str, name: str) -> PublicAsset | None:
        """Return the asset *name* that *version* is listed with."""
        found = self.versions.get(version)
        return next((each for each in found.assets if each.name == name), None) if found else None


class PublicRepository(Protocol):
    """
    A public repository behind an external connection; an adapter in ``emulator.external``.

    Every method raises Unreachable when there is no usable answer. None says: it is not there.
    """

    @property
    def format(self) -> Format:
        """The package format that it speaks."""
        ...

    @property
    def description(self) -> str:
        """What it is, for people: never an address."""
        ...

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return what *package* offers now."""
        ...

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:
        """Return the assets that come in with *version* on any request for one of them."""
        ...

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return the asset *name* of *version*, also one that ``assets`` does not list."""
        ...

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the bytes of *asset* as they arrive; closing the iterator ends the transfer."""
        ...


@dataclass(slots=True)
class _Cached:
    """One package's metadata and when it was asked for."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    fetched: datetime | None = None
    package: PublicPackage | None = None


class Connection:
    """
    A public repository as CodeArtifact sees it: behind a metadata cache, and perhaps out of order.

    The cache is as old as the state's clock says. A connection that a fault has made ``down`` or
    ``slow`` answers nothing, not even from the cache; what is on its way arrives all the same.
    """

    def __init__(
        self, name: str, repository: PublicRepository, clock: Clock, faults: Faults
    ) -> None:
        self.name = name
        self.repository = repository
        self.imports = Imports()
        self._clock = clock
        self._faults = faults
        self._lock = threading.Lock()
        self._cache: OrderedDict[PackageId, _Cached] = OrderedDict()

    @property
    def format(self) -> Format:
        """The package format behind it."""
        return self.repository.format

    @property
    def near(self) -> bool:
        """Whether its bytes are on this machine: it says so by an attribute of this name."""
        return bool(getattr(self.repository, "near", False))

    @property
    def description(self) -> str:
        """What is behind it, for people."""
        return self.repository.description

    def package(self, package: PackageId) -> PublicPackage | None:
        """
        Return what *package* offers, at most as old as its format allows.

        Raises:
            Unreachable: The connection is down or slow, or the cache is too old and nobody answers.
        """
        self._check()
        cached = self._cached(package)
        with cached.lock:
            if cached.fetched is None:
                self._refresh(package, cached)
            elif self._clock.now() - cached.fetched >= MAX_AGE.get(self.format, DEFAULT_MAX_AGE):
                stale = cached.package
                if self.format not in SERVES_STALE_ONCE:
                    self._refresh(package, cached)
                else:
                    self._refresh_behind(package, cached)
                    return stale
            return cached.package

    def known(self, package: PackageId) -> PublicPackage | None:
        """Return what the cache holds, however old; nobody is asked."""
        with self._lock:
            cached = self._cache.get(package)
        return cached.package if cached else None

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:
        """Return the assets that come in with *version*."""
        self._check()
        return self.repository.assets(package, version)

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return one asset by its name, listed or not."""
        self._check()
        return self.repository.asset(package, version, name)

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the bytes of *asset*; a fault that is set after it was asked for cuts nothing."""
        return self.repository.open(asset)

    def _check(self) -> None:
        match self._faults.connection(self.name):
            case "down":
                raise Unreachable(f"{self.name} is down (a fault that was asked for).")
            case "slow":
                time.sleep(SLOW_SECONDS)
                raise Unreachable(
                    f"{self.name} did not answer in time (a fault that was asked for)."
                )
            case _:
                return

    def _cached(self, package: PackageId) -> _Cached:
        with self._lock:
            cached = self._cache.setdefault(package, _Cached())
            self._cache.move_to_end(package)
            while len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)
            return cached

    def _refresh(self, package: PackageId, cached: _Cached) -> None:
        cached.package = self.repository.package(package)
        cached.fetched = self._clock.now()

    def _refresh_behind(self, package: PackageId, cached: _Cached) -> None:
        """Refresh for the next request; this one is answered with what there was."""
        try:
            self._refresh(package, cached)
        except Unreachable as error:
            logger.warning("%s keeps stale metadata: %s", self.name, error)


class Unavailable:
    """An external connection that nothing stands behind: it never answers, and says what to do."""

    def __init__(self, name: str, fmt: Format, remedy: str) -> None:
        self.format = fmt
        self.description = f"nothing stands behind {name}: {remedy}"

    def package(self, package: PackageId) -> PublicPackage | None:
        """Raise Unreachable."""
        raise self._unreachable(package)

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:  # noqa: ARG002  protocol
        """Raise Unreachable."""
        raise self._unreachable(package)

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:  # noqa: ARG002  protocol
        """Raise Unreachable."""
        raise self._unreachable(package)

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Raise Unreachable."""
        raise Unreachable(f"{asset.name}: {self.description}")

    def _unreachable(self, package: PackageId) -> Unreachable:
        return Unreachable(f"{package.name}: {self.description}")


def connection(state: State, name: str) -> Connection:
    """Return the external connection *name* of *state*, which keeps its cache and its transfers."""
    found = state.public.get(name)
    if isinstance(found, Connection):
        return found
    repository = found or Unavailable(name, EXTERNAL_CONNECTIONS[name], "none was given at start")
    with _WRAPPING:
        present = state.public.get(name)
        if isinstance(present, Connection):
            return present
        made = Connection(name, repository, state.clock, state.faults)
        state.public[name] = made
        return made


_WRAPPING = threading.Lock()
