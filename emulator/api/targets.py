"""What a request is about: the domain, repository or package, if its caller may do that to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from emulator.core import access, arns, group_patterns, rows
from emulator.core.errors import Validation
from emulator.core.values import (
    Caller,
    DomainId,
    Format,
    PackageGroupId,
    PackageId,
    RepositoryId,
    stored_version,
)

if TYPE_CHECKING:
    from emulator.core.state import State

NAMESPACE_REQUIRED: frozenset[Format] = frozenset({"maven", "swift", "generic"})
NAMESPACE_IMPOSSIBLE: frozenset[Format] = frozenset({"pypi", "nuget", "ruby", "cargo"})

Request = Mapping[str, object]


def domain_of(caller: Caller, request: Request) -> DomainId:
    """Return the domain that is named; without ``domainOwner`` it is the caller's."""
    return DomainId(str(request.get("domainOwner", caller.account)), str(request["domain"]))


def repository_of(caller: Caller, request: Request, member: str = "repository") -> RepositoryId:
    """Return the repository that *member* names in the request's domain."""
    return RepositoryId(domain_of(caller, request), str(request[member]))


def package_of(request: Request) -> PackageId:
    """
    Return the package that is named, normalised.

    Raises:
        Validation: Its format needs a namespace and there is none, or the reverse (API Reference,
            the namespace parameter).
    """
    fmt = cast("Format", request["format"])
    namespace = cast("str | None", request.get("namespace"))
    if namespace is None and fmt in NAMESPACE_REQUIRED:
        raise Validation(f"A {fmt} package needs a namespace.")
    if namespace is not None and fmt in NAMESPACE_IMPOSSIBLE:
        raise Validation(f"A {fmt} package has no namespace, but {namespace!r} is given.")
    return PackageId.normalised(fmt, namespace, str(request["package"]))


def with_stored_versions(request: Request) -> Request:
    """
    Return the request with its versions as they are stored.

    Names and versions of NuGet packages may be given in either form; asset names may not (User
    Guide, NuGet name and version normalisation).
    """
    if request.get("format") != "nuget":
        return request
    changed = dict(request)
    if isinstance(version := request.get("packageVersion"), str):
        changed["packageVersion"] = stored_version("nuget", version)
    if isinstance(versions := request.get("versions"), list):
        changed["versions"] = [stored_version("nuget", each) for each in versions]
    if isinstance(revisions := request.get("versionRevisions"), dict):
        changed["versionRevisions"] = {
            stored_version("nuget", version): revision for version, revision in revisions.items()
        }
    return changed


def domain(state: State, caller: Caller, request: Request, operation: str) -> DomainId:
    """
    Return the domain of the request.

    Raises:
        ResourceNotFound: There is no such domain.
        AccessDenied: The caller may not do *operation* to it.
    """
    found = domain_of(caller, request)
    with state.store.reading() as connection:
        rows.domain_row(connection, found)
    permit_domain(state, caller, operation, found)
    return found


def repository(
    state: State, caller: Caller, request: Request, operation: str, member: str = "repository"
) -> RepositoryId:
    """
    Return the repository of the request that *member* names.

    Raises:
        ResourceNotFound: There is no such repository or domain.
        AccessDenied: The caller may not do *operation* to it.
    """
    found = repository_of(caller, request, member)
    with state.store.reading() as connection:
        rows.repository_row(connection, found)
    permit_repository(state, caller, operation, found)
    return found


def package(
    state: State, caller: Caller, request: Request, operation: str
) -> tuple[RepositoryId, PackageId]:
    """
    Return repository and package of the request; the package need not exist.

    Raises:
        ResourceNotFound: There is no such repository or domain.
        AccessDenied: The caller may not do *operation* to the package.
    """
    found = repository_of(caller, request)
    named = package_of(request)
    with state.store.reading() as connection:
        rows.repository_row(connection, found)
    permit_package(state, caller, operation, found, named)
    return found, named


def package_group(state: State, caller: Caller, request: Request, operation: str) -> PackageGroupId:
    """
    Return the package group of the request, which need not exist.

    Raises:
        Validation: The pattern is none.
        ResourceNotFound: There is no such domain.
        AccessDenied: The caller may not do *operation* to it.
    """
    pattern = str(group_patterns.parse(str(request["packageGroup"])))
    found = PackageGroupId(domain_of(caller, request), pattern)
    with state.store.reading() as connection:
        rows.domain_row(connection, found.domain)
    permit_package_group(state, caller, operation, found)
    return found


def permit_domain(state: State, caller: Caller, operation: str, target: DomainId) -> None:
    """Return if the caller may do *operation* to the domain."""
    access.authorize(
        state, caller, f"codeartifact:{operation}", arns.of_domain(state, target), domain=target
    )


def permit_repository(state: State, caller: Caller, operation: str, target: RepositoryId) -> None:
    """Return if the caller may do *operation* to the repository."""
    access.authorize(
        state,
        caller,
        f"codeartifact:{operation}",
        arns.of_repository(state, target),
        repository=target,
    )


def permit_package_group(
    state: State, caller: Caller, operation: str, target: PackageGroupId
) -> None:
    """Return if the caller may do *operation* to the group, by its domain's policy."""
    access.authorize(
        state,
        caller,
        f"codeartifact:{operation}",
        arns.of_package_group(state, target),
        domain=target.domain,
    )


def permit_package(
    state: State, caller: Caller, operation: str, target: RepositoryId, named: PackageId
) -> None:
    """Return if the caller may do *operation* to the package in this repository."""
    access.authorize(
        state,
        caller,
        f"codeartifact:{operation}",
        arns.of_package(state, target, named),
        repository=target,
    )


def page_size(state: State, request: Request) -> int:
    """Return how many items a page holds; without ``maxResults`` the switch says (our choice)."""
    asked = cast("int | None", request.get("maxResults"))
    return int(state.faults.switch("defaultPageSize")) if asked is None else asked
