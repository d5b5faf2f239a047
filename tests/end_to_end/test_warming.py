"""Repositories that are warmed by the schedule of the template, and what clients get of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from tests.end_to_end.developer import Developer, values
from tests.end_to_end.package_clients import NPM, PYTHON, log_in
from tests.end_to_end.played_template import playing, until
from tests.end_to_end.public_packages import PublicPackages
from tests.end_to_end.topic_inbox import Inbox
from tests.end_to_end.warmed_company import (
    BUCKET,
    CHANGED,
    CHANGING,
    DOMAIN,
    GROUP,
    HOUR,
    LISTED_AFTER,
    LOCKED,
    NEWEST,
    NOBODY_ANSWERS,
    POLICY,
    REQUIREMENTS,
    TEAM,
    World,
    public_world,
    seeded,
    written_policy,
)


@pytest.fixture(scope="module")
def deployed(
    public_packages: PublicPackages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The deployment, of which no schedule has fired yet."""
    policy = written_policy(tmp_path_factory.mktemp("policy"))
    with pytest.MonkeyPatch.context() as patch, ExitStack() as closing:
        public_world(public_packages, patch)
        stack = closing.enter_context(
            playing(
                "enforce",
                policy=POLICY,
                policy_file=str(policy),
                LockfilesBucket=BUCKET,
                NotificationEmail="platform@example.com",
            )
        )
        seeded(stack)
        developer = Developer(tmp_path_factory.mktemp("developers") / "one", stack.endpoint)
        developer.environment = {**developer.environment, "PIP_RETRIES": "0"}
        log_in(developer, PYTHON, NPM, repository=TEAM)
        yield World(stack, public_packages, developer, Inbox(stack), policy)


@pytest.fixture(scope="module")
def first(deployed: World) -> Mapping[str, int]:
    """An hour has passed; what became of the versions of the lock files then."""
    deployed.requests()
    return deployed.after(partial(deployed.advance, HOUR), LOCKED)


@pytest.fixture
def world(deployed: World, first: Mapping[str, int]) -> Iterator[World]:
    """The deployment with warm caches, at rest; a test leaves no fault behind."""
    del first
    deployed.settle()
    yield deployed
    deployed.faults()


def test_the_schedule_fetches_what_lock_files_name(
    deployed: World, first: Mapping[str, int]
) -> None:
    """Those beside the policy and those on S3; no client has asked for any of it."""
    assert (first["fetched"], first["warm"], first["failed"]) == (4, 0, 0)
    assert deployed.versions("stored", "pypi") == {"1.0": "Published"}
    assert deployed.versions("left-pad", "npm") == {"1.1.0": "Published"}
    assert deployed.versions("tool", "npm", namespace="lab") == {"2.0.0": "Published"}
    assert deployed.versions("several", "maven", namespace=GROUP) == {"1.0": "Published"}


def test_a_run_with_nothing_missing_asks_no_endpoint_for_them(world: World) -> None:
    """One list for each package; only the newest versions are asked for again."""
    world.requests()
    versions = world.after(world.tick, LOCKED)
    world.settle()
    assert versions["warm"] == 4
    asked = world.requests()
    assert asked["ListPackageVersions"] == 4 + 3  # of the lock files, and of the newest ones
    endpoint = {name: number for name, number in asked.items() if ":" in name}
    assert sum(endpoint.values()) == 3, endpoint


def test_what_came_through_the_npm_connection_is_listed(world: World) -> None:
    """In the repository and in the store, as the AWS CLI shows it; npm installs it."""
    for repository in (TEAM, "npm-store"):
        listed = world.developer.aws(
            "list-packages", domain=DOMAIN, repository=repository, format="npm"
        )
        assert {"left-pad", "tool"} <= set(values(listed, "packages", "package"))
        shown = world.developer.aws(
            "list-package-versions",
            domain=DOMAIN,
            repository=repository,
            format="npm",
            namespace="lab",
            package="tool",
        )
        assert values(shown, "versions", "version") == ["2.0.0"]
    NPM.install(world.developer, "@lab/tool", "2.0.0")
    assert NPM.installed(world.developer, "@lab/tool") == "2.0.0"


def test_all_files_of_a_python_version_come_in_with_the_smallest(world: World) -> None:
    """One request was made for two files."""
    wheel, source = "stored-1.0-py3-none-any.whl", "stored-1.0.tar.gz"
    files = world.public.wheels["stored"]
    assert world.assets("stored", "pypi") == {wheel, source} == set(files)


def test_a_maven_asset_with_a_classifier_comes_in_by_its_name(world: World) -> None:
    """The list of dependencies names it; POM and jar come together."""
    held = world.assets("several", "maven", namespace=GROUP)
    wanted = {"several-1.0.jar", "several-1.0.pom", "several-1.0-linux.jar"}
    assert wanted <= held


def test_what_is_seen_minutes_later_is_fetched_all_the_same(world: World) -> None:
    """The run goes on until the API lists it, for who watches it too, and asks for it once."""
    world.put(CHANGING, "patience==1.0\n")
    world.faults(visibilityDelaySeconds=LISTED_AFTER)

    def wait_and_look() -> None:
        world.tick()
        until(lambda: len(world.waiting()) == 1)
        assert world.versions("patience", "pypi") == {}
        shown = cast(
            "list[dict[str, object]]", world.warm("--watch", "--wait", "0", status=1)["runs"]
        )
        assert [one["rule"] for one in shown if one["finished"] is None] == [CHANGED]
        world.advance(LISTED_AFTER)

    versions = world.after(wait_and_look, CHANGED)
    assert (versions["fetched"], versions["failed"]) == (1, 0)
    assert world.versions("patience", "pypi") == {"1.0": "Published"}
    assert world.runs(CHANGED)[-1]["requests"] == 2  # a project page and a file


def test_an_outage_stops_only_what_was_not_fetched_before_and_is_told_once(world: World) -> None:
    """So is its end; what was missing is there then."""
    world.faults(**NOBODY_ANSWERS)
    PYTHON.install(world.developer, "stored", "1.0")
    assert PYTHON.installed(world.developer, "stored") == "1.0"
    PYTHON.install(world.developer, "wanted", "1.0", refused=True)

    world.put(CHANGING, "stored==1.0\nwanted==1.0\n")
    world.tick()
    told = world.inbox.next()
    assert told["Subject"] == f"public:pypi does not answer, as seen from {DOMAIN}"
    world.settle()
    again = world.after(world.tick, NEWEST)
    assert (again["warm"], again["failed"]) == (3, 0)  # of what is held, CodeArtifact knows
    world.settle()
    assert [run["versions"] for run in world.runs(CHANGED)[-2:]] == [
        {**dict.fromkeys(again, 0), "warm": 1, "failed": 1}
    ] * 2
    assert world.inbox.empty

    world.faults()
    versions = world.after(world.tick, CHANGED)
    assert (versions["warm"], versions["fetched"]) == (1, 1)
    assert world.inbox.next()["Subject"] == f"public:pypi answers again, as seen from {DOMAIN}"
    PYTHON.install(world.developer, "wanted", "1.0")
    assert world.inbox.empty


def test_a_version_that_the_public_repository_has_cannot_be_published(world: World) -> None:
    """Neither before it was fetched nor afterwards; there is one, and it is the public one."""
    said_before = PYTHON.publish(world.developer, "contested", "1.0", refused=True)
    assert "409" in said_before
    world.put(CHANGING, "contested==1.0\n")
    world.after(world.tick, CHANGED)
    files = world.assets("contested", "pypi")

    said_after = PYTHON.publish(world.developer, "contested", "1.0", refused=True)

    assert "409" in said_after or "403" in said_after
    assert world.versions("contested", "pypi") == {"1.0": "Published"}
    assert world.assets("contested", "pypi") == files == set(world.public.wheels["contested"])


def test_what_slipped_in_during_an_outage_is_what_the_repository_has(world: World) -> None:
    """A publish that nobody could refuse; the public version of that name is not fetched then."""
    world.public.release_python("slipped", "1.0")
    world.faults(**NOBODY_ANSWERS)
    PYTHON.publish(world.developer, "slipped", "1.0")
    ours = world.assets("slipped", "pypi")
    world.faults()
    world.put(CHANGING, "slipped==1.0\n")

    versions = world.after(world.tick, CHANGED)

    assert (versions["warm"], versions["fetched"]) == (1, 0)
    assert world.assets("slipped", "pypi") == ours < set(world.public.wheels["slipped"])


def test_new_public_versions_come_in_by_the_schedule(world: World) -> None:
    """Of Python and npm at the next hour; of Maven once a run has had its list read again."""
    maven = partial(world.versions, "growing", "maven", namespace=GROUP)
    python, npm = (
        partial(world.versions, "growing", "pypi"),
        partial(world.versions, "growing", "npm"),
    )
    assert [*maven(), *python(), *npm()] == ["1.0", "1.0", "1.0.0"]
    world.public.release_python("growing", "2.0")
    world.public.release_npm("growing", "2.0.0")
    world.public.release_maven(GROUP, "growing", "2.0")

    hours = 0
    while "2.0" not in maven():
        world.after(partial(world.advance, HOUR), NEWEST)
        hours += 1
        assert set(python()) == {"1.0", "2.0"}
        assert set(npm()) == {"1.0.0", "2.0.0"}
        assert hours <= 5, "the list of Maven's versions was never read again"
    assert hours > 1
    assert world.runs(NEWEST)[-1]["versions"]


def test_a_person_has_the_deployment_warm_a_lock_file(world: World, tmp_path: Path) -> None:
    """And follows the run to its end; without a lock file, the last runs are shown."""
    lock_file = tmp_path / "requirements.txt"
    lock_file.write_text("asked-for==1.0\nstored==1.0\n")
    shown = world.warm(lock_file, "--repository", TEAM, "--deployed", "--watch")
    (run,) = cast("list[dict[str, object]]", shown["runs"])
    summary = cast("dict[str, int]", run["summary"])
    assert (run["rule"], run["repository"], shown["ok"]) == (None, TEAM, True)
    assert (summary["fetched"], summary["warm"]) == (1, 1)
    assert world.versions("asked-for", "pypi") == {"1.0": "Published"}


def test_a_person_has_the_deployment_warm_the_policys_caches(world: World) -> None:
    """All of them, and sees what they came to; `--watch` alone shows the same afterwards."""
    world.put(CHANGING, REQUIREMENTS)
    shown = world.warm("--deployed", "--watch")
    runs = cast("list[dict[str, object]]", shown["runs"])
    assert [run["rule"] for run in runs] == [LOCKED, NEWEST, CHANGED]
    assert shown["ok"]
    latest = cast("list[dict[str, object]]", world.warm("--watch", "--repository", TEAM)["runs"])
    assert {run["repository"] for run in latest} == {TEAM}
