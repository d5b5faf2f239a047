"""The policy section `retention`: rules that get in each other's way, and what is a warning."""

from pathlib import Path

import pytest

from tests.unit.test_policy_caches import problems, warnings
from tests.unit.test_policy_retention_mistakes import WHOLE, with_then


def two(first: str, second: str) -> str:
    """Return a policy with two rules, on the lines 3 and 4."""
    rest = "keep_newest: 5, then: archive}\n"
    return f"domain: a-b\nretention:\n- {{{first}, {rest}- {{{second}, {rest}"


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
            with_then("[unlist, archive, delete]"),
            "6: retention[0].then: delete with no time before it takes releases that may have been",
            id="releases that are deleted at the second sweep",
        ),
        pytest.param(
            with_then("delete").replace("versions: all", "versions: ['*-rc*', '0.*']"),
            "6: retention[0].then: delete at once takes releases that may have been published toda",
            id="releases by a pattern",
        ),
        pytest.param(
            WHOLE.replace("then: archive", "then: delete\n  keep_younger_than: P1D")
            + "  unfinished_after: PT59M\n",
            "8: retention[0].unfinished_after: an upload that takes longer than PT59M may lose its",
            id="uploads that go on",
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
        pytest.param(
            with_then("[{unlist: P1D}, delete]"), id="there is time before they are unlisted"
        ),
        pytest.param(
            with_then("delete").replace("versions: all", "versions: ['*-rc*', '*.dev*']"),
            id="patterns of what comes before a release",
        ),
        pytest.param(WHOLE + "  unfinished_after: PT1H\n", id="time enough to upload"),
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
