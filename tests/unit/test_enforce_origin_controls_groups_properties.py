"""What packages may do while their groups are changed, over random domains and policies."""

from collections.abc import Iterable
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from enforce_origin_controls.groups_apply import Outcome, apply, planned
from steward.coordinates import RestrictionMode, RestrictionType
from steward.group_restrictions import ROOT, TYPES
from steward.policy import GroupDeclaration
from tests.unit.fake_package_groups import LISTED, FakeDomain, declaration, refusal

PATTERNS = ["/npm/*", "/npm/a/*", "/npm/a/b~", "/npm/a/b$", "/npm/a/b-c$", "/pypi/*"]
PACKAGES = ["/npm/a/b", "/npm/a/b-c", "/npm/a/d", "/npm//e", "/pypi//f", "/maven/g/h"]
REPOSITORIES = frozenset("xyz")
WRITES = frozenset(
    {"CreatePackageGroup", "DeletePackageGroup", "UpdatePackageGroupOriginConfiguration"}
)

Modes = dict[RestrictionType, RestrictionMode]
Lists = dict[RestrictionType, set[str]]
Before = dict[str, tuple[Modes, Lists, bool]]
After = dict[str, tuple[Modes, Lists]]

modes: st.SearchStrategy[Modes] = st.fixed_dictionaries(
    dict.fromkeys(TYPES, st.sampled_from(get_args(RestrictionMode)))
)
lists: st.SearchStrategy[Lists] = st.fixed_dictionaries(
    dict.fromkeys(TYPES, st.sets(st.sampled_from(sorted(REPOSITORIES))))
)
domains = st.dictionaries(st.sampled_from(PATTERNS), st.tuples(modes, lists, st.booleans()))
policies = st.dictionaries(st.sampled_from([*PATTERNS, ROOT]), st.tuples(modes, lists))


def domain_with(before: Before) -> FakeDomain:
    """Return a domain that has these groups."""
    domain = FakeDomain()
    for pattern, (own, listed, ours) in before.items():
        domain.add(pattern, ours=ours, allowed=listed)
        domain.groups[pattern].modes = dict(own)
    return domain


def declared_by(after: After) -> list[GroupDeclaration]:
    """Return the declarations of a policy with these groups."""
    declared = []
    for pattern, (own, listed) in after.items():
        chosen = {
            kind: "ALLOW" if (mode, pattern) == ("INHERIT", ROOT) else mode
            for kind, mode in own.items()
            if mode != LISTED
        }
        allowed = {kind: listed[kind] for kind, mode in own.items() if mode == LISTED}
        declared.append(declaration(pattern, allowed=allowed, **chosen))
    return declared


def brought_about(domain: FakeDomain, declared: list[GroupDeclaration]) -> list[Outcome]:
    """Return what became of each group."""
    return apply(planned(domain.gateway, declared), domain.gateway)


def open_to(domain: FakeDomain, path: str, kind: RestrictionType) -> frozenset[str]:
    """Return the repositories that a package is open to; ALLOW has one more than any list."""
    mode, listed = domain.effective(path, kind)
    if mode == "ALLOW":
        return REPOSITORIES | {"any other"}
    return frozenset(listed or ())


def freedoms(domain: FakeDomain) -> dict[tuple[str, RestrictionType], frozenset[str]]:
    """Return what every package is open to."""
    return {(path, kind): open_to(domain, path, kind) for path in PACKAGES for kind in TYPES}


@given(before=domains, after=policies)
def test_every_package_goes_from_the_old_policy_to_the_new_one_at_once(
    before: Before, after: After
) -> None:
    """
    Between two calls, what a package may do is what it was or what it will be.

    In the end, the declared groups are as declared, and nothing of ours is left besides.
    """
    domain, declared = domain_with(before), declared_by(after)
    seen: dict[tuple[str, RestrictionType], list[object]] = {
        (path, kind): [domain.effective(path, kind)] for path in PACKAGES for kind in TYPES
    }

    def look() -> None:
        for (path, kind), states in seen.items():
            state = domain.effective(path, kind)
            if states[-1] != state:
                states.append(state)

    domain.before = lambda _, __: look()
    outcomes = brought_about(domain, declared)
    look()
    assert all(len(states) <= 2 for states in seen.values())
    assert all(one.as_declared for one in outcomes)
    for one in declared:
        group = domain.groups[str(one.pattern)]
        assert group.modes == one.modes
        assert all(
            group.lists.get(kind, set()) == set(names) for kind, names in one.allowed.items()
        )
    undeclared: Iterable[str] = set(domain.groups) - {str(one.pattern) for one in declared} - {ROOT}
    assert not any(domain.groups[pattern].tags for pattern in undeclared)
    domain.counted()
    brought_about(domain, declared)
    assert WRITES.isdisjoint(domain.counted())


@given(
    before=domains,
    after=policies,
    refused=st.sets(st.sampled_from([*PATTERNS, ROOT]), min_size=1, max_size=2),
)
def test_whatever_is_refused_no_package_is_more_open_than_before_and_than_declared(
    before: Before, after: After, refused: set[str]
) -> None:
    """At no time, and in the end neither; once nothing is refused any more, all is as declared."""
    domain, declared = domain_with(before), declared_by(after)
    as_declared = domain_with(before)
    brought_about(as_declared, declared)
    wanted = freedoms(as_declared)
    limits = {key: was | wanted[key] for key, was in freedoms(domain).items()}

    def refuse(operation: str, pattern: str) -> None:
        assert all(now <= limits[key] for key, now in freedoms(domain).items())
        if operation in WRITES and pattern in refused:
            raise refusal(operation, "AccessDeniedException")

    domain.before = refuse
    brought_about(domain, declared)
    domain.before = lambda _, __: None
    assert all(now <= limits[key] for key, now in freedoms(domain).items())
    brought_about(domain, declared)
    assert freedoms(domain) == wanted
