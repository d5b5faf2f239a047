"""`steward policy`: how origins, groups and promotions are shown and explained."""

import json
from itertools import takewhile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import steward

POLICY = """\
domain: my-company
origins:
  - packages: /npm/mycompany/*
    kind: internal
  - packages: /npm/*
    repositories: "[ab]-npm"
    kind: internal
    external: report
  - packages: /pypi/*
    kind: public
  - packages: /npm//left-pad$
    publish: BLOCK
  - packages: /*
    kind: inferred
groups:
  - pattern: /npm/mycompany/*
    publish: {allow_in: [npm-internal, npm-releases]}
    external_upstream: block
  - pattern: /npm//react-dom$
    publish: block
promotions:
  - name: "[public] to approved"
    packages: /pypi/*
    from: intake
    to: approved
    require:
      minimum_age: P7D
      vulnerabilities: {block_at: high}
      licences: {allow: MIT}
      origin: public:pypi
      deny: pkg:pypi/left-pad
      versions: {only: releases, range: ">=2"}
      approval: manual
    include_dependencies: true
    recall: unlist
  - {name: narrower, packages: ["/pypi//a$", "/npm//a$"], from: intake, to: approved}
  - {name: onwards, packages: /*, from: approved, to: production}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Return the path of a policy with all sections."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def run(command: str, policy: Path, *arguments: str) -> Result:
    """Run `steward policy` in this process, on a terminal of 100 columns."""
    line = ["policy", command, *arguments, "--policy", str(policy)]
    return CliRunner().invoke(steward, line, env={"COLUMNS": "100"})


def row(shown: str, name: str) -> list[str]:
    """Return the cells of the table row that starts with *name*."""
    (line,) = (line for line in shown.splitlines() if line.startswith(f"│ {name} "))
    return [cell.strip() for cell in line.strip("│").split("│")]


def last_cell(shown: str, name: str) -> list[str]:
    """Return the lines of the last cell of the table row that starts with *name*."""
    lines = iter(shown.splitlines())
    first = next(line for line in lines if line.startswith(f"│ {name} "))
    more = takewhile(lambda line: line.startswith("│   "), lines)
    return [line.strip("│").split("│")[-1].strip() for line in (first, *more)]


def test_each_section_is_a_table(policy: Path) -> None:
    """With what each rule comes to; brackets are no markup."""
    shown = run("check", policy).stdout
    assert row(shown, "origins[0]") == ["origins[0]", "/npm/mycompany/*", "*", "kind: internal"]
    assert row(shown, "origins[1]")[2] == "[ab]-npm"
    internal = ["kind: internal", "publish: ALLOW", "upstream: BLOCK"]
    assert last_cell(shown, "origins[0]") == [*internal, "external: archive"]
    assert last_cell(shown, "origins[1]") == [*internal, "external: report"]
    assert last_cell(shown, "origins[2]") == ["kind: public", "publish: BLOCK", "upstream: ALLOW"]
    assert last_cell(shown, "origins[3]") == ["publish: BLOCK", "upstream: as it is"]
    inferred = ["kind: inferred", "publish: inferred", "upstream: inferred"]
    assert last_cell(shown, "origins[4]") == inferred
    assert row(shown, "groups[0]")[2:] == ["only in", "BLOCK", "INHERIT"]
    assert " npm-releases " in shown
    assert row(shown, "[public] to approved")[1:] == ["/pypi/*", "intake", "minimum age: 7 d"]
    assert last_cell(shown, "[public] to approved") == [
        "minimum age: 7 d",
        "vulnerabilities: high",
        "licences: 1 allowed",
        "origin: public:pypi",
        "deny: 1",
        "versions: releases, >=2",
        "approval: manual",
        "dependencies: included",
        "recall: unlist",
    ]
    assert last_cell(shown, "onwards") == ["none", ""]


def test_nothing_is_wider_than_the_terminal_or_cut_off(policy: Path) -> None:
    """A long pattern goes on in the next line."""
    pattern = f"/maven/com.mycompany.{'long' * 20}~"
    policy.write_text(POLICY.replace("/npm//left-pad$", pattern))
    shown = run("check", policy).stdout.splitlines()[1:]
    assert max(map(len, shown)) <= 100
    assert not any("…" in line for line in shown)


def test_no_name_is_broken_on_a_terminal_of_80_columns(policy: Path) -> None:
    """Rule, pattern and repository stand there as they are searched for."""
    shown = CliRunner().invoke(
        steward, ["policy", "check", "--policy", str(policy)], env={"COLUMNS": "80"}
    )
    table = shown.stdout.splitlines()[1:]
    assert max(map(len, table)) <= 80
    assert row(shown.stdout, "origins[1]") == ["origins[1]", "/npm/*", "[ab]-npm", "kind: internal"]
    assert row(shown.stdout, "origins[0]")[1] == "/npm/mycompany/*"
    assert "repositories" in shown.stdout


def test_warnings_are_no_mistakes(policy: Path) -> None:
    """The exit status is 0; they stand on standard error, and in the JSON."""
    result = run("check", policy)
    assert result.exit_code == 0
    assert f"warning {policy}:10: origins[2].kind: this rule opens upstream" in result.stderr
    document = json.loads(run("check", policy, "--json").stdout)
    warning, other, *of_promotions = document["warnings"]
    assert "production" in other["problem"]
    assert [one["where"] for one in of_promotions if "requires nothing" in one["problem"]] == [
        "promotions[1].require",
        "promotions[2].require",
    ]
    assert (document["ok"], warning["line"], warning["where"]) == (True, 10, "origins[2].kind")
    assert "approved" in warning["problem"]
    assert "--live" in warning["remedy"]


def test_a_gate_that_keeps_malicious_packages_out_only_says_so(policy: Path) -> None:
    """In the table, and in words."""
    policy.write_text(POLICY.replace("block_at: high", "block_at: malicious"))
    assert "vulnerabilities: malicious" in run("check", policy).stdout
    explained = run("explain", policy, "pkg:pypi/requests", "--repository", "intake").stdout
    assert (
        "It is not malicious; known vulnerabilities are named, and keep nothing out." in explained
    )


def test_live_fails_where_codeartifact_cannot_be_asked(
    policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for a policy that names no repository: its domain may not be there."""
    monkeypatch.setenv("AWS_PROFILE", "nobody-s-profile")
    policy.write_text("domain: my-company\norigins: [{packages: /*, kind: public}]\n")
    result = run("check", policy, "--live")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Set AWS_PROFILE to one of your profiles" in result.stderr


@pytest.mark.parametrize(
    ("package", "repository", "words"),
    [
        pytest.param(
            "pkg:npm/%40mycompany/ui",
            "npm-internal",
            [
                "no snapshots rule applies",
                "origins[0] applies: internal",
                "Publish ALLOW, upstream BLOCK.",
                "A version from outside is archived and reported.",
                "groups[0] covers it: /npm/mycompany/*",
                "Publish only in npm-internal, npm-releases, external upstream BLOCK, internal up",
                "Matched too, but later in the file: origins[4].",
            ],
            id="an internal package",
        ),
        pytest.param(
            "/npm//react",
            "a-npm",
            ["origins[1] applies", "A version from outside is reported, and stays.", "no group"],
            id="a rule that only reports",
        ),
        pytest.param(
            "/pypi//requests",
            "approved",
            [
                "origins[2] applies: public",
                "The policy promotes to approved: it must have no upstreams.",
            ],
            id="a package that a promotion should bring",
        ),
        pytest.param(
            "/npm//left-pad",
            "npm-store",
            ["origins[3] applies", "Publish BLOCK, upstream stays as it is."],
            id="one restriction",
        ),
        pytest.param(
            "/cargo//serde",
            "cargo-store",
            [
                "origins[4] applies: inferred",
                "If all versions were published here: upstream BLOCK.",
                "What is BLOCK never becomes ALLOW.",
            ],
            id="a package whose origin says it",
        ),
        pytest.param(
            "/cargo//serde",
            "approved",
            ["origins[4] applies", "The policy promotes to approved: the restrictions stay."],
            id="a package that was promoted",
        ),
        pytest.param(
            "pkg:pypi/requests",
            "intake",
            [
                "[public] to approved applies: from intake to approved",
                "It has been public for 7 d.",
                "It is not malicious, and has no known vulnerability that is high or worse.",
                "Its licence is MIT.",
                "It was fetched through public:pypi.",
                "It is none of pkg:pypi/left-pad.",
                "It is a release.",
                "Its version is in the range >=2.",
                "A person approves it when all else is passed.",
                "What it depends on is judged with it and promoted first.",
                "A promoted version that turns out to be bad is unlisted and reported.",
            ],
            id="a package that is promoted",
        ),
        pytest.param(
            "pkg:pypi/requests",
            "approved",
            [
                "onwards applies: from approved to production",
                "Nothing is required.",
                "[public] to approved promotes it to here, from intake.",
            ],
            id="a package between two stages",
        ),
        pytest.param(
            "pkg:pypi/a",
            "intake",
            ["Matched too, but later in the file: origins[4], narrower."],
            id="a package of two promotions",
        ),
        pytest.param(
            "/npm//b",
            "intake",
            ["no promotions rule applies: it is not copied from here"],
            id="a package that is not promoted",
        ),
        pytest.param(
            "/npm//react_DOM",
            "npm-store",
            ["It looks like groups[1], /npm//react-dom$, and does not match it: a weak match."],
            id="a typosquat",
        ),
    ],
)
def test_a_package_is_explained_in_words(
    package: str, repository: str, words: list[str], policy: Path
) -> None:
    """Section by section; the name of each rule is that of `steward policy check`."""
    result = run("explain", policy, package, "--repository", repository)
    assert result.exit_code == 0
    assert [text for text in words if text not in result.stdout] == []


def test_a_rule_that_another_one_shadows_promotes_nothing_to_here(policy: Path) -> None:
    """Of two rules from one repository to another, the first about a package is the one."""
    route = "from: intake, to: approved"
    policy.write_text(
        "domain: my-company\npromotions:\n"
        f"  - {{name: idna-only, packages: /pypi//idna$, {route}}}\n"
        f"  - {{name: python, packages: /pypi/*, {route}}}\n"
    )
    of_idna = run("explain", policy, "pkg:pypi/idna", "--repository", "approved").stdout
    assert "idna-only promotes it to here, from intake." in of_idna
    assert "python promotes it" not in of_idna
    of_flask = run("explain", policy, "pkg:pypi/flask", "--repository", "approved").stdout
    assert "python promotes it to here, from intake." in of_flask


def test_programs_get_the_rules_themselves(policy: Path) -> None:
    """As compiled; what does not apply is null."""
    arguments = ("/npm/mycompany/ui", "--repository", "approved", "--json")
    document = json.loads(run("explain", policy, *arguments).stdout)
    assert document["snapshots"] is None
    assert (document["origins"]["name"], document["origins"]["kind"]) == ("origins[0]", "internal")
    assert document["promoted_to"] is True
    assert [rule["name"] for rule in document["promotions"]] == ["onwards"]
    assert document["group"]["allowed"] == {"PUBLISH": ["npm-internal", "npm-releases"]}
    assert document["similar_group"] is None
    assert document["shadowed"] == ["origins[4]"]


@pytest.mark.parametrize(
    ("package", "similar"),
    [
        ("/npm//react_dom", True),
        ("/npm//React.-.DOM", True),
        ("/npm//re\u0430ct-d0m", True),
        ("/npm//react-dom", False),
        ("/npm//reactdom", False),
        ("/npm//react-dom-x", False),
        ("/pypi//react-dom", False),
    ],
)
def test_a_name_that_only_looks_like_a_group_s_is_found(
    package: str, *, similar: bool, policy: Path
) -> None:
    """By case, by runs of hyphens, dots and underscores, and by letters that look alike."""
    document = json.loads(
        run("explain", policy, package, "--repository", "npm-store", "--json").stdout
    )
    assert (document["similar_group"] is not None) is similar


def test_of_several_groups_that_a_name_looks_like_the_most_specific_is_shown(policy: Path) -> None:
    """As it is with strong matches."""
    policy.write_text(
        "domain: my-company\ngroups:\n"
        "  - {pattern: /npm//react~, publish: allow}\n"
        "  - {pattern: /npm//react-dom$, publish: block}\n"
    )
    arguments = ("/npm//React-DOM", "--repository", "npm-store", "--json")
    document = json.loads(run("explain", policy, *arguments).stdout)
    assert document["similar_group"]["name"] == "groups[1]"


def test_a_group_of_its_own_takes_a_name_out_of_the_group_that_it_looks_like(
    policy: Path,
) -> None:
    """Also where the pattern of the other one is written longer: a strong match comes first."""
    policy.write_text(
        "domain: my-company\ngroups:\n"
        "  - {pattern: /npm//react--dom$, publish: block}\n"
        "  - {pattern: /npm//react-dom$, publish: allow}\n"
    )
    arguments = ("/npm//react-dom", "--repository", "npm-store", "--json")
    document = json.loads(run("explain", policy, *arguments).stdout)
    assert document["group"]["name"] == "groups[1]"
    assert document["similar_group"] is None


def test_a_policy_without_groups_says_nothing_about_them(policy: Path) -> None:
    """Nor is anybody's name like that of a group."""
    policy.write_text("domain: my-company\n")
    shown = run("explain", policy, "/npm//react", "--repository", "npm-store").stdout
    assert "the policy declares no groups" in shown
    assert "no origins rule applies: its restrictions stay" in shown
