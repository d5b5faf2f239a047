"""
What warm_caches asks of AWS, its role in the template allows, and it allows nothing else.

The local stack does not enforce roles: here it is asked what the function requested.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.end_to_end.noted_requests import Mode, Played, play, rights
from tests.end_to_end.played_template import until
from tests.end_to_end.public_packages import PublicPackages

FUNCTION: Final = "WarmCachesFunction"
BUCKET: Final = "locks.my-company"
POLICY = f"""\
domain: my-company
caches:
  - repository: DemoRepository
    lockfiles: ["s3://{BUCKET}/app/requirements.txt", "s3://{BUCKET}/app/package-lock.json"]
    verify: true
    on_mismatch: archive
  - repository: DemoRepository
    lockfiles: ["s3://{BUCKET}/tools/requirements.txt", "s3://{BUCKET}/tools/package-lock.json"]
    keep_up_with: /pypi//right$
"""
# What Lambda does itself with the role: it polls the queue, and writes what a function prints.
BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
# Asked for by no request that is signed: CodeArtifact asks for the first when it makes the token,
# and for the second at each request with it.
UNSIGNED = {"sts:GetServiceBearerToken", "codeartifact:ReadFromRepository"}

NOBODY_ANSWERS = {
    "externalConnections": {"public:npmjs": "down"},
    # What the endpoint answers then, AWS does not document; a 404 is an answer.
    "switches": {"unavailableConnectionStatus": 503},
}


@pytest.fixture(autouse=True)
def _public(public_packages: PublicPackages, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the external connection of the stack leads to."""
    for name in ("right", "wrong", "blocked", "tool"):
        public_packages.release_python(name, "1.0")
    # A list with more than the repository holds shows that there is somebody behind it.
    public_packages.release_python("tool", "2.0")
    public_packages.release_npm("later", "1.0.0")
    monkeypatch.setenv("STEWARD_PYPI_INDEX", public_packages.simple_index)
    monkeypatch.setenv("STEWARD_NPM_REGISTRY", public_packages.npm_registry)


def locked(public: PublicPackages, name: str, *, says: str = "") -> str:
    """Return a line of a lock file with the hashes of the files of *name*, or with another one."""
    contents = [says.encode()] if says else public.wheels[name].values()
    hashes = "".join(f" --hash=sha256:{hashlib.sha256(one).hexdigest()}" for one in contents)
    return f"{name}==1.0{hashes}\n"


def package_lock(*names: str) -> str:
    """Return a package-lock.json with version 1.0.0 of each package."""
    packages = {f"node_modules/{name}": {"version": "1.0.0"} for name in names}
    return json.dumps({"lockfileVersion": 3, "packages": {"": {"name": "app"}, **packages}})


def put(played: Played, key: str, text: str) -> None:
    """Put a lock file where the policy says that it is."""
    played.client("s3").put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def prepare(played: Played, public: PublicPackages) -> None:
    """Make the repositories, a package that is shut, and the lock files of two caches."""
    stores = [
        {"name": "pypi-store", "externalConnection": "public:pypi"},
        {"name": "npm-store", "externalConnection": "public:npmjs"},
    ]
    demo = {"name": "DemoRepository", "upstreams": ["pypi-store", "npm-store"]}
    domain = {"name": "my-company", "repositories": [*stores, demo]}
    played.admin("seed", {"domains": [domain]})
    played.client("codeartifact").put_package_origin_configuration(
        domain="my-company",
        repository="DemoRepository",
        format="pypi",
        package="blocked",
        restrictions={"publish": "ALLOW", "upstream": "BLOCK"},
    )
    played.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    app = locked(public, "right") + locked(public, "wrong", says="somebody else's")
    put(played, "app/requirements.txt", f"{app}{locked(public, 'blocked')}")
    put(played, "tools/requirements.txt", "tool==1.0\nnobody-has-this==1.0\n")
    for name in ("app", "tools"):
        put(played, f"{name}/package-lock.json", package_lock())


def status(played: Played, package: str) -> str | None:
    """Return the status of version 1.0 in DemoRepository, None if it is not there."""
    client = played.client("codeartifact")
    try:
        answer = client.list_package_versions(
            domain="my-company", repository="DemoRepository", format="pypi", package=package
        )
    except client.exceptions.ResourceNotFoundException:
        return None
    return next((one["status"] for one in answer["versions"] if one["version"] == "1.0"), None)


def outages(played: Played) -> set[str]:
    """Return the external connections that the table says do not answer."""
    items = played.client("dynamodb").scan(TableName=played.stack.reference("WarmingTable"))
    return {item["entry"]["S"] for item in items["Items"] if item["subject"]["S"] == "outages"}


def runs_over(played: Played) -> int:
    """Return how many runs have been summed up."""
    return sum('"cache warmed"' in line.text for line in played.stack.logs.lines())


def warm(played: Played, runs: int) -> None:
    """Have the clock ring, and wait until there are as many *runs* that are over."""
    played.stack.fire("WarmCachesSchedule")
    until(lambda: runs_over(played) == runs and not played.stack.messages_left)


def allowed_to(mode: Mode) -> set[str]:
    """Return what the role allows with a bucket of lock files, what Lambda needs left out."""
    return rights(mode, FUNCTION, LockfilesBucket=BUCKET) - BY_LAMBDA


def test_what_is_asked_for_to_warm_is_allowed_and_nothing_else_is(
    tmp_path: Path, public_packages: PublicPackages
) -> None:
    """A file is wrong, a package shut, another one gone, and the public repository breaks down."""
    with play("enforce", tmp_path, POLICY, LockfilesBucket=BUCKET) as played:
        prepare(played, public_packages)
        warm(played, runs=2)
        assert status(played, "right") == status(played, "tool") == "Published"
        assert status(played, "wrong") == "Archived"
        assert status(played, "blocked") is None
        # The first cache finds out that nobody answers, the second that somebody does again. What
        # is there already is compared by the hashes that CodeArtifact lists.
        played.admin("faults", NOBODY_ANSWERS)
        put(played, "app/package-lock.json", package_lock("later"))
        played.stack.fire("WarmCachesSchedule")
        until(lambda: outages(played) == {"public:npmjs"})
        until(lambda: runs_over(played) == 3)
        played.admin("faults", {})
        put(played, "tools/package-lock.json", package_lock("later"))
        played.stack.fire("WarmCachesSchedule")
        until(lambda: outages(played) == set())
        asked = played.requests.actions[FUNCTION]
    assert asked == allowed_to("enforce") - UNSIGNED


def test_what_is_asked_for_to_observe_is_allowed(
    tmp_path: Path, public_packages: PublicPackages
) -> None:
    """No repository is asked for anything, so that nothing comes in; the rest is looked at."""
    with play("observe", tmp_path, POLICY, LockfilesBucket=BUCKET) as played:
        prepare(played, public_packages)
        httpx.delete(f"{played.stack.endpoint}/_emulator/requests").raise_for_status()
        warm(played, runs=2)
        requests = httpx.get(f"{played.stack.endpoint}/_emulator/requests").json()
        asked = played.requests.actions[FUNCTION]
        said = [line.text for line in played.stack.logs.lines()]
        there = partial(status, played)
        assert there("right") is there("wrong") is there("tool") is None
    assert any('"would fetch"' in text for text in said)
    assert not [kind for kind in requests if ":" in kind]  # of package managers' endpoints
    assert asked <= allowed_to("observe")
    assert {"codeartifact:ListPackageVersions", "s3:GetObject", "dynamodb:UpdateItem"} <= asked
