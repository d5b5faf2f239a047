"""`steward policy`: how retention and limits are shown and explained."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import steward

POLICY = """\
domain: my-company
promotions:
  - {name: x, packages: /pypi/*, from: intake, to: approved, require: {origin: internal}}
retention:
  - packages: /maven/com.mycompany~
    repositories: ["[a-z]*-snapshots"]
    versions: snapshot-builds
    keep_newest: 5
    keep_younger_than: P30D
    when_released: {grace: P7D}
    keep: "1.0-*"
    keep_promoted: false
    then: [unlist, {archive: P14D}, {delete: P30D}]
  - packages: /pypi/*
    versions: [prereleases, "0.*"]
    keep_younger_than: P90D
    lockfiles: requirements.txt
    unfinished_after: P1D
    then: dispose
  - packages: /maven/*
    versions: snapshot-builds
    when_released: {grace: PT0S}
    then: delete
limits:
  deletions_per_run: 1500
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Return the path of a policy with retention, and a lock file beside it."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    (tmp_path / "requirements.txt").write_text("idna==3.10\n")
    return path


def run(command: str, policy: Path, *arguments: str) -> Result:
    """Run `steward policy` in this process, on a terminal of 100 columns."""
    line = ["policy", command, *arguments, "--policy", str(policy)]
    return CliRunner().invoke(steward, line, env={"COLUMNS": "100"})


def explained(policy: Path, package: str, repository: str) -> list[str]:
    """Return the lines that `steward policy explain` has about retention."""
    result = run("explain", policy, package, "--repository", repository)
    assert result.exit_code == 0, result.output
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    start = next(n for n, line in enumerate(lines) if line.startswith("  retention"))
    return [line.removeprefix("  retention").strip() for line in lines[start:]]


def test_retention_is_a_table(policy: Path) -> None:
    """With what stays, and what becomes of the rest; brackets are no markup."""
    result = run("check", policy)
    assert (result.exit_code, result.stderr) == (0, "")
    cells = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in result.stdout.splitlines()
        if line.startswith("│")
    ]
    at = next(n for n, row in enumerate(cells) if row[0] == "retention[0]")
    assert cells[at:] == [
        ["retention[0]", "/maven/com.mycompany~", "[a-z]*-snapshots", "versions: snapshot-builds"],
        ["", "", "", "keep newest: 5"],
        ["", "", "", "keep younger: 30 d"],
        ["", "", "", "released: 7 d ago"],
        ["", "", "", "keep: 1.0-*"],
        ["", "", "", "promoted: no matter"],
        ["", "", "", "then: unlist"],
        ["", "", "", "then: archive after 14 d"],
        ["", "", "", "then: delete after 30 d"],
        ["retention[1]", "/pypi/*", "*", "versions: prereleases"],
        ["", "", "", "versions: 0.*"],
        ["", "", "", "keep younger: 90 d"],
        ["", "", "", "keep: requirements.txt"],
        ["", "", "", "then: dispose"],
        ["retention[2]", "/maven/*", "*", "versions: snapshot-builds"],
        ["", "", "", "released: 0 s ago"],
        ["", "", "", "then: delete"],
        ["deletions per run", "1,500"],
    ]


def test_without_retention_there_is_nothing_to_limit(policy: Path) -> None:
    """The table of limits is left out."""
    policy.write_text("domain: my-company\nlimits: {deletions_per_run: 5}\n")
    assert "deletions" not in run("check", policy).stdout


BUILDS = "builds of snapshots and numbered pre-releases"
PROMOTED = "What stands in a repository that the policy promotes to stays."


@pytest.mark.parametrize(
    ("package", "repository", "words"),
    [
        pytest.param(
            "pkg:maven/com.mycompany/app",
            "my-snapshots",
            [
                f"retention[0] applies to {BUILDS}",
                "The newest 5 builds of each version stay.",
                "Those that are younger than 30 d stay.",
                "1.0-*: these stay.",
                "7 d after the release of their version, its builds go, however new.",
                "Unfinished builds go when they are older than 7 d.",
                "What goes is unlisted, then archived after 14 d, then deleted after 30 d.",
                f"retention[2] applies to {BUILDS}",
                PROMOTED,
                "0 s after the release of their version, its builds go, however new.",
                "No others go.",
                "Unfinished builds go when they are older than 7 d.",
                "What goes is deleted.",
                "The first of these that speaks of a version decides about it.",
            ],
            id="two rules",
        ),
        pytest.param(
            "pkg:pypi/idna",
            "approved",
            [
                "retention[1] applies to pre-releases and 0.*",
                "Those that are younger than 90 d stay.",
                "3.10: requirements.txt lists them, and they stay.",
                PROMOTED,
                "Unfinished ones of these go when they are older than 1 d.",
                "What goes is disposed of.",
                "The policy promotes to approved: its versions stay.",
            ],
            id="a version of a lock file, where it was promoted to",
        ),
        pytest.param(
            "pkg:npm/react",
            "npm-store",
            ["no retention rule applies: its versions stay"],
            id="no rule",
        ),
    ],
)
def test_what_becomes_of_a_package_is_explained(
    policy: Path, package: str, repository: str, words: list[str]
) -> None:
    """Which of its versions stay, and how the others go."""
    assert explained(policy, package, repository) == words


def test_a_rule_about_releases_speaks_of_nothing_else(tmp_path: Path) -> None:
    """Nor of builds, and of those that are Unfinished only as far as they are releases."""
    path = tmp_path / "policy.yaml"
    path.write_text(
        "domain: my-company\n"
        "retention: [{packages: /pypi/*, versions: releases, keep_newest: 2, then: delete}]\n"
    )
    assert explained(path, "pkg:pypi/lib", "team") == [
        "retention[0] applies to releases",
        "The newest 2 stay.",
        PROMOTED,
        "Unfinished releases go when they are older than 7 d.",
        "What goes is deleted.",
    ]


def test_programs_get_the_rules_that_apply(policy: Path) -> None:
    """As compiled, and all of them: none of them is shadowed by another."""
    arguments = ("pkg:maven/com.mycompany/app", "--repository", "my-snapshots", "--json")
    document = json.loads(run("explain", policy, *arguments).stdout)
    assert [rule["name"] for rule in document["retention"]] == ["retention[0]", "retention[2]"]
    assert document["shadowed"] == []
