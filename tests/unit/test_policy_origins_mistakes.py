"""What is wrong in `origins` and `groups`: on which line, and what to write."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from steward.policy_file import compile_policy
from steward.policy_lines import Mistake, PolicyMistakesError
from steward.policy_model import SECTIONS, keys_of
from tests.unit.test_policy import mistakes

ORIGINS = "domain: a-b\norigins:\n- packages: /npm/*\n"
GROUPS = "domain: a-b\ngroups:\n- pattern: /npm/*\n"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param(
            ORIGINS, 3, "wants nothing. Add kind: internal, public or", id="a rule wants nothing"
        ),
        pytest.param(
            ORIGINS + "  kind: internal\n  publish: ALLOW",
            5,
            "origins[0].publish: the kind internal says already what publish has to be. Keep kind,",
            id="a kind beside publish",
        ),
        pytest.param(
            ORIGINS + "  upstream: BLOCK\n  kind: inferred",
            4,
            "the kind inferred says already what upstream has to be",
            id="a kind below upstream",
        ),
        pytest.param(
            ORIGINS + "  kind: public\n  external: archive",
            5,
            "Write kind: internal, or delete this key.",
            id="versions from outside of a public package",
        ),
        pytest.param(
            ORIGINS + "  external: archive\n  publish: ALLOW",
            4,
            "only packages of the kind internal",
            id="versions from outside without a kind",
        ),
        pytest.param(
            ORIGINS + "  publish: allow", 4, "Write ALLOW.", id="a restriction in small letters"
        ),
        pytest.param(
            ORIGINS + "  upstream: BLOCKED", 4, "Write BLOCK.", id="a restriction that is near"
        ),
        pytest.param(
            ORIGINS + "  upstream: never",
            4,
            "'never' is not known here. Write ALLOW or BLOCK.",
            id="a restriction that is none",
        ),
        pytest.param(
            ORIGINS + "  upstream: off", 4, "Write BLOCK, if that is meant.", id="off is false"
        ),
        pytest.param(ORIGINS + "  publish: yes", 4, "Write ALLOW, if that is", id="yes is true"),
        pytest.param(
            ORIGINS + "  kind: on", 4, "Write internal or public or inferred.", id="a kind of truth"
        ),
        pytest.param(
            ORIGINS + "  kind: Internal", 4, "Write internal.", id="a kind in capital letters"
        ),
        pytest.param(
            ORIGINS + "  kind: explicit",
            4,
            "'explicit' is not known here",
            id="a kind that has no name in the file",
        ),
        pytest.param(ORIGINS + "  kind:", 4, "nothing stands here", id="an empty kind"),
        pytest.param(
            ORIGINS + "  Kind: internal",
            4,
            "Did you mean 'kind'? Known keys are packages, repositories, kind, publish, upstream,",
            id="a key in capital letters",
        ),
        pytest.param(
            "domain: a-b\norigins:\n- packages: /npm/@scope/*\n  kind: internal",
            3,
            "Write /npm/scope/*.",
            id="a scope of npm with its @",
        ),
        pytest.param(
            "domain: a-b\norigins:\n- packages: @scope/*\n  kind: internal",
            3,
            'Put @scope/* into quotes: "@scope/*".',
            id="a scope that YAML refuses",
        ),
        pytest.param(
            ORIGINS + "  kind: internal\n  repositories: *",
            5,
            'Put * into quotes: "*".',
            id="a star that YAML takes for an alias",
        ),
        pytest.param(
            "domain: a-b\norigins:\n- packages: /pypi//My_Lib$\n  kind: internal",
            3,
            "Write /pypi//my-lib$.",
            id="a name of PyPI that CodeArtifact stores otherwise",
        ),
        pytest.param(
            ORIGINS + "  kind: internal\n  on: x",
            3,
            "origins[0]: a key here is no text. Put keys into quotes",
            id="a key that YAML takes for true",
        ),
        pytest.param(
            "domain: a-b\norigins:\n  packages: /npm/*",
            2,
            "Begin each rule with a dash and a blank: `- packages: /npm/mycompany/*`.",
            id="a rule without its dash",
        ),
        pytest.param(
            ORIGINS + "  kind: internal\n- packages: [/npm/a/*, /npm//b$]\n  kind: public",
            5,
            "origins[1]: this rule can never match: origins[0] (line 3) comes first and matches",
            id="a rule behind a wider one",
        ),
        pytest.param(
            "domain: a-b\norigins:\n- {packages: /npm/*, kind: public}\n"
            "- {packages: /pypi/*, kind: public}\n"
            "- {packages: [/npm/a/*, /pypi//b$], kind: public}",
            5,
            "origins[0] (line 3), origins[1] (line 4) come first and match all of its packages",
            id="a rule behind two others",
        ),
    ],
)
def test_a_mistake_of_origins_is_found_on_its_line(text: str, line: int, problem: str) -> None:
    """With what to write instead."""
    found = mistakes(text)
    assert any(one.startswith(f"policy.yaml:{line}: ") and problem in one for one in found), found


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param(
            "domain: a-b\ngroups:\n- publish: block", 3, "'pattern' is missing", id="no pattern"
        ),
        pytest.param(
            "domain: a-b\ngroups:\n- pattern: [/npm/*]", 3, "this is no text", id="two patterns"
        ),
        pytest.param(
            "domain: a-b\ngroups:\n- pattern: /npm/a",
            3,
            "End it with * (all), ~ (a word) or $ (exactly).",
            id="a pattern without its suffix",
        ),
        pytest.param(GROUPS + "  publish: ALLOW", 4, "Write allow.", id="a word in capitals"),
        pytest.param(
            GROUPS + "  publish: no", 4, "Write block, if that is meant.", id="no is false"
        ),
        pytest.param(
            GROUPS + "  publish: [npm-internal]",
            4,
            "or {allow_in: [names of repositories]}.",
            id="repositories without a key",
        ),
        pytest.param(
            GROUPS + "  publish: {allow_in: [npm-*]}",
            4,
            "Write each repository by its name.",
            id="a pattern for a name",
        ),
        pytest.param(
            GROUPS + "  publish: {allow_in: [a/b]}",
            4,
            "groups[0].publish.allow_in[0]: 'a/b' can be no repository name",
            id="a name that is none",
        ),
        pytest.param(
            GROUPS + "  publish: {allow_in: [ab, cd, ab]}",
            4,
            "ab stands here more than once. Keep one of them.",
            id="a name that is twice",
        ),
        pytest.param(
            GROUPS + "  publish: {allow_in: []}", 4, "Write block in place of it", id="no name"
        ),
        pytest.param(
            GROUPS + "  publish: {allow-in: [ab]}",
            4,
            "Did you mean 'allow_in'?",
            id="a key that is nearly right",
        ),
        pytest.param(
            GROUPS + "  extern: block",
            4,
            "Did you mean 'external_upstream'?",
            id="the beginning of a key",
        ),
        pytest.param(
            GROUPS + "  upstream: block",
            4,
            "Did you mean 'internal_upstream'? Known keys are pattern, publish, external_upstream,",
            id="one upstream where there are two",
        ),
        pytest.param(
            "domain: a-b\ngroups:\n- pattern: /*\n  publish: inherit",
            4,
            "the root group has no parent to inherit from. Write allow or block, or delete the key",
            id="the root inherits",
        ),
        pytest.param(
            GROUPS + "- pattern: /npm/*\n  publish: block",
            4,
            "groups[1].pattern: groups[0] (line 3) has the same pattern, /npm/*. Keep one of them.",
            id="a group that is twice",
        ),
        pytest.param(
            "domain: a-b\ngroups:\n- /npm/*",
            3,
            "this is no rule. A rule starts like this: `- pattern: /npm/mycompany/*`.",
            id="a pattern for a group",
        ),
    ],
)
def test_a_mistake_of_groups_is_found_on_its_line(text: str, line: int, problem: str) -> None:
    """With what to write instead."""
    found = mistakes(text)
    assert any(one.startswith(f"policy.yaml:{line}: ") and problem in one for one in found), found


SCALARS = st.sampled_from(
    ["/*", "/npm/*", "*", "a-b", "internal", "ALLOW", "block", "inherit", "", None, True, 1]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["allow_in", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
SECTIONS_OF_ANYTHING = st.fixed_dictionaries(
    {"domain": st.just("a-b")},
    optional={
        section: st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(keys_of(model), VALUES)))
        | VALUES
        for section, model in SECTIONS.items()
    },
)


@given(document=SECTIONS_OF_ANYTHING)
def test_whatever_stands_there_is_a_policy_or_its_mistakes_have_remedies(
    document: dict[str, object],
) -> None:
    """No value leads to a traceback, nor to pydantic's own words."""
    for mistake in mistakes_in(yaml.safe_dump(document)):
        assert mistake.remedy != "See docs/policy.md."
        assert "<" not in mistake.where


def mistakes_in(text: str) -> list[Mistake]:
    """Return the mistakes of *text*, none if it is a policy."""
    try:
        compile_policy(text, "policy.yaml")
    except PolicyMistakesError as error:
        return error.mistakes
    return []
