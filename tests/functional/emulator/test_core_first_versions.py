"""The first version of a package: when it may be published, and when the API shows it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.core import packages, publishing, upstreams, versions
from emulator.core.errors import Conflict, ResourceNotFound
from emulator.core.faults import Settings
from emulator.core.values import PackageId, RepositoryId, Restrictions
from tests.functional.emulator.local_core import Core
from tests.functional.emulator.public_repository import REQUESTS, WHEEL, Company, FakeRepository


@pytest.fixture
def company(core: Core) -> Company:
    """A company with a store that has public PyPI, which offers requests 2.26.0."""
    made = Company.with_store(core.state, FakeRepository(), "public:pypi")
    made.public.offer(REQUESTS, "2.26.0", WHEEL)
    return made


@pytest.fixture
def app(company: Company) -> RepositoryId:
    """A repository with the store as its upstream."""
    return company.repository("app", "store")


def publish(core: Core, repository: RepositoryId, version: str) -> None:
    """Publish a version of requests with bytes of our own."""
    blob = core.state.assets.store(b"mine")
    publishing.publish(core.state, repository, REQUESTS, version, [(f"{version}.whl", blob)])


def test_a_public_version_of_a_package_that_nobody_has_yet_cannot_be_published(
    core: Core, app: RepositoryId
) -> None:
    """Nothing blocks upstream before there is a record: the public version counts."""
    with pytest.raises(Conflict):
        publish(core, app, "2.26.0")

    assert packages.find(core.state, app, REQUESTS) is None


def test_a_version_that_is_not_public_is_published_and_blocks_upstream(
    core: Core, app: RepositoryId
) -> None:
    """From then on the defaults of a published package hold, and public versions do not count."""
    publish(core, app, "9.0")
    record = packages.describe(core.state, app, REQUESTS)
    publish(core, app, "2.26.0")

    assert record.restrictions == Restrictions("ALLOW", "BLOCK")
    assert {each.version for each in versions.all_of(core.state, app, REQUESTS)} == {
        "9.0",
        "2.26.0",
    }


def test_in_an_outage_a_public_version_slips_through(
    core: Core, company: Company, app: RepositoryId
) -> None:
    """Nobody can be asked whether it is public."""
    company.public.unreachable = True

    publish(core, app, "2.26.0")

    assert versions.describe(core.state, app, REQUESTS, "2.26.0").origin.type == "INTERNAL"


def test_a_fetched_package_appears_with_its_first_version(
    core: Core, company: Company, app: RepositoryId
) -> None:
    """Until then neither lists nor descriptions show it; a package without versions is shown."""
    state = core.state
    other = PackageId("pypi", "", "empty")
    packages.put_restrictions(state, app, other, Restrictions("ALLOW", "ALLOW"))
    state.clock.freeze()
    state.faults.set(Settings(visibility_delay_seconds=180))
    upstreams.fetch(state, app, REQUESTS, "2.26.0", WHEEL)
    company.settled()

    def listed() -> set[str]:
        found, _ = packages.page(state, app, limit=10, visible_only=True)
        return {each.id.name for each in found}

    assert listed() == {"empty"}
    with pytest.raises(ResourceNotFound):
        versions.page(state, app, REQUESTS, limit=10)
    with pytest.raises(ResourceNotFound):
        packages.describe(state, app, REQUESTS, visible_only=True)

    state.clock.advance(timedelta(seconds=180))
    assert listed() == {"empty", "requests"}
    assert [each.version for each in versions.page(state, app, REQUESTS, limit=10)[0]] == ["2.26.0"]
    assert packages.describe(state, app, REQUESTS, visible_only=True).id == REQUESTS
