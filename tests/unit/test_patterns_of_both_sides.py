"""The policy and the local CodeArtifact read a pattern alike, each with code of its own."""

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core import group_patterns
from emulator.core.errors import Validation
from steward import patterns
from steward.coordinates import FORMATS
from steward.errors import PatternError

# Without @: a policy that names an npm scope as npm does is told so, CodeArtifact has no opinion.
PARTS = st.text(st.sampled_from("aAbB1-._~*$#%+ \u0301\u200d\u00e9\u0130\ufb01/"), max_size=5)
TEXTS = st.builds(
    lambda parts, count, suffix: f"/{'/'.join(parts[:count])}{suffix}",
    st.tuples(st.sampled_from([*FORMATS, "python", ""]), PARTS, PARTS),
    st.integers(1, 3),
    st.sampled_from(["*", "~", "$", "/*", ""]),
)


def of_the_policy(text: str) -> patterns.Pattern | None:
    """Return the pattern that *text* is in a policy."""
    try:
        return patterns.parse(text)
    except PatternError:
        return None


def of_codeartifact(text: str) -> group_patterns.Pattern | None:
    """Return the pattern that *text* is for the local CodeArtifact."""
    try:
        return group_patterns.parse(text)
    except Validation:
        return None


@settings(max_examples=1000)
@given(TEXTS, TEXTS)
def test_both_take_the_same_for_a_pattern_and_match_the_same_with_it(one: str, other: str) -> None:
    """So what the policy check lets through, CodeArtifact takes, and for the same packages."""
    mine, its = of_the_policy(one), of_codeartifact(one)
    assert (mine is None) == (its is None)
    second, its_second = of_the_policy(other), of_codeartifact(other)
    if mine and its and second and its_second:
        assert mine.covers(second) == its.covers(its_second)
        assert mine.matches(second.stem) == its.matches(second.stem)
