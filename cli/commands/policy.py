"""`steward policy`: is the policy right, what may stand in it, what does it say about a package."""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from cli import options
from cli.output import fail, print_json, stdout
from cli.policies import compiled_policy, policy_text
from cli.purls import PackageName, parse_package

if TYPE_CHECKING:
    from steward.coordinates import Package
    from steward.policy import Policy


@click.group("policy", context_settings={"help_option_names": ["-h", "--help"]})
def policy_command() -> None:
    """Check, describe and explain the policy file."""


@policy_command.command("check")
@options.policy_option
@options.json_option
def check(*, policy_path: Path, as_json: bool) -> None:
    """
    Say whether the policy can be deployed, or why not.

    Every mistake comes with its line and the remedy.
    """
    from steward.policy_file import compile_policy
    from steward.policy_lines import PolicyMistakesError

    try:
        compiled = json.loads(compile_policy(policy_text(policy_path), str(policy_path)))
    except PolicyMistakesError as error:
        if not as_json:
            fail(f"the policy has mistakes\n{error}")
        mistakes = [
            {
                "file": mistake.file,
                "line": mistake.line,
                "where": mistake.where,
                "problem": mistake.problem,
                "remedy": mistake.remedy,
            }
            for mistake in error.mistakes
        ]
        print_json({"ok": False, "mistakes": mistakes})
        raise click.exceptions.Exit(1) from error
    if as_json:
        print_json({"ok": True, **compiled})
        return
    console = stdout()
    console.print(
        f"[green]ok[/] {escape(str(policy_path))}: domain [bold]{compiled['domain']}[/]",
        soft_wrap=True,
    )
    table = Table("rule", "packages", "repositories", "unfinished grace")
    for rule in compiled["snapshots"]:
        table.add_row(
            rule["name"],
            escape("\n".join(rule["packages"])),
            escape("\n".join(rule["repositories"])),  # [ab] would be taken for a style
            _spoken(timedelta(seconds=rule["unfinished_grace_seconds"])),
        )
    if compiled["snapshots"]:
        console.print(table)


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
@options.policy_option
@options.json_option
def explain(*, package: str, repository: str, policy_path: Path, as_json: bool) -> None:
    """
    Say which rules apply to a package in a repository.

    PACKAGE is a package URL (pkg:maven/com.mycompany/app) or a path (/maven/com.mycompany/app).
    """
    try:
        name = parse_package(package)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="PACKAGE") from error
    compiled = compiled_policy(policy_path)
    policy = _loaded(compiled)
    subject = _package(policy.domain, repository, name)
    winner = policy.snapshot_rule_for(subject)
    documents = {rule["name"]: rule for rule in json.loads(compiled)["snapshots"]}
    also = [
        rule.name for rule in policy.snapshots if rule is not winner and rule.applies_to(subject)
    ]
    if as_json:
        print_json(
            {
                "package": subject.purl(),
                "repository": repository,
                "domain": policy.domain,
                "snapshots": documents[winner.name] if winner else None,
                "shadowed": also,
            }
        )
        return
    if winner is None:
        click.echo(f"{subject.purl()} in {repository}: no snapshots rule applies, its builds stay")
        return
    click.echo(f"{subject.purl()} in {repository}: {winner.name} applies")
    click.echo("  Builds that a newer one has replaced are unlisted.")
    grace = _spoken(winner.unfinished_grace)
    click.echo(f"  Unfinished ones only {grace} after the time in their name.")
    if also:
        click.echo(f"  Matched too, but later in the file: {', '.join(also)}.")


def _spoken(duration: timedelta) -> str:
    """Return a duration as people say it: `1 h`, `7 d 12 h`."""
    hours, seconds = divmod(duration.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    counted = ((duration.days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in counted if number) or "0 s"


def _loaded(compiled: str) -> "Policy":
    """Return the compiled policy as the functions see it."""
    import tempfile

    from steward.policy import load

    with tempfile.TemporaryDirectory(prefix="steward-") as folder:
        path = Path(folder) / "policy.json"
        path.write_text(compiled, encoding="utf-8")
        return load(path)


def _package(domain: str, repository: str, name: PackageName) -> "Package":
    """Return the package in its repository."""
    from steward.coordinates import Package, Repository, is_format, normalised

    if not is_format(name.format):
        raise click.BadParameter(
            f"CodeArtifact has no format {name.format!r}", param_hint="PACKAGE"
        )
    owner = "0" * 12  # the policy speaks of no account
    return Package(
        repository=Repository(domain=domain, domain_owner=owner, name=repository),
        format=name.format,
        namespace=name.namespace,
        name=normalised(name.format, name.name),
    )
