"""A few more looks at what was asked for, before what is not listed is left for minutes later."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from warm_caches.warming import confirm

if TYPE_CHECKING:
    from warm_caches.engine import Engine, How, Warmed
    from warm_caches.values import Outcome

# Our choice, in seconds: most of what is not listed at once is listed within some seconds; what
# takes minutes ("asynchronous persistence", User Guide) is not worth the time of the function.
LOOKS: Final = (2.0, 4.0, 8.0)


def look_again(
    warmed: Warmed,
    to: Engine,
    how: How,
    *,
    on_outcome: Callable[[Outcome], None],
    time_left: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> Warmed:
    """
    Return *warmed* with what has become of its ``waiting`` some seconds later.

    Three looks at most, after 2, 4 and 8 more seconds, none once nothing waits or no time is left.
    Each calls ListPackageVersions once for a package that waits and 1,000 versions, and
    ListPackageVersionAssets once for a version with wanted files. A mismatch that is to be archived
    waits on: only the next attempt compares and archives it.

    Args:
        on_outcome: Called with the outcome of what does not wait any more.
        sleep: Waits so many seconds.
    """
    mismatched = {(one.package, one.version) for one in warmed.outcomes if one.state == "mismatch"}
    before = {(o.package, o.version): o for o in warmed.outcomes if o.state == "waiting"}
    apart = tuple(
        one
        for one in warmed.waiting
        if any((one.package, each.version) in mismatched for each in one.versions)
    )
    waiting = tuple(one for one in warmed.waiting if one not in apart)
    for seconds in LOOKS:
        if not waiting or not time_left():
            break
        sleep(seconds)
        looked = confirm(waiting, to, how, time_left=time_left)
        waiting = looked.waiting
        settled: list[Outcome] = []
        for one in looked.outcomes:
            if one.state != "waiting":
                earlier = before.get((one.package, one.version), one)
                settled.append(replace(one, size=earlier.size, note=one.note or earlier.note))
        for one in settled:
            on_outcome(one)
        warmed = replace(
            warmed,
            outcomes=(*warmed.outcomes, *settled),
            waiting=(*apart, *waiting),
            lists=warmed.lists + looked.lists,
            seconds=warmed.seconds + looked.seconds,
        )
    return warmed
