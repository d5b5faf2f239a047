"""The hierarchy of package groups: parents, children, and settings that are inherited."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core import group_patterns
from emulator.core.group_index import Index
from emulator.core.group_patterns import parse
from emulator.core.group_rows import TYPES, Entry
from emulator.core.values import DomainId, PackageId, RestrictionMode
from tests.functional.emulator.package_groups import (
    ACCOUNT,
    DOMAIN,
    PACKAGES,
    Groups,
    groups,
    patterns,
)

__all__ = ["groups"]

MODES: list[RestrictionMode] = ["ALLOW", "ALLOW_SPECIFIC_REPOSITORIES", "BLOCK"]
LADDER = ("/npm/*", "/npm/space/*", "/npm/space/foo~", "/npm/space/foo-bar$")


def test_a_domain_begins_with_a_root_group_that_allows_everything(groups: Groups) -> None:
    """It has no parent and inherits nothing."""
    root = groups.describe("/*")
    assert groups.listed() == ["/*"]
    assert "parent" not in root
    assert root["arn"] == f"arn:aws:codeartifact:us-west-2:{ACCOUNT}:package-group/{DOMAIN}/%2a"
    assert groups.modes("/*") == dict.fromkeys(TYPES, ("ALLOW", "ALLOW", None))


def test_a_new_group_inherits_everything_from_its_parent(groups: Groups) -> None:
    """By the first ancestor that has a mode of its own."""
    groups.create(*LADDER)
    assert groups.modes("/npm/space/foo-bar$") == dict.fromkeys(TYPES, ("INHERIT", "ALLOW", "/*"))
    groups.set("/npm/*", PUBLISH="BLOCK")
    groups.set("/npm/space/*", EXTERNAL_UPSTREAM="ALLOW_SPECIFIC_REPOSITORIES")
    assert groups.modes("/npm/space/foo-bar$") == {
        "PUBLISH": ("INHERIT", "BLOCK", "/npm/*"),
        "EXTERNAL_UPSTREAM": ("INHERIT", "ALLOW_SPECIFIC_REPOSITORIES", "/npm/space/*"),
        "INTERNAL_UPSTREAM": ("INHERIT", "ALLOW", "/*"),
    }
    assert groups.modes("/*") == dict.fromkeys(TYPES, ("ALLOW", "ALLOW", None))


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_of_ones_own_is_in_force_and_not_inherited(
    groups: Groups, mode: RestrictionMode
) -> None:
    """Whatever the parent says; INHERIT gives it back to the parent."""
    groups.create("/npm/*", "/npm/space/*")
    groups.set("/npm/*", PUBLISH="BLOCK")
    groups.set("/npm/space/*", PUBLISH=mode)
    assert groups.modes("/npm/space/*")["PUBLISH"] == (mode, mode, None)
    groups.set("/npm/space/*", PUBLISH="INHERIT")
    assert groups.modes("/npm/space/*")["PUBLISH"] == ("INHERIT", "BLOCK", "/npm/*")


def test_the_root_group_may_block_what_nobody_below_allows(groups: Groups) -> None:
    """It can be edited, and the others inherit from it."""
    groups.create("/npm/*")
    groups.set("/*", PUBLISH="BLOCK", INTERNAL_UPSTREAM="BLOCK")
    assert groups.modes("/npm/*") == {
        "PUBLISH": ("INHERIT", "BLOCK", "/*"),
        "EXTERNAL_UPSTREAM": ("INHERIT", "ALLOW", "/*"),
        "INTERNAL_UPSTREAM": ("INHERIT", "BLOCK", "/*"),
    }


def test_the_root_group_has_nobody_to_inherit_from(groups: Groups) -> None:
    """The request is refused as a whole."""
    client = groups.client
    with pytest.raises(client.exceptions.ValidationException, match="no parent"):
        groups.set("/*", PUBLISH="BLOCK", EXTERNAL_UPSTREAM="INHERIT")
    assert groups.modes("/*") == dict.fromkeys(TYPES, ("ALLOW", "ALLOW", None))


def test_the_root_group_cannot_be_deleted(groups: Groups) -> None:
    """It stays."""
    with pytest.raises(groups.client.exceptions.ValidationException, match="root"):
        groups.delete("/*")
    assert groups.listed() == ["/*"]


def test_the_parent_is_the_most_specific_superset(groups: Groups) -> None:
    """Made in any order; a pattern that differs by case is no superset."""
    groups.create("/npm/space/foo-bar$", "/npm/*", "/npm/Space/*", "/npm/space/foo~")
    assert groups.parent("/npm/space/foo-bar$") == "/npm/space/foo~"
    assert groups.parent("/npm/space/foo~") == "/npm/*"
    groups.create("/npm/space/*")
    assert groups.parent("/npm/space/foo~") == "/npm/space/*"
    assert groups.parent("/npm/Space/*") == "/npm/*"
    assert groups.parent("/npm/*") == "/*"


def test_sub_groups_are_the_direct_children_only(groups: Groups) -> None:
    """By pattern."""
    groups.create(*LADDER, "/npm//react$", "/pypi/*")
    assert groups.children("/*") == ["/npm/*", "/pypi/*"]
    assert groups.children("/npm/*") == ["/npm//react$", "/npm/space/*"]
    assert groups.children("/npm/space/foo-bar$") == []


def test_children_of_a_deleted_group_get_its_parent(groups: Groups) -> None:
    """And with it other settings, if they inherit."""
    groups.create(*LADDER)
    groups.set("/npm/*", PUBLISH="BLOCK")
    groups.set("/npm/space/*", PUBLISH="ALLOW")
    groups.delete("/npm/space/*")
    assert groups.parent("/npm/space/foo~") == "/npm/*"
    assert groups.modes("/npm/space/foo~")["PUBLISH"] == ("INHERIT", "BLOCK", "/npm/*")
    assert groups.parent("/npm/space/foo-bar$") == "/npm/space/foo~"
    assert groups.children("/npm/*") == ["/npm/space/foo~"]


def test_a_deep_hierarchy_is_no_trouble(groups: Groups) -> None:
    """Hundreds of groups, each in the one before."""
    name = "-".join("a" * 200)
    ladder = [f"/npm/{name[: 2 * end]}*" for end in range(1, 200)]
    groups.seed([{"pattern": each} for each in ladder])
    groups.set("/*", PUBLISH="BLOCK")
    assert groups.modes(ladder[-1])["PUBLISH"] == ("INHERIT", "BLOCK", "/*")
    assert groups.parent(ladder[-1]) == ladder[-2]


def index(*held: str) -> Index:
    """Return an index of these groups and the root."""
    modes: dict[str, RestrictionMode] = dict.fromkeys(TYPES, "ALLOW")
    entries = [
        Entry(parse(each), 0, "", "", {kind: modes[kind] for kind in TYPES})
        for each in {"/*", *held}
    ]
    return Index(DomainId(ACCOUNT, DOMAIN), entries, now=0)


@given(st.lists(patterns(), max_size=12))
@settings(max_examples=200)
def test_every_parent_covers_its_child_and_nothing_lies_between(held: list[str]) -> None:
    """And by parents every group leads to the root."""
    found = index(*held)
    for pattern in set(held):
        parent = found.group(pattern).parent
        assert parent is not None
        assert parse(parent.pattern).covers(parse(pattern))
        between = [
            each
            for each in {"/*", *held} - {pattern, parent.pattern}
            if parse(each).covers(parse(pattern)) and parse(parent.pattern).covers(parse(each))
        ]
        assert between == []
        assert pattern in found.children(parent.pattern)


@given(st.lists(patterns(), max_size=12), PACKAGES)
@settings(max_examples=300)
def test_every_package_is_in_exactly_one_group(held: list[str], package: PackageId) -> None:
    """In the most specific of those that it matches in either way; strongly if it matches so."""
    association = index(*held).associated(package)
    chosen = parse(association.group.id.pattern)
    path, folded_path = group_patterns.path(package), group_patterns.folded_path(package)
    assert chosen.matches_loosely(path, folded_path)
    assert (association.type == "STRONG") == chosen.matches(path)
    for each in map(parse, held):
        if each.matches_loosely(path, folded_path):
            assert len(each.folded_stem) <= len(chosen.folded_stem)
            if len(each.folded_stem) == len(chosen.folded_stem) and each.matches(path):
                assert association.type == "STRONG"


@given(st.lists(patterns(), max_size=12), PACKAGES, st.randoms(use_true_random=False))
def test_the_order_in_which_groups_were_made_does_not_matter(
    held: list[str], package: PackageId, random: Random
) -> None:
    """A package is in the same group."""
    shuffled = list(held)
    random.shuffle(shuffled)
    one, other = index(*held).associated(package), index(*shuffled).associated(package)
    assert (one.group.id, one.type) == (other.group.id, other.type)
