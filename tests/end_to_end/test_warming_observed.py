"""What a deployment that observes does with its caches: as often as it was told to, look."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from tests.end_to_end.played_template import admin, codeartifact, playing, said, until
from tests.end_to_end.warmed_company import (
    BUCKET,
    DOMAIN,
    LOCKED,
    POLICY,
    TEAM,
    public_world,
    seeded,
    written_policy,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.end_to_end.public_packages import PublicPackages

QUARTER: int = 15 * 60


def test_how_often_is_a_parameter_and_to_observe_fetches_nothing(
    public_packages: PublicPackages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A quarter of an hour is enough here; the run says what it would fetch."""
    public_world(public_packages, monkeypatch)
    with playing(
        "observe",
        policy=POLICY,
        policy_file=str(written_policy(tmp_path)),
        LockfilesBucket=BUCKET,
        WarmingSchedule="rate(15 minutes)",
    ) as stack:
        seeded(stack)
        admin(stack, "DELETE", "requests")
        admin(stack, "PUT", "clock", {"advance": QUARTER})

        def over() -> list[Mapping[str, str]]:
            lines = [line for line in said(stack) if line["message"] == "cache warmed"]
            return [line for line in lines if line["rule"] == LOCKED]

        until(over)
        (run,) = over()
        versions = cast("Mapping[str, int]", run["versions"])
        assert (versions["wouldFetch"], versions["fetched"]) == (4, 0)
        requests = cast("dict[str, int]", admin(stack, "GET", "requests"))
        assert not [name for name in requests if ":" in name]
        held = codeartifact(stack).list_packages(domain=DOMAIN, repository=TEAM)["packages"]
        assert held == []
