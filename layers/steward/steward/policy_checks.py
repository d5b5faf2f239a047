"""What is wrong between the rules of a policy file, each of which is right by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from steward.coordinates import Restriction
from steward.policy_groups import DeclaredGroups
from steward.policy_lines import Mistake, PolicySource
from steward.policy_model import (
    OriginsRule,
    PolicyModel,
    build_patterns_of,
    patterns_of,
)
from steward.policy_promotion_checks import promotion_mistakes
from steward.policy_reach import Reach, never_matching


@dataclass(frozen=True, slots=True)
class Opening:
    """
    A rule that opens upstream in a repository that the policy promotes to.

    If the repository has upstreams or an external connection, versions get in without promotion.
    Only CodeArtifact knows whether it has.

    Attributes:
        warning: What is to be said as long as nobody has asked CodeArtifact.
    """

    repository: str
    warning: Mistake

    def mistake(self, sources: Sequence[str]) -> Mistake:
        """Return what is to be said if the repository gets versions from *sources*."""
        names = " and ".join(sources)
        return replace(
            self.warning,
            problem=f"this rule opens upstream in {self.repository}, which the policy promotes to: "
            f"versions get in from {names} without promotion",
            remedy=f"Disconnect {self.repository} from {names}, or leave {self.repository} out of "
            "the rule's repositories.",
        )

    def without_repository(self) -> Mistake:
        """Return the warning if CodeArtifact has no such repository."""
        return replace(
            self.warning,
            problem=f"this rule opens upstream in {self.repository}, which the policy promotes to "
            "and which does not exist",
            remedy="Correct the name, or create it without upstreams and external connections.",
        )


def contradictions(model: PolicyModel, source: PolicySource) -> Iterator[Mistake]:
    """Yield a mistake for each rule that another one contradicts or leaves without effect."""
    for section, reaches in _reaches(model).items():
        for index, takers in never_matching(reaches):
            names = ", ".join(source.named((section, taker)) for taker in takers)
            first = "comes first and matches" if len(takers) == 1 else "come first and match"
            yield source.mistake(
                (section, index),
                f"this rule can never match: {names} {first} all of its packages",
                "Put the narrower rule first, or delete one of them.",
            )
    yield from promotion_mistakes(model.promotions, source)
    groups = DeclaredGroups(model.groups)
    for index, rule in enumerate(model.origins):
        yield from _impossible(rule, index, groups, source)


def openings(model: PolicyModel, source: PolicySource) -> list[Opening]:
    """
    Return where the policy opens upstream in a repository that it promotes to.

    A rule counts if it says so outright (kind public, or upstream: ALLOW) and is the first one
    for some package in that repository.
    """
    reaches = _reaches(model)["origins"]
    targets: dict[str, int] = {}
    for index, promotion in enumerate(model.promotions):
        targets.setdefault(promotion.to, index)
    return [
        _opening(repository, promotion, rule, index, source)
        for index, rule in enumerate(model.origins)
        if wanted(rule)[1] == "ALLOW"
        for repository, promotion in targets.items()
        if _has_packages_in(repository, index, reaches)
    ]


def _reaches(model: PolicyModel) -> dict[str, list[Reach]]:
    """Return what the rules speak about, for each section in which the first match wins."""
    return {
        "snapshots": [
            Reach(build_patterns_of(rule), rule.repositories) for rule in model.snapshots
        ],
        "origins": [Reach(patterns_of(rule.packages), rule.repositories) for rule in model.origins],
        "promotions": [  # the first match per pair of repositories
            Reach(patterns_of(rule.packages), [f"{rule.source}/{rule.to}"])
            for rule in model.promotions
        ],
    }


def wanted(rule: OriginsRule) -> tuple[Restriction | None, Restriction | None]:
    """Return what *rule* makes of publish and upstream; ``None`` for what it does not say."""
    if rule.kind == "internal":
        return "ALLOW", "BLOCK"
    if rule.kind == "public":
        return "BLOCK", "ALLOW"
    return rule.publish, rule.upstream


def _has_packages_in(repository: str, index: int, reaches: Sequence[Reach]) -> bool:
    return any(
        reaches[index].takes(pattern, repository)
        and not any(earlier.takes(pattern, repository) for earlier in reaches[:index])
        for pattern in reaches[index].packages
    )


def _opening(
    repository: str, promotion: int, rule: OriginsRule, index: int, source: PolicySource
) -> Opening:
    location = ("origins", index, "upstream" if rule.kind is None else "kind")
    promoting = source.named(("promotions", promotion))
    warning = source.mistake(
        location,
        f"this rule opens upstream in {repository}, which {promoting} promotes to: if it has "
        "upstreams or an external connection, versions get in without promotion",
        "Ask CodeArtifact: `steward policy check --live`.",
    )
    return Opening(repository, warning)


def repetitions(document: object, source: PolicySource) -> Iterator[Mistake]:
    """Yield a mistake for each group with the pattern, and promotion with the name, of another."""
    for section, key, remedy in (
        ("groups", "pattern", "Keep one of them."),
        ("promotions", "name", "Give it a name of its own."),
    ):
        rules = document.get(section) if isinstance(document, dict) else None
        first: dict[str, int] = {}
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            value = rule.get(key) if isinstance(rule, dict) else None
            if isinstance(value, str) and first.setdefault(value, index) < index:
                yield source.mistake(
                    (section, index, key),
                    f"{source.named((section, first[value]))} has the same {key}, {value}",
                    remedy,
                )


def _impossible(
    rule: OriginsRule, index: int, groups: DeclaredGroups, source: PolicySource
) -> Iterator[Mistake]:
    """Yield a mistake for each ALLOW of *rule* that declared groups forbid for all its packages."""
    for restriction, value in zip(("publish", "upstream"), wanted(rule), strict=True):
        if value != "ALLOW":
            continue
        culprits: set[int] = set()
        for pattern in patterns_of(rule.packages):
            forbidding = groups.forbid(restriction, pattern, rule.repositories)
            if not forbidding:
                break
            culprits |= forbidding
        else:
            names = " and ".join(source.named(("groups", culprit)) for culprit in sorted(culprits))
            yield source.mistake(
                ("origins", index, restriction if rule.kind is None else "kind"),
                f"this rule wants {restriction} ALLOW, which {names} "
                f"{'forbids' if len(culprits) == 1 else 'forbid'} for all of its packages",
                "Change one of them: CodeArtifact allows only what both allow.",
            )
