"""When new public versions become visible, and what an unavailable connection says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulator.core import external
from emulator.core.external import Unreachable
from emulator.core.faults import Settings
from emulator.core.values import Format, PackageId
from tests.functional.emulator.local_core import Core
from tests.functional.emulator.public_repository import FakeRepository

PACKAGES: dict[Format, PackageId] = {
    "npm": PackageId("npm", "", "lodash"),
    "pypi": PackageId("pypi", "", "requests"),
    "nuget": PackageId("nuget", "", "newtonsoft.json"),
    "maven": PackageId("maven", "org.slf4j", "slf4j-api"),
}


@pytest.fixture
def core(core: Core) -> Core:
    """A core whose clock stands still."""
    core.state.clock.freeze(datetime(2026, 3, 1, tzinfo=UTC))
    return core


def connected(core: Core, fmt: Format) -> tuple[FakeRepository, external.Connection]:
    """Return a public repository with one version, and the connection to it."""
    public = FakeRepository(fmt)
    public.offer(PACKAGES[fmt], "1.0.0", "asset")
    core.state.public[f"public:{fmt}"] = public
    return public, external.connection(core.state, f"public:{fmt}")


def versions(connection: external.Connection, fmt: Format) -> list[str]:
    """Return what the connection offers now."""
    found = connection.package(PACKAGES[fmt])
    return list(found.versions) if found else []


@pytest.mark.parametrize("fmt", ["npm", "pypi", "nuget"])
def test_a_new_version_is_seen_30_minutes_after_the_last_look(core: Core, fmt: Format) -> None:
    """Until then the cache answers, and nobody is asked."""
    public, connection = connected(core, fmt)
    assert versions(connection, fmt) == ["1.0.0"]
    public.offer(PACKAGES[fmt], "2.0.0", "asset")

    core.state.clock.advance(timedelta(minutes=30) - timedelta(seconds=1))
    assert versions(connection, fmt) == ["1.0.0"]
    assert public.asked == ["package"]
    core.state.clock.advance(timedelta(seconds=1))

    assert versions(connection, fmt) == ["1.0.0", "2.0.0"]


def test_a_new_maven_version_is_seen_by_the_second_request_after_three_hours(
    core: Core,
) -> None:
    """The first request after expiry still sees the old list and triggers the refresh."""
    public, connection = connected(core, "maven")
    versions(connection, "maven")
    public.offer(PACKAGES["maven"], "2.0.0", "asset")

    core.state.clock.advance(timedelta(hours=3) - timedelta(seconds=1))
    assert versions(connection, "maven") == ["1.0.0"]
    core.state.clock.advance(timedelta(seconds=1))

    assert versions(connection, "maven") == ["1.0.0"]
    assert versions(connection, "maven") == ["1.0.0", "2.0.0"]


def test_a_stale_maven_list_outlives_an_unreachable_repository(core: Core) -> None:
    """What cannot be refreshed stays as it is, and the next request tries again."""
    public, connection = connected(core, "maven")
    versions(connection, "maven")
    public.unreachable = True
    core.state.clock.advance(timedelta(hours=4))

    assert versions(connection, "maven") == ["1.0.0"]
    assert versions(connection, "maven") == ["1.0.0"]
    assert public.asked == ["package"] * 3


def test_an_expired_pypi_page_that_cannot_be_refreshed_is_no_answer(core: Core) -> None:
    """Older than 30 minutes, it is not served."""
    public, connection = connected(core, "pypi")
    versions(connection, "pypi")
    public.unreachable = True

    assert versions(connection, "pypi") == ["1.0.0"]
    core.state.clock.advance(timedelta(minutes=30))
    with pytest.raises(Unreachable):
        connection.package(PACKAGES["pypi"])


def test_a_package_that_does_not_exist_is_remembered_as_long(core: Core) -> None:
    """A first publication is subject to the same delay."""
    public, connection = connected(core, "npm")
    unknown = PackageId("npm", "", "not-yet")
    assert connection.package(unknown) is None
    public.offer(unknown, "1.0.0", "asset")

    assert connection.package(unknown) is None
    core.state.clock.advance(timedelta(minutes=30))

    assert connection.package(unknown) is not None


def test_a_connection_that_is_down_does_not_answer_from_its_cache(core: Core) -> None:
    """Only what repositories hold is left."""
    _, connection = connected(core, "pypi")
    versions(connection, "pypi")
    core.state.faults.set(Settings(external_connections={"public:pypi": "down"}))

    with pytest.raises(Unreachable, match="public:pypi is down"):
        connection.package(PACKAGES["pypi"])


def test_a_connection_with_nothing_behind_it_says_what_to_do(core: Core) -> None:
    """The message names the connection and says why."""
    connection = external.connection(core.state, "public:nuget-org")

    assert "public:nuget-org" in connection.description
    with pytest.raises(Unreachable, match="nothing stands behind public:nuget-org"):
        connection.package(PACKAGES["nuget"])
