"""What a rule of the policy's `caches` wants of its repository, in batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from steward.coordinates import Package, Repository
from steward.errors import CodeArtifactError
from steward.lockfiles import LockfileError, read
from warm_caches.messages import MAX_BYTES, MAX_PACKAGES, compact
from warm_caches.objects import ObjectError
from warm_caches.values import Wanted, WantedVersion
from warm_caches.wanting import united, wanted_of

if TYPE_CHECKING:
    from steward.cache_rules import CachedPackage, CacheRule
    from steward.codeartifact import CodeArtifact
    from steward.lockfiles import Locked, PassedOver
    from warm_caches.objects import Objects

# Our choice: 200,000 packages. The ids of a run's batches have to fit into an item of its table,
# those of what is left of each in an outage, too.
MAX_BATCHES: Final = 4_000
_ROOM: Final = 2_000  # bytes of a message for what is not packages
# In a problem about an entry that no package repository has: builds get it from elsewhere.
PASSED_OVER: Final = "passed over"
_TOLD: Final = 20  # entries of a lock file that are reported one by one; our choice


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a rule wants.

    Attributes:
        batches: Each fits into a message.
        problems: What cannot be warmed, in words: the rest is.
        next_page: The page of ListPackages that the plan goes on with; ``None``: it is complete.
    """

    batches: tuple[tuple[Wanted, ...], ...]
    problems: tuple[str, ...] = ()
    next_page: int | None = None

    @property
    def packages(self) -> int:
        """How many packages there are, those that are wanted in two ways twice."""
        return sum(map(len, self.batches))


@dataclass(frozen=True, slots=True)
class Sources:
    """
    Where it stands what is wanted.

    Attributes:
        locked: Gives the lock files that the policy was compiled with, by name.
        lists: Called before each page of packages: the pace of these calls.
    """

    codeartifact: CodeArtifact
    objects: Objects
    locked: Callable[[], Mapping[str, tuple[Locked, ...]]]
    lists: Callable[[], None] = lambda: None


def plan(
    rule: CacheRule,
    repository: Repository,
    sources: Sources,
    *,
    page: int = 0,
    time_left: Callable[[], bool] = lambda: True,
) -> Plan:
    """
    Return what *rule* wants of *repository*, each package once.

    1 GetObject for each lock file on S3, and for ``keep_up_with`` 1 ListPackages for 1,000 packages
    of the repository. When *time_left* says no, the plan goes on with a page: earlier ones are
    passed over then, and what lock files want has been planned. A package of both parts is looked
    at twice in this case.

    Args:
        page: How many pages an earlier plan of the same run has seen; 0: there was none.

    Raises:
        PolicyError: The lock files of the policy cannot be read.
    """
    problems: list[str] = []
    wanted: list[Wanted] = [] if page else list(_named(rule, repository, sources, problems))
    following: int | None = None
    try:
        pages = _held(rule, repository, sources) if rule.keep_up_with else iter(())
        for number, held in enumerate(pages, 1):
            if number <= page:
                continue
            wanted += held
            if len(wanted) > MAX_BATCHES * MAX_PACKAGES:
                break
            if not time_left():
                following = number
                break
    except CodeArtifactError as error:
        problems.append(f"{repository.name} cannot be listed: {error}")
    batches = tuple(batches_of(united(wanted), with_hashes=rule.verify, problems=problems))
    if len(batches) > MAX_BATCHES:
        problems.append(
            f"too many packages for one run: what follows {MAX_BATCHES:,} batches is left out"
        )
        batches = batches[:MAX_BATCHES]
    return Plan(batches, tuple(problems), following)


def batches_of(
    wanted: Iterable[Wanted], *, with_hashes: bool, problems: list[str] | None = None
) -> Iterator[tuple[Wanted, ...]]:
    """
    Yield *wanted* in batches that fit into a message, those of one format together.

    Where one public repository does not answer, the batches of the others go on.

    Args:
        with_hashes: Messages say the hashes.
        problems: Gets a line for each version that is too large for a message, which is left out.
    """
    batch: list[Wanted] = []
    size = 0
    for one in sorted(wanted, key=lambda each: each.package.format):
        for piece in _pieces(one, with_hashes=with_hashes, problems=problems):
            needed = _size(piece, with_hashes=with_hashes)
            full = len(batch) == MAX_PACKAGES or size + needed > MAX_BYTES - _ROOM
            if batch and (full or batch[0].package.format != piece.package.format):
                yield tuple(batch)
                batch, size = [], 0
            batch.append(piece)
            size += needed
    if batch:
        yield tuple(batch)


def _pieces(wanted: Wanted, *, with_hashes: bool, problems: list[str] | None) -> Iterator[Wanted]:
    """Yield *wanted*, in parts if it does not fit into a message of its own."""
    if _size(wanted, with_hashes=with_hashes) <= MAX_BYTES - _ROOM:
        yield wanted
    elif len(wanted.versions) > 1:
        middle = len(wanted.versions) // 2
        first = replace(wanted, versions=wanted.versions[:middle])
        second = Wanted(wanted.package, wanted.versions[middle:])
        yield from _pieces(first, with_hashes=with_hashes, problems=problems)
        yield from _pieces(second, with_hashes=with_hashes, problems=problems)
    elif problems is not None:
        purl = wanted.package.purl(wanted.versions[0].version if wanted.versions else None)
        problems.append(f"{purl}: its hashes and files do not fit into a message")


def _size(wanted: Wanted, *, with_hashes: bool) -> int:
    said = compact(wanted, with_hashes=with_hashes)
    return len(json.dumps(said, separators=(",", ":"))) + 1


def _named(
    rule: CacheRule, repository: Repository, sources: Sources, problems: list[str]
) -> Iterator[Wanted]:
    """Yield what the lock files and the packages of *rule* want."""
    if rule.lockfiles:
        locked = sources.locked()
        for name in rule.lockfiles:
            if name not in locked:
                problems.append(f"{name}: the deployed policy does not have it: deploy it again")
            yield from wanted_of(locked.get(name, ()), repository)
    for url in rule.objects:
        yield from wanted_of(_locked_in(url, sources.objects, problems), repository)
    for package in rule.packages:
        yield _wanted(package, repository, rule)


def _wanted(package: CachedPackage, repository: Repository, rule: CacheRule) -> Wanted:
    there = Package(repository, package.format, package.namespace, package.name)
    if package.version is not None:
        return Wanted(there, (WantedVersion(package.version),))
    return Wanted(there, newest=package.newest, range=package.range, prereleases=rule.prereleases)


def _locked_in(url: str, objects: Objects, problems: list[str]) -> Sequence[Locked]:
    """Return what a lock file on S3 names, nothing if it is of no use."""
    try:
        found = read(url, objects.text(url))
    except ObjectError as error:
        problems.append(str(error))
        return ()
    except LockfileError as error:
        problems.append(f"{url}: {error}")
        return ()
    problems += [
        f"{url}:{'' if one.line is None else f' line {one.line}:'} {one.what} {one.reason}: the "
        "file is damaged there"
        for one in found.passed_over
        if one.cut
    ]
    problems += _passed_over(url, [one for one in found.passed_over if not one.cut])
    return found.entries


def _passed_over(url: str, passed_over: Sequence[PassedOver]) -> Iterator[str]:
    for one in passed_over[:_TOLD]:
        line = "" if one.line is None else f" line {one.line}:"
        yield f"{url}:{line} {one.what} is {PASSED_OVER}: it {one.reason}"
    if len(passed_over) > _TOLD:
        yield f"{url}: {len(passed_over) - _TOLD} more entries are {PASSED_OVER}"


def _held(rule: CacheRule, repository: Repository, sources: Sources) -> Iterator[list[Wanted]]:
    """Yield what the repository holds that *rule* keeps up with, a list for each page."""
    sources.lists()
    for rows in sources.codeartifact.packages(repository):
        yield [
            Wanted(package, newest=rule.newest, keep_up=True, prereleases=rule.prereleases)
            for package, _ in rows
            if any(pattern.matches(package.path) for pattern in rule.keep_up_with)
        ]
        sources.lists()
