"""What is asked of repository endpoints, with which token, and where a token never goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

from steward.bounded_http import Answer, RequestFailedError
from steward.coordinates import Format, Package
from steward.endpoint import AT_ONCE, ServiceEndpoint
from steward.endpoint_releases import Release
from steward.errors import EndpointError
from tests.unit.answers import Asked, PreparedHttp, answered
from tests.unit.fake_codeartifact import package, refused

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOST = "https://my-company-012345678901.d.codeartifact.us-west-2.amazonaws.com"


class FakeAccess:
    """CodeArtifact, as far as it gives tokens and endpoints."""

    def __init__(self, host: str = HOST) -> None:
        self.host = host
        self.now = NOON
        self.tokens = 0
        self.endpoints = 0
        self.refuses: str | None = None

    def get_authorization_token(self, *, durationSeconds: int, **_: object) -> dict[str, object]:  # noqa: N803  AWS's name
        """Return the next token."""
        self._refuse("GetAuthorizationToken")
        self.tokens += 1
        expiration = self.now + timedelta(seconds=durationSeconds)
        return {"authorizationToken": f"secret-{self.tokens}", "expiration": expiration}

    def get_repository_endpoint(self, *, repository: str, **names: str) -> dict[str, object]:
        """Return the endpoint of a format."""
        self._refuse("GetRepositoryEndpoint")
        self.endpoints += 1
        return {"repositoryEndpoint": f"{self.host}/{names['format']}/{repository}/"}

    def _refuse(self, operation: str) -> None:
        if self.refuses == operation:
            raise refused(operation, "AccessDeniedException")


def asking(
    reply: Callable[[Asked], Answer], access: FakeAccess | None = None
) -> tuple[ServiceEndpoint, PreparedHttp, FakeAccess]:
    """Return an endpoint that is answered by *reply*, and what stands behind it."""
    access = access or FakeAccess()
    http = PreparedHttp(reply)
    client = cast("CodeArtifactClient", access)
    return ServiceEndpoint(client, now=lambda: access.now, http=http), http, access


def npm(name: str = "left-pad", namespace: str | None = None) -> Package:
    """Return a package of npm."""
    return package(name, package_format="npm", namespace=namespace, repository="npm-intake")


def packument(_: Asked) -> Answer:
    """Answer with one version."""
    return answered({"versions": {"1.0.0": {}}, "time": {"1.0.0": "2021-07-13T12:00:00Z"}})


def test_each_format_is_asked_in_its_own_way() -> None:
    """One request a package; the repository's endpoint stands before it."""
    asked = {
        "npm": ("left-pad", None, "/npm/intake/left-pad"),
        "pypi": ("zope-interface", None, "/pypi/intake/simple/zope-interface/"),
        "cargo": ("serde", None, "/cargo/intake/api/v1/crates/serde/versions"),
    }
    for kind, (name, namespace, path) in asked.items():
        endpoint, http, _ = asking(lambda _: answered({"versions": [], "files": []}, 404))
        of = package(
            name, package_format=cast("Format", kind), namespace=namespace, repository="intake"
        )
        assert endpoint.releases(of, ["1.0.0"]) == {"1.0.0": Release()}
        assert [(each.method, each.url) for each in http.asked] == [("GET", HOST + path)]


def test_a_scope_is_part_of_the_name() -> None:
    """With its slash encoded, as npm does."""
    endpoint, http, _ = asking(packument)
    endpoint.releases(npm("parser", "babel"), ["1.0.0"])
    assert http.asked[0].url == f"{HOST}/npm/npm-intake/@babel%2Fparser"


@pytest.mark.parametrize("kind", ["generic", "ruby", "swift"])
def test_other_formats_know_nothing_and_are_not_asked(kind: Format) -> None:
    """No request, no token."""
    endpoint, http, access = asking(packument)
    of = package(package_format=kind, namespace="n")
    assert endpoint.releases(of, ["1", "2"]) == {"1": Release(), "2": Release()}
    assert (http.asked, access.tokens, access.endpoints) == ([], 0, 0)


def test_nothing_is_asked_for_nothing() -> None:
    """No version, no request."""
    endpoint, http, access = asking(packument)
    assert endpoint.releases(npm(), []) == {}
    assert (http.asked, access.tokens) == ([], 0)


def test_tokens_and_endpoints_are_asked_for_once() -> None:
    """For all packages of a domain, until ten minutes before the token ends."""
    endpoint, http, access = asking(packument)
    for _ in range(3):
        endpoint.releases(npm(), ["1.0.0"])
    access.now += timedelta(minutes=49)
    endpoint.releases(npm(), ["1.0.0"])
    assert (access.tokens, access.endpoints) == (1, 1)
    access.now += timedelta(minutes=1)
    endpoint.releases(npm(), ["1.0.0"])
    assert (access.tokens, access.endpoints) == (2, 1)
    sent = [each.headers["Authorization"] for each in http.asked]
    assert sent == ["Bearer secret-1"] * 4 + ["Bearer secret-2"]


def test_a_refused_token_is_renewed_once() -> None:
    """And the request is sent again."""

    def reply(asked: Asked) -> Answer:
        good = asked.headers["Authorization"] == "Bearer secret-2"
        return packument(asked) if good else answered({}, 401)

    endpoint, _, access = asking(reply)
    assert endpoint.releases(npm(), ["1.0.0"])["1.0.0"].released_at is not None
    assert access.tokens == 2
    endpoint.releases(npm(), ["1.0.0"])
    assert access.tokens == 2


@pytest.mark.parametrize("status", [301, 400, 401, 403, 406, 429, 500, 503])
def test_another_status_is_an_error_without_the_token(status: int) -> None:
    """A new token did not help, or nothing would."""
    endpoint, http, _ = asking(lambda _: answered({}, status))
    with pytest.raises(EndpointError) as raised:
        endpoint.releases(npm(), ["1.0.0"])
    assert len(http.asked) == (2 if status == 401 else 1)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("operation", ["GetAuthorizationToken", "GetRepositoryEndpoint"])
def test_a_refusal_of_codeartifact_is_an_error_of_the_endpoint(operation: str) -> None:
    """So a version is held, and the package does not fail."""
    access = FakeAccess()
    access.refuses = operation
    endpoint, http, _ = asking(packument, access)
    with pytest.raises(EndpointError, match="AccessDenied") as raised:
        endpoint.releases(npm(), ["1.0.0"])
    assert isinstance(raised.value.__cause__, ClientError)
    assert http.asked == []


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("http://example.com", id="open HTTP"),
        pytest.param("http://127.0.0.1.example.com", id="a name that begins like the loopback"),
        pytest.param("http://localhost@example.com", id="a user that is called like it"),
        pytest.param("ftp://127.0.0.1", id="another protocol"),
        pytest.param("file:///etc", id="a file"),
        pytest.param("https://[", id="no address"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_token_goes_to_no_open_place(host: str) -> None:
    """Only HTTPS, and HTTP on this machine."""
    endpoint, http, access = asking(packument, FakeAccess(host))
    with pytest.raises(EndpointError):
        endpoint.releases(npm(), ["1.0.0"])
    assert (http.asked, access.tokens) == ([], 0)


@pytest.mark.parametrize("host", ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:1"])
def test_a_token_may_go_to_this_machine(host: str) -> None:
    """The local CodeArtifact speaks HTTP."""
    endpoint, _, _ = asking(packument, FakeAccess(host))
    assert endpoint.releases(npm(), ["1.0.0"])["1.0.0"].released_at is not None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"\xff", b"null", b"7"])
def test_nonsense_is_an_error(body: bytes) -> None:
    """It is no answer to any version."""
    endpoint, _, _ = asking(lambda _: Answer(200, {}, body))
    with pytest.raises(EndpointError):
        endpoint.releases(npm(), ["1.0.0"])


def test_no_answer_is_an_error() -> None:
    """The connection is down, or too slow, or there was too much."""

    def reply(_: Asked) -> Answer:
        raise RequestFailedError("it broke off")

    endpoint, _, _ = asking(reply)
    with pytest.raises(EndpointError, match="it broke off"):
        endpoint.releases(npm(), ["1.0.0"])


MODIFIED = "Tue, 13 Jul 2021 12:00:00 GMT"
RELEASED = datetime(2021, 7, 13, 12, 0, tzinfo=UTC)
POM = f"{HOST}/maven/my-maven-repo/com/mycompany/app/pkg-1"
SIGNED = "https://bucket.s3.amazonaws.com/abc?X-Amz-Signature=1"


def test_a_maven_version_counts_from_its_pom() -> None:
    """One HEAD a version; without a POM, or a time of it, nothing is known."""

    def reply(asked: Asked) -> Answer:
        version = asked.url.split("/")[-2]
        found = {"1.0": {"last-modified": MODIFIED}, "1.2": {"last-modified": "soon"}}
        return Answer(200 if version != "1.1" else 404, found.get(version, {}), b"")

    endpoint, http, access = asking(reply)
    versions = ["1.0", "1.1", "1.2", "1.3"]
    assert endpoint.releases(package(), versions) == {
        "1.0": Release(RELEASED),
        **dict.fromkeys(versions[1:], Release()),
    }
    assert {(each.method, each.url) for each in http.asked} == {
        ("HEAD", f"{POM}/{version}/pkg-1-{version}.pom") for version in versions
    }
    assert (len(http.asked), access.tokens, access.endpoints) == (4, 1, 1)


@pytest.mark.parametrize("head", [200, 403], ids=["signed for HEAD", "signed for GET alone"])
def test_a_redirect_gets_no_token(head: int) -> None:
    """A pre-signed URL on another host is followed once, with nothing that would open ours."""

    def reply(asked: Asked) -> Answer:
        if asked.url.startswith(HOST):
            return Answer(302, {"location": SIGNED}, b"")
        if asked.method == "HEAD" and head == 403:
            return Answer(403, {}, b"")
        return Answer(200 if asked.method == "HEAD" else 206, {"last-modified": MODIFIED}, b"<")

    endpoint, http, _ = asking(reply)
    assert endpoint.releases(package(), ["1.0"]) == {"1.0": Release(RELEASED)}
    followed = [each for each in http.asked if each.url == SIGNED]
    assert [each.method for each in followed] == (["HEAD"] if head == 200 else ["HEAD", "GET"])
    assert all("Authorization" not in each.headers for each in followed)


def test_a_redirect_that_has_the_time_is_not_followed() -> None:
    """It is the repository's own word."""
    endpoint, http, _ = asking(
        lambda _: Answer(307, {"location": SIGNED, "last-modified": MODIFIED}, b"")
    )
    assert endpoint.releases(package(), ["1.0"]) == {"1.0": Release(RELEASED)}
    assert len(http.asked) == 1


@pytest.mark.parametrize("location", ["http://example.com/", "file:///etc/passwd", "https://["])
def test_a_redirect_to_an_open_place_is_not_followed(location: str) -> None:
    """What comes from there could be anybody's."""
    endpoint, http, _ = asking(lambda _: Answer(302, {"location": location}, b""))
    with pytest.raises(EndpointError):
        endpoint.releases(package(), ["1.0"])
    assert len(http.asked) == 1


def test_one_pom_that_cannot_be_served_keeps_no_other_version_waiting() -> None:
    """It is left out of the answer, which the gates take for not known."""

    def reply(asked: Asked) -> Answer:
        broken = "1.1" in asked.url
        return Answer(500 if broken else 200, {"last-modified": MODIFIED}, b"")

    endpoint, _, _ = asking(reply)
    told = endpoint.releases(package(), ["1.0", "1.1", "1.2"])
    assert told == dict.fromkeys(("1.0", "1.2"), Release(RELEASED))


def test_an_endpoint_that_lets_nobody_in_is_not_asked_for_each_version() -> None:
    """Neither for the POMs nor, again and again, for another token."""
    endpoint, http, access = asking(lambda _: Answer(401, {}, b""))
    with pytest.raises(EndpointError, match="401"):
        endpoint.releases(package(), [f"1.{number}" for number in range(200)])
    assert len(http.asked) <= 2 * AT_ONCE
    assert access.tokens <= 1 + AT_ONCE


def test_a_second_redirect_is_an_error() -> None:
    """One is what CodeArtifact answers."""
    endpoint, http, _ = asking(lambda _: Answer(302, {"location": SIGNED}, b""))
    with pytest.raises(EndpointError, match="302"):
        endpoint.releases(package(), ["1.0"])
    assert len(http.asked) == 2


def nuget() -> Package:
    """Return a package of NuGet."""
    return package("newtonsoft.json", package_format="nuget", namespace=None, repository="intake")


NUGET = f"{HOST}/nuget/intake/v3/"


def registry(page: str) -> Callable[[Asked], Answer]:
    """Return a NuGet repository whose registration has one page inside and one at *page*."""

    def entry(version: str) -> dict[str, object]:
        published = {"version": version, "published": "2021-07-13T12:00:00Z", "listed": True}
        return {"catalogEntry": published}

    documents: dict[str, object] = {
        f"{NUGET}index.json": {
            "resources": [{"@type": "RegistrationsBaseUrl/3.6.0", "@id": f"{NUGET}registration4/"}]
        },
        f"{NUGET}registration4/newtonsoft.json/index.json": {
            "items": [{"items": [entry("1.0.0")]}, {"@id": page}]
        },
        f"{NUGET}page.json": {"items": [entry("2.0.0")]},
    }
    return lambda asked: answered(documents[asked.url])


def test_nuget_is_asked_for_its_index_once_and_for_each_page() -> None:
    """The index says where registrations are; the second package asks for its own alone."""
    endpoint, http, _ = asking(registry(f"{NUGET}page.json"))
    found = endpoint.releases(nuget(), ["1.0.0", "2.0.0", "3.0.0"])
    assert found == {
        "1.0.0": Release(RELEASED),
        "2.0.0": Release(RELEASED),
        "3.0.0": Release(),
    }
    assert len(http.asked) == 3
    endpoint.releases(nuget(), ["1.0.0"])
    assert len(http.asked) == 5


def test_a_page_on_another_host_is_not_asked_for() -> None:
    """The token would go there."""
    endpoint, http, _ = asking(registry("https://example.com/page.json"))
    with pytest.raises(EndpointError, match="another host"):
        endpoint.releases(nuget(), ["1.0.0"])
    assert all(each.url.startswith(HOST) for each in http.asked)


def test_a_package_that_nuget_does_not_know_is_unknown() -> None:
    """It may be unlisted as a whole."""
    known = registry("")
    endpoint, _, _ = asking(
        lambda asked: answered({}, 404) if "registration4" in asked.url else known(asked)
    )
    assert endpoint.releases(nuget(), ["1.0.0"]) == {"1.0.0": Release()}
