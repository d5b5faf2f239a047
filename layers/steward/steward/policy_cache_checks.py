"""What is wrong in or between the rules of `caches`, each key of which is right by itself."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from steward import patterns
from steward.coordinates import Format
from steward.policy_cache_compile import compiled_cache
from steward.policy_cache_values import FETCHED_FORMATS
from steward.policy_caches import CachesRule
from steward.policy_lines import Mistake, PolicySource
from steward.policy_locked_versions import LockedVersions, local_lockfiles
from steward.policy_model import PolicyModel
from steward.purls import parse_purl


@dataclass(frozen=True, slots=True)
class AskedFor:
    """
    The formats that a rule of ``caches`` names. Only CodeArtifact knows whether they can come in.

    Attributes:
        formats: Not those of lock files in S3, which nobody reads here, nor those of ``/*``.
    """

    index: int
    repository: str
    formats: frozenset[Format]
    source: PolicySource

    def warning(self, connected: Collection[Format]) -> Mistake | None:
        """
        Return what is to be said if external connections of some formats are out of reach.

        Args:
            connected: The formats of those that the repository can reach.
        """
        missing = [one for one in FETCHED_FORMATS if one in self.formats - set(connected)]
        if not missing:
            return None
        formats = " and ".join(missing)
        return self.source.mistake(
            ("caches", self.index, "repository"),
            f"{self.repository} reaches no external connection for {formats}: only what its "
            "upstreams hold can be fetched",
            "Give it an upstream repository that has one (AssociateExternalConnection).",
        )


def cache_mistakes(rules: Sequence[CachesRule], source: PolicySource) -> Iterator[Mistake]:
    """Yield a mistake for each rule that says the same as an earlier one."""
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        said = _said(rule)
        if first.setdefault(said, index) < index:
            yield source.mistake(
                ("caches", index),
                f"{source.named(('caches', first[said]))} says the same",
                "Delete one of them.",
            )


def _said(rule: CachesRule) -> str:
    """Return what *rule* says, in whatever order."""
    compiled = compiled_cache("", rule)
    in_order = {
        key: sorted(value, key=str) if isinstance(value, list) else value
        for key, value in compiled.items()
    }
    return json.dumps(in_order, sort_keys=True)


def cache_warnings(model: PolicyModel, source: PolicySource) -> Iterator[Mistake]:
    """Yield what is no mistake, and probably not what is wanted."""
    promoted = {rule.to: index for index, rule in reversed([*enumerate(model.promotions)])}
    for index, rule in enumerate(model.caches):
        if rule.repository in promoted:
            promoting = source.named(("promotions", promoted[rule.repository]))
            yield source.mistake(
                ("caches", index, "repository"),
                f"{promoting} promotes to {rule.repository}: nothing should get there from outside",
                f"Fetch into {model.promotions[promoted[rule.repository]].source}, from where it "
                "is promoted.",
            )
        if rule.verify and not rule.lockfiles:
            yield source.mistake(
                ("caches", index, "verify"),
                "only lock files have hashes to compare with, and this rule names none",
                "Add lockfiles, or delete verify.",
            )
        if rule.on_mismatch == "archive" and not rule.verify:
            yield source.mistake(
                ("caches", index, "on_mismatch"),
                "nothing is compared without verify: true",
                "Add verify: true, or delete on_mismatch.",
            )
        for key in ("newest", "prereleases"):
            if key in rule.model_fields_set and not rule.keep_up_with and not _counts(rule):
                yield source.mistake(
                    ("caches", index, key),
                    "this rule asks for no newest versions: lock files and package URLs with a "
                    "version name theirs",
                    f"Delete {key}, or add packages or keep_up_with.",
                )


def _counts(rule: CachesRule) -> bool:
    return any(parse_purl(one.package).version is None for one in rule.packages)


def asked_for(
    rules: Sequence[CachesRule], lockfiles: LockedVersions, source: PolicySource
) -> list[AskedFor]:
    """Return the formats that each of *rules* names."""
    return [
        AskedFor(index, rule.repository, frozenset(_formats(rule, lockfiles)), source)
        for index, rule in enumerate(rules)
    ]


def _formats(rule: CachesRule, lockfiles: LockedVersions) -> Iterator[Format]:
    for _, name in local_lockfiles(rule):
        yield from (one.format for one in lockfiles.read[name].entries)
    yield from (parse_purl(one.package).format for one in rule.packages)
    for text in rule.keep_up_with:
        package_format = patterns.parse(text).format
        if package_format is not None:
            yield package_format
