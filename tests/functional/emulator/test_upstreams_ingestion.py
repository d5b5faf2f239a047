"""What happens when a client fetches a version that only a public repository has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.core import packages, publishing, records, repositories, upstreams, versions
from emulator.core.errors import Conflict, ResourceNotFound
from emulator.core.faults import Settings
from emulator.core.origins import PublishBlocked
from emulator.core.values import RepositoryId, Restrictions
from tests.functional.emulator.local_core import Core
from tests.functional.emulator.public_repository import (
    JAR,
    LIBRARY,
    LINUX,
    POM,
    PUBLISHED,
    REQUESTS,
    SDIST,
    WHEEL,
    Company,
    content_of,
    layered,
    until,
    with_maven_central,
)


@pytest.fixture
def company(core: Core) -> Company:
    """``app`` has upstream ``middle``, which has upstream ``store``, which has public PyPI."""
    return layered(core.state)


@pytest.fixture
def central(core: Core) -> Company:
    """``app`` has upstream ``store``, which has Maven Central."""
    return with_maven_central(core.state)


def repository(company: Company, name: str) -> RepositoryId:
    """Return a repository of the company."""
    return RepositoryId(company.store.domain, name)


def test_a_fetched_version_stays_in_the_asked_repository_and_the_store_but_not_between(
    company: Company,
) -> None:
    """The most downstream repository and the one with the external connection keep the version."""
    app = repository(company, "app")

    download = upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL)

    assert content_of(download) == company.public.content[f"2.26.0/{WHEEL}"]
    company.settled()
    assert company.assets(app, REQUESTS, "2.26.0") == {WHEEL, SDIST}
    assert company.assets(company.store, REQUESTS, "2.26.0") == {WHEEL, SDIST}
    assert company.assets(repository(company, "middle"), REQUESTS, "2.26.0") == set()
    held = versions.describe(company.state, app, REQUESTS, "2.26.0")
    assert (held.origin.type, held.origin.external_connection) == ("EXTERNAL", "public:pypi")
    assert upstreams.original_publish_time(held) == PUBLISHED
    restrictions = packages.describe(company.state, app, REQUESTS).restrictions
    assert restrictions == Restrictions(publish="BLOCK", upstream="ALLOW")


def test_a_second_fetch_asks_nobody_outside(company: Company) -> None:
    """What is held is served from here."""
    app = repository(company, "app")
    upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL)
    company.settled()
    company.public.asked.clear()

    for name in (WHEEL, SDIST):
        content_of(upstreams.fetch(company.state, app, REQUESTS, "2.26.0", name))

    assert company.public.asked == []


def test_a_second_version_stands_beside_the_first(company: Company) -> None:
    """Fetching another version adds it."""
    company.public.offer(REQUESTS, "2.32.3", "requests-2.32.3.tar.gz")
    app = repository(company, "app")

    upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL)
    upstreams.fetch(company.state, app, REQUESTS, "2.32.3", "requests-2.32.3.tar.gz")

    company.settled()
    held = versions.all_of(company.state, app, REQUESTS)
    assert {each.version for each in held} == {"2.26.0", "2.32.3"}


def test_the_asked_file_is_served_before_the_version_appears_with_one_event_each(
    core: Core, company: Company
) -> None:
    """A slow second file holds back the version and its Created events, not the first file."""
    company.public.held_back = {SDIST}
    app = repository(company, "app")

    download = upstreams.fetch(core.state, app, REQUESTS, "2.26.0", WHEEL)

    assert content_of(download)
    assert versions.find(core.state, app, REQUESTS, "2.26.0") is None
    company.public.gate.set()
    company.settled()
    created = [each for each in core.delivered() if each["operationType"] == "Created"]
    assert [each["repositoryName"] for each in created] == ["store", "app"]
    changes = {"assetsAdded": 2, "assetsRemoved": 0, "assetsUpdated": 0}
    assert created[0]["changes"] == {**changes, "metadataUpdated": True, "statusChanged": True}


def test_a_fetched_version_is_seen_by_the_api_after_the_visibility_delay(
    core: Core, company: Company
) -> None:
    """Clients have it at once, List and Describe after the delay."""
    core.state.faults.set(Settings(visibility_delay_seconds=180))
    core.state.clock.freeze()
    app = repository(company, "app")
    upstreams.fetch(core.state, app, REQUESTS, "2.26.0", WHEEL)
    company.settled()

    with pytest.raises(ResourceNotFound):
        versions.describe(core.state, app, REQUESTS, "2.26.0")
    content_of(upstreams.fetch(core.state, app, REQUESTS, "2.26.0", SDIST))
    core.state.clock.advance(timedelta(seconds=180))

    assert versions.describe(core.state, app, REQUESTS, "2.26.0").status == "Published"


@pytest.mark.parametrize("outage", ["down", "slow", "unreachable"])
def test_in_an_outage_stored_versions_install_others_do_not_and_later_they_do(
    core: Core, company: Company, outage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of the public repository hides what is not stored, until it ends."""
    monkeypatch.setattr("emulator.core.external.SLOW_SECONDS", 0.01)
    app = repository(company, "app")
    company.public.offer(REQUESTS, "2.32.3", "requests-2.32.3.tar.gz")
    upstreams.fetch(core.state, app, REQUESTS, "2.26.0", WHEEL)
    company.settled()

    if outage == "unreachable":
        company.public.unreachable = True
        core.state.clock.advance(timedelta(minutes=31))
    else:
        faults = {"public:pypi": "down" if outage == "down" else "slow"}
        core.state.faults.set(Settings(external_connections=faults))  # type: ignore[arg-type]  # both are ConnectionHealth
    listed = {each.version for each in upstreams.view(core.state, app, REQUESTS)}
    assert listed == {"2.26.0"}
    content_of(upstreams.fetch(core.state, app, REQUESTS, "2.26.0", WHEEL))
    with pytest.raises(ResourceNotFound):
        upstreams.fetch(core.state, app, REQUESTS, "2.32.3", "requests-2.32.3.tar.gz")

    company.public.unreachable = False
    core.state.faults.set(Settings())
    content_of(upstreams.fetch(core.state, app, REQUESTS, "2.32.3", "requests-2.32.3.tar.gz"))


def test_what_was_asked_for_before_an_outage_still_comes_in(core: Core, company: Company) -> None:
    """A fault that is set while a version is on its way does not cut it, and it is listed."""
    company.public.held_back = {SDIST}
    app = repository(company, "app")
    upstreams.fetch(core.state, app, REQUESTS, "2.26.0", WHEEL)
    until(lambda: f"open {SDIST}" in company.public.asked)
    core.state.faults.set(Settings(external_connections={"public:pypi": "down"}))

    assert [each.version for each in upstreams.view(core.state, app, REQUESTS)] == ["2.26.0"]
    company.public.gate.set()
    company.settled()

    assert company.assets(app, REQUESTS, "2.26.0") == {WHEEL, SDIST}


def test_a_repository_that_is_created_again_gets_nothing_that_was_on_its_way(
    core: Core, company: Company
) -> None:
    """Its namesake had asked for it; the other repository, which had it come in, holds it."""
    company.public.held_back = {SDIST}
    app = repository(company, "app")
    upstreams.fetch(core.state, app, REQUESTS, "2.26.0", WHEEL)

    repositories.delete(core.state, app)
    core.state.clock.advance(timedelta(seconds=1))
    assert company.repository("app", "middle") == app
    company.public.gate.set()
    company.settled()

    assert company.assets(company.store, REQUESTS, "2.26.0") == {WHEEL, SDIST}
    assert company.assets(app, REQUESTS, "2.26.0") == set()


def test_publishing_what_is_public_is_refused_save_in_an_outage(
    core: Core, company: Company
) -> None:
    """With both restrictions ALLOW a public version conflicts; nobody to ask lets it through."""
    app = repository(company, "app")
    packages.put_restrictions(core.state, app, REQUESTS, Restrictions("ALLOW", "ALLOW"))
    blob = core.state.assets.store(b"mine")

    with pytest.raises(Conflict):
        publishing.publish(core.state, app, REQUESTS, "2.26.0", [(WHEEL, blob)])
    core.state.faults.set(Settings(external_connections={"public:pypi": "down"}))
    publishing.publish(core.state, app, REQUESTS, "2.26.0", [(WHEEL, blob)])

    assert versions.describe(core.state, app, REQUESTS, "2.26.0").origin.type == "INTERNAL"


def test_a_package_that_was_ingested_refuses_to_be_published(company: Company) -> None:
    """Ingestion leaves publish=BLOCK."""
    app = repository(company, "app")
    upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL)
    company.settled()
    blob = company.state.assets.store(b"mine")

    with pytest.raises(PublishBlocked, match="configured to block new versions"):
        publishing.publish(company.state, app, REQUESTS, "9.9", [("requests-9.9.tar.gz", blob)])


def test_an_asset_that_is_not_what_was_listed_is_never_recorded(company: Company) -> None:
    """A wrong hash fails the import; when the bytes are right again, so is the version."""
    app = repository(company, "app")
    right = company.public.content[f"2.26.0/{SDIST}"]
    company.public.content[f"2.26.0/{SDIST}"] = b"x" * len(right)
    upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL)
    until(lambda: all(not each.pending for each in company.connection.imports.running.values()))

    assert company.assets(app, REQUESTS, "2.26.0") == set()
    company.public.content[f"2.26.0/{SDIST}"] = right
    content_of(upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL))
    company.settled()

    assert company.assets(app, REQUESTS, "2.26.0") == {WHEEL, SDIST}


def test_an_asset_that_the_public_repository_has_withdrawn_does_not_hold_up_the_others(
    company: Company,
) -> None:
    """A listed file that answers 404 is left out."""
    company.public.withdrawn = {SDIST}
    app = repository(company, "app")

    upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL)

    company.settled()
    assert company.assets(app, REQUESTS, "2.26.0") == {WHEEL}


def test_requests_through_two_repositories_at_once_join_one_import(
    core: Core, company: Company
) -> None:
    """Each file is transferred once and all three repositories hold the version."""
    other = company.repository("other-app", "store")
    company.public.held_back = {WHEEL}
    app = repository(company, "app")

    first = upstreams.fetch(core.state, app, REQUESTS, "2.26.0", WHEEL)
    second = upstreams.fetch(core.state, other, REQUESTS, "2.26.0", WHEEL)
    company.public.gate.set()

    assert content_of(first) == content_of(second)
    company.settled()
    assert company.public.asked.count(f"open {WHEEL}") == 1
    for each in (app, other, company.store):
        assert company.assets(each, REQUESTS, "2.26.0") == {WHEEL, SDIST}


@pytest.mark.parametrize("where", ["app", "middle", "store"])
def test_upstream_block_anywhere_on_the_way_hides_what_is_public(
    company: Company, where: str
) -> None:
    """BLOCK in any repository of the chain makes the version not found and not listed."""
    blocking = repository(company, where)
    packages.put_restrictions(company.state, blocking, REQUESTS, Restrictions("ALLOW", "BLOCK"))
    app = repository(company, "app")

    with pytest.raises(ResourceNotFound):
        upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL)

    assert upstreams.view(company.state, app, REQUESTS) == []


def test_browsing_metadata_stores_nothing(company: Company) -> None:
    """A listing leaves no package record anywhere."""
    app = repository(company, "app")

    assert [each.version for each in upstreams.view(company.state, app, REQUESTS)] == ["2.26.0"]

    assert packages.find(company.state, app, REQUESTS) is None
    assert packages.find(company.state, company.store, REQUESTS) is None


def test_a_later_pypi_file_comes_in_when_it_is_asked_for(core: Core, company: Company) -> None:
    """A file that the public version gained joins both repositories as an update."""
    app = repository(company, "app")
    upstreams.fetch(core.state, app, REQUESTS, "2.26.0", WHEEL)
    company.settled()
    late = "requests-2.26.0-py2-none-any.whl"
    company.public.offer(REQUESTS, "2.26.0", WHEEL, SDIST, late)
    core.state.clock.advance(timedelta(minutes=31))

    content_of(upstreams.fetch(core.state, app, REQUESTS, "2.26.0", late))

    company.settled()
    assert company.assets(app, REQUESTS, "2.26.0") == {WHEEL, SDIST, late}
    assert company.assets(company.store, REQUESTS, "2.26.0") == {WHEEL, SDIST, late}
    updated = [each for each in core.delivered() if each["operationType"] == "Updated"]
    assert {each["repositoryName"] for each in updated} == {"store", "app"}


@pytest.mark.parametrize("status", ["Unlisted", "Archived"])
def test_no_later_file_joins_a_version_whose_status_was_changed_in_the_chain(
    company: Company, status: str
) -> None:
    """An archived version takes nothing more in; an unlisted one does (it is still served)."""
    app = repository(company, "app")
    upstreams.fetch(company.state, app, REQUESTS, "2.26.0", WHEEL)
    company.settled()
    versions.set_status(company.state, company.store, REQUESTS, ["2.26.0"], target=status)  # type: ignore[arg-type]  # both are Status
    late = "requests-2.26.0-py2-none-any.whl"
    company.public.offer(REQUESTS, "2.26.0", WHEEL, SDIST, late)
    company.state.clock.advance(timedelta(minutes=31))

    if status == "Archived":
        with pytest.raises(ResourceNotFound):
            upstreams.fetch(company.state, app, REQUESTS, "2.26.0", late)
    else:
        content_of(upstreams.fetch(company.state, app, REQUESTS, "2.26.0", late))
    company.settled()
    assert (late in company.assets(app, REQUESTS, "2.26.0")) == (status == "Unlisted")


def test_maven_assets_of_other_names_come_in_by_name(central: Company) -> None:
    """The usual assets come with the first one; ``-linux.jar`` when asked for, in both places."""
    app = repository(central, "app")
    upstreams.fetch(central.state, app, LIBRARY, "2.0.13", POM)
    central.settled()
    assert central.assets(app, LIBRARY, "2.0.13") == {POM, JAR}

    content_of(upstreams.fetch(central.state, app, LIBRARY, "2.0.13", LINUX))

    central.settled()
    assert central.assets(app, LIBRARY, "2.0.13") == {POM, JAR, LINUX}
    assert central.assets(central.store, LIBRARY, "2.0.13") == {POM, JAR, LINUX}


def test_snapshots_never_come_through_an_external_connection(central: Company) -> None:
    """Even a public repository that offers one is not asked."""
    central.public.offer(LIBRARY, "2.1-SNAPSHOT", "slf4j-api-2.1-SNAPSHOT.jar")
    app = repository(central, "app")
    central.public.asked.clear()

    with pytest.raises(ResourceNotFound):
        upstreams.fetch(central.state, app, LIBRARY, "2.1-SNAPSHOT", "slf4j-api-2.1-SNAPSHOT.jar")

    assert central.public.asked == []
    assert "2.1-SNAPSHOT" not in {
        each.version for each in upstreams.view(central.state, app, LIBRARY)
    }


def offer_one_too_many(company: Company) -> list[str]:
    """Publish a version with more files than it may have in CodeArtifact; return their names."""
    most = records.max_assets(company.state.options.region)
    names = [f"requests-3.0-{number:03}.whl" for number in range(most + 1)]
    company.public.offer(REQUESTS, "3.0", *names)
    return names


@pytest.mark.parametrize("asked", [0, -1], ids=["the first file", "the last file"])
def test_a_version_with_too_many_assets_holds_as_many_as_it_may_with_the_one_asked_for(
    company: Company, asked: int
) -> None:
    """Which of the others stays outside is nobody's choice."""
    names = offer_one_too_many(company)
    app = repository(company, "app")

    content_of(upstreams.fetch(company.state, app, REQUESTS, "3.0", names[asked]))

    company.settled()
    held = company.assets(app, REQUESTS, "3.0")
    assert names[asked] in held
    assert len(held) == len(names) - 1
    assert company.assets(company.store, REQUESTS, "3.0") == held


def test_an_asset_for_which_there_is_no_room_is_not_there(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason is told; the version stays as it is, and no error is logged."""
    names = offer_one_too_many(company)
    app = repository(company, "app")
    content_of(upstreams.fetch(company.state, app, REQUESTS, "3.0", names[0]))
    company.settled()
    before = versions.describe(company.state, app, REQUESTS, "3.0")

    with pytest.raises(ResourceNotFound, match="the 150 assets that it may have"):
        upstreams.fetch(company.state, app, REQUESTS, "3.0", names[-1])

    company.settled()
    assert versions.describe(company.state, app, REQUESTS, "3.0") == before
    assert [one.levelname for one in caplog.records if one.levelname == "ERROR"] == []


def test_assets_that_are_asked_for_at_once_beyond_the_limit_do_not_keep_the_version_out(
    company: Company,
) -> None:
    """Each client of a version that is on its way gets its file; the version holds what fits."""
    names = offer_one_too_many(company)
    app = repository(company, "app")
    company.public.held_back.add(names[0])

    first = upstreams.fetch(company.state, app, REQUESTS, "3.0", names[0])
    refused = []
    for name in reversed(names[1:]):
        try:
            upstreams.fetch(company.state, app, REQUESTS, "3.0", name)
        except ResourceNotFound:
            refused.append(name)
    company.public.gate.set()
    content_of(first)

    company.settled()
    held = company.assets(app, REQUESTS, "3.0")
    assert names[0] in held
    assert len(held) == len(names) - 1
    assert not held & set(refused)
