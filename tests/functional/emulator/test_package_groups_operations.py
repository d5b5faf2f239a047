"""Package groups made, changed, listed, tagged and deleted, through a real client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator.core.values import RestrictionType
from tests.functional.emulator.package_groups import ACCOUNT, DOMAIN, TYPES, Groups, groups

if TYPE_CHECKING:
    from mypy_boto3_codeartifact.type_defs import PackageGroupAllowedRepositoryTypeDef

__all__ = ["groups"]

ARNS = f"arn:aws:codeartifact:us-west-2:{ACCOUNT}:package-group/{DOMAIN}"


def allowed(kind: RestrictionType, *names: str) -> list[PackageGroupAllowedRepositoryTypeDef]:
    """Return the members that name repositories of a list."""
    return [{"repositoryName": name, "originRestrictionType": kind} for name in names]


def change(groups: Groups, pattern: str = "/npm/*", **members: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Update the group's origin configuration; return which lists have changed."""
    answer: Any = groups.client.update_package_group_origin_configuration(
        domain=DOMAIN, packageGroup=pattern, **members
    )
    updates: dict[str, Any] = answer["allowedRepositoryUpdates"]
    return updates


def test_a_group_has_what_it_was_made_with(groups: Groups) -> None:
    """Contact, description, domain, owner and parent."""
    created = groups.client.create_package_group(
        domain=DOMAIN,
        packageGroup="/npm/space/*",
        contactInfo="web@example.com",
        description="the web team",
    )["packageGroup"]
    assert (created["contactInfo"], created["description"]) == ("web@example.com", "the web team")
    assert (created["domainName"], created["domainOwner"]) == (DOMAIN, ACCOUNT)
    assert created["parent"] == {"arn": f"{ARNS}/%2a", "pattern": "/*"}
    assert created == groups.describe("/npm/space/*")
    summaries = groups.client.list_package_groups(domain=DOMAIN)["packageGroups"]
    assert created in summaries


def test_a_pattern_is_taken_once(groups: Groups) -> None:
    """A second group of it is a conflict, and so is the root."""
    groups.create("/npm/*")
    conflict = groups.client.exceptions.ConflictException
    for pattern in ("/npm/*", "/*"):
        with pytest.raises(conflict, match="already exists"):
            groups.create(pattern)
    assert groups.listed() == ["/*", "/npm/*"]


def test_patterns_that_differ_by_case_are_two_groups(groups: Groups) -> None:
    """Each with its own settings and its own ARN."""
    groups.create("/npm/space/*", "/npm/Space/*")
    groups.set("/npm/Space/*", PUBLISH="BLOCK")
    assert groups.modes("/npm/space/*")["PUBLISH"][1] == "ALLOW"
    assert groups.modes("/npm/Space/*")["PUBLISH"][1] == "BLOCK"


def test_a_malformed_pattern_makes_no_group(groups: Groups) -> None:
    """The message says what to write."""
    invalid = groups.client.exceptions.ValidationException
    with pytest.raises(invalid, match="after a word it has to be ~"):
        groups.create("/npm/space/foo*")
    assert groups.listed() == ["/*"]


def test_an_update_changes_what_it_gives(groups: Groups) -> None:
    """The rest stays; an empty contact takes it away."""
    groups.create("/npm/*")
    update = groups.client.update_package_group
    update(domain=DOMAIN, packageGroup="/npm/*", contactInfo="web@example.com", description="web")
    update(domain=DOMAIN, packageGroup="/npm/*", description="the web team")
    described = groups.describe("/npm/*")
    assert (described["contactInfo"], described["description"]) == (
        "web@example.com",
        "the web team",
    )
    update(domain=DOMAIN, packageGroup="/npm/*", contactInfo="")
    assert "contactInfo" not in groups.describe("/npm/*")


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("describe_package_group", {}),
        ("update_package_group", {"description": "web"}),
        ("update_package_group_origin_configuration", {"restrictions": {"PUBLISH": "BLOCK"}}),
        ("delete_package_group", {}),
        ("list_sub_package_groups", {}),
        ("list_associated_packages", {}),
        ("list_allowed_repositories_for_group", {"originRestrictionType": "PUBLISH"}),
    ],
)
def test_what_does_not_exist_is_not_found(
    groups: Groups, operation: str, members: dict[str, Any]
) -> None:
    """The group is named; so is a domain that there is not."""
    missing = groups.client.exceptions.ResourceNotFoundException
    call = getattr(groups.client, operation)
    with pytest.raises(missing, match="Package group '/npm/\\*' in domain 'my-company'"):
        call(domain=DOMAIN, packageGroup="/npm/*", **members)
    with pytest.raises(missing, match="Domain 'other'"):
        call(domain="other", packageGroup="/npm/*", **members)


def test_a_deleted_group_is_gone_and_its_packages_are_not(groups: Groups) -> None:
    """The answer is what it was; it can be made again, with nothing of before."""
    groups.hold("/npm/space/foo")
    groups.create("/npm/space/*")
    change(groups, "/npm/space/*", addAllowedRepositories=allowed("PUBLISH", "intake"))
    groups.set("/npm/space/*", PUBLISH="BLOCK")
    before = groups.describe("/npm/space/*")
    answer = groups.client.delete_package_group(domain=DOMAIN, packageGroup="/npm/space/*")
    assert answer["packageGroup"] == before
    assert groups.listed() == ["/*"]
    assert groups.packages("/*") == ["/npm/space/foo"]
    groups.create("/npm/space/*")
    assert groups.modes("/npm/space/*")["PUBLISH"] == ("INHERIT", "ALLOW", "/*")
    assert groups.allowed("/npm/space/*", "PUBLISH") == []


def test_modes_and_lists_change_in_one_call(groups: Groups) -> None:
    """The answer names what came and what went, by type."""
    groups.create("/npm/*")
    change(groups, addAllowedRepositories=allowed("PUBLISH", "intake"))
    updates = change(
        groups,
        restrictions={"PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES"},
        addAllowedRepositories=[
            *allowed("PUBLISH", "internal"),
            *allowed("EXTERNAL_UPSTREAM", "intake"),
        ],
        removeAllowedRepositories=allowed("PUBLISH", "intake"),
    )
    assert updates == {
        "PUBLISH": {"ADDED": ["internal"], "REMOVED": ["intake"]},
        "EXTERNAL_UPSTREAM": {"ADDED": ["intake"]},
    }
    assert groups.allowed("/npm/*", "PUBLISH") == ["internal"]
    assert groups.allowed("/npm/*", "EXTERNAL_UPSTREAM") == ["intake"]
    assert groups.allowed("/npm/*", "INTERNAL_UPSTREAM") == []
    restrictions = groups.describe("/npm/*")["originConfiguration"]["restrictions"]
    assert [restrictions[kind]["repositoriesCount"] for kind in TYPES] == [1, 1, 0]


def test_a_change_that_is_made_already_is_no_mistake(groups: Groups) -> None:
    """And is not in the answer."""
    groups.create("/npm/*")
    change(groups, addAllowedRepositories=allowed("PUBLISH", "intake"))
    assert change(groups, addAllowedRepositories=allowed("PUBLISH", "intake")) == {}
    assert change(groups, removeAllowedRepositories=allowed("PUBLISH", "internal")) == {}
    assert change(groups) == {}


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        pytest.param(
            {"addAllowedRepositories": allowed("PUBLISH", "intake", "nowhere")},
            "Repository 'nowhere'",
            id="a repository that does not exist",
        ),
        pytest.param(
            {"removeAllowedRepositories": allowed("PUBLISH", "nowhere")},
            "Repository 'nowhere'",
            id="one to remove that does not exist",
        ),
        pytest.param(
            {
                "addAllowedRepositories": allowed("PUBLISH", "intake"),
                "removeAllowedRepositories": allowed("PUBLISH", "intake"),
            },
            "both added and removed",
            id="a repository both added and removed",
        ),
        pytest.param(
            {"addAllowedRepositories": [{"repositoryName": "intake"}]},
            "originRestrictionType",
            id="an item without its type",
        ),
        pytest.param(
            {"addAllowedRepositories": allowed("PUBLISH", *["intake"] * 101)},
            "At most 100",
            id="101 repositories",
        ),
        pytest.param(
            {
                "addAllowedRepositories": allowed("PUBLISH", *["intake"] * 60),
                "removeAllowedRepositories": allowed("EXTERNAL_UPSTREAM", *["intake"] * 41),
            },
            "At most 100",
            id="101 repositories, to add and to remove",
        ),
    ],
)
def test_a_change_that_is_refused_changes_nothing(
    groups: Groups, members: dict[str, Any], problem: str
) -> None:
    """Not even the modes that came along."""
    groups.create("/npm/*")
    refused = (
        groups.client.exceptions.ValidationException,
        groups.client.exceptions.ResourceNotFoundException,
    )
    with pytest.raises(refused, match=problem):
        change(groups, restrictions={"PUBLISH": "BLOCK"}, **members)
    assert groups.modes("/npm/*")["PUBLISH"] == ("INHERIT", "ALLOW", "/*")
    assert groups.allowed("/npm/*", "PUBLISH") == []


def test_a_hundred_repositories_at_once_are_accepted(groups: Groups) -> None:
    """The boundary; lists come page by page, in order."""
    names = [f"team-{number:03}" for number in range(100)]
    groups.seed([{"pattern": "/npm/*"}], [{"name": name} for name in names])
    change(groups, addAllowedRepositories=allowed("PUBLISH", *reversed(names)))
    for size in (1, 33, 100, 1000):
        assert groups.allowed("/npm/*", "PUBLISH", size) == names


def test_a_deleted_repository_is_on_no_list(groups: Groups) -> None:
    """One of the same name that is made later is not on it either."""
    groups.create("/npm/*")
    change(groups, addAllowedRepositories=allowed("PUBLISH", "intake", "internal"))
    groups.client.delete_repository(domain=DOMAIN, repository="intake")
    groups.client.create_repository(domain=DOMAIN, repository="intake")
    assert groups.allowed("/npm/*", "PUBLISH") == ["internal"]
    restrictions = groups.describe("/npm/*")["originConfiguration"]["restrictions"]
    assert restrictions["PUBLISH"]["repositoriesCount"] == 1


def test_groups_are_listed_by_a_prefix_of_their_pattern(groups: Groups) -> None:
    """Any text, also one that ends within a word; in order, whatever the page size."""
    groups.create("/pypi/*", "/npm/space/*", "/npm/*", "/npm/spa-*", "/npm/Space/*")
    assert groups.listed("/npm/spa") == ["/npm/spa-*", "/npm/space/*"]
    assert groups.listed("/maven") == []
    for size in (1, 2, 5, 6):
        everything = ["/*", "/npm/*", "/npm/Space/*", "/npm/spa-*", "/npm/space/*", "/pypi/*"]
        assert groups.listed(size=size) == everything
        assert groups.children("/npm/*", size) == everything[2:5]


def test_a_page_token_is_good_for_its_list_alone(groups: Groups) -> None:
    """Not for another prefix or another group."""
    groups.create("/npm/*", "/npm/a/*", "/npm/b/*")
    client = groups.client
    token = client.list_package_groups(domain=DOMAIN, maxResults=1)["nextToken"]
    for call, members in (
        (client.list_package_groups, {"prefix": "/npm"}),
        (client.list_sub_package_groups, {"packageGroup": "/npm/*"}),
        (client.list_associated_packages, {"packageGroup": "/npm/*"}),
    ):
        operation: Any = call
        with pytest.raises(client.exceptions.ValidationException, match="nextToken"):
            operation(domain=DOMAIN, nextToken=token, **members)


@pytest.mark.parametrize(
    ("pattern", "encoded"),
    [
        pytest.param("/npm/space/*", "/npm/space/%2a", id="a star"),
        pytest.param("/npm//react$", "/npm//react%24", id="a dollar"),
        pytest.param("/npm/space/foo~", "/npm/space/foo~", id="a tilde stays"),
        pytest.param("/generic/100%/tool-*", "/generic/100%25/tool-%2a", id="a percent sign"),
        pytest.param("/generic/a%2a/tool~", "/generic/a%252a/tool~", id="what looks encoded"),
        pytest.param("/generic/werk+@zeug/größe~", "/generic/werk+@zeug/größe~", id="all else"),
    ],
)
def test_a_group_is_tagged_by_its_arn(groups: Groups, pattern: str, encoded: str) -> None:
    """Tags that it was made with, added and removed ones."""
    client = groups.client
    arn = client.create_package_group(
        domain=DOMAIN, packageGroup=pattern, tags=[{"key": "team", "value": "web"}]
    )["packageGroup"]["arn"]
    assert arn == f"{ARNS}{encoded}"
    client.tag_resource(resourceArn=arn, tags=[{"key": "owner", "value": "me"}])
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"key": "owner", "value": "me"}
    ]


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("/npm/%2A", id="capitals in the code"),
        pytest.param("/npm/*", id="a star as it is"),
        pytest.param("/npm%2f%2a", id="a slash encoded"),
        pytest.param("/%6epm/%2a", id="a letter encoded"),
    ],
)
def test_an_arn_that_encodes_otherwise_is_refused(groups: Groups, rest: str) -> None:
    """It names no group."""
    groups.create("/npm/*")
    with pytest.raises(groups.client.exceptions.ValidationException, match="ARN"):
        groups.client.list_tags_for_resource(resourceArn=f"{ARNS}{rest}")


def test_a_group_has_at_most_fifty_tags(groups: Groups) -> None:
    """As every resource."""
    groups.create("/npm/*")
    tags = [{"key": f"key{number}", "value": ""} for number in range(50)]
    tag: Any = groups.client.tag_resource
    tag(resourceArn=f"{ARNS}/npm/%2a", tags=tags)
    with pytest.raises(groups.client.exceptions.ServiceQuotaExceededException, match="50"):
        tag(resourceArn=f"{ARNS}/npm/%2a", tags=[{"key": "one more", "value": ""}])


def test_tags_go_with_their_group_and_with_their_domain(groups: Groups) -> None:
    """A new group of the same pattern has none; one that does not exist cannot be asked."""
    client, arn = groups.client, f"{ARNS}/npm/%2a"
    for end in ("group", "domain"):
        groups.create("/npm/*")
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [], end
        client.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "web"}])
        if end == "group":
            groups.delete("/npm/*")
        else:
            for name in Groups.repositories:
                client.delete_repository(domain=DOMAIN, repository=name)
            client.delete_domain(domain=DOMAIN)
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.list_tags_for_resource(resourceArn=arn)
    client.create_domain(domain=DOMAIN)
    assert groups.listed() == ["/*"]
    groups.create("/npm/*")
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_every_operation_is_counted(groups: Groups) -> None:
    """By its name."""
    groups.create("/npm/*")
    groups.of("react")
    groups.packages("/npm/*")
    counted = groups.local.requests()
    assert counted["CreatePackageGroup"] == 1
    assert counted["GetAssociatedPackageGroup"] == 1
    assert counted["ListAssociatedPackages"] == 1
