"""What is wrong in or between the rules of `retention`, each key of which is right by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from steward.coordinates import FORMATS, Format
from steward.patterns import Pattern
from steward.policy_lines import Location, Mistake, PolicySource
from steward.policy_locked_versions import LockedVersions, local_lockfiles
from steward.policy_model import PolicyModel, patterns_of
from steward.policy_reach import Reach, glob_covers
from steward.policy_retention import RetentionKeys
from steward.policy_values import FORMATS_WITH_BUILDS, duration_seconds
from steward.retention_rules import KINDS

# Any text is a version of a generic package: none is a release, and none a pre-release.
_WITHOUT_ORDER: Final[frozenset[Format]] = frozenset({"generic"})
_BUILDS: Final = "snapshot-builds"
_AN_UPLOAD: Final = 3600  # seconds; our choice, as of `unfinished_grace` in `snapshots`
_REMOVED: Final = frozenset({"dispose", "delete"})  # nothing brings back what these took


def retention_mistakes(model: PolicyModel, source: PolicySource) -> Iterator[Mistake]:
    """Yield what makes a rule do nothing, or says two things at once."""
    promoted = {rule.to: index for index, rule in reversed([*enumerate(model.promotions)])}
    for index, rule in enumerate(model.retention):
        place: Location = ("retention", index)
        yield from _keeping_nothing(rule, place, source)
        yield from _selecting_nothing(rule, place, source)
        yield from _keeping_all(rule, place, source)
        if rule.when_released is not None and not _speaks_of_builds(rule):
            yield source.mistake(
                (*place, "when_released"),
                "only builds go when their version is released, and this rule is about none",
                f"Write versions: {_BUILDS}, or delete this key.",
            )
        if rule.keep_promoted and all(name in promoted for name in rule.repositories):
            first = source.named(("promotions", promoted[rule.repositories[0]]))
            yield source.mistake(
                (*place, "repositories"),
                f"this rule can never do anything: {first} promotes to {rule.repositories[0]}, "
                "where what was promoted stays",
                "Write keep_promoted: false, or other repositories.",
            )
    yield from _shadowed(model.retention, source)


def _keeping_nothing(
    rule: RetentionKeys, place: Location, source: PolicySource
) -> Iterator[Mistake]:
    if rule.keep_newest == 0 and rule.keep_younger_than is None:
        yield source.mistake(
            (*place, "keep_newest"),
            "0 keeps nothing, and nothing else here says what stays",
            "Write how many stay, or add keep_younger_than.",
        )


def _selecting_nothing(
    rule: RetentionKeys, place: Location, source: PolicySource
) -> Iterator[Mistake]:
    formats = _formats(rule)
    for number, text in enumerate(rule.versions):
        if not any(_is_of(text, one) for one in formats):
            yield source.mistake(
                (*place, "versions", number),
                f"this selects nothing: no package of the format{'s'[: len(formats) - 1]} "
                f"{' and '.join(sorted(formats))} has {text}",
                "Write all, or a pattern of versions.",
            )
        elif formats == {"maven"} and text not in KINDS and text.upper().endswith("SNAPSHOT"):
            yield source.mistake(
                (*place, "versions", number),
                f"this selects nothing: a version such as {text} names the newest build of a "
                "snapshot, and goes only with its builds",
                f"Write {_BUILDS}; with when_released, it goes with them.",
            )


def _keeping_all(rule: RetentionKeys, place: Location, source: PolicySource) -> Iterator[Mistake]:
    for number, glob in enumerate(rule.keep):
        if all(glob_covers(glob, "*" if text in KINDS else text) for text in rule.versions):
            yield source.mistake(
                (*place, "keep", number),
                f"{glob} keeps all that this rule selects",
                "Write what is to be kept of it, or delete the rule.",
            )


def _shadowed(rules: Sequence[RetentionKeys], source: PolicySource) -> Iterator[Mistake]:
    """Yield a mistake for each rule all of whose versions are those of earlier ones."""
    reaches = [Reach(patterns_of(rule.packages), rule.repositories) for rule in rules]
    for index, rule in enumerate(rules):
        takers = {
            next(
                (
                    n
                    for n in range(index)
                    if reaches[n].takes(pattern, place) and _takes(rules[n], text, pattern)
                ),
                None,
            )
            for pattern in reaches[index].packages
            for place in rule.repositories
            for text in rule.versions
            if pattern.format is None or _is_of(text, pattern.format)
        }
        numbers = sorted(taker for taker in takers if taker is not None)
        if numbers and None not in takers:
            names = ", ".join(source.named(("retention", number)) for number in numbers)
            come = "comes first and selects" if len(numbers) == 1 else "come first and select"
            yield source.mistake(
                ("retention", index),
                f"this rule can never match: {names} {come} all of its versions",
                "Put the narrower rule first, or delete one of them.",
            )


def _takes(rule: RetentionKeys, text: str, pattern: Pattern) -> bool:
    """Return whether *rule* surely selects what *text* selects of the packages of *pattern*."""
    return any(_covers(mine, text, pattern.format) for mine in rule.versions)


def _covers(wide: str, narrow: str, package_format: Format | None) -> bool:
    if wide in {narrow, "all"}:
        return True
    if wide == "prereleases" and narrow == _BUILDS:  # Maven's builds are snapshots
        return package_format in FORMATS_WITH_BUILDS and package_format != "maven"
    if wide in KINDS:
        return False
    return glob_covers(wide, "*" if narrow in KINDS else narrow)


def _is_of(text: str, package_format: Format) -> bool:
    """Return whether some version of *package_format* may be what *text* says."""
    match text:
        case "snapshot-builds":
            return package_format in FORMATS_WITH_BUILDS
        case "prereleases" | "releases":
            return package_format not in _WITHOUT_ORDER
        case _:
            return True


def _speaks_of_builds(rule: RetentionKeys) -> bool:
    formats = _formats(rule) & {*FORMATS_WITH_BUILDS}
    return any(
        bool(formats - {"maven"}) if text == "prereleases" else bool(formats) and text != "releases"
        for text in rule.versions
    )


def _formats(rule: RetentionKeys) -> set[Format]:
    """Return the formats that *rule* is about; the root pattern is about all."""
    named = {pattern.format for pattern in patterns_of(rule.packages)}
    return {one for one in FORMATS if None in named or one in named}


def retention_warnings(
    model: PolicyModel, lockfiles: LockedVersions, source: PolicySource
) -> Iterator[Mistake]:
    """Yield what is no mistake, and probably not what is wanted."""
    for index, rule in enumerate(model.retention):
        place: Location = ("retention", index)
        removing = [step.name for step in rule.then if step.name in _REMOVED]
        if _takes_new_releases(rule):
            how = "at once" if rule.then[0].name in _REMOVED else "with no time before it"
            yield source.mistake(
                (*place, "then"),
                f"{removing[0]} {how} takes releases that may have been published today",
                "Add keep_younger_than, or go softly: [unlist, {archive: P14D}, {delete: P30D}].",
            )
        if duration_seconds(rule.unfinished_after) < _AN_UPLOAD:
            yield source.mistake(
                (*place, "unfinished_after"),
                f"an upload that takes longer than {rule.unfinished_after} may lose its version",
                "Write PT1H or more.",
            )
        if removing and not model.limits.deletions_per_run:
            yield source.mistake(
                (*place, "then"),
                f"this rule wants to {removing[0]}, and "
                f"{source.named(('limits', 'deletions_per_run'))} is 0: each run stops before it",
                "Raise the limit, or end with archive.",
            )
        yield from _fetched_again(model, index, lockfiles, source)


def _takes_new_releases(rule: RetentionKeys) -> bool:
    """Return whether *rule* removes releases for good, and nothing asks for their age or waits."""
    if rule.keep_younger_than is not None or not any(map(_may_mean_releases, rule.versions)):
        return False
    for step in rule.then:
        if duration_seconds(step.wait):
            return False
        if step.name in _REMOVED:
            return True
    return False


def _may_mean_releases(text: str) -> bool:
    """Return whether *text* selects releases: of a pattern, whether it has no word in it."""
    return text in {"releases", "all"} or not any(character.isalpha() for character in text)


def _fetched_again(
    model: PolicyModel, index: int, lockfiles: LockedVersions, source: PolicySource
) -> Iterator[Mistake]:
    """Yield a warning for each lock file that ``caches`` fetches into where the rule takes away."""
    rule = model.retention[index]
    mine = patterns_of(rule.packages)
    for number, cache in enumerate(model.caches):
        if not any(fnmatchcase(cache.repository, glob) for glob in rule.repositories):
            continue
        for _, name in local_lockfiles(cache):
            paths = (
                f"/{one.format}/{one.namespace or ''}/{one.name}"
                for one in lockfiles.read[name].entries
            )
            if name not in rule.lockfiles and any(
                pattern.matches(path) for path in paths for pattern in mine
            ):
                yield source.mistake(
                    ("retention", index, "lockfiles"),
                    f"{source.named(('caches', number))} fetches what {name} lists into "
                    f"{cache.repository}: what goes from there would be fetched again",
                    f"Add {name} to the lockfiles of this rule.",
                )
