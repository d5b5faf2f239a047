"""How far a sweep has come, read from its files, for whoever waits for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, cast

from sweep_repositories import keys
from sweep_repositories.objects import Objects

State = Literal["not begun", "listing", "gathering", "weighing", "applying", "summarizing", "over"]


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far a sweep has come.

    Attributes:
        batches: How many batches of packages there are; ``None``: they are not all listed yet.
        gathered: How many of them have been looked at.
        parts: How many parts of the plan are to be applied; ``None``: that is not known yet.
        applied: How many of these have been applied.
    """

    state: State
    batches: int | None = None
    gathered: int = 0
    parts: int | None = None
    applied: int = 0


def progress(objects: Objects, run: str) -> Progress:
    """
    Return how far *run* has come: at most 5 GetObject, and 1 ListObjectsV2 per 1,000 done batches.

    Batches that failed for good are never done: a sweep may be over with fewer.

    Raises:
        ObjectsError: The bucket cannot be read.
    """
    if objects.read(keys.described(run)) is None:
        return Progress("not begun")
    batches = _length(objects, keys.manifest(run))
    over = objects.read(keys.summary(run)) is not None
    if batches is None:
        return Progress("over" if over else "listing")
    gathered = sum(1 for _ in objects.keys(keys.gathered(run)))
    parts = _length(objects, keys.parts(run))
    if parts is None:
        state: State = "weighing" if gathered >= batches else "gathering"
        return Progress("over" if over else state, batches, gathered)
    applied = sum(1 for _ in objects.keys(keys.applied_part(run)))
    state = "summarizing" if applied >= parts else "applying"
    return Progress("over" if over else state, batches, gathered, parts, applied)


def _length(objects: Objects, key: str) -> int | None:
    text = objects.read(key)
    return None if text is None else len(cast("list[object]", json.loads(text)))
