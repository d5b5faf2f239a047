"""What asking an endpoint for a version came to, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

# asked: its assets were asked for and are on their way. not found: an answer. no answer: none came,
# or one that says that whoever should answer is in trouble. refused: nothing that asking again
# would change: no right to read, or names and addresses that lead out of the repository.
# no time: whoever asks is about to be stopped. closed: CodeArtifact gives no token or address just
# now. Of these two nothing is known of the version, nor of the public repository.
FetchState = Literal["asked", "not found", "no answer", "refused", "no time", "closed"]

# A Maven version: namespace, name, version.
Needed = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """
    A file that was asked for.

    Attributes:
        size: Bytes that were read; 0: only where they are was asked for.
        hashes: ``SHA-256`` and ``SHA-512`` in lower-case hexadecimal, if they were wanted.
    """

    name: str
    size: int = 0
    hashes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetch:
    """
    What asking for a version came to.

    Attributes:
        reason: Why it is not asked for, in words; of what was asked for: what is odd about it.
        status: What the endpoint answered last; ``None``: nothing.
        files: Those that are on their way, also if another one is not found.
        needs: The parents and imported BOMs of a Maven version, each once.
        withdrawn: Why the public repository has withdrawn it, "" without a reason; ``None``: it has
            not, or nobody says so.
        requests: Those to the endpoint; what follows a redirect is none.
        size: Bytes that were read.
    """

    state: FetchState
    reason: str = ""
    status: int | None = None
    files: tuple[FetchedFile, ...] = ()
    needs: tuple[Needed, ...] = ()
    withdrawn: str | None = None
    requests: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Available:
    """
    The versions of a package that can be reached.

    Attributes:
        versions: Each once, as the endpoint spells and orders them; also those withdrawn.
        withdrawn: Those of them that were yanked or unlisted.
    """

    versions: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()


NOTHING_AVAILABLE: Final = Available()
