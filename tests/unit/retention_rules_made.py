"""Rules of retention as tests want them: what is not said is not asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from steward.patterns import parse
from steward.retention_rules import RetentionRule, Step, StepName

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)


def steps(*then: StepName | tuple[StepName, timedelta]) -> tuple[Step, ...]:
    """Return the steps of a rule: words, or words with their waiting time."""
    return tuple(Step(one) if isinstance(one, str) else Step(*one) for one in then)


def rule(
    *versions: str,
    then: tuple[Step, ...] = steps("delete"),
    **more: Any,  # noqa: ANN401  fields of the rule
) -> RetentionRule:
    """Return the rule ``retention[0]`` about these *versions* of every package."""
    fields: dict[str, Any] = {
        "name": "retention[0]",
        "packages": (parse("/*"),),
        "repositories": ("*",),
        "versions": versions or ("all",),
        "keep_newest": None,
        "keep_younger_than": None,
        "release_grace": None,
        "keep": (),
        "lockfiles": (),
        "keep_promoted": True,
        "unfinished_after": WEEK,
        "then": then,
    }
    return RetentionRule(**fields | more)


def build(base: str, number: int, made_at: datetime) -> str:
    """Return the name of a Maven snapshot build."""
    return f"{base}-{made_at:%Y%m%d.%H%M%S}-{number}"
