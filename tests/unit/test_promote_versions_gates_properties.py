"""What holds for every promotion rule, whatever is known about a version."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from promote_versions.decision import Decided, at_first_sight, concluded, judge
from promote_versions.facts import Unavailable, VersionFacts
from promote_versions.records import Approval
from promote_versions.verdicts import OUTCOMES, Verdict
from steward.coordinates import Origin
from steward.promotion_rules import (
    MinimumAge,
    PromotionRule,
    VersionChoice,
    Vulnerabilities,
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
    TOMORROW,
    VERSION,
    WEEK,
    YESTERDAY,
    asset,
    facts,
    licences,
    named,
    rule,
    said,
    vulnerability,
)

_TIMES = st.sampled_from([None, DOWN, LAST_WEEK, YESTERDAY, NOW + WEEK])
_FACTS = st.builds(
    facts,
    version=st.sampled_from(
        [VERSION, named("2.0rc1"), named("nonsense"), replace(VERSION, origin=Origin("INTERNAL")),
         replace(VERSION, status="Unlisted"), replace(VERSION, revision=None)]
    ),
    released_at=_TIMES,
    withdrawn=st.sampled_from([None, None, None, "", "broken"]),
    vulnerabilities=st.sampled_from(
        [(), DOWN, (vulnerability(),), (vulnerability(severity="low"),),
         (vulnerability(severity=None),), (vulnerability("MAL-1"),)]
    ),
    security_fix=st.booleans(),
    licences=st.sampled_from([(), DOWN, licences("MIT"), licences("ISC"), licences("Own")]),
    assets=st.sampled_from(
        [{}, DOWN, {"a": asset("a", sha256=HASH)}, {"a": asset("a", sha256="b" * 64)}]
    ),
    dependencies=st.sampled_from([(), DOWN, (HELD_DEPENDENCY,)]),
    bypass=st.sampled_from([None, None, None, "approved -> intake"]),
)  # fmt: skip
_GATES: dict[str, st.SearchStrategy[object]] = {
    "minimum_age": st.builds(
        MinimumAge,
        st.just(WEEK),
        st.sampled_from([(), (matcher("/pypi/*"),)]),
        st.booleans(),
    ),
    "vulnerabilities": st.sampled_from([HIGH, Vulnerabilities("low")]),
    "licences": st.just(MIT),
    "origin": st.sampled_from([frozenset({"public:pypi"}), frozenset({"internal"})]),
    "allow": st.sampled_from([(), (matcher("/pypi/*"),)]),
    "deny": st.sampled_from([(matcher("pkg:pypi/requests@2.0rc1"),), (matcher("/pypi/*"),)]),
    "versions": st.sampled_from([VersionChoice(releases_only=True), VersionChoice(range=">=2")]),
    "integrity": st.just(LISTED),
    "approval": st.just("manual"),
}
_REQUIRED = st.fixed_dictionaries({}, optional=_GATES)
_APPROVALS = st.sampled_from([None, said("approve"), said("approve", "before"), said("reject")])


def _ruled(required: dict[str, object], *, include_dependencies: bool = False) -> PromotionRule:
    return rule(include_dependencies=include_dependencies, **required)


@given(
    known=_FACTS,
    required=_REQUIRED,
    approval=_APPROVALS,
    gate=st.sampled_from(sorted(_GATES)),
    include_dependencies=st.booleans(),
    data=st.data(),
)
def test_another_gate_never_lets_more_through(
    known: VersionFacts,
    required: dict[str, object],
    approval: Approval | None,
    *,
    gate: str,
    include_dependencies: bool,
    data: st.DataObject,
) -> None:
    """What is held or refused stays out when the rule asks for more."""
    fewer = {name: value for name, value in required.items() if name != gate}
    more = {**fewer, gate: data.draw(_GATES[gate])}
    before = judge(
        known, _ruled(fewer, include_dependencies=include_dependencies), approval=approval, now=NOW
    )
    after = judge(
        known, _ruled(more, include_dependencies=include_dependencies), approval=approval, now=NOW
    )
    assert after.state != "approved" or before.state == "approved"
    assert before.state != "refused" or after.state == "refused"


@given(_FACTS, _REQUIRED, _APPROVALS)
def test_a_missing_answer_never_approves(
    known: VersionFacts, required: dict[str, object], approval: Approval | None
) -> None:
    """Where the gate that asked is required, and nothing excepts the version from it."""
    judgement = judge(known, _ruled(required), approval=approval, now=NOW)
    if known.bypass is not None:  # the gates that need facts are not asked
        assert judgement.state == "refused"
        return
    missing = {
        "minimum_age": isinstance(known.released_at, Unavailable | None),
        "vulnerabilities": isinstance(known.vulnerabilities, Unavailable),
        "licences": isinstance(known.licences, Unavailable),
        "integrity": isinstance(known.assets, Unavailable),
    }
    age = required.get("minimum_age")
    if isinstance(age, MinimumAge) and (
        age.exceptions or (age.security_fixes and known.security_fix)
    ):
        missing["minimum_age"] = False
    for gate in required:
        if missing.get(gate):
            assert judgement.state != "approved"
            (verdict,) = (one for one in judgement.verdicts if one.gate == gate)
            assert verdict.outcome == "hold"
            assert verdict.until is not None
            assert verdict.until > NOW


@given(_FACTS, _REQUIRED, _APPROVALS)
def test_an_approved_version_was_let_through_by_every_gate(
    known: VersionFacts, required: dict[str, object], approval: Approval | None
) -> None:
    """Each gate that the rule names has answered, and what a record keeps of it is JSON."""
    judgement = judge(known, _ruled(required), approval=approval, now=NOW)
    answered = {one.gate: one.outcome for one in judgement.verdicts}
    asked = set(required) - ({"allow", "deny"} if {"allow", "deny"} <= set(required) else set())
    assert judgement.state == "refused" or asked <= set(answered)
    if judgement.state == "approved":
        assert set(answered.values()) == {"pass"}
        assert known.version.status == "Published"
        assert known.version.revision is not None
        assert known.bypass is None
    assert (judgement.due is None) or judgement.due > NOW
    json.dumps([dict(one.facts) for one in judgement.verdicts], allow_nan=False)


@given(_FACTS, _REQUIRED)
def test_a_first_sight_is_never_milder_than_a_judgement(
    known: VersionFacts, required: dict[str, object]
) -> None:
    """What it refuses is refused, so that nothing has to be looked up for it."""
    ruled = _ruled(required)
    seen = at_first_sight(known.version, known.package, ruled)
    judgement = judge(known, ruled, approval=None, now=NOW)
    assert all(one in judgement.verdicts for one in seen)
    if any(one.outcome == "refuse" for one in seen):
        assert judgement.state == "refused"


_VERDICTS = st.lists(
    st.builds(
        Verdict,
        st.sampled_from(["minimum_age", "approval", "licences", "another"]),
        st.sampled_from(OUTCOMES),
        st.sampled_from(["one reason", "another reason"]),
        st.sampled_from([None, QUARTER, TOMORROW]),
    ),
    max_size=5,
)


@given(_VERDICTS, st.randoms())
def test_the_order_of_the_gates_does_not_matter(verdicts: list[Verdict], chance: object) -> None:
    """Nobody has to know in which order they were asked."""
    shuffled = list(verdicts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    one, other = concluded(verdicts), concluded(shuffled)
    assert (one.state, one.due, one.reason, one.asks_a_person) == (
        other.state,
        other.due,
        other.reason,
        other.asks_a_person,
    )


@given(_VERDICTS, _VERDICTS)
def test_one_more_verdict_never_lets_a_version_through(
    verdicts: list[Verdict], more: list[Verdict]
) -> None:
    """Refuse beats hold beats pass, whoever says it."""
    rank: dict[Decided, int] = {"approved": 0, "held": 1, "refused": 2}
    assert rank[concluded([*verdicts, *more]).state] >= rank[concluded(verdicts).state]
