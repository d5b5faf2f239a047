"""
The one event that CodeArtifact emits, and the one message that an automation sends to itself.

Both are hints: they name a package that is worth a look. "Monitoring CodeArtifact events" (User
Guide) allows them to be late, doubled and out of order, so nothing else in them is believed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from steward.coordinates import Package, Repository, is_format, stored_names
from steward.errors import MalformedMessageError

SOURCE: Final = "aws.codeartifact"
DETAIL_TYPE: Final = "CodeArtifact Package Version State Change"
OWN_SOURCE: Final = "codeartifact.steward"
LOOK_AGAIN: Final = "Look Again At Package"

# The shapes of the service model. A name that breaks them could be asked for, but never exists.
_DOMAIN: Final = re.compile(r"[a-z][a-z0-9\-]{0,48}[a-z0-9]")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}")
_NAME: Final = re.compile(r"[^#/\s]{1,255}")


@dataclass(frozen=True, slots=True)
class Hint:
    """
    What a queued message says: this package is worth a look.

    Attributes:
        repeated: We sent it ourselves (:func:`look_again`), after an earlier look.
    """

    package: Package
    repeated: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    A queued message in the form of an event of EventBridge.

    Attributes:
        detail: Empty if it has none.
    """

    source: object
    detail_type: object
    detail: Mapping[str, object]


def hint_in(body: str) -> Hint:
    """
    Return what a queued message hints at.

    *body* is the body of an SQS message: an event of CodeArtifact as EventBridge puts it on the
    queue, or what :func:`look_again` made.

    Raises:
        MalformedMessageError: It is neither. The text says what is wrong with it.
    """
    return hint_of(envelope_in(body))


def envelope_in(body: str) -> Envelope:
    """
    Return the event that *body* is, of whatever kind.

    Raises:
        MalformedMessageError: It is none.
    """
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:  # RecursionError: a body of 10,000 brackets
        raise MalformedMessageError(f"the body is no JSON document: {error}") from error
    if not isinstance(document, dict):
        raise MalformedMessageError("the body is no JSON object")
    event = cast("dict[str, object]", document)
    detail = event.get("detail")
    return Envelope(
        event.get("source"),
        event.get("detail-type"),
        cast("dict[str, object]", detail) if isinstance(detail, dict) else {},
    )


def hint_of(envelope: Envelope) -> Hint:
    """
    Return what an event of CodeArtifact, or what :func:`look_again` made, hints at.

    Raises:
        MalformedMessageError: It is neither.
    """
    kind = (envelope.source, envelope.detail_type)
    if kind not in ((SOURCE, DETAIL_TYPE), (OWN_SOURCE, LOOK_AGAIN)):  # unhashable in bad events
        raise MalformedMessageError(
            f"this is no event of CodeArtifact: source, detail-type {kind!r:.200}"
        )
    if not envelope.detail:
        raise MalformedMessageError("the event has no detail")
    return Hint(package_in(envelope.detail), kind == (OWN_SOURCE, LOOK_AGAIN))


def look_again(package: Package) -> str:
    """Return the body of a message that has *package* looked at again."""
    detail = coordinates(package)
    return json.dumps({"source": OWN_SOURCE, "detail-type": LOOK_AGAIN, "detail": detail})


def coordinates(package: Package) -> dict[str, str | None]:
    """Return what says which package an event is about, under CodeArtifact's own names."""
    return {
        "domainName": package.repository.domain,
        "domainOwner": package.repository.domain_owner,
        "repositoryName": package.repository.name,
        "packageFormat": package.format,
        "packageNamespace": package.namespace,
        "packageName": package.name,
    }


def package_in(detail: Mapping[str, object]) -> Package:
    """
    Return the package that the detail of an event is about, under CodeArtifact's own names.

    Raises:
        MalformedMessageError: A name is missing, or is none that the service allows.
    """
    repository = Repository(
        domain=_text(detail, "domainName", _DOMAIN),
        domain_owner=_text(detail, "domainOwner", _ACCOUNT),
        name=_text(detail, "repositoryName", _REPOSITORY),
    )
    package_format = detail.get("packageFormat")
    if not isinstance(package_format, str) or not is_format(package_format):
        raise MalformedMessageError(f"packageFormat is no known format: {package_format!r:.100}")
    namespace = None
    if detail.get("packageNamespace"):  # null where there is none; the model has no empty one
        namespace = _text(detail, "packageNamespace", _NAME)
    name = _text(detail, "packageName", _NAME)
    # Which spelling an event has is not documented: any is understood.
    return Package(repository, package_format, *stored_names(package_format, namespace, name))


def _text(detail: Mapping[str, object], member: str, shape: re.Pattern[str]) -> str:
    value = detail.get(member)
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise MalformedMessageError(f"{member} is not what the service allows: {value!r:.100}")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a surrogate pair, which JSON can spell
        raise MalformedMessageError(f"{member} is no text: {value!r:.100}") from error
    return value
