"""The company of the demonstration: its local stack and its domain, and looks into both."""

import json
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from rich.table import Table

from cli.demo.world import World
from cli.stack.function_logs import FunctionLogs, LogLine
from cli.stack.json_types import Document
from cli.stack.stack import LocalStack

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.literals import PackageFormatType

REQUEST_SECONDS = 60.0


class Company:
    """A running local stack, seen as a member of the company sees it."""

    def __init__(self, stack: LocalStack, domain: str, world: World) -> None:
        """Look into *domain* of *stack*, which lives in *world*."""
        self.stack = stack
        self.domain = domain
        self.world = world
        self._own_calls: Counter[str] = Counter()

    @property
    def events(self) -> list[Document]:
        """What CodeArtifact has emitted so far."""
        return self.world.events

    @property
    def logs(self) -> FunctionLogs:
        """What the functions have written."""
        return self.stack.logs

    @cached_property
    def codeartifact(self) -> "CodeArtifactClient":
        """An ordinary boto3 client, pointed at the local stack."""
        import boto3

        options = self.stack.options
        client: CodeArtifactClient = boto3.client(
            "codeartifact",
            endpoint_url=self.stack.endpoint,
            region_name=options.region,
            aws_access_key_id=options.account,
            aws_secret_access_key="local",  # noqa: S106  the local stack checks no signature
        )
        client.meta.events.register("before-call.codeartifact", self._count)
        return client

    @cached_property
    def token(self) -> str:
        """A token for package managers, good for 12 hours."""
        return self.codeartifact.get_authorization_token(domain=self.domain)["authorizationToken"]

    def endpoint(self, repository: str, package_format: "PackageFormatType") -> str:
        """Return the URL that package managers are given for *repository*."""
        return self.codeartifact.get_repository_endpoint(
            domain=self.domain, repository=repository, format=package_format
        )["repositoryEndpoint"]

    def holdings(self, repository: str, package_format: "PackageFormatType") -> dict[str, str]:
        """Return ``{package: versions}`` of what *repository* holds itself."""
        held: dict[str, str] = {}
        for page in self.codeartifact.get_paginator("list_packages").paginate(
            domain=self.domain, repository=repository, format=package_format
        ):
            for package in page["packages"]:
                versions = self.codeartifact.list_package_versions(
                    domain=self.domain,
                    repository=repository,
                    format=package_format,
                    package=package["package"],
                )["versions"]
                held[package["package"]] = ", ".join(v["version"] for v in versions)
        return held

    def statuses(self, repository: str, namespace: str | None, package: str) -> dict[str, str]:
        """Return ``{version: status}`` of a Maven package; without a *namespace*, a Python one."""
        if namespace is None:
            found = self.codeartifact.list_package_versions(
                domain=self.domain, repository=repository, format="pypi", package=package
            )
        else:
            found = self.codeartifact.list_package_versions(
                domain=self.domain,
                repository=repository,
                format="maven",
                namespace=namespace,
                package=package,
            )
        versions = found["versions"]
        return {version["version"]: version["status"] for version in versions}

    def set_fault(self, fault: Mapping[str, object]) -> None:
        """Ask the local CodeArtifact for a fault, such as a public repository that is down."""
        self._admin("PUT", "faults", fault)

    def seed(self, document: Mapping[str, object]) -> None:
        """Have the local CodeArtifact hold what *document* says, published when it says."""
        self._admin("POST", "seed", document)

    def let_pass(self, duration: str) -> None:
        """Make it later for the local CodeArtifact, by an ISO 8601 duration."""
        self._admin("PUT", "clock", {"advance": duration})
        self.__dict__.pop("token", None)  # it may have expired

    def now(self) -> datetime:
        """Return the time of the local CodeArtifact."""
        return datetime.fromisoformat(str(self._admin("GET", "clock")["now"]))

    def know_vulnerabilities(self, entries: Sequence[Mapping[str, object]]) -> None:
        """Have the local OSV hold *entries*, in OSV's schema, and no others."""
        self._admin("PUT", "osv/entries", entries)

    def function_calls(self) -> "Counter[str]":
        """Return how often the functions have called each of CodeArtifact's operations so far."""
        counted = self._admin("GET", "requests")
        everyone = Counter({str(name): int(str(number)) for name, number in counted.items()})
        return everyone - self._own_calls

    def connections(self) -> Mapping[str, object]:
        """Return what stands behind each external connection, in words."""
        found = self._admin("GET", "health").get("externalConnections")
        return found if isinstance(found, dict) else {}

    def decisions(self, message: str) -> list[dict[str, object]]:
        """Return the log lines of the functions that have this *message*, oldest first."""
        lines = (_structured(line) for line in self.logs.lines())
        return [line for line in lines if line.get("message") == message]

    def _count(self, model: "OperationModel", **_: object) -> None:
        self._own_calls[model.name] += 1

    def _admin(self, method: str, name: str, document: object = None) -> Mapping[str, object]:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(  # noqa: S310  our own loopback endpoint
            f"{self.stack.endpoint}/_emulator/{name}",
            body,
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:  # noqa: S310
            found = json.loads(answer.read() or b"{}")
        return found if isinstance(found, dict) else {}


def columns(*names: str) -> Table:
    """Return an empty table in the look of the demonstration."""
    table = Table(header_style="bold", border_style="bright_black")
    for name in names:
        table.add_column(name)
    return table


def _structured(line: LogLine) -> dict[str, object]:
    try:
        found = json.loads(line.text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
