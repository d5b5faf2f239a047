"""A deployed domain of which plans are made and applied: what is in it, and its policy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from steward.coordinates import Package
from tests.functional.deployed_domain import ACCOUNT, DOMAIN, DeployedDomain, package

UI, CORE, APP = package("ui"), package("core"), package("app", package_format="maven")
APP = Package(APP.repository, "maven", "com.mycompany", "app")

POLICY = f"""\
domain: {DOMAIN}
snapshots:
  - packages: /maven/com.mycompany~
origins:
  - packages: /npm/mycompany/ui$
    kind: internal
retention:
  - packages: /npm/*
    versions: releases
    keep_newest: 1
    keep_younger_than: P30D
    then: delete
limits:
  deletions_per_run: 3
"""
OLD_BUILD, NEW_BUILD = "1.0-20260301.000000-1", "1.0-20260301.010000-2"
WRITES = frozenset(
    {
        "UpdatePackageVersionsStatus",
        "DeletePackageVersions",
        "DisposePackageVersions",
        "PutPackageOriginConfiguration",
    }
)


def npm(name: str, versions: Iterable[str], upstream: str = "ALLOW") -> dict[str, object]:
    """Return an npm package whose versions are years old, in this order, for a seed."""
    return {
        "format": "npm",
        "namespace": "mycompany",
        "package": name,
        "restrictions": {"publish": "ALLOW", "upstream": upstream},
        "versions": [
            {
                "version": version,
                "publishedTime": f"2024-01-01T{number // 60:02}:{number % 60:02}:00Z",
            }
            for number, version in enumerate(versions)
        ],
    }


def maven(name: str = "app", *versions: str) -> dict[str, object]:
    """Return a Maven package of the company for a seed: two builds, unless told otherwise."""
    return {
        "format": "maven",
        "namespace": "com.mycompany",
        "package": name,
        "versions": [{"version": one} for one in versions or (OLD_BUILD, NEW_BUILD)],
    }


def seed(domain: DeployedDomain, *packages: Mapping[str, object]) -> None:
    """The repository `npm-internal` holds *packages*; nothing is counted yet."""
    domain.seed({"name": "npm-internal", "packages": packages})
    domain.requests()


def drifted(domain: DeployedDomain) -> None:
    """UI is open and has three versions too many, APP a build; CORE and another are as wanted."""
    ui = npm("ui", ["1.0.0", "1.1.0", "1.2.0", "1.3.0"])
    seed(domain, ui, npm("core", ["1.0.0"]), maven())


def policy_file(domain: DeployedDomain, text: str = POLICY) -> str:
    """Return the path of a policy."""
    path = domain.folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def steward(domain: DeployedDomain, *arguments: str, policy: str = POLICY) -> tuple[int, str, str]:
    """Run a command by *policy*; return its exit status and what it printed."""
    result = domain.run(*arguments, "--policy", policy_file(domain, policy))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def made(domain: DeployedDomain, *arguments: str, policy: str = POLICY) -> Path:
    """Make a plan of the domain; return its file, with nothing counted."""
    path = domain.folder / "plan.json"
    status, said, problem = steward(domain, "plan", "--out", str(path), *arguments, policy=policy)
    assert status == 0, said + problem
    domain.requests()
    return path


def applied(
    domain: DeployedDomain, path: Path, *arguments: str, policy: str = POLICY
) -> tuple[int, dict[str, Any], str]:
    """Apply the plan in *path*; return the exit status, the document and the progress."""
    status, said, problem = steward(domain, "apply", str(path), "--json", *arguments, policy=policy)
    return status, json.loads(said), problem


def counts(document: Mapping[str, Any], member: str) -> int:
    """Return how many versions, packages or refusals *member* has over all lines applied."""
    return sum(len(one[member]) for one in document["applied"])


def writes(domain: DeployedDomain) -> int:
    """Return how many calls wrote since the last time."""
    return sum(count for name, count in domain.requests().items() if name in WRITES)


def where(of: Package) -> dict[str, Any]:
    """Return *of* as the API's parameters."""
    found = {
        "domain": DOMAIN,
        "domainOwner": ACCOUNT,
        "repository": of.repository.name,
        "format": of.format,
        "package": of.name,
    }
    return found | ({"namespace": of.namespace} if of.namespace else {})
