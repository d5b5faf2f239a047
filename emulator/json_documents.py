"""JSON documents from outside, read so that whatever was accepted can be written again."""

from __future__ import annotations

import json


def parse(raw: bytes | bytearray) -> object:
    """
    Return the document.

    Raises:
        ValueError: It is no JSON, nested too deeply, or holds what no answer could: half a
            character (a lone surrogate), or a number beyond all bounds.
    """
    try:
        document: object = json.loads(raw)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return document
