"""The whole template sweeps while AWS does otherwise than we think it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, zip_longest
from typing import TYPE_CHECKING, Final

import pytest

from emulator.core.switches import SWITCHES
from tests.end_to_end.played_sweeps import (
    closed_down,
    founded,
    held,
    later,
    playing_sweeps,
    rest,
    seed,
    state,
    sweep,
    writes,
)
from tests.end_to_end.played_template import admin
from tests.end_to_end.swept_company import DAY, NAMES, Company
from tests.functional.every_switch import Switches

if TYPE_CHECKING:
    from cli.stack.stack import LocalStack

# A sweep calls the API of CodeArtifact only, and reads neither assets nor package groups here: what
# happens while somebody uploads, downloads, logs in, fetches from outside or removes a repository
# is over before. They are off their defaults all at once, a round for each value.
NEVER_ASKED: Final = (
    "unreadableAssetError",
    "genericUnfinishedReadable",
    "licensesFromClassifiers",
    "multiAssetPublishEvents",
    "eventPrecedesVisibility",
    "deleteRepositoryEmits",
    "distTagEmits",
    "snapshotsMayBeCopied",
    "retainedInternalDefaultRestrictions",
    "includeFromUpstreamIngests",
    "packageGroupReassociationSeconds",
    "curlOlderBuilds",
    "mavenMetadataSometimesLeavesUnfinished",
    "blockedPublishStatus",
    "invalidTokenStatus",
    "redirectStatus",
    "unavailableConnectionStatus",
    "ingestsBeforeDownload",
    "gemPlatformPlace",
    "mavenPutStatus",
    "npmPublishStatus",
    "npmIdenticalRepublish",
)
ALONE: Final[Sequence[Switches]] = [
    {name: value}
    for name, switch in SWITCHES.items()
    if name not in NEVER_ASKED
    for value in switch.allowed[1:]
]
TOGETHER: Final[Sequence[Switches]] = [
    dict(pair for pair in pairs if pair is not None)
    for pairs in zip_longest(
        *([(name, value) for value in SWITCHES[name].allowed[1:]] for name in NEVER_ASKED)
    )
]
# Of steps that wait for one another nothing is copied, and all lists are of one page.
OVER_TIME: Final[Sequence[Switches]] = [
    {name: value}
    for name, switch in SWITCHES.items()
    if name not in (*NEVER_ASKED, "defaultPageSize", "identicalCopyRestoresStatus")
    and not name.startswith("copy")
    for value in switch.allowed[1:]
]
_numbers = count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The template in enforce mode; nothing is swept but by hand."""
    folder = tmp_path_factory.mktemp("template")
    with playing_sweeps("enforce", folder, schedule="DISABLED") as stack:
        yield stack


@pytest.fixture
def company(stack: LocalStack) -> Iterator[Company]:
    """What is to be swept, alone in its repositories."""
    yield founded(stack, next(_numbers))
    admin(stack, "PUT", "faults", {})
    closed_down(stack)
    rest(stack)


def left(company: Company, switches: Switches) -> Mapping[tuple[str, str], str]:
    """Return the versions that *switches* forbid a step, and the status that they keep."""
    team = "team: {}".format
    name = company.name
    forbidden = {
        "unfinishedMayBeUnlisted": (
            team(name("given-up")),
            company.build("1.0", 2, 1),
            "Unfinished",
        ),
        "unfinishedMayBeArchived": (team(name("images")), "half", "Unfinished"),
        "unfinishedMayBeDisposed": (team(name("tool")), "3.0.0-beta.3", "Unfinished"),
        "archivedMayBeDisposed": (team(name("tool")), "3.0.0-beta.2", "Archived"),
        "listHidesArchived": (team(name("tool")), "3.0.0-beta.2", "Archived"),
    }
    return {
        (package, version): status
        for switch, (package, version, status) in forbidden.items()
        if switch in switches
    }


@pytest.mark.parametrize(
    "switches",
    [
        *(pytest.param(one, id=" is ".join(map(str, *one.items()))) for one in ALONE),
        *(pytest.param(one, id=f"round {at} of the others") for at, one in enumerate(TOGETHER, 1)),
    ],
)
def test_a_sweep_ends_as_the_policy_says_whatever_aws_does(
    stack: LocalStack, company: Company, switches: Switches
) -> None:
    """Or the version is left, and reported; sweeping again changes nothing."""
    admin(stack, "PUT", "faults", {"switches": switches})
    wanted = company.state()
    staying = left(company, switches)
    for (package, version), status in staying.items():
        wanted[package][version] = status

    first = sweep(stack)

    assert state(stack, company) == wanted
    assert (first.outcome, first.failed, first.problems) == ("finished", (), ())
    refused = sorted(version for _, version in staying if "listHidesArchived" not in switches)
    assert [one.version for one in first.refusals] == refused

    writes(stack)
    again = sweep(stack)

    assert state(stack, company) == wanted
    assert [one.version for one in again.refusals] == refused
    assert again.total("changed") == 0
    if not refused:
        assert (again.outcome, writes(stack)) == ("nothing to do", {})


def test_every_switch_is_turned_in_turn() -> None:
    """None is forgotten, and there are names enough for all."""
    turned = [pair for one in (*ALONE, *TOGETHER) for pair in one.items()]
    every = [(name, each) for name, switch in SWITCHES.items() for each in switch.allowed[1:]]
    assert sorted(map(str, turned)) == sorted(map(str, every))
    assert len(ALONE) + len(TOGETHER) < NAMES


def test_steps_that_wait_are_taken_in_time_whatever_aws_does(stack: LocalStack) -> None:
    """Unlisted, archived after two weeks, deleted after a month; each switch has a repository."""
    versions = [{"version": "1.0.0"}, {"version": "2.0.0"}]
    slow = {"format": "npm", "namespace": "soft", "package": "slow", "versions": versions}
    by_repository = {f"soft-{number}": switches for number, switches in enumerate(OVER_TIME)}
    seed(stack, *({"name": name, "packages": [slow]} for name in by_repository))

    def swept() -> dict[str, dict[str, str]]:
        for name, switches in by_repository.items():
            admin(stack, "PUT", "faults", {"switches": switches})
            sweep(stack, repositories=[name])
        admin(stack, "PUT", "faults", {})
        now = held(stack)
        for package in now.values():
            del package["door"]
        return {name: now[f"{name}: slow"] for name in by_repository}

    def all_are(status: str | None) -> dict[str, dict[str, str]]:
        one = {"2.0.0": "Published"} | ({"1.0.0": status} if status else {})
        return dict.fromkeys(by_repository, one)

    assert swept() == all_are("Unlisted")
    later(stack, 13 * DAY)
    assert swept() == all_are("Unlisted")
    later(stack, 2 * DAY)
    assert swept() == all_are("Archived")
    later(stack, 31 * DAY)
    hidden = {
        name: {"1.0.0": "Archived", "2.0.0": "Published"}
        for name, switches in by_repository.items()
        if "listHidesArchived" in switches
    }
    assert swept() == {**all_are(None), **hidden}
