"""Which part answers: by signature, by path, and clear errors for everything else."""

from __future__ import annotations

import http.client
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from emulator.app import create_app
from emulator.options import Options
from emulator.server import RunningServer
from tests.functional.emulator.signed_requests import authorization, raw
from tests.functional.local_codeartifact import Local

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


def test_an_unsigned_call_is_refused(local: Local) -> None:
    """403, as from API endpoints of AWS."""
    answer = raw(local.url, "POST", "/v1/domains", headers={})
    assert (answer.status, answer.code) == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize(
    "header", ["AWS4-HMAC-SHA256 nonsense", "AWS4-HMAC-SHA256 Credential=a/b/c", "Bearer x"]
)
def test_a_malformed_signature_is_refused(local: Local, header: str) -> None:
    """403 with a reason."""
    answer = raw(local.url, "POST", "/v1/domains", headers={"authorization": header})
    assert (answer.status, answer.code) == (403, "IncompleteSignatureException")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/nothing"), ("PATCH", "/v1/domain"), ("GET", "/")]
)
def test_an_unknown_operation_is_a_validation_exception(
    local: Local, method: str, path: str
) -> None:
    """With the reason that the model has for it."""
    answer = raw(local.url, method, path)
    assert (answer.status, answer.code) == (400, "ValidationException")
    assert answer.document["reason"] == "UNKNOWN_OPERATION"


def test_the_access_key_id_says_which_account_calls(local: Local) -> None:
    """Twelve digits are an account; anything else is the local one."""
    local.client("210987654321").create_domain(domain="theirs")
    local.client().create_domain(domain="ours")
    listed = raw(
        local.url, "POST", "/v1/domains", headers={"authorization": authorization("AKIAIOSFODNN7")}
    )
    assert [each["name"] for each in listed.document["domains"]] == ["ours"]


def test_a_request_for_another_service_is_a_clear_error_without_one(local: Local) -> None:
    """The service is named."""
    answer = raw(local.url, "POST", "/", headers={"authorization": authorization(service="sqs")})
    assert (answer.status, answer.code) == (501, "NotImplementedByLocalCodeArtifact")
    assert "'sqs'" in answer.message


def test_other_services_get_what_is_signed_for_them(local: Local) -> None:
    """By header or by pre-signed URL, under any path; and unsigned requests of no known path."""
    seen: list[str] = []

    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        seen.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app = create_app(local.state.options, other, public={})
    with closing(app), RunningServer(app) as server:
        signed = {"authorization": authorization(service="sqs")}
        assert raw(server.url, "POST", "/v1/domains", headers=signed).status == 204
        presigned = "/bucket/key?X-Amz-Credential=a%2F20260301%2Fus-west-2%2Fs3%2Faws4_request"
        assert raw(server.url, "GET", presigned, headers={}).status == 204
        assert raw(server.url, "GET", "/moto-api/data.json", headers={}).status == 204
        assert raw(server.url, "POST", "/v1/domains").status == 200
        assert raw(server.url, "GET", "/_emulator/health", headers={}).status == 200
    assert seen == ["/v1/domains", "/bucket/key", "/moto-api/data.json"]


def test_repository_endpoints_answer_beside_the_control_plane(local: Local) -> None:
    """Without a token by 401, whatever other services there are."""
    answer = raw(local.url, "GET", "/pypi/d/my-company-012345678901/r1/simple/x/", headers={})
    assert answer.status == 401


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        pytest.param("/v1/domain?domain=" + "a" * 40_000, {}, 414, id="an endless query"),
        pytest.param("/v1/domain", {"x-long": "a" * 70_000}, 431, id="endless headers"),
        pytest.param("/nothing/here", {}, 404, id="an unsigned path that nobody has"),
    ],
)
def test_absurd_requests_are_refused(
    local: Local, target: str, headers: dict[str, str], status: int
) -> None:
    """By a 4xx, and the server goes on."""
    address = urlsplit(local.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    with closing(connection):
        connection.request("GET", target, headers=headers)
        assert connection.getresponse().status == status
    assert local.client().list_domains()["domains"] == []


def test_a_body_that_is_too_large_is_refused(local: Local) -> None:
    """No valid request has a mebibyte."""
    answer = raw(local.url, "POST", "/v1/domains", content=b" " * 2_000_000)
    assert (answer.status, answer.code) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize("content", [b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_object_cannot_be_parsed(local: Local, content: bytes) -> None:
    """ValidationException with its reason."""
    answer = raw(local.url, "POST", "/v1/domains", content=content)
    assert (answer.status, answer.code) == (400, "ValidationException")
    assert answer.document["reason"] == "CANNOT_PARSE"


@pytest.mark.parametrize("query", ["domain=a1&domain=b2", "domain=%ff%fe", "domain=%00%00"])
def test_a_strange_query_is_refused(local: Local, query: str) -> None:
    """Repeated members, broken UTF-8, control characters."""
    answer = raw(local.url, "GET", f"/v1/domain?{query}")
    assert (answer.status, answer.code) == (400, "ValidationException")


def test_what_a_data_folder_holds_survives_a_restart(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Domains and endpoints are there again, under the new address."""
    options = Options(data=tmp_path_factory.mktemp("data"))
    for expected in ([], ["my-company"]):
        app = create_app(options, public={})
        with closing(app), RunningServer(app) as server:
            client = Local(server.url, app).client()
            assert [each["name"] for each in client.list_domains()["domains"]] == expected
            if not expected:
                client.create_domain(domain="my-company")
