"""The types of documents that come from JSON and YAML, whose shape is not known beforehand."""

from collections.abc import Mapping
from typing import cast

Document = dict[str, object]
"""A JSON object."""


def as_document(value: object, where: str) -> Document:
    """
    Return *value* as a JSON object.

    Raises:
        TypeError: It is something else; the message says what, and *where*.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object in {where}, found {value!r}")
    return cast("Document", value)


def as_list(value: object, where: str) -> list[object]:
    """
    Return *value* as a JSON array.

    Raises:
        TypeError: It is something else; the message says what, and *where*.
    """
    if not isinstance(value, list):
        raise TypeError(f"expected a list in {where}, found {value!r}")
    return cast("list[object]", value)
