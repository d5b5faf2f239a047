"""
From the policy file to its compiled form, or to a list of its mistakes.

``python -m steward.policy_file FILE`` writes the compiled policy to standard output, or every
mistake of the file to standard error. It runs when the policy layer is built; functions load the
result with :mod:`steward.policy` and need neither pydantic nor a YAML parser.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml
from pydantic import BaseModel, ValidationError

from steward.coordinates import RestrictionMode, RestrictionType
from steward.group_restrictions import ROOT
from steward.policy import (
    CompiledGroup,
    CompiledOriginRule,
    CompiledPolicy,
    CompiledSnapshotRule,
)
from steward.policy_checks import Opening, contradictions, openings, wanted
from steward.policy_lines import (
    Location,
    Mistake,
    PolicyMistakesError,
    PolicySource,
    parse,
    repeated_keys,
)
from steward.policy_model import (
    NAMES,
    SECTIONS,
    WORD,
    AllowIn,
    GroupsEntry,
    OriginsRule,
    PolicyModel,
    PromotionsRoute,
    SnapshotsRule,
    build_patterns_of,
    keys_of,
)
from steward.policy_repositories import NamedRepository, named_repositories
from steward.policy_values import REMEDIED, duration_seconds, nearest
from steward.promotion_rules import CompiledPromotion

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# How a list item of each section begins.
_BEGINNINGS: Final = {
    "snapshots": "- packages: /maven/*",
    "origins": "- packages: /npm/mycompany/*",
    "groups": "- pattern: /npm/mycompany/*",
    "promotions": "- name: public-to-approved",
}
# What pydantic calls a mistake, and what it is in a policy file, with what to do.
_WRONG_KINDS: Final = {
    "list_type": ("this is no list", "Write each item on a line of its own, after a dash."),
    "string_type": ("this is no text", "Put it into quotes if YAML takes it for something else."),
    "too_short": ("this list is empty", "Put at least one item in, or delete the rule."),
    "invalid_key": (
        "a key here is no text",
        "Put keys into quotes that YAML takes for something else: on, yes, 1.",
    ),
    "string_too_short": ("this text is empty", "Write one."),
    "string_too_long": ("this text is too long", "Stay within 100 characters."),  # of promotions
}
_GROUP_KEYS: Final[dict[RestrictionType, str]] = {
    "PUBLISH": "publish",
    "EXTERNAL_UPSTREAM": "external_upstream",
    "INTERNAL_UPSTREAM": "internal_upstream",
}
_GROUP_WORDS: Final[Mapping[str, RestrictionMode]] = {
    "allow": "ALLOW",
    "block": "BLOCK",
    "inherit": "INHERIT",
}


@dataclass(frozen=True, slots=True)
class CheckedPolicy:
    """
    A policy without mistakes.

    Attributes:
        compiled: What functions load, JSON.
        source: For mistakes that others find, and their lines.
        openings: What may be a mistake all the same: CodeArtifact alone can tell.
        repositories: Those that it names, which the domain may have or not.
    """

    compiled: str
    source: PolicySource
    openings: list[Opening]
    repositories: list[NamedRepository]


def json_schema() -> dict[str, object]:
    """Return the JSON Schema of the policy file, for editors."""
    return PolicyModel.model_json_schema(mode="validation")


def compile_policy(text: str, file: str) -> str:
    """Return the policy *text* as functions load it: JSON. Arguments and errors as of `check`."""
    return check(text, file).compiled


def check(text: str, file: str) -> CheckedPolicy:
    """
    Return the policy *text* in its compiled form, with what only CodeArtifact can judge.

    Args:
        text: The policy, YAML.
        file: Its name, for messages.

    Raises:
        PolicyMistakesError: It has mistakes. All that can be found at once are listed.
    """
    source = PolicySource(parse(text, file), file)
    mistakes = list(repeated_keys(source.tree, file))
    try:
        model = PolicyModel.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        mistakes += [_mistake(source, details) for details in error.errors()]
    else:
        mistakes += contradictions(model, source)
        if not mistakes:
            compiled = json.dumps(_compiled(model, text), indent=2) + "\n"
            named = named_repositories(model, source)
            return CheckedPolicy(compiled, source, openings(model, source), named)
    raise PolicyMistakesError(sorted(mistakes, key=lambda mistake: mistake.line))


def _compiled(model: PolicyModel, text: str) -> CompiledPolicy:
    has_groups = "groups" in model.model_fields_set
    return {
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "domain": model.domain,
        "snapshots": [_snapshot_rule(f"snapshots[{n}]", r) for n, r in enumerate(model.snapshots)],
        "origins": [_origin_rule(f"origins[{n}]", r) for n, r in enumerate(model.origins)],
        "groups": [_group(f"groups[{n}]", g) for n, g in enumerate(model.groups)]
        if has_groups
        else None,
        "promotions": [_promotion(route) for route in model.promotions],
    }


def _snapshot_rule(name: str, rule: SnapshotsRule) -> CompiledSnapshotRule:
    return {
        "name": name,
        "packages": [str(pattern) for pattern in build_patterns_of(rule)],
        "repositories": rule.repositories,
        "unfinished_grace_seconds": duration_seconds(rule.unfinished_grace),
    }


def _origin_rule(name: str, rule: OriginsRule) -> CompiledOriginRule:
    publish, upstream = wanted(rule)
    return {
        "name": name,
        "packages": rule.packages,
        "repositories": rule.repositories,
        "kind": rule.kind or "explicit",
        "publish": publish,
        "upstream": upstream,
        "external": (rule.external or "archive") if rule.kind == "internal" else None,
    }


def _group(name: str, group: GroupsEntry) -> CompiledGroup:
    modes: dict[RestrictionType, RestrictionMode] = {}
    allowed: dict[RestrictionType, list[str]] = {}
    for restriction, key in _GROUP_KEYS.items():
        setting: str | AllowIn = getattr(group, key)
        if isinstance(setting, AllowIn):
            modes[restriction] = "ALLOW_SPECIFIC_REPOSITORIES"
            allowed[restriction] = setting.allow_in
        else:
            left_out_of_root = group.pattern == ROOT and setting == "inherit"
            modes[restriction] = "ALLOW" if left_out_of_root else _GROUP_WORDS[setting]
    return {"name": name, "pattern": group.pattern, "modes": modes, "allowed": allowed}


def _promotion(route: PromotionsRoute) -> CompiledPromotion:
    return {
        "name": route.name,
        "packages": route.packages,
        "source": route.source,
        "to": route.to,
        "require": {
            "minimum_age": None,
            "vulnerabilities": None,
            "licences": None,
            "origin": None,
            "allow": None,
            "deny": [],
            "versions": None,
            "integrity": None,
            "approval": "automatic",
        },
        "include_dependencies": False,
        "recall": "report",
        "digest": "",
    }


def _mistake(source: PolicySource, details: ErrorDetails) -> Mistake:
    """Return pydantic's error in the words of the file."""
    location = tuple(step for step in details["loc"] if step not in {WORD, NAMES})
    problem, remedy = _problem(location, details)
    if details["type"] == "invalid_key":  # its place is the mapping's: the key has no name
        location = location[:-1]
    return source.mistake(location, problem, remedy)


def _problem(location: Location, details: ErrorDetails) -> tuple[str, str]:  # noqa: PLR0911  a return for each kind of mistake
    kind = details["type"]
    if kind == REMEDIED:
        return details["msg"], str(details.get("ctx", {})["remedy"])
    if kind == "extra_forbidden":
        known = keys_of(_model_at(location[:-1]))
        near = nearest(str(location[-1]), known)
        meant = f"Did you mean {near!r}? " if near else ""
        return f"unknown key {location[-1]!r}", f"{meant}Known keys are {', '.join(known)}."
    if kind == "missing":
        return f"the key {location[-1]!r} is missing", "Add it."
    if details["input"] is None:
        return "nothing stands here", "Write what is wanted, or delete it."
    if kind == "list_type" and len(location) == 1:
        beginning = _BEGINNINGS[str(location[0])]
        return (
            "this is no list of rules",
            f"Begin each rule with a dash and a blank: `{beginning}`.",
        )
    if kind == "model_type":
        return "this is no rule", f"A rule starts like this: `{_BEGINNINGS[str(location[0])]}`."
    if kind == "too_short" and location[-1] == "repositories":
        remedy = "Put at least one name in, or delete the key: all repositories are meant then."
        return "this list is empty", remedy
    if kind == "too_short" and location[-1] == "allow_in":
        return (
            "this list is empty",
            "Write block in place of it, if no repository is to be allowed.",
        )
    if location == ("domain",) and kind != "string_type":
        remedy = "A name has 2 to 50 of a-z, 0-9 and -. It starts with a letter and ends with no -."
        return f"{str(details['input'])!r} is no name of a domain", remedy
    return _WRONG_KINDS.get(kind, (details["msg"], "See docs/policy.md."))


def _model_at(location: Location) -> type[BaseModel]:
    """Return the model of the mapping at *location*."""
    if not location:
        return PolicyModel
    return AllowIn if isinstance(location[-1], str) else SECTIONS[str(location[0])]


def main(arguments: list[str]) -> int:
    """Compile the policy file named in *arguments*; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m steward.policy_file FILE\n")
        return 2
    file = arguments[0]
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{file}: cannot be read: {error}\n")
        return 1
    try:
        checked = check(text, file)
    except PolicyMistakesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.writelines(f"warning: {opening.warning}\n" for opening in checked.openings)
    sys.stdout.write(checked.compiled)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
