"""
Unlist and archive versions that the policy has no use for any more.

Trigger: the queue ``ExpiryQueue``, with CodeArtifact's package-version events.
Decision: :mod:`expire_versions.decision`, by the policy's ``retention`` rules.
Effect: versions that a rule lets go become ``Unlisted`` or ``Archived``, as its ``then`` says; when
the waiting time of a step begins is noted in the ledger. Nothing is disposed of or deleted here:
that is left to sweeps, which ``limits.deletions_per_run`` guards.
Undo: ``steward restore PURL --repository REPOSITORY --domain DOMAIN --version VERSION`` brings a
version back and writes an exemption, so that this function leaves it. For good, change the policy.

Our own changes do not wake it: they lead to ``Unlisted`` and ``Archived``, which the rule of the
queue leaves out. Should such an event come all the same, the look finds nothing to change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final

from expire_versions.collaborators import Collaborators
from expire_versions.gather import RetentionReads
from expire_versions.package import reconcile
from steward import codeartifact as gateway
from steward import ledger
from steward.batches import BatchResponse, reconcile_batch
from steward.cache_rules import LOCKED_FILE, load_locked
from steward.coordinates import Package
from steward.deployed import settings_and_policy
from steward.errors import PackageNotFoundError
from steward.invocation import Invocation, time_left
from steward.notices import BusNotices
from steward.observability import PackageLog, flush_metrics

if TYPE_CHECKING:
    from promote_versions.records import Record

# Our choice: enough for a list, the descriptions that a thousand versions take, and an update, each
# retried once at the service's usual pace.
MILLISECONDS_PER_PACKAGE: Final = 15_000


def handler(event: object, context: Invocation | None) -> BatchResponse:
    """Take the soft steps that are due in every package that the SQS batch *event* names."""
    enough = time_left(context, milliseconds=MILLISECONDS_PER_PACKAGE)
    response = expire_in_batch(event, collaborators(), time_left=enough)
    flush_metrics()
    return response


def expire_in_batch(
    batch: object, to: Collaborators, *, time_left: Callable[[], bool] = lambda: True
) -> BatchResponse:
    """Reconcile each package named in the SQS batch *batch* once; return the messages to retry."""
    return reconcile_batch(
        batch, lambda look: _reconcile_by_policy(look.package, to), time_left=time_left
    )


@cache
def collaborators() -> Collaborators:
    """
    Return what the environment asks for, made at the first call and kept for the next ones.

    Raises:
        SettingsError: The environment is wrong, or the policy is for another domain.
        PolicyError: The compiled policy, or what it says of lock files, cannot be read.
    """
    chosen, policy = settings_and_policy(retention=True)
    named = any(rule.lockfiles for rule in policy.retention)
    return Collaborators(
        reads=RetentionReads(
            codeartifact=gateway.connect(chosen.mode),
            times=gateway.connect_published_times(),
            policy=policy,
            locked=load_locked(chosen.policy.parent / LOCKED_FILE) if named else {},
            ledger=ledger.connect(chosen.mode, chosen.needed("ledger_table")),
            records=_records(chosen.promotions_table) if policy.promotions else None,
        ),
        notices=BusNotices(),
        now=lambda: datetime.now(UTC),
    )


def _records(table: str | None) -> Callable[[Package], list[Record]] | None:
    """Return what tells which versions are approved and on their way, if this function may know."""
    if table is None:
        return None
    from promote_versions import records_table  # noqa: PLC0415  only policies that promote pay

    return records_table.connect(table).of_package


def _reconcile_by_policy(package: Package, to: Collaborators) -> None:
    if not to.reads.policy.retention_rules_for(package):
        _log_nothing_to_do(package, "no retention rule applies to this package")
        return
    try:
        reconcile(package, to)
    except PackageNotFoundError:
        _log_nothing_to_do(package, "the package or its repository does not exist")


def _log_nothing_to_do(package: Package, reason: str) -> None:
    PackageLog(package).info("nothing to do", reason=reason)
