"""What the policy's `groups` forbid, and its `origins` want all the same."""

from __future__ import annotations

import pytest

from steward.policy_file import compile_policy
from tests.unit.test_policy import mistakes


@pytest.mark.parametrize(
    ("rule", "groups", "culprits"),
    [
        pytest.param(
            "packages: /npm/a/*, kind: internal",
            ["pattern: /npm/a/*, publish: block"],
            "publish ALLOW, which groups[0] (line 5) forbids",
            id="internal packages of a group without publishing",
        ),
        pytest.param(
            "packages: /npm/a/*, publish: ALLOW",
            ["pattern: /npm/*, publish: block", "pattern: /npm/a/*, external_upstream: block"],
            "publish ALLOW, which groups[0] (line 5) forbids",
            id="the block is inherited",
        ),
        pytest.param(
            "packages: /npm/a/*, publish: ALLOW",
            ["pattern: /npm/*, publish: block", "pattern: /npm/a/*, publish: allow"],
            None,
            id="a more specific group allows",
        ),
        pytest.param(
            "packages: /npm/*, publish: ALLOW",
            ["pattern: /npm/*, publish: block", "pattern: /npm/a/*, publish: allow"],
            None,
            id="a group allows it for some of them",
        ),
        pytest.param(
            "packages: /npm/*, publish: ALLOW",
            ["pattern: /npm/*, publish: block", "pattern: /npm/a/*, external_upstream: block"],
            "publish ALLOW, which groups[0] (line 5) forbids",
            id="groups within inherit it",
        ),
        pytest.param(
            "packages: /npm/*, publish: ALLOW",
            ["pattern: /npm/a/*, publish: block"],
            None,
            id="a group of some of them",
        ),
        pytest.param(
            'packages: [/npm/a/*, "/pypi//b$"], publish: ALLOW',
            ["pattern: /npm/*, publish: block", "pattern: /pypi/*, publish: block"],
            "publish ALLOW, which groups[0] (line 5) and groups[1] (line 6) forbid",
            id="one group for each pattern",
        ),
        pytest.param(
            "packages: [/npm/a/*, /cargo/*], publish: ALLOW",
            ["pattern: /npm/*, publish: block"],
            None,
            id="one pattern is in no group",
        ),
        pytest.param(
            "packages: /npm/*, kind: public",
            ["pattern: /*, external_upstream: block, internal_upstream: block"],
            "upstream ALLOW, which groups[0] (line 5) forbids",
            id="both upstreams are blocked",
        ),
        pytest.param(
            "packages: /npm/*, upstream: ALLOW",
            ["pattern: /*, external_upstream: block", "pattern: /npm/*, internal_upstream: block"],
            "upstream ALLOW, which groups[0] (line 5) and groups[1] (line 6) forbid",
            id="each by another group",
        ),
        pytest.param(
            "packages: /npm/*, kind: public",
            ["pattern: /*, external_upstream: block"],
            None,
            id="one upstream is enough",
        ),
        pytest.param(
            "packages: /npm/*, kind: public",
            ["pattern: /npm/*, external_upstream: block"],
            None,
            id="what an undeclared parent says is not known",
        ),
        pytest.param(
            "packages: /npm/*, kind: inferred",
            ["pattern: /*, publish: block, external_upstream: block, internal_upstream: block"],
            None,
            id="inferred wants nothing of its own",
        ),
        pytest.param(
            "packages: /npm/*, publish: BLOCK, upstream: BLOCK",
            ["pattern: /*, publish: block, external_upstream: block, internal_upstream: block"],
            None,
            id="both forbid",
        ),
        pytest.param(
            "packages: /npm/*, repositories: [npm-a, 'x-*'], kind: internal",
            ["pattern: /npm/*, publish: {allow_in: [npm-b, y-1]}"],
            "publish ALLOW, which groups[0] (line 5) forbids",
            id="publishing is allowed in other repositories",
        ),
        pytest.param(
            "packages: /npm/*, repositories: [npm-a, 'x-*'], kind: internal",
            ["pattern: /npm/*, publish: {allow_in: [npm-b, x-1]}"],
            None,
            id="publishing is allowed in one of them",
        ),
        pytest.param(
            "packages: /npm/*, repositories: npm-a, kind: public",
            ["pattern: /*, external_upstream: {allow_in: [npm-b]}, internal_upstream: block"],
            None,
            id="the external connection may be another repository's",
        ),
    ],
)
def test_what_groups_forbid_no_rule_can_allow(
    rule: str, groups: list[str], culprits: str | None
) -> None:
    """Both lines are named; a rule with some package that may be allowed is fine."""
    declared = "".join(f"- {{{group}}}\n" for group in groups)
    text = f"domain: a-b\norigins:\n- {{{rule}}}\ngroups:\n{declared}"
    if culprits is None:
        assert compile_policy(text, "policy.yaml")
        return
    (found,) = mistakes(text)
    assert found.startswith("policy.yaml:3: origins[0].")
    assert f"this rule wants {culprits} for all of its packages. Change one of them" in found
