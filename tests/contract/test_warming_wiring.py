"""What rings warm_caches, feeds it and watches it, stands in the template; no event does."""

import json
import re

import pytest

from steward import lockfiles
from tests.contract.cloudformation import ACCOUNT, Document, deployed, of_type, source
from warm_caches import messages
from warm_caches.app import LISTS_PER_SECOND, REQUESTS_PER_SECOND

DAY = 24 * 60 * 60
LONGEST_DELAY = 900  # DelaySeconds of SendMessage, SQS API Reference


@pytest.fixture(scope="module")
def resources() -> Document:
    """What a deployment with the default parameters makes."""
    return deployed()


def mapping(resources: Document) -> Document:
    """Return the properties of the event source mapping of the function."""
    (found,) = (
        one
        for one in of_type(resources, "AWS::Lambda::EventSourceMapping").values()
        if one["FunctionName"] == "WarmCachesFunction"
    )
    return found


def test_the_clock_asks_for_a_look_through_all_caches(resources: Document) -> None:
    """Each hour, by a message that the function reads; one that cannot be delivered is kept."""
    schedule = resources["WarmCachesSchedule"]["Properties"]
    target = schedule["Target"]
    assert schedule["ScheduleExpression"] == "rate(1 hour)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert target["Arn"] == "WarmingQueue.Arn"
    assert target["RoleArn"] == "WarmingScheduleRole.Arn"
    assert target["DeadLetterConfig"] == {"Arn": "WarmingUndeliveredQueue.Arn"}
    said = messages.read(target["Input"], account=ACCOUNT, domain="my-company")
    assert said == messages.WarmCaches()


@pytest.mark.parametrize(
    "expression",
    ["rate(1 hour)", "rate(15 minutes)", "cron(0 2 * * ? *)", "cron(0/20 6-18 ? * MON-FRI *)"],
)
def test_another_schedule_can_be_chosen(expression: str) -> None:
    """In the two forms of EventBridge Scheduler that come again."""
    schedule = deployed(WarmingSchedule=expression)["WarmCachesSchedule"]["Properties"]
    assert schedule["ScheduleExpression"] == expression
    pattern = source()["Parameters"]["WarmingSchedule"]["AllowedPattern"]
    assert re.fullmatch(pattern, expression)


@pytest.mark.parametrize(
    "expression", ["", "hourly", "rate()", "at(2026-03-01T12:00:00)", "1 hour"]
)
def test_what_is_no_schedule_that_comes_again_is_refused(expression: str) -> None:
    """Before anything is deployed."""
    pattern = source()["Parameters"]["WarmingSchedule"]["AllowedPattern"]
    assert re.fullmatch(pattern, expression) is None


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("", True),
        ("my-company-lockfiles", True),
        ("locks.my-company", True),
        ("s3://my-company-lockfiles", False),
        ("my-company-lockfiles/locks", False),
        ("My-Company", False),
        ("*", False),
    ],
)
def test_a_bucket_of_lock_files_is_named_alone(name: str, is_one: bool) -> None:  # noqa: FBT001  a table
    """Neither its address nor a star, which would be a right to more than that bucket."""
    pattern = source()["Parameters"]["LockfilesBucket"]["AllowedPattern"]
    assert (re.fullmatch(pattern, name) is not None) == is_one


def test_each_message_has_a_run_of_its_own(resources: Document) -> None:
    """A message is a batch of packages already; two at once is the least that Lambda takes."""
    assert mapping(resources) == {
        "EventSourceArn": "WarmingQueue.Arn",
        "FunctionName": "WarmCachesFunction",
        "BatchSize": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
    }


def test_the_queue_outlasts_what_works_on_it(resources: Document) -> None:
    """A message stays invisible for six runs; dead letters are kept the longest."""
    queue = resources["WarmingQueue"]["Properties"]
    assert (
        queue["VisibilityTimeout"] == 6 * resources["WarmCachesFunction"]["Properties"]["Timeout"]
    )
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": "WarmingDeadLetterQueue.Arn",
        "maxReceiveCount": 5,
    }
    assert queue["MessageRetentionPeriod"] == 4 * DAY
    for dead_letters in ("WarmingDeadLetterQueue", "WarmingUndeliveredQueue"):
        assert resources[dead_letters]["Properties"]["MessageRetentionPeriod"] == 14 * DAY


def test_nobody_outside_of_the_account_may_put_a_message_on_a_queue(resources: Document) -> None:
    """The schedule's role may, by its own policy: no policy of a queue opens it to a service."""
    for policy in of_type(resources, "AWS::SQS::QueuePolicy").values():
        assert not [queue for queue in policy["Queues"] if queue.startswith("Warming")]


def test_a_run_has_time_for_a_batch(resources: Document) -> None:
    """If nothing went on side by side, three quarters of it would be left for reading files."""
    seconds_a_call = 0.25
    calls_for_a_package = 2 + 1 + 3  # lists; a page about it; files
    timeout = resources["WarmCachesFunction"]["Properties"]["Timeout"]
    assert messages.MAX_PACKAGES * calls_for_a_package * seconds_a_call <= timeout / 4


def test_half_of_what_an_account_has_is_left_to_the_builds(resources: Document) -> None:
    """However many batches wait: two runs at once, and each counts its own requests."""
    runs = mapping(resources)["ScalingConfig"]["MaximumConcurrency"]
    # User Guide, "Quotas in AWS CodeArtifact"
    reads_a_second, lists_a_second, requests_of_a_token_a_second = 800, 200, 1_200
    requests = runs * (REQUESTS_PER_SECOND + LISTS_PER_SECOND)
    assert requests <= reads_a_second / 2
    assert requests <= requests_of_a_token_a_second / 3
    assert runs * LISTS_PER_SECOND <= lists_a_second / 2


def test_a_run_has_memory_for_the_largest_lock_file(resources: Document) -> None:
    """YAML takes some 25 times its size to be read, and a worker less than 256 MB."""
    megabytes = 25 * lockfiles.MAX_BYTES / 1_000_000 + 256
    assert megabytes < 0.75 * resources["WarmCachesFunction"]["Properties"]["MemorySize"]


def test_a_function_that_warms_has_code_layers_and_settings(resources: Document) -> None:
    """All that it knows comes from the template."""
    function = resources["WarmCachesFunction"]["Properties"]
    assert function["Handler"] == "warm_caches.app.handler"
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Layers"] == ["StewardLayer", "PolicyLayer"]
    assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": "WarmCachesLogGroup"}
    assert function["Environment"]["Variables"] == {
        "STEWARD_MODE": "observe",
        "STEWARD_DOMAIN": "my-company",
        "STEWARD_POLICY": "/opt/policy.json",
        "STEWARD_QUEUE_URL": "WarmingQueue",
        "STEWARD_WARMING_TABLE": "WarmingTable",
        "STEWARD_LEDGER_TABLE": "LedgerTable",
        "STEWARD_ATTENTION_TOPIC": "",
        "POWERTOOLS_SERVICE_NAME": "warm_caches",
        "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def test_what_a_table_of_runs_holds_is_forgotten(resources: Document) -> None:
    """By itself, and with the stack: it says how things stand, and nothing that cannot be found."""
    table = resources["WarmingTable"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Delete", "Delete")
    properties = table["Properties"]
    assert properties["KeySchema"] == [
        {"AttributeName": "subject", "KeyType": "HASH"},
        {"AttributeName": "entry", "KeyType": "RANGE"},
    ]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("kind", ["DeadLetter", "Undelivered"])
def test_every_dead_letter_of_warming_is_noticed(resources: Document, kind: str) -> None:
    """At the first one: the queue must stay empty."""
    alarm = resources[f"Warming{kind}Alarm"]["Properties"]
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": f"Warming{kind}Queue.QueueName"}]
    assert alarm["Threshold"] == 0


def test_warming_that_fails_or_lags_is_noticed(resources: Document) -> None:
    """Errors ring when a batch has failed twice; age when retries and delay cannot explain it."""
    queue = resources["WarmingQueue"]["Properties"]
    errors = resources["WarmCachesErrorsAlarm"]["Properties"]
    assert errors["Dimensions"] == [{"Name": "FunctionName", "Value": "WarmCachesFunction"}]
    assert errors["Period"] >= queue["VisibilityTimeout"]
    assert errors["Period"] % 60 == 0
    age = resources["WarmingAgeAlarm"]["Properties"]
    assert age["Dimensions"] == [{"Name": "QueueName", "Value": "WarmingQueue.QueueName"}]
    assert age["Threshold"] == 5 * queue["VisibilityTimeout"] + LONGEST_DELAY


def test_a_wrong_file_rings(resources: Document) -> None:
    """The metric has the namespace and the service that the function counts under."""
    alarm = resources["HashMismatchAlarm"]["Properties"]
    variables = resources["WarmCachesFunction"]["Properties"]["Environment"]["Variables"]
    assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}
    ]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("MismatchesFound", "Sum")
    assert alarm["Threshold"] == 0


def test_the_deployment_says_where_to_ask_for_a_run(resources: Document) -> None:
    """`steward warm --deployed` puts its messages there, and reads how far they are."""
    described = json.loads(resources["Deployment"]["Properties"]["Value"])
    assert described["warming"] == {"table": "WarmingTable", "queue": "WarmingQueue"}
