"""What `steward approve` and `steward reject` share: a person's word about a held version."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

import click
from rich.markup import escape

from cli import options
from cli.aws import domain_owner_option
from cli.output import fail, print_json, stderr, stdout

if TYPE_CHECKING:
    from cli.aws import Aws
    from cli.deployment import PromotionParts
    from promote_versions.records import ApprovalDecision, Record, State
    from promote_versions.records_table import Records
    from steward.coordinates import Repository

_PAUSE_SECONDS: Final = 0.5
_MOST_CHARACTERS: Final = 1000  # of a reason, as the function that takes approvals has it
_DONE: Final = {"approve": "approved", "reject": "rejected"}

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _reason(_: click.Context, __: click.Parameter, value: str) -> str:
    if not any(character.isalnum() for character in value):  # `...`, as in the message to people
        raise click.BadParameter("say why: others will read it in `steward promotions`")
    if len(value) > _MOST_CHARACTERS or not value.isprintable():
        raise click.BadParameter(f"write up to {_MOST_CHARACTERS} characters on one line")
    return value.strip()


def _packages(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return *values*, each of which names a package: AWS is not asked for the others."""
    from cli.purls import parse_package

    for value in values:
        try:
            parse_package(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return values


def _of_a_version(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from cli.purls import parse_version

    _packages(context, parameter, (value,))
    if parse_version(value) is None:
        raise click.BadParameter(f"{value!r} names no version, as pkg:pypi/requests@2.32.4 does")
    return value


def approval_options(command: _Command) -> _Command:
    """Give *command* the parameters of `approve` and `reject`."""
    for decorate in reversed(
        (
            click.argument("purl", metavar="PURL", callback=_of_a_version),
            click.option("--reason", required=True, callback=_reason, metavar="TEXT", help="Why."),
            click.option(
                "--rule",
                metavar="NAME",
                help="The promotion that is meant; needed if several hold the version.",
            ),
            click.option(
                "--repository",
                metavar="NAME",
                help="The repository that the version is promoted from.  [default: by the policy]",
            ),
            click.option(
                "--revision",
                metavar="REVISION",
                help="The revision that you have looked at: nothing is sent if it has changed.",
            ),
            click.option("--gates", is_flag=True, help="Show what each gate said in any case."),
            wait_option,
            options.policy_option,
            options.domain_option,
            domain_owner_option,
            options.json_option,
        )
    ):
        command = decorate(command)
    return command


purls_argument = click.argument("purls", nargs=-1, metavar="[PURL]...", callback=_packages)
wait_option = click.option(
    "--wait",
    "wait_seconds",
    type=click.IntRange(min=0),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for what becomes of it, without any progress; 0: not at all.",
)


def say(
    decision: "ApprovalDecision",
    *,
    purl: str,
    reason: str,
    rule: str | None,
    repository: str | None,
    revision: str | None,
    gates: bool,
    wait_seconds: int,
    policy_path: Path,
    domain: str | None,
    domain_owner: str | None,
    as_json: bool,
) -> None:
    """
    Send a person's *decision*, wait until it is recorded and judged, and print what became of it.

    Raises:
        click.ClickException: No version, or several, can be meant; or nothing was recorded in time.
    """
    from cli import aws, policies, promotion_documents, promotion_tables
    from cli.deployment import find_promotions
    from cli.kept_versions import what_keeps
    from promote_versions.records_table import DynamoDbRecords
    from steward import ledger as ledgers
    from steward.coordinates import Repository

    domain = domain or policies.domain_of(policy_path)
    mine = aws.connect()
    deployment, parts = find_promotions(mine, domain)
    table = DynamoDbRecords(parts.table)
    place = Repository(domain, aws.domain_owner(mine, domain_owner), repository or "")
    with aws.explained():
        record = _meant(decision, purl, place, table, rule=rule, policy_path=policy_path)
        if revision not in (None, record.revision):
            fail(
                f"{purl} has changed: what waits now is revision {record.revision}, not "
                f"{revision}. Look at what has come, then say it again with that revision."
            )
        _send(decision, record, reason, parts, mine)
        if not wait_seconds:
            _print_sent(decision, record, as_json=as_json)
            return
        with stderr().status("waiting until it is recorded"):
            said = _await(
                table, record, wait_seconds, lambda now: _is_recorded(now, record, decision, reason)
            )
            if said is None:
                fail(
                    f"sent, but not recorded within {wait_seconds} s. The log of the function that "
                    "takes approvals says `approval ignored`, with the reason, if it came there."
                )
            enforcing = deployment.mode == "enforce"
            is_over = _over(decision, enforcing=enforcing)
            became = _await(table, said, wait_seconds, is_over) or said
        under_way = not is_over(became)
        kept = (
            what_keeps(became, ledgers.connect("enforce", deployment.ledger)) if under_way else ""
        )
    note = _COUNTS_LATER if decision == "approve" and became.state == "refused" else None
    if as_json:
        document = promotion_documents.document(became)
        sent = {"ok": True, "underWay": under_way, "keptBy": kept or None, "note": note}
        print_json({**sent, **document})
        return
    console = stdout()
    # What let it through is for who asks; what keeps it out is what matters now.
    promotion_tables.print_outcome(
        became, console, gates=gates or became.state in ("held", "refused")
    )
    if note:
        console.print(note)
    if under_way:
        console.print(f"It is recorded, and not carried out after {wait_seconds} s: {_AGAIN}")
        if kept:
            console.print(escape(kept), soft_wrap=True)
    elif not enforcing and became.state in _OBSERVED:
        console.print("The deployment only observes: nothing is copied or taken out of use.")


_OBSERVED: Final[frozenset["State"]] = frozenset({"approved", "copied"})
_COUNTS_LATER: Final = (
    "The approval is kept: it counts for this revision as soon as no gate refuses it any more."
)
_AGAIN: Final = "`steward promotions` shows what becomes of it."


def _meant(
    decision: "ApprovalDecision",
    purl: str,
    place: "Repository",
    table: "Records",
    *,
    rule: str | None,
    policy_path: Path,
) -> "Record":
    """Return the one record that the person means."""
    from cli.promotion_records import records_of, sources

    found = records_of(purl, place, table, lambda package: sources(package, policy_path))
    of_rule = [one for one in found if rule in (None, one.rule)]
    if found and not of_rule:
        by = ", ".join(dict.fromkeys(one.rule for one in found))
        fail(
            f"{purl} was never judged by the rule {rule}{_no_such(rule, policy_path)}; it was by "
            f"{by}."
        )
    if not of_rule:
        by = f" by the rule {rule}{_no_such(rule, policy_path)}" if rule else ""
        fail(
            f"{purl} was never judged{by}: there is nothing to say anything about. `steward "
            "promote` has it judged, `steward promotions` lists what was."
        )
    reasons = {one.rule: _why_not(decision, one) for one in of_rule}
    open_ones = [one for one in of_rule if not reasons[one.rule]]
    if not open_ones:
        said = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        fail(f"nothing changes by that. {purl} by {said}. `steward promotions` says more.")
    if len(open_ones) > 1:
        names = ", ".join(f"{one.rule} ({one.state})" for one in open_ones)
        fail(f"several promotions are about {purl}: {names}. Say which one with --rule.")
    return open_ones[0]


def _no_such(rule: str | None, policy_path: Path) -> str:
    """Return that the policy does not have *rule*, as an insertion; empty if it does."""
    from cli.policies import loaded_policy

    names = [one.name for one in loaded_policy(policy_path).promotions]
    if rule in names or not names:
        return ""
    return f" (the policy has no promotion called {rule}; it has {', '.join(names)})"


def _why_not(decision: "ApprovalDecision", record: "Record") -> str:
    """Return why what a person decides changes nothing about *record*; empty if it may."""
    said = record.approval
    rejected = said is not None and said.decision == "reject"
    if record.state == "refused" and rejected and decision == "reject":
        return "it has been rejected already"
    if decision == "approve" and record.state == "refused" and not rejected:
        return f"a gate refuses it, which no approval changes: {record.reason}"
    if decision == "approve" and record.state in ("approved", "copied") and not rejected:
        return "it has been approved already" if record.state == "approved" else "it is promoted"
    return ""


class _Sqs(Protocol):
    """The part of SQS's client that is used here; botocore publishes no types."""

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> object:  # noqa: N803  AWS's names
        """See SendMessage, SQS API Reference."""


def _send(
    decision: "ApprovalDecision",
    record: "Record",
    reason: str,
    parts: "PromotionParts",
    aws: "Aws",
) -> None:
    from promote_versions.messages import ApprovalMessage, approval_body
    from steward.purls import parse_purl

    sqs = cast("_Sqs", aws.client("sqs"))
    body = approval_body(
        ApprovalMessage(parse_purl(record.purl), record.rule, decision, reason, record.revision)
    )
    sqs.send_message(QueueUrl=parts.approvals_queue, MessageBody=body)


def _print_sent(decision: "ApprovalDecision", record: "Record", *, as_json: bool) -> None:
    if as_json:
        print_json({"ok": True, "sent": decision, "packageUrl": record.purl, "rule": record.rule})
    else:
        stdout().print(
            f"sent: {escape(record.purl)} is to be {_DONE[decision]}, by the rule "
            f"{escape(record.rule)}. {_AGAIN}"
        )


def _is_recorded(
    record: "Record", before: "Record", decision: "ApprovalDecision", reason: str
) -> bool:
    said = record.approval
    if said is None or said == before.approval:  # somebody may have said the same before
        return False
    return (said.decision, said.reason) == (decision, reason)


def _over(decision: "ApprovalDecision", *, enforcing: bool) -> Callable[["Record"], bool]:
    """Return what tells whether nothing more will become of a record by itself."""
    from promote_versions.findings import is_to_be_recalled

    over: set[State] = {"refused", "copied" if decision == "approve" else "recalled"}
    if not enforcing:
        over |= _OBSERVED

    def is_over(record: "Record") -> bool:
        # A record that somebody's word was written into is due at once until it is judged.
        said, due = record.approval, record.due
        waits = said is not None and due is not None and due <= said.at
        if decision == "reject" and is_to_be_recalled(record):
            return not enforcing  # it was recalled before, and may have been restored
        return record.state in over or (record.state == "held" and not waits)

    return is_over


def _await(
    table: "Records", record: "Record", seconds: int, is_so: Callable[["Record"], bool]
) -> "Record | None":
    """Return the record as soon as *is_so* says yes, None if it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = table.find(record.package, record.version, record.rule)
        if found is not None and is_so(found):
            return found
        if time.monotonic() >= deadline:
            return None
        time.sleep(_PAUSE_SECONDS)
