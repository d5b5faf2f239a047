"""What a package's origin configuration and its group's let into a repository together."""

from __future__ import annotations

from typing import Literal

import pytest

from emulator.core import copying, group_changes, packages, repositories, retention, upstreams
from emulator.core.errors import ResourceNotFound
from emulator.core.origins import Arrival, PublishBlocked
from emulator.core.reachable_tags import reachable_tags
from emulator.core.values import (
    PackageGroupId,
    PackageId,
    RepositoryId,
    Restriction,
    Restrictions,
    RestrictionType,
)
from tests.functional.emulator.group_controls import control, let_in_only
from tests.functional.emulator.local_core import DOMAIN, OTHER, REPOSITORY, Core
from tests.functional.emulator.public_repository import Company, FakeRepository, content_of

WEB_UI = PackageId("npm", "mycompany", "web-ui")
RESEMBLING = PackageId("npm", "mycompany", "web.ui")
GROUP = "/npm/mycompany/web-ui$"
FILE = "package.tgz"

Group = Literal["allows", "lists it", "lists another", "blocks", "is only resembled"]
GROUPS: dict[Group, bool] = {
    "allows": True,
    "lists it": True,
    "lists another": False,
    "blocks": False,
    "is only resembled": False,
}
"""What a group says of one way in, and whether the package comes in."""


def repository(name: str) -> RepositoryId:
    """Return a repository of the domain."""
    return RepositoryId(DOMAIN, name)


def say(core: Core, kind: RestrictionType, group: Group, listed: str) -> PackageId:
    """Set what the group says of one way in; return the package to bring in."""
    if group.startswith("lists"):
        repositories.create(core.state, repository("elsewhere"), administrator=DOMAIN.owner)
        let_in_only(core.state, GROUP, kind, listed if group == "lists it" else "elsewhere")
    else:
        control(core.state, GROUP, {kind: "BLOCK" if group == "blocks" else "ALLOW"})
    return RESEMBLING if group == "is only resembled" else WEB_UI


@pytest.mark.parametrize("own", [None, "ALLOW", "BLOCK"])
@pytest.mark.parametrize(("group", "lets_in"), GROUPS.items())
def test_a_version_is_published_if_the_package_and_its_group_allow_it(
    core: Core, own: Restriction | None, group: Group, *, lets_in: bool
) -> None:
    """PUBLISH lists the repositories that may be published to; one BLOCK is enough."""
    package = say(core, "PUBLISH", group, REPOSITORY.name)
    if own is not None:
        core.restrict(own, "ALLOW", package=package)

    if lets_in and own != "BLOCK":
        core.publish("1.0.0", package=package)
        assert core.statuses(package) == {"1.0.0": "Published"}
        return
    with pytest.raises(PublishBlocked, match="configured to block new versions") as refusal:
        core.publish("1.0.0", package=package)
    assert (GROUP in str(refusal.value)) == (own != "BLOCK")
    assert core.statuses(package) == {}
    assert (packages.find(core.state, REPOSITORY, package) is None) == (own is None)


@pytest.mark.parametrize("own", [None, "ALLOW", "BLOCK"])
@pytest.mark.parametrize(("group", "lets_in"), GROUPS.items())
def test_an_upstreams_version_is_reachable_if_the_package_and_its_group_allow_it(
    core: Core, own: Restriction | None, group: Group, *, lets_in: bool
) -> None:
    """INTERNAL_UPSTREAM lists the downstream repositories, which pull."""
    repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    package = RESEMBLING if group == "is only resembled" else WEB_UI
    core.publish("1.0.0", FILE, package=package, repository=OTHER)
    say(core, "INTERNAL_UPSTREAM", group, REPOSITORY.name)
    if own is not None:
        core.restrict("ALLOW", own, package=package)

    if lets_in and own != "BLOCK":
        seen = upstreams.view(core.state, REPOSITORY, package)
        assert [each.version for each in seen] == ["1.0.0"]
        content_of(upstreams.fetch(core.state, REPOSITORY, package, "1.0.0", FILE))
        assert core.statuses(package) == {"1.0.0": "Published"}
        return
    assert upstreams.view(core.state, REPOSITORY, package) == []
    with pytest.raises(ResourceNotFound):
        upstreams.fetch(core.state, REPOSITORY, package, "1.0.0", FILE)
    assert core.statuses(package) == {}
    assert (packages.find(core.state, REPOSITORY, package) is None) == (own is None)


@pytest.mark.parametrize("own", [None, "ALLOW", "BLOCK"])
@pytest.mark.parametrize(("group", "lets_in"), GROUPS.items())
def test_a_public_version_comes_in_if_the_package_and_its_group_allow_it(
    core: Core, own: Restriction | None, group: Group, *, lets_in: bool
) -> None:
    """EXTERNAL_UPSTREAM lists the repositories that hold the external connection."""
    company = Company.with_store(core.state, FakeRepository("npm"), "public:npmjs")
    app = company.repository("app", "store")
    package = say(core, "EXTERNAL_UPSTREAM", group, "store")
    company.public.offer(package, "1.0.0", FILE)
    if own is not None:
        core.restrict("ALLOW", own, package=package, repository=company.store)

    if lets_in and own != "BLOCK":
        content_of(upstreams.fetch(core.state, app, package, "1.0.0", FILE))
        company.settled()
        for each in (app, company.store):
            assert core.statuses(package, each) == {"1.0.0": "Published"}
        return
    assert upstreams.view(core.state, app, package) == []
    with pytest.raises(ResourceNotFound):
        upstreams.fetch(core.state, app, package, "1.0.0", FILE)
    assert company.public.asked == []
    assert packages.find(core.state, app, package) is None


BY_ARRIVAL: dict[Arrival, Restrictions] = {
    "published": Restrictions("ALLOW", "BLOCK"),
    "ingested": Restrictions("BLOCK", "ALLOW"),
    "retained": Restrictions("BLOCK", "ALLOW"),
    "copied": Restrictions("ALLOW", "BLOCK"),
}


def arrive(core: Core, arrival: Arrival, package: PackageId) -> Restrictions:
    """Have the first version of *package* come into REPOSITORY so; return what it obeys then."""
    state = core.state
    if arrival == "published":
        core.publish("1.0.0", package=package)
    elif arrival == "ingested":
        company = Company(state, FakeRepository("npm"), "public:npmjs", REPOSITORY)
        state.public["public:npmjs"] = company.public
        repositories.associate_external_connection(state, REPOSITORY, "public:npmjs")
        company.public.offer(package, "1.0.0", FILE)
        upstreams.fetch(state, REPOSITORY, package, "1.0.0", FILE)
        company.settled()
    else:
        core.publish("1.0.0", FILE, package=package, repository=OTHER)
        if arrival == "copied":
            copying.copy(state, OTHER, REPOSITORY, package, versions=["1.0.0"])
        else:
            repositories.update(state, REPOSITORY, upstreams=[OTHER.name])
            upstreams.fetch(state, REPOSITORY, package, "1.0.0", FILE)
    return packages.describe(state, REPOSITORY, package).restrictions


@pytest.mark.parametrize(("arrival", "restrictions"), BY_ARRIVAL.items())
def test_a_group_that_restricts_nothing_leaves_a_new_package_the_defaults_of_its_arrival(
    core: Core, arrival: Arrival, restrictions: Restrictions
) -> None:
    """A group of its own that inherits ALLOW from the root is as good as none."""
    control(core.state, GROUP, {})

    assert arrive(core, arrival, WEB_UI) == restrictions


@pytest.mark.parametrize("arrival", BY_ARRIVAL)
@pytest.mark.parametrize("kind", ["PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"])
@pytest.mark.parametrize("where", [GROUP, "/npm/*", "/*"])
def test_a_group_that_restricts_anything_has_a_new_package_defer_to_it(
    core: Core, arrival: Arrival, kind: RestrictionType, where: str
) -> None:
    """ALLOW and ALLOW, whatever the arrival, whichever type, its own group's or inherited."""
    control(core.state, GROUP, {})
    let_in_only(core.state, where, kind, REPOSITORY.name, OTHER.name)

    assert arrive(core, arrival, WEB_UI) == Restrictions("ALLOW", "ALLOW")


def test_a_package_that_only_resembles_a_group_defers_to_it_too(core: Core) -> None:
    """A copy is what can still bring one in."""
    core.publish("1.0.0", package=RESEMBLING, repository=OTHER)
    control(core.state, GROUP, {})

    copying.copy(core.state, OTHER, REPOSITORY, RESEMBLING, versions=["1.0.0"])

    found = packages.describe(core.state, REPOSITORY, RESEMBLING)
    assert found.restrictions == Restrictions("ALLOW", "ALLOW")


def test_defaults_are_of_the_first_version_only(core: Core) -> None:
    """A group that is restricted later changes no package's own configuration."""
    core.publish("1.0.0", package=WEB_UI)
    control(core.state, GROUP, {"EXTERNAL_UPSTREAM": "BLOCK"})

    core.publish("2.0.0", package=WEB_UI)

    found = packages.describe(core.state, REPOSITORY, WEB_UI)
    assert found.restrictions == Restrictions("ALLOW", "BLOCK")


@pytest.mark.parametrize("what", ["group", "package", "repository"])
def test_what_closes_while_a_version_is_retained_keeps_it_out(core: Core, what: str) -> None:
    """Between the search and the record: no version, and no package record that was not there."""
    version = core.publish("1.0.0", FILE, package=WEB_UI, repository=OTHER)
    repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    if what == "group":
        control(core.state, GROUP, {"INTERNAL_UPSTREAM": "BLOCK"})
    elif what == "package":
        core.restrict("ALLOW", "BLOCK", package=WEB_UI)
    else:
        repositories.delete(core.state, REPOSITORY)

    retention.retain(core.state, REPOSITORY, version)

    if what == "repository":
        assert [each.id for each in repositories.page(core.state, limit=10)[0]] == [OTHER]
    else:
        assert core.statuses(WEB_UI) == {}
        record = packages.find(core.state, REPOSITORY, WEB_UI)
        assert (record is not None) == (what == "package")


def test_a_dist_tag_of_an_upstream_that_is_not_reachable_is_not_seen(core: Core) -> None:
    """The repository's own ``latest`` counts then."""
    repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    for at, version in ((OTHER, "1.0.0"), (REPOSITORY, "2.0.0")):
        core.publish(version, package=WEB_UI, repository=at)
        tags = {packages.DIST_TAGS: {"latest": version}}
        packages.put_metadata(core.state, at, WEB_UI, tags)
    core.restrict("ALLOW", "ALLOW", package=WEB_UI)
    assert reachable_tags(core.state, REPOSITORY, WEB_UI) == {"latest": "1.0.0"}

    control(core.state, GROUP, {"INTERNAL_UPSTREAM": "BLOCK"})

    assert reachable_tags(core.state, REPOSITORY, WEB_UI) == {"latest": "2.0.0"}


@pytest.mark.parametrize(("group", "lets_in"), GROUPS.items())
@pytest.mark.parametrize("obeys", [False, True])
def test_a_copy_obeys_the_group_if_copies_obey_origin_controls(
    core: Core, group: Group, *, obeys: bool, lets_in: bool
) -> None:
    """PUBLISH refuses it with NOT_ALLOWED under ``copyObeysOriginControls``, else never."""
    package = RESEMBLING if group == "is only resembled" else WEB_UI
    core.publish("1.0.0", package=package, repository=OTHER)
    say(core, "PUBLISH", group, REPOSITORY.name)
    core.switch(copyObeysOriginControls=obeys)

    result = copying.copy(core.state, OTHER, REPOSITORY, package, versions=["1.0.0"])

    if lets_in or not obeys:
        assert core.statuses(package) == {"1.0.0": "Published"}
        return
    assert result.failed["1.0.0"].code == "NOT_ALLOWED"
    assert packages.find(core.state, REPOSITORY, package) is None


def test_a_group_that_is_deleted_leaves_packages_to_its_parent(core: Core) -> None:
    """What it blocked may be published again, with the defaults of a group that allows all."""
    control(core.state, GROUP, {"PUBLISH": "BLOCK"})
    with pytest.raises(PublishBlocked):
        core.publish("1.0.0", package=WEB_UI)

    group_changes.delete(core.state, PackageGroupId(DOMAIN, GROUP))

    core.publish("1.0.0", package=WEB_UI)
    found = packages.describe(core.state, REPOSITORY, WEB_UI)
    assert found.restrictions == Restrictions("ALLOW", "BLOCK")


def test_a_copy_from_upstream_takes_only_what_the_source_reaches(core: Core) -> None:
    """``includeFromUpstream`` goes the way that clients of the source go."""
    third = repository("third")
    repositories.create(core.state, third, administrator=DOMAIN.owner)
    repositories.update(core.state, OTHER, upstreams=["third"])
    core.publish("1.0.0", package=WEB_UI, repository=third)
    core.restrict("ALLOW", "ALLOW", package=WEB_UI, repository=OTHER)
    control(core.state, GROUP, {"INTERNAL_UPSTREAM": "BLOCK"})

    result = copying.copy(
        core.state, OTHER, REPOSITORY, WEB_UI, versions=["1.0.0"], include_from_upstream=True
    )

    assert result.failed["1.0.0"].code == "NOT_FOUND"
    assert core.statuses(WEB_UI) == {}
