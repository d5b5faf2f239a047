"""
The lock files beside the policy file that list versions: read, and what is wrong with them.

``caches`` fetches what they list, ``retention`` keeps it. Those of ``promotions`` are another
matter: of them the hashes count (:mod:`steward.policy_lockfiles`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from steward.lockfiles import Lockfile, PassedOver, read
from steward.lockfiles.entries import SNAPSHOT
from steward.policy_cache_values import S3
from steward.policy_caches import CachesRule
from steward.policy_lines import Location, Mistake, PolicySource
from steward.policy_lockfiles import UselessError, read_by, text_beside
from steward.policy_model import PolicyModel
from steward.policy_retention import RetentionKeys

_SHOWN: Final = 3  # our choice: how many entries that are passed over a warning names


@dataclass(frozen=True, slots=True)
class LockedVersions:
    """
    What the lock files of ``caches`` and ``retention`` list, without those in S3.

    Attributes:
        texts: By name, as the policy has it.
        read: What stands in them, by name.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[str, Lockfile] = field(default_factory=dict)


def snapshots_of(name: str) -> str:
    """Return under which name the snapshots stand that the lock file *name* lists."""
    return f"{name} (snapshots)"  # which is no name of a lock file


def local_lockfiles(rule: CachesRule | RetentionKeys) -> Iterator[tuple[int, str]]:
    """Yield the lock files of *rule* that lie beside the policy file, with their numbers."""
    for number, name in enumerate(rule.lockfiles):
        if not name.startswith(S3):
            yield number, name


def read_locked_versions(
    model: PolicyModel, source: PolicySource
) -> tuple[LockedVersions, list[Mistake]]:
    """
    Return what the lock files of *model* list, and a mistake for each that is of no use.

    Where they stand, and why nowhere else: :func:`steward.policy_lockfiles.text_beside`.
    """
    texts: dict[str, str] = {}
    found: dict[str, Lockfile] = {}
    mistakes: list[Mistake] = []
    for place, name in _named(model):
        try:
            if name not in found:
                texts[name] = text_beside(source.file, name)
                found[name] = read_by(read, name, texts[name])
        except UselessError as error:
            mistakes.append(source.mistake(place, error.problem, error.remedy))
    return LockedVersions(texts, found), mistakes


def lockfile_warnings(
    model: PolicyModel, lockfiles: LockedVersions, source: PolicySource
) -> Iterator[Mistake]:
    """Yield what in the lock files counts for nothing, once for each file and section."""
    told: set[tuple[int | str, str]] = set()
    for place, name in _named(model):
        section = place[0]
        if (section, name) in told:
            continue
        told.add((section, name))
        lockfile = lockfiles.read[name]
        unnamed = [one for one in lockfile.passed_over if one.reason != SNAPSHOT]
        if lockfile.passed_over and section == "caches":
            shown = _shown(lockfile.passed_over)
            yield source.mistake(
                place,
                f"{name} lists what no external connection has: {shown}",
                "All else that it lists is fetched; see to it that builds get these elsewhere.",
            )
        elif unnamed and section == "retention":
            yield source.mistake(
                place,
                f"{name} lists what names no version to keep: {_shown(unnamed)}",
                "All else that it lists is kept; name these in keep, if they are needed.",
            )
        elif not lockfile.entries and not lockfile.snapshots:
            yield source.mistake(
                place, f"{name} lists nothing", "Delete it here, or put packages into it."
            )


def _named(model: PolicyModel) -> Iterator[tuple[Location, str]]:
    sections: tuple[tuple[str, Sequence[CachesRule | RetentionKeys]], ...] = (
        ("caches", model.caches),
        ("retention", model.retention),
    )
    for section, rules in sections:
        for index, rule in enumerate(rules):
            for number, name in local_lockfiles(rule):
                yield (section, index, "lockfiles", number), name


def _shown(passed_over: Sequence[PassedOver]) -> str:
    shown = [
        f"{one.what} ({one.reason}{'' if one.line is None else f', line {one.line}'})"
        for one in passed_over[:_SHOWN]
    ]
    more = len(passed_over) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])
