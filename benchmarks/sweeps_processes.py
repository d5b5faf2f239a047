"""The processes of a measured sweep: local CodeArtifact, other services, the two functions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import botocore.session

from benchmarks.sample_events import ACCOUNT, DOMAIN, REGION
from cli.stack.function_logs import FunctionLogs
from cli.stack.functions import Function, FunctionSettings
from steward.policy_file import compile_policy

ROOT: Final = Path(__file__).resolve().parents[1]
TICKS: Final = os.sysconf("SC_CLK_TCK")
BUCKET: Final = "sweeps"
TABLE: Final = "ledger"
STATE_MACHINE: Final = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:sweeps"
_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/sweeps"
_NOTHING: Final = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
_SECONDS: Final = 900  # Timeout of both functions, template.yaml
_MEGABYTES: Final = 1024  # their MemorySize


@dataclass(frozen=True, slots=True)
class Used:
    """A process by its id, and what it has used."""

    process: int

    def processor(self) -> float:
        """Return the seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self) -> float:
        """Return the memory that it holds now."""
        return self._memory("VmRSS")

    def peak_megabytes(self) -> float:
        """Return the most memory that it has held."""
        return self._memory("VmHWM")

    def _memory(self, name: str) -> float:
        status = Path(f"/proc/{self.process}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        return round(int(found[1]) / 1024, 1) if found else 0.0


@dataclass(frozen=True, slots=True)
class Server(Used):
    """A server in a process of its own."""

    endpoint: str


@contextmanager
def local_codeartifact(*, on_disk: bool = False) -> Iterator[Server]:
    """Give a local CodeArtifact that ends with the context, in memory or in a folder."""
    steward = Path(sys.executable).with_name("steward")
    with tempfile.TemporaryDirectory() as folder:
        kept = ("--data", folder) if on_disk else ()
        with _server([steward, "emulator", "--port", "0", *kept]) as server:
            yield server


@contextmanager
def other_services() -> Iterator[Server]:
    """Give the other services, with what a sweep needs of them; they end with the context."""
    command = [sys.executable, "-c", "from benchmarks.sweeps_services import main; main()"]
    with _server(command, {"MOTO_ACCOUNT_ID": ACCOUNT}) as server:
        _create_resources(server.endpoint)
        yield server


@contextmanager
def _server(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    ) as process:
        try:
            assert process.stdout is not None
            yield Server(process.pid, str(json.loads(process.stdout.readline())["endpoint"]))
        finally:
            process.terminate()


def _create_resources(endpoint: str) -> None:
    session = botocore.session.Session()
    session.set_credentials(ACCOUNT, "local")
    s3, dynamodb, states = (
        session.create_client(service, region_name=REGION, endpoint_url=endpoint)
        for service in ("s3", "dynamodb", "stepfunctions")
    )
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    keys = {"package": "HASH", "entry": "RANGE"}  # LedgerTable, template.yaml
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": one, "KeyType": kind} for one, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    states.create_state_machine(name="sweeps", definition=_NOTHING, roleArn=_ROLE)


@dataclass(frozen=True, slots=True)
class Functions:
    """The half of a sweep that reads and the one that writes, each in processes of its own."""

    plan: Function
    apply: Function

    def used(self) -> list[Used]:
        """Return the processes that run."""
        return [Used(one) for half in (self.plan, self.apply) for one in half.process_ids()]


@contextmanager
def functions(codeartifact: str, others: str, policy: str) -> Iterator[Functions]:
    """Give the two functions as the template deploys them, with *policy*; they end after it."""
    logs = FunctionLogs(show=lambda _: None)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        compiled = Path(folder) / "policy.json"
        compiled.write_text(compile_policy(policy, "policy.yaml"))
        environment = {
            "AWS_ENDPOINT_URL": others,
            "AWS_ENDPOINT_URL_CODEARTIFACT": codeartifact,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "POWERTOOLS_SERVICE_NAME": "sweep_repositories",
            "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "STEWARD_DOMAIN": DOMAIN,
            "STEWARD_LEDGER_TABLE": TABLE,
            "STEWARD_MODE": "enforce",
            "STEWARD_POLICY": str(compiled),
            "STEWARD_SWEEPS_BUCKET": BUCKET,
        }
        halves = []
        for name, module in (("PlanSweep", "app"), ("ApplySweep", "apply_app")):
            settings = FunctionSettings(
                name=name,
                arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
                handler=f"sweep_repositories.{module}.handler",
                runtime="python3.13",
                code=ROOT / "functions",
                import_roots=(ROOT / "layers" / "steward",),
                environment=environment,
                log_group=f"/aws/lambda/{name}",
                timeout_seconds=_SECONDS,
                memory_megabytes=_MEGABYTES,
                log_format="JSON",
            )
            half = Function(settings, logs)
            closing.callback(half.stop)
            halves.append(half)
        yield Functions(*halves)
