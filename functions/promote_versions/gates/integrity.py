"""The gate ``integrity``: every asset is one that a reviewed lock file lists."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from promote_versions.facts import Unavailable, VersionFacts
from promote_versions.gates.waits import UNANSWERED, later
from promote_versions.verdicts import Verdict, hold, pass_, refuse

if TYPE_CHECKING:
    from steward.promotion_rules import Integrity
    from steward.version_contents import Asset

GATE: Final = "integrity"
_COMPARED: Final = ("SHA-256", "SHA-512")  # npm's lock files have only the second


def judge(facts: VersionFacts, requirement: Integrity, *, now: datetime) -> Verdict:
    """
    Return whether all assets of the version have hashes that are listed for exactly this version.

    Compared is the SHA-256, or the SHA-512 where the lock files have no other for the version. A
    version that they do not list is refused; so is one with an asset whose hash is not listed or
    not known, and one without any asset, about which nothing is proven.
    """
    if isinstance(facts.assets, Unavailable):
        reason = f"has assets that nobody could list: {facts.assets.reason}"
        return hold(GATE, reason, until=later(now, UNANSWERED))
    files = ", ".join(requirement.files)
    named: dict[str, object] = {"files": list(requirement.files)}
    listed = requirement.hashes.get(facts.package.purl(facts.version.version))
    kind = next((each for each in _COMPARED if _lists(listed, each)), None)
    if listed is None or kind is None:
        return refuse(GATE, f"is not listed in {files}", named)
    assets = sorted(facts.assets.values(), key=lambda one: one.name)
    named["assets"] = {one.name: _hashes(one) for one in assets}
    if not assets:
        return refuse(GATE, "has no assets to compare", named)
    silent = [one.name for one in assets if kind not in one.hashes]
    if silent:
        named["without_hash"] = silent
        return refuse(GATE, f"has assets without a {kind} to compare: {_shown(silent)}", named)
    unlisted = [one.name for one in assets if f"{kind}:{one.hashes[kind].lower()}" not in listed]
    if unlisted:
        named["unlisted"] = unlisted
        return refuse(GATE, f"has assets that {files} does not list: {_shown(unlisted)}", named)
    return pass_(GATE, f"has only assets that {files} lists", named)


def _lists(listed: frozenset[str] | None, kind: str) -> bool:
    return any(one.startswith(f"{kind}:") for one in listed or ())


def _hashes(asset: Asset) -> list[str]:
    return [f"{kind}:{asset.hashes[kind].lower()}" for kind in _COMPARED if kind in asset.hashes]


def _shown(names: list[str]) -> str:
    some = 5  # our choice: more would not help a reader, and the facts have them all
    more = f" and {len(names) - some} more" if len(names) > some else ""
    return ", ".join(names[:some]) + more
