"""Reading one list or object of a JSON document while it comes, member by member."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from typing import Final

# Our choice. Many bytes of memory come from few of JSON (``[],``), and threads read side by side;
# the manifest of one npm version or the list of all versions on a project page has less.
LARGEST_VALUE: Final = 2 * 1024 * 1024
MEMBERS: Final = 500_000  # our choice: the largest project pages have some 20,000 files

_BLANK: Final = " \t\r\n"
_ENDS: Final = _BLANK + ",:]}"  # what may stand behind a value
_DECODER: Final = json.JSONDecoder()


class Members:
    """
    Passes on the members of what stands under *key* at the top of a JSON object.

    Of the document no more is held than the value that is being read.
    """

    def __init__(self, key: str, on_member: Callable[[str, object], None]) -> None:
        """
        Wait for the first piece.

        Args:
            on_member: Gets each member of the object, or of the list with "" as its name.
        """
        self._key = key
        self._on_member = on_member
        self._text = ""
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._step: Callable[[], bool] = self._begin
        self._again_at = 0
        self._closing = ""
        self._count = 0

    def feed(self, piece: bytes) -> None:
        """
        Read on.

        Raises:
            ValueError: It is no JSON object, or one of its values is too large.
        """
        self._text += self._utf8.decode(piece)
        if len(self._text) < self._again_at:
            return
        try:
            while self._step():
                pass
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if len(self._text) > LARGEST_VALUE:
            raise ValueError(f"one of its values has more than {LARGEST_VALUE} characters")
        # Each attempt begins anew: with half as much again, all of them together are linear.
        self._again_at = len(self._text) * 3 // 2

    def finish(self) -> None:
        """
        Say that this was the last piece.

        Raises:
            ValueError: The document does not end here.
        """
        self._again_at = 0
        self.feed(self._utf8.decode(b"", final=True).encode())
        if self._step != self._end:
            raise ValueError("it ends too early")

    def _begin(self) -> bool:
        return self._take("{") and self._go(self._name)

    def _end(self) -> bool:
        if self._text.strip(_BLANK):
            raise ValueError("something follows it")
        return False

    def _name(self) -> bool:
        """Read a name at the top and what stands before its value."""
        text = self._text.lstrip(_BLANK)
        if text.startswith("}"):
            self._text = text[1:]
            return self._go(self._end)
        name, end = _decoded(text, 0)
        rest = text[end:].lstrip(_BLANK) if end else ""
        value = rest[1:].lstrip(_BLANK)
        if not value:
            return False
        if rest[0] != ":" or not isinstance(name, str):
            raise ValueError("it is no JSON object")
        if name == self._key and value[0] in "[{":
            self._text = value[1:]
            self._closing = "]" if value[0] == "[" else "}"
            return self._go(self._members)
        self._text = value
        return self._go(self._other)

    def _other(self) -> bool:
        """Pass over a value at the top."""
        _, end = _decoded(self._text, 0)
        if not end:
            return False
        self._text = self._text[end:]
        return self._go(self._after)

    def _after(self) -> bool:
        """Read what follows a value at the top."""
        text = self._text.lstrip(_BLANK)
        if not text:
            return False
        if text[0] not in ",}":
            raise ValueError("it is no JSON object")
        self._text = text[1:]
        return self._go(self._name if text[0] == "," else self._end)

    def _members(self) -> bool:
        """Pass on as many members as are there."""
        text, at = self._text, 0
        try:
            while True:
                begin = at = _past(text, at, _BLANK + ",")
                if at < len(text) and text[at] == self._closing:
                    at += 1
                    return self._go(self._after)
                name: object = ""
                if self._closing == "}":
                    name, colon = _decoded(text, at)
                    at = _past(text, colon, _BLANK + ":") if colon else 0
                value, end = _decoded(text, at) if at or self._closing == "]" else (None, 0)
                if not end:
                    at = begin
                    return False
                at = end
                self._pass_on(name, value)
        finally:
            self._text = text[at:]

    def _pass_on(self, name: object, value: object) -> None:
        self._count += 1
        if self._count > MEMBERS:
            raise ValueError(f"it has more than {MEMBERS} members")
        if not isinstance(name, str):
            raise ValueError("it is no JSON object")  # noqa: TRY004  what JSON readers raise
        self._on_member(name, value)

    def _take(self, character: str) -> bool:
        text = self._text.lstrip(_BLANK + "\ufeff")
        if text and text[0] != character:
            raise ValueError("it is no JSON object")
        self._text = text[1:]
        return bool(text)

    def _go(self, step: Callable[[], bool]) -> bool:
        self._step = step
        return True


def _past(text: str, at: int, characters: str) -> int:
    """Return where in *text*, from *at*, something else than *characters* stands."""
    while at < len(text) and text[at] in characters:
        at += 1
    return at


def _decoded(text: str, at: int) -> tuple[object, int]:
    """Return the value at *at* and where it ends; 0: it is not all there yet."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except ValueError:
        return None, 0
    # A number may go on: "0" is one, and so is "0.5".
    return (value, end) if end < len(text) and text[end] in _ENDS else (None, 0)
