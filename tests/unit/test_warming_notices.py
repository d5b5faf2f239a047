"""Announcements of warming on the event bus, against a client that remembers them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from steward import clients
from steward.coordinates import Repository
from steward.warming_notices import BusWarmingNotices, Mismatch, RunSummary, WarmingNotices
from tests.unit.fake_codeartifact import package, refused
from tests.unit.logged_lines import Lines
from tests.unit.test_notices import FakeBus

NOW = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 10, 20, tzinfo=UTC)
THERE = Repository("my-company", "012345678901", "DemoRepository")
SUMMARY = RunSummary(
    run="r.caches[0]",
    started=NOW,
    finished=LATER,
    packages=3,
    versions={"warm": 1, "fetched": 2},
    size=1000,
    requests=4,
    lists=5,
    seconds=1.23456,
    problems=("one",) * 60,
)
WHERE = {
    "automation": "warm_caches",
    "rule": "caches[0]",
    "domainName": "my-company",
    "domainOwner": "012345678901",
    "repositoryName": "DemoRepository",
}


@pytest.mark.parametrize(
    ("announce", "kind", "said"),
    [
        pytest.param(
            lambda to: to.cache_warmed(THERE, SUMMARY, rule="caches[0]"),
            "Cache Warmed",
            {
                "run": "r.caches[0]",
                "startedAt": "2026-03-01T10:15:00+00:00",
                "finishedAt": "2026-03-01T10:20:00+00:00",
                "packages": 3,
                "versions": {"warm": 1, "fetched": 2},
                "bytes": 1000,
                "requests": 4,
                "lists": 5,
                "seconds": 1.235,
                "problems": ["one"] * 50,
            },
            id="a run that is over",
        ),
        pytest.param(
            lambda to: to.unavailable(THERE, "public:pypi", "pypi", "503", rule="caches[0]"),
            "Public Repository Unavailable",
            {"externalConnectionName": "public:pypi", "packageFormat": "pypi", "reason": "503"},
            id="an outage",
        ),
        pytest.param(
            lambda to: to.available_again(THERE, "public:pypi", "pypi", NOW, rule="caches[0]"),
            "Public Repository Available Again",
            {
                "externalConnectionName": "public:pypi",
                "packageFormat": "pypi",
                "since": "2026-03-01T10:15:00+00:00",
            },
            id="its end",
        ),
    ],
)
def test_a_notice_says_what_happened_where(
    announce: Callable[[WarmingNotices], None],
    kind: str,
    said: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In CodeArtifact's own names."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    announce(BusWarmingNotices())
    [[entry]] = bus.calls
    assert (entry["Source"], entry["DetailType"]) == ("codeartifact.steward", kind)
    assert json.loads(entry["Detail"]) == {**WHERE, **said}


@pytest.mark.parametrize("rule", ["caches[0]", None], ids=["of a rule", "of a person's lock files"])
def test_wrong_files_are_announced_by_package(
    rule: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version with what was wrong, and what was done about it."""
    bus = FakeBus()
    monkeypatch.setattr(clients, "events", lambda: bus)
    found = [Mismatch("1.0", "no listed hash", "archived")]
    BusWarmingNotices().mismatches_found(package(), found, rule=rule)
    [[entry]] = bus.calls
    detail = json.loads(entry["Detail"])
    assert entry["DetailType"] == "Hash Mismatch Found"
    assert detail["versions"] == [
        {"version": "1.0", "reason": "no listed hash", "note": "archived"}
    ]
    assert (detail["rule"], detail["packageUrl"]) == (rule, package().purl())


def unreachable(**_: object) -> object:
    """Fail as a bus that is not there."""
    raise refused("PutEvents", "ServiceUnavailable")


@pytest.mark.parametrize("way", ["refused", "unreachable"])
def test_a_notice_that_is_lost_is_logged(
    way: str, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """With all it says; nothing is raised."""
    bus = FakeBus(accepts=0)
    if way == "unreachable":
        monkeypatch.setattr(bus, "put_events", unreachable)
    monkeypatch.setattr(clients, "events", lambda: bus)
    BusWarmingNotices().cache_warmed(THERE, SUMMARY, rule=None)
    [lost] = lines.of("notice lost")
    assert lost["kind"] == "Cache Warmed"
    assert json.loads(str(lost["detail"]))["rule"] is None
