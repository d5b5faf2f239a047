"""`steward warm` from here, on a local CodeArtifact with a public repository behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cli import warming_from_here
from cli.main import steward
from tests.functional.warming_domain import (
    ACCOUNT,
    DOMAIN,
    REPOSITORY,
    WarmingDomain,
    package,
    warming_domain,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.local_codeartifact import Swappable

HASH = "0" * 64

Warm = Callable[..., Result]


@pytest.fixture
def domain(emulator_server: tuple[str, Swappable]) -> Iterator[WarmingDomain]:
    """A fresh domain, of which nothing is warm; some versions of two packages are public."""
    with warming_domain(*emulator_server) as made:
        made.offer("pypi", "lib", "1.0.0", "1.1.0", "2.0.0")
        made.offer("npm", "ui", "3.0.0")
        yield made


@pytest.fixture
def warm(domain: WarmingDomain, monkeypatch: pytest.MonkeyPatch) -> Warm:
    """Run `steward warm` against the domain, without waiting between two looks."""
    for name, value in {
        "AWS_ENDPOINT_URL": domain.local.url,
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": "anyone",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(warming_from_here, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(warming_from_here, "LOOKS", (0.05, 0.1, 0.2, 0.4, 0.8, 1.6))

    def run(*arguments: str, repository: str | None = REPOSITORY.name) -> Result:
        place = () if repository is None else ("--repository", repository)
        here = ("--domain", DOMAIN, "--domain-owner", ACCOUNT)
        return CliRunner().invoke(steward, ("warm", *arguments, *place, *here))

    return run


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """A lock file of pip that names one version of `lib`."""
    path = tmp_path / "requirements.txt"
    path.write_text("lib==1.0.0\n")
    return path


def document(result: Result) -> dict[str, object]:
    """Return the document that a command has printed."""
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def states(result: Result) -> dict[str, str]:
    """Return what became of each version, from what a command has printed as JSON."""
    versions = document(result)["versions"]
    assert isinstance(versions, list)
    return {one["packageUrl"]: one["state"] for one in versions}


def test_what_lock_files_name_is_in_the_repository_afterwards(
    domain: WarmingDomain, warm: Warm, requirements: Path, tmp_path: Path
) -> None:
    """Files of several tools at once; a table counts by format, a line says what it cost."""
    lock = tmp_path / "package-lock.json"
    packages = {"": {}, "node_modules/ui": {"version": "3.0.0"}}
    lock.write_text(json.dumps({"lockfileVersion": 3, "packages": packages}))
    result = warm(str(requirements), str(lock))
    assert result.exit_code == 0, result.output
    assert domain.held(package("pypi", "lib")) == {"1.0.0": "Published"}
    assert domain.held(package("npm", "ui")) == {"3.0.0": "Published"}
    assert "2 versions: 2 fetched" in result.stdout
    again = warm(str(requirements), str(lock), "--json")
    assert set(states(again).values()) == {"warm"}
    assert document(again)["summary"] == {
        **dict.fromkeys(
            [
                "fetched",
                "wouldFetch",
                "waiting",
                "notFound",
                "blocked",
                "mismatch",
                "noAnswer",
                "failed",
            ],
            0,
        ),
        "warm": 2,
        "apiCalls": 2,
        "endpointRequests": 0,
        "bytes": 0,
        "seconds": pytest.approx(0, abs=60),
    }


def test_the_policy_need_not_be_there(warm: Warm, requirements: Path) -> None:
    """With --domain it is not read: a CI job has none."""
    assert warm(str(requirements), "--policy", str(requirements)).exit_code == 0


def test_a_package_by_its_url_is_fetched_in_its_newest_versions(
    domain: WarmingDomain, warm: Warm
) -> None:
    """Or in exactly the version that the package URL has."""
    result = warm("--package", "pkg:pypi/lib", "--newest", "2", "--package", "pkg:npm/ui@3.0.0")
    assert result.exit_code == 0, result.output
    assert sorted(domain.held(package("pypi", "lib"))) == ["1.1.0", "2.0.0"]
    assert domain.held(package("npm", "ui")) == {"3.0.0": "Published"}


def test_a_plan_fetches_nothing(domain: WarmingDomain, warm: Warm, requirements: Path) -> None:
    """It asks CodeArtifact's API alone, needs no token, and its exit status is 0."""
    with domain.counted() as counts:
        result = warm(str(requirements), "--plan")
    assert result.exit_code == 0
    assert "Nothing has been fetched." in result.stdout
    assert "would fetch" in result.stdout
    assert not [name for name in counts if ":" in name or name == "GetAuthorizationToken"]


def test_what_is_not_there_says_so_and_the_rest_is_fetched(
    domain: WarmingDomain, warm: Warm, requirements: Path
) -> None:
    """The exit status is 1: a build would fail."""
    requirements.write_text("lib==1.0.0\nlib-that-nobody-has==1.0\n")
    result = warm(str(requirements))
    assert result.exit_code == 1
    assert domain.held(package("pypi", "lib")) == {"1.0.0": "Published"}
    assert "1 fetched, 1 not found" in result.stdout
    row = next(line for line in result.stdout.splitlines() if "nobody-has" in line)
    assert "not found" in row


def test_a_damaged_lock_file_is_named_and_the_others_count(
    domain: WarmingDomain, warm: Warm, requirements: Path, tmp_path: Path
) -> None:
    """With the line; the exit status is 1."""
    damaged = tmp_path / "poetry.lock"
    damaged.write_text("[[package]]\nname = 'lib\nversion = 1\n")
    result = warm(str(requirements), str(damaged))
    assert result.exit_code == 1
    assert f"of no use {damaged}: line " in result.stdout
    assert domain.held(package("pypi", "lib")) == {"1.0.0": "Published"}


def test_a_lock_file_that_is_cut_in_a_hash_is_a_problem(
    domain: WarmingDomain, warm: Warm, requirements: Path
) -> None:
    """The rest counts, and the exit status is 1: nobody knows what else is missing."""
    requirements.write_text(f"lib==1.0.0 --hash=sha256:{HASH}\nui==3.0.0 --hash=sha256:{HASH[:20]}")
    result = warm(str(requirements))
    assert result.exit_code == 1
    assert f"{requirements}:2: ui has a SHA-256 that is none" in result.stdout
    assert "the file is damaged there" in result.stdout
    assert domain.held(package("pypi", "lib")) == {"1.0.0": "Published"}


def test_what_is_passed_over_is_reported_with_its_line(warm: Warm, requirements: Path) -> None:
    """It is no failure: no package repository has it."""
    requirements.write_text("lib==1.0.0\ngit+https://of.a.test/tool.git@abc#egg=tool\n")
    result = warm(str(requirements))
    assert result.exit_code == 0, result.output
    assert f"{requirements}:2" in result.stdout
    passed_over = document(warm(str(requirements), "--json"))["passedOver"]
    assert isinstance(passed_over, list)
    assert [(one["file"], one["line"]) for one in passed_over] == [(str(requirements), 2)]


def test_another_file_than_the_lock_files_is_a_mismatch(
    domain: WarmingDomain, warm: Warm, requirements: Path
) -> None:
    """With --verify; it is reported, nothing is archived from here."""
    requirements.write_text(f"lib==1.0.0 --hash=sha256:{HASH}\n")
    result = warm(str(requirements), "--verify", "--json")
    assert result.exit_code == 1
    assert states(result) == {"pkg:pypi/lib@1.0.0": "mismatch"}
    assert domain.held(package("pypi", "lib")) == {"1.0.0": "Published"}


def test_what_is_listed_late_is_waited_for(
    domain: WarmingDomain, warm: Warm, requirements: Path
) -> None:
    """CodeArtifact shows what it has fetched only after a while; --wait 0 does not wait for it."""
    domain.local.admin("PUT", "faults", {"visibilityDelaySeconds": 1})
    result = warm(str(requirements), "--wait", "0", "--json")
    assert result.exit_code == 0
    assert states(result) == {"pkg:pypi/lib@1.0.0": "waiting"}
    result = warm(str(requirements), "--json")
    assert set(states(result).values()) <= {"fetched", "warm"}
    assert result.exit_code == 0


@pytest.mark.parametrize("status", [502, 503, 504])
def test_nobody_answers(domain: WarmingDomain, warm: Warm, requirements: Path, status: int) -> None:
    """It is tried again a few times, and said; what is warm is warm."""
    assert warm(str(requirements)).exit_code == 0
    requirements.write_text("lib==1.0.0\nlib==2.0.0\n")
    faults = {
        "externalConnections": {"public:pypi": "down"},
        "switches": {"unavailableConnectionStatus": status},
    }
    domain.local.admin("PUT", "faults", faults)
    result = warm(str(requirements), "--json")
    assert result.exit_code == 1
    assert states(result)["pkg:pypi/lib@1.0.0"] == "warm"
    assert states(result)["pkg:pypi/lib@2.0.0"] in {"no answer", "not found"}
    domain.local.admin("PUT", "faults", {})
    assert warm(str(requirements)).exit_code == 0


def test_a_repository_that_does_not_exist_is_said_at_once(warm: Warm, requirements: Path) -> None:
    """And not as a long list of what was not found."""
    result = warm(str(requirements), repository="nowhere")
    assert result.exit_code == 1
    assert "there is no repository nowhere in the domain my-company" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        pytest.param((), "say what to warm", id="nothing to warm"),
        pytest.param(("--package", "pkg:npm/ui", "--watch"), "add --deployed", id="watch what"),
        pytest.param(("--deployed", "--plan"), "neither --deployed", id="a plan of another's"),
        pytest.param(
            ("--deployed", "--domain-owner", "210987654321"),
            "the deployment looks after the domain of its own account",
            id="the deployment of another account",
        ),
        pytest.param(
            ("--watch", "--domain-owner", "210987654321"),
            "have no --domain-owner",
            id="watching another account",
        ),
        pytest.param(("--package", "pkg:npm"), "lacks the format or the name", id="half a URL"),
        pytest.param(
            ("--package", "pkg:swift/a/b"), "no public repository of the format", id="swift"
        ),
        pytest.param(("no-such-file.txt",), "does not exist", id="no such file"),
    ],
)
def test_what_makes_no_sense_says_what_to_write(
    warm: Warm, arguments: tuple[str, ...], remedy: str
) -> None:
    """And nothing is asked for."""
    result = warm(*arguments)
    assert result.exit_code in {1, 2}
    assert remedy in result.stderr


def test_lock_files_need_a_place(warm: Warm, requirements: Path) -> None:
    """No repository is guessed."""
    result = warm(str(requirements), repository=None)
    assert (result.exit_code, "say where: --repository NAME" in result.stderr) == (2, True)


def test_a_format_without_an_external_connection_is_said_once_and_not_waited_for(
    warm: Warm, requirements: Path
) -> None:
    """Its packages are not found, however many they are; other formats are fetched as ever."""
    urls = [f"--package=pkg:cargo/crate{number}@1.0.0" for number in range(6)]
    result = warm(str(requirements), *urls, "--json")
    assert result.exit_code == 1
    found = states(result)
    assert found.pop("pkg:pypi/lib@1.0.0") == "fetched"
    assert list(found.values()) == ["not found"] * 6
    problem = (
        "DemoRepository reaches no external connection for cargo: what it and its upstreams do "
        "not hold cannot be fetched"
    )
    assert document(result)["problems"] == [problem]
    assert result.stderr.count(problem) == 1
    assert "does not answer" not in result.stderr


def test_a_plan_says_what_cannot_be_fetched_for_want_of_a_connection(warm: Warm) -> None:
    """So a plan that could not come true is no success."""
    result = warm("--package", "pkg:cargo/crate@1.0.0", "--plan")
    assert result.exit_code == 1
    assert "reaches no external connection for cargo" in result.stdout
