"""Copies at known revisions between repositories of the local CodeArtifact."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from steward.codeartifact import CodeArtifactService
from steward.coordinates import Package, Repository
from steward.copies import CopyResult, CopyService
from steward.errors import CopyInterruptedError, PackageNotFoundError
from tests.functional.local_codeartifact import Local

ACCOUNT = "012345678901"
INTAKE = Repository("my-company", ACCOUNT, "intake")
APPROVED = Repository("my-company", ACCOUNT, "approved")
UI = Package(INTAKE, "npm", "mycompany", "ui")
ATOMICITY = pytest.mark.parametrize("atomicity", ["allOrNothing", "perVersion"])


def seed(
    local: Local, *versions: Mapping[str, object], approved: tuple[Mapping[str, object], ...] = ()
) -> None:
    """The intake holds *versions* of the package, the approved repository those of *approved*."""
    ui = {"format": "npm", "namespace": "mycompany", "package": "ui"}
    repositories = [
        {"name": name, "packages": [{**ui, "versions": list(held)}] if held else []}
        for name, held in (("intake", versions), ("approved", approved))
    ]
    local.seed({"domains": [{"name": "my-company", "repositories": repositories}]})


def numbered(count: int) -> list[Mapping[str, object]]:
    """Return *count* seeded versions."""
    return [{"version": f"1.{number}.0"} for number in range(count)]


def revisions(local: Local, repository: Repository = INTAKE) -> dict[str, str]:
    """Return the versions of the package with their revisions, as a listing tells them."""
    ui = Package(repository, "npm", "mycompany", "ui")
    listed = CodeArtifactService(local.client()).versions(ui)
    return {one.version: one.revision for one in listed if one.revision is not None}


def copy(local: Local, wanted: Mapping[str, str], *, overwrite: bool = False) -> CopyResult:
    """Copy *wanted* from the intake to the approved repository."""
    service = CopyService(local.client(), lambda: None)
    return service.copy(UI, "approved", wanted, overwrite=overwrite)


def test_250_versions_are_three_calls(local: Local) -> None:
    """The approved repository holds them at the revisions that the result tells."""
    seed(local, *numbered(250))
    before = local.requests().get("CopyPackageVersions", 0)
    result = copy(local, revisions(local))
    assert local.requests()["CopyPackageVersions"] == before + 3
    assert len(result.copied) == 250
    assert revisions(local, APPROVED) == result.copied


@ATOMICITY
@pytest.mark.parametrize(
    ("culprit", "code"),
    [
        pytest.param("1.3.0", "MISMATCHED_REVISION", id="one that changed since"),
        pytest.param("9.9.9", "NOT_FOUND", id="one that is gone"),
        pytest.param("1.5.0", "ALREADY_EXISTS", id="one that differs there"),
        pytest.param("1.7.0", "NOT_ALLOWED", id="one that is archived"),
    ],
)
def test_one_culprit_among_many_holds_up_nobody(
    local: Local, culprit: str, code: str, atomicity: str
) -> None:
    """It is refused with its reason; everything else is there afterwards."""
    archived: Mapping[str, object] = {"version": "1.7.0", "status": "Archived"}
    held = [archived if one["version"] == "1.7.0" else one for one in numbered(120)]
    other = {"version": "1.5.0", "assets": [{"name": "package.tgz", "content": "another"}]}
    seed(local, *held, approved=(other,))
    local.faults(switches={"bulkAtomicity": atomicity})
    wanted = revisions(local)
    for odd in {"1.5.0", "1.7.0"} - {culprit}:
        del wanted[odd]
    if code in {"MISMATCHED_REVISION", "NOT_FOUND"}:
        wanted[culprit] = "of-another-time"
    result = copy(local, wanted)
    assert [(one.version, one.code) for one in result.refused] == [(culprit, code)]
    assert set(result.copied) == wanted.keys() - {culprit}
    assert set(revisions(local, APPROVED)) == set(result.copied) | {"1.5.0"}


@ATOMICITY
def test_an_identical_version_is_already_there(local: Local, atomicity: str) -> None:
    """Alone, among others, and among others of which one is refused."""
    seed(local, *numbered(4))
    local.faults(switches={"bulkAtomicity": atomicity})
    held = revisions(local)
    copy(local, {"1.0.0": held["1.0.0"]})
    assert copy(local, {"1.0.0": held["1.0.0"]}).already_there == ("1.0.0",)
    result = copy(local, held | {"1.3.0": "of-another-time"})
    assert result.already_there == ("1.0.0",)
    assert set(result.copied) == {"1.1.0", "1.2.0"}
    assert [one.version for one in result.refused] == ["1.3.0"]
    assert copy(local, held).already_there == ("1.0.0", "1.1.0", "1.2.0")


def test_a_version_that_differs_is_replaced_on_request_only(local: Local) -> None:
    """Otherwise the destination keeps its own revision."""
    other = {"version": "1.0.0", "assets": [{"name": "package.tgz", "content": "another"}]}
    seed(local, *numbered(1), approved=(other,))
    before = revisions(local, APPROVED)
    assert [one.code for one in copy(local, revisions(local)).refused] == ["ALREADY_EXISTS"]
    assert revisions(local, APPROVED) == before
    result = copy(local, revisions(local), overwrite=True)
    assert set(result.copied) == {"1.0.0"}
    assert revisions(local, APPROVED) == result.copied != before


def test_a_copy_that_is_interrupted_is_mended_by_the_next(local: Local) -> None:
    """What the calls before had done is told, and found there the next time."""
    seed(local, *numbered(250))
    held = revisions(local)
    made: list[int] = []

    def pace() -> None:
        made.append(1)
        if len(made) == 2:
            local.faults(errorRate=1.0)

    with pytest.raises(CopyInterruptedError) as caught:
        CopyService(local.client(), pace).copy(UI, "approved", held)
    local.faults()
    done = caught.value.done
    assert len(done.copied) == 100
    assert revisions(local, APPROVED) == done.copied
    result = copy(local, held)
    assert set(result.already_there) == set(done.copied)
    assert set(result.copied) == held.keys() - done.copied.keys()


def test_what_is_gone_is_told_from_what_is_refused(local: Local) -> None:
    """The package, the repository that it comes from, or the one that it goes to."""
    seed(local, *numbered(1))
    held = revisions(local)
    service = CopyService(local.client(), lambda: None)
    gone = Repository("my-company", ACCOUNT, "gone")
    with pytest.raises(PackageNotFoundError):
        service.copy(Package(INTAKE, "npm", None, "ui"), "approved", held)
    with pytest.raises(PackageNotFoundError):
        service.copy(Package(gone, "npm", "mycompany", "ui"), "approved", held)
    with pytest.raises(PackageNotFoundError):
        service.copy(UI, "gone", held)
