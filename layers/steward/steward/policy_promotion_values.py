"""The values that only `promotions` has in a policy file, each refused with what to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from steward import purls
from steward.coordinates import Format
from steward.errors import PatternError, PurlError
from steward.licences import LicenceError, canonical
from steward.patterns import ALWAYS_A_NAMESPACE, NEVER_A_NAMESPACE
from steward.policy_values import as_list, nearest, refusal, unrepeated
from steward.promotion_rules import matcher

INTERNAL: Final = "internal"
# "Supported external connection repositories", User Guide.
CONNECTIONS: Final[dict[str, Format]] = {
    "public:npmjs": "npm",
    "public:pypi": "pypi",
    "public:nuget-org": "nuget",
    "public:maven-central": "maven",
    "public:maven-googleandroid": "maven",
    "public:maven-gradleplugins": "maven",
    "public:maven-commonsware": "maven",
    "public:maven-clojars": "maven",
    "public:ruby-gems-org": "ruby",
    "public:crates-io": "cargo",
}
_EXAMPLES_OF_MATCHERS: Final = ["pkg:pypi/urllib3@2.7.1", "pkg:npm/%40mycompany/ui", "/npm//react~"]
_VULNERABILITY: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*-[A-Za-z0-9._:-]+")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_matcher(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.startswith((purls.PREFIX, "/")):
        raise refusal(
            f"{value!r} is neither a package URL nor a pattern",
            "Write pkg:pypi/name, pkg:pypi/name@1.0 or /pypi//name$.",
        )
    if value.startswith(purls.PREFIX):
        return is_package_url(value)
    try:
        matcher(value)
    except PatternError as error:
        raise refusal(str(error), error.remedy) from error
    return value


def is_package_url(text: str) -> str:
    """Return *text* if it is the package URL of a package, or of a version of one, or refuse it."""
    try:
        path = matcher(text).pattern.stem
    except PatternError as error:
        raise refusal(str(error), error.remedy) from error
    except PurlError as error:
        raise refusal(str(error), "Write pkg:type/namespace/name, with @version or not.") from error
    if "?" in text or "#" in text:
        whole, _, _ = text.partition("#")[0].partition("?")
        raise refusal(f"{text!r} names a part of a package", f"Write {whole}.")
    _, package_format, namespace, name = path.split("/")
    kind = text.removeprefix(purls.PREFIX).strip("/").split("/")[0]
    if namespace and package_format in NEVER_A_NAMESPACE:
        problem = f"{text!r} has a namespace, and packages of the format {package_format} have none"
        raise refusal(problem, f"Write pkg:{kind}/{name}.")
    if not namespace and package_format in ALWAYS_A_NAMESPACE:
        problem = f"{text!r} has no namespace, and packages of the format {package_format} have one"
        raise refusal(problem, f"Write pkg:{kind}/namespace/{name}.")
    return text


def _is_origin(value: object) -> object:
    if not isinstance(value, str) or value == INTERNAL or value in CONNECTIONS:
        return value
    known = (INTERNAL, *CONNECTIONS)
    near = nearest(value, known) or nearest(f"public:{value}", known)
    raise refusal(f"{value!r} is no origin", f"Write {near or ' or '.join(known)}.")


def _is_vulnerability(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.casefold().startswith("mal-"):
        raise refusal(
            f"{value} says that a package is malicious, which cannot be waived",
            "Delete this waiver; remove the package from the repository, too.",
        )
    if not _VULNERABILITY.fullmatch(value):
        raise refusal(
            f"{value!r} is no id of a vulnerability",
            "Write OSV's or one of its aliases, such as GHSA-mh63-6h87-95cp or CVE-2024-3651.",
        )
    return value


def _as_day(value: object) -> object:
    """Return a day as its text: YAML takes it for a date, JSON has no dates."""
    if value is None or isinstance(value, list | dict):
        return value
    if type(value) is date or (isinstance(value, str) and _DATE.fullmatch(value)):
        with suppress(ValueError, OverflowError):
            end_of_day(str(value))
            return str(value)
    remedy = "Write the last day on which the waiver counts, such as 2027-01-31."
    raise refusal(f"{str(value)!r} is no day", remedy)


def end_of_day(day: str) -> datetime:
    """Return the first moment after *day*, in UTC."""
    return datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=1)


def _is_a_text_with_words(value: str) -> str:
    if not value.strip():
        raise refusal("this text is empty", "Write one.")
    return value


def _is_written_in_one_way(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise refusal(
            f"{value!r} has blanks at its ends, or signs that nobody sees",
            "Write a name that can be told from others in a log.",
        )
    return value


def is_file(value: object) -> object:
    """Return *value* unless it is a text that leads out of the folder of the policy file."""
    if isinstance(value, str) and value:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or "\\" in value:
            raise refusal(
                f"{value!r} leaves the folder of the policy file",
                "Put the file beside the policy file, and write its name.",
            )
    return value


def _is_licence(*, alone: bool) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            expression = canonical(value)
        except LicenceError as error:
            near = nearest(value.strip(), _identifiers())
            raise refusal(
                str(error), f"Write {near}." if near else "Write one of the SPDX licence list."
            ) from error
        if alone and re.search(r" (?:AND|OR) |[()]", expression):
            raise refusal(
                f"{value!r} is an expression of several licences",
                "Write each identifier as an item of its own.",
            )
        return expression

    return check


def _identifiers() -> tuple[str, ...]:
    # The list has no public name there. Nothing but what is offered for a slip hangs on it.
    from packaging.licenses._spdx import LICENSES  # noqa: PLC0415  only a mistake needs it

    return tuple(licence["id"] for licence in LICENSES.values())


def _casefolded(value: dict[str, str]) -> dict[str, str]:
    folded = {text.strip().casefold(): expression for text, expression in value.items()}
    if len(folded) < len(value):
        problem = "two of these texts differ by case or white space only"
        raise refusal(problem, "Keep one of them: case does not count.")
    if "" in folded:
        raise refusal("one of these texts is empty", "Write what packages have there.")
    return folded


MatcherText = Annotated[str, BeforeValidator(_is_matcher), Field(examples=_EXAMPLES_OF_MATCHERS)]
OriginName = Annotated[
    str,
    BeforeValidator(_is_origin),
    Field(json_schema_extra={"enum": [INTERNAL, *CONNECTIONS]}),
]
VulnerabilityId = Annotated[str, BeforeValidator(_is_vulnerability)]
Day = Annotated[str, BeforeValidator(_as_day), Field(json_schema_extra={"format": "date"})]
Reason = Annotated[str, Field(min_length=1), AfterValidator(_is_a_text_with_words)]
# It stands in commands, logs and mails.
RuleName = Annotated[
    str, Field(min_length=1, max_length=100), AfterValidator(_is_written_in_one_way)
]
LicenceId = Annotated[str, BeforeValidator(_is_licence(alone=True))]
FileName = Annotated[str, Field(min_length=1), BeforeValidator(is_file)]
RangeText = Annotated[str, Field(min_length=1)]

MatcherTexts = Annotated[
    list[MatcherText],
    BeforeValidator(as_list, json_schema_input_type=MatcherText | list[MatcherText]),
    Field(min_length=1, examples=[_EXAMPLES_OF_MATCHERS]),
]
OriginNames = Annotated[
    list[OriginName],
    BeforeValidator(as_list, json_schema_input_type=OriginName | list[OriginName]),
    AfterValidator(unrepeated),
    Field(min_length=1),
]
LicenceIds = Annotated[
    list[LicenceId],
    BeforeValidator(as_list, json_schema_input_type=LicenceId | list[LicenceId]),
    AfterValidator(unrepeated),
    Field(min_length=1),
]
LicenceTexts = Annotated[
    dict[str, Annotated[str, BeforeValidator(_is_licence(alone=False))]],
    AfterValidator(_casefolded),
]
FileNames = Annotated[
    list[FileName],
    BeforeValidator(as_list, json_schema_input_type=FileName | list[FileName]),
    AfterValidator(unrepeated),
    Field(min_length=1),
]


def wrapped(key: str) -> Callable[[object], object]:
    """Return a function that makes a mapping with *key* of what stands there in short."""

    def wrap(value: object) -> object:
        return value if isinstance(value, dict) or value is None else {key: value}

    return wrap


def choice_of_versions(value: object) -> object:
    """Return the mapping that `versions: releases` is short for."""
    if not isinstance(value, str):
        return value
    if nearest(value, ("releases",)):
        return {"only": value}
    raise refusal(
        f"{value!r} is not known here", f'Write releases, or {{range: "{value}"}} if it is one.'
    )
