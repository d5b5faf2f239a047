"""The last step of a sweep: what it came to, written, counted, announced, and told to a person."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from steward.sweep_notices import OUTCOMES, Outcome, SweepReport
from sweep_repositories import keys, metrics, runs
from sweep_repositories.beginning import GO_ON
from sweep_repositories.collaborators import Planning
from sweep_repositories.cost import cost_per_month
from sweep_repositories.members import Document, mapping_of_counts, member
from sweep_repositories.objects import Objects, ObjectsError
from sweep_repositories.part_applying import package_of
from sweep_repositories.runs import Run, SweepEventError
from sweep_repositories.summary import Summary
from sweep_repositories.tally import Tally, tally_in
from sweep_repositories.telling import telling
from sweep_repositories.weighing import READERS, chain

_NO_TALLY = "its part of the plan could not be applied to the end; the execution says why"


def summarize(event: Document, to: Planning) -> Mapping[str, object]:
    """
    Write what the run came to, count it, and tell it.

    A step that is tried again writes the same, and may announce it twice.
    """
    run = runs.read(member(event, "run", str), to.objects)
    outcome = _outcome(member(event, "outcome", str))
    planned, applied = _planned(run, to.objects), _applied(run, to.objects)
    summary = _summary(run, outcome, planned, applied, to)
    to.objects.write(keys.summary(run.name), summary.to_json())
    metrics.count_sweep(summary)
    to.notices.sweep_ended(_report(run, summary))
    for subject, text in telling(summary, run.domain):
        to.attention.tell(subject, text)
    return {"run": run.name, "outcome": outcome, "summary": keys.summary(run.name)}


def _outcome(word: str) -> Outcome:
    if word == GO_ON:
        return "finished"
    if word not in OUTCOMES:
        raise SweepEventError(f"outcome is {word!r:.200}")
    return word


def _planned(run: Run, objects: Objects) -> Tally:
    text = objects.read(keys.weighed(run.name))
    return Tally() if text is None else tally_in(text)


def _applied(run: Run, objects: Objects) -> Tally:
    """Return what applying came to; the packages of parts without an end have failed."""
    total = Tally()
    items = cast("list[Document]", json.loads(objects.read(keys.parts(run.name)) or "[]"))
    with ThreadPoolExecutor(READERS) as readers:
        names = (member(item, "part", str) for item in items)
        for one in readers.map(lambda part: _of_part(run, part, objects), names):
            total.add(one)
    return total


def _of_part(run: Run, part: str, objects: Objects) -> Tally:
    total, reached = Tally(), 0
    for one in chain(objects, lambda first: keys.applied(run.name, part, first)):
        if one is None:
            text = objects.read(keys.plan(run.name, part))
            if text is None:
                raise ObjectsError("GetObject", "NoSuchKey", keys.plan(run.name, part))
            for repository, package in _packages(text.splitlines())[reached:]:
                total.fail(repository, package, _NO_TALLY)
        else:
            total.add(one)
            reached = reached if one.next is None else one.next
    return total


def _packages(lines: Iterable[str]) -> list[tuple[str, str]]:
    packages = (package_of(line) for line in lines)
    return list(dict.fromkeys((one.repository.name, one.purl()) for one in packages))


def _summary(run: Run, outcome: Outcome, planned: Tally, applied: Tally, to: Planning) -> Summary:
    text = to.objects.read(keys.listed(run.name))
    listed = cast("Document", {"packages": 0, "calls": {}} if text is None else json.loads(text))
    calls = Counter(mapping_of_counts(listed, "calls")) + planned.calls + applied.calls
    both = Tally()
    both.add(planned)
    both.add(applied)
    return Summary(
        run=run.name,
        outcome=outcome,
        mode=run.mode,
        policy_digest=run.policy_digest,
        started=run.started,
        finished=to.now(),
        requested_by=run.request.requested_by,
        repositories=len(run.repositories),
        packages=member(listed, "packages", int),
        looked_at=planned.packages,
        versions=planned.versions,
        rows=both.summed(),
        kept=dict(sorted(planned.kept.items())),
        failed=tuple(both.failed),
        failed_packages=both.failed_packages,
        refusals=tuple(both.refusals),
        problems=tuple(_problems(planned, applied)),
        deletions=planned.deletions,
        deletions_limit=run.deletions_limit,
        calls=dict(sorted(calls.items())),
        cost_per_month=cost_per_month(calls),
    )


def _problems(planned: Tally, applied: Tally) -> Iterable[str]:
    why = "because another policy or mode was deployed while the sweep ran"
    if planned.passed_over:
        yield f"{planned.passed_over} packages were not looked at, {why}; the next one does it"
    if applied.passed_over:
        yield (
            f"{applied.passed_over} lines were not applied, {why} or the plan is older than a day; "
            "the next one does it"
        )


def _report(run: Run, summary: Summary) -> SweepReport:
    return SweepReport(
        domain=run.domain,
        domain_owner=run.domain_owner,
        run=run.name,
        outcome=summary.outcome,
        mode=summary.mode,
        started=summary.started,
        finished=summary.finished,
        repositories=summary.repositories,
        packages={
            "seen": summary.packages,
            "lookedAt": summary.looked_at,
            "failed": summary.failed_packages,
        },
        versions={
            "lookedAt": summary.versions,
            "planned": summary.total("planned"),
            "changed": summary.total("changed"),
            "already": summary.total("already"),
            "refused": summary.total("refused"),
            "kept": summary.total("kept"),
        },
        deletions=summary.deletions,
        deletions_limit=summary.deletions_limit,
        calls=sum(summary.calls.values()),
        cost_per_month=summary.cost_per_month,
        summary=keys.summary(run.name),
    )
