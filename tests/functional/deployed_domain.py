"""A domain with a deployment, as the commands of `steward` find it: one server, one process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import httpx
import pytest
from botocore.loaders import Loader, create_loader
from click.testing import CliRunner, Result

from cli.main import steward
from cli.stack.json_types import Document
from cli.stack.moto_services import MotoServices, forget_everything
from cli.stack.router import EventRouter
from emulator.app import create_app
from emulator.options import Options
from emulator.server import RunningServer
from steward import clients
from steward import ledger as ledgers
from steward.coordinates import Format, Package, Repository, Restrictions, Status

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.ledger import Ledger

DOMAIN = "my-company"
ACCOUNT = "012345678901"
REGION = "us-west-2"
PARAMETER = f"/codeartifact-steward/{DOMAIN}/deployment"
TABLE = "steward-ledger"


class _Announcements:
    """Stands in for the event router: it remembers what is put on the bus."""

    def __init__(self) -> None:
        self.entries: list[Document] = []

    def put_events(self, account: str, entries: list[Document]) -> Document:
        """Take all *entries*."""
        del account
        self.entries += entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in entries]}


class DeployedDomain:
    """
    The local CodeArtifact, moto, and a deployment in them.

    Attributes:
        folder: For files of the test.
        client: CodeArtifact's client, as anyone has it.
        ledger: The deployment's.
        topic: The ARN of its topic for what needs a person.
    """

    def __init__(self, url: str, folder: Path, announcements: _Announcements) -> None:
        self.url = url
        self.folder = folder
        self._announcements = announcements
        self._session = botocore.session.Session()  # one for all: each reads AWS's models anew
        self._session.set_credentials("anyone", "anything")
        self._queue = ""
        self.topic = ""
        self.client = cast("CodeArtifactClient", self.aws("codeartifact"))
        self.ledger: Ledger = ledgers.DynamoDbLedger(TABLE)

    def aws(self, service: str) -> Any:  # noqa: ANN401  botocore publishes no types
        """Return a client of *service*."""
        return self._session.create_client(service, region_name=REGION, endpoint_url=self.url)

    def deploy(self) -> None:
        """The table, the topic with a queue that listens, and the parameter exist."""
        self.aws("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "package", "KeyType": "HASH"},
                {"AttributeName": "entry", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "package", "AttributeType": "S"},
                {"AttributeName": "entry", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.topic = str(self.aws("sns").create_topic(Name="attention")["TopicArn"])
        self._queue = self.aws("sqs").create_queue(QueueName="people")["QueueUrl"]
        self.aws("sns").subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:people"
        )
        self._deployment: dict[str, object] = {
            "domain": DOMAIN,
            "mode": "enforce",
            "stack": "steward",
            "bus": "default",
            "ledger": TABLE,
            "attentionTopic": self.topic,
        }
        self.describe(self._deployment)

    def describe(self, deployment: Mapping[str, object] | str) -> None:
        """The deployment's parameter says this."""
        text = deployment if isinstance(deployment, str) else json.dumps(deployment)
        self.aws("ssm").put_parameter(Name=PARAMETER, Value=text, Type="String", Overwrite=True)

    def redescribe(self, **changed: object) -> None:
        """The deployment's parameter says what it said, but for what is *changed*, from now on."""
        self._deployment |= changed
        self.describe(self._deployment)

    @contextmanager
    def redescribed(self, **changed: object) -> Iterator[None]:
        """The deployment's parameter says what it said, but for what is *changed*, for a while."""
        self.describe(self._deployment | changed)
        try:
            yield
        finally:
            self.describe(self._deployment)

    def forget_deployment(self) -> None:
        """Nothing is deployed any more."""
        self.aws("ssm").delete_parameter(Name=PARAMETER)

    def seed(self, *repositories: Mapping[str, object]) -> None:
        """*repositories* exist, with what is in them."""
        document = {"domains": [{"name": DOMAIN, "owner": ACCOUNT, "repositories": repositories}]}
        httpx.post(f"{self.url}/_emulator/seed", json=document).raise_for_status()

    def faults(self, **settings: object) -> None:
        """*settings*, by their JSON names, are in force, and no others."""
        httpx.put(f"{self.url}/_emulator/faults", json=settings).raise_for_status()

    def deny(self, operation: str, repository: str) -> None:
        """Nobody may do this in the repository from now on."""
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": f"codeartifact:{operation}",
            "Resource": "*",
        }
        self.client.put_repository_permissions_policy(
            domain=DOMAIN,
            repository=repository,
            policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def requests(self) -> dict[str, int]:
        """Return how often each operation of CodeArtifact was asked for, and count from zero."""
        counted = dict(httpx.get(f"{self.url}/_emulator/requests").json())
        httpx.delete(f"{self.url}/_emulator/requests").raise_for_status()
        return counted

    def told(self) -> list[str]:
        """Return the messages that people got since the last time."""
        received = self.aws("sqs").receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        return [json.loads(one["Body"])["Message"] for one in received.get("Messages", [])]

    @property
    def announced(self) -> list[str]:
        """The kinds of events that were put on the bus."""
        return [str(entry["DetailType"]) for entry in self._announcements.entries]

    def policy(self, origins: str = "") -> str:
        """Return the path of a policy with these items of `origins`."""
        path = self.folder / "policy.yaml"
        path.write_text(f"domain: {DOMAIN}\n" + (f"origins:\n{origins}" if origins else ""))
        return str(path)

    def run(self, *arguments: str) -> Result:
        """Run `steward` in this process."""
        return CliRunner().invoke(steward, arguments)

    def restrictions(self, package: Package) -> Restrictions:
        """Return what the repository has."""
        answer = self.client.describe_package(**_where(package))
        found = answer["package"]["originConfiguration"]["restrictions"]
        return Restrictions(found["publish"], found["upstream"])

    def statuses(self, package: Package) -> dict[str, Status]:
        """Return the versions that the repository has."""
        answer = self.client.list_package_versions(**_where(package))
        return {one["version"]: one["status"] for one in answer["versions"]}

    def set_restrictions(self, package: Package, restrictions: Restrictions) -> None:
        """Somebody sets these by hand."""
        self.client.put_package_origin_configuration(
            **_where(package),
            restrictions={"publish": restrictions.publish, "upstream": restrictions.upstream},
        )

    def set_status(self, package: Package, versions: Sequence[str], status: str) -> None:
        """Somebody sets this by hand."""
        self.client.update_package_versions_status(
            **_where(package), versions=versions, targetStatus=cast("Any", status)
        )


def package(
    name: str, *, package_format: Format = "npm", namespace: str | None = "mycompany"
) -> Package:
    """Return a package of the repository `npm-internal`."""
    return Package(Repository(DOMAIN, ACCOUNT, "npm-internal"), package_format, namespace, name)


@pytest.fixture(scope="module")
def other_services() -> tuple[MotoServices, _Announcements]:
    """Return moto, which takes a second to import, and what is put on its bus."""
    announcements = _Announcements()
    router = cast("EventRouter", announcements)
    return MotoServices(router, account=ACCOUNT, region=REGION), announcements


@pytest.fixture
def deployed(
    other_services: tuple[MotoServices, _Announcements],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[DeployedDomain]:
    """A new deployment; the environment leads any AWS client there."""
    with a_deployment(other_services, tmp_path, monkeypatch) as domain:
        yield domain


@contextmanager
def a_deployment(
    other_services: tuple[MotoServices, _Announcements],
    folder: Path,
    environment: pytest.MonkeyPatch,
) -> Iterator[DeployedDomain]:
    """There is a new deployment, and no other; *environment* leads any AWS client there."""
    moto, announcements = other_services
    announcements.entries.clear()
    app = create_app(Options(account=ACCOUNT, region=REGION), public={}, other_services=moto)
    with ExitStack() as closing:
        closing.callback(app.close)
        server = closing.enter_context(RunningServer(app))
        closing.callback(forget_everything)
        closing.enter_context(_only_environment(environment, server.url))
        # Each command makes a session of its own, and each session reads AWS's models anew.
        environment.setattr("botocore.session.create_loader", _one_loader)
        domain = DeployedDomain(server.url, folder, announcements)
        domain.deploy()
        yield domain


@cache
def _one_loader(search_path: str | None = None) -> Loader:
    """Return a loader of AWS's models that remembers what it has read."""
    return create_loader(search_path)


@contextmanager
def _only_environment(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[None]:
    """Lead clients that know nothing but the environment to *url*."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "anyone",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "MOTO_ACCOUNT_ID": ACCOUNT,
    }.items():
        monkeypatch.setenv(name, value)
    _forget_clients()
    try:
        yield
    finally:
        _forget_clients()


def _forget_clients() -> None:
    """Make the layer's clients anew at their next use: they keep the endpoint they found first."""
    made: list[Callable[..., object]] = [
        clients.codeartifact,
        clients.events,
        clients.sqs,
        clients.dynamodb,
        clients.sns,
        clients._session,
    ]
    for one in made:
        one.cache_clear()  # type: ignore[attr-defined]  # functools.cache has it


def _where(of: Package) -> Any:  # noqa: ANN401  keyword arguments that the model checks
    where = {
        "domain": DOMAIN,
        "domainOwner": ACCOUNT,
        "repository": of.repository.name,
        "format": of.format,
        "package": of.name,
    }
    return where | ({"namespace": of.namespace} if of.namespace else {})
