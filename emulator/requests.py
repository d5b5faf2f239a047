"""How often each operation was asked for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from emulator.core.state import State
    from emulator.core.store import Store

_lock = threading.Lock()
_counts: WeakKeyDictionary[Store, Counter[str]] = WeakKeyDictionary()


def count(state: State, name: str) -> None:
    """One more request for *name*: an operation, or ``{format}:{kind}`` of the data plane."""
    with _lock:
        _counts.setdefault(state.store, Counter())[name] += 1


def counted(state: State) -> Mapping[str, int]:
    """Return the requests since the last `forget`, by name in alphabetical order."""
    with _lock:
        return dict(sorted(_counts.get(state.store, Counter()).items()))


def forget(state: State) -> Mapping[str, int]:
    """Return what `counted` would, and start again from nothing."""
    with _lock:
        return dict(sorted(_counts.pop(state.store, Counter()).items()))
