"""The event rules of `template.yaml`, as matchers: which events an automation is woken by."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


def rule(logical_id: str, *, domain: str, account: str) -> Callable[[object], bool]:
    """Return whether an event matches a rule of the template, whose parameters are filled in."""
    from moto.events.models import EventPattern  # a second of imports

    class Loader(yaml.SafeLoader):
        """Reads the template's short forms of intrinsic functions."""

    def intrinsic(_: yaml.SafeLoader, tag: str, node: yaml.Node) -> object:
        if tag == "Ref" and isinstance(node, yaml.ScalarNode):
            return {"DomainName": domain, "AWS::AccountId": account}.get(node.value, node.value)
        return tag

    Loader.add_multi_constructor("!", intrinsic)
    template: Any = yaml.load(TEMPLATE.read_text(), Loader)  # noqa: S506  a SafeLoader with two tags more
    found = template["Resources"][logical_id]["Properties"]
    pattern = EventPattern.load(json.dumps(found["EventPattern"]))

    def matches(event: object) -> bool:
        return pattern.matches_event(cast("Any", event))

    return matches
