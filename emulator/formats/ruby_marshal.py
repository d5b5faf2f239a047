"""Writes Ruby's own serialisation: the answers to clients that do not read the Compact Index."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emulator.core.gems import ANY_VERSION, Entry

VERSION = b"\x04\x08"  # "Marshal Format", Ruby documentation
SPECIFICATION_VERSION = 4  # Gem::Specification::CURRENT_SPECIFICATION_VERSION

_SMALL = 123  # numbers from -123 to 122 take one byte, the same document
_INTEGERS = 4  # bytes at most


@dataclass(frozen=True, slots=True)
class Symbol:
    """``:name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Dumped:
    """An object whose class has ``marshal_dump``, which has given *value*."""

    class_name: str
    value: object


@dataclass(frozen=True, slots=True)
class Plain:
    """An object by its instance variables."""

    class_name: str
    variables: Mapping[str, object]


def dump(value: object) -> bytes:
    """Return *value* as ``Marshal.dump`` would write it, without references to what was before."""
    return VERSION + _written(value)


def dependencies(entries: Iterable[Entry]) -> bytes:
    """Return the answer of the dependency API (``api/v1/dependencies``, as Bundler reads it)."""
    return dump(
        [
            {
                Symbol("name"): each.name,
                Symbol("number"): each.number,
                Symbol("platform"): each.platform,
                Symbol("dependencies"): [list(one) for one in each.dependencies],
            }
            for each in entries
        ]
    )


def specification(entry: Entry, summary: str) -> bytes:
    """
    Return the compressed ``Gem::Specification`` that ``quick/Marshal.4.8`` serves.

    Its fields are in the order of ``Gem::Specification#_dump``; clients read what they resolve with
    from it, and the rest from the gem itself.
    """
    fields = [
        "3.0.0",  # rubygems_version
        SPECIFICATION_VERSION,
        entry.name,
        _version(entry.number),
        None,  # date
        summary,
        _requirement(entry.ruby),
        _requirement(entry.rubygems),
        entry.platform,  # original_platform
        [_dependency(name, wanted) for name, wanted in entry.dependencies],
        "",  # rubyforge_project
        None,  # email
        [],  # authors
        None,  # description
        None,  # homepage
        True,  # has_rdoc
        entry.platform,  # new_platform
        [],  # licenses
        {},  # metadata
    ]
    dumped = dump(fields)
    name = _written(Symbol("Gem::Specification"))
    return zlib.compress(VERSION + b"u" + name + _number(len(dumped)) + dumped)


def _version(number: str) -> Dumped:
    return Dumped("Gem::Version", [number])


def _requirement(text: str) -> Dumped:
    parts = [part.strip().partition(" ") for part in (text or ANY_VERSION).split(",")]
    pairs = [
        [operator, _version(number)] if number else ["=", _version(operator)]
        for operator, _, number in parts
    ]
    return Dumped("Gem::Requirement", [pairs])


def _dependency(name: str, wanted: str) -> Plain:
    requirement = _requirement(wanted)
    return Plain(
        "Gem::Dependency",
        {
            "@name": name,
            "@requirement": requirement,
            "@type": Symbol("runtime"),
            "@prerelease": False,
            "@version_requirements": requirement,
        },
    )


def _written(value: object) -> bytes:  # noqa: PLR0911  one for each kind of value
    match value:
        case None:
            return b"0"
        case bool():
            return b"T" if value else b"F"
        case int():
            return b"i" + _number(value)
        case str():
            # With an instance variable that says that it is UTF-8.
            encoding = _number(1) + _written(Symbol("E")) + b"T"
            return b'I"' + _counted(value.encode()) + encoding
        case Symbol(name):
            return b":" + _counted(name.encode())
        case Dumped(class_name, content):
            return b"U" + _written(Symbol(class_name)) + _written(content)
        case Plain(class_name, variables):
            pairs = {Symbol(name): each for name, each in variables.items()}
            return b"o" + _written(Symbol(class_name)) + _pairs(pairs)
        case Mapping():
            return b"{" + _pairs(value)
        case Sequence():
            return b"[" + _number(len(value)) + b"".join(_written(each) for each in value)
        case _:
            raise TypeError(f"{type(value).__name__} is nothing that gems are described with")


def _pairs(pairs: Mapping[Symbol, object]) -> bytes:
    written = (_written(key) + _written(each) for key, each in pairs.items())
    return _number(len(pairs)) + b"".join(written)


def _counted(content: bytes) -> bytes:
    return _number(len(content)) + content


def _number(value: int) -> bytes:
    """Return a whole number that is not negative, as lengths are."""
    if value == 0:
        return b"\x00"
    if value < _SMALL:
        return bytes([value + 5])
    size = (value.bit_length() + 7) // 8
    if size > _INTEGERS:
        raise ValueError(f"{value} is no length")
    return bytes([size]) + value.to_bytes(size, "little")
