"""The second step of a sweep: which packages of which repositories need a look, in batches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from steward.coordinates import Package, Restrictions
from steward.errors import PackageNotFoundError
from steward.observability import logger
from sweep_repositories import batches, keys, runs
from sweep_repositories.batches import PACKAGES_PER_BATCH, Batch
from sweep_repositories.collaborators import Planning
from sweep_repositories.members import Document, mapping_of_counts, member, text_or_none
from sweep_repositories.runs import Run


@dataclass(frozen=True, slots=True)
class Cursor:
    """
    How far a domain is listed.

    Attributes:
        repository: Which repository of the run is the next one to list a page of.
        following: What leads to this page; ``None``: it is the first one.
        batches: How many batches are written.
        packages: How many packages were listed.
        calls: The calls to CodeArtifact so far, by operation.
    """

    repository: int = 0
    following: str | None = None
    batches: int = 0
    packages: int = 0
    calls: Mapping[str, int] | None = None

    def to_document(self) -> Document:
        """Return what the state of the execution holds."""
        return {
            "repository": self.repository,
            "following": self.following,
            "batches": self.batches,
            "packages": self.packages,
            "calls": dict(self.calls or {}),
        }


def cursor_in(said: Document) -> Cursor:
    """
    Return the cursor that the object *said* holds.

    Raises:
        ValueError: It is none.
    """
    return Cursor(
        member(said, "repository", int),
        text_or_none(said, "following"),
        member(said, "batches", int),
        member(said, "packages", int),
        mapping_of_counts(said, "calls"),
    )


def list_packages(
    event: Document, to: Planning, *, time_left: Callable[[], bool]
) -> Mapping[str, object]:
    """
    Write the packages that need a look into batches, as long as there is time.

    - A batch holds packages of one repository.
    - A repository that does not exist any more has no packages.
    - A step that is tried again begins at the same page, and writes the same batches again.

    At least one page is listed.
    """
    run = runs.read(member(event, "run", str), to.objects)
    cursor = cursor_in(cast("Document", member(event, "cursor", dict)))
    before = to.calls_made()
    while cursor.repository < len(run.repositories):
        cursor = _repository(run, cursor, to, time_left)
        if not time_left():
            break
    cursor = replace(cursor, calls=added(cursor.calls or {}, before, to.calls_made()))
    listed = cursor.repository >= len(run.repositories)
    if listed:
        _finish(run, cursor, to)
    return {
        "run": run.name,
        "listed": listed,
        "batches": cursor.batches,
        "cursor": cursor.to_document(),
    }


def _repository(run: Run, cursor: Cursor, to: Planning, time_left: Callable[[], bool]) -> Cursor:
    """Return *cursor* after the rest of its repository, or as much of it as there was time for."""
    repository = run.repository(run.repositories[cursor.repository])
    number, seen, following = cursor.batches, cursor.packages, cursor.following
    waiting: list[tuple[Package, Restrictions]] = []
    while True:
        try:
            page = to.lists.packages(repository, following)
        except PackageNotFoundError:
            logger().info("repository is gone", extra={"repository": repository.name})
            following = None
        else:
            seen += len(page.packages)
            waiting += (one for one in page.packages if to.needs_a_look(*one))
            following = page.following
        over = following is None or not time_left()
        while len(waiting) >= PACKAGES_PER_BATCH or (over and waiting):
            number += 1
            batch = Batch(repository, waiting[:PACKAGES_PER_BATCH])
            batches.write(run.name, number, batch, to.objects)
            del waiting[:PACKAGES_PER_BATCH]
        if over:
            done = following is None
            return replace(
                cursor,
                repository=cursor.repository + 1 if done else cursor.repository,
                following=following,
                batches=number,
                packages=seen,
            )


def _finish(run: Run, cursor: Cursor, to: Planning) -> None:
    listed = {"packages": cursor.packages, "calls": dict(cursor.calls or {})}
    to.objects.write(keys.listed(run.name), json.dumps(listed))
    items = [
        {"run": run.name, "batch": number, "next": 0} for number in range(1, cursor.batches + 1)
    ]
    to.objects.write(keys.manifest(run.name), json.dumps(items))
    logger().info(
        "listed",
        extra={"run": run.name, "packages": cursor.packages, "batches": cursor.batches},
    )


def added(
    sums: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]
) -> dict[str, int]:
    """Return *sums* with what was counted between *before* and *after*."""
    total = Counter(sums)
    total.update(after)
    total.subtract(before)
    return dict(sorted((+total).items()))
