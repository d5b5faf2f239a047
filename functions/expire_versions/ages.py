"""
When versions were published, found out with few calls from a list that is sorted by that time.

A list of versions has no times, and the direction of ``sortBy=PUBLISHED_TIME`` is not documented
(API Reference, ListPackageVersions); one DescribePackageVersion tells the time of one version. So

1. both ends are described: that tells the direction;
2. for each moment that is asked about, bisecting finds the last version that is not younger;
3. what is left of the budget is spread over the old side, which is what goes;
4. if the times that were described are in no order, nothing is concluded from the list, and every
   version that is asked about is described.

The budget is twice the base-two logarithm of the number of versions, for each moment: what
bisecting costs, and as much again to see that the order holds.

``publishedTime`` is the time of ingestion or of the last update (User Guide, age gating); which
updates move it is not documented. It only ever moves forward, so a version may look younger than
it is, and never older.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from expire_versions.values import Appeared


def calls_for(versions: int) -> int:
    """Return how many descriptions one moment may take among so many versions."""
    # ceil(log2(n)) in whole numbers
    return 2 * (versions - 1).bit_length() if versions > 1 else versions


class Publication:
    """
    The times at which versions of one package were published, as far as somebody asks.

    No version is described twice. One that vanishes meanwhile, or that has no time, is passed over
    where it is described; else it is as old as the list says, like all others.
    """

    def __init__(
        self, by_time: Sequence[str], published_at: Callable[[str], datetime | None]
    ) -> None:
        """Take all versions, by the time of their publication in one direction or the other."""
        self._by_time = by_time
        self._published_at = published_at
        self._known: dict[str, datetime | None] = {}

    def at(self, version: str) -> datetime | None:
        """Return when *version* was published, or ``None`` if that cannot be known: one call."""
        if version not in self._known:
            self._known[version] = self._published_at(version)
        return self._known[version]

    def appeared(self, asked: Mapping[str, datetime]) -> dict[str, Appeared]:
        """
        Return what can be said of each version that is *asked* about.

        It suffices to tell whether a version was published by the moment that is asked for it.
        Those of which nothing can be known are left out. Where as many descriptions as versions
        are to be expected, each version is described.
        """
        names = [name for name in self._by_time if name in asked]
        moments = sorted(set(asked.values()))
        budget = calls_for(len(names)) * len(moments)
        if len(names) > budget:
            oldest_first = self._oldest_first(names)
            if oldest_first is not None:
                before = len(self._known)
                old = max((self._not_after(oldest_first, moment) for moment in moments), default=0)
                used = len(self._known) - before + 2
                self._look_between(oldest_first[:old], budget - used)
                if self._in_order(oldest_first):
                    return self._between(oldest_first)
        return {
            name: Appeared.at(moment) for name in names if (moment := self.at(name)) is not None
        }

    def ranks(self) -> dict[str, int]:
        """
        Return the order of publication of all versions: greater is newer, equal is unknown.

        Two versions of one time may have the order of the list, where nobody knows that they have
        one time. Those of which nothing can be known are left out.
        """
        names = list(self._by_time)
        budget = calls_for(len(names))
        if len(names) > budget:
            oldest_first = self._oldest_first(names)
            if oldest_first is not None:
                self._look_between(oldest_first, budget - 2)
                if self._in_order(oldest_first):
                    return self._ranked(oldest_first)
        times = {name: moment for name in names if (moment := self.at(name)) is not None}
        ranks = {moment: rank for rank, moment in enumerate(sorted(set(times.values())))}
        return {name: ranks[moment] for name, moment in times.items()}

    def _ranked(self, oldest_first: Sequence[str]) -> dict[str, int]:
        """Return the places of versions that are in order; those known to be of one time share."""
        ranks: dict[str, int] = {}
        previous: Appeared | None = None
        rank = 0
        for at, (name, appeared) in enumerate(self._between(oldest_first).items()):
            of_one_time = (
                previous is not None
                and previous.earliest == previous.latest == appeared.earliest == appeared.latest
            )
            if not of_one_time:
                rank = at
            ranks[name] = rank
            previous = appeared
        return ranks

    def _there(self, names: Sequence[str]) -> list[str]:
        """Return those of *names* that are not known to have no time."""
        return [name for name in names if self._known.get(name, True) is not None]

    def _oldest_first(self, names: Sequence[str]) -> list[str] | None:
        """
        Return *names* with the oldest one first, or ``None`` if none of them has a time.

        Those at the ends that have no time are left out. Where both ends have one time, all that
        lies between has it too, if the list is in order, and so any direction will do.
        """
        left = next((at for at, name in enumerate(names) if self.at(name) is not None), None)
        if left is None:
            return None
        right = next(at for at in reversed(range(len(names))) if self.at(names[at]) is not None)
        first, last = self.at(names[left]), self.at(names[right])
        if first is None or last is None:
            return None
        inner = names[left : right + 1]
        return list(inner) if first <= last else list(reversed(inner))

    def _not_after(self, oldest_first: list[str], moment: datetime) -> int:
        """Return how many versions were published by *moment*, if they are in order."""
        low, high = 0, len(oldest_first)
        # What is known already narrows the search; the ends always are.
        for at, name in enumerate(oldest_first):
            known = self._known.get(name)
            if known is None:
                continue
            if known <= moment:
                low = at + 1
            else:
                high = at
                break
        while low < high:
            middle = (low + high) // 2
            published = self.at(oldest_first[middle])
            if published is None:
                del oldest_first[middle]
                high -= 1
            elif published <= moment:
                low = middle + 1
            else:
                high = middle
        return low

    def _look_between(self, names: Sequence[str], calls: int) -> None:
        """Describe up to *calls* of *names* that are spread over them and were not described."""
        unknown = [name for name in names if name not in self._known]
        for number in range(1, min(calls, len(unknown)) + 1):
            self.at(unknown[number * len(unknown) // (min(calls, len(unknown)) + 1)])

    def _in_order(self, oldest_first: Sequence[str]) -> bool:
        times = [moment for name in oldest_first if (moment := self._known.get(name)) is not None]
        return all(one <= two for one, two in pairwise(times))

    def _between(self, oldest_first: Sequence[str]) -> dict[str, Appeared]:
        """Return what the described neighbours of each version say about it."""
        there = self._there(oldest_first)
        found: dict[str, Appeared] = {}
        earliest: datetime | None = None
        for name in there:
            earliest = self._known.get(name) or earliest
            found[name] = Appeared(earliest=earliest)
        latest: datetime | None = None
        for name in reversed(there):
            latest = self._known.get(name) or latest
            found[name] = Appeared(found[name].earliest, latest)
        return found
