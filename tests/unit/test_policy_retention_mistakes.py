"""The policy section `retention`: what is a mistake in it."""

from pathlib import Path

import pytest

from tests.unit.test_policy_caches import problems

RULE = "domain: a-b\nretention:\n- packages: /maven/*\n"
SMALL = RULE + "  versions: all\n  keep_newest: 5\n"
WHOLE = SMALL + "  then: archive\n"


def with_then(then: str) -> str:
    """Return a policy whose rule ends in *then*, on line 6."""
    return f"{SMALL}  then: {then}\n"


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
            "4: retention[0].versions: this is no list. If it is to be a text, such as a version,",
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
            "7: retention[0].keep_newer: unknown key 'keep_newer'. Did you mean 'keep_",
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
            with_then("[unlist, {delete: P365DT1S}]"),
            "6: retention[0].then[1].delete: a step waits 365 days at most, and P365DT1S is longer",
            id="a waiting time that nobody remembers the beginning of",
        ),
        pytest.param(
            with_then("[{archive: P53W}]"),
            "6: retention[0].then[0].archive: a step waits 365 days at most, and P53W is longer: "
            "when a wait began is not remembered for good. Write P365D or less; with keep_younge",
            id="such a waiting time of the first step",
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
