"""What the package groups of a policy forbid, as far as the policy alone can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from steward import patterns
from steward.patterns import Pattern
from steward.policy_model import AllowIn, GroupsEntry

_Key = Literal["publish", "external_upstream", "internal_upstream"]

# "Upstream" of a package is both upstream types of its group (User Guide, "Package group origin
# controls and package origin controls").
_KEYS: Final[dict[str, tuple[_Key, ...]]] = {
    "publish": ("publish",),
    "upstream": ("external_upstream", "internal_upstream"),
}


@dataclass(frozen=True, slots=True)
class _Effective:
    """A setting, and the declared group that it comes from."""

    setting: str | AllowIn
    group: int


class DeclaredGroups:
    """
    The package groups of a policy.

    A group inherits through the groups that the policy declares. Whatever else the domain has is
    not known, and forbids nothing here.
    """

    def __init__(self, groups: Sequence[GroupsEntry]) -> None:
        self._groups = groups
        self._patterns = [patterns.parse(group.pattern) for group in groups]

    def forbid(self, restriction: str, pattern: Pattern, repositories: Sequence[str]) -> set[int]:
        """
        Return the groups that forbid publish or upstream to all packages of *pattern*.

        They do if the most specific group that covers *pattern*, and each group within *pattern*,
        forbids it. Empty if some package may.

        Args:
            restriction: ``publish`` or ``upstream``, as a package has it.
            repositories: Shell patterns of those that it is about.
        """
        around = self._around(pattern)
        if around is None:
            return set()
        within = [
            index
            for index, other in enumerate(self._patterns)
            if index != around and pattern.covers(other)
        ]
        culprits: set[int] = set()
        for index in (around, *within):
            for key in _KEYS[restriction]:
                effective = self._effective(index, key)
                if effective is None or not _forbids(effective.setting, key, repositories):
                    return set()
                culprits.add(effective.group)
        return culprits

    def _around(self, pattern: Pattern, *, but: int | None = None) -> int | None:
        covering = [
            index
            for index, other in enumerate(self._patterns)
            if index != but and other.covers(pattern)
        ]
        return max(covering, key=lambda index: self._patterns[index].specificity, default=None)

    def _effective(self, index: int, key: _Key) -> _Effective | None:
        setting: str | AllowIn = getattr(self._groups[index], key)
        if setting != "inherit":
            return _Effective(setting, index)
        parent = self._around(self._patterns[index], but=index)
        return None if parent is None else self._effective(parent, key)


def _forbids(setting: str | AllowIn, key: _Key, repositories: Sequence[str]) -> bool:
    if not isinstance(setting, AllowIn):
        return setting == "block"
    # An external connection may be that of a repository further upstream.
    return key != "external_upstream" and not any(
        fnmatchcase(name, glob) for name in setting.allow_in for glob in repositories
    )
