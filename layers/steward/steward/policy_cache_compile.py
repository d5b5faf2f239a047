"""From a rule of `caches` in the policy file to its compiled form."""

from __future__ import annotations

from steward.cache_rules import CompiledCache, CompiledCachedPackage, locked_json
from steward.policy_cache_values import FETCHED_FORMATS, S3
from steward.policy_caches import CachedPackageKeys, CachesRule
from steward.policy_locked_versions import LockedVersions, local_lockfiles, snapshots_of
from steward.purls import parse_purl


def compiled_cache(name: str, rule: CachesRule) -> CompiledCache:
    """Return *rule* as functions load it: what its lock files list is not part of it."""
    return {
        "name": name,
        "repository": rule.repository,
        "lockfiles": [file for _, file in local_lockfiles(rule)],
        "objects": [name for name in rule.lockfiles if name.startswith(S3)],
        "packages": [_package(package, rule.newest) for package in rule.packages],
        "keep_up_with": rule.keep_up_with,
        "newest": rule.newest,
        "prereleases": rule.prereleases,
        "verify": rule.verify,
        "on_mismatch": rule.on_mismatch,
    }


def _package(keys: CachedPackageKeys, newest: int) -> CompiledCachedPackage:
    url = parse_purl(keys.package)
    number = 0 if url.version is not None else keys.newest or newest
    return {"purl": str(url), "newest": number, "range": keys.range}


def compiled_locked(lockfiles: LockedVersions) -> str:
    """
    Return what *lockfiles* list, as :func:`steward.cache_rules.load_locked` reads it.

    Without packages of formats that no external connection has. Snapshots stand under a name of
    their own (:func:`snapshots_of`): nobody can fetch them, and ``retention`` keeps them.
    """
    listed = {
        name: tuple(one for one in lockfile.entries if one.format in FETCHED_FORMATS)
        for name, lockfile in lockfiles.read.items()
    }
    snapshots = {
        snapshots_of(name): lockfile.snapshots
        for name, lockfile in lockfiles.read.items()
        if lockfile.snapshots
    }
    return locked_json(listed | snapshots)
