"""What of promote_versions stands beside its handler: approvals, copies, schedules, records."""

import re
from dataclasses import dataclass

import pytest

from promote_versions import messages
from promote_versions.queues import COPIES_GROUP
from steward.pace import COPIES_PER_SECOND
from tests.contract.cloudformation import Document, deployed, of_type, source
from tests.contract.project import ROOT, automations


@dataclass(frozen=True)
class Beside:
    """One of the functions that stand beside the handler of an automation, and its queue."""

    function: str
    handler: str
    queue: str
    dead_letters: str
    mapping: Document  # besides source and function
    variables: Document  # besides those of every function


# The two other functions of promote_versions: nobody but them may approve, or copy.
BESIDE = [
    Beside(
        "ApprovePromotionsFunction",
        "promote_versions.approvals.handler",
        "ApprovalsQueue",
        "ApprovalsDeadLetterQueue",
        # No window: a person waits.
        {"BatchSize": 10, "ScalingConfig": {"MaximumConcurrency": 2}},
        {
            "STEWARD_QUEUE_URL": "ApprovalsQueue",
            "STEWARD_PROMOTIONS_QUEUE_URL": "PromotionsQueue",
            "STEWARD_PROMOTIONS_TABLE": "PromotionsTable",
        },
    ),
    Beside(
        "CopyPromotedVersionsFunction",
        "promote_versions.copier.handler",
        "CopiesQueue",
        "CopiesDeadLetterQueue",
        # Lambda takes no window for a FIFO queue; message groups limit the runs.
        {"BatchSize": 10},
        {
            "STEWARD_QUEUE_URL": "CopiesQueue",
            "STEWARD_PROMOTIONS_QUEUE_URL": "PromotionsQueue",
            "STEWARD_PROMOTIONS_TABLE": "PromotionsTable",
            "STEWARD_ATTENTION_TOPIC": "",
        },
    ),
]
each_beside = pytest.mark.parametrize("beside", BESIDE, ids=lambda beside: beside.function)


@pytest.fixture(scope="module")
def resources() -> Document:
    """What a deployment with the default parameters makes."""
    return deployed()


def test_copies_stay_under_their_own_quota(resources: Document) -> None:
    """One run at a time, by one message group, and a little less than the quota in it."""
    copies_a_second = 5  # User Guide, "Quotas in AWS CodeArtifact"
    assert resources["CopiesQueue"]["Properties"]["FifoQueue"] is True
    assert resources["CopiesDeadLetterQueue"]["Properties"]["FifoQueue"] is True
    assert COPIES_GROUP == "copies"
    assert copies_a_second > COPIES_PER_SECOND


@each_beside
def test_a_message_passes_queue_and_function(resources: Document, beside: Beside) -> None:
    """Its queue is nobody else's; what fails five times is kept for longer than it waited."""
    queue = resources[beside.queue]["Properties"]
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": f"{beside.dead_letters}.Arn",
        "maxReceiveCount": 5,
    }
    (mapping,) = (
        mapping
        for mapping in of_type(resources, "AWS::Lambda::EventSourceMapping").values()
        if mapping["EventSourceArn"] == f"{beside.queue}.Arn"
    )
    assert mapping == {
        "EventSourceArn": f"{beside.queue}.Arn",
        "FunctionName": beside.function,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        **beside.mapping,
    }
    function = resources[beside.function]["Properties"]
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"]
    kept = resources[beside.dead_letters]["Properties"]["MessageRetentionPeriod"]
    assert kept > queue["MessageRetentionPeriod"]


@each_beside
def test_a_function_beside_has_code_layers_and_settings(
    resources: Document, beside: Beside
) -> None:
    """All that it knows comes from the template."""
    function = resources[beside.function]["Properties"]
    assert function["Handler"] == beside.handler
    assert function["Layers"] == ["StewardLayer", "PolicyLayer"]
    log_group = f"{beside.function.removesuffix('Function')}LogGroup"
    assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": log_group}
    assert function["Environment"]["Variables"] == {
        "STEWARD_MODE": "observe",
        "STEWARD_DOMAIN": "my-company",
        "STEWARD_POLICY": "/opt/policy.json",
        "POWERTOOLS_SERVICE_NAME": "promote_versions",
        "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        **beside.variables,
    }
    makefile = (ROOT / "functions" / "Makefile").read_text(encoding="utf-8")
    assert f"\nbuild-{beside.function}:\n" in makefile


@each_beside
def test_a_function_beside_that_fails_or_lags_is_noticed(
    resources: Document, beside: Beside
) -> None:
    """Dead letters at once; errors when a batch has failed twice; age when retries end."""
    name = beside.queue.removesuffix("Queue")
    queue = resources[beside.queue]["Properties"]
    dead = resources[f"{name}DeadLetterAlarm"]["Properties"]
    assert dead["Dimensions"] == [
        {"Name": "QueueName", "Value": f"{beside.dead_letters}.QueueName"}
    ]
    assert dead["Threshold"] == 0
    errors = resources[f"{beside.function.removesuffix('Function')}ErrorsAlarm"]["Properties"]
    assert errors["Dimensions"] == [{"Name": "FunctionName", "Value": beside.function}]
    assert errors["Period"] >= queue["VisibilityTimeout"]
    assert errors["Period"] % 60 == 0
    age = resources[f"{name}AgeAlarm"]["Properties"]
    assert age["Dimensions"] == [{"Name": "QueueName", "Value": f"{beside.queue}.QueueName"}]
    assert (
        age["Threshold"] == queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
    )


@pytest.mark.parametrize(
    ("logical_id", "expression", "message"),
    [
        ("DuePromotionsSchedule", "rate(5 minutes)", messages.DueNow()),
        ("RecheckPromotionsSchedule", "cron(0 3 * * ? *)", messages.RecheckAll()),
    ],
)
def test_the_clock_reminds_the_judge(
    resources: Document, logical_id: str, expression: str, message: object
) -> None:
    """By a message that it reads; one that cannot be delivered is kept where events are."""
    schedule = resources[logical_id]["Properties"]
    target = schedule["Target"]
    assert schedule["ScheduleExpression"] == expression
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert target["Arn"] == "PromotionsQueue.Arn"
    assert target["RoleArn"] == "PromotionSchedulesRole.Arn"
    assert target["DeadLetterConfig"] == {"Arn": "PromotionsUndeliveredQueue.Arn"}
    assert messages.read(target["Input"]) == message


def test_every_event_source_is_known(resources: Document) -> None:
    """A queue that feeds a function without a test of its figures would be missing above."""
    mappings = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    handlers = {"".join(word.title() for word in name.split("_")) for name in automations()}
    known = {f"{name}Function" for name in handlers} | {beside.function for beside in BESIDE}
    assert sorted(mapping["FunctionName"] for mapping in mappings) == sorted(known)


def test_what_is_due_is_found_by_a_query(resources: Document) -> None:
    """The index has the state first and the time second, and all of a record."""
    (index,) = resources["PromotionsTable"]["Properties"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by-state"
    assert index["KeySchema"] == [
        {"AttributeName": "state", "KeyType": "HASH"},
        {"AttributeName": "due", "KeyType": "RANGE"},
    ]
    assert index["Projection"] == {"ProjectionType": "ALL"}


def test_another_osv_can_be_asked() -> None:
    """A mirror inside the company, without a slash at its end."""
    address = "https://osv.example.com/mirror"
    asked = deployed(OsvUrl=address)["PromoteVersionsFunction"]["Properties"]
    assert asked["Environment"]["Variables"]["STEWARD_OSV_URL"] == address
    allowed = re.compile(source()["Parameters"]["OsvUrl"]["AllowedPattern"])
    assert allowed.fullmatch(address)
    assert allowed.fullmatch(source()["Parameters"]["OsvUrl"]["Default"])
    for right in (
        "http://127.0.0.1:4566/_emulator/osv",
        "http://[::1]:8080",
        "https://osv/a/b%20c",
    ):
        assert allowed.fullmatch(right)
    with_password = "https://me:secret@osv.example.com"  # it would be in the parameter for all
    not_in_json = 'https://osv.example.com/"'
    for wrong in (f"{address}/", "osv.example.com", f"{address}?key=1", "", with_password):
        assert not allowed.fullmatch(wrong)
    assert not allowed.fullmatch(not_in_json)
