"""The tutorial's own install through the index that this machine is configured with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, steward_up

DOMAIN = "my-company"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A local stack as a newcomer starts it: the built-in index stands in without a network."""
    with steward_up(tmp_path_factory.mktemp("stack")) as running:
        yield running


def test_pip_installs_requests_as_in_the_tutorial(developer: Developer, stack: LocalStack) -> None:
    """``requests==2.26.0`` and its dependencies come in, and install again in an outage."""
    client = stack.codeartifact
    client.create_domain(domain=DOMAIN)
    client.create_repository(domain=DOMAIN, repository="pypi-store")
    client.associate_external_connection(
        domain=DOMAIN, repository="pypi-store", externalConnection="public:pypi"
    )
    client.create_repository(
        domain=DOMAIN, repository="DemoRepository", upstreams=[{"repositoryName": "pypi-store"}]
    )
    developer.run(
        *("aws", "codeartifact", "login", "--tool", "pip"),
        *("--domain", DOMAIN, "--repository", "DemoRepository"),
    )

    developer.run("pip", "install", "--no-cache-dir", "requests==2.26.0")
    installed = developer.installed()
    assert installed["requests"] == "2.26.0"
    assert {"certifi", "charset-normalizer", "idna", "urllib3"} <= set(installed)

    developer.new_environment("venv")
    with stack.faults(externalConnections={"public:pypi": "down"}):
        developer.run("pip", "install", "--no-cache-dir", "requests==2.26.0")
    assert developer.installed() == installed
    for repository in ("DemoRepository", "pypi-store"):
        for package, version in installed.items():
            assert stack.versions(repository, package, fmt="pypi") == {version: "Published"}
