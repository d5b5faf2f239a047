"""
From the policy file to its compiled form, or to a list of its mistakes.

``python -m steward.policy_file FILE FOLDER`` writes the compiled policy and what its lock files
list into the folder, or every mistake of the file to standard error; without a folder, the compiled
policy alone goes to standard output. It runs when the policy layer is built; functions load the
result with :mod:`steward.policy` and need neither pydantic nor a YAML parser.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from steward.cache_rules import LOCKED_FILE
from steward.coordinates import RestrictionMode, RestrictionType
from steward.group_restrictions import ROOT
from steward.policy import (
    CompiledGroup,
    CompiledOriginRule,
    CompiledPolicy,
    CompiledSnapshotRule,
)
from steward.policy_cache_checks import AskedFor, asked_for, cache_mistakes, cache_warnings
from steward.policy_cache_compile import compiled_cache, compiled_locked
from steward.policy_checks import Opening, contradictions, openings, repetitions, wanted
from steward.policy_lines import (
    Mistake,
    PolicyMistakesError,
    PolicySource,
    parse,
    repeated_keys,
)
from steward.policy_locked_versions import (
    LockedVersions,
    lockfile_warnings,
    read_locked_versions,
)
from steward.policy_lockfiles import Lockfiles, read_lockfiles
from steward.policy_model import (
    AllowIn,
    GroupsEntry,
    OriginsRule,
    PolicyModel,
    SnapshotsRule,
    build_patterns_of,
)
from steward.policy_problems import mistake_of
from steward.policy_promotion_checks import promotion_warnings
from steward.policy_promotion_compile import compiled_promotion
from steward.policy_repositories import NamedRepository, named_repositories
from steward.policy_retention_checks import retention_mistakes, retention_warnings
from steward.policy_retention_compile import compiled_limits, compiled_retention
from steward.policy_values import duration_seconds

POLICY_FILE: Final = "policy.json"  # what functions load

_GROUP_KEYS: Final[dict[RestrictionType, str]] = {
    "PUBLISH": "publish",
    "EXTERNAL_UPSTREAM": "external_upstream",
    "INTERNAL_UPSTREAM": "internal_upstream",
}
_GROUP_WORDS: Final[Mapping[str, RestrictionMode]] = {
    "allow": "ALLOW",
    "block": "BLOCK",
    "inherit": "INHERIT",
}


@dataclass(frozen=True, slots=True)
class CheckedPolicy:
    """
    A policy without mistakes.

    Attributes:
        compiled: What functions load, JSON.
        locked: What lock files of ``caches`` and ``retention`` list, JSON: `load_locked` reads it.
        source: For mistakes that others find, and their lines.
        openings: What may be a mistake all the same: CodeArtifact alone can tell.
        repositories: Those that it names, which the domain may have or not.
        caches: The formats that its ``caches`` name, which may have a way in or not.
        warnings: What is no mistake, and probably not what is wanted.
    """

    compiled: str
    locked: str
    source: PolicySource
    openings: list[Opening]
    repositories: list[NamedRepository]
    caches: list[AskedFor]
    warnings: list[Mistake]

    def write(self, folder: Path) -> Path:
        """Write both files into the existing *folder*, and return the path of the policy."""
        path = folder / POLICY_FILE
        path.write_text(self.compiled, encoding="utf-8")
        (folder / LOCKED_FILE).write_text(self.locked, encoding="utf-8")
        return path


def json_schema() -> dict[str, object]:
    """Return the JSON Schema of the policy file, for editors."""
    return PolicyModel.model_json_schema(mode="validation")


def compile_policy(text: str, file: str) -> str:
    """Return the policy *text* as functions load it: JSON. Arguments and errors as of `check`."""
    return check(text, file).compiled


def check(text: str, file: str, *, now: datetime | None = None) -> CheckedPolicy:
    """
    Return the policy *text* in its compiled form, with what only CodeArtifact can judge.

    Args:
        text: The policy, YAML.
        file: Its name, for messages; the lock files that it names are looked for in its folder.
        now: By which waivers have expired; the system's time if left out.

    Raises:
        PolicyMistakesError: It has mistakes. All that can be found at once are listed.
    """
    source = PolicySource(parse(text, file), file)
    mistakes = list(repeated_keys(source.tree, file))
    document = yaml.safe_load(text)
    mistakes += repetitions(document, source)
    try:
        model = PolicyModel.model_validate(document)
    except ValidationError as error:
        mistakes += [mistake_of(source, details) for details in error.errors()]
    else:
        mistakes += contradictions(model, source)
        lockfiles, useless = read_lockfiles(model.promotions, source)
        mistakes += useless
        mistakes += cache_mistakes(model.caches, source)
        mistakes += retention_mistakes(model, source)
        locked, useless = read_locked_versions(model, source)
        mistakes += useless
        if not mistakes:
            digest = _digest(text, {**lockfiles.texts, **locked.texts})
            return CheckedPolicy(
                compiled=json.dumps(_compiled(model, digest, lockfiles, locked), indent=2) + "\n",
                locked=compiled_locked(locked) + "\n",
                source=source,
                openings=openings(model, source),
                repositories=named_repositories(model, source),
                caches=asked_for(model.caches, locked, source),
                warnings=[
                    *promotion_warnings(model.promotions, source, now=now or datetime.now(UTC)),
                    *cache_warnings(model, source),
                    *lockfile_warnings(model, locked, source),
                    *retention_warnings(model, locked, source),
                ],
            )
    raise PolicyMistakesError(sorted(mistakes, key=lambda mistake: mistake.line))


def _compiled(
    model: PolicyModel, digest: str, lockfiles: Lockfiles, locked: LockedVersions
) -> CompiledPolicy:
    has_groups = "groups" in model.model_fields_set
    return {
        "digest": digest,
        "domain": model.domain,
        "snapshots": [_snapshot_rule(f"snapshots[{n}]", r) for n, r in enumerate(model.snapshots)],
        "origins": [_origin_rule(f"origins[{n}]", r) for n, r in enumerate(model.origins)],
        "groups": [_group(f"groups[{n}]", g) for n, g in enumerate(model.groups)]
        if has_groups
        else None,
        "promotions": [compiled_promotion(rule, lockfiles) for rule in model.promotions],
        "caches": [compiled_cache(f"caches[{n}]", rule) for n, rule in enumerate(model.caches)],
        "retention": [
            compiled_retention(f"retention[{n}]", r, locked) for n, r in enumerate(model.retention)
        ],
        "limits": compiled_limits(model.limits),
    }


def _digest(text: str, lockfiles: Mapping[str, str]) -> str:
    """Return the SHA-256 of the policy *text* and of each lock file after it, with its name."""
    digest = hashlib.sha256(text.encode())
    for name, content in sorted(lockfiles.items()):
        digest.update(json.dumps([name, content]).encode())
    return digest.hexdigest()


def _snapshot_rule(name: str, rule: SnapshotsRule) -> CompiledSnapshotRule:
    return {
        "name": name,
        "packages": [str(pattern) for pattern in build_patterns_of(rule)],
        "repositories": rule.repositories,
        "unfinished_grace_seconds": duration_seconds(rule.unfinished_grace),
    }


def _origin_rule(name: str, rule: OriginsRule) -> CompiledOriginRule:
    publish, upstream = wanted(rule)
    return {
        "name": name,
        "packages": rule.packages,
        "repositories": rule.repositories,
        "kind": rule.kind or "explicit",
        "publish": publish,
        "upstream": upstream,
        "external": (rule.external or "archive") if rule.kind == "internal" else None,
    }


def _group(name: str, group: GroupsEntry) -> CompiledGroup:
    modes: dict[RestrictionType, RestrictionMode] = {}
    allowed: dict[RestrictionType, list[str]] = {}
    for restriction, key in _GROUP_KEYS.items():
        setting: str | AllowIn = getattr(group, key)
        if isinstance(setting, AllowIn):
            modes[restriction] = "ALLOW_SPECIFIC_REPOSITORIES"
            allowed[restriction] = setting.allow_in
        else:
            left_out_of_root = group.pattern == ROOT and setting == "inherit"
            modes[restriction] = "ALLOW" if left_out_of_root else _GROUP_WORDS[setting]
    return {"name": name, "pattern": group.pattern, "modes": modes, "allowed": allowed}


def main(arguments: list[str]) -> int:
    """Compile the policy file named in *arguments*; return the exit status."""
    if len(arguments) not in {1, 2}:
        sys.stderr.write("usage: python -m steward.policy_file FILE [FOLDER]\n")
        return 2
    file, *folders = arguments
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{file}: cannot be read: {error}\n")
        return 1
    try:
        checked = check(text, file)
    except PolicyMistakesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    warnings = [*(opening.warning for opening in checked.openings), *checked.warnings]
    sys.stderr.writelines(f"warning: {warning}\n" for warning in warnings)
    for folder in folders:
        checked.write(Path(folder))
    if not folders:
        sys.stdout.write(checked.compiled)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
