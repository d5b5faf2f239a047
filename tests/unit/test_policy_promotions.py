"""The policy's `promotions`: what compiles to what, and which rule is whose."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from steward.coordinates import FORMATS, Format, Package
from steward.errors import PatternError, PolicyError, PurlError
from steward.patterns import parse
from steward.policy import load
from steward.policy_file import check, compile_policy, json_schema
from steward.policy_lines import PolicyMistakesError
from steward.promotion_rules import (
    Licences,
    MinimumAge,
    PromotionRule,
    Requirements,
    VersionChoice,
    Vulnerabilities,
    Waiver,
    matcher,
)
from tests.unit.fake_codeartifact import package
from tests.unit.test_policy_origins import loaded

RULE = "domain: my-company\npromotions:\n- name: x\n  packages: /pypi/*\n  from: intake\n  to: ok\n"
FULL = """
domain: my-company
promotions:
  - name: public-to-approved
    packages: /pypi/*
    from: intake
    to: approved
    require:
      minimum_age:
        at_least: P7D
        except: [/pypi//mycompany~, "pkg:pypi/urllib3@2.7.1"]
        security_fixes: pass
      vulnerabilities:
        block_at: high
        waivers:
          - id: GHSA-mh63-6h87-95cp
            packages: pkg:pypi/Some_Lib
            reason: we never parse untrusted input
            until: 2027-01-31
      licences:
        allow: [mit, Apache-2.0, GPL-2.0-only WITH Classpath-exception-2.0]
        deny: AGPL-3.0-only
        texts: {"Apache 2.0": apache-2.0, "The MIT License": MIT}
      origin: [public:pypi, internal]
      allow: /pypi/*
      deny: [pkg:pypi/left-pad]
      versions: {only: releases, range: ">=2,<3"}
      approval: manual
    include_dependencies: true
    recall: archive
"""


def rule_of(text: str) -> PromotionRule:
    """Return the only rule of the policy *text*, as a function loads it."""
    (rule,) = loaded(text).promotions
    return rule


def test_a_rule_with_every_gate_is_loaded_as_it_was_written() -> None:
    """Licences in SPDX's spelling, durations as such, a waiver until its day is over."""
    rule = rule_of(FULL)
    assert rule.require == Requirements(
        minimum_age=MinimumAge(
            timedelta(days=7),
            (matcher("/pypi//mycompany~"), matcher("pkg:pypi/urllib3@2.7.1")),
            security_fixes=True,
        ),
        vulnerabilities=Vulnerabilities(
            "high",
            (
                Waiver(
                    "GHSA-mh63-6h87-95cp",
                    (matcher("pkg:pypi/some-lib"),),
                    "we never parse untrusted input",
                    datetime(2027, 2, 1, tzinfo=UTC),
                ),
            ),
        ),
        licences=Licences(
            frozenset({"MIT", "Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"}),
            frozenset({"AGPL-3.0-only"}),
            {"apache 2.0": "Apache-2.0", "the mit license": "MIT"},
        ),
        origin=frozenset({"public:pypi", "internal"}),
        allow=(matcher("/pypi/*"),),
        deny=(matcher("pkg:pypi/left-pad"),),
        versions=VersionChoice(releases_only=True, range=">=2,<3"),
        integrity=None,
        approval="manual",
    )
    assert (rule.include_dependencies, rule.recall) == (True, "archive")


@pytest.mark.parametrize("require", ["", "  require: {}\n"], ids=["left out", "empty"])
def test_without_gates_everything_passes_by_itself(require: str) -> None:
    """No gate, no person; what turns out to be bad later is reported."""
    rule = rule_of(RULE + require)
    assert rule == PromotionRule(
        "x", (parse("/pypi/*"),), "intake", "ok", Requirements(), digest=rule.digest
    )
    assert rule.require.allow is None
    assert rule.require.origin is None


@pytest.mark.parametrize("require", ["", "  require: {}\n"], ids=["left out", "empty"])
def test_a_rule_without_gates_is_a_warning(require: str) -> None:
    """It is allowed, as a stage may be; nobody is to find out by what it has copied."""
    (warning,) = check(RULE + require, "policy.yaml").warnings
    assert warning.where == "promotions[0].require"
    assert "requires nothing: every version of its packages is copied" in warning.problem
    assert check(f"{RULE}  require: {{approval: manual}}\n", "policy.yaml").warnings == []


@pytest.mark.parametrize(
    ("short", "long"),
    [
        pytest.param("{minimum_age: P7D}", "{minimum_age: {at_least: P7D}}", id="an age"),
        pytest.param("{versions: releases}", "{versions: {only: releases}}", id="releases"),
        pytest.param("{origin: public:pypi}", "{origin: [public:pypi]}", id="one origin"),
        pytest.param("{deny: pkg:pypi/x}", "{deny: [pkg:pypi/x]}", id="one that is denied"),
        pytest.param(
            "{vulnerabilities: {block_at: low}}",
            "{vulnerabilities: {block_at: low, waivers: []}}",
            id="no waivers",
        ),
        pytest.param(
            "{licences: {allow: MIT}}", "{licences: {allow: [mit], texts: {}}}", id="a licence"
        ),
        pytest.param("{approval: automatic}", "{}", id="the default, said"),
    ],
)
def test_what_is_written_in_short_is_the_same_rule(short: str, long: str) -> None:
    """Down to its digest: nothing is judged anew because somebody rewrote the file."""
    assert rule_of(f"{RULE}  require: {short}\n") == rule_of(f"{RULE}  require: {long}\n")


@pytest.mark.parametrize(
    "change",
    [
        "  require: {approval: manual}\n",
        "  require: {minimum_age: P1D}\n",
        "  recall: unlist\n",
        "  include_dependencies: true\n",
    ],
)
def test_a_rule_that_says_something_else_has_another_digest(change: str) -> None:
    """So what was judged by the old one is judged again."""
    assert rule_of(RULE + change).digest != rule_of(RULE).digest
    assert rule_of(RULE + change).digest == rule_of(f"# a remark\n{RULE}{change}").digest


SEVERAL = """
domain: my-company
promotions:
  - {name: strict, packages: /npm/mycompany/*, from: intake, to: staging}
  - {name: all-npm, packages: [/npm/*, /cargo/*], from: intake, to: staging}
  - {name: onwards, packages: /*, from: staging, to: production}
  - {name: at-once, packages: /npm//react$, from: intake, to: production}
"""


@pytest.mark.parametrize(
    ("package_format", "namespace", "name", "repository", "expected"),
    [
        pytest.param("npm", "mycompany", "ui", "intake", ["strict"], id="the first of two"),
        pytest.param("npm", "other", "ui", "intake", ["all-npm"], id="the second of two"),
        pytest.param("npm", None, "react", "intake", ["all-npm", "at-once"], id="two destinations"),
        pytest.param("npm", None, "react", "staging", ["onwards"], id="the next stage"),
        pytest.param("pypi", None, "x", "intake", [], id="another format"),
        pytest.param("npm", None, "react", "production", [], id="where it ends"),
        pytest.param("npm", None, "react", "Intake", [], id="case matters"),
    ],
)
def test_the_first_rule_between_two_repositories_wins(
    package_format: Format, namespace: str | None, name: str, repository: str, expected: list[str]
) -> None:
    """One for each destination, in the order of the file."""
    subject = package(
        name, package_format=package_format, namespace=namespace, repository=repository
    )
    found = loaded(SEVERAL).promotion_rules_for(subject)
    assert [rule.name for rule in found] == expected


def test_a_package_of_another_domain_is_promoted_by_nobody() -> None:
    """A policy speaks about its own domain."""
    policy = loaded(SEVERAL.replace("my-company", "other-company"))
    react = package("react", package_format="npm", namespace=None, repository="intake")
    assert policy.promotion_rules_for(react) == ()


def test_a_rule_is_found_by_its_name() -> None:
    """As people write it in a command."""
    policy = loaded(SEVERAL)
    assert policy.promotion_rule("onwards") == policy.promotions[2]
    assert policy.promotion_rule("Onwards") is None


def test_a_policy_knows_what_it_promotes_to() -> None:
    """Not where that comes from."""
    policy = loaded(SEVERAL)
    found = [name for name in ("intake", "staging", "production") if policy.promotes_to(name)]
    assert found == ["staging", "production"]


def test_what_the_compiler_did_not_write_is_no_policy(tmp_path: Path) -> None:
    """A function refuses to run by a policy that it does not understand whole."""
    compiled = json.loads(compile_policy(FULL, "policy.yaml"))
    path = tmp_path / "policy.json"
    for key in ("require", "digest", "recall"):
        broken = json.loads(json.dumps(compiled))
        del broken["promotions"][0][key]
        path.write_text(json.dumps(broken))
        with pytest.raises(PolicyError, match=key):
            load(path)
    compiled["promotions"][0]["require"]["deny"] = ["pkg:nothing"]
    path.write_text(json.dumps(compiled))
    with pytest.raises(PolicyError, match="pkg:nothing"):
        load(path)


@pytest.mark.parametrize(
    ("text", "path", "version", "matched"),
    [
        pytest.param("pkg:pypi/urllib3@2.7.1", "/pypi//urllib3", "2.7.1", True, id="its version"),
        pytest.param("pkg:pypi/urllib3@2.7.1", "/pypi//urllib3", "2.7.10", False, id="another"),
        pytest.param("pkg:pypi/urllib3", "/pypi//urllib3", "2.7.10", True, id="any version"),
        pytest.param("pkg:pypi/My_Lib.x", "/pypi//my-lib-x", "1", True, id="a spelling of PyPI"),
        pytest.param("pkg:PyPI/urllib3", "/pypi//urllib3", "1", True, id="a type has no case"),
        pytest.param("pkg:pypi/urllib3", "/pypi//urllib3-x", "1", False, id="a longer name"),
        pytest.param("pkg:pypi/urllib3", "/npm//urllib3", "1", False, id="another format"),
        pytest.param("pkg:npm/%40acme/ui", "/npm/acme/ui", "1.0.0", True, id="a scope of npm"),
        pytest.param("pkg:npm/@acme/ui@1.0.0", "/npm/acme/ui", "1.0.0", True, id="an @ as it is"),
        pytest.param("pkg:npm/%40acme/ui", "/npm//ui", "1.0.0", False, id="no scope"),
        pytest.param("pkg:npm/ui", "/npm/acme/ui", "1.0.0", False, id="a scope too many"),
        pytest.param("pkg:npm/UI", "/npm//ui", "1.0.0", False, id="npm's names have case"),
        pytest.param("pkg:nuget/Acme.UI", "/nuget//acme.ui", "1.0", True, id="NuGet's have none"),
        pytest.param("pkg:gem/rails", "/ruby//rails", "7.0", True, id="a gem"),
        pytest.param(
            "pkg:maven/com.acme/x@1.0%2Bb", "/maven/com.acme/x", "1.0+b", True, id="coded"
        ),
        pytest.param("/npm/acme/*", "/npm/acme/ui", "1.0.0", True, id="a pattern"),
        pytest.param("/npm//react~", "/npm//react-dom", "1.0.0", True, id="a word"),
        pytest.param("/npm//react~", "/npm//reactive", "1.0.0", False, id="a longer word"),
        pytest.param("/*", "/swift/acme/x", "1", True, id="everything"),
    ],
)
def test_a_package_url_or_a_pattern_matches(
    text: str, path: str, version: str, *, matched: bool
) -> None:
    """In whatever repository, spelt in whatever way."""
    _, package_format, namespace, name = path.split("/")
    assert package_format in FORMATS
    subject = package(name, package_format=package_format, namespace=namespace or None)
    assert matcher(text).matches(subject, version) is matched


SUBJECTS = st.builds(
    package,
    st.sampled_from(["a", "b-c", "b", "d.e", "x%y", "ä"]),
    package_format=st.sampled_from(["npm", "maven", "swift", "generic"]),
    namespace=st.sampled_from(["acme", "a.b"]),
)
VERSIONS = st.sampled_from(["1.0", "1.0+b", "1@2", "2.0-rc.1", "1.0%2Bb"])


@given(subject=SUBJECTS, version=VERSIONS, other=SUBJECTS, another=VERSIONS)
def test_a_package_url_matches_what_it_was_made_of_and_nothing_else(
    subject: Package, version: str, other: Package, another: str
) -> None:
    """Whatever has to be encoded in it."""
    exact = matcher(subject.purl(version))
    assert exact.matches(subject, version)
    assert matcher(subject.purl()).matches(subject, another)
    assert exact.matches(other, another) == ((subject, version) == (other, another))


TEXTS = st.sampled_from(
    ["/*", "/npm/*", "/npm/acme/*", "/npm/acme/b~", "pkg:npm/%40acme/b", "pkg:npm/%40acme/b@1.0"]
)


@given(one=TEXTS, other=TEXTS, subject=SUBJECTS, version=VERSIONS)
def test_what_covers_matches_all_that_is_covered(
    one: str, other: str, subject: Package, version: str
) -> None:
    """For any version of any package."""
    if matcher(one).covers(matcher(other)) and matcher(other).matches(subject, version):
        assert matcher(one).matches(subject, version)


@pytest.mark.parametrize("text", ["requests", "/pypi/x", "pkg:pypi", "pkg:conda/x", ""])
def test_anything_else_matches_nothing_and_is_refused(text: str) -> None:
    """An error, not a rule that never applies."""
    with pytest.raises((PatternError, PurlError)):
        matcher(text)


def test_a_waiver_that_has_expired_is_a_warning() -> None:
    """It counts on its last day, and not on the next."""
    in_time = datetime(2027, 1, 31, 23, 59, tzinfo=UTC)
    assert check(FULL, "policy.yaml", now=in_time).warnings == []
    (warning,) = check(FULL, "policy.yaml", now=in_time + timedelta(minutes=1)).warnings
    assert str(warning) == (
        "policy.yaml:19: promotions[0].require.vulnerabilities.waivers[0].until: the waiver of "
        "GHSA-mh63-6h87-95cp has expired on 2027-01-31: it counts no more. Delete it, or judge the "
        "vulnerability anew."
    )


@pytest.mark.parametrize(
    ("gate", "problem"),
    [
        ("minimum_age: P1D", "nobody tells the release times of the formats generic, ruby and swi"),
        (
            "vulnerabilities: {block_at: low}",
            "OSV knows no packages of the formats generic and swi",
        ),
        ("versions: releases", "nobody knows releases of the format generic"),
    ],
)
def test_a_gate_that_some_format_cannot_pass_is_a_warning_for_all_formats(
    gate: str, problem: str
) -> None:
    """The domain may have none of them."""
    text = RULE.replace("/pypi/*", "/*") + f"  require: {{{gate}}}\n"
    (warning,) = check(text, "policy.yaml").warnings
    assert problem in warning.problem
    assert warning.line == 7
    assert check(text.replace("/*", "/pypi/*"), "policy.yaml").warnings == []


@pytest.mark.parametrize(
    ("require", "valid"),
    [
        ({}, True),
        ({"minimum_age": "P7D"}, True),
        ({"minimum_age": {"at_least": "P7D", "except": "/pypi//x~"}}, True),
        ({"minimum_age": {"except": ["/pypi//x~"]}}, False),
        ({"minimum_age": {"at_least": "P7D", "exceptions": ["/pypi//x~"]}}, False),
        ({"minimum_age": 7}, False),
        ({"vulnerabilities": {"block_at": "high"}}, True),
        ({"vulnerabilities": {"block_at": "malicious"}}, True),
        ({"vulnerabilities": {"block_at": "HIGH"}}, False),
        ({"vulnerabilities": {}}, False),
        ({"vulnerabilities": {"block_at": "low", "waivers": [{"id": "CVE-1-1"}]}}, False),
        ({"licences": {"allow": ["MIT"]}}, True),
        ({"licences": {"allow": "MIT", "texts": {"x": "MIT OR ISC"}}}, True),
        ({"licences": {}}, False),
        ({"licences": {"texts": {"x": "MIT"}}}, False),
        ({"origin": "public:pypi"}, True),
        ({"origin": ["internal", "public:pypi"]}, True),
        ({"origin": "external"}, False),
        ({"origin": []}, False),
        ({"allow": "pkg:pypi/x", "deny": ["pkg:pypi/x@1"]}, True),
        ({"allow": []}, False),
        ({"versions": "releases"}, True),
        ({"versions": {"range": ">=2"}}, True),
        ({"versions": {}}, False),
        ({"versions": ">=2"}, False),
        ({"approval": "manual"}, True),
        ({"approval": "Manual"}, False),
        ({"age": "P7D"}, False),
    ],
    ids=str,
)
def test_editors_and_the_compiler_agree_about_gates(
    require: dict[str, object], *, valid: bool
) -> None:
    """The JSON Schema accepts what compiles, and refuses what does not."""
    document = yaml.safe_load(RULE)
    document["promotions"][0]["require"] = require
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(document) is valid
    try:
        compile_policy(yaml.safe_dump(document), "policy.yaml")
    except PolicyMistakesError:
        assert not valid
    else:
        assert valid


def test_the_whole_rule_is_valid_for_editors() -> None:
    """With all keys, one value or a list of them; a day is a text in JSON."""
    document = yaml.safe_load(FULL.replace("2027-01-31", '"2027-01-31"'))
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(document)
    assert loaded(yaml.safe_dump(document)).promotions == loaded(FULL).promotions
