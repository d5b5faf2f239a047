"""What a person has to know of a sweep, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sweep_repositories.plan_lines import DELETIONS
from sweep_repositories.summary import Summary

NAMED: Final = 20  # packages in a message; our choice: the summary names more


def telling(summary: Summary, domain: str) -> Iterator[tuple[str, str]]:
    """Yield subject and text of each message that a person has to get about a sweep."""
    if summary.outcome == "stopped":
        yield _stopped(summary, domain)
    if summary.failed_packages or summary.problems:
        yield _failed(summary, domain)


def _stopped(summary: Summary, domain: str) -> tuple[str, str]:
    rules = [
        f"  {row.planned:>8}  {row.action:<8} {row.rule}"
        for row in summary.rows
        if row.action in DELETIONS
    ]
    text = [
        f"The sweep {summary.run} of the domain {domain} would have disposed of or deleted",
        f"{summary.deletions} versions; {summary.deletions_limit} are allowed in one run.",
        "It has changed nothing at all.",
        "",
        *rules,
        "",
        *_allowing(summary),
    ]
    subject = (
        f"Sweep of {domain} stopped: {summary.deletions} deletions planned, "
        f"{summary.deletions_limit} allowed"
    )
    return subject, "\n".join(text)


def _allowing(summary: Summary) -> tuple[str, ...]:
    return (
        "If that is right, let one sweep do it:",
        "",
        f"  steward sweep --allow-deletions {summary.deletions}",
        "",
        "If it is right every day, raise limits.deletions_per_run in the policy. If it is not,",
        "mend the rules: `steward plan` shows what each of them would do.",
    )


def _failed(summary: Summary, domain: str) -> tuple[str, str]:
    named = [f"  {one.package} in {one.repository}: {one.reason}" for one in summary.failed[:NAMED]]
    if summary.failed_packages > len(named):
        named.append(f"  ... and {summary.failed_packages - len(named)} more")
    text = [
        f"The sweep {summary.run} of the domain {domain} has left something undone.",
        "The next sweep tries again; what goes on failing needs a person.",
        "",
        *summary.problems,
        *named,
    ]
    subject = (
        f"Sweep of {domain}: {summary.failed_packages} packages failed"
        if summary.failed_packages
        else f"Sweep of {domain} is not complete"
    )
    return subject, "\n".join(text)
