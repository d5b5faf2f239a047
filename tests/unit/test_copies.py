"""Copies at known revisions against a low-level client that keeps two repositories in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from steward import clients
from steward.codeartifact import connect_contents, connect_copies, connect_repositories
from steward.copies import CopyRefusal, CopyResult, CopyService, ObservedCopies
from steward.errors import CodeArtifactError, CopyInterruptedError, PackageNotFoundError
from steward.repositories import ServiceRepositories
from steward.version_contents import ServiceVersionContents
from tests.unit.fake_codeartifact import package, refused
from tests.unit.fake_copying import FakeCopyingClient

PACKAGE = package()
TO = "approved"


def numbered(count: int) -> list[str]:
    """Return *count* version names."""
    return [f"1.{number}" for number in range(count)]


def copy(client: FakeCopyingClient, *versions: str, overwrite: bool = False) -> CopyResult:
    """Copy these versions at the revisions that they were judged at."""
    revisions = {version: f"revision of {version}" for version in versions}
    service = CopyService(client.as_client, lambda: None)
    return service.copy(PACKAGE, TO, revisions, overwrite=overwrite)


def test_250_versions_are_three_calls() -> None:
    """100 versions a call, in the order given."""
    client = FakeCopyingClient(numbered(250))
    result = copy(client, *numbered(250))
    assert [len(sent) for sent in client.sent()] == [100, 100, 50]
    assert list(result.copied) == numbered(250)
    assert not result.already_there
    assert not result.refused
    assert client.held == client.source


def test_nothing_to_copy_is_no_call() -> None:
    """The service refuses a call without versions."""
    client = FakeCopyingClient()
    assert copy(client) == CopyResult()
    assert client.calls == []


def test_a_call_names_everything_and_takes_nothing_from_upstream() -> None:
    """Domain owner included; `versions` is left out, for it excludes `versionRevisions`."""
    client = FakeCopyingClient(["1.0"])
    copy(client, "1.0", overwrite=True)
    assert client.calls == [
        {
            "domain": "my-company",
            "domainOwner": "012345678901",
            "sourceRepository": "my-maven-repo",
            "destinationRepository": "approved",
            "format": "maven",
            "namespace": "com.mycompany.app",
            "package": "pkg-1",
            "versionRevisions": {"1.0": "revision of 1.0"},
            "allowOverwrite": True,
        }
    ]


def test_a_package_without_a_namespace_is_copied_without_one() -> None:
    """The service model refuses an empty namespace."""
    client = FakeCopyingClient(["1.0"])
    requests = package("requests", package_format="pypi", namespace=None)
    CopyService(client.as_client, lambda: None).copy(requests, TO, {"1.0": "revision of 1.0"})
    assert "namespace" not in client.calls[0]


@pytest.mark.parametrize("all_or_nothing", [True, False], ids=["all or nothing", "per version"])
@pytest.mark.parametrize(
    "code", ["ALREADY_EXISTS", "MISMATCHED_REVISION", "NOT_ALLOWED", "NOT_FOUND"]
)
def test_one_culprit_among_many_holds_up_nobody(code: str, *, all_or_nothing: bool) -> None:
    """It is set aside with its reason; the others are sent again where they were skipped."""
    client = FakeCopyingClient(numbered(100))
    client.refusals = {"1.50": code}
    client.all_or_nothing = all_or_nothing
    result = copy(client, *numbered(100))
    assert result.refused == (CopyRefusal("1.50", code, f"{code} of a test"),)  # type: ignore[arg-type]  # a parameter is no literal
    assert set(client.held) == set(result.copied) == set(numbered(100)) - {"1.50"}
    assert len(client.calls) == (2 if all_or_nothing else 1)


def test_skipped_ones_and_those_not_sent_yet_share_a_call() -> None:
    """101 versions with a culprit among the first hundred are two calls, not three."""
    client = FakeCopyingClient(numbered(101))
    client.refusals = {"1.0": "NOT_ALLOWED"}
    copy(client, *numbered(101))
    assert [len(sent) for sent in client.sent()] == [100, 100]


def test_an_unnamed_culprit_is_found_by_halves() -> None:
    """Where everything is SKIPPED and nobody named, the version is refused alone in the end."""
    client = FakeCopyingClient(numbered(100))
    client.refusals = {"1.37": "NOT_ALLOWED"}
    client.name_culprits = False
    result = copy(client, *numbered(100))
    assert [(one.version, one.code) for one in result.refused] == [("1.37", "SKIPPED")]
    assert set(client.held) == set(numbered(100)) - {"1.37"}
    assert len(client.calls) < 50  # a call for each would be 101


def test_an_identical_version_is_already_there() -> None:
    """It stands in neither map of the answer."""
    client = FakeCopyingClient(["1.0", "1.1"], {"1.0": "revision of 1.0"})
    result = copy(client, "1.0", "1.1")
    assert result.already_there == ("1.0",)
    assert dict(result.copied) == {"1.1": "of the destination"}


def test_a_version_that_differs_is_replaced_on_request_only() -> None:
    """Otherwise it is refused, and the destination keeps its own."""
    client = FakeCopyingClient(["1.0"], {"1.0": "another"})
    assert [one.code for one in copy(client, "1.0").refused] == ["ALREADY_EXISTS"]
    assert client.held == {"1.0": "another"}
    assert set(copy(client, "1.0", overwrite=True).copied) == {"1.0"}
    assert client.held == {"1.0": "revision of 1.0"}


def test_a_revision_that_is_not_told_is_not_known() -> None:
    """The service model promises none; the version is copied all the same."""
    client = FakeCopyingClient(["1.0"])
    client.tell_revisions = False
    assert dict(copy(client, "1.0").copied) == {"1.0": None}


def test_a_terse_answer_means_that_everything_is_there() -> None:
    """Neither map is promised by the service model."""
    client = FakeCopyingClient(["1.0"])
    client.copy_package_versions = lambda **_: {}  # type: ignore[method-assign]  # a terse server
    assert copy(client, "1.0").already_there == ("1.0",)


def test_a_refusal_without_a_code_is_a_refusal() -> None:
    """Members of a failure are not promised either."""
    client = FakeCopyingClient(["1.0"])
    client.copy_package_versions = (  # type: ignore[method-assign]  # a terse server
        lambda **_: {"failedVersions": {"1.0": {}}}
    )
    assert copy(client, "1.0").refused == (CopyRefusal("1.0", "UNANSWERED", ""),)


def test_a_call_that_fails_in_the_middle_reports_what_was_done() -> None:
    """Copied, found there and refused: what the calls before had settled."""
    client = FakeCopyingClient(numbered(250), {"1.3": "revision of 1.3"})
    client.refusals = {"1.7": "NOT_ALLOWED"}

    def fail_late() -> None:
        if len(client.calls) == 3:
            raise refused("CopyPackageVersions", "InternalServerException")

    client.before = fail_late
    with pytest.raises(CopyInterruptedError) as caught:
        copy(client, *numbered(250))
    assert caught.value.code == "InternalServerException"
    done = caught.value.done
    assert [one.version for one in done.refused] == ["1.7"]
    assert done.already_there == ("1.3",)
    assert set(done.copied) | {"1.3"} == set(client.held)
    assert len(done.copied) == 100


def test_a_first_call_that_fails_has_done_nothing() -> None:
    """A missing package or repository is told from a failure."""
    client = FakeCopyingClient(["1.0"])

    def missing() -> None:
        raise refused("CopyPackageVersions", "ResourceNotFoundException")

    def slow() -> None:
        raise ReadTimeoutError(endpoint_url="loopback")

    client.before = missing
    with pytest.raises(PackageNotFoundError):
        copy(client, "1.0")
    client.before = slow
    with pytest.raises(CodeArtifactError, match="ReadTimeoutError") as caught:
        copy(client, "1.0")
    assert not isinstance(caught.value, CopyInterruptedError)


def test_the_pace_is_asked_before_each_request() -> None:
    """Also before those that send skipped versions again."""
    client = FakeCopyingClient(numbered(150))
    client.refusals = {"1.0": "NOT_ALLOWED"}
    order: list[str] = []
    client.before = lambda: order.append("request")
    service = CopyService(client.as_client, lambda: order.append("pace"))
    service.copy(PACKAGE, TO, {one: f"revision of {one}" for one in numbered(150)})
    assert order == ["pace", "request"] * len(client.calls)
    assert len(client.calls) == 3


def test_observing_copies_nothing() -> None:
    """And refuses nothing: nobody was asked."""
    assert ObservedCopies().copy(PACKAGE, TO, {"1.0": "r"}, overwrite=True) == CopyResult()


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment that clients can be made in; those made are forgotten afterwards."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    caches = (clients.codeartifact, clients._session)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("configured")
def test_only_enforcing_copies() -> None:
    """Observe mode does not get at a client; whoever asks for one gets the process's only one."""
    assert isinstance(connect_copies("observe", lambda: None), ObservedCopies)
    assert isinstance(connect_copies("enforce", lambda: None), CopyService)
    assert isinstance(connect_contents(), ServiceVersionContents)
    assert isinstance(connect_repositories(), ServiceRepositories)
    assert clients.codeartifact() is clients.codeartifact()


@given(
    count=st.integers(min_value=0, max_value=230),
    kinds=st.dictionaries(
        st.integers(min_value=0, max_value=229),
        st.sampled_from(["NOT_ALLOWED", "changed", "gone", "there", "other"]),
        max_size=25,
    ),
    all_or_nothing=st.booleans(),
    name_culprits=st.booleans(),
)
def test_each_version_comes_out_once(
    count: int, kinds: dict[int, str], *, all_or_nothing: bool, name_culprits: bool
) -> None:
    """Whatever is refused, the rest is copied, and nothing is forgotten or told twice."""
    versions = numbered(count)
    odd = {f"1.{number}": kind for number, kind in kinds.items() if number < count}
    client = FakeCopyingClient(versions)
    client.all_or_nothing, client.name_culprits = all_or_nothing, name_culprits
    for version, kind in odd.items():
        if kind == "NOT_ALLOWED":
            client.refusals[version] = kind
        elif kind == "changed":
            client.source[version] = "another"
        elif kind == "gone":
            del client.source[version]
        else:
            client.held[version] = client.source[version] if kind == "there" else "another"
    result = copy(client, *versions)
    there = {version for version, kind in odd.items() if kind == "there"}
    assert set(result.already_there) == there
    assert {one.version for one in result.refused} == odd.keys() - there
    assert list(result.copied) == [version for version in versions if version not in odd]
    assert len(result.refused) == len(odd) - len(there)
