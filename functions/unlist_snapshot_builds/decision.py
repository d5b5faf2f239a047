"""The decision: which builds of a package a newer build has replaced. Values only, no effects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from steward.coordinates import Format, PackageVersion, Status
from steward.ledger_entries import Exemption
from steward.policy import SnapshotRule
from steward.versions import Build, build_of

# Builds that people see or that somebody may still be uploading. The others need no decision.
_UNDECIDED: Final[frozenset[Status]] = frozenset({"Published", "Unfinished"})
# A Maven client leaves its complete builds Unlisted ("Maven snapshots", User Guide). In the other
# formats nothing is unlisted unless somebody wanted it gone, so it replaces nothing.
_COMPLETE: Final[frozenset[Status]] = frozenset({"Published", "Unlisted"})
_COMPLETE_PRERELEASE: Final[frozenset[Status]] = frozenset({"Published"})

_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stale:
    """A build to unlist."""

    version: PackageVersion
    replaced_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An unfinished build that becomes stale if it still is unfinished at the time *until*."""

    version: PackageVersion
    replaced_by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A build that stays as it is."""

    version: PackageVersion
    reason: str


@dataclass(frozen=True, slots=True)
class Exempt:
    """A stale build that stays as it is, because a person wants it so until a certain time."""

    version: PackageVersion
    exemption: Exemption


@dataclass(frozen=True, slots=True)
class Decision:
    """
    The answer for each ``Published`` or ``Unfinished`` build of a package, oldest first.

    Builds in another status, ``X-SNAPSHOT`` and releases appear nowhere in it.
    """

    stale: tuple[Stale, ...]
    waiting: tuple[Waiting, ...]
    kept: tuple[Kept, ...]
    exempt: tuple[Exempt, ...] = ()

    @property
    def next_look(self) -> datetime | None:
        """When the first of the waiting builds becomes stale."""
        return min((waiting.until for waiting in self.waiting), default=None)


def stale_builds(
    versions: Iterable[PackageVersion],
    *,
    package_format: Format,
    rule: SnapshotRule,
    now: datetime,
) -> Decision:
    """
    Return which builds of one package are stale, wait, or are kept, and why.

    A build (``1.4-20260301.101500-7``) is stale if

    - it is ``Published`` or ``Unfinished``, and
    - the package holds a newer *complete* build of the same series (``1.4``): one that is
      ``Published`` or ``Unlisted``, in formats other than Maven one that is ``Published``, and
    - if it is ``Unfinished``, ``rule.unfinished_grace`` has passed since the time in its name:
      until then somebody may still be uploading it, and it waits.

    So the newest build of a series is never stale, nor is ``1.4-SNAPSHOT`` or a release. Builds
    that are ``Unfinished``, ``Archived`` or ``Disposed`` make no other build stale, and one that
    came through an external connection makes none stale that did not: whoever publishes
    ``1.4.0-dev.999`` outside, under our name, hides nothing of ours.

    Maven clients leave no stale build behind: CodeArtifact unlists a build when its metadata
    arrives. Generic HTTP clients, migrations, copies and interrupted deployments do; "Publish Maven
    snapshots with curl" (User Guide) leaves this step to the publisher. This rule is that step.

    Args:
        versions: Every version of one package, in any order.
        package_format: The package's format, which says what a build is and which is newer.
        rule: The policy's rule for the package.
        now: The time, aware.
    """
    builds = _builds(versions, package_format)
    complete = _COMPLETE if package_format == "maven" else _COMPLETE_PRERELEASE
    newest = _newest_complete(builds, complete)
    newest_not_from_outside = _newest_complete(
        (one for one in builds if not _from_outside(one[1])), complete
    )
    stale: list[Stale] = []
    waiting: list[Waiting] = []
    kept: list[Kept] = []
    for build, version in builds:
        if version.status not in _UNDECIDED:
            continue
        replacements = newest if _from_outside(version) else newest_not_from_outside
        replacement = replacements.get(build.series)
        if replacement is None or replacement[0].position <= build.position:
            kept.append(Kept(version, "no newer complete build"))
            continue
        newer = replacement[1].version
        if version.status == "Published":
            stale.append(Stale(version, newer, "a newer complete build exists"))
        elif build.made_at is None:
            # Only Maven and generic packages can be Unfinished ("Package version status", User
            # Guide). Without a time in the name, nobody can say that the upload has ended.
            kept.append(Kept(version, "unfinished, and its name has no time"))
        elif now - build.made_at >= rule.unfinished_grace:
            stale.append(Stale(version, newer, "unfinished, and its grace period is over"))
        else:
            # A name can hold a time just before the end of all times.
            grace = min(rule.unfinished_grace, _LATEST - build.made_at)
            waiting.append(Waiting(version, newer, build.made_at + grace))
    return Decision(tuple(stale), tuple(waiting), tuple(kept))


def spared(decision: Decision, exemptions: Iterable[Exemption], *, now: datetime) -> Decision:
    """
    Return *decision* with the stale builds that are exempt kept, under the exemption that lasts.

    Args:
        decision: The decision about a package.
        exemptions: Those of the package, expired ones among them.
        now: The time, aware.
    """
    in_force: dict[str, Exemption] = {}
    for one in sorted(exemptions, key=lambda one: one.until):
        if one.version is not None and one.in_force(now):
            in_force[one.version] = one
    return replace(
        decision,
        stale=tuple(one for one in decision.stale if one.version.version not in in_force),
        exempt=tuple(
            Exempt(one.version, in_force[one.version.version])
            for one in decision.stale
            if one.version.version in in_force
        ),
    )


def _builds(
    versions: Iterable[PackageVersion], package_format: Format
) -> list[tuple[Build, PackageVersion]]:
    """Return the builds among *versions*, series by series, oldest first."""
    builds = [
        (build, version)
        for version in versions
        if (build := build_of(package_format, version.version)) is not None
    ]
    # The version itself comes last: two names of one position have no order, but logs like one.
    return sorted(builds, key=lambda one: (one[0].series, one[0].position, one[1].version))


def _from_outside(version: PackageVersion) -> bool:
    return version.origin.type == "EXTERNAL"


def _newest_complete(
    builds: Iterable[tuple[Build, PackageVersion]], complete: frozenset[Status]
) -> dict[str, tuple[Build, PackageVersion]]:
    """Return the last complete build of each series of *builds*, which come oldest first."""
    return {
        build.series: (build, version) for build, version in builds if version.status in complete
    }
