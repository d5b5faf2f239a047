"""Seeding: what a document describes exists, or nothing has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from emulator.core import domains, packages, repositories, seed, versions
from emulator.core.errors import Validation
from emulator.core.state import State, open_state
from emulator.core.values import DomainId, Origin, PackageId, RepositoryId, Restrictions
from emulator.options import Options

DOMAIN = DomainId("012345678901", "my-company")
STORE = RepositoryId(DOMAIN, "pypi-store")
DEMO = RepositoryId(DOMAIN, "DemoRepository")
REQUESTS = PackageId("pypi", "", "requests")


@pytest.fixture
def state() -> Iterator[State]:
    """An empty local CodeArtifact."""
    found = open_state(Options())
    yield found
    found.close()


def domain(*repositories_: dict[str, object]) -> dict[str, object]:
    """Return a document with one domain."""
    return {"domains": [{"name": "my-company", "repositories": list(repositories_)}]}


def package(*found: Mapping[str, object], **more: object) -> dict[str, object]:
    """Return a repository of the document with one Maven package of these versions."""
    one = {"format": "maven", "namespace": "g", "package": "a", "versions": list(found), **more}
    return {"name": "repo", "packages": [one]}


def test_a_whole_document_is_there_afterwards_and_nobody_was_told(state: State) -> None:
    """Upstreams may come later in the document; the connection's versions are EXTERNAL."""
    events: list[object] = []
    state.events.subscribe(events.append)
    written = seed.apply(
        state,
        domain(
            {"name": "DemoRepository", "upstreams": ["pypi-store"], "description": "demo"},
            {
                "name": "pypi-store",
                "externalConnection": "public:pypi",
                "packages": [
                    {
                        "format": "pypi",
                        "package": "Requests",
                        "versions": [
                            {
                                "version": "2.26.0",
                                "status": "Archived",
                                "publishedTime": "2021-07-13T14:55:00Z",
                                "assets": [{"name": "r.whl", "size": 70000}, {"name": "r.txt"}],
                            },
                            {"version": "2.27.0", "assets": [{"name": "c", "content": "é"}]},
                            {
                                "version": "2.28.0",
                                "assets": [{"name": "b", "contentBase64": "/wA="}],
                            },
                        ],
                    }
                ],
            },
        ),
    )
    assert written == seed.Seeded(1, 2, 1, 3)
    assert repositories.describe(state, DEMO).upstreams == ("pypi-store",)
    assert repositories.describe(state, STORE).external_connection == "public:pypi"
    assert packages.describe(state, STORE, REQUESTS).restrictions == Restrictions("BLOCK", "ALLOW")
    held = versions.describe(state, STORE, REQUESTS, "2.26.0")
    assert held.status == "Archived"
    assert held.published == datetime(2021, 7, 13, 14, 55, tzinfo=UTC)
    assert held.origin == Origin("EXTERNAL", None, "public:pypi")
    assert [(asset.name, asset.blob.size) for asset in held.assets] == [
        ("r.txt", 256),
        ("r.whl", 70000),
    ]
    (asset,) = versions.describe(state, STORE, REQUESTS, "2.27.0").assets
    assert state.assets.path(asset.blob.sha256).read_text() == "é"
    (asset,) = versions.describe(state, STORE, REQUESTS, "2.28.0").assets
    assert state.assets.path(asset.blob.sha256).read_bytes() == b"\xff\x00"
    assert state.events.drain()
    assert events == []


def test_assets_of_one_size_share_their_bytes(state: State) -> None:
    """So that 100,000 versions cost one file, and the domain counts it once."""
    seed.apply(state, domain(package(*({"version": str(number)} for number in range(50)))))
    assert len([path for path in state.assets.root.glob("??/*") if path.is_file()]) == 1
    assert domains.describe(state, DOMAIN).asset_size_bytes == 256


def test_what_exists_is_kept_and_versions_are_added(state: State) -> None:
    """A second document extends the first; restrictions stay as they were."""
    restrictions = {"publish": "BLOCK", "upstream": "BLOCK"}
    seed.apply(state, domain(package({"version": "1"}, restrictions=restrictions)))
    seed.apply(state, domain(package({"version": "2"})))
    repository = RepositoryId(DOMAIN, "repo")
    maven = PackageId("maven", "g", "a")
    assert [each.version for each in versions.all_of(state, repository, maven)] == ["1", "2"]
    held = packages.describe(state, repository, maven)
    assert held.restrictions == Restrictions("BLOCK", "BLOCK")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, Restrictions("ALLOW", "BLOCK"), id="neither"),
        pytest.param({"publish": "BLOCK"}, Restrictions("BLOCK", "BLOCK"), id="publish alone"),
        pytest.param({"upstream": "ALLOW"}, Restrictions("ALLOW", "ALLOW"), id="upstream alone"),
    ],
)
def test_a_restriction_that_is_not_given_is_that_of_a_published_package(
    state: State, given: dict[str, str], expected: Restrictions
) -> None:
    """ALLOW/BLOCK, as after a first publish (User Guide, package origin controls)."""
    seed.apply(state, domain(package({"version": "1"}, restrictions=given)))
    held = packages.describe(state, RepositoryId(DOMAIN, "repo"), PackageId("maven", "g", "a"))
    assert held.restrictions == expected


@pytest.mark.parametrize(
    ("document", "path"),
    [
        pytest.param([], "seed", id="no object"),
        pytest.param({"domain": []}, "seed", id="an unknown key"),
        pytest.param({"domains": {}}, r"seed\.domains", id="no list"),
        pytest.param({"domains": [{"name": "my_company"}]}, r"seed\.domains\[0\]\.name", id="name"),
        pytest.param(
            {"domains": [{"name": "my-company", "owner": "1"}]},
            r"seed\.domains\[0\]\.owner",
            id="owner",
        ),
        pytest.param(
            domain({"name": "repo", "externalConnection": "public:none"}),
            r"repositories\[0\]\.externalConnection",
            id="an unknown connection",
        ),
        pytest.param(domain({"name": "repo"}, {"name": "repo"}), "twice", id="a name twice"),
        pytest.param(
            domain({"name": "repo", "upstreams": ["missing"]}), "repo", id="a missing upstream"
        ),
        pytest.param(
            domain({"name": "r1", "upstreams": ["r2"]}, {"name": "r2", "upstreams": ["r1"]}),
            "lead back",
            id="upstreams in a circle",
        ),
        pytest.param(domain(package(namespace=None)), r"packages\[0\]\.namespace", id="no groupId"),
        pytest.param(
            domain(package({"version": "1", "status": "Deleted"})),
            r"versions\[0\]\.status",
            id="a status that is none",
        ),
        pytest.param(
            domain(package({"version": "1"}, {"version": "1"})), "1 twice", id="a version twice"
        ),
        pytest.param(
            domain(package({"version": "1", "publishedTime": "yesterday"})),
            r"versions\[0\]\.publishedTime",
            id="no time",
        ),
        pytest.param(
            domain(package({"version": "1", "assets": [{"name": "a", "size": -1}]})),
            r"assets\[0\]\.size",
            id="a negative size",
        ),
        pytest.param(
            domain(package({"version": "1", "assets": [{"name": "a", "contentBase64": "é"}]})),
            r"assets\[0\]\.contentBase64",
            id="content that is not base64",
        ),
        pytest.param(
            domain(package({"version": "1", "status": "Disposed", "assets": [{"name": "a"}]})),
            "must be empty",
            id="assets of a Disposed version",
        ),
        pytest.param(
            domain(package(restrictions={"upstream": "MAYBE"})),
            r"restrictions\.upstream",
            id="no restriction",
        ),
        pytest.param(
            domain(package({"version": "1", "origin": "SOMEWHERE"})),
            r"versions\[0\]\.origin",
            id="an unknown origin",
        ),
    ],
)
def test_a_wrong_document_names_the_wrong_part_and_changes_nothing(
    state: State, document: object, path: str
) -> None:
    """The message begins with the path; not even the domain comes into being."""
    with pytest.raises(Validation, match=path):
        seed.apply(state, document)
    assert domains.page(state, "012345678901", limit=10) == ([], None)


def test_a_version_that_exists_refuses_the_whole_document(state: State) -> None:
    """Also what stands before it in the document."""
    seed.apply(state, domain(package({"version": "1"})))
    with pytest.raises(Validation, match="already"):
        seed.apply(state, domain({"name": "new-repo"}, package({"version": "1"})))
    found, _ = repositories.page(state, domain=DOMAIN, limit=10)
    assert [each.id.name for each in found] == ["repo"]
