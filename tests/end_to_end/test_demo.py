"""`steward demo` from its first step to its last, on a machine without a package index."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOBODY = "http://127.0.0.1:9/simple/"  # the discard port: nothing answers there


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Run it to its end; the built-in index stands in for a public one."""
    temporary = str(tmp_path_factory.mktemp("demo"))
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--json"],
        cwd=PROJECT,
        env={**os.environ, "PIP_INDEX_URL": NOBODY, "COLUMNS": "100", "TMPDIR": temporary},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def seen(demo: subprocess.CompletedProcess[str]) -> dict[str, Any]:  # JSON of any shape
    """What each step has seen, all steps together; a later step has the last word."""
    document = json.loads(demo.stdout)
    assert document["ok"], demo.stderr
    found: dict[str, Any] = {}
    for step in document["steps"]:
        found |= step
    return found


def test_every_step_does_what_it_says(demo: subprocess.CompletedProcess[str]) -> None:
    """Exit status 0; each step is told on standard error, and confirmed there."""
    assert demo.returncode == 0, demo.stderr
    steps = json.loads(demo.stdout)["steps"]
    told = " ".join(demo.stderr.split())
    assert all(" ".join(step["step"].split()) in told for step in steps)
    assert "Traceback" not in demo.stderr
    assert told.count("✓") >= len(steps)


def test_the_machine_needs_no_package_index(demo: subprocess.CompletedProcess[str]) -> None:
    """What stands behind the external connection is said, and whose the attacker's package is."""
    told = " ".join(demo.stderr.split())
    assert "public:pypi is a small built-in index of stand-ins" in told
    assert "the attacker's package is the demonstration's own" in told
    assert "this rule is the demonstration's addition" in told


def test_the_first_publish_meets_the_attacker_s_name(seen: dict[str, Any]) -> None:
    """AWS's default for a package that came in from outside, in twine's words."""
    assert seen["upload_refusal"].startswith("403 Forbidden: This package is configured to block")
    for state in seen["before"].values():
        assert state == {"publish": "BLOCK", "upstream": "ALLOW", "99.0": "Published"}


def test_the_function_turns_the_package_round(seen: dict[str, Any]) -> None:
    """In both repositories that got it, with one write of each kind for each of them."""
    closed = {"publish": "ALLOW", "upstream": "BLOCK", "99.0": "Archived"}
    assert seen["after"] == {"DemoRepository": closed, "pypi-store": closed}
    assert seen["calls"]["PutPackageOriginConfiguration"] == 2
    assert seen["calls"]["UpdatePackageVersionsStatus"] == 2


def test_a_person_gets_all_that_is_needed(seen: dict[str, Any]) -> None:
    """What, where, when, through which connection, and the command that undoes it."""
    messages = {one["text"] for one in seen["told"]}
    assert len(messages) == 2
    text = next(one for one in messages if "Repository:  DemoRepository" in one)
    for words in (
        "pkg:pypi/mycompany-billing",
        "99.0 (Published), came in through public:pypi: archived",
        "Found:       20",
        "steward restore pkg:pypi/mycompany-billing --repository DemoRepository",
    ):
        assert words in text


def test_only_ours_is_left_to_install(seen: dict[str, Any]) -> None:
    """Also after the attacker has offered more."""
    assert seen["installed"] == {"mycompany-billing": "1.4.0"}
    assert seen["versions"] == {"1.4.0": "Published", "99.0": "Archived"}
    assert "(from versions: 1.4.0)" in seen["install_refusal"]


def test_each_public_package_is_let_through_held_or_refused(seen: dict[str, Any]) -> None:
    """As `steward promotions` says it, with the reason."""
    assert seen["first"] == {
        "tidy-charts": "copied",
        "tidy-colours": "refused",
        "tidy-crypto": "held",
        "tidy-maps": "held",
    }
    assert "it must have been public for 7 days" in seen["reasons"]["tidy-maps"]
    assert seen["reasons"]["tidy-crypto"] == "waits for somebody's approval"
    assert seen["reasons"]["tidy-colours"] == "is malicious: MAL-2026-4711"
    held_until = datetime.fromisoformat(seen["held_until"])
    assert timedelta(days=3) < held_until - datetime.now(UTC) < timedelta(days=5)


def test_what_is_held_is_promoted_by_its_age_or_by_a_person(seen: dict[str, Any]) -> None:
    """What does harm is not; pip gets the others."""
    assert seen["last"] == {
        "tidy-charts": "copied",
        "tidy-colours": "refused",
        "tidy-crypto": "copied",
        "tidy-maps": "copied",
    }
    assert seen["approval"]["reason"] == "read the diff to the last release"
    assert seen["missing"] == ["tidy-maps", "tidy-crypto", "tidy-colours"]
    assert seen["approved"] == dict.fromkeys(("tidy-charts", "tidy-crypto", "tidy-maps"), "1.0")
    assert "(from versions: none)" in seen["malicious_refusal"]


def test_the_schedule_fetches_what_the_lock_file_names(seen: dict[str, Any]) -> None:
    """Nobody has asked for it; of the files, nothing was read."""
    run = seen["first_run"]
    assert (run["warm"], run["fetched"], run["failed"]) == (0, 4, 0)
    assert run["endpointRequests"] == 8  # for each a project page and a file
    assert run["bytes"] < seen["bytes_of_files"] / 100


def test_an_outage_stops_only_what_was_not_fetched_before(seen: dict[str, Any]) -> None:
    """The lock file installs; the one that has a package more does not."""
    warmed = {"calm-http": "2.0.1", "calm-json": "1.7", "calm-retry": "0.9.3", "calm-web": "3.1"}
    assert seen["in_the_outage"] == warmed
    assert "calm-charts==5.0 (from versions: none)" in seen["outage_refusal"]
    assert seen["afterwards"] == {**warmed, "calm-charts": "5.0"}


def test_an_outage_is_told_once_and_so_is_its_end(seen: dict[str, Any]) -> None:
    """Although it was asked for again and again, by two runs."""
    assert seen["outage_run"]["endpointRequests"] > 1
    assert seen["outage_told"] == ["public:pypi does not answer, as seen from my-company"]
    assert seen["told_again"] == []
    assert seen["recovery_told"] == ["public:pypi answers again, as seen from my-company"]


def test_a_plan_says_what_would_go_before_anything_does(seen: dict[str, Any]) -> None:
    """As a table, and as a page that outlives the demonstration."""
    assert seen["seeded"] == {"cart": 15, "shop-reports": 8, "shop-nightly": 36}
    assert seen["planned"] == {"shop-libraries": 11, "shop-nightlies": 31}
    page = Path(seen["page"]).read_text()
    assert "not among the 5 newest builds of its series and older than 30 days" in page


def test_a_sweep_stops_at_the_limit_and_one_within_it_does_not(seen: dict[str, Any]) -> None:
    """What is left is what the rules keep; the lock file's version is among it."""
    assert seen["asked"] == "Sweep of my-company stopped: 42 deletions planned, 20 allowed"
    cart, reports = seen["libraries"]["cart"], seen["libraries"]["shop-reports"]
    *builds, snapshot = sorted(set(cart) - {"2.3"})
    assert snapshot == "2.4-SNAPSHOT"
    assert [build.rpartition("-")[2] for build in builds] == ["5", "6"]
    published = [version for version, status in reports.items() if status == "Published"]
    assert sorted(published) == ["1.2", "2.0", "2.1", "2.2"]
    assert set(reports.values()) == {"Published", "Archived"}
    assert seen["old_client"] == {"shop-reports": "1.2"}


def test_what_a_person_brings_back_is_left_alone(seen: dict[str, Any]) -> None:
    """By the sweep that deletes what the plan's reader has let go, and by the next."""
    assert "(from versions: 1.2, 2.0, 2.1, 2.2)" in seen["missed_refusal"]
    assert seen["exemption"]["version"] == "1.4"
    assert seen["restored"] == "Published"
    kept = seen["held_at_last"]
    assert sorted(kept["shop-nightly"]) == [f"3.0.0.dev{number}" for number in range(32, 37)]
    assert kept["shop-reports"]["1.4"] == "Published"
