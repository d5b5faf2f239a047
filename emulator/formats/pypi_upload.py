"""Takes a twine upload apart as it arrives: fields in memory, the file straight to the disk."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING

from packaging.utils import (
    InvalidName,
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState

from emulator.core.errors import Validation

if TYPE_CHECKING:
    from emulator.core.assets import AssetWriter

MAX_FIELDS = 8 * 1024 * 1024  # not documented: our choice; a README is among them
PART_OVERHEAD = 100  # what an empty field takes in memory, about
CONTENT = "content"
DIGESTS = {"md5_digest": "md5", "sha256_digest": "sha256", "blake2_256_digest": "blake2_256"}


def boundary_of(content_type: str | None) -> bytes:
    """
    Return the boundary of a multipart form.

    Raises:
        Validation: It is no multipart form.
    """
    message = Message()
    message["Content-Type"] = content_type or ""
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise Validation("An upload is a multipart/form-data form.")
    return boundary.encode("latin-1", "replace")


@dataclass(slots=True)
class Upload:
    """
    An upload while it arrives; ``content`` goes to *writer*.

    Attributes:
        fields: The other parts that are no files, by name.
        filename: The name that the client gave its file.
    """

    boundary: bytes
    writer: AssetWriter
    fields: dict[str, list[str]] = field(default_factory=dict)
    filename: str | None = None
    _parser: MultipartParser = field(init=False)
    _blake2: hashlib.blake2b = field(init=False)
    _header: tuple[bytearray, bytearray] = field(init=False)
    _headers: dict[str, str] = field(default_factory=dict)
    _part: str | None = None
    _text: bytearray = field(default_factory=bytearray)
    _kept: int = 0

    def __post_init__(self) -> None:
        self._blake2 = hashlib.blake2b(digest_size=32)
        self._header = (bytearray(), bytearray())
        self._parser = MultipartParser(
            self.boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda text, i, j: self._header[0].extend(text[i:j]),
                "on_header_value": lambda text, i, j: self._header[1].extend(text[i:j]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._take,
                "on_part_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """
        Take the next bytes of the form.

        Raises:
            Validation: They cannot be part of one, or its fields are of absurd size.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise Validation(f"The form is malformed: {error}") from error

    def finish(self) -> None:
        """
        The form is whole and its file is the one that its digests describe.

        Raises:
            Validation: The form ended too early, or has no file, or another one.
        """
        if self._parser.state != MultipartState.END:
            raise Validation("The form ends before its last boundary.")
        if self.filename is None:
            raise Validation("The form has no content.")
        actual = {**self.writer.hexdigests(), "blake2_256": self._blake2.hexdigest()}
        for name, algorithm in DIGESTS.items():
            given = self.first(name).strip().lower()
            if given and not hmac.compare_digest(given.encode(), actual[algorithm].encode()):
                raise Validation(f"The {name} of the form is not that of its content.")

    def first(self, name: str) -> str:
        """Return the first value of a field; empty when there is none."""
        return next(iter(self.fields.get(name, ())), "")

    def _begin(self) -> None:
        self._headers = {}
        self._part = None
        self._text = bytearray()

    def _end_header(self) -> None:
        name, value = (part.decode("utf-8", "replace") for part in self._header)
        self._headers[name.lower()] = value
        self._header = (bytearray(), bytearray())

    def _end_headers(self) -> None:
        message = Message()
        message["Content-Disposition"] = self._headers.get("content-disposition", "")
        part = message.get_param("name", header="Content-Disposition")
        filename = message.get_filename()
        if not isinstance(part, str):
            raise Validation("A part of the form has no name.")
        self._part = part
        self._keep(len(part) + PART_OVERHEAD)
        if part == CONTENT:
            if self.filename is not None or not filename:
                raise Validation("An upload has one content, with the name of its file.")
            self.filename = filename

    def _take(self, text: bytes, start: int, end: int) -> None:
        piece = memoryview(text)[start:end]
        if self._part == CONTENT:
            self._blake2.update(piece)
            self.writer.write(piece)
            return
        self._keep(len(piece))
        self._text += piece

    def _keep(self, size: int) -> None:
        self._kept += size
        if self._kept > MAX_FIELDS:
            raise Validation(f"The fields of the form are larger than {MAX_FIELDS} bytes.")

    def _end(self) -> None:
        if self._part is not None and self._part != CONTENT:
            self.fields.setdefault(self._part, []).append(self._text.decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Distribution:
    """A file that was uploaded whole: what it is of, by normalised version, and its metadata."""

    name: str
    version: str
    filename: str
    fields: dict[str, list[str]]


def distribution(upload: Upload) -> Distribution:
    """
    Return what was uploaded.

    Raises:
        Validation: It is no upload of a file, its name or version is no valid one, or its file name
            says otherwise.
    """
    if upload.first(":action") != "file_upload":
        raise Validation("The only :action of an upload is file_upload.")
    if upload.first("protocol_version") not in {"", "1"}:
        raise Validation("The only protocol_version of an upload is 1.")
    name, filename = upload.first("name"), upload.filename or ""
    if not name:
        raise Validation("The form has no name.")
    try:
        version = Version(upload.first("version"))
        if filename.endswith(".whl"):
            named, numbered, _, _ = parse_wheel_filename(filename)
        else:
            named, numbered = parse_sdist_filename(filename)
        wanted = canonicalize_name(name, validate=True)
    except (InvalidName, InvalidVersion, InvalidWheelFilename, InvalidSdistFilename) as error:
        raise Validation(f"{filename!r} of {name!r} is not named as it must: {error}") from error
    if (named, numbered) != (wanted, version):
        raise Validation(f"{filename!r} is no file of {name} {version}.")
    return Distribution(name, str(version), filename, upload.fields)
