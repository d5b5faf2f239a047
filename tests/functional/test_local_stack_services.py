"""The other services behind the endpoint, and how a stack starts, refuses and ends."""

import io
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from starlette.types import ASGIApp

from cli.stack.codeartifact import CodeArtifact
from cli.stack.errors import PortInUseError, ResourceError, TemplateError
from cli.stack.function_logs import FunctionLogs
from cli.stack.json_types import Document
from cli.stack.resources import Unplayed
from cli.stack.server import require_free
from cli.stack.stack import LocalStack, StackOptions
from steward import clients

FIXTURES = Path(__file__).with_name("stack_fixtures")


def no_codeartifact(
    *, account: str, region: str, folder: Path | None, other_services: ASGIApp | None
) -> CodeArtifact:
    """Return a CodeArtifact that has no events and leaves every request to the other services."""
    del account, region, folder
    assert other_services is not None

    def subscribe(_: Callable[[Document], None]) -> None:
        """Nothing will ever be emitted."""

    return CodeArtifact(other_services, subscribe, lambda: None)


def options(
    template: Path = FIXTURES / "template.yaml", port: int = 0, region: str = "us-west-2"
) -> StackOptions:
    """Return options for a stack in observe mode."""
    return StackOptions(
        compiled_policy='{"domain": "my-company"}',
        port=port,
        region=region,
        template=template,
        open_codeartifact=no_codeartifact,
    )


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Play the small template."""
    with LocalStack(options(), logs=FunctionLogs(echo=io.StringIO())) as running:
        yield running


def client(
    stack: LocalStack, service: str, key: str = "AKIAIOSFODNN7EXAMPLE", *, validate: bool = True
) -> BaseClient:
    """Return a client with some access key id; without *validate* it sends what it is given."""
    session = botocore.session.Session()
    session.set_credentials(key, "anything")
    return session.create_client(
        service,
        region_name="us-west-2",
        endpoint_url=stack.endpoint,
        config=Config(parameter_validation=validate),
    )


def test_a_key_that_is_no_account_id_speaks_as_the_stack_s_account(stack: LocalStack) -> None:
    """So any dummy credentials do."""
    assert client(stack, "sts").get_caller_identity()["Account"] == "012345678901"


def test_a_key_that_is_an_account_id_speaks_as_that_account(stack: LocalStack) -> None:
    """And sees nothing of the stack's account."""
    sqs = client(stack, "sqs", "111122223333")
    assert sqs.list_queues().get("QueueUrls", []) == []
    url = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    assert url == f"{stack.endpoint}/111122223333/theirs"
    assert url not in client(stack, "sqs").list_queues()["QueueUrls"]


def test_the_template_s_queues_have_its_settings(stack: LocalStack) -> None:
    """Visibility and redrive are those of the template, references resolved."""
    answer = client(stack, "sqs").get_queue_attributes(
        QueueUrl=stack.reference("Queue"), AttributeNames=["All"]
    )["Attributes"]
    assert answer["VisibilityTimeout"] == "1"
    redrive = json.loads(answer["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == stack.attribute("DeadLetters", "Arn")
    assert redrive["maxReceiveCount"] == 2


def test_the_deployment_parameter_is_there(stack: LocalStack) -> None:
    """A command finds the deployment by the domain's name."""
    parameter = client(stack, "ssm").get_parameter(
        Name="/codeartifact-steward/my-company/deployment"
    )["Parameter"]
    assert json.loads(parameter["Value"]) == {
        "queue": stack.reference("Queue"),
        "function": "codeartifact-steward-Noting",
        "account": "012345678901",
    }


def test_resources_whose_condition_is_false_are_left_out(stack: LocalStack) -> None:
    """The topic is for enforce mode."""
    assert client(stack, "sns").list_topics()["Topics"] == []


def test_what_has_no_effect_is_named(stack: LocalStack) -> None:
    """By type, with the reason and the logical ids."""
    assert stack.unplayed == [
        Unplayed(
            "AWS::CloudWatch::Alarm", "no metrics are collected, so no alarm rings", ("Alarm",)
        ),
        Unplayed("AWS::IAM::Role", "permissions of roles are not enforced", ("NotingRole",)),
    ]


def test_cloudformation_makes_no_stacks(stack: LocalStack) -> None:
    """Moto would say that it has; questions are answered, and there are none."""
    cloudformation = client(stack, "cloudformation")
    template = "Resources: {Domain: {Type: AWS::CodeArtifact::Domain}}"
    with pytest.raises(ClientError, match="steward up --domain-template FILE") as caught:
        cloudformation.create_stack(StackName="domain", TemplateBody=template)
    assert caught.value.response["Error"]["Code"] == "InvalidAction"
    with pytest.raises(ClientError, match="CreateChangeSet: the local stack makes no"):
        cloudformation.create_change_set(
            StackName="domain", ChangeSetName="first", TemplateBody=template
        )
    assert cloudformation.list_stacks()["StackSummaries"] == []
    with pytest.raises(ClientError, match="Stack with id domain does not exist"):
        cloudformation.describe_stacks(StackName="domain")


@pytest.mark.parametrize("entries", [0, 11])
def test_put_events_takes_1_to_10_entries(stack: LocalStack, entries: int) -> None:
    """Any other number is refused as a whole (API Reference, PutEvents)."""
    events = client(stack, "events", validate=False)
    entry = {"Source": "s", "DetailType": "d", "Detail": "{}"}
    with pytest.raises(ClientError) as caught:
        events.put_events(Entries=[entry] * entries)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_the_port_is_free_again_after_the_end(tmp_path: Path) -> None:
    """And the second stack knows nothing of the first."""
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}")
    running = LocalStack(options(template))
    running.start()
    port = int(running.endpoint.rsplit(":", 1)[1])
    client(running, "sqs").create_queue(QueueName="left-behind")
    running.stop()
    running.stop()
    with LocalStack(options(template, port)) as again:
        urls = client(again, "sqs").list_queues()["QueueUrls"]
    assert urls == [f"http://127.0.0.1:{port}/012345678901/codeartifact-steward-Queue"]


def test_a_port_in_use_is_a_clear_error() -> None:
    """The message says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"port {port} .* --port"):
            LocalStack(options(port=port)).start()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(None, "cannot read the template", id="no file"),
        pytest.param("{", "not valid YAML", id="no YAML"),
        pytest.param("Outputs: {}", "has no Resources", id="no resources"),
        pytest.param(
            "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Nobody}}}",
            "Ref Nobody: the template has no such parameter or resource",
            id="a reference to nothing",
        ),
        pytest.param(
            "Resources:\n"
            "  A: {Type: AWS::SQS::Queue, DependsOn: B}\n"
            "  B: {Type: AWS::SQS::Queue, DependsOn: A}\n",
            "in a ring",
            id="a ring",
        ),
        pytest.param(
            "Parameters: {Wanted: {Type: String}}\nResources: {Q: {Type: AWS::SQS::Queue}}",
            "parameter Wanted has no value and no default",
            id="a parameter without a value",
        ),
        pytest.param(
            "Transform: AWS::Serverless-2016-10-31\n"
            "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handlerr: a}}}",
            "the SAM transform refuses the template",
            id="a mistake that SAM finds",
        ),
    ],
)
def test_a_template_that_cannot_be_played_is_a_clear_error(
    tmp_path: Path, text: str | None, message: str
) -> None:
    """The error says what is wrong, and nothing is left running."""
    template = tmp_path / "template.yaml"
    if text is not None:
        template.write_text(text)
    stack = LocalStack(options(template))
    with pytest.raises(TemplateError, match=message):
        stack.start()


def test_a_developer_s_profile_and_proxy_stay_out_of_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that does not exist and a proxy that nobody runs; both are there again after."""
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "of-another-machine")
    monkeypatch.setenv("no_proxy", "intranet")
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}")
    with LocalStack(options(template)) as running:
        assert running.reference("Queue").endswith("/codeartifact-steward-Queue")
        assert os.environ["no_proxy"].startswith("intranet,")
    assert (os.environ["AWS_PROFILE"], os.environ["no_proxy"]) == ("of-another-machine", "intranet")


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_a_bucket_is_made_in_any_region(tmp_path: Path, region: str) -> None:
    """S3 refuses the name of its first region as a place for a bucket."""
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Reports: {Type: AWS::S3::Bucket}}")
    with LocalStack(options(template, region=region)) as running:
        buckets = client(running, "s3").list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["codeartifact-steward-reports-012345678901"]


@pytest.fixture
def _as_a_function(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this process the environment of a function, and its clients made by it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    made_once = (clients._session, clients.s3)
    for one in made_once:
        one.cache_clear()
    yield
    for one in made_once:
        one.cache_clear()


@pytest.mark.usefixtures("_as_a_function")
def test_a_lock_file_that_a_person_has_put_on_s3_is_read_by_a_function(stack: LocalStack) -> None:
    """By its bucket and key, piece by piece, with the environment that a function has."""
    person = client(stack, "s3")
    place = {"LocationConstraint": "us-west-2"}
    person.create_bucket(Bucket="locks", CreateBucketConfiguration=place)
    person.put_object(Bucket="locks", Key="app/uv.lock", Body=b"version = 1\n")
    answer = clients.s3().get_object(Bucket="locks", Key="app/uv.lock")
    assert answer["ContentLength"] == len("version = 1\n")
    assert [answer["Body"].read(8), answer["Body"].read(8)] == [b"version ", b"= 1\n"]
    answer["Body"].close()


def test_nothing_is_left_running_whatever_goes_wrong_at_the_start(tmp_path: Path) -> None:
    """Also an error that the stack does not know; the port is free then."""
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    class NoLogs(FunctionLogs):
        def subscribe(self, _: object) -> None:
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        LocalStack(options(template, port), logs=NoLogs()).start()
    require_free(port)


def test_a_resource_that_a_service_refuses_is_named(tmp_path: Path) -> None:
    """The error carries the logical id and what the service said."""
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: 'no such name!'}}}"
    )
    with pytest.raises(ResourceError, match="Can only include alphanumeric") as caught:
        LocalStack(options(template)).start()
    assert caught.value.logical_id == "Q"


def test_a_table_has_the_template_s_settings_and_what_it_lacks_is_named(tmp_path: Path) -> None:
    """Keys, time to live, backups and encryption; nothing expires, and nothing is retained."""
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:\n"
        "  Ledger:\n"
        "    Type: AWS::DynamoDB::Table\n"
        "    DeletionPolicy: Retain\n"
        "    Properties:\n"
        "      AttributeDefinitions: [{AttributeName: package, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: package, KeyType: HASH}]\n"
        "      BillingMode: PAY_PER_REQUEST\n"
        "      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}\n"
        "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}\n"
        "      SSESpecification: {SSEEnabled: true}\n"
    )
    with LocalStack(options(template)) as running:
        name = running.reference("Ledger")
        dynamodb = client(running, "dynamodb")
        table = dynamodb.describe_table(TableName=name)["Table"]
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName=name)
    assert table["TableArn"].endswith(f"012345678901:table/{name}")
    assert table["KeySchema"] == [{"AttributeName": "package", "KeyType": "HASH"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert [(part.resource_type, part.reason) for part in running.unplayed] == [
        ("AWS::DynamoDB::Table", "it ends with the stack"),
        ("AWS::DynamoDB::Table", "items stay when their time is over"),
    ]


def test_a_topic_says_that_it_sends_no_email(tmp_path: Path) -> None:
    """The subscription is there, and so are the messages; nobody's inbox gets them."""
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:\n"
        "  Attention:\n"
        "    Type: AWS::SNS::Topic\n"
        "    Properties:\n"
        "      Subscription: [{Protocol: email, Endpoint: platform@example.com}]\n"
    )
    with LocalStack(options(template)) as running:
        (subscribed,) = client(running, "sns").list_subscriptions()["Subscriptions"]
        assert subscribed["Endpoint"] == "platform@example.com"
        assert subscribed["TopicArn"] == running.reference("Attention")
        assert running.unplayed == [Unplayed("AWS::SNS::Topic", "no email is sent", ("Attention",))]
