"""`steward policy`: how caches are shown and explained."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import steward

POLICY = """\
domain: my-company
caches:
  - repository: DemoRepository
    lockfiles: [requirements.txt, "s3://my-bucket/locks/uv.lock"]
    packages:
      - "pkg:pypi/requests@2.32.4"
      - {package: "pkg:npm/react", newest: 5, range: "^18.0.0"}
      - "pkg:npm/vue"
    keep_up_with: ["/pypi/*", /maven/*]
    newest: 3
    verify: true
    on_mismatch: archive
  - repository: other
    keep_up_with: /npm//react$
    prereleases: true
"""
HASH = sha256(b"wheel").hexdigest()


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Return the path of a policy with caches, and a lock file beside it."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    (tmp_path / "requirements.txt").write_text(f"idna==3.10 --hash=sha256:{HASH}\n")
    return path


def run(command: str, policy: Path, *arguments: str) -> Result:
    """Run `steward policy` in this process, on a terminal of 100 columns."""
    line = ["policy", command, *arguments, "--policy", str(policy)]
    return CliRunner().invoke(steward, line, env={"COLUMNS": "100"})


def explained(policy: Path, package: str, repository: str) -> list[str]:
    """Return the lines that `steward policy explain` has about caches."""
    result = run("explain", policy, package, "--repository", repository)
    assert result.exit_code == 0, result.output
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    start = next(n for n, line in enumerate(lines) if line.startswith("  caches"))
    end = next(n for n, line in enumerate(lines) if line.startswith("  retention"))
    return [line.removeprefix("  caches").strip() for line in lines[start:end]]


def test_caches_are_a_table(policy: Path) -> None:
    """With all that each of them fetches."""
    shown = run("check", policy).stdout
    cells = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in shown.splitlines()
        if line.startswith("│")
    ]
    assert cells == [
        ["caches[0]", "DemoRepository", "requirements.txt"],
        ["", "", "s3://my-bucket/locks/uv.lock"],
        ["", "", "pkg:pypi/requests@2.32.4"],
        ["", "", "pkg:npm/react: newest 5 of ^18.0.0"],
        ["", "", "pkg:npm/vue: newest 3"],
        ["", "", "newer ones of /pypi/*: 3"],
        ["", "", "newer ones of /maven/*: 3"],
        ["", "", "verified: archive"],
        ["caches[1]", "other", "newer ones of /npm//react$: 1"],
        ["", "", "pre-releases too"],
    ]


VERIFIED = (
    "Files are compared with the hashes of lock files; a version with another hash is archived and "
    "reported."
)
IN_S3 = "What lock files in S3 list is read at each run, and not known here."


@pytest.mark.parametrize(
    ("package", "repository", "words"),
    [
        pytest.param(
            "pkg:pypi/idna",
            "DemoRepository",
            [
                "caches[0] applies",
                "3.10, as requirements.txt lists.",
                "If it holds some: the 3 newest versions of those that are newer (/pypi/*).",
            ],
            id="a package of a lock file",
        ),
        pytest.param(
            "pkg:pypi/requests",
            "DemoRepository",
            [
                "caches[0] applies",
                "2.32.4.",
                "If it holds some: the 3 newest versions of those that are newer (/pypi/*).",
            ],
            id="one version",
        ),
        pytest.param(
            "pkg:npm/react",
            "DemoRepository",
            ["caches[0] applies", "the 5 newest versions of ^18.0.0."],
            id="the newest of a range",
        ),
    ],
)
def test_a_package_that_is_fetched_is_explained(
    policy: Path, package: str, repository: str, words: list[str]
) -> None:
    """Which versions, why, and what is compared."""
    found = explained(policy, package, repository)
    assert found[: len(words)] == words
    rest = " ".join(found[len(words) :])  # long lines are folded
    assert rest == f"{VERIFIED} {IN_S3}"


@pytest.mark.parametrize(
    ("package", "repository", "words"),
    [
        pytest.param(
            "pkg:npm/react",
            "other",
            [
                "caches[1] applies",
                (
                    "If it holds some: the newest version of those that are newer (/npm//react$), "
                    "pre-releases too."
                ),
            ],
            id="the newest version, whatever it is",
        ),
        pytest.param(
            "pkg:npm/vue",
            "other",
            ["no caches rule fetches it: it comes in when somebody asks for it"],
            id="nothing",
        ),
        pytest.param("pkg:npm/left-pad", "DemoRepository", [IN_S3], id="perhaps"),
    ],
)
def test_what_else_may_be_said_of_a_package(
    policy: Path, package: str, repository: str, words: list[str]
) -> None:
    """Other rules, none, or a lock file that only a run reads."""
    assert " ".join(explained(policy, package, repository)) == " ".join(words)


def test_programs_get_the_rules_that_fetch_a_package(policy: Path) -> None:
    """As compiled: all that apply, not the first."""
    arguments = ("pkg:pypi/idna", "--repository", "DemoRepository", "--json")
    document = json.loads(run("explain", policy, *arguments).stdout)
    assert [rule["name"] for rule in document["caches"]] == ["caches[0]"]
    other = ("pkg:pypi/idna", "--repository", "other", "--json")
    assert json.loads(run("explain", policy, *other).stdout)["caches"] == []
