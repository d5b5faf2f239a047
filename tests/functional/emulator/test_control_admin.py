"""The admin API: seeds, state, counts, faults and the clock."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from emulator.core.faults import QUOTAS
from emulator.core.switches import SWITCHES
from tests.functional.local_codeartifact import Local

SEED: dict[str, Any] = {
    "domains": [
        {
            "name": "my-company",
            "repositories": [
                {"name": "pypi-store", "externalConnection": "public:pypi"},
                {
                    "name": "DemoRepository",
                    "upstreams": ["pypi-store"],
                    "packages": [
                        {
                            "format": "pypi",
                            "package": "requests",
                            "restrictions": {"publish": "BLOCK", "upstream": "ALLOW"},
                            "versions": [
                                {
                                    "version": "2.26.0",
                                    "status": "Unlisted",
                                    "publishedTime": "2021-07-13T14:55:08Z",
                                    "origin": "EXTERNAL",
                                    "assets": [{"name": "requests-2.26.0.tar.gz", "size": 99}],
                                }
                            ],
                        }
                    ],
                },
            ],
        }
    ]
}


def call(local: Local, method: str, path: str, content: bytes | None = None) -> httpx.Response:
    """Return what the admin API answers, errors too."""
    return httpx.request(method, f"{local.url}/_emulator/{path}", content=content, timeout=30)


def put(local: Local, path: str, document: object) -> httpx.Response:
    """PUT a JSON document."""
    return call(local, "PUT", path, json.dumps(document).encode())


def test_health_says_what_was_started(local: Local) -> None:
    """Account, Region and endpoint."""
    health = local.admin("GET", "health")
    assert health["status"] == "ok"
    assert health["endpoint"] == local.url
    assert (health["account"], health["region"]) == ("012345678901", "us-west-2")


def test_a_seed_can_be_read_back_and_seeded_again(local: Local) -> None:
    """The state has the seed's form and holds what the seed said."""
    local.seed(SEED)
    client = local.client()
    described = client.describe_package_version(
        domain="my-company",
        repository="DemoRepository",
        format="pypi",
        package="requests",
        packageVersion="2.26.0",
    )["packageVersion"]
    assert described["status"] == "Unlisted"
    assert described["publishedTime"] == datetime.fromisoformat("2021-07-13T14:55:08+00:00")
    assert described["origin"]["originType"] == "EXTERNAL"
    state = local.admin("GET", "state")
    for repository in ("DemoRepository", "pypi-store"):
        client.delete_repository(domain="my-company", repository=repository)
    client.delete_domain(domain="my-company")
    local.seed(state)
    assert local.admin("GET", "state") == state


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param({"domain": []}, "unknown keys: domain", id="an unknown key"),
        pytest.param({"domains": [{"name": "X"}]}, "seed.domains[0].name", id="an illegal name"),
        pytest.param([], "seed must be an object", id="no object"),
    ],
)
def test_a_wrong_seed_is_refused_with_the_path_of_its_mistake(
    local: Local, document: object, message: str
) -> None:
    """And nothing is written."""
    answer = call(local, "POST", "seed", json.dumps(document).encode())
    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert local.admin("GET", "state") == {"domains": []}


def test_requests_are_counted_by_operation_until_forgotten(local: Local) -> None:
    """Refused ones too; admin calls never."""
    client = local.client()
    client.list_domains()
    client.list_domains()
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_domain(domain="nowhere")
    assert local.requests() == {"DescribeDomain": 1, "ListDomains": 2}
    assert local.admin("DELETE", "requests") == {"DescribeDomain": 1, "ListDomains": 2}
    assert local.requests() == {}


def test_every_switch_is_listed_with_its_default_and_sentence(local: Local) -> None:
    """A reader learns what is not documented, and what follows."""
    switches = local.admin("GET", "faults")["switches"]
    assert switches.keys() == SWITCHES.keys()
    for name, shown in switches.items():
        assert shown["value"] == shown["default"] == SWITCHES[name].default
        assert shown["default"] in shown["allowed"]
        assert shown["question"]
        assert shown["elsewhere"]


def test_faults_are_replaced_as_a_whole(local: Local) -> None:
    """What a PUT does not name has its default again; switches stand beside or inside."""
    local.faults(latencyMs=1, errorRate=0.25, listOrder="nameDescending")
    local.faults(switches={"redirectStatus": 307}, visibilityDelaySeconds=180)
    now = local.admin("GET", "faults")
    assert (now["latencyMs"], now["errorRate"], now["visibilityDelaySeconds"]) == (0, 0, 180)
    assert now["switches"]["listOrder"]["value"] == "name"
    assert now["switches"]["redirectStatus"]["value"] == 307


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param({"latency": 5}, "latencyMs", id="an unknown fault lists the faults"),
        pytest.param({"switches": {"x": 1}}, "listOrder", id="an unknown switch lists switches"),
        pytest.param({"throttle": {"Lst": 1}}, "ListPackages", id="an unknown operation"),
        pytest.param(
            {"throttle": {"maven:X": 1}}, "maven:GetAsset", id="an unknown client request"
        ),
        pytest.param({"externalConnections": {"pypi": "down"}}, "public:pypi", id="a connection"),
        pytest.param({"externalConnections": {"public:pypi": "off"}}, "slow", id="its health"),
        pytest.param({"events": {"lose": 1}}, "duplicate", id="an unknown event fault"),
        pytest.param({"events": {"drop": 2}}, "events.drop", id="no probability"),
        pytest.param({"errorRate": "often"}, "errorRate", id="no number"),
        pytest.param({"latencyMs": float("nan")}, "not JSON", id="not even a number"),
        pytest.param({"throttle": {"Read": 10**400}}, "throttle.Read", id="an absurd number"),
        pytest.param({"latencyMs": -1}, "latencyMs", id="a negative time"),
        pytest.param({"redirectStatus": 999}, "307", id="a value that a switch has not"),
        pytest.param({"quotas": 1}, "quotas", id="no boolean"),
        pytest.param([], "object", id="no object"),
    ],
)
def test_wrong_faults_are_refused_and_change_nothing(
    local: Local, document: object, message: str
) -> None:
    """The message lists what there is."""
    local.faults(latencyMs=1)
    answer = put(local, "faults", document)
    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert local.admin("GET", "faults")["latencyMs"] == 1


HALF_A_CHARACTER = (
    '{"domains": [{"name": "my-company", "repositories": [{"name": "releases", "packages":'
    r' [{"format": "npm", "package": "\ud800"}]}]}]}'
)


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        pytest.param("POST", "seed", HALF_A_CHARACTER, id="half a character"),
        pytest.param("POST", "seed", '{"domains": NaN}', id="no JSON number"),
        pytest.param("POST", "seed", "[" * 100_000, id="nested too deeply"),
        pytest.param("PUT", "faults", '{"visibilityDelaySeconds": 1e300}', id="an endless delay"),
        pytest.param("PUT", "faults", '{"latencyMs": 1e300}', id="an endless latency"),
        pytest.param("PUT", "clock", '{"advance": -5}', id="a clock that goes back"),
    ],
)
def test_absurd_documents_are_refused_as_a_whole(
    local: Local, method: str, path: str, document: str
) -> None:
    """400 with the reason; nothing has changed."""
    answer = httpx.request(
        method, f"{local.url}/_emulator/{path}", content=document, trust_env=False
    )

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert local.admin("GET", "state") == {"domains": []}
    assert local.admin("GET", "faults")["visibilityDelaySeconds"] == 0


def test_every_read_of_the_repository_endpoints_can_be_throttled_at_once(local: Local) -> None:
    """Under the name of their IAM action."""
    local.faults(throttle={"ReadFromRepository": 5})
    assert local.admin("GET", "faults")["throttle"] == {"ReadFromRepository": 5}


def test_a_throttled_operation_says_when_to_come_back(local: Local) -> None:
    """429 with Retry-After, which the SDK shows; other operations go on."""
    client = local.client()
    local.faults(throttle={"ListDomains": 0})
    with pytest.raises(client.exceptions.ThrottlingException) as refused:
        client.list_domains()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert refused.value.response["retryAfterSeconds"] == 1
    client.list_repositories()


@pytest.mark.parametrize("document", [{"quotas": True}, {"throttle": {"quotas": True}}])
def test_the_documented_quotas_can_be_in_force(local: Local, document: dict[str, Any]) -> None:
    """The sixth CopyPackageVersions within a moment is one too many."""
    assert put(local, "faults", document).json()["quotas"] is True
    client = local.client()
    codes = []
    for _ in range(int(QUOTAS["CopyPackageVersions"]) + 3):
        try:
            client.copy_package_versions(
                domain="nowhere",
                sourceRepository="aa",
                destinationRepository="bb",
                format="pypi",
                package="x",
                versions=["1"],
            )
        except client.exceptions.ClientError as error:
            codes.append(error.response["Error"]["Code"])
    assert "ThrottlingException" in codes
    assert codes[:5] == ["ResourceNotFoundException"] * 5


def test_an_error_rate_fails_that_share_of_the_calls(local: Local) -> None:
    """All of them at 1."""
    local.faults(errorRate=1)
    client = local.client()
    with pytest.raises(client.exceptions.InternalServerException):
        client.list_domains()


def test_latency_is_waited_by_each_request_without_holding_up_the_others(local: Local) -> None:
    """The answer comes, and not before its time."""
    client = local.client()
    local.faults(latencyMs=150)
    before = time.monotonic()
    client.list_domains()
    assert time.monotonic() - before >= 0.15


def test_the_clock_stands_advances_and_resumes(local: Local) -> None:
    """Frozen at a time, later by seconds or a duration, then the machine's again."""
    put(local, "clock", {"freeze": "2026-03-01T12:00:00Z"})
    assert put(local, "clock", {"advance": 90}).json()["now"].startswith("2026-03-01T12:01:30")
    shown = put(local, "clock", {"advance": "P1W2DT3H4M5.5S"}).json()
    expected = datetime.fromisoformat("2026-03-01T12:01:30+00:00") + timedelta(
        weeks=1, days=2, hours=3, minutes=4, seconds=5.5
    )
    assert datetime.fromisoformat(shown["now"]) == expected
    assert shown["frozen"] is True
    assert put(local, "clock", {"freeze": "2026-01-01", "advance": "PT1H"}).json()["now"] == (
        "2026-01-01T01:00:00.000+00:00"
    )
    assert put(local, "clock", {"resume": True}).json()["frozen"] is False
    assert local.admin("GET", "clock")["frozen"] is False


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"advance": "tomorrow"},
        {"advance": "P"},
        {"advance": "PT"},
        {"advance": True},
        {"advance": 1e300},
        {"advance": "P999999D", "freeze": "9999-12-31"},
        {"freeze": "noon"},
        {"freeze": False},
        {"resume": False},
        {"resume": True, "advance": 1},
        {"now": 1},
    ],
    ids=str,
)
def test_a_wrong_clock_is_refused_and_runs_on(local: Local, document: object) -> None:
    """With what it takes instead."""
    answer = put(local, "clock", document)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert local.admin("GET", "clock")["frozen"] is False


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "nothing", 404), ("DELETE", "faults", 405), ("PUT", "seed", 405)],
)
def test_what_the_admin_api_has_not_is_a_clear_error(
    local: Local, method: str, path: str, status: int
) -> None:
    """In JSON, as everything else."""
    answer = call(local, method, path)
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_a_clear_error(local: Local, content: bytes) -> None:
    """Wherever JSON is expected."""
    for method, path in (("POST", "seed"), ("PUT", "faults"), ("PUT", "clock")):
        answer = call(local, method, path, content)
        assert answer.status_code == 400
        assert "not JSON" in answer.json()["error"]
