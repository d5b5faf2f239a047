"""The engine when time is up, and when somebody comes after one who was stopped."""

from __future__ import annotations

from itertools import count

import pytest

from steward.coordinates import Package
from tests.unit.asked_endpoint import JAR_POM, LIBRARY, REQUESTS, WHEEL, Asked, listed, page
from tests.unit.fake_warming import FakeWarming, package, states, wanted
from tests.unit.prepared_streams import Reply, asset
from warm_caches.engine import How
from warm_caches.values import Wanted, WantedVersion


@pytest.fixture
def fake() -> FakeWarming:
    """A repository of which nothing is warm; the public one has react 1.0."""
    fake = FakeWarming()
    fake.publish(package("react"), "1.0")
    return fake


def test_when_time_is_up_the_rest_is_left(fake: FakeWarming) -> None:
    """Nothing more is asked; what was asked for waits without being looked for."""
    looks = count()
    some = [wanted("react", "1.0"), *(wanted(f"p{number}", "1.0") for number in range(5))]
    warmed = fake.warm(*some, time_left=lambda: next(looks) < 3, at_once=1)
    assert states(warmed) == {"pkg:npm/react@1.0": "waiting"}
    assert warmed.waiting == (some[0],)
    assert sorted(one.package.name for one in warmed.left) == [f"p{one}" for one in range(5)]
    assert fake.calls == {"ListPackageVersions": 1, "fetch": 1}


def test_a_version_that_there_is_no_time_for_is_left(fake: FakeWarming) -> None:
    """It is no outage of the public repository, however often it happens."""
    some = [wanted(f"p{number}", "1.0") for number in range(5)]
    fake.endless = {one.package for one in some}
    warmed = fake.warm(*some, wanted("react", "1.0"))
    assert states(warmed) == {"pkg:npm/react@1.0": "fetched"}
    assert sorted(warmed.left, key=str) == some
    assert warmed.unanswered == frozenset()
    assert warmed.requests == 3 * 5 + 1


@pytest.mark.parametrize("repeated", [False, True], ids=["the first time", "again"])
def test_who_comes_again_follows_what_is_there(fake: FakeWarming, repeated: bool) -> None:  # noqa: FBT001  a case
    """Whoever was there before may have been stopped between a version and its grandparents."""
    names = ("child", "parent", "root")
    child, parent, root = (package(name, "maven", "org.example") for name in names)
    for one in (child, parent, root):
        fake.publish(one, "1.0")
    for one in (child, parent):
        fake.hold(one, v1_0="Published")
    fake.needs[child, "1.0"] = (("org.example", "parent", "1.0"),)
    fake.needs[parent, "1.0"] = (("org.example", "root", "1.0"),)
    warmed = fake.warm(Wanted(child, (WantedVersion("1.0"),)), how=How(repeated=repeated))
    followed = {parent.purl("1.0"): "warm", root.purl("1.0"): "fetched"} if repeated else {}
    assert states(warmed) == {child.purl("1.0"): "warm", **followed}
    assert (warmed.requests, len(fake.fetched)) == ((3, 3) if repeated else (0, 0))


@pytest.mark.parametrize(
    ("of_package", "replies", "last"),
    [
        pytest.param(
            LIBRARY,
            {".pom": JAR_POM, ".jar": asset()},
            "/maven/intake/org/example/tools/lib/1.0.0/lib-1.0.0.pom",
            id="Maven: the POM is read, and the main file waits",
        ),
        pytest.param(
            REQUESTS,
            {"simple/requests/": page(listed(WHEEL)), ".whl": asset()},
            "/pypi/intake/simple/requests/",
            id="PyPI: the page is read, and the file waits",
        ),
    ],
)
def test_when_time_is_up_a_version_is_left_in_the_middle(
    of_package: Package, replies: dict[str, Reply], last: str
) -> None:
    """Each request may take its whole time: a version of many files is not to outlast a worker."""
    asked = Asked(replies)
    asked.has_time = False
    assert asked.fetch(of_package).state == "no time"
    assert asked.paths == [last]
    asked.has_time = True
    assert asked.fetch(of_package).state == "asked"
