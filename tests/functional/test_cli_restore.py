"""`steward restore` and `steward exemptions`, on a deployment in this process."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from steward.coordinates import Package, PackageVersion, Restrictions, Status
from steward.ledger import Change, Exemption, RestrictionsChange, StatusChange
from steward.policy_file import compile_policy
from tests.functional.deployed_domain import (
    DOMAIN,
    PARAMETER,
    DeployedDomain,
    deployed,
    other_services,
    package,
)

__all__ = ["deployed", "other_services"]

UI = package("ui")
PURL = "pkg:npm/%40mycompany/ui"
OPEN = Restrictions("ALLOW", "ALLOW")
CLOSED = Restrictions("ALLOW", "BLOCK")
AUTOMATION = "enforce_origin_controls"
REASON = ("--reason", "the vendor publishes it for us")


def restrictions_change(at: datetime) -> RestrictionsChange:
    """Return the record of what the automation did to the restrictions of UI."""
    return RestrictionsChange(UI, OPEN, CLOSED, "origins[0]", AUTOMATION, at)


def status_change(version: str, before: Status, at: datetime) -> StatusChange:
    """Return the record of a version of UI that the automation archived."""
    return StatusChange(UI, version, before, "Archived", "origins[0]", AUTOMATION, at)


@pytest.fixture
def archived(deployed: DeployedDomain) -> DeployedDomain:
    """The automation has closed UI to upstreams and archived two versions from outside."""
    version = {"version": "1.0.0"}
    outside = [
        {"version": name, "status": "Archived", "origin": "EXTERNAL"} for name in ("9.9.8", "9.9.9")
    ]
    ui = {
        "format": "npm",
        "namespace": "mycompany",
        "package": "ui",
        "restrictions": {"publish": "ALLOW", "upstream": "BLOCK"},
        "versions": [version, *outside],
    }
    deployed.seed({"name": "npm-internal", "packages": [ui]})
    at = datetime.now(UTC) - timedelta(hours=1)
    record(
        deployed,
        [
            restrictions_change(at),
            status_change("9.9.8", "Published", at),
            status_change("9.9.9", "Unlisted", at),
        ],
    )
    return deployed


def record(domain: DeployedDomain, changes: Sequence[Change]) -> None:
    """The automation has recorded *changes*."""
    domain.ledger.record(changes)


ALL = ("--restrictions", "--version", "9.9.8", "--version", "9.9.9")


def restore(domain: DeployedDomain, *arguments: str, purl: str = PURL) -> tuple[int, str, str]:
    """Run `steward restore`; return the exit status and what it printed."""
    policy = ("--policy", domain.policy())
    result = domain.run("restore", purl, "--repository", "npm-internal", *policy, *arguments)
    return result.exit_code, result.stdout, result.stderr


def exemptions(domain: DeployedDomain, *arguments: str) -> tuple[int, str, str]:
    """Run `steward exemptions`; return the exit status and what it printed."""
    result = domain.run("exemptions", "--policy", domain.policy(), *arguments)
    return result.exit_code, result.stdout, result.stderr


def in_force(domain: DeployedDomain, of: Package = UI) -> dict[str | None, Exemption]:
    """Return the exemptions of a package by their version."""
    return {one.version: one for one in domain.ledger.exemptions(of)}


def test_what_was_changed_is_put_back_and_kept_so(archived: DeployedDomain) -> None:
    """Restrictions and each version as they were; an exemption for each says who and why."""
    status, said, _ = restore(archived, *REASON, *ALL)
    assert status == 0, said
    assert archived.restrictions(UI) == OPEN
    assert archived.statuses(UI) == {
        "1.0.0": "Published",
        "9.9.8": "Published",
        "9.9.9": "Unlisted",
    }
    written = in_force(archived)
    assert set(written) == {None, "9.9.8", "9.9.9"}
    for one in written.values():
        assert (one.rule, one.why) == ("origins[0]", REASON[1])
        assert one.who.startswith("arn:aws:")
        assert one.until - one.made == timedelta(days=7)
    assert archived.announced == [
        "Package Origin Restrictions Changed",
        "Package Versions Changed",
        "Package Versions Changed",
    ]
    assert "put back" in said
    assert "/npm/mycompany/ui$" in said


def test_the_second_time_there_is_nothing_left_to_put_back(archived: DeployedDomain) -> None:
    """The exemption is renewed, with the new reason, and not shortened; nothing is written."""
    restore(archived, *REASON, *ALL, "--for", "P30D")
    before = in_force(archived)
    archived.requests()
    status, said, _ = restore(archived, "--reason", "another", *ALL, "--for", "P1D")
    assert status == 0
    assert "nothing left to put back" in said
    assert {version: one.until for version, one in in_force(archived).items()} == {
        version: one.until for version, one in before.items()
    }
    assert {one.why for one in in_force(archived).values()} == {"another"}
    assert archived.requests() == {"DescribePackage": 1, "ListPackageVersions": 1}
    restore(archived, *REASON, *ALL, "--for", "P60D")
    assert in_force(archived)[None].until > before[None].until


@pytest.mark.parametrize(
    ("purl", "arguments"),
    [
        pytest.param(PURL, ("--version", "9.9.9"), id="as an option"),
        pytest.param(f"{PURL}@9.9.9", (), id="in the package URL"),
    ],
)
def test_one_version_is_put_back_alone(
    archived: DeployedDomain, purl: str, arguments: tuple[str, ...]
) -> None:
    """The other one and the restrictions stay as the automation made them."""
    status, _, _ = restore(archived, *REASON, *arguments, purl=purl)
    assert status == 0
    assert archived.restrictions(UI) == CLOSED
    assert archived.statuses(UI)["9.9.8"] == "Archived"
    assert archived.statuses(UI)["9.9.9"] == "Unlisted"
    assert set(in_force(archived)) == {"9.9.9"}


def test_the_restrictions_are_put_back_alone(archived: DeployedDomain) -> None:
    """What came from outside stays archived until somebody names it."""
    status, said, _ = restore(archived, *REASON)
    assert status == 0
    assert "Not named, so left as they are: 9.9.8, 9.9.9" in said
    assert archived.restrictions(UI) == OPEN
    assert archived.statuses(UI)["9.9.9"] == "Archived"
    assert set(in_force(archived)) == {None}


def test_what_somebody_changed_since_is_left_alone(archived: DeployedDomain) -> None:
    """No exemption for that part either: nobody knows what is wanted. The exit status says so."""
    archived.set_restrictions(UI, Restrictions("BLOCK", "BLOCK"))
    archived.client.delete_package_versions(
        domain=DOMAIN,
        repository="npm-internal",
        format="npm",
        namespace="mycompany",
        package="ui",
        versions=["9.9.8"],
    )
    status, said, _ = restore(archived, *REASON, *ALL, "--json")
    assert status == 1
    outcomes = {part["version"]: part["outcome"] for part in json.loads(said)["parts"]}
    assert outcomes == {None: "changed since", "9.9.8": "gone", "9.9.9": "put back"}
    assert archived.restrictions(UI) == Restrictions("BLOCK", "BLOCK")
    assert set(in_force(archived)) == {"9.9.9"}


def builds(domain: DeployedDomain, statuses: dict[str, Status]) -> Package:
    """Return a package whose builds have these statuses, in a repository that has no other."""
    app = package("app", package_format="maven", namespace="com.mycompany")
    found = {
        "format": "maven",
        "namespace": "com.mycompany",
        "package": "app",
        "versions": [{"version": name, "status": status} for name, status in statuses.items()],
    }
    domain.seed({"name": "npm-internal", "packages": [found]})
    return app


APP = "pkg:maven/com.mycompany/app"
BUILD = "1.0-20210728.180000-1"


@pytest.mark.parametrize("before", ["Published", "Unfinished"])
def test_an_unlisted_build_comes_back(deployed: DeployedDomain, before: Status) -> None:
    """Also one that was Unfinished, which nothing can be set to; then it is Published."""
    app = builds(deployed, {BUILD: "Unlisted", "1.0-20210728.190000-2": "Published"})
    at = datetime.now(UTC) - timedelta(hours=1)
    by = ("snapshots[0]", "unlist_snapshot_builds")
    record(deployed, [StatusChange(app, BUILD, before, "Unlisted", *by, at)])
    status, said, _ = restore(deployed, *REASON, "--version", BUILD, purl=APP)
    assert status == 0, said
    assert deployed.statuses(app)[BUILD] == "Published"
    assert in_force(deployed, app)[BUILD].automation == "unlist_snapshot_builds"
    assert "change snapshots[0] in the policy file" in " ".join(said.split())
    assert "origins" not in said


def test_an_expired_version_comes_back_from_all_its_steps(deployed: DeployedDomain) -> None:
    """It is listed again, and what its rule waits for begins anew."""
    app = builds(deployed, {"1.0": "Archived"})
    began = datetime.now(UTC) - timedelta(hours=1)
    by = ("retention[0]", "expire_versions")
    record(deployed, [StatusChange(app, "1.0", "Published", "Unlisted", *by, began)])
    later = began + timedelta(minutes=1)
    record(deployed, [StatusChange(app, "1.0", "Unlisted", "Archived", *by, later)])
    assert deployed.ledger.marks(app).since("1.0", "Archived") is None
    deployed.ledger.mark(app, [PackageVersion("1.0", "Archived")], at=began, rule=by[0])
    status, said, _ = restore(deployed, *REASON, purl=f"{APP}@1.0")
    assert status == 0, said
    assert deployed.statuses(app) == {"1.0": "Published"}
    assert deployed.ledger.marks(app).since("1.0", "Archived") is None
    assert deployed.ledger.marks(app).since("1.0", "Published") is not None
    assert 'keep: ["1.0"]' in said
    assert deployed.ledger.exemptions_at().written_since(began)


@pytest.mark.parametrize(
    ("after", "outcome", "words"),
    [
        pytest.param("Disposed", "impossible", "its assets are gone for good", id="disposed of"),
        pytest.param("Deleted", "gone", "it was deleted, which nobody can undo", id="deleted"),
    ],
)
def test_what_is_gone_for_good_is_said_so(
    deployed: DeployedDomain, after: Status, outcome: str, words: str
) -> None:
    """The exit status is 1; nothing is exempt; what else is gone is not offered."""
    statuses: dict[str, Status] = {"1.1": "Published", "1.0": after}
    if after == "Deleted":
        del statuses["1.0"]
    app = builds(deployed, statuses)
    at = datetime.now(UTC) - timedelta(hours=1)
    by = ("retention[0]", "expire_versions")
    record(
        deployed,
        [StatusChange(app, gone, "Published", after, *by, at) for gone in ("0.9", "1.0")],
    )
    status, said, _ = restore(deployed, *REASON, "--json", purl=f"{APP}@1.0")
    assert status == 1
    (part,) = json.loads(said)["parts"]
    assert json.loads(said)["notNamed"] == []
    assert part["outcome"] == outcome
    assert words in part["reason"]
    assert in_force(deployed, app) == {}


def test_the_newest_change_is_the_one_that_is_undone(archived: DeployedDomain) -> None:
    """Not the first one."""
    at = datetime.now(UTC)
    record(
        archived,
        [
            RestrictionsChange(
                UI, Restrictions("BLOCK", "ALLOW"), CLOSED, "origins[1]", AUTOMATION, at
            )
        ],
    )
    assert restore(archived, *REASON)[0] == 0
    assert archived.restrictions(UI) == Restrictions("BLOCK", "ALLOW")


def test_an_exemption_stays_when_putting_back_fails(archived: DeployedDomain) -> None:
    """The message says both; what could be put back was."""
    archived.deny("PutPackageOriginConfiguration", "npm-internal")
    status, said, _ = restore(archived, *REASON, *ALL)
    assert status == 1
    assert "the exemption is written and stays" in " ".join(said.split())
    assert archived.restrictions(UI) == CLOSED
    assert archived.statuses(UI)["9.9.9"] == "Unlisted"
    assert set(in_force(archived)) == {None, "9.9.8", "9.9.9"}


@pytest.mark.parametrize(
    ("purl", "arguments", "message"),
    [
        pytest.param("pkg:npm/%40mycompany/other", (), "nothing is recorded", id="no change"),
        pytest.param(PURL, ("--version", "1.0.0"), "has changed 1.0.0 of", id="another version"),
    ],
)
def test_without_a_record_nothing_is_changed(
    archived: DeployedDomain, purl: str, arguments: tuple[str, ...], message: str
) -> None:
    """And the exit status is 1."""
    status, said, problem = restore(archived, *REASON, *arguments, purl=purl)
    assert (status, said) == (1, "")
    assert message in problem
    assert "Nothing was changed." in problem
    assert archived.restrictions(UI) == CLOSED
    assert in_force(archived) == {}


@pytest.mark.parametrize(
    "purl", ["pkg:npm/@mycompany/ui", "/npm/@mycompany/ui", "/npm/mycompany/ui"]
)
def test_a_scope_may_have_its_at_sign_or_not(archived: DeployedDomain, purl: str) -> None:
    """CodeArtifact keeps it without."""
    assert restore(archived, *REASON, purl=purl)[0] == 0
    assert archived.restrictions(UI) == OPEN


def test_a_package_that_is_gone_is_no_surprise(deployed: DeployedDomain) -> None:
    """It says so and exempts nothing."""
    deployed.seed({"name": "npm-internal"})
    record(deployed, [restrictions_change(datetime.now(UTC))])
    status, _, problem = restore(deployed, *REASON)
    assert status == 1
    assert "does not exist any more" in problem
    assert in_force(deployed) == {}


def test_exemptions_are_listed_with_the_lines_that_make_them_last(archived: DeployedDomain) -> None:
    """Soonest end first; one rule for a package, which compiles and has what is there now."""
    lib = package("my-lib", package_format="pypi", namespace=None)
    now = datetime.now(UTC).replace(microsecond=0)
    archived.ledger.exempt(
        Exemption(
            lib,
            "6.6.6",
            "origins[1]",
            "arn:aws:iam::012345678901:user/jo",
            "why\nnot",
            now,
            now + timedelta(days=1),
        )
    )
    archived.ledger.exempt(
        Exemption(lib, "6.6.5", "origins[1]", "jo", "over", now - timedelta(2), now - timedelta(1))
    )
    restore(archived, *REASON, *ALL)
    status, said, _ = exemptions(archived, "--json")
    assert status == 0
    document = json.loads(said)
    assert [one["version"] for one in document["exemptions"]] == ["6.6.6", None, "9.9.8", "9.9.9"]
    compiled = json.loads(compile_policy(f"domain: {DOMAIN}\norigins:\n{document['origins']}", "p"))
    lib_rule, ui_rule = compiled["origins"]
    assert (lib_rule["packages"], lib_rule["repositories"]) == (
        ["/pypi//my-lib$"],
        ["npm-internal"],
    )
    assert (lib_rule["kind"], lib_rule["external"]) == ("internal", "report")
    assert (ui_rule["packages"], ui_rule["kind"]) == (["/npm/mycompany/ui$"], "explicit")
    assert (ui_rule["publish"], ui_rule["upstream"]) == ("ALLOW", "ALLOW")
    _, table, _ = exemptions(archived)
    assert "top of `origins`" in " ".join(table.split())
    assert document["origins"] in table
    assert "user/jo" in table


def test_no_exemption_is_said_so(deployed: DeployedDomain) -> None:
    """The exit status is 0: that is what was asked."""
    assert exemptions(deployed)[:2] == (0, f"no exemption is in force in the domain {DOMAIN}\n")


def test_exemptions_end_early(archived: DeployedDomain) -> None:
    """One version's, then all of the package; then there is none to end."""
    restore(archived, *REASON, *ALL)
    end = ("--end", PURL, "--repository", "npm-internal")
    assert exemptions(archived, *end, "--version", "9.9.9")[0] == 0
    assert set(in_force(archived)) == {None, "9.9.8"}
    status, _, problem = exemptions(archived, *end, "--version", "9.9.9")
    assert status == 1
    assert "no exemption in force for 9.9.9" in problem
    status, said, _ = exemptions(archived, *end, "--domain", "my-company")
    assert status == 0
    policy = f"--policy {archived.policy()}"
    assert f"\n  steward enforce --deep --repository npm-internal {policy}\n" in said
    assert in_force(archived) == {}
    status, _, problem = exemptions(archived, *end, "--domain", "my-company")
    assert status == 1
    assert f"no exemption in force for {PURL} in npm-internal" in problem
    assert f"`steward exemptions {policy} --domain my-company` lists what there is." in problem


@pytest.mark.parametrize(
    "command", [("exemptions",), ("restore", PURL, *REASON, "--repository", "r")]
)
def test_without_a_deployment_it_says_where_it_looked(
    deployed: DeployedDomain, command: tuple[str, ...]
) -> None:
    """Parameter, account, region and endpoint, and what to deploy."""
    deployed.forget_deployment()
    result = deployed.run(*command, "--policy", deployed.policy())
    assert result.exit_code == 1
    for part in (PARAMETER, "012345678901", "us-west-2", deployed.url, "`make build`"):
        assert part in result.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("{", "it is no JSON", id="no JSON"),
        pytest.param("[]", "it is no JSON object", id="a list"),
        pytest.param(json.dumps({"domain": "other"}), "it is about the domain 'other'", id="other"),
        pytest.param(
            json.dumps({"domain": DOMAIN, "mode": "observe", "stack": "s", "bus": "default"}),
            "it has no 'ledger'",
            id="an older version's",
        ),
    ],
)
def test_a_parameter_that_means_nothing_is_an_error(
    deployed: DeployedDomain, text: str, problem: str
) -> None:
    """It says which and what is wrong with it."""
    deployed.describe(text)
    status, _, said = exemptions(deployed)
    assert status == 1
    assert f"{PARAMETER} in the account" in said
    assert problem in said
