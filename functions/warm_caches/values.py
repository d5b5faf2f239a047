"""What is to be warm, and what became of it, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from steward.coordinates import Package

# warm: it was there. fetched: it is there because of us. waiting: asked for, not listed yet.
# not found, blocked, mismatch: answers. no answer: nobody could say; it is asked again.
# failed: given up for now. would fetch: observe mode.
State = Literal[
    "warm",
    "fetched",
    "waiting",
    "not found",
    "blocked",
    "mismatch",
    "no answer",
    "failed",
    "would fetch",
]
STATES: Final[tuple[State, ...]] = get_args(State)


@dataclass(frozen=True, slots=True)
class WantedVersion:
    """
    A version that has to be in the repository.

    Attributes:
        hashes: Those that the lock files state for its files, ``SHA-256:`` or ``SHA-512:`` and
            lower-case hexadecimal; empty: nobody stated any.
        files: Files that have to be there besides those that come by themselves: Maven classifiers
            and types, gems of a platform.
    """

    version: str
    hashes: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What has to be in the repository of one package.

    Attributes:
        versions: These, each once.
        newest: So many of its newest versions, too; 0: none.
        range: Only of those in this range, in the syntax of the format.
        keep_up: Of the newest ones only those that are newer than all that the repository holds;
            none if it holds none.
        prereleases: The newest ones may be pre-releases.
    """

    package: Package
    versions: tuple[WantedVersion, ...] = ()
    newest: int = 0
    range: str | None = None
    keep_up: bool = False
    prereleases: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What became of one version.

    Attributes:
        version: ``None``: it is about the package, of which no version could be named.
        reason: In words; empty where the state says it all.
        size: Bytes that were read from the endpoint for it.
        note: What a person may want to know besides: that it was yanked, or archived.
    """

    package: Package
    version: str | None
    state: State
    reason: str = ""
    size: int = 0
    note: str = ""
