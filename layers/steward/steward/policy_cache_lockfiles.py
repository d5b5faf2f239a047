"""The lock files beside the policy file that `caches` names: read, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from steward.lockfiles import Lockfile, read
from steward.policy_cache_values import S3
from steward.policy_caches import CachesRule
from steward.policy_lines import Location, Mistake, PolicySource
from steward.policy_lockfiles import UselessError, read_by, text_beside

_SHOWN: Final = 3  # our choice: how many entries that are passed over a warning names


@dataclass(frozen=True, slots=True)
class CacheLockfiles:
    """
    The lock files that ``caches`` names, without those in S3.

    Attributes:
        texts: By name, as the policy has it.
        read: What stands in them, by name.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[str, Lockfile] = field(default_factory=dict)


def local_lockfiles(rule: CachesRule) -> Iterator[tuple[int, str]]:
    """Yield the lock files of *rule* that lie beside the policy file, with their numbers."""
    for number, name in enumerate(rule.lockfiles):
        if not name.startswith(S3):
            yield number, name


def read_cache_lockfiles(
    rules: Sequence[CachesRule], source: PolicySource
) -> tuple[CacheLockfiles, list[Mistake]]:
    """
    Return the lock files that *rules* name, and a mistake for each that is of no use.

    Where they stand, and why nowhere else: :func:`steward.policy_lockfiles.text_beside`.
    """
    texts: dict[str, str] = {}
    found: dict[str, Lockfile] = {}
    mistakes: list[Mistake] = []
    for index, rule in enumerate(rules):
        for number, name in local_lockfiles(rule):
            place: Location = ("caches", index, "lockfiles", number)
            try:
                if name not in found:
                    texts[name] = text_beside(source.file, name)
                    found[name] = read_by(read, name, texts[name])
            except UselessError as error:
                mistakes.append(source.mistake(place, error.problem, error.remedy))
    return CacheLockfiles(texts, found), mistakes


def lockfile_warnings(
    rules: Sequence[CachesRule], lockfiles: CacheLockfiles, source: PolicySource
) -> Iterator[Mistake]:
    """Yield what is in the lock files and will not be fetched, once for each of them."""
    told: set[str] = set()
    for index, rule in enumerate(rules):
        for number, name in local_lockfiles(rule):
            lockfile = lockfiles.read[name]
            place: Location = ("caches", index, "lockfiles", number)
            if name in told:
                continue
            told.add(name)
            if lockfile.passed_over:
                yield source.mistake(
                    place,
                    f"{name} lists what no external connection has: {_named(lockfile)}",
                    "All else that it lists is fetched; see to it that builds get these elsewhere.",
                )
            elif not lockfile.entries:
                yield source.mistake(
                    place, f"{name} lists nothing", "Delete it here, or put packages into it."
                )


def _named(lockfile: Lockfile) -> str:
    shown = [
        f"{one.what} ({one.reason}{'' if one.line is None else f', line {one.line}'})"
        for one in lockfile.passed_over[:_SHOWN]
    ]
    more = len(lockfile.passed_over) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])
