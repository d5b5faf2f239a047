"""What starts a sweep, takes its steps, keeps its files and watches it, stands in the template."""

import json
import re
from typing import cast

import pytest
import yaml

from steward.call_budget import Budget
from sweep_repositories import runs, shares
from sweep_repositories.batches import PACKAGES_PER_BATCH
from tests.contract.cloudformation import Document, deployed, of_type, source
from tests.contract.project import FUNCTIONS, ROOT

DAY = 24 * 60 * 60
TEXT = (FUNCTIONS / "sweep_repositories" / "sweep.asl.yaml").read_text(encoding="utf-8")
DEFINITION = cast("Document", yaml.safe_load(TEXT))
EVENTS = ROOT / "events"
HALVES = {"PlanSweep": "sweep_repositories.app", "ApplySweep": "sweep_repositories.apply_app"}
each_half = pytest.mark.parametrize("half", HALVES)


@pytest.fixture(scope="module")
def resources() -> Document:
    """What a deployment with the default parameters makes."""
    return deployed()


def tasks(states: Document) -> list[Document]:
    """Return the tasks of a definition, those inside of its maps among them."""
    found: list[Document] = []
    for state in states.values():
        if state["Type"] == "Task":
            found.append(state)
        if state["Type"] == "Map":
            found += tasks(state["ItemProcessor"]["States"])
    return found


TASKS = {task["Parameters"]["Payload"]["step"]: task for task in tasks(DEFINITION["States"])}
MAPS = {name: state for name, state in DEFINITION["States"].items() if state["Type"] == "Map"}


def test_the_clock_starts_a_sweep_each_night(resources: Document) -> None:
    """Of everything, by an input that the function reads; one that cannot be started is kept."""
    schedule = resources["SweepRepositoriesSchedule"]["Properties"]
    target = schedule["Target"]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(0 1 * * ? *)", "ENABLED")
    assert target["Arn"] == "SweepRepositoriesStateMachine"
    assert target["RoleArn"] == "SweepScheduleRole.Arn"
    assert target["DeadLetterConfig"] == {"Arn": "SweepUndeliveredQueue.Arn"}
    assert runs.request_in(json.loads(target["Input"])) == runs.Request()


def test_the_schedule_can_be_another_one_or_none() -> None:
    """As people say it."""
    changed = deployed(SweepSchedule="rate(7 days)", SweepState="DISABLED")
    schedule = changed["SweepRepositoriesSchedule"]["Properties"]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(7 days)", "DISABLED")
    parameters = source()["Parameters"]
    same = {parameters[name]["AllowedPattern"] for name in ("SweepSchedule", "WarmingSchedule")}
    assert len(same) == 1
    assert re.fullmatch(same.pop(), parameters["SweepSchedule"]["Default"])


def test_the_definition_gets_a_value_for_each_of_its_names(resources: Document) -> None:
    """No more and no less: in AWS, what has no value stays as it stands there."""
    given = resources["SweepRepositoriesStateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == given.keys()
    assert given == {
        "PlanSweepFunction": "PlanSweepFunction.Arn",
        "ApplySweepFunction": "ApplySweepFunction.Arn",
        "SweepsBucket": "SweepsBucket",
    }


def test_the_definition_has_numbers_where_numbers_belong() -> None:
    """CloudFormation makes JSON of the file before it substitutes: a substituted one is a text."""
    assert isinstance(DEFINITION["TimeoutSeconds"], int)
    for state in MAPS.values():
        assert isinstance(state["MaxConcurrency"], int)
        assert isinstance(state["ToleratedFailureCount"], int)
    for task in TASKS.values():
        for retry in task["Retry"]:
            assert all(isinstance(retry.get(key, 0), int) for key in ("MaxAttempts", "BackoffRate"))
            assert isinstance(retry.get("IntervalSeconds", 0), int)


def test_a_sweep_ends_before_the_day_after_tomorrows() -> None:
    """Below a day: by default, that is when the next one begins."""
    assert DEFINITION["TimeoutSeconds"] < DAY


def test_reading_steps_are_taken_by_the_half_that_reads() -> None:
    """What may delete is asked to apply, and nothing else."""
    assert {step: task["Parameters"]["FunctionName"] for step, task in TASKS.items()} == {
        **dict.fromkeys(("begin", "list", "gather", "weigh", "summarize"), "${PlanSweepFunction}"),
        "apply": "${ApplySweepFunction}",
    }


@pytest.mark.parametrize("state", MAPS)
def test_all_workers_together_stay_under_codeartifacts_quotas(state: str) -> None:
    """And near them: that is what bounds the time of a sweep."""
    quotas = Budget(lists=200, reads=800, writes=100)  # User Guide, "Quotas in AWS CodeArtifact"
    workers = MAPS[state]["MaxConcurrency"]
    assert workers == shares.WORKERS
    assert 0.95 * quotas.lists <= workers * shares.SHARE.lists <= quotas.lists
    assert 0.95 * quotas.writes <= workers * shares.SHARE.writes <= quotas.writes
    assert workers * shares.SHARE.reads <= 0.9 * quotas.reads


def test_few_batches_may_fail() -> None:
    """As many packages as the definition and the runbook say."""
    failing = {state["ToleratedFailureCount"] for state in MAPS.values()}
    assert failing == {10}
    packages = f"{10 * PACKAGES_PER_BATCH:,}"
    assert f"at most {packages} packages" in " ".join(TEXT.replace("#", "").split())
    runbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"{packages} packages" in runbook


@pytest.mark.parametrize("step", TASKS)
def test_a_sample_of_each_step_is_what_the_definition_hands_on(step: str) -> None:
    """Member by member."""
    sample = json.loads((EVENTS / f"sweep-{step}.json").read_text(encoding="utf-8"))
    payload = TASKS[step]["Parameters"]["Payload"]
    assert [*sample] == [name.removesuffix(".$") for name in payload]
    assert sample["step"] == step


def test_every_sample_of_a_sweep_is_a_step_or_what_a_person_asks_for() -> None:
    """None is left over."""
    names = {path.stem.removeprefix("sweep-") for path in EVENTS.glob("sweep-*.json")}
    assert names == {*TASKS, "requested"}


def test_a_sample_of_what_a_person_asks_for_is_read() -> None:
    """As the first step reads the input of the execution."""
    sample = json.loads((EVENTS / "sweep-requested.json").read_text(encoding="utf-8"))
    asked = runs.request_in(sample)
    assert asked == runs.Request(
        policy_digest=None,
        allow_deletions=800,
        repositories=("my-maven-repo",),
        requested_by="arn:aws:sts::012345678901:assumed-role/platform/ana",
        plan_only=False,
    )


@each_half
def test_a_half_has_code_layers_and_settings(resources: Document, half: str) -> None:
    """All that it knows comes from the template."""
    function = resources[f"{half}Function"]["Properties"]
    assert function["Handler"] == f"{HALVES[half]}.handler"
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Layers"] == ["StewardLayer", "PolicyLayer"]
    assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": f"{half}LogGroup"}
    assert function["Timeout"] == 900  # the longest: "Lambda quotas", Lambda Developer Guide
    own = {
        "PlanSweep": {"STEWARD_PROMOTIONS_TABLE": "PromotionsTable"},
        "ApplySweep": {"STEWARD_PROMOTIONS_QUEUE_URL": "PromotionsQueue"},
    }
    assert function["Environment"]["Variables"] == {
        "STEWARD_MODE": "observe",
        "STEWARD_DOMAIN": "my-company",
        "STEWARD_POLICY": "/opt/policy.json",
        "STEWARD_SWEEPS_BUCKET": "SweepsBucket",
        "STEWARD_LEDGER_TABLE": "LedgerTable",
        "STEWARD_ATTENTION_TOPIC": "",
        **own[half],
        "POWERTOOLS_SERVICE_NAME": "sweep_repositories",
        "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


@each_half
def test_a_half_is_built_with_all_automations_that_it_asks(half: str) -> None:
    """A module that is not in its artefact is missing only in AWS."""
    makefile = (FUNCTIONS / "Makefile").read_text(encoding="utf-8")
    assert f"\nbuild-{half}Function:\n\t$(call BUILD,$(SWEPT))\n" in makefile
    swept = re.search(r"^SWEPT := (.*)$", makefile, re.MULTILINE)
    assert swept is not None
    asked = {
        module
        for path in (FUNCTIONS / "sweep_repositories").rglob("*.py")
        for module in re.findall(
            r"^\s*(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
        if (FUNCTIONS / module).is_dir()
    }
    assert asked <= set(swept[1].split())


def test_nobody_reads_the_files_of_sweeps_but_who_may(resources: Document) -> None:
    """They name packages: private, encrypted at rest and on the way, forgotten after a month."""
    bucket = resources["SweepsBucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = bucket["Properties"]
    assert "BucketName" not in properties
    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 30)
    policy = resources["SweepsBucketPolicy"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Resource"] == ["SweepsBucket.Arn", "SweepsBucket.Arn/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_the_log_of_a_sweep_holds_what_failed(resources: Document) -> None:
    """Below the prefix that keeps the resource policy of CloudWatch Logs short."""
    logging = resources["SweepRepositoriesStateMachine"]["Properties"]["LoggingConfiguration"]
    assert logging["Level"] == "ERROR"
    group = resources["SweepRepositoriesLogGroup"]["Properties"]["LogGroupName"]
    assert group.startswith("/aws/vendedlogs/states/")


@pytest.mark.parametrize(
    ("alarm", "metric"),
    [("SweepFailedAlarm", "ExecutionsFailed"), ("SweepTimedOutAlarm", "ExecutionsTimedOut")],
)
def test_a_sweep_that_does_not_end_well_rings(resources: Document, alarm: str, metric: str) -> None:
    """At the first one."""
    watched = resources[alarm]["Properties"]
    assert (watched["Namespace"], watched["MetricName"]) == ("AWS/States", metric)
    assert watched["Dimensions"] == [
        {"Name": "StateMachineArn", "Value": "SweepRepositoriesStateMachine"}
    ]
    assert watched["Threshold"] == 0


@pytest.mark.parametrize(
    ("alarm", "metric"),
    [("SweepStoppedAlarm", "SweepsStopped"), ("SweepPackagesFailedAlarm", "SweepPackagesFailed")],
)
def test_a_sweep_that_needs_a_person_rings(resources: Document, alarm: str, metric: str) -> None:
    """The metric has the namespace and the service that the function counts under."""
    watched = resources[alarm]["Properties"]
    variables = resources["PlanSweepFunction"]["Properties"]["Environment"]["Variables"]
    assert watched["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert watched["Dimensions"] == [
        {"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}
    ]
    assert (watched["MetricName"], watched["Statistic"], watched["Threshold"]) == (metric, "Sum", 0)


def test_a_sweep_that_was_not_started_rings(resources: Document) -> None:
    """What EventBridge Scheduler gives up is kept for two weeks."""
    alarm = resources["SweepUndeliveredAlarm"]["Properties"]
    assert alarm["Dimensions"] == [
        {"Name": "QueueName", "Value": "SweepUndeliveredQueue.QueueName"}
    ]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    queue = resources["SweepUndeliveredQueue"]["Properties"]
    assert queue["MessageRetentionPeriod"] == 14 * DAY


def test_refused_runs_of_every_function_ring(resources: Document) -> None:
    """A function that is left out could be refused for days."""
    metrics = resources["ThrottlesAlarm"]["Properties"]["Metrics"]
    summed, *each = metrics
    assert summed["Expression"] == "SUM(METRICS())"
    watched = {
        dimension["Value"]
        for one in each
        for dimension in one["MetricStat"]["Metric"]["Dimensions"]
        if one["MetricStat"]["Metric"]["MetricName"] == "Throttles"
    }
    assert watched == set(of_type(resources, "AWS::Lambda::Function"))
    assert len(metrics) <= 11  # ten and their sum
