"""Packages to look at, some of one repository at a time, as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from steward.coordinates import Format, Package, Repository, Restriction, Restrictions
from sweep_repositories import keys
from sweep_repositories.members import Document, member
from sweep_repositories.objects import Objects, ObjectsError
from sweep_repositories.runs import Run

# Our choice: two seconds of work for the share of one worker, so that what comes with each batch (a
# function that is called, three files) weighs little, and a batch that fails for good is small.
PACKAGES_PER_BATCH: Final = 100

_Row = tuple[Format, str | None, str, Restriction, Restriction]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some packages of one repository, with the restrictions that the list showed."""

    repository: Repository
    packages: Sequence[tuple[Package, Restrictions]]


def write(run: str, number: int, batch: Batch, objects: Objects) -> None:
    """*batch* is the one of that number from now on: 1 PutObject."""
    rows = [
        (package.format, package.namespace, package.name, pair.publish, pair.upstream)
        for package, pair in batch.packages
    ]
    document = {"repository": batch.repository.name, "packages": rows}
    objects.write(keys.batch(run, number), json.dumps(document, separators=(",", ":")))


def read(run: Run, number: int, objects: Objects) -> Batch:
    """
    Return the batch of that number: 1 GetObject.

    Raises:
        ObjectsError: There is none.
    """
    key = keys.batch(run.name, number)
    text = objects.read(key)
    if text is None:
        raise ObjectsError("GetObject", "NoSuchKey", key)
    said = cast("Document", json.loads(text))
    repository = run.repository(member(said, "repository", str))
    rows = cast("list[_Row]", member(said, "packages", list))
    return Batch(
        repository,
        [
            (Package(repository, kind, namespace, name), Restrictions(publish, upstream))
            for kind, namespace, name, publish, upstream in rows
        ],
    )
