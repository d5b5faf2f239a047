"""Operations on domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.api import documents, targets
from emulator.core import domains, tags
from emulator.core.state import State
from emulator.core.values import Caller, DomainId

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import type_defs as wire


def create_domain(
    state: State, caller: Caller, request: wire.CreateDomainRequestTypeDef
) -> documents.Document:
    """
    Create a domain that belongs to the caller's account.

    Source: API Reference, CreateDomain; User Guide, "Create a domain".
    """
    domain = DomainId(caller.account, request["domain"])
    created = domains.create(
        state,
        domain,
        encryption_key=request.get("encryptionKey"),
        tags=tags.checked(request.get("tags", ()), domain),
    )
    return {"domain": documents.domain_description(state, created)}


def describe_domain(
    state: State, caller: Caller, request: wire.DescribeDomainRequestTypeDef
) -> documents.Document:
    """
    Describe a domain with its number of repositories and the bytes it stores.

    Source: API Reference, DescribeDomain.
    """
    domain = targets.domain(state, caller, request, "DescribeDomain")
    return {"domain": documents.domain_description(state, domains.describe(state, domain))}


def list_domains(
    state: State, caller: Caller, request: wire.ListDomainsRequestTypeDef
) -> documents.Document:
    """
    List the domains of the caller's own account.

    Source: API Reference, ListDomains. Not documented: order and default page size (switch).
    """
    found, token = domains.page(
        state,
        caller.account,
        limit=targets.page_size(state, request),
        after=request.get("nextToken"),
    )
    return {
        "domains": [documents.domain_summary(state, each) for each in found],
        "nextToken": token,
    }


def delete_domain(
    state: State, caller: Caller, request: wire.DeleteDomainRequestTypeDef
) -> documents.Document:
    """
    Delete a domain without repositories; one that does not exist is no error.

    Source: User Guide, "Delete a domain"; service model (no ResourceNotFoundException).
    """
    domain = targets.domain_of(caller, request)
    targets.permit_domain(state, caller, "DeleteDomain", domain)
    deleted = domains.delete(state, domain)
    if deleted is None:
        return {}
    return {"domain": documents.domain_description(state, deleted)}
