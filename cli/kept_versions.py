"""Why a promoted version is in use although it is rejected, or was recalled: an exemption."""

import shlex
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli import options

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.coordinates import Package
    from steward.ledger import Exemption, Ledger


def what_keeps(record: "Record", ledger: "Ledger") -> str:
    """
    Return who keeps the rejected version of *record* in use, and how to end that; empty: nobody.

    An exemption keeps it if it was made after the rejection was sent: the last word counts.

    1 query of the ledger. Whoever may not read it learns nothing, and nothing fails.
    """
    from promote_versions.findings import is_rejected

    if not is_rejected(record):
        return ""
    found = _exemption(record, _exemptions(record, ledger))
    return "" if found is None else _words(found)


def restored(
    records: "Iterable[Record]", ledger: "Ledger"
) -> "Mapping[tuple[Package, str, str], Exemption]":
    """
    Return the exemptions that keep recalled ones of *records* in use, by package, version and rule.

    1 query of the ledger for each package and destination of which a version is recalled. Whoever
    may not read the ledger learns nothing, and nothing fails.
    """
    queried: dict[tuple[Package, str], list[Exemption]] = {}
    found = {}
    for record in records:
        if record.state != "recalled":
            continue
        place = record.package, record.to
        if place not in queried:
            queried[place] = _exemptions(record, ledger)
        if (one := _exemption(record, queried[place])) is not None:
            found[record.package, record.version, record.rule] = one
    return found


def _exemptions(record: "Record", ledger: "Ledger") -> "list[Exemption]":
    from promote_versions.seen import destined
    from steward.errors import AwsError

    try:
        return ledger.exemptions(destined(record.package, record.to))
    except AwsError:
        return []


def _exemption(record: "Record", exemptions: "Iterable[Exemption]") -> "Exemption | None":
    """Return what of *exemptions* keeps the version of *record*: the last word counts."""
    from promote_versions.findings import is_rejected

    now = datetime.now(UTC)
    for one in exemptions:
        if one.version == record.version and one.in_force(now):
            return None if is_rejected(record, since=one.made) else one
    return None


def _words(exemption: "Exemption") -> str:
    there = exemption.package
    words = ["steward", "exemptions", "--end", there.purl()]
    words += ["--repository", there.repository.name, "--version", exemption.version or ""]
    given = options.as_given("--policy", "--domain", "--domain-owner")
    return (
        f"It stays in use in {there.repository.name} until {exemption.until:%Y-%m-%d %H:%M} UTC: "
        f"{exemption.who.rpartition(':')[2]} has exempted it after this was sent, because "
        f"“{exemption.why}”. To end that: `{shlex.join(words)}{given}`"
    )
