"""The policy sections `retention` and `limits`: what is compiled, and which rule is whose."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from steward import patterns
from steward.cache_rules import load_locked
from steward.coordinates import FORMATS, Format
from steward.ledger_marks import MARKS_KEPT_FOR
from steward.lockfiles import Locked
from steward.policy import Limits, Policy, load
from steward.policy_file import CheckedPolicy, check, json_schema
from steward.policy_lines import PolicyMistakesError
from steward.policy_model import SECTIONS, keys_of
from steward.policy_retention import MAX_WAIT
from steward.retention_rules import KINDS, STEPS, RetentionRule, Step
from steward.versions import build_of, is_release
from tests.unit.fake_codeartifact import package

RULE = "domain: a-b\nretention:\n- packages: /maven/*\n"
SMALL = RULE + "  versions: all\n  keep_newest: 5\n  then: archive\n"
WHOLE = """\
domain: my-company
promotions:
  - {name: x, packages: /maven/*, from: intake, to: approved, require: {origin: internal}}
retention:
  - packages: [/maven/com.mycompany~, /npm/mycompany/*]
    repositories: ["*-snapshots", my-maven-repo]
    versions: [snapshot-builds, "0.*"]
    keep_newest: 5
    keep_younger_than: P30D
    when_released: {grace: P7D}
    keep: ["1.0.*", "*-lts"]
    lockfiles: [requirements.txt]
    keep_promoted: false
    unfinished_after: P1D
    then: [unlist, {archive: P14D}, {delete: P30D}]
  - packages: /pypi/*
    versions: prereleases
    keep_newest: 1
    then: dispose
limits:
  deletions_per_run: 50
"""


def checked(text: str, folder: Path, **files: str) -> CheckedPolicy:
    """Return the policy *text* in *folder*, beside *files*, whose names have `_` for a dot."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return check(text, str(folder / "policy.yaml"))


def loaded(found: CheckedPolicy, folder: Path) -> tuple[Policy, Mapping[str, tuple[Locked, ...]]]:
    """Return the policy, and what its lock files list, as functions have them."""
    return load(found.write(folder)), load_locked(folder / "lockfiles.json")


def a_rule(*versions: str, grace: timedelta | None = None) -> RetentionRule:
    """Return a rule about *versions*, which keeps the newest of them."""
    return RetentionRule(
        name="retention[0]",
        packages=(patterns.parse("/*"),),
        repositories=("*",),
        versions=versions,
        keep_newest=1,
        keep_younger_than=None,
        release_grace=grace,
        keep=(),
        lockfiles=(),
        keep_promoted=True,
        unfinished_after=timedelta(days=7),
        then=(Step("archive"),),
    )


def test_every_key_reaches_the_functions(tmp_path: Path) -> None:
    """And what is left out has its default."""
    found = checked(WHOLE, tmp_path, requirements_txt="six==1.16.0\n")
    policy, locked = loaded(found, tmp_path)
    first, second = policy.retention
    assert first == RetentionRule(
        name="retention[0]",
        packages=(patterns.parse("/maven/com.mycompany~"), patterns.parse("/npm/mycompany/*")),
        repositories=("*-snapshots", "my-maven-repo"),
        versions=("snapshot-builds", "0.*"),
        keep_newest=5,
        keep_younger_than=timedelta(days=30),
        release_grace=timedelta(days=7),
        keep=("1.0.*", "*-lts"),
        lockfiles=("requirements.txt",),
        keep_promoted=False,
        unfinished_after=timedelta(days=1),
        then=(
            Step("unlist"),
            Step("archive", timedelta(days=14)),
            Step("delete", timedelta(days=30)),
        ),
    )
    assert second == replace(
        a_rule("prereleases"),
        name="retention[1]",
        packages=(patterns.parse("/pypi/*"),),
        then=(Step("dispose"),),
    )
    assert policy.limits == Limits(deletions_per_run=50)
    assert [one.version for one in locked["requirements.txt"]] == ["1.16.0"]


def test_what_the_policy_does_not_say_is_the_default(tmp_path: Path) -> None:
    """No rule, and a limit all the same."""
    policy, locked = loaded(checked("domain: a-b\n", tmp_path), tmp_path)
    assert (policy.retention, policy.limits, locked) == ((), Limits(500), {})


def test_only_steps_wait_a_year_at_most(tmp_path: Path) -> None:
    """How long versions and releases have been there is asked of CodeArtifact, not remembered."""
    text = SMALL.replace("versions: all", "versions: snapshot-builds").replace(
        "then: archive",
        "keep_younger_than: P4000D\n  when_released: {grace: P1000D}\n  then: [{delete: P365D}]",
    )
    policy, _ = loaded(checked(text, tmp_path), tmp_path)
    (rule,) = policy.retention
    assert rule.then == (Step("delete", timedelta(days=365)),)
    assert rule.keep_younger_than == timedelta(days=4000)
    assert rule.release_grace == timedelta(days=1000)


def test_every_wait_ends_while_its_beginning_is_remembered() -> None:
    """Else a version would wait anew each time, for ever."""
    assert MAX_WAIT + timedelta(days=30) <= MARKS_KEPT_FOR


def test_another_lock_file_is_another_policy(tmp_path: Path) -> None:
    """Whoever applies a plan applies it with the lock files that it was made by."""
    text = SMALL + "  lockfiles: requirements.txt\n"
    digests = {
        json.loads(checked(text, tmp_path, requirements_txt=locked).compiled)["digest"]
        for locked in ("six==1.0\n", "six==1.1\n")
    }
    assert len(digests) == 2


def test_snapshots_of_a_lock_file_are_kept_and_never_fetched(tmp_path: Path) -> None:
    """They stand under a name of their own, which only rules of retention know."""
    text = (
        SMALL + "  lockfiles: gradle.lockfile\n"
        "caches:\n- {repository: a-b, lockfiles: gradle.lockfile}\n"
    )
    locked_lines = "g:a:1.4-20260301.101500-7=x\ng:b:1.0=x\nempty=\n"
    found = checked(text, tmp_path, gradle_lockfile=locked_lines)
    policy, locked = loaded(found, tmp_path)
    assert policy.caches[0].lockfiles == ("gradle.lockfile",)
    assert [one.version for one in locked["gradle.lockfile"]] == ["1.0"]
    kept = [one.version for file in policy.retention[0].lockfiles for one in locked[file]]
    assert sorted(kept) == ["1.0", "1.4-20260301.101500-7"]
    assert [one.where for one in found.warnings] == ["caches[0].lockfiles[0]"]


def test_all_rules_that_apply_are_asked_in_their_order(tmp_path: Path) -> None:
    """The first of them that selects a version decides about it."""
    text = SMALL.replace("versions: all", "versions: releases") + (
        "- {packages: /npm/*, versions: all, keep_newest: 1, then: archive}\n"
        "- {packages: /*, repositories: '*-snapshots', versions: all, keep_newest: 2, "
        "then: archive}\n"
    )
    policy, _ = loaded(checked(text, tmp_path), tmp_path)
    other = package(repository="my-snapshots")
    subject = replace(other, repository=replace(other.repository, domain="a-b"))
    assert [rule.name for rule in policy.retention_rules_for(subject)] == [
        "retention[0]",
        "retention[2]",
    ]
    assert policy.retention_rules_for(other) == ()


@pytest.mark.parametrize(
    ("package_format", "version", "kinds"),
    [
        pytest.param("maven", "1.4-20260301.101500-7", "snapshot-builds all", id="a snapshot"),
        pytest.param("maven", "1.4-SNAPSHOT", "", id="the name of the newest build"),
        pytest.param("maven", "1.4-20261301.101500-7", "all", id="an impossible month"),
        pytest.param("maven", "1.4-rc1", "prereleases all", id="a candidate of Maven"),
        pytest.param("maven", "1.4", "releases all", id="a release of Maven"),
        pytest.param("npm", "1.4.0-dev.7", "snapshot-builds prereleases all", id="a build of npm"),
        pytest.param("npm", "1.4.0-dev", "prereleases all", id="a label without a number"),
        pytest.param("npm", "1.4.0", "releases all", id="a release of npm"),
        pytest.param("npm", "1.4.0-SNAPSHOT", "prereleases all", id="no snapshot of npm"),
        pytest.param("npm", "latest", "all", id="no version of npm"),
        pytest.param("pypi", "1.4.dev7", "snapshot-builds prereleases all", id="a build of PyPI"),
        pytest.param("pypi", "1.4.post1", "releases all", id="a post-release"),
        pytest.param("nuget", "1.4.0-ci.7", "snapshot-builds prereleases all", id="one of NuGet"),
        pytest.param("ruby", "1.4.0.pre", "prereleases all", id="a pre-release of a gem"),
        pytest.param("cargo", "1.4.0-alpha.1", "prereleases all", id="a pre-release of a crate"),
        pytest.param("swift", "1.4.0", "releases all", id="a release of Swift"),
        pytest.param("generic", "1.4.0", "all", id="a generic version"),
    ],
)
def test_a_version_is_of_its_kinds(package_format: Format, version: str, kinds: str) -> None:
    """By the rules of its format alone."""
    found = [kind for kind in KINDS if a_rule(kind).selects(package_format, version)]
    assert found == kinds.split()


@pytest.mark.parametrize(
    ("glob", "version", "selected"),
    [
        ("0.*", "0.9", True),
        ("0.*", "10.9", False),
        ("*-rc[0-9]", "1.0-rc1", True),
        ("*-RC*", "1.0-rc1", False),
        ("1.?", "1.10", False),
        ("*", "1.0-SNAPSHOT", False),
    ],
)
def test_a_pattern_selects_what_a_shell_would(glob: str, version: str, *, selected: bool) -> None:
    """By case, and the whole version."""
    assert a_rule(glob).selects("maven", version) is selected
    assert a_rule("snapshot-builds", glob).selects("maven", version) is selected


@pytest.mark.parametrize(
    ("versions", "grace", "goes"),
    [
        pytest.param("snapshot-builds", timedelta(days=7), True, id="with its builds"),
        pytest.param("all", timedelta(), True, id="with all"),
        pytest.param("1.4-*", timedelta(days=7), True, id="a pattern matches it"),
        pytest.param("1.3-*", timedelta(days=7), False, id="the pattern is of others"),
        pytest.param("releases", timedelta(days=7), False, id="the rule is about releases"),
        pytest.param("all", None, False, id="the rule does not ask for releases"),
    ],
)
def test_a_snapshot_s_name_goes_only_after_its_release(
    versions: str, grace: timedelta | None, *, goes: bool
) -> None:
    """`1.4-SNAPSHOT` is the newest build, under another name."""
    rule = a_rule(versions, grace=grace)
    assert rule.selects_alias("maven", "1.4-SNAPSHOT") is goes
    assert not rule.selects_alias("maven", "1.4-20260301.101500-7")
    assert not rule.selects_alias("npm", "1.4.0-SNAPSHOT")


def test_what_is_to_be_kept_is_matched_by_case() -> None:
    """As a shell matches names."""
    rule = replace(a_rule("all"), keep=("1.0.*", "*-lts"))
    versions = ["1.0.3", "2.0-lts", "2.0-LTS", "11.0.1", "1.0"]
    assert [rule.keeps(version) for version in versions] == [True, True, False, False, False]


VERSIONS = st.text("0123456789.-+abcdevrSNAPHOT", min_size=1, max_size=24) | st.sampled_from(
    ["1.4-20260301.101500-7", "1.4-SNAPSHOT", "1.0", "1.0rc1", "1.0.0-dev.3", "1.0.0+sha"]
)


@given(package_format=st.sampled_from(FORMATS), version=VERSIONS)
def test_a_version_is_never_of_two_kinds_that_exclude_each_other(
    package_format: Format, version: str
) -> None:
    """Nothing is a release and on the way to one; and what is of a kind is of `all`."""
    kinds = {kind for kind in KINDS if a_rule(kind).selects(package_format, version)}
    assert not {"releases", "prereleases"} <= kinds
    assert kinds <= {"all"} or "all" in kinds
    if is_release(package_format, version) is None and build_of(package_format, version) is None:
        assert kinds <= {"all"}


def test_the_schema_accepts_what_the_compiler_accepts() -> None:
    """Editors complete from it."""
    validator = jsonschema.Draft202012Validator(json_schema())
    assert validator.is_valid(yaml.safe_load(WHOLE))
    assert validator.is_valid(yaml.safe_load(SMALL))
    good: dict[str, object]
    good = {"packages": "/maven/*", "versions": "all", "keep_newest": 5, "then": "archive"}
    wrongs: tuple[dict[str, object], ...] = (
        {"keep_newest": -1},
        {"keep_newest": None},
        {"versions": []},
        {"when_released": {}},
        {"when_released": "P7D"},
        {"then": "remove"},
        {"then": []},
        {"then": [{"unlist": "P1D", "delete": "P2D"}]},
        {"then": [{}]},
        {"keep_promoted": "no"},
        {"lockfiles": []},
    )
    for wrong in wrongs:
        rule = good | wrong
        assert not validator.is_valid({"domain": "a-b", "retention": [rule]}), wrong
    for key in good:
        rule = {name: value for name, value in good.items() if name != key}
        assert not validator.is_valid({"domain": "a-b", "retention": [rule]}), key
    of_limits: tuple[object, ...] = ([], {"deletions_per_run": -1}, {"deletions": 1}, None)
    for limits in of_limits:
        assert not validator.is_valid({"domain": "a-b", "limits": limits}), limits


VALUES = st.recursive(
    st.sampled_from(
        [*KINDS, *STEPS, "P7D", "PT0S", "1.0.*", "*", "/maven/*", "/*", "", None, True, 0, 3, -1]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*STEPS, "grace", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)
RULES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(keys_of(SECTIONS["retention"]), VALUES)
) | st.fixed_dictionaries(
    {
        "packages": st.sampled_from(["/*", "/maven/*", "/generic/*"]),
        "versions": st.lists(st.sampled_from([*KINDS, "1.*", "*"]), min_size=1, unique=True),
        "keep_newest": st.integers(0, 2),
        "then": st.lists(st.sampled_from(STEPS), min_size=1, unique=True),
    },
    optional={
        "repositories": st.sampled_from(["*", "a-*", "a-b"]),
        "keep": st.sampled_from(["*", "1.*", "2.*"]),
        "when_released": st.just({"grace": "P1D"}),
        "keep_younger_than": st.just("P1D"),
    },
)


@given(
    document=st.fixed_dictionaries(
        {"domain": st.just("a-b")},
        optional={
            "retention": st.lists(RULES, max_size=3) | VALUES,
            "limits": st.fixed_dictionaries({}, optional={"deletions_per_run": VALUES}) | VALUES,
        },
    )
)
def test_whatever_stands_there_is_a_policy_or_its_mistakes_have_remedies(
    document: dict[str, object],
) -> None:
    """No value leads to a traceback, nor to pydantic's own words; the schema refuses no policy."""
    try:
        check(yaml.safe_dump(document), "policy.yaml")
    except PolicyMistakesError as error:
        for mistake in error.mistakes:
            assert mistake.remedy != "See docs/policy.md."
            assert "<" not in mistake.where
    else:
        jsonschema.Draft202012Validator(json_schema()).validate(document)
