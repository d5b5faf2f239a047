"""The policy's `origins`, `groups` and `promotions`: what compiles to what, and which is whose."""

from __future__ import annotations

import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from steward import policy_file
from steward.coordinates import Format, Package
from steward.patterns import parse
from steward.policy import GroupDeclaration, OriginRule, Policy, load
from steward.policy_file import check, compile_policy, json_schema
from steward.policy_lines import PolicyMistakesError
from tests.unit.fake_codeartifact import package

POLICY = """
domain: my-company
origins:
  - packages: /npm/mycompany/*
    kind: internal
  - packages: [/maven/com.mycompany~, "/pypi//mycompany~"]
    repositories: ["*-releases", my-maven-repo]
    kind: internal
    external: report
  - packages: /npm//react$
    repositories: intake
    kind: public
  - packages: /npm//left-pad$
    publish: BLOCK
  - packages: /npm/*
    upstream: ALLOW
  - packages: /*
    kind: inferred
groups:
  - pattern: /*
    external_upstream: block
  - pattern: /npm/mycompany/*
    publish: {allow_in: [npm-internal, npm-releases]}
    external_upstream: block
    internal_upstream: inherit
  - pattern: /npm/mycompany/legacy~
    internal_upstream: {allow_in: intake}
promotions:
  - name: public-to-approved
    packages: /pypi/*
    from: intake
    to: approved
"""


def loaded(text: str) -> Policy:
    """Compile *text* and load the result as a function does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.json"
        path.write_text(compile_policy(text, "policy.yaml"))
        return load(path)


def test_an_internal_package_is_published_and_nothing_comes_from_upstream() -> None:
    """What comes from outside is archived, unless the rule says otherwise."""
    first, second, *_ = loaded(POLICY).origins
    assert first == OriginRule(
        name="origins[0]",
        packages=(parse("/npm/mycompany/*"),),
        repositories=("*",),
        kind="internal",
        publish="ALLOW",
        upstream="BLOCK",
        external="archive",
    )
    assert (second.kind, second.external) == ("internal", "report")
    assert second.repositories == ("*-releases", "my-maven-repo")


def test_a_public_package_comes_from_upstream_and_is_not_published() -> None:
    """Nothing is said about versions from outside: all of them are."""
    rule = loaded(POLICY).origins[2]
    wanted = (rule.kind, rule.publish, rule.upstream, rule.external)
    assert wanted == ("public", "BLOCK", "ALLOW", None)


def test_restrictions_can_be_given_outright() -> None:
    """The one that is left out is left as it is."""
    *_, publish, upstream, _ = loaded(POLICY).origins
    assert (publish.kind, publish.publish, publish.upstream) == ("explicit", "BLOCK", None)
    assert (upstream.kind, upstream.publish, upstream.upstream) == ("explicit", None, "ALLOW")


def test_an_inferred_rule_says_nothing_by_itself() -> None:
    """Its restrictions come from how the versions of a package entered."""
    rule = loaded(POLICY).origins[-1]
    wanted = (rule.kind, rule.publish, rule.upstream, rule.external)
    assert wanted == ("inferred", None, None, None)


@pytest.mark.parametrize(
    ("package_format", "namespace", "name", "repository", "expected"),
    [
        pytest.param("npm", "mycompany", "ui", "any", "origins[0]", id="a scope"),
        pytest.param("npm", "Mycompany", "ui", "any", "origins[4]", id="case matters"),
        pytest.param("maven", "com.mycompany.app", "x", "a-releases", "origins[1]", id="a glob"),
        pytest.param("maven", "com.mycompany.app", "x", "other", "origins[5]", id="elsewhere"),
        pytest.param("pypi", None, "mycompany-ui", "my-maven-repo", "origins[1]", id="of a list"),
        pytest.param("npm", None, "react", "intake", "origins[2]", id="a package"),
        pytest.param("npm", None, "react", "intake-2", "origins[4]", id="another repository"),
        pytest.param("cargo", None, "serde", "x", "origins[5]", id="the root is every format"),
    ],
)
def test_the_first_origins_rule_that_matches_wins(
    package_format: Format, namespace: str | None, name: str, repository: str, expected: str
) -> None:
    """By package and repository, in the order of the file."""
    subject = package(
        name, package_format=package_format, namespace=namespace, repository=repository
    )
    rule = loaded(POLICY).origin_rule_for(subject)
    assert rule is not None
    assert rule.name == expected


def test_a_package_of_another_domain_has_no_origins_rule() -> None:
    """Nor a group: a policy speaks about its own domain."""
    policy = loaded(POLICY.replace("my-company", "other-company"))
    assert policy.origin_rule_for(package()) is None
    assert policy.group_for(package()) is None


def test_what_a_group_leaves_out_is_inherited() -> None:
    """All three modes are there; only lists that are needed are."""
    assert loaded(POLICY).groups == (
        GroupDeclaration(
            name="groups[0]",
            pattern=parse("/*"),
            modes={"PUBLISH": "ALLOW", "EXTERNAL_UPSTREAM": "BLOCK", "INTERNAL_UPSTREAM": "ALLOW"},
            allowed={},
        ),
        GroupDeclaration(
            name="groups[1]",
            pattern=parse("/npm/mycompany/*"),
            modes={
                "PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES",
                "EXTERNAL_UPSTREAM": "BLOCK",
                "INTERNAL_UPSTREAM": "INHERIT",
            },
            allowed={"PUBLISH": ("npm-internal", "npm-releases")},
        ),
        GroupDeclaration(
            name="groups[2]",
            pattern=parse("/npm/mycompany/legacy~"),
            modes={
                "PUBLISH": "INHERIT",
                "EXTERNAL_UPSTREAM": "INHERIT",
                "INTERNAL_UPSTREAM": "ALLOW_SPECIFIC_REPOSITORIES",
            },
            allowed={"INTERNAL_UPSTREAM": ("intake",)},
        ),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ui", "groups[1]"), ("legacy-ui", "groups[2]"), ("legacyui", "groups[1]")],
)
def test_a_package_is_in_the_most_specific_group(name: str, expected: str) -> None:
    """Whatever the order of the file."""
    text = yaml.safe_load(POLICY)
    for groups in (text["groups"], text["groups"][::-1]):
        policy = loaded(yaml.safe_dump({"domain": "my-company", "groups": groups}))
        found = policy.group_for(package(name, package_format="npm", namespace="mycompany"))
        assert found is not None
        assert str(found.pattern) == groups[int(found.name[-2])]["pattern"]
        assert str(found.pattern) == text["groups"][int(expected[-2])]["pattern"]


def test_groups_that_nobody_declares_differ_from_none_declared() -> None:
    """Without the section groups are nobody's business; an empty one wants ours removed."""
    assert loaded("domain: my-company\n").groups is None
    assert loaded("domain: my-company\ngroups: []\n").groups == ()


@pytest.mark.parametrize(
    ("rule", "valid"),
    [
        pytest.param({"kind": "internal"}, True, id="a kind"),
        pytest.param({"kind": "internal", "external": "report"}, True, id="internal, and outside"),
        pytest.param({"publish": "ALLOW"}, True, id="one restriction"),
        pytest.param({"publish": "ALLOW", "upstream": "BLOCK"}, True, id="both restrictions"),
        pytest.param({}, False, id="nothing wanted"),
        pytest.param({"kind": "explicit"}, False, id="a kind that is none"),
        pytest.param({"kind": None}, False, id="an empty key"),
        pytest.param({"kind": "public", "upstream": "ALLOW"}, False, id="a kind and a restriction"),
        pytest.param({"kind": "public", "external": "report"}, False, id="public, and outside"),
        pytest.param({"publish": "ALLOW", "external": "report"}, False, id="outside alone"),
        pytest.param({"publish": "allow"}, False, id="a restriction in small letters"),
    ],
)
def test_editors_and_the_compiler_agree_about_a_rule(
    rule: dict[str, object], *, valid: bool
) -> None:
    """The JSON Schema accepts what compiles, and refuses what does not."""
    document = {"domain": "my-company", "origins": [{"packages": "/*", **rule}]}
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(document) is valid
    assert compiles(yaml.safe_dump(document)) is valid


@pytest.mark.parametrize(
    ("setting", "valid"),
    [
        ("allow", True),
        ("inherit", True),
        ({"allow_in": ["npm-internal"]}, True),
        ({"allow_in": "npm-internal"}, True),
        ("ALLOW", False),
        (True, False),
        ({"allow_in": []}, False),
        ({"allow": ["npm-internal"]}, False),
        (["npm-internal"], False),
        ({}, False),
    ],
    ids=str,
)
def test_editors_and_the_compiler_agree_about_a_group(setting: object, *, valid: bool) -> None:
    """One of three words, or the repositories in which it is allowed."""
    document = {"domain": "my-company", "groups": [{"pattern": "/npm/*", "publish": setting}]}
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(document) is valid
    assert compiles(yaml.safe_dump(document)) is valid


def compiles(text: str) -> bool:
    """Return whether *text* is a policy without mistakes."""
    try:
        compile_policy(text, "policy.yaml")
    except PolicyMistakesError:
        return False
    return True


def test_every_key_of_the_schema_is_described_with_an_example() -> None:
    """An editor shows both."""
    schema = json_schema()
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    for model in (schema, *definitions.values()):
        for key, described in model["properties"].items():
            assert described.get("description"), key
            assert "examples" in str(described), key


def test_the_whole_policy_is_valid_for_editors() -> None:
    """With all sections, one value or a list of them."""
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(yaml.safe_load(POLICY))


def test_the_build_warns_and_succeeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only CodeArtifact knows whether the repository that is promoted to has upstreams."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    assert policy_file.main([str(path)]) == 0
    output = capsys.readouterr()
    assert '"digest"' in output.out
    warning, ungated = output.err.splitlines()
    assert "this rule requires nothing" in ungated
    assert warning.startswith(f"warning: {path}:16: origins[4].upstream: this rule opens upstream")
    assert "approved, which promotions[0] (line 29) promotes to" in warning
    assert "`steward policy check --live`" in warning


ROUTE = {"name": "r", "packages": "/pypi/*", "from": "intake", "to": "approved"}


@pytest.mark.parametrize(
    ("rules", "warned"),
    [
        pytest.param([{"kind": "public"}], ["origins[0].kind"], id="public"),
        pytest.param([{"upstream": "ALLOW"}], ["origins[0].upstream"], id="outright"),
        pytest.param([{"upstream": "BLOCK"}], [], id="closed outright"),
        pytest.param([{"publish": "ALLOW"}], [], id="the other restriction"),
        pytest.param([{"kind": "internal"}], [], id="internal"),
        pytest.param([{"kind": "inferred"}], [], id="inferred leaves it alone"),
        pytest.param([{"kind": "public", "repositories": "in*"}], [], id="other repositories"),
        pytest.param(
            [{"kind": "public", "repositories": "appr?ved"}], ["origins[0].kind"], id="a glob"
        ),
        pytest.param(
            [{"kind": "inferred", "repositories": "[ab]pproved"}, {"kind": "public"}],
            [],
            id="an earlier rule takes the repository",
        ),
        pytest.param(
            [{"kind": "internal", "packages": "/npm/*"}, {"kind": "public"}],
            ["origins[1].kind"],
            id="an earlier rule takes some packages only",
        ),
        pytest.param(
            [
                {"kind": "internal", "packages": ["/npm/*", "/pypi/*"]},
                {"kind": "public", "packages": ["/npm/a/*", "/pypi//b$"]},
                {"kind": "inferred"},
            ],
            None,
            id="a rule that never matches is a mistake already",
        ),
    ],
)
def test_a_rule_that_opens_a_repository_that_is_promoted_to_is_a_warning(
    rules: list[dict[str, object]], warned: list[str] | None
) -> None:
    """If it says so outright, and is the first rule for some package in it."""
    origins = [{"packages": "/*", **rule} for rule in rules]
    text = yaml.safe_dump({"domain": "my-company", "origins": origins, "promotions": [ROUTE]})
    if warned is None:
        assert not compiles(text)
        return
    openings = check(text, "policy.yaml").openings
    assert [opening.warning.where for opening in openings] == warned
    assert {opening.repository for opening in openings} <= {"approved"}


PATTERNS = ["/*", "/npm/*", "/npm/a/*", "/npm/a/b~", "/npm/a/b$", "/npm//b$", "/pypi/*", "/npm//*"]
GLOBS = ["*", "r-*", "*-1", "r-1", "r-?", "[rs]-2"]
RULES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from(GLOBS), min_size=1, max_size=2, unique=True),
    ),
    max_size=4,
)
PACKAGES = st.builds(
    package,
    st.sampled_from(["b", "b-c", "bc", "c"]),
    package_format=st.sampled_from(["npm", "npm", "npm", "pypi", "cargo"]),
    namespace=st.sampled_from([None, "a", "ab"]),
    repository=st.sampled_from(["r-1", "r-2", "s-1", "s-2"]),
)


def naively_first(rules: list[tuple[list[str], list[str]]], path: str, repository: str) -> int:
    """Read the file from above, one pattern and one glob after the other; -1 for no rule."""
    for index, (patterns, globs) in enumerate(rules):
        for pattern in patterns:
            for glob in globs:
                if parse(pattern).matches(path) and fnmatchcase(repository, glob):
                    return index
    return -1


@given(rules=RULES, subjects=st.lists(PACKAGES, min_size=1, max_size=8))
def test_the_compiled_policy_chooses_as_a_reader_would(
    rules: list[tuple[list[str], list[str]]], subjects: list[Package]
) -> None:
    """The first match, whatever the rules; one that is refused as unreachable never would match."""
    origins = [
        {"packages": patterns, "repositories": globs, "kind": "inferred"}
        for patterns, globs in rules
    ]
    text = yaml.safe_dump({"domain": "my-company", "origins": origins})
    dead: set[int] = set()
    try:
        policy = loaded(text)
    except PolicyMistakesError as error:
        dead = {int(mistake.where[len("origins[") : -1]) for mistake in error.mistakes}
        policy = None
    for subject in subjects:
        first = naively_first(rules, subject.path, subject.repository.name)
        assert first not in dead
        if policy is not None:
            rule = policy.origin_rule_for(subject)
            assert (rule.name if rule else "origins[-1]") == f"origins[{first}]"
