"""The roles of the template allow what the functions do, and nothing else."""

import pytest

from steward.ledger_summary import KEY
from tests.contract.cloudformation import ACCOUNT, REGION, Document, deployed, of_type

PACKAGES = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package/my-company/*"
DEFAULT_BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"

GROUPS = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package-group/my-company/*"
REPOSITORIES = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:repository/my-company/*"
DOMAIN = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:domain/my-company"
SWEEPS = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:codeartifact-steward-sweep-repositories"
SWEEP_FILES = "SweepsBucket.Arn/runs/*"

# The one action that has no resource to name (Service Authorization Reference, AWS Security Token
# Service): GetAuthorizationToken of CodeArtifact asks for it. Its condition is tested below.
WITHOUT_A_RESOURCE = ("sts:GetServiceBearerToken", "*")
# Nor have these ("Logging using CloudWatch Logs", Step Functions Developer Guide).
LOG_DELIVERIES = {
    (f"logs:{action}", "*")
    for action in (
        "CreateLogDelivery",
        "DeleteLogDelivery",
        "DescribeLogGroups",
        "DescribeResourcePolicies",
        "GetLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "UpdateLogDelivery",
    )
}


def _of_every_log(function: str) -> set[tuple[str, str]]:
    """Return what any role may do: write its log."""
    log_group = f"{function}LogGroup.Arn"
    return {("logs:CreateLogStream", log_group), ("logs:PutLogEvents", log_group)}


def _of_a_listener(function: str, queue: str) -> set[tuple[str, str]]:
    """Return what a role may do whose function takes messages of one queue."""
    return {
        *_of_every_log(function),
        ("sqs:ReceiveMessage", f"{queue}.Arn"),
        ("sqs:DeleteMessage", f"{queue}.Arn"),
        ("sqs:GetQueueAttributes", f"{queue}.Arn"),
    }


def _of_every_function(function: str, queue: str, sends_to: str) -> set[tuple[str, str]]:
    """Return what most roles may do: the same, and send messages to one queue."""
    return {*_of_a_listener(function, queue), ("sqs:SendMessage", f"{sends_to}.Arn")}


def _of_a_sweep(function: str) -> set[tuple[str, str]]:
    """Return what the two roles of sweeps may do: their logs and their files."""
    return {
        *_of_every_log(function),
        ("s3:GetObject", SWEEP_FILES),
        ("s3:PutObject", SWEEP_FILES),
        ("s3:ListBucket", "SweepsBucket.Arn"),
    }


def _of_a_watcher(function: str, events: str) -> set[tuple[str, str]]:
    """Return what a role may do whose function looks again by messages to its own queue."""
    return _of_every_function(function, f"{events}Queue", f"{events}Queue")


# By function: what it may do in either mode, and what it may do to enforce the policy.
OBSERVING = {
    "UnlistSnapshotBuilds": {
        *_of_a_watcher("UnlistSnapshotBuilds", "SnapshotBuilds"),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("dynamodb:Query", "LedgerTable.Arn"),  # what is exempt is said in the log in both modes
    },
    "EnforceOriginControls": {
        *_of_a_watcher("EnforceOriginControls", "OriginControls"),
        ("codeartifact:DescribePackage", PACKAGES),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("codeartifact:GetAssociatedPackageGroup", GROUPS),
        # A finding is told in both modes, and remembered so that it is told once.
        ("dynamodb:Query", "LedgerTable.Arn"),
        ("dynamodb:BatchWriteItem", "LedgerTable.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
    # The judge: it looks at everything, and writes down what it decides.
    "PromoteVersions": {
        *_of_a_watcher("PromoteVersions", "Promotions"),
        ("codeartifact:DescribePackage", PACKAGES),
        ("codeartifact:DescribePackageVersion", PACKAGES),
        ("codeartifact:ListPackageVersionAssets", PACKAGES),
        ("codeartifact:ListPackageVersionDependencies", PACKAGES),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("codeartifact:GetAssociatedPackageGroup", GROUPS),
        ("codeartifact:ListAllowedRepositoriesForGroup", GROUPS),
        ("codeartifact:DescribeRepository", REPOSITORIES),
        ("codeartifact:GetRepositoryEndpoint", REPOSITORIES),
        ("codeartifact:ListPackages", REPOSITORIES),
        ("codeartifact:ReadFromRepository", REPOSITORIES),
        ("codeartifact:GetAuthorizationToken", DOMAIN),
        ("codeartifact:ListPackageGroups", DOMAIN),
        WITHOUT_A_RESOURCE,
        ("dynamodb:Query", "PromotionsTable.Arn"),
        ("dynamodb:PutItem", "PromotionsTable.Arn"),
        ("dynamodb:Query", "PromotionsTable.Arn/index/by-state"),
        ("dynamodb:Query", "LedgerTable.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
    # It writes down who has approved, and reads no package.
    "ApprovePromotions": {
        *_of_every_function("ApprovePromotions", "ApprovalsQueue", "PromotionsQueue"),
        ("dynamodb:GetItem", "PromotionsTable.Arn"),
        ("dynamodb:PutItem", "PromotionsTable.Arn"),
    },
    "CopyPromotedVersions": {
        *_of_every_function("CopyPromotedVersions", "CopiesQueue", "PromotionsQueue"),
        ("codeartifact:ListPackageVersionAssets", PACKAGES),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("dynamodb:Query", "PromotionsTable.Arn"),
        ("dynamodb:GetItem", "PromotionsTable.Arn"),
        ("dynamodb:PutItem", "PromotionsTable.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
    # It sees what is missing, but has no token to ask a repository for it.
    "WarmCaches": {
        *_of_a_watcher("WarmCaches", "Warming"),
        ("codeartifact:DescribePackage", PACKAGES),
        ("codeartifact:ListPackageVersionAssets", PACKAGES),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("codeartifact:GetAssociatedPackageGroup", GROUPS),
        ("codeartifact:DescribeRepository", REPOSITORIES),
        ("codeartifact:ListPackages", REPOSITORIES),
        ("dynamodb:Query", "WarmingTable.Arn"),
        ("dynamodb:GetItem", "WarmingTable.Arn"),
        ("dynamodb:PutItem", "WarmingTable.Arn"),
        ("dynamodb:UpdateItem", "WarmingTable.Arn"),
        ("dynamodb:DeleteItem", "WarmingTable.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
    "ExpireVersions": {
        *_of_a_listener("ExpireVersions", "ExpiryQueue"),
        ("codeartifact:DescribePackageVersion", PACKAGES),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("dynamodb:Query", "LedgerTable.Arn"),
        ("dynamodb:Query", "PromotionsTable.Arn"),
    },
    # The half that reads is the same in both modes.
    "PlanSweep": {
        *_of_a_sweep("PlanSweep"),
        ("states:ListExecutions", SWEEPS),
        ("codeartifact:ListRepositoriesInDomain", DOMAIN),
        ("codeartifact:ListPackages", REPOSITORIES),
        ("codeartifact:DescribePackageVersion", PACKAGES),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("codeartifact:GetAssociatedPackageGroup", GROUPS),
        ("dynamodb:Query", "LedgerTable.Arn"),
        ("dynamodb:GetItem", "LedgerTable.Arn"),
        ("dynamodb:Scan", "LedgerTable.Arn"),
        ("dynamodb:PutItem", "LedgerTable.Arn"),  # of one item; its condition is tested below
        ("dynamodb:Query", "PromotionsTable.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
    # The half that writes sees nothing but the plan, and nobody calls it.
    "ApplySweep": _of_a_sweep("ApplySweep"),
}
ENFORCING = {
    "UnlistSnapshotBuilds": {
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
        ("dynamodb:BatchWriteItem", "LedgerTable.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
    "EnforceOriginControls": {
        ("codeartifact:PutPackageOriginConfiguration", PACKAGES),
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
    },
    "PromoteVersions": {
        ("sqs:SendMessage", "CopiesQueue.Arn"),
        ("dynamodb:BatchWriteItem", "LedgerTable.Arn"),  # recalls, of which there are none before
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
    },
    "ApprovePromotions": set(),
    "CopyPromotedVersions": {
        ("codeartifact:CopyPackageVersions", REPOSITORIES),
        ("codeartifact:ReadFromRepository", REPOSITORIES),
        ("codeartifact:CopyPackageVersions", PACKAGES),
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
    },
    "WarmCaches": {
        ("codeartifact:GetRepositoryEndpoint", REPOSITORIES),
        ("codeartifact:ReadFromRepository", REPOSITORIES),
        ("codeartifact:GetAuthorizationToken", DOMAIN),
        WITHOUT_A_RESOURCE,
        # A file that is not the lock file's: where a rule says so, its version is archived.
        ("dynamodb:Query", "LedgerTable.Arn"),
        ("dynamodb:BatchWriteItem", "LedgerTable.Arn"),
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
    },
    # On events nothing is disposed of, and nothing deleted.
    "ExpireVersions": {
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
        ("dynamodb:BatchWriteItem", "LedgerTable.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
    "PlanSweep": set(),
    "ApplySweep": {
        ("codeartifact:DeletePackageVersions", PACKAGES),
        ("codeartifact:DescribePackage", PACKAGES),
        ("codeartifact:DisposePackageVersions", PACKAGES),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("codeartifact:PutPackageOriginConfiguration", PACKAGES),
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
        ("dynamodb:Query", "LedgerTable.Arn"),
        ("dynamodb:GetItem", "LedgerTable.Arn"),
        ("dynamodb:BatchWriteItem", "LedgerTable.Arn"),
        ("sqs:SendMessage", "PromotionsQueue.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
}
TELLS = {
    "EnforceOriginControls",
    "PromoteVersions",
    "CopyPromotedVersions",
    "WarmCaches",
    "PlanSweep",
    "ApplySweep",
}
# Who reminds what: the role of its schedules, and what its queues begin with.
SCHEDULES = {"PromotionSchedulesRole": "Promotions", "WarmingScheduleRole": "Warming"}
each_function = pytest.mark.parametrize("function", OBSERVING)


def statements(resources: Document, role: str) -> list[Document]:
    """Return the statements of the role's own policies."""
    return [
        statement
        for policy in resources[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def allowed(resources: Document, role: str) -> set[tuple[str, str]]:
    """Return the (action, resource) pairs that the role's own policies allow."""
    assert all(statement["Effect"] == "Allow" for statement in statements(resources, role))
    return {
        (action, resource)
        for statement in statements(resources, role)
        for action in _several(statement["Action"])
        for resource in _several(statement["Resource"])
    }


@each_function
def test_an_observing_function_can_change_no_package(function: str) -> None:
    """Observe mode is kept by IAM as well as by the code."""
    assert allowed(deployed(Mode="observe"), f"{function}FunctionRole") == OBSERVING[function]


@each_function
def test_an_enforcing_function_may_do_what_its_policy_asks(function: str) -> None:
    """And nothing else: it deletes nothing, publishes nothing and changes no repository."""
    expected = OBSERVING[function] | ENFORCING[function]
    assert allowed(deployed(Mode="enforce"), f"{function}FunctionRole") == expected


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_findings_are_told_to_whoever_listens_in_both_modes(mode: str) -> None:
    """The right to publish is there with the topic; who listens to alarms only has no more."""
    heard = deployed(Mode=mode, NotificationEmail="platform@example.com")
    silent = deployed(Mode=mode)
    for function in OBSERVING:
        role = f"{function}FunctionRole"
        more = {("sns:Publish", "AttentionTopic")} if function in TELLS else set()
        assert allowed(heard, role) - allowed(silent, role) == more


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_no_role_reaches_everything(mode: str) -> None:
    """No action, and hardly a resource, is a star; no managed policy brings one in."""
    resources = deployed(Mode=mode, NotificationEmail="platform@example.com")
    roles = {name for name, it in resources.items() if it["Type"] == "AWS::IAM::Role"}
    others = {*SCHEDULES, "SweepScheduleRole", "SweepRepositoriesStateMachineRole"}
    assert roles == {f"{function}FunctionRole" for function in OBSERVING} | others
    for role in roles:
        assert "ManagedPolicyArns" not in resources[role]["Properties"]
        excepted = {WITHOUT_A_RESOURCE} | (
            LOG_DELIVERIES if role == "SweepRepositoriesStateMachineRole" else set()
        )
        for action, resource in allowed(resources, role) - excepted:
            assert "*" not in action
            assert resource != "*"


def test_what_has_no_resource_is_for_codeartifact_only() -> None:
    """A bearer token of another service can be had by none, and one of CodeArtifact by two."""
    resources = deployed(Mode="enforce")
    asking = {
        name: statement
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in statements(resources, name)
        if "sts:GetServiceBearerToken" in _several(statement["Action"])
    }
    assert asking.keys() == {"PromoteVersionsFunctionRole", "WarmCachesFunctionRole"}
    for statement in asking.values():
        assert statement["Action"] == "sts:GetServiceBearerToken"
        assert statement["Condition"] == {
            "StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}
        }


def test_only_one_role_may_copy() -> None:
    """And that one judges nothing: it cannot ask OSV's questions, nor order a copy of its own."""
    resources = deployed(Mode="enforce", NotificationEmail="platform@example.com")
    copying = {
        function
        for function in OBSERVING
        for action, _ in allowed(resources, f"{function}FunctionRole")
        if action == "codeartifact:CopyPackageVersions"
    }
    assert copying == {"CopyPromotedVersions"}
    assert ("sqs:SendMessage", "CopiesQueue.Arn") not in allowed(
        resources, "CopyPromotedVersionsFunctionRole"
    )


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_only_the_writing_half_of_sweeps_may_delete(mode: str) -> None:
    """In observe mode nobody may; what looks at packages and what hears of events never may."""
    resources = deployed(Mode=mode, NotificationEmail="platform@example.com")
    deleting = {
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
        for action, _ in allowed(resources, name)
        if action in {"codeartifact:DeletePackageVersions", "codeartifact:DisposePackageVersions"}
    }
    assert deleting == ({"ApplySweepFunctionRole"} if mode == "enforce" else set())


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_a_sweep_itself_may_only_run_its_two_functions(mode: str) -> None:
    """And its own batches, which are executions too; Step Functions alone takes the role for it."""
    resources = deployed(Mode=mode)
    role = "SweepRepositoriesStateMachineRole"
    executions = SWEEPS.replace(":stateMachine:", ":execution:")
    assert allowed(resources, role) - LOG_DELIVERIES == {
        ("lambda:InvokeFunction", "PlanSweepFunction.Arn"),
        ("lambda:InvokeFunction", "ApplySweepFunction.Arn"),
        ("s3:GetObject", SWEEP_FILES),
        ("states:StartExecution", SWEEPS),
        *(
            (f"states:{action}Execution", f"{executions}{batches}")
            for action in ("Describe", "Stop", "Redrive")
            for batches in (":*", "/*")
        ),
    }
    (statement,) = resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "states.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"{SWEEPS}*"},
    }


def test_the_schedule_of_sweeps_may_only_start_one() -> None:
    """Or say that it could not."""
    resources = deployed(Mode="enforce")
    assert allowed(resources, "SweepScheduleRole") == {
        ("states:StartExecution", "SweepRepositoriesStateMachine"),
        ("sqs:SendMessage", "SweepUndeliveredQueue.Arn"),
    }


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_no_role_of_ours_may_approve(mode: str) -> None:
    """`sqs:SendMessage` on `ApprovalsQueue` is a person's right, and given by no policy here."""
    resources = deployed(Mode=mode, NotificationEmail="platform@example.com")
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            assert ("sqs:SendMessage", "ApprovalsQueue.Arn") not in allowed(resources, name)
        if resource["Type"] == "AWS::SQS::QueuePolicy":
            assert "ApprovalsQueue" not in resource["Properties"]["Queues"]


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_lock_files_can_be_read_where_a_bucket_is_named(mode: str) -> None:
    """Its objects by those who know their keys; nothing of it is listed, and nothing written."""
    named = deployed(Mode=mode, LockfilesBucket="locks.my-company")
    unnamed = deployed(Mode=mode)
    for function in OBSERVING:
        role = f"{function}FunctionRole"
        more = {("s3:GetObject", "arn:aws:s3:::locks.my-company/*")}
        expected = more if function == "WarmCaches" else set()
        assert allowed(named, role) - allowed(unnamed, role) == expected


@pytest.mark.parametrize("role", SCHEDULES)
def test_schedules_may_only_remind(role: str) -> None:
    """They put a message on a queue, or where someone finds it."""
    assert allowed(deployed(Mode="enforce"), role) == {
        ("sqs:SendMessage", f"{SCHEDULES[role]}Queue.Arn"),
        ("sqs:SendMessage", f"{SCHEDULES[role]}UndeliveredQueue.Arn"),
    }


@pytest.mark.parametrize("role", [*SCHEDULES, "SweepScheduleRole"])
def test_schedules_alone_take_their_roles(role: str) -> None:
    """Nobody but EventBridge Scheduler, for this account's own schedules."""
    resources = deployed(Mode="enforce")
    trust = resources[role]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    # A schedule group: a schedule of its own is not accepted there ("Confused deputy prevention",
    # EventBridge Scheduler User Guide).
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/default"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}
    }
    schedules = of_type(resources, "AWS::Scheduler::Schedule").values()
    assert all("GroupName" not in schedule for schedule in schedules)


@pytest.mark.parametrize("function", [name for name in OBSERVING if name != "ApprovePromotions"])
def test_announcements_carry_our_own_source(function: str) -> None:
    """The function cannot speak on the bus in the name of CodeArtifact."""
    (statement,) = (
        statement
        for statement in statements(deployed(Mode="enforce"), f"{function}FunctionRole")
        if statement["Action"] == "events:PutEvents"
    )
    assert statement["Condition"] == {"StringEquals": {"events:source": "codeartifact.steward"}}


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_the_reading_half_of_sweeps_writes_one_item_of_the_ledger(mode: str) -> None:
    """It can exempt nothing, and record no change that nobody has made."""
    (statement,) = (
        statement
        for statement in statements(deployed(Mode=mode), "PlanSweepFunctionRole")
        if "dynamodb:PutItem" in _several(statement["Action"])
    )
    assert statement["Action"] == "dynamodb:PutItem"
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [KEY["package"]["S"]]},
        "Null": {"dynamodb:LeadingKeys": "false"},  # for all values also holds where there is none
    }


def _several(value: str | list[str]) -> list[str]:
    """Return what IAM takes as one or as a list, as a list."""
    return value if isinstance(value, list) else [value]
