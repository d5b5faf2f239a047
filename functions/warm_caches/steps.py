"""What is done for one package: look, ask for what is missing, look again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from steward.codeartifact import PAGE
from steward.coordinates import Package
from steward.errors import EndpointClosedError, EndpointError, PackageNotFoundError, StewardError
from steward.version_ranges import RangeError
from warm_caches.archiving import archive
from warm_caches.decision import Look, compared, missing, not_listed
from warm_caches.doubts import Doubt, Doubts
from warm_caches.explaining import why_blocked
from warm_caches.newest import newest_wanted
from warm_caches.values import Outcome, State, Wanted, WantedVersion

if TYPE_CHECKING:
    from steward.coordinates import Format, PackageVersion
    from warm_caches.connections import Connection
    from warm_caches.engine import Engine, How
    from warm_caches.fetches import Available, Fetch, Needed
    from warm_caches.fetching import Fetching
    from warm_caches.presence import Presence
    from warm_caches.progress import Progress

_FIRST_LOOK: Final[Mapping[int, Look]] = {1: "first", 2: "again", 3: "last"}


@dataclass(frozen=True, slots=True)
class AskedFor:
    """
    A version that the endpoint was asked for.

    Attributes:
        size: Bytes that were read.
        mismatch: Why its hashes are not those of the lock files; empty: they are.
    """

    wanted: WantedVersion
    size: int = 0
    note: str = ""
    mismatch: str = ""


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """The versions of a package that have to be looked for once they were asked for."""

    package: Package
    asked: tuple[AskedFor, ...]


def to_confirm(waiting: Wanted) -> ToConfirm:
    """Return *waiting* as what was asked for, nothing more being known of it."""
    return ToConfirm(waiting.package, tuple(AskedFor(one) for one in waiting.versions))


@dataclass(frozen=True, slots=True)
class Steps:
    """
    The steps of one package; the threads of all formats share what is in here.

    Attributes:
        presence: ``None``: nothing is known of what the repository does not hold.
        connections: Of each format.
        doubts: What was not found, to be settled once nothing more is asked for.
        also: Called with further packages that have to be warm: parents and BOMs.
    """

    to: Engine
    how: How
    progress: Progress
    presence: Presence | None
    connections: Mapping[Format, Connection]
    doubts: Doubts
    time_left: Callable[[], bool]
    also: Callable[[Package, Sequence[Needed]], None]

    def begin(self, wanted: Wanted) -> ToConfirm | None:
        """
        Look what the repository holds of *wanted*, and ask for what is missing.

        Returns:
            What to look for later.
        """
        package = wanted.package
        if not self.time_left():
            self.progress.leave(wanted)
            return None
        try:
            held = self._held(package)
        except StewardError as error:
            self._put_off(wanted, str(error))
            return None
        look = _FIRST_LOOK[self.how.attempt]
        versions = (*wanted.versions, *self._newest(wanted, held))
        found = missing(package, versions, held, look=look, verify=self.how.verify)
        self.progress.settle(found.outcomes)
        if self.how.repeated and package.format == "maven":
            for version in found.served:
                self._follow(package, WantedVersion(version))
        to_fetch = [*found.to_fetch]
        for one in found.to_compare:
            compared_with = self._compare(package, one, found.served[one.version], look)
            if isinstance(compared_with, WantedVersion):
                to_fetch.append(compared_with)
            elif compared_with is not None:
                self.progress.settle([compared_with])
        asked = [got for one in to_fetch if (got := self._ask_for(package, one)) is not None]
        return ToConfirm(package, tuple(asked)) if asked else None

    def confirm(self, later: ToConfirm) -> None:
        """Look whether the repository holds by now what it was asked for."""
        package, asked = later.package, {one.wanted.version: one for one in later.asked}
        if self._has_arrived(later):
            for version, arrived in asked.items():
                self._conclude(arrived, Outcome(package, version, "fetched"), None)
            return
        reason = ""
        held: Sequence[PackageVersion] = ()
        if self.time_left():
            try:
                held = self._listed(package)
            except StewardError as error:
                reason = str(error)
        found = missing(package, [one.wanted for one in later.asked], held, look="confirming")
        outcomes = [*found.outcomes]
        for one in found.to_compare:
            result = self._compare(package, one, found.served[one.version], "confirming")
            if isinstance(result, Outcome):
                outcomes.append(result)
        for outcome in outcomes:
            if outcome.version is not None:
                self._conclude(
                    asked[outcome.version],
                    replace(outcome, reason=reason or outcome.reason),
                    found.served.get(outcome.version),
                )

    def _has_arrived(self, later: ToConfirm) -> bool:
        """Return whether the list of packages alone tells that all of *later* is there."""
        if self.presence is None or not self.time_left():
            return False
        if any(one.mismatch or one.wanted.files for one in later.asked):
            return False  # which has to be seen in the list of versions, or of assets
        return self.presence.has_arrived(later.package) is True

    def _conclude(self, asked: AskedFor, outcome: Outcome, row: PackageVersion | None) -> None:
        """Settle what was asked for, now that it has been looked for."""
        package, notes = outcome.package, [asked.note]
        is_listed = outcome.state != "waiting"
        if asked.mismatch:
            outcome = replace(outcome, state="mismatch", reason=asked.mismatch)
            if row is not None:
                notes.append(self._archive(package, row))
            # It cannot be archived before it is listed.
            is_listed |= not self.how.archive_mismatches
        if not is_listed:
            self.progress.wait_for(package, asked.wanted)
        note = "; ".join(one for one in notes if one)
        self.progress.settle([replace(outcome, size=asked.size, note=note)])

    def _held(self, package: Package) -> Sequence[PackageVersion]:
        if self.presence is not None and self.presence.certainly_missing(package):
            return ()
        held: Sequence[PackageVersion] | None = None
        try:
            held = self._listed(package)
        finally:
            if self.presence is not None:
                self.presence.learn(package, held)
        self.doubts.saw(package, held)
        return held

    def _listed(self, package: Package) -> Sequence[PackageVersion]:
        """Return the versions of *package*; none if there is no such package."""
        self.to.lists()
        try:
            held = self.to.codeartifact.versions(package)
        except PackageNotFoundError:
            held = []
        self.progress.listed(max(1, -(-len(held) // PAGE)))
        return held

    def _newest(self, wanted: Wanted, held: Sequence[PackageVersion]) -> Sequence[WantedVersion]:
        """Return the newest versions that are wanted, besides those that are wanted by name."""
        package = wanted.package
        if not wanted.newest or (wanted.keep_up and not held):
            return ()
        if self.to.fetching is None:
            reason = f"its newest {wanted.newest}: only the endpoint knows which these are"
            self.progress.settle([Outcome(package, None, "would fetch", reason)])
            return ()
        rule = replace(wanted, versions=())
        available = self._available(self.to.fetching, rule)
        if available is None:
            return ()
        self.doubts.listed(package, available, held)
        if not available.versions:
            self._doubt(rule, self._not_found(package, None, "it has no versions"))
        try:
            versions = newest_wanted(
                wanted, available.versions, withdrawn=available.withdrawn, held=held
            )
        except RangeError as error:
            self.progress.settle([Outcome(package, None, "failed", str(error))])
            return ()
        named = {one.version for one in wanted.versions}
        return [WantedVersion(one) for one in versions if one not in named]

    def _available(self, fetching: Fetching, wanted: Wanted) -> Available | None:
        """Return which versions there are; ``None``: nobody says, and *wanted* is left."""
        connection = self.connections[wanted.package.format]
        if not self._may_ask(connection):
            self._leave_unasked(wanted, connection)
            return None
        answered: bool | None = None
        try:
            available = fetching.available(wanted.package)
            answered = True
        except StewardError as error:
            if isinstance(error, EndpointError) and not isinstance(error, EndpointClosedError):
                answered = False
            self._put_off(wanted, str(error))
            return None
        finally:
            connection.give_back(answered=answered, counts=False)
            self.progress.requested(1)
        return available

    def _ask_for(self, package: Package, wanted: WantedVersion) -> AskedFor | None:
        """Ask the endpoint for a version; return what has to be looked for, if anything."""
        if self.to.fetching is None:
            self.progress.settle([Outcome(package, wanted.version, "would fetch")])
            return None
        connection = self.connections[package.format]
        if not self._may_ask(connection):
            self._leave_unasked(Wanted(package, (wanted,)), connection)
            return None
        digest = self.how.verify and bool(wanted.hashes)
        if self.presence is not None:
            self.presence.ask(package)
        answered: bool | None = None
        try:
            got = self.to.fetching.fetch(
                package, wanted, whole=digest or self.how.attempt > 1, digest=digest
            )
            if got.state not in ("refused", "no time", "closed"):
                answered = got.state != "no answer"
        finally:
            connection.give_back(answered=answered)
        self.progress.requested(got.requests, got.size)
        note = "" if got.withdrawn is None else f"withdrawn: {got.withdrawn or 'no reason given'}"
        if got.state == "asked":
            self.doubts.live(package.format)
            self.also(package, got.needs)
            note = "; ".join(one for one in (note, got.reason) if one)
            return AskedFor(wanted, got.size, note, self._mismatch(package, wanted, got))
        if got.state == "no time":
            self.progress.leave(Wanted(package, (wanted,)))
            return None
        if got.state in ("no answer", "closed"):
            self._put_off(Wanted(package, (wanted,)), got.reason, version=wanted.version)
            return None
        outcome = Outcome(package, wanted.version, "failed", got.reason)
        if got.state == "not found":
            outcome = self._not_found(package, wanted.version, got.reason)
        self._doubt(Wanted(package, (wanted,)), replace(outcome, size=got.size, note=note))
        return None

    def _follow(self, package: Package, there: WantedVersion) -> None:
        """Want what a Maven version needs that is *there*, if there is time to ask for its POM."""
        connection = self.connections[package.format]
        if self.to.fetching is None or not self._may_ask(connection):
            return
        answered: bool | None = None
        try:
            got = self.to.fetching.fetch(package, there, whole=False, digest=False)
            if got.state == "asked":
                answered = True
        finally:
            # It may come from what the repository holds, which tells of nobody else.
            connection.give_back(answered=answered, counts=False)
        self.progress.requested(got.requests, got.size)
        self.also(package, got.needs)

    def _doubt(self, wanted: Wanted, outcome: Outcome) -> None:
        """Settle *outcome* now or, if it is that *wanted* is not found, at the end."""
        if outcome.state == "not found":
            self.doubts.add(Doubt(wanted, outcome))
        else:
            self.progress.settle([outcome])

    def _mismatch(self, package: Package, wanted: WantedVersion, got: Fetch) -> str:
        files = {one.name: one.hashes for one in got.files if one.hashes}
        verify = self.how.verify
        return compared(package, wanted, files, verify=verify, downloaded=True).mismatch

    def _compare(
        self, package: Package, wanted: WantedVersion, row: PackageVersion, look: Look
    ) -> Outcome | WantedVersion | None:
        """
        Compare the assets of a version that is served with what is wanted of it.

        Returns:
            What became of it; or what has to be fetched, if files are missing; or ``None``: it has
            to be tried again.
        """
        if look != "confirming" and not self.time_left():
            self.progress.leave(Wanted(package, (wanted,)))
            return None
        self.to.lists()
        self.progress.listed()
        try:
            assets = self.to.contents.assets(package, row.version).assets
        except StewardError as error:
            if look == "confirming":
                return Outcome(package, wanted.version, "waiting", str(error))
            self._put_off(Wanted(package, (wanted,)), str(error), version=wanted.version)
            return None
        found = compared(
            package,
            wanted,
            {name: one.hashes for name, one in assets.items()},
            verify=self.how.verify and look != "confirming",
        )
        if found.files and not found.mismatch and look in ("first", "again"):
            return replace(wanted, files=found.files)
        there: State = "warm" if look == "first" else "fetched"
        outcome = Outcome(package, wanted.version, there)
        if found.mismatch:
            note = self._archive(package, row)
            outcome = replace(outcome, state="mismatch", reason=found.mismatch, note=note)
        elif found.files:
            reason = f"without {', '.join(sorted(found.files))}"
            outcome = replace(outcome, state=not_listed(look), reason=reason)
        return outcome

    def _archive(self, package: Package, row: PackageVersion) -> str:
        if not self.how.archive_mismatches:
            return ""
        try:
            return archive(package, row, self.to, rule=self.how.rule)
        except StewardError as error:
            return f"not archived: {error}"

    def _not_found(self, package: Package, version: str | None, reason: str) -> Outcome:
        """Return what becomes of what the endpoint does not find: somebody may forbid it."""
        try:
            blocked = why_blocked(package, self.to.codeartifact, pace=self._described)
        except StewardError as error:
            return Outcome(
                package, version, "not found", f"{reason}; why, nobody can tell: {error}"
            )
        if blocked is not None:
            return Outcome(package, version, "blocked", blocked)
        return Outcome(package, version, "not found", reason)

    def _described(self) -> None:
        self.to.lists()
        self.progress.listed()

    def _may_ask(self, connection: Connection) -> bool:
        if not self.time_left() or not connection.take():
            return False
        if not self.time_left():  # it may have taken a while until somebody answered
            connection.give_back(answered=None)
            return False
        return True

    def _leave_unasked(self, wanted: Wanted, connection: Connection) -> None:
        """Leave *wanted*; that there is no time is no news of each version."""
        if not connection.suspended:
            self.progress.leave(wanted)
            return
        version = wanted.versions[0].version if wanted.versions else None
        reason = "not asked: the public repository gives no answer"
        self._put_off(wanted, reason, version=version)

    def _put_off(self, wanted: Wanted, reason: str, *, version: str | None = None) -> None:
        self.progress.leave(wanted)
        self.progress.settle([Outcome(wanted.package, version, "no answer", reason)])
