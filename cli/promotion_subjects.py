"""Which packages `steward promote` is about."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
        policy: The one that is deployed.
        rules: The names of the promotions that are meant.
        versions: Which versions of each package are asked about, in the repository that it is
            promoted from; None for all that it has.
        wanted: The package URLs of what was asked for by name.
    """

    policy: "Policy"
    rules: frozenset[str]
    versions: Mapping["Package", frozenset[str] | None]
    wanted: frozenset[str] = frozenset()

    @property
    def packages(self) -> tuple["Package", ...]:
        """The packages, each once."""
        return tuple(self.versions)

    def rules_of(self, package: "Package") -> list["PromotionRule"]:
        """Return those of the promotions that *package* is judged by."""
        return [one for one in self.policy.promotion_rules_for(package) if one.name in self.rules]

    def absent(self, judged: Collection["Package"], records: Collection["Record"]) -> Iterator[str]:
        """
        Yield a sentence for all that was asked for by name and of which there is nothing to judge.

        Args:
            judged: The packages that have been judged.
            records: What is known of them by now.
        """
        for purl in sorted(self.wanted):
            named = [
                package
                for package, versions in self.versions.items()
                if purl in {package.purl(version) for version in (None, *(versions or ()))}
            ]
            known = any(purl in (one.purl, one.package.purl()) for one in records)
            if not known and all(package in judged for package in named):
                where = " or ".join(package.repository.name for package in named)
                yield f"there is no published {purl} in {where}"

    def means(self, record: "Record") -> bool:
        """Return whether *record* is about what was asked for."""
        versions = self.versions.get(record.package, frozenset())
        return record.rule in self.rules and (versions is None or record.version in versions)


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


def named(
    purls: Sequence[str], policy: "Policy", rules: Sequence["PromotionRule"], place: "Repository"
) -> Subjects:
    """
    Return the packages that *purls* name, in every repository that one of *rules* copies from.

    Raises:
        click.ClickException: None of the rules is about one of them.
        click.BadParameter: One is no package URL.
    """
    from cli.named_packages import named_package

    names = frozenset(rule.name for rule in rules)
    versions: dict[Package, frozenset[str] | None] = {}
    wanted: set[str] = set()
    for purl in purls:
        package, version = named_package(purl, place, hint="PURL")
        wanted.add(package.purl(version))
        everywhere = (
            replace(package, repository=replace(place, name=source))
            for source in dict.fromkeys(rule.source for rule in rules)
        )
        found = [
            here
            for here in everywhere
            if any(rule.name in names for rule in policy.promotion_rules_for(here))
        ]
        if not found:
            asked = ", ".join(f"{rule.name} (from {rule.source})" for rule in rules)
            fail(
                f"no promotion copies {package.purl()}: {asked} is what was looked at. `steward "
                "policy explain` says what holds for a package."
            )
        for here in found:
            before = versions.get(here, frozenset())
            versions[here] = None if version is None or before is None else before | {version}
    return Subjects(policy, names, versions, frozenset(wanted))


def everything(
    place: "Repository",
    policy: "Policy",
    rules: Sequence["PromotionRule"],
    *,
    codeartifact: "CodeArtifact",
    records: "Records",
    seen: Callable[[int], None],
) -> Subjects:
    """
    Return what the repository *place* holds and the destinations of *rules* do not.

    Args:
        rules: One of the promotions from there, or all of them.
        seen: Called after each page with the number of its packages.

    Raises:
        click.ClickException: There is no such repository.
        CodeArtifactError: A list failed.
        RecordsError: The records could not be read.
    """
    from promote_versions.repository import missing_in
    from steward.errors import PackageNotFoundError

    versions: dict[Package, frozenset[str] | None] = {}
    found = missing_in(
        place,
        codeartifact=codeartifact,
        policy=policy,
        records=records,
        now=datetime.now(UTC),
        rule=rules[0].name if len(rules) == 1 else None,
        anew=True,
        seen=seen,
    )
    try:
        for missing in found:
            names = frozenset(one.version for one in missing.versions)
            versions[missing.package] = names | (versions.get(missing.package) or frozenset())
    except PackageNotFoundError as error:
        fail(f"there is no repository {place.name} in the domain {place.domain}: {error}.")
    return Subjects(policy, frozenset(rule.name for rule in rules), versions)
