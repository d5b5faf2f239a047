"""A deployment that sweeps: moto interprets its state machine, its functions run right here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, cast
from uuid import uuid4

import pytest
import yaml

from cli.stack.errors import FunctionError
from cli.stack.lambda_api import Invoke
from cli.stack.moto_services import MotoServices, OwnParts, forget_everything
from cli.stack.router import EventRouter
from cli.stack.state_machines import Execution, StateMachine, StateMachines, interpreter_at
from emulator.app import create_app
from emulator.options import Options
from emulator.server import RunningServer
from steward import call_budget, clients
from steward import codeartifact as gateway
from steward.call_budget import Budget, Calls
from steward.policy_file import compile_policy
from sweep_repositories import app, apply_app, keys
from sweep_repositories.objects import S3Objects
from sweep_repositories.summary import Summary, summary_in
from tests.functional import deployed_domain
from tests.functional.deployed_domain import ACCOUNT, DOMAIN, REGION, TABLE, DeployedDomain

BUCKET = "sweeps"
PLAN, APPLY = "plan-sweep", "apply-sweep"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:sweep"
DEFINITION = Path(app.__file__).with_name("sweep.asl.yaml")
SECONDS = 120

Event = Mapping[str, Any]


class KilledError(Exception):
    """Stands for a function that is killed."""


class _Context:
    """Lambda's context: there is time for so many things, or for everything."""

    def __init__(self, things: int | None) -> None:
        self._left = things

    def get_remaining_time_in_millis(self) -> int:
        """Return how long there is: it is asked before each thing but the first."""
        if self._left is None:
            return 900_000
        self._left -= 1
        return 900_000 if self._left > 0 else 0


class SweepingDeployment:
    """
    A domain, its deployment, and the state machine that sweeps it.

    Attributes:
        things: How many packages or pages there is time for in an invocation; ``None``: all.
        before: Called with the name of a function and its event before it runs.
        invoked: How often each step was invoked.
    """

    def __init__(self, deployed: DeployedDomain, machines: StateMachines) -> None:
        self.deployed = deployed
        self.machines = machines
        self.objects = S3Objects(BUCKET, deployed.aws("s3"))
        self.things: int | None = None
        self.before: Callable[[str, Event], None] = lambda _name, _event: None
        self.invoked: Counter[str] = Counter()
        # In Lambda each invocation has a process of its own, which counts its own calls.
        self._one_at_a_time = Lock()

    def deploy(self, policy: str, environment: pytest.MonkeyPatch, *, mode: str = "enforce") -> str:
        """Have *policy* deployed from now on; return its digest."""
        compiled = self.deployed.folder / "policy.json"
        compiled.write_text(compile_policy(f"domain: {DOMAIN}\n{policy}", "policy.yaml"))
        for name, value in {
            "STEWARD_MODE": mode,
            "STEWARD_POLICY": str(compiled),
            "STEWARD_DOMAIN": DOMAIN,
            "STEWARD_LEDGER_TABLE": TABLE,
            "STEWARD_SWEEPS_BUCKET": BUCKET,
            "STEWARD_ATTENTION_TOPIC": self.deployed.topic,
        }.items():
            environment.setenv(name, value)
        self.start_functions_anew()
        return str(json.loads(compiled.read_text())["digest"])

    @staticmethod
    def start_functions_anew() -> None:
        """Have the functions read their environment and policy again."""
        app.planning.cache_clear()
        apply_app.changing.cache_clear()

    def start(self, **wish: object) -> str:
        """Start a sweep; return its execution's ARN."""
        return self.machines.start(MACHINE, json.dumps(wish), name=f"run-{uuid4()}")

    def ended(self, arn: str) -> Execution:
        """Return the execution when it has ended."""
        return self.machines.wait(arn, timeout_seconds=SECONDS)

    def sweep(self, **wish: object) -> Summary:
        """Sweep the domain; return the summary."""
        execution = self.ended(self.start(**wish))
        assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
        return self.summary(execution)

    def summary(self, execution: Execution) -> Summary:
        """Return what *execution* came to."""
        text = self.objects.read(keys.summary(execution.name))
        assert text is not None
        return summary_in(text)

    def statuses(self, repository: str, kind: str, name: str) -> dict[str, str]:
        """Return the versions of a package by their status."""
        where: Any = {"namespace": "com.mycompany"} if kind == "maven" else {}
        pages = self.deployed.client.get_paginator("list_package_versions").paginate(
            domain=DOMAIN, repository=repository, format=cast("Any", kind), package=name, **where
        )
        return {one["version"]: one["status"] for page in pages for one in page["versions"]}

    def function(self, name: str) -> Invoke | None:
        """Return what invokes the function *name*."""
        handlers = {PLAN: app.handler, APPLY: apply_app.handler}
        if name not in handlers:
            return None

        def invoke(payload: bytes) -> bytes:
            event = json.loads(payload)
            self.invoked[event["step"]] += 1
            try:
                self.before(name, event)
                with self._one_at_a_time:
                    return json.dumps(handlers[name](event, _Context(self.things))).encode()
            except Exception as error:
                raise FunctionError(type(error).__name__, str(error)) from error

        return invoke


@contextmanager
def sweeping(folder: Path, environment: pytest.MonkeyPatch) -> Iterator[SweepingDeployment]:
    """There is a new domain with a deployment; *environment* leads any AWS client there."""
    announcements = deployed_domain._Announcements()
    made: list[SweepingDeployment] = []
    machines = StateMachines({"Sweep": _machine()}, ACCOUNT, REGION)
    own = OwnParts(lambda name: _invoked(made, name), machines.prepare)
    router = cast("EventRouter", announcements)
    moto = MotoServices(router, account=ACCOUNT, region=REGION, own=own)
    options = Options(account=ACCOUNT, region=REGION)
    emulator = create_app(options, public={}, other_services=moto)
    with ExitStack() as closing:
        closing.callback(forget_everything)
        closing.callback(moto.close)
        closing.callback(emulator.close)
        server = closing.enter_context(RunningServer(emulator))
        closing.enter_context(interpreter_at(int(server.url.rsplit(":", 1)[1])))
        closing.callback(machines.wait_for_the_end)
        closing.callback(machines.stop)
        closing.enter_context(deployed_domain._only_environment(environment, server.url))
        environment.setattr("botocore.session.create_loader", deployed_domain._one_loader)
        environment.setattr(gateway, "connect_budget", _one_budget())
        for client in (clients.s3, clients.step_functions):
            client.cache_clear()
            closing.callback(client.cache_clear)
        deployment = SweepingDeployment(DeployedDomain(server.url, folder, announcements), machines)
        made.append(deployment)
        deployment.deployed.deploy()
        place: Any = {"LocationConstraint": REGION}
        deployment.deployed.aws("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        closing.callback(deployment.start_functions_anew)
        yield deployment


def _invoked(made: Sequence[SweepingDeployment], name: str) -> Invoke | None:
    """Return what invokes the function *name* of the deployment, which was made after moto."""
    return made[0].function(name)


def _one_budget() -> Callable[[Budget], Calls]:
    """Return what counts the calls of both functions, which share a client in this process."""
    made: list[Calls] = []

    def connect_budget(budget: Budget) -> Calls:
        del budget  # nothing here is as slow as the quotas
        if not made:
            made.append(call_budget.budgeted(clients.codeartifact(), None))
        return made[0]

    return connect_budget


def _machine() -> StateMachine:
    text = DEFINITION.read_text()
    for name, value in {
        "PlanSweepFunction": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PLAN}",
        "ApplySweepFunction": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{APPLY}",
        "SweepsBucket": BUCKET,
    }.items():
        text = text.replace(f"${{{name}}}", value)
    definition = yaml.safe_load(text)
    _with_short_pauses(definition)
    role = f"arn:aws:iam::{ACCOUNT}:role/sweep"
    return StateMachine(MACHINE, "sweep", role, json.dumps(definition))


def _with_short_pauses(of: object) -> None:
    """Have one more attempt made, after the shortest pause that there is."""
    if isinstance(of, dict):
        if "IntervalSeconds" in of:
            of |= {"IntervalSeconds": 1, "MaxAttempts": 1}
        for each in of.values():
            _with_short_pauses(each)
    if isinstance(of, list):
        for each in of:
            _with_short_pauses(each)


def builds(count: int) -> Sequence[str]:
    """Return the builds of one snapshot, oldest first, an hour apart."""
    return [f"1.0-20260301.{hour:02}0000-{hour + 1}" for hour in range(count)]


def snapshot(name: str, count: int = 3, *, status: str = "Published") -> dict[str, object]:
    """Return a Maven package with so many builds of one snapshot, for the seed document."""
    return {
        "format": "maven",
        "namespace": "com.mycompany",
        "package": name,
        "versions": [
            {"version": one, "status": "Published" if one == builds(count)[-1] else status}
            for one in builds(count)
        ],
    }


def released(name: str, count: int = 3) -> dict[str, object]:
    """Return a PyPI package with so many releases, all of them years old."""
    return {
        "format": "pypi",
        "package": name,
        "versions": [
            {
                "version": f"1.{number}",
                "status": "Published",
                "publishedTime": f"2024-01-{number + 1:02}T00:00:00Z",
            }
            for number in range(count)
        ],
    }
