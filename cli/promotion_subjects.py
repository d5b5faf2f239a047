"""Which packages `steward promote` is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli.output import fail

if TYPE_CHECKING:
    from promote_versions.records import Record
    from promote_versions.records_table import Records
    from steward.codeartifact import CodeArtifact
    from steward.coordinates import Package, Repository
    from steward.policy import Policy
    from steward.promotion_rules import PromotionRule


@dataclass(frozen=True, slots=True)
class Subjects:
    """
    What is to be judged.

    Attributes:
        rules: The promotions that are meant.
        versions: Which versions of each package are asked about, in the repository that it is
            promoted from; None for all that it has.
    """

    rules: Sequence["PromotionRule"]
    versions: Mapping["Package", frozenset[str] | None]

    @property
    def packages(self) -> tuple["Package", ...]:
        """The packages, each once."""
        return tuple(self.versions)

    @property
    def wanted(self) -> frozenset[str]:
        """The package URLs of the versions that were asked for by name."""
        return frozenset(
            package.purl(version)
            for package, versions in self.versions.items()
            for version in versions or ()
        )

    def rules_of(self, package: "Package") -> list["PromotionRule"]:
        """Return those of the rules that are about *package*."""
        return [rule for rule in self.rules if rule.applies_to(package)]

    def means(self, record: "Record") -> bool:
        """Return whether *record* is about what was asked for."""
        versions = self.versions.get(record.package, frozenset())
        by_name = versions is None or record.version in versions
        return by_name and record.rule in {rule.name for rule in self.rules}


def rules_meant(policy: "Policy", rule: str | None, source: str) -> list["PromotionRule"]:
    """
    Return the promotions that are meant: by name, from a repository, or all.

    Raises:
        click.ClickException: There are none.
    """
    names = ", ".join(f"{one.name} (from {one.source})" for one in policy.promotions)
    if not policy.promotions:
        fail(
            "the policy has no `promotions`, so there is nothing to promote; docs/promotion.md "
            "says what to write."
        )
    found = [
        one for one in policy.promotions if rule in (None, one.name) and source in ("", one.source)
    ]
    if not found:
        what = f" called {rule}" if rule else ""
        where = f" from {source}" if source else ""
        fail(f"the policy has no promotion{what}{where}; it has {names}.")
    return found


def named(purls: Sequence[str], rules: Sequence["PromotionRule"], place: "Repository") -> Subjects:
    """
    Return the packages that *purls* name, in every repository that one of *rules* copies from.

    Raises:
        click.ClickException: None of the rules is about one of them.
        click.BadParameter: One is no package URL.
    """
    from cli.named_packages import named_package

    versions: dict[Package, frozenset[str] | None] = {}
    for purl in purls:
        package, version = named_package(purl, place, hint="PURL")
        found = [
            here
            for name in dict.fromkeys(rule.source for rule in rules)
            if any(
                rule.applies_to(
                    here := replace(package, repository=replace(package.repository, name=name))
                )
                for rule in rules
            )
        ]
        if not found:
            fail(
                f"no promotion that is meant is about {package.purl()}: `steward policy explain` "
                "says which rules are."
            )
        for here in found:
            before = versions.get(here, frozenset())
            both = None if version is None or before is None else before | {version}
            versions[here] = both
    return Subjects(rules, versions)


def everything(
    place: "Repository",
    policy: "Policy",
    rules: Sequence["PromotionRule"],
    *,
    codeartifact: "CodeArtifact",
    records: "Records",
    seen: Callable[[int], None],
) -> Subjects:
    """Return what the repository *place* holds and the destinations of *rules* do not."""
    from promote_versions.repository import missing_in
    from steward.errors import PackageNotFoundError

    versions: dict[Package, frozenset[str] | None] = {}
    try:
        for rule in rules:
            for missing in missing_in(
                place,
                codeartifact=codeartifact,
                policy=policy,
                records=records,
                now=datetime.now(UTC),
                rule=rule.name,
                anew=True,
                seen=seen,
            ):
                versions[missing.package] = None
    except PackageNotFoundError as error:
        fail(f"there is no repository {place.name} in the domain {place.domain}: {error}.")
    return Subjects(rules, versions)
