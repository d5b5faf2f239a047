"""The wildcards of IAM policies."""

from __future__ import annotations


def like(pattern: str, text: str) -> bool:
    """
    Whether all of *text* matches *pattern*: ``*`` is any run of characters, ``?`` any one.

    Only the last star is ever tried again, so the time is at most the product of the lengths,
    whatever the pattern: policies come from anyone who may write one.
    """
    at, position = 0, 0
    star, retry = -1, 0
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, retry = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", text[position]}:
            at += 1
            position += 1
        elif star >= 0:
            retry += 1
            at, position = star + 1, retry
        else:
            return False
    return all(character == "*" for character in pattern[at:])
