"""Cargo itself: publishes, builds, fetches what is public, and is refused without a token."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cargo_client import DOMAIN, REGISTRY, Cargo, release
from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually, steward_up

TEAM = "team"
STORE = "cargo-store"

pytestmark = pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not on PATH")


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a public registry, empty."""
    return tmp_path_factory.mktemp("crates")


@pytest.fixture(scope="module")
def stack(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A local stack whose public crates are in a folder."""
    folder = tmp_path_factory.mktemp("stack")
    with steward_up(folder, environment={"STEWARD_CRATES_IO": str(public)}) as running:
        client = running.codeartifact
        client.create_domain(domain=DOMAIN)
        client.create_repository(domain=DOMAIN, repository=STORE)
        client.associate_external_connection(
            domain=DOMAIN, repository=STORE, externalConnection="public:crates-io"
        )
        client.create_repository(
            domain=DOMAIN, repository=TEAM, upstreams=[{"repositoryName": STORE}]
        )
        yield running


def test_cargo_publishes_a_crate_and_another_project_builds_with_it(
    developer: Developer, stack: LocalStack
) -> None:
    """The checksum in the index is that of what cargo has packaged; a second time is refused."""
    cargo = Cargo(developer, TEAM, token=f"Bearer {developer.token(DOMAIN)}")
    library = cargo.library("team-greeter", "1.0.0")

    cargo.run(library, "publish", "--registry", REGISTRY, "--allow-dirty")

    assert stack.versions(TEAM, "team-greeter", fmt="cargo") == {"1.0.0": "Published"}
    program = cargo.project(
        "program",
        main='fn main() { println!("it says {}", team_greeter::says()); }',
        dependencies=f'team-greeter = {{ version = "1", registry = "{REGISTRY}" }}\n',
    )
    assert "it says 1.0.0" in cargo.run(program, "run")
    said = cargo.run(library, "publish", "--registry", REGISTRY, "--allow-dirty", refused=True)
    assert "already exists" in said


def test_a_build_with_what_is_stored_needs_no_public_registry(
    developer: Developer, stack: LocalStack, public: Path
) -> None:
    """Both repositories hold what was fetched; a machine with nothing cached gets it from there."""
    release(developer, public, "pub-greeter", "1.0.0")
    release(developer, public, "pub-greeter", "1.2.0")
    token = developer.token(DOMAIN)
    cargo = Cargo(developer, TEAM, token=token)
    program = cargo.project("program", dependencies='pub-greeter = "1"\n')

    cargo.run(program, "fetch")

    kept = {"1.2.0": "Published"}
    for repository in (TEAM, STORE):
        eventually(
            lambda where=repository: stack.versions(where, "pub-greeter", fmt="cargo"),  # type: ignore[misc]  # the loop's own
            lambda seen: seen == kept,
        )
    elsewhere = Cargo(developer, TEAM, token=token, folder="b")
    with stack.faults(externalConnections={"public:crates-io": "down"}):
        elsewhere.run(program, "fetch", "--locked")
    assert list((elsewhere.home / "registry" / "cache").rglob("pub-greeter-1.2.0.crate"))


def test_a_crate_that_nobody_has_is_not_found(developer: Developer, stack: LocalStack) -> None:
    """Cargo says so in its own words."""
    cargo = Cargo(developer, TEAM, token=developer.token(DOMAIN))
    program = cargo.project("program", dependencies='no-such-crate = "1"\n')

    said = cargo.run(program, "fetch", refused=True)

    assert "no matching package" in said
    assert stack.versions(TEAM, "no-such-crate", fmt="cargo") == {}


@pytest.mark.parametrize("token", [None, "nonsense"], ids=["no token", "a token that is none"])
def test_cargo_is_refused_without_a_token(developer: Developer, token: str | None) -> None:
    """The index itself takes one."""
    cargo = Cargo(developer, TEAM, token=token)
    program = cargo.project("program", dependencies='pub-greeter = "1"\n')

    said = cargo.run(program, "fetch", refused=True)

    assert "401" in said or "token" in said
