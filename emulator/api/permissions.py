"""Operations on the permissions policies of domains and repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.api import documents, targets
from emulator.core import policies
from emulator.core.state import State
from emulator.core.values import Caller

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire


def put_domain_permissions_policy(
    state: State, caller: Caller, request: wire.PutDomainPermissionsPolicyRequestTypeDef
) -> documents.Document:
    """
    Set a domain's policy; only the owner's account may, whatever the present policy says.

    Source: API Reference, PutDomainPermissionsPolicy.
    """
    domain = targets.domain(state, caller, request, "PutDomainPermissionsPolicy")
    stored = policies.put(
        state, domain, request["policyDocument"], revision=request.get("policyRevision")
    )
    return {"policy": documents.policy(stored)}


def get_domain_permissions_policy(
    state: State, caller: Caller, request: wire.GetDomainPermissionsPolicyRequestTypeDef
) -> documents.Document:
    """
    Return a domain's policy and its revision.

    Source: API Reference, GetDomainPermissionsPolicy.
    """
    domain = targets.domain(state, caller, request, "GetDomainPermissionsPolicy")
    return {"policy": documents.policy(policies.describe(state, domain))}


def delete_domain_permissions_policy(
    state: State, caller: Caller, request: wire.DeleteDomainPermissionsPolicyRequestTypeDef
) -> documents.Document:
    """
    Delete a domain's policy, if it still has the revision that is given.

    Source: API Reference, DeleteDomainPermissionsPolicy.
    """
    domain = targets.domain(state, caller, request, "DeleteDomainPermissionsPolicy")
    deleted = policies.delete(state, domain, revision=request.get("policyRevision"))
    return {"policy": documents.policy(deleted)}


def put_repository_permissions_policy(
    state: State, caller: Caller, request: wire.PutRepositoryPermissionsPolicyRequestTypeDef
) -> documents.Document:
    """
    Set a repository's policy; only the own accounts may, whatever the present policy says.

    Source: API Reference, PutRepositoryPermissionsPolicy.
    """
    repository = targets.repository(state, caller, request, "PutRepositoryPermissionsPolicy")
    stored = policies.put(
        state, repository, request["policyDocument"], revision=request.get("policyRevision")
    )
    return {"policy": documents.policy(stored)}


def get_repository_permissions_policy(
    state: State, caller: Caller, request: wire.GetRepositoryPermissionsPolicyRequestTypeDef
) -> documents.Document:
    """
    Return a repository's policy and its revision.

    Source: API Reference, GetRepositoryPermissionsPolicy.
    """
    repository = targets.repository(state, caller, request, "GetRepositoryPermissionsPolicy")
    return {"policy": documents.policy(policies.describe(state, repository))}


def delete_repository_permissions_policy(
    state: State, caller: Caller, request: wire.DeleteRepositoryPermissionsPolicyRequestTypeDef
) -> documents.Document:
    """
    Delete a repository's policy, if it still has the revision that is given.

    Source: API Reference, DeleteRepositoryPermissionsPolicy.
    """
    repository = targets.repository(state, caller, request, "DeleteRepositoryPermissionsPolicy")
    deleted = policies.delete(state, repository, revision=request.get("policyRevision"))
    return {"policy": documents.policy(deleted)}
