"""Repositories: created, described, updated, listed, deleted, connected."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from emulator.core import domains, paging
from emulator.core.clock import moment, stamp
from emulator.core.errors import Conflict, ResourceNotFound, ServiceQuotaExceeded, Validation
from emulator.core.events import Change
from emulator.core.rows import Row, domain_row, repository_row
from emulator.core.state import State
from emulator.core.topology import remembered
from emulator.core.values import DomainId, Format, PackageId, Repository, RepositoryId

MAX_DIRECT_UPSTREAMS = 10  # "Direct upstream repositories per repository", User Guide, quotas
MAX_REPOSITORIES = (
    1_000  # "Repositories per domain", the same; adjustable, so only with quotas in force
)

EXTERNAL_CONNECTIONS: Mapping[str, Format] = MappingProxyType(
    {
        # "Supported external connection repositories", User Guide
        "public:npmjs": "npm",
        "public:pypi": "pypi",
        "public:nuget-org": "nuget",
        "public:maven-central": "maven",
        "public:maven-googleandroid": "maven",
        "public:maven-gradleplugins": "maven",
        "public:maven-commonsware": "maven",
        "public:maven-clojars": "maven",
        "public:ruby-gems-org": "ruby",
        "public:crates-io": "cargo",
    }
)
"""Every external connection and its format."""

_COLUMNS = (
    "r.id, d.owner, d.name, r.name, r.administrator, r.description, r.created,"
    " r.external_connection,"
    " (SELECT json_group_array(name) FROM (SELECT u.name FROM upstreams l"
    " JOIN repositories u ON u.id = l.upstream WHERE l.repository = r.id ORDER BY l.position))"
)
_FROM = f"SELECT {_COLUMNS} FROM repositories r JOIN domains d ON d.id = r.domain"  # noqa: S608  constants


def arn(region: str, repository: RepositoryId) -> str:
    """Return the repository's ARN; its account is the domain's owner (IAM reference)."""
    domain = repository.domain
    return (
        f"arn:aws:codeartifact:{region}:{domain.owner}:repository/{domain.name}/{repository.name}"
    )


def create(
    state: State,
    repository: RepositoryId,
    *,
    administrator: str,
    description: str | None = None,
    upstreams: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
) -> Repository:
    """
    The repository exists, empty.

    *administrator* is the account that made it (User Guide, concepts).

    Raises:
        ResourceNotFound: Its domain or one of *upstreams* does not exist.
        Conflict: The domain has a repository of this name.
        ServiceQuotaExceeded: More than ten upstreams.
        Validation: An upstream is named twice, or is the repository itself.
    """
    with state.store.transaction() as connection:
        domain = domain_row(connection, repository.domain)
        names = {
            name
            for (name,) in connection.execute(
                "SELECT name FROM repositories WHERE domain = ?", (domain,)
            )
        }
        if repository.name in names:
            raise Conflict(
                f"Repository '{repository.name}' in domain '{repository.domain.name}' already "
                "exists",
                resource_id=repository.name,
                resource_type="repository",
            )
        if state.faults.quotas and len(names) >= MAX_REPOSITORIES:
            raise ServiceQuotaExceeded(
                f"Domain '{repository.domain.name}' already has the maximum of {MAX_REPOSITORIES} "
                "repositories",
                resource_id=repository.domain.name,
                resource_type="domain",
            )
        row = connection.execute(
            "INSERT INTO repositories (domain, name, administrator, description, created)"
            " VALUES (?, ?, ?, ?, ?) RETURNING id",
            (domain, repository.name, administrator, description or "", stamp(state.clock.now())),
        ).fetchone()
        _set_upstreams(connection, row[0], repository, upstreams)
        domains.write_tags(connection, arn(state.options.region, repository), tags or {})
        return describe(state, repository)


def describe(state: State, repository: RepositoryId) -> Repository:
    """
    Return the repository.

    Raises:
        ResourceNotFound: There is no such repository or domain.
    """
    with state.store.reading() as connection:
        return remembered(
            connection, ("repository", repository), lambda asked: _described(asked, repository)
        )


def _described(connection: sqlite3.Connection, repository: RepositoryId) -> Repository:
    row_id = repository_row(connection, repository)
    return _repository(connection.execute(f"{_FROM} WHERE r.id = ?", (row_id,)).fetchone())


def update(
    state: State,
    repository: RepositoryId,
    *,
    description: str | None = None,
    upstreams: Sequence[str] | None = None,
) -> Repository:
    """
    What is given replaces what was; ``upstreams=[]`` removes all (UpdateRepository, API Reference).

    Raises:
        ResourceNotFound: The repository or one of *upstreams* does not exist.
        ServiceQuotaExceeded: More than ten upstreams.
        Validation: An upstream is named twice, leads back to the repository, or the repository has
            an external connection.
    """
    with state.store.transaction() as connection:
        row_id = repository_row(connection, repository)
        if description is not None:
            connection.execute(
                "UPDATE repositories SET description = ? WHERE id = ?", (description, row_id)
            )
        if upstreams is not None:
            _set_upstreams(connection, row_id, repository, upstreams)
        return describe(state, repository)


def delete(state: State, repository: RepositoryId) -> Repository:
    """
    The repository and all it holds are gone, its name is free; return what it was.

    It is also gone from the upstreams of other repositories. No events, unless the switch
    ``deleteRepositoryEmits`` says so.

    Raises:
        ResourceNotFound: There is no such repository.
    """
    with state.store.transaction() as connection:
        found = describe(state, repository)
        row_id = repository_row(connection, repository)
        if state.faults.on("deleteRepositoryEmits"):
            _emit_deletions(state, connection, found, row_id)
        connection.execute("DELETE FROM repositories WHERE id = ?", (row_id,))
        domains.forget_resource(connection, arn(state.options.region, repository))
    return found


def page(
    state: State,
    *,
    domain: DomainId | None = None,
    administrator: str | None = None,
    prefix: str | None = None,
    limit: int,
    after: str | None = None,
) -> tuple[list[Repository], str | None]:
    """
    Return repositories by domain and name, at most *limit*, and the token of the next page.

    Args:
        domain: Only this domain's (ListRepositoriesInDomain).
        administrator: Only those that this account administers (with no *domain*:
            ListRepositories).
        prefix: Only those whose name begins so.

    Raises:
        ResourceNotFound: There is no such domain.
    """
    scope = ("ListRepositories", domain, administrator, prefix)
    key = paging.decode(scope, after)
    clauses = ["(d.name, d.owner, r.name) > (?, ?, ?)"]
    values: list[object] = list(key or ("", "", ""))
    with state.store.reading() as connection:
        if domain is not None:
            clauses.append("r.domain = ?")
            values.append(domain_row(connection, domain))
        if administrator is not None:
            clauses.append("r.administrator = ?")
            values.append(administrator)
        if prefix:
            clauses.append("substr(r.name, 1, ?) = ?")
            values.extend((len(prefix), prefix))
        rows = connection.execute(
            f"{_FROM} WHERE {' AND '.join(clauses)} ORDER BY d.name, d.owner, r.name LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
    found = [_repository(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return found, None
    last = found[-1].id
    return found, paging.encode(scope, [last.domain.name, last.domain.owner, last.name])


def associate_external_connection(state: State, repository: RepositoryId, name: str) -> Repository:
    """
    The repository has the external connection *name*.

    Raises:
        ResourceNotFound: There is no such repository.
        Validation: There is no such connection, the repository has one already (one is the limit),
            or it has upstreams (both at once are not possible, User Guide, external connections).
    """
    if name not in EXTERNAL_CONNECTIONS:
        raise Validation(f"External connection '{name}' does not exist", reason="OTHER")
    with state.store.transaction() as connection:
        found = describe(state, repository)
        if found.external_connection is not None:
            raise Validation(
                "ExternalConnections for repositories are currently limited to 1", reason="OTHER"
            )
        if found.upstreams:
            raise Validation(
                f"Repository '{repository.name}' has upstream repositories: "
                "a repository has either upstream repositories or an external connection",
                reason="OTHER",
            )
        row_id = repository_row(connection, repository)
        connection.execute(
            "UPDATE repositories SET external_connection = ? WHERE id = ?", (name, row_id)
        )
        return describe(state, repository)


def disassociate_external_connection(
    state: State, repository: RepositoryId, name: str
) -> Repository:
    """
    The repository no longer has the external connection; what it fetched through it stays.

    Raises:
        ResourceNotFound: There is no such repository, or it does not have this connection.
    """
    with state.store.transaction() as connection:
        if describe(state, repository).external_connection != name:
            raise ResourceNotFound(
                f"Repository '{repository.name}' has no external connection '{name}'",
                resource_id=repository.name,
                resource_type="repository",
            )
        row_id = repository_row(connection, repository)
        connection.execute(
            "UPDATE repositories SET external_connection = NULL WHERE id = ?", (row_id,)
        )
        return describe(state, repository)


def _set_upstreams(
    connection: sqlite3.Connection, row_id: int, repository: RepositoryId, upstreams: Sequence[str]
) -> None:
    if len(upstreams) > MAX_DIRECT_UPSTREAMS:
        raise ServiceQuotaExceeded(
            f"Repository '{repository.name}' can have at most {MAX_DIRECT_UPSTREAMS} direct "
            "upstream repositories",
            resource_id=repository.name,
            resource_type="repository",
        )
    if len(set(upstreams)) != len(upstreams):
        raise Validation(f"An upstream repository is named twice: {', '.join(upstreams)}")
    (external,) = connection.execute(
        "SELECT external_connection FROM repositories WHERE id = ?", (row_id,)
    ).fetchone()
    if upstreams and external is not None:
        raise Validation(
            f"Repository '{repository.name}' has the external connection '{external}': "
            "a repository has either upstream repositories or an external connection",
            reason="OTHER",
        )
    rows = [repository_row(connection, RepositoryId(repository.domain, name)) for name in upstreams]
    connection.execute("DELETE FROM upstreams WHERE repository = ?", (row_id,))
    connection.executemany(
        "INSERT INTO upstreams (repository, position, upstream) VALUES (?, ?, ?)",
        [(row_id, position, upstream) for position, upstream in enumerate(rows)],
    )
    _refuse_cycle(connection, row_id, repository)


def _refuse_cycle(connection: sqlite3.Connection, row_id: int, repository: RepositoryId) -> None:
    """Not documented: our choice is to refuse upstreams that lead back to the repository itself."""
    back = connection.execute(
        "WITH RECURSIVE reached (id) AS (SELECT upstream FROM upstreams WHERE repository = ?"
        " UNION SELECT l.upstream FROM upstreams l JOIN reached ON l.repository = reached.id)"
        " SELECT 1 FROM reached WHERE id = ?",
        (row_id, row_id),
    ).fetchone()
    if back is not None:
        raise Validation(
            f"The upstream repositories of '{repository.name}' lead back to it", reason="OTHER"
        )


def _emit_deletions(
    state: State, connection: sqlite3.Connection, repository: Repository, row_id: int
) -> None:
    rows = connection.execute(
        "SELECT p.format, p.namespace, p.name, v.version, v.status, v.revision,"
        " (SELECT COUNT(*) FROM assets a WHERE a.version = v.id)"
        " FROM packages p JOIN versions v ON v.package = p.id WHERE p.repository = ? ORDER BY v.id",
        (row_id,),
    ).fetchall()
    for fmt, namespace, name, version, status, revision, assets in rows:
        state.events.emit(
            connection,
            Change(
                repository.id,
                repository.administrator,
                PackageId(fmt, namespace, name),
                version,
                "Deleted",
                status,
                revision,
                assets_removed=assets,
                status_changed=True,
            ),
        )


def _repository(row: Row) -> Repository:
    _, owner, domain, name, administrator, description, created, external, upstreams = row
    return Repository(
        RepositoryId(DomainId(str(owner), str(domain)), str(name)),
        str(administrator),
        str(description),
        moment(int(str(created))),
        tuple(json.loads(str(upstreams))),
        None if external is None else str(external),
    )
