"""The compiled policy at run time: frozen values, and which rule is whose."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypedDict

from steward import patterns
from steward.coordinates import Package
from steward.errors import PatternError, PolicyError
from steward.patterns import Pattern


class CompiledSnapshotRule(TypedDict):
    """A ``snapshots`` rule as the policy compiler writes it."""

    name: str
    packages: list[str]
    repositories: list[str]
    unfinished_grace_seconds: int


class CompiledPolicy(TypedDict):
    """What the policy compiler writes and :func:`load` reads."""

    digest: str
    domain: str
    snapshots: list[CompiledSnapshotRule]


@dataclass(frozen=True, slots=True)
class SnapshotRule:
    """
    Which packages have their replaced builds unlisted.

    Attributes:
        name: Its place in the policy file, ``snapshots[0]`` for the first.
        repositories: Shell patterns (``*-snapshots``); one of them has to match.
        unfinished_grace: How long an ``Unfinished`` build may still be somebody's upload.
    """

    name: str
    packages: tuple[Pattern, ...]
    repositories: tuple[str, ...]
    unfinished_grace: timedelta

    def applies_to(self, package: Package) -> bool:
        """Return whether the rule speaks about *package*."""
        repository, path = package.repository.name, package.path
        return any(fnmatchcase(repository, glob) for glob in self.repositories) and any(
            pattern.matches(path) for pattern in self.packages
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What the owners of a domain want done in it.

    Attributes:
        digest: SHA-256 of the policy file, in hexadecimal.
    """

    digest: str
    domain: str
    snapshots: tuple[SnapshotRule, ...]

    def snapshot_rule_for(self, package: Package) -> SnapshotRule | None:
        """Return the first ``snapshots`` rule that applies to *package*, if any does."""
        if package.repository.domain != self.domain:
            return None
        return next((rule for rule in self.snapshots if rule.applies_to(package)), None)


def load(path: Path) -> Policy:
    """
    Return the compiled policy in the file *path*.

    Raises:
        PolicyError: There is no such file, or the policy compiler did not write it.
    """
    try:
        document: CompiledPolicy = json.loads(path.read_text(encoding="utf-8"))
        return Policy(
            digest=document["digest"],
            domain=document["domain"],
            snapshots=tuple(_snapshot_rule(rule) for rule in document["snapshots"]),
        )
    except (OSError, ValueError, LookupError, TypeError, PatternError) as error:
        raise PolicyError(f"{path} is no compiled policy: {error!r}") from error


def _snapshot_rule(rule: CompiledSnapshotRule) -> SnapshotRule:
    return SnapshotRule(
        name=rule["name"],
        packages=tuple(patterns.parse(text) for text in rule["packages"]),
        repositories=tuple(rule["repositories"]),
        unfinished_grace=timedelta(seconds=rule["unfinished_grace_seconds"]),
    )
