"""`steward policy`: is the policy right, what may stand in it, what does it say about a package."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from cli import aws, options
from cli.named_packages import named_package
from cli.output import fail, print_json, stderr, stdout
from cli.policies import compiled_policy, loaded_locked, loaded_policy, policy_text
from cli.policy_tables import tables

if TYPE_CHECKING:
    from cli.explained_versions import Explained
    from steward.coordinates import Package
    from steward.policy import CompiledPolicy, Policy, ScopedRule
    from steward.policy_file import CheckedPolicy
    from steward.policy_lines import Mistake
    from steward.promotion_rules import PromotionRule


@click.group("policy", context_settings={"help_option_names": ["-h", "--help"]})
def policy_command() -> None:
    """Check, describe and explain the policy file."""


@policy_command.command("check")
@click.option(
    "--live",
    is_flag=True,
    help="Ask CodeArtifact too whether the domain has the repositories that the policy names.",
)
@aws.domain_owner_option
@options.policy_option
@options.json_option
def check(*, live: bool, domain_owner: str | None, policy_path: Path, as_json: bool) -> None:
    """
    Say whether the policy can be deployed, or why not.

    Every mistake comes with its line and the remedy. A rule that opens upstream in a repository
    that the policy promotes to is a warning, and so is a promotion that requires nothing.

    With --live, CodeArtifact is asked for the names of the domain's repositories
    (ListRepositoriesInDomain, one call for 1,000). A name or a pattern in the policy that none of
    them has is a warning, a domain that does not exist is a mistake. One call of
    DescribeRepository for each repository that is promoted to, or that is to be kept warm, and for
    each that it can reach, says whether external connections are where they should be. One that is
    missing for a format of `caches` is a warning. A way by which versions get in without promotion
    is a mistake, unless package groups close it for all packages of the promotion
    (ListPackageGroups and ListAllowedRepositoriesForGroup, if there is a way at all).
    """
    from steward.policy_file import check as checked_text
    from steward.policy_lines import PolicyMistakesError

    try:
        checked = checked_text(policy_text(policy_path), str(policy_path))
        warnings = [opening.warning for opening in checked.openings]
        if live:
            warnings = _judged(checked, domain_owner)
        warnings += checked.warnings
    except PolicyMistakesError as error:
        if not as_json:
            fail(f"the policy has mistakes\n{error}")
        print_json({"ok": False, "mistakes": _documents(error.mistakes)})
        raise click.exceptions.Exit(1) from error
    compiled: CompiledPolicy = json.loads(checked.compiled)
    if as_json:
        print_json({"ok": True, **compiled, "warnings": _documents(warnings)})
        return
    console = stdout()
    console.print(
        f"[green]ok[/] {escape(str(policy_path))}: domain [bold]{compiled['domain']}[/]",
        soft_wrap=True,
    )
    for table in tables(compiled):
        console.print(table)
    for warning in warnings:
        stderr().print(f"[yellow]warning[/] {escape(str(warning))}", soft_wrap=True)


def _judged(checked: "CheckedPolicy", domain_owner: str | None) -> list["Mistake"]:
    """
    Return what stays a warning after CodeArtifact was asked.

    Raises:
        PolicyMistakesError: What it answers makes a mistake of a rule.
        click.ClickException: It could not be asked.
    """
    from cli.live_check import judged
    from steward.policy_lines import PolicyMistakesError

    account = aws.connect()
    with aws.explained():
        mistakes, warnings = judged(
            checked,
            account.codeartifact(),
            domain=json.loads(checked.compiled)["domain"],
            owner=aws.domain_owner(account, domain_owner),
        )
    if mistakes:
        raise PolicyMistakesError(mistakes)
    return warnings


def _documents(mistakes: Sequence["Mistake"]) -> list[dict[str, object]]:
    from dataclasses import asdict

    return [asdict(mistake) for mistake in mistakes]


@policy_command.command("schema")
@options.policy_option
@options.json_option
def schema(*, policy_path: Path, as_json: bool) -> None:
    """
    Print the JSON Schema of policy files, for editors.

    It does not depend on the policy: --policy is taken as by every command, and changes nothing.
    """
    from steward.policy_file import json_schema

    del policy_path
    if as_json:
        print_json(json_schema())
    else:
        click.echo(json.dumps(json_schema(), indent=2))


@policy_command.command("explain")
@click.argument("package")
@click.option("--repository", required=True, help="The repository that holds the package.")
@click.option(
    "--live",
    is_flag=True,
    help="Ask CodeArtifact for the versions too, and say what the rules say of each.",
)
@aws.domain_owner_option
@options.policy_option
@options.json_option
def explain(
    *,
    package: str,
    repository: str,
    live: bool,
    domain_owner: str | None,
    policy_path: Path,
    as_json: bool,
) -> None:
    """
    Say which rules apply to a package in a repository.

    PACKAGE is a package URL (pkg:maven/com.mycompany/app) or a path (/maven/com.mycompany/app). A
    version in it (pkg:maven/com.mycompany/app@1.4) leaves the other versions out.

    With --live, its versions are listed with your AWS credentials, as a sweep does it, and each
    rule says what it makes of each of them, and why. Nothing is changed.
    """
    from cli import cache_words, explained_versions, policy_words
    from cli.promotion_words import of_promotions
    from cli.retention_words import of_retention
    from steward.coordinates import Repository

    policy = loaded_policy(policy_path)
    owner = "0" * 12  # the policy speaks of no account
    place = Repository(domain=policy.domain, domain_owner=owner, name=repository)
    subject, version = named_package(package, place, hint="PACKAGE")
    found = _versions(subject, version, policy, policy_path, domain_owner) if live else None
    snapshots, origins = policy.snapshot_rule_for(subject), policy.origin_rule_for(subject)
    promotions = policy.promotion_rules_for(subject)
    locked = loaded_locked(policy_path) if policy.caches or policy.retention else {}
    group = policy.group_for(subject)
    winning = [snapshots, origins, *promotions]
    every: list[ScopedRule | PromotionRule]
    every = [*policy.snapshots, *policy.origins, *policy.promotions]
    also = [rule.name for rule in every if rule not in winning and rule.applies_to(subject)]
    alike = policy_words.similar_group(policy, subject)
    if as_json:
        compiled: CompiledPolicy = json.loads(compiled_policy(policy_path))
        documents = _rules(compiled)
        chosen = {rule.name for rule in promotions}
        print_json(
            {
                "package": subject.purl(),
                "repository": repository,
                "domain": policy.domain,
                "snapshots": documents[snapshots.name] if snapshots else None,
                "origins": documents[origins.name] if origins else None,
                "promotions": [rule for rule in compiled["promotions"] if rule["name"] in chosen],
                "caches": [
                    documents[rule.name]
                    for rule, _ in cache_words.applying(policy, subject, locked)
                ],
                "retention": [documents[rule.name] for rule in policy.retention_rules_for(subject)],
                "promoted_to": policy.promotes_to(repository),
                "group": documents[group.name] if group else None,
                "similar_group": documents[alike.name] if alike else None,
                "shadowed": also,
                **({} if found is None else {"live": explained_versions.document(found)}),
            }
        )
        return
    words = {
        "snapshots": policy_words.of_snapshots(snapshots),
        "origins": policy_words.of_origins(origins, policy, repository),
        "groups": policy_words.of_groups(policy, group, alike),
        "promotions": of_promotions(policy, subject),
        "caches": cache_words.of_caches(policy, subject, locked),
        "retention": of_retention(policy, subject, locked),
    }
    if also:
        words["also"] = [f"Matched too, but later in the file: {', '.join(also)}."]
    table = Table.grid(padding=(0, 2))
    for section, (first, *others) in words.items():
        table.add_row(f"  [bold]{section}[/]", escape(first))
        for line in others:
            table.add_row("", escape(line))
    console = stdout()
    console.print(f"{escape(subject.purl())} in {escape(repository)}", soft_wrap=True)
    console.print(table)
    if found is not None:
        explained_versions.show(found, console)


def _versions(
    package: "Package",
    version: str | None,
    policy: "Policy",
    policy_path: Path,
    domain_owner: str | None,
) -> "Explained":
    """
    Return what *policy* says of the versions that *package* has now, or of one of them.

    Raises:
        click.ClickException: CodeArtifact could not be asked, or has no such package or version.
    """
    from cli.looking_from_here import look_at_package

    found = look_at_package(package, policy, loaded_locked(policy_path), domain_owner)
    if version is None:
        return found
    only = tuple(one for one in found.versions if one.version.version == version)
    if not only:
        fail(f"{package.repository.name} has no version {version} of {package.purl()}.")
    return replace(found, versions=only)


def _rules(policy: "CompiledPolicy") -> dict[str, object]:
    """Return the rules and groups of the compiled *policy* by name, but not its promotions."""
    named = (
        *policy["snapshots"],
        *policy["origins"],
        *(policy["groups"] or ()),
        *policy["caches"],
        *policy["retention"],
    )
    return {rule["name"]: rule for rule in named}
