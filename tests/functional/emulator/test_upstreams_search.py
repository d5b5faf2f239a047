"""The order in which repositories are searched, and what the most downstream one keeps."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core import domains, packages, publishing, repositories, upstreams, versions
from emulator.core.errors import ResourceNotFound
from emulator.core.reachable_tags import reachable_tags
from emulator.core.search import MAX_SEARCHED
from emulator.core.state import State, open_state
from emulator.core.values import PackageId, RepositoryId, Restrictions
from emulator.options import Options
from tests.functional.emulator.local_core import ACCOUNT, DOMAIN, Core
from tests.functional.emulator.public_repository import content_of

LODASH = PackageId("npm", "", "lodash")
MAVEN = PackageId("maven", "com.mycompany.app", "pkg")
FILE = "package.tgz"


def repository(state: State, name: str, *up: str) -> RepositoryId:
    """Create a repository."""
    made = RepositoryId(DOMAIN, name)
    repositories.create(state, made, administrator=ACCOUNT, upstreams=up)
    return made


def put(state: State, at: RepositoryId, version: str, package: PackageId = LODASH) -> None:
    """Publish a version whose only asset says where it is from."""
    blob = state.assets.store(f"{at.name} {version}".encode())
    publishing.publish(state, at, package, version, [(FILE, blob)])


def open_up(state: State, at: RepositoryId, package: PackageId = LODASH) -> None:
    """Let *at* both publish and look upstream."""
    packages.put_restrictions(state, at, package, Restrictions("ALLOW", "ALLOW"))


def test_repositories_are_searched_depth_first_in_priority_order(core: Core) -> None:
    """My_repo, A, C, D, E, B: the example of the User Guide."""
    for name, up in (("E0", ()), ("D0", ("E0",)), ("C0", ()), ("B0", ()), ("A0", ("C0", "D0"))):
        repository(core.state, name, *up)
    mine = repository(core.state, "mine", "A0", "B0")

    found = [each.name for each in upstreams.walk(core.state, mine)]

    assert found == ["mine", "A0", "C0", "D0", "E0", "B0"]


def test_at_most_25_repositories_are_searched(core: Core) -> None:
    """A version behind the 25th repository is not reachable."""
    last = repository(core.state, "r00")
    for number in range(1, MAX_SEARCHED + 1):
        last = repository(core.state, f"r{number:02}", f"r{number - 1:02}")
    put(core.state, RepositoryId(DOMAIN, "r00"), "1.0.0")
    put(core.state, RepositoryId(DOMAIN, "r01"), "2.0.0")

    assert len(upstreams.walk(core.state, last)) == MAX_SEARCHED
    open_up(core.state, RepositoryId(DOMAIN, "r01"))
    assert {e.version for e in upstreams.view(core.state, last, LODASH)} == {"2.0.0"}
    nearer = RepositoryId(DOMAIN, f"r{MAX_SEARCHED - 1}")
    assert {e.version for e in upstreams.view(core.state, nearer, LODASH)} == {"1.0.0", "2.0.0"}


@pytest.mark.parametrize("status", ["Archived", "Disposed"])
def test_a_version_that_its_first_holder_does_not_serve_is_not_found(
    core: Core, status: str
) -> None:
    """The search stops at the first holder, even if another one further on would serve it."""
    far, near = repository(core.state, "far"), repository(core.state, "near")
    mine = repository(core.state, "mine", "near", "far")
    for each in (far, near):
        put(core.state, each, "1.0.0")
    if status == "Archived":
        versions.set_status(core.state, near, LODASH, ["1.0.0"], target="Archived")
    else:
        versions.dispose(core.state, near, LODASH, ["1.0.0"])

    with pytest.raises(ResourceNotFound):
        upstreams.fetch(core.state, mine, LODASH, "1.0.0", FILE)


def test_a_version_from_an_internal_upstream_keeps_its_origin_and_the_package_its_defaults(
    core: Core,
) -> None:
    """The copy is INTERNAL, from the upstream; publish BLOCK, upstream ALLOW (a switch)."""
    upstream = repository(core.state, "upstream")
    repository(core.state, "middle", "upstream")
    mine = repository(core.state, "mine", "middle")
    put(core.state, upstream, "1.0.0")

    download = upstreams.fetch(core.state, mine, LODASH, "1.0.0", FILE)

    assert content_of(download) == b"upstream 1.0.0"
    held = versions.describe(core.state, mine, LODASH, "1.0.0")
    assert (held.origin.type, held.origin.repository) == ("INTERNAL", "upstream")
    assert packages.find(core.state, RepositoryId(DOMAIN, "middle"), LODASH) is None
    restrictions = packages.describe(core.state, mine, LODASH).restrictions
    assert restrictions == Restrictions(publish="BLOCK", upstream="ALLOW")
    created = [each for each in core.delivered() if each["operationType"] == "Created"]
    assert [each["repositoryName"] for each in created] == ["upstream", "mine"]


def test_a_retained_version_survives_what_becomes_of_it_upstream(core: Core) -> None:
    """Deleted or archived upstream, it is served from where it was retained."""
    upstream = repository(core.state, "upstream")
    mine = repository(core.state, "mine", "upstream")
    put(core.state, upstream, "1.0.0")
    upstreams.fetch(core.state, mine, LODASH, "1.0.0", FILE)

    versions.delete(core.state, upstream, LODASH, ["1.0.0"])

    assert content_of(upstreams.fetch(core.state, mine, LODASH, "1.0.0", FILE))


def test_a_snapshot_in_both_is_the_upstreams_until_upstream_is_blocked(core: Core) -> None:
    """R's clients get U's 1.0-SNAPSHOT; with upstream BLOCK in R they get R's own."""
    upstream = repository(core.state, "upstream")
    mine = repository(core.state, "mine", "upstream")
    for each in (upstream, mine):
        put(core.state, each, "1.0-SNAPSHOT", MAVEN)
    open_up(core.state, mine, MAVEN)

    (seen,) = upstreams.view(core.state, mine, MAVEN)
    assert seen.holder == upstream
    fetched = upstreams.fetch(core.state, mine, MAVEN, "1.0-SNAPSHOT", FILE)
    assert content_of(fetched) == b"upstream 1.0-SNAPSHOT"

    packages.put_restrictions(core.state, mine, MAVEN, Restrictions("ALLOW", "BLOCK"))
    (seen,) = upstreams.view(core.state, mine, MAVEN)
    assert seen.holder == mine
    fetched = upstreams.fetch(core.state, mine, MAVEN, "1.0-SNAPSHOT", FILE)
    assert content_of(fetched) == b"mine 1.0-SNAPSHOT"


def test_the_upstreams_dist_tag_wins_and_the_others_are_united(core: Core) -> None:
    """Publishing latest downstream stays unseen while the upstream has one."""
    upstream = repository(core.state, "upstream")
    mine = repository(core.state, "mine", "upstream")
    put(core.state, upstream, "1.0.1")
    put(core.state, mine, "1.0.2")
    open_up(core.state, mine)
    packages.put_metadata(core.state, upstream, LODASH, {"dist-tags": {"latest": "1.0.1"}})
    tags = {"latest": "1.0.2", "next": "1.0.2"}
    packages.put_metadata(core.state, mine, LODASH, {"dist-tags": tags})

    found = reachable_tags(core.state, mine, LODASH)

    assert found == {"latest": "1.0.1", "next": "1.0.2"}


VERSIONS = ("1.0.0", "2.0.0", "3.0.0")


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[list[int]], list[set[str]], set[int]]:
    """Upstreams by repository (to lower numbers), what each holds, and which block upstream."""
    size = draw(st.integers(1, 7))
    edges = [
        draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
        for number in range(size)
    ]
    holds = [draw(st.sets(st.sampled_from(VERSIONS), max_size=3)) for _ in range(size)]
    blocks = draw(st.sets(st.integers(0, size - 1), max_size=2))
    return edges, holds, blocks


def expected_order(edges: list[list[int]], blocks: set[int], start: int) -> list[int]:
    """Return the search order, written down in the plainest way."""
    order: list[int] = []
    waiting = [start]
    while waiting:
        at = waiting.pop()
        if at not in order:
            order.append(at)
            if at not in blocks:
                waiting.extend(reversed(edges[at]))
    return order


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_whatever_the_graph_the_first_holder_serves_and_only_the_asked_repository_retains(
    graph: tuple[list[list[int]], list[set[str]], set[int]],
) -> None:
    """View, fetch and retention agree with a plain depth-first search."""
    edges, holds, blocks = graph
    with closing(open_state(Options())) as state:
        domains.create(state, DOMAIN)
        made = [
            repository(state, f"r{number}", *(f"r{up}" for up in ups))
            for number, ups in enumerate(edges)
        ]
        for number, at in enumerate(made):
            for version in sorted(holds[number]):
                packages.put_restrictions(state, at, LODASH, Restrictions("ALLOW", "BLOCK"))
                put(state, at, version)
            upstream = Restrictions("ALLOW", "BLOCK" if number in blocks else "ALLOW")
            packages.put_restrictions(state, at, LODASH, upstream)
        start = len(made) - 1
        order = expected_order(edges, blocks, start)
        first = {v: next((n for n in order if v in holds[n]), None) for v in VERSIONS}

        seen = {each.version: each.holder for each in upstreams.view(state, made[start], LODASH)}
        assert seen == {v: made[n] for v, n in first.items() if n is not None}
        for version, holder in first.items():
            if holder is None:
                with pytest.raises(ResourceNotFound):
                    upstreams.fetch(state, made[start], LODASH, version, FILE)
            else:
                download = upstreams.fetch(state, made[start], LODASH, version, FILE)
                assert content_of(download) == f"r{holder} {version}".encode()

        held = [{each.version for each in versions.all_of(state, at, LODASH)} for at in made]
        reached = {v for v, n in first.items() if n is not None}
        assert held == [*holds[:-1], holds[start] | reached]
