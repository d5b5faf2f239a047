"""
What stands in the ledger, as values, and how each value is written as an item of the table.

====================  ================================================  ======================
value                 ``entry`` (the sort key)                          ``expires``
====================  ================================================  ======================
:class:`Exemption`    ``exemption#restrictions``,                       when it ends
                      ``exemption#version#1.0``
:data:`Change`        ``change#2026-03-01T10:15:00.000000+00:00#...``   a year after the change
a finding told        ``told#...``                                      when it is to be told again
====================  ================================================  ======================

``package``, the partition key, is ``{owner}/{domain}/{repository}{package path}``. No name and no
version holds ``#``, ``/`` or a space (service model). A key that would be longer than DynamoDB
allows ends in a digest; nothing is ever read out of a key, the coordinates are attributes too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Final, TypedDict, cast

from steward.coordinates import Package, Repository, Restriction, Restrictions, Status, is_format

MAX_PARTITION_KEY: Final = 2048  # bytes; "Quotas in Amazon DynamoDB", DynamoDB Developer Guide
MAX_SORT_KEY: Final = 1024  # bytes; the same page
CHANGES_KEPT_FOR: Final = timedelta(days=365)  # our choice: long enough for any "since when?"

EXEMPTIONS: Final = "exemption#"
CHANGES: Final = "change#"
TOLD: Final = "told#"
_DIGEST: Final = 64  # characters of SHA-256 in hexadecimal


class Attribute(TypedDict, total=False):
    """A value of an item: text, or a number as text (AttributeValue, DynamoDB API Reference)."""

    S: str
    N: str


Item = Mapping[str, Attribute]


@dataclass(frozen=True, slots=True)
class Exemption:
    """
    What a person has undone, and the automations leave alone until a certain time.

    Attributes:
        version: The version whose status stays; ``None``: the package's origin restrictions stay.
        rule: The rule that would change it: ``origins[0]``.
        who: Who wants it so, as AWS names the caller.
        why: The reason in their words; may be empty.
        made: When (UTC).
        until: When it ends (UTC).
    """

    package: Package
    version: str | None
    rule: str
    who: str
    why: str
    made: datetime
    until: datetime

    def in_force(self, now: datetime) -> bool:
        """Return whether the exemption still holds; at its end it does not."""
        return now < self.until


@dataclass(frozen=True, slots=True)
class RestrictionsChange:
    """An automation changed the origin restrictions of a package."""

    package: Package
    before: Restrictions
    after: Restrictions
    rule: str
    automation: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An automation changed the status of a version."""

    package: Package
    version: str
    before: Status
    after: Status
    rule: str
    automation: str
    at: datetime


Change = RestrictionsChange | StatusChange


def key(package: Package, entry: str) -> dict[str, Attribute]:
    """Return the key of the item *entry* of *package*."""
    return {"package": {"S": partition(package)}, "entry": {"S": entry}}


def partition(package: Package) -> str:
    """Return the partition key of everything about *package*."""
    repository = package.repository
    text = f"{repository.domain_owner}/{repository.domain}/{repository.name}{package.path}"
    return _fitting(text, MAX_PARTITION_KEY)


def exemption_entry(version: str | None) -> str:
    """Return the sort key of the exemption of *version*, or of the origin restrictions."""
    what = "restrictions" if version is None else f"version#{version}"
    return _fitting(EXEMPTIONS + what, MAX_SORT_KEY)


def exemption_item(exemption: Exemption) -> Item:
    """Return *exemption* as an item; a second one for the same thing replaces the first."""
    return {
        **key(exemption.package, exemption_entry(exemption.version)),
        **_coordinates(exemption.package),
        **({} if exemption.version is None else {"version": {"S": exemption.version}}),
        "rule": {"S": exemption.rule},
        "who": {"S": exemption.who},
        "why": {"S": exemption.why},
        "made": {"S": _time(exemption.made)},
        "until": {"S": _time(exemption.until)},
        "expires": _expiry(exemption.until),
    }


def exemption_of(item: Item) -> Exemption:
    """
    Return the exemption that *item* is.

    Raises:
        LookupError, ValueError: It is none.
    """
    return Exemption(
        package=_package(item),
        version=item["version"]["S"] if "version" in item else None,
        rule=item["rule"]["S"],
        who=item["who"]["S"],
        why=item["why"]["S"],
        made=_moment(item["made"]["S"]),
        until=_moment(item["until"]["S"]),
    )


def change_item(change: Change) -> Item:
    """
    Return *change* as an item.

    Its sort key ends in a digest of all that it says. So two changes of one microsecond are two
    items, and a change that is recorded twice is one.
    """
    said: dict[str, Attribute] = {
        "rule": {"S": change.rule},
        "automation": {"S": change.automation},
        "at": {"S": _time(change.at)},
    }
    if isinstance(change, RestrictionsChange):
        said |= {
            "publishBefore": {"S": change.before.publish},
            "upstreamBefore": {"S": change.before.upstream},
            "publishAfter": {"S": change.after.publish},
            "upstreamAfter": {"S": change.after.upstream},
        }
    else:
        said |= {
            "version": {"S": change.version},
            "statusBefore": {"S": change.before},
            "statusAfter": {"S": change.after},
        }
    digest = sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return {
        **key(change.package, f"{CHANGES}{_time(change.at)}#{digest}"),
        **_coordinates(change.package),
        **said,
        "expires": _expiry(change.at + CHANGES_KEPT_FOR),
    }


def change_of(item: Item) -> Change:
    """
    Return the change that *item* is.

    Raises:
        LookupError, ValueError: It is none.
    """
    package, at = _package(item), _moment(item["at"]["S"])
    rule, automation = item["rule"]["S"], item["automation"]["S"]
    if "version" in item:
        return StatusChange(
            package=package,
            version=item["version"]["S"],
            before=cast("Status", item["statusBefore"]["S"]),
            after=cast("Status", item["statusAfter"]["S"]),
            rule=rule,
            automation=automation,
            at=at,
        )
    return RestrictionsChange(
        package=package,
        before=_restrictions(item, "Before"),
        after=_restrictions(item, "After"),
        rule=rule,
        automation=automation,
        at=at,
    )


def told_item(package: Package, finding: str, until: datetime) -> Item:
    """Return the item that says: a person was told of *finding*; it stays so until *until*."""
    return {
        **key(package, _fitting(TOLD + finding, MAX_SORT_KEY)),
        "finding": {"S": finding},
        "expires": _expiry(until),
    }


def told_finding(item: Item, now: datetime) -> str | None:
    """
    Return the finding that *item* says was told, or ``None`` if that has expired.

    DynamoDB deletes expired items within days, not at once ("Time to Live", Developer Guide).

    Raises:
        LookupError, ValueError: It is no such item.
    """
    return item["finding"]["S"] if int(item["expires"]["N"]) > now.timestamp() else None


def _restrictions(item: Item, when: str) -> Restrictions:
    return Restrictions(
        cast("Restriction", item[f"publish{when}"]["S"]),
        cast("Restriction", item[f"upstream{when}"]["S"]),
    )


def _coordinates(package: Package) -> dict[str, Attribute]:
    coordinates: dict[str, Attribute] = {
        "domainName": {"S": package.repository.domain},
        "domainOwner": {"S": package.repository.domain_owner},
        "repositoryName": {"S": package.repository.name},
        "packageFormat": {"S": package.format},
        "packageName": {"S": package.name},
    }
    if package.namespace:
        coordinates["packageNamespace"] = {"S": package.namespace}
    return coordinates


def _package(item: Item) -> Package:
    repository = Repository(
        item["domainName"]["S"], item["domainOwner"]["S"], item["repositoryName"]["S"]
    )
    package_format = item["packageFormat"]["S"]
    if not is_format(package_format):
        raise ValueError(f"{package_format!r} is no package format")
    namespace = item["packageNamespace"]["S"] if "packageNamespace" in item else None
    return Package(repository, package_format, namespace, item["packageName"]["S"])


def _time(moment: datetime) -> str:
    """Return *moment* as text of a fixed width, so that the order of texts is that of times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _expiry(moment: datetime) -> Attribute:
    """Return the time-to-live attribute: whole seconds, never before *moment*."""
    return {"N": str(ceil(moment.timestamp()))}


def _fitting(text: str, limit: int) -> str:
    """
    Return *text* if it has at most *limit* bytes, else its beginning and a digest of all of it.

    What was cut ends in ``#`` and 64 hexadecimal digits, which no name and no version can.
    """
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    beginning = encoded[: limit - _DIGEST - 1].decode(errors="ignore")
    return f"{beginning}#{sha256(encoded).hexdigest()}"
