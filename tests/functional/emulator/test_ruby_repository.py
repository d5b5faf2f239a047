"""The ruby endpoint: the Compact Index, pushing and downloads."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

import httpx
import pytest

from emulator import requests
from emulator.core import metadata, publishing, statuses
from emulator.core.faults import Settings
from emulator.core.seed_document import default_asset
from emulator.core.values import PackageId, RepositoryId, Status
from emulator.formats import ruby
from tests.functional.emulator.data_plane import DOMAIN, DataPlane
from tests.functional.emulator.made_gems import archive, gem

REPOSITORY = "gems"
GREETER = PackageId("ruby", "", "greeter")
FILE = "gems/greeter-1.0.0.gem"
LINUX = "x86_64-linux"
NEEDS = {"polite": ">= 1.0, < 3"}


@pytest.fixture
def repo(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of a fresh repository."""
    plane.repository(REPOSITORY)
    with plane.client("ruby", REPOSITORY) as client:
        yield client


def push(repo: httpx.Client, content: bytes) -> httpx.Response:
    """Push a gem."""
    return repo.post("api/v1/gems", content=content)


def lines(answer: httpx.Response) -> list[str]:
    """Return the lines of an index file after its separator."""
    answer.raise_for_status()
    text = answer.text.splitlines()
    return text[text.index("---") + 1 :]


def test_a_gem_that_is_pushed_is_listed_and_served(plane: DataPlane, repo: httpx.Client) -> None:
    """One asset; its line has what it needs and its checksum; one event is emitted."""
    seen: list[dict[str, object]] = []
    plane.state.events.subscribe(seen.append)
    content = gem("greeter", "1.0.0", dependencies=NEEDS, ruby=">= 2.7")

    assert push(repo, content).text == "Successfully registered gem: greeter-1.0.0.gem\n"

    checksum = hashlib.sha256(content).hexdigest()
    assert lines(repo.get("info/greeter")) == [
        f"1.0.0 polite:>= 1.0&< 3|checksum:{checksum},ruby:>= 2.7"
    ]
    assert repo.get(FILE).content == content
    held = plane.versions(REPOSITORY, GREETER)["1.0.0"]
    assert [asset.name for asset in held.assets] == ["greeter-1.0.0.gem"]
    described = metadata.of(held)
    assert described.licenses == (metadata.Licence("MIT"),)
    assert described.source_code_repository == "http://127.0.0.1/source"
    (known,) = described.dependencies
    assert (known.package, known.dependency_type) == ("polite", "runtime")
    assert plane.state.events.drain()
    assert [event["detail"]["operationType"] for event in seen] == ["Created"]  # type: ignore[index]  # JSON


def test_the_index_has_a_checksum_of_what_it_says_of_each_gem(repo: httpx.Client) -> None:
    """Bundler asks ``info`` again only where it has changed, and trusts the ETag to be an MD5."""
    push(repo, gem("greeter", "1.0.0"))
    push(repo, gem("greeter", "1.1.0"))
    push(repo, gem("polite", "2.0"))

    info = repo.get("info/greeter")
    md5 = hashlib.md5(info.content, usedforsecurity=False).hexdigest()

    assert lines(repo.get("names")) == ["greeter", "polite"]
    assert lines(repo.get("versions"))[0] == f"greeter 1.0.0,1.1.0 {md5}"
    assert info.headers["etag"] == f'"{md5}"'
    assert repo.get("info/greeter", headers={"If-None-Match": f'"{md5}"'}).status_code == 304


def test_a_repository_with_too_many_gems_has_no_index(
    repo: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 beyond 5,000 (User Guide, quotas); here the limit is lower, and each gem is there."""
    monkeypatch.setattr(ruby, "MAX_LISTED", 1)
    push(repo, gem("greeter", "1.0.0"))
    assert repo.get("versions").status_code == 200
    push(repo, gem("polite", "1.0.0"))

    assert [repo.get(path).status_code for path in ("versions", "names")] == [400, 400]
    assert repo.get("info/greeter").status_code == 200


def test_the_dependency_api_answers_for_each_gem_that_is_named(repo: httpx.Client) -> None:
    """In Ruby's own serialisation; without a name it only says that it is there."""
    push(repo, gem("greeter", "1.0.0", dependencies=NEEDS))

    answer = repo.get("api/v1/dependencies", params={"gems": "greeter,absent"})

    assert answer.content.startswith(b"\x04\x08[\x06{")  # an array of one hash
    assert b"greeter" in answer.content
    assert b">= 1.0, < 3" in answer.content
    assert repo.get("api/v1/dependencies").status_code == 200


def test_gem_reads_a_specification_before_it_downloads(repo: httpx.Client) -> None:
    """Compressed, and in Ruby's own serialisation."""
    push(repo, gem("greeter", "1.0.0", dependencies=NEEDS))

    answer = repo.get("quick/Marshal.4.8/greeter-1.0.0.gemspec.rz")

    assert zlib.decompress(answer.content).startswith(b"\x04\x08u:\x17Gem::Specification")
    assert repo.get("quick/Marshal.4.8/greeter-9.gemspec.rz").status_code == 404


def test_the_platform_is_part_of_the_version(plane: DataPlane, repo: httpx.Client) -> None:
    """By default: each gem of a version is a version with one asset."""
    push(repo, gem("greeter", "1.0.0"))
    push(repo, gem("greeter", "1.0.0", platform=LINUX))

    versions = plane.versions(REPOSITORY, GREETER)

    assert {name: [a.name for a in each.assets] for name, each in versions.items()} == {
        "1.0.0": ["greeter-1.0.0.gem"],
        f"1.0.0-{LINUX}": [f"greeter-1.0.0-{LINUX}.gem"],
    }
    assert [line.split()[0] for line in lines(repo.get("info/greeter"))] == [
        "1.0.0",
        f"1.0.0-{LINUX}",
    ]
    assert repo.get(f"gems/greeter-1.0.0-{LINUX}.gem").status_code == 200


def test_the_platform_may_be_in_the_name_of_the_asset_only(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """Then all gems of a number are assets of one version; clients see the same index."""
    plane.state.faults.set(Settings(switches={"gemPlatformPlace": "assets"}))
    push(repo, gem("greeter", "1.0.0"))
    assert push(repo, gem("greeter", "1.0.0", platform=LINUX)).status_code == 200

    (version,) = plane.versions(REPOSITORY, GREETER).values()

    assert version.version == "1.0.0"
    assert {a.name for a in version.assets} == {
        "greeter-1.0.0.gem",
        f"greeter-1.0.0-{LINUX}.gem",
    }
    assert {line.split()[0] for line in lines(repo.get("info/greeter"))} == {
        "1.0.0",
        f"1.0.0-{LINUX}",
    }
    for file in ("greeter-1.0.0", f"greeter-1.0.0-{LINUX}"):
        assert repo.get(f"gems/{file}.gem").status_code == 200
        assert repo.get(f"quick/Marshal.4.8/{file}.gemspec.rz").status_code == 200


def test_a_gem_that_nothing_is_known_of_is_listed_by_its_file_name(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """As one that was seeded: it needs nothing."""
    place = RepositoryId(DOMAIN, REPOSITORY)
    blob = plane.state.assets.store(b"seeded")
    version = f"1.0.0-{LINUX}"
    publishing.publish(plane.state, place, GREETER, version, [(f"greeter-{version}.gem", blob)])

    assert lines(repo.get("info/greeter")) == [f"{version} |checksum:{blob.sha256}"]
    assert default_asset(GREETER, version) == f"greeter-{version}.gem"


def test_a_name_with_dashes_and_numbers_is_found(repo: httpx.Client) -> None:
    """A file's name does not say where the name ends and the version begins."""
    content = gem("net-2-go", "3.0.0", platform="x86_64-darwin-22")
    push(repo, content)

    assert repo.get("gems/net-2-go-3.0.0-x86_64-darwin-22.gem").content == content


def test_the_same_bytes_may_be_pushed_again_and_others_may_not(repo: httpx.Client) -> None:
    """As for every format (User Guide, package origin controls)."""
    content = gem("greeter", "1.0.0")
    push(repo, content)

    assert push(repo, content).status_code == 200
    assert push(repo, gem("greeter", "1.0.0", says="otherwise")).status_code == 409
    assert repo.get(FILE).content == content


@pytest.mark.parametrize(
    ("status", "answer"),
    [("Unlisted", 200), ("Archived", 404)],
    ids=["an unlisted version is served and not listed", "an archived version is neither"],
)
def test_what_the_status_of_a_version_means(
    plane: DataPlane, repo: httpx.Client, status: Status, answer: int
) -> None:
    """As for every format ("Package version status", User Guide)."""
    push(repo, gem("greeter", "1.0.0"))
    place = RepositoryId(DOMAIN, REPOSITORY)
    statuses.set_status(plane.state, place, GREETER, ["1.0.0"], target=status)

    assert repo.get("info/greeter").status_code == 404
    assert lines(repo.get("names")) == []
    assert repo.get(FILE).status_code == answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no archive",
        archive("- a list"),
        archive("{ no YAML"),
        archive("name: greeter\nversion: {version: one}\n"),
        archive("name: ../greeter\nversion: {version: '1.0'}\n"),
        archive("name: greeter\nversion: {version: '1.0'}\nsummary: " + "x" * 5_000_000),
        archive("&a\nname: greeter\nloop: *a\n"),
        archive("name: greeter\nversion: {version: '1.0'}\nlicenses: " + "[" * 200_000),
        archive("version: {version: '1.0'}\nname: &a greeter\nx: [" + "*a, " * 200_000 + "]\n"),
    ],
    ids=[
        "nothing",
        "no archive",
        "a specification that is none",
        "a specification that is no YAML",
        "a version that is none",
        "a name that leaves the path",
        "a specification of absurd size",
        "a specification that holds itself",
        "a specification that would end the process by its depth",
        "a specification that repeats itself for ever",
    ],
)
def test_a_malformed_gem_is_refused(plane: DataPlane, repo: httpx.Client, body: bytes) -> None:
    """400, and nothing of it is held."""
    assert push(repo, body).status_code == 400
    assert plane.versions(REPOSITORY, GREETER) == {}


@pytest.mark.parametrize(
    "path",
    ["specs.4.8.gz", "latest_specs.4.8.gz", "prerelease_specs.4.8.gz", "api/v1/search.json"],
)
def test_there_is_no_full_index_and_no_search(repo: httpx.Client, path: str) -> None:
    """User Guide, RubyGems command support."""
    assert repo.get(path).status_code == 404


def test_gem_may_send_its_token_as_it_is_configured(plane: DataPlane) -> None:
    """``gem push`` sends what is in its credentials, as it stands there."""
    plane.repository(REPOSITORY)
    url = f"{plane.url('ruby', REPOSITORY)}/api/v1/gems"

    def answer(authorization: str) -> int:
        headers = {"Authorization": authorization}
        content = gem("greeter", "1.0.0")
        return httpx.post(url, content=content, headers=headers, trust_env=False).status_code

    assert [answer(f"Bearer {plane.token()}"), answer(plane.token()), answer("bad")] == [
        200,
        200,
        401,
    ]


def test_requests_are_counted_and_throttled_as_those_of_other_formats(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """By kind, and as reads."""
    plane.state.faults.set(Settings(throttle={"ruby:GetInfo": 0}))

    assert repo.get("info/greeter").status_code == 429
    assert requests.counted(plane.state)["ruby:GetInfo"] == 1
