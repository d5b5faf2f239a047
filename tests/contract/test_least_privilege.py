"""The roles of the template allow what the functions do, and nothing else."""

import pytest

from tests.contract.cloudformation import ACCOUNT, REGION, Document, deployed
from tests.contract.project import automations

PACKAGES = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package/my-company/*"
DEFAULT_BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"

GROUPS = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package-group/my-company/*"


def _of_every_function(function: str, queue: str) -> set[tuple[str, str]]:
    """Return what any role may do: write its log, and take and send messages of its queue."""
    log_group = f"{function}LogGroup.Arn"
    return {
        ("logs:CreateLogStream", log_group),
        ("logs:PutLogEvents", log_group),
        ("sqs:ReceiveMessage", f"{queue}.Arn"),
        ("sqs:DeleteMessage", f"{queue}.Arn"),
        ("sqs:GetQueueAttributes", f"{queue}.Arn"),
        ("sqs:SendMessage", f"{queue}.Arn"),
    }


# By function: what it may do in either mode, and what it may do to enforce the policy.
OBSERVING = {
    "UnlistSnapshotBuilds": {
        *_of_every_function("UnlistSnapshotBuilds", "SnapshotBuildsQueue"),
        ("codeartifact:ListPackageVersions", PACKAGES),
    },
    "EnforceOriginControls": {
        *_of_every_function("EnforceOriginControls", "OriginControlsQueue"),
        ("codeartifact:DescribePackage", PACKAGES),
        ("codeartifact:ListPackageVersions", PACKAGES),
        ("codeartifact:GetAssociatedPackageGroup", GROUPS),
        # A finding is told in both modes, and remembered so that it is told once.
        ("dynamodb:Query", "LedgerTable.Arn"),
        ("dynamodb:BatchWriteItem", "LedgerTable.Arn"),
        ("events:PutEvents", DEFAULT_BUS),
    },
}
ENFORCING = {
    "UnlistSnapshotBuilds": {
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
        ("events:PutEvents", DEFAULT_BUS),
    },
    "EnforceOriginControls": {
        ("codeartifact:PutPackageOriginConfiguration", PACKAGES),
        ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
    },
}
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
    role = "EnforceOriginControlsFunctionRole"
    assert allowed(heard, role) - allowed(silent, role) == {("sns:Publish", "AttentionTopic")}
    role = "UnlistSnapshotBuildsFunctionRole"
    assert allowed(heard, role) == allowed(silent, role)


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_no_role_reaches_everything(mode: str) -> None:
    """No action and no resource is a bare star, and no managed policy brings one in."""
    resources = deployed(Mode=mode, NotificationEmail="platform@example.com")
    roles = [name for name, it in resources.items() if it["Type"] == "AWS::IAM::Role"]
    assert len(roles) == len(automations())
    for role in roles:
        assert "ManagedPolicyArns" not in resources[role]["Properties"]
        for action, resource in allowed(resources, role):
            assert "*" not in action
            assert resource != "*"


@each_function
def test_announcements_carry_our_own_source(function: str) -> None:
    """The function cannot speak on the bus in the name of CodeArtifact."""
    (statement,) = (
        statement
        for statement in statements(deployed(Mode="enforce"), f"{function}FunctionRole")
        if statement["Action"] == "events:PutEvents"
    )
    assert statement["Condition"] == {"StringEquals": {"events:source": "codeartifact.steward"}}


def _several(value: str | list[str]) -> list[str]:
    """Return what IAM takes as one or as a list, as a list."""
    return value if isinstance(value, list) else [value]
