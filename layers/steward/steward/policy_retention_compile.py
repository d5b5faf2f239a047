"""From `retention` and `limits` in the policy file to their compiled form."""

from __future__ import annotations

from steward.policy_locked_versions import LockedVersions, snapshots_of
from steward.policy_retention import LimitsKeys, RetentionKeys
from steward.policy_values import duration_seconds
from steward.retention_rules import CompiledLimits, CompiledRetention


def compiled_retention(
    name: str, rule: RetentionKeys, lockfiles: LockedVersions
) -> CompiledRetention:
    """
    Return *rule* as functions load it: what its lock files list is not part of it.

    Of those that list snapshots, the name under which these stand is added.
    """
    released = rule.when_released
    snapshots = [snapshots_of(file) for file in rule.lockfiles if lockfiles.read[file].snapshots]
    return {
        "name": name,
        "packages": rule.packages,
        "repositories": rule.repositories,
        "versions": rule.versions,
        "keep_newest": rule.keep_newest,
        "keep_younger_than_seconds": _seconds(rule.keep_younger_than),
        "release_grace_seconds": None if released is None else duration_seconds(released.grace),
        "keep": rule.keep,
        "lockfiles": [*rule.lockfiles, *snapshots],
        "keep_promoted": rule.keep_promoted,
        "unfinished_after_seconds": duration_seconds(rule.unfinished_after),
        "then": [
            {"name": step.name, "after_seconds": duration_seconds(step.wait)} for step in rule.then
        ],
    }


def compiled_limits(limits: LimitsKeys) -> CompiledLimits:
    """Return *limits* as functions load them."""
    return {"deletions_per_run": limits.deletions_per_run}


def _seconds(duration: str | None) -> int | None:
    return None if duration is None else duration_seconds(duration)
