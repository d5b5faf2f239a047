"""One local stack a module, a public world beside it, and machines for developers to work on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import POLICY, LocalStack, steward_up
from tests.end_to_end.public_packages import PublicPackages, serve


@pytest.fixture(scope="module")
def public_packages() -> Iterator[PublicPackages]:
    """The public repositories of this module: no test needs a network."""
    with serve(PublicPackages()) as packages:
        yield packages


@pytest.fixture(scope="module")
def policy_text() -> str:
    """The policy of this module's stack; a module that wants another one says so."""
    return POLICY


@pytest.fixture(scope="module")
def stack(
    public_packages: PublicPackages, policy_text: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStack]:
    """A local stack whose external connections lead to ``public_packages``."""
    environment = {
        "STEWARD_PYPI_INDEX": public_packages.simple_index,
        "STEWARD_NPM_REGISTRY": public_packages.npm_registry,
        "STEWARD_MAVEN_CENTRAL": public_packages.maven_layout,
    }
    folder = tmp_path_factory.mktemp("stack")
    with steward_up(folder, environment=environment, policy_text=policy_text) as running:
        yield running
        ended = running.process.poll()
        assert ended is None, f"steward up ended by itself ({ended}):\n{''.join(running.said)}"


@pytest.fixture
def new_developer(stack: LocalStack, tmp_path: Path) -> Callable[..., Developer]:
    """Return a maker of developers' machines, each with its own HOME."""
    made = iter(range(100))

    def new(access_key: str = "dummy") -> Developer:
        return Developer(tmp_path / f"home-{next(made)}", stack.endpoint, access_key=access_key)

    return new


@pytest.fixture
def developer(new_developer: Callable[..., Developer]) -> Developer:
    """A developer with a machine and dummy credentials."""
    return new_developer()


@pytest.fixture(scope="session")
def mvn() -> str:
    """The Maven command; a test that needs it is skipped with a plain reason without it."""
    found = shutil.which("mvn")
    if found is None:
        pytest.skip("mvn is not on PATH")
    return found
