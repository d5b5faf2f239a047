"""What sweeps ask of S3 and Step Functions, and how much they do at a time."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Semaphore
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from sweep_repositories.crew import AHEAD, in_order
from sweep_repositories.executions import Execution, ExecutionsError, StatesExecutions
from sweep_repositories.objects import ObjectsError, S3Objects
from sweep_repositories.shares import THREADS
from tests.unit.fake_sweeps import NOW, STARTED


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")


@dataclass
class FakeS3:
    """S3 with pages of two keys."""

    held: dict[str, bytes] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    error: Exception | None = None

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> object:  # noqa: N803  AWS's names
        """Keep it."""
        self._fail(Bucket)
        self.held[Key] = Body
        self.kinds.append(ContentType)
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: ANN401, N803  AWS's names
        """Return it."""
        self._fail(Bucket)
        if Key not in self.held:
            raise _refused("NoSuchKey")
        return {"Body": io.BytesIO(self.held[Key])}

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = "0") -> Any:  # noqa: ANN401, N803  AWS's names
        """Return a page."""
        self._fail(Bucket)
        start = int(ContinuationToken)
        found = sorted(key for key in self.held if key.startswith(Prefix))
        page: dict[str, Any] = {"Contents": [{"Key": key} for key in found[start : start + 2]]}
        if not found:
            return {}
        return page | ({"NextContinuationToken": str(start + 2)} if start + 2 < len(found) else {})

    def _fail(self, bucket: str) -> None:
        assert bucket == "sweeps"
        if self.error is not None:
            raise self.error


def test_what_is_written_is_read() -> None:
    """As text in UTF-8; what is not there is none; keys come from all pages."""
    client = FakeS3()
    objects = S3Objects("sweeps", client)
    for name in ("a/1.json", "a/2.jsonl", "a/3", "b/1"):
        objects.write(name, f"{name} ü")
    assert objects.read("a/3") == "a/3 ü"
    assert objects.read("c") is None
    assert list(objects.keys("a/")) == ["a/1.json", "a/2.jsonl", "a/3"]
    assert list(objects.keys("c")) == []
    assert client.kinds[:2] == ["application/json", "text/plain; charset=utf-8"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(_refused("AccessDenied"), "AccessDenied", id="a refusal"),
        pytest.param(
            ConnectTimeoutError(endpoint_url="x"), "ConnectTimeoutError", id="no connection"
        ),
    ],
)
def test_a_bucket_that_cannot_be_used_is_told(error: Exception, code: str) -> None:
    """With the operation, the key and the code."""
    objects = S3Objects("sweeps", FakeS3(error=error))
    for call in (
        lambda: objects.write("key", ""),
        lambda: objects.read("key"),
        lambda: list(objects.keys("key")),
    ):
        with pytest.raises(ObjectsError, match="key") as told:
            call()
        assert told.value.code == code


@dataclass
class FakeStates:
    """Step Functions with pages of one execution."""

    error: Exception | None = None

    def list_executions(
        self,
        *,
        stateMachineArn: str,  # noqa: N803  AWS's name
        statusFilter: str,  # noqa: N803  AWS's name
        maxResults: int,  # noqa: N803  AWS's name
        nextToken: str = "",  # noqa: N803  AWS's name
    ) -> Any:  # noqa: ANN401  botocore publishes no types
        """Return a page."""
        assert (stateMachineArn, statusFilter, maxResults) == ("arn:machine", "RUNNING", 1000)
        if self.error is not None:
            raise self.error
        if nextToken:
            return {"executions": [{"name": "b", "startDate": NOW}]}
        return {"executions": [{"name": "a", "startDate": STARTED}], "nextToken": "more"}


def test_all_pages_of_executions_are_read() -> None:
    """Name and start of each."""
    found = StatesExecutions(FakeStates()).running("arn:machine")
    assert found == [Execution("a", STARTED), Execution("b", NOW)]


def test_executions_that_cannot_be_read_are_told() -> None:
    """With the code."""
    executions = StatesExecutions(FakeStates(_refused("AccessDeniedException")))
    with pytest.raises(ExecutionsError, match="AccessDeniedException"):
        executions.running("arn:machine")
    executions = StatesExecutions(FakeStates(ConnectTimeoutError(endpoint_url="x")))
    with pytest.raises(ExecutionsError, match="ConnectTimeoutError"):
        executions.running("arn:machine")


def test_results_come_in_order() -> None:
    """However many threads there are."""
    found = list(in_order(range(100), lambda number: number * 2, time_left=lambda: True))
    assert found == [(number, number * 2) for number in range(100)]


def test_nothing_is_begun_without_time() -> None:
    """But the first thing."""
    left = iter([True] * 4)
    found = list(in_order(range(100), str, time_left=lambda: next(left, False)))
    assert found == [(number, str(number)) for number in range(len(found))]
    assert 1 <= len(found) <= 5
    assert list(in_order(range(100), str, time_left=lambda: False)) == [(0, "0")]


def test_what_was_begun_is_finished_and_what_waits_is_left() -> None:
    """When no time is left: a thing in which a thread is at work ends, the others come again."""
    taken, time_is_over, may_end = Semaphore(0), Event(), Event()

    def work(number: int) -> int:
        taken.release()
        if number > 1:
            may_end.wait(10)
        return number

    results = in_order(range(100), work, time_left=lambda: not time_is_over.is_set())
    found = [next(results)]
    for _ in range(2 + THREADS):
        assert taken.acquire(timeout=10)
    time_is_over.set()
    found.append(next(results))
    may_end.set()
    found += results
    assert found == [(number, number) for number in range(2 + THREADS)]


def test_no_more_is_begun_than_may_lie_about() -> None:
    """Whoever takes the first result finds so many begun."""
    begun: list[int] = []

    def things() -> Any:  # noqa: ANN401  a generator
        for number in range(100):
            begun.append(number)
            yield number

    results = in_order(things(), str, time_left=lambda: True)
    assert next(results) == (0, "0")
    assert len(begun) == AHEAD


def test_what_the_work_raises_is_raised() -> None:
    """At its place in the order."""
    known: Mapping[int, str] = {0: "a", 1: "b"}
    results = in_order(range(3), known.__getitem__, time_left=lambda: True)
    assert [next(results), next(results)] == [(0, "a"), (1, "b")]
    with pytest.raises(KeyError):
        next(results)
