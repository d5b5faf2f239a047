"""What a deployment says of itself, as commands read it."""

import json
from typing import cast

import click
import pytest

from cli.aws import Aws
from cli.deployment import SweepParts, WarmingParts, find_sweeps, find_warming

DESCRIBED = {
    "domain": "my-company",
    "mode": "observe",
    "stack": "codeartifact-steward",
    "ledger": "ledger",
    "attentionTopic": "",
    "warming": {"table": "runs", "queue": "the-url"},
    "sweeps": {"stateMachine": "the-arn", "bucket": "the-bucket"},
}


class Described:
    """An account in which a parameter has a value."""

    account = "012345678901"
    region = "us-west-2"
    endpoint = None

    def __init__(self, **changed: object) -> None:
        self._value = json.dumps({**DESCRIBED, **changed})

    def client(self, _: str) -> "Described":
        """Return what answers for Systems Manager."""
        return self

    def get_parameter(self, *, Name: str) -> object:  # noqa: N803  AWS's name
        """See GetParameter, Systems Manager API Reference."""
        assert Name == "/codeartifact-steward/my-company/deployment"
        return {"Parameter": {"Value": self._value}}


def described(**changed: object) -> Aws:
    """Return such an account, as commands know it."""
    return cast("Aws", Described(**changed))


def test_what_warms_caches_is_found() -> None:
    """Its table and its queue, and the deployment that they belong to."""
    deployment, warming = find_warming(described(), "my-company")
    assert warming == WarmingParts(table="runs", queue="the-url")
    assert (deployment.stack, deployment.warming) == ("codeartifact-steward", warming)


@pytest.mark.parametrize(
    ("warming", "problem"),
    [
        pytest.param(None, "was deployed before there was warm_caches", id="an older one"),
        pytest.param("a table", "its 'warming' is no JSON object", id="no object"),
        pytest.param({"table": "runs"}, "it has no 'queue'", id="without a queue"),
        pytest.param({"table": "", "queue": "u"}, "its 'table' is ''", id="with an empty table"),
    ],
)
def test_a_deployment_that_cannot_warm_is_named(warming: object, problem: str) -> None:
    """With what to deploy."""
    with pytest.raises(click.ClickException, match=problem) as refused:
        find_warming(described(warming=warming), "my-company")
    assert "Deploy this version" in refused.value.message


def test_what_sweeps_is_found() -> None:
    """Its state machine and its bucket, and the deployment that they belong to."""
    deployment, sweeps = find_sweeps(described(), "my-company")
    assert sweeps == SweepParts(state_machine="the-arn", bucket="the-bucket")
    assert (deployment.stack, deployment.sweeps) == ("codeartifact-steward", sweeps)


@pytest.mark.parametrize(
    ("sweeps", "problem"),
    [
        pytest.param(None, "was deployed before there were sweeps", id="an older one"),
        pytest.param("a bucket", "its 'sweeps' are no JSON object", id="no object"),
        pytest.param({"stateMachine": "a"}, "it has no 'bucket'", id="without a bucket"),
        pytest.param(
            {"stateMachine": "", "bucket": "b"}, "its 'stateMachine' is ''", id="with no machine"
        ),
    ],
)
def test_a_deployment_that_cannot_sweep_is_named(sweeps: object, problem: str) -> None:
    """With what to deploy."""
    with pytest.raises(click.ClickException, match=problem) as refused:
        find_sweeps(described(sweeps=sweeps), "my-company")
    assert "Deploy this version" in refused.value.message
