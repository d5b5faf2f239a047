"""
Unlist the snapshot builds of a package that a newer build has replaced.

Trigger: the queue ``SnapshotBuildsQueue``, with CodeArtifact's package-version events (``Created``
or ``Updated``, ``Published`` or ``Unfinished``) and this function's own delayed messages.
Decision: :func:`unlist_snapshot_builds.decision.stale_builds`, by the policy's ``snapshots`` rules.
Effect: stale builds become ``Unlisted``: hidden from package managers' lists, still downloadable by
their exact version.
Undo: ``steward restore`` with the versions; nothing is lost. It writes an exemption, so that the
event of that change, which leads back here, unlists nothing again. A build that was ``Unfinished``
becomes ``Published``: CodeArtifact does not accept its old status as a target.

Our own changes do not wake it: they lead to ``Unlisted``, which the rule of the queue leaves out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from steward import codeartifact as gateway
from steward import ledger as ledgers
from steward.batches import BatchResponse, reconcile_batch
from steward.codeartifact import CodeArtifact, StatusChanges
from steward.coordinates import Package
from steward.deployed import settings_and_policy
from steward.errors import PackageNotFoundError, StatusUpdateInterruptedError
from steward.invocation import Invocation, time_left
from steward.ledger import Ledger, StatusChange
from steward.notices import BusNotices, VersionNotices
from steward.observability import PackageLog, count, flush_metrics
from steward.own_queue import MAX_DELAY, OwnQueue, SqsOwnQueue
from steward.policy import Policy, SnapshotRule
from unlist_snapshot_builds.decision import Decision, spared, stale_builds

AUTOMATION: Final = "unlist_snapshot_builds"
# Our choice: enough for a list and an update, each retried once at the service's usual pace.
MILLISECONDS_PER_PACKAGE: Final = 5_000
# Our choice: 100 versions of 255 characters are a tenth of a log event ("CloudWatch Logs quotas").
VERSIONS_PER_LINE: Final = 100


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was decided about a package, and what CodeArtifact made of it."""

    decision: Decision
    changes: StatusChanges


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Everything outside of this function that it talks to."""

    codeartifact: CodeArtifact
    policy: Policy
    ledger: Ledger
    own_queue: OwnQueue
    notices: VersionNotices
    now: Callable[[], datetime]


def handler(event: object, context: Invocation | None) -> BatchResponse:
    """Unlist the stale builds of every package that the SQS batch *event* names."""
    enough = time_left(context, milliseconds=MILLISECONDS_PER_PACKAGE)
    response = unlist_in_batch(event, collaborators(), time_left=enough)
    flush_metrics()
    return response


def unlist_in_batch(
    batch: object, to: Collaborators, *, time_left: Callable[[], bool] = lambda: True
) -> BatchResponse:
    """Reconcile each package named in the SQS batch *batch* once; return the messages to retry."""
    return reconcile_batch(
        batch, lambda look: _reconcile_by_policy(look.package, to), time_left=time_left
    )


def reconcile(
    package: Package,
    *,
    codeartifact: CodeArtifact,
    ledger: Ledger,
    rule: SnapshotRule,
    now: datetime,
) -> Reconciliation:
    """
    Unlist the builds of *package* that a newer build has replaced.

    Each decision is logged before it is carried out. One call lists up to 1,000 versions, one call
    unlists up to 100 builds of one status. A build whose status has changed since the listing is
    left alone and reported as refused, and one that a person has exempted is left alone. Only if
    builds are stale are exemptions read, and changes recorded before they are made: without the
    ledger nothing is changed.

    Raises:
        LedgerError: The ledger could not be read or written; nothing was changed.
        PackageNotFoundError: The package or its repository does not exist (any more).
        StatusUpdateInterruptedError: A call failed after some builds had been unlisted.
        CodeArtifactError: A call failed; nothing is retried here, the queue does that.
    """
    versions = codeartifact.versions(package)
    decision = stale_builds(versions, package_format=package.format, rule=rule, now=now)
    if decision.stale:
        decision = spared(decision, ledger.exemptions(package), now=now)
    _log_decision(package, decision, rule)
    stale = [one.version for one in decision.stale]
    if not stale:
        return Reconciliation(decision, StatusChanges())
    ledger.record(
        [
            StatusChange(package, one.version, one.status, "Unlisted", rule.name, AUTOMATION, now)
            for one in stale
        ]
    )
    return Reconciliation(decision, codeartifact.set_status(package, stale, "Unlisted"))


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
        ledger=ledgers.connect(chosen.mode, chosen.needed("ledger_table")),
        own_queue=SqsOwnQueue(chosen.queue_url),
        notices=BusNotices(),
        now=lambda: datetime.now(UTC),
    )


def _reconcile_by_policy(package: Package, to: Collaborators) -> None:
    rule = to.policy.snapshot_rule_for(package)
    if rule is None:
        _log_nothing_to_do(package, "no snapshots rule applies to this package")
        return
    now = to.now()
    try:
        done = reconcile(
            package, codeartifact=to.codeartifact, ledger=to.ledger, rule=rule, now=now
        )
    except PackageNotFoundError:
        _log_nothing_to_do(package, "the package or its repository does not exist")
        return
    except StatusUpdateInterruptedError as interruption:
        # The next look will not see these builds as stale any more: announce them now.
        _report(package, interruption.changes, rule, to.notices)
        if isinstance(interruption.__cause__, PackageNotFoundError):
            _log_nothing_to_do(package, "the package was deleted meanwhile")
            return
        raise
    _report(package, done.changes, rule, to.notices)
    _look_again(package, done.decision, to.own_queue, now)


def _look_again(package: Package, decision: Decision, own_queue: OwnQueue, now: datetime) -> None:
    """Have the package looked at again when its first grace period ends, if SQS can wait."""
    until = decision.next_look
    if until is None:
        return
    remaining = max(until - now, timedelta(0))
    if remaining <= MAX_DELAY:
        own_queue.look_again(package, after=remaining)
        by = "a delayed message"
    else:
        by = "the next event or sweep"
    PackageLog(package).info("look again", at=until.isoformat(), by=by)


def _log_decision(package: Package, decision: Decision, rule: SnapshotRule) -> None:
    log = PackageLog(package)
    for stale in decision.stale:
        log.info(
            "stale",
            version=stale.version.version,
            status=stale.version.status,
            replaced_by=stale.replaced_by,
            reason=stale.reason,
            rule=rule.name,
        )
    for waiting in decision.waiting:
        log.info(
            "waiting until",
            until=waiting.until.isoformat(),
            version=waiting.version.version,
            status=waiting.version.status,
            replaced_by=waiting.replaced_by,
            reason="unfinished, and somebody may still be uploading it",
            rule=rule.name,
        )
    for kept in decision.kept:
        log.info(
            "kept",
            version=kept.version.version,
            status=kept.version.status,
            reason=kept.reason,
            rule=rule.name,
        )
    for exempt in decision.exempt:
        # Who wants it so stands in the ledger: with single sign-on it is an address of a person.
        log.info(
            "kept",
            version=exempt.version.version,
            status=exempt.version.status,
            until=exempt.exemption.until.isoformat(),
            why=exempt.exemption.why,
            reason="a person has exempted it",
            rule=rule.name,
        )
    if not (decision.stale or decision.waiting or decision.kept or decision.exempt):
        _log_nothing_to_do(package, "no build is published or unfinished")
    count("BuildsStale", len(decision.stale))
    count("BuildsWaiting", len(decision.waiting))
    count("BuildsExempt", len(decision.exempt))


def _report(
    package: Package, changes: StatusChanges, rule: SnapshotRule, notices: VersionNotices
) -> None:
    """Log, count and announce what CodeArtifact did with the decision."""
    log = PackageLog(package)
    for refusal in changes.refused:
        log.warning(
            "refused",
            version=refusal.version.version,
            status=refusal.version.status,
            code=refusal.code,
            reason=refusal.message,
            rule=rule.name,
        )
    count("BuildsRefused", len(changes.refused))
    count("BuildsUnlisted", len(changes.changed))
    if not changes.changed:
        return
    for start in range(0, len(changes.changed), VERSIONS_PER_LINE):
        some = changes.changed[start : start + VERSIONS_PER_LINE]
        log.info("unlisted", versions=[version.version for version in some], rule=rule.name)
    notices.versions_changed(
        package, changes.changed, status="Unlisted", automation=AUTOMATION, rule=rule.name
    )


def _log_nothing_to_do(package: Package, reason: str) -> None:
    PackageLog(package).info("nothing to do", reason=reason)
