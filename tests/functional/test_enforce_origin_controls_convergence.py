"""Whatever happens to packages and events, a look at the repository brings what the policy says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emulator.core.values import RestrictionType
from steward.coordinates import (
    OriginType,
    Restriction,
    Restrictions,
    Status,
)
from tests.functional.origin_company import OriginCompany
from tests.functional.origin_model import (
    RULES,
    Version,
    restrictions_of,
    statuses_of,
)
from tests.functional.origin_policy import Above
from tests.functional.origin_story import (
    ELSEWHERE,
    HERE,
    Beginning,
    Deliver,
    Fetch,
    Publish,
    Restrict,
    SetStatus,
    Start,
    Step,
    Story,
    Sweep,
)

SCOPES = (*RULES, "inferred", "inferred", "unheard-of")
SETTABLE: tuple[Status, ...] = ("Published", "Unlisted", "Archived")

restriction = st.sampled_from(get_args(Restriction))
both = st.builds(Restrictions, restriction, restriction)
kinds = st.sampled_from(get_args(OriginType))
versions = st.builds(
    Version,
    status=st.sampled_from((*SETTABLE, "Unfinished", "Published")),
    origin=kinds,
    where=st.sampled_from((HERE, HERE, ELSEWHERE)),
)


number = st.integers(0, 7)
rates = st.sampled_from((0.0, 0.0, 0.05, 0.5))
starts = st.lists(
    st.builds(
        Start,
        scope=st.sampled_from(SCOPES),
        repository=st.integers(0, 2),
        restrictions=both,
        versions=st.lists(versions, max_size=4),
        exempt=st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=1)
        | st.just([])
        | st.just([]),
        weakly=st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
steps = st.lists(
    st.one_of(
        st.builds(Restrict, number, both),
        st.builds(SetStatus, number, number, st.sampled_from(SETTABLE)),
        st.builds(Fetch, number, st.integers(0, 2)),
        st.builds(Publish, number, st.integers(0, 2)),
        st.builds(
            Deliver,
            st.lists(st.integers(0, 30), min_size=1, max_size=10),
            rates,
            st.sampled_from((False, False, True)),
            st.sampled_from((True, True, False)),
        ),
        st.builds(Sweep, st.integers(0, 2), st.booleans(), rates),
    ),
    max_size=8,
)
modes = st.sampled_from(("ALLOW", "ALLOW", "BLOCK", "INHERIT", "ALLOW_SPECIFIC_REPOSITORIES"))
groups = st.dictionaries(
    st.sampled_from([*dict.fromkeys(SCOPES)]),
    st.dictionaries(st.sampled_from(get_args(RestrictionType)), modes, max_size=3),
    max_size=3,
)
rules_above: st.SearchStrategy[list[Above]] = st.just([]) | st.lists(
    st.builds(
        Above,
        scope=st.none() | st.sampled_from(SCOPES),
        repository=st.none() | st.integers(0, 2),
        kind=st.sampled_from((*RULES, "inferred")),
    ),
    max_size=3,
)
beginnings = st.builds(
    Beginning,
    packages=starts,
    groups=groups,
    above=rules_above,
    promoted_to=st.none() | st.integers(0, 2),
    archivable=st.booleans(),
)


# What random ones seldom are: a package that would be tightened, where nothing is inferred.
UNINFERRED = Beginning(
    packages=[
        Start(
            scope="inferred",
            repository=0,
            restrictions=Restrictions("ALLOW", "ALLOW"),
            versions=[Version("Published", "EXTERNAL")],
            exempt=[],
            weakly=False,
        )
    ],
    groups={},
    above=[],
    promoted_to=0,
    archivable=True,
)


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(beginning=beginnings, steps=steps)
@example(beginning=UNINFERRED, steps=[])
def test_any_history_ends_as_the_policy_says(
    company: OriginCompany, beginning: Beginning, steps: Sequence[Step]
) -> None:
    """And what was refused, found or mixed was told, and then the system rests."""
    story = Story(company, beginning)
    for step in steps:
        story.play(step)

    story.end()

    for package, model in story.models.items():
        assert company.restrictions(package) == restrictions_of(model)
        assert company.statuses(package) == statuses_of(
            model, unfinished_may_be_archived=beginning.archivable
        )
    story.was_told()
    story.rests()
