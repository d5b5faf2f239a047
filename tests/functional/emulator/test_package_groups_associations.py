"""Which group a package is in, whether it exists or not, and when it changes groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulator.core import domains, group_changes, package_groups
from emulator.core.errors import Conflict
from emulator.core.values import DomainId, PackageGroupId, PackageId, RepositoryId
from tests.functional.emulator.local_core import opened
from tests.functional.emulator.package_groups import ACCOUNT, DOMAIN, Groups, groups

__all__ = ["groups"]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MY_COMPANY = DomainId(ACCOUNT, DOMAIN)


@pytest.mark.parametrize(
    ("held", "package", "expected"),
    [
        pytest.param([], "foo", "/* STRONG", id="the root if there is nothing else"),
        pytest.param(["/npm/*", "/npm/space/*"], "foo", "/npm/space/* STRONG", id="the longest"),
        pytest.param(["/npm/other/*"], "foo", "/* STRONG", id="not one of other packages"),
        pytest.param(["/npm/space/foo~"], "food", "/* STRONG", id="a longer word is another"),
        pytest.param(
            ["/npm/space/foo~", "/npm/space/foo-bar$"],
            "foo-bar",
            "/npm/space/foo-bar$ STRONG",
            id="one package of many",
        ),
        pytest.param(
            ["/npm/space/*", "/npm/space/foo~"],
            "Foo-bar",
            "/npm/space/foo~ WEAK",
            id="a weak match of the longer pattern keeps it from the shorter",
        ),
        pytest.param(
            ["/npm/space/foo~", "/npm/space/Foo~"],
            "Foo",
            "/npm/space/Foo~ STRONG",
            id="of two equally long ones the strong match",
        ),
        pytest.param(
            ["/npm/space/foo-bar~", "/npm/space/foo_bar$"],
            "foo-bar",
            "/npm/space/foo-bar~ STRONG",
            id="a group for one variation does not block the others",
        ),
        pytest.param(
            ["/npm/space/foo-bar~", "/npm/space/foo_bar$"],
            "foo_bar",
            "/npm/space/foo_bar$ STRONG",
            id="and has its variation to itself",
        ),
        pytest.param(
            ["/npm/space/foo-bar~", "/npm/space/foo_bar$"],
            "foo.bar",
            "/npm/space/foo_bar$ WEAK",
            id="of two equally long weak matches the exact one",
        ),
        pytest.param(
            ["/npm/space/foo.bar~", "/npm/space/foo-bar~"],
            "foo_bar",
            "/npm/space/foo-bar~ WEAK",
            id="of two such words the first by code point",
        ),
        pytest.param(
            ["/npm/space/foo-*", "/npm/space/foo--*"],
            "foo--bar",
            "/npm/space/foo--* STRONG",
            id="of two such strong matches the one that is written longer",
        ),
        pytest.param(["/npm/Space/*"], "foo", "/npm/Space/* WEAK", id="a namespace by its case"),
        pytest.param(["/npm//foo$"], "foo", "/* STRONG", id="no namespace is another package"),
    ],
)
def test_a_package_is_in_the_most_specific_group(
    groups: Groups, held: list[str], package: str, expected: str
) -> None:
    """It need not exist."""
    groups.create(*held)
    assert groups.of(package, namespace="space") == expected


@pytest.mark.parametrize(
    ("fmt", "namespace", "package", "pattern"),
    [
        ("pypi", None, "Typing_Extensions", "/pypi//typing-extensions$"),
        ("nuget", None, "Newtonsoft.Json", "/nuget//newtonsoft.json$"),
        ("swift", "Mona", "LinkedList", "/swift/mona/linkedlist$"),
    ],
)
def test_names_are_normalised_before_they_are_matched(
    groups: Groups, fmt: str, namespace: str | None, package: str, pattern: str
) -> None:
    """So any spelling is a strong match of the normalised pattern."""
    groups.create(pattern)
    assert groups.of(package, namespace=namespace, fmt=fmt) == f"{pattern} STRONG"


def test_packages_are_listed_over_all_repositories_once(groups: Groups) -> None:
    """With how they match; a package of several repositories is one."""
    groups.create("/npm/space/*", "/npm/space/foo~")
    groups.hold("/npm/space/foo", "/npm/space/bar", "/pypi//foo")
    groups.hold("/npm/space/foo", "/npm/space/Foo-x", "/npm/Space/bar", repository="internal")
    assert groups.packages("/npm/space/foo~") == ["/npm/space/Foo-x WEAK", "/npm/space/foo"]
    assert groups.packages("/npm/space/*") == ["/npm/Space/bar WEAK", "/npm/space/bar"]
    assert groups.packages("/*") == ["/pypi//foo"]


def test_a_preview_lists_what_a_group_would_have(groups: Groups) -> None:
    """It changes nothing; a group that exists is listed as it is."""
    groups.create("/npm/space/*")
    groups.hold("/npm/space/foo", "/npm/space/Foo", "/npm/space/bar")
    assert groups.packages("/npm/space/foo~", preview=True) == [
        "/npm/space/Foo WEAK",
        "/npm/space/foo",
    ]
    assert groups.packages("/npm/space/*", preview=True) == [
        "/npm/space/Foo",
        "/npm/space/bar",
        "/npm/space/foo",
    ]
    assert groups.listed() == ["/*", "/npm/space/*"]
    assert groups.of("foo", namespace="space") == "/npm/space/* STRONG"


@pytest.mark.parametrize("size", [1, 2, 7, 20, 21, 1000])
def test_pages_of_packages_are_complete_and_in_order(groups: Groups, size: int) -> None:
    """Of packages in two repositories, between those of another group."""
    paths = [f"/npm/space/p{number:02}" for number in range(20)]
    groups.create("/npm/space/*", "/npm/space/p07$")
    groups.hold(*paths[::2], "/npm//zebra")
    groups.hold(*{*paths[1::2], *paths[:5]}, "/maven/space/a", repository="internal")
    expected = [path for path in paths if path != "/npm/space/p07"]
    assert groups.packages("/npm/space/*", size=size) == expected


def test_packages_that_the_api_does_not_show_yet_are_not_listed(groups: Groups) -> None:
    """A fetched package appears with its first visible version."""
    groups.hold("/npm/space/foo")
    with groups.local.state.store.transaction() as connection:
        connection.execute("UPDATE versions SET visible_from = visible_from + 1000000000000000")
    assert groups.packages("/*") == []


def clock(groups: Groups, seconds: int = 0) -> None:
    """The time stands still *seconds* after noon."""
    at = NOON + timedelta(seconds=seconds)
    groups.local.admin("PUT", "clock", {"freeze": at.isoformat()})


@pytest.mark.parametrize("delay", [60, 600])
def test_packages_come_and_go_some_time_after_their_group(groups: Groups, delay: int) -> None:
    """If the switch says so; the group itself is there, or gone, at once."""
    clock(groups)
    groups.local.faults(switches={"packageGroupReassociationSeconds": delay})
    groups.hold("/npm/space/foo")
    groups.create("/npm/space/*")
    groups.set("/npm/space/*", PUBLISH="BLOCK")
    assert groups.listed() == ["/*", "/npm/space/*"]
    clock(groups, delay - 1)
    assert groups.of("foo", namespace="space") == "/* STRONG"
    assert groups.packages("/npm/space/*") == []
    clock(groups, delay)
    assert groups.of("foo", namespace="space") == "/npm/space/* STRONG"
    assert groups.packages("/npm/space/*") == ["/npm/space/foo"]
    groups.delete("/npm/space/*")
    assert groups.listed() == ["/*"]
    clock(groups, 2 * delay - 1)
    assert groups.of("foo", namespace="space") == "/npm/space/* STRONG"
    package = PackageId("npm", "space", "foo")
    assert not package_groups.unrestricted(groups.local.state, MY_COMPANY, package)
    clock(groups, 2 * delay)
    assert groups.of("foo", namespace="space") == "/* STRONG"
    assert package_groups.unrestricted(groups.local.state, MY_COMPANY, package)
    clock(groups, 2 * delay - 1)  # a frozen clock can be set back
    assert groups.of("foo", namespace="space") == "/npm/space/* STRONG"


def test_a_group_deleted_before_packages_came_into_it_leaves_nothing(groups: Groups) -> None:
    """They stay where they were all the time."""
    clock(groups)
    groups.local.faults(switches={"packageGroupReassociationSeconds": 60})
    groups.create("/npm/space/*")
    clock(groups, 30)
    groups.delete("/npm/space/*")
    for seconds in (30, 59, 60, 89, 90, 600):
        clock(groups, seconds)
        assert groups.of("foo", namespace="space") == "/* STRONG"


def test_a_group_made_again_keeps_the_packages_that_have_not_left_it(groups: Groups) -> None:
    """With its new settings."""
    clock(groups)
    groups.create("/npm/space/*")
    groups.set("/npm/space/*", PUBLISH="BLOCK")
    groups.local.faults(switches={"packageGroupReassociationSeconds": 60})
    groups.delete("/npm/space/*")
    groups.create("/npm/space/*")
    assert groups.of("foo", namespace="space") == "/npm/space/* STRONG"
    assert groups.modes("/npm/space/*")["PUBLISH"][1] == "ALLOW"


def test_settings_are_in_force_at_once_whatever_the_switch_says(groups: Groups) -> None:
    """Updates of the origin configuration are near-immediate (User Guide)."""
    groups.create("/npm/space/*")
    groups.local.faults(switches={"packageGroupReassociationSeconds": 600})
    groups.set("/npm/space/*", PUBLISH="BLOCK")
    repository, package = RepositoryId(MY_COMPANY, "intake"), PackageId("npm", "space", "foo")
    assert not package_groups.admits(groups.local.state, repository, package, "PUBLISH")


@pytest.mark.parametrize(
    ("mode", "repository", "admitted"),
    [
        ("ALLOW", "internal", True),
        ("BLOCK", "intake", False),
        ("ALLOW_SPECIFIC_REPOSITORIES", "intake", True),
        ("ALLOW_SPECIFIC_REPOSITORIES", "internal", False),
    ],
)
def test_a_mode_admits_versions_to_repositories(
    groups: Groups, mode: str, repository: str, *, admitted: bool
) -> None:
    """By the list of the group that the mode is inherited from; a weak match admits nothing."""
    groups.seed(
        [
            {
                "pattern": "/npm/*",
                "restrictions": {"PUBLISH": mode},
                "allowedRepositories": {"PUBLISH": ["intake"]},
            },
            {"pattern": "/npm/space/*", "allowedRepositories": {"PUBLISH": ["internal"]}},
        ]
    )
    state, where = groups.local.state, RepositoryId(MY_COMPANY, repository)
    for found, expected in (("space", admitted), ("Space", False)):
        package = PackageId("npm", found, "foo")
        assert package_groups.admits(state, where, package, "PUBLISH") == expected
    package = PackageId("npm", "space", "foo")
    assert package_groups.unrestricted(state, MY_COMPANY, package) == (mode == "ALLOW")
    assert package_groups.admits(state, where, package, "EXTERNAL_UPSTREAM")
    assert not package_groups.unrestricted(state, MY_COMPANY, PackageId("npm", "Space", "foo"))


def test_a_change_that_is_rolled_back_is_not_remembered() -> None:
    """Not even by a reader inside the transaction."""
    group = PackageGroupId(MY_COMPANY, "/npm/space/*")
    with opened() as core:

        def found() -> PackageGroupId:
            package = PackageId("npm", "space", "foo")
            return package_groups.associated(core.state, MY_COMPANY, package).group.id

        def create_and_fail() -> None:
            with core.state.store.transaction():
                group_changes.create(core.state, group)
                assert found() == group
                domains.create(core.state, MY_COMPANY)

        with pytest.raises(Conflict):
            create_and_fail()
        assert found().pattern == "/*"


@pytest.mark.parametrize("count", [0, 1000])
def test_asking_for_a_group_takes_no_statement_however_many_there_are(
    groups: Groups, count: int
) -> None:
    """Every request of a package manager asks, for each repository that it comes through."""
    state = groups.local.state
    groups.seed([{"pattern": f"/npm/team{number}/*"} for number in range(count)])
    package_groups.associated(state, MY_COMPANY, PackageId("npm", "team1", "foo"))
    statements: list[str] = []
    with state.store.reading() as connection:
        connection.set_trace_callback(statements.append)
        for number in range(10):
            package = PackageId("npm", f"team{number}", "foo")
            package_groups.associated(state, MY_COMPANY, package)
        connection.set_trace_callback(None)
    assert statements == []
