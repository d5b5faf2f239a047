"""Package groups and permissions: the domain's policy decides, also for other accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.emulator.package_groups import ACCOUNT, DOMAIN, Groups, groups

__all__ = ["groups"]

OTHER = "210987654321"
ARN = f"arn:aws:codeartifact:us-west-2:{ACCOUNT}:package-group/{DOMAIN}/npm/%2a"
DOMAIN_ARN = f"arn:aws:codeartifact:us-west-2:{ACCOUNT}:domain/{DOMAIN}"

OPERATIONS: list[tuple[str, str, dict[str, Any], str]] = [
    ("create_package_group", "CreatePackageGroup", {"packageGroup": "/pypi/*"}, DOMAIN_ARN),
    ("describe_package_group", "DescribePackageGroup", {"packageGroup": "/npm/*"}, ARN),
    ("update_package_group", "UpdatePackageGroup", {"packageGroup": "/npm/*"}, ARN),
    (
        "update_package_group_origin_configuration",
        "UpdatePackageGroupOriginConfiguration",
        {"packageGroup": "/npm/*"},
        ARN,
    ),
    ("delete_package_group", "DeletePackageGroup", {"packageGroup": "/npm/*"}, ARN),
    ("list_package_groups", "ListPackageGroups", {}, DOMAIN_ARN),
    ("list_sub_package_groups", "ListSubPackageGroups", {"packageGroup": "/npm/*"}, ARN),
    ("list_associated_packages", "ListAssociatedPackages", {"packageGroup": "/npm/*"}, ARN),
    (
        "get_associated_package_group",
        "GetAssociatedPackageGroup",
        {"format": "npm", "package": "react"},
        ARN,
    ),
    (
        "list_allowed_repositories_for_group",
        "ListAllowedRepositoriesForGroup",
        {"packageGroup": "/npm/*", "originRestrictionType": "PUBLISH"},
        ARN,
    ),
]


def allow(groups: Groups, action: str, resource: str, effect: str = "Allow") -> None:
    """The domain's policy is this one statement."""
    statement = {
        "Effect": effect,
        "Principal": {"AWS": f"arn:aws:iam::{OTHER if effect == 'Allow' else ACCOUNT}:root"},
        "Action": f"codeartifact:{action}",
        "Resource": resource,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    groups.client.put_domain_permissions_policy(domain=DOMAIN, policyDocument=document)


@pytest.mark.parametrize(
    ("method", "action", "members", "arn"), OPERATIONS, ids=[each[1] for each in OPERATIONS]
)
def test_another_account_needs_an_allow_for_the_very_resource(
    groups: Groups, method: str, action: str, members: dict[str, Any], arn: str
) -> None:
    """Nothing else suffices; the refusal names action and resource."""
    groups.create("/npm/*")
    client = groups.local.client(OTHER)
    call = getattr(client, method)
    where: dict[str, Any] = {"domain": DOMAIN, "domainOwner": ACCOUNT}
    for other in (None, ("ListDomains", "*"), (action, f"{DOMAIN_ARN}-other")):
        if other is not None:
            allow(groups, *other)
        with pytest.raises(client.exceptions.AccessDeniedException) as refused:
            call(**where, **members)
        message = refused.value.response["Error"]["Message"]
        assert f"codeartifact:{action} on resource: {arn}" in message
    allow(groups, action, arn)
    call(**where, **members)


@pytest.mark.parametrize(
    ("method", "action", "members", "arn"), OPERATIONS, ids=[each[1] for each in OPERATIONS]
)
def test_a_deny_binds_the_own_account_too(
    groups: Groups, method: str, action: str, members: dict[str, Any], arn: str
) -> None:
    """As for every resource."""
    groups.create("/npm/*")
    allow(groups, action, arn, effect="Deny")
    with pytest.raises(groups.client.exceptions.AccessDeniedException, match="explicit deny"):
        getattr(groups.client, method)(domain=DOMAIN, **members)


@pytest.mark.parametrize("action", ["TagResource", "UntagResource", "ListTagsForResource"])
def test_tags_of_a_group_are_under_the_domains_policy(groups: Groups, action: str) -> None:
    """By the group's ARN."""
    groups.create("/npm/*")
    client = groups.local.client(OTHER)
    calls: dict[str, Any] = {
        "TagResource": lambda: client.tag_resource(
            resourceArn=ARN, tags=[{"key": "team", "value": "web"}]
        ),
        "UntagResource": lambda: client.untag_resource(resourceArn=ARN, tagKeys=["team"]),
        "ListTagsForResource": lambda: client.list_tags_for_resource(resourceArn=ARN),
    }
    with pytest.raises(client.exceptions.AccessDeniedException):
        calls[action]()
    allow(groups, action, ARN)
    calls[action]()


def test_who_may_not_ask_for_a_group_is_not_told_whether_it_exists(groups: Groups) -> None:
    """Only who may is told that there is none (not documented: our choice, as for packages)."""
    client = groups.local.client(OTHER)

    def describe() -> None:
        client.describe_package_group(domain=DOMAIN, domainOwner=ACCOUNT, packageGroup="/npm/*")

    with pytest.raises(client.exceptions.AccessDeniedException):
        describe()
    allow(groups, "DescribePackageGroup", ARN)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        describe()


def test_a_preview_is_asked_of_the_group_to_be(groups: Groups) -> None:
    """Its ARN is that of the pattern."""
    client = groups.local.client(OTHER)
    allow(groups, "ListAssociatedPackages", ARN)
    answer = client.list_associated_packages(
        domain=DOMAIN, domainOwner=ACCOUNT, packageGroup="/npm/*", preview=True
    )
    assert answer["packages"] == []
