"""Operations on repositories, their upstreams, external connections and endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from emulator.api import documents, targets
from emulator.core import repositories, tags
from emulator.core.state import State
from emulator.core.values import Caller, RepositoryId

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire


def create_repository(
    state: State, caller: Caller, request: wire.CreateRepositoryRequestTypeDef
) -> documents.Document:
    """
    Create a repository that the caller's account administers, maybe in another account's domain.

    Source: User Guide, "Create a repository", "Domain policies".
    """
    domain = targets.domain(state, caller, request, "CreateRepository")
    repository = RepositoryId(domain, request["repository"])
    upstreams = [each["repositoryName"] for each in request.get("upstreams", ())]
    _permit_upstreams(state, caller, repository, upstreams)
    created = repositories.create(
        state,
        repository,
        administrator=caller.account,
        description=request.get("description"),
        upstreams=upstreams,
        tags=tags.checked(request.get("tags", ()), repository),
    )
    return {"repository": documents.repository_description(state, created)}


def describe_repository(
    state: State, caller: Caller, request: wire.DescribeRepositoryRequestTypeDef
) -> documents.Document:
    """
    Describe a repository with its upstreams in priority order and its external connection.

    Source: API Reference, DescribeRepository.
    """
    repository = targets.repository(state, caller, request, "DescribeRepository")
    return _described(state, repository)


def update_repository(
    state: State, caller: Caller, request: wire.UpdateRepositoryRequestTypeDef
) -> documents.Document:
    """
    Replace the description or the whole list of upstreams, whichever is given.

    Source: API Reference, UpdateRepository.
    """
    repository = targets.repository(state, caller, request, "UpdateRepository")
    given = request.get("upstreams")
    upstreams = None if given is None else [each["repositoryName"] for each in given]
    _permit_upstreams(state, caller, repository, upstreams or ())
    updated = repositories.update(
        state, repository, description=request.get("description"), upstreams=upstreams
    )
    return {"repository": documents.repository_description(state, updated)}


def delete_repository(
    state: State, caller: Caller, request: wire.DeleteRepositoryRequestTypeDef
) -> documents.Document:
    """
    Delete a repository and every package in it, for good.

    Source: User Guide, "Delete a repository".
    """
    repository = targets.repository(state, caller, request, "DeleteRepository")
    described = _described(state, repository)
    repositories.delete(state, repository)
    return described


def list_repositories(
    state: State, caller: Caller, request: wire.ListRepositoriesRequestTypeDef
) -> documents.Document:
    """
    List the repositories that the caller's account administers, in any domain.

    Source: API Reference, ListRepositories. Not documented: order and default page size (switch).
    """
    found, token = repositories.page(
        state,
        administrator=caller.account,
        prefix=request.get("repositoryPrefix"),
        limit=targets.page_size(state, request),
        after=request.get("nextToken"),
    )
    return {
        "repositories": [documents.repository_summary(state, each) for each in found],
        "nextToken": token,
    }


def list_repositories_in_domain(
    state: State, caller: Caller, request: wire.ListRepositoriesInDomainRequestTypeDef
) -> documents.Document:
    """
    List a domain's repositories, whoever administers them.

    Source: API Reference, ListRepositoriesInDomain. Not documented: order and default page size.
    """
    domain = targets.domain(state, caller, request, "ListRepositoriesInDomain")
    found, token = repositories.page(
        state,
        domain=domain,
        administrator=request.get("administratorAccount"),
        prefix=request.get("repositoryPrefix"),
        limit=targets.page_size(state, request),
        after=request.get("nextToken"),
    )
    return {
        "repositories": [documents.repository_summary(state, each) for each in found],
        "nextToken": token,
    }


def associate_external_connection(
    state: State, caller: Caller, request: wire.AssociateExternalConnectionRequestTypeDef
) -> documents.Document:
    """
    Give a repository without upstreams its one external connection.

    Source: User Guide, "Connect a CodeArtifact repository to a public repository".
    """
    repository = targets.repository(state, caller, request, "AssociateExternalConnection")
    connected = repositories.associate_external_connection(
        state, repository, request["externalConnection"]
    )
    return {"repository": documents.repository_description(state, connected)}


def disassociate_external_connection(
    state: State, caller: Caller, request: wire.DisassociateExternalConnectionRequestTypeDef
) -> documents.Document:
    """
    Take a repository's external connection away; what came through it stays.

    Source: API Reference, DisassociateExternalConnection.
    """
    repository = targets.repository(state, caller, request, "DisassociateExternalConnection")
    left = repositories.disassociate_external_connection(
        state, repository, request["externalConnection"]
    )
    return {"repository": documents.repository_description(state, left)}


def get_repository_endpoint(
    state: State, caller: Caller, request: wire.GetRepositoryEndpointRequestTypeDef
) -> documents.Document:
    """
    Return where package managers find the repository, in the path form of VPC endpoints.

    The endpoint type changes nothing: there is one loopback address.

    Source: API Reference, GetRepositoryEndpoint; User Guide, "Use CodeArtifact from a VPC".
    """
    repository = targets.repository(state, caller, request, "GetRepositoryEndpoint")
    domain = repository.domain
    return {
        "repositoryEndpoint": (
            f"{state.base_url}/{request['format']}/d/{domain.name}-{domain.owner}/"
            f"{repository.name}/"
        )
    }


def _described(state: State, repository: RepositoryId) -> documents.Document:
    found = repositories.describe(state, repository)
    return {"repository": documents.repository_description(state, found)}


def _permit_upstreams(
    state: State, caller: Caller, repository: RepositoryId, names: Iterable[str]
) -> None:
    """Check the right to each upstream (User Guide, "Working with upstream repositories")."""
    for name in names:
        upstream = RepositoryId(repository.domain, name)
        repositories.describe(state, upstream)
        targets.permit_repository(state, caller, "AssociateWithDownstreamRepository", upstream)
