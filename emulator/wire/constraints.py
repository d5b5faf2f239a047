"""Whether a value keeps the constraints of its shape."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from emulator.wire.model import Shape

_WHITESPACE = " \t\n\v\f\r"


def violations(value: object, shape: Shape, at: str) -> Iterator[str]:
    """
    Yield one sentence for each constraint of *shape* that *value*, found at *at*, breaks.

    Lengths, sizes and ranges, patterns (always of the whole string), enums and required members
    are checked, at any depth. Types have been checked before: this is about values.
    """
    match shape.kind:
        case "structure":
            assert isinstance(value, Mapping)  # noqa: S101  the parser made it one
            yield from structure_violations(value, shape, at)
        case "list":
            assert isinstance(value, list)  # noqa: S101  the parser made it one
            assert shape.element is not None  # noqa: S101  every list of the model has one
            yield from _size(len(value), shape, at, "length")
            for index, item in enumerate(value, start=1):
                yield from violations(item, shape.element, f"{at}.{index}.member")
        case "map":
            assert isinstance(value, Mapping)  # noqa: S101  the parser made it one
            assert shape.key is not None  # noqa: S101  every map of the model has one
            assert shape.element is not None  # noqa: S101  and this
            yield from _size(len(value), shape, at, "length")
            for key, item in value.items():
                yield from violations(key, shape.key, f"{at} (key)")
                yield from violations(item, shape.element, f"{at}.{key}")
        case "integer" | "long":
            assert isinstance(value, int)  # noqa: S101  the parser made it one
            yield from _size(value, shape, at, "value")
        case "string":
            assert isinstance(value, str)  # noqa: S101  the parser made it one
            yield from _string(value, shape, at)
        case "boolean" | "blob" | "timestamp":
            return


def structure_violations(members: Mapping[str, object], shape: Shape, at: str) -> Iterator[str]:
    """Yield the violations of a structure's members; *at* is empty for the request itself."""
    for member in shape.members:
        where = f"{at}.{member.name}" if at else member.name
        value = members.get(member.name)
        if value is not None:
            yield from violations(value, member.shape, where)
        elif member.required and member.location != "payload":
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


def _string(value: str, shape: Shape, at: str) -> Iterator[str]:
    yield from _size(len(value), shape, at, "length")
    if shape.pattern is not None and not _matcher(shape.pattern)(value):
        yield _failed(value, at, f"Member must satisfy regular expression pattern: {shape.pattern}")
    if shape.enum and value not in shape.enum:
        yield _failed(value, at, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _size(size: int, shape: Shape, at: str, noun: str) -> Iterator[str]:
    if shape.smallest is not None and size < shape.smallest:
        yield (
            f"Value at '{at}' failed to satisfy constraint: "
            f"Member must have {noun} greater than or equal to {shape.smallest}"
        )
    if shape.largest is not None and size > shape.largest:
        yield (
            f"Value at '{at}' failed to satisfy constraint: "
            f"Member must have {noun} less than or equal to {shape.largest}"
        )


def _failed(value: str, at: str, constraint: str) -> str:
    shown = value if len(value) <= 100 else f"{value[:100]}..."  # noqa: PLR2004  enough to see it
    return f"Value {shown!r} at '{at}' failed to satisfy constraint: {constraint}"


@lru_cache(maxsize=64)
def _matcher(pattern: str) -> Callable[[str], object]:
    r"""
    Return what says whether a whole string matches *pattern*, one of the model's.

    The model's patterns are Java's: four of them name Unicode categories, which Python's `re`
    does not know. Any other is the same in Python. A pattern with categories that a newer model
    may bring is refused here (``re.error``), not misread.
    """
    if pattern in _BY_CATEGORY:
        return _BY_CATEGORY[pattern]
    return re.compile(pattern).fullmatch


def _is_control(character: str) -> bool:
    return unicodedata.category(character).startswith("C")


def _no_control(value: str) -> bool:
    return value.isprintable() or not any(map(_is_control, value))


def _some_without_control(value: str) -> bool:
    return value != "" and _no_control(value)


def _text_or_whitespace(value: str) -> bool:
    return value != "" and not any(
        _is_control(character) and character not in _WHITESPACE for character in value
    )


def _no_control_no_whitespace(value: str) -> bool:
    return _some_without_control(value) and not any(map(str.isspace, value))


_BY_CATEGORY: Mapping[str, Callable[[str], bool]] = {
    r"\P{C}*": _no_control,
    r"\P{C}+": _some_without_control,
    r"[\P{C}\s]+": _text_or_whitespace,
    r"[^\p{C}\p{IsWhitespace}]+": _no_control_no_whitespace,
}
