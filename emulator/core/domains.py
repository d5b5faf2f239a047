"""Domains: created, described, listed and deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from emulator.core import arns, group_rows, paging
from emulator.core.clock import moment, stamp
from emulator.core.errors import Conflict, ServiceQuotaExceeded
from emulator.core.rows import Row, domain_row
from emulator.core.state import State
from emulator.core.values import Domain, DomainId, PackageGroupId

MAX_DOMAINS = (
    10  # "Domains per AWS account", User Guide, quotas; adjustable, so only with quotas in force
)
_COLUMNS = (
    "d.id, d.owner, d.name, d.created, d.encryption_key,"
    " (SELECT COUNT(*) FROM repositories r WHERE r.domain = d.id)"
)


def arn(region: str, domain: DomainId) -> str:
    """Return the domain's ARN (Service Authorization Reference)."""
    return f"arn:aws:codeartifact:{region}:{domain.owner}:domain/{domain.name}"


def create(
    state: State,
    domain: DomainId,
    *,
    encryption_key: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Domain:
    """
    The domain exists, empty, with *tags* and the root package group.

    Without *encryption_key* it has one of the form that the AWS managed key ``aws/codeartifact``
    has.

    Raises:
        Conflict: The account has a domain of this name in this Region.
        ServiceQuotaExceeded: Documented quotas are in force and the account has ten.
    """
    region = state.options.region
    key = (
        encryption_key
        or f"arn:aws:kms:{region}:{domain.owner}:key/00000000-0000-0000-0000-000000000000"
    )
    with state.store.transaction() as connection:
        owned = connection.execute(
            "SELECT name FROM domains WHERE owner = ?", (domain.owner,)
        ).fetchall()
        if (domain.name,) in owned:
            raise Conflict(
                f"Domain '{domain.name}' owned by account '{domain.owner}' already exists",
                resource_id=domain.name,
                resource_type="domain",
            )
        if state.faults.quotas and len(owned) >= MAX_DOMAINS:
            raise ServiceQuotaExceeded(
                f"Account '{domain.owner}' already has the maximum of {MAX_DOMAINS} domains",
                resource_id=domain.name,
                resource_type="domain",
            )
        now = stamp(state.clock.now())
        (row_id,) = connection.execute(
            "INSERT INTO domains (owner, name, created, encryption_key, groups_generation)"
            " VALUES (?, ?, ?, ?, ?) RETURNING id",
            (domain.owner, domain.name, now, key, group_rows.new_generation()),
        ).fetchone()
        group_rows.insert_root(connection, row_id, now)
        write_tags(connection, arn(region, domain), tags or {})
    return describe(state, domain)


def describe(state: State, domain: DomainId) -> Domain:
    """
    Return the domain with the number of its repositories and the bytes it stores.

    Bytes that several versions or repositories of the domain hold count once: a domain stores each
    asset once (User Guide, concepts).

    Raises:
        ResourceNotFound: There is no such domain.
    """
    with state.store.reading() as connection:
        row_id = domain_row(connection, domain)
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM domains d WHERE d.id = ?",  # noqa: S608  a constant
            (row_id,),
        ).fetchone()
        (size,) = connection.execute(
            "SELECT COALESCE(SUM(size), 0) FROM blobs WHERE sha256 IN"
            " (SELECT a.sha256 FROM repositories r JOIN packages p ON p.repository = r.id"
            " JOIN versions v ON v.package = p.id JOIN assets a ON a.version = v.id"
            " WHERE r.domain = ?)",
            (row_id,),
        ).fetchone()
    return _domain(row, size)


def delete(state: State, domain: DomainId) -> Domain | None:
    """
    The domain is gone; return what it was, or ``None`` if it did not exist.

    Deleting a domain that does not exist is no error in the service model; the caller's answer is
    then empty.

    Raises:
        Conflict: It still has repositories ("Delete a domain", User Guide).
    """
    with state.store.transaction() as connection:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM domains d WHERE d.owner = ? AND d.name = ?",  # noqa: S608  a constant
            (domain.owner, domain.name),
        ).fetchone()
        if row is None:
            return None
        if row[5]:
            raise Conflict(
                f"Domain '{domain.name}' still has {row[5]} repositories: delete them first",
                resource_id=domain.name,
                resource_type="domain",
            )
        patterns = group_rows.patterns(connection, row[0])
        connection.execute("DELETE FROM domains WHERE id = ?", (row[0],))
        for pattern in patterns:
            forget_resource(
                connection, arns.of_package_group(state, PackageGroupId(domain, pattern))
            )
        forget_resource(connection, arn(state.options.region, domain))
    return _domain(row, 0, deleted=True)


def page(
    state: State, owner: str, *, limit: int, after: str | None = None
) -> tuple[list[Domain], str | None]:
    """Return the account's domains by name, at most *limit*, and the token of the next page."""
    scope = ("ListDomains", owner)
    key = paging.decode(scope, after)
    with state.store.reading() as connection:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM domains d WHERE d.owner = ? AND"  # noqa: S608  a constant
            " d.name > ? ORDER BY d.name LIMIT ?",
            (owner, key[0] if key else "", limit + 1),
        ).fetchall()
    token = paging.encode(scope, [rows[limit - 1][2]]) if len(rows) > limit else None
    return [_domain(row, 0) for row in rows[:limit]], token


def write_tags(connection: sqlite3.Connection, resource_arn: str, tags: Mapping[str, str]) -> None:
    """The resource has *tags* besides those it had."""
    connection.executemany(
        "INSERT INTO tags (arn, key, value) VALUES (?, ?, ?)"
        " ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
        [(resource_arn, key, value) for key, value in tags.items()],
    )


def forget_resource(connection: sqlite3.Connection, resource_arn: str) -> None:
    """The tags and the policy of a deleted resource are gone."""
    connection.execute("DELETE FROM tags WHERE arn = ?", (resource_arn,))
    connection.execute("DELETE FROM policies WHERE arn = ?", (resource_arn,))


def bucket_arn(region: str) -> str:
    """Return the ARN of the bucket that stores a Region's assets, as DescribeDomain shows it."""
    number = f"{sum(map(ord, region)):012d}"  # some account of the service, one a Region
    return f"arn:aws:s3:::assets-{number}-{region}"


def _domain(row: Row, size: int, *, deleted: bool = False) -> Domain:
    _, owner, name, created, key, repositories = row
    return Domain(
        DomainId(str(owner), str(name)),
        moment(int(str(created))),
        str(key),
        int(str(repositories)),
        size,
        "Deleted" if deleted else "Active",
    )
