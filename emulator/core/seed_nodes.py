"""One object of a seed document: what it holds, checked, with the path for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from emulator.core.errors import Validation

_Choice = TypeVar("_Choice", bound=str)
_Item = TypeVar("_Item")


class Node:
    """One JSON object of the document and where it stands."""

    def __init__(self, value: object, path: str, allowed: str) -> None:
        if not isinstance(value, dict):
            raise Validation(f"{path} must be an object", reason="CANNOT_PARSE")
        unknown = set(value) - set(allowed.split())
        if unknown:
            raise Validation(f"{path} has unknown keys: {', '.join(sorted(map(str, unknown)))}")
        self._value: dict[str, object] = value
        self._path = path

    def refuse(self, key: str, problem: str) -> Validation:
        """Return the refusal of what *key* holds."""
        return Validation(f"{self._path}.{key} {problem}")

    def get(self, key: str) -> object:
        """Return what *key* holds, ``None`` if nothing."""
        return self._value.get(key)

    def text(self, key: str, pattern: re.Pattern[str], default: str | None = None) -> str:
        """Return a text that matches *pattern* as a whole."""
        value = self._value.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise self.refuse(key, f"must match {pattern.pattern}, not {value!r}")
        return value

    def choice(
        self, key: str, allowed: frozenset[_Choice], default: _Choice | None = None
    ) -> _Choice:
        """Return one of *allowed*."""
        value = self._value.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in allowed:
            raise self.refuse(key, f"must be one of {', '.join(sorted(allowed))}, not {value!r}")
        return value

    def each(self, key: str, allowed: str) -> Iterator[Node]:
        """Yield the objects of a list, which may have the keys *allowed*."""
        value = self._value.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.refuse(key, "must be a list")
        for index, item in enumerate(value):
            yield Node(item, f"{self._path}.{key}[{index}]", allowed)

    def inner(self, key: str, allowed: str) -> Node | None:
        """Return an object, which may have the keys *allowed*, or ``None``."""
        value = self._value.get(key)
        return None if value is None else Node(value, f"{self._path}.{key}", allowed)

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of strings, or ``None``."""
        value = self._value.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.refuse(key, "must be a list of strings")
        return tuple(value)

    def mapping(self, key: str) -> dict[str, object]:
        """Return an object of any keys, empty if there is none."""
        value = self._value.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.refuse(key, "must be an object")
        return value

    def unique(self, items: list[_Item], name: Callable[[_Item], object]) -> tuple[_Item, ...]:
        """Return *items*, of which no two have the same *name*."""
        seen: set[object] = set()
        for item in items:
            if name(item) in seen:
                raise Validation(f"{self._path} names {name(item)} twice")
            seen.add(name(item))
        return tuple(items)

    def time(self, key: str) -> datetime | None:
        """Return an aware UTC time; one without an offset is UTC."""
        value = self._value.get(key)
        if value is None:
            return None
        try:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, UTC)
            found = datetime.fromisoformat(str(value))
        except (ValueError, OverflowError, OSError):
            problem = f"must be an ISO 8601 time or seconds since 1970, not {value!r}"
            raise self.refuse(key, problem) from None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
