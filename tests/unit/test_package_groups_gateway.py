"""The gateway to package groups against a low-level client that keeps a domain's groups."""

import pytest
from botocore.exceptions import ReadTimeoutError

from steward.errors import PackageGroupError
from steward.group_restrictions import ROOT, AllowedRepository
from tests.unit.fake_package_groups import ARN, LISTED, FakeDomain, refusal

NAMES = [f"repository-{number:03}" for number in range(250)]


def entries(names: list[str]) -> list[AllowedRepository]:
    """Return entries of the list for publishing."""
    return [AllowedRepository("PUBLISH", name) for name in names]


def test_a_listing_holds_every_group_of_every_page() -> None:
    """The root too; each page asks for 1,000, the most that the model allows."""
    domain = FakeDomain(page=10)
    for number in range(24):
        domain.add(f"/npm/scope-{number}/*")
    assert {group.pattern for group in domain.gateway.all()} == set(domain.groups)
    assert [call["maxResults"] for _, call in domain.calls] == [1000, 1000, 1000]
    assert all(call["domainOwner"] == "012345678901" for _, call in domain.calls)


def test_a_group_has_its_own_modes_and_what_they_come_to() -> None:
    """What it inherits is a mode of its own, and another one in force."""
    domain = FakeDomain()
    domain.add(ROOT, PUBLISH="BLOCK")
    domain.add("/npm/mycompany/*", EXTERNAL_UPSTREAM=LISTED, allowed={"EXTERNAL_UPSTREAM": {"a"}})
    _, group = domain.gateway.all()
    assert group.arn == f"{ARN}/npm/mycompany/%2a"
    assert group.modes == {
        "PUBLISH": "INHERIT",
        "EXTERNAL_UPSTREAM": LISTED,
        "INTERNAL_UPSTREAM": "INHERIT",
    }
    assert group.effective == {
        "PUBLISH": "BLOCK",
        "EXTERNAL_UPSTREAM": LISTED,
        "INTERNAL_UPSTREAM": "ALLOW",
    }
    assert group.counts == {"PUBLISH": 0, "EXTERNAL_UPSTREAM": 1, "INTERNAL_UPSTREAM": 0}


def test_what_an_answer_leaves_out_is_unknown_or_the_default() -> None:
    """The model promises no member: a new group inherits, the root allows, no count is zero."""
    domain = FakeDomain()
    domain.list_package_groups = lambda **_: {  # type: ignore[method-assign]  # a terse server
        "packageGroups": [{"pattern": ROOT, "arn": ARN}, {"pattern": "/npm/*", "arn": ARN}]
    }
    root, group = domain.gateway.all()
    assert set(root.modes.values()) == {"ALLOW"}
    assert set(group.modes.values()) == {"INHERIT"}
    assert group.counts == {}


def test_an_allow_list_is_read_page_by_page() -> None:
    """Every name stands in it once."""
    domain = FakeDomain(page=100)
    domain.add("/npm/*", allowed={"PUBLISH": NAMES})
    assert domain.gateway.allowed_repositories("/npm/*", "PUBLISH") == set(NAMES)
    assert domain.counted() == {"ListAllowedRepositoriesForGroup": 3}


def test_a_listing_that_leads_back_to_itself_ends() -> None:
    """A server that repeats its token must not keep anybody waiting for ever."""
    domain = FakeDomain()
    domain.list_package_groups = (  # type: ignore[method-assign]  # a broken server
        lambda **_: {"packageGroups": [], "nextToken": "again"}
    )
    with pytest.raises(PackageGroupError, match="itself"):
        domain.gateway.all()


def test_what_the_gateway_creates_is_known_as_ours() -> None:
    """By its tag; a group without it, or with another value, is somebody else's."""
    domain = FakeDomain()
    domain.gateway.create("/npm/ours/*")
    domain.add("/npm/theirs/*")
    domain.add("/npm/similar/*")
    domain.groups["/npm/similar/*"].tags = {"codeartifact-steward": "sandbox"}
    assert {group.pattern for group in domain.gateway.all() if domain.gateway.is_ours(group)} == {
        "/npm/ours/*"
    }


@pytest.mark.parametrize(("changed", "calls"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_list_changes_by_100_entries_a_call(changed: int, calls: int) -> None:
    """The mode needs no call of its own."""
    domain = FakeDomain()
    domain.add("/npm/*")
    domain.gateway.restrict("/npm/*", {"PUBLISH": LISTED}, add=entries(NAMES[:changed]))
    assert domain.counted() == {"UpdatePackageGroupOriginConfiguration": calls}
    assert domain.groups["/npm/*"].lists.get("PUBLISH", set()) == set(NAMES[:changed])
    assert domain.groups["/npm/*"].modes["PUBLISH"] == LISTED


def test_what_closes_goes_first_and_what_opens_last() -> None:
    """A list is complete before it counts; removed and added entries share the calls."""
    domain = FakeDomain()
    domain.add("/npm/*", allowed={"PUBLISH": NAMES[:120]})
    domain.gateway.restrict(
        "/npm/*",
        {"PUBLISH": LISTED, "EXTERNAL_UPSTREAM": "BLOCK", "INTERNAL_UPSTREAM": "INHERIT"},
        add=entries(NAMES[120:]),
        remove=entries(NAMES[:120]),
    )
    changes = [call for _, call in domain.calls]
    assert [call.get("restrictions") for call in changes] == [
        {"EXTERNAL_UPSTREAM": "BLOCK"},
        None,
        {"PUBLISH": LISTED, "INTERNAL_UPSTREAM": "INHERIT"},
    ]
    assert ["addAllowedRepositories" in call for call in changes] == [False, True, True]
    assert ["removeAllowedRepositories" in call for call in changes] == [True, True, False]
    assert domain.groups["/npm/*"].lists["PUBLISH"] == set(NAMES[120:])


def test_a_batch_that_is_refused_ends_the_change_before_the_mode() -> None:
    """A list with a hole in it does not come into force."""
    domain = FakeDomain()
    domain.add("/npm/*")
    domain.missing = {NAMES[150]}
    with pytest.raises(PackageGroupError) as caught:
        domain.gateway.restrict("/npm/*", {"PUBLISH": LISTED}, add=entries(NAMES))
    assert (caught.value.resource_type, caught.value.resource) == ("repository", NAMES[150])
    assert domain.groups["/npm/*"].modes["PUBLISH"] == "INHERIT"
    assert domain.counted() == {"UpdatePackageGroupOriginConfiguration": 2}


def test_nothing_to_change_is_no_call() -> None:
    """Neither modes nor entries."""
    domain = FakeDomain()
    domain.gateway.restrict(ROOT, {})
    assert domain.counted() == {}


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (refusal("DeletePackageGroup", "ThrottlingException"), "ThrottlingException"),
        (ReadTimeoutError(endpoint_url="there"), "ReadTimeoutError"),
    ],
    ids=["a refusal", "no answer"],
)
def test_what_botocore_raises_is_named(raised: Exception, code: str) -> None:
    """With the operation; the retries were botocore's."""
    domain = FakeDomain()
    domain.add("/npm/*")

    def fail(operation: str, pattern: str) -> None:
        del operation, pattern
        raise raised

    domain.before = fail
    with pytest.raises(PackageGroupError, match="DeletePackageGroup failed with") as caught:
        domain.gateway.remove("/npm/*")
    assert caught.value.code == code
