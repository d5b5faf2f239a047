"""The messages of warming: what is written is what is read, and nothing else is."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.coordinates import Format, Package, Repository
from steward.errors import MalformedMessageError
from warm_caches import messages
from warm_caches.messages import (
    MAX_PACKAGES,
    WarmCaches,
    WarmPackages,
    body_of,
    new_request,
    run_id,
)
from warm_caches.planning import batches_of
from warm_caches.values import Wanted, WantedVersion

ACCOUNT = "012345678901"
DOMAIN = "my-company"
THERE = Repository(DOMAIN, ACCOUNT, "DemoRepository")
NOW = datetime(2026, 3, 1, 10, 15, 0, 123_456, tzinfo=UTC)
HASH = f"SHA-256:{'0' * 64}"
REACT = Package(THERE, "npm", None, "react")
UI = Package(THERE, "npm", "mycompany", "ui")
SLF4J = Package(THERE, "maven", "org.slf4j", "slf4j-api")
WANTED = (
    Wanted(REACT, newest=3, range="^18.0.0", prereleases=True),
    Wanted(UI, (WantedVersion("1.0+build"),), newest=1, keep_up=True),
    Wanted(SLF4J, (WantedVersion("2.0", frozenset({HASH}), frozenset({"a-2.0-tests.jar"})),)),
)
BATCH = WarmPackages(
    run="20260301T101500123Z-0a1b2c3d.caches[0]",
    batch="p.0.w",
    rule="caches[0]",
    repository="DemoRepository",
    packages=WANTED,
    verify=True,
    archive_mismatches=True,
    attempt=2,
    tries=1,
)


def read(body: str) -> WarmCaches | WarmPackages:
    """Return what a message asks for."""
    return messages.read(body, account=ACCOUNT, domain=DOMAIN)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(WarmCaches(), id="the schedule's"),
        pytest.param(WarmCaches("caches[0]", "0-aZ"), id="a person's"),
        pytest.param(
            WarmCaches("caches[0]", "0-aZ", "p.n", 7, scheduled=True), id="a plan goes on"
        ),
        pytest.param(BATCH, id="a batch"),
        pytest.param(replace(BATCH, rule=None), id="a batch of a person's lock files"),
        pytest.param(
            WarmPackages("r", "p.0", None, "DemoRepository", WANTED[:1]), id="a batch of one"
        ),
    ],
)
def test_what_is_written_is_read(message: WarmCaches | WarmPackages) -> None:
    """Whoever sends it."""
    assert read(body_of(message)) == message


def test_the_schedule_s_message_needs_no_detail() -> None:
    """As template.yaml has it."""
    body = '{"source": "codeartifact.steward", "detail-type": "Warm Caches"}'
    assert read(body) == WarmCaches()


def test_hashes_stand_in_messages_only_if_they_are_compared() -> None:
    """Lock files of PyPI list dozens for a version."""
    found = read(body_of(replace(BATCH, verify=False)))
    assert isinstance(found, WarmPackages)
    assert found.packages[2].versions[0].hashes == frozenset()
    assert found.packages[2].versions[0].files == {"a-2.0-tests.jar"}


def changed(**detail: object) -> str:
    """Return the body of a batch with another detail."""
    document = json.loads(body_of(BATCH))
    document["detail"] |= detail
    return json.dumps(document)


def packages(**said: object) -> str:
    """Return the body of a batch of one package."""
    return changed(packages=[{"package": "pkg:npm/react", "newest": 1} | said])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("[" * 100_000, id="brackets without end"),
        pytest.param("[]", id="no object"),
        pytest.param('{"source": "aws.codeartifact"}', id="an event of CodeArtifact"),
        pytest.param(changed(run=""), id="no run"),
        pytest.param(changed(run="a\nb"), id="a run with a line break"),
        pytest.param(changed(batch="P.0"), id="a batch that is none"),
        pytest.param(changed(batch=None), id="no batch"),
        pytest.param(changed(rule=7), id="a rule that is a number"),
        pytest.param(changed(repository="a/b"), id="a repository that is none"),
        pytest.param(changed(repository="\ud800" * 3), id="half a surrogate pair"),
        pytest.param(changed(verify="yes"), id="verify is a text"),
        pytest.param(changed(onMismatch="delete"), id="mismatches are to be deleted"),
        pytest.param(changed(attempt=0), id="attempt 0"),
        pytest.param(changed(attempt=4), id="attempt 4"),
        pytest.param(changed(attempt=True), id="attempt true"),
        pytest.param(changed(tries=-1), id="tries below 0"),
        pytest.param(changed(packages=[]), id="no packages"),
        pytest.param(changed(packages={}), id="packages are no list"),
        pytest.param(changed(packages=["pkg:npm/react"]), id="a package is a text"),
        pytest.param(
            changed(packages=[{"package": "pkg:npm/react", "newest": 1}] * (MAX_PACKAGES + 1)),
            id="too many packages",
        ),
        pytest.param(packages(package=None), id="no package URL"),
        pytest.param(packages(package="react"), id="a package URL that is none"),
        pytest.param(packages(package="pkg:npm/react@18.2.0"), id="a package URL with a version"),
        pytest.param(packages(newest=0), id="nothing is wanted"),
        pytest.param(packages(newest=1001), id="too many of the newest"),
        pytest.param(packages(newest=2.5), id="half a version"),
        pytest.param(packages(range=""), id="an empty range"),
        pytest.param(packages(keepUp=1), id="keepUp is a number"),
        pytest.param(packages(versions="1.0"), id="versions are no list"),
        pytest.param(packages(versions=["a/b"]), id="a version with a slash"),
        pytest.param(packages(versions=["a b"]), id="a version with a space"),
        pytest.param(packages(versions=[{}]), id="a version without a number"),
        pytest.param(packages(versions=[7]), id="a version that is a number"),
        pytest.param(
            packages(versions=[{"version": "1", "hashes": ["MD5:00"]}]), id="a hash of another kind"
        ),
        pytest.param(
            packages(versions=[{"version": "1", "hashes": HASH}]), id="hashes that are no list"
        ),
        pytest.param(
            packages(versions=[{"version": "1", "files": ["../../x"]}]), id="a file elsewhere"
        ),
    ],
)
def test_anything_else_is_malformed(body: str) -> None:
    """And ends on the dead-letter queue."""
    with pytest.raises(MalformedMessageError):
        read(body)


def test_a_batch_of_no_account_is_malformed() -> None:
    """Nobody can tell whose domain it is."""
    with pytest.raises(MalformedMessageError, match="whose domain"):
        messages.read(body_of(BATCH), account="", domain=DOMAIN)


@pytest.mark.parametrize("member", ["rule", "requestId"])
def test_a_plan_that_goes_on_says_whose(member: str) -> None:
    """Else nobody knows which run it belongs to."""
    document = json.loads(body_of(WarmCaches("caches[0]", "0-aZ", "p.n", 1)))
    del document["detail"][member]
    with pytest.raises(MalformedMessageError, match="goes on"):
        read(json.dumps(document))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(member=st.sampled_from(sorted(json.loads(body_of(BATCH))["detail"])), value=JSON)
def test_whatever_a_member_holds_it_is_read_or_malformed(member: str, value: object) -> None:
    """No other exception comes out of a message."""
    with suppress(MalformedMessageError):
        read(changed(**{member: value}))


def test_later_requests_sort_behind_earlier_ones() -> None:
    """So the newest run is the last one in the table."""
    times = [NOW + timedelta(milliseconds=99 * number) for number in range(50)]
    requests = [new_request(moment, str(number)) for number, moment in enumerate(times)]
    assert requests == sorted(requests)
    assert requests[0].startswith("20260301T101500123Z-")
    assert run_id(requests[0], None) == f"{requests[0]}.lockfiles"


def test_a_message_that_is_delivered_twice_is_one_request() -> None:
    """And two of the same millisecond are two."""
    assert new_request(NOW, "a") == new_request(NOW, "a") != new_request(NOW, "b")


VERSIONS = st.builds(
    WantedVersion,
    st.text("0123456789.", min_size=1, max_size=20),
    hashes=st.frozensets(
        st.text("0123456789abcdef", min_size=64, max_size=64).map("SHA-256:{}".format), max_size=3
    ),
)


def some(package_format: Format, number: int, versions: list[WantedVersion]) -> Wanted:
    """Return what is wanted of one package."""
    return Wanted(Package(THERE, package_format, None, f"p{number}"), tuple(versions))


WANTS = st.lists(
    st.builds(
        some,
        st.sampled_from(["npm", "pypi"]),
        st.integers(0, 10**6),
        st.lists(VERSIONS, min_size=1, max_size=4),
    ),
    max_size=150,
    unique_by=lambda one: one.package,
)


@given(wanted=WANTS, verify=st.booleans())
def test_batches_hold_everything_once_and_fit_into_messages(
    wanted: list[Wanted],
    verify: bool,  # noqa: FBT001  hypothesis gives it by name
) -> None:
    """Each is of one format, and is read as it was written."""
    found = list(batches_of(wanted, with_hashes=verify))
    assert sorted(map(repr, (one for batch in found for one in batch))) == sorted(map(repr, wanted))
    for batch in found:
        assert len({one.package.format for one in batch}) == 1
        message = WarmPackages("r", "p.0", None, "DemoRepository", batch, verify=verify)
        body = body_of(message)
        assert len(body) <= messages.MAX_BYTES
        if verify:
            assert read(body) == message


@pytest.mark.parametrize(
    ("hashes", "batches", "lost"),
    [
        pytest.param(1, 1, 0, id="all fit into one message"),
        pytest.param(600, 2, 0, id="one version fits into a message, five do not"),
        pytest.param(3000, 0, 5, id="no version fits into a message"),
    ],
)
def test_what_is_too_large_for_a_message_is_split(hashes: int, batches: int, lost: int) -> None:
    """By versions; a version with too many hashes is reported and left out."""
    listed = frozenset(f"SHA-256:{number:064x}" for number in range(hashes))
    one = some("pypi", 1, [WantedVersion(f"1.{number}", listed) for number in range(5)])
    problems: list[str] = []
    found = list(batches_of([one], with_hashes=True, problems=problems))
    assert (len(problems), sum(len(each.versions) for batch in found for each in batch)) == (
        lost,
        5 - lost,
    )
    assert len(found) == batches
    for batch in found:
        message = WarmPackages("r", "p.0", None, "DemoRepository", batch, verify=True)
        assert len(body_of(message)) <= messages.MAX_BYTES
