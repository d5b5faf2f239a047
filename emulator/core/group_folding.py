"""Folds names, so that two that people take for each other become the same text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

_SEPARATORS = re.compile(r"[-._]+")
_FORMAT_CHARACTERS = "Cf"  # joiners, direction marks: they cannot be seen
_ROUNDS = 4  # a fold of a fold of ...; every character is at rest before


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """
    Return what a namespace or name has in common with its variations.

    - Letters are case-folded.
    - Characters that look like another become that one ("0" like "o", a Cyrillic "a" like the
      Latin one, "m" like "rn").
    - Each run of ``-``, ``.`` and ``_`` becomes one ``.``.

    A slash in the result of look-alikes is a NUL, so that a name stays one component of a path.

    Source: User Guide, "Package group definition syntax and matching behavior". Which characters
    are alike is not documented: our choice is "confusables" of Unicode Technical Standard #39.
    """
    table = _table()
    if name.isascii():
        text = name.lower().translate(table)
    else:
        plain = unicodedata.normalize("NFD", name).casefold()
        visible = (each for each in plain if unicodedata.category(each) != _FORMAT_CHARACTERS)
        text = "".join(visible).translate(table)
    return _SEPARATORS.sub(".", text).replace("/", "\0")


@cache
def _table() -> Mapping[int, str]:
    """Return what each case-folded character that looks like others is folded to."""
    # Read at first use: most local CodeArtifacts have no package group that compares names.
    from confusable_homoglyphs.confusables import confusables_data

    alike: dict[str, set[str]] = {}
    for one, others in confusables_data.items():
        key = _visible(one)
        alike.setdefault(key, set()).update(_visible(other["c"]) for other in others)
    prototypes = {
        character: _prototype(character, alike) for character in alike if len(character) == 1
    }
    found = {
        character: _at_rest(character, prototypes)
        for character in {*prototypes, *(each.casefold() for each in prototypes)}
        if len(character) == 1
    }
    return {ord(character): text for character, text in found.items() if text != character}


def _prototype(character: str, alike: Mapping[str, set[str]]) -> str:
    """
    Return the text that all which looks like *character* is folded to.

    The data name pairs, each of a character and its prototype. A prototype of several characters
    is nothing else; of the single ones it is the one with the most pairs.
    """
    longer = [each for each in alike[character] if len(each) > 1]
    if longer:
        return min(longer)
    single = [character, *(each for each in alike[character] if each)]
    return max(
        single, key=lambda each: (len(alike[each]), each.isascii(), each.isalnum(), -ord(each))
    )


def _at_rest(character: str, prototypes: Mapping[str, str]) -> str:
    text = character
    for _ in range(_ROUNDS):
        text = "".join(prototypes.get(each, each) for each in text)
        text = unicodedata.normalize("NFD", text).casefold()
    return text


def _visible(text: str) -> str:
    return "".join(each for each in text if unicodedata.category(each) != _FORMAT_CHARACTERS)
