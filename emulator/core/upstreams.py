"""What a repository's clients can reach: its own versions, its upstreams', and the public ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from emulator.core.external import PublicVersion
from emulator.core.ingestion import Download
from emulator.core.values import PackageId, RepositoryId, Status, Version

if TYPE_CHECKING:
    from emulator.core.state import State

MAX_SEARCHED = 25  # repositories searched for one request (User Guide, quotas)


@dataclass(frozen=True, slots=True)
class Reachable:
    """
    A version that clients of a repository can reach, whatever its status.

    Attributes:
        holder: The first repository, in search order, that holds it; None when it is only public.
        connection: The external connection that offers it, if one does and may.
        record: The holder's version, with assets and metadata; None when it is only public.
        public: What the public repository says of it now. With ``record``, only where the version
            may still be refreshed from there (PyPI: later assets, yanked).
    """

    version: str
    status: Status
    holder: RepositoryId | None = None
    connection: str | None = None
    record: Version | None = None
    public: PublicVersion | None = None

    @property
    def published(self) -> datetime | None:
        """The original publish time, for the data plane (User Guide, age gating)."""
        raise NotImplementedError


def walk(state: State, repository: RepositoryId) -> list[RepositoryId]:
    """
    Return *repository* and all that it searches, in search order.

    Depth-first, in priority order, each repository once, 25 at most (User Guide, upstream
    repository search). Deleted upstreams are left out.
    """
    raise NotImplementedError


def reachable(state: State, repository: RepositoryId, package: PackageId, version: str) -> bool:
    """
    Return whether publishing *version* to *repository* would shadow one that its clients can reach.

    Its own versions do not count, those of its upstreams and behind external connections do, save
    where a repository on the way blocks upstream for the package. An external connection that does
    not answer counts as not holding it (User Guide, package origin controls). ``X-SNAPSHOT`` of
    Maven never counts: both may hold it.
    """
    raise NotImplementedError


def view(state: State, repository: RepositoryId, package: PackageId) -> list[Reachable]:
    """
    Return every version of *package* that clients of *repository* see; nothing is stored.

    The first holder in search order wins each version, whatever its status there; ``X-SNAPSHOT`` of
    Maven is the upstream's when both hold it (User Guide, Maven snapshots). Empty when nobody has
    the package or no external connection answers. In the holders' order of publication, then the
    public repository's order.
    """
    raise NotImplementedError


def dist_tags(state: State, repository: RepositoryId, package: PackageId) -> dict[str, str]:
    """
    Return the npm dist-tags that clients of *repository* see.

    The union of its own (``Package.metadata["dist-tags"]``) and its upstreams'; for one tag the
    upstream's value wins, among upstreams the first (User Guide, npm tags). Tags may name versions
    that are not listed.
    """
    raise NotImplementedError


def fetch(
    state: State, repository: RepositoryId, package: PackageId, version: str, asset: str
) -> Download:
    """
    Return *asset* of *version* for a client of *repository*, and keep the version where it belongs.

    Kept in *repository* and in the one with the external connection, never in between (User Guide,
    package retention). A version that comes from outside is streamed at once; its other assets
    follow in the background and it appears when all are in.

    Raises:
        ResourceNotFound: Nobody reachable has it, the first holder does not serve it (its status is
            neither Published nor Unlisted), or the external connection does not answer.
    """
    raise NotImplementedError
