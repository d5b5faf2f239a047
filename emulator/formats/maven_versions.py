"""The order of Maven versions."""

from __future__ import annotations

import re
from functools import cmp_to_key
from itertools import zip_longest

_TOKEN = re.compile(r"([-_.]?)([0-9]+|[^-_.0-9]+)?")
_QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_SYNONYMS = {"cr": "rc", "ga": "", "final": "", "release": ""}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}  # only when a number follows at once

Value = int | str


def _tokens(version: str) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    pieces = [match.groups() for match in _TOKEN.finditer(version.lower()) if match[0]]
    for position, (separator, text) in enumerate(pieces):
        if text is None:
            value: Value = 0  # an empty token counts as 0
        elif text.isdecimal():
            value = int(text)
        else:
            following = pieces[position + 1] if position + 1 < len(pieces) else ("-", None)
            number_follows = not following[0] and following[1] is not None
            qualifier = _SHORT.get(text, text) if number_follows else text
            value = _SYNONYMS.get(qualifier, qualifier)
        found.append((separator if separator == "." else "-" if found else ".", value))
    return _trimmed(found)


def _trimmed(tokens: list[tuple[str, Value]]) -> list[tuple[str, Value]]:
    kept: list[tuple[str, Value]] = []
    for separator, value in tokens:
        if separator == "-":
            while len(kept) > 1 and kept[-1][1] in {0, ""}:
                kept.pop()
        kept.append((separator, value))
    while len(kept) > 1 and kept[-1][1] in {0, ""}:
        kept.pop()
    return kept


def _rank(token: tuple[str, Value]) -> tuple[int, int, str]:
    separator, value = token
    if isinstance(value, int):
        return (3 if separator == "." else 2, value, "")
    if value in _QUALIFIERS:
        return (0, _QUALIFIERS.index(value), "")
    return (0, len(_QUALIFIERS), value)


def compare(one: str, other: str) -> int:
    """
    Return a number below, equal to or above 0, as *one* comes before, with or after *other*.

    The rules of Maven's POM Reference, "Version Order Specification".
    """
    for mine, theirs in zip_longest(_tokens(one), _tokens(other)):
        left = mine or _null_like(theirs)
        right = theirs or _null_like(mine)
        if _rank(left) != _rank(right):
            return -1 if _rank(left) < _rank(right) else 1
    return 0


def _null_like(token: tuple[str, Value]) -> tuple[str, Value]:
    separator, value = token
    return (separator, 0 if isinstance(value, int) else "")


order = cmp_to_key(compare)
"""A sort key for versions."""
