"""The roles of the template allow what the functions do, and nothing else."""

import pytest

from tests.contract.cloudformation import ACCOUNT, REGION, Document, deployed
from tests.contract.project import automations

PACKAGES = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package/my-company/*"
DEFAULT_BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"

READING = {
    ("logs:CreateLogStream", "UnlistSnapshotBuildsLogGroup.Arn"),
    ("logs:PutLogEvents", "UnlistSnapshotBuildsLogGroup.Arn"),
    ("sqs:ReceiveMessage", "SnapshotBuildsQueue.Arn"),
    ("sqs:DeleteMessage", "SnapshotBuildsQueue.Arn"),
    ("sqs:GetQueueAttributes", "SnapshotBuildsQueue.Arn"),
    ("sqs:SendMessage", "SnapshotBuildsQueue.Arn"),
    ("codeartifact:ListPackageVersions", PACKAGES),
}
CHANGING = {
    ("codeartifact:UpdatePackageVersionsStatus", PACKAGES),
    ("events:PutEvents", DEFAULT_BUS),
}


def allowed(resources: Document, role: str) -> set[tuple[str, str]]:
    """Return the (action, resource) pairs that the role's own policies allow."""
    pairs = set()
    for policy in resources[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            pairs |= {
                (action, resource)
                for action in _several(statement["Action"])
                for resource in _several(statement["Resource"])
            }
    return pairs


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param("observe", READING, id="observing, it can change nothing"),
        pytest.param("enforce", READING | CHANGING, id="enforcing, it can unlist and announce"),
    ],
)
def test_the_function_may_do_what_its_mode_needs(mode: str, expected: set[tuple[str, str]]) -> None:
    """Observe mode is kept by IAM as well as by the code."""
    assert allowed(deployed(Mode=mode), "UnlistSnapshotBuildsFunctionRole") == expected


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_no_role_reaches_everything(mode: str) -> None:
    """No action and no resource is a bare star, and no managed policy brings one in."""
    resources = deployed(Mode=mode)
    roles = [name for name, it in resources.items() if it["Type"] == "AWS::IAM::Role"]
    assert len(roles) == len(automations())
    for role in roles:
        assert "ManagedPolicyArns" not in resources[role]["Properties"]
        for action, resource in allowed(resources, role):
            assert "*" not in action
            assert resource != "*"


def test_announcements_carry_our_own_source() -> None:
    """The function cannot speak on the bus in the name of CodeArtifact."""
    (policy,) = deployed(Mode="enforce")["UnlistSnapshotBuildsFunctionRole"]["Properties"][
        "Policies"
    ]
    (statement,) = (
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "events:PutEvents"
    )
    assert statement["Condition"] == {"StringEquals": {"events:source": "codeartifact.steward"}}


def _several(value: str | list[str]) -> list[str]:
    """Return what IAM takes as one or as a list, as a list."""
    return value if isinstance(value, list) else [value]
