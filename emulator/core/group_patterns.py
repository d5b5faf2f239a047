"""Package-group patterns: their grammar, what they match and which one covers another."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, cast, get_args

from emulator.core.errors import Validation
from emulator.core.group_folding import folded
from emulator.core.values import Format, PackageId

Suffix = Literal["*", "~", "$"]

ROOT: Final = "/*"
"""The pattern of the group that every domain has."""

MAX_PATTERN: Final = 520  # PackageGroupPattern, service model
_FORMATS: Final = frozenset(get_args(Format))
_COMPONENTS: Final = 3  # format, namespace, name
_NAMESPACE_REQUIRED: Final = frozenset({"maven", "swift", "generic"})
_NAMESPACE_IMPOSSIBLE: Final = frozenset({"pypi", "nuget", "ruby", "cargo"})


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    A well-formed pattern: the beginning of a package path, and what may follow it.

    Attributes:
        stem: All but the suffix.
        suffix: ``*`` whatever follows; ``~`` the word has to end; ``$`` nothing follows.
        format: The one format it matches, ``None`` for the root.
        folded_stem: The stem, its namespace and name folded.
    """

    stem: str
    suffix: Suffix
    format: Format | None
    folded_stem: str

    def __str__(self) -> str:
        return f"{self.stem}{self.suffix}"

    def matches(self, path: str) -> bool:
        """Return whether a package path matches strongly: by case, and by word."""
        return _matches(self.stem, self.suffix, path)

    def matches_loosely(self, path: str, folded_path: str) -> bool:
        """
        Return whether a package matches, be it strongly or weakly.

        Neither implies the other: ``foo%b`` matches ``foo~``, and is folded to a longer word.
        """
        return self.matches(path) or _matches(self.folded_stem, self.suffix, folded_path)

    def covers(self, other: Pattern) -> bool:
        """
        Return whether each package that *other* matches strongly is matched by this one too.

        Two patterns that share a package cover one another: both are beginnings of its path.
        """
        return _matches(self.stem, self.suffix, other.stem) and (
            self.suffix != "$" or other.suffix == "$"
        )


@lru_cache(maxsize=8192)
def parse(text: str) -> Pattern:
    """
    Return the pattern that *text* is.

    The grammar of "Package group definition syntax and matching behavior", User Guide:
    ``/format/namespace/name`` from the left up to any place, then one suffix.

    - ``*`` never follows a word: ``/npm/space/*``, ``/npm/space/foo-*``.
    - ``~`` always does: ``/npm/space/foo~``.
    - ``$`` follows a whole name: ``/npm/space/foo$``, ``/npm//react$``.
    - Where packages have no namespace, that part is empty: ``/pypi//requests$``.
    - Names are written as CodeArtifact stores them.

    Raises:
        Validation: It is none, or one that no package can match; the message says why.
    """
    stem, suffix = text[:-1], text[-1:]
    if not text.startswith("/") or len(text) > MAX_PATTERN:
        raise _refusal(text, f"it has to begin with / and has at most {MAX_PATTERN} characters")
    if suffix not in get_args(Suffix):
        raise _refusal(text, "it has to end with *, ~ or $")
    if any(_unfit(each) for each in stem):
        raise _refusal(text, "a *, $ or #, white space or a control character is before its end")
    components = stem[1:].split("/")
    if components == [""]:
        if suffix != "*":
            raise _refusal(text, "the root pattern is /*")
        return Pattern(stem, "*", None, stem)
    if components[0] not in _FORMATS:
        raise _refusal(text, f"{components[0]!r} is no package format")
    if len(components) == 1:
        raise _refusal(text, f"all packages of a format are /{components[0]}/*")
    if len(components) > _COMPONENTS:
        raise _refusal(text, "a package path has no more than format, namespace and name")
    _check_suffix(text, stem, suffix, components)
    fmt = cast("Format", components[0])
    _check_names(text, fmt, components)
    folded_stem = "/".join(["", fmt, *(folded(each) for each in components[1:])])
    return Pattern(stem, cast("Suffix", suffix), fmt, folded_stem)


def path(package: PackageId) -> str:
    """Return the package path, which patterns are matched with."""
    return f"/{package.format}/{package.namespace}/{package.name}"


def folded_path(package: PackageId) -> str:
    """Return the package path with its namespace and name folded."""
    return f"/{package.format}/{folded(package.namespace)}/{folded(package.name)}"


def in_word(character: str) -> bool:
    r"""Return whether a word ``[\p{L}\p{N}][\p{L}\p{N}\p{M}]*`` goes on with *character*."""
    return bool(character) and unicodedata.category(character)[0] in "LNM"


def _matches(stem: str, suffix: Suffix, text: str) -> bool:
    if suffix == "$":
        return text == stem
    if not text.startswith(stem):
        return False
    return suffix == "*" or not in_word(text[len(stem) : len(stem) + 1])


def _check_suffix(text: str, stem: str, suffix: str, components: list[str]) -> None:
    after_word = in_word(stem[-1])
    if suffix == "*" and after_word:
        raise _refusal(text, "after a word it has to be ~, or /* for all below")
    if suffix == "~" and not after_word:
        raise _refusal(text, "~ ends a word, and there is none before it: use *")
    if suffix == "$" and (len(components) < _COMPONENTS or not components[-1]):
        raise _refusal(text, "$ ends a whole path, /format/namespace/name")


def _check_names(text: str, fmt: Format, components: list[str]) -> None:
    namespace, names = components[1], components[2:]
    if fmt in _NAMESPACE_IMPOSSIBLE and namespace:
        raise _refusal(text, f"a {fmt} package has no namespace: write /{fmt}//name")
    if fmt in _NAMESPACE_REQUIRED and not namespace and names:
        raise _refusal(text, f"a {fmt} package needs a namespace")
    name = names[0] if names else ""
    stored = PackageId.normalised(fmt, namespace, name)
    if (stored.namespace, stored.name) != (namespace, name):
        shown = stored.name if stored.name != name else stored.namespace
        raise _refusal(text, f"names have to be normalised, here {shown!r}")


def _refusal(text: str, problem: str) -> Validation:
    return Validation(f"Invalid package group pattern {text!r}: {problem}.")


def _unfit(character: str) -> bool:
    r"""Return whether it cannot be part of a name (``[^#/\s]+``), or would look like a suffix."""
    return character in "*$#" or character.isspace() or unicodedata.category(character)[0] == "C"
