"""
The policy file: what may stand in it, its mistakes with their lines, and its compiled form.

``python -m steward.policy_file FILE`` writes the compiled policy to standard output, or every
mistake of the file to standard error. It runs when the policy layer is built; functions load the
result with :mod:`steward.policy` and need neither pydantic nor a YAML parser.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from steward import patterns
from steward.errors import PatternError, PolicyError
from steward.patterns import Pattern
from steward.policy import CompiledPolicy, CompiledSnapshotRule

Location = tuple[int | str, ...]

_ISO_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>[0-9]{1,4})W)?(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,8})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?"
)
_FORMATS_WITH_BUILDS: Final = ("maven", "npm", "pypi", "nuget")
# The root pattern names no format. Maven's is the one whose builds CodeArtifact itself unlists; for
# the others unlisting pre-releases is a choice that a rule has to make by name (our choice).
_ROOT_OF_SNAPSHOTS: Final = patterns.parse("/maven/*")


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


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _is_pattern(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        pattern = patterns.parse(value)
    except PatternError as error:
        raise _custom_error(str(error), error.remedy) from error
    if pattern.format is not None and pattern.format not in _FORMATS_WITH_BUILDS:
        raise _custom_error(
            f"{value!r} can never match: packages of the format {pattern.format} have no builds",
            f"Formats with builds are {', '.join(_FORMATS_WITH_BUILDS)}.",
        )
    return value


def _is_repository_glob(value: object) -> object:
    # RepositoryName, service model, and the characters of a shell pattern.
    if isinstance(value, str) and not re.fullmatch(
        r"[A-Za-z0-9*?\[][A-Za-z0-9._\-*?\[\]!]*", value
    ):
        raise _custom_error(
            f"{value!r} can match no repository name",
            "Letters, digits and . _ - stand for themselves; * ? and [...] as in a shell.",
        )
    return value


def _is_duration(value: object) -> object:
    if isinstance(value, str):
        duration_seconds(value)
    return value


def duration_seconds(text: str) -> int:
    """
    Return the seconds of the ISO 8601 duration *text*.

    Weeks, days, hours, minutes and seconds; a month or a year is no number of seconds.
    """
    match = _ISO_DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise _custom_error(
            f"{text!r} is no duration",
            "Write ISO 8601 with weeks, days, hours, minutes or seconds: PT1H, P7D, P1DT12H.",
        )
    parts = {unit: int(number) for unit, number in match.groupdict(default="0").items()}
    return int(timedelta(**parts).total_seconds())


PatternText = Annotated[
    str,
    BeforeValidator(_is_pattern),
    Field(examples=["/maven/com.mycompany~", "/npm/mycompany/*", "/pypi//requests$"]),
]
RepositoryGlob = Annotated[
    str, BeforeValidator(_is_repository_glob), Field(examples=["*-snapshots"])
]
DurationText = Annotated[str, BeforeValidator(_is_duration), Field(examples=["PT1H", "P7D"])]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SnapshotsRule(_Section):
    """Unlist the builds of these packages that a newer build has replaced."""

    packages: Annotated[
        list[PatternText],
        BeforeValidator(_as_list, json_schema_input_type=PatternText | list[PatternText]),
        Field(
            min_length=1,
            description="CodeArtifact's package-group patterns, one or a list. The root pattern /* "
            "stands for all Maven packages; other formats have to be named.",
        ),
    ]
    repositories: Annotated[
        list[RepositoryGlob],
        BeforeValidator(_as_list, json_schema_input_type=RepositoryGlob | list[RepositoryGlob]),
        Field(min_length=1, description="Names of repositories; * ? and [...] as in a shell."),
    ] = ["*"]
    unfinished_grace: Annotated[
        DurationText,
        Field(description="How long an unfinished build may still be an upload (ISO 8601)."),
    ] = "PT1H"


class PolicyModel(_Section):
    """What the owners of a CodeArtifact domain want done in it."""

    model_config = ConfigDict(title="CodeArtifact Steward policy")

    domain: Annotated[
        str,
        Field(
            min_length=2,
            max_length=50,
            pattern=r"^[a-z][a-z0-9\-]{0,48}[a-z0-9]$",  # DomainName, service model
            description="The domain that this policy is for.",
        ),
    ]
    snapshots: Annotated[
        list[SnapshotsRule],
        Field(description="The first rule that matches a package in a repository wins."),
    ] = []


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
    tree = _tree(text, file)
    mistakes = list(_repeated_keys(tree, file))
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
            "packages": [str(pattern) for pattern in _patterns(rule)],
            "repositories": rule.repositories,
            "unfinished_grace_seconds": duration_seconds(rule.unfinished_grace),
        }
        for index, rule in enumerate(model.snapshots)
    ]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"digest": digest, "domain": model.domain, "snapshots": rules}


def _patterns(rule: SnapshotsRule) -> list[Pattern]:
    parsed = [patterns.parse(text) for text in rule.packages]
    return [_ROOT_OF_SNAPSHOTS if pattern.format is None else pattern for pattern in parsed]


def _rules_without_effect(
    model: PolicyModel, tree: yaml.MappingNode, file: str
) -> Iterator[Mistake]:
    """Yield a mistake for each rule whose packages earlier rules take, in all its repositories."""
    for index, rule in enumerate(model.snapshots):
        takers: set[int] = set()
        for pattern in _patterns(rule):
            for glob in rule.repositories:
                taker = next(
                    (
                        earlier
                        for earlier in range(index)
                        if _takes(model.snapshots[earlier], pattern, glob)
                    ),
                    None,
                )
                if taker is None:
                    break
                takers.add(taker)
            else:
                continue
            break
        else:
            location: Location = ("snapshots", index)
            names = ", ".join(
                f"snapshots[{taker}] (line {_line(tree, ('snapshots', taker))})"
                for taker in sorted(takers)
            )
            yield Mistake(
                file,
                _line(tree, location),
                _path(location),
                f"this rule can never match: {names} comes first and matches all of its packages",
                "Put the narrower rule first, or delete one of them.",
            )


def _takes(rule: SnapshotsRule, pattern: Pattern, glob: str) -> bool:
    return any(mine.covers(pattern) for mine in _patterns(rule)) and any(
        _glob_covers(mine, glob) for mine in rule.repositories
    )


def _glob_covers(wide: str, narrow: str) -> bool:
    """
    Return whether *wide* surely matches every name that *narrow* matches.

    Sure is sure: with ``?`` or ``[...]`` in *wide*, only an equal pattern counts as covered.
    """
    if wide == narrow:
        return True
    if any(character in wide for character in "?["):
        return False
    return re.fullmatch(".*".join(re.escape(part) for part in wide.split("*")), narrow) is not None


def _tree(text: str, file: str) -> yaml.MappingNode:
    """Return the file's syntax tree, which knows the lines."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        yaml.safe_load(text)  # finds the values that YAML itself refuses, such as impossible dates
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = f"this is no YAML: {getattr(error, 'problem', None) or error}"
        mistake = Mistake(file, line, "the file", problem, "Check indentation, colons and quotes.")
        raise PolicyMistakesError([mistake]) from error
    if not isinstance(root, yaml.MappingNode):
        problem = "a policy is a mapping with at least the key domain"
        remedy = "Start it with a line such as `domain: my-company`."
        raise PolicyMistakesError([Mistake(file, 1, "the file", problem, remedy)])
    return root


def _repeated_keys(
    node: yaml.Node, file: str, location: Location = (), above: tuple[yaml.Node, ...] = ()
) -> Iterator[Mistake]:
    """Yield a mistake for each key that stands twice in a mapping: YAML would keep the last."""
    if any(node is parent for parent in above):  # an alias of something that holds it
        return
    above = (*above, node)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                yield Mistake(
                    file,
                    line,
                    _path((*location, key.value)),
                    f"this key stands on line {seen[key.value]} already: one contradicts the other",
                    "Keep one of them.",
                )
            seen.setdefault(key.value, line)
            yield from _repeated_keys(value, file, (*location, key.value), above)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated_keys(item, file, (*location, index), above)


def _mistake(tree: yaml.Node, file: str, details: ErrorDetails) -> Mistake:
    location, kind = details["loc"], details["type"]
    problem, remedy = details["msg"], "See docs/policy.md."
    if kind == "steward":
        remedy = str(details.get("ctx", {})["remedy"])
    elif kind == "extra_forbidden":
        problem = f"unknown key {location[-1]!r}"
        model = PolicyModel if len(location) == 1 else SnapshotsRule
        remedy = f"Known keys are {', '.join(model.model_fields)}."
    elif kind == "missing":
        problem, remedy = f"the key {location[-1]!r} is missing", "Add it."
    elif kind in {"string_type", "list_type", "model_type"}:
        remedy = "Put a text into quotes if YAML takes it for something else."
    elif location[-1:] == ("domain",):
        remedy = "A domain name has 2 to 50 of a-z, 0-9 and -, and starts with a letter."
    return Mistake(file, _line(tree, location), _path(location), problem, remedy)


def _line(node: yaml.Node, location: Location) -> int:
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


def _path(location: Location) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".") or "the file"


def _custom_error(problem: str, remedy: str) -> PydanticCustomError:
    # Braces would be taken for placeholders of the message.
    return PydanticCustomError("steward", "{problem}", {"problem": problem, "remedy": remedy})


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
