"""The gateway to CodeArtifact against a low-level client that keeps its package in memory."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import PackageVersion, Status
from steward.errors import (
    CodeArtifactError,
    PackageNotFoundError,
    StatusUpdateInterruptedError,
)
from tests.unit.fake_codeartifact import FakeClient, package, refused

PACKAGE = package()


def versions(names: list[str], status: Status = "Published") -> list[PackageVersion]:
    """Return versions as a listing shows them."""
    return [PackageVersion(name, status) for name in names]


def numbered(count: int) -> list[str]:
    """Return *count* version names."""
    return [f"1.{number}" for number in range(count)]


def test_a_listing_holds_every_version_of_every_page() -> None:
    """10,000 versions are ten calls of 1,000."""
    client = FakeClient(dict.fromkeys(numbered(10_000), "Unlisted"))
    listed = CodeArtifactService(client.as_client).versions(PACKAGE)
    assert listed == versions(numbered(10_000), "Unlisted")
    assert len(client.lists) == 10
    assert {call["maxResults"] for call in client.lists} == {1000}


def test_a_listing_tells_revisions_where_the_answer_does() -> None:
    """The service model promises none; versions are equal whatever their revisions."""
    client = FakeClient()
    client.list_package_versions = lambda **_: {  # type: ignore[method-assign]  # rows of a test
        "versions": [
            {"version": "1.0", "status": "Published", "revision": "r1"},
            {"version": "1.1", "status": "Published"},
        ]
    }
    listed = CodeArtifactService(client.as_client).versions(PACKAGE)
    assert [one.revision for one in listed] == ["r1", None]
    assert listed == versions(["1.0", "1.1"])


def test_an_answer_without_versions_is_an_empty_listing() -> None:
    """The service model does not promise the member."""
    client = FakeClient()
    client.list_package_versions = lambda **_: {}  # type: ignore[method-assign]  # a terse server
    assert CodeArtifactService(client.as_client).versions(PACKAGE) == []


def test_a_version_on_two_pages_is_one_version() -> None:
    """A list that changes while it is read may repeat itself; the later status counts."""
    client = FakeClient({"1.0": "Published", "1.1": "Published"}, page=1)
    first = client.list_package_versions

    def repeating(**parameters: object) -> dict[str, object]:
        answer = first(**parameters)
        if "nextToken" in parameters:
            answer["versions"] = [{"version": "1.0", "status": "Unlisted"}]
        return answer

    client.list_package_versions = repeating  # type: ignore[method-assign]  # a list that moves
    listed = CodeArtifactService(client.as_client).versions(PACKAGE)
    assert listed == versions(["1.0"], "Unlisted")


def test_a_listing_that_leads_back_to_itself_ends() -> None:
    """A server that repeats its token must not keep a function busy until its timeout."""
    client = FakeClient()
    client.list_package_versions = (  # type: ignore[method-assign]  # a broken server
        lambda **_: {"versions": [], "nextToken": "again"}
    )
    with pytest.raises(CodeArtifactError, match="itself"):
        CodeArtifactService(client.as_client).versions(PACKAGE)


@pytest.mark.parametrize("namespace", [None, ""], ids=["none", "empty"])
def test_a_namespace_is_left_out_never_empty(namespace: str | None) -> None:
    """The service model refuses an empty namespace."""
    client = FakeClient({"1.0": "Published"})
    service = CodeArtifactService(client.as_client)
    unscoped = package(package_format="npm", namespace=namespace)
    service.set_status(unscoped, service.versions(unscoped), "Unlisted")
    assert "namespace" not in client.lists[0]
    assert "namespace" not in client.updates[0]


def test_the_package_is_named_completely() -> None:
    """Domain owner included: a domain may belong to another account."""
    client = FakeClient()
    CodeArtifactService(client.as_client).versions(PACKAGE)
    assert client.lists == [
        {
            "domain": "my-company",
            "domainOwner": "012345678901",
            "repository": "my-maven-repo",
            "format": "maven",
            "namespace": "com.mycompany.app",
            "package": "pkg-1",
            "maxResults": 1000,
        }
    ]


def test_each_call_updates_one_status_and_100_versions_at_most() -> None:
    """`expectedStatus` is the lock, so 250 and 30 versions of two statuses are four calls."""
    published, unfinished = numbered(250), [f"2.{number}" for number in range(30)]
    client = FakeClient(
        dict.fromkeys(published, "Published") | dict.fromkeys(unfinished, "Unfinished")
    )
    service = CodeArtifactService(client.as_client)
    changes = service.set_status(PACKAGE, service.versions(PACKAGE), "Unlisted")
    assert set(client.statuses.values()) == {"Unlisted"}
    assert len(changes.changed) == 280
    assert not changes.refused
    sizes = [(call["expectedStatus"], len(call["versions"])) for call in client.updates]  # type: ignore[arg-type]  # the fake keeps objects
    assert sizes == [
        ("Published", 100),
        ("Published", 100),
        ("Published", 50),
        ("Unfinished", 30),
    ]


def test_what_has_the_status_already_is_not_written() -> None:
    """Nothing to do is no call."""
    client = FakeClient({"1.0": "Unlisted"})
    service = CodeArtifactService(client.as_client)
    changes = service.set_status(PACKAGE, service.versions(PACKAGE), "Unlisted")
    assert not client.updates
    assert not changes.changed


def test_a_refused_version_does_not_hold_up_the_others() -> None:
    """The culprit is set aside and the SKIPPED ones are sent again, filled up to 100."""
    client = FakeClient(dict.fromkeys(numbered(150), "Published"))
    service = CodeArtifactService(client.as_client)
    listed = service.versions(PACKAGE)
    client.statuses["1.7"] = "Archived"
    del client.statuses["1.8"]
    client.refusals["1.9"] = "NOT_ALLOWED"
    changes = service.set_status(PACKAGE, listed, "Unlisted")
    assert {refusal.version.version: refusal.code for refusal in changes.refused} == {
        "1.7": "MISMATCHED_STATUS",
        "1.8": "NOT_FOUND",
        "1.9": "NOT_ALLOWED",
    }
    assert len(changes.changed) == 147
    assert client.statuses["1.7"] == "Archived"
    assert len(client.updates) == 3


def test_a_culprit_that_nobody_names_is_found_by_halving() -> None:
    """Every version SKIPPED names nobody: smaller calls show who it is, and the others pass."""
    client = FakeClient(dict.fromkeys(numbered(100), "Published"))
    client.name_culprits = False
    client.refusals["1.42"] = "NOT_ALLOWED"
    service = CodeArtifactService(client.as_client)
    changes = service.set_status(PACKAGE, service.versions(PACKAGE), "Unlisted")
    assert [refusal.version.version for refusal in changes.refused] == ["1.42"]
    assert client.statuses.pop("1.42") == "Published"
    assert set(client.statuses.values()) == {"Unlisted"}


def test_a_version_in_neither_map_of_the_answer_is_reported() -> None:
    """The answer does not say whether it was changed, so nobody claims it."""
    client = FakeClient(dict.fromkeys(numbered(3), "Published"))
    client.silent = {"1.1"}
    service = CodeArtifactService(client.as_client)
    changes = service.set_status(PACKAGE, service.versions(PACKAGE), "Unlisted")
    assert [version.version for version in changes.changed] == ["1.0", "1.2"]
    assert [refusal.code for refusal in changes.refused] == ["UNANSWERED"]


@pytest.mark.parametrize("operation", ["ListPackageVersions", "UpdatePackageVersionsStatus"])
def test_a_missing_package_has_an_error_of_its_own(operation: str) -> None:
    """A package, a repository or a domain that is gone is nothing to retry."""
    client = FakeClient({"1.0": "Published"})
    service = CodeArtifactService(client.as_client)
    listed = service.versions(PACKAGE)

    def gone(called: str) -> None:
        raise refused(called, "ResourceNotFoundException")

    client.before = gone
    calls: dict[str, Callable[[], object]] = {
        "ListPackageVersions": lambda: service.versions(PACKAGE),
        "UpdatePackageVersionsStatus": lambda: service.set_status(PACKAGE, listed, "Unlisted"),
    }
    with pytest.raises(PackageNotFoundError) as failure:
        calls[operation]()
    assert failure.value.operation == operation


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(refused("X", "ThrottlingException"), "ThrottlingException", id="throttling"),
        pytest.param(ReadTimeoutError(endpoint_url="x"), "ReadTimeoutError", id="a timeout"),
    ],
)
def test_a_failed_call_is_an_error_with_the_code(error: Exception, code: str) -> None:
    """So that the queue brings the package back."""
    client = FakeClient()

    def fail(_: str) -> None:
        raise error

    client.before = fail
    with pytest.raises(CodeArtifactError) as failure:
        CodeArtifactService(client.as_client).versions(PACKAGE)
    assert failure.value.code == code
    assert failure.value.__cause__ is error


def test_what_was_done_before_a_failure_is_not_forgotten() -> None:
    """The second of two calls is throttled: the error carries what the first one changed."""
    client = FakeClient(dict.fromkeys(numbered(150), "Published"))
    service = CodeArtifactService(client.as_client)
    listed = service.versions(PACKAGE)

    def throttle(operation: str) -> None:
        if len(client.updates) == 2:
            raise refused(operation, "ThrottlingException")

    client.before = throttle
    with pytest.raises(StatusUpdateInterruptedError) as failure:
        service.set_status(PACKAGE, listed, "Unlisted")
    assert failure.value.changes.changed == tuple(listed[:100])
    assert failure.value.code == "ThrottlingException"


def test_observing_reads_and_changes_nothing() -> None:
    """Observe mode is this gateway, not a question asked everywhere."""
    client = FakeClient({"1.0": "Published"})
    observed = ObservedCodeArtifact(CodeArtifactService(client.as_client))
    changes = observed.set_status(PACKAGE, observed.versions(PACKAGE), "Unlisted")
    assert client.statuses == {"1.0": "Published"}
    assert not client.updates
    assert not changes.changed
    assert not changes.refused


STATUSES = st.sampled_from(["Published", "Unfinished", "Unlisted"])
CODES = st.sampled_from(["NOT_ALLOWED", "NOT_FOUND", "MISMATCHED_STATUS"])


@given(
    statuses=st.dictionaries(st.integers(0, 400).map(str), STATUSES, max_size=260),
    refusals=st.dictionaries(st.integers(0, 400).map(str), CODES, max_size=12),
    all_or_nothing=st.booleans(),
    name_culprits=st.booleans(),
)
def test_bulk_updates_change_all_but_the_refused(
    statuses: dict[str, str],
    refusals: dict[str, str],
    *,
    all_or_nothing: bool,
    name_culprits: bool,
) -> None:
    """Whoever is refused and however the service says so, every other version gets there."""
    client = FakeClient(statuses)
    client.refusals = refusals
    client.all_or_nothing = all_or_nothing
    client.name_culprits = name_culprits
    service = CodeArtifactService(client.as_client)
    listed = service.versions(PACKAGE)
    changes = service.set_status(PACKAGE, listed, "Unlisted")
    to_change = {one.version for one in listed if one.status != "Unlisted"}
    expected = {name for name in to_change if name in refusals}
    assert {refusal.version.version for refusal in changes.refused} == expected
    assert {version.version for version in changes.changed} == to_change - expected
    assert len(changes.changed) + len(changes.refused) == len(to_change)
    for name, status in client.statuses.items():
        assert status == (statuses[name] if name in refusals else "Unlisted")
    if not refusals:
        counts = [
            sum(s == status for s in statuses.values()) for status in ("Published", "Unfinished")
        ]
        assert len(client.updates) == sum(-(-count // 100) for count in counts)
