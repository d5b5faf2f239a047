"""What a command reads a domain with that only looks: the caller's credentials, nothing written."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from cli.deployment import Deployment
    from cli.explained_versions import Explained
    from cli.planned_promotions import PlannedRecords
    from steward.coordinates import Package
    from steward.ledger import Ledger
    from steward.lockfiles.locked import Locked
    from steward.policy import Policy
    from sweep_repositories.gathering import Gathering


def planned_records(deployment: "Deployment | None") -> "PlannedRecords":
    """Return what promotion has decided, as far as *deployment* remembers it."""
    from cli.planned_promotions import PlannedRecords
    from promote_versions.records_table import DynamoDbRecords

    parts = deployment.promotions if deployment else None
    return PlannedRecords(DynamoDbRecords(parts.table) if parts else None)


def gathering(
    policy: "Policy",
    locked: Mapping[str, tuple["Locked", ...]],
    client: "CodeArtifactClient",
    deployment: "Deployment | None",
    records: "PlannedRecords",
) -> "Gathering":
    """
    Return what packages are looked at with.

    Args:
        locked: What the lock files of the policy list, by their names.
        deployment: None: nobody knows of exemptions, and of what waits since when.
    """
    from cli import silence
    from steward import ledger as ledgers
    from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
    from steward.published_times import ServicePublishedTimes
    from sweep_repositories.gathering import Gathering

    ledger: Ledger = silence.NoLedger()
    if deployment is not None:
        ledger = ledgers.connect("observe", deployment.ledger)
    return Gathering(
        codeartifact=ObservedCodeArtifact(CodeArtifactService(client)),
        times=ServicePublishedTimes(client),
        policy=policy,
        locked=locked,
        ledger=ledger,
        exemptions=ledger.exemptions_at(),
        records=records,
        now=lambda: datetime.now(UTC),
    )


def look_at_package(
    package: "Package",
    policy: "Policy",
    locked: Mapping[str, tuple["Locked", ...]],
    domain_owner: str | None,
) -> "Explained":
    """
    Return what *policy* says of *package* and each of its versions, as they are now.

    Args:
        package: Its repository's owner is not looked at.
        domain_owner: As it was given; None: the caller's account.

    Raises:
        click.ClickException: There is no such package, or CodeArtifact could not be asked.
    """
    from cli import aws
    from cli.automation_lines import automation_lines
    from cli.deployment import find_deployment
    from cli.explained_versions import explained
    from cli.output import fail
    from steward.errors import PackageNotFoundError

    mine = aws.connect()
    owner = aws.domain_owner(mine, domain_owner)
    there = replace(package, repository=replace(package.repository, domain_owner=owner))
    deployment, note = None, None
    try:
        deployment = find_deployment(mine, policy.domain)
    except click.ClickException as error:
        note = f"Exemptions and waiting times are not known: {error.message}"
    client = mine.codeartifact()
    with aws.explained(), automation_lines("explain", verbose=False):
        to = gathering(policy, locked, client, deployment, planned_records(deployment))
        try:
            found = explained(there, to)
        except PackageNotFoundError as error:
            fail(f"{package.repository.name} has no {package.purl()}: {error}.")
    return replace(found, note=note)
