"""What stands on the queues of promotion: how each message is written, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from promote_versions.records import ApprovalDecision
from steward.coordinates import Package
from steward.purls import PackageUrl


@dataclass(frozen=True, slots=True)
class Look:
    """
    A package is worth a look.

    Attributes:
        request: Somebody waits for the answer under this id, and wants what is held or refused to
            be judged anew.
        policy_digest: The policy by which they want it judged.
    """

    package: Package
    request: str | None = None
    policy_digest: str | None = None


@dataclass(frozen=True, slots=True)
class DueNow:
    """What is due is to be looked at."""


@dataclass(frozen=True, slots=True)
class RecheckAll:
    """
    Everything that was promoted is to be checked again.

    Attributes:
        after: Where an earlier message of this kind has got to (``RecordPage.next``).
    """

    after: str | None = None


@dataclass(frozen=True, slots=True)
class Recheck:
    """What was promoted of *package*, in its source repository, is to be checked again."""

    package: Package


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """
    Versions of one package that may be copied, if their records still say so.

    Attributes:
        package: In the source repository.
        to: The destination repository.
        revisions: The revision in the source repository that passed the gates, by version.
        after: Versions that these depend on.
        decided_at: When they were judged; two orders that differ in it are two messages.
    """

    package: Package
    rule: str
    to: str
    revisions: Mapping[str, str]
    after: tuple[tuple[Package, str], ...]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalMessage:
    """
    What a person asks for. Who they are stands nowhere in it.

    Attributes:
        revision: The one that they have looked at; ``None``: the one that is held now.
    """

    purl: PackageUrl
    rule: str
    decision: ApprovalDecision
    reason: str
    revision: str | None = None


def read(body: str) -> Look | DueNow | RecheckAll | Recheck:
    """
    Return what a message on ``PromotionsQueue`` asks for.

    Raises:
        MalformedMessageError: Nothing that is known here.
    """
