"""Whether versions get past the gates of a promotion, by topology, restrictions and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from promote_versions.bypass import GroupSettings, routes, routes_around
from promote_versions.topology import KEPT_SECONDS, Topology
from steward import patterns
from steward.codeartifact import AssociatedGroup, CodeArtifact
from steward.coordinates import (
    RESTRICTION_TYPES,
    Package,
    Repository,
    RestrictionMode,
    Restrictions,
    RestrictionType,
)
from steward.errors import CodeArtifactError, PackageNotFoundError
from steward.group_restrictions import PackageGroup
from steward.promotion_rules import PromotionRule, staged
from steward.repositories import ExternalConnection, RepositoryDescription
from steward.upstream_walk import MAX_SEARCHED, walk

APPROVED = Repository("my-company", "012345678901", "approved")
INTAKE = Repository("my-company", "012345678901", "intake")
REQUESTS = Package(INTAKE, "pypi", None, "requests")
SPECIFIC: RestrictionMode = "ALLOW_SPECIFIC_REPOSITORIES"

PYPI = ExternalConnection("public:pypi", "pypi")
NPMJS = ExternalConnection("public:npmjs", "npm")

Connections = Mapping[str, tuple[str | ExternalConnection, ...]]


def rule(*texts: str) -> PromotionRule:
    """Return a rule from intake to approved."""
    packages = tuple(patterns.parse(text) for text in texts or ("/pypi/*",))
    return PromotionRule("public-to-approved", packages, "intake", "approved")


@dataclass
class Domain:
    """A domain's repositories and package groups, and how often it was asked."""

    connected: Connections
    upstream: str | None = "ALLOW"
    association: str = "STRONG"
    group: str = "/*"
    groups: Mapping[str, Mapping[RestrictionType, RestrictionMode]] = field(default_factory=dict)
    allowed: Mapping[tuple[str, RestrictionType], frozenset[str]] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def describe(self, repository: Repository) -> RepositoryDescription:
        """Return what the repository is connected to."""
        self.asked.append(repository.name)
        if repository.name in self.denied:
            raise CodeArtifactError("DescribeRepository", "AccessDeniedException", "not you")
        if repository.name not in self.connected:
            raise PackageNotFoundError("DescribeRepository", "ResourceNotFoundException", "none")
        to = self.connected[repository.name]
        return RepositoryDescription(
            repository.name,
            tuple(one for one in to if isinstance(one, str)),
            tuple(one for one in to if not isinstance(one, str)),
        )

    def restrictions(self, package: Package) -> Restrictions:
        """Return the package's own, in `approved` only."""
        assert package.repository == APPROVED
        self.asked.append("DescribePackage")
        if self.upstream is None:
            raise PackageNotFoundError("DescribePackage", "ResourceNotFoundException", "none")
        return Restrictions("ALLOW", "BLOCK" if self.upstream == "BLOCK" else "ALLOW")

    def group_of(self, package: Package) -> AssociatedGroup:
        """Return the group that was chosen for every package."""
        assert package.repository == APPROVED
        self.asked.append("GetAssociatedPackageGroup")
        chosen = next(one for one in self.listed() if one.pattern == self.group)
        weak = self.association == "WEAK"
        return AssociatedGroup(self.group, "WEAK" if weak else "STRONG", chosen.effective)

    def all(self) -> list[PackageGroup]:
        """Return the groups."""
        self.asked.append("ListPackageGroups")
        return self.listed()

    def listed(self) -> list[PackageGroup]:
        """Return the groups; modes that are not given are inherited from the one before it."""
        found = []
        effective: dict[RestrictionType, RestrictionMode] = dict.fromkeys(
            RESTRICTION_TYPES, "ALLOW"
        )
        own: Mapping[RestrictionType, RestrictionMode]
        for pattern, own in ({"/*": {}} | dict(self.groups)).items():
            effective = effective | dict(own)
            unsaid: RestrictionMode = "ALLOW" if pattern == "/*" else "INHERIT"
            modes = {kind: own.get(kind, unsaid) for kind in RESTRICTION_TYPES}
            found.append(PackageGroup(pattern, f"arn:{pattern}", modes, effective, {}))
        return found

    def allowed_repositories(self, pattern: str, kind: RestrictionType) -> frozenset[str]:
        """Return the allow-list."""
        return self.allowed[pattern, kind]

    def topology(self, clock: Iterable[float] = ()) -> Topology:
        """Return what is under test."""
        times = iter(clock)
        return Topology(
            self,
            cast("CodeArtifact", self),
            lambda _domain, _owner: self,
            monotonic=lambda: next(times, 0.0),
        )


def test_the_source_of_an_earlier_stage_is_a_way_around() -> None:
    """What stands there has passed no gate yet, and what other formats do does not matter."""
    stages = (
        PromotionRule("1", (patterns.parse("/pypi/*"),), "first", "second"),
        PromotionRule("2", (patterns.parse("/pypi//requests$"),), "second", "intake"),
        PromotionRule("3", (patterns.parse("/npm/*"),), "other", "intake"),
        rule(),
    )
    *_, last = staged(stages)
    assert last.before == {"first", "second"}
    domain = Domain({"approved": ("shared",), "shared": ("first",), "first": (), "intake": ()})
    way = domain.topology().way_around(last, REQUESTS)
    assert way is not None
    assert way.path == ("approved", "shared", "first")
    assert domain.topology().way_around(rule(), REQUESTS) is None


def test_stages_that_lead_back_for_other_packages_come_to_an_end() -> None:
    """No package goes round here, so the policy allows it; the repositories do."""
    stages = (
        PromotionRule("1", (patterns.parse("/pypi//a$"),), "first", "intake"),
        PromotionRule("2", (patterns.parse("/pypi//b$"),), "intake", "first"),
        rule(),
    )
    assert [one.before for one in staged(stages)] == [set(), set(), {"first"}]


DIRECT: Connections = {"approved": ("intake",), "intake": (PYPI,)}
TWO_HOPS: Connections = {"approved": ("shared",), "shared": ("intake",), "intake": (PYPI,)}
OWN_CONNECTION: Connections = {"approved": (PYPI,), "intake": (PYPI,)}
INTERNAL_BLOCK: Mapping[RestrictionType, RestrictionMode] = {"INTERNAL_UPSTREAM": "BLOCK"}
EXTERNAL_BLOCK: Mapping[RestrictionType, RestrictionMode] = {"EXTERNAL_UPSTREAM": "BLOCK"}
INTERNAL_SOME: Mapping[RestrictionType, RestrictionMode] = {"INTERNAL_UPSTREAM": SPECIFIC}

OPEN = [
    pytest.param(Domain(DIRECT), ("approved", "intake"), id="intake is an upstream"),
    pytest.param(Domain(TWO_HOPS), ("approved", "shared", "intake"), id="it is one of an upstream"),
    pytest.param(
        Domain({"approved": ("a", "b"), "a": ("c",), "c": ("intake",), "b": ("intake",)}),
        ("approved", "a", "c", "intake"),
        id="the first way in the order of the search is named, which goes into the depth first",
    ),
    pytest.param(
        Domain(OWN_CONNECTION), ("approved", "public:pypi"), id="it has a connection itself"
    ),
    pytest.param(
        Domain({"approved": ("store",), "store": (PYPI,)}),
        ("approved", "store", "public:pypi"),
        id="an upstream that is not intake has a connection",
    ),
    pytest.param(
        Domain({"approved": ("a",), "a": ("b", "approved"), "b": ("a", "intake")}),
        ("approved", "a", "b", "intake"),
        id="upstreams that go in a circle are left in the end",
    ),
    pytest.param(
        Domain({"approved": ("shared",), "shared": ()}, denied=frozenset({"shared"})),
        ("approved", "shared", "?"),
        id="an upstream may not be described",
    ),
    pytest.param(
        Domain({"approved": ("shared",)}), ("approved", "shared", "?"), id="an upstream is missing"
    ),
    pytest.param(Domain({}), ("approved", "?"), id="the destination does not exist"),
    pytest.param(
        Domain({"approved": (PYPI,)}, groups={"/pypi/*": INTERNAL_BLOCK}, group="/pypi/*"),
        ("approved", "public:pypi"),
        id="a group blocks upstreams only, and the connection is its own",
    ),
    pytest.param(
        Domain(DIRECT, groups={"/pypi/*": EXTERNAL_BLOCK}, group="/pypi/*"),
        ("approved", "intake"),
        id="a group blocks connections only, and the way is an upstream",
    ),
    pytest.param(
        Domain(
            DIRECT,
            groups={"/pypi/*": INTERNAL_SOME},
            group="/pypi/*",
            allowed={("/pypi/*", "INTERNAL_UPSTREAM"): frozenset({"approved"})},
        ),
        ("approved", "intake"),
        id="a group allows this repository among some",
    ),
    pytest.param(
        Domain({}, groups={"/pypi/*": INTERNAL_BLOCK}, group="/pypi/*"),
        ("approved", "?"),
        id="an unknown destination may have a connection that the group does not block",
    ),
    pytest.param(Domain(DIRECT, upstream=None), ("approved", "intake"), id="it is not there yet"),
]

CLOSED = [
    pytest.param(Domain({"approved": (), "intake": (PYPI,)}), id="it has no upstream"),
    pytest.param(
        Domain({"approved": ("shared",), "shared": ()}), id="its upstream has no connection"
    ),
    pytest.param(Domain({"approved": (NPMJS,)}), id="its connection is of another format"),
    pytest.param(Domain(DIRECT, upstream="BLOCK"), id="the package's upstream is blocked"),
    pytest.param(
        Domain(OWN_CONNECTION, upstream="BLOCK"), id="and so a connection of its own is closed"
    ),
    pytest.param(Domain({}, upstream="BLOCK"), id="and whatever an unknown one has"),
    pytest.param(Domain(DIRECT, association="WEAK"), id="the package only resembles its group"),
    pytest.param(
        Domain(TWO_HOPS, groups={"/pypi/*": INTERNAL_BLOCK}, group="/pypi/*"),
        id="a group blocks versions from upstreams",
    ),
    pytest.param(
        Domain(OWN_CONNECTION, groups={"/pypi/*": EXTERNAL_BLOCK}, group="/pypi/*"),
        id="a group blocks versions from outside",
    ),
    pytest.param(
        Domain(
            DIRECT,
            groups={"/pypi/*": INTERNAL_SOME, "/pypi//requests~": {}},
            group="/pypi//requests~",
            allowed={("/pypi/*", "INTERNAL_UPSTREAM"): frozenset({"intake"})},
        ),
        id="a group inherits a list without this repository",
    ),
]


@pytest.mark.parametrize(("domain", "path"), OPEN)
def test_a_way_is_open(domain: Domain, path: tuple[str, ...]) -> None:
    """It is named by the repositories on it, in order."""
    way = domain.topology().way_around(rule(), REQUESTS)
    assert way is not None
    assert way.path == path
    assert " -> ".join(path) in way.text


@pytest.mark.parametrize("domain", CLOSED)
def test_no_way_is_open(domain: Domain) -> None:
    """Either there is none, or something that AWS documents closes it."""
    assert domain.topology().way_around(rule(), REQUESTS) is None


def test_the_text_names_the_way_and_how_to_close_it() -> None:
    """By the topology, with the upstreams that stay; or by a package group of the policy."""
    domain = Domain({"approved": ("keep", "shared"), "keep": (), "shared": ("intake",)})
    way = domain.topology().way_around(rule(), REQUESTS)
    assert way is not None
    assert way.text == (
        "approved -> shared -> intake: clients of approved get versions from intake without "
        "promotion. Either take shared off the upstreams of approved: `aws codeartifact "
        "update-repository --domain my-company --domain-owner 012345678901 --repository approved "
        "--upstreams repositoryName=keep`, or declare `internal_upstream: block` (`{allow_in: "
        "[...]}` without approved if other repositories need it) for the package group /pypi/* "
        "under `groups` of the policy, and run `steward groups`."
    )


def test_the_text_about_a_connection_disconnects_it() -> None:
    """And the group is to block what comes from outside."""
    way = Domain(OWN_CONNECTION).topology().way_around(rule(), REQUESTS)
    assert way is not None
    assert "--repository approved --external-connection public:pypi`" in way.remedy
    assert "`external_upstream: block`" in way.remedy


def test_the_text_says_why_nobody_can_tell() -> None:
    """A repository that may not be described is open, for all that is known."""
    domain = Domain({"approved": ("shared",)}, denied=frozenset({"shared"}))
    way = domain.topology().way_around(rule(), REQUESTS)
    assert way is not None
    assert "nobody can tell what clients of approved get there" in way.problem
    assert "AccessDeniedException: not you" in way.problem


def test_another_failure_is_none_of_the_topology() -> None:
    """Throttling says nothing about a repository: the question is asked again later."""

    class Throttled(Domain):
        def describe(self, repository: Repository) -> RepositoryDescription:
            raise CodeArtifactError("DescribeRepository", "ThrottlingException", repository.name)

    with pytest.raises(CodeArtifactError):
        walk(Throttled({}), APPROVED)


def test_25_repositories_are_described_and_no_more() -> None:
    """What comes after them is unknown, and so open."""
    chain = {f"r{number}": (f"r{number + 1}",) for number in range(40)}
    domain = Domain({"approved": ("r0",), **chain})
    reach = walk(domain, APPROVED)
    assert len(domain.asked) == MAX_SEARCHED
    way = domain.topology().way_around(rule(), REQUESTS)
    assert way is not None
    assert way.path[-2:] == ("r24", "?")
    assert "more than 25 repositories" in way.problem
    assert len(reach.stops) == MAX_SEARCHED + 1


def test_25_repositories_without_a_way_are_none() -> None:
    """The limit itself is no reason to doubt."""
    chain: Connections = {f"r{number}": (f"r{number + 1}",) for number in range(23)}
    domain = Domain({"approved": ("r0",), **chain, "r23": ()})
    assert domain.topology().way_around(rule(), REQUESTS) is None
    assert len(domain.asked) == MAX_SEARCHED


def test_what_is_behind_the_source_is_no_second_way() -> None:
    """Closing the way to intake closes the one to its connection."""
    reach = walk(Domain(DIRECT), APPROVED)
    assert [str(route) for route in routes(rule(), reach, "pypi")] == ["approved -> intake"]


def test_restrictions_are_asked_for_only_where_there_is_a_way() -> None:
    """A topology as it should be costs a description each five minutes, whatever the package."""
    domain = Domain({"approved": ()})
    topology = domain.topology([0, KEPT_SECONDS - 1, KEPT_SECONDS])
    for _ in range(2):
        assert topology.way_around(rule(), REQUESTS) is None
    assert domain.asked == ["approved"]
    assert topology.way_around(rule(), REQUESTS) is None
    assert domain.asked == ["approved", "approved"]


def test_groups_are_listed_only_for_an_allow_list() -> None:
    """And kept for five minutes like the repositories; what restricts the package is not kept."""
    each = ["DescribePackage", "GetAssociatedPackageGroup"]
    domain = Domain(DIRECT)
    topology = domain.topology()
    topology.way_around(rule(), REQUESTS)
    topology.way_around(rule(), REQUESTS)
    assert domain.asked == ["approved", "intake", *each, *each]
    domain = Domain(
        DIRECT,
        groups={"/pypi/*": INTERNAL_SOME},
        group="/pypi/*",
        allowed={("/pypi/*", "INTERNAL_UPSTREAM"): frozenset()},
    )
    topology = domain.topology()
    for _ in range(2):
        assert topology.way_around(rule(), REQUESTS) is None
    once = ["approved", "intake", *each, "ListPackageGroups"]
    assert domain.asked == [*once, *each]
    topology.forget({"a request"})
    assert topology.way_around(rule(), REQUESTS) is None
    assert domain.asked == [*once, *each, *once]


SETTINGS = [
    pytest.param({}, {}, ["/pypi/*"], False, id="the root group leaves it open"),
    pytest.param({"/*": INTERNAL_BLOCK}, {}, ["/pypi/*"], True, id="the root group closes it"),
    pytest.param({"/pypi/*": INTERNAL_BLOCK}, {}, ["/pypi/*"], True, id="a group of the pattern"),
    pytest.param({"/pypi/*": INTERNAL_BLOCK}, {}, ["/pypi//a~"], True, id="a wider group"),
    pytest.param({"/pypi//a~": INTERNAL_BLOCK}, {}, ["/pypi/*"], False, id="a narrower group"),
    pytest.param(
        {"/pypi/*": INTERNAL_BLOCK, "/pypi//a~": {"INTERNAL_UPSTREAM": "ALLOW"}},
        {},
        ["/pypi/*"],
        False,
        id="a more specific group opens it again",
    ),
    pytest.param(
        {"/pypi/*": INTERNAL_BLOCK, "/pypi//a~": {}},
        {},
        ["/pypi/*"],
        True,
        id="a more specific group inherits the block",
    ),
    pytest.param(
        {"/pypi/*": INTERNAL_BLOCK}, {}, ["/pypi/*", "/npm/*"], False, id="only one of two patterns"
    ),
    pytest.param(
        {"/pypi/*": INTERNAL_SOME},
        {("/pypi/*", "INTERNAL_UPSTREAM"): frozenset({"other"})},
        ["/pypi/*"],
        True,
        id="the list has others only",
    ),
    pytest.param(
        {"/pypi/*": INTERNAL_SOME},
        {("/pypi/*", "INTERNAL_UPSTREAM"): frozenset({"other", "approved"})},
        ["/pypi/*"],
        False,
        id="the list has this repository",
    ),
    pytest.param({"/pypi/*": EXTERNAL_BLOCK}, {}, ["/pypi/*"], False, id="the other type only"),
]


@pytest.mark.parametrize(("groups", "allowed", "texts", "closed"), SETTINGS)
def test_groups_close_the_ways_of_a_whole_rule(
    groups: Mapping[str, Mapping[RestrictionType, RestrictionMode]],
    allowed: Mapping[tuple[str, RestrictionType], frozenset[str]],
    texts: list[str],
    closed: bool,  # noqa: FBT001  a column of the table
) -> None:
    """For each of its packages, there or not; what restricts one package does not count."""
    domain = Domain(DIRECT, upstream="BLOCK", groups=groups, allowed=allowed)
    settings = GroupSettings(tuple(domain.all()), allowed)
    ways = routes_around(rule(*texts), walk(domain, APPROVED), settings)
    assert bool(ways) is not closed
    assert all(way.path == ("approved", "intake") for way in ways)


def test_a_connection_counts_for_the_patterns_of_its_format() -> None:
    """A pattern of all formats has each connection as a way."""
    reach = walk(Domain({"approved": (NPMJS,)}), APPROVED)
    settings = GroupSettings(tuple(Domain({}).all()))
    assert routes_around(rule("/pypi/*"), reach, settings) == []
    (way,) = routes_around(rule("/*"), reach, settings)
    assert way.path == ("approved", "public:npmjs")


def test_the_remedy_for_a_rule_names_each_open_pattern() -> None:
    """They need a group each."""
    settings = GroupSettings(tuple(Domain({}).all()))
    reach = walk(Domain(DIRECT), APPROVED)
    (way,) = routes_around(rule("/pypi/*", "/npm/*"), reach, settings)
    assert "for the package groups /pypi/* and /npm/* under" in way.remedy


@pytest.mark.parametrize(
    ("groups", "named"),
    [
        pytest.param(
            {"/pypi/*": INTERNAL_BLOCK, "/pypi//a~": {"INTERNAL_UPSTREAM": "ALLOW"}},
            "the package group /pypi//a~ under",
            id="the group that opens it, not the one that closes it already",
        ),
        pytest.param(
            {"/pypi//a~": {"INTERNAL_UPSTREAM": "ALLOW"}},
            "the package groups /pypi/* and /pypi//a~ under",
            id="both: a block of the wider one would not reach the narrower one",
        ),
        pytest.param(
            {"/pypi//a~": {}},
            "the package group /pypi/* under",
            id="the wider one, from which the narrower one inherits",
        ),
        pytest.param(
            {
                "/pypi/*": INTERNAL_BLOCK,
                "/pypi//a~": {"INTERNAL_UPSTREAM": "ALLOW"},
                "/pypi//a-b$": {},
            },
            "the package group /pypi//a~ under",
            id="and none that inherits from it",
        ),
    ],
)
def test_the_remedy_for_a_rule_names_the_groups_that_open_the_way(
    groups: Mapping[str, Mapping[RestrictionType, RestrictionMode]], named: str
) -> None:
    """A block of any other group would change nothing."""
    domain = Domain(DIRECT, groups=groups)
    settings = GroupSettings(tuple(domain.all()))
    (way,) = routes_around(rule("/pypi/*"), walk(domain, APPROVED), settings)
    assert f"for {named} `groups`" in way.remedy


def test_groups_that_are_not_known_close_nothing() -> None:
    """An answer without the root, a pattern that cannot be read, a list that was not read."""
    unread = PackageGroup("/ruby-gems/x~", "arn", {}, {"INTERNAL_UPSTREAM": "BLOCK"}, {})
    listless = PackageGroup(
        "/pypi/*", "arn", {"INTERNAL_UPSTREAM": SPECIFIC}, {"INTERNAL_UPSTREAM": SPECIFIC}, {}
    )
    reach = walk(Domain(DIRECT), APPROVED)
    for groups in ((), (unread,), (listless,)):
        assert routes_around(rule(), reach, GroupSettings(groups))
    assert not GroupSettings((unread,)).closes("/ruby-gems/x~", "INTERNAL_UPSTREAM", "approved")
