"""What is to be changed in a package, by whom and why: plan lines, as values and as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar, cast, get_args

from steward import events
from steward.coordinates import (
    UNKNOWN_ORIGIN,
    Origin,
    OriginType,
    Package,
    PackageVersion,
    Restriction,
    Restrictions,
    Status,
)
from steward.errors import MalformedMessageError
from steward.retention_rules import STEPS, StepName

Action = Literal["unlist", "archive", "dispose", "delete", "restrict", "promote", "mark", "report"]

StatusAfter = Literal["Unlisted", "Archived", "Disposed", "Deleted"]

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
DELETIONS: Final[frozenset[Action]] = frozenset({"dispose", "delete"})

# The status that a step leads to.
STATUS_AFTER: Final[Mapping[StepName, StatusAfter]] = {
    "unlist": "Unlisted",
    "archive": "Archived",
    "dispose": "Disposed",
    "delete": "Deleted",
}
# How far on its way out a version is ("Package version status", User Guide).
_WAY_OUT: Final[Mapping[Status, int]] = {
    "Published": 0,
    "Unfinished": 0,
    "Unlisted": 1,
    "Archived": 2,
    "Disposed": 3,
    "Deleted": 4,
}

# The shapes of the service model: RepositoryName, PackageVersion, PackageVersionRevision,
# ExternalConnectionName.
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}")
_VERSION: Final = re.compile(r"[^#/\s]{1,255}")
_REVISION: Final = re.compile(r"\S{1,50}")
_CONNECTION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-:]{1,99}")
# Our own.
_AUTOMATION: Final = re.compile(r"[a-z_]{1,64}")
_RULE: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_REASON: Final = re.compile(r"[^\x00-\x1f\x7f]{0,4096}")
_ANYTHING: Final = re.compile(r".*", re.DOTALL)

_T = TypeVar("_T", bound=str)


@dataclass(frozen=True, slots=True)
class PlannedVersion:
    """
    A version that a line is about, as it was when its package was listed.

    Attributes:
        revision: What it must still be when the line is applied; ``None`` if the list did not say.
        size: The bytes of its assets, where somebody has asked for them.
        until: When the next step comes; lines that mark have it, and no others.
    """

    version: str
    status: Status
    revision: str | None
    reason: str
    size: int | None = None
    until: datetime | None = None
    origin: Origin = UNKNOWN_ORIGIN

    def listed(self) -> PackageVersion:
        """Return the version as the list showed it."""
        return PackageVersion(self.version, self.status, self.origin, self.revision)


@dataclass(frozen=True, slots=True)
class MixedOrigin:
    """How many versions of a package came from within the domain, and how many from outside."""

    internal: int
    external: int


@dataclass(frozen=True, slots=True)
class PlanLine:
    """
    One thing that one rule of the policy wants of one package.

    - ``unlist``, ``archive``, ``dispose``, ``delete``: of ``versions``. No version stands in two
      such lines of a package.
    - ``restrict``: the origin restrictions become ``after`` if they are still ``before``.
    - ``promote``: ``versions`` are judged for the repository ``to``; nothing is copied by the line.
    - ``mark``: the waiting time of ``versions`` before ``step`` begins now.
    - ``report``: a person is told of ``versions``, or of the ``mixed`` origin; once.

    Attributes:
        reason: The reasons of the versions, or the line's own.
        step: Of a line that marks, the step that waits; of one that takes a step, the one after
            it, if that has to wait from then on.
    """

    package: Package
    automation: str
    rule: str
    action: Action
    reason: str
    versions: tuple[PlannedVersion, ...] = ()
    before: Restrictions | None = None
    after: Restrictions | None = None
    to: str | None = None
    step: StepName | None = None
    mixed: MixedOrigin | None = None

    @property
    def deletions(self) -> int:
        """How many versions are gone for good afterwards, as ``limits`` counts them."""
        return len(self.versions) if self.action in DELETIONS else 0


@dataclass(frozen=True, slots=True)
class PackagePlan:
    """
    What the policy wants of one package.

    Attributes:
        lines: In the order in which they are applied; empty if all is as it should be.
        kept: How many versions stay although a rule looked at them, by rule; "" for versions that
            no rule selects.
        looked_at: How many versions the package has, if they were listed.
        problem: Why the package could not be looked at to the end; then there are no lines.
    """

    package: Package
    lines: tuple[PlanLine, ...] = ()
    kept: Mapping[str, int] = field(default_factory=dict)
    looked_at: int = 0
    problem: str | None = None


def further(step: StepName, status: Status) -> bool:
    """Return whether *step* leads a version in *status* further on its way out."""
    return _WAY_OUT[STATUS_AFTER[step]] > _WAY_OUT[status]


def to_json(line: PlanLine) -> dict[str, object]:
    """
    Return *line* for ``json.dumps``; equal lines give equal documents.

    What a line does not have is left out; so is a version's reason where it is the line's.
    """
    document: dict[str, object] = {
        "package": events.coordinates(line.package),
        "automation": line.automation,
        "rule": line.rule,
        "action": line.action,
        "reason": line.reason,
    }
    if line.versions:
        document["versions"] = [_written(one, line.reason) for one in line.versions]
    if line.before is not None:
        document["before"] = _pair(line.before)
    if line.after is not None:
        document["after"] = _pair(line.after)
    if line.to is not None:
        document["to"] = line.to
    if line.step is not None:
        document["step"] = line.step
    if line.mixed is not None:
        document["mixed"] = {"internal": line.mixed.internal, "external": line.mixed.external}
    return document


def from_json(document: object) -> PlanLine:
    """
    Return the line that :func:`to_json` has written as *document*.

    Raises:
        ValueError: It is none, or one that cannot be applied: the text names the member. A version
            is never brought back, an action has all it needs, and nothing stands in a line twice
            or is unknown: a plan lies in files, which people edit.
    """
    members = _Members(document, "the line")
    action = members.one_of("action", ACTIONS)
    reason = members.text("reason", _REASON)
    line = PlanLine(
        package=_package(members.take("package")),
        automation=members.text("automation", _AUTOMATION),
        rule=members.text("rule", _RULE),
        action=action,
        reason=reason,
        versions=tuple(
            _version(one, f"versions[{index}]", reason)
            for index, one in enumerate(members.items("versions"))
        ),
        before=_restrictions(members.take("before"), "before"),
        after=_restrictions(members.take("after"), "after"),
        to=members.optional_text("to", _REPOSITORY),
        step=members.one_of("step", STEPS) if members.has("step") else None,
        mixed=_mixed(members.take("mixed")),
    )
    members.nothing_else()
    _check(line)
    return line


def _written(version: PlannedVersion, line_reason: str) -> dict[str, object]:
    document: dict[str, object] = {"version": version.version, "status": version.status}
    if version.revision is not None:
        document["revision"] = version.revision
    if version.reason != line_reason:
        document["reason"] = version.reason
    if version.size is not None:
        document["size"] = version.size
    if version.until is not None:
        document["until"] = version.until.astimezone(UTC).isoformat()
    if version.origin != UNKNOWN_ORIGIN:
        origin: dict[str, object] = {"type": version.origin.type}
        if version.origin.repository is not None:
            origin["repository"] = version.origin.repository
        if version.origin.external_connection is not None:
            origin["externalConnection"] = version.origin.external_connection
        document["origin"] = origin
    return document


def _pair(restrictions: Restrictions) -> dict[str, object]:
    return {"publish": restrictions.publish, "upstream": restrictions.upstream}


class _Members:
    """The members of a JSON object, each of which is taken once; errors say where it stands."""

    def __init__(self, document: object, where: str) -> None:
        if not isinstance(document, dict):
            raise ValueError(f"{where} is no JSON object: {document!r:.100}")  # noqa: TRY004  what JSON readers raise
        self._left = cast("dict[str, object]", dict(document))
        self._where = where

    def has(self, name: str) -> bool:
        return self._left.get(name) is not None

    def take(self, name: str) -> object:
        return self._left.pop(name, None)

    def text(self, name: str, shape: re.Pattern[str]) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise self._wrong(name, value)
        try:
            value.encode()
        except UnicodeEncodeError as error:  # half a surrogate pair, which JSON can spell
            raise self._wrong(name, value) from error
        return value

    def optional_text(self, name: str, shape: re.Pattern[str]) -> str | None:
        if self.has(name):
            return self.text(name, shape)
        self.take(name)
        return None

    def one_of(self, name: str, words: Sequence[_T]) -> _T:
        value = self.take(name)
        for word in words:
            if value == word:
                return word
        raise self._wrong(name, value)

    def number(self, name: str) -> int:
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(name, value)
        return value

    def items(self, name: str) -> list[object]:
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, value)
        return cast("list[object]", value)

    def moment(self, name: str) -> datetime:
        text = self.text(name, _ANYTHING)
        try:
            moment = datetime.fromisoformat(text)
            in_utc = moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:  # OverflowError: the year 1, east of Greenwich
            raise self._wrong(name, text) from error
        if moment.tzinfo is None:
            raise ValueError(f"{name} of {self._where} has no time zone: {text!r:.100}")
        return in_utc

    def nothing_else(self) -> None:
        if self._left:
            raise ValueError(f"{self._where} has no {min(self._left)!r:.100}")

    def _wrong(self, name: str, value: object) -> ValueError:
        return ValueError(f"{name} of {self._where} is not what it can be: {value!r:.100}")


def _package(document: object) -> Package:
    if not isinstance(document, dict):
        raise ValueError(f"package of the line is no JSON object: {document!r:.100}")  # noqa: TRY004  what JSON readers raise
    try:
        return events.package_in(cast("dict[str, object]", document))
    except MalformedMessageError as error:
        raise ValueError(f"package of the line: {error}") from error


def _version(document: object, where: str, line_reason: str) -> PlannedVersion:
    members = _Members(document, where)
    version = PlannedVersion(
        version=members.text("version", _VERSION),
        status=members.one_of("status", get_args(Status)),
        revision=members.optional_text("revision", _REVISION),
        reason=members.text("reason", _REASON) if members.has("reason") else line_reason,
        size=members.number("size") if members.has("size") else None,
        until=members.moment("until") if members.has("until") else None,
        origin=_origin(members.take("origin"), f"origin of {where}"),
    )
    members.nothing_else()
    return version


def _origin(document: object, where: str) -> Origin:
    if document is None:
        return UNKNOWN_ORIGIN
    members = _Members(document, where)
    origin = Origin(
        type=members.one_of("type", cast("tuple[OriginType, ...]", get_args(OriginType))),
        repository=members.optional_text("repository", _REPOSITORY),
        external_connection=members.optional_text("externalConnection", _CONNECTION),
    )
    members.nothing_else()
    return origin


def _restrictions(document: object, where: str) -> Restrictions | None:
    if document is None:
        return None
    members = _Members(document, where)
    words = cast("tuple[Restriction, ...]", get_args(Restriction))
    restrictions = Restrictions(members.one_of("publish", words), members.one_of("upstream", words))
    members.nothing_else()
    return restrictions


def _mixed(document: object) -> MixedOrigin | None:
    if document is None:
        return None
    members = _Members(document, "mixed")
    mixed = MixedOrigin(members.number("internal"), members.number("external"))
    members.nothing_else()
    return mixed


def _check(line: PlanLine) -> None:
    """Refuse a line that is read well and cannot be applied."""
    names = [one.version for one in line.versions]
    if len(set(names)) != len(names):
        raise ValueError("versions of the line name a version twice")
    restricts = line.action == "restrict"
    if restricts != (line.before is not None) or restricts != (line.after is not None):
        raise ValueError("before and after belong to a line that restricts, and to no other")
    if (line.action == "promote") != (line.to is not None):
        raise ValueError("to belongs to a line that promotes, and to no other")
    marks = line.action == "mark"
    if any((one.until is not None) != marks for one in line.versions):
        raise ValueError("until belongs to the versions of a line that marks, and to no others")
    if (marks and line.step is None) or (line.step is not None and not marks | _goes_on(line)):
        raise ValueError("step belongs to a line that marks, or comes after that of the line")
    if line.mixed is not None and line.action != "report":
        raise ValueError("mixed belongs to a line that reports")
    if (not restricts and line.mixed is None) != bool(line.versions):
        raise ValueError(f"versions do not fit a line that is to {line.action}")
    step = line.step if marks else (line.action if line.action in STEPS else None)
    for one in line.versions:
        if step is not None and not further(step, one.status):
            raise ValueError(f"status of {one.version!r:.300} is {one.status}: cannot {step} it")


def _goes_on(line: PlanLine) -> bool:
    """Return whether the step of *line* comes after what the line does itself."""
    if line.step is None or line.action not in STEPS:
        return False
    return further(line.step, STATUS_AFTER[line.action])
