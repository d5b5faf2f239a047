"""What makes exemptions from a recall last: other words than those for `origins`."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cli import options

if TYPE_CHECKING:
    from steward.coordinates import Package
    from steward.ledger import Exemption

_MOST_VERSIONS: Final = 10  # of which a command is printed; it is the same for each


@dataclass(frozen=True, slots=True)
class Remedy:
    """
    How some versions of a package can stay in use for good, although a promotion recalled them.

    Attributes:
        package: Where it was recalled.
        rule: The promotion.
        text: For people, in lines.
    """

    package: "Package"
    rule: str
    versions: tuple[str, ...]
    text: str

    def document(self) -> Mapping[str, object]:
        """Return it for programs."""
        return {
            "package": self.package.purl(),
            "repository": self.package.repository.name,
            "rule": self.rule,
            "versions": list(self.versions),
            "remedy": self.text,
        }


def is_from_recall(exemption: "Exemption") -> bool:
    """Return whether *exemption* keeps a version from being recalled, not from `origins`."""
    from promote_versions.collaborators import AUTOMATION

    return exemption.automation == AUTOMATION and exemption.version is not None


def remedies(exemptions: "Iterable[Exemption]") -> list[Remedy]:
    """
    Return what makes the other ones of *exemptions* last, one for each package and promotion.

    No line of the policy can be printed: why a version was recalled stands in its record, which is
    not asked for here, and not each reason has a remedy.
    """
    found: dict[tuple[Package, str], list[str]] = {}
    for one in exemptions:
        if is_from_recall(one) and one.version is not None:
            found.setdefault((one.package, one.rule), []).append(one.version)
    return [
        Remedy(package, rule, tuple(versions), _text(package, rule, versions))
        for (package, rule), versions in found.items()
    ]


def remedy_lines(found: Iterable[Remedy]) -> str:
    """Return all of *found* as one text, for people; empty without any."""
    return "\n".join(f"\n{one.text}" for one in found).removeprefix("\n")


def _text(package: "Package", rule: str, versions: Sequence[str]) -> str:
    purls = [package.purl(version) for version in versions]
    where = ("--domain", package.repository.domain)
    shown = shlex.join(["steward", "promotions", package.purl(), "--rule", rule, *where])
    commands = [
        f'     {shlex.join(["steward", "approve", purl, "--rule", rule, *where])} --reason "..."'
        for purl in purls[:_MOST_VERSIONS]
    ]
    more = len(purls) - _MOST_VERSIONS
    return "\n".join(
        (
            f"{', '.join(versions)} of {package.purl()} in {package.repository.name}",
            f"  was recalled by the promotion {rule}. To make it last:",
            "  1. See why, and the ids of what is known:",
            f"     {shown}",
            f"  2. Change the promotion {rule} in the policy file, and deploy it:",
            "     - a known vulnerability: add to `waivers` of its `vulnerabilities` the `id`,",
            f"       `packages: [{_listed(purls[:_MOST_VERSIONS])}]`,",
            "       a `reason`, and a date `until` which it holds;",
            "     - `deny` names it: take it off that list;",
            "     - a person has rejected it: change nothing;",
            "     - it is malicious, or its publisher has withdrawn it: no policy lets it through.",
            "  3. Have it judged by that; what passes is left alone by the daily recheck:",
            *commands,
            *([f"     ... and the same for {more} more"] if more > 0 else []),
        )
    )


def _listed(purls: Sequence[str]) -> str:
    return ", ".join(f'"{purl}"' for purl in purls)


def ended_lines(ended: "Sequence[Exemption]", repository: str) -> str:
    """Return what happens now that exemptions are *ended*, all of *repository*."""
    from cli.lasting_rules import of_origins
    from cli.lasting_versions import ended_version_lines

    lines = []
    if of_origins(ended):
        command = f"steward enforce --deep --repository {repository}"
        lines += [
            "The policy holds again from the package's next event on; at once with",
            f"  {command}{options.as_given('--policy', '--domain-owner')}",
        ]
    rules = dict.fromkeys(one.rule for one in ended if is_from_recall(one))
    if rules:
        lines += [
            f"The next daily recheck judges by {', '.join(rules)} again, and recalls what is bad.",
            '"Recall" in docs/promotion.md says how to start it now.',
        ]
    return "\n".join([*lines, *ended_version_lines(ended)])
