"""Where an automation's messages go to in a test: what remembers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from steward.coordinates import Package, PackageVersion


@dataclass
class RecordingQueue:
    """The automation's own queue: what would be delivered after how long."""

    sent: list[tuple[Package, timedelta]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def look_again(self, package: Package, *, after: timedelta) -> None:
        """Remember it."""
        self.before()
        self.sent.append((package, after))


@dataclass
class UnlistedVersions:
    """The bus of unlist_snapshot_builds: which versions were announced, by rule snapshots[0]."""

    announced: list[str] = field(default_factory=list)

    def versions_changed(
        self,
        package: Package,
        versions: Iterable[PackageVersion],
        *,
        status: str,
        automation: str,
        rule: str,
    ) -> None:
        """Remember them."""
        assert (status, automation, rule) == ("Unlisted", "unlist_snapshot_builds", "snapshots[0]")
        assert package.repository.domain == "my-company"
        self.announced += [version.version for version in versions]
