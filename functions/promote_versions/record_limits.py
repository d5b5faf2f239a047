"""
What of a record's texts is kept, so that its item fits into its table whatever the gates say.

"Quotas in Amazon DynamoDB" (Developer Guide): an item has at most 400 KB, names of attributes and
keys included. The limits here are our choice, in bytes as JSON has the text; together they stay
under 310 KB: 20 verdicts of 10,500, 20 findings of 2,000, 10 earlier approvals of 2,700, and about
30,000 of everything else.
Capacity is paid by the kilobyte, twice because of the index: a usual record has less than two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from promote_versions.records import MAX_EARLIER, Approval
from promote_versions.verdicts import Outcome, Verdict

MAX_VERDICTS: Final = 20  # there are a dozen gates
MAX_REASON: Final = 4_000
MAX_GATE: Final = 200
MAX_FACTS: Final = 6_000
MAX_FINDINGS: Final = 20
MAX_FINDING: Final = 2_000
MAX_WHO: Final = 500
MAX_EARLIER_REASON: Final = 2_000
_MAX_CUT: Final = 500  # comes on top of the facts
CUT: Final = "cut"  # the fact that says what is missing

_FIRST: Final[Mapping[Outcome, int]] = {"refuse": 0, "hold": 1, "pass": 2}


def fitting_verdicts(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """
    Return *verdicts* with as much of their facts as is kept, in their order.

    Of more than 20 those go first that only pass. Whatever is left out is said to be.
    """
    ranked = sorted(range(len(verdicts)), key=lambda place: _FIRST[verdicts[place].outcome])
    kept = [verdicts[place] for place in sorted(ranked[:MAX_VERDICTS])]
    fit = [
        replace(
            verdict,
            gate=cut_text(verdict.gate, MAX_GATE),
            reason=cut_text(verdict.reason, MAX_REASON),
            facts=fitting_facts(verdict.facts),
        )
        for verdict in kept
    ]
    if len(verdicts) > len(kept):
        said = f"{len(verdicts) - len(kept)} more verdicts are left out"
        fit[-1] = replace(fit[-1], facts={**fit[-1].facts, "verdictsCut": said})
    return fit


def fitting_facts(facts: Mapping[str, object]) -> dict[str, object]:
    """
    Return the first of *facts* that have room, and of a list that has none its first members.

    What is missing stands under ``cut``.
    """
    left = MAX_FACTS
    kept: dict[str, object] = {}
    missing: list[str] = []
    for name, fact in facts.items():
        size = _size({name: fact})
        if size <= left:
            kept[name] = fact
            left -= size
            continue
        if isinstance(fact, list | tuple):
            room = left - _size({name: []})
            some: list[object] = []
            for member in fact:
                room -= _size([member])
                if room < 0:
                    break
                some.append(member)
            if some:
                kept[name] = some
                left -= _size({name: some})
                missing.append(f"{name}: {len(fact) - len(some)} of {len(fact)}")
                continue
        missing.append(name)
    if missing:
        kept[CUT] = cut_text("left out for want of room: " + ", ".join(missing), _MAX_CUT)
    return kept


def fitting_findings(findings: Sequence[str]) -> list[str]:
    """Return the first of *findings*, and how many there are more."""
    if len(findings) <= MAX_FINDINGS:
        return [cut_text(finding, MAX_FINDING) for finding in findings]
    first = [cut_text(finding, MAX_FINDING) for finding in findings[: MAX_FINDINGS - 1]]
    return [*first, f"... and {len(findings) - len(first)} more"]


def fitting_approvals(approvals: Sequence[Approval]) -> list[Approval]:
    """Return the last of the earlier *approvals*, with as much of their reasons as is kept."""
    return [
        replace(
            one,
            who=cut_text(one.who, MAX_WHO),
            reason=cut_text(one.reason, MAX_EARLIER_REASON),
        )
        for one in approvals[-MAX_EARLIER:]
    ]


def cut_text(text: str, limit: int) -> str:
    """Return *text*, cut to *limit* bytes of JSON if it has more, and writable as UTF-8."""
    writable = text.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair is not
    if len(writable) <= limit and _size(writable) <= limit:
        return writable
    end = f"... (cut: {len(writable)} characters)"
    room = limit - _size(end)
    for place, character in enumerate(writable):
        room -= len(json.dumps(character)) - len('""')
        if room < 0:
            return writable[:place] + end
    return writable


def _size(value: object) -> int:
    """Return how long *value* is in JSON, with what stands between values."""
    return len(json.dumps(value)) + len(", ")
