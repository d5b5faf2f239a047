"""`steward approve`: a person lets a held version through."""

from typing import Any

import click

from cli import approving


@click.command("approve", short_help="Let a version through that waits for a person.")
@approving.approval_options
def approve_command(**given: Any) -> None:  # noqa: ANN401  click's, handed on as they are
    """
    Approve a version that a promotion holds until a person has said yes.

    PURL is a package URL with a version (pkg:pypi/requests@2.32.4). The approval is a message on
    the deployment's ApprovalsQueue: who may send there may approve, and who it was is what SQS says
    of the sender, not what the message says. It counts for the revision that is held now: a version
    that changes is asked for again. The other gates are not opened by it.

    The command waits until the approval is recorded, and then for what becomes of the version.

    \b
      steward approve pkg:pypi/requests@2.32.4 --reason "read the diff to 2.32.3"

    The exit status is 0 if the approval was recorded.
    """  # noqa: D301  \b is click's mark for lines to keep
    approving.say("approve", **given)
