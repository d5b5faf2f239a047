"""Clients of AWS whose calls fail as they are told, and workers that die in the middle of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any
from zlib import crc32

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Killed(BaseException):
    """The worker is gone: nothing in the code under test may catch this."""


@dataclass
class Faults:
    """
    What goes wrong with the calls of the functions, in whatever service.

    Attributes:
        rate: Of 100 calls, so many fail: half of them before anything was done, half after it.
        broken: Operations that always fail, before anything was done.
        seed: Which ones those are; the same for the same calls.
        dies_at: The number of the call that the worker does not survive, from now on; ``None``: it
            lives.
        dies_after: That call is still carried out.
        meanwhile: By the name of an operation: what somebody else does before its next call.
        calls: How often each operation was called.
    """

    rate: int = 0
    broken: frozenset[str] = frozenset()
    seed: int = 0
    dies_at: int | None = None
    dies_after: bool = True
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    _dead: bool = False
    _suspended: bool = False
    _lock: Lock = field(default_factory=Lock)

    def end(self) -> None:
        """Nothing goes wrong from now on, and the next worker is alive."""
        self.rate, self.broken, self.dies_at, self._dead = 0, frozenset(), None, False
        self.meanwhile.clear()

    def revive(self) -> None:
        """Another worker takes over, which does not die."""
        self.dies_at, self._dead = None, False

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Nothing goes wrong, or is counted, for the length of a block."""
        self._suspended = True
        try:
            yield
        finally:
            self._suspended = False

    def watch(self, client: BaseClient) -> BaseClient:
        """Let *client* fail."""
        client.meta.events.register("before-call", self._before)
        client.meta.events.register("after-call", self._after)
        return client

    def _before(self, model: Any, params: Mapping[str, Any], context: Any, **_: object) -> None:  # noqa: ANN401  botocore's
        if self._suspended:
            return
        with self._lock:
            self.calls[model.name] += 1
            act = self.meanwhile.pop(model.name, None)
            number = self.calls[model.name]
            if self.dies_at is not None:
                self.dies_at -= 1
            dies = self.dies_at == 0
        if act is not None:
            act()
        if self._dead or (dies and not self.dies_after):
            self._dead = True
            raise Killed
        lot = crc32(f"{self.seed} {model.name} {params['url_path']} {number}".encode()) % 1000
        if model.name in self.broken or lot < 5 * self.rate:
            raise throttled(model.name)
        context["lost"] = lot >= 1000 - 5 * self.rate
        context["dies"] = dies

    def _after(self, model: Any, context: Mapping[str, Any], **_: object) -> None:  # noqa: ANN401  botocore's
        if self._suspended:
            return
        if context.get("dies"):
            self._dead = True
        if self._dead:
            raise Killed
        if context.get("lost"):
            raise throttled(model.name)


def throttled(operation: str) -> ClientError:
    """Return what a client raises once it has given up."""
    said = {"Code": "ThrottlingException", "Message": "of a test"}
    return ClientError({"Error": said}, operation)
