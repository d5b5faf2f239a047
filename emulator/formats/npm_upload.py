"""Takes an npm publish body apart as it arrives: the document, and the tarball for the disk."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from emulator import json_documents

MAX_DOCUMENT = 16 * 1024 * 1024  # not documented: our choice, for all but the tarball
MAX_DEPTH = 64  # not documented: our choice

_STRUCTURE = re.compile(rb'["{}\[\]:,]')
_END_OF_RUN = re.compile(rb'["\\]')


class MalformedUpload(ValueError):
    """A publish body that is not what npm sends."""


class Sink(Protocol):
    """What the tarball's bytes are written to."""

    def write(self, content: bytes) -> None:
        """*content* is appended."""
        ...


@dataclass(slots=True)
class _Container:
    """An object or array that is still open; *key* is the member that is being read."""

    opened_by: bytes
    key: str | None = None


@dataclass(slots=True)
class Upload:
    """
    A publish body of npm, of which only the part that is not the tarball is kept in memory.

    npm sends the tarball as one base64 string, ``_attachments.{file}.data``, of up to 2 GB (User
    Guide, quotas). It is decoded into *tarball*; the document keeps an empty string in its place.
    Attachments that are no ``.tgz`` (provenance) stay in the document.
    """

    tarball: Sink
    attachment: str | None = None
    _document: bytearray = field(default_factory=bytearray)
    _open: list[_Container] = field(default_factory=list)
    _string: bytearray | None = None
    _last_string: bytes = b""
    _escaped: bool = False
    _in_tarball: bool = False
    _undecoded: bytes = b""
    _padded: bool = False

    def feed(self, chunk: bytes) -> None:
        """
        Take the next bytes of the body.

        Raises:
            MalformedUpload: They cannot be part of what npm sends.
        """
        position = 0
        while position < len(chunk):
            if self._in_tarball:
                position = self._read_tarball(chunk, position)
            elif self._string is not None:
                position = self._read_string(chunk, position)
            else:
                position = self._read_structure(chunk, position)
            if len(self._document) > MAX_DOCUMENT:
                raise MalformedUpload(
                    f"The document without its tarball is larger than {MAX_DOCUMENT} bytes."
                )

    def finish(self) -> Mapping[str, object]:
        """
        Return the document, its tarball replaced by an empty string.

        Raises:
            MalformedUpload: The body is no JSON object, or it ended too early.
        """
        if self._in_tarball or self._string is not None:
            raise MalformedUpload("The body ends inside a string.")
        try:
            document = json_documents.parse(self._document)
        except ValueError as error:
            raise MalformedUpload(f"The body is no JSON document: {error}") from error
        if not isinstance(document, dict):
            raise MalformedUpload("The body is no JSON object.")
        return document

    def _read_structure(self, chunk: bytes, start: int) -> int:
        match = _STRUCTURE.search(chunk, start)
        if match is None:
            self._document += chunk[start:]
            return len(chunk)
        token = match[0]
        self._document += chunk[start : match.end()]
        if token == b'"':
            self._open_string()
        elif token in b"{[":
            if len(self._open) >= MAX_DEPTH:
                raise MalformedUpload(f"The document is nested more than {MAX_DEPTH} levels deep.")
            self._open.append(_Container(token))
        elif token in b"}]":
            if self._open:
                self._open.pop()
        elif self._open and self._open[-1].opened_by == b"{":
            self._open[-1].key = self._key() if token == b":" else None
        return match.end()

    def _open_string(self) -> None:
        keys = [each.key for each in self._open]
        match keys:
            case ["_attachments", str(name), "data"] if name.endswith(".tgz"):
                if self.attachment is not None:
                    raise MalformedUpload("The body holds more than one tarball.")
                self.attachment = name
                self._in_tarball = True
            case _:
                self._string = bytearray()

    def _key(self) -> str:
        try:
            return str(json.loads(b'"' + self._last_string + b'"'))
        except ValueError as error:
            raise MalformedUpload("The body has a member whose name is no string.") from error

    def _read_string(self, chunk: bytes, start: int) -> int:
        string = self._string if self._string is not None else bytearray()
        if self._escaped:
            self._escaped = False
            end = start + 1
        else:
            match = _END_OF_RUN.search(chunk, start)
            if match is None:
                end = len(chunk)
            elif match[0] == b'"':
                self._last_string = bytes(string + chunk[start : match.start()])
                self._string = None
                self._document += chunk[start : match.end()]
                return match.end()
            else:
                self._escaped = True
                end = match.end()
        string += chunk[start:end]
        self._document += chunk[start:end]
        return end

    def _read_tarball(self, chunk: bytes, start: int) -> int:
        end = chunk.find(b'"', start)
        closed = end >= 0
        run = self._undecoded + chunk[start : end if closed else len(chunk)]
        run = run.replace(b"\\/", b"/")  # JSON writers may escape a slash
        usable = len(run) if closed else len(run.rstrip(b"\\")) // 4 * 4
        self._decode(run[:usable])
        self._undecoded = run[usable:]
        if not closed:
            return len(chunk)
        self._in_tarball = False
        self._document += b'"'
        return end + 1

    def _decode(self, encoded: bytes) -> None:
        if not encoded:
            return
        if self._padded:
            raise MalformedUpload("The tarball goes on after its base64 padding.")
        if len(encoded) % 4:  # which Python's own strict mode overlooks
            raise MalformedUpload("The tarball is not base64: it ends inside a group of four.")
        self._padded = encoded.endswith(b"=")
        try:
            self.tarball.write(binascii.a2b_base64(encoded, strict_mode=True))
        except binascii.Error as error:
            raise MalformedUpload(f"The tarball is not base64: {error}") from error
