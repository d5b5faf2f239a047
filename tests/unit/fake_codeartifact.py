"""A low-level CodeArtifact client that keeps one package in memory and counts its calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from steward.coordinates import Format, Package, Repository

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

DOMAIN_OWNER = "012345678901"


def package(
    name: str = "pkg-1",
    *,
    package_format: Format = "maven",
    namespace: str | None = "com.mycompany.app",
    repository: str = "my-maven-repo",
) -> Package:
    """Return a package of the domain ``my-company``."""
    return Package(
        Repository("my-company", DOMAIN_OWNER, repository), package_format, namespace, name
    )


def refused(operation: str, code: str) -> ClientError:
    """Return the exception with which botocore reports the error *code*."""
    return ClientError({"Error": {"Code": code, "Message": f"{code} of a test"}}, operation)


class FakeClient:
    """
    One package as CodeArtifact keeps it.

    Attributes:
        statuses: Version to status; a test reads what is left afterwards.
        lists: The parameters of each ListPackageVersions call.
        updates: The parameters of each UpdatePackageVersionsStatus call.
        origins: What ListPackageVersions says about a version's origin; nothing if it is missing.
        configuration: The package's ``originConfiguration``; ``None``: it has none.
        rows: What ListPackages shows.
        group: What GetAssociatedPackageGroup answers.
        calls: Operation and parameters of every other call.
        refusals: Versions that are refused whatever is asked, with the code.
        all_or_nothing: Whether one refused version makes the others SKIPPED.
        name_culprits: Whether an all-or-nothing refusal says who caused it.
        before: Called before each call with the operation's name; may change or raise.
    """

    def __init__(self, statuses: dict[str, str] | None = None, *, page: int = 1000) -> None:
        self.statuses = dict(statuses or {})
        self.page = page
        self.lists: list[dict[str, object]] = []
        self.updates: list[dict[str, object]] = []
        self.origins: dict[str, Mapping[str, object]] = {}
        self.configuration: Mapping[str, object] | None = None
        self.rows: Sequence[Mapping[str, object]] = ()
        self.group: Mapping[str, object] = {}
        self.calls: list[tuple[str, dict[str, object]]] = []
        self.refusals: dict[str, str] = {}
        self.silent: set[str] = set()
        self.all_or_nothing = True
        self.name_culprits = True
        self.before: Callable[[str], None] = lambda _: None

    @property
    def as_client(self) -> CodeArtifactClient:
        """The fake, as far as mypy is concerned the real one."""
        return cast("CodeArtifactClient", self)

    def list_package_versions(self, **parameters: object) -> dict[str, object]:
        """Answer with a page of versions."""
        self.lists.append(parameters)
        self.before("ListPackageVersions")
        start = int(cast("str", parameters.get("nextToken", "0")))
        wanted = parameters.get("originType")
        listed = [
            name
            for name in self.statuses
            if wanted is None or self.origins.get(name, {}).get("originType") == wanted
        ]
        answer: dict[str, object] = {
            "versions": [self._summary(name) for name in listed[start : start + self.page]]
        }
        if start + self.page < len(listed):
            answer["nextToken"] = str(start + self.page)
        return answer

    def list_packages(self, **parameters: object) -> dict[str, object]:
        """Answer with a page of rows."""
        self._called("ListPackages", parameters)
        start = int(cast("str", parameters.get("nextToken", "0")))
        answer: dict[str, object] = {"packages": self.rows[start : start + self.page]}
        if start + self.page < len(self.rows):
            answer["nextToken"] = str(start + self.page)
        return answer

    def describe_package(self, **parameters: object) -> dict[str, object]:
        """Answer with the package, which is called ``name`` here."""
        self._called("DescribePackage", parameters)
        described: dict[str, object] = {"name": parameters["package"]}
        if self.configuration is not None:
            described["originConfiguration"] = self.configuration
        return {"package": described}

    def put_package_origin_configuration(self, **parameters: object) -> dict[str, object]:
        """Keep the restrictions."""
        self._called("PutPackageOriginConfiguration", parameters)
        self.configuration = {"restrictions": parameters["restrictions"]}
        return {"originConfiguration": self.configuration}

    def get_associated_package_group(self, **parameters: object) -> Mapping[str, object]:
        """Answer with the group."""
        self._called("GetAssociatedPackageGroup", parameters)
        return self.group

    def _called(self, operation: str, parameters: dict[str, object]) -> None:
        self.calls.append((operation, parameters))
        self.before(operation)

    def _summary(self, name: str) -> dict[str, object]:
        summary: dict[str, object] = {"version": name, "status": self.statuses[name]}
        if name in self.origins:
            summary["origin"] = self.origins[name]
        return summary

    def update_package_versions_status(self, **parameters: object) -> dict[str, object]:
        """Change what may be changed and answer as CodeArtifact does."""
        self.updates.append(parameters)
        self.before("UpdatePackageVersionsStatus")
        return self._bulk(cast("str", parameters["targetStatus"]), parameters)

    def dispose_package_versions(self, **parameters: object) -> dict[str, object]:
        """Dispose of what may be disposed of."""
        self._called("DisposePackageVersions", parameters)
        return self._bulk("Disposed", parameters)

    def delete_package_versions(self, **parameters: object) -> dict[str, object]:
        """Delete what may be deleted."""
        self._called("DeletePackageVersions", parameters)
        return self._bulk("Deleted", parameters)

    def _bulk(self, target: str, parameters: dict[str, object]) -> dict[str, object]:
        versions = cast("list[str]", parameters["versions"])
        assert 1 <= len(versions) <= 100
        assert len(set(versions)) == len(versions)
        expected = parameters["expectedStatus"]
        failed: dict[str, object] = {}
        for version in versions:
            code = self._refusal(version, expected)
            if code:
                failed[version] = {"errorCode": code, "errorMessage": f"{code} of a test"}
        accepted = [version for version in versions if version not in failed]
        if failed and self.all_or_nothing:
            skip = accepted if self.name_culprits else versions
            for version in skip:
                failed[version] = {"errorCode": "SKIPPED", "errorMessage": "skipped"}
            accepted = []
        for version in accepted:
            self.statuses[version] = target
            if target == "Deleted":
                del self.statuses[version]
        answered = [version for version in accepted if version not in self.silent]
        return {
            "successfulVersions": {one: {"revision": "r", "status": target} for one in answered},
            "failedVersions": failed,
        }

    def _refusal(self, version: str, expected: object) -> str | None:
        if version in self.refusals:
            return self.refusals[version]
        if version not in self.statuses:
            return "NOT_FOUND"
        return None if self.statuses[version] == expected else "MISMATCHED_STATUS"
