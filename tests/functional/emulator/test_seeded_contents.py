"""What a seeded version says about itself, to the API and to package managers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from emulator import admin_state
from emulator.core import metadata, seed, upstreams, versions
from emulator.core.errors import Validation
from emulator.core.metadata import Dependency, Licence
from emulator.core.state import State, open_state
from emulator.core.values import DomainId, PackageId, RepositoryId, Version
from emulator.options import Options

INTAKE = RepositoryId(DomainId("012345678901", "my-company"), "intake")
PACKAGES = {
    "npm": PackageId("npm", "mycompany", "ui"),
    "pypi": PackageId("pypi", "", "requests"),
    "maven": PackageId("maven", "org.slf4j", "slf4j-api"),
}


@pytest.fixture
def state() -> Iterator[State]:
    """An empty local CodeArtifact."""
    found = open_state(Options())
    yield found
    found.close()


def seeded(state: State, package: PackageId, **says: object) -> Version:
    """Return the version 1.0 of *package*, seeded with what it says."""
    one: dict[str, object] = {
        "format": package.format,
        "package": package.name,
        "versions": [{"version": "1.0", **says}],
    }
    if package.namespace:
        one["namespace"] = package.namespace
    repository = {"name": "intake", "packages": [one]}
    seed.apply(state, {"domains": [{"name": "my-company", "repositories": [repository]}]})
    return versions.describe(state, INTAKE, package, "1.0")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["MIT", "Apache-2.0"], (Licence("MIT"), Licence("Apache-2.0"))),
        (
            [{"name": "MIT", "url": "link"}, {"url": "link"}],
            (Licence("MIT", "link"), Licence("", "link")),
        ),
        ([], ()),
        (None, ()),
    ],
    ids=["by name", "with links", "an empty list", "none"],
)
@pytest.mark.parametrize("fmt", PACKAGES)
def test_a_version_has_its_licences(
    state: State, fmt: str, given: object, expected: tuple[Licence, ...]
) -> None:
    """Whatever its format."""
    held = seeded(state, PACKAGES[fmt], licenses=given)
    assert metadata.of(held).licenses == expected


@pytest.mark.parametrize(
    ("fmt", "usual"), [("npm", "regular"), ("pypi", "Requires-Dist"), ("maven", "compile")]
)
def test_a_version_has_its_dependencies(state: State, fmt: str, usual: str) -> None:
    """In their order; of the format's usual type where none is given."""
    held = seeded(
        state,
        PACKAGES[fmt],
        dependencies=[
            {"package": "b", "versionRequirement": ">=1"},
            {"package": "a", "namespace": "g", "dependencyType": "optional"},
        ],
    )
    assert metadata.of(held).dependencies == (
        Dependency("b", "", usual, ">=1"),
        Dependency("a", "g", "optional", ""),
    )


def test_an_npm_manifest_says_the_same(state: State) -> None:
    """Clients install by it."""
    held = seeded(
        state,
        PACKAGES["npm"],
        licenses=["MIT"],
        dependencies=[
            {"package": "lib", "namespace": "other", "versionRequirement": "^2.0.0"},
            {"package": "tool", "dependencyType": "dev"},
        ],
        metadata={"main": "index.js"},
    )
    manifest = {key: value for key, value in held.metadata.items() if key != metadata.DESCRIBED}
    assert manifest == {
        "main": "index.js",
        "license": "MIT",
        "dependencies": {"@other/lib": "^2.0.0"},
        "devDependencies": {"tool": "*"},
    }


@pytest.mark.parametrize("fmt", PACKAGES)
def test_the_public_release_is_told_by_endpoints_only(state: State, fmt: str) -> None:
    """`publishedTime` is that of the repository (User Guide, package age gating)."""
    package = PACKAGES[fmt]
    held = seeded(
        state,
        package,
        publishedTime="2026-03-01T00:00:00Z",
        originalPublishTime="2021-07-13T14:55:00Z",
    )
    assert held.published == datetime(2026, 3, 1, tzinfo=UTC)
    (reachable,) = upstreams.view(state, INTAKE, package)
    assert reachable.published == datetime(2021, 7, 13, 14, 55, tzinfo=UTC)


@pytest.mark.parametrize("yanked", [True, "broken", False], ids=["bare", "with a reason", "not"])
def test_a_python_version_is_yanked_with_all_its_files(state: State, yanked: object) -> None:
    """What its page says of the files besides is kept (PEP 592)."""
    held = seeded(
        state,
        PACKAGES["pypi"],
        yanked=yanked,
        assets=[{"name": "r.whl"}, {"name": "r.tar.gz"}],
        metadata={"files": {"r.whl": {"requires-python": ">=3.8"}}},
    )
    assert held.metadata["files"] == {
        "r.whl": {"requires-python": ">=3.8", "yanked": yanked},
        "r.tar.gz": {"yanked": yanked},
    }


@pytest.mark.parametrize(
    ("fmt", "says", "part"),
    [
        pytest.param("npm", {"yanked": True}, r"yanked exists for pypi", id="a yanked npm version"),
        pytest.param("pypi", {"yanked": 7}, r"yanked must be", id="a number for a reason"),
        pytest.param("pypi", {"licenses": "MIT"}, r"licenses must be a list", id="no list"),
        pytest.param("pypi", {"licenses": ["MIT", 7]}, r"licenses\[0\]", id="no text"),
        pytest.param(
            "pypi", {"licenses": [{"text": "MIT"}]}, "unknown keys: text", id="an unknown key"
        ),
        pytest.param(
            "npm", {"dependencies": [{}]}, r"dependencies\[0\]\.package", id="no dependency's name"
        ),
        pytest.param(
            "npm",
            {"originalPublishTime": "long ago"},
            r"versions\[0\]\.originalPublishTime",
            id="no time",
        ),
    ],
)
def test_a_wrong_part_is_named(
    state: State, fmt: str, says: Mapping[str, object], part: str
) -> None:
    """By its path in the document."""
    with pytest.raises(Validation, match=part):
        seeded(state, PACKAGES[fmt], **says)


def test_a_document_is_not_changed_by_seeding_it(state: State) -> None:
    """It may be seeded again elsewhere."""
    given: dict[str, object] = {"main": "index.js"}
    seeded(state, PACKAGES["npm"], licenses=["MIT"], metadata=given)
    assert given == {"main": "index.js"}


def test_the_state_seeds_the_same_again(state: State) -> None:
    """What was given by the shorter keys stands in the metadata of the state document."""
    package = PACKAGES["pypi"]
    held = seeded(
        state,
        package,
        licenses=["MIT"],
        dependencies=[{"package": "idna"}],
        originalPublishTime="2021-07-13T14:55:00Z",
        yanked="broken",
    )
    again = open_state(Options())
    seed.apply(again, json.loads(json.dumps(admin_state.document(state))))
    assert versions.describe(again, INTAKE, package, "1.0").metadata == held.metadata
    again.close()
