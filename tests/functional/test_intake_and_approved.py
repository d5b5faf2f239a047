"""The example `examples/intake-and-approved`, played: nothing gets past the gates."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from cli.main import steward
from cli.stack.function_logs import FunctionLogs
from cli.stack.stack import LocalStack, StackOptions
from promote_versions.bypass import Way
from promote_versions.topology import Topology
from steward.codeartifact import CodeArtifactService
from steward.coordinates import Package, Repository
from steward.package_groups import PackageGroups
from steward.policy import load
from steward.policy_file import compile_policy
from steward.repositories import ServiceRepositories

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.literals import PackageGroupOriginRestrictionTypeType

EXAMPLE = Path(__file__).parents[2] / "examples" / "intake-and-approved"
ACCOUNT = "012345678901"
COPIER = f"arn:aws:iam::{ACCOUNT}:role/copier"
APPROVED = ["pypi-approved", "npm-approved", "maven-approved"]


@contextmanager
def played(**parameters: str) -> Iterator[LocalStack]:
    """Play the example's template with *parameters*."""
    options = StackOptions(
        compiled_policy='{"domain": "my-company"}',
        template=EXAMPLE / "template.yaml",
        parameters=parameters,
    )
    with LocalStack(options, logs=FunctionLogs(echo=io.StringIO())) as stack:
        yield stack


@pytest.fixture(scope="module")
def example() -> Iterator[LocalStack]:
    """The example as it is deployed when the copier's role is known."""
    with played(CopierRoleArn=COPIER) as stack:
        yield stack


def client(stack: LocalStack) -> CodeArtifactClient:
    """Return a client that may do whatever no policy forbids."""
    session = botocore.session.Session()
    session.set_credentials(ACCOUNT, "anything")
    made: CodeArtifactClient = session.create_client(
        "codeartifact", region_name="us-west-2", endpoint_url=stack.endpoint
    )
    return made


def check(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Result:
    """Run `steward policy check --live` on the example's policy."""
    for name, value in {
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    command = ["policy", "check", "--live", "--domain-owner", ACCOUNT]
    return CliRunner().invoke(steward, [*command, "--policy", str(EXAMPLE / "policy.yaml")])


def test_the_live_check_has_nothing_to_say(
    example: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each repository of the policy is there, and no way leads around a gate."""
    result = check(example, monkeypatch, tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")


def test_all_of_the_template_is_played(example: LocalStack) -> None:
    """So that what holds here is what the template says."""
    assert example.unplayed == []


@pytest.mark.parametrize("repository", APPROVED)
def test_an_approved_repository_asks_nobody(example: LocalStack, repository: str) -> None:
    """It has neither an upstream nor an external connection."""
    described = client(example).describe_repository(domain="my-company", repository=repository)
    assert described["repository"]["upstreams"] == []
    assert described["repository"]["externalConnections"] == []


@pytest.mark.parametrize(
    ("package_format", "connection"),
    [("pypi", "public:pypi"), ("npm", "public:npmjs"), ("maven", "public:maven-central")],
)
def test_an_intake_reaches_the_public_repository(
    example: LocalStack, package_format: str, connection: str
) -> None:
    """Through its store, where what was fetched is kept."""
    intake = client(example).describe_repository(
        domain="my-company", repository=f"{package_format}-intake"
    )["repository"]
    store = client(example).describe_repository(
        domain="my-company", repository=f"{package_format}-store"
    )["repository"]
    assert intake["upstreams"] == [{"repositoryName": f"{package_format}-store"}]
    assert [one["externalConnectionName"] for one in store["externalConnections"]] == [connection]


@pytest.mark.parametrize("package_format", ["pypi", "npm", "maven"])
def test_package_groups_let_versions_in_by_one_way_only(
    example: LocalStack, package_format: str
) -> None:
    """From outside into the store, from there into the intake; nobody said so of approved."""
    found = client(example).describe_package_group(
        domain="my-company", packageGroup=f"/{package_format}/*"
    )["packageGroup"]["originConfiguration"]["restrictions"]
    assert found["PUBLISH"]["mode"] == "INHERIT"
    ways: list[tuple[PackageGroupOriginRestrictionTypeType, str]] = [
        ("EXTERNAL_UPSTREAM", "store"),
        ("INTERNAL_UPSTREAM", "intake"),
    ]
    for kind, repository in ways:
        allowed = client(example).list_allowed_repositories_for_group(
            domain="my-company",
            packageGroup=f"/{package_format}/*",
            originRestrictionType=kind,
        )["allowedRepositories"]
        assert allowed == [f"{package_format}-{repository}"]


def beside(folder: Path, data: Path | None = None) -> LocalStack:
    """Return a stack of a small template that makes the example's domain first."""
    template = folder / "template.yaml"
    template.write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}")
    options = StackOptions(
        compiled_policy='{"domain": "my-company"}',
        template=template,
        data=data,
        domain_templates=(EXAMPLE / "template.yaml",),
    )
    return LocalStack(options, logs=FunctionLogs(echo=io.StringIO()))


def test_a_stack_makes_the_example_beside_its_own_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are there: the stack's queue, and the domain with nothing to say against it."""
    with beside(tmp_path) as stack:
        assert stack.reference("Queue").endswith("/codeartifact-steward-Queue")
        result = check(stack, monkeypatch, tmp_path)
        assert (result.exit_code, result.stderr) == (0, "")


def test_a_domain_that_was_kept_is_left_as_it_is(tmp_path: Path) -> None:
    """A second start with the same folder makes what is missing, and takes nothing back."""
    with beside(tmp_path, tmp_path / "state") as stack:
        client(stack).delete_repository(domain="my-company", repository="npm-approved")
        client(stack).update_repository(
            domain="my-company", repository="pypi-intake", description="Ours"
        )
    with beside(tmp_path, tmp_path / "state") as stack:
        described = [
            client(stack).describe_repository(domain="my-company", repository=name)["repository"]
            for name in ("pypi-intake", "npm-approved")
        ]
        found = client(stack).list_repositories_in_domain(domain="my-company")["repositories"]
    assert described[0]["description"] == "Ours"
    assert described[0]["upstreams"] == [{"repositoryName": "pypi-store"}]
    assert len(found) == 9


def test_of_a_domain_s_template_nothing_but_codeartifact_s_is_made(tmp_path: Path) -> None:
    """The rest is named; what refers to it gets a name all the same."""
    template = tmp_path / "domain.yaml"
    template.write_text(
        "Parameters: {DomainName: {Type: String}}\n"
        "Resources:\n"
        "  Key: {Type: AWS::KMS::Key}\n"
        "  Queue: {Type: AWS::SQS::Queue}\n"
        "  Domain:\n"
        "    Type: AWS::CodeArtifact::Domain\n"
        "    Properties: {DomainName: !Ref DomainName, EncryptionKey: !GetAtt Key.Arn}\n"
    )
    stack = beside(tmp_path)
    stack.options = replace(stack.options, domain_templates=(template,))
    with stack:
        assert client(stack).describe_domain(domain="my-company")["domain"]["name"] == "my-company"
        assert [part.resource_type for part in stack.unplayed] == [
            "AWS::KMS::Key",
            "AWS::SQS::Queue",
        ]
        assert {part.reason for part in stack.unplayed} == {
            "of this template, only what is CodeArtifact's is made"
        }


def way_around(stack: LocalStack, folder: Path) -> Way | None:
    """Return by which way `requests` gets into `pypi-approved` past the example's rule."""
    compiled = folder / "policy.json"
    text = (EXAMPLE / "policy.yaml").read_text(encoding="utf-8")
    compiled.write_text(compile_policy(text, "policy.yaml"), encoding="utf-8")
    intake = Repository("my-company", ACCOUNT, "pypi-intake")
    package = Package(intake, "pypi", None, "requests")
    (rule,) = load(compiled).promotion_rules_for(package)
    asked = client(stack)
    topology = Topology(
        ServiceRepositories(asked),
        CodeArtifactService(asked),
        lambda domain, owner: PackageGroups(asked, domain=domain, domain_owner=owner),
    )
    return topology.way_around(rule, package)


@pytest.mark.parametrize(
    "connect", ["an upstream", "an external connection"], ids=lambda how: f"by {how}"
)
def test_the_groups_stay_shut_when_somebody_opens_a_repository(
    tmp_path: Path, connect: str
) -> None:
    """The second lock: nothing gets in by the new way; without the group, it would."""
    with played() as stack:
        if connect == "an upstream":
            client(stack).update_repository(
                domain="my-company",
                repository="pypi-approved",
                upstreams=[{"repositoryName": "pypi-intake"}],
            )
        else:
            client(stack).associate_external_connection(
                domain="my-company", repository="pypi-approved", externalConnection="public:pypi"
            )
        assert way_around(stack, tmp_path) is None
        client(stack).delete_package_group(domain="my-company", packageGroup="/pypi/*")
        assert way_around(stack, tmp_path) is not None


def test_nobody_publishes_into_an_approved_repository(example: LocalStack) -> None:
    """Not even who may do anything else in the account."""
    with pytest.raises(ClientError, match="AccessDenied"):
        publish(client(example), "pypi-approved")


def publish(codeartifact: CodeArtifactClient, repository: str) -> None:
    """Publish a generic version, which the API can."""
    content = b"content"
    codeartifact.publish_package_version(
        domain="my-company",
        repository=repository,
        format="generic",
        namespace="mycompany",
        package="tool",
        packageVersion="1.0",
        assetName="tool.txt",
        assetContent=content,
        assetSHA256=hashlib.sha256(content).hexdigest(),
    )


def copy(stack: LocalStack) -> None:
    """Copy a version into an approved repository, past every gate."""
    publish(client(stack), "pypi-intake")
    client(stack).copy_package_versions(
        domain="my-company",
        sourceRepository="pypi-intake",
        destinationRepository="pypi-approved",
        format="generic",
        namespace="mycompany",
        package="tool",
        versions=["1.0"],
    )


def test_nobody_but_the_copier_copies_into_an_approved_repository(example: LocalStack) -> None:
    """As soon as its role is known."""
    with pytest.raises(ClientError, match="AccessDenied"):
        copy(example)
    assert held(example) == []


def test_before_the_copiers_role_is_known_whoever_may_copy_may() -> None:
    """The first deployment comes before the stack that has the role."""
    with played() as stack:
        copy(stack)
        assert held(stack) == ["tool"]


def held(stack: LocalStack) -> list[str]:
    """Return the names of the packages in an approved repository."""
    found = client(stack).list_packages(domain="my-company", repository="pypi-approved")
    return [package["package"] for package in found["packages"]]
