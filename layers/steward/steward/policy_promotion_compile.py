"""From a rule of `promotions` in the policy file to its compiled form."""

from __future__ import annotations

import hashlib
import json

from steward.policy_lockfiles import Lockfiles
from steward.policy_promotion_values import end_of_day
from steward.policy_promotions import (
    LicencesKeys,
    MinimumAgeKeys,
    PromotionsRule,
    RequireKeys,
    VersionsKeys,
    VulnerabilitiesKeys,
)
from steward.policy_values import duration_seconds
from steward.promotion_rules import (
    CompiledIntegrity,
    CompiledLicences,
    CompiledMinimumAge,
    CompiledPromotion,
    CompiledRequirements,
    CompiledVersions,
    CompiledVulnerabilities,
)


def compiled_promotion(rule: PromotionsRule, lockfiles: Lockfiles) -> CompiledPromotion:
    """Return *rule* as functions load it, with the hashes of its lock files and its own digest."""
    compiled: CompiledPromotion = {
        "name": rule.name,
        "packages": rule.packages,
        "source": rule.source,
        "to": rule.to,
        "require": _requirements(rule.require, lockfiles),
        "include_dependencies": rule.include_dependencies,
        "recall": rule.recall,
        "digest": "",
    }
    canonical = json.dumps(compiled, sort_keys=True, separators=(",", ":"))
    return {**compiled, "digest": hashlib.sha256(canonical.encode()).hexdigest()}


def _requirements(require: RequireKeys, lockfiles: Lockfiles) -> CompiledRequirements:
    age, vulnerabilities = require.minimum_age, require.vulnerabilities
    licences, versions = require.licences, require.versions
    return {
        "minimum_age": None if age is None else _minimum_age(age),
        "vulnerabilities": None if vulnerabilities is None else _vulnerabilities(vulnerabilities),
        "licences": None if licences is None else _licences(licences),
        "origin": require.origin or None,
        "allow": require.allow or None,
        "deny": require.deny,
        "versions": None if versions is None else _versions(versions),
        "integrity": _integrity(require.integrity, lockfiles) if require.integrity else None,
        "approval": require.approval,
    }


def _minimum_age(age: MinimumAgeKeys) -> CompiledMinimumAge:
    return {
        "at_least_seconds": duration_seconds(age.at_least),
        "exceptions": age.exceptions,
        "security_fixes": age.security_fixes == "pass",
    }


def _vulnerabilities(vulnerabilities: VulnerabilitiesKeys) -> CompiledVulnerabilities:
    return {
        "block_at": vulnerabilities.block_at,
        "waivers": [
            {
                "id": waiver.id,
                "packages": waiver.packages,
                "reason": waiver.reason,
                "until": end_of_day(waiver.until).isoformat(),
            }
            for waiver in vulnerabilities.waivers
        ],
    }


def _licences(licences: LicencesKeys) -> CompiledLicences:
    return {"allow": licences.allow, "deny": licences.deny, "texts": licences.texts}


def _versions(versions: VersionsKeys) -> CompiledVersions:
    return {"releases_only": versions.only == "releases", "range": versions.range}


def _integrity(files: list[str], lockfiles: Lockfiles) -> CompiledIntegrity:
    hashes: dict[str, set[str]] = {}
    for file in files:
        for purl, known in lockfiles.hashes[file].items():
            hashes.setdefault(purl, set()).update(known)
    return {"files": files, "hashes": {purl: sorted(hashes[purl]) for purl in sorted(hashes)}}
