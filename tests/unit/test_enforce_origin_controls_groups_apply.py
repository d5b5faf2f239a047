"""Package groups are brought to what the policy declares, whatever comes in between."""

from collections.abc import Sequence
from typing import Any

import pytest

from enforce_origin_controls.groups_apply import ADOPTED, Outcome, apply, planned
from steward.coordinates import RestrictionMode, RestrictionType
from steward.errors import PackageGroupError
from steward.group_restrictions import ROOT
from steward.package_groups import TAG_KEY, TAG_VALUE
from steward.policy import GroupDeclaration
from tests.unit.fake_package_groups import LISTED, FakeDomain, declaration, refusal

OURS = "/npm/mycompany/*"


def brought_about(domain: FakeDomain, declared: Sequence[GroupDeclaration]) -> dict[str, Outcome]:
    """Return what became of each group."""
    groups = domain.gateway
    outcomes = apply(planned(groups, declared), groups)
    assert len({one.pattern for one in outcomes}) == len(outcomes)
    return {one.pattern: one for one in outcomes}


def is_as_declared(domain: FakeDomain, one: GroupDeclaration) -> bool:
    """Return whether the domain has the group with its modes and lists."""
    group = domain.groups[str(one.pattern)]
    return group.modes == one.modes and all(
        group.lists.get(kind, set()) == set(names) for kind, names in one.allowed.items()
    )


def test_a_new_group_costs_one_call_and_one_per_100_entries() -> None:
    """A second run costs the reads alone; so does a plan."""
    domain = FakeDomain()
    names = [f"repository-{number}" for number in range(250)]
    declared = [
        declaration(OURS, EXTERNAL_UPSTREAM="BLOCK", allowed={"PUBLISH": names}),
        declaration("/pypi//requests$"),
    ]
    planned(domain.gateway, declared)
    assert domain.counted() == {"ListPackageGroups": 1}
    brought_about(domain, declared)
    assert domain.counted() == {
        "ListPackageGroups": 1,
        "CreatePackageGroup": 2,
        "UpdatePackageGroupOriginConfiguration": 3,
    }
    assert all(is_as_declared(domain, one) for one in declared)
    assert domain.groups[OURS].tags == {TAG_KEY: TAG_VALUE}
    outcomes = brought_about(domain, declared)
    assert domain.counted() == {"ListPackageGroups": 1, "ListAllowedRepositoriesForGroup": 1}
    assert {one.result for one in outcomes.values()} == {"unchanged"}


def test_a_group_that_gets_a_mode_and_becomes_an_heir_costs_two_calls() -> None:
    """What it is to inherit may be opened above it in between."""
    domain = FakeDomain()
    domain.add(OURS, ours=True, EXTERNAL_UPSTREAM="BLOCK", INTERNAL_UPSTREAM="BLOCK")
    brought_about(domain, [declaration(OURS, PUBLISH="BLOCK")])
    assert domain.counted() == {
        "ListPackageGroups": 1,
        "ListTagsForResource": 1,
        "UpdatePackageGroupOriginConfiguration": 2,
    }
    assert is_as_declared(domain, declaration(OURS, PUBLISH="BLOCK"))


def test_tags_are_read_of_undeclared_and_of_changing_groups() -> None:
    """Never the root's, nor those of a group that is as declared."""
    domain = FakeDomain()
    domain.add("/npm/as-declared/*", PUBLISH="BLOCK")
    domain.add("/npm/to-change/*", PUBLISH="ALLOW")
    domain.add("/npm/theirs/*")
    domain.add("/npm/ours/*", ours=True)
    declared = [
        declaration("/npm/as-declared/*", PUBLISH="BLOCK"),
        declaration("/npm/to-change/*", PUBLISH="BLOCK"),
        declaration(ROOT, PUBLISH="BLOCK"),
    ]
    outcomes = brought_about(domain, declared)
    assert domain.counted() == {
        "ListPackageGroups": 1,
        "ListTagsForResource": 3,
        "UpdatePackageGroupOriginConfiguration": 2,
        "DeletePackageGroup": 1,
    }
    assert {pattern: one.result for pattern, one in outcomes.items()} == {
        "/npm/as-declared/*": "unchanged",
        "/npm/to-change/*": "updated",
        ROOT: "updated",
        "/npm/theirs/*": "left",
        "/npm/ours/*": "removed",
    }
    assert outcomes["/npm/to-change/*"].remarks == (ADOPTED,)
    assert domain.groups["/npm/to-change/*"].tags == {}


def test_a_group_that_no_call_may_remove_does_not_hold_up_the_others() -> None:
    """It is reported, with what to do."""
    domain = FakeDomain()
    domain.add("/npm/a/*", ours=True)
    domain.add("/npm/b/*", ours=True)

    def refuse(operation: str, pattern: str) -> None:
        if operation == "DeletePackageGroup" and pattern == "/npm/a/*":
            raise refusal(operation, "AccessDeniedException")

    domain.before = refuse
    outcomes = brought_about(domain, [])
    assert outcomes["/npm/a/*"].result == "refused"
    assert not outcomes["/npm/a/*"].as_declared
    assert (
        "AccessDeniedException of a test. It is no longer declared"
        in (outcomes["/npm/a/*"].remarks[0])
    )
    assert set(domain.groups) == {ROOT, "/npm/a/*"}


def test_a_repository_that_does_not_exist_is_refused_by_its_name_and_place() -> None:
    """The mode does not come into force without its list; the other groups go on."""
    domain = FakeDomain()
    domain.missing = {"npm-internl"}
    declared = [
        declaration(OURS, name="groups[0]", allowed={"PUBLISH": ["npm-internl"]}),
        declaration("/pypi/*", name="groups[1]", PUBLISH="BLOCK"),
    ]
    outcomes = brought_about(domain, declared)
    assert outcomes[OURS].result == "refused"
    (remark,) = outcomes[OURS].remarks
    assert remark == (
        "The domain has no repository 'npm-internl', which groups[0] has in `allow_in`: "
        "create it or correct the policy."
    )
    assert domain.groups[OURS].modes["PUBLISH"] == "INHERIT"
    assert is_as_declared(domain, declared[1])


def test_what_would_open_a_group_that_could_not_be_closed_is_held_back() -> None:
    """And what closes it goes on."""
    domain = FakeDomain()
    domain.add(ROOT, PUBLISH="BLOCK")
    domain.missing = {"npm-internl"}
    declared = [
        declaration(OURS, allowed={"PUBLISH": ["npm-internl"]}),
        declaration(ROOT, EXTERNAL_UPSTREAM="BLOCK"),
    ]
    outcomes = brought_about(domain, declared)
    assert outcomes[ROOT].result == "held back"
    assert outcomes[ROOT].remarks == (f"{OURS}, which is below it, would be opened.",)
    assert domain.effective("/npm/mycompany/ui", "PUBLISH") == ("BLOCK", None)
    domain.missing.clear()
    assert {one.result for one in brought_about(domain, declared).values()} == {"updated"}
    assert all(is_as_declared(domain, one) for one in declared)


@pytest.mark.parametrize(
    ("above", "wanted", "result"),
    [
        pytest.param("ALLOW", ["store"], "updated", id="a mode that gives less freedom"),
        pytest.param(["store", "new"], ["store"], "updated", id="a name that leaves the list"),
        pytest.param(["store"], ["store", "new"], "held back", id="a name that joins the list"),
        pytest.param(["store"], "ALLOW", "held back", id="a mode that gives more freedom"),
        pytest.param("BLOCK", ["store"], "held back", id="a list in place of nothing"),
    ],
)
def test_only_what_gives_more_freedom_is_held_back(
    above: list[str] | RestrictionMode, wanted: list[str] | RestrictionMode, result: str
) -> None:
    """The group below inherits it, and could not be closed."""

    def settings(value: list[str] | RestrictionMode) -> dict[str, Any]:
        return {"allowed": {"PUBLISH": value}} if isinstance(value, list) else {"PUBLISH": value}

    domain = FakeDomain()
    domain.missing = {"npm-internl"}
    domain.add(ROOT, **settings(above))
    domain.groups[ROOT].modes["PUBLISH"] = LISTED if isinstance(above, list) else above
    below = declaration(OURS, allowed={"PUBLISH": ["npm-internl"]})
    outcomes = brought_about(domain, [below, declaration(ROOT, **settings(wanted))])
    assert (outcomes[OURS].result, outcomes[ROOT].result) == ("refused", result)


@pytest.mark.parametrize("mode", ["ALLOW", "BLOCK"])
def test_a_group_with_a_mode_of_its_own_is_in_no_danger(mode: RestrictionMode) -> None:
    """What becomes of its parent is nothing to it; nor is what becomes of others."""
    domain = FakeDomain()
    domain.missing = {"npm-internl"}
    domain.add(ROOT, PUBLISH="BLOCK", EXTERNAL_UPSTREAM="BLOCK")
    domain.add("/npm/*", EXTERNAL_UPSTREAM="BLOCK")
    domain.add(OURS, PUBLISH=mode)
    declared = [
        declaration(OURS, allowed={"PUBLISH": ["npm-internl"]}),
        declaration("/pypi/*", PUBLISH="BLOCK", EXTERNAL_UPSTREAM="BLOCK"),
        declaration("/npm/*"),
        declaration(ROOT),
    ]
    outcomes = brought_about(domain, declared)
    assert outcomes[OURS].result == "refused"
    assert outcomes[ROOT].result == "updated"
    assert outcomes["/npm/*"].result == "updated"


@pytest.mark.parametrize("ours", [False, True], ids=["by hand", "by another run of this"])
def test_a_group_that_was_made_meanwhile_is_read_again_and_changed(*, ours: bool) -> None:
    """What it has too much goes, what it lacks comes; whose it is, its tag says."""
    domain = FakeDomain()

    def make(operation: str, pattern: str) -> None:
        if operation == "CreatePackageGroup" and pattern not in domain.groups:
            lists: dict[RestrictionType, list[str]] = {"PUBLISH": ["stale"]}
            domain.add(pattern, ours=ours, INTERNAL_UPSTREAM="BLOCK", allowed=lists)

    domain.before = make
    wanted = declaration(OURS, allowed={"PUBLISH": ["npm-internal"]})
    outcome = brought_about(domain, [wanted])[OURS]
    assert outcome.result == "updated"
    assert ("never removed" in outcome.remarks[0]) is not ours
    assert is_as_declared(domain, wanted)


def test_a_group_that_was_made_just_so_needs_nothing() -> None:
    """It is as declared."""
    domain = FakeDomain()

    def make(operation: str, pattern: str) -> None:
        if operation == "CreatePackageGroup":
            domain.add(pattern, PUBLISH="BLOCK")

    domain.before = make
    assert brought_about(domain, [declaration(OURS, PUBLISH="BLOCK")])[OURS].result == "unchanged"


@pytest.mark.parametrize(
    "told", [True, False], ids=["the answer says what is missing", "it does not"]
)
def test_a_group_that_vanished_meanwhile_is_created_again(*, told: bool) -> None:
    """With all that the policy says of it, not only with what was to be changed."""
    domain = FakeDomain()
    domain.add(OURS, PUBLISH="BLOCK", EXTERNAL_UPSTREAM="ALLOW")

    def vanish(operation: str, pattern: str) -> None:
        if operation == "UpdatePackageGroupOriginConfiguration" and not domain.groups[
            pattern
        ].tags.get(TAG_KEY):
            del domain.groups[pattern]
            if not told:
                raise refusal(operation, "ResourceNotFoundException")

    domain.before = vanish
    wanted = declaration(OURS, PUBLISH="BLOCK", EXTERNAL_UPSTREAM="BLOCK")
    outcome = brought_about(domain, [wanted])[OURS]
    assert outcome.as_declared
    assert outcome.remarks[0] == "Removed by somebody else meanwhile: created again."
    assert is_as_declared(domain, wanted)


@pytest.mark.parametrize("operation", ["ListAllowedRepositoriesForGroup", "ListTagsForResource"])
def test_a_group_that_vanishes_while_the_domain_is_read_is_created(operation: str) -> None:
    """As if it had not been listed."""
    domain = FakeDomain()
    domain.add(OURS, ours=True, allowed={"PUBLISH": ["a"]})
    domain.add("/npm/undeclared/*", ours=True)

    def vanish(asked: str, pattern: str) -> None:
        if asked == operation:
            domain.groups.pop(pattern, None)

    domain.before = vanish
    wanted = declaration(OURS, allowed={"PUBLISH": ["b"]})
    assert brought_about(domain, [wanted])[OURS].result == "created"
    assert is_as_declared(domain, wanted)
    assert set(domain.groups) == {ROOT, OURS}


def test_a_group_that_was_removed_already_is_removed() -> None:
    """Whoever did it."""
    domain = FakeDomain()
    domain.add(OURS, ours=True)

    def vanish(operation: str, pattern: str) -> None:
        if operation == "DeletePackageGroup":
            del domain.groups[pattern]

    domain.before = vanish
    outcome = brought_about(domain, [])[OURS]
    assert (outcome.result, outcome.remarks) == (
        "removed",
        ("Somebody else had removed it already.",),
    )


@pytest.mark.parametrize(
    "operation", ["ListPackageGroups", "ListAllowedRepositoriesForGroup", "ListTagsForResource"]
)
def test_a_domain_that_cannot_be_read_is_not_changed(operation: str) -> None:
    """The error is the caller's to explain."""
    domain = FakeDomain()
    domain.add(OURS, allowed={"PUBLISH": ["a"]})

    def refuse(asked: str, _: str) -> None:
        if asked == operation:
            raise refusal(operation, "AccessDeniedException")

    domain.before = refuse
    with pytest.raises(PackageGroupError, match=operation):
        planned(domain.gateway, [declaration(OURS, allowed={"PUBLISH": ["b"]})])


def test_progress_names_every_step() -> None:
    """A person who waits sees what for."""
    domain = FakeDomain()
    domain.add("/npm/old/*", ours=True)
    said: list[str] = []
    wanted = planned(domain.gateway, [declaration(OURS, PUBLISH="BLOCK")], progress=said.append)
    apply(wanted, domain.gateway, progress=said.append)
    assert said == [
        "reading the domain's package groups",
        "reading the tags of /npm/old/*",
        f"create {OURS}",
        f"restrict {OURS}",
        "remove /npm/old/*",
    ]
