"""
The order of Maven versions, after "Version Order Specification" of the POM Reference.

A version is split at dots, at hyphens and between digits and letters, which counts as a hyphen.
What says nothing (``0``, ``final``) is dropped at the end of each stretch between hyphens. The rest
is compared token by token: ``alpha < beta < milestone < rc < snapshot < (nothing) < sp``, then
other words by the alphabet, then numbers.
"""

from __future__ import annotations

import re
from functools import total_ordering
from itertools import zip_longest
from typing import Final

_TOKEN: Final = re.compile(r"([.-]?)([0-9]+|[^0-9.-]+|(?=[.-]|$))")
_RANKS: Final = {
    word: rank
    for rank, words in enumerate(
        (
            ("alpha",),
            ("beta",),
            ("milestone",),
            ("rc", "cr"),
            ("snapshot",),
            ("", "ga", "final", "release"),
            ("sp",),
        )
    )
    for word in words
}
_OTHER_WORDS: Final = 7
_BEFORE_A_NUMBER: Final = {"a": "alpha", "b": "beta", "m": "milestone"}
_NOTHING: Final = _RANKS[""]
# Words by which publishers mark what is no release, though Maven's order takes them for one later
# than the release. That "releases" keeps them out is the cautious choice: ours.
_OTHER_MARKS: Final = frozenset({"canary", "dev", "ea", "eap", "nightly", "pre", "preview"})

# What a token is, which is its first rank: a word, a number after a hyphen, one after a dot. Then
# the rank of a word, the number, and the word if its rank is that of many.
_Token = tuple[int, int, int, str]
_WORD: Final = 0
_HYPHEN_NUMBER: Final = 1
_DOT_NUMBER: Final = 2
_EMPTY: Final[_Token] = (_WORD, _NOTHING, 0, "")
_ZERO: Final[_Token] = (_DOT_NUMBER, 0, 0, "")


@total_ordering
class MavenOrder:
    """Where a Maven version stands: ``1.0`` and ``1.0.0`` and ``1-ga`` are equal."""

    __slots__ = ("_tokens",)

    def __init__(self, version: str) -> None:
        self._tokens = _trimmed(_tokens(version))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MavenOrder) and self._tokens == other._tokens

    def __hash__(self) -> int:
        return hash(tuple(self._tokens))

    def __lt__(self, other: MavenOrder) -> bool:
        for mine, others in zip_longest(self._tokens, other._tokens):
            one = mine or _padding(others)
            two = others or _padding(mine)
            if one != two:
                return one < two
        return False


def is_before_release(version: str) -> bool:
    """Return whether a word in *version* says that it is no release: ``2.0-RC1``, ``2.0-dev``."""
    return any(
        (kind == _WORD and rank < _NOTHING) or word in _OTHER_MARKS
        for kind, rank, _, word in _tokens(version)
    )


def _tokens(version: str) -> list[_Token]:
    parts = [(match[1], match[2].lower()) for match in _TOKEN.finditer(version)]
    tokens: list[_Token] = []
    for at, (separator, text) in enumerate(parts):
        if text.isdigit() or not text:
            # The first token has no separator and reads as one after a dot; any other without one
            # follows a letter, which counts as a hyphen.
            dotted = separator == "." or (not separator and at == 0)
            tokens.append((_DOT_NUMBER if dotted else _HYPHEN_NUMBER, 0, int(text or "0"), ""))
            continue
        following = parts[at + 1] if at + 1 < len(parts) else ("", "")
        if following[0] != "." and following[1].isdigit():  # a-1 reads as a1
            tokens.append(_word(_BEFORE_A_NUMBER.get(text, text)))
        else:
            tokens.append(_word(text))
    return tokens


def _word(text: str) -> _Token:
    rank = _RANKS.get(text, _OTHER_WORDS)
    return _WORD, rank, 0, text if rank == _OTHER_WORDS else ""


def _trimmed(tokens: list[_Token]) -> list[_Token]:
    """Return *tokens* without those that say nothing, at the end of each stretch."""
    kept: list[_Token] = []
    for token in reversed(tokens):
        # What stands after it, if anything, begins with a hyphen: a word or a hyphen's number.
        ends_a_stretch = not kept or kept[-1][0] != _DOT_NUMBER
        if ends_a_stretch and (token == _EMPTY or (token[0] != _WORD and not token[2])):
            continue
        kept.append(token)
    return kept[::-1]


def _padding(other: _Token | None) -> _Token:
    """Return what stands where a version has ended and another goes on with *other*."""
    return _ZERO if other is not None and other[0] == _DOT_NUMBER else _EMPTY
