"""What happens in a history of promotion, step by step, and the policies that it is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Literal

from promote_versions.records import ApprovalDecision
from steward.coordinates import Package, Status
from steward.promotion_rules import (
    Licences,
    MinimumAge,
    PromotionRule,
    Recall,
    Requirements,
    Severity,
    Vulnerabilities,
)
from tests.functional.promotion_domain import to_approved
from tests.functional.promotion_faults import Queue

Bad = Literal["low", "high", "critical", "malicious"]

VERSIONS = ("1.0", "1.1")
LICENCES = ("MIT", "Apache-2.0", "AGPL-3.0-only", "as you like it")
_WORSE: Mapping[str, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}

_numbers = count()


@dataclass(frozen=True, slots=True)
class Wants:
    """What a version needs to pass, as the oracle knows it."""

    age: timedelta | None = None
    block_at: Severity | None = None
    licences: frozenset[str] | None = None
    manual: bool = False
    recall: Recall = "report"

    def blocks(self, bad: Bad) -> bool:
        """Return whether a version that OSV has this entry about does not pass."""
        if self.block_at is None:
            return False
        return bad == "malicious" or _WORSE[bad] >= _WORSE[self.block_at]

    def rule(self) -> PromotionRule:
        """Return the rule of the policy that wants the same."""
        require = Requirements(
            minimum_age=None if self.age is None else MinimumAge(self.age),
            vulnerabilities=None if self.block_at is None else Vulnerabilities(self.block_at),
            licences=None if self.licences is None else Licences(allow=self.licences),
            approval="manual" if self.manual else "automatic",
        )
        digest = f"{WANTS.index(self):x}" * 64
        return replace(to_approved(require, recall=self.recall), digest=digest)


WANTS = (
    Wants(timedelta(days=7), "high", frozenset({"MIT", "Apache-2.0"})),
    Wants(None, "high", manual=True, recall="archive"),
    Wants(timedelta(days=1), "critical", frozenset({"MIT"}), manual=True),
    Wants(),
)


@dataclass(frozen=True, slots=True)
class Arrive:
    """A version is fetched into the intake, or replaced there by another one of that name."""

    package: int
    version: int
    age_days: int
    licence: int
    told: int


@dataclass(frozen=True, slots=True)
class AddAsset:
    """Somebody uploads another file of a version."""

    package: int
    version: int


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Somebody changes the status of a version in the intake."""

    package: int
    version: int
    status: Status


@dataclass(frozen=True, slots=True)
class Delete:
    """Somebody deletes a version from the intake."""

    package: int
    version: int


@dataclass(frozen=True, slots=True)
class Known:
    """OSV has an entry about a version, or (``None``) withdraws those that it has."""

    package: int
    version: int
    bad: Bad | None


@dataclass(frozen=True, slots=True)
class OsvFault:
    """OSV does this from now on."""

    fault: Literal["down", "text", "fewer", "types"] | None


@dataclass(frozen=True, slots=True)
class Say:
    """A person speaks, once or more often; or somebody forges what a person would say."""

    package: int
    version: int
    decision: ApprovalDecision
    about: Literal["whatever is held", "this revision", "another revision", "forged"]
    copies: int


@dataclass(frozen=True, slots=True)
class Deploy:
    """Another policy is deployed."""

    wants: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes, and perhaps the schedules come: what is due, the recheck."""

    hours: int
    due: bool
    recheck: bool


@dataclass(frozen=True, slots=True)
class Forge:
    """Somebody who may not orders the copy of a version, or repeats an order."""

    package: int
    version: int


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What somebody does just before a call of a function."""

    operation: str
    what: Arrive | AddAsset | SetStatus | Delete | Known


@dataclass(frozen=True, slots=True)
class Work:
    """A function works on some batches of its queue, in some order, under faults."""

    queue: Queue
    batches: int
    shuffled: bool = False
    doubled: bool = False
    rate: int = 0
    broken: str | None = None
    dies_at: int | None = None
    dies_after: bool = False
    meanwhile: Meanwhile | None = None


@dataclass(frozen=True, slots=True)
class WorkOff:
    """The functions work on everything that waits, and nothing goes wrong."""


Change = Arrive | AddAsset | SetStatus | Delete | Known
Step = Change | OsvFault | Say | Deploy | Wait | Forge | Work | WorkOff


@dataclass(frozen=True, slots=True)
class Word:
    """What a person has said, and when."""

    decision: ApprovalDecision
    revision: str | None
    at: datetime


def entry_about(package: Package, version: str, bad: Bad) -> dict[str, object]:
    """Return an entry of OSV, of an id that there was not yet."""
    return {
        "id": f"{'MAL' if bad == 'malicious' else 'GHSA'}-{next(_numbers)}",
        "database_specific": {"severity": bad.upper()},
        "affected": [
            {"package": {"ecosystem": "PyPI", "name": package.name}, "versions": [version]}
        ],
    }
