"""Finds what was deployed for a domain, through the SSM parameter that template.yaml writes."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypedDict, cast

from cli.output import fail

if TYPE_CHECKING:
    from cli.aws import Aws

_HOW: Final = "`make build` and `.venv-sam/bin/sam deploy` (README.md)"
_NOT_FOUND: Final = "ParameterNotFound"  # GetParameter, Systems Manager API Reference


@dataclass(frozen=True, slots=True)
class PromotionParts:
    """
    What of a deployment promotes.

    Attributes:
        table: The DynamoDB table of what was decided.
        queue: The URL of the queue of looks and rechecks.
        approvals_queue: The URL of the queue on which to send is the right to approve.
        osv: The base URL of the OSV that is asked for vulnerabilities.
    """

    table: str
    queue: str
    approvals_queue: str
    osv: str


@dataclass(frozen=True, slots=True)
class WarmingParts:
    """
    What of a deployment warms caches.

    Attributes:
        table: The DynamoDB table of runs and outages.
        queue: The URL of the queue on which to send is to ask for a run.
    """

    table: str
    queue: str


@dataclass(frozen=True, slots=True)
class SweepParts:
    """
    What of a deployment sweeps.

    Attributes:
        state_machine: The ARN of the state machine whose executions are the sweeps.
        bucket: The S3 bucket of their batches, plans and summaries.
    """

    state_machine: str
    bucket: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """
    What was deployed for a domain in one account and region.

    Attributes:
        mode: `observe` or `enforce`, of the deployment's own functions.
        stack: The name of the CloudFormation stack.
        ledger: The DynamoDB table in which changes and exemptions are recorded.
        attention_topic: The ARN of the SNS topic for what needs a person, None if there is none.
        promotions: None: an older version was deployed, which did not promote.
        warming: None: an older version was deployed, which did not warm caches.
        sweeps: None: an older version was deployed, which did not sweep.
    """

    domain: str
    mode: str
    stack: str
    ledger: str
    attention_topic: str | None
    promotions: PromotionParts | None = None
    warming: WarmingParts | None = None
    sweeps: SweepParts | None = None


class _Parameter(TypedDict):
    Value: str


class _Answer(TypedDict):
    Parameter: _Parameter


class _Ssm(Protocol):
    """The part of Systems Manager's client that is used here; botocore publishes no types."""

    def get_parameter(self, *, Name: str) -> _Answer:  # noqa: N803  AWS's name
        """See GetParameter, Systems Manager API Reference."""


def find_deployment(aws: "Aws", domain: str) -> Deployment:
    """
    Return the deployment for *domain* in the caller's account and region.

    Raises:
        click.ClickException: There is none, or it describes itself in no way that is known here;
            the message says where it was looked for and what to deploy.
    """
    from botocore.exceptions import ClientError

    from cli.aws import explained

    name = f"/codeartifact-steward/{domain}/deployment"
    ssm = cast("_Ssm", aws.client("ssm"))
    with explained():
        try:
            text = ssm.get_parameter(Name=name)["Parameter"]["Value"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != _NOT_FOUND:
                raise
            fail(
                f"nothing is deployed for the domain {domain} in {_place(aws)}: "
                f"there is no parameter {name}. Deploy the application there: {_HOW}."
            )
    try:
        return _deployment(text, domain)
    except (ValueError, LookupError, TypeError) as error:
        fail(
            f"the parameter {name} in {_place(aws)} describes no deployment that this version "
            f"knows: {_problem(error)}. Deploy this version: {_HOW}."
        )


def find_promotions(aws: "Aws", domain: str) -> tuple[Deployment, PromotionParts]:
    """
    Return the deployment for *domain*, and what of it promotes.

    Raises:
        click.ClickException: As of `find_deployment`, or what is deployed does not promote.
    """
    deployment = find_deployment(aws, domain)
    if deployment.promotions is None:
        fail(
            f"the stack {deployment.stack} in {_place(aws)} was deployed before there were "
            f"promotions. Deploy this version: {_HOW}."
        )
    return deployment, deployment.promotions


def find_warming(aws: "Aws", domain: str) -> tuple[Deployment, WarmingParts]:
    """
    Return the deployment for *domain*, and what of it warms caches.

    Raises:
        click.ClickException: As of `find_deployment`, or what is deployed does not warm caches.
    """
    deployment = find_deployment(aws, domain)
    if deployment.warming is None:
        fail(
            f"the stack {deployment.stack} in {_place(aws)} was deployed before there was "
            f"warm_caches. Deploy this version: {_HOW}."
        )
    return deployment, deployment.warming


def find_sweeps(aws: "Aws", domain: str) -> tuple[Deployment, SweepParts]:
    """
    Return the deployment for *domain*, and what of it sweeps.

    Raises:
        click.ClickException: As of `find_deployment`, or what is deployed does not sweep.
    """
    deployment = find_deployment(aws, domain)
    if deployment.sweeps is None:
        fail(
            f"the stack {deployment.stack} in {_place(aws)} was deployed before there were "
            f"sweeps. Deploy this version: {_HOW}."
        )
    return deployment, deployment.sweeps


def _deployment(text: str, domain: str) -> Deployment:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise TypeError("it is no JSON object")
    of = _text(document, "domain")
    if of != domain:
        raise ValueError(f"it is about the domain {of!r}")
    return Deployment(
        domain=of,
        mode=_text(document, "mode"),
        stack=_text(document, "stack"),
        ledger=_text(document, "ledger"),
        attention_topic=_text(document, "attentionTopic", empty=True) or None,
        promotions=_promotions(document.get("promotions")),
        warming=_warming(document.get("warming")),
        sweeps=_sweeps(document.get("sweeps")),
    )


def _promotions(document: object) -> PromotionParts | None:
    if document is None:
        return None
    if not isinstance(document, dict):
        raise TypeError("its 'promotions' are no JSON object")
    return PromotionParts(
        table=_text(document, "table"),
        queue=_text(document, "queue"),
        approvals_queue=_text(document, "approvalsQueue"),
        osv=_text(document, "osv"),
    )


def _warming(document: object) -> WarmingParts | None:
    if document is None:
        return None
    if not isinstance(document, dict):
        raise TypeError("its 'warming' is no JSON object")
    return WarmingParts(table=_text(document, "table"), queue=_text(document, "queue"))


def _sweeps(document: object) -> SweepParts | None:
    if document is None:
        return None
    if not isinstance(document, dict):
        raise TypeError("its 'sweeps' are no JSON object")
    return SweepParts(
        state_machine=_text(document, "stateMachine"), bucket=_text(document, "bucket")
    )


def _text(document: dict[str, object], key: str, *, empty: bool = False) -> str:
    value = document[key]
    if not isinstance(value, str) or not (value or empty):
        raise TypeError(f"its {key!r} is {value!r}")
    return value


def _problem(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "it is no JSON"
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _place(aws: "Aws") -> str:
    """Return where the caller looked, as people say it."""
    at = f" at {aws.endpoint}" if aws.endpoint else ""
    return f"the account {aws.account}, region {aws.region}{at}"
