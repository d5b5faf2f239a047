"""What a target gets: the event, a part of it, a constant, or a text made from it."""

import json
import re
from typing import cast

from cli.stack.json_types import Document

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")  # EventBridge User Guide, input transformation


def target_input(target: Document, event: Document) -> str:
    """
    Return the text that a target receives for *event*.

    Of `Input`, `InputPath` and `InputTransformer`, the one that the target has decides (API
    Reference, Target); without any, it is the whole event, compact as EventBridge sends it.
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        return _json(value_at(event, str(target["InputPath"])))
    transformer = cast("Document | None", target.get("InputTransformer"))
    if transformer is None:
        return _json(event)
    paths = cast("dict[str, str]", transformer.get("InputPathsMap") or {})
    values = {name: value_at(event, path) for name, path in paths.items()}
    values["aws.events.event.json"] = event
    values["aws.events.event"] = event
    return _filled(str(transformer["InputTemplate"]), values)


def value_at(event: object, path: str) -> object:
    """Return the value at a JSON path of names and indexes (`$.detail.items[0]`), else None."""
    value = event
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def _filled(template: str, values: dict[str, object]) -> str:
    """Return the template with its placeholders filled in; in quotes a text is not quoted again."""

    def replace(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in values:
            return found.group(0)
        value = values[name]
        inside_quotes = template[: found.start()].count('"') % 2 == 1
        if inside_quotes and isinstance(value, str):
            return json.dumps(value)[1:-1]
        if inside_quotes:
            return json.dumps(_json(value))[1:-1]
        return _json(value)

    return _PLACEHOLDER.sub(replace, template)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
