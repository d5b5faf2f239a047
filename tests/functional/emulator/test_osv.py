"""The local OSV: what its entries affect, how its API answers, and what goes wrong on request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.functional.local_codeartifact import Local

Json = dict[str, Any]


def entry(
    name: str = "GHSA-1",
    *,
    ecosystem: str = "PyPI",
    package: str = "requests",
    versions: tuple[str, ...] = (),
    events: tuple[Mapping[str, str], ...] = (),
    **more: object,
) -> Json:
    """Return an entry about one package, by a list of versions and by a range."""
    affected: Json = {"package": {"ecosystem": ecosystem, "name": package}}
    if versions:
        affected["versions"] = list(versions)
    if events:
        kind = "SEMVER" if ecosystem == "npm" else "ECOSYSTEM"
        affected["ranges"] = [{"type": kind, "events": list(events)}]
    return {"id": name, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more}


def put(local: Local, path: str, document: object) -> httpx.Response:
    """PUT a JSON document below the local OSV."""
    url = f"{local.url}/_emulator/osv/{path}"
    return httpx.put(url, content=json.dumps(document), timeout=30)


def post(local: Local, document: object) -> httpx.Response:
    """Send a batch."""
    url = f"{local.url}/_emulator/osv/v1/querybatch"
    return httpx.post(url, content=json.dumps(document), timeout=30)


def query(version: str | None, ecosystem: str = "PyPI", name: str = "requests") -> Json:
    """Return a query of a batch."""
    found: Json = {"package": {"ecosystem": ecosystem, "name": name}}
    return found if version is None else {**found, "version": version}


def listed(local: Local, *queries: Json) -> list[list[str]]:
    """Return the ids that each query is answered with."""
    answer = post(local, {"queries": queries})
    assert answer.status_code == 200, answer.text
    return [[one["id"] for one in each.get("vulns", ())] for each in answer.json()["results"]]


def test_results_stand_in_the_order_of_the_queries(local: Local) -> None:
    """A query that nothing is found for has an empty result."""
    put(local, "entries", [entry("GHSA-1", versions=("2.0",)), entry("GHSA-2", versions=("3.0",))])
    queries = [query("3.0"), query("1.0"), query("2.0"), query(None)]
    assert listed(local, *queries) == [["GHSA-2"], [], ["GHSA-1"], ["GHSA-1", "GHSA-2"]]
    assert post(local, {"queries": [query("1.0")]}).json() == {"results": [{}]}


BETWEEN = ({"introduced": "1.9"}, {"fixed": "1.10"})


@pytest.mark.parametrize(
    ("ecosystem", "events", "version", "affected"),
    [
        pytest.param("PyPI", BETWEEN, "1.9", True, id="the first affected version is"),
        pytest.param("PyPI", BETWEEN, "1.9.5", True, id="between both is"),
        pytest.param("PyPI", BETWEEN, "1.10", False, id="the fixed version is not"),
        pytest.param("PyPI", BETWEEN, "1.10rc1", True, id="a prerelease of the fixed one is"),
        pytest.param("PyPI", BETWEEN, "1.8", False, id="earlier is not"),
        pytest.param("PyPI", BETWEEN, "no version", False, id="what has no place in the order"),
        pytest.param("PyPI", ({"introduced": "0"},), "0.0.1.dev1", True, id="0 is before all"),
        pytest.param(
            "PyPI",
            ({"introduced": "0"}, {"last_affected": "2.0"}),
            "2.0",
            True,
            id="the last affected one is",
        ),
        pytest.param(
            "PyPI",
            ({"introduced": "0"}, {"last_affected": "2.0"}),
            "2.0.1",
            False,
            id="later than the last affected one is not",
        ),
        pytest.param(
            "PyPI",
            ({"introduced": "3"}, {"fixed": "4"}, {"introduced": "1"}, {"fixed": "2"}),
            "2.5",
            False,
            id="between two stretches, which stand in disorder",
        ),
        pytest.param(
            "npm",
            ({"introduced": "1.0.0"}, {"fixed": "1.0.0"}),
            "1.0.0",
            False,
            id="introduced and fixed at once",
        ),
        pytest.param(
            "npm", ({"introduced": "1.9.0"},), "1.10.0", True, id="npm: 1.10.0 is later than 1.9.0"
        ),
        pytest.param(
            "npm",
            ({"introduced": "1.0.0"},),
            "1.0.0-rc.1",
            False,
            id="npm: a prerelease is earlier",
        ),
        pytest.param(
            "Maven",
            ({"introduced": "2.0-beta9"}, {"fixed": "2.15.0"}),
            "2.14.1",
            True,
            id="Maven: 2.14.1 is earlier than 2.15.0",
        ),
        pytest.param(
            "Maven",
            ({"introduced": "2.0-beta9"}, {"fixed": "2.15.0"}),
            "2.0-beta8",
            False,
            id="Maven: beta8 is earlier than beta9",
        ),
        pytest.param("crates.io", ({"introduced": "0"},), "1.0.0", False, id="others need a list"),
    ],
)
def test_a_range_affects_what_lies_in_it(
    local: Local,
    ecosystem: str,
    events: tuple[Mapping[str, str], ...],
    version: str,
    affected: bool,  # noqa: FBT001  a column of the table
) -> None:
    """By the order of versions of the ecosystem, whatever the order of the events."""
    put(local, "entries", [entry(ecosystem=ecosystem, package="p", events=events)])
    assert listed(local, query(version, ecosystem, "p")) == [["GHSA-1"] if affected else []]


def test_a_list_is_enough_without_an_order(local: Local) -> None:
    """A Python version may be written in another way; others may not."""
    put(
        local,
        "entries",
        [
            entry(versions=("1.0",)),
            entry("RUST", ecosystem="crates.io", package="c", versions=("1",)),
        ],
    )
    assert listed(local, query("1.0.0"), query("1", "crates.io", "c")) == [["GHSA-1"], ["RUST"]]
    assert listed(local, query("1.0", "crates.io", "c")) == [[]]


def test_an_ecosystem_may_name_a_repository(local: Local) -> None:
    """What follows the colon is no part of it."""
    put(local, "entries", [entry(ecosystem="Maven:https://repo.example.com", versions=("1",))])
    assert listed(local, query("1", "Maven"), query("1", "npm")) == [["GHSA-1"], []]


def test_a_withdrawn_entry_is_only_found_by_its_id(local: Local) -> None:
    """Nobody is told of it any more."""
    put(local, "entries", [entry(versions=("1",), withdrawn="2026-02-01T00:00:00Z")])
    assert listed(local, query("1")) == [[]]
    answer = httpx.get(f"{local.url}/_emulator/osv/v1/vulns/GHSA-1")
    assert answer.json()["withdrawn"] == "2026-02-01T00:00:00Z"


def test_an_unknown_id_is_not_found(local: Local) -> None:
    """As the service says it."""
    assert httpx.get(f"{local.url}/_emulator/osv/v1/vulns/GHSA-2").status_code == 404


def test_entries_are_replaced_and_modified_when_put(local: Local) -> None:
    """So a client that keeps entries asks again."""
    without = {"id": "GHSA-1", "affected": []}
    first = put(local, "entries", [without]).json()[0]["modified"]
    local.admin("PUT", "clock", {"advance": 1})
    assert put(local, "entries", [without]).json()[0]["modified"] > first
    assert put(local, "entries", []).json() == []
    assert local.admin("GET", "osv/entries") == []


def test_requests_are_counted(local: Local) -> None:
    """So tests can hold a budget."""
    put(local, "entries", [entry(versions=("1",))])
    listed(local, query("1"), query("2"))
    httpx.get(f"{local.url}/_emulator/osv/v1/vulns/GHSA-1")
    assert local.requests() == {"osv:GetVulnerability": 1, "osv:QueryBatch": 1}


def test_pages_follow_one_another(local: Local) -> None:
    """A result with more entries than fit has a token; the last one has none."""
    put(local, "entries", [entry(f"GHSA-{number}", versions=("1",)) for number in range(5)])
    put(local, "faults", {"pageSize": 2})
    found, asked = [], query("1")
    for _ in range(3):
        result = post(local, {"queries": [asked]}).json()["results"][0]
        found += [one["id"] for one in result["vulns"]]
        asked["page_token"] = result.get("next_page_token")
    assert asked["page_token"] is None
    assert found == [f"GHSA-{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("faults", "status", "begins"),
    [
        pytest.param({"down": True}, 503, "The local OSV is down", id="down"),
        pytest.param({"nonsense": True}, 200, "<!DOCTYPE", id="a page of text"),
        pytest.param({"nonsense": "fewer"}, 200, '{"results":[{', id="a result is missing"),
        pytest.param({"nonsense": "types"}, 200, '{"results":[{"vulns":7}', id="other types"),
        pytest.param({"slow": 0.01}, 200, '{"results":[{', id="a little slow"),
    ],
)
def test_it_fails_as_it_is_told(local: Local, faults: Json, status: int, begins: str) -> None:
    """And not any longer when the faults are gone."""
    put(local, "entries", [entry(versions=("1",))])
    put(local, "faults", faults)
    answer = post(local, {"queries": [query("1"), query("2")]})
    assert answer.status_code == status
    assert answer.text.startswith(begins)
    if faults.get("nonsense") == "fewer":
        assert len(answer.json()["results"]) == 1
    put(local, "faults", {})
    assert listed(local, query("1")) == [["GHSA-1"]]


def test_a_slow_answer_does_not_come(local: Local) -> None:
    """A client gives up, and the server does not go on waiting for it."""
    put(local, "faults", {"slow": True})
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{local.url}/_emulator/osv/v1/querybatch",
            content=json.dumps({"queries": []}),
            timeout=0.2,
        )


@pytest.mark.parametrize(
    ("path", "document"),
    [
        pytest.param("entries", {}, id="entries that are no list"),
        pytest.param("entries", [{"summary": "none"}], id="an entry without an id"),
        pytest.param("entries", [entry(), entry()], id="two entries of one id"),
        pytest.param("entries", [{"id": "A", "affected": 7}], id="affected of another type"),
        pytest.param("entries", [{"id": "A", "affected": [{"ranges": [7]}]}], id="ranges too"),
        pytest.param("faults", {"gone": True}, id="a fault that nobody knows"),
        pytest.param("faults", {"down": "yes"}, id="down that is no truth"),
        pytest.param("faults", {"slow": 1e9}, id="slower than anybody waits"),
        pytest.param("faults", {"nonsense": "poem"}, id="another kind of nonsense"),
        pytest.param("faults", {"pageSize": -1}, id="a page below nothing"),
    ],
)
def test_other_documents_are_refused(local: Local, path: str, document: object) -> None:
    """And nothing has changed."""
    put(local, "entries", [entry(versions=("1",))])
    answer = put(local, path, document)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert listed(local, query("1")) == [["GHSA-1"]]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([], id="no object"),
        pytest.param({"queries": [{"package": {"purl": "pkg:pypi/a@1"}}]}, id="a package URL"),
        pytest.param({"queries": [query("1") | {"version": 1}]}, id="a version that is no text"),
        pytest.param({"queries": [query("1")] * 1001}, id="more than 1,000 queries"),
        pytest.param({"queries": [query("1") | {"page_token": "x"}]}, id="a token of nobody's"),
        pytest.param({"queries": [query("1") | {"page_token": "9" * 5000}]}, id="a huge token"),
    ],
)
def test_other_batches_are_refused(local: Local, document: object) -> None:
    """With the status that OSV has for them."""
    assert post(local, document).status_code == 400
