"""
The project's template, played with a note of which function asks AWS for what.

The local stack does not enforce roles. So tests compare these notes with what a role allows.
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
from tests.end_to_end.played_template import client_of, impatient

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Mode = Literal["observe", "enforce"]

# Who asks S3 and Lambda and is no function: the state machine, and the test itself.
NO_FUNCTION = ""
# Actions of another name than the operation (Service Authorization Reference).
ACTIONS = {"sqs:SendMessageBatch": "sqs:SendMessage"}


@dataclass
class Requests:
    """The actions that each function asked to be allowed, by its logical id; see `NO_FUNCTION`."""

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
        """Remember what a function asks for; of the others what a state machine may ask for."""
        named = re.search(r" app/(\w+)", request.headers.get("user-agent", ""))
        signed = re.search(r"/([a-z0-9-]+)/aws4_request", request.headers.get("authorization", ""))
        if signed is None or (named is None and signed[1] not in {"lambda", "s3"}):
            return
        function = NO_FUNCTION if named is None else named[1]
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if signed[1] == "codeartifact":
            operation = self._operations[request.method, request.url.path]
        elif signed[1] == "s3":  # which tells operations by method and path; few are used
            listing = "list-type" in request.query_params
            operation = "ListBucket" if listing else f"{request.method.title()}Object"
        elif signed[1] == "lambda":  # of which the stack knows one
            operation = "InvokeFunction"
        elif not operation:  # of the older protocol that SNS has
            (operation,) = parse_qs(body.decode())["Action"]
        action = f"{signed[1]}:{operation}"
        self.actions[function].add(ACTIONS.get(action, action))


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
    """A stack, and what its functions ask of AWS."""

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


@contextmanager
def play(mode: Mode, folder: Path, policy: str, **parameters: str) -> Iterator[Played]:
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
        compiled_policy=compile_policy(policy, "policy.yaml"),
        mode=mode,
        template=impatient(folder, seconds=60),
        parameters={"NotificationEmail": "platform@example.com", **parameters},
        open_codeartifact=opened,
    )
    with LocalStack(options, logs=FunctionLogs(echo=io.StringIO())) as stack:
        for logical_id, function in stack.functions.items():  # none of them runs yet
            named = {**function.settings.environment, "AWS_SDK_UA_APP_ID": logical_id}
            function.settings = replace(function.settings, environment=named)
        yield Played(stack, requests)


def rights(mode: Mode, function: str, **parameters: str) -> set[str]:
    """Return the actions that the role of *function* allows."""
    resources = deployed(Mode=mode, NotificationEmail="platform@example.com", **parameters)
    return {action for action, _ in allowed(resources, f"{function}Role")}
