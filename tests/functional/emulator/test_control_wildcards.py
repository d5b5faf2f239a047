"""The wildcards of policies match as IAM says, in a bounded time."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.policy_patterns import like

TEXTS = st.text("ab:/", max_size=12)
PATTERNS = st.text("ab:/*?", max_size=8)


@given(pattern=PATTERNS, text=TEXTS)
def test_a_star_is_any_run_and_a_question_mark_any_one(pattern: str, text: str) -> None:
    """As the regular expression of the same meaning."""
    parts = {"*": ".*", "?": "."}
    meaning = "".join(parts.get(each, re.escape(each)) for each in pattern)
    assert like(pattern, text) is (re.fullmatch(meaning, text, re.DOTALL) is not None)


def test_a_pattern_of_many_stars_is_answered() -> None:
    """A regular expression would not come back from this one."""
    assert not like("*a" * 500 + "*b", "a" * 2_000)
    assert like("*a" * 500 + "*", "a" * 2_000)
