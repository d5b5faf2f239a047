"""`steward exemptions`: what the automations leave alone for now, and how to make that last."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from cli import options
from cli.aws import domain_owner_option
from cli.output import fail, print_json, stdout

if TYPE_CHECKING:
    from cli.aws import Aws
    from steward.coordinates import Package, Restrictions
    from steward.ledger import Exemption, Ledger


@click.command("exemptions", short_help="What the automations leave alone for now.")
@click.option("--end", metavar="PURL", help="End the exemptions of this package early.")
@click.option("--repository", metavar="NAME", help="The repository of the package to end.")
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="VERSION",
    help="End only that of this version; may be given again.",
)
@options.policy_option
@options.domain_option
@domain_owner_option
@options.json_option
def exemptions_command(
    *,
    end: str | None,
    repository: str | None,
    versions: tuple[str, ...],
    policy_path: Path,
    domain: str | None,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Show what `steward restore` keeps the automations from, soonest end first.

    After the table stand the policy lines that would make each last, or what else would.

    With --end, those of one package in one repository end now. The automations then do what the
    policy says: by `origins` at the package's next event, or with `steward enforce`; by a promotion
    at its next daily recheck; by `snapshots` and `retention` at the package's next event or the
    next sweep.

    \b
      steward exemptions
      steward exemptions --end pkg:npm/%40mycompany/ui --repository npm-internal
    """  # noqa: D301  \b is click's mark for lines to keep
    from cli import aws, policies
    from cli.deployment import find_deployment
    from cli.named_packages import named_package
    from steward import ledger as ledgers
    from steward.coordinates import Repository

    if (end is None) != (repository is None):
        raise click.UsageError("--end and --repository go together: which package, and where")
    if versions and end is None:
        raise click.UsageError("--version says what to --end: give the package and its repository")
    domain = domain or policies.domain_of(policy_path)
    mine = aws.connect()
    ledger = ledgers.connect("enforce", find_deployment(mine, domain).ledger)
    if end is not None and repository is not None:
        where = Repository(domain, aws.domain_owner(mine, domain_owner), repository)
        package, version = named_package(end, where, hint="--end")
        wanted = tuple(dict.fromkeys((*versions, *([version] if version else []))))
        with aws.explained():
            ended = _end(package, wanted, ledger)
        _say_ended(package, ended, as_json=as_json)
        return
    with aws.explained():
        now = datetime.now(UTC)
        found = [
            one
            for one in ledger.all_exemptions()
            if one.in_force(now) and one.package.repository.domain == domain
        ]
        found.sort(key=lambda one: (one.until, one.package.purl(), one.version or ""))
        restrictions = _restrictions(found, mine)
    _show(found, restrictions, domain, as_json=as_json)


def _end(package: "Package", versions: Sequence[str], ledger: "Ledger") -> list["Exemption"]:
    """Return those exemptions of *package* that were in force and are not any more."""
    now = datetime.now(UTC)
    exempt = {one.version: one for one in ledger.exemptions(package) if one.in_force(now)}
    where = f"{package.purl()} in {package.repository.name}"
    missing = [version for version in versions if version not in exempt]
    if missing or not exempt:
        what = f"{', '.join(missing)} of {where}" if exempt else where
        known = ", ".join(_part(one) for one in exempt.values())
        fail(
            f"there is no exemption in force for {what}. "
            + (f"Exempt are: {known}." if known else f"`{_again()}` lists what there is.")
        )
    chosen = [one for one in exempt.values() if not versions or one.version in versions]
    return [one for one in chosen if ledger.end_exemption(package, one.version)]


def _restrictions(exemptions: Sequence["Exemption"], aws: "Aws") -> dict["Package", "Restrictions"]:
    """Return those of each package whose restrictions are exempt and that still exists."""
    from steward.codeartifact import CodeArtifactService
    from steward.errors import PackageNotFoundError

    found: dict[Package, Restrictions] = {}
    packages = dict.fromkeys(one.package for one in exemptions if one.version is None)
    if packages:
        codeartifact = CodeArtifactService(aws.codeartifact())
        for package in packages:
            try:
                found[package] = codeartifact.restrictions(package)
            except PackageNotFoundError:
                continue
    return found


def _say_ended(package: "Package", ended: Sequence["Exemption"], *, as_json: bool) -> None:
    from cli.lasting_promotions import ended_lines

    where = f"{package.purl()} in {package.repository.name}"
    if as_json:
        print_json({"ended": [_document(one) for one in ended]})
        return
    parts = ", ".join(_part(one) for one in ended)
    click.echo(f"ended: {where}: {parts}\n{ended_lines(ended, package.repository.name)}")


def _again() -> str:
    """Return the command that lists the exemptions of the same domain."""
    return f"steward exemptions{options.as_given('--policy', '--domain')}"


def _show(
    exemptions: Sequence["Exemption"],
    restrictions: dict["Package", "Restrictions"],
    domain: str,
    *,
    as_json: bool,
) -> None:
    from cli.lasting_promotions import remedies, remedy_lines
    from cli.lasting_rules import lasting_rules, of_origins
    from cli.lasting_versions import version_remedies

    lines = lasting_rules(of_origins(exemptions), restrictions)
    if as_json:
        print_json(
            {
                "domain": domain,
                "exemptions": [_document(one) for one in exemptions],
                "origins": lines,
                "promotions": [one.document() for one in remedies(exemptions)],
                "versions": [one.document() for one in version_remedies(exemptions)],
            }
        )
        return
    if not exemptions:
        click.echo(f"no exemption is in force in the domain {domain}")
        return
    table = Table("package", "exempt", "until (UTC)", "who and why")
    table.columns[2].no_wrap = True
    for column in (0, 1, 3):
        table.columns[column].overflow = "fold"
    for some in _alike(exemptions):
        one = some[0]
        table.add_row(
            f"{escape(one.package.purl())}\n[dim]in {escape(one.package.repository.name)}[/]",
            escape("\n".join([*map(_part, some), f"({one.rule})"])),
            f"{one.until.astimezone(UTC):%Y-%m-%d %H:%M}",
            f"{escape(one.who.rpartition(':')[2])}\n{escape(one.why)}",
        )
    console = stdout()
    console.print(table)
    if lines:
        console.print(
            "To make them last, put these lines at the top of `origins` in the policy file:"
        )
        click.echo(lines, nl=False)
    if remedy := remedy_lines([*remedies(exemptions), *version_remedies(exemptions)]):
        click.echo(remedy)


def _alike(exemptions: Sequence["Exemption"]) -> list[list["Exemption"]]:
    """Return *exemptions* in their order, those together that differ in nothing but the version."""
    found: dict[tuple[object, ...], list[Exemption]] = {}
    for one in exemptions:
        key = (one.package, one.rule, one.who, one.why, one.until)
        found.setdefault(key, []).append(one)
    return list(found.values())


def _document(exemption: "Exemption") -> dict[str, object]:
    package = exemption.package
    return {
        "package": package.purl(),
        "repository": package.repository.name,
        "part": "restrictions" if exemption.version is None else "version",
        "version": exemption.version,
        "rule": exemption.rule,
        "automation": exemption.automation,
        "who": exemption.who,
        "why": exemption.why,
        "made": exemption.made.isoformat(),
        "until": exemption.until.isoformat(),
    }


def _part(exemption: "Exemption") -> str:
    return "restrictions" if exemption.version is None else exemption.version
