"""The whole template at work on packages while AWS does otherwise than we think it does."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.played_template import (
    FROM_OUTSIDE,
    ORIGINS_POLICY,
    UI,
    admin,
    codeartifact,
    impatient,
    playing,
    until,
)
from tests.functional.every_switch import EACH_SWITCH, Switches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.stack.stack import LocalStack

CLOSED = {"publish": "ALLOW", "upstream": "BLOCK"}
_numbers = count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The template in enforce mode, and a repository to copy into."""
    template = impatient(tmp_path_factory.mktemp("template"), seconds=8)
    with playing("enforce", policy=ORIGINS_POLICY, template=template) as stack:
        repositories = [{"name": "npm-incoming"}, {"name": UI["repository"]}]
        domain = {"name": UI["domain"], "repositories": repositories}
        admin(stack, "POST", "seed", {"domains": [domain]})
        yield stack


@EACH_SWITCH
def test_a_version_from_outside_is_expelled_whatever_aws_does(
    stack: LocalStack, switches: Switches
) -> None:
    """A copy brings it in: rule, queue, function and role do the rest."""
    admin(stack, "PUT", "faults", {"switches": switches})
    package = {**UI, "package": f"ui-{next(_numbers)}"}
    client = codeartifact(stack)
    seed_source(stack, package["package"])

    client.copy_package_versions(
        **{name: package[name] for name in ("domain", "format", "namespace", "package")},
        sourceRepository="npm-incoming",
        destinationRepository=package["repository"],
        versions=["1.0.0", "99.0.0"],
    )

    until(lambda: status(stack, package, "99.0.0") == "Archived")
    controls = client.describe_package(**package)["package"]["originConfiguration"]
    assert controls["restrictions"] == CLOSED
    assert status(stack, package, "1.0.0") == "Published"


def seed_source(stack: LocalStack, name: str) -> None:
    """A package of our scope is where it can be copied from; no event tells of it."""
    versions = [{"version": "1.0.0"}, {"version": "99.0.0", "origin": FROM_OUTSIDE}]
    package = {"format": UI["format"], "namespace": UI["namespace"], "package": name}
    source = {"name": "npm-incoming", "packages": [{**package, "versions": versions}]}
    admin(stack, "POST", "seed", {"domains": [{"name": UI["domain"], "repositories": [source]}]})


def status(stack: LocalStack, package: dict[str, str], version: str) -> str:
    """Return the status of a version; a list might leave archived ones out."""
    client = codeartifact(stack)
    found = client.describe_package_version(**package, packageVersion=version)["packageVersion"]
    return str(found["status"])
