"""Which restrictions a package gets, and what becomes of versions from outside: case by case."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforce_origin_controls.decision import (
    Decision,
    Drifted,
    Mixed,
    Settled,
    by_origins,
    by_restrictions,
    exemption,
    external_versions,
    in_use_from_outside,
    unless_grouped,
    without_a_look,
)
from steward.codeartifact import AssociatedGroup
from steward.coordinates import Origin, Restriction, Restrictions, Status
from steward.policy import OriginRule
from tests.unit.fake_origin_domain import (
    ARCHIVING,
    CLOSED,
    ELSEWHERE,
    EXPLICIT,
    HERE,
    INFERRED,
    INTERNAL,
    NOW,
    OPEN,
    OUTSIDE,
    PUBLIC,
    PUBLIC_RULE,
    REPORTING,
    ROOT_GROUP,
    UNKNOWN,
    exempted,
    named,
    version,
)

ALL = [OPEN, INTERNAL, PUBLIC, CLOSED]
UPSTREAM_ONLY = replace(EXPLICIT, publish=None, upstream="BLOCK")
BOTH = replace(EXPLICIT, publish="ALLOW", upstream="ALLOW")


@pytest.mark.parametrize(
    ("rule", "current", "after"),
    [
        pytest.param(ARCHIVING, OPEN, INTERNAL, id="internal closes upstream"),
        pytest.param(ARCHIVING, PUBLIC, INTERNAL, id="internal turns a public one around"),
        pytest.param(ARCHIVING, CLOSED, INTERNAL, id="internal opens publishing"),
        pytest.param(ARCHIVING, INTERNAL, None, id="internal already"),
        pytest.param(PUBLIC_RULE, OPEN, PUBLIC, id="public closes publishing"),
        pytest.param(PUBLIC_RULE, INTERNAL, PUBLIC, id="public turns an internal one around"),
        pytest.param(PUBLIC_RULE, CLOSED, PUBLIC, id="public opens upstream"),
        pytest.param(PUBLIC_RULE, PUBLIC, None, id="public already"),
        pytest.param(EXPLICIT, OPEN, PUBLIC, id="publish given: upstream stays open"),
        pytest.param(EXPLICIT, INTERNAL, CLOSED, id="publish given: upstream stays closed"),
        pytest.param(EXPLICIT, CLOSED, None, id="publish given, and so already"),
        pytest.param(UPSTREAM_ONLY, OPEN, INTERNAL, id="upstream given: publish stays open"),
        pytest.param(UPSTREAM_ONLY, PUBLIC, CLOSED, id="upstream given: publish stays closed"),
        pytest.param(BOTH, CLOSED, OPEN, id="both given: an explicit rule may open"),
        pytest.param(BOTH, OPEN, None, id="both given, and so already"),
    ],
)
def test_restrictions_that_the_rule_says(
    rule: OriginRule, current: Restrictions, after: Restrictions | None
) -> None:
    """A rule with restrictions needs nothing but the current ones."""
    decision = by_restrictions(rule, current)
    if after is None:
        assert decision == Settled("the restrictions are what the rule says")
    else:
        assert isinstance(decision, Drifted)
        assert (decision.before, decision.after) == (current, after)
        assert decision.reason


@pytest.mark.parametrize("current", [OPEN, INTERNAL, PUBLIC], ids=str)
def test_inferring_needs_the_versions_while_something_is_open(current: Restrictions) -> None:
    """Only they can tell."""
    assert by_restrictions(INFERRED, current) is None


def test_where_both_are_closed_nothing_is_left_to_infer() -> None:
    """Not one version has to be listed for that."""
    assert isinstance(by_restrictions(INFERRED, CLOSED), Settled)


@pytest.mark.parametrize(
    ("rule", "promoted_to", "settled"),
    [
        pytest.param(INFERRED, True, True, id="inferred, in a repository that is promoted to"),
        pytest.param(INFERRED, False, False, id="inferred, elsewhere"),
        pytest.param(ARCHIVING, True, False, id="internal is meant, wherever it is"),
        pytest.param(PUBLIC_RULE, True, False, id="public too"),
        pytest.param(EXPLICIT, True, False, id="explicit too"),
    ],
)
def test_nothing_is_inferred_where_versions_are_promoted_to(
    rule: OriginRule, *, promoted_to: bool, settled: bool
) -> None:
    """That is known before the first call."""
    assert (without_a_look(rule, promoted_to=promoted_to) is not None) == settled


@pytest.mark.parametrize(
    ("origins", "current", "expected"),
    [
        pytest.param([HERE], OPEN, INTERNAL, id="published here: upstream closes"),
        pytest.param([HERE, HERE], INTERNAL, None, id="published here, closed already"),
        pytest.param([HERE], PUBLIC, CLOSED, id="published here: publish BLOCK stays"),
        pytest.param([OUTSIDE], OPEN, PUBLIC, id="from outside: publishing closes"),
        pytest.param([OUTSIDE, OUTSIDE], PUBLIC, None, id="from outside, closed already"),
        pytest.param([OUTSIDE], INTERNAL, CLOSED, id="from outside: upstream BLOCK stays"),
        pytest.param([], OPEN, None, id="no versions"),
        pytest.param([ELSEWHERE], OPEN, None, id="published to another repository"),
        pytest.param([HERE, ELSEWHERE], OPEN, None, id="one published to another repository"),
        pytest.param([Origin("INTERNAL")], OPEN, None, id="published nobody knows where"),
        pytest.param([UNKNOWN], OPEN, None, id="unknown"),
        pytest.param([HERE, UNKNOWN], OPEN, None, id="one unknown among those published here"),
        pytest.param([OUTSIDE, UNKNOWN], OPEN, None, id="one unknown among those from outside"),
    ],
)
def test_restrictions_inferred_from_origins(
    origins: list[Origin], current: Restrictions, expected: Restrictions | None
) -> None:
    """All of one origin: tightened. Anything else: left."""
    decision = inferred(origins, current)
    if expected is None:
        assert isinstance(decision, Settled)
    else:
        assert isinstance(decision, Drifted)
        assert (decision.before, decision.after) == (current, expected)


@pytest.mark.parametrize(
    ("origins", "counts"),
    [
        pytest.param([HERE, OUTSIDE], (1, 1), id="from here and from outside"),
        pytest.param([ELSEWHERE, OUTSIDE, OUTSIDE], (1, 2), id="from another repository"),
        pytest.param([HERE, OUTSIDE, UNKNOWN], (1, 1), id="with an unknown one among them"),
    ],
)
def test_a_package_of_mixed_origin_is_left_to_a_person(
    origins: list[Origin], counts: tuple[int, int]
) -> None:
    """It says how many of each there are."""
    decision = inferred(origins, OPEN)
    assert isinstance(decision, Mixed)
    assert (decision.internal, decision.external) == counts


@pytest.mark.parametrize("status", ["Archived", "Disposed", "Unlisted", "Unfinished"])
def test_a_version_counts_in_every_status(status: Status) -> None:
    """How a version entered does not change when its status does."""
    versions = [version("1.0", HERE), version("1.1", OUTSIDE, status)]
    assert isinstance(by_origins(OPEN, versions, repository="npm-internal"), Mixed)


@given(
    current=st.sampled_from(ALL),
    origins=st.lists(st.sampled_from([HERE, ELSEWHERE, OUTSIDE, UNKNOWN])),
)
def test_inferring_never_opens_anything(current: Restrictions, origins: list[Origin]) -> None:
    """Whatever the versions are, BLOCK stays BLOCK, and a second look finds nothing to do."""
    decision = inferred(origins, current)
    if not isinstance(decision, Drifted):
        return
    for before, after in (
        (current.publish, decision.after.publish),
        (current.upstream, decision.after.upstream),
    ):
        assert (before, after) != ("BLOCK", "ALLOW")
    assert decision.after != current
    assert isinstance(inferred(origins, decision.after), Settled)


@given(
    current=st.sampled_from(ALL),
    publish=st.sampled_from(["ALLOW", "BLOCK", None]),
    upstream=st.sampled_from(["ALLOW", "BLOCK", None]),
)
def test_a_rule_is_satisfied_by_what_it_asks_for(
    current: Restrictions, publish: Restriction | None, upstream: Restriction | None
) -> None:
    """One write is enough, and what the rule leaves open is not touched."""
    rule = replace(EXPLICIT, publish=publish, upstream=upstream)
    decision = by_restrictions(rule, current)
    after = decision.after if isinstance(decision, Drifted) else current
    assert after.publish == (publish or current.publish)
    assert after.upstream == (upstream or current.upstream)
    assert isinstance(by_restrictions(rule, after), Settled)


@pytest.mark.parametrize(
    ("group", "left"),
    [
        pytest.param(ROOT_GROUP, False, id="the untouched root group leaves it to the package"),
        pytest.param(
            AssociatedGroup("/npm/inferred/*", "STRONG", {**ROOT_GROUP.modes, "PUBLISH": "BLOCK"}),
            True,
            id="a group that blocks something",
        ),
        pytest.param(
            AssociatedGroup(
                "/npm/inferred/*",
                "STRONG",
                {**ROOT_GROUP.modes, "EXTERNAL_UPSTREAM": "ALLOW_SPECIFIC_REPOSITORIES"},
            ),
            True,
            id="a group that allows some repositories",
        ),
        pytest.param(
            AssociatedGroup("/npm/inferred/u_i$", "WEAK", ROOT_GROUP.modes),
            True,
            id="a weak match",
        ),
        pytest.param(AssociatedGroup("/npm/*", "STRONG", {}), True, id="nobody knows its modes"),
    ],
)
def test_a_group_that_says_something_decides(group: AssociatedGroup, *, left: bool) -> None:
    """What is inferred gives way to what somebody has said."""
    drifted = Drifted(OPEN, INTERNAL, "of a test")
    decision = unless_grouped(drifted, group)
    assert isinstance(decision, Settled) if left else decision is drifted


@pytest.mark.parametrize(
    ("days", "found"),
    [
        pytest.param(7, True, id="in force"),
        pytest.param(0, False, id="ends this moment"),
        pytest.param(-1, False, id="over"),
    ],
)
@pytest.mark.parametrize("what", [None, "1.0"], ids=["of the restrictions", "of a version"])
def test_an_exemption_holds_until_its_end(what: str | None, *, days: int, found: bool) -> None:
    """An expired one may still be in the table."""
    made = [exempted(named(), what, days=days)]
    assert (exemption(made, what, now=NOW) is not None) == found


def test_an_exemption_speaks_of_one_thing() -> None:
    """That of the restrictions is none of a version, nor is that of another version."""
    made = [exempted(named(), None), exempted(named(), "1.0")]
    assert exemption(made, "1.1", now=NOW) is None
    assert exemption(made[1:], None, now=NOW) is None


def test_of_two_exemptions_the_longer_one_is_named() -> None:
    """A person wants to know until when."""
    short, long = exempted(named(), days=1), exempted(named(), days=2)
    assert exemption([short, long, replace(short)], None, now=NOW) is long


@pytest.mark.parametrize(
    ("origin", "status", "in_use"),
    [
        pytest.param(OUTSIDE, "Published", True, id="from outside and published"),
        pytest.param(OUTSIDE, "Unlisted", True, id="from outside and unlisted: still downloadable"),
        pytest.param(OUTSIDE, "Unfinished", True, id="from outside and unfinished"),
        pytest.param(OUTSIDE, "Archived", False, id="archived"),
        pytest.param(OUTSIDE, "Disposed", False, id="disposed"),
        pytest.param(OUTSIDE, "Deleted", False, id="deleted"),
        pytest.param(HERE, "Published", False, id="published here"),
        pytest.param(ELSEWHERE, "Published", False, id="published to another repository"),
        pytest.param(UNKNOWN, "Published", False, id="unknown"),
    ],
)
def test_which_versions_are_in_use_and_from_outside(
    origin: Origin, status: Status, *, in_use: bool
) -> None:
    """Only those are anybody's business."""
    assert bool(in_use_from_outside([version("1.0", origin, status)])) == in_use


def test_versions_from_outside_come_by_name() -> None:
    """A list has no particular order; a message for a person should."""
    found = in_use_from_outside([version("2.0"), version("1.0"), version("1.5")])
    assert [one.version for one in found] == ["1.0", "1.5", "2.0"]


@pytest.mark.parametrize(
    ("rule", "archived", "reported"),
    [
        pytest.param(ARCHIVING, ["1.0", "3.0"], [], id="archived"),
        pytest.param(REPORTING, [], ["1.0", "3.0"], id="only reported"),
    ],
)
def test_what_becomes_of_versions_from_outside(
    rule: OriginRule, archived: list[str], reported: list[str]
) -> None:
    """As the rule says, but for those that a person wants to keep for now."""
    exemptions = [
        exempted(named(), "2.0"),
        exempted(named(), "3.0", made=NOW - timedelta(days=8)),
        exempted(named(), None),
    ]
    found = [version(text) for text in ("1.0", "2.0", "3.0")]
    external = external_versions(found, rule=rule, exemptions=exemptions, now=NOW)
    assert [one.version for one in external.archive] == archived
    assert [one.version for one in external.report] == reported
    assert [one.version for one in external.kept] == [found[1]]


def inferred(origins: list[Origin], current: Restrictions) -> Decision:
    """Decide about a package of ``npm-internal`` with versions of *origins*."""
    versions = [version(f"1.{number}", origin) for number, origin in enumerate(origins)]
    return by_origins(current, versions, repository="npm-internal")
