"""The values that only `caches` has in a policy file, each refused with what to write instead."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from steward import patterns
from steward.coordinates import FORMATS, Format
from steward.lockfiles import known_file
from steward.policy_promotion_values import CONNECTIONS, is_file, is_package_url
from steward.policy_values import PatternText, as_list, refusal, unrepeated
from steward.purls import PREFIX, parse_purl
from steward.versions import is_snapshot

S3: Final = "s3://"
# Those that some external connection has, in the order of CodeArtifact's own list of formats.
FETCHED_FORMATS: Final[tuple[Format, ...]] = tuple(
    one for one in FORMATS if one in set(CONNECTIONS.values())
)
_EXAMPLES_OF_URLS: Final = ["pkg:maven/org.slf4j/slf4j-api", "pkg:pypi/requests@2.32.4"]
_EXAMPLES_OF_LOCKFILES: Final = ["requirements.txt", "s3://my-bucket/locks/uv.lock"]
# "General purpose bucket naming rules" and "Naming Amazon S3 objects", Amazon S3 User Guide.
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_MAX_KEY_BYTES: Final = 1024


def is_lockfile(value: object) -> object:
    """Return *value* unless it is a text that names no lock file of a known kind."""
    if not isinstance(value, str) or not value:
        return value
    if value.startswith(S3):
        _check_object(value)
    elif "://" in value:
        raise refusal(
            f"{value!r} is neither a file beside the policy file nor an object in S3",
            "Put the file beside the policy file, or into a bucket: s3://bucket/key.",
        )
    else:
        is_file(value)
    if not known_file(value):
        raise refusal(
            f"{PurePosixPath(value).name} is no kind of lock file that is known",
            "docs/policy.md lists them; the name of the file says which one it is.",
        )
    return value


def _check_object(text: str) -> None:
    bucket, _, key = text.removeprefix(S3).partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise refusal(f"{text!r} has no bucket with such a name", "Write s3://bucket/key.")
    if not key or key.endswith("/") or not key.isprintable():
        raise refusal(f"{text!r} names no object of a bucket", "Write s3://bucket/key.")
    if len(key.encode()) > _MAX_KEY_BYTES:
        raise refusal("this key is longer than those of S3", "Write one of 1,024 bytes or fewer.")


def _is_package(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.startswith("/"):
        raise refusal(
            f"{value!r} is a pattern, and this has to be a package URL",
            "Write pkg:pypi/name here, or the pattern in keep_up_with.",
        )
    if not value.startswith(PREFIX):
        raise refusal(f"{value!r} is no package URL", "Write pkg:pypi/name, or another type.")
    url = parse_purl(is_package_url(value))
    if url.format not in FETCHED_FORMATS:
        raise refusal(
            f"no external connection has packages of the format {url.format}",
            f"Formats that have one are {', '.join(FETCHED_FORMATS)}.",
        )
    if url.version is not None and is_snapshot(url.format, url.version):
        raise refusal(
            f"{url.version} is a snapshot, and snapshots never come through external connections",
            "Write a release.",  # "Maven snapshots", User Guide
        )
    return value


def _is_fetched(text: str) -> str:
    package_format = patterns.parse(text).format
    if package_format is not None and package_format not in FETCHED_FORMATS:
        raise refusal(
            f"{text!r} can fetch nothing: no external connection has packages of the format "
            f"{package_format}",
            f"Formats that have one are {', '.join(FETCHED_FORMATS)}.",
        )
    return text


PackageUrlText = Annotated[str, BeforeValidator(_is_package), Field(examples=_EXAMPLES_OF_URLS)]
LockfileName = Annotated[
    str,
    Field(min_length=1, examples=_EXAMPLES_OF_LOCKFILES),
    BeforeValidator(is_lockfile),
]
_FetchedPattern = Annotated[PatternText, AfterValidator(_is_fetched)]

LockfileNames = Annotated[
    list[LockfileName],
    BeforeValidator(as_list, json_schema_input_type=LockfileName | list[LockfileName]),
    AfterValidator(unrepeated),
    Field(min_length=1),
]
FetchedPatterns = Annotated[
    list[_FetchedPattern],
    BeforeValidator(as_list, json_schema_input_type=_FetchedPattern | list[_FetchedPattern]),
    AfterValidator(unrepeated),
    Field(min_length=1),
]
