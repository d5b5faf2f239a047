"""Looks at a domain with the caller's credentials, and says what the policy wants of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from cli.output import fail

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from promote_versions.collaborators import Collaborators as Judge
    from steward.coordinates import Package, Repository, Restrictions
    from sweep_repositories.gathering import Gathering
    from sweep_repositories.plan_lines import PackagePlan, PlanLine

WORKERS: Final = 16  # with some 50 ms a call these make the lists of the budget
# "Quotas in AWS CodeArtifact", User Guide: 200 lists, 800 reads and 100 writes a second. Our
# choice: three quarters, as builds go on meanwhile.
LISTS_PER_SECOND: Final = 150.0
READS_PER_SECOND: Final = 600.0
WRITES_PER_SECOND: Final = 75.0
_MISSING: Final = "ResourceNotFoundException"

Seen = Callable[[str], None]


@dataclass
class Looking:
    """
    What has been seen of a domain so far.

    Attributes:
        lines: What the policy wants, in the order in which packages were looked at.
        kept: How many versions stay although a rule looked at them, by rule.
        packages: How many packages were seen.
        looked_at: How many of them had to be looked at.
        versions: How many versions were listed.
        problems: What could not be looked at, and why.
    """

    lines: list["PlanLine"] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    packages: int = 0
    looked_at: int = 0
    versions: int = 0
    problems: list[str] = field(default_factory=list)

    def look(self, repositories: Sequence["Repository"], to: "Gathering", *, seen: Seen) -> None:
        """
        Look at every package of *repositories* that a rule may want something of.

        1 ListPackages for 1,000 packages; what a package costs stands at `gather_package`. A
        repository or package that fails is a problem, and the others are looked at.

        Args:
            seen: Called with its repository after each package that was looked at, and each page.
        """
        from steward.errors import StewardError

        pool = ThreadPoolExecutor(WORKERS)
        try:
            for repository in repositories:
                try:
                    for page in to.codeartifact.packages(repository):
                        self._look_at_page(page, to, pool, seen)
                        seen(repository.name)
                except StewardError as error:
                    self.problems.append(f"{repository.name}: {error}")
        finally:
            pool.shutdown(wait=True, cancel_futures=True)  # whoever interrupts waits for no page

    def _look_at_page(
        self,
        page: list[tuple["Package", "Restrictions"]],
        to: "Gathering",
        pool: ThreadPoolExecutor,
        seen: Seen,
    ) -> None:
        from sweep_repositories.gathering import gather_package, needs_a_look

        rows = [row for row in page if needs_a_look(row[0], row[1], to.policy)]
        self.packages += len(page)
        for plan in pool.map(lambda row: gather_package(row[0], row[1], to), rows):
            self._add(plan)
            seen(plan.package.repository.name)

    def _add(self, plan: "PackagePlan") -> None:
        self.looked_at += 1
        self.lines += plan.lines
        self.kept.update(plan.kept)
        self.versions += plan.looked_at
        if plan.problem is not None:
            where = plan.package.repository.name
            self.problems.append(f"{plan.package.purl()} in {where}: {plan.problem}")


def repository_names(
    client: "CodeArtifactClient",
    *,
    domain: str,
    owner: str,
    only: Sequence[str],
    told_by: str = "AWS_PROFILE, AWS_DEFAULT_REGION and --domain-owner",
) -> list[str]:
    """
    Return the names of the domain's repositories, or those of *only*, sorted.

    1 ListRepositoriesInDomain for 1,000.

    Args:
        told_by: What says where the domain is looked for.

    Raises:
        click.ClickException: There is no such domain, or it lacks one of *only*.
    """
    from botocore.exceptions import ClientError

    pages = client.get_paginator("list_repositories_in_domain").paginate(
        domain=domain, domainOwner=owner
    )
    try:
        names = {found["name"] for page in pages for found in page["repositories"]}
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != _MISSING:
            raise
        fail(
            f"the account {owner} has no domain {domain} in {client.meta.region_name}. The domain "
            f"is the policy's; {told_by} say where it is looked for."
        )
    if missing := sorted(set(only) - names):
        fail(
            f"the domain {domain} of the account {owner} has no repository "
            f"{' and no repository '.join(missing)}; it has {', '.join(sorted(names)) or 'none'}."
        )
    return sorted(only or names)


def judged(
    lines: Sequence["PlanLine"], judge: "Judge", *, seen: Callable[[], None]
) -> Iterator["PlanLine"]:
    """
    Yield *lines*; those that have versions judged say what the judge would answer today.

    What a judgement costs stands at `promote_versions.package.reconcile`: nothing is written.

    Args:
        seen: Called after each package that was judged.
    """
    from promote_versions.package import reconcile
    from steward.errors import StewardError

    done: dict[Package, str | None] = {}
    for line in lines:
        if line.action != "promote":
            yield line
            continue
        if line.package not in done:
            try:
                reconcile(line.package, judge)
                done[line.package] = None
            except StewardError as error:
                done[line.package] = str(error)
            seen()
        problem = done[line.package]
        yield line if problem else _answered(line, judge)


def _answered(line: "PlanLine", judge: "Judge") -> "PlanLine":
    records = {
        one.version: one for one in judge.records.of_package(line.package) if one.rule == line.rule
    }
    versions = []
    for version in line.versions:
        record = records.get(version.version)
        if record is not None:
            passed = record.state == "approved"
            reason = "passes every gate" if passed else f"{record.state}: {record.reason}"
            versions.append(replace(version, reason=reason))
        else:
            versions.append(version)
    reasons = Counter(one.reason for one in versions)
    most, _ = reasons.most_common(1)[0]
    others = len(reasons) - 1
    reason = f"{most} (and {others} other answers)" if others else most
    return replace(line, versions=tuple(versions), reason=reason)
