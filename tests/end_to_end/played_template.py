"""The project's own template, played in the test's process, and what a test looks at in it."""

import io
import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import botocore.session
from botocore.client import BaseClient

from cli.stack.function_logs import FunctionLogs
from cli.stack.stack import LocalStack, Mode, StackOptions
from steward.policy_file import check

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
POLICY = "domain: my-company\nsnapshots:\n  - packages: /maven/*\n"
ORIGINS_POLICY = (
    "domain: my-company\norigins:\n  - packages: /npm/mycompany/*\n    kind: internal\n"
)
UI = {
    "domain": "my-company",
    "repository": "npm-internal",
    "format": "npm",
    "namespace": "mycompany",
    "package": "ui",
}
OPEN = {"publish": "ALLOW", "upstream": "ALLOW"}
FROM_OUTSIDE = {
    "originType": "EXTERNAL",
    "domainEntryPoint": {"externalConnectionName": "public:npmjs"},
}


@contextmanager
def playing(
    mode: Mode,
    data: Path | None = None,
    policy: str = POLICY,
    template: Path = TEMPLATE,
    policy_file: str = "policy.yaml",
    **parameters: str,
) -> Iterator[LocalStack]:
    """
    Play `template.yaml` with *parameters*; the policy is for all Maven packages.

    Args:
        policy_file: Whose text *policy* is; lock files that it names are looked for beside it.
    """
    checked = check(policy, policy_file)
    options = StackOptions(
        compiled_policy=checked.compiled,
        locked=checked.locked,
        mode=mode,
        data=data,
        template=template,
        parameters=parameters,
    )
    with LocalStack(options, logs=FunctionLogs(echo=io.StringIO())) as stack:
        yield stack


def client_of(stack: LocalStack, service: str, account: str = "anyone") -> BaseClient:
    """Return a client for a service of the stack, with the access key id *account*."""
    return _client(stack.endpoint, service, account)


@cache  # each reads AWS's model of the service, and tests ask until something has come to pass
def _client(endpoint: str, service: str, account: str) -> BaseClient:
    session = botocore.session.Session()
    session.set_credentials(account, "anything")
    return session.create_client(service, region_name="us-west-2", endpoint_url=endpoint)


def codeartifact(stack: LocalStack) -> BaseClient:
    """Return a client for the stack's CodeArtifact."""
    return client_of(stack, "codeartifact")


def admin(stack: LocalStack, method: str, path: str, document: object = None) -> object:
    """Return what the local CodeArtifact's admin API answers."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{stack.endpoint}/_emulator/{path}", body, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def open_package(*versions: Mapping[str, object]) -> dict[str, object]:
    """Return the package `UI` with *versions*, for the admin API; it may come from anywhere."""
    named = {key: UI[key] for key in ("format", "namespace", "package")}
    return {**named, "restrictions": OPEN, "versions": versions}


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return when *condition* holds; fail when it does not within *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def said(stack: LocalStack) -> list[Mapping[str, str]]:
    """Return what the automation's log says, metrics left out."""
    lines = [json.loads(line.text) for line in stack.logs.lines() if line.text.startswith("{")]
    return [line for line in lines if "message" in line]


def at_rest(stack: LocalStack) -> bool:
    """Return whether no message waits or is being worked on."""
    return stack.messages_left == 0


def impatient(folder: Path, *, seconds: int = 5) -> Path:
    """Return the project's template with two attempts instead of five, *seconds* apart."""
    changed = TEMPLATE.read_text(encoding="utf-8")
    for wanted, here, queues in (
        ("VisibilityTimeout: 725", f"VisibilityTimeout: {seconds}", 2),
        ("VisibilityTimeout: 1805", f"VisibilityTimeout: {seconds}", 2),  # the judge's; expiry's
        ("VisibilityTimeout: 720", f"VisibilityTimeout: {seconds}", 1),  # approvals
        ("VisibilityTimeout: 1800", f"VisibilityTimeout: {seconds}", 2),  # copies, and caches
        ("maxReceiveCount: 5", "maxReceiveCount: 2", 7),
        ("MaximumBatchingWindowInSeconds: 5", "MaximumBatchingWindowInSeconds: 0", 4),
    ):
        assert changed.count(f"{wanted} ") + changed.count(f"{wanted}\n") == queues, wanted
        changed = re.sub(rf"{wanted}\b", here, changed)
    for code in ("functions", "layers"):
        (folder / code).symlink_to(TEMPLATE.parent / code)
    (folder / "template.yaml").write_text(changed, encoding="utf-8")
    return folder / "template.yaml"


def dead_letters(stack: LocalStack, name: str) -> list[str]:
    """Return the bodies of what a queue holds, sorted."""
    from moto.sqs.models import sqs_backends

    queue = sqs_backends[stack.options.account][stack.options.region].queues[
        f"codeartifact-steward-{name}"
    ]
    return sorted(message.body for message in queue._messages)
