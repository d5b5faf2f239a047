"""Which steps lead from the package groups that exist to those that are declared."""

from collections.abc import Sequence

import pytest

from enforce_origin_controls.groups import Plan, lists_to_read, plan, steps_for
from steward.coordinates import RestrictionType
from steward.group_restrictions import ROOT, AllowedRepository
from steward.policy import GroupDeclaration
from tests.unit.fake_package_groups import LISTED, FakeDomain, declaration

OURS = "/npm/mycompany/*"


def planned(domain: FakeDomain, *declared: GroupDeclaration, ours: Sequence[str] = ()) -> Plan:
    """Return the plan for *domain*, whose allow-lists are known."""
    allowed = {
        (pattern, kind): names
        for pattern, group in domain.groups.items()
        for kind, names in group.lists.items()
    }
    return plan(declared, domain.gateway.all(), allowed=allowed, ours=ours)


def test_a_new_group_gets_the_modes_that_it_does_not_inherit() -> None:
    """What it inherits needs no word."""
    wanted = declaration(OURS, EXTERNAL_UPSTREAM="BLOCK", allowed={"PUBLISH": ["npm-internal"]})
    (change,) = planned(FakeDomain(), wanted).changes
    assert (change.action, change.pattern) == ("create", OURS)
    assert change.modes == {"PUBLISH": LISTED, "EXTERNAL_UPSTREAM": "BLOCK"}
    assert change.add == (AllowedRepository("PUBLISH", "npm-internal"),)


def test_a_new_group_has_inherited_from_the_most_specific_group_around_it() -> None:
    """So it opens what that one forbids, whatever those further up say."""
    domain = FakeDomain()
    domain.add("/npm/*", PUBLISH="BLOCK")
    domain.add("/npm/my~", EXTERNAL_UPSTREAM="BLOCK")
    wanted = declaration(OURS, PUBLISH="ALLOW", EXTERNAL_UPSTREAM="ALLOW")
    change = next(one for one in planned(domain, wanted).changes if one.pattern == OURS)
    assert change.effective["PUBLISH"] == "BLOCK"
    assert change.opens == {"PUBLISH"}
    nearer = declaration("/npm/mycompany/ui~", PUBLISH="ALLOW")
    domain.add(OURS, PUBLISH="ALLOW", EXTERNAL_UPSTREAM="BLOCK")
    (change,) = planned(domain, nearer).changes
    assert change.effective == {
        "PUBLISH": "ALLOW",
        "EXTERNAL_UPSTREAM": "BLOCK",
        "INTERNAL_UPSTREAM": "ALLOW",
    }


@pytest.mark.parametrize(
    ("present", "wanted", "modes", "add", "remove"),
    [
        pytest.param(["a", "b"], ["b", "a"], {}, [], [], id="the same list in another order"),
        pytest.param(["a", "b"], ["b", "c"], {}, ["c"], ["a"], id="a list that differs"),
        pytest.param([], ["a"], {}, ["a"], [], id="an empty list"),
    ],
)
def test_an_allow_list_gets_exactly_the_declared_names(
    present: list[str],
    wanted: list[str],
    modes: dict[str, str],
    add: list[str],
    remove: list[str],
) -> None:
    """Nothing is written that is already so."""
    domain = FakeDomain()
    domain.add(OURS, PUBLISH=LISTED, allowed={"PUBLISH": present})
    result = planned(domain, declaration(OURS, allowed={"PUBLISH": wanted}))
    if not (add or remove):
        assert not result.changes
        assert len(result.unchanged) == 1
        return
    (change,) = result.changes
    assert change.modes == modes
    assert [entry.repository for entry in change.add] == add
    assert [entry.repository for entry in change.remove] == remove


def test_a_list_that_counts_for_nothing_is_left() -> None:
    """Only an `allow_in` has its list compared; whoever writes one later finds it corrected."""
    domain = FakeDomain()
    domain.add(OURS, PUBLISH="BLOCK", allowed={"PUBLISH": ["stale"]})
    assert not planned(domain, declaration(OURS, PUBLISH="BLOCK")).changes
    (change,) = planned(domain, declaration(OURS, allowed={"PUBLISH": ["new"]})).changes
    assert change.remove == (AllowedRepository("PUBLISH", "stale"),)
    assert change.modes == {"PUBLISH": LISTED}


@pytest.mark.parametrize(
    ("count", "mode", "asked"),
    [(3, LISTED, True), (0, LISTED, False), (None, LISTED, True), (3, "BLOCK", False)],
    ids=["a full list", "an empty one", "one of unknown length", "one that counts for nothing"],
)
def test_only_lists_that_matter_are_read(count: int | None, mode: str, *, asked: bool) -> None:
    """A group that does not exist has none."""
    domain = FakeDomain()
    domain.add(OURS, PUBLISH="BLOCK", allowed={"PUBLISH": ["a"] * 3})
    group = domain.gateway.group(OURS)
    counts: dict[RestrictionType, int] = {} if count is None else {"PUBLISH": count}
    group = type(group)(group.pattern, group.arn, group.modes, group.effective, counts)
    wanted = [
        declaration(OURS, allowed={"PUBLISH": ["a"]})
        if mode == LISTED
        else declaration(OURS, PUBLISH="BLOCK"),
        declaration("/npm/new/*", allowed={"PUBLISH": ["a"]}),
    ]
    assert lists_to_read(wanted, [group]) == ([(OURS, "PUBLISH")] if asked else [])


def test_only_ours_is_removed() -> None:
    """The root is neither, and left if the policy does not mention it."""
    domain = FakeDomain()
    domain.add(ROOT, PUBLISH="BLOCK")
    domain.add("/npm/ours/*", ours=True)
    domain.add("/npm/theirs/*")
    result = planned(domain, ours=["/npm/ours/*"])
    assert [(one.pattern, one.action) for one in result.changes] == [("/npm/ours/*", "remove")]
    assert result.left == ("/npm/theirs/*",)


def test_the_root_is_changed_if_it_is_declared() -> None:
    """What the declaration leaves out is allowed there."""
    domain = FakeDomain()
    domain.add(ROOT, PUBLISH="BLOCK", INTERNAL_UPSTREAM="BLOCK")
    result = planned(domain, declaration(ROOT, PUBLISH="BLOCK", EXTERNAL_UPSTREAM="BLOCK"))
    (change,) = result.changes
    assert change.action == "update"
    assert change.modes == {"EXTERNAL_UPSTREAM": "BLOCK", "INTERNAL_UPSTREAM": "ALLOW"}
    assert not result.adopted


def test_a_group_of_somebody_else_is_adopted_without_a_tag() -> None:
    """It is changed, and the plan says that it is not ours."""
    domain = FakeDomain()
    domain.add("/npm/ours/*")
    domain.add("/npm/theirs/*")
    wanted = [declaration(f"/npm/{name}/*", PUBLISH="BLOCK") for name in ("ours", "theirs")]
    assert planned(domain, *wanted, ours=["/npm/ours/*"]).adopted == {"/npm/theirs/*"}


def test_patterns_that_differ_by_case_are_different_groups() -> None:
    """They may exist side by side (User Guide); neither is mistaken for the other."""
    domain = FakeDomain()
    domain.add("/maven/com.MyCompany/*")
    result = planned(domain, declaration("/maven/com.mycompany/*"))
    assert [(one.pattern, one.action) for one in result.changes] == [
        ("/maven/com.mycompany/*", "create")
    ]
    assert result.left == ("/maven/com.MyCompany/*",)


def test_a_pattern_that_this_project_does_not_know_is_left() -> None:
    """It is somebody else's, and in nobody's way."""
    domain = FakeDomain()
    theirs = domain.gateway.group(ROOT)
    strange = type(theirs)("/hex/new-format/*", "arn", theirs.modes, theirs.effective, {})
    result = plan([declaration(OURS)], [theirs, strange], allowed={}, ours=())
    assert result.left == ("/hex/new-format/*",)
    assert [one.pattern for one in result.changes] == [OURS]


def test_the_order_of_the_steps() -> None:
    """Parents are created first; children are restricted first; heirs and removals come last."""
    domain = FakeDomain()
    domain.add("/npm/*", ours=True, PUBLISH="BLOCK")
    domain.add("/npm/mycompany/*", PUBLISH="ALLOW")
    domain.add("/npm/mycompany/old~", ours=True)
    result = planned(
        domain,
        declaration("/npm/mycompany/*", EXTERNAL_UPSTREAM="BLOCK"),
        declaration("/npm/mycompany/ui~", PUBLISH="ALLOW"),
        declaration("/npm/mycompany/ui$", PUBLISH="BLOCK"),
        declaration(ROOT, PUBLISH="BLOCK"),
        ours=["/npm/*", "/npm/mycompany/old~"],
    )
    assert [(step.kind, step.change.pattern) for step in steps_for(result.changes)] == [
        ("create", "/npm/mycompany/ui~"),
        ("create", "/npm/mycompany/ui$"),
        ("restrict", "/npm/mycompany/ui$"),
        ("restrict", "/npm/mycompany/ui~"),
        ("restrict", "/npm/mycompany/*"),
        ("restrict", "/*"),
        ("remove", "/npm/*"),
        ("release", "/npm/mycompany/*"),
        ("remove", "/npm/mycompany/old~"),
    ]
