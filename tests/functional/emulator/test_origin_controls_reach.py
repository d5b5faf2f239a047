"""Random repositories, packages and groups: what is reachable is what a plain search says."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core import domains, packages, publishing, repositories, upstreams, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.state import open_state
from emulator.core.values import PackageId, RepositoryId, Restriction, RestrictionMode, Restrictions
from emulator.options import Options
from tests.functional.emulator.group_controls import control
from tests.functional.emulator.local_core import DOMAIN
from tests.functional.emulator.public_repository import Company, FakeRepository, content_of

WEB_UI = PackageId("npm", "mycompany", "web-ui")
RESEMBLING = PackageId("npm", "mycompany", "web.ui")
GROUP = "/npm/mycompany/web-ui$"
FILE = "package.tgz"
VERSIONS = ("1.0.0", "2.0.0", "3.0.0")
PUBLIC = ("2.0.0", "4.0.0")


def repository(name: str) -> RepositoryId:
    """Return a repository of the domain."""
    return RepositoryId(DOMAIN, name)


class World:
    """
    Repositories, what each holds of one package, and every setting that lets versions in.

    Attributes:
        edges: Each repository's upstreams, all of lower numbers; one without may be connected.
        own: The package's own ``upstream`` setting; None where there is no record.
        connected: The repositories with the external connection.
        internal: The group's mode of what is pulled; ``pulls`` is its list.
        external: The group's mode of what comes from outside; ``ingests`` is its list.
        resembled: The package's name only resembles the group's.
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
