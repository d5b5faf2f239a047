"""Where things stand in a policy file, and the mistakes that only its lines can show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from steward.errors import PolicyError

Location = tuple[int | str, ...]

# A value that begins with a sign of YAML's own ("Indicator characters", YAML 1.1), or one such as
# `[ab]-repo`, which YAML takes for a list with something after it.
_NEEDS_QUOTES: Final = re.compile(
    r"""(?:[:,-]\s+|[\[{]\s*)([*&!@`%][^\s,\]}"]*|\[[^\]"]*\][^\s,\]}"]+)"""
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a policy file that is wrong, where, and what to do about it."""

    file: str
    line: int
    where: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.where}: {self.problem}. {self.remedy}"


class PolicyMistakesError(PolicyError):
    """
    A policy file has mistakes; its text lists them all, one a line.

    Attributes:
        mistakes: In the order of the file.
    """

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def parse(text: str, file: str) -> yaml.MappingNode:
    """Return the file's syntax tree, which knows the lines."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        yaml.safe_load(text)  # finds the values that YAML itself refuses, such as impossible dates
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = f"this is no YAML: {getattr(error, 'problem', None) or error}"
        mistake = Mistake(file, line, "the file", problem, _remedy(text, line))
        raise PolicyMistakesError([mistake]) from error
    if not isinstance(root, yaml.MappingNode):
        problem = "a policy is a mapping with at least the key domain"
        remedy = "Start it with a line such as `domain: my-company`."
        raise PolicyMistakesError([Mistake(file, 1, "the file", problem, remedy)])
    return root


def _remedy(text: str, line: int) -> str:
    """Return what to do about the *line* at which YAML gave up."""
    unquoted = _NEEDS_QUOTES.search("".join(text.splitlines()[line - 1 : line]))
    if unquoted is None:
        return "Check indentation, colons and quotes."
    return f'Put {unquoted[1]} into quotes: "{unquoted[1]}".'


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A policy file's syntax tree, and the mistakes that are found by it."""

    tree: yaml.MappingNode
    file: str

    def mistake(self, location: Location, problem: str, remedy: str) -> Mistake:
        """Return the mistake at *location*."""
        line = line_of(self.tree, location)
        return Mistake(self.file, line, spelled(location), problem, remedy)

    def named(self, location: Location) -> str:
        """Return what a message calls another place of the file: ``origins[0] (line 7)``."""
        return f"{spelled(location)} (line {line_of(self.tree, location)})"


def repeated_keys(
    node: yaml.Node, file: str, location: Location = (), met: set[int] | None = None
) -> Iterator[Mistake]:
    """Yield a mistake for each key that stands twice in a mapping: YAML would keep the last."""
    met = set() if met is None else met
    if id(node) in met:  # by an alias, which may even be of something that holds it
        return
    met.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                yield Mistake(
                    file,
                    line,
                    spelled((*location, key.value)),
                    f"this key stands on line {seen[key.value]} already: one contradicts the other",
                    "Keep one of them.",
                )
            seen.setdefault(key.value, line)
            yield from repeated_keys(value, file, (*location, key.value), met)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from repeated_keys(item, file, (*location, index), met)


def line_of(node: yaml.Node, location: Location) -> int:
    """Return the line on which *location* starts, or its parent's if it is missing."""
    line = node.start_mark.line
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value)
        ):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return line + 1


def spelled(location: Location) -> str:
    """Return *location* as people write it: ``snapshots[0].packages``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".") or "the file"
