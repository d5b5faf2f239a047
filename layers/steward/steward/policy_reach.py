"""Which rules of a section can never match, because earlier ones take all that they speak about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from steward.patterns import Pattern

_BRACKETS: Final = re.compile(r"\[!?\]?[^\]]*\]")  # one character of a shell pattern, as in fnmatch


@dataclass(frozen=True, slots=True)
class Reach:
    """
    What a rule speaks about: each of its packages in each of its places.

    Attributes:
        places: Shell patterns of repository names, or, where the scope of a section is another,
            names of whatever it is.
    """

    packages: Sequence[Pattern]
    places: Sequence[str]

    def takes(self, pattern: Pattern, place: str) -> bool:
        """Return whether every package of *pattern* in *place* surely is the rule's."""
        return any(mine.covers(pattern) for mine in self.packages) and any(
            glob_covers(mine, place) for mine in self.places
        )


def never_matching(reaches: Sequence[Reach]) -> Iterator[tuple[int, list[int]]]:
    """Yield each rule that can never match, by its number, with the earlier ones that take all."""
    for index, reach in enumerate(reaches):
        taken_by = {
            next((n for n in range(index) if reaches[n].takes(pattern, place)), None)
            for pattern in reach.packages
            for place in reach.places
        }
        if None not in taken_by:
            yield index, sorted(taker for taker in taken_by if taker is not None)


def glob_covers(wide: str, narrow: str) -> bool:
    """
    Return whether *wide* surely matches every name that *narrow* matches.

    Sure is sure: with ``?`` or ``[...]`` in *wide*, only names and an equal pattern are covered. A
    ``[...]`` in *narrow* is some character, which only a ``*`` of *wide* surely matches.
    """
    if wide == narrow:
        return True
    if not any(sign in narrow for sign in "*?["):
        return fnmatchcase(narrow, wide)
    if any(sign in wide for sign in "?["):
        return False
    narrow = _BRACKETS.sub("?", narrow)
    return re.fullmatch(".*".join(re.escape(part) for part in wide.split("*")), narrow) is not None
