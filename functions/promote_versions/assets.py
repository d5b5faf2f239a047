"""What a comparison of a version's assets in two repositories means. Values only, no effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from steward.version_contents import Asset

SHA_256: Final = "SHA-256"
_NAMED: Final = 3  # our choice: so many names make a sentence, more make a list

Likeness = Literal["equal", "later assets only", "differs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    How the assets of a version in the destination compare with those in the source.

    Attributes:
        differing: Both have it, and its SHA-256 is not the same, or one of the two is not known.
        missing_in_source: Only the destination has it.
        missing_in_destination: Only the source has it.
    """

    differing: tuple[str, ...]
    missing_in_source: tuple[str, ...]
    missing_in_destination: tuple[str, ...]

    @property
    def likeness(self) -> Likeness:
        """
        What the comparison comes to.

        ``later assets only``: all that the destination has is in the source, unchanged, and the
        source has more: a wheel or a classifier that was published later.
        """
        if self.differing or self.missing_in_source:
            return "differs"
        return "later assets only" if self.missing_in_destination else "equal"

    def words(self, source: str, destination: str) -> str:
        """Return what is not alike in the two repositories, as a sentence without its end."""
        said = [
            f"{_names(names)} {one if len(names) == 1 else many} {what}"
            for names, one, many, what in (
                (
                    self.differing,
                    "has",
                    "have",
                    f"another SHA-256 in {destination} than in {source}",
                ),
                (self.missing_in_source, "is", "are", f"in {destination} and not in {source}"),
                (self.missing_in_destination, "is", "are", f"in {source} and not in {destination}"),
            )
            if names
        ]
        return "; ".join(said) or f"the assets in {source} and {destination} are the same"


def compared(source: Mapping[str, Asset], destination: Mapping[str, Asset]) -> Comparison:
    """Return how the assets in *destination* compare with those in *source*, both by name."""
    return Comparison(
        differing=tuple(
            sorted(
                name
                for name in source.keys() & destination.keys()
                if not _same(source[name], destination[name])
            )
        ),
        missing_in_source=tuple(sorted(destination.keys() - source.keys())),
        missing_in_destination=tuple(sorted(source.keys() - destination.keys())),
    )


def _same(one: Asset, other: Asset) -> bool:
    # The service model promises no hash: what has none is not known to be the same.
    known = one.hashes.get(SHA_256)
    return known is not None and known == other.hashes.get(SHA_256)


def _names(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
