"""`steward enforce`, on a deployment in this process."""

import json
import shlex
from collections.abc import Iterator, Mapping

import pytest

from enforce_origin_controls import repository
from enforce_origin_controls.outcome import Outcome
from steward.coordinates import Restrictions
from tests.functional.deployed_domain import (
    PARAMETER,
    DeployedDomain,
    deployed,
    other_services,
    package,
)

__all__ = ["deployed", "other_services"]

UI = package("ui")
MIXED = package("mixed", package_format="pypi", namespace=None)
DRIFTED = Restrictions("ALLOW", "ALLOW")
CLOSED = Restrictions("ALLOW", "BLOCK")
OUTSIDE = {
    "version": "9.9.9",
    "origin": {
        "originType": "EXTERNAL",
        "domainEntryPoint": {"externalConnectionName": "public:npmjs"},
    },
}
ORIGINS = """\
  - packages: /npm/mycompany/*
    kind: internal
  - packages: /pypi/*
    kind: inferred
"""


def internal(name: str, upstream: str, *versions: Mapping[str, object]) -> dict[str, object]:
    """Return an npm package of the company for a seed."""
    return {
        "format": "npm",
        "namespace": "mycompany",
        "package": name,
        "restrictions": {"publish": "ALLOW", "upstream": upstream},
        "versions": [{"version": "1.0.0"}, *versions],
    }


@pytest.fixture
def drifted(deployed: DeployedDomain) -> DeployedDomain:
    """UI is open and holds a version from outside; another package is of mixed origin."""
    mixed = {
        "format": "pypi",
        "package": "mixed",
        "restrictions": {"publish": "ALLOW", "upstream": "ALLOW"},
        "versions": [{"version": "1.0"}, {"version": "2.0", "origin": "EXTERNAL"}],
    }
    packages = [internal("in-order", "BLOCK"), internal("ui", "ALLOW", OUTSIDE), mixed]
    deployed.seed({"name": "npm-internal", "packages": packages})
    deployed.requests()
    return deployed


def enforce(
    domain: DeployedDomain, *arguments: str, origins: str = ORIGINS
) -> tuple[int, str, str]:
    """Run `steward enforce`; return the exit status and what it printed."""
    policy = ("--policy", domain.policy(origins))
    result = domain.run("enforce", "--repository", "npm-internal", *policy, *arguments)
    return result.exit_code, result.stdout, result.stderr


def test_a_repository_is_brought_to_the_policy(drifted: DeployedDomain) -> None:
    """What drifted is changed, what came from outside is archived, and people hear of it."""
    status, said, progress = enforce(drifted)
    assert status == 0, said
    assert drifted.restrictions(UI) == CLOSED
    assert drifted.statuses(UI) == {"1.0.0": "Published", "9.9.9": "Archived"}
    assert drifted.restrictions(MIXED) == DRIFTED
    assert len(drifted.ledger.changes(UI)) == 2
    texts = drifted.told()
    assert any("9.9.9" in text and "public:npmjs" in text for text in texts)
    assert "Package Origin Restrictions Changed" in drifted.announced
    assert "External Versions Found" in drifted.announced
    assert "ui@9.9.9" in said
    assert "3 packages looked at: 1 changed, 1 archived, 1 mixed." in " ".join(said.split())
    assert "3 packages looked at" in progress


def test_the_command_that_people_are_told_undoes_it(drifted: DeployedDomain) -> None:
    """As it stands in the message, once the reason is filled in."""
    enforce(drifted)
    lines = [line for text in drifted.told() for line in text.splitlines()]
    (command,) = [line for line in lines if line.startswith("  steward restore ")]
    words = shlex.split(command)[1:]
    assert drifted.run(*words).exit_code == 2
    result = drifted.run(*(word if word != "..." else "it is ours" for word in words))
    assert result.exit_code == 0, result.output
    assert drifted.statuses(UI)["9.9.9"] == "Published"
    assert drifted.restrictions(UI) == CLOSED


def test_the_calls_that_are_told_are_those_that_were_made(drifted: DeployedDomain) -> None:
    """A page, a write, versions from outside and their archiving; the versions of the mixed one."""
    _, said, _ = enforce(drifted, "--json")
    counted = drifted.requests()
    assert json.loads(said)["calls"] == sum(counted.values())
    assert counted == {
        "ListPackages": 1,
        "PutPackageOriginConfiguration": 1,
        "ListPackageVersions": 2,
        "UpdatePackageVersionsStatus": 1,
    }


def test_a_repository_in_order_costs_one_call(drifted: DeployedDomain) -> None:
    """Nothing is reported, and people are not told again."""
    rules = "  - packages: /npm/mycompany/*\n    kind: internal\n"
    enforce(drifted, origins=rules)
    drifted.told()
    drifted.requests()
    status, said, _ = enforce(drifted, "--json", origins=rules)
    document = json.loads(said)
    assert (status, document["ok"], document["outcomes"]) == (0, True, [])
    assert drifted.requests() == {"ListPackages": 1}
    assert drifted.told() == []


@pytest.mark.parametrize(
    ("mode", "warned"), [pytest.param("enforce", False), pytest.param("observe", True)]
)
def test_it_says_first_what_it_is_about_to_change(
    drifted: DeployedDomain, mode: str, *, warned: bool
) -> None:
    """And that a deployment which only observes will not keep it so."""
    drifted.redescribe(mode=mode)
    _, _, problem = enforce(drifted)
    first = problem.splitlines()[0]
    assert first.startswith(
        "Changing the packages of npm-internal in the domain my-company, account 012345678901, "
        "region us-west-2, to what the policy says."
    )
    assert ("only observes" in first) is warned
    assert "Changing" not in enforce(drifted, "--plan")[2]


def test_what_was_done_before_an_interruption_is_shown(
    drifted: DeployedDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the first package; the same command does the rest."""
    whole = repository.enforce_in_repository

    def interrupted(*where: object, **how: object) -> Iterator[Outcome]:
        yield next(whole(*where, **how))  # type: ignore[arg-type]  # as they were given
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupting:
        interrupting.setattr(repository, "enforce_in_repository", interrupted)
        status, said, problem = enforce(drifted, "--json")
    document = json.loads(said)
    assert (status, document["ok"]) == (1, False)
    assert [outcome["package"] for outcome in document["outcomes"]] == [UI.purl()]
    assert "interrupted: what is listed was done" in problem
    status, said, _ = enforce(drifted, "--json")
    assert status == 0
    assert UI.purl() not in said


def test_a_plan_changes_and_tells_nothing_and_needs_no_deployment(drifted: DeployedDomain) -> None:
    """It says what would be done, and that exemptions are not known."""
    drifted.forget_deployment()
    status, said, problem = enforce(drifted, "--plan", "--json")
    assert status == 0
    assert "exemptions are not known: nothing is deployed" in problem
    found = {outcome["package"]: outcome for outcome in json.loads(said)["outcomes"]}
    ui = found[UI.purl()]
    assert (ui["written"], ui["after"]) == (False, {"publish": "ALLOW", "upstream": "BLOCK"})
    assert [(one["version"], one["result"]) for one in ui["found"]] == [("9.9.9", "would archive")]
    assert found[MIXED.purl()]["mixed"] == {"internal": 1, "external": 1}
    _, table, _ = enforce(drifted, "--plan")
    assert "1 would change, 1 would archive, 1 mixed." in " ".join(table.split())
    assert "Nothing has been changed." in table
    assert drifted.restrictions(UI) == DRIFTED
    assert drifted.statuses(UI)["9.9.9"] == "Published"
    assert drifted.ledger.changes(UI) == []
    assert (drifted.told(), drifted.announced) == ([], [])


@pytest.mark.parametrize("mode", [(), ("--plan",)], ids=["enforce", "plan"])
def test_what_was_restored_stays(drifted: DeployedDomain, mode: tuple[str, ...]) -> None:
    """The exemption is shown with its end and its reason, and nothing fails."""
    enforce(drifted)
    drifted.run(
        *("restore", UI.purl(), "--repository", "npm-internal", "--reason", "it is ours"),
        *("--version", "9.9.9", "--restrictions", "--policy", drifted.policy(ORIGINS)),
    )
    status, said, _ = enforce(drifted, "--deep", "--json", *mode)
    assert status == 0
    kept = {outcome["package"]: outcome["kept"] for outcome in json.loads(said)["outcomes"]}
    assert [(one["version"], one["why"]) for one in kept[UI.purl()]] == [
        (None, "it is ours"),
        ("9.9.9", "it is ours"),
    ]
    assert drifted.restrictions(UI) == DRIFTED
    assert drifted.statuses(UI)["9.9.9"] == "Published"
    assert "exempt until" in " ".join(enforce(drifted, "--deep", *mode)[1].split())


def test_versions_that_a_rule_only_reports_stay(drifted: DeployedDomain) -> None:
    """They stand in the table; the repository is as the policy says."""
    rules = "  - packages: /npm/mycompany/*\n    kind: internal\n    external: report\n"
    status, said, _ = enforce(drifted, origins=rules)
    assert status == 0
    assert "1 changed, 1 reported" in " ".join(said.split())
    assert drifted.statuses(UI)["9.9.9"] == "Published"
    assert any("9.9.9" in text for text in drifted.told())


@pytest.mark.parametrize(
    "operation", ["PutPackageOriginConfiguration", "UpdatePackageVersionsStatus"]
)
def test_what_is_refused_is_the_exit_status(drifted: DeployedDomain, operation: str) -> None:
    """The other packages are done nevertheless."""
    drifted.deny(operation, "npm-internal")
    status, said, _ = enforce(drifted, "--json")
    document = json.loads(said)
    assert (status, document["ok"]) == (1, False)
    failed = [one["package"] for one in document["outcomes"] if one["error"]]
    assert failed == [UI.purl()]
    assert MIXED.purl() in [one["package"] for one in document["outcomes"]]
    assert "1 failed" in " ".join(enforce(drifted, "--deep")[1].split())


def test_a_notice_that_is_lost_is_shown(
    drifted: DeployedDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error; standard output is for results alone."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:9")
    status, said, problem = enforce(drifted, "--json")
    assert status == 0
    assert "message lost" in problem
    json.loads(said)


def test_a_repository_that_does_not_exist_is_an_error(deployed: DeployedDomain) -> None:
    """It says where it was looked for."""
    deployed.seed({"name": "other"})
    status, said, problem = enforce(deployed)
    assert (status, said) == (1, "")
    for part in (
        "no repository npm-internal in the domain my-company",
        "012345678901",
        "us-west-2",
    ):
        assert part in problem
    status, said, _ = enforce(deployed, "--json", "--domain-owner", "012345678901")
    assert (status, json.loads(said)["ok"]) == (1, False)
    failure = json.loads(said)["failure"]
    assert "no repository npm-internal" in failure
    assert "--domain-owner" not in failure


def test_a_policy_without_origins_is_an_error(deployed: DeployedDomain) -> None:
    """There is nothing to enforce, and the message says what is missing."""
    status, _, problem = enforce(deployed, origins="")
    assert status == 1
    assert "has no `origins`" in problem


def test_without_a_deployment_nothing_is_changed(drifted: DeployedDomain) -> None:
    """Nothing could be recorded, so nothing could be undone."""
    drifted.forget_deployment()
    status, _, problem = enforce(drifted)
    assert status == 1
    assert PARAMETER in problem
    assert drifted.restrictions(UI) == DRIFTED
