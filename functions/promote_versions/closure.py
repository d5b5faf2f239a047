"""Judge versions together with what they depend on, so that all of it gets through or is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from promote_versions import decision as decide
from promote_versions.dependencies import any_meets, best, is_followed, package_of
from promote_versions.facts import DependencyFact, Unavailable, VersionFacts
from promote_versions.seen import Seen, SeenPackages
from promote_versions.settled import Standing, standing

if TYPE_CHECKING:
    from promote_versions.decision import Judgement
    from promote_versions.records import Record
    from steward.coordinates import Package, PackageVersion
    from steward.promotion_rules import PromotionRule
    from steward.version_contents import Dependency

# Our choice: far more than applications have, and few enough to be judged in one run.
MAX_VERSIONS: Final = 500
# Our choice: how long a version waits for a dependency that only a person lets through.
NEXT_LOOK_AT_A_PERSONS_DECISION: Final = timedelta(hours=1)
# Our choice: a closure that was cut is soon smaller, as what has been judged is not judged again.
NEXT_LOOK_AT_A_LARGE_CLOSURE: Final = timedelta(minutes=15)

Key = tuple["Package", str]


@dataclass(frozen=True, slots=True)
class Judged:
    """
    A version and what becomes of it.

    Attributes:
        record: What was decided before.
        facts: What it was judged by.
        way: How clients of the destination get it without any gate.
        after: The versions that it depends on and that have to be copied before it.
        layer: 0 for a version that waits for no other copy; else one more than what it waits for.
    """

    package: Package
    version: PackageVersion
    rule: PromotionRule
    record: Record | None
    judgement: Judgement
    facts: VersionFacts | None = None
    way: str | None = None
    after: tuple[Key, ...] = ()
    layer: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """
    What is known of a dependency that is not judged now.

    Attributes:
        awaited: The version whose copy has been ordered, or will be, and is not known to be done.
    """

    fact: DependencyFact
    awaited: Key | None = None


@dataclass(slots=True)
class _Node:
    """A version that is being judged."""

    seen: Seen
    version: PackageVersion
    rule: PromotionRule
    record: Record | None
    cannot: Judgement | None = None
    way: str | None = None
    unavailable: Unavailable | None = None
    edges: list[Key | _Known] = field(default_factory=list)
    judgement: Judgement | None = None

    @property
    def key(self) -> Key:
        return (self.seen.package, self.version.version)

    @property
    def purl(self) -> str:
        return self.seen.package.purl(self.version.version)


class Closure:
    """
    The versions that one rule lets through together, in one look.

    Without ``include_dependencies`` these are those that were asked for. With it, what they depend
    on is judged too, each by the first rule with the same ``from`` and ``to`` that applies to it,
    and so on. All of it is looked up level by level, and then judged until nothing changes: what
    depends on a held or refused version is held or refused too, and a circle of versions passes if
    each of them does by itself.

    What there is no time for holds what needs it. Nothing is written down about it, and its package
    is named in :attr:`postponed`: looked at by itself, it begins where this look has ended, so that
    a closure of any size gets through, piece by piece.

    For each package that the look has not seen, this takes a list, a query, and its facts.

    Args:
        rule: The one that the versions that are asked for are judged by.
        anew: Somebody wants what is held or refused to be judged again, dependencies too.
    """

    def __init__(
        self, rule: PromotionRule, packages: SeenPackages, now: datetime, *, anew: bool = False
    ) -> None:
        self._rule = rule
        self._anew = anew
        self._packages = packages
        self._now = now
        self._nodes: dict[Key, _Node] = {}
        self._known: dict[Key, _Known] = {}
        self._layers: dict[Key, int] = {}
        self._found = 0
        self.postponed: dict[Package, None] = {}

    def judge(self, seen: Seen, versions: Iterable[PackageVersion]) -> list[Judged]:
        """
        Return what becomes of *versions* and of what they depend on, dependencies first.

        Each version is judged once in the life of this object.

        Raises:
            CodeArtifactError: A list failed, or nobody can tell whether there is a way around.
            RecordsError: A query failed.
        """
        level = [
            self._node(seen, version, self._rule)
            for version in versions
            if (seen.package, version.version) not in self._known
        ]
        self._look_up(level)
        while level:
            level = [added for node in level for added in self._follow(node)]
            level = self._look_up(level, while_there_is_time=True)
        self._settle()
        judged = list(self._judged())
        for one in judged:
            key = (one.package, one.version.version)
            fact = _fact(one.package.purl(one.version.version), one.judgement, self._now)
            self._known[key] = _Known(fact, key if fact.state == "passed" else None)
        self._nodes.clear()
        return judged

    def _postponed(self, package: Package, purl: str) -> _Known:
        self.postponed[package] = None
        until = self._now + NEXT_LOOK_AT_A_LARGE_CLOSURE
        return _Known(DependencyFact(purl, "held", "there was no time to look at it", until))

    def _node(self, seen: Seen, version: PackageVersion, rule: PromotionRule) -> _Node:
        node = _Node(seen, version, rule, seen.records.get((version.version, rule.name)))
        return self._nodes.setdefault(node.key, node)

    # Facts

    def _look_up(self, nodes: Sequence[_Node], *, while_there_is_time: bool = False) -> list[_Node]:
        """
        Look up the facts about *nodes*, unless the row of a list or a way around decides.

        Returns:
            *nodes* without those that there was no time for; they are none any more.
        """
        groups: dict[Package, list[_Node]] = {}
        for node in nodes:
            groups.setdefault(node.seen.package, []).append(node)
        done: list[_Node] = []
        for some in groups.values():
            if while_there_is_time and not self._packages.time_left():
                for node in some:
                    del self._nodes[node.key]
                    self._known[node.key] = self._postponed(node.seen.package, node.purl)
                continue
            done += some
            seen, rule = some[0].seen, some[0].rule  # a package has one rule of this from and to
            for node in some:
                verdicts = decide.at_first_sight(node.version, seen.package, rule)
                if any(verdict.outcome == "refuse" for verdict in verdicts):
                    node.cannot = decide.concluded(verdicts)
            left = [node for node in some if node.cannot is None]
            if not left:
                continue
            way = self._packages.way_around(seen.package, rule)
            for node in left:
                node.way = way
            if way is None:
                needs = decide.wanted(rule)
                seen.gatherer.look_up([node.version for node in left], needs)
        return done

    def _follow(self, node: _Node) -> Iterator[_Node]:
        """Yield the versions that *node* depends on and that have to be judged, as new nodes."""
        if node.cannot is not None or node.way is not None or not node.rule.include_dependencies:
            return
        found = node.seen.gatherer.dependencies(node.version)
        if isinstance(found, Unavailable):
            node.unavailable = found
            return
        for dependency in found:
            if not is_followed(node.seen.package.format, dependency):
                continue
            needed = package_of(dependency, node.seen.package)
            if needed == node.seen.package:  # an extra of its own (PyPI)
                continue
            edge, added = self._edge(needed, dependency)
            node.edges.append(edge)
            if added is not None:
                yield added

    def _edge(self, needed: Package, dependency: Dependency) -> tuple[Key | _Known, _Node | None]:
        """Return what is known of *dependency*, or the version that has to be judged for it."""
        if not self._packages.knows(needed) and not self._packages.time_left():
            return self._postponed(needed, needed.purl()), None
        seen = self._packages.of(needed)
        chosen = best(needed.format, dependency, seen.versions)
        if chosen is None:
            there = self._packages.in_destination(needed, self._rule.to)
            passed = any_meets(needed.format, dependency, there)
            return _Known(DependencyFact(needed.purl(), "passed" if passed else "absent")), None
        key = (needed, chosen.version)
        if key in self._nodes:
            return key, None
        if key not in self._known:
            rule = self._rule_for(needed)
            node = None if rule is None else self._node_if_open(seen, chosen, rule)
            if node is not None:
                return key, node
            self._known[key] = self._not_judged(seen, chosen, rule)
        return self._known[key], None

    def _node_if_open(
        self, seen: Seen, version: PackageVersion, rule: PromotionRule
    ) -> _Node | None:
        record = seen.records.get((version.version, rule.name))
        if self._standing(record, version, rule) != "open" or self._found >= MAX_VERSIONS:
            return None
        self._found += 1
        return self._node(seen, version, rule)

    def _not_judged(
        self, seen: Seen, version: PackageVersion, rule: PromotionRule | None
    ) -> _Known:
        """Return what there is to say of a dependency that is not judged now."""
        purl = seen.package.purl(version.version)
        if rule is None:
            if version.version in self._packages.in_destination(seen.package, self._rule.to):
                return _Known(DependencyFact(purl, "passed"))
            return _Known(DependencyFact(purl, "held", "no rule promotes it"))
        record = seen.records.get((version.version, rule.name))
        if record is None or self._standing(record, version, rule) == "open":
            reason = f"more than {MAX_VERSIONS} versions belong together"
            until = self._now + NEXT_LOOK_AT_A_LARGE_CLOSURE
            return _Known(DependencyFact(purl, "held", reason, until))
        if record.to != rule.to:  # the rule led elsewhere then
            return _Known(DependencyFact(purl, "held", f"it was promoted to {record.to} alone"))
        awaited = (seen.package, version.version) if record.state == "approved" else None
        return _Known(_recorded(record, self._now), awaited)

    def _standing(
        self, record: Record | None, version: PackageVersion, rule: PromotionRule
    ) -> Standing:
        return standing(record, version, rule, now=self._now, anew=self._anew)

    def _rule_for(self, package: Package) -> PromotionRule | None:
        """Return the first rule of the same destination that promotes *package*, if any does."""
        rules = self._packages.to.policy.promotion_rules_for(package)
        return next((rule for rule in rules if rule.to == self._rule.to), None)

    # The decision

    def _settle(self) -> None:
        """
        Judge all nodes until none changes its state any more.

        At first what is not judged yet counts as passed. A judgement only gets worse by what it
        depends on, so this ends, and circles that nothing outside of them holds pass.
        """
        nodes = [self._nodes[key] for key in self._dependencies_first()]
        for _ in range(2 * len(nodes) + 2):
            changed = False
            for node in nodes:
                before = None if node.judgement is None else node.judgement.state
                node.judgement = self._judgement(node)
                changed |= before != node.judgement.state
            if not changed:
                return

    def _judgement(self, node: _Node) -> Judgement:
        if node.cannot is not None:
            return node.cannot
        facts = node.seen.gatherer.facts(
            node.version,
            dependencies=node.unavailable or tuple(self._fact_of(edge) for edge in node.edges),
            bypass=node.way,
        )
        # A rejection counts for later revisions too: the gate looks at which one it is about.
        approval = None if node.record is None else node.record.approval_for(node.rule.to)
        return decide.judge(facts, node.rule, approval=approval, now=self._now)

    def _fact_of(self, edge: Key | _Known) -> DependencyFact:
        if isinstance(edge, _Known):
            return edge.fact
        if edge not in self._nodes:
            return self._known[edge].fact
        node = self._nodes[edge]
        if node.judgement is None:
            return DependencyFact(node.purl, "passed")
        return _fact(node.purl, node.judgement, self._now)

    # The order

    def _dependencies_first(self) -> list[Key]:
        """Return all nodes, each after those that it depends on where these are no circle."""
        order: dict[Key, None] = {}
        entered: set[Key] = set()
        for root in self._nodes:
            pending: list[tuple[Key, bool]] = [(root, False)]
            while pending:
                key, left = pending.pop()
                if left:
                    order[key] = None
                elif key not in entered:
                    entered.add(key)
                    pending.append((key, True))
                    edges = self._nodes[key].edges
                    pending += [
                        (edge, False)
                        for edge in edges
                        if not isinstance(edge, _Known) and edge in self._nodes
                    ]
        return list(order)

    def _judged(self) -> Iterator[Judged]:
        for key in self._dependencies_first():
            node = self._nodes[key]
            judgement = node.judgement or self._judgement(node)
            after: list[Key] = []
            layer = 0
            if judgement.state == "approved":
                after = list(dict.fromkeys(self._awaited(node)))
                layer = max((self._layers.get(needed, -1) + 1 for needed in after), default=0)
                self._layers[key] = layer
            yield Judged(
                node.seen.package,
                node.version,
                node.rule,
                node.record,
                judgement,
                node.seen.gatherer.facts(node.version),
                node.way,
                tuple(after),
                layer,
            )

    def _awaited(self, node: _Node) -> Iterator[Key]:
        """Yield what has to be copied before *node*; in a circle, one of them has to be first."""
        for edge in node.edges:
            if not isinstance(edge, _Known):
                if edge in self._layers:
                    yield edge
            elif edge.awaited is not None:
                yield edge.awaited


def _fact(purl: str, judgement: Judgement, now: datetime) -> DependencyFact:
    if judgement.state == "approved":
        return DependencyFact(purl, "passed")
    reason = judgement.reason
    own = [one for one in judgement.verdicts if one.gate != "dependencies"]
    if all(one.outcome == "pass" for one in own):
        reason = "something that it depends on does not pass"
    if judgement.state == "refused":
        return DependencyFact(purl, "refused", reason)
    until = judgement.due or now + NEXT_LOOK_AT_A_PERSONS_DECISION
    return DependencyFact(purl, "held", reason, until)


def _recorded(record: Record, now: datetime) -> DependencyFact:
    """Return what *record*, which still stands, says about a dependency."""
    if record.state in ("copied", "approved"):
        return DependencyFact(record.purl, "passed")
    if record.state == "held":
        until = record.due or now + NEXT_LOOK_AT_A_PERSONS_DECISION
        return DependencyFact(record.purl, "held", record.reason, until)
    return DependencyFact(record.purl, "refused", record.reason or f"it was {record.state}")
