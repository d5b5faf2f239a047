"""`steward restore`: put back what an automation has changed in a package, and keep it so."""

import shlex
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.markup import escape
from rich.table import Table

from cli import options
from cli.aws import domain_owner_option
from cli.output import fail, print_json, stdout

if TYPE_CHECKING:
    from cli.aws import Aws
    from cli.restoration import Part
    from steward.coordinates import Package
    from steward.ledger import Change, Exemption, Ledger
    from steward.notices import Notices

_AUTOMATION: Final = "restore"  # the name under which this command announces what it has changed
_MOST_NAMES: Final = 20  # of versions that are only mentioned
_STYLES: Final = {"put back": "green", "already back": "dim", "failed": "bold red"}


def _duration(_: click.Context, __: click.Parameter, value: str) -> timedelta:
    from pydantic_core import PydanticCustomError

    from steward.policy_values import duration_seconds

    try:
        duration = timedelta(seconds=duration_seconds(value))
    except PydanticCustomError as error:
        raise click.BadParameter(
            f"{value!r} is no duration. Write ISO 8601: PT12H, P7D, P2W."
        ) from error
    if not duration:
        raise click.BadParameter("an exemption has to last: give more than no time at all")
    return duration


def _reason(_: click.Context, __: click.Parameter, value: str) -> str:
    if not any(character.isalnum() for character in value):  # `...`, as in the message to people
        raise click.BadParameter("say why: others will read it in `steward exemptions`")
    return value.strip()


@click.command("restore", short_help="Put back what an automation has changed, and keep it so.")
@click.argument("purl", metavar="PURL")
@click.option("--repository", required=True, metavar="NAME", help="The package's repository.")
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="VERSION",
    help="This unlisted or archived version instead of the restrictions; may be given again.",
)
@click.option("--restrictions", is_flag=True, help="With --version: the restrictions too.")
@click.option(
    "--reason",
    required=True,
    callback=_reason,
    metavar="TEXT",
    help="Why; it stands in `steward exemptions`.",
)
@click.option(
    "--for",
    "duration",
    default="P7D",
    show_default=True,
    callback=_duration,
    metavar="DURATION",
    help="How long the automations leave it alone, ISO 8601.",
)
@options.policy_option
@options.domain_option
@domain_owner_option
@options.json_option
@click.pass_context
def restore_command(
    context: click.Context,
    *,
    purl: str,
    repository: str,
    versions: tuple[str, ...],
    restrictions: bool,
    reason: str,
    duration: timedelta,
    policy_path: Path,
    domain: str | None,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Put back what an automation changed last in a package, and keep it so for a while.

    PURL is a package URL (pkg:npm/%40mycompany/ui) or a path (/npm/mycompany/ui). Its restrictions
    become what they were before. With --version, versions that any automation has unlisted or
    archived get back the status that they had, and the restrictions stay unless --restrictions is
    given too; a version in PURL (pkg:pypi/mylib@1.0) is one more --version. Nothing is hidden
    without a reason: no version comes back that is not named. What somebody has changed since is
    left.

    Versions that were disposed of or deleted cannot be brought back by anybody, and those that were
    Unfinished become Published.

    First an exemption is written, so that no automation undoes this: for 7 days, or as --for says.
    Running it again puts nothing back twice; it renews the exemption, and never shortens it.

    \b
      steward restore pkg:npm/%40mycompany/ui --repository npm-internal \\
        --version 9.9.9 --reason "9.9.9 is ours: the vendor publishes it for us"

    The exit status is 0 if what was asked for is as it was before.
    """  # noqa: D301  \b is click's mark for lines to keep
    from cli import aws, policies
    from cli.automation_lines import automation_lines
    from cli.deployment import find_deployment
    from cli.named_packages import named_package
    from cli.restoration import look, newest_changes, put_back
    from steward import ledger as ledgers
    from steward.codeartifact import CodeArtifactService
    from steward.coordinates import Repository
    from steward.errors import PackageNotFoundError
    from steward.notices import BusNotices

    domain = domain or policies.domain_of(policy_path)
    mine = aws.connect()
    where = Repository(domain, aws.domain_owner(mine, domain_owner), repository)
    package, version = named_package(purl, where, hint="PURL")
    named = (*versions, *([version] if version else []))
    wanted = tuple(dict.fromkeys((*([None] if restrictions or not named else []), *named)))
    ledger = ledgers.connect("enforce", find_deployment(mine, domain).ledger)
    codeartifact = CodeArtifactService(mine.codeartifact())
    with aws.explained():
        changes = _changes(package, wanted, ledger)
        try:
            parts = look(package, newest_changes(changes, wanted), codeartifact, changes=changes)
        except PackageNotFoundError:
            fail(
                f"{_of(package)} does not exist any more: there is nothing to put anything back "
                "to. Nothing was changed."
            )
        exemptions = _exempt(package, parts, ledger, mine, why=reason, duration=duration)
        _mark(package, parts, ledger)
    verbose = bool(context.find_root().params.get("verbose"))
    with automation_lines("restore", verbose=verbose):
        done = put_back(package, parts, codeartifact)
        _announce(package, done, BusNotices())
    complete = all(part.outcome in {"put back", "already back"} for part in done)
    lines = _lasting(exemptions, done)
    left = _left(newest_changes(changes), wanted)
    if as_json:
        print_json(_document(package, done, exemptions, lines, complete=complete, left=left))
        context.exit(0 if complete else 1)
    _show(package, done, exemptions, lines)
    if left:
        click.echo(f"Not named, so left as they are: {_some(left)} (--version).")
    context.exit(0 if complete else 1)


def _changes(package: "Package", parts: Sequence[str | None], ledger: "Ledger") -> list["Change"]:
    """Return the recorded changes of *package*; without any to put back, the command ends."""
    from cli.restoration import newest_changes

    changes = ledger.changes(package)
    if not changes:
        fail(
            f"nothing is recorded that an automation has changed in {_of(package)}, "
            f"domain {package.repository.domain}. Changes are kept for a year. Nothing was changed."
        )
    recorded = [_part(change) for change in newest_changes(changes)]
    if unknown := [part for part in parts if part not in recorded]:
        how = "" if any(parts) else "; a version has to be named with --version"
        fail(
            f"no automation has changed {', '.join(map(_named, unknown))} of {_of(package)}, as "
            f"far as is recorded. Recorded are {_some([*map(_named, recorded)])}{how}. Nothing was "
            "changed."
        )
    return changes


def _exempt(
    package: "Package",
    parts: Sequence["Part"],
    ledger: "Ledger",
    aws: "Aws",
    *,
    why: str,
    duration: timedelta,
) -> list["Exemption"]:
    """Return the exemptions, written, that hold for *parts* from now on; longer ones stay."""
    from steward.ledger import Exemption

    now = datetime.now(UTC).replace(microsecond=0)
    before = {one.version: one.until for one in ledger.exemptions(package) if one.in_force(now)}
    written = []
    for part in parts:
        if part.to_exempt:
            exemption = Exemption(
                package=package,
                version=part.version,
                rule=part.change.rule,
                who=aws.arn,
                why=why,
                made=now,
                until=max(before.get(part.version, now), now + duration),
                automation=part.change.automation,
            )
            ledger.exempt(exemption)
            written.append(exemption)
    return written


def _mark(package: "Package", parts: Sequence["Part"], ledger: "Ledger") -> None:
    """Have no step that an automation takes later count its waiting time from before now."""
    from steward.coordinates import PackageVersion

    now = datetime.now(UTC)
    for part in parts:
        if part.outcome == "changed" and part.version is not None and part.target is not None:
            back = PackageVersion(part.version, part.target)
            ledger.mark(package, [back], at=now, rule=part.change.rule)


def _announce(package: "Package", parts: Sequence["Part"], notices: "Notices") -> None:
    """Announce what was put back, as the automations announce what they change."""
    from cli.restoration import by_status
    from steward.ledger import RestrictionsChange

    back = [part for part in parts if part.outcome == "put back"]
    for part in back:
        change = part.change
        if isinstance(change, RestrictionsChange):
            notices.restrictions_changed(
                package, change.after, change.before, automation=_AUTOMATION, rule=change.rule
            )
    for (status, rule), versions in by_status(back).items():
        notices.versions_changed(
            package, versions, status=status, automation=_AUTOMATION, rule=rule
        )


def _lasting(exemptions: Sequence["Exemption"], parts: Sequence["Part"]) -> str:
    """Return the lines of `origins` that would make those of *exemptions* last that are by it."""
    from cli.lasting_rules import lasting_rules, of_origins
    from steward.coordinates import Restrictions

    now = {one.package: part.now for one in exemptions for part in parts if part.version is None}
    return lasting_rules(
        of_origins(exemptions),
        {package: value for package, value in now.items() if isinstance(value, Restrictions)},
    )


def _show(
    package: "Package", parts: Sequence["Part"], exemptions: Sequence["Exemption"], lines: str
) -> None:
    from cli.lasting_promotions import remedies, remedy_lines
    from cli.lasting_versions import version_remedies

    console = stdout()
    console.print(f"[bold]{escape(_of(package))}[/]", soft_wrap=True)
    table = Table("part", "was", "changed to", "rule", "now")
    for column in (0, 4):  # names and reasons are never cut off
        table.columns[column].overflow = "fold"
    for part in parts:
        style = _STYLES.get(part.outcome, "yellow")
        said = f"{part.outcome}: {part.reason}" if part.reason else part.outcome
        table.add_row(
            escape(_named(part.version)),
            str(part.change.before),
            str(part.change.after),
            part.change.rule,
            f"[{style}]{escape(said)}[/]",
        )
    console.print(table)
    if all(part.outcome == "already back" for part in parts):
        console.print("There is nothing left to put back.")
    if any(part.outcome == "failed" for part in parts):
        given = options.as_given("--policy", "--domain", "--domain-owner")
        console.print(
            "Not all was put back; the exemption is written and stays. Run this again, or end it "
            f"with `steward exemptions --end {escape(shlex.quote(package.purl()))} --repository "
            f"{escape(package.repository.name + given)}`.",
            soft_wrap=True,
            style="bold red",
        )
    if not exemptions:
        console.print("No exemption was written: there is nothing to keep.")
        return
    until = sorted({f"{one.until:%Y-%m-%d %H:%M} UTC" for one in exemptions})
    console.print(f"The automations leave it alone until {' and '.join(until)}.")
    if lines:
        console.print("To make it last, put this at the top of `origins` in the policy file:")
        click.echo(lines, nl=False)
    if remedy := remedy_lines([*remedies(exemptions), *version_remedies(exemptions)]):
        click.echo(remedy)


def _document(
    package: "Package",
    parts: Sequence["Part"],
    exemptions: Sequence["Exemption"],
    lines: str,
    *,
    complete: bool,
    left: Sequence[str],
) -> dict[str, object]:
    from cli.lasting_promotions import remedies
    from cli.lasting_versions import version_remedies

    return {
        "ok": complete,
        "package": package.purl(),
        "domain": package.repository.domain,
        "repository": package.repository.name,
        "parts": [
            {
                "part": "restrictions" if part.version is None else "version",
                "version": part.version,
                "before": str(part.change.before),
                "after": str(part.change.after),
                "now": None if part.now is None else str(part.now),
                "rule": part.change.rule,
                "changedBy": part.change.automation,
                "changedAt": part.change.at.isoformat(),
                "outcome": part.outcome,
                "reason": part.reason,
            }
            for part in parts
        ],
        "exemptions": [
            {"version": one.version, "who": one.who, "why": one.why, "until": one.until.isoformat()}
            for one in exemptions
        ],
        "notNamed": list(left),
        "origins": lines,
        "promotions": [one.document() for one in remedies(exemptions)],
        "versions": [one.document() for one in version_remedies(exemptions)],
    }


def _part(change: "Change") -> str | None:
    """Return the version that *change* is about, None for the restrictions."""
    from steward.ledger import StatusChange

    return change.version if isinstance(change, StatusChange) else None


def _left(changes: Iterable["Change"], wanted: Sequence[str | None]) -> list[str]:
    """Return the versions of *changes* that nobody has named, but for those nobody can restore."""
    from steward.ledger import StatusChange

    return [
        change.version
        for change in changes
        if isinstance(change, StatusChange)
        and change.version not in wanted
        and change.after not in {"Disposed", "Deleted"}
    ]


def _some(names: Sequence[str]) -> str:
    """Return *names* in a row, if they are many the first of them and how many more."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _of(package: "Package") -> str:
    return f"{package.purl()} in {package.repository.name}"


def _named(version: str | None) -> str:
    """Return the name of a part: that of the version, or of the restrictions."""
    return version or "restrictions"
