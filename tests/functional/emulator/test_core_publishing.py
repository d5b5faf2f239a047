"""Publishing and origin controls, straight on the core."""

from __future__ import annotations

import re

import pytest

from emulator.core import copying, origins, packages, publishing, repositories, versions
from emulator.core.errors import Conflict, ResourceNotFound, ServiceQuotaExceeded
from emulator.core.origins import Arrival
from emulator.core.values import BulkResult, PackageId, Restriction, Restrictions
from tests.functional.emulator.local_core import (
    DOMAIN,
    GENERIC,
    MAVEN,
    NPM,
    OTHER,
    REPOSITORY,
    Core,
)
from tests.functional.emulator.public_repository import Company, FakeRepository


@pytest.mark.parametrize(
    ("arrival", "publish", "upstream"),
    [
        ("published", "ALLOW", "BLOCK"),
        ("ingested", "BLOCK", "ALLOW"),
        ("retained", "BLOCK", "ALLOW"),
        ("copied", "ALLOW", "BLOCK"),
    ],
)
def test_a_new_package_has_the_restrictions_of_its_arrival(
    core: Core, arrival: Arrival, publish: Restriction, upstream: Restriction
) -> None:
    """Defaults of the User Guide; those of retained and copied packages are switches."""
    record = packages.ensure(core.state, REPOSITORY, GENERIC, arrival=arrival)
    assert record.restrictions == Restrictions(publish, upstream)


def test_the_switches_change_undocumented_default_restrictions(core: Core) -> None:
    """Restrictions of retained and copied packages follow their switch."""
    core.switch(
        retainedInternalDefaultRestrictions="ALLOW/ALLOW", copyDefaultRestrictions="BLOCK/ALLOW"
    )
    for arrival, restrictions in (
        ("retained", Restrictions("ALLOW", "ALLOW")),
        ("copied", Restrictions("BLOCK", "ALLOW")),
    ):
        found = origins.defaults(core.state, DOMAIN, GENERIC, arrival)  # type: ignore[arg-type]  # both are an Arrival
        assert found == restrictions


@pytest.mark.parametrize(
    ("restrictions", "held", "reachable", "decision"),
    [
        pytest.param(("ALLOW", "ALLOW"), "nothing", True, "conflict", id="reachable upstream"),
        pytest.param(("ALLOW", "ALLOW"), "nothing", False, "accepted", id="nowhere else"),
        pytest.param(("ALLOW", "BLOCK"), "nothing", True, "accepted", id="upstream not reachable"),
        pytest.param(("ALLOW", "ALLOW"), "same bytes", True, "unchanged", id="same bytes again"),
        pytest.param(("ALLOW", "BLOCK"), "other bytes", False, "conflict", id="other bytes"),
        pytest.param(("ALLOW", "BLOCK"), "other assets", False, "accepted", id="one more asset"),
    ],
)
def test_the_publish_decision_table(
    restrictions: tuple[Restriction, Restriction],
    held: str,
    decision: str,
    *,
    reachable: bool,
) -> None:
    """Each row of "Editing package origin controls"."""
    found = origins.publish_decision(
        Restrictions(*restrictions),
        held=held,  # type: ignore[arg-type]  # one of the four words, from the table above
        reachable=reachable,
    )
    assert found == decision


def test_a_blocked_publish_changes_nothing_and_says_so(core: Core) -> None:
    """Also of bytes that are held; the message holds the words that AWS's own tools look for."""
    held = core.publish("0.9")
    core.restrict("BLOCK", "ALLOW")
    words = "This package is configured to block new versions"
    with pytest.raises(origins.PublishBlocked, match=words):
        core.publish("1.0")
    with pytest.raises(origins.PublishBlocked, match=words):
        core.publish("0.9")
    assert versions.all_of(core.state, REPOSITORY, GENERIC) == [held]


def test_a_version_that_an_upstream_holds_is_refused_unless_upstream_is_blocked(core: Core) -> None:
    """ALLOW/ALLOW and reachable: 409; ALLOW/BLOCK: accepted."""
    core.publish("1.0", repository=OTHER)
    repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    core.restrict("ALLOW", "ALLOW")
    with pytest.raises(Conflict):
        core.publish("1.0")
    assert core.publish("2.0").status == "Published"
    core.restrict("ALLOW", "BLOCK")
    assert core.publish("1.0").status == "Published"


def test_identical_bytes_again_change_nothing(core: Core) -> None:
    """No event, no new revision."""
    first = core.publish("1.0", package=MAVEN)
    count = len(core.delivered())
    assert core.publish("1.0", package=MAVEN) == first
    assert len(core.delivered()) == count


def test_other_bytes_under_the_same_name_conflict(core: Core) -> None:
    """The version keeps what it had."""
    first = core.publish("1.0", package=MAVEN)
    with pytest.raises(Conflict):
        core.publish("1.0", package=MAVEN, content="changed")
    assert versions.find(core.state, REPOSITORY, MAVEN, "1.0") == first


def test_maven_versions_take_further_assets_and_a_new_revision(core: Core) -> None:
    """A late asset joins a Published version."""
    first = core.publish("1.0", "a.jar", package=MAVEN)
    second = core.publish("1.0", "b.jar", package=MAVEN, unfinished=True)
    assert [asset.name for asset in second.assets] == ["a.jar", "b.jar"]
    assert second.status == "Published"
    assert second.revision != first.revision
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=", second.revision)


def test_npm_versions_take_no_further_assets(core: Core) -> None:
    """An npm version is one asset."""
    core.publish("1.0", "package.tgz", package=NPM)
    with pytest.raises(Conflict):
        core.publish("1.0", "other.tgz", package=NPM)


def test_a_generic_version_is_open_only_while_unfinished(core: Core) -> None:
    """The call without unfinished closes it; then no more assets."""
    assert core.publish("1.0", "a.bin", unfinished=True).status == "Unfinished"
    assert core.publish("1.0", "b.bin").status == "Published"
    with pytest.raises(Conflict):
        core.publish("1.0", "c.bin")


def test_a_version_has_at_most_the_documented_number_of_assets(core: Core) -> None:
    """150 in this Region; one more is refused and nothing of the call is kept."""
    blob = core.state.assets.store(b"x")
    names = [f"{number}.jar" for number in range(151)]
    with pytest.raises(ServiceQuotaExceeded):
        publishing.publish(core.state, REPOSITORY, MAVEN, "1.0", [(name, blob) for name in names])
    assert core.statuses(MAVEN) == {}
    publishing.publish(core.state, REPOSITORY, MAVEN, "1.0", [(name, blob) for name in names[:150]])
    assert core.statuses(MAVEN) == {"1.0": "Published"}


def test_a_copy_shares_assets_metadata_and_origin(core: Core) -> None:
    """Only the record is new: the origin stays the repository it was published to."""
    source = core.publish("1.0", package=NPM, metadata={"a": 1})
    result = copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["1.0"])
    held = versions.describe(core.state, OTHER, NPM, "1.0")
    assert result.successful == {"1.0": (held.revision, "Published")}
    assert (held.assets, held.metadata, held.origin) == (
        source.assets,
        source.metadata,
        source.origin,
    )


def test_an_identical_copy_is_in_neither_map(core: Core) -> None:
    """And emits nothing."""
    core.publish("1.0", package=NPM)
    copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["1.0"])
    count = len(core.delivered())
    result = copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["1.0"])
    assert (result.successful, result.failed) == ({}, {})
    assert len(core.delivered()) == count


def test_a_different_version_in_the_destination_skips_the_rest(core: Core) -> None:
    """ALREADY_EXISTS and SKIPPED in AWS's words; allow_overwrite replaces."""
    core.publish("0.2.1", package=NPM)
    core.publish("0.3.2", package=NPM)
    core.publish("0.3.2", package=NPM, repository=OTHER, content="other")
    both = ["0.2.1", "0.3.2"]
    result = copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=both)
    assert {name: (each.code, each.message) for name, each in result.failed.items()} == {
        "0.3.2": ("ALREADY_EXISTS", "Version 0.3.2 already exists"),
        "0.2.1": ("SKIPPED", "Version 0.2.1 was skipped"),
    }
    result = copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=both, allow_overwrite=True)
    assert sorted(result.successful) == both
    assert core.delivered()[-1]["operationType"] == "Updated"


def test_a_copy_at_another_revision_is_refused(core: Core) -> None:
    """The optimistic lock of versionRevisions."""
    core.publish("1.0", package=NPM)
    result = copying.copy(core.state, REPOSITORY, OTHER, NPM, revisions={"1.0": "old"})
    assert result.failed["1.0"].code == "MISMATCHED_REVISION"


def test_a_copy_looks_upstream_only_if_asked(core: Core) -> None:
    """With include_from_upstream the source's upstream counts, else NOT_FOUND."""
    third = repositories.create(
        core.state,
        type(REPOSITORY)(REPOSITORY.domain, "third-repo"),
        administrator="012345678901",
        upstreams=[OTHER.name],
    ).id
    core.publish("1.0", package=NPM, repository=OTHER)
    core.publish("9.9", package=NPM, repository=third)
    core.restrict("ALLOW", "ALLOW", package=NPM, repository=third)
    result = copying.copy(core.state, third, REPOSITORY, NPM, versions=["1.0"])
    assert result.failed["1.0"].code == "NOT_FOUND"
    result = copying.copy(
        core.state, third, REPOSITORY, NPM, versions=["1.0"], include_from_upstream=True
    )
    assert list(result.successful) == ["1.0"]


def test_tags_come_along_with_the_copied_version(core: Core) -> None:
    """Npm tags that name the copied version overwrite the destination's; others stay behind."""
    core.publish("1.0", package=NPM)
    core.publish("2.0", package=NPM)
    tags = {"latest": "2.0", "legacy": "1.0"}
    packages.put_metadata(core.state, REPOSITORY, NPM, {"dist-tags": tags})
    core.publish("0.9", package=NPM, repository=OTHER)
    packages.put_metadata(core.state, OTHER, NPM, {"dist-tags": {"latest": "0.9", "old": "0.9"}})
    copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["2.0"])
    held = packages.dist_tags(packages.describe(core.state, OTHER, NPM))
    assert held == {"latest": "2.0", "old": "0.9"}


def test_the_status_of_a_copy_follows_its_switch(core: Core) -> None:
    """By default Unlisted is carried; with copyCarriesStatus=published it is Published."""
    core.bring("1.0", "Unlisted", package=NPM)
    core.bring("2.0", "Unlisted", package=NPM)
    copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["1.0"])
    core.switch(copyCarriesStatus="published")
    copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["2.0"])
    assert core.statuses(NPM, OTHER) == {"1.0": "Unlisted", "2.0": "Published"}


def test_an_archived_version_is_not_copied(core: Core) -> None:
    """NOT_ALLOWED, by our choice."""
    core.bring("1.0", "Archived", package=NPM)
    result = copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["1.0"])
    assert result.failed["1.0"].code == "NOT_ALLOWED"


def test_a_copy_ignores_origin_controls_unless_switched(core: Core) -> None:
    """publish=BLOCK in the destination matters only with copyObeysOriginControls."""
    core.publish("1.0", package=NPM)
    core.restrict("BLOCK", "ALLOW", package=NPM, repository=OTHER)
    core.switch(copyObeysOriginControls=True)
    result = copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["1.0"])
    assert result.failed["1.0"].code == "NOT_ALLOWED"
    core.switch()
    result = copying.copy(core.state, REPOSITORY, OTHER, NPM, versions=["1.0"])
    assert list(result.successful) == ["1.0"]


@pytest.mark.parametrize("ingests", [False, True])
def test_a_copy_ingests_from_outside_only_with_its_switch(core: Core, *, ingests: bool) -> None:
    """include_from_upstream means CodeArtifact repositories, unless the switch says more."""
    requests = PackageId("pypi", "", "requests")
    company = Company.with_store(core.state, FakeRepository(), "public:pypi")
    company.public.offer(requests, "2.26.0", "requests.whl", "requests.tar.gz")
    intake = company.repository("intake", "store")
    core.switch(includeFromUpstreamIngests=ingests)

    def copy() -> BulkResult:
        return copying.copy(
            core.state, intake, OTHER, requests, versions=["2.26.0"], include_from_upstream=True
        )

    if ingests:
        assert list(copy().successful) == ["2.26.0"]
        assert company.assets(OTHER, requests, "2.26.0") == {"requests.whl", "requests.tar.gz"}
    else:
        with pytest.raises(ResourceNotFound):
            copy()
    company.settled()
    assert bool(company.assets(intake, requests, "2.26.0")) == ingests
