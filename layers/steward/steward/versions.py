"""
Which versions are builds on the way to a release, and which of two builds is the newer one.

A *build* is a version that its successor replaces: a Maven snapshot build, or a numbered
pre-release of npm, PyPI or NuGet. Builds of one *series* replace each other; builds
of two series never do.

============ ============================ ======================= ===========================
format       a build                      its series              its position
============ ============================ ======================= ===========================
maven        ``1.4-20260301.101500-7``    ``1.4``                 time, then build number
npm          ``1.4.0-dev.7``              ``1.4.0-dev``           7
pypi         ``1.4.0.dev7``, ``1.4rc2``   ``1.4.dev``, ``1.4rc``  7, 2
nuget        ``1.4.0-ci.7``               ``1.4.0.0-ci``          7
============ ============================ ======================= ===========================

Our choices, where the formats leave one:

- The label belongs to the series. ``1.4.0-beta.1`` follows ``1.4.0-alpha.9`` in npm's order, yet it
  does not replace it: people stay on a label, and ``dev`` follows ``beta`` only by the alphabet.
- A release replaces no build: the last pre-release of each label stays what it is.
- Within a series the formats order by the number alone. Build metadata (``+sha``) and PyPI's local
  versions say nothing about time, so builds that differ only there do not replace each other.
- A pre-release without a number of its own (``1.4.0-dev``, ``1.4.0-dev7``) is no build.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from steward.coordinates import Format

# Our choice, as for positions (`version_order.py`): rules ask several times about each version.
REMEMBERED: Final = 2_048
MAX_VERSION_LENGTH: Final = 255  # PackageVersion, service model

# "Maven snapshots", User Guide: {base}-{yyyyMMdd}.{HHmmss}-{number}, in UTC. Maven counts from 1.
_SNAPSHOT_BUILD: Final = re.compile(
    r"(?P<base>.+)-(?P<time>[0-9]{8}\.[0-9]{6})-(?P<number>[1-9][0-9]*)"
)
_LIKE_A_SNAPSHOT_BUILD: Final = re.compile(r"(.*-)?[0-9]{8}\.[0-9]{6}-[0-9]+")
# NuGet's "Package versioning": up to four numbers, labels compared without case, leading zeros
# dropped. Only versions with a label are of interest here.
_NUGET_PRERELEASE: Final = re.compile(
    r"(?P<release>[0-9]+(?:\.[0-9]+){0,3})"
    r"-(?P<label>(?:[0-9A-Za-z-]+\.)*)(?P<number>[0-9]+)"
    r"(?:\+[0-9A-Za-z.-]+)?"
)
_NUGET_NUMBERS: Final = 4


@dataclass(frozen=True, slots=True)
class Build:
    """
    What the name of a build says.

    Attributes:
        series: Builds with equal series replace each other.
        position: Greater is newer; comparable within a series.
        made_at: When it was made (UTC), where the name says so: Maven only.
    """

    series: str
    position: tuple[int, ...]
    made_at: datetime | None = None


@lru_cache(maxsize=REMEMBERED)
def build_of(package_format: Format, version: str) -> Build | None:
    """
    Return what *version* says about itself as a build, or ``None`` if it is no build.

    ``X-SNAPSHOT``, releases, and versions that only look like builds (an impossible date, a build
    number with leading zeros, digits that are not ASCII) are no builds, and so are all versions of
    formats that have no notion of one. The last answers are remembered.
    """
    if len(version) > MAX_VERSION_LENGTH:
        return None
    match package_format:
        case "maven":
            return _maven_build(version)
        case "npm":
            return _npm_build(version)
        case "pypi":
            return _pypi_build(version)
        case "nuget":
            return _nuget_build(version)
        case _:
            return None


def _maven_build(version: str) -> Build | None:
    match = _SNAPSHOT_BUILD.fullmatch(version)
    if match is None:
        return None
    text = match["time"]
    try:
        # Not strptime: it is slow to import and lenient about the number of digits.
        made_at = datetime(
            int(text[0:4]),
            int(text[4:6]),
            int(text[6:8]),
            int(text[9:11]),
            int(text[11:13]),
            int(text[13:15]),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return Build(match["base"], (int(text[:8] + text[9:]), int(match["number"])), made_at)


def _npm_build(version: str) -> Build | None:
    from semver import Version  # noqa: PLC0415  only policies with a rule for npm pay for it

    # The library's pattern lets other scripts' digits through; most versions are plain releases.
    if "-" not in version or not version.isascii():
        return None
    try:
        parsed = Version.parse(version)
    except ValueError:
        return None
    label, _, number = (parsed.prerelease or "").rpartition(".")
    if not number.isdigit():
        return None
    release = f"{parsed.major}.{parsed.minor}.{parsed.patch}"
    return Build(f"{release}-{label}", (int(number),))


def _pypi_build(version: str) -> Build | None:
    from packaging.version import (  # noqa: PLC0415  only policies with a rule for PyPI pay for it
        InvalidVersion,
        Version,
    )

    if not version.isascii():
        return None
    try:
        parsed = Version(version)
    except InvalidVersion:
        return None
    release = ".".join(str(number) for number in parsed.release)
    while release.endswith(".0"):  # 1.4 and 1.4.0 are one release, "Version specifiers" (PyPA)
        release = release.removesuffix(".0")
    base = f"{parsed.epoch}!{release}"
    if parsed.dev is not None:
        pre = "".join(str(part) for part in parsed.pre or ())
        post = "" if parsed.post is None else f".post{parsed.post}"
        return Build(f"{base}{pre}{post}.dev", (parsed.dev,))
    if parsed.pre is not None and parsed.post is None:
        label, number = parsed.pre
        return Build(f"{base}{label}", (number,))
    return None


def _nuget_build(version: str) -> Build | None:
    match = _NUGET_PRERELEASE.fullmatch(version)
    if match is None:
        return None
    numbers = [int(number) for number in match["release"].split(".")]
    numbers += [0] * (_NUGET_NUMBERS - len(numbers))
    release = ".".join(str(number) for number in numbers)
    label = match["label"].rstrip(".").lower()
    return Build(f"{release}-{label}", (int(match["number"]),))


def is_release(package_format: Format, version: str) -> bool | None:
    """
    Return whether *version* is a release: neither a pre-release nor a snapshot.

    Returns:
        ``None`` if it is no version of the format, or the format has no notion of a release.
    """
    from steward.version_order import (  # noqa: PLC0415  only rules that ask for releases need it
        is_prerelease,
    )

    before = is_prerelease(package_format, version)
    return None if before is None else not before and not is_snapshot(package_format, version)


def is_snapshot(package_format: Format, version: str) -> bool:
    """
    Return whether *version* is a Maven snapshot: ``X-SNAPSHOT`` or one of its builds.

    As Maven decides it ("Maven snapshots", User Guide), so also where the time is impossible.
    """
    if package_format != "maven":
        return False
    return (
        is_snapshot_alias(package_format, version)
        or _LIKE_A_SNAPSHOT_BUILD.fullmatch(version) is not None
    )


def is_snapshot_alias(package_format: Format, version: str) -> bool:
    """Return whether *version* is ``X-SNAPSHOT`` of Maven, which names the newest build of X."""
    return package_format == "maven" and version.upper().endswith("SNAPSHOT")
