"""Package groups that `steward groups` or the AWS CLI make, as real clients meet them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from tests.end_to_end.developer import Developer, values
from tests.end_to_end.package_clients import DOMAIN, NPM, PYTHON, TEAM, log_in, team_member

if TYPE_CHECKING:
    from tests.end_to_end.local_stack import LocalStack
    from tests.end_to_end.public_packages import PublicPackages

PATTERNS = ["/pypi//tidy-reader$", "/npm/our-team/*", "/npm//our-ui$"]

GROUPS = """\
domain: my-company
groups:
  - pattern: /pypi//tidy-reader$
    publish: block
  - pattern: /npm/our-team/*
    publish: {allow_in: [npm-internal]}
    external_upstream: block
  - pattern: /npm//our-ui$
    external_upstream: block
"""


@pytest.fixture(scope="module")
def user(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """A developer of a team; another repository is for what is published under the scope."""
    developer = team_member(stack, tmp_path_factory.mktemp("user") / "home")
    stack.codeartifact.create_repository(domain=DOMAIN, repository="npm-internal")
    return developer


def groups(user: Developer, policy: str, *options: str) -> dict[str, str]:
    """Run ``steward groups`` and return what it says of each pattern."""
    file = user.home / "policy.yaml"
    file.write_text(policy)
    done = user.run("steward", "groups", "--policy", file, "--json", *options)
    said = json.loads(done.stdout)["groups"]
    return {row["pattern"]: row.get("step") or row["result"] for row in said}


def patterns(stack: LocalStack) -> list[str]:
    """Return the patterns of the domain's groups."""
    rows = stack.codeartifact.list_package_groups(domain=DOMAIN)["packageGroups"]
    return [row["pattern"] for row in rows]


@pytest.fixture(scope="module")
def declared(stack: LocalStack, user: Developer) -> None:
    """The domain's package groups are those of the policy."""
    assert groups(user, GROUPS, "--plan") == dict.fromkeys(PATTERNS, "create")
    assert patterns(stack) == ["/*"]
    assert groups(user, GROUPS) == dict.fromkeys(PATTERNS, "created")


@pytest.mark.usefixtures("declared")
def test_twine_is_refused_where_the_group_blocks_publishing(
    stack: LocalStack, user: Developer, public_packages: PublicPackages
) -> None:
    """The version from outside installs all the same."""
    said = PYTHON.publish(user, "tidy-reader", "9.0.0", refused=True)
    assert "403 Forbidden" in said
    said = " ".join(said.split())  # twine breaks lines
    assert "block new versions by the package group /pypi//tidy-reader$" in said

    PYTHON.release(public_packages, "tidy-reader", "1.0.0")
    PYTHON.install(user, "tidy-reader")
    assert PYTHON.installed(user, "tidy-reader") == "1.0.0"
    assert stack.versions(TEAM, "tidy-reader", fmt="pypi") == {"1.0.0": "Published"}


@pytest.mark.usefixtures("declared")
def test_npm_publishes_a_scope_only_where_its_group_allows_it(
    stack: LocalStack, user: Developer, public_packages: PublicPackages
) -> None:
    """Nor does a package of the scope come in from outside."""
    NPM.release(public_packages, "@our-team/grid", "99.0.0")
    assert "404" in NPM.install(user, "@our-team/grid", refused=True)
    said = NPM.publish(user, "@our-team/grid", "1.0.0", refused=True)
    assert "403 Forbidden" in said
    assert "block new versions by the package group /npm/our-team/*" in said
    assert stack.versions(TEAM, "grid", namespace="our-team", fmt="npm") == {}

    log_in(user, NPM, repository="npm-internal")
    NPM.publish(user, "@our-team/grid", "1.0.0")
    stored = stack.versions("npm-internal", "grid", namespace="our-team", fmt="npm")
    assert stored == {"1.0.0": "Published"}
    log_in(user, NPM)


@pytest.mark.usefixtures("declared")
def test_a_name_that_only_looks_like_ours_does_not_come_in(
    stack: LocalStack, user: Developer, public_packages: PublicPackages
) -> None:
    """It matches the pattern weakly, which allows nothing (User Guide)."""
    NPM.release(public_packages, "our_ui", "1.0.0")
    NPM.release(public_packages, "our-uis", "1.0.0")
    assert "404" in NPM.install(user, "our_ui", refused=True)
    NPM.install(user, "our-uis")

    found = stack.codeartifact.get_associated_package_group(
        domain=DOMAIN, format="npm", package="our_ui"
    )
    assert found["associationType"] == "WEAK"
    assert found["packageGroup"]["pattern"] == "/npm//our-ui$"


@pytest.mark.usefixtures("declared")
def test_the_aws_cli_makes_changes_and_looks_at_groups_of_its_own(
    stack: LocalStack, user: Developer
) -> None:
    """Its group is left alone by the policy, which removes only what it has made."""
    PYTHON.publish(user, "handmade", "1.0.0")
    pattern = "/pypi//handmade$"
    preview = ("list-associated-packages", "--preview")
    associated = user.aws(*preview, domain=DOMAIN, package_group=pattern)
    assert values(associated, "packages", "package") == ["handmade"]
    assert patterns(stack) == ["/*", *sorted(PATTERNS)]

    user.aws("create-package-group", domain=DOMAIN, package_group=pattern)
    changed = user.aws(
        "update-package-group-origin-configuration",
        domain=DOMAIN,
        package_group=pattern,
        restrictions="PUBLISH=ALLOW_SPECIFIC_REPOSITORIES",
        add_allowed_repositories="originRestrictionType=PUBLISH,repositoryName=npm-internal",
    )
    assert changed["allowedRepositoryUpdates"] == {"PUBLISH": {"ADDED": ["npm-internal"]}}
    found = user.aws(
        "get-associated-package-group", domain=DOMAIN, format="pypi", package="handmade"
    )
    assert found["associationType"] == "STRONG"
    assert cast("dict[str, object]", found["packageGroup"])["pattern"] == pattern
    assert "403" in PYTHON.publish(user, "handmade", "1.0.1", refused=True)

    removed = groups(user, "domain: my-company\ngroups: []\n")
    assert removed == {**dict.fromkeys(PATTERNS, "removed"), pattern: "left"}
    assert patterns(stack) == ["/*", pattern]
