"""
Announcements of what promotion has decided and done, as events for whoever subscribes to them.

They go to the default bus as those of :mod:`steward.notices` do. ``detail`` always holds the
coordinates in the repository that versions are copied from, ``packageUrl``, ``automation``,
``rule`` and ``toRepositoryName``, and

- ``Package Versions Promoted``: ``versions`` (each with ``version`` and ``revision``, the one in
  the destination);
- ``Package Version Held``: ``version``, ``revision``, ``reason`` and ``until`` (null if no time
  alone ends it);
- ``Package Version Refused``: ``version``, ``revision`` and ``reason``;
- ``Package Versions Recalled``: ``action`` (``reported``, ``unlisted``, ``archived`` or ``kept``)
  and ``versions`` (each with ``version`` and ``findings``);
- ``Promotion Bypass Found``: ``reason``, which says the path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from steward.coordinates import Package
from steward.notices import announce, chunks

VERSIONS_PROMOTED: Final = "Package Versions Promoted"
VERSION_HELD: Final = "Package Version Held"
VERSION_REFUSED: Final = "Package Version Refused"
VERSIONS_RECALLED: Final = "Package Versions Recalled"
BYPASS_FOUND: Final = "Promotion Bypass Found"

RecallAction = Literal["reported", "unlisted", "archived", "kept"]
_AUTOMATION: Final = "promote_versions"


@dataclass(frozen=True, slots=True)
class NotPromoted:
    """
    A version that was held or refused.

    Attributes:
        until: When a held one is looked at again; ``None``: no time alone ends it.
    """

    version: str
    revision: str
    reason: str
    until: datetime | None = None


class PromotionNotices(Protocol):
    """
    Where promotion announces what it has decided and done.

    A notice that cannot be delivered is logged with all it says, and nothing is raised: the record
    of the version says the same.
    """

    def versions_promoted(
        self, package: Package, revisions: Mapping[str, str], *, to: str, rule: str
    ) -> None:
        """Announce that *to* holds these versions now, each with its revision there."""

    def versions_held(
        self, package: Package, held: Sequence[NotPromoted], *, to: str, rule: str
    ) -> None:
        """Announce each of *held* in a notice of its own."""

    def versions_refused(
        self, package: Package, refused: Sequence[NotPromoted], *, to: str, rule: str
    ) -> None:
        """Announce each of *refused* in a notice of its own."""

    def versions_recalled(
        self,
        package: Package,
        findings: Mapping[str, Sequence[str]],
        *,
        action: RecallAction,
        to: str,
        rule: str,
    ) -> None:
        """
        Announce that promoted versions have turned bad, with what was found about each.

        Args:
            action: ``reported``: the rule leaves them in use; ``kept``: an exemption does, or
                CodeArtifact has refused the change.
        """

    def bypass_found(self, package: Package, reason: str, *, to: str, rule: str) -> None:
        """Announce that clients of *to* get versions of *package* without any gate."""


class BusPromotionNotices:
    """Announcements on the default event bus."""

    def versions_promoted(
        self, package: Package, revisions: Mapping[str, str], *, to: str, rule: str
    ) -> None:
        """See :class:`PromotionNotices`."""
        said = [{"version": one, "revision": revision} for one, revision in revisions.items()]
        _announce(
            VERSIONS_PROMOTED, package, [{"versions": some} for some in chunks(said)], to, rule
        )

    def versions_held(
        self, package: Package, held: Sequence[NotPromoted], *, to: str, rule: str
    ) -> None:
        """See :class:`PromotionNotices`."""
        details = [
            {
                "version": one.version,
                "revision": one.revision,
                "reason": one.reason,
                "until": None if one.until is None else one.until.isoformat(),
            }
            for one in held
        ]
        _announce(VERSION_HELD, package, details, to, rule)

    def versions_refused(
        self, package: Package, refused: Sequence[NotPromoted], *, to: str, rule: str
    ) -> None:
        """See :class:`PromotionNotices`."""
        details = [
            {"version": one.version, "revision": one.revision, "reason": one.reason}
            for one in refused
        ]
        _announce(VERSION_REFUSED, package, details, to, rule)

    def versions_recalled(
        self,
        package: Package,
        findings: Mapping[str, Sequence[str]],
        *,
        action: RecallAction,
        to: str,
        rule: str,
    ) -> None:
        """See :class:`PromotionNotices`."""
        said = [{"version": one, "findings": list(found)} for one, found in findings.items()]
        details = [{"action": action, "versions": some} for some in chunks(said)]
        _announce(VERSIONS_RECALLED, package, details, to, rule)

    def bypass_found(self, package: Package, reason: str, *, to: str, rule: str) -> None:
        """See :class:`PromotionNotices`."""
        _announce(BYPASS_FOUND, package, [{"reason": reason}], to, rule)


def _announce(
    kind: str, package: Package, details: Sequence[Mapping[str, object]], to: str, rule: str
) -> None:
    destined = [{"toRepositoryName": to, **detail} for detail in details]
    announce(kind, package, destined, _AUTOMATION, rule)
