"""
The `steward` command.

A command is a module in `cli/commands` and a line in `COMMANDS`; it is imported when it is called.
"""

import importlib
import logging
import sys

import click
from rich.console import Console
from rich.logging import RichHandler

from cli import options
from cli.output import DocumentedFailure, print_json

COMMANDS = {  # name: module, in which the command has the same name with `_command` after it
    "demo": "cli.commands.demo",
    "up": "cli.commands.up",
    "emulator": "cli.commands.emulator",
    "policy": "cli.commands.policy",
    "plan": "cli.commands.plan",
    "apply": "cli.commands.apply",
    "sweep": "cli.commands.sweep",
    "groups": "cli.commands.groups",
    "enforce": "cli.commands.enforce",
    "promote": "cli.commands.promote",
    "promotions": "cli.commands.promotions",
    "approve": "cli.commands.approve",
    "reject": "cli.commands.reject",
    "warm": "cli.commands.warm",
    "restore": "cli.commands.restore",
    "exemptions": "cli.commands.exemptions",
}


class _Commands(click.Group):
    """Finds commands by name without importing the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, None if there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        command = getattr(module, f"{cmd_name}_command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name]} has no command {cmd_name}")
        return command

    def invoke(self, ctx: click.Context) -> object:
        """
        Run the command; a failure is a JSON document too if the command was asked for JSON.

        The message goes to standard error in any case, and the exit status is 1. How a command is
        used wrongly is said there alone, with status 2: no program asks that.

        Raises:
            click.ClickException: The command failed; click shows it and sets the exit status.
        """
        try:
            result: object = super().invoke(ctx)
        except click.UsageError:
            raise
        except click.ClickException as error:
            if options.asks_for_json(ctx) and not isinstance(error, DocumentedFailure):
                print_json({"ok": False, "problem": error.message})
            raise
        return result


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codeartifact-steward", message="%(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Say more on standard error.")
def steward(*, verbose: bool) -> None:
    """Keep an AWS CodeArtifact domain in order, and play the whole system on this machine."""
    console = Console(stderr=True)
    # In a file, a line is a line: only a terminal has an edge to wrap at.
    handler = RichHandler(console=console, show_path=False) if console.is_terminal else None
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s" if handler else "%(asctime)s %(levelname)s %(message)s",
        handlers=[handler] if handler else None,
    )


def main() -> None:
    """Run the command line; the exit status is 0 only if it did what it was asked."""
    sys.exit(steward(prog_name="steward"))


if __name__ == "__main__":
    main()
