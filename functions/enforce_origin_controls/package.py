"""Reconcile one package: gather, decide, act. Events, commands and sweeps all come through here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from enforce_origin_controls import decision as decide
from enforce_origin_controls.collaborators import AUTOMATION, Collaborators
from enforce_origin_controls.decision import Decision, Drifted, Kept, Mixed, Settled
from enforce_origin_controls.outcome import Found, Outcome
from enforce_origin_controls.telling import tell_archived, tell_late, tell_left, tell_mixed
from steward.codeartifact import StatusChanges
from steward.coordinates import Package, PackageVersion, Restrictions
from steward.errors import PackageNotFoundError, StatusUpdateInterruptedError, StewardError
from steward.ledger import Exemption, RestrictionsChange, StatusChange
from steward.observability import PackageLog, count
from steward.policy import OriginRule

# Our choice. A fetched version is visible through the API after about three minutes ("Working with
# external connections"), and nothing promises that.
SECOND_LOOK: Final = timedelta(minutes=5)
# Our choice: 100 versions of 255 characters are a tenth of a log event ("CloudWatch Logs quotas").
VERSIONS_PER_LINE: Final = 100


def reconcile(
    package: Package,
    rule: OriginRule,
    to: Collaborators,
    *,
    current: Restrictions | None = None,
    deep: bool = True,
    repeated: bool = False,
) -> Outcome:
    """
    Bring the restrictions of *package* to what *rule* says; archive what came in from outside.

    - ``public`` and ``explicit``: one look-up, and a write if the restrictions have drifted.
    - ``internal``: the same, and then, with the door closed, a list of the versions from outside;
      those in use are archived or reported as the rule says.
    - ``inferred``: a look-up, a list of all versions, and only if a write would follow a look-up of
      the package group. A repository that the policy promotes to costs nothing; where both
      restrictions are ``BLOCK`` the first look-up is the last.

    Each decision is logged and counted, exemptions are read only if something is about to change or
    to be told, and a change is recorded before it is made: without the ledger nothing is changed.

    The package is looked at again in :data:`SECOND_LOOK`, once, if upstream of an internal package
    was closed (a version that was on its way in may show up later), if a version was changed by
    somebody between the look and the archiving, if nobody could be told of what was archived, or if
    an event came before there was anything to see. A *repeated* look that changes nothing asks for
    nothing, so all this comes to rest.

    If the package is deleted between the look and the write, the write makes it again, without
    versions ("PutPackageOriginConfiguration", API Reference): an empty record that does no harm.

    Args:
        current: The package's restrictions, if a list of the repository has shown them. They may be
            minutes old: ``inferred`` looks again before it writes an ``ALLOW`` that it only leaves
            as it was. A rule that gives one restriction outright writes the other as it was listed.
        deep: Look for versions from outside in an internal package even if nothing had drifted.
        repeated: Nobody but this automation asked for the look.

    Returns:
        What was decided and done. Errors are in it: what had been done before is not lost.
    """
    work = _Work(package, rule, to, to.now(), repeated=repeated)
    awaited = current is None and not repeated  # an event may be faster than what it tells of
    try:
        work.enforce(current, deep=deep, awaited=awaited)
    except PackageNotFoundError:
        work.not_found(awaited=awaited)
    except StewardError as error:
        work.error = error
    if work.again is not None:
        work.look_again(work.again)
    return work.outcome()


@dataclass
class _Work:
    """One look at one package, and what it has led to so far."""

    package: Package
    rule: OriginRule
    to: Collaborators
    now: datetime
    repeated: bool
    decision: Decision | None = None
    written: bool = False
    kept: list[Kept] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    vanished: bool = False
    error: StewardError | None = None
    again: str | None = None
    _exemptions: list[Exemption] | None = None

    def outcome(self) -> Outcome:
        return Outcome(
            package=self.package,
            rule=self.rule.name,
            decision=self.decision,
            written=self.written,
            kept=tuple(self.kept),
            found=tuple(self.found),
            vanished=self.vanished,
            error=self.error,
        )

    def enforce(self, current: Restrictions | None, *, deep: bool, awaited: bool) -> None:
        self.decision = self._decide(current, awaited=awaited)
        if current is not None and decide.must_be_fresh(self.decision, self.rule):
            fresh = self.to.codeartifact.restrictions(self.package)
            if fresh != current:
                self.decision = self._decide(fresh, awaited=False)
        if isinstance(self.decision, Drifted):
            self.decision = self._bring_back(self.decision)
        nothing_found = True
        if self.rule.kind == "internal" and (deep or isinstance(self.decision, Drifted)):
            nothing_found = self._expel()
        if isinstance(self.decision, Mixed):
            self._report_mixed(self.decision)
        elif isinstance(self.decision, Settled) and nothing_found:
            self._log_nothing_to_do(self.decision.reason)

    def not_found(self, *, awaited: bool) -> None:
        self.vanished = True
        self._log_nothing_to_do("the package or its repository does not exist")
        if awaited:
            self.again = "the package may not be visible yet"

    def look_again(self, reason: str) -> None:
        try:
            self.to.own_queue.look_again(self.package, after=SECOND_LOOK)
        except StewardError as error:
            # An event that fails comes back, and that is as good as a second look.
            self.error = self.error or error
            return
        at = self.now + SECOND_LOOK
        self._log().info("look again", at=at.isoformat(), reason=reason, rule=self.rule.name)

    # Restrictions

    def _decide(self, current: Restrictions | None, *, awaited: bool) -> Decision:
        """Return what has to become of the restrictions, asking for no more than that takes."""
        promoted_to = self.to.policy.promotes_to(self.package.repository.name)
        settled = decide.without_a_look(self.rule, promoted_to=promoted_to)
        if settled is not None:
            return settled
        if current is None:
            current = self.to.codeartifact.restrictions(self.package)
        decision = decide.by_restrictions(self.rule, current)
        if decision is not None:
            return decision
        versions = self.to.codeartifact.versions(self.package)
        if awaited and not versions:
            self.again = "its versions may not be visible yet"
        return decide.by_origins(current, versions, repository=self.package.repository.name)

    def _bring_back(self, drifted: Drifted) -> Decision:
        """Write what *drifted* asks for, unless an exemption or the package's group says no."""
        exemption = decide.exemption(self._all_exemptions(), None, now=self.now)
        if exemption is None and self.rule.kind == "inferred":
            group = self.to.codeartifact.group_of(self.package)
            decision = decide.unless_grouped(drifted, group)
            if isinstance(decision, Settled):
                return decision
        self._log().info(
            "drifted",
            before=str(drifted.before),
            after=str(drifted.after),
            reason=drifted.reason,
            rule=self.rule.name,
        )
        count("RestrictionsDrifted", 1)
        if exemption is not None:
            self._keep(Kept(None, exemption))
            count("RestrictionsKept", 1)
            return drifted
        self._write(drifted)
        return drifted

    def _write(self, drifted: Drifted) -> None:
        change = RestrictionsChange(
            self.package, drifted.before, drifted.after, self.rule.name, AUTOMATION, self.now
        )
        self.to.ledger.record([change])
        self.written = self.to.codeartifact.put_restrictions(self.package, drifted.after)
        if not self.written:
            return
        self._log().info(
            "restrictions changed",
            before=str(drifted.before),
            after=str(drifted.after),
            rule=self.rule.name,
        )
        count("RestrictionsChanged", 1)
        self.to.notices.restrictions_changed(
            self.package,
            drifted.before,
            drifted.after,
            automation=AUTOMATION,
            rule=self.rule.name,
        )
        closed = (drifted.before.upstream, drifted.after.upstream) == ("ALLOW", "BLOCK")
        if closed and self.rule.kind == "internal":
            self.again = "a version may have been on its way in when upstream was closed"

    def _report_mixed(self, mixed: Mixed) -> None:
        self._log().warning(
            "mixed origin",
            internal=mixed.internal,
            external=mixed.external,
            reason=mixed.reason,
            rule=self.rule.name,
        )
        count("MixedPackagesFound", 1)
        tell_mixed(self.package, mixed, self.rule, self.to)

    # Versions from outside

    def _expel(self) -> bool:
        """Archive or report the versions from outside; return whether there was none in use."""
        listed = self.to.codeartifact.versions(self.package, origin="EXTERNAL")
        archived = [one for one in listed if one.status == "Archived"]
        if archived:
            tell_late(self.package, archived, self.rule, self.to)
        in_use = decide.in_use_from_outside(listed)
        if not in_use:
            return True
        external = decide.external_versions(
            in_use, rule=self.rule, exemptions=self._all_exemptions(), now=self.now
        )
        self._log_external(external)
        for version in external.report:
            self.found.append(Found(version, "reported", "as the rule says"))
        try:
            if external.archive:
                self._archive(external.archive)
        except StatusUpdateInterruptedError as interruption:
            # The next look will not find these versions in use any more: tell of them now.
            self._sort_out(interruption.changes)
            self._tell()
            if isinstance(interruption.__cause__, PackageNotFoundError):
                raise interruption.__cause__ from interruption
            raise
        self._tell()
        return False

    def _archive(self, versions: Sequence[PackageVersion]) -> None:
        self.to.ledger.record(
            [
                StatusChange(
                    self.package,
                    one.version,
                    one.status,
                    "Archived",
                    self.rule.name,
                    AUTOMATION,
                    self.now,
                )
                for one in versions
            ]
        )
        changes = self.to.codeartifact.set_status(self.package, versions, "Archived")
        self._sort_out(changes)
        answered = {one.version for one in changes.changed}
        answered |= {refusal.version.version for refusal in changes.refused}
        for one in versions:
            if one.version not in answered:
                self.found.append(Found(one, "reported", "observe mode changes nothing"))

    def _sort_out(self, changes: StatusChanges) -> None:
        for version in changes.changed:
            self.found.append(Found(version, "archived", "the policy calls the package internal"))
        for refusal in changes.refused:
            self.found.append(
                Found(refusal.version, "refused", refusal.message or refusal.code, refusal.code)
            )

    def _tell(self) -> None:
        archived = [one.version.version for one in self.found if one.outcome == "archived"]
        for start in range(0, len(archived), VERSIONS_PER_LINE):
            some = archived[start : start + VERSIONS_PER_LINE]
            self._log().info("archived", versions=some, rule=self.rule.name)
        refused = [one for one in self.found if one.outcome == "refused"]
        for one in refused:
            self._log().warning(
                "refused",
                version=one.version.version,
                status=one.version.status,
                code=one.code,
                reason=one.reason,
                rule=self.rule.name,
            )
        count("ExternalVersionsArchived", len(archived))
        count("ExternalVersionsRefused", len(refused))
        count("ExternalVersionsReported", len(self.found) - len(archived) - len(refused))
        to_tell = self.found
        if not self.repeated and any(one.overtaken for one in refused):
            self.again = "a version was changed while it was looked at"
            to_tell = [one for one in self.found if not one.overtaken]
        told = tell_archived(self.package, self.found, self.rule, self.to, at=self.now)
        if not told and not self.repeated:
            self.again = self.again or "nobody could be told of what was archived"
        tell_left(self.package, to_tell, self.rule, self.to)

    def _log_external(self, external: decide.External) -> None:
        for then, versions in (("archive", external.archive), ("report", external.report)):
            for version in versions:
                self._log().warning(
                    "external version",
                    version=version.version,
                    status=version.status,
                    external_connection=version.origin.external_connection,
                    then=then,
                    reason="the policy calls the package internal",
                    rule=self.rule.name,
                )
        for kept in external.kept:
            self._keep(kept)
        count("ExternalVersionsFound", len(external.archive) + len(external.report))
        count("ExternalVersionsKept", len(external.kept))

    # Exemptions and lines of the log

    def _all_exemptions(self) -> list[Exemption]:
        if self._exemptions is None:
            self._exemptions = self.to.ledger.exemptions(self.package)
        return self._exemptions

    def _keep(self, kept: Kept) -> None:
        self.kept.append(kept)
        about = {"version": kept.version.version} if kept.version else {}
        # Who wants it so stands in the ledger: with single sign-on it is an address of a person.
        self._log().info(
            "kept",
            until=kept.exemption.until.isoformat(),
            why=kept.exemption.why,
            rule=self.rule.name,
            **about,
        )

    def _log_nothing_to_do(self, reason: str) -> None:
        self._log().info("nothing to do", reason=reason, rule=self.rule.name)

    def _log(self) -> PackageLog:
        return PackageLog(self.package)
