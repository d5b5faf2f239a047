"""
Which of two versions is the newer one, by the rules of the package format.

============== ==================================================================================
format         rules
============== ==================================================================================
maven          "Version Order Specification", POM Reference (Apache Maven): ``maven_order.py``
npm            Semantic Versioning 2.0.0
cargo, swift   the same
pypi           "Version specifiers", Python Packaging User Guide
nuget          "Package versioning", NuGet: up to four numbers, labels compared without case
ruby           ``Gem::Version``, RubyGems: a letter anywhere makes a pre-release
generic        none: a version of a generic package is but a name
============== ==================================================================================

Where a format says that two spellings are one version (``1.0`` and ``1.0.0``; build metadata), so
do the positions here. What is no version of its format has no position.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, total_ordering
from itertools import zip_longest
from typing import Final

from steward.coordinates import Format

_MAX_LENGTH: Final = 255  # PackageVersion, service model
# Our choice: some versions each of some packages at a time, in two megabytes or so.
REMEMBERED: Final = 2_048
_NUGET: Final = re.compile(
    r"(?P<numbers>[0-9]+(?:\.[0-9]+){0,3})"
    r"(?:-(?P<label>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_NUGET_NUMBERS: Final = 4
_RUBY: Final = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_RUBY_SEGMENT: Final = re.compile(r"[0-9]+|[A-Za-z]+")

# One part of a pre-release label or of a gem's version: numbers and words have an order of their
# own among themselves, and the first number says which of the two kinds comes first.
_Part = tuple[int, int, str]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The place of a version among those of its format; greater is newer."""

    key: tuple[object, ...]


@lru_cache(maxsize=REMEMBERED)
def position(package_format: Format, version: str) -> Position | None:
    """
    Return where *version* stands among the versions of its format.

    Positions of two formats must not be compared. The last answers are remembered: whoever decides
    about a package asks several times, and packages have versions of the same names.

    Returns:
        ``None`` if it is no version of the format, or the format has no order.
    """
    if not version.isascii() or not 0 < len(version) <= _MAX_LENGTH:
        return None
    place = _PLACES.get(package_format)
    return place(version) if place else None


def newest(package_format: Format, versions: Iterable[str]) -> str | None:
    """
    Return the newest of *versions*, pre-releases among them.

    What is no version of the format is passed over. Of two spellings of one version the greater
    text is returned, so that the answer does not depend on their order.
    """
    placed = [
        (place, version)
        for version in versions
        if (place := position(package_format, version)) is not None
    ]
    return max(placed)[1] if placed else None


def is_prerelease(package_format: Format, version: str) -> bool | None:
    """
    Return whether *version* says that it comes before a release.

    Maven's order has no such notion: there, words that publishers mark such versions with decide.

    Returns:
        ``None`` if it is no version of the format, or the format has no order.
    """
    if position(package_format, version) is None:
        return None
    match package_format:
        case "maven":
            from steward.maven_order import (  # noqa: PLC0415  only Maven's rules need it
                is_before_release,
            )

            return is_before_release(version)
        case "pypi":
            from packaging.version import Version  # noqa: PLC0415  only rules that name PyPI pay

            return Version(version).is_prerelease
        case "ruby":
            return "-" in version or any(character.isalpha() for character in version)
        case _:  # Semantic Versioning's and NuGet's: what follows the numbers, not the build
            return "-" in version.partition("+")[0]


def _maven(version: str) -> Position:
    from steward.maven_order import MavenOrder  # noqa: PLC0415  only Maven's rules need it

    return Position((MavenOrder(version),))


def _semantic(version: str) -> Position | None:
    from semver import Version  # noqa: PLC0415  only policies with a rule for these formats pay

    try:
        parsed = Version.parse(version)
    except ValueError:
        return None
    return Position(((parsed.major, parsed.minor, parsed.patch), *_label(parsed.prerelease or "")))


def _pypi(version: str) -> Position | None:
    from packaging.version import (  # noqa: PLC0415  only policies with a rule for PyPI pay for it
        InvalidVersion,
        Version,
    )

    try:
        return Position((Version(version),))
    except InvalidVersion:
        return None


def _nuget(version: str) -> Position | None:
    match = _NUGET.fullmatch(version)
    if match is None:
        return None
    numbers = [int(number) for number in match["numbers"].split(".")]
    numbers += [0] * (_NUGET_NUMBERS - len(numbers))
    return Position((tuple(numbers), *_label((match["label"] or "").lower())))


def _ruby(version: str) -> Position | None:
    return Position((_Gem(version),)) if _RUBY.fullmatch(version) else None


def _label(label: str) -> tuple[bool, tuple[_Part, ...]]:
    """Return the position of a pre-release label: numbers before words, no label after all."""
    parts = label.split(".") if label else []
    return not label, tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts
    )


@total_ordering
class _Gem:
    """Where a gem's version stands: word by word, and a missing word is a zero."""

    __slots__ = ("_parts",)

    _ZERO: Final[_Part] = (1, 0, "")

    def __init__(self, version: str) -> None:
        # A hyphen reads as `.pre.`, and a word comes before every number.
        parts: list[_Part] = [
            (1, int(segment), "") if segment.isdigit() else (0, 0, segment)
            for segment in _RUBY_SEGMENT.findall(version.replace("-", ".pre."))
        ]
        first_word = next((at for at, part in enumerate(parts) if not part[0]), len(parts))
        # Zeros before the first word say nothing, nor do those at the end: 1.0.a is 1.a.
        self._parts = self._trimmed(parts[:first_word]) + self._trimmed(parts[first_word:])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Gem) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(tuple(self._parts))

    def __lt__(self, other: _Gem) -> bool:
        pairs = zip_longest(self._parts, other._parts, fillvalue=self._ZERO)
        return next((one < two for one, two in pairs if one != two), False)

    def _trimmed(self, parts: list[_Part]) -> list[_Part]:
        while parts and parts[-1] == self._ZERO:
            parts = parts[:-1]
        return parts


_PLACES: Final[dict[Format, Callable[[str], Position | None]]] = {
    "cargo": _semantic,
    "maven": _maven,
    "npm": _semantic,
    "nuget": _nuget,
    "pypi": _pypi,
    "ruby": _ruby,
    "swift": _semantic,
}
