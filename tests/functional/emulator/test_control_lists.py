"""Lists, pages, tags and the calls on several versions, through a real client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.local_codeartifact import Local

if TYPE_CHECKING:
    from mypy_boto3_codeartifact.type_defs import CopyPackageVersionsResultTypeDef, TagTypeDef

ACCOUNT = "012345678901"
DOMAIN_ARN = f"arn:aws:codeartifact:us-west-2:{ACCOUNT}:domain/my-company"
REPOSITORY_ARN = f"arn:aws:codeartifact:us-west-2:{ACCOUNT}:repository/my-company/releases"
PKG: dict[str, Any] = {
    "domain": "my-company",
    "repository": "releases",
    "format": "npm",
    "package": "app",
}


def versions(count: int, status: str = "Published") -> list[dict[str, object]]:
    """Return seeds of *count* versions."""
    return [{"version": f"1.0.{index}", "status": status} for index in range(count)]


def seed(local: Local, *packages: dict[str, object]) -> None:
    """The repository ``releases`` holds *packages*; ``approved`` is empty."""
    local.seed(
        {
            "domains": [
                {
                    "name": "my-company",
                    "repositories": [
                        {"name": "releases", "packages": list(packages)},
                        {"name": "approved"},
                    ],
                }
            ]
        }
    )


def app(count: int) -> dict[str, object]:
    """Return the seed of the npm package ``app``."""
    return {"format": "npm", "package": "app", "versions": versions(count)}


@pytest.mark.parametrize("size", [1, 7, 60, 1000])
def test_pages_hold_every_version_once(local: Local, size: int) -> None:
    """Whatever the page size, and in one order."""
    seed(local, app(60))
    pages = (
        local.client()
        .get_paginator("list_package_versions")
        .paginate(**PKG, PaginationConfig={"PageSize": size})
    )
    listed = [each["version"] for page in pages for each in page["versions"]]
    assert sorted(listed) == sorted(str(each["version"]) for each in versions(60))
    assert listed == sorted(listed)


def test_default_pages_are_those_of_the_api_reference(local: Local) -> None:
    """100 packages, 50 versions; the others' size is a switch."""
    packages: list[dict[str, object]] = [
        {"format": "npm", "package": f"p{index:03}"} for index in range(101)
    ]
    seed(local, app(51), *packages)
    client = local.client()
    first = client.list_packages(domain="my-company", repository="releases")
    assert len(first["packages"]) == 100
    assert len(client.list_package_versions(**PKG)["versions"]) == 50
    local.faults(defaultPageSize=10)
    for index in range(9):
        client.create_repository(domain="my-company", repository=f"r-{index}")
    shown = client.list_repositories()
    assert len(shown["repositories"]) == 10
    assert len(client.list_repositories(nextToken=shown["nextToken"])["repositories"]) == 1


def test_a_page_token_belongs_to_its_list(local: Local) -> None:
    """Another operation, another package, another filter or a made-up token is refused."""
    seed(local, app(3), {"format": "npm", "package": "lib", "versions": versions(3)})
    client = local.client()
    token = client.list_package_versions(**PKG, maxResults=1)["nextToken"]
    assert client.list_package_versions(**PKG, maxResults=2, nextToken=token)["versions"]
    with pytest.raises(client.exceptions.ValidationException):
        client.list_package_versions(**{**PKG, "package": "lib"}, nextToken=token)
    with pytest.raises(client.exceptions.ValidationException):
        client.list_package_versions(**PKG, status="Published", nextToken=token)
    with pytest.raises(client.exceptions.ValidationException):
        client.list_packages(domain="my-company", repository="releases", nextToken=token)
    for forged in ("x", "AAAA", token[:-2], "%%%", "\u00e9"):
        with pytest.raises(client.exceptions.ValidationException):
            client.list_package_versions(**PKG, nextToken=forged)


def test_assets_and_repositories_page_too(local: Local) -> None:
    """Token by token to the end."""
    files = [{"name": f"file-{index}.bin", "size": index} for index in range(5)]
    tools = {"format": "generic", "namespace": "tools", "package": "hammer"}
    seed(local, {**tools, "versions": [{"version": "1", "assets": files}]})
    client = local.client()
    found: list[tuple[str, int]] = []
    token: str | None = None
    while True:
        page = client.list_package_version_assets(
            domain="my-company",
            repository="releases",
            format="generic",
            namespace="tools",
            package="hammer",
            packageVersion="1",
            maxResults=2,
            **({} if token is None else {"nextToken": token}),
        )
        found += [(each["name"], each["size"]) for each in page["assets"]]
        token = page.get("nextToken")
        if token is None:
            break
    assert found == [(f"file-{index}.bin", index) for index in range(5)]
    pages = client.get_paginator("list_repositories_in_domain").paginate(
        domain="my-company", PaginationConfig={"PageSize": 1}
    )
    names = [each["name"] for page in pages for each in page["repositories"]]
    assert names == ["approved", "releases"]


def test_namespace_and_package_filters_are_prefixes(local: Local) -> None:
    """A namespace needs its format."""
    seed(
        local,
        {"format": "maven", "namespace": "com.company.app", "package": "core"},
        {"format": "maven", "namespace": "com.company", "package": "core"},
        {"format": "maven", "namespace": "org.company", "package": "core"},
        {"format": "pypi", "package": "core"},
    )
    client = local.client()
    found = client.list_packages(
        domain="my-company", repository="releases", format="maven", namespace="com.company"
    )
    assert [each.get("namespace") for each in found["packages"]] == [
        "com.company",
        "com.company.app",
    ]
    with pytest.raises(client.exceptions.ValidationException):
        client.list_packages(domain="my-company", repository="releases", namespace="com")


@pytest.mark.parametrize(
    ("fmt", "namespace"),
    [("maven", None), ("swift", None), ("generic", None), ("pypi", "n"), ("nuget", "n")],
)
def test_a_namespace_is_given_exactly_where_the_format_has_one(
    local: Local, fmt: str, namespace: str | None
) -> None:
    """Required for maven, swift, generic; impossible for pypi, nuget, ruby, cargo."""
    seed(local)
    client = local.client()
    given = {} if namespace is None else {"namespace": namespace}
    with pytest.raises(client.exceptions.ValidationException):
        client.list_package_versions(**{**PKG, "format": fmt, **given})


def test_one_wrong_version_skips_the_others(local: Local) -> None:
    """HTTP 200, the culprit with its reason, the others SKIPPED, nothing changed."""
    seed(local, app(3))
    client = local.client()
    answer = client.update_package_versions_status(
        **PKG, versions=["1.0.0", "1.0.1", "9.9.9"], targetStatus="Unlisted"
    )
    assert answer["successfulVersions"] == {}
    codes = {version: each["errorCode"] for version, each in answer["failedVersions"].items()}
    assert codes == {"1.0.0": "SKIPPED", "1.0.1": "SKIPPED", "9.9.9": "NOT_FOUND"}
    listed = client.list_package_versions(**PKG, status="Published")
    assert len(listed["versions"]) == 3


def test_bulk_calls_honour_their_optimistic_locks(local: Local) -> None:
    """Expected status and revisions, in the User Guide's words."""
    seed(local, app(2))
    client = local.client()
    current = {
        each["version"]: each["revision"]
        for each in client.list_package_versions(**PKG)["versions"]
    }
    stale = client.update_package_versions_status(
        **PKG,
        versions=["1.0.0"],
        versionRevisions={"1.0.0": "stale"},
        targetStatus="Archived",
    )["failedVersions"]["1.0.0"]
    assert stale == {
        "errorCode": "MISMATCHED_REVISION",
        "errorMessage": f"current revision: {current['1.0.0']}, expected revision: stale",
    }
    wrong = client.dispose_package_versions(**PKG, versions=["1.0.0"], expectedStatus="Unlisted")[
        "failedVersions"
    ]["1.0.0"]
    assert wrong["errorCode"] == "MISMATCHED_STATUS"
    accepted = client.update_package_versions_status(
        **PKG,
        versions=["1.0.0"],
        versionRevisions={"1.0.0": current["1.0.0"]},
        expectedStatus="Published",
        targetStatus="Archived",
    )
    assert accepted["successfulVersions"] == {
        "1.0.0": {"revision": current["1.0.0"], "status": "Archived"}
    }


def test_an_identical_copy_is_in_neither_map(local: Local) -> None:
    """Copying again changes nothing and says nothing."""
    seed(local, app(2))
    client = local.client()

    def copy() -> CopyPackageVersionsResultTypeDef:
        return client.copy_package_versions(
            domain="my-company",
            sourceRepository="releases",
            destinationRepository="approved",
            format="npm",
            package="app",
            versions=["1.0.0", "1.0.1"],
        )

    assert sorted(copy()["successfulVersions"]) == ["1.0.0", "1.0.1"]
    again = copy()
    assert (again["successfulVersions"], again["failedVersions"]) == ({}, {})


def test_a_resource_is_not_created_with_more_than_fifty_tags(local: Local) -> None:
    """The quota error names what was to be created."""
    client = local.client()
    client.create_domain(domain="my-company")
    tags: list[TagTypeDef] = [{"key": f"key-{index:02}", "value": ""} for index in range(51)]
    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as refused:
        client.create_repository(domain="my-company", repository="releases", tags=tags)
    assert refused.value.response["resourceType"] == "repository"
    assert refused.value.response["resourceId"] == "releases"
    assert client.list_repositories()["repositories"] == []


def test_resources_carry_fifty_tags(local: Local) -> None:
    """The fifty-first is a quota error that changes nothing; untagging makes room."""
    client = local.client()
    client.create_domain(domain="my-company", tags=[{"key": "team", "value": "tools"}])
    client.create_repository(domain="my-company", repository="releases")
    for arn in (DOMAIN_ARN, REPOSITORY_ARN):
        taken = len(client.list_tags_for_resource(resourceArn=arn)["tags"])
        client.tag_resource(
            resourceArn=arn,
            tags=[{"key": f"key-{index:02}", "value": ""} for index in range(50 - taken)],
        )
        with pytest.raises(client.exceptions.ServiceQuotaExceededException) as refused:
            client.tag_resource(resourceArn=arn, tags=[{"key": "one-more", "value": "x"}])
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
        client.tag_resource(resourceArn=arn, tags=[{"key": "key-00", "value": "changed"}])
        client.untag_resource(resourceArn=arn, tagKeys=["key-01", "never-there"])
        tags = {
            each["key"]: each["value"]
            for each in client.list_tags_for_resource(resourceArn=arn)["tags"]
        }
        assert len(tags) == 49
        assert tags["key-00"] == "changed"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::bucket",
        f"arn:aws:codeartifact:eu-west-1:{ACCOUNT}:domain/my-company",
        f"arn:aws:codeartifact:us-west-2:{ACCOUNT}:package/my-company/releases/npm//app",
        "no-arn",
    ],
)
def test_only_domains_and_repositories_of_the_region_have_tags(local: Local, arn: str) -> None:
    """Any other ARN is a validation error."""
    client = local.client()
    with pytest.raises(client.exceptions.ValidationException):
        client.list_tags_for_resource(resourceArn=arn)


def test_tags_need_their_resource_and_proper_keys(local: Local) -> None:
    """Unknown resources are not found; keys are given once and not AWS's own."""
    client = local.client()
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_tags_for_resource(resourceArn=DOMAIN_ARN)
    refused: list[list[TagTypeDef]] = [
        [{"key": "aws:cloudformation:stack-id", "value": "x"}],
        [{"key": "team", "value": "a"}, {"key": "team", "value": "b"}],
    ]
    for tags in refused:
        with pytest.raises(client.exceptions.ValidationException):
            client.create_domain(domain="my-company", tags=tags)
    assert client.list_domains()["domains"] == []


def test_a_domain_goes_only_without_repositories(local: Local) -> None:
    """Repositories first, then the domain; a domain that is gone already is no error."""
    seed(local)
    client = local.client()
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_domain(domain="my-company")
    for name in ("releases", "approved"):
        client.delete_repository(domain="my-company", repository=name)
    assert client.delete_domain(domain="my-company")["domain"]["name"] == "my-company"
    assert "domain" not in client.delete_domain(domain="my-company")
