"""What a licence text means, and whether a rule allows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.licences import LicenceError, LicenceOutcome, canonical, licensed

ALLOW = frozenset({"MIT", "Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"})
DENY = frozenset({"GPL-2.0-only", "AGPL-3.0-only"})
TEXTS = {"the mit license": "MIT", "dual": "MIT OR AGPL-3.0-only"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("MIT", "pass", id="an allowed licence passes"),
        pytest.param("mit", "pass", id="case means nothing"),
        pytest.param(" MIT ", "pass", id="nor do blanks around it"),
        pytest.param("BSD-3-Clause", "refuse", id="one that is not allowed does not"),
        pytest.param("AGPL-3.0-only", "refuse", id="a denied one does not"),
        pytest.param("MIT OR AGPL-3.0-only", "pass", id="of alternatives one is enough"),
        pytest.param("MIT AND AGPL-3.0-only", "refuse", id="of what counts together all must pass"),
        pytest.param("MIT AND Apache-2.0", "pass", id="and they do"),
        pytest.param("ISC OR BSD-3-Clause", "refuse", id="two alternatives, neither allowed"),
        pytest.param("MIT OR ISC AND BSD-3-Clause", "pass", id="AND binds tighter than OR"),
        pytest.param("(MIT OR ISC) AND BSD-3-Clause", "refuse", id="unless brackets say so"),
        pytest.param("((MIT))", "pass", id="brackets in brackets"),
        pytest.param("GPL-2.0-only", "refuse", id="denied by its name"),
        pytest.param("GPL-2.0", "refuse", id="denied by its old name"),
        pytest.param(
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "pass",
            id="an exception that the rule names beats the denial of the licence",
        ),
        pytest.param(
            "GPL-2.0 WITH Classpath-exception-2.0", "pass", id="under the old name as well"
        ),
        pytest.param(
            "GPL-2.0-with-classpath-exception", "pass", id="and under the name that held both"
        ),
        pytest.param(
            "(MIT AND gpl-2.0-with-gcc-exception)",
            "refuse",
            id="such a name is no way around the denial of the licence",
        ),
        pytest.param(
            "AGPL-3.0-only WITH Classpath-exception-2.0",
            "refuse",
            id="an exception that the rule does not name changes nothing",
        ),
        pytest.param(
            "Apache-2.0 WITH LLVM-exception", "pass", id="an exception takes nothing away"
        ),
        pytest.param("Apache-2.0+", "pass", id="nor does the choice of a later version"),
        pytest.param("The MIT License", "pass", id="a text that the rule explains"),
        pytest.param("Dual", "pass", id="one that it explains by an expression"),
        pytest.param("Apache 2.0", "unknown", id="a text that nobody explains is unknown"),
        pytest.param("SEE LICENSE IN LICENSE.txt", "unknown", id="npm's way to say elsewhere"),
        pytest.param("UNLICENSED", "unknown", id="npm's way to say not for you"),
        pytest.param("NOASSERTION", "unknown", id="SPDX's way to say nothing"),
        pytest.param("MIT OR", "unknown", id="half an expression"),
        pytest.param("", "unknown", id="no text"),
        pytest.param("MIT " * 400, "unknown", id="the length of a whole licence"),
        pytest.param("LicenseRef-Ours", "unknown", id="a private licence"),
        pytest.param("MIT OR LicenseRef-Ours", "pass", id="that is only one alternative"),
        pytest.param("MIT AND LicenseRef-Ours", "unknown", id="that counts together"),
        pytest.param("ISC AND LicenseRef-Ours", "refuse", id="a refusal beats not knowing"),
        pytest.param("ISC OR LicenseRef-Ours", "unknown", id="not knowing beats a refused choice"),
        pytest.param("\u041cIT", "unknown", id="a letter of another script"),
    ],
)
def test_whether_a_licence_is_allowed(text: str, expected: LicenceOutcome) -> None:
    """Known and allowed, known and not, or unknown."""
    answer = licensed(text, allow=ALLOW, deny=DENY, texts=TEXTS)
    assert answer.outcome == expected, answer
    assert answer.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ISC", "pass", id="whatever SPDX knows passes"),
        pytest.param("GPL-2.0-only", "refuse", id="but for what is denied"),
        pytest.param("GPL-2.0-only WITH Classpath-exception-2.0", "refuse", id="in any form"),
        pytest.param("Own licence", "unknown", id="what SPDX does not know stays unknown"),
        pytest.param("LicenseRef-Ours", "unknown", id="so does a private licence"),
    ],
)
def test_a_rule_that_only_denies(text: str, expected: LicenceOutcome) -> None:
    """An empty list allows every licence that is known."""
    assert licensed(text, allow=frozenset(), deny=DENY, texts={}).outcome == expected


def test_deny_beats_allow() -> None:
    """A licence on both lists is refused."""
    both = frozenset({"MIT"})
    assert licensed("MIT", allow=both, deny=both, texts={}).outcome == "refuse"


def test_a_private_licence_passes_by_its_name() -> None:
    """The rule may know what SPDX does not."""
    allow = frozenset({"LicenseRef-Ours"})
    assert licensed("LicenseRef-Ours", allow=allow, deny=frozenset(), texts={}).outcome == "pass"


def test_the_canonical_form_is_that_of_spdx() -> None:
    """Identifiers in their own case, operators in capitals, GNU licences by their new names."""
    assert canonical("mit or (apache-2.0 and gpl-2.0+)") == (
        "MIT OR (Apache-2.0 AND GPL-2.0-or-later)"
    )
    assert canonical("lgpl-2.1") == "LGPL-2.1-only"
    assert canonical("GPL-2.0-with-classpath-exception") == (
        "GPL-2.0-only WITH Classpath-exception-2.0"
    )
    with pytest.raises(LicenceError, match="no SPDX licence expression"):
        canonical("Apache 2.0")


_IDS = ["MIT", "ISC", "GPL-2.0-only", "LicenseRef-Ours"]
_EXPRESSIONS = st.recursive(
    st.sampled_from(_IDS),
    lambda inner: st.builds(
        lambda one, operator, two: f"({one}) {operator} ({two})",
        inner,
        st.sampled_from(["AND", "OR"]),
        inner,
    ),
    max_leaves=8,
)


@given(_EXPRESSIONS)
def test_what_more_is_allowed_never_makes_a_pass_of_less(expression: str) -> None:
    """To allow more refuses nothing, and to deny more lets nothing through."""
    few, many = frozenset({"MIT"}), frozenset({"MIT", "ISC"})
    denied = frozenset({"ISC"})
    narrow = licensed(expression, allow=few, deny=frozenset(), texts={}).outcome
    wide = licensed(expression, allow=many, deny=frozenset(), texts={}).outcome
    strict = licensed(expression, allow=many, deny=denied, texts={}).outcome
    assert wide == "pass" or narrow != "pass"
    assert wide == "pass" or strict != "pass"


@given(st.text(max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    """No text of a stranger's metadata is more than unknown, refused or let through."""
    answer = licensed(text, allow=ALLOW, deny=DENY, texts=TEXTS)
    assert answer.outcome in ("pass", "refuse", "unknown")


def test_an_old_name_is_denied_where_everything_else_is_allowed() -> None:
    """A rule that only denies a licence means it under every name that SPDX has had for it."""
    for text in ("GPL-2.0-with-font-exception", "GPL-2.0-only WITH Font-exception-2.0", "GPL-2.0"):
        answer = licensed(text, allow=frozenset(), deny=DENY, texts={})
        assert answer.outcome == "refuse", text
