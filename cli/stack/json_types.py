"""The types of documents that come from JSON and YAML, whose shape is not known beforehand."""

from collections.abc import Mapping
from typing import cast

type_error = "expected {expected} in {where}, found {found!r}"

Json = object
"""A value of a JSON document: None, bool, int, float, str, list or dict."""

Document = dict[str, object]
"""A JSON object."""


def as_document(value: object, where: str) -> Document:
    """
    Return *value* as a JSON object.

    Raises:
        TypeError: It is something else; the message says what, and *where*.
    """
    if not isinstance(value, Mapping):
        raise TypeError(type_error.format(expected="an object", where=where, found=value))
    return cast("Document", value)


def as_list(value: object, where: str) -> list[object]:
    """
    Return *value* as a JSON array.

    Raises:
        TypeError: It is something else; the message says what, and *where*.
    """
    if not isinstance(value, list):
        raise TypeError(type_error.format(expected="a list", where=where, found=value))
    return cast("list[object]", value)
