"""What a package's origin configuration and its group's let into a repository together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core import (
    copying,
    domains,
    group_changes,
    packages,
    publishing,
    repositories,
    retention,
    upstreams,
    versions,
)
from emulator.core.errors import Conflict, ResourceNotFound
from emulator.core.origins import Arrival, PublishBlocked
from emulator.core.state import open_state
from emulator.core.values import (
    PackageGroupId,
    PackageId,
    RepositoryId,
    Restriction,
    RestrictionMode,
    Restrictions,
    RestrictionType,
)
from emulator.options import Options
from tests.functional.emulator.group_controls import control, let_in_only
from tests.functional.emulator.local_core import DOMAIN, OTHER, REPOSITORY, Core, opened
from tests.functional.emulator.public_repository import (
    Company,
    FakeRepository,
    content_of,
    until,
)

WEB_UI = PackageId("npm", "mycompany", "web-ui")
RESEMBLING = PackageId("npm", "mycompany", "web.ui")
GROUP = "/npm/mycompany/web-ui$"
FILE = "package.tgz"

REQUESTS = PackageId("pypi", "", "requests")
REQUESTS_GROUP = "/pypi//requests$"
WHEEL, SDIST = "requests-2.26.0-py3-none-any.whl", "requests-2.26.0.tar.gz"
LATE = "requests-2.26.0-py2-none-any.whl"
LIBRARY = PackageId("maven", "org.slf4j", "slf4j-api")
POM, JAR = "slf4j-api-2.0.13.pom", "slf4j-api-2.0.13.jar"
LINUX = "slf4j-api-2.0.13-linux.jar"

Group = Literal["allows", "lists it", "lists another", "blocks", "is only resembled"]
GROUPS: dict[Group, bool] = {
    "allows": True,
    "lists it": True,
    "lists another": False,
    "blocks": False,
    "is only resembled": False,
}
"""What a group says of one way in, and whether the package comes in."""


@pytest.fixture
def core() -> Iterator[Core]:
    """A core with its own events."""
    with opened() as made:
        yield made


@pytest.fixture
def company(core: Core) -> Company:
    """``app`` has upstream ``middle``, which has upstream ``store``, which has public PyPI."""
    made = Company.with_store(core.state, FakeRepository(), "public:pypi")
    made.repository("middle", "store")
    made.repository("app", "middle")
    made.public.offer(REQUESTS, "2.26.0", WHEEL, SDIST)
    return made


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


@pytest.mark.parametrize("what", ["external", "internal", "app", "store"])
def test_a_later_maven_asset_stays_outside(core: Core, what: Lock) -> None:
    """An asset of another name is not fetched for a version that is held."""
    company = Company.with_store(core.state, FakeRepository("maven"), "public:maven-central")
    app = company.repository("app", "store")
    company.public.offer(LIBRARY, "2.0.13", POM, JAR, unlisted=(LINUX,))
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
    """Row 10 holds for what clients can reach; nobody outside is asked about the rest."""
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


def test_a_dist_tag_of_an_upstream_that_is_not_reachable_is_not_seen(core: Core) -> None:
    """The repository's own ``latest`` counts then."""
    repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    for at, version in ((OTHER, "1.0.0"), (REPOSITORY, "2.0.0")):
        core.publish(version, package=WEB_UI, repository=at)
        tags = {packages.DIST_TAGS: {"latest": version}}
        packages.put_metadata(core.state, at, WEB_UI, tags)
    core.restrict("ALLOW", "ALLOW", package=WEB_UI)
    assert upstreams.dist_tags(core.state, REPOSITORY, WEB_UI) == {"latest": "1.0.0"}

    control(core.state, GROUP, {"INTERNAL_UPSTREAM": "BLOCK"})

    assert upstreams.dist_tags(core.state, REPOSITORY, WEB_UI) == {"latest": "2.0.0"}


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


VERSIONS = ("1.0.0", "2.0.0", "3.0.0")
PUBLIC = ("2.0.0", "4.0.0")


class World:
    """
    Repositories, what each holds of one package, and every setting that lets versions in.

    Attributes:
        edges: Each repository's upstreams, all of lower numbers; one without may be connected.
        own: The package's own ``upstream`` setting; None where there is no record.
        modes: The group's modes of both ways in; ``lists`` what they admit if they are lists.
        resembled: The package only resembles the group.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        size = draw(st.integers(1, 6))
        numbers = st.integers(0, size - 1)
        self.edges: list[list[int]] = [
            draw(st.lists(st.integers(0, n - 1), unique=True, max_size=3)) if n else []
            for n in range(size)
        ]
        self.connected = {n for n in range(size) if not self.edges[n] and draw(st.booleans())}
        self.holds = [draw(st.sets(st.sampled_from(VERSIONS), max_size=2)) for _ in range(size)]
        settings_of_one: st.SearchStrategy[Restriction | None] = st.sampled_from(
            ["ALLOW", "ALLOW", "BLOCK", None]
        )
        self.own = [draw(settings_of_one) for _ in range(size)]
        modes: st.SearchStrategy[RestrictionMode] = st.sampled_from(
            ["ALLOW", "ALLOW_SPECIFIC_REPOSITORIES", "BLOCK"]
        )
        self.internal, self.external = draw(modes), draw(modes)
        self.pulls, self.ingests = draw(st.sets(numbers)), draw(st.sets(numbers))
        self.resembled = draw(st.integers(0, 5)) == 0

    def __repr__(self) -> str:
        """Show all of it, for a failure."""
        return repr(vars(self))

    def admits(self, at: int, mode: RestrictionMode, listed: set[int]) -> bool:
        """Whether package and group both allow a way in, written down in the plainest way."""
        if self.own[at] == "BLOCK" or self.resembled:
            return False
        return mode == "ALLOW" or (mode == "ALLOW_SPECIFIC_REPOSITORIES" and at in listed)

    def sources(self, start: int) -> dict[str, tuple[int, bool]]:
        """Return where each version comes from first: the repository, and whether from outside."""
        found: dict[str, tuple[int, bool]] = {}
        seen: set[int] = set()

        def visit(at: int) -> None:
            if at in seen:
                return
            seen.add(at)
            for version in self.holds[at]:
                found.setdefault(version, (at, False))
            if at in self.connected and self.admits(at, self.external, self.ingests):
                for version in PUBLIC:
                    found.setdefault(version, (at, True))
            if self.admits(at, self.internal, self.pulls):
                for upstream in self.edges[at]:
                    visit(upstream)

        visit(start)
        return found


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any of them."""
    return World(draw)


def build(world: World, company: Company, package: PackageId) -> list[RepositoryId]:
    """Create the repositories as *world* has them, then the group; return them by number."""
    state = company.state
    made = [
        company.repository(f"r{n}", *(f"r{up}" for up in ups)) for n, ups in enumerate(world.edges)
    ]
    for n, at in enumerate(made):
        for version in sorted(world.holds[n]):
            packages.put_restrictions(state, at, package, Restrictions("ALLOW", "BLOCK"))
            blob = state.assets.store(f"r{n} {version}".encode())
            publishing.publish(state, at, package, version, [(FILE, blob)])
        own = world.own[n]
        if world.holds[n] or own is not None:
            packages.put_restrictions(state, at, package, Restrictions("ALLOW", own or "ALLOW"))
        if n in world.connected:
            repositories.associate_external_connection(state, at, company.connection_name)
    control(
        state,
        GROUP,
        {"INTERNAL_UPSTREAM": world.internal, "EXTERNAL_UPSTREAM": world.external},
        {
            "INTERNAL_UPSTREAM": [f"r{n}" for n in sorted(world.pulls)],
            "EXTERNAL_UPSTREAM": [f"r{n}" for n in sorted(world.ingests)],
        },
    )
    return made


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_whatever_the_settings_exactly_what_both_allow_is_reachable_and_kept(world: World) -> None:
    """Listings, downloads and what is kept agree with the rule as a plain search."""
    package = RESEMBLING if world.resembled else WEB_UI
    with closing(open_state(Options())) as state:
        domains.create(state, DOMAIN)
        company = Company(state, FakeRepository("npm"), "public:npmjs", repository("r0"))
        state.public["public:npmjs"] = company.public
        for version in PUBLIC:
            company.public.offer(package, version, FILE)
        made = build(world, company, package)
        client_of = made[-1]
        expected = world.sources(len(made) - 1)

        seen = {each.version: each.holder for each in upstreams.view(state, client_of, package)}
        assert seen == {v: None if out else made[n] for v, (n, out) in expected.items()}
        for version in (*VERSIONS, *PUBLIC):
            if version in expected:
                content_of(upstreams.fetch(state, client_of, package, version, FILE))
            else:
                with pytest.raises(ResourceNotFound):
                    upstreams.fetch(state, client_of, package, version, FILE)
        company.settled()

        kept = [set(each) for each in world.holds]
        for version, (n, out) in expected.items():
            kept[-1].add(version)
            kept[n if out else -1].add(version)
        found = [{each.version for each in versions.all_of(state, at, package)} for at in made]
        assert found == kept
