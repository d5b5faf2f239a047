"""What a policy fetches into repositories: in short for a table, and in words for a person."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steward.cache_rules import CachedPackage, CacheRule, CompiledCache, CompiledCachedPackage
    from steward.coordinates import Package
    from steward.lockfiles.locked import Locked
    from steward.policy import Policy

_VERIFIED = {
    "report": "Files are compared with the hashes of lock files; another hash is reported.",
    "archive": "Files are compared with the hashes of lock files; a version with another hash is "
    "archived and reported.",
}


def wanted(rule: "CompiledCache") -> list[str]:
    """Return what *rule* fetches, each in a few words."""
    lines = [*rule["lockfiles"], *rule["objects"]]
    lines += [_package(package) for package in rule["packages"]]
    lines += [f"newer ones of {pattern}: {rule['newest']}" for pattern in rule["keep_up_with"]]
    if rule["prereleases"]:
        lines.append("pre-releases too")
    if rule["verify"]:
        lines.append(f"verified: {rule['on_mismatch']}")
    return lines


def _package(package: "CompiledCachedPackage") -> str:
    if not package["newest"]:
        return package["purl"]
    within = f" of {package['range']}" if package["range"] else ""
    return f"{package['purl']}: newest {package['newest']}{within}"


def applying(
    policy: "Policy", package: "Package", locked: "Mapping[str, Sequence[Locked]]"
) -> Iterator[tuple["CacheRule", list[str]]]:
    """
    Yield each rule that fetches versions of *package* into its repository, and which ones.

    Args:
        locked: What the lock files of the policy list, by their names.
    """
    if package.repository.domain != policy.domain:
        return
    for rule in policy.caches:
        if rule.repository == package.repository.name:
            words = [*_locked(rule, package, locked), *_named(rule, package)]
            if words:
                yield rule, words


def of_caches(
    policy: "Policy", package: "Package", locked: "Mapping[str, Sequence[Locked]]"
) -> list[str]:
    """Return which versions of the package are fetched before anyone asks for them."""
    lines: list[str] = []
    for rule, words in applying(policy, package, locked):
        lines.append(f"{rule.name} applies")
        lines += words
        if rule.verify:
            lines.append(_VERIFIED[rule.on_mismatch])
    if any(rule.objects and rule.repository == package.repository.name for rule in policy.caches):
        lines.append("What lock files in S3 list is read at each run, and not known here.")
    return lines or ["no caches rule fetches it: it comes in when somebody asks for it"]


def _locked(
    rule: "CacheRule", package: "Package", locked: "Mapping[str, Sequence[Locked]]"
) -> Iterator[str]:
    for file in rule.lockfiles:
        versions = [
            one.version
            for one in locked.get(file, ())
            if (one.format, one.namespace, one.name)
            == (package.format, package.namespace, package.name)
        ]
        if versions:
            yield f"{', '.join(versions)}, as {file} lists."


def _named(rule: "CacheRule", package: "Package") -> Iterator[str]:
    for one in rule.packages:
        if (one.format, one.namespace, one.name) != (
            package.format,
            package.namespace,
            package.name,
        ):
            continue
        yield f"{one.version}." if one.version else f"{_newest(one.newest)}{_limits(one, rule)}."
    for pattern in rule.keep_up_with:
        if pattern.matches(package.path):
            limits = ", pre-releases too" if rule.prereleases else ""
            yield (
                f"If it holds some: {_newest(rule.newest)} of those that are newer "
                f"({pattern}){limits}."
            )


def _newest(number: int) -> str:
    return "the newest version" if number == 1 else f"the {number} newest versions"


def _limits(package: "CachedPackage", rule: "CacheRule") -> str:
    within = f" of {package.range}" if package.range else ""
    return f"{within}{', pre-releases too' if rule.prereleases else ''}"
