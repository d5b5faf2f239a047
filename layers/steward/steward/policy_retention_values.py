"""The values that only `retention` has in a policy file, each refused with what to write."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from steward.policy_cache_values import S3, is_lockfile
from steward.policy_values import (
    DurationText,
    as_list,
    duration_seconds,
    nearest,
    refusal,
    unrepeated,
)
from steward.retention_rules import KINDS
from steward.versions import MAX_VERSION_LENGTH

# PackageVersion, service model; the signs of a shell pattern are among these characters.
_VERSIONS: Final = re.compile(r"[^#/\s]+")
_PLAIN_WORD: Final = re.compile(r"[A-Za-z_ -]+")  # no sign of a pattern, and no number
_EXAMPLES_OF_KEEP: Final = ["1.0.*", "*-lts"]


def _is_glob(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value
    if not _VERSIONS.fullmatch(value):
        raise refusal(
            f"{value!r} can match no version",
            "Versions have no blank, no / and no #; * ? and [...] as in a shell.",
        )
    return value


def _is_selector(value: object) -> object:
    if isinstance(value, str) and value not in KINDS and _PLAIN_WORD.fullmatch(value):
        meant = nearest(value.replace("_", "-").replace(" ", "-"), KINDS)
        if meant is not None:
            raise refusal(
                f"{value!r} is not known here", f"Write {meant}, or a pattern of versions: 1.0.*."
            )
    return _is_glob(value)


def _is_some_time(text: str) -> str:
    if not duration_seconds(text):
        raise refusal("a time of nothing keeps nothing", "Write how long, or delete the key.")
    return text


def _is_local_lockfile(value: object) -> object:
    if isinstance(value, str) and value.startswith(S3):
        raise refusal(
            f"{value!r} is an object in S3, and what is deleted hangs on this file",
            "Put the file beside the policy file: what is kept is reviewed with the policy.",
        )
    return is_lockfile(value)


VersionGlob = Annotated[
    str,
    BeforeValidator(_is_glob),
    Field(min_length=1, max_length=MAX_VERSION_LENGTH, examples=_EXAMPLES_OF_KEEP),
]
VersionSelector = Annotated[
    str,
    BeforeValidator(_is_selector),
    Field(min_length=1, max_length=MAX_VERSION_LENGTH, examples=[*KINDS, "0.*"]),
]
SomeTime = Annotated[DurationText, AfterValidator(_is_some_time)]
_LockfileName = Annotated[
    str,
    Field(min_length=1, examples=["requirements.txt"]),
    BeforeValidator(_is_local_lockfile),
]

VersionGlobs = Annotated[
    list[VersionGlob],
    BeforeValidator(as_list, json_schema_input_type=VersionGlob | list[VersionGlob]),
    AfterValidator(unrepeated),
    Field(min_length=1),
]
VersionSelectors = Annotated[
    list[VersionSelector],
    BeforeValidator(as_list, json_schema_input_type=VersionSelector | list[VersionSelector]),
    AfterValidator(unrepeated),
    Field(min_length=1),
]
LocalLockfileNames = Annotated[
    list[_LockfileName],
    BeforeValidator(as_list, json_schema_input_type=_LockfileName | list[_LockfileName]),
    AfterValidator(unrepeated),
    Field(min_length=1),
]
