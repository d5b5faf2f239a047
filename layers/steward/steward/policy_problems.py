"""What pydantic finds wrong in a policy file, in the words of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steward.policy_lines import Location, Mistake, PolicySource
from steward.policy_model import keys_of, model_at, words_of
from steward.policy_values import NAMES, REMEDIED, WORD, nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# How a list item of each section begins.
_BEGINNINGS: Final = {
    "snapshots": "- packages: /maven/*",
    "origins": "- packages: /npm/mycompany/*",
    "groups": "- pattern: /npm/mycompany/*",
    "promotions": "- name: public-to-approved",
    "caches": "- repository: my-repository",
    "retention": "- packages: /maven/com.mycompany~",
}
_RULE: Final = 2  # how long the location of a rule is: its section and its number
# What pydantic calls a mistake, and what it is in a policy file, with what to do. In braces: what
# pydantic knows of it.
_WRONG_KINDS: Final = {
    "list_type": ("this is no list", "Write each item on a line of its own, after a dash."),
    "string_type": ("this is no text", "Put it into quotes if YAML takes it for something else."),
    "bool_type": ("this is neither true nor false", "Write true or false, without quotes."),
    "int_type": ("this is no whole number", "Write one such as 3, without quotes."),
    "greater_than_equal": ("this number is too small", "Write {ge} or more."),
    "less_than_equal": ("this number is too large", "Write {le} or less."),
    "invalid_key": (
        "a key here is no text",
        "Put keys into quotes that YAML takes for something else: on, yes, 1.",
    ),
    "string_too_short": ("this text is empty", "Write one."),
    "string_too_long": ("this text is too long", "Stay within {max_length} characters."),
}


def mistake_of(source: PolicySource, details: ErrorDetails) -> Mistake:
    """Return pydantic's error in the words of the file."""
    location = tuple(step for step in details["loc"] if step not in {WORD, NAMES})
    problem, remedy = _problem(location, details)
    if details["type"] == "invalid_key":  # its place is the mapping's: the key has no name
        location = location[:-1]
    return source.mistake(location, problem, remedy)


def _problem(location: Location, details: ErrorDetails) -> tuple[str, str]:  # noqa: C901, PLR0911  a return for each kind of mistake
    kind = details["type"]
    if kind == REMEDIED:
        return details["msg"], str(details.get("ctx", {})["remedy"])
    if kind == "extra_forbidden":
        return f"unknown key {location[-1]!r}", _known_keys(location)
    if kind == "missing":
        return f"the key {location[-1]!r} is missing", _with_its_words(location)
    if details["input"] is None:
        return "nothing stands here", "Write what is wanted, or delete it."
    if kind == "list_type" and len(location) == 1:
        beginning = _BEGINNINGS[str(location[0])]
        return (
            "this is no list of rules",
            f"Begin each rule with a dash and a blank: `{beginning}`.",
        )
    if kind == "list_type" and isinstance(details["input"], bool | int | float):
        return "this is no list", "If it is to be a text, such as a version, put it into quotes."
    if kind == "dict_type":
        return "this is no mapping", "Write {text: what it means}."
    if kind == "model_type" and (len(location) > _RULE or location[0] not in _BEGINNINGS):
        return "this is no mapping", f"Write {{{keys_of(model_at(location))[0]}: ...}}."
    if kind == "model_type":
        return "this is no rule", f"A rule starts like this: `{_BEGINNINGS[str(location[0])]}`."
    if kind == "too_short":
        return "this list is empty", _remedy_of_emptiness(location)
    if location == ("domain",) and kind != "string_type":
        remedy = "A name has 2 to 50 of a-z, 0-9 and -. It starts with a letter and ends with no -."
        return f"{str(details['input'])!r} is no name of a domain", remedy
    problem, remedy = _WRONG_KINDS.get(kind, (details["msg"], "See docs/policy.md."))
    return problem, remedy.format_map(details.get("ctx", {}))


def _with_its_words(location: Location) -> str:
    words = words_of(model_at(location[:-1]), str(location[-1]))
    return f"Add it: {' or '.join(words)}." if words else "Add it."


def _known_keys(location: Location) -> str:
    known = keys_of(model_at(location[:-1]))
    near = nearest(str(location[-1]), known)
    meant = f"Did you mean {near!r}? " if near else ""
    return f"{meant}Known keys are {', '.join(known)}."


def _remedy_of_emptiness(location: Location) -> str:
    if location[-1] == "repositories":
        return "Put at least one name in, or delete the key: all repositories are meant then."
    if location[-1] == "allow_in":
        return "Write block in place of it, if no repository is to be allowed."
    optional = location[-1] in {"keep", "lockfiles"}
    by_itself = "require" in location or location[0] == "caches" or optional
    return f"Put at least one item in, or delete the {'key' if by_itself else 'rule'}."
