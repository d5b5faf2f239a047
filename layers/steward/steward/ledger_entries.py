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

:data:`Change` values that differ only in the version share an item, as many as fit; marks
(``ledger_marks.py``) and what is known of all exemptions (``ledger_exemptions.py``) stand in the
same table.

``package``, the partition key, is ``{owner}/{domain}/{repository}{package path}``. No name and no
version holds ``#``, ``/`` or a space (service model). A key that would be longer than DynamoDB
allows ends in a digest; nothing is ever read out of a key, the coordinates are attributes too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, cast

from steward.coordinates import Package, Restriction, Restrictions, Status
from steward.table_items import (
    MAX_SORT_KEY,
    Attribute,
    Item,
    coordinates,
    fitting,
    key,
    list_of,
    moment_in,
    package_of,
    shares,
    texts_in,
    time_text,
    whole_seconds,
)

CHANGES_KEPT_FOR: Final = timedelta(days=365)  # our choice: long enough for any "since when?"

EXEMPTIONS: Final = "exemption#"
CHANGES: Final = "change#"
TOLD: Final = "told#"


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
        automation: Whose change was undone; ``None``: it was written before that was noted.
    """

    package: Package
    version: str | None
    rule: str
    who: str
    why: str
    made: datetime
    until: datetime
    automation: str | None = None

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


def exemption_entry(version: str | None) -> str:
    """Return the sort key of the exemption of *version*, or of the origin restrictions."""
    what = "restrictions" if version is None else f"version#{version}"
    return fitting(EXEMPTIONS + what, MAX_SORT_KEY)


def exemption_item(exemption: Exemption) -> Item:
    """Return *exemption* as an item; a second one for the same thing replaces the first."""
    return {
        **key(exemption.package, exemption_entry(exemption.version)),
        **coordinates(exemption.package),
        **({} if exemption.version is None else {"version": {"S": exemption.version}}),
        "rule": {"S": exemption.rule},
        "who": {"S": exemption.who},
        "why": {"S": exemption.why},
        "made": {"S": time_text(exemption.made)},
        "until": {"S": time_text(exemption.until)},
        **({} if exemption.automation is None else {"automation": {"S": exemption.automation}}),
        "expires": whole_seconds(exemption.until),
    }


def exemption_of(item: Item) -> Exemption:
    """
    Return the exemption that *item* is.

    Raises:
        LookupError, ValueError: It is none.
    """
    return Exemption(
        package=package_of(item),
        version=item["version"]["S"] if "version" in item else None,
        rule=item["rule"]["S"],
        who=item["who"]["S"],
        why=item["why"]["S"],
        made=moment_in(item["made"]["S"]),
        until=moment_in(item["until"]["S"]),
        automation=item["automation"]["S"] if "automation" in item else None,
    )


def change_items(changes: Iterable[Change]) -> list[Item]:
    """
    Return *changes* as items: those that differ only in the version share some.

    A sort key ends in a digest of all that its item says. So two changes of one microsecond do not
    replace each other, and the same ones recorded twice are kept once.
    """
    items: list[Item] = []
    versions: dict[StatusChange, list[str]] = {}
    for change in changes:
        if isinstance(change, RestrictionsChange):
            items.append(_change_item(change, _restrictions_said(change)))
        else:
            versions.setdefault(replace(change, version=""), []).append(change.version)
    for alike, names in versions.items():
        said: dict[str, Attribute] = {
            "statusBefore": {"S": alike.before},
            "statusAfter": {"S": alike.after},
        }
        items += [
            _change_item(alike, {**said, "versions": list_of(share)}) for share in shares(names)
        ]
    return items


def changes_of(item: Item) -> list[Change]:
    """
    Return the changes that *item* holds, by version.

    Raises:
        LookupError, ValueError: It holds none.
    """
    package, at = package_of(item), moment_in(item["at"]["S"])
    rule, automation = item["rule"]["S"], item["automation"]["S"]
    if "statusBefore" not in item:
        before, after = _restrictions(item, "Before"), _restrictions(item, "After")
        return [RestrictionsChange(package, before, after, rule, automation, at)]
    # Earlier releases wrote an item a version.
    versions = [item["version"]["S"]] if "version" in item else texts_in(item["versions"])
    was = cast("Status", item["statusBefore"]["S"])
    became = cast("Status", item["statusAfter"]["S"])
    return [
        StatusChange(package, version, was, became, rule, automation, at) for version in versions
    ]


def told_item(package: Package, finding: str, until: datetime) -> Item:
    """Return the item that says: a person was told of *finding*; it stays so until *until*."""
    return {
        **key(package, fitting(TOLD + finding, MAX_SORT_KEY)),
        "finding": {"S": finding},
        "expires": whole_seconds(until),
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


def _restrictions_said(change: RestrictionsChange) -> Mapping[str, Attribute]:
    return {
        "publishBefore": {"S": change.before.publish},
        "upstreamBefore": {"S": change.before.upstream},
        "publishAfter": {"S": change.after.publish},
        "upstreamAfter": {"S": change.after.upstream},
    }


def _change_item(change: Change, more: Mapping[str, Attribute]) -> Item:
    said: dict[str, Attribute] = {
        "rule": {"S": change.rule},
        "automation": {"S": change.automation},
        "at": {"S": time_text(change.at)},
        **more,
    }
    digest = sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return {
        **key(change.package, f"{CHANGES}{time_text(change.at)}#{digest}"),
        **coordinates(change.package),
        **said,
        "expires": whole_seconds(change.at + CHANGES_KEPT_FOR),
    }
