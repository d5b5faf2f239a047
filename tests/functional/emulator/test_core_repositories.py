"""Domains, repositories, upstreams and external connections, straight on the core."""

from __future__ import annotations

import pytest

from emulator.core import domains, repositories
from emulator.core.errors import Conflict, ResourceNotFound, ServiceQuotaExceeded, Validation
from emulator.core.faults import Settings
from emulator.core.values import DomainId, RepositoryId
from tests.functional.emulator.local_core import (
    ACCOUNT,
    DOMAIN,
    NPM,
    OTHER,
    REPOSITORY,
    Core,
)


def add(core: Core, name: str, *upstreams: str) -> RepositoryId:
    """Create a repository."""
    repository = RepositoryId(DOMAIN, name)
    repositories.create(core.state, repository, administrator=ACCOUNT, upstreams=upstreams)
    return repository


def test_a_domain_with_repositories_is_not_deleted(core: Core) -> None:
    """Only after its last repository; its name is free then."""
    with pytest.raises(Conflict):
        domains.delete(core.state, DOMAIN)
    for repository in (REPOSITORY, OTHER):
        repositories.delete(core.state, repository)
    deleted = domains.delete(core.state, DOMAIN)
    assert deleted is not None
    assert deleted.status == "Deleted"
    assert domains.delete(core.state, DOMAIN) is None
    assert domains.create(core.state, DOMAIN).repository_count == 0


def test_names_are_unique(core: Core) -> None:
    """Domains in an account, repositories in a domain; another account may have the same."""
    with pytest.raises(Conflict):
        domains.create(core.state, DOMAIN)
    with pytest.raises(Conflict):
        add(core, REPOSITORY.name)
    other = DomainId("111122223333", DOMAIN.name)
    assert domains.create(core.state, other).id == other


def test_what_does_not_exist_is_named(core: Core) -> None:
    """In AWS's words for a domain."""
    missing = DomainId(ACCOUNT, "no-such")
    words = f"Domain not found. Domain 'no-such' owned by account '{ACCOUNT}' does not exist"
    with pytest.raises(ResourceNotFound) as caught:
        repositories.describe(core.state, RepositoryId(missing, "any"))
    assert (caught.value.message, caught.value.resource_type) == (words, "domain")
    with pytest.raises(ResourceNotFound) as caught:
        repositories.describe(core.state, RepositoryId(DOMAIN, "any-repo"))
    assert (caught.value.resource_id, caught.value.resource_type) == ("any-repo", "repository")


def test_a_domain_stores_each_asset_once(core: Core) -> None:
    """The same bytes in two repositories count once."""
    core.publish("1.0", "ten-bytes!", package=NPM)
    core.publish("1.0", "ten-bytes!", package=NPM, repository=OTHER)
    assert domains.describe(core.state, DOMAIN).asset_size_bytes == 10


def test_update_replaces_what_is_given(core: Core) -> None:
    """The list of upstreams as a whole; an empty one clears it."""
    updated = repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    assert (updated.upstreams, updated.description) == ((OTHER.name,), "")
    updated = repositories.update(core.state, REPOSITORY, description="new")
    assert (updated.upstreams, updated.description) == ((OTHER.name,), "new")
    assert repositories.update(core.state, REPOSITORY, upstreams=[]).upstreams == ()


def test_upstreams_keep_their_priority(core: Core) -> None:
    """The order is the caller's."""
    for name in ("up-a", "up-b"):
        add(core, name)
    updated = repositories.update(core.state, REPOSITORY, upstreams=["up-b", OTHER.name, "up-a"])
    assert updated.upstreams == ("up-b", OTHER.name, "up-a")


@pytest.mark.parametrize(
    "upstreams",
    [
        pytest.param(["my-repo"], id="itself"),
        pytest.param(["middle"], id="a circle of three"),
        pytest.param(["other-repo", "other-repo"], id="one of them twice"),
    ],
)
def test_upstreams_that_make_no_sense_are_refused(core: Core, upstreams: list[str]) -> None:
    """And the old ones stay."""
    add(core, "middle", REPOSITORY.name)
    with pytest.raises(Validation):
        repositories.update(core.state, REPOSITORY, upstreams=upstreams, description="new")
    held = repositories.describe(core.state, REPOSITORY)
    assert (held.upstreams, held.description) == ((), "")


def test_an_upstream_that_does_not_exist_is_not_found(core: Core) -> None:
    """And the repository does not come into being."""
    with pytest.raises(ResourceNotFound):
        add(core, "new-repo", "no-such")
    with pytest.raises(ResourceNotFound):
        repositories.describe(core.state, RepositoryId(DOMAIN, "new-repo"))


def test_a_repository_has_at_most_ten_direct_upstreams(core: Core) -> None:
    """Ten are accepted, eleven are over the quota."""
    names = [add(core, f"up-{number}").name for number in range(11)]
    assert repositories.update(core.state, REPOSITORY, upstreams=names[:10]).upstreams
    with pytest.raises(ServiceQuotaExceeded):
        repositories.update(core.state, REPOSITORY, upstreams=names)


def test_a_repository_has_one_external_connection(core: Core) -> None:
    """A second is refused in AWS's words."""
    held = repositories.associate_external_connection(core.state, REPOSITORY, "public:npmjs")
    assert held.external_connection == "public:npmjs"
    words = "ExternalConnections for repositories are currently limited to 1"
    with pytest.raises(Validation, match=words):
        repositories.associate_external_connection(core.state, REPOSITORY, "public:pypi")


def test_an_external_connection_excludes_upstreams(core: Core) -> None:
    """In both directions, until one of them is gone."""
    repositories.associate_external_connection(core.state, REPOSITORY, "public:npmjs")
    with pytest.raises(Validation, match="external connection"):
        repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    repositories.disassociate_external_connection(core.state, REPOSITORY, "public:npmjs")
    repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    with pytest.raises(Validation, match="upstream repositories"):
        repositories.associate_external_connection(core.state, REPOSITORY, "public:npmjs")


def test_connections_that_do_not_exist(core: Core) -> None:
    """An unknown one cannot be made, one that is not there cannot be removed."""
    with pytest.raises(Validation):
        repositories.associate_external_connection(core.state, REPOSITORY, "public:nowhere")
    with pytest.raises(ResourceNotFound):
        repositories.disassociate_external_connection(core.state, REPOSITORY, "public:npmjs")


def test_a_deleted_repository_is_nobodys_upstream(core: Core) -> None:
    """It goes with all it holds, and its name is free."""
    core.publish("1.0", package=NPM, repository=OTHER)
    repositories.update(core.state, REPOSITORY, upstreams=[OTHER.name])
    repositories.delete(core.state, OTHER)
    assert repositories.describe(core.state, REPOSITORY).upstreams == ()
    add(core, OTHER.name)
    assert core.statuses(NPM, OTHER) == {}


def test_documented_numbers_hold_when_quotas_are_in_force(core: Core) -> None:
    """Ten domains an account; without the fault more are fine."""
    core.state.faults.set(Settings(quotas=True))
    for number in range(9):
        domains.create(core.state, DomainId(ACCOUNT, f"domain-{number}"))
    with pytest.raises(ServiceQuotaExceeded):
        domains.create(core.state, DomainId(ACCOUNT, "one-more"))
    core.state.faults.set(Settings())
    domains.create(core.state, DomainId(ACCOUNT, "one-more"))


def test_what_is_remembered_of_a_repository_ends_with_its_change(core: Core) -> None:
    """An upstream of another name, another description, and none once it is deleted."""
    below = add(core, "below", OTHER.name)
    assert repositories.describe(core.state, below).upstreams == (OTHER.name,)
    repositories.update(core.state, below, upstreams=[REPOSITORY.name])
    assert repositories.describe(core.state, below).upstreams == (REPOSITORY.name,)
    repositories.update(core.state, below, description="new")
    assert repositories.describe(core.state, below).description == "new"
    repositories.delete(core.state, below)
    with pytest.raises(ResourceNotFound):
        repositories.describe(core.state, below)


def test_what_a_failed_transaction_saw_is_not_remembered(core: Core) -> None:
    """The repository is described as it was before, and one that was created is not there."""
    before = repositories.describe(core.state, REPOSITORY)
    made = RepositoryId(DOMAIN, "made")

    def change() -> None:
        with core.state.store.transaction():
            repositories.update(core.state, REPOSITORY, description="undone")
            add(core, made.name)
            assert repositories.describe(core.state, REPOSITORY).description == "undone"
            assert repositories.describe(core.state, made).id == made
            add(core, made.name)

    with pytest.raises(Conflict):
        change()
    assert repositories.describe(core.state, REPOSITORY) == before
    with pytest.raises(ResourceNotFound):
        repositories.describe(core.state, made)


def test_a_repository_is_another_one_in_a_new_domain_of_the_same_name(core: Core) -> None:
    """Also where the old one, with the same name, was looked at last."""
    there = RepositoryId(DomainId("111122223333", "theirs"), "store")
    domains.create(core.state, there.domain)
    repositories.create(core.state, there, administrator="111122223333")
    assert repositories.describe(core.state, there).administrator == "111122223333"
    repositories.delete(core.state, there)
    domains.delete(core.state, there.domain)
    with pytest.raises(ResourceNotFound):
        repositories.describe(core.state, there)
    domains.create(core.state, there.domain)
    repositories.create(core.state, there, administrator=ACCOUNT)
    assert repositories.describe(core.state, there).administrator == ACCOUNT
