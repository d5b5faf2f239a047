"""The SSM parameter by which the command line finds a deployment says what there is, and fits."""

import json

import pytest

from tests.contract.cloudformation import Document, deployed, source
from tests.contract.project import SWEEPS, automations
from tests.contract.test_wiring import WIRED


@pytest.fixture(scope="module")
def resources() -> Document:
    """What a deployment with the default parameters makes."""
    return deployed()


def test_the_deployment_describes_itself(resources: Document) -> None:
    """The parameter is JSON, found by the name of the domain, and names every automation."""
    parameter = resources["Deployment"]["Properties"]
    assert parameter["Name"] == "/codeartifact-steward/my-company/deployment"
    described = json.loads(parameter["Value"])
    assert described["domain"] == "my-company"
    assert described["mode"] == "observe"
    assert described["ledger"] == "LedgerTable"
    assert sorted(described["automations"]) == sorted([*automations(), SWEEPS])
    for wired in WIRED:
        assert described["automations"][wired.automation] == {
            "function": wired.function,
            "queue": f"{wired.events}Queue",
            "deadLetterQueue": f"{wired.events}DeadLetterQueue",
            "undeliveredQueue": f"{wired.events}UndeliveredQueue",
            "rule": f"{wired.events}Rule",
        }
    assert described["automations"]["warm_caches"] == {
        "function": "WarmCachesFunction",
        "queue": "WarmingQueue",
        "deadLetterQueue": "WarmingDeadLetterQueue",
        "undeliveredQueue": "WarmingUndeliveredQueue",
        "schedule": "WarmCachesSchedule",
    }
    assert described["automations"][SWEEPS] == {
        "function": "PlanSweepFunction",
        "applyFunction": "ApplySweepFunction",
        "undeliveredQueue": "SweepUndeliveredQueue",
        "schedule": "SweepRepositoriesSchedule",
    }
    for parts in described["automations"].values():
        assert set(parts.values()) <= resources.keys()
    assert described["promotions"] == {
        "table": "PromotionsTable",
        "queue": "PromotionsQueue",
        "approvalsQueue": "ApprovalsQueue",
        "copiesQueue": "CopiesQueue",
        "osv": "https://api.osv.dev",
    }
    assert described["warming"] == {"table": "WarmingTable", "queue": "WarmingQueue"}
    assert described["sweeps"] == {
        "stateMachine": "SweepRepositoriesStateMachine",
        "bucket": "SweepsBucket",
    }


def test_the_description_fits_a_parameter() -> None:
    """
    However long the names are that CloudFormation, or whoever deploys, makes up.

    What is too long for a standard parameter becomes an advanced one, which has to be allowed.
    """
    longest = {
        # What the APIs take at most: CreateQueue (and its URL before it), CreateFunction, PutRule,
        # CreateTable, CreateTopic and PublishLayerVersion (ARNs), CreateDomain, CreateStack, and
        # CreateSchedule; CreateStateMachine (ARN) and CreateBucket.
        "queue": len("https://sqs.ap-southeast-2.amazonaws.com/012345678901/") + 80,
        "function": 64,
        "rule": 64,
        "ledger": 255,
        "attentionTopic": len("arn:aws:sns:ap-southeast-2:012345678901:") + 256,
        "policyLayer": len("arn:aws:lambda:ap-southeast-2:012345678901:layer::10000") + 140,
        "domain": 50,
        "stack": 128,
        "schedule": 64,
        "stateMachine": len("arn:aws:states:ap-southeast-2:012345678901:stateMachine:") + 80,
        "bucket": 63,
    }
    longest |= dict.fromkeys(
        ("deadLetterQueue", "undeliveredQueue", "approvalsQueue", "copiesQueue"), longest["queue"]
    )
    longest |= {
        "table": longest["ledger"],
        "applyFunction": longest["function"],
        "osv": int(source()["Parameters"]["OsvUrl"]["MaxLength"]),
    }
    heard = deployed(NotificationEmail="platform@example.com")["Deployment"]["Properties"]
    described = json.loads(heard["Value"])
    names = [(key, value) for key, value in described.items() if key in longest]
    sections = (described[name] for name in ("promotions", "warming", "sweeps"))
    for parts in (*described["automations"].values(), *sections):
        names += parts.items()
    characters = len(heard["Value"]) + sum(longest[key] - len(value) for key, value in names)
    assert heard["Tier"] == "Intelligent-Tiering"
    assert characters <= 8192  # "Managing parameter tiers", AWS Systems Manager User Guide
