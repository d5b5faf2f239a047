"""A company whose caches are warmed by the template's schedule, and what a test sees of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from cli.stack.stack import LocalStack
from tests.end_to_end.developer import Developer
from tests.end_to_end.played_template import admin, client_of, codeartifact, said, until
from tests.end_to_end.public_packages import PublicPackages
from tests.end_to_end.topic_inbox import Inbox

if TYPE_CHECKING:
    import pytest

DOMAIN: Final = "my-company"
TEAM: Final = "team"
STORES: Final = {
    "pypi-store": "public:pypi",
    "npm-store": "public:npmjs",
    "maven-store": "public:maven-central",
}
GROUP: Final = "org.example.lab"
BUCKET: Final = "locks.my-company"
CHANGING: Final = "changing/requirements.txt"
POLICY: Final = f"""\
domain: {DOMAIN}
caches:
  - repository: {TEAM}
    lockfiles:
      - requirements.txt
      - s3://{BUCKET}/web/package-lock.json
      - s3://{BUCKET}/server/dependencies.txt
  - repository: {TEAM}
    packages: ["pkg:pypi/growing", "pkg:npm/growing", "pkg:maven/{GROUP}/growing"]
  - repository: {TEAM}
    lockfiles: s3://{BUCKET}/{CHANGING}
"""
LOCKED, NEWEST, CHANGED = "caches[0]", "caches[1]", "caches[2]"
REQUIREMENTS: Final = "stored==1.0\n"
PACKAGE_LOCK: Final = {
    "name": "web",
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "web", "dependencies": {"@lab/tool": "2.0.0"}},
        "node_modules/@lab/tool": {"version": "2.0.0"},
        "node_modules/left-pad": {"version": "1.1.0"},
    },
}
DEPENDENCIES: Final = f"""\
[INFO] The following files have been resolved:
[INFO]    {GROUP}:several:jar:1.0:compile
[INFO]    {GROUP}:several:jar:linux:1.0:runtime
"""
NOBODY_ANSWERS: Final = {
    "externalConnections": {"public:pypi": "down"},
    # What clients are answered then, AWS does not document. 404, which it is by default, is what
    # `steward demo` meets.
    "switches": {"unavailableConnectionStatus": 503},
}
HOUR: Final = 60 * 60
LISTED_AFTER: Final = 180
LONGEST_PAUSE: Final = 15 * 60  # between two looks at a public repository that does not answer
PAUSES: Final = 3
LONGEST_WAIT: Final = 60.0


@dataclass
class World:
    """A deployment, what is public, a developer of the company, and who is told."""

    stack: LocalStack
    public: PublicPackages
    developer: Developer
    inbox: Inbox
    policy: Path

    def put(self, key: str, text: str) -> None:
        """Put a lock file where the policy says that it is."""
        client_of(self.stack, "s3").put_object(Bucket=BUCKET, Key=key, Body=text.encode())

    def faults(self, **document: object) -> None:
        """The local CodeArtifact has these faults and no others."""
        admin(self.stack, "PUT", "faults", document)

    def advance(self, seconds: int) -> None:
        """It is later, for CodeArtifact, the schedules and the functions."""
        admin(self.stack, "PUT", "clock", {"advance": seconds})

    def requests(self) -> Mapping[str, int]:
        """Return the requests to CodeArtifact since the last time, by what was asked."""
        found = cast("dict[str, int]", admin(self.stack, "GET", "requests"))
        admin(self.stack, "DELETE", "requests")
        return found

    def runs(self, rule: str) -> list[Mapping[str, object]]:
        """Return what was logged of the runs of a rule that are over, in order."""
        return [
            cast("Mapping[str, object]", line)
            for line in said(self.stack)
            if line["message"] == "cache warmed" and line.get("rule") == rule
        ]

    def after(self, cause: Callable[[], None], rule: str) -> Mapping[str, int]:
        """Return what became of the versions of *rule* in the run that ends after *cause*."""
        before = len(self.runs(rule))
        cause()
        until(lambda: len(self.runs(rule)) > before, LONGEST_WAIT)
        return cast("Mapping[str, int]", self.runs(rule)[before]["versions"])

    def tick(self) -> None:
        """The schedule fires by itself: it is the time for it."""
        assert self.stack.schedules is not None
        due = self.stack.schedules.due()["WarmCachesSchedule"]
        assert due is not None
        clock = cast("dict[str, str]", admin(self.stack, "GET", "clock"))
        self.advance(ceil((due - datetime.fromisoformat(clock["now"])).total_seconds()))

    def waiting(self) -> set[str]:
        """Return the ids of the messages that wait for a later time, when nothing else is left."""
        until(lambda: all(later for _, later in self._messages()), LONGEST_WAIT)
        return {message_id for message_id, _ in self._messages()}

    def settle(self) -> None:
        """Time passes until no message waits: less than an hour, so that no run begins."""
        for _ in range(PAUSES):
            left = self.waiting()
            if not left:
                return
            self.advance(LONGEST_PAUSE)
            until(partial(self._are_gone, left), LONGEST_WAIT)
        assert not self.waiting()

    def _are_gone(self, messages: set[str]) -> bool:
        return not messages & {message_id for message_id, _ in self._messages()}

    def _messages(self) -> list[tuple[str, bool]]:
        """Return the ids of the messages for the function, and whether they are for later."""
        from moto.sqs.models import sqs_backends

        options, now = self.stack.options, time.time() * 1000
        queue = sqs_backends[options.account][options.region].queues[
            self.stack.attribute("WarmingQueue", "QueueName")
        ]
        return [(one.id, one.delayed_until > now) for one in list(queue._messages)]

    def versions(
        self, package: str, fmt: str, *, namespace: str | None = None, repository: str = TEAM
    ) -> dict[str, str]:
        """Return the statuses of a package's versions; empty if it is not there."""
        client = codeartifact(self.stack)
        named = {"namespace": namespace} if namespace else {}
        try:
            answer = client.list_package_versions(
                domain=DOMAIN, repository=repository, format=fmt, package=package, **named
            )
        except client.exceptions.ResourceNotFoundException:
            return {}
        return {one["version"]: one["status"] for one in answer["versions"]}

    def assets(self, package: str, fmt: str, *, namespace: str | None = None) -> set[str]:
        """Return the names of the assets of version 1.0."""
        named = {"namespace": namespace} if namespace else {}
        answer = codeartifact(self.stack).list_package_version_assets(
            domain=DOMAIN,
            repository=TEAM,
            format=fmt,
            package=package,
            packageVersion="1.0",
            **named,
        )
        return {one["name"] for one in answer["assets"]}

    def warm(self, *arguments: str | Path, status: int = 0) -> dict[str, object]:
        """Return what ``steward warm`` prints for programs; it ends with 0, or not."""
        done = self.developer.run(
            *("steward", "warm", *arguments, "--policy", self.policy, "--json"),
            refused=status != 0,
        )
        return cast("dict[str, object]", json.loads(done.stdout))


def seeded(stack: LocalStack) -> None:
    """Make a repository with a store for each public repository behind it, and the lock files."""
    stores = [{"name": name, "externalConnection": one} for name, one in STORES.items()]
    team = {"name": TEAM, "upstreams": list(STORES)}
    domain = {"name": DOMAIN, "repositories": [*stores, team]}
    admin(stack, "POST", "seed", {"domains": [domain]})
    s3 = client_of(stack, "s3")
    here = {"LocationConstraint": "us-west-2"}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=here)
    for key, text in {
        "web/package-lock.json": json.dumps(PACKAGE_LOCK),
        "server/dependencies.txt": DEPENDENCIES,
        CHANGING: "# nothing yet\n",
    }.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def release(public: PublicPackages) -> None:
    """Release what the lock files name, and the first versions of what will have more."""
    for name in ("stored", "patience", "wanted", "contested", "asked-for", "growing"):
        public.release_python(name, "1.0")
    public.release_npm("left-pad", "1.1.0")
    public.release_npm("@lab/tool", "2.0.0", dependencies={"left-pad": "^1.1.0"})
    public.release_npm("growing", "1.0.0")
    suffixes = (".jar", ".pom", "-sources.jar", "-linux.jar")
    public.release_maven(GROUP, "several", "1.0", suffixes)
    public.release_maven(GROUP, "growing", "1.0")


def public_world(public: PublicPackages, patch: pytest.MonkeyPatch) -> None:
    """Have the external connections of stacks that start now lead to *public*, which has it all."""
    release(public)
    patch.setenv("STEWARD_PYPI_INDEX", public.simple_index)
    patch.setenv("STEWARD_NPM_REGISTRY", public.npm_registry)
    patch.setenv("STEWARD_MAVEN_CENTRAL", public.maven_layout)


def written_policy(folder: Path) -> Path:
    """Return the policy file, which has a lock file beside it."""
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    file = folder / "policy.yaml"
    file.write_text(POLICY)
    return file
