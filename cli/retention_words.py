"""Which versions a policy takes away: in short for a table, and in words for a person."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cli.policy_tables import spoken

if TYPE_CHECKING:
    from steward.coordinates import Package
    from steward.lockfiles.locked import Locked
    from steward.policy import Policy
    from steward.retention_rules import CompiledRetention, RetentionRule, StepName

_KINDS: Final = {
    "snapshot-builds": "builds of snapshots and numbered pre-releases",
    "prereleases": "pre-releases",
    "releases": "releases",
    "all": "all versions",
}
# What is said of a rule that selects only so much.
_NEWEST: Final[dict[tuple[str, ...], str]] = {
    ("releases",): "The newest {} stay.",
    ("snapshot-builds",): "The newest {} builds of each version stay.",
}
_NEWEST_OF_MANY: Final = "The newest {} stay; of builds, those of each version."
_UNFINISHED: Final[dict[tuple[str, ...], str]] = {
    ("releases",): "Unfinished releases",
    ("prereleases",): "Unfinished pre-releases",
    ("snapshot-builds",): "Unfinished builds",
    ("all",): "Unfinished ones",
}
_DONE: Final[dict["StepName", str]] = {
    "unlist": "unlisted",
    "archive": "archived",
    "dispose": "disposed of",
    "delete": "deleted",
}


def wanted(rule: "CompiledRetention") -> list[str]:
    """Return which versions *rule* is about, which of them stay, and what becomes of the others."""
    lines = [f"versions: {text}" for text in rule["versions"]]
    if rule["keep_newest"] is not None:
        lines.append(f"keep newest: {rule['keep_newest']}")
    if rule["keep_younger_than_seconds"] is not None:
        lines.append(f"keep younger: {_spoken(rule['keep_younger_than_seconds'])}")
    if rule["release_grace_seconds"] is not None:
        lines.append(f"released: {_spoken(rule['release_grace_seconds'])} ago")
    lines += [f"keep: {glob}" for glob in rule["keep"]]
    lines += [f"keep: {name}" for name in rule["lockfiles"]]
    lines += [] if rule["keep_promoted"] else ["promoted: no matter"]
    for step in rule["then"]:
        after = f" after {_spoken(step['after_seconds'])}" if step["after_seconds"] else ""
        lines.append(f"then: {step['name']}{after}")
    return lines


def of_retention(
    policy: "Policy", package: "Package", locked: "Mapping[str, Sequence[Locked]]"
) -> list[str]:
    """
    Return which versions of the package go, and which of them stay.

    Args:
        locked: What the lock files of the policy list, by their names.
    """
    rules = policy.retention_rules_for(package)
    if not rules:
        return ["no retention rule applies: its versions stay"]
    lines: list[str] = []
    for rule in rules:
        lines.append(f"{rule.name} applies to {_selected(rule)}")
        lines += _stay(rule, package, locked)
        lines += _go(rule)
    if len(rules) > 1:
        lines.append("The first of these that speaks of a version decides about it.")
    if policy.promotes_to(package.repository.name) and any(rule.keep_promoted for rule in rules):
        lines.append(f"The policy promotes to {package.repository.name}: its versions stay.")
    return lines


def of_rule(rule: "RetentionRule") -> list[str]:
    """Return what *rule* says of any package: which versions go, and which of them stay."""
    return [f"It is about {_selected(rule)}.", *_stay(rule, None, {}), *_go(rule)]


def _selected(rule: "RetentionRule") -> str:
    return " and ".join(_KINDS.get(text, text) for text in rule.versions)


def _stay(
    rule: "RetentionRule", package: "Package | None", locked: "Mapping[str, Sequence[Locked]]"
) -> Iterator[str]:
    if rule.keep_newest:
        yield _NEWEST.get(rule.versions, _NEWEST_OF_MANY).format(rule.keep_newest)
    if rule.keep_younger_than is not None:
        yield f"Those that are younger than {spoken(rule.keep_younger_than)} stay."
    if rule.keep:
        yield f"{', '.join(rule.keep)}: these stay."
    for file in rule.lockfiles:
        if package is None:
            yield f"What {file} lists stays."
            continue
        versions = [
            one.version
            for one in locked.get(file, ())
            if (one.format, one.namespace, one.name)
            == (package.format, package.namespace, package.name)
        ]
        if versions:
            yield f"{', '.join(versions)}: {file} lists them, and they stay."
    if rule.keep_promoted:
        yield "What stands in a repository that the policy promotes to stays."


def _go(rule: "RetentionRule") -> Iterator[str]:
    if rule.release_grace is not None:
        yield (
            f"{spoken(rule.release_grace)} after the release of their version, its builds go, "
            "however new."
        )
    if rule.keep_newest is None and rule.keep_younger_than is None:
        yield "No others go."
    of = _UNFINISHED.get(rule.versions, "Unfinished ones of these")
    yield f"{of} go when they are older than {spoken(rule.unfinished_after)}."
    words = [
        _DONE[step.name] + (f" after {spoken(step.after)}" if step.after else "")
        for step in rule.then
    ]
    yield f"What goes is {', then '.join(words)}."


def _spoken(seconds: int) -> str:
    return spoken(timedelta(seconds=seconds))
