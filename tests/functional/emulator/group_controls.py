"""Package groups for the tests of what they let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emulator.core import group_changes, package_groups
from emulator.core.errors import ResourceNotFound
from emulator.core.state import State
from emulator.core.values import PackageGroupId, RestrictionMode, RestrictionType
from tests.functional.emulator.local_core import DOMAIN


def control(
    state: State,
    pattern: str,
    modes: Mapping[RestrictionType, RestrictionMode],
    allowed: Mapping[RestrictionType, Sequence[str]] | None = None,
) -> None:
    """The domain has the group, with these modes and on its lists these repositories too."""
    group = PackageGroupId(DOMAIN, pattern)
    try:
        package_groups.describe(state, group)
    except ResourceNotFound:
        group_changes.create(state, group)
    added = [(kind, name) for kind, names in (allowed or {}).items() for name in names]
    group_changes.configure(state, group, modes=modes, added=added)


def let_in_only(state: State, pattern: str, kind: RestrictionType, *repositories: str) -> None:
    """The group's mode of one way in is a list, and these repositories are on it."""
    control(state, pattern, {kind: "ALLOW_SPECIFIC_REPOSITORIES"}, {kind: repositories})
