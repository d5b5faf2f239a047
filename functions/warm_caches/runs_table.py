"""The runs of warming in their DynamoDB table: counted once each, however often they come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from steward.table_items import Attribute, Item, moment_in, time_text, whole_seconds
from warm_caches.runs import (
    GIVEN_UP_AFTER,
    KEPT_FOR,
    MAX_PROBLEM,
    MAX_PROBLEMS,
    REST_KEPT_FOR,
    Counted,
    Kept,
    Run,
    RunsError,
)
from warm_caches.table import Table, key, read, until
from warm_caches.tally import Tally

RUNS: Final = "runs"  # the subject of all runs; the entries are their ids, which sort by time
_TOLD: Final = "told"
_REST: Final = "rest#"
_CLAIM: Final = "running"
_NEW: Final = "attribute_not_exists(#entry)"
_COUNTS: Final = tuple(one.name for one in fields(Tally))


class DynamoDbRuns:
    """
    The runs in their table.

    The sets of batches only grow, so the order in which batches end, and how often, changes
    nothing. An item holds 400 KB ("Quotas in Amazon DynamoDB", Developer Guide), and the ids of a
    batch whose public repository does not answer (``p.1234`` to ``p.1234.o.o.o``) in both sets
    about 80 bytes: ``planning.MAX_BATCHES`` stays below.
    """

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def start(self, run: Run) -> Run:
        """See :class:`~warm_caches.runs.Runs`."""
        new = self._table.put(_item(run), where=_NEW, names={"#entry": "entry"})
        if new:
            return run
        found = self.find(run.id)
        return run if found is None else found

    def claim(self, rule: str, run: str, now: datetime) -> bool:
        """See :class:`~warm_caches.runs.Runs`."""
        return self._table.put(
            _claim(rule, run, now + GIVEN_UP_AFTER),
            where=f"{_NEW} OR #run = :run OR #until <= :now",
            names={"#entry": "entry", "#run": "run", "#until": "until"},
            values={":run": {"S": run}, ":now": until(now)},
        )

    def release(self, run: Run, now: datetime) -> None:
        """See :class:`~warm_caches.runs.Runs`."""
        if run.rule is not None:
            self._table.put(
                # Rounded up to a second, it has to be over by now: somebody may ask at once.
                _claim(run.rule, run.id, now - timedelta(seconds=1)),
                where="#run = :run",
                names={"#run": "run"},
                values={":run": {"S": run.id}},
            )

    def finish(
        self,
        run: str,
        batch: str,
        tally: Tally,
        *,
        below: Collection[str] = (),
        packages: int = 0,
        problems: Sequence[str] = (),
    ) -> Counted:
        """See :class:`~warm_caches.runs.Runs`."""
        names = {"#entry": "entry", "#ended": "ended", "#finished": "finished"}
        values: dict[str, Attribute] = {":ended": {"SS": [batch]}, ":batch": {"S": batch}}
        added = ["#ended :ended"]
        if below:
            names["#begun"] = "begun"
            values[":begun"] = {"SS": sorted(below)}
            added.append("#begun :begun")
        counts: dict[str, float] = {name: getattr(tally, name) for name in _COUNTS}
        for name, number in {**counts, "packages": packages}.items():
            if number:
                names[f"#{name}"] = name
                values[f":{name}"] = {"N": _number(number)}
                added.append(f"#{name} :{name}")
        change = f"ADD {', '.join(added)}"
        if problems:
            names["#problems"] = "problems"
            values |= {":none": {"L": []}, ":problems": _problems(problems)}
            change += " SET #problems = list_append(if_not_exists(#problems, :none), :problems)"
        item = self._table.update(
            RUNS,
            run,
            change,
            where="attribute_exists(#entry) AND attribute_not_exists(#finished)"
            " AND NOT contains(#ended, :batch)",
            names=names,
            values=values,
        )
        if item is not None:
            return Counted(newly=True, run=read("UpdateItem", _run_of, item))
        return Counted(newly=False, run=self._known(run))

    def begin(self, run: str, below: Collection[str]) -> Run:
        """See :class:`~warm_caches.runs.Runs`."""
        if below:
            item = self._table.update(
                RUNS,
                run,
                "ADD #begun :begun",
                where="attribute_exists(#entry) AND attribute_not_exists(#finished)",
                names={"#entry": "entry", "#finished": "finished", "#begun": "begun"},
                values={":begun": {"SS": sorted(below)}},
            )
            if item is not None:
                return read("UpdateItem", _run_of, item)
        return self._known(run)

    def keep(self, run: str, batch: str, rest: Kept, now: datetime) -> bool:
        """
        See :class:`~warm_caches.runs.Runs`.

        A message has fewer bytes than an item may have ("Quotas in Amazon DynamoDB").
        """
        item: dict[str, Attribute] = {
            **key(f"{_REST}{run}", batch),
            "body": {"S": rest.body},
            "due": {"S": time_text(rest.due)},
            "expires": whole_seconds(now + REST_KEPT_FOR),
        }
        return self._table.put(item, where=_NEW, names={"#entry": "entry"})

    def kept(self, run: str, batch: str) -> Kept | None:
        """See :class:`~warm_caches.runs.Runs`."""
        return self._table.get(f"{_REST}{run}", batch, _rest_of)

    def conclude(self, run: Run, now: datetime) -> bool:
        """
        See :class:`~warm_caches.runs.Runs`.

        The claim goes first: a run that is over and has none holds up nobody.
        """
        if run.open:
            return False
        self.release(run, now)
        item = self._table.update(
            RUNS,
            run.id,
            "SET #finished = :now",
            where="attribute_exists(#entry) AND attribute_not_exists(#finished)",
            names={"#entry": "entry", "#finished": "finished"},
            values={":now": {"S": time_text(now)}},
        )
        return item is not None

    def find(self, run: str) -> Run | None:
        """See :class:`~warm_caches.runs.Runs`."""
        return self._table.get(RUNS, run, _run_of)

    def of_request(self, request: str) -> list[Run]:
        """See :class:`~warm_caches.runs.Runs`."""
        return list(self._table.query(RUNS, _run_of, begins=f"{request}."))

    def latest(
        self, rule: str | None = None, *, repository: str | None = None, limit: int = 10
    ) -> list[Run]:
        """See :class:`~warm_caches.runs.Runs`."""
        any_will_do = rule is None and repository is None
        found = self._table.query(
            RUNS, _run_of, newest_first=True, page=limit if any_will_do else None
        )
        wanted = (
            one
            for one in found
            if rule in (None, one.rule) and repository in (None, one.repository)
        )
        return list(islice(wanted, limit))

    def tell_once(self, key: str, until: datetime, now: datetime) -> bool:
        """See :class:`~warm_caches.runs.Runs`."""
        return _tell_once(self._table, key, until, now)

    def forget(self, key: str) -> None:
        """See :class:`~warm_caches.runs.Runs`."""
        self._table.delete(_TOLD, key, lambda _: None)

    def _known(self, run: str) -> Run:
        found = self.find(run)
        if found is None:
            raise RunsError("UpdateItem", "NoSuchRun", f"there is no run {run!r:.400}")
        return found


def _tell_once(table: Table, entry: str, until_then: datetime, now: datetime) -> bool:
    # DynamoDB deletes expired items within days, not at once ("Time to Live", Developer Guide).
    return table.put(
        {**key(_TOLD, entry), "expires": whole_seconds(until_then)},
        where=f"{_NEW} OR #expires <= :now",
        names={"#entry": "entry", "#expires": "expires"},
        values={":now": until(now)},
    )


def _claim(rule: str, run: str, end: datetime) -> Item:
    return {
        **key(f"rule#{rule}", _CLAIM),
        "run": {"S": run},
        "until": whole_seconds(end),
        "expires": whole_seconds(end + KEPT_FOR),
    }


def _item(run: Run) -> Item:
    counts: dict[str, float] = {name: getattr(run.tally, name) for name in _COUNTS}
    item: dict[str, Attribute] = {
        **key(RUNS, run.id),
        "repository": {"S": run.repository},
        "started": {"S": time_text(run.started)},
        "begun": {"SS": sorted(run.begun)},
        "packages": {"N": str(run.packages)},
        **{name: {"N": _number(number)} for name, number in counts.items()},
        "expires": whole_seconds(run.started + KEPT_FOR),
    }
    if run.rule is not None:
        item["rule"] = {"S": run.rule}
    if run.ended:
        item["ended"] = {"SS": sorted(run.ended)}
    if run.finished is not None:
        item["finished"] = {"S": time_text(run.finished)}
    if run.problems:
        item["problems"] = _problems(run.problems)
    return item


def _run_of(item: Item) -> Run:
    counts = {name: item[name]["N"] for name in _COUNTS if name in item}
    return Run(
        id=item["entry"]["S"],
        rule=item["rule"]["S"] if "rule" in item else None,
        repository=item["repository"]["S"],
        started=moment_in(item["started"]["S"]),
        begun=frozenset(item["begun"]["SS"]),
        ended=frozenset(item["ended"]["SS"]) if "ended" in item else frozenset(),
        packages=int(item["packages"]["N"]),
        finished=moment_in(item["finished"]["S"]) if "finished" in item else None,
        tally=_tally_of(counts),
        problems=tuple(
            one["S"] for one in (item["problems"]["L"] if "problems" in item else [])[:MAX_PROBLEMS]
        ),
    )


def _rest_of(item: Item) -> Kept:
    return Kept(item["body"]["S"], moment_in(item["due"]["S"]))


def _tally_of(counts: dict[str, str]) -> Tally:
    tally = Tally(**{name: int(said) for name, said in counts.items() if name != "seconds"})
    return tally + Tally(seconds=float(counts.get("seconds", "0")))


def _number(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.3f}"


def _problems(problems: Sequence[str]) -> Attribute:
    said: list[Attribute] = [{"S": one[:MAX_PROBLEM]} for one in problems[:MAX_PROBLEMS]]
    return {"L": said}
