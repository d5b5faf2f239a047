"""Which groups wait when another one could not be changed, so that nothing opens by it."""

from typing import Any

import pytest

from steward.coordinates import RestrictionMode
from steward.group_restrictions import ROOT
from steward.policy import GroupDeclaration
from tests.unit.fake_package_groups import FakeDomain, declaration, refusal
from tests.unit.test_enforce_origin_controls_groups_apply import OURS, brought_about

ABOVE = "/npm/*"
Settings = dict[str, Any]


def listed(*names: str) -> Settings:
    """Return the settings of a group to which these repositories may publish."""
    return {"PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES", "allowed": {"PUBLISH": names}}


def without_update(domain: FakeDomain, refused: str) -> None:
    """Nobody may change the group *refused*."""

    def refuse(operation: str, pattern: str) -> None:
        if operation == "UpdatePackageGroupOriginConfiguration" and pattern == refused:
            raise refusal(operation, "AccessDeniedException")

    domain.before = refuse


@pytest.mark.parametrize(
    ("ours", "declared", "result", "mode"),
    [
        pytest.param(False, [declaration(OURS)], "held back", "BLOCK", id="becomes an heir"),
        pytest.param(True, [], "held back", "BLOCK", id="is removed"),
        pytest.param(
            False, [declaration(OURS, PUBLISH="ALLOW")], "updated", "ALLOW", id="opens itself"
        ),
    ],
)
def test_nobody_falls_to_a_group_that_could_not_be_closed(
    declared: list[GroupDeclaration], result: str, mode: RestrictionMode, *, ours: bool
) -> None:
    """It keeps its own restriction until the group above is what the policy says."""
    domain = FakeDomain()
    domain.missing = {"npm-internl"}
    domain.add(OURS, ours=ours, PUBLISH="BLOCK")
    above = declaration(ABOVE, name="groups[1]", allowed={"PUBLISH": ["npm-internl"]})
    outcomes = brought_about(domain, [*declared, above])
    assert (outcomes[ABOVE].result, outcomes[OURS].result) == ("refused", result)
    if result == "held back":
        assert outcomes[OURS].remarks == ("/npm/*, which is above it, is more open than declared.",)
    assert domain.effective("/npm/mycompany/ui", "PUBLISH")[0] == mode
    domain.missing.clear()
    assert all(one.as_declared for one in brought_about(domain, [*declared, above]).values())


@pytest.mark.parametrize(
    ("above", "wanted", "result"),
    [
        pytest.param({}, {"PUBLISH": "BLOCK"}, "held back", id="was to have a mode of its own"),
        pytest.param({"PUBLISH": "ALLOW"}, {}, "held back", id="was to inherit a block"),
        pytest.param(listed("a", "b"), listed("a"), "held back", id="was to lose a repository"),
        pytest.param(listed("a"), listed("a", "b"), "updated", id="was to gain a repository"),
        pytest.param({"PUBLISH": "BLOCK"}, listed("a"), "updated", id="blocks still"),
        pytest.param({"PUBLISH": "BLOCK"}, {"PUBLISH": "ALLOW"}, "updated", id="was to open"),
        pytest.param({}, {"EXTERNAL_UPSTREAM": "BLOCK"}, "updated", id="was to close another way"),
    ],
)
def test_an_heir_waits_only_for_a_group_above_it_that_is_too_open(
    above: Settings, wanted: Settings, result: str
) -> None:
    """It is to inherit how versions are published; the group above could not be changed."""
    domain = FakeDomain()
    domain.add(ROOT, PUBLISH="BLOCK")
    domain.add(ABOVE, **above)
    domain.add(OURS, PUBLISH="BLOCK", EXTERNAL_UPSTREAM="BLOCK")
    without_update(domain, ABOVE)
    declared = [
        declaration(ROOT, PUBLISH="BLOCK"),
        declaration(ABOVE, **wanted),
        declaration(OURS, EXTERNAL_UPSTREAM="ALLOW"),
    ]
    outcomes = brought_about(domain, declared)
    assert (outcomes[ABOVE].result, outcomes[OURS].result) == ("refused", result)


def test_nobody_waits_for_a_group_of_other_packages() -> None:
    """It is neither above nor below."""
    domain = FakeDomain()
    domain.add("/pypi/*", PUBLISH="ALLOW")
    domain.add(OURS, PUBLISH="BLOCK")
    without_update(domain, "/pypi/*")
    declared = [declaration("/pypi/*", PUBLISH="BLOCK"), declaration(OURS)]
    outcomes = brought_about(domain, declared)
    assert (outcomes["/pypi/*"].result, outcomes[OURS].result) == ("refused", "updated")


def test_another_list_waits_while_an_heir_could_not_be_closed() -> None:
    """It names repositories that the list above did not name."""
    domain = FakeDomain()
    domain.add(ROOT, **listed("a"))
    domain.add(ABOVE)
    domain.add(OURS)
    without_update(domain, OURS)
    declared = [
        declaration(ROOT, allowed={"PUBLISH": ["a"]}),
        declaration(ABOVE, allowed={"PUBLISH": ["b"]}),
        declaration(OURS, PUBLISH="BLOCK"),
    ]
    outcomes = brought_about(domain, declared)
    assert (outcomes[OURS].result, outcomes[ABOVE].result) == ("refused", "held back")
