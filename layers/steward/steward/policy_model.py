"""What may stand in a policy file, as pydantic models: the source of its JSON Schema."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from steward import patterns
from steward.coordinates import Format
from steward.errors import PatternError
from steward.patterns import Pattern

REMEDIED: Final = "steward"  # pydantic's type of an error that brings its remedy along

_ISO_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>[0-9]{1,4})W)?(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,8})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?"
)
_FORMATS_WITH_BUILDS: Final[tuple[Format, ...]] = ("maven", "npm", "nuget", "pypi")
# The root pattern names no format. Maven's is the one whose builds CodeArtifact itself unlists; for
# the others unlisting pre-releases is a choice that a rule has to make by name (our choice).
_ROOT_OF_SNAPSHOTS: Final = patterns.parse("/maven/*")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _is_pattern(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        pattern = patterns.parse(value, formats=_FORMATS_WITH_BUILDS)
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
    elif value is not None:
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
        remedy = f"Write {_iso_duration(int(text))}, if these are seconds (ISO 8601)."
    return _custom_error(f"{text!r} is no duration", remedy)


def _iso_duration(seconds: int) -> str:
    """Return *seconds* in the notation that `duration_seconds` reads."""
    counted = {"D": seconds // 86_400, "H": seconds // 3600 % 24, "M": seconds // 60 % 60}
    days, hours, minutes = (f"{number}{unit}" if number else "" for unit, number in counted.items())
    time = f"{hours}{minutes}" + (f"{seconds % 60}S" if seconds % 60 or not seconds else "")
    return f"P{days}" + (f"T{time}" if time else "")


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


def _custom_error(problem: str, remedy: str) -> PydanticCustomError:
    # Braces would be taken for placeholders of the message.
    return PydanticCustomError(REMEDIED, "{problem}", {"problem": problem, "remedy": remedy})


def patterns_of(rule: SnapshotsRule) -> list[Pattern]:
    """Return the patterns of *rule*, the root pattern as what it stands for."""
    parsed = [patterns.parse(text) for text in rule.packages]
    return [_ROOT_OF_SNAPSHOTS if pattern.format is None else pattern for pattern in parsed]
