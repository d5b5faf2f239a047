"""
Ranges of versions, each in the syntax of its package format.

============ ===================================== ===============================================
format       for example                           syntax
============ ===================================== ===============================================
npm          ``^1.2 || >=3 <4``                    ``node-semver``: "Ranges" (npm)
cargo        ``^1.2``, ``1.2``, ``>=1, <2``        "Specifying Dependencies", The Cargo Book
pypi         ``>=1,<2``, ``~=1.4``                 "Version specifiers" (Python Packaging)
maven        ``[1.0,2.0)``, ``(,1.0],[1.2,)``      "Version Range Specification", POM Reference
nuget        ``[1.0,2.0)``, ``1.0`` (at least)     "Version ranges", NuGet "Package versioning"
ruby         ``~> 1.2``, ``>= 1, < 2``             ``Gem::Requirement``, RubyGems
swift        ``1.2.0..<2.0.0``, ``from: 1.2.0``    as a package manifest has it, without quotes
generic      none                                  its versions have no order
============ ===================================== ===============================================

A pre-release is in a range of npm or Cargo only if the range names a pre-release of the same three
numbers; in one of the other formats, only if the range names a pre-release at all. Maven is the
exception: its ranges are nothing but an order, so ``[1.0,2.0)`` contains ``2.0-rc1``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from steward.coordinates import Format
from steward.errors import StewardError
from steward.version_order import Position, is_prerelease, position

# Our choice: ranges have tens of characters. Those of dependencies are their publishers' own, and
# the readers of some formats take a time that grows with the square of the length.
MAX_LENGTH: Final = 1_000
_INTERVAL: Final = re.compile(
    r"(?P<open>[\[(])\s*(?P<low>[^\s,\[\]()]*)\s*"
    r"(?:(?P<comma>,)\s*(?P<high>[^\s,\[\]()]*)\s*)?(?P<close>[\])])"
)
_RUBY_CLAUSE: Final = re.compile(r"(?P<operator>=|!=|>=|<=|>|<|~>)?\s*(?P<version>\S+)")
_CARGO_CLAUSE: Final = re.compile(r"(?P<operator>=|>=|<=|>|<|~|\^)?\s*(?P<version>[0-9*]\S*)")
_SWIFT_INTERVAL: Final = re.compile(
    r"(?P<low>[0-9A-Za-z.+-]+?)(?P<kind>\.\.\.|\.\.<)(?P<high>[0-9A-Za-z.+-]+)"
)
_SWIFT_NAMED: Final = re.compile(
    r"(?P<kind>from|exact|upToNextMajor|upToNextMinor):\s*(?P<version>\S+)"
)


class RangeError(StewardError):
    """
    A text is no range of versions of its format.

    Attributes:
        text: The text.
        remedy: What to write instead, as a sentence.
    """

    def __init__(self, text: str, problem: str, remedy: str) -> None:
        super().__init__(f"{text!r} {problem}")
        self.text = text
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Range:
    """
    A range of versions of one format.

    Attributes:
        text: As it was written.
    """

    format: Format
    text: str
    _holds: Callable[[str], bool]

    def contains(self, version: str) -> bool:
        """Return whether *version* is in it; what is no version of the format never is."""
        return position(self.format, version) is not None and self._holds(version)


def parse_range(package_format: Format, text: str) -> Range:
    """
    Return the range that *text* is in the syntax of *package_format*.

    Raises:
        RangeError: It is none; the error says what to write.
    """
    if len(text) > MAX_LENGTH:
        problem = f"... is too long for a range: it has {len(text)} characters"
        raise RangeError(text[:80], problem, f"Stay within {MAX_LENGTH}.")
    if not text.isascii():
        raise RangeError(text, "has a character that no version has", "Write it in ASCII.")
    if not text.strip():
        raise RangeError(text, "is empty", "Leave it out if every version will do.")
    match package_format:
        case "npm":
            holds = _npm(text, text)
        case "cargo":
            holds = _cargo(text)
        case "pypi":
            holds = _pypi(text)
        case "maven" | "nuget":
            holds = _intervals(package_format, text)
        case "ruby":
            holds = _ruby(text)
        case "swift":
            holds = _swift(text)
        case _:
            raise RangeError(
                text,
                f"is a range, and versions of the format {package_format} have no order",
                "List what is allowed under `allow`.",
            )
    return Range(package_format, text, holds)


# What a comparison with a bound may answer; a bound is a version with the way it is compared.
_Comparison = Literal["=", "!=", ">=", "<=", ">", "<"]


@dataclass(frozen=True, slots=True)
class _Bound:
    comparison: _Comparison
    version: str
    place: Position

    def admits(self, place: Position) -> bool:
        match self.comparison:
            case "=":
                return place == self.place
            case "!=":
                return place != self.place
            case ">=":
                return place >= self.place
            case "<=":
                return place <= self.place
            case ">":
                return place > self.place
            case "<":
                return place < self.place


def _bound(package_format: Format, text: str, comparison: _Comparison, version: str) -> _Bound:
    place = position(package_format, version)
    if place is None:
        raise RangeError(
            text,
            f"has {version!r} in it, which is no version of the format {package_format}",
            "Write whole versions.",
        )
    return _Bound(comparison, version, place)


def _all_of(package_format: Format, *bounds: _Bound) -> Callable[[str], bool]:
    """Return whether a version meets all *bounds*, and names a pre-release only if one of them."""
    unfinished = package_format == "maven" or any(
        is_prerelease(package_format, bound.version) for bound in bounds
    )

    def holds(version: str) -> bool:
        place = position(package_format, version)
        if place is None or (not unfinished and is_prerelease(package_format, version)):
            return False
        return all(bound.admits(place) for bound in bounds)

    return holds


def _npm(text: str, as_npm_writes_it: str) -> Callable[[str], bool]:
    from nodesemver import (  # noqa: PLC0415  only policies with a range of npm or Cargo pay for it
        satisfies,
        valid_range,
    )

    if valid_range(as_npm_writes_it, loose=False) is None:
        raise RangeError(text, "is no range of npm", "Write one such as ^1.2 or >=1.2 <3.")
    return lambda version: bool(satisfies(version, as_npm_writes_it, loose=False))


def _cargo(text: str) -> Callable[[str], bool]:
    """
    Return whether a version meets a Cargo requirement, which npm's ranges can express.

    A version without an operator is one with a caret ("Default requirements"), and a comma joins.
    """
    clauses: list[str] = []
    for part in text.split(","):
        match = _CARGO_CLAUSE.fullmatch(part.strip())
        if match is None:
            raise RangeError(
                text, "is no requirement of Cargo", "Write one such as ^1.2 or >=1.2, <3."
            )
        bare = "" if "*" in match["version"] else "^"
        clauses.append(f"{match['operator'] or bare}{match['version']}")
    return _npm(text, " ".join(clauses))


def _pypi(text: str) -> Callable[[str], bool]:
    from packaging.specifiers import (  # noqa: PLC0415  only policies with such a range pay for it
        InvalidSpecifier,
        SpecifierSet,
    )

    try:
        specifiers = SpecifierSet(text)
    except InvalidSpecifier as error:
        raise RangeError(
            text, "is no version specifier of Python", "Write one such as >=1.2,<3."
        ) from error
    unfinished = bool(specifiers.prereleases)
    return lambda version: specifiers.contains(version, prereleases=unfinished)


def _intervals(package_format: Literal["maven", "nuget"], text: str) -> Callable[[str], bool]:
    remedy = "Write [1.0,2.0) for 1.0 up to, and without, 2.0; [1.0] for exactly 1.0."
    if package_format == "nuget" and not text.strip().startswith(("[", "(")):
        # A bare version is a minimum; a floating one (1.*) picks a version and bounds nothing.
        if "*" in text:
            raise RangeError(text, "is a floating version and bounds nothing", remedy)
        return _all_of("nuget", _bound("nuget", text, ">=", text.strip()))
    unread = text.strip()
    alternatives: list[Callable[[str], bool]] = []
    while unread:
        match = _INTERVAL.match(unread)
        if match is None:
            problem = (
                "is no range of Maven: a version alone is a wish that binds nobody"
                if package_format == "maven" and position("maven", unread) and "," not in text
                else f"is no range of the format {package_format}"
            )
            raise RangeError(text, problem, remedy)
        alternatives.append(_all_of(package_format, *_ends(package_format, text, match)))
        unread = unread[match.end() :].strip()
        if unread:
            if package_format == "nuget" or not unread.startswith(",") or unread == ",":
                raise RangeError(text, "has something after its range", remedy)
            unread = unread[1:].strip()
    return lambda version: any(holds(version) for holds in alternatives)


def _ends(package_format: Format, text: str, match: re.Match[str]) -> list[_Bound]:
    low, high = match["low"], match["high"]
    if match["comma"] is None:
        if (match["open"], match["close"]) != ("[", "]") or not low:
            raise RangeError(text, "has one version in round brackets", "Write [1.0].")
        return [_bound(package_format, text, "=", low)]
    if (not low and match["open"] == "[") or (not high and match["close"] == "]"):
        raise RangeError(text, "includes an end that it does not have", "Write (,1.0] or [1.0,).")
    bounds: list[_Bound] = []
    if low:
        bounds.append(_bound(package_format, text, ">=" if match["open"] == "[" else ">", low))
    if high:
        bounds.append(_bound(package_format, text, "<=" if match["close"] == "]" else "<", high))
    if low and high and bounds[0].place > bounds[1].place:
        raise RangeError(text, "ends before it begins", "Write the lower version first.")
    return bounds


def _ruby(text: str) -> Callable[[str], bool]:
    bounds: list[_Bound] = []
    for part in text.split(","):
        match = _RUBY_CLAUSE.fullmatch(part.strip())
        if match is None:
            raise RangeError(
                text, "is no requirement of RubyGems", "Write one such as ~> 1.2 or >= 1.2, < 3."
            )
        version = match["version"]
        match match["operator"]:
            case "~>":
                lowest = _bound("ruby", text, ">=", version)
                bounds += [lowest, _bound("ruby", text, "<", _bumped(version))]
            case "!=" | ">=" | "<=" | ">" | "<" as comparison:
                bounds.append(_bound("ruby", text, comparison, version))
            case _:
                bounds.append(_bound("ruby", text, "=", version))
    plain = _all_of("ruby", *bounds)
    # 2.0.a is not in `~> 1.2.a`: only its release is compared with the upper end.
    ends = [
        _bumped(match["version"])
        for part in text.split(",")
        if (match := _RUBY_CLAUSE.fullmatch(part.strip())) and match["operator"] == "~>"
    ]
    tops = [_bound("ruby", text, "<", end) for end in ends]

    def holds(version: str) -> bool:
        released = position("ruby", _released(version))
        return plain(version) and released is not None and all(top.admits(released) for top in tops)

    return holds


def _released(version: str) -> str:
    """Return the release that a gem's *version* is on the way to: 2.0 of 2.0.a."""
    segments = re.split(r"[.-]", version)
    first_word = next((at for at, one in enumerate(segments) if not one.isdigit()), len(segments))
    return ".".join(segments[:first_word])


def _bumped(version: str) -> str:
    """Return the upper end of ``~> version``: the last number goes, the one before it grows."""
    segments = _released(version).split(".")
    kept = segments[:-1] or segments
    return ".".join((*kept[:-1], str(int(kept[-1]) + 1))) if kept[-1].isdigit() else version


def _swift(text: str) -> Callable[[str], bool]:
    plain = text.replace('"', "").replace(" ", "")
    if interval := _SWIFT_INTERVAL.fullmatch(plain):
        low = _bound("swift", text, ">=", interval["low"])
        closed = interval["kind"] == "..."
        high = _bound("swift", text, "<=" if closed else "<", interval["high"])
        if low.place > high.place:
            raise RangeError(text, "ends before it begins", "Write the lower version first.")
        return _all_of("swift", low, high)
    named = _SWIFT_NAMED.fullmatch(plain)
    if named is None:
        raise RangeError(
            text, "is no range of Swift", "Write 1.2.0..<2.0.0, from: 1.2.0 or exact: 1.2.0."
        )
    lowest = _bound("swift", text, ">=", named["version"])
    if named["kind"] == "exact":
        return _all_of("swift", _bound("swift", text, "=", named["version"]))
    major, minor = (int(number) for number in re.split(r"[.+-]", named["version"])[:2])
    end = f"{major}.{minor + 1}.0" if named["kind"] == "upToNextMinor" else f"{major + 1}.0.0"
    # The end's own pre-releases are not in: 2.0.0-beta is not `from: 1.0.0-beta`.
    return _all_of("swift", lowest, _bound("swift", text, "<", f"{end}-0"))
