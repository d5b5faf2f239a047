"""The values that may stand in a policy file, each refused with what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from steward import patterns
from steward.coordinates import FORMATS, Format
from steward.errors import PatternError

REMEDIED: Final = "steward"  # pydantic's type of an error that brings its remedy along
# pydantic's names of the ways to write a value; no key of a policy begins so.
WORD: Final = "<word>"
NAMES: Final = "<names>"
LEFT_OUT: Final = "<left out>"

FORMATS_WITH_BUILDS: Final[tuple[Format, ...]] = ("maven", "npm", "nuget", "pypi")

_ISO_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>[0-9]{1,4})W)?(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,8})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?"
)
_MOST_LIKELY_DAYS: Final = 366  # our choice: who writes more than that does not mean days
_GLOB_SIGNS: Final = re.compile(r"[*?\[\]!]")
_EXAMPLES_OF_PATTERNS: Final = ["/maven/com.mycompany~", "/npm/mycompany/*", "/pypi//requests$"]


class Section(BaseModel):
    """A mapping of the policy file: its keys, each of its own kind, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


def without_default(schema: dict[str, object]) -> None:
    """Take out the null that is no value of the file: the key is left out instead."""
    del schema["default"]


# A value that may be left out, and that null is none of: whatever stands there is a value.
Missing = Annotated[SkipJsonSchema[None], Tag(LEFT_OUT)]
IS_THERE: Final = Discriminator(lambda _: WORD)
OPTIONAL: Final = {"json_schema_extra": without_default}


def refusal(problem: str, remedy: str) -> PydanticCustomError:
    """Return the error that says what is wrong with a value and what to write instead."""
    # Braces would be taken for placeholders of the message.
    return PydanticCustomError(REMEDIED, "{problem}", {"problem": problem, "remedy": remedy})


def as_list(value: object) -> object:
    """Return a single text as a list of it: both may be written."""
    return [value] if isinstance(value, str) else value


def one_of(
    *choices: str, truth: Mapping[bool, str] | None = None, otherwise: str = ""
) -> Callable[[object], object]:
    """
    Return a check that refuses what is none of *choices*, with the nearest of them.

    Args:
        truth: What was meant by a word that YAML 1.1 takes for true or false (``on``, ``no``).
        otherwise: What else may stand there, for the remedy.
    """

    def check(value: object) -> object:
        if isinstance(value, str) and value in choices:
            return value
        if value is None:
            raise refusal("nothing stands here", "Write what is wanted, or delete it.")
        offered = " or ".join((*choices, *([otherwise] if otherwise else [])))
        if isinstance(value, bool):
            meant = f"{truth[value]}, if that is meant" if truth else offered
            raise refusal("YAML takes this word for true or false", f"Write {meant}.")
        if isinstance(value, list | dict):  # not shown: by aliases, a short one can be endless
            raise refusal("this is no word", f"Write {offered}.")
        near = nearest(str(value), choices)
        raise refusal(f"{str(value)!r} is not known here", f"Write {near or offered}.")

    return check


def nearest(text: str, choices: Sequence[str]) -> str | None:
    """
    Return the choice that *text* is but for its case or a slip of the pen, if one is.

    The only choice that begins with *text* goes before any that resembles it.
    """
    by_case = {choice.casefold(): choice for choice in choices}
    typed = text.casefold()
    begun = [choice for choice in by_case if typed and choice.startswith(typed)]
    near = begun if len(begun) == 1 else difflib.get_close_matches(typed, by_case, n=1)
    return by_case[near[0]] if near else None


def _is_pattern_of(formats: tuple[Format, ...]) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            pattern = patterns.parse(value, formats=formats)
        except PatternError as error:
            raise refusal(str(error), error.remedy) from error
        if pattern.format is not None and pattern.format not in formats:
            raise refusal(
                f"{value!r} can never match: packages of the format {pattern.format} have no "
                "builds",
                f"Formats with builds are {', '.join(formats)}.",
            )
        return value

    return check


def _is_repository_glob(value: object) -> object:
    # RepositoryName, service model, and the characters of a shell pattern.
    if isinstance(value, str) and not re.fullmatch(
        r"[A-Za-z0-9*?\[][A-Za-z0-9._\-*?\[\]!]*", value
    ):
        raise refusal(
            f"{value!r} can match no repository name",
            "Letters, digits and . _ - stand for themselves; * ? and [...] as in a shell.",
        )
    return value


def _is_repository_name(value: object) -> object:
    # RepositoryName, service model.
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}", value):
        return value
    if _GLOB_SIGNS.search(value):
        raise refusal(
            f"{value!r} is a pattern, and this has to be the name of one repository",
            "Write each repository by its name.",
        )
    raise refusal(
        f"{value!r} can be no repository name",
        "A name has 2 to 100 letters, digits and . _ -, and starts with a letter or a digit.",
    )


def unrepeated(names: list[str]) -> list[str]:
    """Return *names*, none of which stands there twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise refusal(f"{', '.join(repeated)} stands here more than once", "Keep one of them.")
    return names


def _is_duration(value: object) -> object:
    if isinstance(value, str):
        duration_seconds(value)
    elif value is not None and not isinstance(value, list | dict):
        raise _no_duration(str(value))
    return value


def duration_seconds(text: str) -> int:
    """
    Return the seconds of the ISO 8601 duration *text*.

    Weeks, days, hours, minutes and seconds; a month or a year is no number of seconds.
    """
    match = _ISO_DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise _no_duration(text)
    parts = {unit: int(number) for unit, number in match.groupdict(default="0").items()}
    return int(timedelta(**parts).total_seconds())


def _no_duration(text: str) -> PydanticCustomError:
    remedy = "Write ISO 8601 with weeks, days, hours, minutes or seconds: PT1H, P7D, P1DT12H."
    if re.fullmatch(r"[0-9]{1,9}", text):
        number, seconds = int(text), _iso_duration(int(text))
        remedy = f"Write {seconds}, if these are seconds (ISO 8601)."
        if 0 < number <= _MOST_LIKELY_DAYS:
            remedy = f"Write P{number}D for days, {seconds} for seconds (ISO 8601)."
    return refusal(f"{text!r} is no duration", remedy)


def _iso_duration(seconds: int) -> str:
    """Return *seconds* in the notation that `duration_seconds` reads."""
    counted = {"D": seconds // 86_400, "H": seconds // 3600 % 24, "M": seconds // 60 % 60}
    days, hours, minutes = (f"{number}{unit}" if number else "" for unit, number in counted.items())
    time = f"{hours}{minutes}" + (f"{seconds % 60}S" if seconds % 60 or not seconds else "")
    return f"P{days}" + (f"T{time}" if time else "")


PatternText = Annotated[
    str, BeforeValidator(_is_pattern_of(FORMATS)), Field(examples=_EXAMPLES_OF_PATTERNS)
]
BuildPatternText = Annotated[
    str, BeforeValidator(_is_pattern_of(FORMATS_WITH_BUILDS)), Field(examples=_EXAMPLES_OF_PATTERNS)
]
RepositoryGlob = Annotated[
    str, BeforeValidator(_is_repository_glob), Field(examples=["*-snapshots"])
]
RepositoryName = Annotated[
    str, BeforeValidator(_is_repository_name), Field(examples=["npm-internal"])
]
DurationText = Annotated[str, BeforeValidator(_is_duration), Field(examples=["PT1H", "P7D"])]

PatternTexts = Annotated[
    list[PatternText],
    BeforeValidator(as_list, json_schema_input_type=PatternText | list[PatternText]),
    Field(
        min_length=1,
        description="CodeArtifact's package-group patterns, one or a list. The root pattern /* "
        "stands for every package of every format.",
    ),
]
BuildPatternTexts = Annotated[
    list[BuildPatternText],
    BeforeValidator(as_list, json_schema_input_type=BuildPatternText | list[BuildPatternText]),
    Field(
        min_length=1,
        description="CodeArtifact's package-group patterns, one or a list. The root pattern /* "
        "stands for all Maven packages; other formats have to be named.",
    ),
]
RepositoryGlobs = Annotated[
    list[RepositoryGlob],
    BeforeValidator(as_list, json_schema_input_type=RepositoryGlob | list[RepositoryGlob]),
    Field(min_length=1, description="Names of repositories; * ? and [...] as in a shell."),
]
RepositoryNames = Annotated[
    list[RepositoryName],
    BeforeValidator(as_list, json_schema_input_type=RepositoryName | list[RepositoryName]),
    AfterValidator(unrepeated),
    Field(min_length=1, description="Names of repositories, without patterns."),
]
