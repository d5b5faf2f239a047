"""Versions disposed of and deleted in the local CodeArtifact; pinned updates; published times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from steward.call_budget import Budget, budgeted
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Package, PackageVersion, Repository, Status
from steward.errors import PackageNotFoundError, RemovalInterruptedError
from steward.published_times import ServicePublishedTimes
from steward.removals import RemovalResult, RemovalService
from tests.functional.local_codeartifact import Local

ACCOUNT = "012345678901"
REPOSITORY = Repository("my-company", ACCOUNT, "my-repo")
UI = Package(REPOSITORY, "npm", "mycompany", "ui")
WHERE = {
    "domain": "my-company",
    "repository": "my-repo",
    "format": "npm",
    "namespace": "mycompany",
    "package": "ui",
}
ATOMICITY = pytest.mark.parametrize("atomicity", ["allOrNothing", "perVersion"])
START = datetime(2026, 1, 1, tzinfo=UTC)


def seed(local: Local, *versions: Mapping[str, object]) -> None:
    """The repository holds *versions* of the package."""
    ui = {"format": "npm", "namespace": "mycompany", "package": "ui", "versions": list(versions)}
    repository = {"name": "my-repo", "packages": [ui]}
    local.seed({"domains": [{"name": "my-company", "repositories": [repository]}]})


def numbered(count: int, status: Status = "Published") -> list[Mapping[str, object]]:
    """Return *count* seeded versions."""
    return [{"version": f"1.{number}.0", "status": status} for number in range(count)]


def listed(local: Local) -> list[PackageVersion]:
    """Return the versions as a listing tells them."""
    return CodeArtifactService(local.client()).versions(UI)


def statuses(local: Local) -> dict[str, Status]:
    """Return what there is."""
    return {one.version: one.status for one in listed(local)}


def change(local: Local, version: str) -> None:
    """*version* has another revision, as if somebody had published another file to it."""
    from emulator.core import versions as held
    from emulator.core.values import DomainId, PackageId, RepositoryId

    repository = RepositoryId(DomainId(ACCOUNT, "my-company"), "my-repo")
    package = PackageId("npm", "mycompany", "ui")
    found = held.describe(local.state, repository, package, version)
    with local.state.store.transaction() as connection:
        connection.execute(
            "UPDATE versions SET revision = ? WHERE version = ?",
            (f"not {found.revision}", version),
        )


def made(local: Local, operation: str, before: Mapping[str, int]) -> int:
    """Return how many calls of *operation* were made since *before*."""
    return local.requests().get(operation, 0) - before.get(operation, 0)


def act(local: Local, action: str) -> Callable[[list[PackageVersion]], RemovalResult]:
    """Return what disposes of versions of the package, or deletes them."""
    service = RemovalService(local.client())
    return lambda some: (service.dispose if action == "dispose" else service.delete)(UI, some)


OPERATIONS = {"dispose": "DisposePackageVersions", "delete": "DeletePackageVersions"}
ACTION = pytest.mark.parametrize("action", ["dispose", "delete"])


@ACTION
def test_one_call_holds_100_versions_of_one_status(local: Local, action: str) -> None:
    """250 and 30 of two statuses are four calls, in the order in which they were given."""
    others = [{"version": f"2.{number}.0", "status": "Unlisted"} for number in range(30)]
    seed(local, *numbered(250), *others)
    some, before = listed(local), local.requests()
    result = act(local, action)(some)
    assert made(local, OPERATIONS[action], before) == 4
    assert result == RemovalResult(removed=result.removed)
    assert set(result.removed) == set(some)
    assert set(statuses(local).values()) == ({"Disposed"} if action == "dispose" else set())


@ATOMICITY
@ACTION
def test_culprits_hold_up_nobody(local: Local, action: str, atomicity: str) -> None:
    """One has another status now, one is gone: both are told, and everything else goes."""
    seed(local, *numbered(120))
    some = listed(local)
    client = local.client()
    client.update_package_versions_status(**WHERE, versions=["1.3.0"], targetStatus="Archived")  # type: ignore[arg-type]  # parameters of a test
    client.delete_package_versions(**WHERE, versions=["1.5.0"])  # type: ignore[arg-type]  # likewise
    local.faults(switches={"bulkAtomicity": atomicity})
    result = act(local, action)(some)
    assert [(one.version.version, one.code) for one in result.refused] == [
        ("1.3.0", "MISMATCHED_STATUS")
    ]
    assert [one.version for one in result.gone] == ["1.5.0"]
    assert len(result.removed) == 118
    left = {version for version, status in statuses(local).items() if status != "Disposed"}
    assert left == {"1.3.0"}


@ATOMICITY
def test_contents_that_changed_are_not_disposed_of(local: Local, atomicity: str) -> None:
    """Somebody has published to it since it was looked at; deleting takes no revisions."""
    seed(local, *numbered(3))
    some = listed(local)
    change(local, "1.1.0")
    local.faults(switches={"bulkAtomicity": atomicity})
    result = act(local, "dispose")(some)
    assert [(one.version.version, one.code) for one in result.refused] == [
        ("1.1.0", "MISMATCHED_REVISION")
    ]
    assert statuses(local) == {"1.0.0": "Disposed", "1.1.0": "Published", "1.2.0": "Disposed"}


@pytest.mark.parametrize("again", ["notAllowed", "success"])
def test_what_is_disposed_of_is_not_asked_for_again(local: Local, again: str) -> None:
    """What CodeArtifact says to that is not documented."""
    seed(local, *numbered(3))
    local.faults(switches={"repeatedDispose": again})
    act(local, "dispose")(listed(local))
    before = local.requests()
    assert act(local, "dispose")(listed(local)) == RemovalResult()
    assert made(local, "DisposePackageVersions", before) == 0
    act(local, "delete")(listed(local))
    assert statuses(local) == {}


def test_deleting_again_finds_everything_gone(local: Local) -> None:
    """An attempt that was cut off after its call is made again."""
    seed(local, *numbered(130), {"version": "2.0.0"})
    some = listed(local)
    act(local, "delete")(some[:-1])
    result = act(local, "delete")(some[:-1])
    assert set(result.gone) == set(some[:-1])
    assert (result.removed, result.refused) == ((), ())


@ACTION
def test_what_was_done_before_an_error_is_told(local: Local, action: str) -> None:
    """The third call fails: the next attempt does the rest."""
    seed(local, *numbered(250))
    some = listed(local)
    client = local.client()
    asked: list[str] = []

    def fail(model: object, **_: object) -> None:
        asked.append(str(model))
        if len(asked) == 3:
            local.faults(errorRate=1.0)

    events, name = client.meta.events, f"before-call.codeartifact.{OPERATIONS[action]}"
    events.register(name, fail)
    try:
        with pytest.raises(RemovalInterruptedError) as caught:
            act(local, action)(some)
    finally:
        events.unregister(name, fail)
    local.faults()
    assert caught.value.operation == OPERATIONS[action]
    assert caught.value.done.removed == tuple(some[:200])
    rest = [one for one in listed(local) if one.status == "Published"]
    assert set(rest) == set(some[200:])
    assert set(act(local, action)(rest).removed) == set(rest)


@ACTION
def test_a_package_that_is_gone_has_an_error_of_its_own(local: Local, action: str) -> None:
    """As with every other call."""
    seed(local, *numbered(1))
    some = listed(local)
    local.client().delete_package(**WHERE)  # type: ignore[arg-type]  # parameters of a test
    with pytest.raises(PackageNotFoundError):
        act(local, action)(some)


@ATOMICITY
def test_a_pinned_update_leaves_contents_that_changed(local: Local, atomicity: str) -> None:
    """An unpinned one does not ask."""
    seed(local, *numbered(3))
    service, some = CodeArtifactService(local.client()), listed(local)
    change(local, "1.1.0")
    local.faults(switches={"bulkAtomicity": atomicity})
    changes = service.set_status(UI, some, "Unlisted", pinned=True)
    assert [(one.version.version, one.code) for one in changes.refused] == [
        ("1.1.0", "MISMATCHED_REVISION")
    ]
    assert statuses(local) == {"1.0.0": "Unlisted", "1.1.0": "Published", "1.2.0": "Unlisted"}
    assert not service.set_status(UI, some[1:2], "Unlisted").refused


def dated(count: int) -> list[Mapping[str, object]]:
    """Return *count* versions, published a day after another, in no order of their names."""
    return [
        {
            "version": f"1.{number * 7 % count}.0",
            "publishedTime": (START + timedelta(days=number)).isoformat(),
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("order", ["newestFirst", "oldestFirst"])
def test_versions_come_by_their_times(local: Local, order: str) -> None:
    """All pages of them, with what other lists tell, in one call per 1,000."""
    seed(local, *dated(1_300))
    local.faults(switches={"publishedTimeOrder": order})
    times, before = ServicePublishedTimes(local.client()), local.requests()
    found = times.versions_by_time(UI)
    assert made(local, "ListPackageVersions", before) == 2
    oldest_first = found if order == "oldestFirst" else found[::-1]
    assert [one.version for one in oldest_first] == [one["version"] for one in dated(1_300)]
    assert {one.revision for one in found} == {one.revision for one in listed(local)}


def test_the_time_of_a_version_is_one_call(local: Local) -> None:
    """In UTC; one that is gone has none."""
    seed(local, *dated(3))
    times, before = ServicePublishedTimes(local.client()), local.requests()
    newest = cast("str", dated(3)[-1]["version"])
    published = times.published_at(UI, newest)
    assert published == START + timedelta(days=2)
    assert published is not None
    assert published.tzinfo is UTC
    assert times.published_at(UI, "9.9.9") is None
    assert made(local, "DescribePackageVersion", before) == 2


def test_requests_that_are_repeated_count_too(local: Local) -> None:
    """A throttled call is sent again by the client, and takes its place in the line again."""
    import botocore.session
    from botocore.config import Config

    seed(local, *numbered(1))
    client = botocore.session.get_session().create_client(
        "codeartifact",
        endpoint_url=local.url,
        region_name="us-west-2",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="local",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )
    waited: list[float] = []
    calls = budgeted(
        client, Budget(48, 180, 24), pace=lambda per_second: lambda: waited.append(per_second)
    )
    service = CodeArtifactService(client)
    service.versions(UI)
    assert dict(calls.made) == {"ListPackageVersions": 1}
    assert waited == [48, 180]
    local.faults(errorRate=1.0)
    with pytest.raises(Exception, match="UpdatePackageVersionsStatus"):
        service.set_status(UI, [PackageVersion("1.0.0", "Published")], "Unlisted")
    local.faults()
    assert dict(calls.made) == {"ListPackageVersions": 1, "UpdatePackageVersionsStatus": 3}
    assert waited[2:] == [24, 24, 24]
