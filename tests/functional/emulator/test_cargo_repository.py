"""The cargo endpoint: its sparse index, publishing and downloads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import httpx
import pytest

from emulator import requests
from emulator.core import metadata, publishing, statuses
from emulator.core.faults import Settings
from emulator.core.seed_document import default_asset
from emulator.core.values import PackageId, RepositoryId, Status
from tests.functional.emulator.data_plane import DOMAIN, DataPlane
from tests.functional.emulator.made_crates import crate, upload

REPOSITORY = "crates"
GREETER = PackageId("cargo", "", "greeter")
PATH = "gr/ee/greeter"
NEW = "api/v1/crates/new"
CONTENT = crate("greeter", "1.0.0")
DOWNLOAD = "api/v1/crates/greeter/1.0.0/download"


@pytest.fixture
def repo(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client of a fresh repository."""
    plane.repository(REPOSITORY)
    with plane.client("cargo", REPOSITORY) as client:
        yield client


def document(version: str = "1.0.0", name: str = "greeter") -> dict[str, object]:
    """Return the JSON of a publish request."""
    return {"name": name, "vers": version, "deps": [], "features": {}}


def publish(repo: httpx.Client, version: str = "1.0.0", **fields: object) -> httpx.Response:
    """Publish a version."""
    return repo.put(NEW, content=upload({**document(version), **fields}, crate("greeter", version)))


def entries(repo: httpx.Client, path: str = PATH) -> list[dict[str, object]]:
    """Return the entries of an index file."""
    answer = repo.get(path)
    answer.raise_for_status()
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_configuration_says_that_a_token_is_needed_and_where_crates_are(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """Cargo then sends its token with the index, the downloads and the API."""
    base = plane.url("cargo", REPOSITORY)
    assert repo.get("config.json").json() == {
        "dl": f"{base}/api/v1/crates",
        "api": base,
        "auth-required": True,
    }


@pytest.mark.parametrize("scheme", ["", "Bearer "], ids=["the bare token", "a bearer token"])
def test_cargo_may_send_its_token_either_way(plane: DataPlane, scheme: str) -> None:
    """Which one depends on the credential provider that cargo is configured with."""
    plane.repository(REPOSITORY)
    url = f"{plane.url('cargo', REPOSITORY)}/config.json"

    answer = httpx.get(url, headers={"Authorization": scheme + plane.token()}, trust_env=False)

    assert answer.status_code == 200
    assert httpx.get(url, trust_env=False).status_code == 401
    assert httpx.get(url, headers={"Authorization": "nonsense"}, trust_env=False).status_code == 401


def test_a_published_crate_is_listed_and_served(plane: DataPlane, repo: httpx.Client) -> None:
    """One asset; the entry has its checksum; one event is emitted."""
    seen: list[dict[str, object]] = []
    plane.state.events.subscribe(seen.append)

    assert publish(repo, description="Greets", license="MIT").status_code == 200

    (entry,) = entries(repo)
    assert (entry["name"], entry["vers"], entry["yanked"]) == ("greeter", "1.0.0", False)
    content = repo.get(DOWNLOAD).content
    assert content == crate("greeter", "1.0.0")
    assert entry["cksum"] == hashlib.sha256(content).hexdigest()
    held = plane.versions(REPOSITORY, GREETER)["1.0.0"]
    assert [asset.name for asset in held.assets] == ["greeter-1.0.0.crate"]
    described = metadata.of(held)
    assert (described.summary, described.licenses) == ("Greets", (metadata.Licence("MIT"),))
    assert plane.state.events.drain()
    assert [event["detail"]["operationType"] for event in seen] == ["Created"]  # type: ignore[index]  # JSON


def test_the_index_has_dependencies_in_its_own_words(plane: DataPlane, repo: httpx.Client) -> None:
    """A renamed dependency has its new name there, and newer features stand apart."""
    dependency = {
        "name": "serde",
        "version_req": "^1.0",
        "features": ["derive"],
        "optional": True,
        "default_features": False,
        "target": None,
        "kind": "normal",
        "registry": None,
        "explicit_name_in_toml": "serial",
    }
    features = {"default": ["std"], "std": [], "serial": ["dep:serial"]}

    publish(repo, deps=[dependency], features=features)

    (entry,) = entries(repo)
    assert entry["deps"] == [
        {
            "name": "serial",
            "package": "serde",
            "req": "^1.0",
            "features": ["derive"],
            "optional": True,
            "default_features": False,
            "target": None,
            "kind": "normal",
            "registry": None,
        }
    ]
    assert entry["features"] == {"default": ["std"], "std": []}
    assert (entry["v"], entry["features2"]) == (2, {"serial": ["dep:serial"]})
    (known,) = metadata.of(plane.versions(REPOSITORY, GREETER)["1.0.0"]).dependencies
    assert (known.package, known.dependency_type, known.version_requirement) == (
        "serde",
        "normal",
        "^1.0",
    )


@pytest.mark.parametrize(
    ("name", "path"),
    [("a", "1/a"), ("ab", "2/ab"), ("abc", "3/a/abc"), ("abcd", "ab/cd/abcd")],
    ids=["one letter", "two letters", "three letters", "four letters"],
)
def test_an_index_file_lies_where_cargo_looks(repo: httpx.Client, name: str, path: str) -> None:
    """By the letters of its name ("Index files", Registry Index, The Cargo Book)."""
    body = upload(document(name=name), crate(name, "1.0.0"))
    assert repo.put(NEW, content=body).status_code == 200

    assert [entry["name"] for entry in entries(repo, path)] == [name]
    assert repo.get(f"zz/zz/{name}").status_code == 404


def test_a_crate_is_found_in_lower_case_and_keeps_its_own(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """Cargo asks the index in lower case, and for the crate as the entry spells it."""
    body = upload(document(name="Inflector"), crate("Inflector", "1.0.0"))
    repo.put(NEW, content=body).raise_for_status()

    (entry,) = entries(repo, "in/fl/inflector")

    assert entry["name"] == "Inflector"
    assert repo.get("api/v1/crates/Inflector/1.0.0/download").status_code == 200
    assert plane.statuses(REPOSITORY, PackageId("cargo", "", "Inflector")) == {"1.0.0": "Published"}
    other = repo.put(NEW, content=upload(document("2.0.0", "inflector"), b"other"))
    assert other.status_code == 400


def test_a_crate_that_nothing_is_known_of_is_listed_all_the_same(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """As one that was seeded: it needs nothing."""
    name = default_asset(GREETER, "1.0.0")
    blob = plane.state.assets.store(b"seeded")
    publishing.publish(
        plane.state, RepositoryId(DOMAIN, REPOSITORY), GREETER, "1.0.0", [(name, blob)]
    )

    (entry,) = entries(repo)

    assert (entry["deps"], entry["cksum"]) == ([], blob.sha256)
    assert repo.get(DOWNLOAD).content == b"seeded"


def test_a_refused_publication_says_why_as_cargo_reads_it(repo: httpx.Client) -> None:
    """In its own JSON ("Web API", The Cargo Book)."""
    publish(repo)

    answer = repo.put(NEW, content=upload(document(), b"other bytes"))

    assert "already exists" in answer.json()["errors"][0]["detail"]


def test_the_same_bytes_may_be_published_again_and_others_may_not(repo: httpx.Client) -> None:
    """As for every format (User Guide, package origin controls)."""
    publish(repo)

    assert publish(repo).status_code == 200
    assert repo.put(NEW, content=upload(document(), b"other bytes")).status_code == 409
    assert repo.get(DOWNLOAD).content == CONTENT


@pytest.mark.parametrize(
    ("status", "listed", "answer"),
    [("Unlisted", 404, 200), ("Archived", 404, 404)],
    ids=["an unlisted version is served and not listed", "an archived version is neither"],
)
def test_what_the_status_of_a_version_means(
    plane: DataPlane, repo: httpx.Client, status: Status, listed: int, answer: int
) -> None:
    """As for every format ("Package version status", User Guide)."""
    publish(repo)
    place = RepositoryId(DOMAIN, REPOSITORY)
    statuses.set_status(plane.state, place, GREETER, ["1.0.0"], target=status)

    assert repo.get(PATH).status_code == listed
    assert repo.get(DOWNLOAD).status_code == answer


def test_versions_tell_when_each_was_published(repo: httpx.Client) -> None:
    """``created_at`` is what age gating reads (User Guide)."""
    publish(repo)
    publish(repo, "1.1.0")

    listed = repo.get("api/v1/crates/greeter/versions").json()["versions"]

    assert [each["num"] for each in listed] == ["1.0.0", "1.1.0"]
    assert all(each["created_at"] and each["checksum"] for each in listed)


def test_an_index_file_that_has_not_changed_is_not_sent_again(repo: httpx.Client) -> None:
    """Cargo keeps the ETag in its own cache."""
    publish(repo)
    etag = repo.get(PATH).headers["etag"]

    assert repo.get(PATH, headers={"If-None-Match": etag}).status_code == 304
    publish(repo, "1.1.0")
    assert repo.get(PATH, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x01",
        upload(document(), CONTENT)[:-1],
        upload(document(), CONTENT) + b"x",
        upload(b"[]", CONTENT),
        upload(b"{", CONTENT),
        upload(document(name="../x"), CONTENT),
        upload(document("one"), CONTENT),
        b"\xff\xff\xff\xff",
    ],
    ids=[
        "nothing",
        "less than a length",
        "a crate that ends too early",
        "more than a crate",
        "JSON that is no object",
        "no JSON",
        "a name that is none",
        "a version that is none",
        "JSON of absurd length",
    ],
)
def test_a_malformed_publication_is_refused(
    plane: DataPlane, repo: httpx.Client, body: bytes
) -> None:
    """400, and nothing of it is held."""
    assert repo.put(NEW, content=body).status_code == 400
    assert plane.versions(REPOSITORY, GREETER) == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "api/v1/crates?q=greeter"),
        ("GET", "api/v1/crates/greeter/owners"),
        ("DELETE", "api/v1/crates/greeter/1.0.0/yank"),
    ],
    ids=["search", "owners", "yank"],
)
def test_other_cargo_commands_are_not_supported(repo: httpx.Client, method: str, path: str) -> None:
    """User Guide, Cargo command support; yank is not confirmed for the service."""
    publish(repo)
    assert repo.request(method, path).status_code == 404


def test_requests_are_counted_and_throttled_as_those_of_other_formats(
    plane: DataPlane, repo: httpx.Client
) -> None:
    """By kind, and as reads."""
    plane.state.faults.set(Settings(throttle={"cargo:GetIndex": 0}))

    answer = repo.get(PATH)

    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    assert requests.counted(plane.state)["cargo:GetIndex"] == 1
