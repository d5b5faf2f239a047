"""Lists page by page: complete, in order, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core import packages, paging, repositories, seed, versions
from emulator.core.errors import Validation
from emulator.core.faults import Settings
from emulator.core.values import PackageId, RepositoryId, Version
from tests.functional.emulator.local_core import (
    ACCOUNT,
    DOMAIN,
    GENERIC,
    NPM,
    REPOSITORY,
    Core,
    opened,
)

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="#/", exclude_categories=["Z", "C"]),
    min_size=1,
    max_size=12,
)


def seed_versions(core: Core, *found: Mapping[str, object]) -> None:
    """Seed versions of one generic package."""
    one = {"format": "generic", "namespace": "tools", "package": "hammer", "versions": list(found)}
    repository = {"name": REPOSITORY.name, "packages": [one]}
    seed.apply(core.state, {"domains": [{"name": DOMAIN.name, "repositories": [repository]}]})


def all_pages(
    page: Callable[[str | None], tuple[list[Version], str | None]],
) -> tuple[list[str], list[int]]:
    """Return the versions of all pages, and the length of each page."""
    names: list[str] = []
    lengths: list[int] = []
    after: str | None = None
    while True:
        found, after = page(after)
        names.extend(each.version for each in found)
        lengths.append(len(found))
        if after is None:
            return names, lengths


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(NAMES, unique=True, max_size=25),
    limit=st.integers(1, 30),
    ages=st.lists(st.integers(0, 3), min_size=25, max_size=25),
    order=st.sampled_from(["name", "nameDescending", "insertion"]),
    time_order=st.sampled_from(["newestFirst", "oldestFirst", "unsorted"]),
    by_time=st.booleans(),
)
def test_pages_hold_every_version_once_in_order(
    names: list[str], limit: int, ages: list[int], order: str, time_order: str, *, by_time: bool
) -> None:
    """Any names, equal times, any page size, each order: full pages, then the rest."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    with opened() as core:
        times = {name: start + timedelta(days=age) for name, age in zip(names, ages, strict=False)}
        seed_versions(
            core,
            *({"version": name, "publishedTime": times[name].isoformat()} for name in names),
        )
        core.switch(listOrder=order, publishedTimeOrder=time_order)
        found, lengths = all_pages(
            lambda after: versions.page(
                core.state,
                REPOSITORY,
                GENERIC,
                limit=limit,
                after=after,
                sort_by_published_time=by_time,
            )
        )
    if by_time and time_order != "unsorted":
        expected = sorted(names, key=lambda name: (times[name], names.index(name)))
        expected = expected[::-1] if time_order == "newestFirst" else expected
    elif order == "insertion":
        expected = names
    else:
        expected = sorted(names, key=lambda name: name.encode(), reverse=order != "name")
    assert found == expected
    assert all(length == limit for length in lengths[:-1])


def test_paging_goes_on_while_versions_come_and_go(core: Core) -> None:
    """What is there from beginning to end is listed once; the last of a page may be deleted."""
    seed_versions(core, *({"version": f"1.{number:03}"} for number in range(100)))
    first, after = versions.page(core.state, REPOSITORY, GENERIC, limit=10)
    versions.delete(core.state, REPOSITORY, GENERIC, [each.version for each in first[5:]])
    core.publish("1.000-before")
    core.publish("1.050-after")
    rest, _ = all_pages(
        lambda token: versions.page(core.state, REPOSITORY, GENERIC, limit=10, after=token or after)
    )
    assert [each.version for each in first] == [f"1.{number:03}" for number in range(10)]
    assert rest == sorted([*(f"1.{number:03}" for number in range(10, 100)), "1.050-after"])


def test_versions_are_filtered_by_status_and_origin(core: Core) -> None:
    """Without a status all are listed, unless a switch hides the Archived ones."""
    seed_versions(
        core,
        {"version": "1", "status": "Archived"},
        {"version": "2", "origin": "EXTERNAL"},
        {"version": "3", "status": "Disposed"},
    )

    def names(**filters: object) -> list[str]:
        found, _ = versions.page(core.state, REPOSITORY, GENERIC, limit=10, **filters)  # type: ignore[arg-type]  # the filters of the test
        return [each.version for each in found]

    assert names() == ["1", "2", "3"]
    assert names(status="Disposed") == ["3"]
    assert names(origin_type="EXTERNAL") == ["2"]
    core.switch(listHidesArchived=True)
    assert names() == ["2", "3"]
    assert names(status="Archived") == ["1"]


@pytest.mark.parametrize("token", ["x", "AAAA", "é", "", "a" * 3000])
def test_a_token_of_nobody_is_refused(core: Core, token: str) -> None:
    """Validation, whatever it looks like."""
    core.publish("1.0")
    with pytest.raises(Validation, match="nextToken"):
        versions.page(core.state, REPOSITORY, GENERIC, limit=1, after=token)


def test_a_token_is_good_for_its_own_list_alone(core: Core) -> None:
    """Other filters, another package: refused."""
    seed_versions(core, {"version": "1"}, {"version": "2"})
    _, after = versions.page(core.state, REPOSITORY, GENERIC, limit=1)
    with pytest.raises(Validation, match="nextToken"):
        versions.page(core.state, REPOSITORY, GENERIC, status="Published", limit=1, after=after)


@given(key=st.lists(st.text(max_size=255) | st.integers(), max_size=3))
def test_a_token_holds_any_key(key: list[str | int]) -> None:
    """Encoded and decoded."""
    encodable = [
        each.encode(errors="replace").decode() if isinstance(each, str) else each for each in key
    ]
    token = paging.encode(("list",), encodable)
    assert paging.decode(("list",), token) == encodable
    assert not any(character.isspace() for character in token)


def test_packages_are_found_by_prefix_and_restriction(core: Core) -> None:
    """Namespace and prefix are both prefixes; a namespace needs its format."""
    for namespace, name in [("", "lodash"), ("my", "ui"), ("mycompany", "ui"), ("other", "ui-x")]:
        core.publish("1.0", package=PackageId("npm", namespace, name))
    core.restrict("BLOCK", "ALLOW", package=NPM)

    def names(**filters: object) -> list[tuple[str, str]]:
        found, _ = packages.page(core.state, REPOSITORY, limit=10, **filters)  # type: ignore[arg-type]  # the filters of the test
        return [(each.id.namespace, each.id.name) for each in found]

    assert names() == [("", "lodash"), ("my", "ui"), ("mycompany", "ui"), ("other", "ui-x")]
    assert names(format="npm", namespace="my") == [("my", "ui"), ("mycompany", "ui")]
    assert names(format="npm", prefix="ui") == [
        ("my", "ui"),
        ("mycompany", "ui"),
        ("other", "ui-x"),
    ]
    assert names(publish="BLOCK") == [("", "lodash")]
    assert names(format="pypi") == []
    with pytest.raises(Validation, match="namespace requires format"):
        names(namespace="my")


@pytest.mark.parametrize("order", ["name", "nameDescending", "insertion"])
def test_packages_page_by_page_in_every_order(core: Core, order: str) -> None:
    """One at a time, none lost, packages without versions included."""
    core.state.faults.set(Settings(switches={"listOrder": order}))
    wanted = [PackageId("npm", "", name) for name in ("b", "a", "c")]
    for package in wanted:
        packages.ensure(core.state, REPOSITORY, package)
    found: list[str] = []
    after: str | None = None
    while True:
        page, after = packages.page(core.state, REPOSITORY, limit=1, after=after)
        found.extend(each.id.name for each in page)
        if after is None:
            break
    assert found == {"name": [*"abc"], "nameDescending": [*"cba"], "insertion": [*"bac"]}[order]


def test_repositories_page_by_page(core: Core) -> None:
    """By name, of one domain, by prefix and administrator."""
    for name in ("team-a", "team-b", "zoo"):
        repositories.create(core.state, RepositoryId(DOMAIN, name), administrator=ACCOUNT)
    first, after = repositories.page(core.state, domain=DOMAIN, prefix="team-", limit=1)
    second, end = repositories.page(core.state, domain=DOMAIN, prefix="team-", limit=1, after=after)
    assert [each.id.name for each in first + second] == ["team-a", "team-b"]
    assert end is None
    assert repositories.page(core.state, administrator="111122223333", limit=5) == ([], None)
    mine, _ = repositories.page(core.state, administrator=ACCOUNT, limit=9)
    assert [each.id.name for each in mine] == ["my-repo", "other-repo", "team-a", "team-b", "zoo"]
