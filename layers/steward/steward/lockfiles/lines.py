"""On which lines the entries of a lock file stand, where its parser does not tell."""

from __future__ import annotations

import re
from typing import Final

# Every miss looks through the rest of the file; a file that is written by its tool has none.
_MAX_MISSES: Final = 100


class Lines:
    """The lines of a text in which one looks for one thing after the other."""

    def __init__(self, text: str) -> None:
        self._text: Final = text
        self._at = 0  # where the last thing was found
        self._line = 1  # the line of that place
        self._misses = 0

    def of(self, sought: str) -> int | None:
        """
        Return the line on which *sought* stands next, counted from 1; ``None`` if nowhere.

        It is looked for from where the last thing was found, that place included.
        """
        found = -1
        if self._misses < _MAX_MISSES:
            found = self._text.find(sought, self._at)
            self._misses += found < 0
        return None if found < 0 else self.at(found)

    def of_quoted(self, sought: str) -> int | None:
        """Return the line on which *sought* stands next in double quotes, as :meth:`of` does."""
        return self.of(f'"{sought}"')

    def at(self, offset: int) -> int:
        """Return the line of *offset*, and look from there on."""
        if offset >= self._at:
            self._line += self._text.count("\n", self._at, offset)
        else:
            self._line -= self._text.count("\n", offset, self._at)
        self._at = offset
        return self._line


def tables(text: str, name: str, count: int) -> list[int] | list[None]:
    """Return where the *count* tables ``[[name]]`` of the TOML file *text* begin, as `places`."""
    return places(text, rf"^\[\[\s*{re.escape(name)}\s*\]\]", count)


def places(text: str, pattern: str, count: int) -> list[int] | list[None]:
    """
    Return where *pattern* matches in *text*, *count* times, as offsets.

    All are ``None`` if it seems to match more or less often: one stands in a comment, say.
    """
    found = [match.start() for match in re.finditer(pattern, text, re.MULTILINE)]
    return found if len(found) == count else [None] * count
