"""A low-level CodeArtifact client with one package in two repositories, for copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient


class FakeCopyingClient:
    """
    The versions of one package in a source and a destination, by their revisions.

    Attributes:
        source: Version to revision; ``held`` likewise in the destination. Equal revisions stand for
            identical versions.
        calls: The parameters of each CopyPackageVersions call.
        refusals: Versions that are refused whatever is asked, with the code.
        all_or_nothing: Whether one refused version makes the others SKIPPED.
        name_culprits: Whether an all-or-nothing refusal says who caused it.
        tell_revisions: Whether the answer has the revisions in the destination.
        before: Called before each call; may change the fake or raise.
    """

    def __init__(self, source: Iterable[str] = (), held: dict[str, str] | None = None) -> None:
        self.source = {version: f"revision of {version}" for version in source}
        self.held = dict(held or {})
        self.calls: list[dict[str, object]] = []
        self.refusals: dict[str, str] = {}
        self.all_or_nothing = True
        self.name_culprits = True
        self.tell_revisions = True
        self.before: Callable[[], None] = lambda: None

    @property
    def as_client(self) -> CodeArtifactClient:
        """The fake, as far as mypy is concerned the real one."""
        return cast("CodeArtifactClient", self)

    def sent(self) -> list[list[str]]:
        """Return the versions of each call."""
        return [list(cast("dict[str, str]", call["versionRevisions"])) for call in self.calls]

    def copy_package_versions(self, **parameters: object) -> dict[str, object]:
        """Copy what may be copied and answer as CodeArtifact does."""
        self.calls.append(parameters)
        self.before()
        revisions = cast("dict[str, str]", parameters["versionRevisions"])
        assert 1 <= len(revisions) <= 100
        overwrite = cast("bool", parameters["allowOverwrite"])
        wanted = [
            version
            for version, revision in revisions.items()
            if version in self.refusals
            or self.source.get(version) != revision
            or self.held.get(version) != revision
        ]
        failed: dict[str, dict[str, str]] = {}
        for version in wanted:
            code = self._refusal(version, revisions[version], overwrite=overwrite)
            if code is not None:
                failed[version] = {"errorCode": code, "errorMessage": f"{code} of a test"}
        accepted = [version for version in wanted if version not in failed]
        if failed and self.all_or_nothing:
            for version in accepted if self.name_culprits else wanted:
                failed[version] = {"errorCode": "SKIPPED", "errorMessage": "skipped"}
            accepted = []
        for version in accepted:
            self.held[version] = revisions[version]
        told = {"revision": "of the destination"} if self.tell_revisions else {}
        answer = {version: {**told, "status": "Published"} for version in accepted}
        return {"successfulVersions": answer, "failedVersions": failed}

    def _refusal(self, version: str, revision: str, *, overwrite: bool) -> str | None:
        if version in self.refusals:
            return self.refusals[version]
        if version not in self.source:
            return "NOT_FOUND"
        if self.source[version] != revision:
            return "MISMATCHED_REVISION"
        return "ALREADY_EXISTS" if version in self.held and not overwrite else None
