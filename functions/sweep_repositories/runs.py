"""What a sweep was asked for and by which deployment: the first file of each run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from steward.coordinates import Repository
from steward.errors import StewardError
from sweep_repositories import keys
from sweep_repositories.members import Document, member, number_or_none, text_or_none
from sweep_repositories.objects import Objects
from sweep_repositories.summary import Mode


class SweepEventError(StewardError):
    """A function was asked for something that the definition of the state machine does not ask."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    What somebody wants of a sweep: the input of the execution.

    Attributes:
        policy_digest: The policy that whoever asks has in mind; ``None``: whichever is deployed.
        allow_deletions: So many deletions are allowed this time; ``None``: as the policy says.
        repositories: Only these, by their names; ``None``: all.
        requested_by: Who asks; ``None``: the schedule.
        plan_only: Change nothing.
    """

    policy_digest: str | None = None
    allow_deletions: int | None = None
    repositories: tuple[str, ...] | None = None
    requested_by: str | None = None
    plan_only: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """
    A sweep that has begun.

    Attributes:
        repositories: Those that are swept; empty if the run ended before it began.
    """

    name: str
    started: datetime
    mode: Mode
    policy_digest: str
    domain: str
    domain_owner: str
    deletions_limit: int
    request: Request
    repositories: tuple[str, ...] = ()

    def repository(self, name: str) -> Repository:
        """Return the repository *name* of the run's domain."""
        return Repository(self.domain, self.domain_owner, name)


def request_in(document: object) -> Request:
    """
    Return what the input *document* of an execution asks for; unknown members are a mistake.

    Raises:
        SweepEventError: It is none.
    """
    if not isinstance(document, dict):
        raise SweepEventError(f"the input is no object: {document!r:.200}")
    said = cast("Document", document)
    known = {"policyDigest", "allowDeletions", "repositories", "requestedBy", "planOnly"}
    if unknown := sorted(set(said) - known):
        raise SweepEventError(f"the input knows no {unknown[0]!r:.100}; it has {sorted(known)}")
    try:
        allowed = number_or_none(said, "allowDeletions")
        if allowed is not None and allowed < 0:
            raise ValueError(f"allowDeletions is {allowed}")  # noqa: TRY301  one message for all
        return Request(
            text_or_none(said, "policyDigest"),
            allowed,
            _names(said),
            text_or_none(said, "requestedBy"),
            plan_only=member(said, "planOnly", bool) if "planOnly" in said else False,
        )
    except ValueError as error:
        raise SweepEventError(f"the input is not understood: {error}") from error


def _names(said: Document) -> tuple[str, ...] | None:
    if said.get("repositories") is None:
        return None
    names = member(said, "repositories", list)
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"repositories is {names!r:.100}")
    return tuple(cast("list[str]", names))


def write(run: Run, objects: Objects) -> None:
    """*run* is remembered from now on."""
    asked = run.request
    objects.write(
        keys.described(run.name),
        json.dumps(
            {
                "run": run.name,
                "startedAt": run.started.isoformat(),
                "mode": run.mode,
                "policyDigest": run.policy_digest,
                "domain": run.domain,
                "domainOwner": run.domain_owner,
                "deletionsLimit": run.deletions_limit,
                "request": {
                    "policyDigest": asked.policy_digest,
                    "allowDeletions": asked.allow_deletions,
                    "repositories": asked.repositories,
                    "requestedBy": asked.requested_by,
                    "planOnly": asked.plan_only,
                },
                "repositories": run.repositories,
            },
            indent=1,
        ),
    )


def read(name: str, objects: Objects) -> Run:
    """
    Return the run of that name.

    Raises:
        SweepEventError: There is none.
    """
    text = objects.read(keys.described(name))
    if text is None:
        raise SweepEventError(f"there is no run {name!r:.200}: {keys.described(name)} is missing")
    said = cast("Document", json.loads(text))
    return Run(
        name=member(said, "run", str),
        started=datetime.fromisoformat(member(said, "startedAt", str)),
        mode=cast("Mode", member(said, "mode", str)),
        policy_digest=member(said, "policyDigest", str),
        domain=member(said, "domain", str),
        domain_owner=member(said, "domainOwner", str),
        deletions_limit=member(said, "deletionsLimit", int),
        request=request_in(said["request"]),
        repositories=tuple(cast("list[str]", member(said, "repositories", list))),
    )
