"""
From the policy file to its compiled form, or to a list of its mistakes.

``python -m steward.policy_file FILE`` writes the compiled policy to standard output, or every
mistake of the file to standard error. It runs when the policy layer is built; functions load the
result with :mod:`steward.policy` and need neither pydantic nor a YAML parser.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml
from pydantic import ValidationError

from steward.patterns import Pattern
from steward.policy import CompiledPolicy, CompiledSnapshotRule
from steward.policy_lines import (
    Location,
    Mistake,
    PolicyMistakesError,
    line_of,
    parse,
    repeated_keys,
    spelled,
)
from steward.policy_model import (
    REMEDIED,
    PolicyModel,
    SnapshotsRule,
    duration_seconds,
    patterns_of,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_BRACKETS: Final = re.compile(r"\[!?\]?[^\]]*\]")  # one character of a shell pattern, as in fnmatch

# What pydantic calls a mistake, and what it is in a policy file, with what to do.
_WRONG_KINDS: Final = {
    "list_type": ("this is no list", "Write each item on a line of its own, after a dash."),
    "string_type": ("this is no text", "Put it into quotes if YAML takes it for something else."),
    "model_type": ("this is no rule", "A rule starts like this: `- packages: /maven/*`."),
    "too_short": ("this list is empty", "Put at least one item in, or delete the rule."),
}
# The same for certain keys, where more can be said.
_WRONG_KEYS: Final = {
    ("snapshots", "list_type"): (
        "this is no list of rules",
        "Begin each rule with a dash and a blank: `- packages: /maven/*`.",
    ),
    ("repositories", "too_short"): (
        "this list is empty",
        "Put at least one name in, or delete the key: all repositories are meant then.",
    ),
}


def json_schema() -> dict[str, object]:
    """Return the JSON Schema of the policy file, for editors."""
    return PolicyModel.model_json_schema(mode="validation")


def compile_policy(text: str, file: str) -> str:
    """
    Return the compiled form of the policy *text*, as JSON.

    Args:
        text: The policy, YAML.
        file: Its name, for messages.

    Raises:
        PolicyMistakesError: It has mistakes. All that can be found at once are listed.
    """
    tree = parse(text, file)
    mistakes = list(repeated_keys(tree, file))
    try:
        model = PolicyModel.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        mistakes += [_mistake(tree, file, details) for details in error.errors()]
    else:
        mistakes += _rules_without_effect(model, tree, file)
        if not mistakes:
            return json.dumps(_compiled(model, text), indent=2) + "\n"
    raise PolicyMistakesError(sorted(mistakes, key=lambda mistake: mistake.line))


def _compiled(model: PolicyModel, text: str) -> CompiledPolicy:
    rules: list[CompiledSnapshotRule] = [
        {
            "name": f"snapshots[{index}]",
            "packages": [str(pattern) for pattern in patterns_of(rule)],
            "repositories": rule.repositories,
            "unfinished_grace_seconds": duration_seconds(rule.unfinished_grace),
        }
        for index, rule in enumerate(model.snapshots)
    ]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {
        "digest": digest,
        "domain": model.domain,
        "snapshots": rules,
        "origins": [],
        "groups": [],
        "promotions": [],
    }


def _rules_without_effect(
    model: PolicyModel, tree: yaml.MappingNode, file: str
) -> Iterator[Mistake]:
    """Yield a mistake for each rule whose packages earlier rules take, in all its repositories."""
    for index, rule in enumerate(model.snapshots):
        takers = {
            next((n for n in range(index) if _takes(model.snapshots[n], pattern, glob)), None)
            for pattern in patterns_of(rule)
            for glob in rule.repositories
        }
        if None not in takers:
            location: Location = ("snapshots", index)
            names = ", ".join(
                f"snapshots[{taker}] (line {line_of(tree, ('snapshots', taker))})"
                for taker in range(index)
                if taker in takers
            )
            yield Mistake(
                file,
                line_of(tree, location),
                spelled(location),
                f"this rule can never match: {names} comes first and matches all of its packages",
                "Put the narrower rule first, or delete one of them.",
            )


def _takes(rule: SnapshotsRule, pattern: Pattern, glob: str) -> bool:
    return any(mine.covers(pattern) for mine in patterns_of(rule)) and any(
        _glob_covers(mine, glob) for mine in rule.repositories
    )


def _glob_covers(wide: str, narrow: str) -> bool:
    """
    Return whether *wide* surely matches every name that *narrow* matches.

    Sure is sure: with ``?`` or ``[...]`` in *wide*, only an equal pattern counts as covered. A
    ``[...]`` in *narrow* is some character, which only a ``*`` of *wide* surely matches.
    """
    if wide == narrow:
        return True
    if any(character in wide for character in "?["):
        return False
    narrow = _BRACKETS.sub("?", narrow)
    return re.fullmatch(".*".join(re.escape(part) for part in wide.split("*")), narrow) is not None


def _mistake(tree: yaml.Node, file: str, details: ErrorDetails) -> Mistake:
    location, kind = details["loc"], details["type"]
    problem, remedy = details["msg"], "See docs/policy.md."
    if kind == REMEDIED:
        remedy = str(details.get("ctx", {})["remedy"])
    elif kind == "extra_forbidden":
        problem = f"unknown key {location[-1]!r}"
        model = PolicyModel if len(location) == 1 else SnapshotsRule
        near = difflib.get_close_matches(str(location[-1]), model.model_fields, n=1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        remedy = f"{meant}Known keys are {', '.join(model.model_fields)}."
    elif kind == "missing":
        problem, remedy = f"the key {location[-1]!r} is missing", "Add it."
    elif details["input"] is None:
        problem, remedy = "nothing stands here", "Write what is wanted, or delete it."
    elif (location[-1], kind) in _WRONG_KEYS:
        problem, remedy = _WRONG_KEYS[str(location[-1]), kind]
    elif kind in _WRONG_KINDS:
        problem, remedy = _WRONG_KINDS[kind]
    elif location[-1:] == ("domain",):
        remedy = "A domain name has 2 to 50 of a-z, 0-9 and -, and starts with a letter."
    return Mistake(file, line_of(tree, location), spelled(location), problem, remedy)


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
        sys.stdout.write(compile_policy(text, file))
    except PolicyMistakesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
