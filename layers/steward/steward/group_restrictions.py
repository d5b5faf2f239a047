"""What restricts the packages of a package group, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from steward.coordinates import RestrictionMode, RestrictionType

ROOT: Final = "/*"  # always exists, cannot be removed ("Package group definition syntax")
TYPES: Final[tuple[RestrictionType, ...]] = get_args(RestrictionType)


@dataclass(frozen=True, slots=True, order=True)
class AllowedRepository:
    """An entry of a group's allow-lists: one repository, for one type of restriction."""

    type: RestrictionType
    repository: str


@dataclass(frozen=True, slots=True)
class PackageGroup:
    """
    A package group as it was listed.

    Attributes:
        pattern: As CodeArtifact spells it, and by which it knows the group.
        modes: Its own mode for each type of restriction.
        effective: What they come to, by inheritance: never ``INHERIT``.
        counts: How many repositories each allow-list holds; one that is missing is not known.
    """

    pattern: str
    arn: str
    modes: Mapping[RestrictionType, RestrictionMode]
    effective: Mapping[RestrictionType, RestrictionMode]
    counts: Mapping[RestrictionType, int]
