"""What a repository that versions are promoted from holds and the destination does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from steward.coordinates import Package, PackageVersion, Repository
from steward.errors import PackageNotFoundError

if TYPE_CHECKING:
    from promote_versions.records_table import Records
    from steward.codeartifact import CodeArtifact
    from steward.policy import Policy
    from steward.promotion_rules import PromotionRule


@dataclass(frozen=True, slots=True)
class Missing:
    """
    Versions of one package that one rule may promote and its destination does not hold.

    Attributes:
        package: In the repository that the rule copies from.
    """

    package: Package
    rule: PromotionRule
    versions: tuple[PackageVersion, ...]
