"""Which files are compared with a lock file, and which versions there are."""

from __future__ import annotations

import hashlib

import pytest

from steward.coordinates import Package
from steward.errors import EndpointError
from tests.unit.asked_endpoint import (
    LIBRARY,
    REQUESTS,
    SDIST,
    SERVICES,
    WHEEL,
    Asked,
    listed,
    of,
    page,
)
from tests.unit.prepared_streams import (
    Reply,
    asset,
    document,
)
from warm_caches.fetching import Available
from warm_caches.values import WantedVersion

SECOND = "requests-1.0.0-cp311-cp311-linux_x86_64.whl"


def locked(*contents: bytes) -> WantedVersion:
    """Return the version with the hashes of *contents*."""
    hashes = (f"SHA-256:{hashlib.sha256(content).hexdigest()}" for content in contents)
    return WantedVersion("1.0.0", frozenset(hashes))


@pytest.mark.parametrize(
    ("files", "wanted", "told"),
    [
        pytest.param(
            [listed(WHEEL, b"w", 1), listed(SDIST, b"s", 2), listed(SECOND, b"2", 3)],
            locked(b"s", b"2"),
            [SDIST, SECOND],
            id="those that are locked",
        ),
        pytest.param(
            [listed(WHEEL, b"w", 2), listed(SDIST, b"s", 1)],
            locked(b"other"),
            [SDIST],
            id="the smallest, if none is",
        ),
        pytest.param(
            [listed(WHEEL), listed(SDIST)],
            locked(b"s"),
            [SDIST],
            id="all, if the page has no hashes; told is the one that is locked",
        ),
        pytest.param(
            [listed(WHEEL), listed(SDIST)],
            locked(b"other"),
            [WHEEL, SDIST],
            id="all of them, if none is",
        ),
    ],
)
def test_hashes_are_those_of_the_files_that_are_locked(
    files: list[dict[str, object]], wanted: WantedVersion, told: list[str]
) -> None:
    """A version has files for many platforms, a lock file those of one."""
    contents = {WHEEL: b"w", SDIST: b"s", SECOND: b"2"}
    replies = {name: asset(content) for name, content in contents.items()}
    asked = Asked({"simple/requests/": page(*files), **replies})
    fetch = asked.fetch(REQUESTS, wanted, whole=True, digest=True)
    assert sorted(file.name for file in fetch.files) == sorted(told)
    for file in fetch.files:
        assert file.hashes["SHA-256"] == hashlib.sha256(contents[file.name]).hexdigest()
    assert fetch.size > sum(file.size for file in fetch.files)  # and the page


def test_a_file_with_other_bytes_than_the_page_says_is_told() -> None:
    """Also if another one is as it was locked."""
    files = [listed(WHEEL, b"w"), listed(SDIST, b"s")]
    replies = {WHEEL: asset(b"w"), SDIST: asset(b"tampered")}
    asked = Asked({"simple/requests/": page(*files), **replies})
    fetch = asked.fetch(REQUESTS, locked(b"w", b"s"), whole=True, digest=True)
    assert {file.name for file in fetch.files} == {WHEEL, SDIST}


METADATA = (
    b"<metadata><versioning><versions><version>1.0</version><version>1.1</version></versions>"
    b"</versioning></metadata>"
)
LEAVES = [
    {"catalogEntry": {"version": "1.0.0"}},
    {"catalogEntry": {"version": "1.1.0", "listed": False}},
]
LISTS = pytest.mark.parametrize(
    ("of_package", "replies", "available", "requests"),
    [
        pytest.param(
            of("npm", "parser", "babel"),
            {"@babel%2Fparser": document({"name": "a", "versions": {"1.0": {"x": []}, "1.1": {}}})},
            Available(("1.0", "1.1")),
            {"npm:packument": 1},
            id="npm",
        ),
        pytest.param(
            REQUESTS,
            {
                "simple/requests/": page(
                    listed("requests-1.0.tar.gz"),
                    listed("requests-1.0-py3-none-any.whl"),
                    listed("requests-1.1.tar.gz", yanked=True),
                    listed("requests-2004d.tar.gz"),
                )
            },
            Available(("1.0", "1.1"), frozenset({"1.1"})),
            {"pypi:page": 1},
            id="PyPI",
        ),
        pytest.param(
            LIBRARY,
            {"org/example/tools/lib/maven-metadata.xml": Reply(200, METADATA)},
            Available(("1.0", "1.1")),
            {"maven:metadata": 1},
            id="Maven",
        ),
        pytest.param(
            of("nuget", "Json"),
            {
                "v3/index.json": SERVICES,
                "reg/json/index.json": document({"items": [{"items": LEAVES}]}),
            },
            Available(("1.0.0", "1.1.0"), frozenset({"1.1.0"})),
            {"nuget:index": 1, "nuget:registration": 1},
            id="NuGet",
        ),
        pytest.param(
            of("nuget", "Json"),
            {
                "v3/index.json": SERVICES,
                "reg/json/index.json": document({"items": [{"@id": "page/1.json"}]}),
                "reg/json/page/1.json": document({"items": LEAVES}),
            },
            Available(("1.0.0", "1.1.0"), frozenset({"1.1.0"})),
            {"nuget:index": 1, "nuget:registration": 1, "nuget:page": 1},
            id="NuGet, with a page elsewhere",
        ),
        pytest.param(
            of("cargo", "serde"),
            {
                "crates/serde/versions": document(
                    {"versions": [{"num": "1.1.0", "yanked": True}, {"num": "1.0.0"}]}
                )
            },
            Available(("1.1.0", "1.0.0"), frozenset({"1.1.0"})),
            {"cargo:versions": 1},
            id="Cargo",
        ),
        pytest.param(
            of("ruby", "rack"),
            {"info/rack": Reply(200, b"---\n1.0 |c:1\n1.0-java |c:2\n1.1 a:>= 1|c:3")},
            Available(("1.0", "1.1")),
            {"ruby:info": 1},
            id="Ruby",
        ),
    ],
)


@LISTS
def test_the_versions_of_a_package_are_one_request(
    of_package: Package,
    replies: dict[str, Reply],
    available: Available,
    requests: dict[str, int],
) -> None:
    """NuGet has a page more, and each repository its index."""
    asked = Asked(replies)
    assert asked.fetching.available(of_package) == available
    assert asked.fetching.requests_made == requests


@LISTS
def test_a_package_that_is_not_there_has_no_versions(
    of_package: Package,
    replies: dict[str, Reply],
    available: Available,
    requests: dict[str, int],
) -> None:
    """That is an answer."""
    del available, requests
    asked = Asked({path: reply for path, reply in replies.items() if path == "v3/index.json"})
    assert asked.fetching.available(of_package) == Available()


@LISTS
def test_a_list_that_cannot_be_read_is_an_error(
    of_package: Package,
    replies: dict[str, Reply],
    available: Available,
    requests: dict[str, int],
) -> None:
    """So is none."""
    del available, requests
    if of_package.format != "ruby":  # whose lists are lines of text
        asked = Asked(dict.fromkeys(replies, Reply(200, b'{"versions": <html>')))
        with pytest.raises(EndpointError, match="cannot be read"):
            asked.fetching.available(of_package)
    with pytest.raises(EndpointError, match="did not answer"):
        Asked(lambda _: None).fetching.available(of_package)


def test_a_list_is_asked_for_anew() -> None:
    """That is what makes CodeArtifact look for new versions; what follows uses it."""
    asked = Asked({"/": page(listed(SDIST)), ".gz": asset()})
    asked.fetching.available(REQUESTS)
    asked.fetching.available(REQUESTS)
    asked.fetch(REQUESTS)
    assert asked.fetching.requests_made == {"pypi:page": 2, "pypi:file": 1}


def test_a_locked_file_that_is_not_there_beside_another_is_told_and_not_compared() -> None:
    """A version may have more files than CodeArtifact holds; without any it is not found."""
    replies = {
        "simple/requests/": page(listed(WHEEL, b"w", size=1), listed(SDIST, b"s", size=2)),
        ".whl": asset(b"w"),
    }
    fetch = Asked(replies).fetch(REQUESTS, locked(b"w", b"s"), whole=True, digest=True)
    assert (fetch.state, fetch.reason) == ("asked", f"{SDIST} is listed but is not there")
    assert [file.name for file in fetch.files] == [WHEEL]
    del replies[".whl"]
    fetch = Asked(replies).fetch(REQUESTS, locked(b"w", b"s"), whole=True, digest=True)
    assert (fetch.state, fetch.files) == ("not found", ())
