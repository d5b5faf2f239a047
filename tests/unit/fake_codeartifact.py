"""A low-level CodeArtifact client that keeps one package in memory and counts its calls."""

from __future__ import annotations

from collections.abc import Callable
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
        names = list(self.statuses)[start : start + self.page]
        answer: dict[str, object] = {
            "versions": [{"version": name, "status": self.statuses[name]} for name in names]
        }
        if start + self.page < len(self.statuses):
            answer["nextToken"] = str(start + self.page)
        return answer

    def update_package_versions_status(self, **parameters: object) -> dict[str, object]:
        """Change what may be changed and answer as CodeArtifact does."""
        self.updates.append(parameters)
        self.before("UpdatePackageVersionsStatus")
        versions = cast("list[str]", parameters["versions"])
        assert 1 <= len(versions) <= 100
        assert len(set(versions)) == len(versions)
        target = cast("str", parameters["targetStatus"])
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
