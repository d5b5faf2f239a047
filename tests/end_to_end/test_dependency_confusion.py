"""Real clients and names that exist twice: ours, and somebody else's outside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.local_stack import LocalStack, eventually
from tests.end_to_end.package_clients import DOMAIN, NPM, PYTHON, TEAM, PackageClient, team_member

if TYPE_CHECKING:
    from tests.end_to_end.developer import Developer
    from tests.end_to_end.public_packages import PublicPackages

HALF_AN_HOUR = 1801  # until lists of public versions are asked for again (User Guide), and a second

POLICY = """\
domain: my-company
origins:
  - packages: [/pypi//our-billing$, /npm//our-ui$, /npm/our-team/*]
    kind: internal
  - packages: [/pypi/*, /npm/*]
    kind: public
"""


@dataclass(frozen=True)
class Name:
    """A package as its client spells it."""

    client: PackageClient
    spelt: str

    def __str__(self) -> str:
        return f"{self.client.format} {self.spelt}"

    @property
    def stored(self) -> dict[str, str]:
        """Its coordinates, as CodeArtifact keeps them."""
        scope, _, name = self.spelt.rpartition("/")
        named = {"package": name, "fmt": self.client.format}
        return {**named, "namespace": scope.removeprefix("@")} if scope else named


BILLING = Name(PYTHON, "our-billing")
OURS = [BILLING, Name(NPM, "our-ui"), Name(NPM, "@our-team/ui")]
THEIRS = [Name(PYTHON, "tidy-reader"), Name(NPM, "tidy-pad"), Name(NPM, "@lab/pad")]


@pytest.fixture(scope="module")
def policy_text() -> str:
    """Some names are ours, all others are somebody else's."""
    return POLICY


@pytest.fixture(scope="module")
def user(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """A developer who publishes to and installs from the team's repository."""
    return team_member(stack, tmp_path_factory.mktemp("user") / "home")


@pytest.fixture(scope="module")
def first_events(stack: LocalStack, user: Developer, public_packages: PublicPackages) -> None:
    """
    Each name's first event has been worked on.

    Of ours, somebody else's version was installed before there was one of ours. Of theirs, we had
    published one before theirs was ever asked for.
    """
    for name in OURS:
        name.client.release(public_packages, name.spelt, "99.0.0")
        name.client.install(user, name.spelt)
        assert name.client.installed(user, name.spelt) == "99.0.0"
    for name in THEIRS:
        name.client.publish(user, name.spelt, "0.1.0")
    for name in OURS:
        for repository in (TEAM, f"{name.client.format}-store"):
            expelled = partial(stack.versions, repository, **name.stored)
            eventually(expelled, lambda seen: seen == {"99.0.0": "Archived"})
            closed = stack.restrictions(repository, **name.stored)
            assert closed == "publish ALLOW, upstream BLOCK"
    for name in THEIRS:
        shown = partial(stack.restrictions, TEAM, **name.stored)
        eventually(shown, lambda seen: seen == "publish BLOCK, upstream ALLOW")


@pytest.mark.usefixtures("first_events")
@pytest.mark.parametrize("name", OURS, ids=str)
def test_an_internal_name_that_also_exists_outside_installs_only_ours(
    stack: LocalStack, user: Developer, public_packages: PublicPackages, name: Name
) -> None:
    """What had been fetched is gone for clients, newer ones outside are not even looked at."""
    client = name.client
    said = client.install(user, name.spelt, "99.0.0", refused=True)
    assert ("No matching distribution found" if client is PYTHON else "404") in said

    client.publish(user, name.spelt, "1.4.0")
    client.release(public_packages, name.spelt, "100.0.0")
    stack.advance_clock(HALF_AN_HOUR)
    client.install(user, name.spelt)
    assert client.installed(user, name.spelt) == "1.4.0"
    client.install(user, name.spelt, "100.0.0", refused=True)

    assert stack.versions(TEAM, **name.stored) == {"99.0.0": "Archived", "1.4.0": "Published"}


@pytest.mark.usefixtures("first_events")
def test_a_version_that_comes_in_while_somebody_has_opened_the_package_is_expelled_again(
    stack: LocalStack, user: Developer, public_packages: PublicPackages
) -> None:
    """There is no event when a package is opened; there is one when something comes in."""
    PYTHON.release(public_packages, BILLING.spelt, "101.0.0")
    stack.advance_clock(HALF_AN_HOUR)

    def opened_and_installed() -> str:
        for repository in (TEAM, "pypi-store"):
            user.aws(
                "put-package-origin-configuration",
                *("--restrictions", "publish=ALLOW,upstream=ALLOW"),
                domain=DOMAIN,
                repository=repository,
                format="pypi",
                package=BILLING.spelt,
            )
        PYTHON.install(user, BILLING.spelt)
        return PYTHON.installed(user, BILLING.spelt)

    # An event of what was published before may still be on its way, and close the package again.
    eventually(opened_and_installed, lambda installed: installed == "101.0.0")

    expelled = partial(stack.versions, TEAM, **BILLING.stored)
    eventually(expelled, lambda seen: seen.get("101.0.0") == "Archived")
    assert stack.restrictions(TEAM, **BILLING.stored) == "publish ALLOW, upstream BLOCK"
    PYTHON.install(user, BILLING.spelt, "101.0.0", refused=True)


@pytest.mark.usefixtures("first_events")
@pytest.mark.parametrize("name", THEIRS, ids=str)
def test_a_public_name_takes_no_publication_and_installs_what_is_outside(
    stack: LocalStack, user: Developer, public_packages: PublicPackages, name: Name
) -> None:
    """The client fails and says why; what was published before stays."""
    client = name.client
    said = client.publish(user, name.spelt, "0.2.0", refused=True)
    assert "403 Forbidden" in said
    said = " ".join(said.split())  # twine breaks lines
    assert "This package is configured to block new versions" in said

    client.release(public_packages, name.spelt, "1.0.0")
    stack.advance_clock(HALF_AN_HOUR)  # npm has asked for the package when it published
    client.install(user, name.spelt, "1.0.0")
    assert client.installed(user, name.spelt) == "1.0.0"
    found = eventually(partial(stack.versions, TEAM, **name.stored), lambda seen: "1.0.0" in seen)
    assert found == {"0.1.0": "Published", "1.0.0": "Published"}
