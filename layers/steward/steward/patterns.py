"""
CodeArtifact's package-group patterns, after "Package group definition syntax" of the User Guide.

A pattern is the beginning of a package path ``/{format}/{namespace}/{name}`` and one suffix:

- ``*`` after a character that is in no word (mostly ``/``): whatever follows,
- ``~`` after a word: the word ends there (``/npm/space/foo~``: ``foo-bar``, not ``food``),
- ``$`` after a name: exactly this package.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from steward.coordinates import FORMATS, Format, is_format, normalised
from steward.errors import PatternError

Suffix = Literal["*", "~", "$"]

MAX_PATTERN_LENGTH: Final = 520  # PackageGroupPattern, service model
_COMPONENTS: Final = 3  # format, namespace, name
# "namespace" of PackageIdentifier, API Reference. npm has it both ways.
NEVER_A_NAMESPACE: Final = frozenset({"pypi", "nuget", "ruby", "cargo"})
ALWAYS_A_NAMESPACE: Final = frozenset({"maven", "swift", "generic"})


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    A package-group pattern that at least one package can match.

    Attributes:
        stem: All but the suffix.
        format: The only format it matches, ``None`` for the root pattern ``/*``.
    """

    stem: str
    suffix: Suffix
    format: Format | None

    def __str__(self) -> str:
        return f"{self.stem}{self.suffix}"

    @property
    def specificity(self) -> tuple[int, bool, bool]:
        """
        A value that is the greater the more specific the pattern is, among those that share one.

        ``$`` matches less than ``~`` after the same stem; ``*`` never follows a word.
        """
        return len(self.stem), self.suffix == "$", self.suffix == "~"

    def matches(self, path: str) -> bool:
        """Return whether the package path *path* matches, by case and by word."""
        if self.suffix == "$":
            return path == self.stem
        if not path.startswith(self.stem):
            return False
        following = path[len(self.stem) :][:1]
        return self.suffix == "*" or not _in_word(following)

    def covers(self, other: Pattern) -> bool:
        """
        Return whether every package that *other* matches is matched by this pattern too.

        Two patterns cover one another or share no package: both are beginnings of one path.
        """
        if other.suffix == "$":
            return self.matches(other.stem)
        if self.suffix == "$" or not other.stem.startswith(self.stem):
            return False
        following = other.stem[len(self.stem) :][:1]
        return self.suffix == "*" or not _in_word(following)


def parse(text: str, *, formats: Sequence[Format] = FORMATS) -> Pattern:
    """
    Return the pattern that *text* is.

    Args:
        text: The pattern.
        formats: Those to offer if *text* names none of CodeArtifact's.

    Raises:
        PatternError: It is none, or one that no package can match; the error says what to write.
    """
    stem, suffix = text[:-1], text[-1:]
    if not text.startswith("/"):
        raise PatternError(
            text, "does not start with a slash", "Write /format/namespace/name and a suffix."
        )
    if len(text) > MAX_PATTERN_LENGTH:
        raise PatternError(text, "is too long", f"Stay within {MAX_PATTERN_LENGTH} characters.")
    if suffix not in {"*", "~", "$"}:
        raise PatternError(text, "has no suffix", _suffixes(text))
    if "*" in stem or "$" in stem or any(_unfit(character) for character in stem):
        raise PatternError(
            text,
            "has a character that belongs into no package path",
            "* and $ stand only at the end; #, white space and control characters nowhere.",
        )
    components = stem[1:].split("/")
    if len(components) > _COMPONENTS:
        raise PatternError(text, "has too many slashes", "Write /format/namespace/name at most.")
    package_format = _format_of(text, components, formats)
    _check_suffix(text, stem, suffix, components)
    if package_format is not None:
        _check_namespace(text, package_format, components)
        _check_normalised(text, package_format, components)
    return Pattern(stem, cast("Suffix", suffix), package_format)


def _format_of(text: str, components: list[str], offered: Sequence[Format]) -> Format | None:
    if components == [""]:
        return None
    if len(components) == 1:
        raise PatternError(text, "ends within the format", f"Write {text[:-1]}/* for all of them.")
    if is_format(components[0]):
        return components[0]
    raise PatternError(
        text, f"names no package format: {components[0]!r}", f"Write one of {', '.join(offered)}."
    )


def _check_suffix(text: str, stem: str, suffix: str, components: list[str]) -> None:
    ends_in_word = _in_word(stem[-1:])
    if suffix == "*" and ends_in_word:
        name = _lone_name(stem)
        if name is not None:
            remedy = f"Write {name}~."
        elif len(components) == _COMPONENTS:  # nothing comes below a name
            remedy = f"Write {stem}~."
        else:
            remedy = f"Write {stem}~ or {stem}/*."
        raise PatternError(text, "has a * after a word", remedy)
    if suffix == "~" and not ends_in_word:
        raise PatternError(text, "has a ~ that follows no word", f"Write {stem}* instead.")
    if suffix == "$" and (len(components) < _COMPONENTS or not components[-1]):
        raise PatternError(text, "has a $ but no complete package", _completed(stem))


def _suffixes(text: str) -> str:
    """Return what to write in place of *text*, which has no suffix."""
    name = _lone_name(text)
    if name is None or not _in_word(name[-1]):
        return "End it with * (all), ~ (a word) or $ (exactly)."
    return f"Write {name}~ (what begins with this word) or {name}$ (exactly this)."


def _completed(stem: str) -> str:
    """Return what to write in place of *stem*, which names no complete package."""
    name = _lone_name(stem)
    if name is not None:
        return f"Write {name}$."
    package_format, *rest = stem[1:].split("/")
    if package_format == "npm" and len(rest) == 1 and rest[0] and not rest[0].startswith("@"):
        return f"Write /npm//{rest[0]}$, or /npm/{rest[0]}/* if it is a scope."
    return "Write /format/namespace/name$."


def _lone_name(text: str) -> str | None:
    """Return the path that ``/pypi/name`` should be: its format has no namespaces."""
    package_format, *rest = text[1:].split("/")
    if not is_format(package_format) or package_format not in NEVER_A_NAMESPACE or len(rest) != 1:
        return None
    name = normalised(package_format, rest[0])
    if not name or any(character in "*$" or _unfit(character) for character in name):
        return None
    return f"/{package_format}//{name}"


def _check_namespace(text: str, package_format: Format, components: list[str]) -> None:
    namespace = components[1]
    if package_format == "npm" and text.removeprefix("/npm/").lstrip("/").startswith("@"):
        rest = text.removeprefix("/npm/").lstrip("/").lstrip("@")
        if rest.endswith("$") and "/" not in rest:  # `/npm//@scope$`
            rest = f"{rest[:-1]}/*"
        raise PatternError(
            text,
            "has an @, which no scope of npm has in CodeArtifact",
            f"Write /npm/{rest}.",
        )
    if package_format in NEVER_A_NAMESPACE and namespace:
        whole = components[-1] or not _in_word(namespace[-1])  # else `/pypi/name/*`
        name = components[-1] if len(components) == _COMPONENTS and whole else namespace
        raise PatternError(
            text,
            f"has a namespace, and packages of the format {package_format} have none",
            f"Write /{package_format}//{name}{text[-1] if whole else '~'}.",
        )
    if package_format in ALWAYS_A_NAMESPACE and len(components) == _COMPONENTS and not namespace:
        raise PatternError(
            text,
            f"has no namespace, and packages of the format {package_format} always have one",
            f"Write /{package_format}/namespace/{components[-1]}{text[-1]}.",
        )


def _check_normalised(text: str, package_format: Format, components: list[str]) -> None:
    given = components[1:]
    stored = [normalised(package_format, component) for component in given]
    for one, other in zip(given, stored, strict=True):
        if one != other:
            raise PatternError(
                text,
                f"names {one!r}, which CodeArtifact stores as {other!r}",
                f"Write /{'/'.join((package_format, *stored))}{text[-1]}.",
            )


def _in_word(character: str) -> bool:
    r"""Return whether it is one of ``[\p{L}\p{N}\p{M}]``; the end of the path is not."""
    return bool(character) and unicodedata.category(character)[0] in "LNM"


def _unfit(character: str) -> bool:
    r"""
    Return whether no pattern that a package can match has it.

    PackageGroupPattern is ``[^\p{C}\p{IsWhitespace}]+``, PackageName ``[^#/\s]+`` (service model).
    """
    return character == "#" or character.isspace() or unicodedata.category(character)[0] == "C"
