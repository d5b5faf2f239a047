"""What stands on the queues of promotion: how each message is written, and how it is read."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from promote_versions.records import APPROVAL_DECISIONS, ApprovalDecision
from steward import events
from steward.coordinates import Package
from steward.errors import MalformedMessageError, PurlError
from steward.purls import PackageUrl, parse_purl

PROMOTIONS_DUE: Final = "Promotions Due"
RECHECK_ALL: Final = "Recheck Promoted Versions"
RECHECK: Final = "Recheck Package"
COPY: Final = "Copy Package Versions"

MAX_ORDERED: Final = 100  # versions of CopyPackageVersions, API Reference
MAX_REASON: Final = 1000  # characters; our choice

# The shapes of the service model: RepositoryName, PackageVersion, PackageVersionRevision.
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}")
_VERSION: Final = re.compile(r"[^#/\s]{1,255}")
_REVISION: Final = re.compile(r"\S{1,50}")
# Our own.
_REQUEST: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_RULE: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_CONTINUATION: Final = re.compile(r".{1,32768}")  # a key of a table, six bytes a character at most
# Controls, halves of surrogate pairs, line and paragraph separators; and the "Directional
# Formatting Characters" of Unicode (UAX #9), by which a text looks like another one.
_UNWANTED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_UNWANTED_CHARACTERS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_APPROVAL_KEYS: Final = frozenset({"purl", "rule", "decision", "reason", "revision"})


@dataclass(frozen=True, slots=True)
class Look:
    """
    A package is worth a look.

    Attributes:
        request: Somebody waits for the answer under this id, and wants what is held or refused to
            be judged anew.
        policy_digest: The policy by which they want it judged.
    """

    package: Package
    request: str | None = None
    policy_digest: str | None = None


@dataclass(frozen=True, slots=True)
class DueNow:
    """What is due is to be looked at."""


@dataclass(frozen=True, slots=True)
class RecheckAll:
    """
    Everything that was promoted is to be checked again.

    Attributes:
        after: Where an earlier message of this kind has got to (``RecordPage.next``).
    """

    after: str | None = None


@dataclass(frozen=True, slots=True)
class Recheck:
    """What was promoted of *package*, in its source repository, is to be checked again."""

    package: Package


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """
    Versions of one package that may be copied, if their records still say so.

    Attributes:
        package: In the source repository.
        to: The destination repository.
        revisions: The revision in the source repository that passed the gates, by version.
        after: Versions that these depend on.
        decided_at: When they were judged; two orders that differ in it are two messages.
    """

    package: Package
    rule: str
    to: str
    revisions: Mapping[str, str]
    after: tuple[tuple[Package, str], ...]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalMessage:
    """
    What a person asks for. Who they are stands nowhere in it.

    Attributes:
        revision: The one that they have looked at; ``None``: the one that is held now.
    """

    purl: PackageUrl
    rule: str
    decision: ApprovalDecision
    reason: str
    revision: str | None = None


PromotionMessage = Look | DueNow | RecheckAll | Recheck


def read(body: str) -> PromotionMessage:
    """
    Return what a message on ``PromotionsQueue`` asks for.

    An event of CodeArtifact asks for a look, as do our own messages; the schedules' messages have
    the form of events too.

    Raises:
        MalformedMessageError: Nothing that is known here.
    """
    event = events.envelope_in(body)
    if event.source == events.OWN_SOURCE:
        if event.detail_type == PROMOTIONS_DUE:
            return DueNow()
        if event.detail_type == RECHECK_ALL:
            return RecheckAll(_optional(event.detail, "after", _CONTINUATION))
        if event.detail_type == RECHECK:
            return Recheck(events.package_in(event.detail))
    package = events.hint_of(event).package
    if event.source != events.OWN_SOURCE:
        return Look(package)
    return Look(
        package,
        request=_optional(event.detail, "requestId", _REQUEST),
        policy_digest=_optional(event.detail, "policyDigest", _DIGEST),
    )


def look(package: Package, *, request: str | None = None, policy_digest: str | None = None) -> str:
    """Return the body of a message that has *package* looked at, and maybe answered for."""
    said = {"requestId": request, "policyDigest": policy_digest}
    detail = events.coordinates(package) | {name: one for name, one in said.items() if one}
    return _body(events.LOOK_AGAIN, detail)


def due_now() -> str:
    """Return the body of a message that has what is due looked at."""
    return _body(PROMOTIONS_DUE, {})


def recheck_all(after: str | None = None) -> str:
    """Return the body of a message that has everything checked that was promoted."""
    return _body(RECHECK_ALL, {"after": after} if after else {})


def recheck(package: Package) -> str:
    """Return the body of a message that has what was promoted of *package* checked again."""
    return _body(RECHECK, events.coordinates(package))


def body_of(order: CopyOrder) -> str:
    """Return the body of the message that orders *order*; equal orders have equal bodies."""
    detail = {
        **events.coordinates(order.package),
        "rule": order.rule,
        "destinationRepository": order.to,
        "versionRevisions": dict(sorted(order.revisions.items())),
        "after": [
            {**events.coordinates(package), "packageVersion": version}
            for package, version in order.after
        ],
        "decidedAt": order.decided_at.astimezone(UTC).isoformat(),
    }
    return _body(COPY, detail)


def order_in(body: str) -> CopyOrder:
    """
    Return the order that a message on the queue of copies gives.

    Raises:
        MalformedMessageError: It is none.
    """
    event = events.envelope_in(body)
    if (event.source, event.detail_type) != (events.OWN_SOURCE, COPY):
        kind = (event.source, event.detail_type)
        raise MalformedMessageError(f"this orders no copies: source, detail-type {kind!r:.200}")
    detail = event.detail
    revisions = detail.get("versionRevisions")
    if not isinstance(revisions, dict) or not 1 <= len(revisions) <= MAX_ORDERED:
        raise MalformedMessageError(f"versionRevisions has to name 1 to {MAX_ORDERED} versions")
    after = detail.get("after")
    if not isinstance(after, list) or not all(isinstance(one, dict) for one in after):
        raise MalformedMessageError("after has to be a list of package versions")
    return CopyOrder(
        package=events.package_in(detail),
        rule=_text(detail, "rule", _RULE),
        to=_text(detail, "destinationRepository", _REPOSITORY),
        revisions={
            _fits("a version of versionRevisions", version, _VERSION): _fits(
                "a revision of versionRevisions", revision, _REVISION
            )
            for version, revision in revisions.items()
        },
        after=tuple(
            (events.package_in(one), _text(one, "packageVersion", _VERSION)) for one in after
        ),
        decided_at=_time(detail, "decidedAt"),
    )


def approval_body(message: ApprovalMessage) -> str:
    """Return the body of *message* on ``ApprovalsQueue``; any other tool may write it as well."""
    said = {
        "purl": str(message.purl),
        "rule": message.rule,
        "decision": message.decision,
        "reason": message.reason,
        "revision": message.revision,
    }
    return json.dumps({name: value for name, value in said.items() if value is not None})


def approval_in(body: str) -> ApprovalMessage:
    """
    Return what a message on ``ApprovalsQueue`` asks for.

    It is a JSON object with ``purl`` (with a version), ``rule``, ``decision`` (``approve`` or
    ``reject``), ``reason`` (1 to 1,000 characters, none of them a control character, not only
    white space), and maybe ``revision``; nothing else, least of all who sends it.

    Raises:
        MalformedMessageError: It is not. The text says what is wrong with it.
    """
    said = _object(body)
    unknown = sorted(said.keys() - _APPROVAL_KEYS)
    if unknown:
        raise MalformedMessageError(f"an approval has no {', '.join(unknown)!r:.200}")
    purl = said.get("purl")
    if not isinstance(purl, str):
        raise MalformedMessageError("purl is no text")
    try:
        url = parse_purl(purl)
    except PurlError as error:
        raise MalformedMessageError(str(error)) from error
    if url.version is None:
        raise MalformedMessageError(f"{purl!r:.300} names no version")
    decision = said.get("decision")
    if decision not in APPROVAL_DECISIONS:
        raise MalformedMessageError(f"decision is neither approve nor reject: {decision!r:.100}")
    return ApprovalMessage(
        purl=url,
        rule=_text(said, "rule", _RULE),
        decision=decision,
        reason=_reason(said.get("reason")),
        revision=_optional(said, "revision", _REVISION),
    )


def _reason(reason: object) -> str:
    if not isinstance(reason, str) or not reason.strip():
        raise MalformedMessageError("a reason is required")
    if len(reason) > MAX_REASON:
        raise MalformedMessageError(f"the reason has more than {MAX_REASON} characters")
    for character in reason:
        if (
            unicodedata.category(character) in _UNWANTED_CATEGORIES
            or character in _UNWANTED_CHARACTERS
        ):
            raise MalformedMessageError(f"the reason has the control character {character!a}")
    return reason


def _object(body: str) -> dict[str, object]:
    """Return the JSON object that *body* is, in which no key stands twice."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise MalformedMessageError("a key stands twice in the body")
        return found

    try:
        document: object = json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:  # RecursionError: a body of 10,000 brackets
        raise MalformedMessageError(f"the body is no JSON document: {error}") from error
    if not isinstance(document, dict):
        raise MalformedMessageError("the body is no JSON object")
    return cast("dict[str, object]", document)


def _body(detail_type: str, detail: Mapping[str, object]) -> str:
    return json.dumps({"source": events.OWN_SOURCE, "detail-type": detail_type, "detail": detail})


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


def _time(said: Mapping[str, object], member: str) -> datetime:
    text = said.get(member)
    try:
        moment = datetime.fromisoformat(str(text))
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # OverflowError: the year 1, east of Greenwich
        raise MalformedMessageError(f"{member} is no time: {text!r:.100}") from error
    if moment.tzinfo is None:
        raise MalformedMessageError(f"{member} has no time zone: {text!r:.100}")
    return in_utc
