"""What stands on the queue of warming: how each message is written, and how it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, cast

from steward import events
from steward.coordinates import Package, Repository
from steward.errors import MalformedMessageError, PurlError
from steward.purls import parse_purl
from warm_caches.values import Wanted, WantedVersion

WARM_CACHES: Final = "Warm Caches"
WARM_PACKAGES: Final = "Warm Packages"

# A message has at most 262,144 bytes (SendMessage, SQS API Reference). Our choice to stay below.
MAX_BYTES: Final = 200_000
MAX_PACKAGES: Final = 50  # of a message; our choice: some minutes of work at the slowest
MAX_ATTEMPTS: Final = 3  # asked for, downloaded, looked for once more; our choice
MAX_TRIES: Final = 5  # messages after each other in which nothing moved; our choice
MAX_BATCH_ID: Final = 128  # characters; our choice: sixty messages below each other
MAX_NEWEST: Final = 1_000  # our choice: one page of ListPackageVersions

# The shapes of the service model: RepositoryName, PackageVersion, AssetName.
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}")
_VERSION: Final = re.compile(r"[^#/\s]{1,255}")
_FILE: Final = re.compile(r"[^\x00-\x1f\x7f/\\]{1,255}")
# Our own.
_REQUEST: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_RULE: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_RUN: Final = re.compile(r"[^\x00-\x1f\x7f]{1,330}")
_BATCH: Final = re.compile(rf"[0-9a-z.]{{1,{MAX_BATCH_ID}}}")
_RANGE: Final = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")
_HASH: Final = re.compile(r"SHA-256:[0-9a-f]{64}|SHA-512:[0-9a-f]{128}")


@dataclass(frozen=True, slots=True)
class WarmCaches:
    """
    The policy's caches are to be warmed: each is planned, as a run of its own.

    Attributes:
        rule: The name of the one rule that is meant (``caches[0]``); ``None``: all of them.
        request: The beginning of the ids of the runs, from :func:`new_request`, by which who has
            asked finds them; ``None``: it comes from the message.
        batch: Where the plan of a large run goes on: the batch that stands for the rest of it.
        page: The pages of ListPackages that earlier messages of this run have planned.
        scheduled: Nobody waits for it.
    """

    rule: str | None = None
    request: str | None = None
    batch: str | None = None
    page: int = 0
    scheduled: bool = False


@dataclass(frozen=True, slots=True)
class WarmPackages:
    """
    Some packages of a run are to be warmed.

    Attributes:
        run: The id of the run.
        batch: The id of the batch in the run. What is left of a batch is a batch below it
            (``p.0.w`` below ``p.0``): each counts once, however often its message is delivered.
        rule: ``None``: of a run that a person has asked for, with lock files of their own.
        repository: The name of the repository that is warmed.
        verify: Download, and compare with the hashes that are wanted.
        archive_mismatches: Archive a version whose files are other ones.
        attempt: 1: asked for; 2: downloaded as a whole if it is not listed by now; 3: looked for a
            last time.
        tries: How many messages before this one have got nowhere.
    """

    run: str
    batch: str
    rule: str | None
    repository: str
    packages: tuple[Wanted, ...]
    verify: bool = False
    archive_mismatches: bool = False
    attempt: int = 1
    tries: int = 0


WarmingMessage = WarmCaches | WarmPackages


def new_request(now: datetime, unique: str) -> str:
    """
    Return what the ids of the runs begin with that are asked for *now*; later ones sort behind.

    Args:
        unique: What tells it from other requests of the same millisecond; any text.
    """
    moment = now.astimezone(UTC)
    time = f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"
    return f"{time}-{sha256(unique.encode()).hexdigest()[:8]}"


def run_id(request: str, rule: str | None) -> str:
    """Return the id of the run of *rule*, or of lock files of a person's own, of a request."""
    return f"{request}.{'lockfiles' if rule is None else rule}"


def read(body: str, *, account: str, domain: str) -> WarmingMessage:
    """
    Return what a message on the queue of warming asks for.

    Args:
        account: The account of the queue, which is that of the domain: the template has one for
            both. What the message says of it is not asked.
        domain: The domain that this deployment looks after.

    Raises:
        MalformedMessageError: Nothing that is known here. The text says what is wrong with it.
    """
    event = events.envelope_in(body)
    if event.source == events.OWN_SOURCE and event.detail_type == WARM_CACHES:
        return _caches_in(event.detail)
    if event.source == events.OWN_SOURCE and event.detail_type == WARM_PACKAGES:
        return _packages_in(event.detail, account, domain)
    kind = (event.source, event.detail_type)
    raise MalformedMessageError(f"this warms nothing: source, detail-type {kind!r:.200}")


def body_of(message: WarmingMessage) -> str:
    """
    Return the body of *message*: ASCII, so a character is a byte.

    Hashes are left out unless they are to be compared: PyPI's lock files list dozens a version.
    """
    if isinstance(message, WarmCaches):
        said: dict[str, object] = {
            "rule": message.rule,
            "requestId": message.request,
            "batch": message.batch,
            "page": message.page or None,
            "scheduled": message.scheduled or None,
        }
        return _body(WARM_CACHES, {name: one for name, one in said.items() if one is not None})
    return _body(
        WARM_PACKAGES,
        {
            "run": message.run,
            "batch": message.batch,
            "rule": message.rule,
            "repository": message.repository,
            "verify": message.verify,
            "onMismatch": "archive" if message.archive_mismatches else "report",
            "attempt": message.attempt,
            "tries": message.tries,
            "packages": [compact(one, with_hashes=message.verify) for one in message.packages],
        },
    )


def compact(wanted: Wanted, *, with_hashes: bool) -> dict[str, object]:
    """Return *wanted* as a message has it."""
    said: dict[str, object] = {"package": wanted.package.purl()}
    if wanted.versions:
        said["versions"] = [_compact_version(one, with_hashes) for one in wanted.versions]
    if wanted.newest:
        said["newest"] = wanted.newest
    if wanted.range is not None:
        said["range"] = wanted.range
    if wanted.keep_up:
        said["keepUp"] = True
    if wanted.prereleases:
        said["prereleases"] = True
    return said


def _compact_version(one: WantedVersion, with_hashes: bool) -> object:  # noqa: FBT001  a private function of this module
    hashes = sorted(one.hashes) if with_hashes else []
    if not hashes and not one.files:
        return one.version
    said: dict[str, object] = {"version": one.version}
    if hashes:
        said["hashes"] = hashes
    if one.files:
        said["files"] = sorted(one.files)
    return said


def _caches_in(detail: Mapping[str, object]) -> WarmCaches:
    message = WarmCaches(
        rule=_optional(detail, "rule", _RULE),
        request=_optional(detail, "requestId", _REQUEST),
        batch=_optional(detail, "batch", _BATCH),
        page=_number(detail, "page", least=0, most=10_000_000, otherwise=0),
        scheduled=_flag(detail, "scheduled"),
    )
    if message.batch is not None and (message.rule is None or message.request is None):
        raise MalformedMessageError("a plan that goes on needs its rule and its requestId")
    return message


def _packages_in(detail: Mapping[str, object], account: str, domain: str) -> WarmPackages:
    if not account:
        raise MalformedMessageError("nobody can tell whose domain this is: the queue's ARN is none")
    repository = _text(detail, "repository", _REPOSITORY)
    place = Repository(domain, account, repository)
    packages = detail.get("packages")
    if not isinstance(packages, list) or not 1 <= len(packages) <= MAX_PACKAGES:
        raise MalformedMessageError(f"packages has to name 1 to {MAX_PACKAGES} packages")
    mismatch = detail.get("onMismatch", "report")
    if mismatch not in ("report", "archive"):
        raise MalformedMessageError(f"onMismatch is neither report nor archive: {mismatch!r:.100}")
    return WarmPackages(
        run=_text(detail, "run", _RUN),
        batch=_text(detail, "batch", _BATCH),
        rule=_optional(detail, "rule", _RULE),
        repository=repository,
        packages=tuple(_wanted_in(one, place) for one in cast("list[object]", packages)),
        verify=_flag(detail, "verify"),
        archive_mismatches=mismatch == "archive",
        attempt=_number(detail, "attempt", least=1, most=MAX_ATTEMPTS, otherwise=1),
        tries=_number(detail, "tries", least=0, most=MAX_TRIES, otherwise=0),
    )


def _wanted_in(said: object, repository: Repository) -> Wanted:
    one = _object("a package", said)
    purl = one.get("package")
    if not isinstance(purl, str):
        raise MalformedMessageError(f"a package has no package URL: {purl!r:.100}")
    try:
        url = parse_purl(purl)
    except PurlError as error:
        raise MalformedMessageError(str(error)) from error
    if url.version is not None:
        raise MalformedMessageError(f"the versions of {purl!r:.300} stand beside it, not in it")
    versions = one.get("versions", [])
    if not isinstance(versions, list):
        raise MalformedMessageError(f"versions is no list: {versions!r:.100}")
    wanted = Wanted(
        package=Package(repository, url.format, url.namespace, url.name),
        versions=tuple(_version_in(each) for each in cast("list[object]", versions)),
        newest=_number(one, "newest", least=0, most=MAX_NEWEST, otherwise=0),
        range=_optional(one, "range", _RANGE),
        keep_up=_flag(one, "keepUp"),
        prereleases=_flag(one, "prereleases"),
    )
    if not wanted.versions and not wanted.newest:
        raise MalformedMessageError(f"nothing is wanted of {purl!r:.300}")
    return wanted


def _version_in(said: object) -> WantedVersion:
    if isinstance(said, str):
        return WantedVersion(_fits("a version", said, _VERSION))
    one = _object("a version", said)
    return WantedVersion(
        _text(one, "version", _VERSION),
        hashes=_texts(one, "hashes", _HASH),
        files=_texts(one, "files", _FILE),
    )


def _body(detail_type: str, detail: Mapping[str, object]) -> str:
    event = {"source": events.OWN_SOURCE, "detail-type": detail_type, "detail": detail}
    return json.dumps(event, separators=(",", ":"))


def _object(what: str, said: object) -> Mapping[str, object]:
    if not isinstance(said, dict):
        raise MalformedMessageError(f"{what} is no object: {said!r:.100}")
    return cast("dict[str, object]", said)


def _texts(said: Mapping[str, object], member: str, shape: re.Pattern[str]) -> frozenset[str]:
    found = said.get(member, [])
    if not isinstance(found, list):
        raise MalformedMessageError(f"{member} is no list: {found!r:.100}")
    return frozenset(_fits(member, one, shape) for one in cast("Iterable[object]", found))


def _flag(said: Mapping[str, object], member: str) -> bool:
    value = said.get(member, False)
    if not isinstance(value, bool):
        raise MalformedMessageError(f"{member} is neither true nor false: {value!r:.100}")
    return value


def _number(
    said: Mapping[str, object], member: str, *, least: int, most: int, otherwise: int
) -> int:
    value = said.get(member, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise MalformedMessageError(f"{member} is no number of {least} to {most}: {value!r:.100}")
    return value


def _optional(said: Mapping[str, object], member: str, shape: re.Pattern[str]) -> str | None:
    return None if said.get(member) is None else _text(said, member, shape)


def _text(said: Mapping[str, object], member: str, shape: re.Pattern[str]) -> str:
    return _fits(member, said.get(member), shape)


def _fits(member: str, value: object, shape: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise MalformedMessageError(f"{member} is not what it can be: {value!r:.100}")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a surrogate pair, which JSON can spell
        raise MalformedMessageError(f"{member} is no text: {value!r:.100}") from error
    return value
