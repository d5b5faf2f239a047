"""Which repositories a policy file names, and what is wrong with a name that the domain lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from steward.policy_lines import Location, Mistake, PolicySource
from steward.policy_model import AllowIn, GroupsEntry, PolicyModel
from steward.policy_values import nearest

_GLOB_SIGNS: Final = re.compile(r"\[!?\]?[^\]]*\]|[*?]")  # of a shell pattern, as in fnmatch


@dataclass(frozen=True, slots=True)
class NamedRepository:
    """
    A repository's name in a policy file, or a shell pattern of names.

    Only CodeArtifact knows whether it stands for any.
    """

    text: str
    location: Location
    source: PolicySource

    def warning(self, existing: Collection[str]) -> Mistake | None:
        """
        Return what is to be said if none of the *existing* repositories is meant, else ``None``.

        The repository may be created later, so that this is no reason to stop.
        """
        if any(fnmatchcase(name, self.text) for name in existing):
            return None
        letters = _GLOB_SIGNS.sub("", self.text)
        near = nearest(letters, sorted(existing))
        is_name = letters == self.text
        problem = f"the domain has no repository {'' if is_name else 'that matches '}{self.text}"
        create = "create it" if is_name else "create one"
        remedy = f"Did you mean {near}? If not, {create}." if near else f"Correct it, or {create}."
        return self.source.mistake(self.location, problem, remedy)


def named_repositories(model: PolicyModel, source: PolicySource) -> list[NamedRepository]:
    """Return every name and pattern of repositories that the file says, in its order by section."""
    return [NamedRepository(text, location, source) for location, text in _named(model)]


def _named(model: PolicyModel) -> Iterator[tuple[Location, str]]:
    for section in ("snapshots", "origins", "retention"):
        for index, rule in enumerate(getattr(model, section)):
            if "repositories" in rule.model_fields_set:  # left out, it is about all there are
                yield from _numbered((section, index, "repositories"), rule.repositories)
    for index, group in enumerate(model.groups):
        yield from _allowed(index, group)
    for index, promotion in enumerate(model.promotions):
        yield ("promotions", index, "from"), promotion.source
        yield ("promotions", index, "to"), promotion.to
    for index, cache in enumerate(model.caches):
        yield ("caches", index, "repository"), cache.repository


def _allowed(index: int, group: GroupsEntry) -> Iterator[tuple[Location, str]]:
    for key in ("publish", "external_upstream", "internal_upstream"):
        setting: str | AllowIn = getattr(group, key)
        if isinstance(setting, AllowIn):
            yield from _numbered(("groups", index, key, "allow_in"), setting.allow_in)


def _numbered(location: Location, texts: Sequence[str]) -> Iterator[tuple[Location, str]]:
    for number, text in enumerate(texts):
        yield (*location, number), text
