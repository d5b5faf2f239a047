"""The public index of the demonstration, and the events that it holds back."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import pytest

from cli.demo import billing
from cli.demo.outside import Outside
from cli.demo.world import World
from cli.stack.json_types import Document
from emulator.core.external import PublicAsset, PublicPackage, PublicVersion, Unreachable
from emulator.core.values import PackageId

OURS = PackageId("pypi", "", billing.NAME)
ANOTHER = PackageId("pypi", "", "another")


class Beneath:
    """An index that knows one package and must not be asked for ours."""

    format: Literal["pypi"] = "pypi"
    description = "an index of this test"

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return the one package; being asked for ours is a failure."""
        assert package != OURS
        return PublicPackage({"1.0": PublicVersion("1.0")})

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:
        """Return one file."""
        assert package != OURS
        return (PublicAsset(f"{package.name}-{version.version}.tar.gz", "beneath"),)

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return the file of this name."""
        assert package != OURS
        del version
        return PublicAsset(name, "beneath")

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the bytes of the index beneath."""
        if asset.location != "beneath":
            raise Unreachable(asset.name)
        yield b"beneath"


@pytest.fixture
def outside() -> Outside:
    """An index over which the attacker's first version is laid."""
    made = Outside(Beneath())
    made.register(billing.NAME, *billing.wheel_of("99.0", "the attacker"))
    return made


def test_a_registered_name_is_never_asked_for_elsewhere(outside: Outside) -> None:
    """Its versions, its files and their bytes are the demonstration's; each question is counted."""
    name, content = billing.wheel_of("99.0", "the attacker")
    found = outside.package(OURS)
    assert found is not None
    assert list(found.versions) == ["99.0"]
    (asset,) = outside.assets(OURS, found.versions["99.0"])
    assert asset == outside.asset(OURS, "99.0", name)
    assert asset.size == len(content)
    assert b"".join(outside.open(asset)) == content
    assert outside.asset(OURS, "99.0", "nothing.whl") is None
    assert outside.questions == 3


def test_a_later_version_stands_beside_the_first(outside: Outside) -> None:
    """Whoever asks next sees both."""
    outside.register(billing.NAME, *billing.wheel_of("100.0", "the attacker"))
    found = outside.package(OURS)
    assert found is not None
    assert list(found.versions) == ["99.0", "100.0"]


def test_a_file_may_have_been_released_long_ago(outside: Outside) -> None:
    """Index pages say so, and so does what counts from the release."""
    released = datetime(2026, 3, 1, tzinfo=UTC)
    outside.register(billing.NAME, *billing.wheel_of("1.0", "the attacker"), released=released)
    found = outside.package(OURS)
    assert found is not None
    assert found.versions["1.0"].published == released
    assert found.versions["99.0"].published is None
    (asset,) = outside.assets(OURS, found.versions["1.0"])
    assert asset.metadata["upload-time"] == released.isoformat()


def test_every_other_name_is_the_index_s_own(outside: Outside) -> None:
    """The demonstration is not in its way, and does not count it."""
    found = outside.package(ANOTHER)
    assert found is not None
    (asset,) = outside.assets(ANOTHER, found.versions["1.0"])
    assert outside.asset(ANOTHER, "1.0", asset.name) == asset
    assert b"".join(outside.open(asset)) == b"beneath"
    assert (outside.questions, outside.description) == (0, "an index of this test")


def test_events_come_late_in_their_order_and_then_at_once() -> None:
    """Nothing is lost, and after the block nothing waits."""
    world, given = World(), list[Document]()
    world.deliver(given.append, {"number": 1})
    with world.late_events():
        world.deliver(given.append, {"number": 2})
        world.deliver(given.append, {"number": 3})
        assert given == [{"number": 1}]
    assert given == [{"number": 1}, {"number": 2}, {"number": 3}]
    world.deliver(given.append, {"number": 4})
    assert given[-1] == {"number": 4}


def test_held_events_are_given_when_a_step_fails() -> None:
    """The local stack ends with nothing on its way."""
    world, given = World(), list[Document]()

    def failing_step() -> None:
        with world.late_events():
            world.deliver(given.append, {"number": 1})
            raise ValueError("a step failed")

    with pytest.raises(ValueError, match="a step failed"):
        failing_step()
    assert given == [{"number": 1}]


def test_a_world_has_an_outside_once_it_is_open() -> None:
    """Before that, asking for it is a mistake."""
    with pytest.raises(LookupError):
        _ = World().outside
