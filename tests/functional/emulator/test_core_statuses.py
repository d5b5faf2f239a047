"""The state machine of package versions and the bulk calls, straight on the core."""

from __future__ import annotations

import pytest

from emulator.core import origins, packages, statuses, versions
from emulator.core.errors import Conflict, ResourceNotFound, Validation
from emulator.core.values import PackageId, Restrictions, Status
from tests.functional.emulator.local_core import GENERIC, NPM, REPOSITORY, Core

_MOVES: list[tuple[Status, Status, str]] = [
    (source, target, "moves")
    for source in ("Unfinished", "Published", "Unlisted", "Archived")
    for target in ("Published", "Unlisted", "Archived", "Disposed", "Deleted")
]
_REFUSED: list[tuple[Status, Status, str]] = [
    ("Disposed", target, "NOT_ALLOWED")
    for target in ("Published", "Unlisted", "Archived", "Disposed")
]
_TABLE = [*_MOVES, *_REFUSED, ("Disposed", "Deleted", "moves")]


@pytest.mark.parametrize(
    ("source", "target", "outcome"), _TABLE, ids=[f"{s}-to-{t}-{o}" for s, t, o in _TABLE]
)
def test_every_transition_of_the_status_table(
    core: Core, source: Status, target: Status, outcome: str
) -> None:
    """Each status leads where the User Guide's table says, and keeps the revision."""
    before = core.bring("1.0", source)
    match target:
        case "Disposed":
            result = versions.dispose(core.state, REPOSITORY, GENERIC, ["1.0"])
        case "Deleted":
            result = versions.delete(core.state, REPOSITORY, GENERIC, ["1.0"])
        case _:
            result = versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target=target)
    if outcome == "NOT_ALLOWED":
        assert result.failed["1.0"].code == "NOT_ALLOWED"
        assert core.statuses() == {"1.0": source}
        return
    assert result.successful == {"1.0": (before.revision, target)}
    assert core.statuses() == ({} if target == "Deleted" else {"1.0": target})


@pytest.mark.parametrize("target", ["Unfinished", "Disposed", "Deleted"])
def test_a_target_that_cannot_be_asked_for_is_refused(core: Core, target: Status) -> None:
    """UpdatePackageVersionsStatus takes Published, Unlisted and Archived alone."""
    core.publish("1.0")
    with pytest.raises(Validation, match="targetStatus"):
        versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target=target)


@pytest.mark.parametrize("target", ["Unlisted", "Archived"])
def test_the_switches_forbid_leaving_unfinished(core: Core, target: Status) -> None:
    """With unfinishedMayBe... off, an Unfinished version can only be Published or deleted."""
    core.bring("1.0", "Unfinished")
    core.switch(**{f"unfinishedMayBe{target}": False})
    result = versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target=target)
    assert result.failed["1.0"].code == "NOT_ALLOWED"
    versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target="Published")
    assert core.statuses() == {"1.0": "Published"}


def test_dispose_removes_the_assets_and_keeps_the_record(core: Core) -> None:
    """A Disposed version has its metadata and revision, and no assets."""
    before = core.publish("1.0", "a.bin", "b.bin", metadata={"kept": True})
    versions.dispose(core.state, REPOSITORY, GENERIC, ["1.0"])
    after = versions.describe(core.state, REPOSITORY, GENERIC, "1.0")
    assert (after.status, after.assets, after.metadata) == ("Disposed", (), {"kept": True})
    assert after.revision == before.revision


def test_a_status_mismatch_makes_the_others_skipped(core: Core) -> None:
    """Every mismatching version says so in AWS's words; the rest is SKIPPED and unchanged."""
    core.bring("1.0", "Published")
    core.bring("2.0", "Unlisted")
    core.bring("3.0", "Archived")
    result = versions.set_status(
        core.state,
        REPOSITORY,
        GENERIC,
        ["1.0", "2.0", "3.0"],
        target="Archived",
        expected="Unlisted",
    )
    assert result.successful == {}
    assert {name: (each.code, each.message) for name, each in result.failed.items()} == {
        "1.0": ("MISMATCHED_STATUS", "current status: Published, expected status: Unlisted"),
        "2.0": ("SKIPPED", "version 2.0 is skipped"),
        "3.0": ("MISMATCHED_STATUS", "current status: Archived, expected status: Unlisted"),
    }
    assert core.statuses() == {"1.0": "Published", "2.0": "Unlisted", "3.0": "Archived"}


def test_a_revision_mismatch_and_a_missing_version_are_told_apart(core: Core) -> None:
    """The messages are those of the User Guide's samples."""
    first = core.publish("1.0")
    result = versions.set_status(
        core.state,
        REPOSITORY,
        GENERIC,
        ["1.0", "5.6.7"],
        target="Unlisted",
        revisions={"1.0": "old", "5.6.7": "any"},
    )
    assert result.failed["1.0"].code == "MISMATCHED_REVISION"
    assert result.failed["1.0"].message == (
        f"current revision: {first.revision}, expected revision: old"
    )
    assert result.failed["5.6.7"].code == "NOT_FOUND"
    assert result.failed["5.6.7"].message == "Could not find version 5.6.7"


def test_with_the_switch_off_each_version_stands_for_itself(core: Core) -> None:
    """With bulkAtomicity=perVersion nothing is SKIPPED."""
    core.publish("1.0")
    core.switch(bulkAtomicity="perVersion")
    result = versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0", "2.0"], target="Unlisted")
    assert list(result.successful) == ["1.0"]
    assert result.failed["2.0"].code == "NOT_FOUND"
    assert core.statuses() == {"1.0": "Unlisted"}


@pytest.mark.parametrize(("count", "accepted"), [(0, False), (1, True), (100, True), (101, False)])
def test_a_call_takes_1_to_100_versions(count: int, *, accepted: bool) -> None:
    """The boundary of the API Reference."""
    names = [str(number) for number in range(count)]
    if accepted:
        assert statuses.check_versions(names) == names
    else:
        with pytest.raises(Validation, match="1 to 100"):
            statuses.check_versions(names)


def test_revisions_must_name_the_same_versions() -> None:
    """The keys of versionRevisions equal versions."""
    with pytest.raises(Validation, match="versionRevisions"):
        statuses.check_versions(["1.0", "2.0"], {"1.0": "a"})


def test_a_package_that_is_not_there_is_not_found(core: Core) -> None:
    """Bulk calls on an unknown package fail as a whole, in AWS's words."""
    with pytest.raises(ResourceNotFound, match=r"^Package not found in repository\. RepoId: "):
        versions.delete(core.state, REPOSITORY, NPM, ["1.0"])


def test_the_same_status_again_changes_nothing_and_says_nothing(core: Core) -> None:
    """By default it succeeds without an event; switches refuse it or emit one."""
    core.publish("1.0")
    count = len(core.delivered())
    result = versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target="Published")
    assert result.failed == {}
    assert len(core.delivered()) == count
    core.switch(sameStatusUpdate="notAllowed")
    result = versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target="Published")
    assert result.failed["1.0"].code == "NOT_ALLOWED"
    core.switch(sameStatusUpdate="successWithEvent")
    versions.set_status(core.state, REPOSITORY, GENERIC, ["1.0"], target="Published")
    assert len(core.delivered()) == count + 1


def test_deleting_the_last_version_leaves_the_package_and_its_origin_configuration(
    core: Core,
) -> None:
    """DeletePackageVersions leaves the record, so a later publish may still be blocked."""
    core.publish("1.0")
    core.restrict("BLOCK", "ALLOW")
    versions.delete(core.state, REPOSITORY, GENERIC, ["1.0"])
    held = packages.describe(core.state, REPOSITORY, GENERIC)
    assert held.restrictions == Restrictions("BLOCK", "ALLOW")
    with pytest.raises(origins.PublishBlocked):
        core.publish("1.0")


def test_deleting_the_package_resets_its_origin_configuration(core: Core) -> None:
    """DeletePackage removes all and emits one Deleted event for each version."""
    core.publish("1.0")
    core.publish("2.0")
    core.restrict("BLOCK", "ALLOW")
    packages.delete(core.state, REPOSITORY, GENERIC)
    deleted = [each for each in core.delivered() if each["operationType"] == "Deleted"]
    assert [each["packageVersion"] for each in deleted] == ["1.0", "2.0"]
    assert packages.find(core.state, REPOSITORY, GENERIC) is None
    core.publish("1.0")
    held = packages.describe(core.state, REPOSITORY, GENERIC)
    assert held.restrictions == Restrictions("ALLOW", "BLOCK")


def test_an_archived_version_blocks_its_name_and_a_deleted_one_frees_it(core: Core) -> None:
    """Even the same bytes are refused while the version is Archived."""
    core.bring("1.0", "Archived")
    with pytest.raises(Conflict):
        core.publish("1.0")
    versions.delete(core.state, REPOSITORY, GENERIC, ["1.0"], expected="Archived")
    assert core.publish("1.0").status == "Published"


def test_npm_shows_latest_and_others_the_newest_published_version(core: Core) -> None:
    """DefaultDisplayVersion: the tag for npm, else the Published version published last."""
    for package in (NPM, GENERIC):
        core.publish("1.0", package=package)
        core.publish("2.0", package=package)
        core.publish("3.0", package=package, unfinished=True)
    packages.put_metadata(core.state, REPOSITORY, NPM, {"dist-tags": {"latest": "1.0"}})
    assert versions.default_display_version(core.state, REPOSITORY, NPM) == "1.0"
    assert versions.default_display_version(core.state, REPOSITORY, GENERIC) == "2.0"
    lonely = PackageId("generic", "tools", "saw")
    core.publish("1.0", package=lonely, unfinished=True)
    assert versions.default_display_version(core.state, REPOSITORY, lonely) is None
