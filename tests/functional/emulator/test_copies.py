"""CopyPackageVersions where AWS documents nothing: revisions, what is there already, snapshots."""

from __future__ import annotations

import pytest

from emulator.core import copying, versions
from emulator.core.switches import SwitchValue
from emulator.core.values import BulkResult, Status, Version
from tests.functional.emulator.local_core import MAVEN, OTHER, REPOSITORY, Core


def copy(core: Core, *names: str, overwrite: bool = False) -> BulkResult:
    """Copy versions of the package to the other repository."""
    return copying.copy(
        core.state, REPOSITORY, OTHER, MAVEN, versions=names, allow_overwrite=overwrite
    )


def there(core: Core, version: str) -> Version:
    """Return the version that the other repository holds."""
    return versions.describe(core.state, OTHER, MAVEN, version)


def hide(core: Core, version: str, status: Status) -> None:
    """The other repository's version has *status*, which hides it from lists."""
    versions.set_status(core.state, OTHER, MAVEN, [version], target=status)
    assert there(core, version).status == status


@pytest.mark.parametrize("revision", ["own", "source"])
def test_a_copy_has_the_revision_that_its_switch_says(core: Core, revision: str) -> None:
    """Its own or its source's; the answer tells it, and a status change keeps it."""
    core.switch(copyRevision=revision)
    source = core.publish("1.0", package=MAVEN)
    result = copy(core, "1.0")
    held = there(core, "1.0")
    assert result.successful == {"1.0": (held.revision, "Published")}
    assert (held.revision == source.revision) == (revision == "source")
    hide(core, "1.0", "Archived")
    assert there(core, "1.0").revision == held.revision


def test_a_copy_that_holds_more_has_a_revision_of_its_own(core: Core) -> None:
    """A revision stands for a set of assets (User Guide, package version revision)."""
    source = core.publish("1.0", "a", package=MAVEN)
    core.publish("1.0", "b", package=MAVEN, repository=OTHER)
    core.switch(copyRevision="source", copyOverwriteKeepsAssets=True)
    copy(core, "1.0", overwrite=True)
    assert there(core, "1.0").revision != source.revision


@pytest.mark.parametrize(
    ("keeps", "left"),
    [
        pytest.param(False, {"a", "b"}, id="goes"),
        pytest.param(True, {"a", "b", "c"}, id="stays"),
    ],
)
def test_an_asset_that_only_the_destination_has(core: Core, *, keeps: bool, left: set[str]) -> None:
    """It goes when the version is overwritten, unless copyOverwriteKeepsAssets says otherwise."""
    core.switch(copyOverwriteKeepsAssets=keeps)
    source = core.publish("1.0", "a", "b", package=MAVEN)
    core.publish("1.0", "a", "c", package=MAVEN, repository=OTHER, content="other")
    copy(core, "1.0", overwrite=True)
    held = {asset.name: asset for asset in there(core, "1.0").assets}
    assert held.keys() == left
    assert all(held[asset.name] == asset for asset in source.assets)
    changes = core.delivered()[-1]["changes"]
    assert changes == {
        "assetsAdded": 1,
        "assetsRemoved": 0 if keeps else 1,
        "assetsUpdated": 1,
        "metadataUpdated": False,
        "statusChanged": False,
    }


def test_a_late_asset_makes_the_version_another_one(core: Core) -> None:
    """It is refused without allowOverwrite; with it, the destination has the late asset, too."""
    core.publish("1.0", "a", package=MAVEN)
    copy(core, "1.0")
    core.publish("1.0", "late", package=MAVEN)
    assert copy(core, "1.0").failed["1.0"].code == "ALREADY_EXISTS"
    assert {asset.name for asset in there(core, "1.0").assets} == {"a"}
    assert list(copy(core, "1.0", overwrite=True).successful) == ["1.0"]
    assert {asset.name for asset in there(core, "1.0").assets} == {"a", "late"}


@pytest.mark.parametrize("hidden", ["Unlisted", "Archived"])
@pytest.mark.parametrize(
    ("switch", "left"),
    [("copyStatus", "Published"), ("keepStatus", None), ("notAllowed", None)],
    ids=["has a copy's status", "keeps its own", "is not overwritten"],
)
def test_another_version_that_is_hidden_there(
    core: Core, hidden: Status, switch: str, left: Status | None
) -> None:
    """ALREADY_EXISTS without allowOverwrite; with it, as copyOverHiddenVersion says."""
    core.publish("1.0", package=MAVEN)
    core.publish("1.0", package=MAVEN, repository=OTHER, content="other")
    hide(core, "1.0", hidden)
    core.switch(copyOverHiddenVersion=switch)
    before = there(core, "1.0")
    assert copy(core, "1.0").failed["1.0"].code == "ALREADY_EXISTS"
    result = copy(core, "1.0", overwrite=True)
    held = there(core, "1.0")
    assert held.status == (left or hidden)
    if switch == "notAllowed":
        assert result.failed["1.0"].code == "NOT_ALLOWED"
        assert held == before
    else:
        assert result.successful == {"1.0": (held.revision, held.status)}
        assert held.assets != before.assets


@pytest.mark.parametrize("hidden", ["Unlisted", "Archived"])
@pytest.mark.parametrize("overwrite", [False, True], ids=["", "with allowOverwrite"])
def test_an_identical_version_that_is_hidden_there_stays_hidden(
    core: Core, hidden: Status, *, overwrite: bool
) -> None:
    """It is in neither map, and nobody is told anything."""
    core.publish("1.0", package=MAVEN)
    copy(core, "1.0")
    hide(core, "1.0", hidden)
    before, count = there(core, "1.0"), len(core.delivered())
    result = copy(core, "1.0", overwrite=overwrite)
    assert (result.successful, result.failed) == ({}, {})
    assert there(core, "1.0") == before
    assert len(core.delivered()) == count


@pytest.mark.parametrize("hidden", ["Unlisted", "Archived"])
def test_an_identical_copy_restores_the_status_with_its_switch(core: Core, hidden: Status) -> None:
    """A status change with the same revision, as any other (identicalCopyRestoresStatus)."""
    core.publish("1.0", package=MAVEN)
    core.publish("1.1", package=MAVEN)
    copy(core, "1.0", "1.1")
    hide(core, "1.0", hidden)
    core.switch(identicalCopyRestoresStatus=True)
    before = there(core, "1.0")
    result = copy(core, "1.0", "1.1")
    assert result.successful == {"1.0": (before.revision, "Published")}
    assert there(core, "1.0").status == "Published"
    event = core.delivered()[-1]
    assert event["operationType"] == "Updated"
    assert event["changes"] == {
        "assetsAdded": 0,
        "assetsRemoved": 0,
        "assetsUpdated": 0,
        "metadataUpdated": False,
        "statusChanged": True,
    }


def test_an_identical_copy_of_a_hidden_version_leaves_it_hidden(core: Core) -> None:
    """What is Unlisted on both sides has a copy's status already."""
    core.bring("1.0", "Unlisted", package=MAVEN)
    copy(core, "1.0")
    core.switch(identicalCopyRestoresStatus=True)
    result = copy(core, "1.0")
    assert (result.successful, result.failed) == ({}, {})
    assert there(core, "1.0").status == "Unlisted"


@pytest.mark.parametrize("version", ["1.0-SNAPSHOT", "1.0-20260301.101500-7"])
@pytest.mark.parametrize("allowed", [True, False])
def test_snapshots_are_copied_if_their_switch_lets_them(
    core: Core, version: str, *, allowed: SwitchValue
) -> None:
    """Both the snapshot and its builds; releases are copied in any case."""
    core.switch(snapshotsMayBeCopied=allowed, bulkAtomicity="perVersion")
    for name in ("1.0", version):
        core.publish(name, package=MAVEN)
    result = copying.copy(core.state, REPOSITORY, OTHER, MAVEN, versions=["1.0", version])
    assert set(core.statuses(MAVEN, OTHER)) == ({"1.0", version} if allowed else {"1.0"})
    codes = {name: each.code for name, each in result.failed.items()}
    assert codes == ({} if allowed else {version: "NOT_ALLOWED"})


def test_a_first_copy_and_an_overwriting_one_are_told(core: Core) -> None:
    """Created in the destination, then Updated; the source has no part in it."""
    core.publish("1.0", package=MAVEN)
    count = len(core.delivered())
    copy(core, "1.0")
    (created,) = core.delivered()[count:]
    core.publish("1.0", "another", package=MAVEN)
    count = len(core.delivered())
    copy(core, "1.0", overwrite=True)
    (updated,) = core.delivered()[count:]
    for event, operation in ((created, "Created"), (updated, "Updated")):
        assert event["repositoryName"] == OTHER.name
        assert event["operationType"] == operation
