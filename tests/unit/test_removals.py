"""Disposing and deleting against a low-level client that keeps its package in memory."""

from collections.abc import Sequence
from typing import Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.codeartifact import CodeArtifactService
from steward.coordinates import PackageVersion, Status
from steward.errors import CodeArtifactError, PackageNotFoundError, RemovalInterruptedError
from steward.removals import ObservedRemovals, RemovalResult, RemovalService
from tests.unit.fake_codeartifact import FakeClient, package, refused

PACKAGE = package()
Action = Literal["dispose", "delete"]
ACTION = pytest.mark.parametrize("action", ["dispose", "delete"])


def remove(client: FakeClient, action: Action, versions: Sequence[PackageVersion]) -> RemovalResult:
    """Dispose of *versions*, or delete them."""
    service = RemovalService(client.as_client)
    return (service.dispose if action == "dispose" else service.delete)(PACKAGE, versions)


def versions(
    *names: str, status: Status = "Archived", revision: str | None = "r"
) -> list[PackageVersion]:
    """Return versions as a listing shows them."""
    return [PackageVersion(name, status, revision=revision) for name in names]


def test_revisions_are_told_of_all_versions_of_a_call_or_of_none() -> None:
    """The same versions have to be named in both members ("versionRevisions", API Reference)."""
    client = FakeClient({"1": "Archived", "2": "Archived", "3": "Archived"})
    remove(client, "dispose", [*versions("1", "3"), *versions("2", revision=None)])
    assert [
        (parameters["versions"], parameters.get("versionRevisions"))
        for _, parameters in client.calls
    ] == [(["1", "3"], {"1": "r", "3": "r"}), (["2"], None)]


def test_deleting_tells_no_revisions() -> None:
    """The operation has no such member (service model)."""
    client = FakeClient({"1": "Archived", "2": "Archived"})
    remove(client, "delete", [*versions("1"), *versions("2", revision=None)])
    ((_, parameters),) = client.calls
    assert parameters["versions"] == ["1", "2"]
    assert "versionRevisions" not in parameters


def test_an_update_is_pinned_only_on_request() -> None:
    """A version whose listing told no revision goes in a call of its own."""
    client = FakeClient({"1": "Published", "2": "Published"})
    some = [PackageVersion("1", "Published", revision="r"), PackageVersion("2", "Published")]
    service = CodeArtifactService(client.as_client)
    service.set_status(PACKAGE, some, "Unlisted", pinned=True)
    assert [one.get("versionRevisions") for one in client.updates] == [{"1": "r"}, None]
    client.statuses = {"1": "Published", "2": "Published"}
    client.updates.clear()
    service.set_status(PACKAGE, some, "Unlisted")
    assert [one.get("versionRevisions") for one in client.updates] == [None]


@ACTION
def test_versions_go_in_the_order_that_they_are_given_in(action: Action) -> None:
    """What is given last goes last, also where one before it was refused."""
    names = [f"1.{number}" for number in range(150)]
    client = FakeClient(dict.fromkeys(names, "Archived"))
    client.refusals["1.7"] = "NOT_ALLOWED"
    result = remove(client, action, versions(*names))
    assert [one.version for one in result.removed] == [one for one in names if one != "1.7"]


@ACTION
def test_nothing_to_remove_is_no_call(action: Action) -> None:
    """CodeArtifact refuses a call without versions."""
    client = FakeClient()
    assert remove(client, action, []) == RemovalResult()
    assert client.calls == []


@ACTION
@pytest.mark.parametrize(
    ("at", "code"),
    [
        pytest.param(2, "ThrottlingException", id="throttled in the middle"),
        pytest.param(2, "ResourceNotFoundException", id="the package deleted in the middle"),
    ],
)
def test_an_interrupted_removal_tells_what_it_did(action: Action, at: int, code: str) -> None:
    """Nobody else could announce it."""
    names = [f"1.{number}" for number in range(250)]
    client = FakeClient(dict.fromkeys(names, "Archived"))
    client.refusals |= {"1.7": "NOT_FOUND", "1.8": "NOT_ALLOWED"}
    calls: list[str] = []

    def interrupt(operation: str) -> None:
        calls.append(operation)
        if len(calls) == at:
            raise refused(operation, code)

    client.before = interrupt
    with pytest.raises(RemovalInterruptedError) as failure:
        remove(client, action, versions(*names))
    done = failure.value.done
    assert done.removed == ()
    assert [one.version for one in done.gone] == ["1.7"]
    assert [one.version.version for one in done.refused] == ["1.8"]
    assert isinstance(failure.value.__cause__, PackageNotFoundError) == code.startswith("Resource")


@ACTION
def test_a_failure_of_the_first_call_is_what_it_is(action: Action) -> None:
    """Nothing was done, so there is nothing to tell."""
    client = FakeClient({"1": "Archived"})

    def throttle(operation: str) -> None:
        raise refused(operation, "ThrottlingException")

    client.before = throttle
    with pytest.raises(CodeArtifactError) as failure:
        remove(client, action, versions("1"))
    assert not isinstance(failure.value, RemovalInterruptedError)
    assert failure.value.code == "ThrottlingException"


def test_observing_removes_nothing() -> None:
    """Observe mode is this object, not a question asked everywhere."""
    observed = ObservedRemovals()
    assert observed.dispose(PACKAGE, versions("1")) == RemovalResult()
    assert observed.delete(PACKAGE, versions("1")) == RemovalResult()


STATUSES = st.sampled_from(["Published", "Unlisted", "Archived", "Disposed"])
CODES = st.sampled_from(["NOT_ALLOWED", "NOT_FOUND", "MISMATCHED_STATUS", "MISMATCHED_REVISION"])


@given(
    statuses=st.dictionaries(st.integers(0, 300).map(str), STATUSES, max_size=220),
    refusals=st.dictionaries(st.integers(0, 300).map(str), CODES, max_size=12),
    action=st.sampled_from(["dispose", "delete"]),
    all_or_nothing=st.booleans(),
    name_culprits=st.booleans(),
)
def test_all_go_but_the_refused(
    statuses: dict[str, str],
    refusals: dict[str, str],
    action: Action,
    *,
    all_or_nothing: bool,
    name_culprits: bool,
) -> None:
    """Whoever is refused and however the service says so, every version is in one part."""
    client = FakeClient(statuses)
    client.refusals = refusals
    client.all_or_nothing = all_or_nothing
    client.name_culprits = name_culprits
    some = [PackageVersion(name, cast("Status", status)) for name, status in statuses.items()]
    result = remove(client, action, some)
    wanted = {
        name for name, status in statuses.items() if action == "delete" or status != "Disposed"
    }
    removed = {one.version for one in result.removed}
    gone = {one.version for one in result.gone}
    left = {one.version.version for one in result.refused}
    assert len(result.removed) + len(result.gone) + len(result.refused) == len(wanted)
    assert removed | gone | left == wanted
    assert removed == wanted - refusals.keys()
    if name_culprits or not all_or_nothing:
        assert gone == {name for name in wanted if refusals.get(name) == "NOT_FOUND"}
    for name in removed:
        assert client.statuses.get(name) == (None if action == "delete" else "Disposed")
