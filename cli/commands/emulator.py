"""`steward emulator`: the local CodeArtifact alone."""

from contextlib import ExitStack
from pathlib import Path

import click

from cli import options
from cli.output import fail, print_json
from cli.signals import Interruption


@click.command("emulator")
@options.port_option
@options.account_option
@options.region_option
@options.data_option
@options.mode_option
@options.policy_option
@options.osv_option
@options.json_option
def emulator_command(
    *,
    port: int,
    account: str,
    region: str,
    data: Path | None,
    mode: str,
    policy_path: Path,
    osv: str | None,
    as_json: bool,
) -> None:
    """
    Run the local CodeArtifact alone until Ctrl-C.

    It takes the options of `steward up` but --domain-template, so that one can stand for the other;
    no automation runs here, so --mode, --policy and --osv change nothing. What it prints when ready
    is JSON either way.
    """
    from cli.stack.codeartifact import open_codeartifact
    from cli.stack.errors import StackError
    from cli.stack.server import require_free, serve

    del policy_path, osv, as_json
    interruption = Interruption()
    with ExitStack() as closing:
        try:
            require_free(port)
            codeartifact = open_codeartifact(
                account=account, region=region, folder=data, other_services=None
            )
            closing.callback(codeartifact.close)
            server = serve(codeartifact.app, port)
            closing.callback(server.stop)
        except StackError as error:
            fail(str(error))
        print_json(
            {
                "ready": True,
                "endpoint": server.url,
                "mode": mode,
                "account": account,
                "region": region,
            }
        )
        interruption.wait()
