"""What is wrong between two rules of `promotions`: names, rules that never match, circles."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from steward.patterns import parse
from steward.policy_file import compile_policy
from tests.unit.test_policy import mistakes
from tests.unit.test_policy_origins_mistakes import mistakes_in

RULES = "domain: a-b\npromotions:\n"


@pytest.mark.parametrize(
    ("rules", "line", "problem"),
    [
        pytest.param(
            ["{name: x, packages: /*, from: ab, to: ab}"],
            3,
            "promotions[0].to: this rule leads from ab to itself. Write two different repo",
            id="from a repository to itself",
        ),
        pytest.param(
            [
                "{name: x, packages: /*, from: ab, to: cd}",
                "{name: x, packages: /*, from: ab, to: e1}",
            ],
            4,
            "promotions[0] (line 3) has the same name, x. Give it a name of its own.",
            id="a name that is twice",
        ),
        pytest.param(
            [
                "{name: x, packages: /*, from: ab}",
                "{name: x, packages: /*, from: ab, to: e1}",
            ],
            4,
            "promotions[0] (line 3) has the same name, x. Give it a name of its own.",
            id="a name that is twice, beside another mistake",
        ),
        pytest.param(
            ["{name: x, packages: /*, to: cd}"], 3, "the key 'from' is missing", id="no start"
        ),
        pytest.param(
            ["{name: x, packages: /*, from: 'a*', to: cd}"],
            3,
            "promotions[0].from: 'a*' is a pattern",
            id="a pattern for a repository",
        ),
        pytest.param(
            ["{name: '', packages: /*, from: ab, to: cd}"], 3, "this text is empty", id="no name"
        ),
        pytest.param(
            ["{name: x, packages: /*, source: ab, to: cd}"],
            3,
            "Known keys are name, packages, from, to, require, include_dependencies, recall.",
            id="another word for from",
        ),
        pytest.param(
            [
                "{name: x, packages: /*, from: ab, to: cd}",
                "{name: y, packages: /*, from: cd, to: ab}",
            ],
            4,
            "promotions[1]: this rule closes a circle for /*: cd -> ab -> cd. Promote in one",
            id="there and back",
        ),
        pytest.param(
            [
                "{name: x, packages: /*, from: ab, to: cd}",
                "{name: y, packages: /*, from: cd, to: ef}",
                "{name: z, packages: /*, from: ef, to: ab}",
            ],
            5,
            "closes a circle for /*: ef -> ab -> cd -> ef",
            id="a circle of three",
        ),
        pytest.param(
            [
                "{name: x, packages: /npm/*, from: ab, to: cd}",
                "{name: y, packages: [/pypi/*, /npm/a/*], from: cd, to: ef}",
                "{name: z, packages: /*, from: ef, to: ab}",
            ],
            5,
            "closes a circle for /npm/a/*: ef -> ab -> cd -> ef",
            id="a circle for some packages only",
        ),
        pytest.param(
            [
                "{name: x, packages: /npm/*, from: ab, to: cd}",
                "{name: y, packages: /npm/a/*, from: ab, to: cd}",
            ],
            4,
            "promotions[1]: this rule can never match: promotions[0] (line 3) comes first",
            id="a rule behind a wider one",
        ),
    ],
)
def test_a_mistake_between_rules_is_found_on_its_line(
    rules: list[str], line: int, problem: str
) -> None:
    """With what to write instead."""
    found = mistakes(RULES + "".join(f"- {rule}\n" for rule in rules))
    assert any(one.startswith(f"policy.yaml:{line}: ") and problem in one for one in found), found


def test_rules_that_part_and_meet_are_no_circle() -> None:
    """Nor does a second rule between other repositories hide behind a wider one."""
    pairs = [("ab", "cd"), ("ab", "ef"), ("cd", "gh"), ("ef", "gh"), ("ab", "gh")]
    rules = "".join(
        f"- {{name: {source}-{to}, packages: /*, from: {source}, to: {to}}}\n"
        for source, to in pairs
    )
    assert compile_policy(RULES + rules, "policy.yaml").count('"to"') == len(pairs)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(["/npm/*, from: ab, to: cd", "/pypi/*, from: cd, to: ab"], id="two formats"),
        pytest.param(
            ["/npm/a/*, from: ab, to: cd", "/npm/b/*, from: cd, to: ab"], id="two scopes of npm"
        ),
        pytest.param(
            [
                "[/npm/a/*, /pypi/*], from: ab, to: cd",
                "/npm/*, from: cd, to: ef",
                "/pypi/*, from: ef, to: ab",
            ],
            id="no package goes all the way",
        ),
        pytest.param(["/*, from: ab, to: ef", "/*, from: cd, to: ef"], id="one destination"),
    ],
)
def test_rules_that_bring_no_package_back_are_no_circle(rules: list[str]) -> None:
    """Repositories may be connected both ways, for different packages."""
    numbered = (f"- {{name: r{n}, packages: {rule}}}\n" for n, rule in enumerate(rules))
    assert compile_policy(RULES + "".join(numbered), "policy.yaml")


# Each pattern matches another choice of these packages.
SAMPLES = ["/npm/a/x", "/npm/b/x", "/npm/c/x", "/pypi//x", "/cargo//x"]
STAGES = st.sampled_from(["ab", "cd", "ef", "gh"])
PACKAGES = st.lists(
    st.sampled_from(["/*", "/npm/*", "/npm/a/*", "/npm/b/*", "/pypi/*"]),
    min_size=1,
    max_size=2,
    unique=True,
)


def comes_back(edges: list[tuple[str, str]]) -> bool:
    """Return whether some way along *edges* leads to where it began, by taking off dead ends."""
    while edges:
        sources = {source for source, _ in edges}
        alive = [(source, to) for source, to in edges if to in sources]
        if alive == edges:
            return True
        edges = alive
    return False


def ways(rules: list[tuple[list[str], str, str]], sample: str) -> list[tuple[str, str]]:
    """Return from where to where *rules* promote the package *sample*."""
    return [
        (source, to)
        for packages, source, to in rules
        if any(parse(pattern).matches(sample) for pattern in packages)
    ]


@given(rules=st.lists(st.tuples(PACKAGES, STAGES, STAGES), max_size=6))
def test_a_circle_is_found_if_and_only_if_some_package_can_go_round(
    rules: list[tuple[list[str], str, str]],
) -> None:
    """By going through the packages one by one."""
    rules = [rule for rule in rules if rule[1] != rule[2]]
    document = [
        {"name": f"r{number}", "packages": packages, "from": source, "to": to}
        for number, (packages, source, to) in enumerate(rules)
    ]
    found = mistakes_in(yaml.safe_dump({"domain": "a-b", "promotions": document}))
    ways = (
        [
            (source, to)
            for packages, source, to in rules
            if any(parse(p).matches(s) for p in packages)
        ]
        for s in SAMPLES
    )
    assert any("closes a circle" in one.problem for one in found) == any(map(comes_back, ways))
