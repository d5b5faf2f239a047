"""Who may use a repository endpoint: tokens, domains, policies, faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from emulator.core import domains, policies
from emulator.core.faults import Settings
from emulator.core.values import Caller, DomainId, PackageId, RepositoryId
from emulator.requests import counted
from tests.functional.emulator.data_plane import ACCOUNT, DOMAIN, DataPlane

APP = PackageId("maven", "com.mycompany.app", "app")
JAR = "com/mycompany/app/app/1.0/app-1.0.jar"
STRANGER = Caller("111122223333", "arn:aws:iam::111122223333:root")


@pytest.fixture
def anonymous(plane: DataPlane) -> Iterator[httpx.Client]:
    """A client without a token, of a fresh Maven repository."""
    plane.repository("my-maven-repo")
    with httpx.Client(
        base_url=plane.url("maven", "my-maven-repo") + "/", trust_env=False
    ) as client:
        yield client


def allow(plane: DataPlane, *actions: str) -> None:
    """Let the other account do *actions* in the repository."""
    repository = RepositoryId(DOMAIN, "my-maven-repo")
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": STRANGER.arn},
                "Action": [f"codeartifact:{action}" for action in actions],
                "Resource": "*",
            }
        ],
    }
    policies.put(plane.state, repository, json.dumps(document), revision=None)


@pytest.mark.parametrize("fmt", ["maven", "npm"])
def test_without_a_token_there_are_a_basic_and_a_bearer_challenge(
    plane: DataPlane, fmt: str
) -> None:
    """401: pip and Maven answer to Basic, others to Bearer."""
    plane.repository("repo")

    answer = httpx.get(plane.url(fmt, "repo") + "/x/y/maven-metadata.xml", trust_env=False)

    assert answer.status_code == 401
    challenges = answer.headers.get_list("www-authenticate")
    assert [each.split()[0] for each in challenges] == ["Basic", "Bearer"]


def test_a_token_is_taken_as_basic_password_or_as_bearer(
    plane: DataPlane, anonymous: httpx.Client
) -> None:
    """Both are documented; 404 says that the token was good."""
    token = plane.token()

    basic = anonymous.get(JAR, auth=("aws", token))
    bearer = anonymous.get(JAR, headers={"Authorization": f"Bearer {token}"})

    assert [basic.status_code, bearer.status_code] == [404, 404]


def test_bad_authorization_headers_are_refused(plane: DataPlane, anonymous: httpx.Client) -> None:
    """401 for other users, other schemes, damaged headers; the reason is not told."""
    token = plane.token()
    for header in (
        "",
        "Basic",
        "Basic !!!",
        "Basic YXdz",
        "Basic YXdzOg==",
        "Bearer",
        "Bearer x",
        f"Bearer {token}x",
        f"Bearer {token[:-2]}",
        f"Digest {token}",
        f"Bearer {token} {token}",
        "Bearer " + "a." * 5000,
    ):
        answer = anonymous.get(JAR, headers={"Authorization": header})
        assert answer.status_code == 401, header[:20]
    assert anonymous.get(JAR, auth=("someone", token)).status_code == 401


def test_a_forged_token_is_refused(plane: DataPlane, anonymous: httpx.Client) -> None:
    """A token of another local CodeArtifact, or with another expiry written into it."""
    header, key, iv, text, tag = plane.token().split(".")
    for forged in (
        ".".join((header, key, iv, text, "A" * len(tag))),
        ".".join((header, key, iv, text[::-1], tag)),
        ".".join((header[::-1], key, iv, text, tag)),
        f"{header}.{key}.{iv}.{text}",
    ):
        answer = anonymous.get(JAR, headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401


def test_an_expired_token_replayed_is_refused(plane: DataPlane, anonymous: httpx.Client) -> None:
    """Twelve hours later it opens nothing, and one that has just been issued does."""
    token = plane.token()
    plane.state.clock.advance(timedelta(hours=12, seconds=1))

    assert anonymous.get(JAR, auth=("aws", token)).status_code == 401
    assert anonymous.get(JAR, auth=("aws", plane.token())).status_code == 404


def test_a_token_is_good_for_its_own_domain_only(plane: DataPlane, anonymous: httpx.Client) -> None:
    """401 in another domain (User Guide, tokens)."""
    other = DomainId(ACCOUNT, "another")
    domains.create(plane.state, other, encryption_key=None, tags={})

    assert anonymous.get(JAR, auth=("aws", plane.token(domain=other))).status_code == 401


def test_a_bad_token_may_be_answered_by_404(plane: DataPlane, anonymous: httpx.Client) -> None:
    """The switch ``invalidTokenStatus``; without a token it is 401 nevertheless."""
    plane.state.faults.set(Settings(switches={"invalidTokenStatus": 404}))

    assert anonymous.get(JAR, auth=("aws", "bad")).status_code == 404
    assert anonymous.get(JAR).status_code == 401


def test_another_account_reads_and_writes_only_what_the_repository_policy_allows(
    plane: DataPlane, anonymous: httpx.Client
) -> None:
    """ReadFromRepository, PublishPackageVersion and PutPackageMetadata are separate."""
    with plane.client("maven", "my-maven-repo") as own:
        own.put(JAR, content=b"x").raise_for_status()
    theirs = ("aws", plane.token(caller=STRANGER))
    metadata = "com/mycompany/app/app/maven-metadata.xml"
    listing = b"<metadata><versioning/></metadata>"

    def statuses() -> list[int]:
        return [
            anonymous.get(metadata, auth=theirs).status_code,
            anonymous.put(JAR, content=b"x", auth=theirs).status_code,
            anonymous.put(metadata, content=listing, auth=theirs).status_code,
        ]

    assert statuses() == [403, 403, 403]
    allow(plane, "ReadFromRepository")
    assert statuses() == [404, 403, 403]
    allow(plane, "PublishPackageVersion")
    assert statuses() == [403, 200, 403]
    allow(plane, "PutPackageMetadata")
    assert statuses() == [403, 403, 201]


def test_what_is_forbidden_is_not_stored(plane: DataPlane, anonymous: httpx.Client) -> None:
    """403, and the repository holds nothing."""
    answer = anonymous.put(JAR, content=b"x", auth=("aws", plane.token(caller=STRANGER)))

    assert answer.status_code == 403
    assert plane.statuses("my-maven-repo", APP) == {}


def test_an_unknown_repository_is_not_found(plane: DataPlane) -> None:
    """404 with a valid token."""
    with plane.client("maven", "no-such-repository") as client:
        assert client.get(JAR).status_code == 404


@pytest.mark.parametrize("fmt", ["swift", "generic"])
def test_formats_that_are_not_served_say_so(plane: DataPlane, fmt: str) -> None:
    """404 in plain words."""
    plane.repository("repo")
    with plane.client(fmt, "repo") as client:
        answer = client.get("v3/index.json")

    assert answer.status_code == 404
    assert "not implemented by the local CodeArtifact" in answer.text


def test_requests_are_counted_by_format_and_kind(plane: DataPlane, anonymous: httpx.Client) -> None:
    """The anonymous first request of a client does not count: it reached nothing."""
    with plane.client("maven", "my-maven-repo") as client:
        anonymous.get(JAR)
        client.put(JAR, content=b"x")
        client.put(f"{JAR}.sha1", content=b"x")
        client.get(JAR)
        client.get(JAR)
        client.get("com/mycompany/app/app/maven-metadata.xml")

    assert counted(plane.state) == {
        "maven:GetAsset": 2,
        "maven:GetMetadata": 1,
        "maven:PutAsset": 1,
        "maven:PutChecksum": 1,
    }


@pytest.mark.parametrize("read", ["ReadFromRepository", "maven:GetAsset"])
def test_throttled_requests_say_when_to_come_back(plane: DataPlane, read: str) -> None:
    """429 with Retry-After: by kind, and by ReadFromRepository for all reads."""
    plane.repository("my-maven-repo")
    plane.state.faults.set(Settings(throttle={"maven:PutAsset": 0, read: 0}))
    with plane.client("maven", "my-maven-repo") as client:
        for answer in (client.put(JAR, content=b"x"), client.get(JAR)):
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) >= 1
    assert plane.statuses("my-maven-repo", APP) == {}


def test_an_injected_failure_is_an_internal_server_error(plane: DataPlane) -> None:
    """500, and the upload has no effect."""
    plane.repository("my-maven-repo")
    plane.state.faults.set(Settings(error_rate=1.0))
    with plane.client("maven", "my-maven-repo") as client:
        assert client.put(JAR, content=b"x").status_code == 500
    assert plane.statuses("my-maven-repo", APP) == {}


@pytest.mark.parametrize(("setting", "status"), [(409, 409), (400, 400)])
def test_a_blocked_publish_may_have_another_status(
    plane: DataPlane, setting: int, status: int
) -> None:
    """The switch ``blockedPublishStatus``."""
    plane.repository("my-maven-repo")
    plane.restrict("my-maven-repo", APP, publish="BLOCK", upstream="ALLOW")
    plane.state.faults.set(Settings(switches={"blockedPublishStatus": setting}))
    with plane.client("maven", "my-maven-repo") as client:
        assert client.put(JAR, content=b"x").status_code == status


def test_assets_are_answered_by_a_redirect_that_needs_no_token(plane: DataPlane) -> None:
    """A pre-signed URL of the same server, as CodeArtifact's of S3."""
    plane.repository("my-maven-repo")
    with plane.client("maven", "my-maven-repo") as client:
        client.put(JAR, content=b"x").raise_for_status()
        listing = b"<metadata><versioning><versions><version>1.0</version></versions></versioning>"
        metadata = "com/mycompany/app/app/maven-metadata.xml"
        client.put(metadata, content=listing + b"</metadata>").raise_for_status()

        answer = client.get(JAR, follow_redirects=False)

    assert answer.status_code == 302
    assert httpx.get(answer.headers["location"], trust_env=False).content == b"x"
