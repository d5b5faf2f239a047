"""Takes a NuGet push apart as it arrives: the first part is the package, straight to the disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState

from emulator.core.errors import Validation

if TYPE_CHECKING:
    from emulator.core.assets import AssetWriter


@dataclass(slots=True)
class Upload:
    """
    A push while it arrives; its first part, whatever its name, goes to *writer*.

    Further parts are ignored ("Push and Delete", NuGet API).
    """

    boundary: bytes
    writer: AssetWriter
    _parts: int = 0
    _parser: MultipartParser = field(init=False)

    def __post_init__(self) -> None:
        self._parser = MultipartParser(
            self.boundary, {"on_part_begin": self._begin, "on_part_data": self._take}
        )

    def feed(self, chunk: bytes) -> None:
        """
        Take the next bytes of the form.

        Raises:
            Validation: They cannot be part of one.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise Validation(f"The form is malformed: {error}") from error

    def finish(self) -> None:
        """
        The form is whole.

        Raises:
            Validation: It ended too early, or has no part.
        """
        if self._parser.state != MultipartState.END:
            raise Validation("The form ends before its last boundary.")
        if not self._parts:
            raise Validation("The form has no package.")

    def _begin(self) -> None:
        self._parts += 1

    def _take(self, text: bytes, start: int, end: int) -> None:
        if self._parts == 1:
            self.writer.write(memoryview(text)[start:end])
