"""Permissions policies of domains and repositories, locked by their revision."""

from __future__ import annotations

import base64
import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from emulator.core import arns, policy_language
from emulator.core.errors import Conflict, ResourceNotFound
from emulator.core.topology import remembered
from emulator.core.values import DomainId, RepositoryId

if TYPE_CHECKING:
    from emulator.core.state import State


@dataclass(frozen=True, slots=True)
class Policy:
    """A stored policy document."""

    arn: str
    revision: str
    document: str


def find(state: State, resource: DomainId | RepositoryId) -> Policy | None:
    """Return the policy of *resource*, if it has one."""
    arn = _arn(state, resource)
    with state.store.reading() as connection:
        return remembered(connection, ("policy", arn), lambda asked: _found(asked, arn))


def _found(connection: sqlite3.Connection, arn: str) -> Policy | None:
    row = connection.execute(
        "SELECT revision, document FROM policies WHERE arn = ?", (arn,)
    ).fetchone()
    return None if row is None else Policy(arn, row[0], row[1])


def describe(state: State, resource: DomainId | RepositoryId) -> Policy:
    """
    Return the policy of *resource*.

    Raises:
        ResourceNotFound: It has none.
    """
    policy = find(state, resource)
    if policy is None:
        kind = _kind(resource)
        raise ResourceNotFound(
            f"Policy not found. The {kind} '{resource.name}' has no permissions policy",
            resource_id=_arn(state, resource),
            resource_type=kind,
        )
    return policy


def put(
    state: State, resource: DomainId | RepositoryId, document: str, *, revision: str | None
) -> Policy:
    """
    Make *document* the policy of *resource* and return it under its new revision.

    Raises:
        Validation: The document is no valid policy.
        Conflict: *revision* is given and not that of the present policy.
    """
    policy_language.parse(document)
    policy = Policy(_arn(state, resource), _new_revision(document), document)
    with state.store.transaction() as connection:
        _check_revision(state, resource, revision)
        connection.execute(
            "INSERT OR REPLACE INTO policies (arn, revision, document) VALUES (?, ?, ?)",
            (policy.arn, policy.revision, policy.document),
        )
    return policy


def delete(state: State, resource: DomainId | RepositoryId, *, revision: str | None) -> Policy:
    """
    Remove the policy of *resource* and return what it was.

    Raises:
        ResourceNotFound: It has none.
        Conflict: *revision* is given and not the policy's.
    """
    with state.store.transaction() as connection:
        policy = describe(state, resource)
        _check_revision(state, resource, revision)
        connection.execute("DELETE FROM policies WHERE arn = ?", (policy.arn,))
    return policy


def _check_revision(state: State, resource: DomainId | RepositoryId, revision: str | None) -> None:
    """Refuse a revision that is not the present one (API Reference, policyRevision)."""
    policy = find(state, resource)
    if revision is None or (policy is not None and policy.revision == revision):
        return
    raise Conflict(
        f"The policy revision {revision!r} is not the current one",
        resource_id=_arn(state, resource),
        resource_type=_kind(resource),
    )


def _new_revision(document: str) -> str:
    digest = hashlib.sha256(document.encode() + secrets.token_bytes(16)).digest()
    return base64.b64encode(digest).decode()


def _arn(state: State, resource: DomainId | RepositoryId) -> str:
    if isinstance(resource, DomainId):
        return arns.of_domain(state, resource)
    return arns.of_repository(state, resource)


def _kind(resource: DomainId | RepositoryId) -> Literal["domain", "repository"]:
    return "domain" if isinstance(resource, DomainId) else "repository"
