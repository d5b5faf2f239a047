"""Gather what the decision about one package needs, with the fewest calls. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from expire_versions.values import Retention
from steward.codeartifact import CodeArtifact
from steward.coordinates import Package, PackageVersion
from steward.ledger import Ledger
from steward.policy import Policy
from steward.published_times import PublishedTimes

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.lockfiles.locked import Locked


@dataclass(frozen=True, slots=True)
class RetentionReads:
    """
    Everything that is read for the decision.

    Attributes:
        locked: The entries of the policy's lock files, by their names.
        records: What was decided about promoting a package; ``None``: nobody can tell.
    """

    codeartifact: CodeArtifact
    times: PublishedTimes
    policy: Policy
    locked: Mapping[str, tuple[Locked, ...]]
    ledger: Ledger
    records: Callable[[Package], Sequence[Record]] | None = None


def lists_by_time(package: Package, policy: Policy) -> bool:
    """Return whether the versions of *package* have to be listed by the time of publication."""
    raise NotImplementedError


def gather_retention(
    package: Package,
    versions: Sequence[PackageVersion] | None,
    to: RetentionReads,
    now: datetime,
) -> Retention:
    """
    Return what the policy's retention rules make of each version of *package*.

    Args:
        versions: If somebody has listed them: all of them, and as :func:`lists_by_time` asks for;
            ``None``: they are listed here.
    """
    raise NotImplementedError
