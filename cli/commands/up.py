"""`steward up`: the whole system on this machine."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from cli import options
from cli.output import fail, print_json, stderr
from cli.signals import Interruption

if TYPE_CHECKING:
    from cli.stack.stack import LocalStack, Mode


@click.command("up")
@options.port_option
@options.account_option
@options.region_option
@options.data_option
@options.mode_option
@options.policy_option
@options.osv_option
@options.domain_template_option
@options.json_option
@click.pass_context
def up_command(
    context: click.Context,
    *,
    port: int,
    account: str,
    region: str,
    data: Path | None,
    mode: "Mode",
    policy_path: Path,
    osv: str | None,
    domain_templates: tuple[Path, ...],
    as_json: bool,
) -> None:
    """
    Run the system of template.yaml on this machine until Ctrl-C.

    Point any AWS client at it with AWS_ENDPOINT_URL. When everything answers, one line of JSON on
    standard output says so. Standard error shows what the automations decide: a short line each on
    a terminal; the whole JSON elsewhere, with --json, or as `steward -v up`.
    """
    from cli.function_lines import ReadableLines
    from cli.policies import checked_policy
    from cli.stack.errors import StackError
    from cli.stack.function_logs import FunctionLogs
    from cli.stack.stack import OSV_PARAMETER, LocalStack, StackOptions

    checked = checked_policy(policy_path)
    whole_lines = as_json or context.find_root().params.get("verbose") or not sys.stderr.isatty()
    interruption = Interruption()
    stack = LocalStack(
        StackOptions(
            compiled_policy=checked.compiled,
            locked=checked.locked,
            port=port,
            account=account,
            region=region,
            mode=mode,
            data=data,
            template=options.TEMPLATE,
            domain_templates=domain_templates,
            parameters={} if osv is None else {OSV_PARAMETER: osv},
        ),
        logs=FunctionLogs(show=None if whole_lines else ReadableLines(stderr())),
    )
    try:
        stack.start()
    except StackError as error:
        fail(str(error))
    try:
        _say_what_is_missing(stack, as_json=as_json)
        _say_what_is_watched(checked.compiled, policy_path, mode, as_json=as_json)
        print_json(
            {
                "ready": True,
                "endpoint": stack.endpoint,
                "mode": mode,
                "account": account,
                "region": region,
            }
        )
        interruption.wait()
    finally:
        stack.stop()
    _say_what_is_kept(data, as_json=as_json)


def _say_what_is_missing(stack: "LocalStack", *, as_json: bool) -> None:
    """Name on standard error what of the template has no effect here."""
    console = stderr()
    for part in stack.unplayed:
        if as_json:
            console.out(json.dumps({"unplayed": dataclasses.asdict(part)}))
        else:
            ids = ", ".join(part.logical_ids)
            console.print(
                f"[yellow]not played:[/] {part.resource_type}: {part.reason} ({ids})",
                soft_wrap=True,
            )


def _say_what_is_watched(compiled: str, policy: Path, mode: "Mode", *, as_json: bool) -> None:
    """Say on standard error what happens from now on, and how to end it."""
    domain = str(json.loads(compiled)["domain"])
    if as_json:
        document = {"domain": domain, "policy": str(policy), "mode": mode}
        stderr().out(json.dumps({"watching": document}))
        return
    here = Path.cwd()
    shown = policy.relative_to(here) if policy.is_relative_to(here) else policy
    effect = "nothing is changed" if mode == "observe" else "what the policy says is done"
    console = stderr()
    console.print(
        f"[green]watching[/] the domain [bold]{domain}[/] by {escape(str(shown))}, "
        f"mode [bold]{mode}[/]: {effect}. Ctrl-C ends it.",
        soft_wrap=not console.is_terminal,
    )


def _say_what_is_kept(data: Path | None, *, as_json: bool) -> None:
    """Say on standard error what is left of the stack that has ended."""
    if as_json:
        stderr().out(json.dumps({"ended": True, "data": None if data is None else str(data)}))
        return
    if sys.stderr.isatty():
        click.echo(err=True)  # the terminal has written ^C
    kept = "nothing was kept (--data DIR keeps it)" if data is None else f"kept in {data}"
    console = stderr()
    console.print(f"ended; {escape(kept)}", soft_wrap=not console.is_terminal)
