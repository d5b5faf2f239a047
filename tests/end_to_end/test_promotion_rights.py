"""
What each function of promote_versions asks of AWS, its role in the template allows.

The local stack does not enforce roles: here it is asked which function made which request.
"""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs

import botocore.session
import httpx
from starlette.requests import Request

from cli.stack.codeartifact import CodeArtifact, open_codeartifact
from cli.stack.function_logs import FunctionLogs
from cli.stack.stack import LocalStack, StackOptions
from emulator.app import LocalCodeArtifact
from steward.policy_file import compile_policy
from tests.contract.cloudformation import deployed
from tests.contract.test_least_privilege import allowed
from tests.end_to_end.played_template import client_of, impatient, until

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Mode = Literal["observe", "enforce"]

JUDGE, APPROVER, COPIER = (
    "PromoteVersionsFunction",
    "ApprovePromotionsFunction",
    "CopyPromotedVersionsFunction",
)
POLICY = """\
domain: my-company
promotions:
  - name: approve
    packages: /pypi/*
    from: intake
    to: approved
    require:
      minimum_age: P7D
      vulnerabilities: {block_at: high}
      licences: {allow: [MIT]}
      approval: manual
    include_dependencies: true
    recall: archive
"""
PURL = "pkg:pypi/requests@1.0"
LOOK = {
    "source": "codeartifact.steward",
    "detail-type": "Look Again At Package",
    "detail": {
        "domainName": "my-company",
        "domainOwner": "012345678901",
        "repositoryName": "intake",
        "packageFormat": "pypi",
        "packageNamespace": None,
        "packageName": "requests",
    },
}
# Actions of another name than the operation (Service Authorization Reference).
ACTIONS = {"sqs:SendMessageBatch": "sqs:SendMessage"}


@dataclass
class Requests:
    """The actions that each function asked to be allowed, by its logical id."""

    actions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        """CodeArtifact's operations are told by method and path."""
        model = botocore.session.Session().get_service_model("codeartifact")
        self._operations = {
            (one.http["method"], one.http["requestUri"]): name
            for name in model.operation_names
            for one in [model.operation_model(name)]
        }

    def note(self, request: Request, body: bytes) -> None:
        """Remember what a function asks for; requests of anybody else are none of theirs."""
        function = re.search(r" app/(\w+)", request.headers.get("user-agent", ""))
        signed = re.search(r"/([a-z-]+)/aws4_request", request.headers.get("authorization", ""))
        if function is None or signed is None:
            return
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if signed[1] == "codeartifact":
            operation = self._operations[request.method, request.url.path]
        elif not operation:  # of the older protocol that SNS has
            (operation,) = parse_qs(body.decode())["Action"]
        action = f"{signed[1]}:{operation}"
        self.actions[function[1]].add(ACTIONS.get(action, action))


@dataclass(frozen=True)
class Noting:
    """The application of a local CodeArtifact, with each request noted."""

    app: LocalCodeArtifact
    requests: Requests

    def served_at(self, url: str) -> None:
        """See `LocalCodeArtifact`."""
        self.app.served_at(url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            body = await request.body()
            self.requests.note(request, body)
            whole: Message = {"type": "http.request", "body": body}
            first = iter([whole])

            async def replayed() -> Message:
                return next(first, None) or await receive()

            await self.app(scope, replayed, send)


@dataclass
class Played:
    """A stack that promotes, and what its functions ask of AWS."""

    stack: LocalStack
    requests: Requests

    def client(self, service: str) -> botocore.client.BaseClient:
        """Return a client that speaks as the stack's account."""
        return client_of(self.stack, service, self.stack.options.account)

    def admin(self, path: str, document: object) -> None:
        """Tell the local CodeArtifact something."""
        method = "POST" if path == "seed" else "PUT"
        url = f"{self.stack.endpoint}/_emulator/{path}"
        httpx.request(method, url, json=document).raise_for_status()

    def send(self, queue: str, document: object) -> None:
        """Put a message on a queue of the template."""
        self.client("sqs").send_message(
            QueueUrl=self.stack.reference(queue), MessageBody=json.dumps(document)
        )

    def is_recorded(self, state: str) -> bool:
        """Return whether the one version's record has this state."""
        items = self.client("dynamodb").scan(TableName=self.stack.reference("PromotionsTable"))
        return state in {item.get("state", {}).get("S") for item in items["Items"]}

    def decide(self) -> None:
        """A version is judged, and waits for a person, who approves it."""
        package = {
            "format": "pypi",
            "package": "requests",
            "versions": [
                {
                    "version": "1.0",
                    "originalPublishTime": "2026-01-01T00:00:00Z",
                    "licenses": ["MIT"],
                }
            ],
        }
        intake = {"name": "intake", "packages": [package]}
        # A way around that a group's allow-list closes: all that is asked about ways is asked.
        approved = {"name": "approved", "upstreams": ["intake"]}
        domain = {"name": "my-company", "repositories": [intake, approved]}
        self.admin("seed", {"domains": [domain]})
        codeartifact = self.client("codeartifact")
        codeartifact.create_package_group(domain="my-company", packageGroup="/pypi/*")
        codeartifact.update_package_group_origin_configuration(
            domain="my-company",
            packageGroup="/pypi/*",
            restrictions={"INTERNAL_UPSTREAM": "ALLOW_SPECIFIC_REPOSITORIES"},
        )
        self.send("PromotionsQueue", LOOK)
        until(lambda: self.is_recorded("held"))
        asked = {"purl": PURL, "rule": "approve", "decision": "approve", "reason": "reviewed"}
        self.send("ApprovalsQueue", asked)

    def recall(self) -> None:
        """What was promoted turns out to be malicious, and the night comes."""
        affected = {"package": {"ecosystem": "PyPI", "name": "requests"}, "versions": ["1.0"]}
        self.admin("osv/entries", [{"id": "MAL-2026-1", "affected": [affected]}])
        self.stack.fire("RecheckPromotionsSchedule")


@contextmanager
def play(mode: Mode, folder: Path) -> Iterator[Played]:
    """Play the project's template, impatiently; each function says its name with each request."""
    requests = Requests()

    def opened(
        *, account: str, region: str, folder: Path | None, other_services: ASGIApp | None
    ) -> CodeArtifact:
        real = open_codeartifact(
            account=account, region=region, folder=folder, other_services=other_services
        )
        assert isinstance(real.app, LocalCodeArtifact)
        return replace(real, app=Noting(real.app, requests))

    options = StackOptions(
        compiled_policy=compile_policy(POLICY, "policy.yaml"),
        mode=mode,
        template=impatient(folder, seconds=60),
        parameters={"NotificationEmail": "platform@example.com"},
        open_codeartifact=opened,
    )
    with LocalStack(options, logs=FunctionLogs(echo=io.StringIO())) as stack:
        for logical_id, function in stack.functions.items():  # none of them runs yet
            named = {**function.settings.environment, "AWS_SDK_UA_APP_ID": logical_id}
            function.settings = replace(function.settings, environment=named)
        yield Played(stack, requests)


def rights(mode: Mode, function: str) -> set[str]:
    """Return the actions that the role of *function* allows."""
    resources = deployed(Mode=mode, NotificationEmail="platform@example.com")
    return {action for action, _ in allowed(resources, f"{function}Role")}


def test_what_is_asked_for_to_promote_and_to_recall_is_allowed(tmp_path: Path) -> None:
    """All three functions are at work, and none of them asks for more than it may."""
    with play("enforce", tmp_path) as played:
        played.decide()
        until(lambda: played.is_recorded("copied"))
        played.recall()
        until(lambda: played.is_recorded("recalled"))
        asked = played.requests.actions
    for function in (JUDGE, APPROVER, COPIER):
        assert asked[function] <= rights("enforce", function)
    assert {"codeartifact:UpdatePackageVersionsStatus", "dynamodb:BatchWriteItem"} <= asked[JUDGE]
    assert {"codeartifact:GetAuthorizationToken", "sqs:SendMessage", "sns:Publish"} <= asked[JUDGE]
    assert "dynamodb:GetItem" in asked[APPROVER]
    assert "codeartifact:CopyPackageVersions" in asked[COPIER]


def test_what_is_asked_for_to_observe_is_allowed(tmp_path: Path) -> None:
    """Nothing is ordered, and so nothing is copied."""
    with play("observe", tmp_path) as played:
        played.decide()
        until(lambda: played.is_recorded("approved"))
        played.stack.fire("RecheckPromotionsSchedule")
        played.stack.fire("DuePromotionsSchedule")
        until(lambda: not played.stack.messages_left)
        asked = played.requests.actions
    for function in (JUDGE, APPROVER):
        assert asked[function]
        assert asked[function] <= rights("observe", function)
    assert COPIER not in asked
