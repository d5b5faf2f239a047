"""What sweeps talk to, in memory: files, executions, lists, looks, and what is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from steward.attention import Delivery
from steward.coordinates import UNRESTRICTED, Package, Repository, Restrictions
from steward.domain_lists import PackagesPage
from steward.errors import PackageNotFoundError
from steward.policy import Limits, Policy
from steward.sweep_notices import SweepReport
from sweep_repositories.applying import Applied
from sweep_repositories.collaborators import Changing, Deployed, Planning
from sweep_repositories.executions import Execution
from sweep_repositories.plan_lines import Action, PackagePlan, PlanLine, PlannedVersion
from sweep_repositories.runs import Run
from sweep_repositories.summary import Mode

DOMAIN, ACCOUNT = "my-company", "012345678901"
STARTED = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 2, 10, tzinfo=UTC)
DIGEST = "d" * 64
RULE = "retention[0]"


@dataclass
class MemoryObjects:
    """A bucket."""

    held: dict[str, str] = field(default_factory=dict)

    def write(self, key: str, text: str) -> None:
        """Keep *text*."""
        self.held[key] = text

    def read(self, key: str) -> str | None:
        """Return what is kept."""
        return self.held.get(key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield what there is."""
        yield from sorted(key for key in self.held if key.startswith(prefix))


@dataclass
class FakeExecutions:
    """Step Functions, which knows of some executions."""

    known: list[Execution] = field(default_factory=list)

    def running(self, state_machine: str) -> list[Execution]:
        """Return those of the one state machine that there is."""
        assert state_machine == "arn:machine"
        return self.known


@dataclass
class FakeLists:
    """A domain of repositories with names of packages, so many a page."""

    contents: dict[str, list[str]]
    page: int = 2
    calls: Counter[str] = field(default_factory=Counter)
    gone: set[str] = field(default_factory=set)

    def repositories(self, domain: str, domain_owner: str) -> list[Repository]:
        """Return them all."""
        assert (domain, domain_owner) == (DOMAIN, ACCOUNT)
        self.calls["ListRepositoriesInDomain"] += 1
        return [Repository(DOMAIN, ACCOUNT, name) for name in self.contents]

    def packages(self, repository: Repository, following: str | None) -> PackagesPage:
        """Return a page."""
        self.calls["ListPackages"] += 1
        if repository.name in self.gone:
            raise PackageNotFoundError("ListPackages", "ResourceNotFoundException", "gone")
        start = int(following or 0)
        names = self.contents[repository.name]
        end = start + self.page
        found = [(package(name, repository.name), UNRESTRICTED) for name in names[start:end]]
        return PackagesPage(found, str(end) if end < len(names) else None)


@dataclass
class Heard:
    """What is announced, and told to a person."""

    reports: list[SweepReport] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)

    def sweep_ended(self, report: SweepReport) -> None:
        """Remember it."""
        self.reports.append(report)

    def tell(self, subject: str, text: str) -> Delivery:
        """Remember it."""
        self.told.append((subject, text))
        return "delivered"


@dataclass
class Sweeps:
    """A deployment, and a domain to sweep."""

    lists: FakeLists
    mode: Mode = "enforce"
    digest: str = DIGEST
    limit: int = 5
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    heard: Heard = field(default_factory=Heard)
    look: Callable[[Package, Restrictions], PackagePlan] = lambda of, _: plan(of)
    apply: Callable[[Sequence[PlanLine]], Sequence[Applied]] = lambda lines: [
        Applied(line, tuple(one.version for one in line.versions)) for line in lines
    ]
    settle: Callable[[], None] = lambda: None
    flushed: int = 0
    passed: timedelta = timedelta(0)  # since the sweep has begun

    @property
    def deployed(self) -> Deployed:
        """The mode and the policy."""
        return Deployed(
            self.mode, Policy(digest=self.digest, domain=DOMAIN, limits=Limits(self.limit))
        )

    def planning(self) -> Planning:
        """Return what the half that reads talks to."""
        return Planning(
            deployed=self.deployed,
            objects=self.objects,
            executions=self.executions,
            lists=self.lists,
            needs_a_look=lambda of, _: not of.name.startswith("idle"),
            looks=lambda: self.look,
            settle_exemptions=self.settle,
            calls_made=lambda: dict(self.lists.calls),
            notices=self.heard,
            attention=self.heard,
            now=lambda: NOW,
        )

    def changing(self) -> Changing:
        """Return what the half that writes talks to."""

        def applies(run: Run) -> Callable[[Sequence[PlanLine]], Sequence[Applied]]:
            assert run.started == NOW
            return self.apply

        def flush() -> None:
            self.flushed += 1

        return Changing(
            deployed=self.deployed,
            objects=self.objects,
            applies=applies,
            calls_made=lambda: dict(self.lists.calls),
            flush=flush,
            now=lambda: NOW + self.passed,
        )


def begin_event(wish: Mapping[str, object]) -> Mapping[str, object]:
    """Return the first event of the sweep "run", with the input *wish*."""
    return {
        "step": "begin",
        "run": "run",
        "execution": f"arn:aws:states:us-west-2:{ACCOUNT}:execution:machine:run",
        "stateMachine": "arn:machine",
        "startedAt": "2026-03-01T02:00:00.000Z",
        "input": wish,
    }


def package(name: str, repository: str = "team-a") -> Package:
    """Return a package."""
    return Package(Repository(DOMAIN, ACCOUNT, repository), "pypi", None, name)


def line(of: Package, action: Action = "delete", *versions: str) -> PlanLine:
    """Return a line about *versions*, or about one of them."""
    planned = tuple(
        PlannedVersion(one, "Published", None, "it is old") for one in versions or ("1.0",)
    )
    return PlanLine(of, "expire_versions", RULE, action, "it is old", planned)


def plan(of: Package, *lines: PlanLine, problem: str | None = None) -> PackagePlan:
    """Return the plan of a package with three versions, of which one line wants one."""
    if problem is not None:
        return PackagePlan(of, problem=problem)
    return PackagePlan(of, lines or (line(of),), {RULE: 2}, looked_at=3)
