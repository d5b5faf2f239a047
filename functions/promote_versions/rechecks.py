"""Which packages are checked again each day: those of the records and those of the destinations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from promote_versions.settled import refused_by_others
from steward.coordinates import Repository
from steward.errors import CodeArtifactError, PackageNotFoundError
from steward.observability import count, logger

if TYPE_CHECKING:
    from promote_versions.collaborators import Collaborators
    from promote_versions.records import Record, State
    from steward.coordinates import Package
    from steward.policy import Policy

# What was copied once may be in the destination whatever became of it since.
_STATES: Final[tuple[State, ...]] = ("copied", "recalled", "approved", "held", "refused")
_DESTINATION: Final = "destination"


def recheck_all(
    after: str | None, to: Collaborators, *, account: str, time_left: Callable[[], bool]
) -> None:
    """
    Have every package checked again of which some version was promoted or may have slipped in.

    One query of the index for each MB of records, one ListPackages for 1,000 packages of each
    destination of the policy, one message for each package. When *time_left* says no, a message has
    the rest done; a package that both parts come to is checked twice then.

    Packages that were refused for a way around the gates, or for a dependency, are looked at, and
    so are those that another version of their rule has held or refused: all that changes without
    an event.

    Args:
        after: Where an earlier call has got to, as it has written it; ``None``: the beginning.
        account: That of the domain.

    Raises:
        RecordsError: The index cannot be read.
        QueueError: A message was not accepted.
        CodeArtifactError: A destination cannot be listed; what the others hold has been asked for.
    """
    name, _, place = (after or _STATES[0]).partition(" ")
    run = _Run(to, time_left)
    if name != _DESTINATION and not run.records(name, place or None):
        return
    if not run.destinations(account, place if name == _DESTINATION else ""):
        return
    logger().info("recheck", extra={"packages": len(run.checked)})
    count("PackagesToRecheck", len(run.checked))


@dataclass
class _Run:
    """One run of the check, and what it has asked for so far."""

    to: Collaborators
    time_left: Callable[[], bool]
    checked: set[Package] = field(default_factory=set)
    looked_at: set[Package] = field(default_factory=set)

    def records(self, name: str, token: str | None) -> bool:
        """Ask for what the records know, from a state and a page on; return whether it is all."""
        for state in _STATES[_place(name) :]:
            following = token if state == name else None
            while True:
                page = self.to.records.page_in_state(state, following)
                self._check(one.package for one in page.records if one.copied_at is not None)
                waiting = dict.fromkeys(
                    one.package
                    for one in page.records
                    if one.package not in self.looked_at and _may_have_ended(one, self.to.policy)
                )
                self.looked_at |= waiting.keys()
                self.to.own_queue.look(*waiting)
                following = page.next
                if following is None:
                    break
                if not self.time_left():
                    self._go_on(f"{state} {following}", state)
                    return False
        return True

    def destinations(self, account: str, place: str) -> bool:
        """
        Ask for what the destinations hold; return whether it is all.

        A later run passes over the pages that an earlier one has seen: what moves to one of them
        meanwhile is found the next day.

        Args:
            place: The number of pages to pass over and the repository that they are of.
        """
        said, _, begun = place.partition(" ")
        names = list(dict.fromkeys(rule.to for rule in self.to.policy.promotions))
        failure: CodeArtifactError | None = None
        for name in names[names.index(begun) if begun in names else 0 :]:
            passed = int(said) if name == begun and said.isdecimal() else 0
            repository = Repository(self.to.policy.domain, account, name)
            try:
                for number, page in enumerate(self.to.codeartifact.packages(repository)):
                    if number < passed:
                        continue
                    self._check(self._in_sources(package for package, _ in page))
                    if not self.time_left():
                        self._go_on(f"{_DESTINATION} {number + 1} {name}", name)
                        return False
            except CodeArtifactError as error:
                logger().warning("not listed", extra={"to": name, "reason": str(error)})
                if not isinstance(error, PackageNotFoundError):  # one day it may exist
                    failure = failure or error
        if failure is not None:
            raise failure
        return True

    def _in_sources(self, held: Iterator[Package]) -> Iterator[Package]:
        for package in held:
            yield from sources_of(package, self.to.policy)[:1]

    def _check(self, packages: Iterator[Package]) -> None:
        new = dict.fromkeys(one for one in packages if one not in self.checked)
        self.checked |= new.keys()
        self.to.own_queue.recheck(*new)

    def _go_on(self, after: str, where: str) -> None:
        self.to.own_queue.continue_recheck(after)
        logger().info("recheck continues", extra={"state": where})


def sources_of(there: Package, policy: Policy) -> list[Package]:
    """Return the package *there*, in a destination, as each of the sources of its rules has it."""
    place = there.repository
    found: dict[Package, None] = {}
    for rule in policy.promotions:
        source = Repository(place.domain, place.domain_owner, rule.source)
        package = replace(there, repository=source)
        if rule.to == place.name and rule.applies_to(package):
            found[package] = None
    return list(found)


def _may_have_ended(record: Record, policy: Policy) -> bool:
    """Return whether what keeps a version out may be gone without anybody having said so."""
    if record.state not in ("held", "refused"):
        return False
    rule = policy.promotion_rule(record.rule)
    # A record without requirements waits for a version or a rule that is gone (`package.release`).
    judged_otherwise = rule is not None and record.requirements not in ("", rule.digest)
    return judged_otherwise or (record.state == "refused" and refused_by_others(record))


def _place(name: str) -> int:
    return next((at for at, state in enumerate(_STATES) if state == name), 0)
