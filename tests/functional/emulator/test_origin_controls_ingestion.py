"""What comes in from outside, late or on its way, once a package or its group closes the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from emulator.core import packages, publishing, upstreams
from emulator.core.errors import Conflict, ResourceNotFound
from emulator.core.origins import PublishBlocked
from emulator.core.values import PackageId, RepositoryId, Restrictions
from tests.functional.emulator.group_controls import control, let_in_only
from tests.functional.emulator.local_core import DOMAIN, Core
from tests.functional.emulator.public_repository import (
    JAR,
    LIBRARY,
    LINUX,
    POM,
    REQUESTS,
    SDIST,
    WHEEL,
    Company,
    content_of,
    layered,
    until,
    with_maven_central,
)

REQUESTS_GROUP = "/pypi//requests$"
LATE = "requests-2.26.0-py2-none-any.whl"


@pytest.fixture
def company(core: Core) -> Company:
    """``app`` has upstream ``middle``, which has upstream ``store``, which has public PyPI."""
    return layered(core.state)


def repository(name: str) -> RepositoryId:
    """Return a repository of the domain."""
    return RepositoryId(DOMAIN, name)


def test_a_name_that_only_resembles_a_group_pulls_nothing_from_anywhere(company: Company) -> None:
    """Neither from upstream repositories nor from outside, whatever the group allows."""
    colorama = PackageId("pypi", "", "colorama")
    resembling = PackageId("pypi", "", "co1orama")  # with a digit for the letter
    app = repository("app")
    for package in (colorama, resembling):
        company.public.offer(package, "1.0", f"{package.name}-1.0.tar.gz")
        assert upstreams.view(company.state, app, package) != []

    control(company.state, "/pypi//colorama$", {})

    assert upstreams.view(company.state, app, resembling) == []
    assert upstreams.view(company.state, app, colorama) != []


@pytest.mark.parametrize(
    ("listed", "reached"),
    [(["app", "middle"], True), (["app"], False), (["middle"], False), (["app", "store"], False)],
)
def test_every_repository_on_the_way_has_to_be_on_the_list(
    company: Company, listed: list[str], *, reached: bool
) -> None:
    """A repository halfway that may not pull ends the search there, although it keeps nothing."""
    let_in_only(company.state, REQUESTS_GROUP, "INTERNAL_UPSTREAM", *listed)

    seen = upstreams.view(company.state, repository("app"), REQUESTS)

    assert [each.version for each in seen] == (["2.26.0"] if reached else [])


Lock = Literal["external", "internal", "app", "middle", "store"]


def lock(company: Company, what: Lock, package: PackageId, group: str) -> None:
    """Close the way in: by the package's group, or by its BLOCK in one repository."""
    if what == "external":
        control(company.state, group, {"EXTERNAL_UPSTREAM": "BLOCK"})
    elif what == "internal":
        control(company.state, group, {"INTERNAL_UPSTREAM": "BLOCK"})
    else:
        blocked = Restrictions("ALLOW", "BLOCK")
        packages.put_restrictions(company.state, repository(what), package, blocked)


LOCKS: tuple[Lock, ...] = ("external", "internal", "app", "middle", "store")


@pytest.mark.parametrize("what", LOCKS)
def test_what_is_held_stays_usable_and_nothing_joins_it(company: Company, what: Lock) -> None:
    """No later file, no refresh, no other version; the assets that are there are served."""
    state, app = company.state, repository("app")
    upstreams.fetch(state, app, REQUESTS, "2.26.0", WHEEL)
    company.settled()
    lock(company, what, REQUESTS, REQUESTS_GROUP)
    company.public.offer(REQUESTS, "2.26.0", WHEEL, SDIST, LATE)
    company.public.offer(REQUESTS, "2.32.3", "requests-2.32.3.tar.gz")
    state.clock.advance(timedelta(minutes=31))
    company.public.asked.clear()

    (seen,) = upstreams.view(state, app, REQUESTS)
    assert (seen.version, seen.public) == ("2.26.0", None)
    for name in (WHEEL, SDIST):
        content_of(upstreams.fetch(state, app, REQUESTS, "2.26.0", name))
    for version, name in (("2.26.0", LATE), ("2.32.3", "requests-2.32.3.tar.gz")):
        with pytest.raises(ResourceNotFound):
            upstreams.fetch(state, app, REQUESTS, version, name)
    company.settled()
    assert company.public.asked == []
    assert company.assets(app, REQUESTS, "2.26.0") == {WHEEL, SDIST}
    assert company.assets(company.store, REQUESTS, "2.26.0") == {WHEEL, SDIST}


def test_what_a_store_holds_is_its_own_once_nothing_more_comes_in_from_outside(
    company: Company,
) -> None:
    """INTERNAL_UPSTREAM alone says who gets it; what the store does not hold stays outside."""
    state, app = company.state, repository("app")
    company.public.offer(REQUESTS, "2.32.3", "requests-2.32.3.tar.gz")
    upstreams.fetch(state, company.store, REQUESTS, "2.26.0", WHEEL)
    company.settled()
    control(state, REQUESTS_GROUP, {"EXTERNAL_UPSTREAM": "BLOCK"})

    assert [each.version for each in upstreams.view(state, app, REQUESTS)] == ["2.26.0"]
    content_of(upstreams.fetch(state, app, REQUESTS, "2.26.0", WHEEL))

    assert company.assets(app, REQUESTS, "2.26.0") == {WHEEL, SDIST}


@pytest.mark.parametrize("what", ["external", "internal", "app", "store"])
def test_a_later_maven_asset_stays_outside(core: Core, what: Lock) -> None:
    """An asset of another name is not fetched for a version that is held."""
    company = with_maven_central(core.state)
    app = repository("app")
    upstreams.fetch(core.state, app, LIBRARY, "2.0.13", POM)
    company.settled()
    lock(company, what, LIBRARY, "/maven/org.slf4j/slf4j-api$")

    with pytest.raises(ResourceNotFound):
        upstreams.fetch(core.state, app, LIBRARY, "2.0.13", LINUX)

    content_of(upstreams.fetch(core.state, app, LIBRARY, "2.0.13", JAR))
    assert company.assets(app, LIBRARY, "2.0.13") == {POM, JAR}


@pytest.mark.parametrize("what", LOCKS)
def test_what_closes_while_a_version_is_on_its_way_keeps_it_out(
    company: Company, what: Lock
) -> None:
    """The client gets all it asked for; only repositories that still reach outside keep it."""
    state, app = company.state, repository("app")
    company.public.held_back = {WHEEL}
    download = upstreams.fetch(state, app, REQUESTS, "2.26.0", WHEEL)
    until(lambda: f"open {SDIST}" in company.public.asked)

    lock(company, what, REQUESTS, REQUESTS_GROUP)
    company.public.gate.set()

    assert content_of(download) == company.public.content[f"2.26.0/{WHEEL}"]
    company.settled()
    assert company.assets(app, REQUESTS, "2.26.0") == set()
    kept = {WHEEL, SDIST} if what in {"internal", "app", "middle"} else set()
    assert company.assets(company.store, REQUESTS, "2.26.0") == kept
    with pytest.raises(ResourceNotFound):
        upstreams.fetch(state, app, REQUESTS, "2.26.0", WHEEL)


def test_what_was_kept_out_comes_in_once_the_way_is_open_again(company: Company) -> None:
    """Nothing of the refused import is left to stand in the way."""
    state, app = company.state, repository("app")
    company.public.held_back = {WHEEL}
    upstreams.fetch(state, app, REQUESTS, "2.26.0", WHEEL)
    control(state, REQUESTS_GROUP, {"EXTERNAL_UPSTREAM": "BLOCK"})
    company.public.gate.set()
    company.settled()

    control(state, REQUESTS_GROUP, {"EXTERNAL_UPSTREAM": "ALLOW"})
    content_of(upstreams.fetch(state, app, REQUESTS, "2.26.0", WHEEL))

    company.settled()
    for each in (app, company.store):
        assert company.assets(each, REQUESTS, "2.26.0") == {WHEEL, SDIST}


@pytest.mark.parametrize("what", ["external", "internal", "app", "middle", "store"])
def test_a_version_that_is_not_reachable_is_no_conflict_for_a_publish(
    company: Company, what: Lock
) -> None:
    """The conflict is one with what clients can reach; nobody outside is asked about the rest."""
    state, app = company.state, repository("app")
    packages.put_restrictions(state, app, REQUESTS, Restrictions("ALLOW", "ALLOW"))
    blob = state.assets.store(b"mine")
    with pytest.raises(Conflict):
        publishing.publish(state, app, REQUESTS, "2.26.0", [(WHEEL, blob)])
    company.public.asked.clear()

    lock(company, what, REQUESTS, REQUESTS_GROUP)
    publishing.publish(state, app, REQUESTS, "2.26.0", [(WHEEL, state.assets.store(b"mine"))])

    assert company.assets(app, REQUESTS, "2.26.0") == {WHEEL}
    assert company.public.asked == []


def test_nobody_outside_is_asked_about_a_publish_that_the_group_refuses(company: Company) -> None:
    """The refusal comes first."""
    control(company.state, REQUESTS_GROUP, {"PUBLISH": "BLOCK"})
    blob = company.state.assets.store(b"mine")

    with pytest.raises(PublishBlocked):
        publishing.publish(company.state, repository("app"), REQUESTS, "2.26.0", [(WHEEL, blob)])

    assert company.public.asked == []
