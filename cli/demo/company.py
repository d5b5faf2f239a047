"""The company of the demonstration: its local stack and its domain, and looks into both."""

import json
import urllib.request
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from rich.table import Table

from cli.stack.function_logs import FunctionLogs, LogLine
from cli.stack.json_types import Document
from cli.stack.stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient
    from mypy_boto3_codeartifact.literals import PackageFormatType

REQUEST_SECONDS = 60.0


class Company:
    """A running local stack, seen as a member of the company sees it."""

    def __init__(self, stack: LocalStack, domain: str, events: list[Document]) -> None:
        """Look into *domain* of *stack*; *events* is the list that CodeArtifact's events enter."""
        self.stack = stack
        self.domain = domain
        self.events = events
        self.own_lists = 0  # ListPackageVersions calls that this class made

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
                self.own_lists += 1
                versions = self.codeartifact.list_package_versions(
                    domain=self.domain,
                    repository=repository,
                    format=package_format,
                    package=package["package"],
                )["versions"]
                held[package["package"]] = ", ".join(v["version"] for v in versions)
        return held

    def statuses(self, repository: str, namespace: str, package: str) -> dict[str, str]:
        """Return ``{version: status}`` of a Maven package."""
        self.own_lists += 1
        versions = self.codeartifact.list_package_versions(
            domain=self.domain,
            repository=repository,
            format="maven",
            namespace=namespace,
            package=package,
        )["versions"]
        return {version["version"]: version["status"] for version in versions}

    def set_fault(self, fault: Mapping[str, object]) -> None:
        """Ask the local CodeArtifact for a fault, such as a public repository that is down."""
        self._admin("PUT", "faults", fault)

    def calls(self) -> dict[str, int]:
        """Return how often each operation was called so far."""
        counted = self._admin("GET", "requests")
        return {str(operation): int(str(number)) for operation, number in counted.items()}

    def connections(self) -> Mapping[str, object]:
        """Return what stands behind each external connection, in words."""
        found = self._admin("GET", "health").get("externalConnections")
        return found if isinstance(found, dict) else {}

    def decisions(self, message: str) -> list[dict[str, object]]:
        """Return the log lines of the functions that have this *message*, oldest first."""
        lines = (_structured(line) for line in self.logs.lines())
        return [line for line in lines if line.get("message") == message]

    def _admin(
        self, method: str, name: str, document: Mapping[str, object] | None = None
    ) -> Mapping[str, object]:
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
