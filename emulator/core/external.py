"""External connections: what a public repository offers, cached as long as CodeArtifact caches it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from emulator.core.values import Format, PackageId

if TYPE_CHECKING:
    from emulator.core.state import State

logger = logging.getLogger(__name__)

CONNECTIONS: Mapping[str, Format] = {
    "public:npmjs": "npm",
    "public:pypi": "pypi",
    "public:nuget-org": "nuget",
    "public:maven-central": "maven",
    "public:maven-googleandroid": "maven",
    "public:maven-gradleplugins": "maven",
    "public:maven-commonsware": "maven",
    "public:maven-clojars": "maven",
    "public:ruby-gems-org": "ruby",
    "public:crates-io": "cargo",
}
"""Every external connection and its format (User Guide, supported external connections)."""

MAX_AGE: Mapping[Format, timedelta] = {"maven": timedelta(hours=3)}
"""How long metadata is served without asking again (User Guide, external connection latency)."""

DEFAULT_MAX_AGE = timedelta(minutes=30)  # npm, PyPI, NuGet: the same page

SERVES_STALE_ONCE: frozenset[Format] = frozenset({"maven"})
"""Formats whose first request after expiry still sees the old metadata: the same page."""

SLOW_SECONDS = 1.0  # our choice: how long a connection that is "slow" is waited for, in vain

ORIGINAL_PUBLISH_TIME = "originalPublishTime"
"""Key of the version metadata that holds the public publish time, ISO 8601, UTC."""


class Unreachable(Exception):  # noqa: N818  named by the situation, as the errors of this package are
    """The public repository does not answer, or not in time, or not in its own protocol."""


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
