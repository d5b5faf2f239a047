"""`steward up`: the whole system on this machine."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
@options.json_option
def up_command(
    *,
    port: int,
    account: str,
    region: str,
    data: Path | None,
    mode: "Mode",
    policy_path: Path,
    as_json: bool,
) -> None:
    """
    Run the system of template.yaml on this machine until Ctrl-C.

    Point any AWS client at it with AWS_ENDPOINT_URL. When everything answers, one line of JSON on
    standard output says so.
    """
    from cli.policies import compiled_policy
    from cli.stack.errors import StackError
    from cli.stack.stack import LocalStack, StackOptions

    compiled = compiled_policy(policy_path)
    interruption = Interruption()
    stack = LocalStack(
        StackOptions(
            compiled_policy=compiled,
            port=port,
            account=account,
            region=region,
            mode=mode,
            data=data,
            template=options.TEMPLATE,
        )
    )
    try:
        stack.start()
    except StackError as error:
        fail(str(error))
    try:
        _say_what_is_missing(stack, as_json=as_json)
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


def _say_what_is_missing(stack: "LocalStack", *, as_json: bool) -> None:
    """Name on standard error what of the template has no effect here."""
    console = stderr()
    for part in stack.unplayed:
        if as_json:
            console.out(json.dumps({"unplayed": dataclasses.asdict(part)}))
        else:
            ids = ", ".join(part.logical_ids)
            console.print(f"[yellow]not played:[/] {part.resource_type}: {part.reason} ({ids})")
