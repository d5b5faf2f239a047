"""The local stack as a program: how it starts, ends, survives, and rests under broken events."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually, steward_up
from tests.end_to_end.public_packages import wheel
from tests.end_to_end.snapshot_builds import DOMAIN, GROUP, Build, Curl

BUILDS = tuple(Build("pkg-1", "1.0", f"2021072{number}.194552", number) for number in range(1, 4))
ALL_UNLISTED = {**{build.version: "Unlisted" for build in BUILDS}, "1.0-SNAPSHOT": "Published"}
_numbers = count()


def new_repository(stack: LocalStack) -> str:
    """Return a new repository of the watched domain, which is made if there is none."""
    client = stack.codeartifact
    with suppress(client.exceptions.ConflictException):
        client.create_domain(domain=DOMAIN)
    name = f"repository-{next(_numbers)}"
    client.create_repository(domain=DOMAIN, repository=name)
    return name


def publish_with_curl(curl: Curl) -> None:
    """Publish three builds as the User Guide's curl recipe does."""
    curl.upload_assets(*BUILDS)
    curl.upload_metadata(BUILDS[-1])


def test_the_ready_line_is_all_that_standard_output_says_and_sigterm_ends_it(
    tmp_path: Path,
) -> None:
    """One line of JSON with the endpoint, the mode, the account and the region; exit status 0."""
    options = ("--account", "111122223333", "--region", "eu-west-1")
    with steward_up(tmp_path, *options, mode=None) as stack:
        assert stack.ready == {
            "ready": True,
            "endpoint": stack.endpoint,
            "mode": "observe",
            "account": "111122223333",
            "region": "eu-west-1",
        }
        assert stack.endpoint.startswith("http://127.0.0.1:")
        stack.process.send_signal(signal.SIGTERM)
        rest, _ = stack.process.communicate(timeout=30)

    assert rest == ""
    assert stack.process.returncode == 0


def test_observe_mode_says_what_it_would_do_and_does_nothing(tmp_path: Path) -> None:
    """The decisions stand in the function's log; every build stays as it was."""
    with steward_up(tmp_path, mode="observe") as stack:
        repository = new_repository(stack)
        publish_with_curl(Curl(Developer(tmp_path / "home", stack.endpoint), repository))

        eventually(
            lambda: [line for line in stack.said if '"stale"' in line],
            lambda lines: all(any(build.version in line for line in lines) for build in BUILDS[:2]),
        )
        eventually(stack.undelivered, lambda waiting: waiting == 0)
        assert stack.versions(repository, "pkg-1", namespace=GROUP) == {
            BUILDS[0].version: "Unfinished",
            BUILDS[1].version: "Unfinished",
            BUILDS[2].version: "Unlisted",
            "1.0-SNAPSHOT": "Published",
        }
        assert "UpdatePackageVersionsStatus" not in stack.requests()


@pytest.mark.parametrize(
    "events",
    [
        pytest.param({"duplicate": 1.0}, id="every event comes twice"),
        pytest.param({"reorder": 0.5, "duplicate": 0.5}, id="events come out of order and twice"),
        pytest.param({"drop": 1.0}, id="every event is lost"),
    ],
)
def test_one_more_event_brings_the_end_state_however_events_were_delivered(
    stack: LocalStack, developer: Developer, events: dict[str, float]
) -> None:
    """And then the system rests: one event of another package costs one list and nothing more."""
    repository = new_repository(stack)
    curl = Curl(developer, repository)
    with stack.faults(events=events):
        publish_with_curl(curl)
    newest = Build("pkg-1", "2.0", "20210730.194552", 1)
    curl.upload_assets(newest)

    eventually(
        lambda: stack.versions(repository, "pkg-1", namespace=GROUP),
        lambda seen: seen == {**ALL_UNLISTED, newest.version: "Unfinished"},
    )
    eventually(stack.undelivered, lambda waiting: waiting == 0)
    stack.forget_requests()
    marker = Build("marker", "1.0", "20210730.194552", 1)
    jar, content = next(iter(marker.files.items()))
    curl.put(f"{marker.folder}/{jar}", content)
    eventually(stack.requests, lambda seen: seen.get("ListPackageVersions", 0) >= 1)
    eventually(stack.undelivered, lambda waiting: waiting == 0)
    assert stack.requests() == {"ListPackageVersions": 1, "maven:PutAsset": 1}


def test_what_was_acknowledged_survives_a_killed_process(tmp_path: Path) -> None:
    """With ``--data``, packages and their bytes are there after SIGKILL and a new start."""
    options = ("--data", str(tmp_path / "data"))
    with steward_up(tmp_path, *options) as stack:
        repository = new_repository(stack)
        developer = Developer(tmp_path / "first", stack.endpoint)
        publish_with_curl(Curl(developer, repository))
        (developer.home / "mine-1.0-py3-none-any.whl").write_bytes(wheel("mine", "1.0"))
        developer.run(
            *("aws", "codeartifact", "login", "--tool", "twine"),
            *("--domain", DOMAIN, "--repository", repository),
        )
        developer.run("twine", "upload", "-r", "codeartifact", "mine-1.0-py3-none-any.whl")
        stack.process.kill()
        stack.process.wait()

    with steward_up(tmp_path, *options) as stack:
        developer = Developer(tmp_path / "second", stack.endpoint)
        curl = Curl(developer, repository)
        jar, content = next(iter(BUILDS[-1].files.items()))
        assert curl.get(f"{BUILDS[-1].folder}/{jar}") == ("200", content)
        developer.run(
            *("aws", "codeartifact", "login", "--tool", "pip"),
            *("--domain", DOMAIN, "--repository", repository),
        )
        developer.run("pip", "install", "--no-cache-dir", "mine")
        assert developer.installed() == {"mine": "1.0"}

        curl.upload_assets(Build("pkg-1", "2.0", "20210730.194552", 1))
        eventually(
            lambda: stack.versions(repository, "pkg-1", namespace=GROUP),
            lambda seen: ALL_UNLISTED.items() <= seen.items(),
        )


def test_a_domain_is_made_from_its_template(tmp_path: Path) -> None:
    """Before the stack is ready: the example's repositories are there at once."""
    example = Path(__file__).parents[2] / "examples" / "intake-and-approved"
    with steward_up(tmp_path, "--domain-template", str(example / "template.yaml")) as stack:
        found = stack.codeartifact.list_repositories_in_domain(domain=DOMAIN)["repositories"]
        assert {"pypi-store", "pypi-intake", "pypi-approved"} <= {each["name"] for each in found}


def test_a_wrong_policy_is_refused_before_anything_starts(
    developer: Developer, tmp_path: Path
) -> None:
    """Exit status other than 0, file and line, and no ready line."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("domain: my-company\nsnapshots:\n  - package: /maven/*\n")
    steward = Path(sys.executable).parent / "steward"

    refused = developer.run(steward, "up", "--port", "0", "--policy", policy, refused=True)

    assert refused.stdout == ""
    assert "policy.yaml" in refused.stderr
    assert "package" in refused.stderr


def test_a_taken_port_is_said_plainly(developer: Developer, stack: LocalStack) -> None:
    """The message names the port; nothing of the running stack is disturbed."""
    steward = Path(sys.executable).parent / "steward"
    port = stack.endpoint.rpartition(":")[2]

    refused = developer.run(steward, "up", "--port", port, refused=True)

    assert port in refused.stderr
    assert "Traceback" not in refused.stderr
    assert stack.admin("GET", "health")["status"] == "ok"
