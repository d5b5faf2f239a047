"""The policy section `retention`: what is a mistake in it, and what is a warning."""

from pathlib import Path

import pytest

from tests.unit.test_policy_caches import problems, warnings

RULE = "domain: a-b\nretention:\n- packages: /maven/*\n"
SMALL = RULE + "  versions: all\n  keep_newest: 5\n"
WHOLE = SMALL + "  then: archive\n"


def with_then(then: str) -> str:
    """Return a policy whose rule ends in *then*, on line 6."""
    return f"{SMALL}  then: {then}\n"


def two(first: str, second: str) -> str:
    """Return a policy with two rules, on the lines 3 and 4."""
    rest = "keep_newest: 5, then: archive}\n"
    return f"domain: a-b\nretention:\n- {{{first}, {rest}- {{{second}, {rest}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            RULE + "  versions: all\n  then: archive\n",
            "3: retention[0]: this rule has nothing to go by. Add keep_newest, keep_younger_than o",
            id="nothing to go by",
        ),
        pytest.param(
            RULE + "  keep_newest: 5\n  then: archive\n",
            "3: retention[0].versions: the key 'versions' is missing",
            id="no versions",
        ),
        pytest.param(SMALL, "3: retention[0].then: the key 'then' is missing", id="no steps"),
        pytest.param(
            "domain: a-b\nretention:\n- /maven/*\n",
            "3: retention[0]: this is no rule. A rule starts like this: `- packages: /maven/com.m",
            id="no rule",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: snapshot_builds"),
            "4: retention[0].versions[0]: 'snapshot_builds' is not known here. Write snapshot-buil",
            id="a slip of the pen",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: release"),
            "'release' is not known here. Write releases, or a pattern of versions: 1.0.*.",
            id="a word that nearly is one",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: 1.0"),
            "4: retention[0].versions: this is no list",
            id="a number for a version",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: '1.0 beta'"),
            "'1.0 beta' can match no version. Versions have no blank",
            id="a pattern that no version has",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: []"),
            "4: retention[0].versions: this list is empty. Put at least one item in, or delete the",
            id="an empty list",
        ),
        pytest.param(
            WHOLE + "  keep: []\n",
            "7: retention[0].keep: this list is empty. Put at least one item in, or delete the key",
            id="an empty list of what may be left out",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: [all, all]"),
            "all stands here more than once",
            id="a word twice",
        ),
        pytest.param(
            WHOLE.replace("keep_newest: 5", "keep_newest: -1"),
            "5: retention[0].keep_newest: this number is too small. Write 0 or more.",
            id="fewer than none",
        ),
        pytest.param(
            WHOLE.replace("keep_newest: 5", "keep_newest: 0"),
            "5: retention[0].keep_newest: 0 keeps nothing, and nothing else here says what stays",
            id="none",
        ),
        pytest.param(
            WHOLE.replace("keep_newest: 5", "keep_younger_than: PT0S"),
            "5: retention[0].keep_younger_than: a time of nothing keeps nothing",
            id="no time",
        ),
        pytest.param(
            WHOLE.replace("keep_newest: 5", "keep_younger_than: 30"),
            "'30' is no duration. Write P30D for days, PT30S for seconds (ISO 8601).",
            id="a number of days",
        ),
        pytest.param(
            WHOLE + "  unfinished_after: PT0S\n",
            "7: retention[0].unfinished_after: a time of nothing keeps nothing",
            id="no time for an upload",
        ),
        pytest.param(
            WHOLE + "  when_released: P7D\n",
            "7: retention[0].when_released: this is no mapping. Write {grace: ...}.",
            id="a grace without its key",
        ),
        pytest.param(
            WHOLE + "  when_released: {}\n",
            "7: retention[0].when_released.grace: the key 'grace' is missing",
            id="no grace",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: releases")
            + "  when_released: {grace: P7D}\n",
            "7: retention[0].when_released: only builds go when their version is released, and thi",
            id="releases that go when they are released",
        ),
        pytest.param(
            WHOLE.replace("/maven/*", "/swift/*") + "  when_released: {grace: P7D}\n",
            "only builds go when their version is released",
            id="a format without builds",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: prereleases")
            + "  when_released: {grace: P7D}\n",
            "only builds go when their version is released",
            id="pre-releases of Maven, which are no builds",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: snapshot-builds").replace("maven", "cargo"),
            "4: retention[0].versions[0]: this selects nothing: no package of the format cargo has",
            id="builds of a format without any",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: releases").replace("maven", "generic"),
            "this selects nothing: no package of the format generic has releases. Write all, or a",
            id="releases of generic packages",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: '*-SNAPSHOT'"),
            "this selects nothing: a version such as *-SNAPSHOT names the newest build of a snapsh",
            id="the name of the newest build",
        ),
        pytest.param(
            WHOLE + "  keep: ['1.*', '*']\n",
            "7: retention[0].keep[1]: * keeps all that this rule selects",
            id="everything is kept",
        ),
        pytest.param(
            WHOLE.replace("versions: all", "versions: ['0.1.*', '0.2.*']") + "  keep: 0.*\n",
            "7: retention[0].keep[0]: 0.* keeps all that this rule selects",
            id="what is selected is kept",
        ),
        pytest.param(
            WHOLE + "  lockfiles: s3://my-bucket/uv.lock\n",
            "7: retention[0].lockfiles[0]: 's3://my-bucket/uv.lock' is an object in S3, and what i",
            id="a lock file in S3",
        ),
        pytest.param(
            WHOLE + "  lockfiles: uv.lock\n",
            "7: retention[0].lockfiles[0]: uv.lock cannot be read: No such file or directory. Put",
            id="a lock file that is not there",
        ),
        pytest.param(
            WHOLE + "  lockfiles: pom.xml\n",
            "pom.xml is no kind of lock file that is known",
            id="no lock file",
        ),
        pytest.param(
            WHOLE + "  lockfiles: ../uv.lock\n", "leaves the folder", id="a lock file elsewhere"
        ),
        pytest.param(
            WHOLE + "  keep_promoted: 'no'\n",
            "7: retention[0].keep_promoted: this is neither true nor false",
            id="a word for a truth",
        ),
        pytest.param(
            WHOLE + "  keep_newer: 3\n",
            "7: retention[0].keep_older: unknown key 'keep_newer'. Did you mean 'keep_",
            id="an unknown key",
        ),
        pytest.param(
            with_then("remove"),
            "6: retention[0].then[0]: 'remove' is not known here. Write unlist or archive or dispo",
            id="no such step",
        ),
        pytest.param(
            with_then("[delete, unlist]"),
            "6: retention[0].then: delete, unlist is no way out: the order is unlist, archive, dis",
            id="steps in the wrong order",
        ),
        pytest.param(
            with_then("[unlist, {unlist: P1D}]"),
            "6: retention[0].then: unlist stands here more than once",
            id="a step twice",
        ),
        pytest.param(
            with_then("[unlist, {delete: -P1D}]"),
            "6: retention[0].then[1].delete: '-P1D' is no duration",
            id="a waiting time before now",
        ),
        pytest.param(
            with_then("[unlist, {delete: }]"),
            "6: retention[0].then[1].delete: nothing stands here",
            id="no waiting time",
        ),
        pytest.param(
            with_then("[{unlist: P1D, delete: P2D}]"),
            "6: retention[0].then[0]: a step is one word and its waiting time. Write each step as",
            id="two steps in one",
        ),
        pytest.param(
            with_then("[unlist, {remove: P1D}]"),
            "6: retention[0].then[1].remove: unknown key 'remove'.",
            id="no such step with a waiting time",
        ),
        pytest.param(
            with_then("[[unlist]]"),
            "6: retention[0].then[0]: this is no word. Write unlist or archive or",
            id="a list in the list",
        ),
        pytest.param(
            with_then("{delete: P1D}"),
            "6: retention[0].then: this is no list",
            id="a step that is no list",
        ),
        pytest.param(
            "domain: a-b\nlimits: 500\n",
            "2: limits: this is no mapping. Write {deletions_per_run: ...}.",
            id="a limit without its key",
        ),
        pytest.param(
            "domain: a-b\nlimits:\n  deletions_per_run: -1\n",
            "3: limits.deletions_per_run: this number is too small. Write 0 or more.",
            id="a limit below none",
        ),
        pytest.param(
            "domain: a-b\nlimits:\n  deletions: 5\n",
            "3: limits.deletions: unknown key 'deletions'. Did you mean 'deletions_per_run'? Known",
            id="a limit that is not known",
        ),
    ],
)
def test_a_mistake_has_its_line_and_its_remedy(tmp_path: Path, text: str, problem: str) -> None:
    """It is among those that are told."""
    found = problems(text, tmp_path)
    assert any(problem in one for one in found), found


@pytest.mark.parametrize(
    ("text", "taker"),
    [
        pytest.param(
            two("packages: /maven/*, versions: all", "packages: /maven/a~, versions: releases"),
            "retention[0] (line 3) comes first and selects",
            id="all versions of more packages",
        ),
        pytest.param(
            two("packages: /*, versions: '0.*'", "packages: /npm/*, versions: '0.1.*'"),
            "retention[0] (line 3) comes first and selects",
            id="a wider pattern",
        ),
        pytest.param(
            two("packages: /npm/*, versions: '*'", "packages: /npm/*, versions: prereleases"),
            "retention[0] (line 3) comes first and selects",
            id="a pattern of everything",
        ),
        pytest.param(
            two(
                "packages: /npm/*, versions: prereleases",
                "packages: /npm/*, versions: snapshot-builds",
            ),
            "retention[0] (line 3) comes first and selects",
            id="builds of npm are pre-releases",
        ),
        pytest.param(
            two(
                "packages: /maven/*, versions: prereleases",
                "packages: /maven/*, versions: snapshot-builds",
            ),
            None,
            id="builds of Maven are not",
        ),
        pytest.param(
            two("packages: /npm/*, versions: '0.*'", "packages: /npm/*, versions: all"),
            None,
            id="the wider one comes last",
        ),
        pytest.param(
            two("packages: /npm/*, versions: '1.*'", "packages: /npm/*, versions: releases"),
            None,
            id="some of the releases",
        ),
        pytest.param(
            two(
                "packages: /npm/*, repositories: a-*, versions: all",
                "packages: /npm/*, repositories: [a-b, c-d], versions: all",
            ),
            None,
            id="in one of its repositories",
        ),
        pytest.param(
            two(
                "packages: /npm/*, repositories: a-*, versions: all",
                "packages: /npm/*, repositories: [a-b, a-c], versions: all",
            ),
            "retention[0] (line 3) comes first and selects",
            id="in all of its repositories",
        ),
        pytest.param(
            two(
                "packages: /npm/*, versions: all",
                "packages: [/npm/a/*, /cargo/*], versions: [snapshot-builds, releases]",
            ),
            None,
            id="in one of its formats",
        ),
        pytest.param(
            two(
                "packages: [/npm/*, /generic/*], versions: [prereleases, releases]",
                "packages: /npm/*, versions: [releases, prereleases]",
            ),
            "retention[0] (line 3) comes first and selects",
            id="each of its kinds",
        ),
    ],
)
def test_a_rule_that_can_never_match_is_a_mistake(
    tmp_path: Path, text: str, taker: str | None
) -> None:
    """Rules of other versions, packages or repositories are not in its way."""
    if taker is None:
        assert warnings(text, tmp_path) == []
        return
    (found,) = problems(text, tmp_path)
    assert found == (
        f"4: retention[1]: this rule can never match: {taker} all of its versions. Put the "
        "narrower rule first, or delete one of them."
    )


def test_two_rules_may_take_all_together(tmp_path: Path) -> None:
    """Both are named."""
    text = two(
        "packages: /npm/*, versions: releases", "packages: /npm/*, versions: prereleases"
    ) + (
        "- {packages: /npm/*, versions: [releases, snapshot-builds], keep_newest: 1, "
        "then: archive}\n"
    )
    (found,) = problems(text, tmp_path)
    assert (
        "5: retention[2]: this rule can never match: retention[0] (line 3), retention[1]" in found
    )


PROMOTED = (
    "promotions:\n"
    "- {name: x, packages: /maven/*, from: a-b, to: c-d, require: {origin: internal}}\n"
)


def test_a_rule_of_promoted_repositories_alone_is_a_mistake(tmp_path: Path) -> None:
    """What stands there stays, unless the rule says otherwise; elsewhere things may go."""
    text = WHOLE + "  repositories: c-d\n"
    (found,) = problems(text + PROMOTED, tmp_path)
    assert found == (
        "7: retention[0].repositories: this rule can never do anything: promotions[0] (line 9) "
        "promotes to c-d, where what was promoted stays. Write keep_promoted: false, or other "
        "repositories."
    )
    assert warnings(f"{text}  keep_promoted: false\n{PROMOTED}", tmp_path) == []
    others = text.replace("c-d", "[c-d, a-b]")
    assert warnings(others + PROMOTED, tmp_path) == []
    assert warnings(WHOLE + PROMOTED, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param(
            with_then("delete"),
            "6: retention[0].then: delete at once takes releases that may have been published toda",
            id="releases that are deleted at once",
        ),
        pytest.param(
            with_then("[dispose, {delete: P30D}]"),
            "6: retention[0].then: dispose at once takes releases",
            id="releases whose files are gone at once",
        ),
        pytest.param(
            "limits: {deletions_per_run: 0}\n" + with_then("[unlist, {delete: P30D}]"),
            "7: retention[0].then: this rule wants to delete, and limits.deletions_per_run (line 1",
            id="no deletion is allowed",
        ),
        pytest.param(
            WHOLE + "  lockfiles: requirements.txt\n",
            "7: retention[0].lockfiles[0]: requirements.txt lists what names no version to keep: "
            "six>=1 (",
            id="a lock file that pins nothing",
        ),
    ],
)
def test_what_is_probably_not_wanted_is_a_warning(tmp_path: Path, text: str, warning: str) -> None:
    """It may be meant all the same."""
    found = warnings(text, tmp_path, requirements_txt="six>=1\nidna==3.10\n")
    assert len(found) == 1
    assert warning in found[0]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            with_then("delete").replace("versions: all", "versions: snapshot-builds"),
            id="builds are made to be replaced",
        ),
        pytest.param(with_then("delete") + "  keep_younger_than: P30D\n", id="only old ones"),
        pytest.param(with_then("[{delete: P1D}]"), id="there is time to say no"),
        pytest.param(with_then("[unlist, delete]"), id="they are unlisted first"),
        pytest.param("limits: {deletions_per_run: 0}\n" + WHOLE, id="nothing is deleted anyway"),
    ],
)
def test_what_takes_nothing_by_surprise_has_no_warning(tmp_path: Path, text: str) -> None:
    """Nobody reads warnings that are always there."""
    assert warnings(text, tmp_path) == []


def test_what_would_be_fetched_again_is_a_warning(tmp_path: Path) -> None:
    """Else the two would take turns for ever."""
    rule = WHOLE.replace("/maven/*", "/pypi/*")
    caches = "caches:\n- {repository: a-b, lockfiles: requirements.txt}\n"
    (found,) = warnings(rule + caches, tmp_path, requirements_txt="six==1.16.0\n")
    assert found == (
        "3: retention[0].lockfiles: caches[0] (line 8) fetches what requirements.txt lists into "
        "a-b: what goes from there would be fetched again. Add requirements.txt to the lockfiles "
        "of this rule."
    )
    named = f"{rule}  lockfiles: requirements.txt\n{caches}"
    assert warnings(named, tmp_path) == []
    assert warnings(WHOLE + caches, tmp_path) == []  # it is about Maven
    elsewhere = f"{rule}  repositories: c-*\n{caches}"
    assert warnings(elsewhere, tmp_path) == []
