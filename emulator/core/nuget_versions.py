"""Versions of NuGet packages: as CodeArtifact stores them, and their order."""

from __future__ import annotations

import re

_VERSION = re.compile(
    r"(?P<numbers>[0-9]+(?:\.[0-9]+){0,3})"
    r"(?:-(?P<labels>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_MAX_LENGTH = 255  # PackageVersion, service model
_NUMBERS = 3  # major.minor.patch; a fourth one is the revision

Order = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def is_version(text: str) -> bool:
    """Whether *text* is a version that NuGet takes ("Package versioning", NuGet)."""
    return _match(text) is not None


def normalised(text: str) -> str:
    """
    Return the version as it is stored: ``1.00`` is ``1.0.0``, ``1.0.01.0`` is ``1.0.1``.

    Leading zeros, a fourth number that is zero and build metadata are dropped (User Guide, NuGet
    name and version normalisation). Three numbers at least, as NuGet's own normalised versions
    have, and lower case: not documented, our choice, because clients ask for both. What is no
    version of NuGet's is returned as it is.
    """
    match = _match(text)
    if match is None:
        return text
    numbers = _numbers(match["numbers"])
    labels = match["labels"]
    core = ".".join(str(number) for number in numbers)
    return f"{core}-{labels.lower()}" if labels else core


def is_prerelease(version: str) -> bool:
    """Whether *version* has labels."""
    match = _match(version)
    return match is not None and match["labels"] is not None


def order(version: str) -> Order:
    """Return a sort key: by numbers, a prerelease before its release, labels as in SemVer 2."""
    match = _match(version)
    if match is None:
        return ((-1,), False, ((True, 0, version),))
    labels = match["labels"]
    return (
        tuple([*_numbers(match["numbers"]), 0][: _NUMBERS + 1]),
        labels is None,
        tuple(_label(each) for each in labels.lower().split(".")) if labels else (),
    )


def _match(text: str) -> re.Match[str] | None:
    return _VERSION.fullmatch(text) if len(text) <= _MAX_LENGTH else None


def _numbers(text: str) -> list[int]:
    numbers = [int(number) for number in text.split(".")]
    numbers += [0] * (_NUMBERS - len(numbers))
    return numbers[:_NUMBERS] if numbers[_NUMBERS:] == [0] else numbers


def _label(text: str) -> tuple[bool, int, str]:
    return (False, int(text), text) if text.isdigit() else (True, 0, text)
