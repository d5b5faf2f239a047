"""TOML and JSON that somebody else wrote: a table of texts and tables, or a reason why not."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Final

from steward.lockfiles.locked import LockfileError

Table = Mapping[str, object]

# tomllib's time grows with the square of the parts of a dotted key; our choice, far above the
# dots in any line of URLs that a tool writes.
_MOST_DOTS: Final = 2_000
_LINE: Final = re.compile(r"\(at line (?P<line>[0-9]+)")


def from_toml(text: str) -> Table:
    """
    Return what the TOML file *text* says.

    Raises:
        LockfileError: It is no TOML, or is nested too deeply.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS:
            raise LockfileError("it has a line of thousands of dots", number)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise LockfileError("it is nested too deeply") from error
    except ValueError as error:  # also of numbers with thousands of digits
        where = _LINE.search(str(error))  # else it is "at end of document"
        at = int(where["line"]) if where else text.count("\n") + 1
        raise LockfileError(f"it is no TOML: {error}", at) from error


def from_json(text: str) -> Table:
    """
    Return what the JSON file *text* says.

    Raises:
        LockfileError: It is no JSON, no object, or is nested too deeply.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise LockfileError(f"it is no JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise LockfileError("it is nested too deeply") from error
    except ValueError as error:  # numbers with thousands of digits
        raise LockfileError(f"it is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise LockfileError("it is no JSON object")
    return content


def table_in(holder: Table, key: str) -> Table:
    """Return the table *key* of *holder*; an empty one if it has none, or something else there."""
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def tables_in(holder: Table, key: str) -> list[Table]:
    """
    Return the array of tables *key* of *holder*; none if it is not there.

    Raises:
        LockfileError: Something else is there.
    """
    found = holder.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise LockfileError(f"its {key} are no tables")
    return found


def text_in(holder: Table, key: str) -> str | None:
    """Return the text *key* of *holder*; ``None`` if it has none, or something else there."""
    found = holder.get(key)
    return found if isinstance(found, str) else None
