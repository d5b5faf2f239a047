"""The template wires an event to its function in the way that the documentation tells."""

import json
import re
import tomllib
from typing import TYPE_CHECKING, cast

import pytest
from moto.events.models import EventPattern

from tests.contract.cloudformation import ACCOUNT, Document, deployed, source
from tests.contract.project import ROOT, automations

if TYPE_CHECKING:
    from moto.events.utils import EventMessageType


@pytest.fixture(scope="module")
def resources() -> Document:
    """What a deployment with the default parameters makes."""
    return deployed()


def an_event(**detail: object) -> Document:
    """Return the event of a published Maven version, with *detail* changed (User Guide, events)."""
    return {
        "version": "0",
        "source": "aws.codeartifact",
        "detail-type": "CodeArtifact Package Version State Change",
        "account": ACCOUNT,
        "detail": {
            "domainName": "my-company",
            "domainOwner": ACCOUNT,
            "packageFormat": "maven",
            "packageVersionState": "Published",
            "operationType": "Created",
            **detail,
        },
    }


def matches(resources: Document, event: Document) -> bool:
    """Return whether EventBridge would pass *event* on."""
    pattern = resources["SnapshotBuildsRule"]["Properties"]["EventPattern"]
    return bool(
        EventPattern.load(json.dumps(pattern)).matches_event(cast("EventMessageType", event))
    )


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param({}, id="a version was published"),
        pytest.param({"operationType": "Updated"}, id="a version became Published"),
        pytest.param({"packageVersionState": "Unfinished"}, id="a build was begun"),
        pytest.param({"packageFormat": "npm"}, id="npm"),
        pytest.param({"packageFormat": "pypi"}, id="PyPI"),
        pytest.param({"packageFormat": "nuget"}, id="NuGet"),
    ],
)
def test_the_rule_passes_on_what_may_have_replaced_a_build(
    resources: Document, detail: Document
) -> None:
    """Every format with pre-releases, created or changed, is worth a look."""
    assert matches(resources, an_event(**detail))


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param({"packageVersionState": "Unlisted"}, id="what the automation itself does"),
        pytest.param({"packageVersionState": "Archived"}, id="a version was archived"),
        pytest.param({"operationType": "Deleted"}, id="a version was deleted"),
        pytest.param({"domainName": "my-company-dev"}, id="another domain"),
        pytest.param({"domainOwner": "111122223333"}, id="another account's domain"),
        pytest.param({"packageFormat": "generic"}, id="a format without pre-releases"),
    ],
)
def test_the_rule_keeps_back_what_replaces_no_build(resources: Document, detail: Document) -> None:
    """Our own status changes above all: the automation must not wake itself."""
    assert not matches(resources, an_event(**detail))


def test_our_own_notices_do_not_wake_us(resources: Document) -> None:
    """Notices are announced on the same bus, under a source of their own."""
    assert not matches(resources, an_event() | {"source": "codeartifact.steward"})


def test_the_rule_watches_the_domain_that_is_deployed_for() -> None:
    """The parameter decides, not a name in the pattern."""
    elsewhere = deployed(DomainName="another-company")
    assert matches(elsewhere, an_event(domainName="another-company"))
    assert not matches(elsewhere, an_event())


def test_an_event_passes_rule_queue_and_function(resources: Document) -> None:
    """Each station names the next, and where what fails is kept."""
    (target,) = resources["SnapshotBuildsRule"]["Properties"]["Targets"]
    assert target["Arn"] == "SnapshotBuildsQueue.Arn"
    assert target["DeadLetterConfig"] == {"Arn": "SnapshotBuildsUndeliveredQueue.Arn"}
    assert resources["SnapshotBuildsQueue"]["Properties"]["RedrivePolicy"] == {
        "deadLetterTargetArn": "SnapshotBuildsDeadLetterQueue.Arn",
        "maxReceiveCount": 5,
    }
    (mapping,) = _of_type(resources, "AWS::Lambda::EventSourceMapping")
    assert mapping == {
        "EventSourceArn": "SnapshotBuildsQueue.Arn",
        "FunctionName": "UnlistSnapshotBuildsFunction",
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 5,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
    }


@pytest.mark.parametrize("queue", ["SnapshotBuildsQueue", "SnapshotBuildsUndeliveredQueue"])
def test_only_the_rule_may_put_events_on_a_queue(resources: Document, queue: str) -> None:
    """Without the policy EventBridge is refused; without its condition any rule would be let in."""
    (statement,) = resources[f"{queue}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert resources[f"{queue}Policy"]["Properties"]["Queues"] == [queue]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == f"{queue}.Arn"
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": "SnapshotBuildsRule.Arn"}}


def test_every_queue_outlasts_what_feeds_it(resources: Document) -> None:
    """A message stays invisible for six runs and a window; dead letters are kept the longest."""
    queue = resources["SnapshotBuildsQueue"]["Properties"]
    function = resources["UnlistSnapshotBuildsFunction"]["Properties"]
    (mapping,) = _of_type(resources, "AWS::Lambda::EventSourceMapping")
    assert (
        queue["VisibilityTimeout"]
        == 6 * function["Timeout"] + mapping["MaximumBatchingWindowInSeconds"]
    )
    for dead_letters in ("SnapshotBuildsDeadLetterQueue", "SnapshotBuildsUndeliveredQueue"):
        kept = resources[dead_letters]["Properties"]["MessageRetentionPeriod"]
        assert kept > queue["MessageRetentionPeriod"]
    assert all(queue["SqsManagedSseEnabled"] for queue in _of_type(resources, "AWS::SQS::Queue"))


def test_two_runs_stay_under_codeartifacts_quotas(resources: Document) -> None:
    """At 20 calls a second for each run, half of the write quota is left to the publishers."""
    calls_a_second = 20
    writes_a_second = 100  # User Guide, "Quotas in AWS CodeArtifact"
    (mapping,) = _of_type(resources, "AWS::Lambda::EventSourceMapping")
    runs = mapping["ScalingConfig"]["MaximumConcurrency"]
    assert runs * calls_a_second <= writes_a_second / 2


def test_the_function_has_code_layers_and_settings(resources: Document) -> None:
    """What runs in Lambda is what the local stack and the tests run."""
    function = resources["UnlistSnapshotBuildsFunction"]["Properties"]
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Layers"] == ["StewardLayer", "PolicyLayer"]
    assert function["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": "UnlistSnapshotBuildsLogGroup",
    }
    assert function["Environment"]["Variables"] == {
        "STEWARD_MODE": "observe",
        "STEWARD_DOMAIN": "my-company",
        "STEWARD_POLICY": "/opt/policy.json",
        "STEWARD_QUEUE_URL": "SnapshotBuildsQueue",
        "POWERTOOLS_SERVICE_NAME": "unlist_snapshot_builds",
        "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def test_every_dead_letter_is_noticed(resources: Document) -> None:
    """Each queue that must stay empty has an alarm at the first message."""
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in _of_type(resources, "AWS::CloudWatch::Alarm")
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible" and alarm["Threshold"] == 0
    }
    assert watched == {
        "SnapshotBuildsDeadLetterQueue.QueueName",
        "SnapshotBuildsUndeliveredQueue.QueueName",
    }


def test_alarms_reach_an_inbox_if_one_is_given(resources: Document) -> None:
    """Without an address there is no topic, and the alarms are there all the same."""
    assert "AttentionTopic" not in resources
    assert all(
        alarm["AlarmActions"] == [] for alarm in _of_type(resources, "AWS::CloudWatch::Alarm")
    )
    heard = deployed(NotificationEmail="platform@example.com")
    assert all(
        alarm["AlarmActions"] == ["AttentionTopic"]
        for alarm in _of_type(heard, "AWS::CloudWatch::Alarm")
    )


def test_an_alarm_names_a_chapter_of_the_runbook(resources: Document) -> None:
    """Whoever is woken finds the page."""
    runbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", runbook, re.MULTILINE)
    for alarm in _of_type(resources, "AWS::CloudWatch::Alarm"):
        chapter = re.search(r'See docs/operations\.md, "([^"]+)"', alarm["AlarmDescription"])
        assert chapter is not None, alarm["AlarmDescription"]
        assert chapter[1] in headings


def test_the_deployment_describes_itself(resources: Document) -> None:
    """The parameter is JSON, found by the name of the domain, and names every automation."""
    parameter = resources["Deployment"]["Properties"]
    assert parameter["Name"] == "/codeartifact-steward/my-company/deployment"
    described = json.loads(parameter["Value"])
    assert described["domain"] == "my-company"
    assert described["mode"] == "observe"
    assert sorted(described["automations"]) == automations()
    for parts in described["automations"].values():
        assert set(parts.values()) <= resources.keys()


@pytest.mark.parametrize(
    ("document", "claim"),
    [
        ("README.md", "Lambda hands the function up to {batch} messages."),
        ("README.md", "after five attempts it is in `SnapshotBuildsDeadLetterQueue`"),
        ("docs/architecture.md", "batches of up to {batch} or {window} seconds"),
        ("docs/architecture.md", "kept for 4 days"),
        ("docs/architecture.md", "after five attempts `SnapshotBuildsDeadLetterQueue`"),
        ("docs/architecture.md", "at most two runs at once"),
        ("docs/operations.md", "Messages are kept for 14 days."),
    ],
)
def test_figures_in_the_documentation_are_those_of_the_template(
    resources: Document, document: str, claim: str
) -> None:
    """A number that is changed in the template is changed where people read it."""
    (mapping,) = _of_type(resources, "AWS::Lambda::EventSourceMapping")
    queue = resources["SnapshotBuildsQueue"]["Properties"]
    dead_letters = resources["SnapshotBuildsDeadLetterQueue"]["Properties"]
    day = 24 * 60 * 60
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == 2
    assert queue["MessageRetentionPeriod"] == 4 * day
    assert dead_letters["MessageRetentionPeriod"] == 14 * day
    figures = {"batch": mapping["BatchSize"], "window": mapping["MaximumBatchingWindowInSeconds"]}
    text = " ".join((ROOT / document).read_text(encoding="utf-8").split())
    assert claim.format(**figures) in text


@pytest.mark.parametrize("environment", ["default", "dev", "prod"])
def test_each_environment_chooses_what_the_template_lets_it_choose(environment: str) -> None:
    """A first deployment observes; no environment carries an account, a profile or a secret."""
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    chosen = configured[environment]["deploy"]["parameters"]
    overrides = dict(pair.split("=") for pair in chosen["parameter_overrides"].split())
    parameters = source()["Parameters"]
    assert overrides.keys() <= parameters.keys()
    assert overrides["Mode"] in parameters["Mode"]["AllowedValues"]
    assert environment != "default" or overrides["Mode"] == "observe"
    assert chosen["capabilities"] == "CAPABILITY_IAM"
    assert not chosen.keys() & {"profile", "role_arn", "s3_bucket", "region"}


def test_every_resource_says_what_it_is_for_and_what_triggers_it() -> None:
    """Two lines of comment stand above each resource."""
    lines = (ROOT / "template.yaml").read_text(encoding="utf-8").splitlines()
    for name in source()["Resources"]:
        at = lines.index(f"  {name}:")
        assert all(line.startswith("  # ") for line in lines[at - 2 : at]), name


def _of_type(resources: Document, resource_type: str) -> list[Document]:
    """Return the properties of every resource of one type."""
    return [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == resource_type
    ]
