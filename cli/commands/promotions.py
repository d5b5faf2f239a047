"""`steward promotions`: what was promoted, what is held until when, what was refused and why."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import options
from cli.approving import purls_argument
from cli.aws import domain_owner_option
from cli.output import print_json, stdout

if TYPE_CHECKING:
    from datetime import datetime

    from promote_versions.records import Record, State
    from promote_versions.records_table import Records

# In the order of a version's life; the module that has them is imported when the command runs.
_STATES: "tuple[State, ...]" = ("held", "approved", "refused", "copied", "recalled")


@click.command("promotions", short_help="What was promoted, held or refused, and why.")
@purls_argument
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="Only in this state; may be given again.",
)
@click.option("--waiting", is_flag=True, help="Only what waits for a person and for nothing else.")
@click.option("--rule", metavar="NAME", help="Only by this rule of the policy's `promotions`.")
@click.option("--repository", metavar="NAME", help="Only from this repository.")
@click.option("--gates", is_flag=True, help="Show what each gate said.")
@options.policy_option
@options.domain_option
@domain_owner_option
@options.json_option
def promotions_command(
    *,
    purls: tuple[str, ...],
    states: tuple["State", ...],
    waiting: bool,
    rule: str | None,
    repository: str | None,
    gates: bool,
    policy_path: Path,
    domain: str | None,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Show what promotion has decided about versions.

    PURL is a package URL, with a version or without (pkg:pypi/requests@2.32.4); without any, all
    versions are shown. What is held says until when and why. What is in the destination stays in
    the list; what is held or refused is forgotten half a year after it was decided.

    A package is one query for each repository that the policy promotes it from, or of --repository;
    all versions are a query for each state and 1 MB. A package with recalled versions is one more
    for each destination: `steward restore` may have exempted them.

    \b
      steward promotions --waiting
      steward promotions pkg:npm/left-pad --gates
    """  # noqa: D301  \b is click's mark for lines to keep
    from cli import aws, policies, promotion_documents, promotion_filters, promotion_tables
    from cli.deployment import find_promotions
    from cli.kept_versions import restored
    from cli.promotion_records import records_of, sources
    from promote_versions.records_table import DynamoDbRecords
    from steward import ledger as ledgers
    from steward.coordinates import Repository

    if waiting and states:
        raise click.UsageError("--waiting is about what is held: leave out --state")
    domain = domain or policies.domain_of(policy_path)
    mine = aws.connect()
    deployment, parts = find_promotions(mine, domain)
    table = DynamoDbRecords(parts.table)
    with aws.explained():
        if purls:
            place = Repository(domain, aws.domain_owner(mine, domain_owner), repository or "")
            found = [
                record
                for purl in purls
                for record in records_of(
                    purl, place, table, lambda package: sources(package, policy_path)
                )
            ]
        else:
            found = list(_in_states(table, states or (("held",) if waiting else _STATES)))
        found = [one for one in found if one.package.repository.domain == domain]
        rules = promotion_filters.rules_of(policy_path, domain)
        chosen = [
            record
            for record in found
            if (not states or record.state in states)
            and (not waiting or promotion_tables.waits_for_a_person(record))
            and rule in (None, record.rule)
            and repository in (None, record.package.repository.name)
        ]
        chosen.sort(key=_place_in_the_list)
        if not chosen:
            promotion_filters.refuse_unknown(
                rules,
                lambda: _in_states(table, _STATES),
                rule=rule,
                repository=None if purls else repository,
            )
        exemptions = restored(chosen, ledgers.connect("enforce", deployment.ledger))
    about = promotion_tables.About(restored=exemptions, rules=[one.name for one in rules])
    observing = deployment.mode != "enforce"
    if as_json:
        documents = [
            promotion_documents.document(record, exemptions.get(promotion_tables.key(record)))
            for record in chosen
        ]
        print_json({"domain": domain, "observing": observing, "promotions": documents})
        return
    if not chosen:
        click.echo(promotion_filters.nothing(found, purls=purls, waiting=waiting))
        return
    console = stdout()
    promotion_tables.print_records(chosen, console, gates=gates, about=about)
    console.print(promotion_tables.counted(chosen))
    if observing and any(one.state == "approved" for one in chosen):
        console.print(promotion_tables.OBSERVING)
    if promotion_tables.asks_a_person(chosen):
        console.print(promotion_tables.HOW_TO_APPROVE)


def _place_in_the_list(record: "Record") -> tuple[int, bool, "datetime", str]:
    """Return a sort key: by state, and of the held ones first what is let through first."""
    when = record.due if record.state == "held" else record.decided_at
    return _STATES.index(record.state), when is None, when or record.decided_at, record.purl


def _in_states(table: "Records", states: Iterable["State"]) -> Iterable["Record"]:
    for state in dict.fromkeys(states):
        yield from table.in_state(state)
