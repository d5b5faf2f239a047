"""What a policy does with one package, in words."""

from typing import TYPE_CHECKING, Final

from cli.policy_tables import spoken

if TYPE_CHECKING:
    from steward.coordinates import Package, RestrictionType
    from steward.policy import GroupDeclaration, OriginRule, Policy, SnapshotRule

_SPOKEN_TYPES: Final[dict["RestrictionType", str]] = {
    "PUBLISH": "publish",
    "EXTERNAL_UPSTREAM": "external upstream",
    "INTERNAL_UPSTREAM": "internal upstream",
}


def of_snapshots(rule: "SnapshotRule | None") -> list[str]:
    """Return what happens to the package's builds."""
    if rule is None:
        return ["no snapshots rule applies: its builds stay"]
    return [
        f"{rule.name} applies",
        "Builds that a newer one has replaced are unlisted.",
        f"Unfinished ones only {spoken(rule.unfinished_grace)} after the time in their name.",
    ]


def of_origins(rule: "OriginRule | None", policy: "Policy", repository: str) -> list[str]:
    """Return what its origin restrictions are brought to."""
    if rule is None:
        return ["no origins rule applies: its restrictions stay"]
    told = f"{rule.name} applies" + ("" if rule.kind == "explicit" else f": {rule.kind}")
    if rule.kind == "inferred":
        if policy.promotes_to(repository):
            return [told, f"The policy promotes to {repository}: the restrictions stay."]
        return [
            told,
            "If all versions were published here: upstream BLOCK.",
            "If all came from outside: publish BLOCK.",
            "All else stays, and so does what a package group restricts.",
            "What is BLOCK never becomes ALLOW.",
        ]
    words = [told, f"Publish {_restriction(rule.publish)}, upstream {_restriction(rule.upstream)}."]
    if rule.external == "archive":
        words.append("A version from outside is archived and reported.")
    elif rule.external == "report":
        words.append("A version from outside is reported, and stays.")
    if rule.upstream == "ALLOW" and policy.promotes_to(repository):
        words.append(f"The policy promotes to {repository}: it must have no upstreams.")
    return words


def _restriction(value: str | None) -> str:
    return value or "stays as it is"


def of_groups(
    policy: "Policy", group: "GroupDeclaration | None", alike: "GroupDeclaration | None"
) -> list[str]:
    """Return what the package groups of the policy mean for a package of *group*."""
    if policy.groups is None:
        return ["the policy declares no groups"]
    words = ["no group of the policy covers it"]
    if group is not None:
        settings = ", ".join(
            f"{_SPOKEN_TYPES[kind]} {_mode(group, kind)}" for kind in _SPOKEN_TYPES
        )
        words = [
            f"{group.name} covers it: {group.pattern}",
            f"{settings[0].upper()}{settings[1:]}.",
        ]
    if alike is not None:
        words += [
            f"It looks like {alike.name}, {alike.pattern}, and does not match it: a weak match.",
            "CodeArtifact lets nobody publish it, and lets none of it in from upstream.",
            "Which letters look alike is its choice, and not documented. It tells by",
            "`aws codeartifact get-associated-package-group`.",
        ]
    return words


def _mode(group: "GroupDeclaration", kind: "RestrictionType") -> str:
    if kind in group.allowed:
        return f"only in {', '.join(group.allowed[kind])}"
    return group.modes[kind]


def similar_group(policy: "Policy", package: "Package") -> "GroupDeclaration | None":
    """
    Return the more specific group that the package matches weakly only, if there is one.

    As the local CodeArtifact judges it ("Package group definition syntax and matching behavior",
    User Guide): which letters look alike is not documented.
    """
    from emulator.core import group_patterns
    from emulator.core.values import PackageId

    found = PackageId(package.format, package.namespace or "", package.name)
    path, folded_path = group_patterns.path(found), group_patterns.folded_path(found)

    def length(group: "GroupDeclaration") -> int:
        return len(group_patterns.parse(str(group.pattern)).folded_stem)

    strong = policy.group_for(package)
    weak = [
        group
        for group in policy.groups or ()
        if not group.pattern.matches(path)
        and group_patterns.parse(str(group.pattern)).matches_loosely(path, folded_path)
        and (strong is None or length(group) > length(strong))
    ]
    return max(weak, key=length, default=None)
