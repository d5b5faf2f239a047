"""The template wires an event to its function in the way that the documentation tells."""

import json
import re
import tomllib
from dataclasses import dataclass

import pytest

from promote_versions.gather import AT_ONCE
from steward.pace import ASSET_LISTS_PER_SECOND
from tests.contract.cloudformation import Document, deployed, of_type, source
from tests.contract.project import ROOT, automations


@dataclass(frozen=True)
class Wired:
    """One automation's names in the template, and the figures of its event source mapping."""

    automation: str
    events: str  # what the names of its rule and queues begin with
    batch: int
    calls: int  # to CodeArtifact, at most, for each package of a batch
    other_calls: int  # to other services, as above
    writes: float = 1.0  # how many of its calls to CodeArtifact may be writes, at most
    at_once: int = 1  # how many calls to CodeArtifact a run makes at the same time

    @property
    def function(self) -> str:
        """The logical id of its function."""
        return "".join(word.title() for word in self.automation.split("_")) + "Function"

    @property
    def log_group(self) -> str:
        """The logical id of its log group."""
        return self.function.removesuffix("Function") + "LogGroup"

    def mapping(self, resources: Document) -> Document:
        """Return the properties of its event source mapping."""
        (found,) = (
            mapping
            for mapping in of_type(resources, "AWS::Lambda::EventSourceMapping").values()
            if mapping["FunctionName"] == self.function
        )
        return found


WIRED = [
    # A look goes before each of its writes.
    Wired(
        "enforce_origin_controls", "OriginControls", batch=50, calls=4, other_calls=10, writes=0.5
    ),
    # A list goes before each write; what is disposed of or deleted is left to sweeps.
    Wired("expire_versions", "Expiry", batch=10, calls=40, other_calls=10, writes=0.5),
    # The judge writes only when it recalls a version; what it approves, another function copies.
    Wired(
        "promote_versions",
        "Promotions",
        batch=10,
        calls=50,
        other_calls=50,
        writes=0,
        at_once=AT_ONCE,
    ),
    # As expire_versions.
    Wired(
        "unlist_snapshot_builds", "SnapshotBuilds", batch=100, calls=2, other_calls=3, writes=0.5
    ),
]
# No event leads to these: test_warming_wiring.py has theirs.
BY_THE_CLOCK = ["warm_caches"]
each_automation = pytest.mark.parametrize("wired", WIRED, ids=lambda wired: wired.automation)

# What the functions of the template have in their environment besides the names of the automation.
OWN_VARIABLES = {
    "enforce_origin_controls": {
        "STEWARD_LEDGER_TABLE": "LedgerTable",
        "STEWARD_ATTENTION_TOPIC": "",
    },
    "promote_versions": {
        "STEWARD_COPIES_QUEUE_URL": "CopiesQueue",
        "STEWARD_PROMOTIONS_TABLE": "PromotionsTable",
        "STEWARD_LEDGER_TABLE": "LedgerTable",
        "STEWARD_OSV_URL": "https://api.osv.dev",
        "STEWARD_ATTENTION_TOPIC": "",
    },
    "expire_versions": {
        "STEWARD_LEDGER_TABLE": "LedgerTable",
        "STEWARD_PROMOTIONS_TABLE": "PromotionsTable",
    },
    "unlist_snapshot_builds": {"STEWARD_LEDGER_TABLE": "LedgerTable"},
}


# The functions that have something to tell a person.
TELLING = [
    "EnforceOriginControlsFunction",
    "PromoteVersionsFunction",
    "CopyPromotedVersionsFunction",
    "WarmCachesFunction",
    "PlanSweepFunction",
    "ApplySweepFunction",
]


@pytest.fixture(scope="module")
def resources() -> Document:
    """What a deployment with the default parameters makes."""
    return deployed()


def test_every_automation_is_wired() -> None:
    """The table above leaves none out."""
    assert sorted([*(wired.automation for wired in WIRED), *BY_THE_CLOCK]) == automations()


@each_automation
def test_an_event_passes_rule_queue_and_function(resources: Document, wired: Wired) -> None:
    """Each station names the next, and where what fails is kept."""
    (target,) = resources[f"{wired.events}Rule"]["Properties"]["Targets"]
    assert target["Arn"] == f"{wired.events}Queue.Arn"
    assert target["DeadLetterConfig"] == {"Arn": f"{wired.events}UndeliveredQueue.Arn"}
    assert resources[f"{wired.events}Queue"]["Properties"]["RedrivePolicy"] == {
        "deadLetterTargetArn": f"{wired.events}DeadLetterQueue.Arn",
        "maxReceiveCount": 5,
    }
    assert wired.mapping(resources) == {
        "EventSourceArn": f"{wired.events}Queue.Arn",
        "FunctionName": wired.function,
        "BatchSize": wired.batch,
        "MaximumBatchingWindowInSeconds": 5,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
    }


@each_automation
@pytest.mark.parametrize("queue", ["Queue", "UndeliveredQueue"])
def test_only_the_rule_may_put_events_on_a_queue(
    resources: Document, wired: Wired, queue: str
) -> None:
    """Without the policy EventBridge is refused; without its condition any rule would be let in."""
    queue = wired.events + queue
    (statement,) = resources[f"{queue}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert resources[f"{queue}Policy"]["Properties"]["Queues"] == [queue]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == f"{queue}.Arn"
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": f"{wired.events}Rule.Arn"}}


@each_automation
def test_every_queue_outlasts_what_feeds_it(resources: Document, wired: Wired) -> None:
    """A message stays invisible for six runs and a window; dead letters are kept the longest."""
    queue = resources[f"{wired.events}Queue"]["Properties"]
    function = resources[wired.function]["Properties"]
    window = wired.mapping(resources)["MaximumBatchingWindowInSeconds"]
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"] + window
    for dead_letters in ("DeadLetterQueue", "UndeliveredQueue"):
        kept = resources[wired.events + dead_letters]["Properties"]["MessageRetentionPeriod"]
        assert kept > queue["MessageRetentionPeriod"]


def test_every_queue_is_encrypted(resources: Document) -> None:
    """By keys of SQS, which cost nothing and need no right."""
    queues = of_type(resources, "AWS::SQS::Queue").values()
    assert all(queue["SqsManagedSseEnabled"] for queue in queues)


@each_automation
def test_a_run_has_time_for_the_packages_of_a_batch(resources: Document, wired: Wired) -> None:
    """With as many packages as messages, and all calls that a package can take, half is left."""
    seconds_a_call, seconds_another_call = 0.25, 0.02
    for_a_package = wired.calls * seconds_a_call + wired.other_calls * seconds_another_call
    timeout = resources[wired.function]["Properties"]["Timeout"]
    assert wired.mapping(resources)["BatchSize"] * for_a_package <= timeout / 2


def test_all_runs_together_stay_under_codeartifacts_quotas(resources: Document) -> None:
    """
    At 20 calls a second each, a part of the quotas is left to those who publish and fetch.

    What warms caches and what sweeps count their requests themselves, and not by how many runs
    there are; while a sweep runs, it is throttled with all others, and tries again.
    """
    calls_a_second = 20
    writes_a_second = 100  # User Guide, "Quotas in AWS CodeArtifact"
    runs = {
        wired: wired.mapping(resources)["ScalingConfig"]["MaximumConcurrency"] for wired in WIRED
    }
    writing = sum(most * wired.writes for wired, most in runs.items())
    assert writing * calls_a_second < writes_a_second
    reads_a_second = 800  # as above; the copier's lists of assets among them
    reading = sum(most * wired.at_once for wired, most in runs.items()) * calls_a_second
    left_to_others = 0.25
    assert reading + ASSET_LISTS_PER_SECOND < (1 - left_to_others) * reads_a_second


@each_automation
def test_the_function_has_code_layers_and_settings(resources: Document, wired: Wired) -> None:
    """What runs in Lambda is what the local stack and the tests run."""
    function = resources[wired.function]["Properties"]
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Layers"] == ["StewardLayer", "PolicyLayer"]
    assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": wired.log_group}
    assert function["Environment"]["Variables"] == {
        "STEWARD_MODE": "observe",
        "STEWARD_DOMAIN": "my-company",
        "STEWARD_POLICY": "/opt/policy.json",
        "STEWARD_QUEUE_URL": f"{wired.events}Queue",
        "POWERTOOLS_SERVICE_NAME": wired.automation,
        "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        **OWN_VARIABLES[wired.automation],
    }


@pytest.mark.parametrize("table", ["LedgerTable", "PromotionsTable"])
def test_what_is_remembered_outlives_the_stack(resources: Document, table: str) -> None:
    """`steward restore` needs it, or an audit; without a given name it is in nobody's way."""
    kept = resources[table]
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = kept["Properties"]
    assert "TableName" not in properties
    assert properties["KeySchema"] == [
        {"AttributeName": "package", "KeyType": "HASH"},
        {"AttributeName": "entry", "KeyType": "RANGE"},
    ]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert properties["SSESpecification"] == {"SSEEnabled": True}


@each_automation
def test_every_dead_letter_is_noticed(resources: Document, wired: Wired) -> None:
    """Each queue that must stay empty has an alarm at the first message."""
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        and alarm["Threshold"] == 0
    }
    assert {
        f"{wired.events}DeadLetterQueue.QueueName",
        f"{wired.events}UndeliveredQueue.QueueName",
    } <= watched


@each_automation
def test_a_function_that_fails_or_lags_is_noticed(resources: Document, wired: Wired) -> None:
    """Its errors ring when a batch has failed twice; age when retries cannot explain it."""
    queue = resources[f"{wired.events}Queue"]["Properties"]
    short = wired.function.removesuffix("Function")
    errors = resources[f"{short}ErrorsAlarm"]["Properties"]
    assert errors["Dimensions"] == [{"Name": "FunctionName", "Value": wired.function}]
    assert errors["Period"] >= queue["VisibilityTimeout"]
    assert errors["Period"] % 60 == 0
    age = resources[f"{wired.events}AgeAlarm"]["Properties"]
    assert age["Dimensions"] == [{"Name": "QueueName", "Value": f"{wired.events}Queue.QueueName"}]
    longest_delay = 900  # DelaySeconds of SendMessage, SQS API Reference
    attempts = queue["RedrivePolicy"]["maxReceiveCount"]
    assert age["Threshold"] == attempts * queue["VisibilityTimeout"] + longest_delay


def test_alarms_and_findings_reach_an_inbox_if_one_is_given(resources: Document) -> None:
    """Without an address there is no topic, and the alarms are there all the same."""
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    assert "AttentionTopic" not in resources
    assert all(alarm["AlarmActions"] == [] for alarm in alarms)
    assert json.loads(resources["Deployment"]["Properties"]["Value"])["attentionTopic"] == ""
    heard = deployed(NotificationEmail="platform@example.com")
    alarms = of_type(heard, "AWS::CloudWatch::Alarm").values()
    assert all(alarm["AlarmActions"] == ["AttentionTopic"] for alarm in alarms)
    for function in TELLING:
        variables = heard[function]["Properties"]["Environment"]["Variables"]
        assert variables["STEWARD_ATTENTION_TOPIC"] == "AttentionTopic"
    described = json.loads(heard["Deployment"]["Properties"]["Value"])
    assert described["attentionTopic"] == "AttentionTopic"


def test_an_alarm_names_a_chapter_of_the_runbook(resources: Document) -> None:
    """Whoever is woken finds the page."""
    runbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", runbook, re.MULTILINE)
    for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values():
        chapter = re.search(r'See docs/operations\.md, "([^"]+)"', alarm["AlarmDescription"])
        assert chapter is not None, alarm["AlarmDescription"]
        assert chapter[1] in headings


@pytest.mark.parametrize(
    ("document", "claim"),
    [
        ("README.md", "Lambda hands the function up to {SnapshotBuilds} messages"),
        ("README.md", "(`enforce_origin_controls`: up to {OriginControls}, "),
        ("README.md", " `expire_versions` and `promote_versions`: up to {Promotions})"),
        ("docs/architecture.md", "as above, in batches of up to {Expiry}: ages are asked for"),
        ("README.md", "after five attempts it is in the dead-letter queue"),
        ("docs/architecture.md", "batches of up to {SnapshotBuilds} or {window} seconds"),
        ("docs/architecture.md", "in batches of up to {OriginControls}:"),
        ("docs/architecture.md", "kept for 4 days"),
        ("docs/architecture.md", "after five attempts `SnapshotBuildsDeadLetterQueue`"),
        ("docs/operations.md", "A message failed five times"),
        ("docs/architecture.md", "at most two runs at once"),
        ("docs/operations.md", "Messages are kept for 14 days."),
    ],
)
def test_figures_in_the_documentation_are_those_of_the_template(
    resources: Document, document: str, claim: str
) -> None:
    """A number that is changed in the template is changed where people read it."""
    figures: dict[str, int] = {}
    day = 24 * 60 * 60
    for wired in WIRED:
        mapping = wired.mapping(resources)
        queue = resources[f"{wired.events}Queue"]["Properties"]
        dead_letters = resources[f"{wired.events}DeadLetterQueue"]["Properties"]
        assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
        assert mapping["ScalingConfig"]["MaximumConcurrency"] == 2
        assert queue["MessageRetentionPeriod"] == 4 * day
        assert dead_letters["MessageRetentionPeriod"] == 14 * day
        figures |= {wired.events: mapping["BatchSize"]}
        figures |= {"window": mapping["MaximumBatchingWindowInSeconds"]}
    text = " ".join((ROOT / document).read_text(encoding="utf-8").split())
    assert claim.format(**figures) in text


@pytest.mark.parametrize("environment", ["default", "dev", "prod"])
def test_each_environment_chooses_what_the_template_lets_it_choose(environment: str) -> None:
    """
    A first deployment observes, and the same command later leaves the mode as it is.

    No environment carries an account, a profile or a secret.
    """
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    chosen = configured[environment]["deploy"]["parameters"]
    overrides = dict(pair.split("=") for pair in chosen["parameter_overrides"].split())
    parameters = source()["Parameters"]
    assert overrides.keys() <= parameters.keys()
    if environment == "default":
        assert "Mode" not in overrides
        assert parameters["Mode"]["Default"] == "observe"
    else:
        assert overrides["Mode"] in parameters["Mode"]["AllowedValues"]
    assert chosen["capabilities"] == "CAPABILITY_IAM"
    assert not chosen.keys() & {"profile", "role_arn", "s3_bucket", "region"}


def test_every_resource_says_what_it_is_for_and_what_triggers_it() -> None:
    """Two lines of comment stand above each resource."""
    lines = (ROOT / "template.yaml").read_text(encoding="utf-8").splitlines()
    for name in source()["Resources"]:
        at = lines.index(f"  {name}:")
        assert all(line.startswith("  # ") for line in lines[at - 2 : at]), name
