"""What is wrong in the policy's `promotions`: on which line, and what to write."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from steward.policy_model import keys_of
from steward.policy_promotions import (
    LicencesKeys,
    MinimumAgeKeys,
    PromotionsRule,
    RequireKeys,
    VersionsKeys,
    VulnerabilitiesKeys,
    WaiverKeys,
)
from tests.unit.test_policy import mistakes
from tests.unit.test_policy_origins_mistakes import mistakes_in

RULES = "domain: a-b\npromotions:\n"


def in_require(gates: str, packages: str = "/pypi/*") -> list[str]:
    """Return the mistakes of a rule with *gates*, which stand on line 7."""
    rule = f"- name: x\n  packages: {packages}\n  from: ab\n  to: cd\n"
    return mistakes(f"{RULES}{rule}  require: {{{gates}}}\n")


@pytest.mark.parametrize(
    ("gates", "problem"),
    [
        pytest.param(
            "minimum-age: P7D",
            "require.minimum-age: unknown key 'minimum-age'. Did you mean 'minimum_age'? Known keys"
            " are minimum_age, vulnerabilities, licences, origin, allow, deny, versions, integrity,"
            " approval.",
            id="a key that is nearly right",
        ),
        pytest.param(
            "minimum_age: {atleast: P7D}",
            "minimum_age.atleast: unknown key 'atleast'. Did you mean 'at_least'? Known keys are "
            "at_least, except, security_fixes.",
            id="a key within a gate",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: CVE-1, until: 2027-01-31, why: x}]}",
            "waivers[0].why: unknown key 'why'. Known keys are id, packages, reason, until.",
            id="a key within a waiver",
        ),
        pytest.param("minimum_age: 7 days", "'7 days' is no duration", id="an age in words"),
        pytest.param("minimum_age: 604800", "Write P7D, if these are seconds", id="seconds"),
        pytest.param(
            "minimum_age: 7", "Write P7D for days, PT7S for seconds (ISO 8601).", id="a number"
        ),
        pytest.param("minimum_age: P0D", "an age of nothing asks for nothing", id="no age"),
        pytest.param("minimum_age:", "minimum_age: nothing stands here", id="an empty age"),
        pytest.param(
            "minimum_age: {security_fixes: pass}", "the key 'at_least' is missing", id="how old"
        ),
        pytest.param(
            "minimum_age: {at_least: P7D, security_fixes: skip}",
            "'skip' is not known here. Write wait or pass.",
            id="what else security fixes do",
        ),
        pytest.param(
            "minimum_age: {at_least: P7D, except: [urllib3]}",
            "minimum_age.except[0]: 'urllib3' is neither a package URL nor a pattern. Write pkg:",
            id="a name for a pattern",
        ),
        pytest.param(
            "vulnerabilities: high",
            "vulnerabilities: this is no mapping. Write {block_at: ...}.",
            id="a severity without its key",
        ),
        pytest.param(
            "vulnerabilities: {block_at: High}",
            "block_at: 'High' is not known here. Write high.",
            id="a severity in capitals",
        ),
        pytest.param(
            "vulnerabilities: {block_at: severe}",
            "Write low or medium or high or critical or malicious.",
            id="a severity that is none",
        ),
        pytest.param(
            "vulnerabilities: {}",
            "the key 'block_at' is missing. Add it: low or medium or high or critical or malicious",
            id="no severity",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: CVE-1, until: 2027-01-31}]}",
            "waivers[0].reason: the key 'reason' is missing. Add it.",
            id="a waiver without a reason",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: CVE-1, until: 2027-01-31, "
            "reason: ' '}]}",
            "waivers[0].reason: this text is empty",
            id="a waiver with a reason of blanks",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: CVE-1, reason: x}]}",
            "the key 'until' is missing",
            id="a waiver for ever",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: CVE-1, reason: x, until: soon}]}",
            "until: 'soon' is no day. Write the last day on which the waiver counts, such as 2027-",
            id="a waiver until soon",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: CVE-1, reason: x, until: "
            "'2027-02-30'}]}",
            "until: '2027-02-30' is no day",
            id="a day that no month has",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: CVE-1, reason: x, until: "
            "2027-01-31T10:00:00Z}]}",
            "until: '2027-01-31 10:00:00+00:00' is no day",
            id="a time of the day",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: mal-2026-1, reason: x, until: "
            "2027-01-31}]}",
            "id: mal-2026-1 says that a package is malicious, which cannot be waived",
            id="a waiver of a malicious package",
        ),
        pytest.param(
            "vulnerabilities: {block_at: low, waivers: [{id: all of them, reason: x, until: "
            "2027-01-31}]}",
            "'all of them' is no id of a vulnerability. Write OSV's or one of its aliases",
            id="a waiver of everything",
        ),
        pytest.param(
            "licences: [MIT]",
            "licences: this is no mapping. Write {allow: ...}.",
            id="licences without their key",
        ),
        pytest.param("licences: {}", "Add allow or deny", id="no licence"),
        pytest.param(
            "licences: {allow: [Apache 2.0]}",
            "allow[0]: 'Apache 2.0' is no SPDX licence expression. Write Apache-2.0.",
            id="a licence that is nearly SPDX's",
        ),
        pytest.param(
            "licences: {allow: [xyzzy]}",
            "Write one of the SPDX licence list.",
            id="a licence that nobody knows",
        ),
        pytest.param(
            "licences: {allow: [MIT OR Apache-2.0]}",
            "is an expression of several licences. Write each identifier as an item of its own.",
            id="two licences in one",
        ),
        pytest.param(
            "licences: {allow: [MIT, mit]}", "MIT stands here more than once", id="one twice"
        ),
        pytest.param(
            "licences: {allow: [MIT, ISC], deny: [isc]}",
            "licences.allow[1]: ISC can never pass: promotions[0].require.licences.deny[0] (line 7)"
            " denies it",
            id="a licence that is allowed and denied",
        ),
        pytest.param(
            "licences: {deny: ISC, texts: {the usual: MIT licence}}",
            "texts.the usual: 'MIT licence' is no SPDX licence expression. Write ",
            id="a meaning that is none",
        ),
        pytest.param(
            "licences: {deny: ISC, texts: {Mine: MIT, mine: ISC}}",
            "texts: two of these texts differ by case or white space only",
            id="two meanings",
        ),
        pytest.param(
            "licences: {deny: ISC, texts: MIT}",
            "texts: this is no mapping. Write {text: what it means}.",
            id="a meaning of nothing",
        ),
        pytest.param(
            "origin: pypi",
            "origin[0]: 'pypi' is no origin. Write public:pypi.",
            id="a connection without public",
        ),
        pytest.param(
            "origin: public:npmjs",
            "origin[0]: public:npmjs has packages of the format npm, and this rule is about the "
            "format pypi. Write public:pypi or internal.",
            id="a connection of another format",
        ),
        pytest.param(
            "origin: [internal, internal]", "internal stands here more than once", id="one twice"
        ),
        pytest.param("origin: []", "Put at least one item in, or delete the key.", id="no origin"),
        pytest.param(
            "allow: ['pkg:pypi/x?extension=whl']",
            "allow[0]: 'pkg:pypi/x?extension=whl' names a part of a package. Write pkg:pypi/x.",
            id="a part of a package",
        ),
        pytest.param(
            "deny: ['pkg:conda/x']", "CodeArtifact has no format 'conda'", id="another format"
        ),
        pytest.param(
            "deny: ['pkg:maven/x']",
            "has no namespace, and packages of the format maven have one. Write pkg:maven/namespa",
            id="an artifact without its group",
        ),
        pytest.param(
            "deny: ['pkg:pypi/a/x']",
            "has a namespace, and packages of the format pypi have none. Write pkg:pypi/x.",
            id="a namespace of PyPI",
        ),
        pytest.param(
            "deny: [/pypi/x]", "deny[0]: '/pypi/x' has no suffix. Write /pypi//x", id="no suffix"
        ),
        pytest.param(
            "allow: [/pypi//a~, pkg:pypi/b@1.0], deny: ['pkg:pypi/b']",
            "allow[1]: pkg:pypi/b@1.0 can never pass: promotions[0].require.deny[0] (line 7) den",
            id="a version that is allowed and denied",
        ),
        pytest.param(
            "allow: [/npm/*, pkg:npm/x]",
            "require.allow: nothing can pass: no package of this rule is among these",
            id="packages of other rules",
        ),
        pytest.param(
            'versions: ">=2"',
            "versions: '>=2' is not known here. Write releases, or {range: \">=2\"} if it is one.",
            id="a range without its key",
        ),
        pytest.param(
            "versions: release", "only: 'release' is not known here. Write releases.", id="one"
        ),
        pytest.param(
            "versions: {only: prereleases}", "Write releases.", id="what else versions can be"
        ),
        pytest.param("versions: {}", "this wants nothing. Add only: releases", id="no choice"),
        pytest.param(
            "versions: {range: 2.0}",
            "versions.range: this is no text. Put it into quotes",
            id="a range that is a number",
        ),
        pytest.param(
            'versions: {range: "[1.0,2.0)"}',
            "versions.range: '[1.0,2.0)' is no version specifier of Python. Write one such as",
            id="a range in another format's syntax",
        ),
        pytest.param(
            "approval: by-hand",
            "'by-hand' is not known here. Write automatic or manual.",
            id="another approval",
        ),
        pytest.param(
            "integrity: ../requirements.txt",
            "integrity[0]: '../requirements.txt' leaves the folder of the policy file",
            id="a file outside",
        ),
        pytest.param("integrity: ''", "this text is empty", id="a file without a name"),
    ],
)
def test_a_mistake_of_a_gate_is_found_on_its_line(gates: str, problem: str) -> None:
    """With what to write instead."""
    found = in_require(gates)
    assert any(one.startswith("policy.yaml:7: ") and problem in one for one in found), found


@pytest.mark.parametrize(
    ("packages", "gates", "problem"),
    [
        pytest.param(
            "[/npm/*, /ruby/*]",
            "minimum_age: P7D",
            "require.minimum_age: nobody tells the release times of the format ruby: this rule "
            "would hold all of their versions. Give them a rule of their own, without this key.",
            id="the age of gems",
        ),
        pytest.param(
            "[/generic/*, /swift/*]",
            "vulnerabilities: {block_at: high}",
            "OSV knows no packages of the formats generic and swift: this rule would hold",
            id="vulnerabilities of what OSV does not know",
        ),
        pytest.param(
            "/generic/*",
            "versions: releases",
            "nobody knows releases of the format generic",
            id="releases of generic packages",
        ),
        pytest.param(
            "[/npm/*, /pypi/*]",
            'versions: {range: ">=2"}',
            "versions.range: a range is in the syntax of one format, and this rule is about several"
            ". Make a rule for each format",
            id="a range of two formats",
        ),
        pytest.param(
            "/*", 'versions: {range: ">=2"}', "is about several", id="a range of all formats"
        ),
        pytest.param(
            "[/swift/*]",
            "origin: public:npmjs",
            "this rule is about the format swift. Write internal.",
            id="a format without a connection",
        ),
    ],
)
def test_a_gate_that_no_version_of_a_format_can_pass_is_a_mistake(
    packages: str, gates: str, problem: str
) -> None:
    """It would hold them for ever, and nobody would know why."""
    found = in_require(gates, packages)
    assert any(one.startswith("policy.yaml:7: ") and problem in one for one in found), found


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("recall: delete", "recall: 'delete' is not known here. Write report or unlist or archive"),
        ("include_dependencies: 'yes'", "include_dependencies: this is neither true nor false"),
        ("require: manual", "require: this is no mapping. Write {minimum_age: ...}."),
        ("require:", "require: nothing stands here"),
        ("requires: {}", "unknown key 'requires'. Did you mean 'require'?"),
    ],
)
def test_a_mistake_beside_the_gates_is_found_on_its_line(key: str, problem: str) -> None:
    """With what to write instead."""
    found = mistakes(f"{RULES}- {{name: x, packages: /*, from: ab, to: cd, {key}}}\n")
    assert any(one.startswith("policy.yaml:3: ") and problem in one for one in found), found


WORDS = ["/pypi/*", "pkg:pypi/x@1", "P7D", "high", "MIT", "public:pypi", "releases", "manual", ">2"]
KEYS = st.sampled_from(["at_least", "allow", "range", "id", "x"])
ANYTHING = st.recursive(
    st.sampled_from([*WORDS, "GHSA-1", "2027-01-31", "", "x", None, True, 1, 1.5]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)


def mapping_of(
    model: type[BaseModel], known: dict[str, st.SearchStrategy[object]]
) -> st.SearchStrategy[object]:
    """Return mappings with some keys of *model*: right, nearly right and wrong values."""
    keys: dict[str, st.SearchStrategy[object]] = dict.fromkeys(keys_of(model), ANYTHING)
    return st.fixed_dictionaries({}, optional=keys | known)


REQUIRE = mapping_of(
    RequireKeys,
    {
        "minimum_age": mapping_of(MinimumAgeKeys, {}) | ANYTHING,
        "vulnerabilities": mapping_of(
            VulnerabilitiesKeys, {"waivers": st.lists(mapping_of(WaiverKeys, {}), max_size=2)}
        ),
        "licences": mapping_of(LicencesKeys, {}) | ANYTHING,
        "versions": mapping_of(VersionsKeys, {}) | ANYTHING,
    },
)


@pytest.mark.parametrize("name", ["' '", "'x '", '"x\\ny"', '"x\\u200by"', '"\\u202ex"'])
def test_a_name_that_looks_like_another_is_a_mistake(name: str) -> None:
    """It stands in commands, logs and mails, where nobody could tell the two apart."""
    rules = f"{RULES}- name: {name}\n  packages: /pypi/*\n  from: ab\n  to: cd\n"
    (found,) = mistakes(rules)
    assert found.startswith("policy.yaml:3: promotions[0].name: ")
    assert "blanks at its ends, or signs that nobody sees" in found


@given(
    require=REQUIRE,
    packages=st.sampled_from(["/*", "/pypi/*", "/swift/*", "/generic/*", "/npm/*"]),
    more=mapping_of(PromotionsRule, {}),
)
def test_whatever_stands_there_is_a_rule_or_its_mistakes_have_remedies(
    require: object, packages: str, more: dict[str, object]
) -> None:
    """No value leads to a traceback, nor to pydantic's own words."""
    rule = {"name": "x", "packages": packages, "from": "ab", "to": "cd", "require": require}
    for rules in ([rule], [rule | more], [rule, more]):
        for mistake in mistakes_in(yaml.safe_dump({"domain": "a-b", "promotions": rules})):
            assert mistake.remedy != "See docs/policy.md."
            assert "<" not in mistake.where
