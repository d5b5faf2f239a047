"""Members of the documents of a sweep, checked where they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast, overload

Document = Mapping[str, object]
Member = TypeVar("Member")


@overload
def member(said: Document, name: str, kind: type[Member]) -> Member: ...
@overload
def member(said: Document, name: str, kind: tuple[type[int], type[float]]) -> int | float: ...
def member(said: Document, name: str, kind: type[object] | tuple[type[object], ...]) -> object:
    """
    Return the member *name* of *said*.

    Raises:
        ValueError: There is none, or it is not of *kind*.
    """
    value = said.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{name} is {value!r:.100}")
    return value


def text_or_none(said: Document, name: str) -> str | None:
    """
    Return the text *name* of *said*; ``None`` if there is none.

    Raises:
        ValueError: It is something else.
    """
    return None if said.get(name) is None else member(said, name, str)


def number_or_none(said: Document, name: str) -> int | None:
    """
    Return the number *name* of *said*; ``None`` if there is none.

    Raises:
        ValueError: It is something else.
    """
    return None if said.get(name) is None else member(said, name, int)


def mapping_of_counts(said: Document, name: str) -> dict[str, int]:
    """
    Return the object *name* of *said*, whose members are numbers.

    Raises:
        ValueError: It is something else.
    """
    found = cast("dict[str, object]", member(said, name, dict))
    return {key: member(found, key, int) for key in found}
