"""Whether a version is promoted, held or refused: the table, and what holds for all of them."""

from dataclasses import replace
from datetime import datetime

import pytest

from promote_versions.decision import Decided, Need, at_first_sight, judge, wanted
from promote_versions.facts import VersionFacts
from promote_versions.records import Approval
from steward.promotion_rules import (
    MinimumAge,
    PromotionRule,
    Requirements,
    VersionChoice,
    matcher,
)
from tests.unit.promotion_values import (
    DOWN,
    HASH,
    HELD_DEPENDENCY,
    HIGH,
    LAST_WEEK,
    LISTED,
    MIT,
    NOW,
    QUARTER,
    REQUESTS,
    TOMORROW,
    VERSION,
    WEEK,
    YESTERDAY,
    asset,
    facts,
    licences,
    named,
    package,
    rule,
    said,
    vulnerability,
)

AGE = MinimumAge(WEEK)


@pytest.mark.parametrize(
    ("known", "ruled", "approval", "state", "due", "gates"),
    [
        pytest.param(facts(), rule(), None, "approved", None, set(), id="no gate: approved"),
        pytest.param(
            facts(released_at=LAST_WEEK), rule(minimum_age=AGE), None, "approved", None, set(),
            id="a week old: approved",
        ),
        pytest.param(
            facts(released_at=YESTERDAY), rule(minimum_age=AGE), None, "held", YESTERDAY + WEEK,
            {"minimum_age"}, id="a day old: held until it is a week old",
        ),
        pytest.param(
            facts(released_at=YESTERDAY), rule(minimum_age=AGE, approval="manual"), None, "held",
            YESTERDAY + WEEK, {"minimum_age", "approval"},
            id="too young and not approved: due when it is old enough",
        ),
        pytest.param(
            facts(released_at=YESTERDAY, vulnerabilities=DOWN),
            rule(minimum_age=AGE, vulnerabilities=HIGH), None, "held", QUARTER,
            {"minimum_age", "vulnerabilities"}, id="of two holds the first end counts",
        ),
        pytest.param(
            facts(released_at=YESTERDAY, vulnerabilities=(vulnerability("MAL-2026-1"),)),
            rule(minimum_age=AGE, vulnerabilities=HIGH), None, "refused", None,
            {"vulnerabilities"}, id="too young and malicious: refused",
        ),
        pytest.param(
            facts(vulnerabilities=(vulnerability("MAL-2026-1"),)), rule(), None, "refused", None,
            {"vulnerabilities"}, id="malicious, and nobody has asked for it: refused all the same",
        ),
        pytest.param(
            facts(), rule(approval="manual"), None, "held", None, {"approval"},
            id="manual: held until somebody approves",
        ),
        pytest.param(
            facts(), rule(approval="manual"), said("approve"), "approved", None, set(),
            id="manual and approved",
        ),
        pytest.param(
            facts(released_at=YESTERDAY), rule(minimum_age=AGE, approval="manual"),
            said("approve"), "held", YESTERDAY + WEEK, {"minimum_age"},
            id="an approval stands for no other gate",
        ),
        pytest.param(
            facts(), rule(approval="manual"), said("approve", "before"), "held", None,
            {"approval"}, id="approved at another revision: held",
        ),
        pytest.param(
            facts(), rule(), said("reject"), "refused", None, {"approval"},
            id="rejected, though the rule asks nobody",
        ),
        pytest.param(
            facts(licences=licences("Own")), rule(licences=MIT), None, "held", TOMORROW,
            {"licences"}, id="an unknown licence: held for a day",
        ),
        pytest.param(
            facts(assets={"a": asset("a", sha256=HASH)}), rule(integrity=LISTED), None, "approved",
            None, set(), id="listed in the lock file",
        ),
        pytest.param(
            facts(assets={"a": asset("a", sha256="b" * 64)}), rule(integrity=LISTED), None,
            "refused", None, {"integrity"}, id="other contents than in the lock file",
        ),
        pytest.param(
            facts(dependencies=(HELD_DEPENDENCY,)), rule(include_dependencies=True), None, "held",
            TOMORROW, {"dependencies"}, id="held with what it needs",
        ),
        pytest.param(
            facts(dependencies=(HELD_DEPENDENCY,)), rule(), None, "approved", None, set(),
            id="what it needs does not matter unless the rule includes it",
        ),
        pytest.param(
            facts(bypass="pypi-approved -> pypi-intake"), rule(), None, "refused", None,
            {"bypass"}, id="a way around the gates: refused",
        ),
        pytest.param(
            facts(of=package("maven", "library", "com.mycompany"), version=named("1-SNAPSHOT")),
            rule(), None, "refused", None, {"snapshots"}, id="a snapshot: refused",
        ),
        pytest.param(
            facts(version=replace(VERSION, status="Unfinished")), rule(), None, "held", None,
            {"status"}, id="unfinished: held until an event says more",
        ),
        pytest.param(
            facts(withdrawn=""), rule(minimum_age=None), None, "refused", None, {"withdrawn"},
            id="yanked: refused",
        ),
        pytest.param(
            facts(version=named("2.0rc1")), rule(versions=VersionChoice(releases_only=True)),
            None, "refused", None, {"versions"}, id="a pre-release, and releases are wanted",
        ),
    ],
)  # fmt: skip
def test_what_becomes_of_a_version(
    known: VersionFacts,
    ruled: PromotionRule,
    approval: Approval | None,
    *,
    state: Decided,
    due: datetime | None,
    gates: set[str],
) -> None:
    """Refuse beats hold beats pass; the reason is that of the gates that decided."""
    judgement = judge(known, ruled, approval=approval, now=NOW)
    assert (judgement.state, judgement.due) == (state, due)
    outcomes = {"refused": "refuse", "held": "hold"}
    deciding = [one for one in judgement.verdicts if one.outcome == outcomes.get(state)]
    assert {one.gate for one in deciding} == gates
    assert all(one.reason in judgement.reason for one in deciding)
    assert judgement.reason


@pytest.mark.parametrize(
    ("known", "ruled", "approval", "asks"),
    [
        pytest.param(facts(), rule(approval="manual"), None, True, id="nothing else is missing"),
        pytest.param(
            facts(), rule(approval="manual"), said("approve", "before"), True, id="it has changed"
        ),
        pytest.param(
            facts(released_at=YESTERDAY),
            rule(minimum_age=AGE, approval="manual"),
            None,
            False,
            id="it is too young as well",
        ),
        pytest.param(facts(bypass="x"), rule(approval="manual"), None, False, id="it is refused"),
        pytest.param(facts(), rule(approval="manual"), said("approve"), False, id="it is approved"),
        pytest.param(facts(), rule(), None, False, id="nobody has to be asked"),
    ],
)
def test_a_person_is_asked_when_everything_else_is_there(
    known: VersionFacts, ruled: PromotionRule, approval: Approval | None, *, asks: bool
) -> None:
    """And not before: people's time is for what cannot be decided without them."""
    assert judge(known, ruled, approval=approval, now=NOW).asks_a_person is asks


@pytest.mark.parametrize(
    ("ruled", "needs"),
    [
        pytest.param(rule(), set(), id="nothing is required"),
        pytest.param(rule(minimum_age=AGE), {"release_times"}, id="an age"),
        pytest.param(
            rule(minimum_age=MinimumAge(WEEK, security_fixes=True)),
            {"release_times", "security_fixes"},
            id="an age, but for security fixes",
        ),
        pytest.param(rule(vulnerabilities=HIGH), {"vulnerabilities"}, id="no vulnerability"),
        pytest.param(rule(licences=MIT), {"licences"}, id="a licence"),
        pytest.param(rule(integrity=LISTED), {"assets"}, id="a lock file"),
        pytest.param(rule(include_dependencies=True), {"dependencies"}, id="dependencies"),
        pytest.param(
            rule(allow=(), origin=frozenset({"internal"}), versions=VersionChoice()),
            set(),
            id="what a list of versions tells needs no look-up",
        ),
    ],
)
def test_only_what_a_gate_needs_is_looked_up(ruled: PromotionRule, needs: set[Need]) -> None:
    """Each look-up costs calls."""
    assert wanted(ruled) == needs


@pytest.mark.parametrize(
    ("ruled", "gates"),
    [
        pytest.param(rule(minimum_age=AGE, vulnerabilities=HIGH), set(), id="nothing refuses"),
        pytest.param(rule(deny=(matcher("/pypi/*"),)), {"deny"}, id="denied"),
        pytest.param(rule(allow=()), {"allow"}, id="not allowed"),
        pytest.param(rule(origin=frozenset({"internal"})), {"origin"}, id="from outside"),
        pytest.param(rule(versions=VersionChoice(range="<2")), {"versions"}, id="out of range"),
    ],
)
def test_what_is_refused_at_first_sight_is_not_looked_up(
    ruled: PromotionRule, gates: set[str]
) -> None:
    """These gates judge by the row of a list."""
    answers = at_first_sight(VERSION, REQUESTS, ruled)
    assert {one.gate for one in answers if one.outcome == "refuse"} == gates


def test_requirements_without_gates_are_the_default() -> None:
    """`require: {}` is automatic with no further gate."""
    assert rule().require == Requirements()
    assert judge(facts(), rule(), approval=None, now=NOW).state == "approved"
