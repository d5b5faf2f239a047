"""Package groups seeded, shown as state, kept on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.core import group_changes, package_groups
from emulator.core.errors import Validation
from emulator.core.seed import apply
from emulator.core.values import PackageGroupId
from tests.functional.emulator.local_core import DOMAIN, NPM, opened
from tests.functional.emulator.package_groups import Groups, groups

__all__ = ["groups"]

NPM_GROUP: dict[str, Any] = {
    "pattern": "/npm/*",
    "restrictions": {"PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES", "EXTERNAL_UPSTREAM": "BLOCK"},
    "allowedRepositories": {"PUBLISH": ["internal"]},
    "contactInfo": "web@example.com",
    "description": "the web team",
    "tags": {"team": "web"},
}


def test_what_is_seeded_is_the_state_and_the_reverse(groups: Groups) -> None:
    """All that a group has; the state of one local CodeArtifact is a seed of another."""
    groups.seed([NPM_GROUP, {"pattern": "/*", "restrictions": {"PUBLISH": "BLOCK"}}])
    state = groups.local.admin("GET", "state")
    found = {each["pattern"]: each for each in state["domains"][0]["packageGroups"]}
    restrictions = {**NPM_GROUP["restrictions"], "INTERNAL_UPSTREAM": "INHERIT"}
    assert found["/npm/*"] == {**NPM_GROUP, "restrictions": restrictions}
    assert found["/*"]["restrictions"]["PUBLISH"] == "BLOCK"
    groups.local.admin("POST", "seed", state)
    assert groups.local.admin("GET", "state") == state


def test_a_root_group_as_it_was_made_is_not_part_of_the_state(groups: Groups) -> None:
    """Every domain has it anyway."""
    (domain,) = groups.local.admin("GET", "state")["domains"]
    assert domain["packageGroups"] == []


def test_seeding_again_changes_what_it_gives(groups: Groups) -> None:
    """A group that exists keeps the rest."""
    groups.seed([NPM_GROUP])
    groups.seed([{"pattern": "/npm/*", "restrictions": {"PUBLISH": "BLOCK"}}])
    assert groups.modes("/npm/*")["PUBLISH"][0] == "BLOCK"
    assert groups.modes("/npm/*")["EXTERNAL_UPSTREAM"][0] == "BLOCK"
    assert groups.allowed("/npm/*", "PUBLISH") == ["internal"]
    assert groups.describe("/npm/*")["description"] == "the web team"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(None, {"publish": "ALLOW", "upstream": "ALLOW"}, id="nothing"),
        pytest.param(
            {"upstream": "BLOCK"}, {"publish": "ALLOW", "upstream": "BLOCK"}, id="one of them"
        ),
    ],
)
def test_a_seeded_package_of_a_group_that_restricts_anything_leaves_the_rest_to_it(
    groups: Groups, given: dict[str, str] | None, expected: dict[str, str]
) -> None:
    """As one that comes otherwise; one of another group has the defaults of its first version."""
    packages: list[dict[str, object]] = [
        {"format": "npm", "namespace": "mycompany", "package": "ui", "versions": []},
        {"format": "pypi", "package": "requests", "versions": []},
    ]
    packages[0] |= {"restrictions": given} if given else {}
    modes = {"EXTERNAL_UPSTREAM": "BLOCK"}
    groups.seed(
        [{"pattern": "/npm/mycompany/*", "restrictions": modes}],
        [{"name": "internal", "packages": packages}],
    )
    listed = groups.client.list_packages(domain=DOMAIN.name, repository="internal")["packages"]
    found = {each["package"]: each["originConfiguration"]["restrictions"] for each in listed}
    assert found == {"ui": expected, "requests": {"publish": "ALLOW", "upstream": "BLOCK"}}


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        pytest.param({}, "packageGroups[0].pattern", id="no pattern"),
        pytest.param({"pattern": "/npm"}, "has to end with", id="a pattern that is none"),
        pytest.param(
            {"pattern": "/npm/*", "restrictions": {"PUBLISH": "DENY"}},
            "restrictions.PUBLISH must be one of",
            id="a mode that is none",
        ),
        pytest.param(
            {"pattern": "/npm/*", "restrictions": {"PUBLISH": ["ALLOW"]}},
            "restrictions.PUBLISH must be one of",
            id="a list of modes",
        ),
        pytest.param(
            {"pattern": "/npm/*", "restrictions": {"UPSTREAM": "BLOCK"}},
            "unknown keys: UPSTREAM",
            id="a type that is none",
        ),
        pytest.param(
            {"pattern": "/npm/*", "allowedRepositories": {"PUBLISH": ["nowhere"]}},
            "package group /npm/*: Repository not found",
            id="a repository that does not exist",
        ),
        pytest.param(
            {"pattern": "/*", "restrictions": {"PUBLISH": "INHERIT"}},
            "package group /*: The root package group has no parent",
            id="a root that inherits",
        ),
        pytest.param({"pattern": "/npm/*", "mode": "BLOCK"}, "unknown keys", id="another key"),
    ],
)
def test_a_wrong_seed_names_its_mistake_and_changes_nothing(
    group: dict[str, object], problem: str
) -> None:
    """With its path in the document."""
    with opened() as core:
        document = {"domains": [{"name": DOMAIN.name, "packageGroups": [group]}]}
        with pytest.raises(Validation) as refused:
            apply(core.state, document)
        assert problem in refused.value.message
        found, _ = package_groups.page(core.state, DOMAIN, limit=10)
        assert [each.id.pattern for each in found] == ["/*"]


def test_a_group_named_twice_is_a_mistake() -> None:
    """Of the document."""
    with opened() as core, pytest.raises(Validation, match="twice"):
        apply(
            core.state,
            {"domains": [{"name": DOMAIN.name, "packageGroups": [{"pattern": "/npm/*"}] * 2}]},
        )


def test_groups_outlive_the_process_that_made_them(tmp_path: Path) -> None:
    """With their settings, lists and what is associated with them."""
    group = PackageGroupId(DOMAIN, "/npm/*")
    with opened(tmp_path) as core:
        group_changes.create(core.state, group, description="web")
        group_changes.configure(
            core.state,
            group,
            modes={"PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES"},
            added=[("PUBLISH", "my-repo")],
        )
        before = package_groups.describe(core.state, group)
    with opened(tmp_path) as core:
        assert package_groups.describe(core.state, group) == before
        assert package_groups.allowed_repositories(core.state, group, "PUBLISH", limit=9) == (
            ["my-repo"],
            None,
        )
        assert package_groups.associated(core.state, DOMAIN, NPM).group == before
