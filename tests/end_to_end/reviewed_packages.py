"""Packages that wait for a person in the template as it is played in the test's process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.end_to_end.played_template import (
    admin,
    at_rest,
    client_of,
    codeartifact,
    impatient,
    playing,
    until,
)

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stack.stack import LocalStack, Mode

DOMAIN = "my-company"
ELSEWHERE, INTAKE, APPROVED = "npm-elsewhere", "npm-intake", "npm-approved"
POLICY = f"""\
domain: {DOMAIN}
promotions:
  - name: reviewed
    packages: /npm/lab/*
    from: {INTAKE}
    to: {APPROVED}
    require:
      minimum_age: P7D
      vulnerabilities: {{block_at: low}}
      licences: {{allow: [MIT]}}
      versions: releases
      approval: manual
"""
LONG_AGO = datetime.now(UTC) - timedelta(days=400)


@contextmanager
def playing_promotions(mode: Mode, folder: Path) -> Iterator[LocalStack]:
    """Play the template; there is an intake, what is approved, and a place to copy from."""
    template = impatient(folder, seconds=8)
    with playing(mode, policy=POLICY, template=template) as stack:
        repositories = [{"name": name} for name in (ELSEWHERE, INTAKE, APPROVED)]
        admin(stack, "POST", "seed", {"domains": [{"name": DOMAIN, "repositories": repositories}]})
        yield stack
        until(lambda: at_rest(stack))


def bring_in(stack: LocalStack, name: str) -> None:
    """Two versions of *name* come into the intake, and there are events of them."""
    versions = [
        {"version": version, "originalPublishTime": LONG_AGO.isoformat(), "licenses": ["MIT"]}
        for version in ("1.0.0", "2.0.0-beta.1")
    ]
    package = {"format": "npm", "namespace": "lab", "package": name, "versions": versions}
    source = {"name": ELSEWHERE, "packages": [package]}
    admin(stack, "POST", "seed", {"domains": [{"name": DOMAIN, "repositories": [source]}]})
    codeartifact(stack).copy_package_versions(
        domain=DOMAIN,
        sourceRepository=ELSEWHERE,
        destinationRepository=INTAKE,
        format="npm",
        namespace="lab",
        package=name,
        versions=[version["version"] for version in versions],
    )


def approve(stack: LocalStack, name: str) -> None:
    """A person's tool sends an approval."""
    approval = {
        "purl": f"pkg:npm/%40lab/{name}@1.0.0",
        "rule": "reviewed",
        "decision": "approve",
        "reason": "read every line of it",
    }
    client_of(stack, "sqs").send_message(
        QueueUrl=stack.reference("ApprovalsQueue"), MessageBody=json.dumps(approval)
    )


def states(stack: LocalStack, name: str) -> Mapping[str, str]:
    """Return what the records say about each version of a package."""
    items = client_of(stack, "dynamodb").scan(TableName=stack.reference("PromotionsTable"))["Items"]
    return {
        item["entry"]["S"].split("#")[1]: item["state"]["S"]
        for item in items
        if item["package"]["S"].endswith(f"/{name}") and "state" in item
    }


def assets(stack: LocalStack, repository: str, name: str) -> Mapping[str, str]:
    """Return the SHA-256 of each asset of version 1.0.0; nothing if there is no such version."""
    client = codeartifact(stack)
    try:
        listed = client.list_package_version_assets(
            domain=DOMAIN,
            repository=repository,
            format="npm",
            namespace="lab",
            package=name,
            packageVersion="1.0.0",
        )["assets"]
    except client.exceptions.ResourceNotFoundException:
        return {}
    return {asset["name"]: asset["hashes"]["SHA-256"] for asset in listed}
