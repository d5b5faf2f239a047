"""What the ``promotions`` rules want of a package: which versions have to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from promote_versions.settled import standing
from steward.coordinates import Package, PackageVersion
from sweep_repositories.plan_lines import PlanLine
from sweep_repositories.wanted import joined, planned

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.promotion_rules import PromotionRule

AUTOMATION: Final = "promote_versions"


def to_judge(
    package: Package,
    published: Sequence[PackageVersion],
    rules: Iterable[PromotionRule],
    records: Iterable[Record],
    now: datetime,
) -> list[PlanLine]:
    """
    Return a line for each of *rules* by which a version of *package* is open.

    :func:`promote_versions.settled.standing` says which. A sweep judges nothing and copies nothing:
    the line has the judge look at the package, who alone knows the gates. Copies that were ordered
    and have not come about are his, too: he is reminded of them.

    Args:
        published: The versions that are ``Published`` and stay so.
        records: What was decided about the package before.
    """
    decided = {(one.version, one.rule): one for one in records}
    lines: list[PlanLine] = []
    for rule in rules:
        found = [
            planned(one, _reason(record, one))
            for one in published
            if standing(record := decided.get((one.version, rule.name)), one, rule, now=now)
            == "open"
        ]
        if found:
            line = PlanLine(
                package=package,
                automation=AUTOMATION,
                rule=rule.name,
                action="promote",
                reason=joined(one.reason for one in found),
                versions=tuple(found),
                to=rule.to,
            )
            lines.append(line)
    return lines


def approved(records: Iterable[Record], rules: Iterable[PromotionRule]) -> dict[str, str]:
    """Return the revision of each version that one of *rules* has approved and not copied yet."""
    names = {rule.name for rule in rules}
    return {
        one.version: one.revision
        for one in records
        if one.state == "approved" and one.rule in names
    }


def _reason(record: Record | None, version: PackageVersion) -> str:
    if record is None:
        return "not judged yet"
    if record.revision != version.revision:
        return "its contents have changed since it was judged"
    return f"{record.state}, and due to be judged again"
