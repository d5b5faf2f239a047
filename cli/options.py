"""The options that several commands share."""

import shlex
from pathlib import Path

import click
from click.core import ParameterSource

PROJECT = Path(__file__).resolve().parents[1]
POLICY = PROJECT / "layers" / "policy" / "policy.yaml"
TEMPLATE = PROJECT / "template.yaml"

ACCOUNT = "012345678901"  # the account of the User Guide's tutorials
REGION = "us-west-2"
PORT = 4566

_ACCOUNT_DIGITS = 12
_JSON = f"{__name__}.json"  # as click wants keys of `Context.meta`
_MOST_PORT = 65535


def _account(_: click.Context, __: click.Parameter, value: str) -> str:
    if len(value) != _ACCOUNT_DIGITS or not value.isascii() or not value.isdigit():
        raise click.BadParameter(f"{value!r} is no account id: it needs to be 12 digits")
    return value


def _region(_: click.Context, __: click.Parameter, value: str) -> str:
    if value == REGION:
        return value
    import botocore.session

    from cli.stack.environment import local_environment

    with local_environment(REGION):  # a profile that is missing must not matter here
        regions = botocore.session.Session().get_available_regions("codeartifact")
    if value not in regions:
        raise click.BadParameter(
            f"CodeArtifact is not offered in {value!r}, but in {', '.join(sorted(regions))}"
        )
    return value


def _address(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise click.BadParameter(f"{value!r} is no address: it starts with https:// or http://")
    return None if value is None else value.rstrip("/")


def _json(context: click.Context, _: click.Parameter, value: bool) -> bool:  # noqa: FBT001  click's signature
    context.meta[_JSON] = value  # which the contexts around this one share
    return value


def asks_for_json(context: click.Context) -> bool:
    """Return whether the command that ran in *context*, or in one inside it, was given --json."""
    return bool(context.meta.get(_JSON))


class _Port(click.ParamType[int]):
    """A port of 127.0.0.1, or 0 for any that is free."""

    name = "number"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the port that *value* spells."""
        text = str(value)
        if not (text.isascii() and text.isdigit()) or int(text) > _MOST_PORT:
            self.fail(f"{text!r} is no port: give a number from 0 to {_MOST_PORT}", param, ctx)
        return int(text)


def as_given(*names: str) -> str:
    """
    Return those of the options *names* that the running command was given, for a command to copy.

    Each has a space before it, and one that was given twice is there twice; nothing is returned for
    what was left to its default.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return ""
    words = [
        word
        for parameter in context.command.params
        if parameter.opts[0] in names
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        for value in _values(context.params[str(parameter.name)])
        for word in (parameter.opts[0], str(value))
    ]
    return "".join(f" {shlex.quote(word)}" for word in words)


def _values(value: object) -> tuple[object, ...]:
    """Return what an option was given, each time that it was."""
    return value if isinstance(value, tuple) else (value,)


policy_option = click.option(
    "--policy",
    "policy_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=POLICY,
    metavar="FILE",
    help="The policy file.  [default: the policy layer's]",
)
domain_option = click.option(
    "--domain", metavar="NAME", help="The domain.  [default: the policy's, which is read for it]"
)
repositories_option = click.option(
    "--repository",
    "repositories",
    multiple=True,
    metavar="NAME",
    help="Only this repository; may be given again.  [default: all of the domain]",
)
json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    callback=_json,
    help='Print JSON for programs instead of tables; a failure is {"ok": false, "problem": ...}.',
)
port_option = click.option(
    "--port",
    type=_Port(),
    default=PORT,
    show_default=True,
    help="The port on 127.0.0.1; 0 takes a free one.",
)
account_option = click.option(
    "--account",
    default=ACCOUNT,
    show_default=True,
    callback=_account,
    help="The account that owns everything here.",
)
region_option = click.option(
    "--region",
    default=REGION,
    show_default=True,
    callback=_region,
    help="The region that this is.",
)
data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep the local CodeArtifact here; without it, it is gone at the end.",
)
osv_option = click.option(
    "--osv",
    metavar="URL",
    callback=_address,
    help="Where promotions ask for vulnerabilities.  [default: a local OSV, which knows what it is "
    "told]",
)
domain_template_option = click.option(
    "--domain-template",
    "domain_templates",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Make the CodeArtifact resources of this CloudFormation template first (may be repeated).",
)
mode_option = click.option(
    "--mode",
    type=click.Choice(["observe", "enforce"]),
    default="observe",
    show_default=True,
    help="Only say what would be done, or do it.",
)
