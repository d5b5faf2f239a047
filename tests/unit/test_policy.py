"""The policy: what compiles to what, which rule is whose, and what each mistake says."""

import hashlib
import json
import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from steward import policy_file
from steward.cache_rules import load_locked
from steward.errors import PolicyError
from steward.policy import Policy, load
from steward.policy_file import compile_policy, json_schema
from steward.policy_lines import PolicyMistakesError
from steward.policy_values import duration_seconds
from tests.unit.fake_codeartifact import package

SHIPPED = Path(__file__).parents[2] / "layers" / "policy" / "policy.yaml"


def loaded(text: str, folder: Path) -> Policy:
    """Compile *text* and load the result as a function does."""
    path = folder / "policy.json"
    path.write_text(compile_policy(text, "policy.yaml"))
    return load(path)


def mistakes(text: str) -> list[str]:
    """Return the mistakes of *text*, one text each."""
    with pytest.raises(PolicyMistakesError) as refusal:
        compile_policy(text, "policy.yaml")
    assert str(refusal.value) == "\n".join(map(str, refusal.value.mistakes))
    return [str(mistake) for mistake in refusal.value.mistakes]


def test_the_shipped_policy_is_one_snapshots_rule_for_my_company(tmp_path: Path) -> None:
    """It holds the domain and one rule, nothing else, and the rule takes every Maven package."""
    assert set(yaml.safe_load(SHIPPED.read_text())) == {"domain", "snapshots"}
    policy = loaded(SHIPPED.read_text(), tmp_path)
    assert policy.domain == "my-company"
    (rule,) = policy.snapshots
    assert policy.snapshot_rule_for(package()) == rule
    assert rule.unfinished_grace == timedelta(hours=1)


def test_the_digest_is_that_of_the_file() -> None:
    """Two people can tell whether they have the same policy."""
    text = "domain: my-company\n"
    compiled = json.loads(compile_policy(text, "policy.yaml"))
    assert compiled["digest"] == hashlib.sha256(text.encode()).hexdigest()


def test_a_domain_alone_is_a_policy(tmp_path: Path) -> None:
    """Any subset of the sections may be there; without a rule nothing is done."""
    assert loaded("domain: my-company\n", tmp_path).snapshot_rule_for(package()) is None


def test_defaults_of_a_rule(tmp_path: Path) -> None:
    """All repositories, and an hour of grace."""
    (rule,) = loaded("domain: my-company\nsnapshots: [{packages: /*}]\n", tmp_path).snapshots
    assert rule.repositories == ("*",)
    assert rule.unfinished_grace == timedelta(hours=1)
    assert rule.name == "snapshots[0]"


def test_the_root_pattern_stands_for_maven_only(tmp_path: Path) -> None:
    """Pre-releases of other formats are unlisted only if a rule names the format."""
    policy = loaded("domain: my-company\nsnapshots: [{packages: [/*, /npm/*]}]\n", tmp_path)
    assert policy.snapshot_rule_for(package()) is not None
    assert policy.snapshot_rule_for(package(package_format="npm")) is not None
    pypi = package(package_format="pypi", namespace=None)
    assert policy.snapshot_rule_for(pypi) is None


TWO_RULES = """
domain: my-company
snapshots:
  - packages: /maven/com.mycompany.app~
    repositories: ["*-snapshots", my-maven-repo]
    unfinished_grace: PT30M
  - packages: /maven/com.mycompany~
    unfinished_grace: P1D
"""


@pytest.mark.parametrize(
    ("repository", "namespace", "expected"),
    [
        pytest.param("my-maven-repo", "com.mycompany.app", "snapshots[0]", id="a name"),
        pytest.param("team-snapshots", "com.mycompany.app", "snapshots[0]", id="a glob"),
        pytest.param("other", "com.mycompany.app", "snapshots[1]", id="the next rule"),
        pytest.param("My-maven-repo", "com.mycompany.app", "snapshots[1]", id="case matters"),
        pytest.param("my-maven-repo", "com.mycompany", "snapshots[1]", id="a wider rule"),
        pytest.param("my-maven-repo", "org.other", None, id="nobody's package"),
    ],
)
def test_the_first_rule_that_matches_wins(
    repository: str, namespace: str, expected: str | None, tmp_path: Path
) -> None:
    """By package and repository, in the order of the file."""
    rule = loaded(TWO_RULES, tmp_path).snapshot_rule_for(
        package(repository=repository, namespace=namespace)
    )
    assert (rule and rule.name) == expected


def test_a_package_of_another_domain_has_no_rule(tmp_path: Path) -> None:
    """A policy speaks about its own domain."""
    policy = loaded("domain: other-company\nsnapshots: [{packages: /*}]\n", tmp_path)
    assert policy.snapshot_rule_for(package()) is None


def test_all_mistakes_are_listed_at_once_with_line_and_advice() -> None:
    """Nobody has to deploy five times to find five mistakes."""
    found = mistakes(
        "domain: My_Company\n"
        "snapshot: []\n"
        "snapshots:\n"
        "  - packages: /maven/com.mycompany\n"
        "    unfinished_grace: 1h\n"
        "    typo: 3\n"
        "  - packages: [/pypi/requests~, '/npm//{braces}x']\n"
        "    repositories: [a b]\n"
        "  - repositories: x-*\n"
    )
    starts = [": ".join(mistake.split(": ")[:2]) for mistake in found]
    assert starts == [
        "policy.yaml:1: domain",
        "policy.yaml:2: snapshot",
        "policy.yaml:4: snapshots[0].packages[0]",
        "policy.yaml:5: snapshots[0].unfinished_grace",
        "policy.yaml:6: snapshots[0].typo",
        "policy.yaml:7: snapshots[1].packages[0]",
        "policy.yaml:7: snapshots[1].packages[1]",
        "policy.yaml:8: snapshots[1].repositories[0]",
        "policy.yaml:9: snapshots[2].packages",
    ]
    assert "Known keys are domain, snapshots, origins, groups, promotions, caches, " in found[1]
    assert "End it with * (all), ~ (a word) or $ (exactly)." in found[2]
    assert "PT1H" in found[3]
    assert "Known keys are packages, repositories, unfinished_grace." in found[4]
    assert "Write /pypi//requests~." in found[5]
    assert "'/npm//{braces}x' has no suffix" in found[6]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param("", 1, "a policy is a mapping", id="an empty file"),
        pytest.param("- domain", 1, "a policy is a mapping", id="a list"),
        pytest.param("snapshots: []", 1, "'domain' is missing", id="no domain"),
        pytest.param(
            "domain: My Company",
            1,
            "'My Company' is no name of a domain. A name has 2 to 50 of a-z, 0-9 and -.",
            id="a domain with capitals and a blank",
        ),
        pytest.param("domain: a", 1, "'a' is no name of a domain", id="a domain of one letter"),
        pytest.param("domain: a-b\nx: [", 2, "this is no YAML", id="a bracket left open"),
        pytest.param("domain: a-b\nx: 2020-13-01", 1, "this is no YAML", id="an impossible date"),
        pytest.param("domain: 2020-01-01", 1, "this is no text", id="a domain that is a date"),
        pytest.param("domain: !!python/name:os.system", 1, "this is no YAML", id="a Python tag"),
        pytest.param("domain: a-b\ndomain: b-c", 2, "stands on line 1", id="a key that is twice"),
        pytest.param("domain: a-b\nsnapshots: &x [*x]", 2, "", id="an alias within itself"),
        pytest.param("domain: a-b\nsnapshots: /*", 2, "this is no list", id="a text for a list"),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: []",
            3,
            "this list is empty",
            id="a rule for nothing",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /*\n  unfinished_grace: 3600",
            4,
            "'3600' is no duration. Write PT1H, if these are seconds",
            id="a duration that is a number",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /*\n  unfinished_grace: '90061'",
            4,
            "Write P1DT1H1M1S, if these are seconds",
            id="a duration that is a number in quotes",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /*\n  unfinished_grace: 2020-01-01",
            4,
            "'2020-01-01' is no duration. Write ISO 8601",
            id="a duration that is a date",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n  packages: /*",
            2,
            "Begin each rule with a dash and a blank: `- packages: /maven/*`.",
            id="a rule without its dash",
        ),
        pytest.param("domain: a-b\nsnapshots:\n", 2, "nothing stands here", id="an empty section"),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /*\n  repositories: []",
            4,
            "or delete the key: all repositories are meant then.",
            id="a rule for no repository",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /*\n  repositories: *-snapshots",
            4,
            'Put *-snapshots into quotes: "*-snapshots".',
            id="a glob that YAML takes for an alias",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /*\n  repositories: [x, *]",
            4,
            'Put * into quotes: "*".',
            id="a star in a list",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /*\n  repositories: [ab]-repo",
            4,
            'Put [ab]-repo into quotes: "[ab]-repo".',
            id="a glob that YAML takes for a list",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- package: /*",
            3,
            "unknown key 'package'. Did you mean 'packages'? Known keys are packages, ",
            id="a key that is nearly right",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /mavn/*",
            3,
            "Write one of maven, npm, nuget, pypi.",
            id="a format that is nearly right",
        ),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /npm/@mycompany/*",
            3,
            "Write /npm/mycompany/*.",
            id="a scope of npm with its @",
        ),
        pytest.param("domain: a-b\nsnapshots: [x]", 2, "this is no rule", id="a text for a rule"),
        pytest.param(
            "domain: a-b\nsnapshots:\n- packages: /cargo/*",
            3,
            "can never match",
            id="a format that has no builds",
        ),
    ],
)
def test_a_mistake_is_found_on_its_line(text: str, line: int, problem: str) -> None:
    """Whatever is wrong, the message says where."""
    found = mistakes(text)
    assert any(one.startswith(f"policy.yaml:{line}: ") and problem in one for one in found), found


@pytest.mark.parametrize(
    "rule",
    [
        "origins: [{packages: *a39, kind: *a39, repositories: *a39}]",
        "groups: [{pattern: *a39, publish: *a39, internal_upstream: {allow_in: *a39}}]",
        "snapshots: [{packages: *a39, unfinished_grace: *a39}]",
        "promotions: [{name: *a39, packages: /npm/*, from: *a39, to: *a39}]",
    ],
)
def test_a_file_that_its_aliases_make_endless_has_mistakes_as_any_other(rule: str) -> None:
    """Forty lists, each nine times in the next: nobody writes them out, and no message does."""
    lists = [f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 9)}]\n" for n in range(1, 40)]
    found = mistakes("domain: a-b\na0: &a0 [x]\n" + "".join(lists) + rule)
    assert any("this is no text" in one for one in found)
    assert len("".join(found)) < 10_000


@pytest.mark.parametrize(
    ("first", "second", "dead"),
    [
        pytest.param(("/*", "*"), ("/maven/*", "*"), True, id="the root pattern is Maven's"),
        pytest.param(("/*", "*"), ("/npm/*", "*"), False, id="and nobody else's"),
        pytest.param(("/maven/a~", "*"), ("/maven/a.b/*", "x-y"), True, id="a narrower pattern"),
        pytest.param(("/maven/a~", "*"), ("/maven/ab/*", "x-y"), False, id="another word"),
        pytest.param(("/maven/a.b/*", "*"), ("/maven/a~", "*"), False, id="a wider pattern"),
        pytest.param(("/*", "*-s"), ("/*", "team-s"), True, id="a repository of the glob"),
        pytest.param(("/*", "*-s"), ("/*", "t-*-s"), True, id="a narrower glob"),
        pytest.param(("/*", "t-*-s"), ("/*", "*-s"), False, id="a wider glob"),
        pytest.param(("/*", "a?"), ("/*", "a*"), False, id="one character is not many"),
        pytest.param(("/*", "a?"), ("/*", "a?"), True, id="the same glob"),
        pytest.param(("/*", "*a*"), ("/*", "[ab]-s"), False, id="brackets mean one character"),
        pytest.param(("/*", "*]-s"), ("/*", "[ab]-s"), False, id="which is no bracket"),
        pytest.param(("/*", "*-s"), ("/*", "[!ab]-s"), True, id="a glob around the brackets"),
    ],
)
def test_a_rule_that_can_never_match_is_a_mistake(
    first: tuple[str, str], second: tuple[str, str], *, dead: bool
) -> None:
    """A rule behind a wider one would silently do nothing."""
    rules = [
        {"packages": packages, "repositories": repositories}
        for packages, repositories in (first, second)
    ]
    text = yaml.safe_dump({"domain": "my-company", "snapshots": rules})
    if not dead:
        assert len(json.loads(compile_policy(text, "policy.yaml"))["snapshots"]) == 2
        return
    (found,) = mistakes(text)
    assert "snapshots[1]: this rule can never match: snapshots[0] (line 3) comes first" in found


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1H", 3600), ("P7D", 604800), ("P1DT12H", 129600), ("P2W", 1209600), ("PT0S", 0)],
)
def test_durations_are_iso_8601(text: str, seconds: int) -> None:
    """Weeks to seconds; a zero grace is allowed."""
    assert duration_seconds(text) == seconds


@given(seconds=st.integers(0, 999_999_999))
def test_the_duration_that_is_advised_for_a_number_is_as_long(seconds: int) -> None:
    """Whoever follows the advice gets what the number said."""
    rule = {"packages": "/*", "unfinished_grace": seconds}
    (found,) = mistakes(yaml.safe_dump({"domain": "my-company", "snapshots": [rule]}))
    first, second = re.fullmatch(
        r".*Write (?:(\w+) for days, )?(\w+)(?: for seconds|, if these are seconds) .*", found
    ).groups()  # type: ignore[union-attr]  # it matches, or the test fails
    assert duration_seconds(second) == seconds
    assert first is None or duration_seconds(first) == seconds * 86_400
    assert (first is not None) is (0 < seconds <= 366)


@pytest.mark.parametrize("text", ["P", "PT", "P1DT", "1H", "P1M", "P1Y", "-PT1H", "PT-1H"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Months and years are no number of seconds, and nothing is negative."""
    (found,) = mistakes(
        f"domain: my-company\nsnapshots:\n- packages: /*\n  unfinished_grace: '{text}'\n"
    )
    assert "is no duration" in found


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"digest": "x", "domain": "d", "snapshots": [{}]}', '{"domain": 1'],
    ids=["nothing", "a list", "an empty object", "an empty rule", "half a document"],
)
def test_what_the_compiler_did_not_write_is_not_loaded(content: str, tmp_path: Path) -> None:
    """A function with a broken policy does nothing, loudly."""
    path = tmp_path / "policy.json"
    path.write_text(content)
    with pytest.raises(PolicyError, match=r"policy\.json"):
        load(path)


def test_a_missing_policy_is_an_error_of_its_own(tmp_path: Path) -> None:
    """Its file is named."""
    with pytest.raises(PolicyError, match=r"missing\.json"):
        load(tmp_path / "missing.json")


def test_the_json_schema_accepts_what_compiles() -> None:
    """Editors check with it: the shipped policy, one pattern and a list of them are fine."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(SHIPPED.read_text()))
    assert validator.is_valid(yaml.safe_load(TWO_RULES))
    assert not validator.is_valid({"domain": "my-company", "typo": 1})
    assert not validator.is_valid({"domain": "my-company", "snapshots": [{"packages": 7}]})


def test_the_command_writes_the_compiled_policy(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder to write into, to standard output: to be looked at."""
    assert policy_file.main([str(SHIPPED)]) == 0
    assert json.loads(capsys.readouterr().out)["domain"] == "my-company"


def test_the_command_writes_into_the_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The build of the policy layer has both files made there, and nothing said."""
    assert policy_file.main([str(SHIPPED), str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lockfiles.json", "policy.json"]
    assert load(tmp_path / "policy.json").domain == "my-company"
    assert load_locked(tmp_path / "lockfiles.json") == {}


def test_the_command_fails_with_the_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written to standard output, so no half policy is deployed."""
    path = tmp_path / "policy.yaml"
    path.write_text("domain: My_Company\n")
    assert policy_file.main([str(path)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert f"{path}:1: domain" in output.err


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"]], ids=["none", "three"])
def test_the_command_takes_a_file_and_a_folder(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything else is a question about how to use it."""
    assert policy_file.main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_the_command_says_which_file_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong path is no traceback."""
    assert policy_file.main([str(tmp_path / "missing.yaml")]) == 1
    assert "cannot be read" in capsys.readouterr().err


@given(text=st.text(max_size=60))
def test_no_text_breaks_the_compiler(text: str) -> None:
    """It is a policy, or its mistakes are listed."""
    with suppress(PolicyMistakesError):
        assert json.loads(compile_policy(f"domain: my-company\n{text}", "policy.yaml"))
