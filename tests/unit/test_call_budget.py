"""How many calls a process may make: which wait for what, and what is counted."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import botocore.session
import pytest

from steward.call_budget import LISTS, Budget, budgeted

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

BUDGET = Budget(lists=48, reads=180, writes=24)


class FakeEvents:
    """botocore's events, of which one kind is registered for."""

    def __init__(self) -> None:
        self.hooks: dict[str, Callable[..., object]] = {}

    def register(self, name: str, hook: Callable[..., object]) -> None:
        """Keep it."""
        self.hooks[name] = hook


class FakeClient:
    """A client that does nothing but tell of its requests."""

    def __init__(self) -> None:
        self.meta = self
        self.events = FakeEvents()

    @property
    def as_client(self) -> "CodeArtifactClient":
        """The fake, as far as mypy is concerned the real one."""
        return cast("CodeArtifactClient", self)

    def send(self, operation: str) -> object:
        """Send a request, as botocore tells of it."""
        hook = self.events.hooks["before-send.codeartifact"]
        return hook(event_name=f"before-send.codeartifact.{operation}", request=object())


class Paces:
    """What was waited for, by the number of requests in a second."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def __call__(self, per_second: float) -> Callable[[], None]:
        """Make what waits."""
        return lambda: self.waited.append(per_second)


@pytest.mark.parametrize(
    ("operation", "waited"),
    [
        pytest.param("ListPackages", [48, 180], id="packages: a list, and a read"),
        pytest.param("ListPackageVersions", [48, 180], id="versions: a list, and a read"),
        pytest.param("ListPackageVersionAssets", [48, 180], id="assets: a list, and a read"),
        pytest.param("DescribePackageVersion", [180], id="a description is a read"),
        pytest.param("GetAssociatedPackageGroup", [180], id="a group is a read"),
        pytest.param("ListRepositoriesInDomain", [180], id="a list without a quota of its own"),
        pytest.param("UpdatePackageVersionsStatus", [24], id="an update is a write"),
        pytest.param("DeletePackageVersions", [24], id="a deletion is a write"),
        pytest.param("DisposePackageVersions", [24], id="a disposal is a write"),
        pytest.param("PutPackageOriginConfiguration", [24], id="restrictions are a write"),
    ],
)
def test_what_a_request_waits_for(operation: str, waited: list[float]) -> None:
    """By its own quota, and by that of all reads or writes; the request itself is let through."""
    client, paces = FakeClient(), Paces()
    calls = budgeted(client.as_client, BUDGET, pace=paces)
    assert client.send(operation) is None
    assert paces.waited == waited
    assert calls.made == {operation: 1}


def test_each_list_has_a_quota_of_its_own() -> None:
    """Three lists do not wait for one another, but for the reads together."""
    client = FakeClient()
    made: list[float] = []

    def pace(per_second: float) -> Callable[[], None]:
        number = len(made)
        made.append(per_second)
        return lambda: waited.append(number)

    waited: list[int] = []
    budgeted(client.as_client, BUDGET, pace=pace)
    for operation in sorted(LISTS):
        client.send(operation)
    of_their_own, of_all_reads = waited[::2], set(waited[1::2])
    assert len(set(of_their_own)) == 3
    assert len(of_all_reads) == 1


def test_without_a_budget_requests_are_only_counted() -> None:
    """A command at a desk has the quotas for itself, and says what it has spent."""
    client, paces = FakeClient(), Paces()
    calls = budgeted(client.as_client, None, pace=paces)
    client.send("ListPackages")
    client.send("ListPackages")
    assert paces.waited == []
    assert calls.made == {"ListPackages": 2}


def test_threads_are_counted_together() -> None:
    """No request is lost, whoever makes it."""
    client = FakeClient()
    calls = budgeted(client.as_client, BUDGET, pace=Paces())
    operations = ["ListPackageVersions", "UpdatePackageVersionsStatus"] * 200
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(client.send, operations))
    assert calls.made == Counter(operations)


def test_every_operation_reads_or_writes_by_its_name() -> None:
    """Of the service model: none is called in a way that would make a write a read."""
    model = botocore.session.get_session().get_service_model("codeartifact")
    reading = {
        name for name in model.operation_names if name.startswith(("Describe", "Get", "List"))
    }
    assert reading >= LISTS
    writing = set(model.operation_names) - reading
    verbs = {re.match("[A-Z][a-z]+", name)[0] for name in writing}  # type: ignore[index]  # each has one
    assert verbs == {
        "Associate",
        "Copy",
        "Create",
        "Delete",
        "Disassociate",
        "Dispose",
        "Publish",
        "Put",
        "Tag",
        "Untag",
        "Update",
    }
