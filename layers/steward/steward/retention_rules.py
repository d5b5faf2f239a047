"""The `retention` and `limits` of a policy at run time: which versions go, when, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal, TypedDict, get_args

from steward import patterns
from steward.policy import Limits, ScopedRule
from steward.versions import build_of, is_release, is_snapshot, is_snapshot_alias

if TYPE_CHECKING:
    from steward.coordinates import Format

__all__ = [
    "KINDS",
    "STEPS",
    "CompiledLimits",
    "CompiledRetention",
    "CompiledStep",
    "Kind",
    "Limits",
    "RetentionRule",
    "Step",
    "StepName",
    "retention_rule",
]

StepName = Literal["unlist", "archive", "dispose", "delete"]
Kind = Literal["snapshot-builds", "prereleases", "releases", "all"]

STEPS: Final[tuple[StepName, ...]] = get_args(StepName)  # each lies further than those before it
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)  # what `versions` may say besides patterns


class CompiledStep(TypedDict):
    """A step of ``then`` as the policy compiler writes it."""

    name: StepName
    after_seconds: int


class CompiledRetention(TypedDict):
    """A rule of ``retention`` as the policy compiler writes it."""

    name: str
    packages: list[str]
    repositories: list[str]
    versions: list[str]
    keep_newest: int | None
    keep_younger_than_seconds: int | None
    release_grace_seconds: int | None
    keep: list[str]
    lockfiles: list[str]
    keep_promoted: bool
    unfinished_after_seconds: int
    then: list[CompiledStep]


class CompiledLimits(TypedDict):
    """The ``limits`` as the policy compiler writes them."""

    deletions_per_run: int


@dataclass(frozen=True, slots=True)
class Step:
    """
    A step on the way out of a repository.

    Attributes:
        after: How long the version has been in the status before it, at least; zero: at once.
    """

    name: StepName
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class RetentionRule(ScopedRule):
    """
    Which versions of some packages go from some repositories, and how.

    A version goes only if every key that would keep it agrees; ``release_grace`` and
    ``unfinished_after`` alone go before ``keep_newest`` and ``keep_younger_than``.

    Attributes:
        versions: Words of :data:`KINDS`, and shell patterns; :meth:`selects` reads them.
        keep_newest: So many stay of each package, and of each series of builds; ``None``: nobody
            asks.
        keep_younger_than: Younger ones stay; ``None``: nobody asks.
        release_grace: How long after the release of their base version its builds go; ``None``:
            the release changes nothing.
        keep: Shell patterns of versions that stay.
        lockfiles: Names of lock files, whose versions stay: keys of what
            :func:`steward.cache_rules.load_locked` returns.
        keep_promoted: Whether versions stay that stand in a repository that the policy promotes to.
        unfinished_after: How old an ``Unfinished`` version has to be to go, whichever it is.
        then: The steps, each of which lies further than the one before; at least one.
    """

    versions: tuple[str, ...]
    keep_newest: int | None
    keep_younger_than: timedelta | None
    release_grace: timedelta | None
    keep: tuple[str, ...]
    lockfiles: tuple[str, ...]
    keep_promoted: bool
    unfinished_after: timedelta
    then: tuple[Step, ...]

    def selects(self, package_format: Format, version: str) -> bool:
        """
        Return whether the rule speaks about *version*, by its ``versions``.

        - ``snapshot-builds``: what :func:`steward.versions.build_of` calls a build.
        - ``prereleases``: pre-releases of the format, numbered ones too, but no Maven snapshot.
        - ``releases``: what :func:`steward.versions.is_release` calls a release.
        - ``all``, or a pattern that matches it: also what is no version of its format.

        ``X-SNAPSHOT`` of Maven is never selected: it names the newest build, and goes only with all
        of them, once ``X`` has been released (:meth:`selects_alias`).
        """
        if is_snapshot_alias(package_format, version):
            return False
        return any(_means(text, package_format, version) for text in self.versions)

    def selects_alias(self, package_format: Format, version: str) -> bool:
        """
        Return whether *version* is an ``X-SNAPSHOT`` that goes once ``X`` has been released.

        That is so if the rule asks for releases and speaks of builds, or of it by a pattern.
        """
        if self.release_grace is None or not is_snapshot_alias(package_format, version):
            return False
        return any(
            text in {"snapshot-builds", "all"} or fnmatchcase(version, text)
            for text in self.versions
        )

    def keeps(self, version: str) -> bool:
        """Return whether a pattern of ``keep`` matches *version*."""
        return any(fnmatchcase(version, glob) for glob in self.keep)


def _means(text: str, package_format: Format, version: str) -> bool:
    match text:
        case "snapshot-builds":
            return build_of(package_format, version) is not None
        case "prereleases":
            released = is_release(package_format, version)
            return released is False and not is_snapshot(package_format, version)
        case "releases":
            return is_release(package_format, version) is True
        case "all":
            return True
        case _:
            return fnmatchcase(version, text)


def retention_rule(rule: CompiledRetention) -> RetentionRule:
    """Return the rule that the policy compiler wrote."""
    return RetentionRule(
        name=rule["name"],
        packages=tuple(patterns.parse(text) for text in rule["packages"]),
        repositories=tuple(rule["repositories"]),
        versions=tuple(rule["versions"]),
        keep_newest=rule["keep_newest"],
        keep_younger_than=_time(rule["keep_younger_than_seconds"]),
        release_grace=_time(rule["release_grace_seconds"]),
        keep=tuple(rule["keep"]),
        lockfiles=tuple(rule["lockfiles"]),
        keep_promoted=rule["keep_promoted"],
        unfinished_after=timedelta(seconds=rule["unfinished_after_seconds"]),
        then=tuple(
            Step(step["name"], timedelta(seconds=step["after_seconds"])) for step in rule["then"]
        ),
    )


def _time(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
