"""
Bring the origin restrictions of a package to what the policy says.

Trigger: the queue ``OriginControlsQueue``, with CodeArtifact's package-version events and this
function's own delayed messages.
Decision: :mod:`enforce_origin_controls.decision`, by the policy's ``origins`` rules.
Effect: the package's publish and upstream restrictions; versions from outside in a package that a
rule calls internal become ``Archived`` (not downloadable, nothing is deleted) or are only reported.
Undo: ``steward restore PURL --repository REPOSITORY --domain DOMAIN`` puts back the restrictions,
with ``--version VERSION`` an archived version. It writes an exemption, so that this function leaves
it. For good, change the policy.

Our own changes do not wake it: restrictions have no event, and the rule of the queue leaves out
versions that become ``Archived``. Should one come all the same, the look finds nothing to change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final

from enforce_origin_controls.collaborators import Collaborators
from enforce_origin_controls.package import reconcile
from steward import codeartifact as gateway
from steward import ledger
from steward.attention import SnsAttention
from steward.batches import BatchResponse, Look, reconcile_batch
from steward.deployed import settings_and_policy
from steward.invocation import Invocation, time_left
from steward.notices import BusNotices
from steward.observability import PackageLog, flush_metrics
from steward.own_queue import SqsOwnQueue

# Our choice: enough for four calls, each retried once at the service's usual pace. Thousands of
# versions from outside take longer: where a run ends among them, the next attempt goes on.
MILLISECONDS_PER_PACKAGE: Final = 10_000


def handler(event: object, context: Invocation | None) -> BatchResponse:
    """Enforce the origin controls of every package that the SQS batch *event* names."""
    enough = time_left(context, milliseconds=MILLISECONDS_PER_PACKAGE)
    response = enforce_in_batch(event, collaborators(), time_left=enough)
    flush_metrics()
    return response


def enforce_in_batch(
    batch: object, to: Collaborators, *, time_left: Callable[[], bool] = lambda: True
) -> BatchResponse:
    """Reconcile each package named in the SQS batch *batch* once; return the messages to retry."""
    return reconcile_batch(batch, lambda look: _reconcile_by_policy(look, to), time_left=time_left)


@cache
def collaborators() -> Collaborators:
    """
    Return what the environment asks for, made at the first call and kept for the next ones.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy cannot be read.
    """
    chosen, policy = settings_and_policy()
    return Collaborators(
        codeartifact=gateway.connect(chosen.mode),
        policy=policy,
        ledger=ledger.connect(chosen.mode, chosen.needed("ledger_table")),
        own_queue=SqsOwnQueue(chosen.queue_url),
        notices=BusNotices(),
        attention=SnsAttention(chosen.attention_topic),
        now=lambda: datetime.now(UTC),
    )


def _reconcile_by_policy(look: Look, to: Collaborators) -> None:
    rule = to.policy.origin_rule_for(look.package)
    if rule is None:
        PackageLog(look.package).info(
            "nothing to do", reason="no origins rule applies to this package"
        )
        return
    error = reconcile(look.package, rule, to, repeated=look.repeated).error
    if error is not None:
        raise error
