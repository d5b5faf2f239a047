"""What makes exemptions of versions last whose automation goes by other rules than `origins`."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from cli.lasting_promotions import Remedy

if TYPE_CHECKING:
    from steward.coordinates import Package
    from steward.ledger import Exemption

# The names that these automations give themselves in the ledger.
_UNLISTING: Final = "unlist_snapshot_builds"
_EXPIRY: Final = "expire_versions"
_WARMING: Final = "warm_caches"
_KNOWN: Final = (_UNLISTING, _EXPIRY, _WARMING)


def version_remedies(exemptions: "Iterable[Exemption]") -> list[Remedy]:
    """
    Return what makes those of *exemptions* last that are of builds, expired and warmed versions.

    One for each package, automation and rule, in the order of *exemptions*.
    """
    found: dict[tuple[str, Package, str], list[str]] = {}
    for one in exemptions:
        if one.automation in _KNOWN and one.version is not None:
            found.setdefault((one.automation, one.package, one.rule), []).append(one.version)
    return [
        Remedy(package, rule, tuple(versions), _text(automation, package, rule, versions))
        for (automation, package, rule), versions in found.items()
    ]


def ended_version_lines(ended: "Iterable[Exemption]") -> list[str]:
    """Return what happens to such versions now that their exemptions are *ended*, as lines."""
    rules = dict.fromkeys(one.rule for one in ended if one.automation in (_UNLISTING, _EXPIRY))
    if not rules:
        return []
    return [
        f"What {', '.join(rules)} says holds again from the package's next event or the next sweep",
        "on; at once with `steward sweep`.",
    ]


def _text(automation: str, package: "Package", rule: str, versions: Sequence[str]) -> str:
    where = f"{', '.join(versions)} of {package.purl()} in {package.repository.name}"
    match automation:
        case "unlist_snapshot_builds":
            lines = (
                f"  was unlisted by {rule}, because a newer build has replaced it. To make it",
                f"  last, change {rule} in the policy file so that it does not apply to this",
                "  package, and deploy it; or publish what is needed as a release: none is hidden.",
            )
        case "expire_versions":
            lines = (
                f"  had expired by {rule}. To make it last, add to this rule in the policy file,",
                "  and deploy it; of every package that the rule is about, it keeps this version:",
                f"      keep: {json.dumps(list(versions), ensure_ascii=False)}",
            )
        case _:
            lines = (
                "  was archived because its files are not those that a lock file states. To make",
                f"  it last, correct the lock file that {rule} names, and deploy it;",
                "  `steward warm` says which.",
            )
    return "\n".join((where, *lines))
