"""What the retention rules say of each version of a package, as lines that people read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from expire_versions.survey import Survey
from expire_versions.values import Due, Retention, Says, Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steward.coordinates import Format, PackageVersion, Status
    from steward.retention_rules import RetentionRule, StepName


@dataclass(frozen=True, slots=True)
class Said:
    """
    What is said of one version.

    Attributes:
        step: The step that is due or waits; ``None``: the version is kept.
        until: When the waiting ends.
        rule: The rule that governs it; ``None``: no rule selects it.
    """

    version: str
    status: Status
    says: Says
    step: StepName | None
    until: datetime | None
    rule: str | None
    reason: str


def said_of(
    versions: Sequence[PackageVersion],
    retention: Retention,
    *,
    package_format: Format,
    rules: Sequence[RetentionRule],
) -> tuple[Said, ...]:
    """
    Return what *retention* says of each of *versions*, by the format's order, oldest first.

    Builds come series by series after all others, versions without an order before them. A version
    of which nothing was said is left out.
    """
    answers = {one.version.version: one for one in retention.said()}
    found: list[Said] = []
    for placed in Survey(versions, package_format, rules).placed:
        answer = answers.get(placed.name)
        if answer is None:
            continue
        status = placed.version.status
        if isinstance(answer, Due):
            said = Said(placed.name, status, "due", answer.step, None, answer.rule, answer.reason)
        elif isinstance(answer, Waiting):
            said = Said(
                placed.name,
                status,
                "waiting",
                answer.step,
                answer.until,
                answer.rule,
                answer.reason,
            )
        else:
            said = Said(placed.name, status, "kept", None, None, answer.rule, answer.reason)
        found.append(said)
    return tuple(found)
