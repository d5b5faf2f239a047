"""What a promotion requires: in short for a table, and in words for a person."""

from collections.abc import Iterator, Sequence, Sized
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cli.policy_tables import spoken

if TYPE_CHECKING:
    from steward.coordinates import Package
    from steward.policy import Policy
    from steward.promotion_rules import (
        CompiledPromotion,
        CompiledRequirements,
        Licences,
        MinimumAge,
        PromotionRule,
        Requirements,
        VersionChoice,
        Vulnerabilities,
    )

_RECALLS: Final = {
    "report": "A promoted version that turns out to be bad is reported.",
    "unlist": "A promoted version that turns out to be bad is unlisted and reported.",
    "archive": "A promoted version that turns out to be bad is archived and reported.",
}


def gates(rule: "CompiledPromotion") -> list[str]:
    """Return the gates of *rule* and what else it says, each in a few words."""
    lines = [f"{gate}: {', '.join(said)}" for gate, said in _gates(rule["require"])] or ["none"]
    if rule["include_dependencies"]:
        lines.append("dependencies: included")
    if rule["recall"] != "report":
        lines.append(f"recall: {rule['recall']}")
    return lines


def _gates(require: "CompiledRequirements") -> Iterator[tuple[str, list[str]]]:
    if age := require["minimum_age"]:
        yield "minimum age", [spoken(timedelta(seconds=age["at_least_seconds"]))]
    if vulnerabilities := require["vulnerabilities"]:
        waivers = _counted(vulnerabilities["waivers"], "waived")
        yield "vulnerabilities", [vulnerabilities["block_at"], *waivers]
    if licences := require["licences"]:
        allowed, denied = licences["allow"], licences["deny"]
        yield "licences", [*_counted(allowed, "allowed"), *_counted(denied, "denied")]
    if origin := require["origin"]:
        yield "origin", origin
    if allow := require["allow"]:
        yield "allow", [str(len(allow))]
    if deny := require["deny"]:
        yield "deny", [str(len(deny))]
    if versions := require["versions"]:
        releases = ["releases"] if versions["releases_only"] else []
        yield "versions", [*releases, *([versions["range"]] if versions["range"] else [])]
    if integrity := require["integrity"]:
        yield "integrity", integrity["files"]
    if require["approval"] != "automatic":
        yield "approval", [require["approval"]]


def _counted(items: Sized, word: str) -> list[str]:
    return [f"{len(items)} {word}"] if items else []


def of_promotions(policy: "Policy", package: "Package") -> list[str]:
    """Return what *package* needs to be promoted, and by which rules it comes to where it is."""
    words: list[str] = []
    for rule in policy.promotion_rules_for(package):
        words += [f"{rule.name} applies: from {rule.source} to {rule.to}", *required(rule)]
    for rule in policy.promotions:
        if rule.to == package.repository.name and _brings(rule, policy, package):
            words.append(f"{rule.name} promotes it to here, from {rule.source}.")
    return words or ["no promotions rule applies: it is not copied from here"]


def _brings(rule: "PromotionRule", policy: "Policy", package: "Package") -> bool:
    """Return whether *rule*, and none before it in the file, is about *package* in its source."""
    source = replace(package.repository, name=rule.source)
    return rule in policy.promotion_rules_for(replace(package, repository=source))


def required(rule: "PromotionRule") -> list[str]:
    """Return a sentence for each thing that a version has to pass, in the order of the file."""
    require = rule.require
    words = [
        *(_age(require.minimum_age) if require.minimum_age else ()),
        *(_vulnerabilities(require.vulnerabilities) if require.vulnerabilities else ()),
        *(_licences(require.licences) if require.licences else ()),
        *_lists(require),
        *(_versions(require.versions) if require.versions else ()),
    ]
    if require.integrity:
        words.append(f"Its files have the hashes that {_or(require.integrity.files)} says.")
    words = words or ["Nothing is required."]
    if require.approval == "manual":
        words.append("A person approves it when all else is passed.")
    if rule.include_dependencies:
        words.append("What it depends on is judged with it and promoted first.")
    return [*words, _RECALLS[rule.recall]]


def _age(age: "MinimumAge") -> Iterator[str]:
    yield f"It has been public for {spoken(age.at_least)}."
    if age.exceptions:
        yield f"No age is needed by {_or([str(one) for one in age.exceptions])}."
    if age.security_fixes:
        yield "A version that fixes a known vulnerability needs no age."


def _vulnerabilities(vulnerabilities: "Vulnerabilities") -> Iterator[str]:
    severity = vulnerabilities.block_at
    if severity == "malicious":
        yield "It is not malicious; known vulnerabilities are named, and keep nothing out."
    else:
        worse = "" if severity == "critical" else " or worse"
        yield f"It is not malicious, and has no known vulnerability that is {severity}{worse}."
    for waiver in vulnerabilities.waivers:
        of = f" of {_or([str(one) for one in waiver.packages])}" if waiver.packages else ""
        last = (waiver.until - timedelta(days=1)).date()
        yield f"{waiver.id}{of} is waived through {last}: {waiver.reason}"


def _licences(licences: "Licences") -> Iterator[str]:
    if licences.allow:
        yield f"Its licence is {_or(sorted(licences.allow))}."
    if licences.deny:
        known = "" if licences.allow else "known, and "
        yield f"Its licence is {known}not {_or(sorted(licences.deny))}."


def _lists(require: "Requirements") -> Iterator[str]:
    if require.origin:
        ways = [
            "published inside" if name == "internal" else f"fetched through {name}"
            for name in sorted(require.origin)
        ]
        yield f"It was {_or(ways)}."
    if require.allow is not None:
        yield f"It is one of {_or([str(one) for one in require.allow])}."
    if require.deny:
        yield f"It is none of {_or([str(one) for one in require.deny])}."


def _versions(versions: "VersionChoice") -> Iterator[str]:
    if versions.releases_only:
        yield "It is a release."
    if versions.range:
        yield f"Its version is in the range {versions.range}."


def _or(texts: Sequence[str]) -> str:
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if texts[1:] else texts)
