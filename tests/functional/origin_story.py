"""A company's history, played on the local CodeArtifact and in a model of the policy at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from random import Random

from emulator.core.values import RestrictionMode, RestrictionType
from steward.coordinates import Origin, Package, PackageVersion, Repository, Restrictions, Status
from steward.errors import CodeArtifactError, LedgerError
from steward.promotion_rules import PromotionRule
from tests.functional.origin_company import DONE, OriginCompany, at
from tests.functional.origin_model import Model, Version, intruders, mixed
from tests.functional.origin_policy import POLICY, Above, with_rules_above

_stories = count()

HERE, ELSEWHERE = "here", "npm-elsewhere"

Groups = Mapping[str, Mapping[RestrictionType, RestrictionMode]]


@dataclass(frozen=True, slots=True)
class Start:
    """A package in the beginning; *repository* and *group* are numbers of lists."""

    scope: str
    repository: int
    restrictions: Restrictions
    versions: Sequence[Version]
    exempt: Sequence[int | None]
    weakly: bool


@dataclass(frozen=True, slots=True)
class Beginning:
    """
    What there is before anything happens.

    Attributes:
        groups: The modes of each scope's package group.
        above: The first rules of the policy.
        promoted_to: The number of a repository that the policy promotes to.
        archivable: Unfinished versions may be archived.
    """

    packages: Sequence[Start]
    groups: Groups
    above: Sequence[Above]
    promoted_to: int | None
    archivable: bool


@dataclass(frozen=True, slots=True)
class Restrict:
    """Somebody changes a package's restrictions."""

    package: int
    restrictions: Restrictions


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Somebody changes a version's status."""

    package: int
    version: int
    status: Status


@dataclass(frozen=True, slots=True)
class Deliver:
    """A batch of events and the automation's own messages: any order, some twice, some never."""

    picks: Sequence[int]
    error_rate: float
    ledger_fails: bool
    somebody_listens: bool


@dataclass(frozen=True, slots=True)
class Sweep:
    """A repository is reconciled, perhaps under faults."""

    repository: int
    deep: bool
    error_rate: float


@dataclass(frozen=True, slots=True)
class Fetch:
    """Somebody downloads a new public version of a package of this name, in any repository."""

    package: int
    repository: int


@dataclass(frozen=True, slots=True)
class Publish:
    """Somebody publishes a new version of a package of this name, in any repository."""

    package: int
    repository: int


Step = Restrict | SetStatus | Fetch | Publish | Deliver | Sweep


class Story:
    """The company, its packages as they are and as they should be, and what happens to both."""

    def __init__(self, company: OriginCompany, beginning: Beginning) -> None:
        company.start_again()
        self.company = company
        self.models: dict[Package, Model] = {}
        self.archivable = beginning.archivable
        self.events: list[Mapping[str, object]] = []
        self.random = Random(len(beginning.packages))  # noqa: S311  repeatable
        self.repositories = self._repositories()
        self.number = 100
        self.story = next(_stories)  # public repositories remember names
        self.above = beginning.above
        names = [each.name for each in self.repositories]
        company.policy = with_rules_above(self.above, repositories=names)
        self.promoted_to = None
        if beginning.promoted_to is not None:
            to = self.promoted_to = self.repositories[beginning.promoted_to].name
            route = PromotionRule("approved", POLICY.promotions[0].packages, "npm-intake", to)
            company.policy = replace(company.policy, promotions=(route,))
        for scope, chosen in beginning.groups.items():
            company.group(f"/npm/{scope}/*", **_modes(chosen))
        for place, start in enumerate(beginning.packages):
            self._begin(place, start, beginning)

    def _repositories(self) -> list[Repository]:
        """Three repositories, each the upstream of the one before, the last with a connection."""
        made = [self.company.new_repository() for _ in range(2)]
        team, store = self.company.connected()
        del team
        made.append(store)
        self.company.connect(made[0], made[1])
        self.company.connect(made[1], store)
        return made

    def _kind(self, scope: str, repository: Repository) -> str:
        """Return the scope whose rule decides about packages of *scope* in *repository*."""
        return next(
            (
                rule.kind
                for rule in self.above
                if rule.scope in (None, scope)
                and (rule.repository is None or self.repositories[rule.repository] == repository)
            ),
            scope,
        )

    def _begin(self, place: int, start: Start, beginning: Beginning) -> None:
        repository = self.repositories[start.repository]
        number = f"{self.story}-{place}"
        package = Package(repository, "npm", start.scope, f"web-ui-{number}")
        if start.weakly:
            self.company.group(f"/npm/{start.scope}/web.ui.{number}$")
        named = {f"{each}.0.0": version for each, version in enumerate(start.versions)}
        model = Model(
            self._kind(start.scope, repository),
            repository.name,
            start.restrictions,
            {
                name: Version(
                    each.status, each.origin, repository.name if each.where == HERE else each.where
                )
                for name, each in named.items()
            },
            grouped=start.weakly or _restricting(beginning.groups.get(start.scope, {})),
            promoted_to=beginning.promoted_to == start.repository,
            exempt=frozenset(None if each is None else f"{each}.0.0" for each in start.exempt),
        )
        held = [
            PackageVersion(name, each.status, _origin(each))
            for name, each in model.versions.items()
        ]
        self.company.seed((package, start.restrictions, held))
        for version in model.exempt:
            self.company.exempt(package, version)
        self.models[package] = model
        self.events.append(self.company.event(package))

    # What happens

    def play(self, step: Step) -> None:
        """One more thing happens, to the packages and to what they should be."""
        packages = list(self.models)
        match step:
            case Restrict(place, wanted):
                package = packages[place % len(packages)]
                self.company.restrict(package, publish=wanted.publish, upstream=wanted.upstream)
                self.models[package].restrictions = wanted
            case SetStatus(place, which, status):
                self._set_status(packages[place % len(packages)], which, status)
            case Fetch(place, where):
                self._fetch(at(packages[place % len(packages)], self.repositories[where]))
            case Publish(place, where):
                self._publish(at(packages[place % len(packages)], self.repositories[where]))
            case Deliver():
                self._deliver(step)
            case Sweep(where, deep, rate):
                with self._faults(rate):
                    self._sweep(self.repositories[where], deep=deep)

    def _set_status(self, package: Package, which: int, status: Status) -> None:
        model = self.models[package]
        if not model.versions:
            return
        name = list(model.versions)[which % len(model.versions)]
        self.company.set_status(package, status, name)
        model.versions[name].status = status

    def _fetch(self, package: Package) -> None:
        """It may be refused, and it may come into every repository on its way."""
        self.company.offer(package, self._new_version())
        self.company.state.clock.advance(timedelta(hours=1))  # what is public is known again
        self.company.fetch(package, f"{self.number}.0.0")
        self._see_what_came_in(package)

    def _publish(self, package: Package) -> None:
        """It may be refused."""
        self.company.publish(package, self._new_version())
        self._see_what_came_in(package)

    def _new_version(self) -> str:
        self.number += 1
        return f"{self.number}.0.0"

    def _see_what_came_in(self, named: Package) -> None:
        """New packages and versions are taken as they came in."""
        for repository in self.repositories:
            package = at(named, repository)
            restrictions = self.company.restrictions(package)
            if restrictions is None:
                continue
            if package not in self.models:
                alike = next(
                    model for each, model in self.models.items() if each.path == named.path
                )
                promoted_to = repository.name == self.promoted_to
                self.models[package] = Model(
                    self._kind(named.namespace or "", repository),
                    repository.name,
                    restrictions,
                    grouped=alike.grouped,
                    promoted_to=promoted_to,
                )
            model = self.models[package]
            for version in self.company.held(package):
                name = version.version
                if name not in model.versions:
                    origin = version.origin
                    model.versions[name] = Version(version.status, origin.type, origin.repository)

    def _deliver(self, step: Deliver) -> None:
        company = self.company
        self.events += company.take_queued()
        batch = [self.events[pick % len(self.events)] for pick in step.picks]
        company.attention.delivers = step.somebody_listens
        if step.ledger_fails:
            company.ledger.before = _failing(self.random)
        with self._faults(step.error_rate):
            company.deliver(*batch)
        company.ledger.before = lambda _: None
        company.attention.delivers = True

    def _sweep(self, repository: Repository, *, deep: bool) -> None:
        with suppress(CodeArtifactError):  # a page of the list may fail too
            self.company.sweep(repository, deep=deep)

    def _faults(self, rate: float) -> ExitStack:
        stack = ExitStack()
        switches = {"unfinishedMayBeArchived": self.archivable}
        seed = self.random.randrange(1000)
        stack.enter_context(self.company.faults(errorRate=rate, seed=seed, switches=switches))
        return stack

    def end(self) -> None:
        """All is well again, and each repository is reconciled once."""
        with self._faults(0):
            for repository in self.repositories:
                outcomes = self.company.sweep(repository)
                assert all(one.error is None for one in outcomes)

    # What is true then

    def was_told(self) -> None:
        """People and the bus have heard of every version that was refused, reported or archived."""
        company = self.company
        told = {
            outcome: {
                (str(package), version)
                for package, found, _ in company.told(outcome)
                for version in found  # type: ignore[attr-defined]  # a list of names
            }
            for outcome in ("archived", "refused", "reported")
        }
        mixed_ones = {str(each[0]) for each in company.told("mixed")}
        texts = "\n".join(text for _, text in company.attention.messages)
        for package, model in self.models.items():
            after = company.statuses(package)
            for version in intruders(model):
                outcome = "reported"
                if model.scope == "mycompany":
                    outcome = "archived" if after[version] == "Archived" else "refused"
                assert (str(package), version) in told[outcome]
                assert any(
                    package.purl() in text and f"  {version} (" in text
                    for _, text in company.attention.messages
                )
            if mixed(model):
                assert str(package) in mixed_ones
                assert package.purl() in texts

    def rests(self) -> None:
        """Every event once more, and the automation's own messages, write nothing."""
        company = self.company
        events = [*self.events, *company.take_queued()]
        messages = len(company.attention.messages)
        company.forget_requests()
        with self._faults(0):
            assert company.deliver(*events) == DONE
            while company.looks:
                company.look_again()
        assert "PutPackageOriginConfiguration" not in company.requests()
        if self.archivable:
            assert "UpdatePackageVersionsStatus" not in company.requests()
        assert len(company.attention.messages) == messages
        assert company.take_queued() == []


def _failing(random: Random) -> Callable[[str], None]:
    def before(name: str) -> None:
        if random.random() < 0.5:
            raise LedgerError(name, "InternalServerError", "of a test")

    return before


def _restricting(chosen: Mapping[RestrictionType, RestrictionMode]) -> bool:
    """Return whether a child of the untouched root restricts anything with these modes."""
    return bool({"BLOCK", "ALLOW_SPECIFIC_REPOSITORIES"} & set(chosen.values()))


def _modes(chosen: Mapping[RestrictionType, RestrictionMode]) -> dict[str, RestrictionMode]:
    return {str(kind): mode for kind, mode in chosen.items()}


def _origin(version: Version) -> Origin:
    match version.origin:
        case "EXTERNAL":
            return Origin("EXTERNAL", None, "public:npmjs")
        case "INTERNAL":
            return Origin("INTERNAL", version.where)
        case _:
            return Origin("UNKNOWN")
