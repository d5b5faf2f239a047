"""What OSV lists, asked of the local OSV over HTTP, and an OSV that is out of order."""

from __future__ import annotations

from typing import Any

import pytest

from promote_versions.osv import HttpOsv, OsvError
from steward.bounded_http import BoundedHttp
from steward.coordinates import Package, Repository
from tests.functional.local_codeartifact import Local

INTAKE = Repository("my-company", "012345678901", "intake")
REQUESTS = Package(INTAKE, "pypi", None, "requests")
LOG4J = Package(INTAKE, "maven", "org.apache.logging.log4j", "log4j-core")
PARSER = Package(INTAKE, "npm", "babel", "parser")
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"


def entry(name: str, ecosystem: str, package: str, *events: dict[str, str], **more: object) -> Any:  # noqa: ANN401  any JSON
    """Return an entry about one range of a package."""
    spans = [{"type": "SEMVER" if ecosystem == "npm" else "ECOSYSTEM", "events": list(events)}]
    affected = {"package": {"ecosystem": ecosystem, "name": package}, "ranges": spans}
    return {"id": name, "affected": [affected], **more}


ENTRIES = [
    entry(
        "GHSA-1",
        "PyPI",
        "requests",
        {"introduced": "0"},
        {"fixed": "2.31.0"},
        aliases=["CVE-1"],
        database_specific={"severity": "MODERATE"},
    ),
    entry("PYSEC-1", "PyPI", "requests", {"introduced": "2.3.0"}, aliases=["CVE-1"]),
    entry("MAL-2026-1", "npm", "@babel/parser", {"introduced": "7.0.1"}, {"fixed": "7.0.2"}),
    entry(
        "GHSA-2",
        "Maven",
        "org.apache.logging.log4j:log4j-core",
        {"introduced": "2.0-beta9"},
        {"fixed": "2.15.0"},
        severity=[{"type": "CVSS_V3", "score": CRITICAL}],
    ),
]


def osv(local: Local, *, seconds: float = 10.0) -> HttpOsv:
    """Return a client of the local OSV, which knows the entries of this module."""
    local.admin("PUT", "osv/entries", ENTRIES)
    http = BoundedHttp(seconds=seconds, largest=1_000_000)
    return HttpOsv(f"{local.url}/_emulator/osv", http=http)


def test_versions_have_their_vulnerabilities(local: Local) -> None:
    """Those of its range; a severity may come from an alias."""
    answer = osv(local).ask(REQUESTS, ["2.2.0", "2.30.0", "2.31.0"], of_package=True)
    found = {
        version: {(each.id, each.severity) for each in listed}
        for version, listed in answer.by_version.items()
    }
    assert found == {
        "2.2.0": {("GHSA-1", "medium")},
        "2.30.0": {("GHSA-1", "medium"), ("PYSEC-1", "medium")},
        "2.31.0": {("PYSEC-1", "medium")},
    }
    assert {each.id: each.fixed for each in answer.of_package} == {
        "GHSA-1": {"2.31.0"},
        "PYSEC-1": frozenset(),
    }


def test_malice_and_vectors_arrive(local: Local) -> None:
    """A scope of npm and a group of Maven are parts of the names."""
    client = osv(local)
    (malicious,) = client.ask(PARSER, ["7.0.1"]).by_version["7.0.1"]
    assert (malicious.id, malicious.malicious, malicious.severity) == ("MAL-2026-1", True, None)
    (log4shell,) = client.ask(LOG4J, ["2.14.1"]).by_version["2.14.1"]
    assert (log4shell.id, log4shell.severity) == ("GHSA-2", "critical")
    assert log4shell.fixed == {"2.15.0"}


def test_the_budget_is_a_batch_for_100_versions_and_a_request_for_each_entry(local: Local) -> None:
    """Entries are asked for once in a process."""
    client = osv(local)
    versions = [f"2.{minor}.0" for minor in range(250)]
    for _ in range(2):
        client.ask(REQUESTS, versions, of_package=True)
    assert local.requests() == {"osv:GetVulnerability": 2, "osv:QueryBatch": 6}


def test_pages_are_put_together(local: Local) -> None:
    """However few entries fit on one."""
    client = osv(local)
    local.admin("PUT", "osv/faults", {"pageSize": 1})
    answer = client.ask(REQUESTS, ["2.30.0", "2.2.0"])
    assert [len(listed) for listed in answer.by_version.values()] == [2, 1]
    assert local.requests()["osv:QueryBatch"] == 2


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param({"down": True}, id="down"),
        pytest.param({"slow": True}, id="slow"),
        pytest.param({"nonsense": "text"}, id="a page of text"),
        pytest.param({"nonsense": "fewer"}, id="a result is missing"),
        pytest.param({"nonsense": "types"}, id="other types"),
    ],
)
def test_an_osv_out_of_order_is_an_error_until_it_is_mended(
    local: Local, faults: dict[str, object]
) -> None:
    """It never passes for one that lists nothing."""
    slow = "slow" in faults
    client = osv(local, seconds=0.5 if slow else 10)
    local.admin("PUT", "osv/faults", faults)
    with pytest.raises(OsvError):
        client.ask(REQUESTS, ["2.31.0", "2.30.0"])
    local.admin("PUT", "osv/faults", {})
    client = osv(local) if slow else client  # half a second may be too little for any answer
    assert client.ask(REQUESTS, ["2.30.0"]).by_version["2.30.0"]


def test_an_osv_that_is_not_there_is_an_error(local: Local) -> None:
    """A wrong address is found out at once."""
    client = HttpOsv(f"{local.url}/_emulator/nothing")
    with pytest.raises(OsvError, match="404"):
        client.ask(REQUESTS, ["1"])


def test_a_modified_entry_is_read_again(local: Local) -> None:
    """Within the life of a process: a severity may be raised."""
    client = osv(local)
    assert client.ask(PARSER, ["7.0.1"]).by_version["7.0.1"][0].severity is None
    raised = {**ENTRIES[2], "database_specific": {"severity": "HIGH"}}
    local.admin("PUT", "clock", {"advance": 1})
    local.admin("PUT", "osv/entries", [raised])
    assert client.ask(PARSER, ["7.0.1"]).by_version["7.0.1"][0].severity == "high"
