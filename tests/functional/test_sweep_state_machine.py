"""Sweeps, from the state machine's definition to what the domain holds afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Flag

import pytest

from steward.coordinates import Package, Repository
from steward.ledger import NO_EXEMPTIONS, DynamoDbLedger, Exemption
from steward.sweep_notices import SWEEP_FINISHED, SWEEP_STOPPED
from sweep_repositories import apply_app, keys
from sweep_repositories.applying import Applied, Applying, apply_lines
from sweep_repositories.plan_lines import PlanLine
from sweep_repositories.progress import progress
from sweep_repositories.summary import Row
from tests.functional.deployed_domain import ACCOUNT, DOMAIN
from tests.functional.sweeping_deployment import (
    APPLY,
    PLAN,
    Event,
    KilledError,
    SweepingDeployment,
    builds,
    released,
    snapshot,
    sweeping,
)

SNAPSHOTS = """
snapshots:
  - packages: /maven/com.mycompany~
"""
RETENTION = """
retention:
  - packages: /pypi/*
    versions: releases
    keep_newest: 1
    keep_younger_than: P30D
    then: delete
limits:
  deletions_per_run: 5
"""
WRITES = {
    "UpdatePackageVersionsStatus",
    "DeletePackageVersions",
    "DisposePackageVersions",
    "PutPackageOriginConfiguration",
}


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SweepingDeployment]:
    """A domain with a deployment that sweeps it; batches of ten packages, pages of twenty."""
    monkeypatch.setattr("sweep_repositories.listing.PACKAGES_PER_BATCH", 10)
    monkeypatch.setattr("steward.domain_lists.PAGE", 20)
    with sweeping(tmp_path, monkeypatch) as one:
        yield one


def unlisted(count: int = 3) -> Mapping[str, str]:
    """Return a snapshot's builds as the policy wants them."""
    *old, newest = builds(count)
    return dict.fromkeys(old, "Unlisted") | {newest: "Published"}


def writes(domain: SweepingDeployment) -> int:
    """Return how many calls wrote in CodeArtifact since the last time."""
    return sum(number for name, number in domain.deployed.requests().items() if name in WRITES)


def test_a_whole_domain_is_brought_to_what_the_policy_says(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several repositories, pages and batches; every list is made once, and everything is told."""
    digest = domain.deploy(SNAPSHOTS, monkeypatch)
    names = [f"app-{number:02}" for number in range(33)]
    domain.deployed.seed(
        {"name": "team-a", "packages": [snapshot(name) for name in names]},
        {"name": "team-b", "packages": [snapshot("lib"), released("other")]},
        {"name": "empty"},
    )
    domain.deployed.requests()
    summary = domain.sweep(policyDigest=digest, requestedBy="jo")
    assert all(domain.statuses("team-a", "maven", name) == unlisted() for name in names)
    assert domain.statuses("team-b", "maven", "lib") == unlisted()
    row = Row("unlist_snapshot_builds", "snapshots[0]", "unlist", planned=68, changed=68)
    assert summary.rows == (row,)
    assert (summary.outcome, summary.requested_by) == ("finished", "jo")
    assert (summary.repositories, summary.packages, summary.looked_at) == (3, 35, 34)
    assert summary.versions == 102
    assert (summary.failed, summary.problems, summary.refusals) == ((), (), ())
    assert summary.calls == {
        "ListRepositoriesInDomain": 1,
        "ListPackages": 4,  # two pages, and one for each of the other repositories
        "ListPackageVersions": 34,
        "UpdatePackageVersionsStatus": 34,
    }
    assert SWEEP_FINISHED in domain.deployed.announced
    assert domain.deployed.told() == []


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_no_package_is_asked_about_where_nothing_is_exempt(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """The first sweep of a ledger finds it out; what is exempted later is asked about again."""
    asked: list[str] = []

    def exemptions(ledger: DynamoDbLedger, package: Package) -> list[Exemption]:
        asked.append(package.name)
        return read(ledger, package)

    read = DynamoDbLedger.exemptions
    monkeypatch.setattr(DynamoDbLedger, "exemptions", exemptions)
    domain.deploy(SNAPSHOTS, monkeypatch, mode=mode)
    domain.deployed.seed({"name": "team-a", "packages": [snapshot("app"), snapshot("lib")]})
    domain.sweep()
    assert asked == []
    assert domain.deployed.ledger.exemptions_at() == NO_EXEMPTIONS
    domain.deployed.seed({"name": "team-b", "packages": [snapshot("app"), snapshot("lib")]})
    now = datetime.now(UTC)
    package = Package(Repository(DOMAIN, ACCOUNT, "team-b"), "maven", "com.mycompany", "app")
    until = now + timedelta(days=1)
    domain.deployed.ledger.exempt(
        Exemption(package, builds(1)[0], "snapshots[0]", "jo", "", now, until)
    )
    domain.sweep(repositories=["team-b"])
    assert set(asked) == {"app", "lib"}
    assert domain.statuses("team-b", "maven", "app")[builds(1)[0]] == "Published"


def test_a_domain_that_is_as_it_should_be_is_not_written_to(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing to do: no plan is applied, and nothing is announced but the end."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed({"name": "team-a", "packages": [snapshot("app", status="Unlisted")]})
    domain.deployed.requests()
    summary = domain.sweep()
    assert (summary.outcome, summary.rows) == ("nothing to do", ())
    assert writes(domain) == 0
    assert domain.invoked["apply"] == 0


def test_a_domain_without_anything_is_swept(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No batches: nothing is gathered."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed({"name": "empty"})
    assert domain.sweep().outcome == "nothing to do"
    assert domain.invoked["gather"] == 0


def test_what_runs_out_of_time_goes_on_where_it_was(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little time an invocation has, and everything is counted once."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    names = [f"app-{number:02}" for number in range(25)]
    domain.deployed.seed({"name": "team-a", "packages": [snapshot(name) for name in names]})
    domain.things = 1
    summary = domain.sweep()
    assert all(domain.statuses("team-a", "maven", name) == unlisted() for name in names)
    assert summary.rows[0].changed == summary.rows[0].planned == 50
    assert (summary.packages, summary.looked_at) == (25, 25)
    assert (domain.invoked["list"], domain.invoked["gather"], domain.invoked["apply"]) == (
        2,
        25,
        25,
    )


def test_an_invocation_that_is_killed_is_made_again(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had changed is found done; what every other step had written is written again."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    names = [f"app-{number:02}" for number in range(8)]
    domain.deployed.seed({"name": "team-a", "packages": [snapshot(name) for name in names]})
    dying = iter([False, False, False, True])

    def killed(lines: Sequence[PlanLine], to: Applying) -> list[Applied]:
        if next(dying, False):
            raise KilledError
        return apply_lines(lines, to)

    monkeypatch.setattr(apply_app, "apply_lines", killed)
    seen: set[str] = set()

    def before(_name: str, event: Event) -> None:
        if event["step"] not in {"apply", *seen}:
            seen.add(event["step"])
            raise KilledError

    domain.before = before
    summary = domain.sweep()
    assert all(domain.statuses("team-a", "maven", name) == unlisted() for name in names)
    row = summary.rows[0]
    assert (row.planned, row.changed + row.already, row.refused) == (16, 16, 0)
    assert row.already > 0
    assert summary.failed == ()
    assert domain.invoked["apply"] == 2


def test_a_batch_that_fails_for_good_holds_up_none_of_the_others(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its packages are named, and a person is told."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    names = [f"app-{number:02}" for number in range(12)]
    domain.deployed.seed({"name": "team-a", "packages": [snapshot(name) for name in names]})

    def before(_name: str, event: Event) -> None:
        if event["step"] == "gather" and event["batch"] == 2:
            raise KilledError

    domain.before = before
    summary = domain.sweep()
    assert (summary.outcome, summary.failed_packages) == ("finished", 2)
    assert [one.package for one in summary.failed] == [
        "pkg:maven/com.mycompany/app-10",
        "pkg:maven/com.mycompany/app-11",
    ]
    assert domain.statuses("team-a", "maven", "app-09") == unlisted()
    assert set(domain.statuses("team-a", "maven", "app-10").values()) == {"Published"}
    assert ["app-10" in text for text in domain.deployed.told()] == [True]
    domain.before = lambda _name, _event: None
    assert domain.sweep().failed_packages == 0
    assert domain.statuses("team-a", "maven", "app-10") == unlisted()


def test_a_part_that_fails_for_good_is_named(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its packages count as failed; nothing says that they were changed."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed({"name": "team-a", "packages": [snapshot("app"), snapshot("lib")]})

    def before(name: str, _event: Event) -> None:
        if name == APPLY:
            raise KilledError

    domain.before = before
    summary = domain.sweep()
    assert (summary.failed_packages, summary.rows[0].changed) == (2, 0)


def test_more_failures_than_are_tolerated_fail_the_execution(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is not the packages: nothing is applied, and the execution can be redriven."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    monkeypatch.setattr("sweep_repositories.listing.PACKAGES_PER_BATCH", 1)
    names = [f"app-{number:02}" for number in range(12)]
    domain.deployed.seed({"name": "team-a", "packages": [snapshot(name) for name in names]})

    def before(_name: str, event: Event) -> None:
        if event["step"] == "gather" and event["batch"] > 1:
            raise KilledError

    domain.before = before
    execution = domain.ended(domain.start())
    assert (execution.status, execution.error) == (
        "FAILED",
        "States.ExceedToleratedFailureThreshold",
    )
    assert set(domain.statuses("team-a", "maven", "app-00").values()) == {"Published"}


def test_a_sweep_that_would_delete_too_much_changes_nothing_and_asks(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even what could be undone; whoever allows it has it done."""
    domain.deploy(SNAPSHOTS + RETENTION, monkeypatch)
    domain.deployed.seed(
        {"name": "team-a", "packages": [snapshot("app"), released("old", 7)]},
    )
    domain.deployed.requests()
    summary = domain.sweep()
    assert (summary.outcome, summary.deletions, summary.deletions_limit) == ("stopped", 6, 5)
    assert writes(domain) == 0
    assert SWEEP_STOPPED in domain.deployed.announced
    assert ["--allow-deletions 6" in text for text in domain.deployed.told()] == [True]
    assert domain.sweep(allowDeletions=5).outcome == "stopped"
    summary = domain.sweep(allowDeletions=6)
    assert (summary.outcome, summary.total("changed")) == ("finished", 8)
    assert domain.statuses("team-a", "pypi", "old") == {"1.6": "Published"}


@pytest.mark.parametrize(
    ("mode", "wish"),
    [
        pytest.param("observe", {}, id="a deployment that observes"),
        pytest.param("enforce", {"planOnly": True}, id="somebody who wants the plan"),
    ],
)
def test_a_plan_changes_nothing(
    domain: SweepingDeployment,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    wish: Mapping[str, object],
) -> None:
    """It is counted and told, whatever the limit is."""
    domain.deploy(SNAPSHOTS + RETENTION, monkeypatch, mode=mode)
    domain.deployed.seed({"name": "team-a", "packages": [snapshot("app"), released("old", 9)]})
    domain.deployed.requests()
    summary = domain.sweep(**wish)
    assert (summary.outcome, summary.mode, summary.deletions) == ("planned", mode, 8)
    assert (summary.total("planned"), summary.total("changed")) == (10, 0)
    assert writes(domain) == 0


def test_only_one_sweep_runs_at_a_time(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The younger one ends without having looked at anything."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed({"name": "team-a", "packages": [snapshot("app")]})
    reached, go_on = Flag(), Flag()

    def before(_name: str, event: Event) -> None:
        if event["step"] == "weigh":
            reached.set()
            assert go_on.wait(60)

    domain.before = before
    first = domain.start()
    assert reached.wait(60)
    second = domain.sweep()
    assert (second.outcome, second.repositories) == ("another sweep is running", 0)
    go_on.set()
    assert domain.summary(domain.ended(first)).outcome == "finished"


def test_a_sweep_with_another_policy_in_mind_does_not_begin(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is listed, and the end says why."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed({"name": "team-a", "packages": [snapshot("app")]})
    domain.deployed.requests()
    assert domain.sweep(policyDigest="0" * 64).outcome == "another policy"
    assert domain.deployed.requests().get("ListPackages") is None


def test_a_policy_that_is_deployed_meanwhile_ends_the_sweep(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of the old policy are not applied; how many is told, and the next sweep goes by it."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed({"name": "team-a", "packages": [snapshot("app")]})

    def before(name: str, _event: Event) -> None:
        if name == APPLY:
            domain.deploy(SNAPSHOTS + RETENTION, monkeypatch)

    domain.before = before
    summary = domain.sweep()
    assert set(domain.statuses("team-a", "maven", "app").values()) == {"Published"}
    assert [one.split(",")[0] for one in summary.problems] == ["1 lines were not applied"]
    domain.before = lambda _name, _event: None
    assert domain.sweep().problems == ()
    assert domain.statuses("team-a", "maven", "app") == unlisted()


def test_a_policy_that_is_deployed_while_gathering_is_gone_by_next_time(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of the other policy are passed over, and told."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    names = [f"app-{number:02}" for number in range(3)]
    domain.deployed.seed({"name": "team-a", "packages": [snapshot(name) for name in names]})

    def before(_name: str, event: Event) -> None:
        if event["step"] == "gather":
            domain.deploy(SNAPSHOTS + RETENTION, monkeypatch)

    domain.before = before
    summary = domain.sweep()
    assert (summary.outcome, summary.looked_at) == ("nothing to do", 0)
    assert [one.split(",")[0] for one in summary.problems] == ["3 packages were not looked at"]


def test_only_some_repositories_are_swept(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are not listed."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed(
        {"name": "team-a", "packages": [snapshot("app")]},
        {"name": "team-b", "packages": [snapshot("app")]},
    )
    assert domain.sweep(repositories=["team-b"]).repositories == 1
    assert set(domain.statuses("team-a", "maven", "app").values()) == {"Published"}
    assert domain.statuses("team-b", "maven", "app") == unlisted()


@pytest.mark.parametrize(
    ("wish", "cause"),
    [
        pytest.param({"repositories": ["nowhere"]}, "no repository 'nowhere'", id="no repository"),
        pytest.param({"allowDeletions": -1}, "allowDeletions is -1", id="fewer than none"),
        pytest.param({"planonly": True}, "knows no 'planonly'", id="an unknown member"),
    ],
)
def test_an_input_that_means_nothing_fails_at_once(
    domain: SweepingDeployment,
    monkeypatch: pytest.MonkeyPatch,
    wish: Mapping[str, object],
    cause: str,
) -> None:
    """It is not tried again, and the cause says what is wrong."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed({"name": "team-a"})
    execution = domain.ended(domain.start(**wish))
    assert (execution.status, execution.error) == ("FAILED", "SweepEventError")
    assert cause in str(execution.cause)
    assert domain.invoked["begin"] == 1


def test_how_far_a_sweep_is_can_be_read(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its files, at every step."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    names = [f"app-{number:02}" for number in range(12)]
    domain.deployed.seed({"name": "team-a", "packages": [snapshot(name) for name in names]})
    told: dict[str, tuple[str, int | None, int | None]] = {}

    def before(_name: str, event: Event) -> None:
        found = progress(domain.objects, event["run"])
        told[event["step"]] = (found.state, found.batches, found.parts)

    domain.before = before
    execution = domain.ended(domain.start())
    assert told == {
        "begin": ("not begun", None, None),
        "list": ("listing", None, None),
        "gather": ("gathering", 2, None),
        "weigh": ("weighing", 2, None),
        "apply": ("applying", 2, 2),
        "summarize": ("summarizing", 2, 2),
    }
    over = progress(domain.objects, execution.name)
    assert (over.state, over.gathered, over.applied) == ("over", 2, 2)


def test_a_package_that_fails_now_and_then_is_looked_at(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors on a twentieth of the calls change nothing about the end."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    names = [f"app-{number:02}" for number in range(20)]
    domain.deployed.seed({"name": "team-a", "packages": [snapshot(name) for name in names]})
    domain.deployed.faults(errorRate=0.05)
    summary = domain.sweep()
    domain.deployed.faults()
    assert summary.failed == ()
    assert all(domain.statuses("team-a", "maven", name) == unlisted() for name in names)


def test_versions_that_changed_since_the_plan_are_refused_and_named(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of the package are changed."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    domain.deployed.seed({"name": "team-a", "packages": [snapshot("app", 4)]})
    first = builds(4)[0]

    def before(name: str, _event: Event) -> None:
        if name == APPLY:
            domain.deployed.client.update_package_versions_status(
                domain="my-company",
                repository="team-a",
                format="maven",
                namespace="com.mycompany",
                package="app",
                versions=[first],
                targetStatus="Archived",
            )

    domain.before = before
    summary = domain.sweep()
    assert summary.rows[0].changed == 2
    assert (summary.rows[0].refused, summary.rows[0].already) == (1, 0)
    assert [one.version for one in summary.refusals] == [first]
    assert domain.statuses("team-a", "maven", "app") == {**unlisted(4), first: "Archived"}


def test_the_state_of_an_execution_stays_small(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the steps hand on is far below 256 KB, and the same however many packages there are."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    names = [f"app-{number:02}" for number in range(40)]
    domain.deployed.seed({"name": "team-a", "packages": [snapshot(name) for name in names]})
    sizes: list[int] = []
    domain.before = lambda _name, event: sizes.append(len(json.dumps(event)))
    execution = domain.ended(domain.start())
    assert max(sizes) < 1_000
    assert len(json.dumps(execution.output)) < 1_000
    assert domain.objects.read(keys.summary(execution.name)) is not None


def test_each_half_knows_its_own_steps(
    domain: SweepingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks the reading half to apply is told which steps there are."""
    domain.deploy(SNAPSHOTS, monkeypatch)
    from sweep_repositories import app
    from sweep_repositories.runs import SweepEventError

    with pytest.raises(SweepEventError, match="'apply'; this function knows"):
        app.handler({"step": "apply"}, None)
    with pytest.raises(SweepEventError, match="this function knows 'apply'"):
        apply_app.handler({"step": "gather"}, None)
    with pytest.raises(SweepEventError, match="None"):
        app.handler([PLAN], None)
