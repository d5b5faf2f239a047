"""The gate ``versions``: releases only, or a range in the syntax of the package's format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from promote_versions.verdicts import Verdict, pass_, refuse
from steward.coordinates import Package, PackageVersion
from steward.version_order import position
from steward.version_ranges import RangeError, parse_range
from steward.versions import is_release

if TYPE_CHECKING:
    from steward.promotion_rules import VersionChoice

GATE: Final = "versions"


def judge(version: PackageVersion, package: Package, requirement: VersionChoice) -> Verdict:
    """
    Return whether *version* is one that *requirement* wants.

    What is no version of the package's format is refused: nobody can say where it stands.
    """
    name, package_format = version.version, package.format
    named: dict[str, object] = {
        "version": name,
        "releases_only": requirement.releases_only,
        "range": requirement.range,
    }
    if position(package_format, name) is None:
        return refuse(GATE, f"is no version of the format {package_format}", named)
    if requirement.releases_only and not is_release(package_format, name):
        return refuse(GATE, "is no release", named)
    if requirement.range is None:
        return pass_(GATE, "is a release" if requirement.releases_only else "is wanted", named)
    try:
        wanted = parse_range(package_format, requirement.range)
    except RangeError as error:
        # The policy compiler reads every range; this one is not of the package's format.
        return refuse(GATE, f"cannot be in the policy's range: {error}", named)
    if not wanted.contains(name):
        return refuse(GATE, f"is not in the range {requirement.range}", named)
    return pass_(GATE, f"is in the range {requirement.range}", named)
