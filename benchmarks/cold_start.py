"""
Measure a cold start: process start to first response, each function against a bare handler.

All run as built (``make build``) under the real Lambda runtime client on Python 3.13, against a
small Runtime API on loopback. The bare handler only makes the boto3 client at import. Ours get one
message about a package that is in order and that a rule matches, so their figures hold the clients
and real calls: ListPackageVersions or DescribePackage of the local CodeArtifact; a Query of the
local DynamoDB more for who judges promotions, and only a GetItem or a Query for who writes down
approvals and who copies, which find nothing to do. Who warms caches looks at a package that is
there: a GetItem, a ListPackageVersions and an UpdateItem.

    .venv/bin/python -m benchmarks.cold_start [--runs 15] [--callgrind]

prints JSON: milliseconds (minimum and median, all interleaved), callgrind instruction counts, their
ratios to the bare handler's, the twenty most expensive imports of each, and the sizes of the code
layer and of each function. It stops if a built module has no bytecode that Python 3.13 trusts
without looking at the source.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from botocore.session import get_session

from benchmarks import warming_run
from benchmarks.local import admin, running
from benchmarks.other_services import point_aws_at
from benchmarks.promotion_records import create_table
from benchmarks.sample_events import (
    ACCOUNT,
    DOMAIN,
    NAMESPACE,
    REPOSITORY,
    batch,
    snapshot_published,
)
from cli.stack.errors import FunctionError
from cli.stack.runtime_api import Invocation, RuntimeApi
from promote_versions.messages import CopyOrder, body_of
from steward.coordinates import Package, Repository
from steward.policy_file import compile_policy

STARTS_WITHIN_SECONDS = 180  # valgrind slows a start down fifty-fold
ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".aws-sam" / "build"
MAX_LAYER_BYTES = 20_000_000  # our own limit: a larger layer takes longer to unpack
UNCHECKED_HASH = b"\x01\0\0\0"  # the flags of a .pyc file, PEP 552
LAMBDA_RUNTIME = ["awslambdaric", "boto3"]  # what the python3.13 runtime brings by itself
# Handlers, by the folders that `sam build` makes of them.
FUNCTIONS = {
    "UnlistSnapshotBuildsFunction": "unlist_snapshot_builds.app",
    "EnforceOriginControlsFunction": "enforce_origin_controls.app",
    "PromoteVersionsFunction": "promote_versions.app",
    "ApprovePromotionsFunction": "promote_versions.approvals",
    "CopyPromotedVersionsFunction": "promote_versions.copier",
    "WarmCachesFunction": "warm_caches.app",
    "ExpireVersionsFunction": "expire_versions.app",
}
TABLE = "benchmark"
# The deployment of the local stack is for another domain: its functions hear of nothing here.
ELSEWHERE = f"domain: elsewhere\nsnapshots:\n  - packages: /maven/{NAMESPACE}~\n"
POLICY = f"""
domain: {DOMAIN}
snapshots:
  - packages: /maven/{NAMESPACE}~
origins:
  - packages: /maven/{NAMESPACE}~
    publish: ALLOW
promotions:
  - name: to-approved
    packages: /maven/{NAMESPACE}~
    from: {REPOSITORY}
    to: approved
    require: {{}}
caches:
  - repository: {REPOSITORY}
    packages: pkg:maven/{NAMESPACE}/pkg-1
retention:
  - packages: /maven/{NAMESPACE}~
    versions: snapshot-builds
    keep_newest: 5
    then: archive
"""
BARE = """
import boto3

client = boto3.client("codeartifact")


def handler(event, context):
    return {"batchItemFailures": []}
"""


@dataclass(frozen=True)
class Variant:
    """One function as Lambda would start it."""

    name: str
    code: Path
    handler: str
    layers: list[Path]
    event: bytes
    environment: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None


def event_for(name: str) -> bytes:
    """Return the batch that the function *name* gets."""
    if name == "promote_versions.approvals":
        purl = f"pkg:maven/{NAMESPACE}/pkg-1@1.0"
        message: dict[str, object] = {
            "purl": purl,
            "rule": "to-approved",
            "decision": "approve",
            "reason": "none",
        }
        found = batch([message])
    elif name == "promote_versions.copier":
        package = Package(Repository(DOMAIN, ACCOUNT, REPOSITORY), "maven", NAMESPACE, "pkg-1")
        decided_at = datetime(2026, 3, 1, tzinfo=UTC)
        order = CopyOrder(package, "to-approved", "approved", {"1.0": "r"}, (), decided_at)
        found = batch([json.loads(body_of(order))])
    elif name == "warm_caches.app":
        found = batch([warming_run.batch_of("1.0-20260301.101500-2")])
    else:
        found = batch([snapshot_published("pkg-1", 0)])
    return json.dumps(found).encode()


def layer_megabytes() -> float:
    """
    Return what the code layer takes when Lambda has unpacked it.

    Every module of layer and functions has its bytecode: otherwise this ends the benchmark.
    """
    for built in (BUILT / "StewardLayer", *(BUILT / folder for folder in FUNCTIONS)):
        for module in built.rglob("*.py"):
            bytecode = module.parent / "__pycache__" / f"{module.stem}.cpython-313.pyc"
            if not bytecode.is_file() or bytecode.read_bytes()[4:8] != UNCHECKED_HASH:
                sys.exit(f"{module} has no unchecked bytecode: run `make build` again.")
    size = size_of(BUILT / "StewardLayer")
    if size > MAX_LAYER_BYTES:
        sys.exit(f"The code layer has {size} bytes, more than {MAX_LAYER_BYTES}.")
    return round(size / 1_000_000, 1)


def size_of(folder: Path) -> int:
    """Return the bytes of all files below *folder*."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def python_of_lambda(folder: Path) -> Path:
    """Return a Python 3.13 that has only what the Lambda runtime brings."""
    candidates = [
        Path(p) / "python3.13" for p in os.environ["PATH"].split(os.pathsep) if "shims" not in p
    ]
    candidates += sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"))
    python = next((c for c in candidates if c.exists()), None)
    if python is None:
        sys.exit("A Python 3.13 is needed, as the functions run on: none on PATH or among pyenv's.")
    lock = (ROOT / "requirements" / "dev.txt").read_text()
    pins = [
        m.group(0)
        for name in LAMBDA_RUNTIME
        if (m := re.search(rf"^{name}==\S+", lock, re.MULTILINE))
    ]
    subprocess.run([python, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-qq", *pins], check=True)
    subprocess.run(
        [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder / "lib"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder / "bin" / "python"


def environment_of(variant: Variant, api: RuntimeApi) -> dict[str, str]:
    """Return the variables that the function sees."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(str(p) for p in (variant.code, *variant.layers)),
        "LAMBDA_TASK_ROOT": str(variant.code),
        "AWS_LAMBDA_FUNCTION_NAME": variant.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        **variant.environment,
    }


def start(python: Path, variant: Variant, prefix: list[str]) -> tuple[float, str]:
    """Start the function once; return milliseconds to its first response, and its errors."""
    variant.before()
    api = RuntimeApi(f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:{variant.name}")
    invocation = Invocation(variant.event, timeout_seconds=STARTS_WITHIN_SECONDS)
    api.offer(invocation)
    command = [*prefix, str(python), "-m", "awslambdaric", variant.handler]
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=variant.code,
        env=environment_of(variant, api),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        answer = json.loads(invocation.response.result(timeout=STARTS_WITHIN_SECONDS))
        elapsed = (time.perf_counter() - began) * 1000
    except (TimeoutError, FunctionError) as error:
        process.kill()
        sys.exit(f"{variant.name} gave no response: {error!r} {process.communicate()[1][-2000:]}")
    finally:
        api.close()  # the runtime client is told that there is nothing more, and ends
    _, errors = process.communicate(timeout=STARTS_WITHIN_SECONDS)
    if answer != {"batchItemFailures": []}:
        sys.exit(f"{variant.name} answered {answer}")
    return elapsed, errors


def instructions(python: Path, variant: Variant) -> int:
    """Return the instructions that one cold start takes, counted by callgrind."""
    valgrind = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        "--trace-children=no",
    ]
    _, errors = start(python, variant, valgrind)
    total = re.search(r"Collected : (\d+)", errors)
    if total is None:
        sys.exit(f"callgrind gave no total: {errors[-2000:]}")
    return int(total.group(1))


def imports(python: Path, variant: Variant) -> list[dict[str, object]]:
    """Return the twenty imports with the largest own time, in milliseconds."""
    _, errors = start(python, variant, ["env", "PYTHONPROFILEIMPORTTIME=1"])
    rows = re.findall(r"import time:\s+(\d+) \|\s+(\d+) \| +(\S+)", errors)
    heaviest = sorted(((int(own), int(total), name) for own, total, name in rows), reverse=True)[
        :20
    ]
    return [
        {"module": name, "own_ms": own / 1000, "total_ms": total / 1000}
        for own, total, name in heaviest
    ]


SEED = {
    "domains": [
        {
            "name": DOMAIN,
            "repositories": [
                {
                    "name": REPOSITORY,
                    "packages": [
                        {
                            "format": "maven",
                            "namespace": NAMESPACE,
                            "package": "pkg-1",
                            "versions": [
                                {"version": "1.0-SNAPSHOT", "status": "Published"},
                                {"version": "1.0-20260301.101500-2", "status": "Unlisted"},
                                {"version": "1.0-20260301.101400-1", "status": "Unlisted"},
                            ],
                        }
                    ],
                },
                {"name": "approved"},
            ],
        }
    ]
}


def measure(
    python: Path, variants: list[Variant], *, runs: int, callgrind: bool
) -> dict[str, object]:
    """Start every variant *runs* times, interleaved, and return the figures."""
    for variant in variants:
        start(python, variant, [])  # warms the page cache
    samples: dict[str, list[float]] = {variant.name: [] for variant in variants}
    for run in range(runs):
        for variant in variants:
            samples[variant.name].append(start(python, variant, [])[0])
        print(f"run {run + 1} of {runs}", file=sys.stderr)
    bare, *ours = variants
    figures: dict[str, object] = {
        name: {"minimum_ms": round(min(times), 1), "median_ms": round(statistics.median(times), 1)}
        for name, times in samples.items()
    }
    figures["ratio_of_minimums"] = {
        each.name: round(min(samples[each.name]) / min(samples[bare.name]), 3) for each in ours
    }
    if callgrind:
        counts = {variant.name: instructions(python, variant) for variant in variants}
        figures["instructions"] = counts
        figures["ratio_of_instructions"] = {
            each.name: round(counts[each.name] / counts[bare.name], 3) for each in ours
        }
    figures["heaviest_imports"] = {each.name: imports(python, each) for each in ours}
    return figures


def main() -> None:
    """Run the benchmark and print its figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15, help="starts of each variant (default: 15)")
    parser.add_argument(
        "--callgrind", action="store_true", help="count instructions too (about a minute)"
    )
    arguments = parser.parse_args()
    if not BUILT.is_dir():
        sys.exit("Nothing is built yet: run `make build` first.")
    if arguments.callgrind and shutil.which("valgrind") is None:
        sys.exit("--callgrind needs valgrind on PATH.")
    megabytes = layer_megabytes()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        python = python_of_lambda(scratch / "runtime")
        (scratch / "bare").mkdir()
        (scratch / "bare" / "app.py").write_text(BARE)
        policy = scratch / "policy.json"
        policy.write_text(compile_policy(POLICY, "policy.yaml"))
        elsewhere = scratch / "policy.yaml"
        elsewhere.write_text(ELSEWHERE)
        with running("up", "--policy", str(elsewhere)) as endpoint:
            admin(endpoint, "POST", "seed", SEED)
            point_aws_at(endpoint)
            dynamodb = get_session().create_client("dynamodb")
            create_table(dynamodb, TABLE)
            warming_run.create_table(dynamodb)
            bare = Variant("bare", scratch / "bare", "app.handler", [], event_for("bare"))
            ours = [
                Variant(
                    name,
                    BUILT / folder,
                    f"{name}.handler",
                    [BUILT / "StewardLayer" / "python"],
                    event_for(name),
                    {
                        "AWS_ENDPOINT_URL": endpoint,
                        "STEWARD_MODE": "enforce",
                        "STEWARD_POLICY": str(policy),
                        "STEWARD_DOMAIN": DOMAIN,
                        "STEWARD_QUEUE_URL": f"{endpoint}/{ACCOUNT}/benchmark",
                        "STEWARD_PROMOTIONS_QUEUE_URL": f"{endpoint}/{ACCOUNT}/benchmark",
                        "STEWARD_COPIES_QUEUE_URL": f"{endpoint}/{ACCOUNT}/benchmark.fifo",
                        "STEWARD_LEDGER_TABLE": TABLE,  # not read: nothing has drifted
                        "STEWARD_PROMOTIONS_TABLE": TABLE,
                        "STEWARD_OSV_URL": f"{endpoint}/_emulator/osv",
                        "STEWARD_WARMING_TABLE": warming_run.TABLE,
                        "POWERTOOLS_SERVICE_NAME": name,
                        "POWERTOOLS_METRICS_NAMESPACE": "CodeArtifactSteward",
                    },
                    partial(warming_run.begin, dynamodb)
                    if name == "warm_caches.app"
                    else lambda: None,
                )
                for folder, name in FUNCTIONS.items()
            ]
            figures = measure(
                python, [bare, *ours], runs=arguments.runs, callgrind=arguments.callgrind
            )
    sizes = {
        "layer_megabytes": megabytes,
        "function_kilobytes": {
            name: round(size_of(BUILT / folder) / 1_000) for folder, name in FUNCTIONS.items()
        },
    }
    print(json.dumps({**sizes, **figures}, indent=2))


if __name__ == "__main__":
    main()
