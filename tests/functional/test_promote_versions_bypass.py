"""The ways around a promotion, as the local CodeArtifact tells of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promote_versions.topology import Topology
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Format
from steward.package_groups import PackageGroups
from steward.repositories import ServiceRepositories
from tests.functional.copier_domain import DOMAIN, RULE, package

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.literals import PackageGroupOriginRestrictionModeType

    from tests.functional.local_codeartifact import Local


@pytest.fixture
def client(local: Local) -> CodeArtifactClient:
    """Return a client; the domain has intake, connected to the public index, below approved."""
    client = local.client()
    client.create_domain(domain=DOMAIN)
    client.create_repository(domain=DOMAIN, repository="intake")
    client.associate_external_connection(
        domain=DOMAIN, repository="intake", externalConnection="public:pypi"
    )
    for name, upstream in (("shared", "intake"), ("approved", "shared")):
        client.create_repository(
            domain=DOMAIN, repository=name, upstreams=[{"repositoryName": upstream}]
        )
    return client


def way(
    client: CodeArtifactClient, name: str = "one", package_format: Format = "pypi"
) -> tuple[str, ...] | None:
    """Return the path of the way that is open for a package, as a new process sees it."""
    topology = Topology(
        ServiceRepositories(client),
        CodeArtifactService(client),
        lambda domain, owner: PackageGroups(client, domain=domain, domain_owner=owner),
    )
    found = topology.way_around(RULE, replace(package(name), format=package_format))
    return None if found is None else found.path


OPEN = ("approved", "shared", "intake")


def test_a_way_of_two_hops_is_found(client: CodeArtifactClient) -> None:
    """For a package that nobody has seen yet, too."""
    assert way(client) == OPEN


def test_the_package_itself_may_close_it(client: CodeArtifactClient) -> None:
    """In approved, and for itself only."""
    client.put_package_origin_configuration(
        domain=DOMAIN,
        repository="approved",
        format="pypi",
        package="one",
        restrictions={"publish": "ALLOW", "upstream": "BLOCK"},
    )
    assert way(client) is None
    assert way(client, "two") == OPEN


@pytest.mark.parametrize(
    ("mode", "allowed", "path"),
    [
        pytest.param("BLOCK", None, None, id="blocked"),
        pytest.param("ALLOW", None, OPEN, id="allowed"),
        pytest.param("ALLOW_SPECIFIC_REPOSITORIES", "shared", None, id="allowed to others only"),
        pytest.param("ALLOW_SPECIFIC_REPOSITORIES", "approved", OPEN, id="allowed to this one"),
    ],
)
@pytest.mark.parametrize("inherited", [False, True], ids=["its own mode", "an inherited mode"])
def test_its_group_may_close_it(
    client: CodeArtifactClient,
    mode: PackageGroupOriginRestrictionModeType,
    allowed: str | None,
    path: tuple[str, ...] | None,
    inherited: bool,  # noqa: FBT001  a column of the table
) -> None:
    """By a mode of its own, or by that of the group above it."""
    client.create_package_group(domain=DOMAIN, packageGroup="/pypi/*")
    if inherited:
        client.create_package_group(domain=DOMAIN, packageGroup="/pypi//one~")
    client.update_package_group_origin_configuration(
        domain=DOMAIN,
        packageGroup="/pypi/*",
        restrictions={"INTERNAL_UPSTREAM": mode},
        addAllowedRepositories=[
            {"repositoryName": one, "originRestrictionType": "INTERNAL_UPSTREAM"}
            for one in (allowed,)
            if one is not None
        ],
    )
    assert way(client) == path


def test_a_package_that_only_resembles_its_group_is_blocked(client: CodeArtifactClient) -> None:
    """Whatever the group allows (User Guide, package groups, weak matches)."""
    client.create_package_group(domain=DOMAIN, packageGroup="/npm//one-two$")
    assert way(client, "one.two", "npm") is None
    assert way(client, "one-two", "npm") == OPEN


def test_without_upstreams_there_is_no_way(client: CodeArtifactClient) -> None:
    """As the message says how to get there."""
    client.update_repository(domain=DOMAIN, repository="approved", upstreams=[])
    assert way(client) is None
