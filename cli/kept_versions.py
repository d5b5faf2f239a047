"""Why a promoted version stays in use although somebody has rejected it: an exemption."""

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli import options

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.ledger import Exemption, Ledger


def what_keeps(record: "Record", ledger: "Ledger") -> str:
    """
    Return who keeps the rejected version of *record* in use, and how to end that; empty: nobody.

    An exemption keeps it if it was made after the rejection was sent: the last word counts.

    1 query of the ledger. Whoever may not read it learns nothing, and nothing fails.
    """
    from promote_versions.findings import is_rejected
    from promote_versions.seen import destined
    from steward.errors import AwsError

    if not is_rejected(record):
        return ""
    there = destined(record.package, record.to)
    try:
        exemptions = ledger.exemptions(there)
    except AwsError:
        return ""
    now = datetime.now(UTC)
    for one in exemptions:
        if one.version == record.version and one.in_force(now):
            return "" if is_rejected(record, since=one.made) else _words(one)
    return ""


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
