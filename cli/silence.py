"""Stands in for what an automation talks to where a command only looks, or asks for nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steward.attention import Delivery
    from steward.coordinates import Package, PackageVersion, Restrictions
    from steward.ledger import Change, Exemption, ExemptionsAt, Mark, Marks
    from steward.notices import ChangedStatus, ExternalOutcome


class NoLedger:
    """A ledger in which nothing stands and nothing is kept."""

    def exemptions(self, package: "Package") -> list["Exemption"]:
        """There is none."""
        del package
        return []

    def exempt(self, exemption: "Exemption") -> None:
        """Keep nothing."""

    def end_exemption(self, package: "Package", version: str | None) -> bool:
        """There was none."""
        del package, version
        return False

    def all_exemptions(self) -> Iterator["Exemption"]:
        """There is none."""
        return iter(())

    def exemptions_at(self) -> "ExemptionsAt":
        """There is none, and that is known."""
        from steward.ledger import NO_EXEMPTIONS

        return NO_EXEMPTIONS

    def settle_exemptions(self) -> None:
        """There is nothing to find out."""

    def record(self, changes: Sequence["Change"], marks: Sequence["Mark"] = ()) -> None:
        """Keep nothing."""

    def mark(
        self,
        package: "Package",
        versions: Sequence["PackageVersion"],
        *,
        at: datetime,
        rule: str,
    ) -> None:
        """Keep nothing."""

    def marks(self, package: "Package") -> "Marks":
        """Nothing is remembered."""
        from steward.ledger import NO_MARKS

        del package
        return NO_MARKS

    def changes(self, package: "Package") -> list["Change"]:
        """There is none."""
        del package
        return []

    def told(self, package: "Package") -> frozenset[str]:
        """Nobody was told of anything."""
        del package
        return frozenset()

    def mark_told(self, package: "Package", keys: Sequence[str], *, until: datetime) -> None:
        """Keep nothing."""


class NoNotices:
    """A bus on which nothing is announced."""

    def versions_changed(
        self,
        package: "Package",
        versions: Sequence["PackageVersion"],
        *,
        status: "ChangedStatus",
        automation: str,
        rule: str,
    ) -> None:
        """Announce nothing."""

    def restrictions_changed(
        self,
        package: "Package",
        before: "Restrictions",
        after: "Restrictions",
        *,
        automation: str,
        rule: str,
    ) -> None:
        """Announce nothing."""

    def external_versions_found(
        self,
        package: "Package",
        versions: Sequence["PackageVersion"],
        *,
        outcome: "ExternalOutcome",
        automation: str,
        rule: str,
    ) -> None:
        """Announce nothing."""

    def mixed_origin_found(
        self, package: "Package", *, internal: int, external: int, automation: str, rule: str
    ) -> None:
        """Announce nothing."""


class NoAttention:
    """Nobody is told; what was found stays untold, so that the automation still tells it."""

    def tell(self, subject: str, text: str) -> "Delivery":
        """Deliver nothing."""
        del subject, text
        return "lost"


class NoSecondLook:
    """A queue that forgets: the deployment's own function hears of later versions by events."""

    def look_again(self, package: "Package", *, after: timedelta) -> None:
        """Ask for nothing."""
