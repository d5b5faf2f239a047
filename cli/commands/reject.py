"""`steward reject`: a person keeps a version out, or has it recalled."""

from typing import Any

import click

from cli import approving


@click.command("reject", short_help="Keep a version out, or recall it.")
@approving.approval_options
def reject_command(**given: Any) -> None:  # noqa: ANN401  click's, handed on as they are
    """
    Reject a version that a promotion holds, or recall one that it has copied.

    PURL is a package URL with a version (pkg:pypi/requests@2.32.4). What is held is refused. What
    stands in the destination already is taken out of use there: archived, or unlisted if the rule's
    `recall` says so, also if `steward restore` has exempted it before: the last word counts.
    `steward approve` brings it back. The message goes the way of `approve`.

    \b
      steward reject pkg:npm/left-pad@1.3.1 --reason "the maintainer's account was taken over"

    The exit status is 0 if the rejection was recorded.
    """  # noqa: D301  \b is click's mark for lines to keep
    approving.say("reject", **given)
