"""Packages before and after the automation has looked at them, as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from steward.coordinates import Format, Status
from tests.functional.snapshot_domain import GRACE, NAMESPACE

FIRST = "1.0-20210728.194552-1"
SECOND = "1.0-20210729.194552-2"
THIRD = "1.0-20210730.194552-3"
YOUNG = "1.0-20210731.233000-4"  # half an hour before the time that the tests live in
NEWEST = "1.0-20210731.234500-5"


_BUILD = re.compile(r"(?P<base>[^-]+)-(?P<time>\d{8}\.\d{6})-(?P<number>\d+)")


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    What one package holds, and which of its versions become Unlisted.

    Everything that is not in *unlisted* keeps its status.
    """

    name: str
    before: Mapping[str, Status]
    unlisted: frozenset[str]
    package_format: Format = "maven"
    namespace: str | None = NAMESPACE

    def after(self, *, unfinished_may_be_unlisted: bool = True) -> dict[str, Status]:
        """Return what the package holds in the end."""
        return {
            version: "Unlisted"
            if version in self.unlisted and (status != "Unfinished" or unfinished_may_be_unlisted)
            else status
            for version, status in self.before.items()
        }


SCENARIOS = (
    Scenario(
        "older builds that an HTTP client left unfinished are unlisted",
        {
            FIRST: "Unfinished",
            SECOND: "Unfinished",
            THIRD: "Unlisted",
            "1.0-SNAPSHOT": "Published",
        },
        frozenset({FIRST, SECOND}),
    ),
    Scenario(
        "older builds that a migration published are unlisted, the newest stays",
        {FIRST: "Published", SECOND: "Published", THIRD: "Published"},
        frozenset({FIRST, SECOND}),
    ),
    Scenario(
        "builds that are unfinished, archived or disposed of replace nothing",
        {FIRST: "Published", SECOND: "Archived", THIRD: "Disposed", NEWEST: "Unfinished"},
        frozenset(),
    ),
    Scenario(
        "an archived or disposed build stays what it is",
        {FIRST: "Archived", SECOND: "Disposed", THIRD: "Published"},
        frozenset(),
    ),
    Scenario(
        "an unfinished build inside its grace period waits",
        {FIRST: "Unfinished", YOUNG: "Unfinished", NEWEST: "Unlisted"},
        frozenset({FIRST}),
    ),
    Scenario(
        "build 10 of one second is newer than build 9",
        {"1.0-20210728.194552-9": "Published", "1.0-20210728.194552-10": "Published"},
        frozenset({"1.0-20210728.194552-9"}),
    ),
    Scenario(
        "every snapshot of a package is looked at by itself",
        {
            FIRST: "Published",
            "2.0-20210728.100000-1": "Published",
            "2.0-20210729.100000-2": "Unlisted",
        },
        frozenset({"2.0-20210728.100000-1"}),
    ),
    Scenario(
        "releases and snapshots themselves are never unlisted",
        {"1.0": "Published", "1.0-SNAPSHOT": "Published", THIRD: "Unlisted", "0.9": "Published"},
        frozenset(),
    ),
    Scenario(
        "versions that only look like builds are left alone and replace nothing",
        {
            FIRST: "Published",
            "1.0-20210728.194552": "Published",
            "1.0-20211328.194552-1": "Published",
            "1.0-20210729.194552-01": "Published",
            "1.0-20210729.194552-\u0662": "Published",
        },
        frozenset(),
    ),
    Scenario(
        "an npm build is replaced by a published build with a greater number",
        {"1.4.0-dev.9": "Published", "1.4.0-dev.10": "Published", "1.4.0": "Published"},
        frozenset({"1.4.0-dev.9"}),
        "npm",
        "mycompany",
    ),
    Scenario(
        "an npm build that somebody unlisted replaces nothing",
        {"1.4.0-dev.9": "Published", "1.4.0-dev.10": "Unlisted"},
        frozenset(),
        "npm",
        "mycompany",
    ),
    Scenario(
        "a PyPI build is replaced by a published build with a greater number",
        {"1.4.0.dev9": "Published", "1.4.0.dev10": "Published", "1.3": "Published"},
        frozenset({"1.4.0.dev9"}),
        "pypi",
        None,
    ),
    Scenario(
        "a NuGet build is replaced by a published build with a greater number",
        {"1.4.0-ci.9": "Published", "1.4.0-ci.10": "Published", "1.4.0": "Published"},
        frozenset({"1.4.0-ci.9"}),
        "nuget",
        None,
    ),
)


def as_the_rule_describes(
    before: Mapping[str, Status], *, now: datetime, unfinished_may_be_unlisted: bool = True
) -> dict[str, Status]:
    """Return what the rule makes of a Maven package, worked out build by build."""
    names = {version: _BUILD.fullmatch(version) for version in before}
    parts = {
        version: (name["base"], name["time"], int(name["number"]))
        for version, name in names.items()
        if name
    }
    after = dict(before)
    for version, (base, time, number) in parts.items():
        replaced = any(
            other_base == base
            and (other_time, other_number) > (time, number)
            and before[other] in {"Published", "Unlisted"}
            for other, (other_base, other_time, other_number) in parts.items()
        )
        age = now - datetime.strptime(time, "%Y%m%d.%H%M%S").replace(tzinfo=UTC)
        may_go = before[version] == "Published" or (
            before[version] == "Unfinished" and age >= GRACE and unfinished_may_be_unlisted
        )
        if replaced and may_go:
            after[version] = "Unlisted"
    return after
