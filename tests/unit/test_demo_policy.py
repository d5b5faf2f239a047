"""The policy that the demonstration plays, and which ones leave it nothing to show."""

import json
from pathlib import Path

import pytest

from cli.demo import dependency_confusion
from cli.demo.locked_packages import NEEDED, NEEDED_LATER, lock_file, versions_of
from cli.demo.outage import BUCKET, KEY
from cli.demo.played_policy import (
    ADDITION,
    PROMOTIONS,
    RETENTION,
    PlayedPolicy,
    played_policy,
)
from cli.demo.python_clients import quoted_answer
from cli.demo.shop import (
    NIGHTLY_AGES,
    OPEN_BUILDS,
    RELEASED,
    RELEASED_BUILDS,
    REPORTS,
    REPORTS_AGES,
)
from cli.demo.story import StepFailedError
from cli.options import ACCOUNT, POLICY
from cli.policies import loaded_policy
from steward.lockfiles import read

SNAPSHOTS = "domain: my-company\nsnapshots:\n  - packages: /maven/*\n"
INTERNAL = """\
origins:
  - packages: /pypi//mycompany-billing$
    repositories: DemoRepository
    kind: internal
"""


def played(text: str, folder: Path) -> PlayedPolicy:
    """Return the policy *text* as the demonstration plays it."""
    path = folder / "policy.yaml"
    path.write_text(text)
    return played_policy(path, folder / "played")


@pytest.mark.parametrize(
    "text",
    [POLICY.read_text(), SNAPSHOTS, '{"domain": "my-company"}', "domain: my-company\n...\n"],
    ids=["the one that is shipped", "one with snapshots", "one in JSON", "one with an end mark"],
)
def test_a_policy_without_origins_gets_the_demonstration_s_rule(text: str, tmp_path: Path) -> None:
    """And keeps the rest of what it says."""
    policy = played(text, tmp_path)
    loaded = policy.load()
    assert policy.addition == ADDITION
    assert policy.domain == "my-company"
    assert [rule.kind for rule in loaded.origins] == ["internal"]
    assert len(loaded.snapshots) == text.count("snapshots:")
    dependency_confusion.check_policy(loaded, ACCOUNT)


def test_a_policy_with_origins_keeps_them_as_they_are(tmp_path: Path) -> None:
    """None is added, and its own rule is the one that the story is about."""
    policy = played(SNAPSHOTS + INTERNAL, tmp_path)
    loaded = policy.load()
    assert policy.addition == ""
    assert [rule.repositories for rule in loaded.origins] == [("DemoRepository",)]
    dependency_confusion.check_policy(loaded, ACCOUNT)


def test_the_demonstration_s_promotions_come_before_the_policy_s_own(tmp_path: Path) -> None:
    """One of the same name is not played: names are unique."""
    own = "  - {name: ours, packages: /npm/*, from: intake-a, to: to-b}\n"
    namesake = "  - {name: reviewed, packages: /npm/*, from: intake-c, to: to-d}\n"
    loaded = played(f"{SNAPSHOTS}promotions:\n{own}{namesake}", tmp_path).load()
    assert [rule.name for rule in loaded.promotions] == ["reviewed", "public-to-approved", "ours"]
    assert [rule.source for rule in loaded.promotions] == ["pypi-intake", "pypi-intake", "intake-a"]
    assert PROMOTIONS.count("- name:") == 2


def test_the_demonstration_s_cache_comes_after_the_policy_s_own(tmp_path: Path) -> None:
    """It has the name of its place; what the others list is what the functions read."""
    (tmp_path / "requirements.txt").write_text("requests==2.26.0\n")
    own = "caches:\n  - {repository: ours, lockfiles: requirements.txt}\n"
    policy = played(SNAPSHOTS + own, tmp_path)
    ours, added = policy.load().caches
    assert (ours.name, ours.lockfiles) == ("caches[0]", ("requirements.txt",))
    assert (added.name, added.objects) == ("caches[1]", (f"s3://{BUCKET}/{KEY}",))
    assert policy.cache == added.name
    assert "requests" in policy.locked
    assert played(SNAPSHOTS, tmp_path).cache == "caches[0]"


def test_the_demonstration_s_retention_comes_before_the_policy_s_own(tmp_path: Path) -> None:
    """And its limit is the one that holds: the last chapter is about it."""
    own = "retention:\n  - {packages: /npm/*, versions: releases, keep_newest: 9, then: archive}\n"
    loaded = played(f"{SNAPSHOTS}{own}limits: {{deletions_per_run: 7}}\n", tmp_path).load()
    *added, ours = loaded.retention
    assert [rule.keep_newest for rule in added] == [2, 5, 3]
    assert (ours.name, ours.keep_newest) == ("retention[3]", 9)
    assert loaded.limits.deletions_per_run == 20
    assert RETENTION.count("- packages:") == 3


def test_commands_get_the_policy_that_is_deployed(tmp_path: Path) -> None:
    """A file of the same digest, with all lock files beside it."""
    (tmp_path / "locks" / "a").mkdir(parents=True)
    for name in ("a/requirements.txt", "requirements.txt", "requirements-other.txt"):
        (tmp_path / "locks" / name).write_text("requests==2.26.0\n")
    own = (
        "caches:\n  - {repository: ours, lockfiles: [locks/a/requirements.txt]}\n"
        "retention:\n  - {packages: /pypi/*, versions: releases, keep_newest: 9, then: archive,"
        " lockfiles: locks/requirements.txt}\n"
    )
    policy = played(SNAPSHOTS + own, tmp_path)
    assert loaded_policy(policy.file).digest == json.loads(policy.compiled)["digest"]
    assert REPORTS in policy.locked
    locks = policy.file.parent / "locks"
    beside = {str(file.relative_to(locks)) for file in locks.rglob("*.txt")}
    assert beside == {"a/requirements.txt", "requirements.txt"}


def test_no_version_of_the_shop_is_at_the_edge_of_a_rule() -> None:
    """Commands have the machine's clock, and the chapters before have set the other one on."""
    ages = {*NIGHTLY_AGES, *OPEN_BUILDS, *RELEASED_BUILDS, *REPORTS_AGES.values()}
    for asked in (30, 730):  # keep_younger_than, in days
        assert not any(asked <= age <= asked + 7 for age in ages)
    assert RELEASED > 14  # a grace of 7 days


def test_the_demonstration_s_lock_file_is_one() -> None:
    """Each package with its version, and with the hash of its only file."""
    for projects in (NEEDED, NEEDED_LATER):
        found = read(KEY, lock_file(projects))
        assert {one.name: one.version for one in found.entries} == versions_of(projects)
        assert all(len(one.hashes) == 1 for one in found.entries)
        assert not found.passed_over


@pytest.mark.parametrize(
    "origins",
    [
        "origins:\n  - {packages: /npm/*, kind: internal}\n",
        "origins:\n  - {packages: /*, repositories: elsewhere, kind: internal}\n",
        "origins:\n  - {packages: /pypi/*, kind: public}\n",
        "origins:\n  - {packages: /*, kind: inferred}\n",
        "origins:\n  - {packages: /*, publish: ALLOW, upstream: BLOCK}\n",
        "origins:\n  - {packages: /pypi/*, kind: internal, external: report}\n",
        "origins:\n  - {packages: /pypi/*, kind: public}\n  - {packages: /*, kind: internal}\n",
    ],
    ids=[
        "internal, for other packages",
        "internal, in another repository",
        "public",
        "inferred",
        "restrictions and nothing about versions from outside",
        "internal, and versions from outside only reported",
        "internal, after a rule that matches first",
    ],
)
def test_a_policy_that_stops_nothing_is_refused(origins: str, tmp_path: Path) -> None:
    """The message says for which package a rule is missing, and what it would have to say."""
    loaded = played(SNAPSHOTS + origins, tmp_path).load()
    with pytest.raises(StepFailedError, match=r"/pypi//mycompany-billing in DemoRepository none"):
        dependency_confusion.check_policy(loaded, ACCOUNT)


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        (
            (
                "INFO     Response from http://127.0.0.1:1/:  \n         403 Forbidden   \n"
                "INFO     This package is configured to block new versions.   \n\n"
                "ERROR    HTTPError: 403 Forbidden from http://127.0.0.1:1/\n         Forbidden\n"
            ),
            "403 Forbidden: This package is configured to block new versions.",
        ),
        ("INFO     username: aws\nERROR    cannot connect\n", None),
        ("", None),
    ],
    ids=["an answer with a reason", "no answer", "nothing"],
)
def test_twine_s_words_are_the_server_s(said: str, quoted: str | None) -> None:
    """The status and the reason, without the rest of what twine prints."""
    assert quoted_answer(said) == quoted
