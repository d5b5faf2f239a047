"""`steward promotions`: what was decided, on a deployment in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.deployed_domain import DOMAIN, a_deployment, other_services
from tests.functional.promoting_domain import (
    INTAKE,
    PromotingDomain,
    document,
    malicious,
    old,
    promotion,
    young,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

__all__ = ["other_services"]

POLICY = """\
  - name: public-to-approved
    packages: /pypi/*
    from: pypi-intake
    to: pypi-approved
    require:
      minimum_age: P7D
      vulnerabilities: {block_at: high}
  - name: approved-to-production
    packages: /pypi/*
    from: pypi-approved
    to: pypi-production
    require: {approval: manual}
"""
REQUESTS = "pkg:pypi/requests"
NOTHING = "no version that is asked for was judged yet: `steward promote` has it judged\n"


@pytest.fixture(scope="module")
def company(
    other_services: Any,  # noqa: ANN401  as the fixture has it
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PromotingDomain]:
    """Versions in each state: two held for their age, one of them longer; one for a person."""
    with (
        pytest.MonkeyPatch.context() as environment,
        a_deployment(other_services, tmp_path_factory.mktemp("company"), environment) as deployed,
        promotion(deployed, environment) as promoting,
    ):
        promoting.deploy(POLICY)
        promoting.domain.seed({"name": "pypi-production"})
        promoting.seed(
            "requests", old("2.31.0"), young("2.32.4"), young("2.32.3", days=3), old("6.6.6")
        )
        promoting.seed("urllib3", old("2.5.0"))
        promoting.vulnerable(malicious("requests", "6.6.6"))
        for purl in (REQUESTS, "pkg:pypi/urllib3"):
            promoting.steward("promote", purl, "--rule", "public-to-approved", "--wait", "0")
            promoting.work()
        promoting.steward("promote", REQUESTS, "--wait", "0", "--repository", "pypi-approved")
        promoting.work()
        yield promoting


def listed(result: Result) -> list[tuple[str, str, str]]:
    """Return package URL, state and destination of what was listed, in order."""
    assert result.exit_code == 0, result.stderr
    found = document(result)
    assert found["domain"] == DOMAIN
    return [(one["packageUrl"], one["state"], one["to"]) for one in found["promotions"]]


HELD = [
    (f"{REQUESTS}@2.32.3", "held", "pypi-approved"),
    (f"{REQUESTS}@2.32.4", "held", "pypi-approved"),
    (f"{REQUESTS}@2.31.0", "held", "pypi-production"),
]
REFUSED = [(f"{REQUESTS}@6.6.6", "refused", "pypi-approved")]
COPIED = [
    (f"{REQUESTS}@2.31.0", "copied", "pypi-approved"),
    ("pkg:pypi/urllib3@2.5.0", "copied", "pypi-approved"),
]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param((), [*HELD, *REFUSED, *COPIED], id="all, what is let through first first"),
        pytest.param(("--state", "held"), HELD, id="what is held"),
        pytest.param(
            ("--state", "copied", "--state", "refused"), [*REFUSED, *COPIED], id="two states"
        ),
        pytest.param(("--state", "recalled"), [], id="a state that nothing is in"),
        pytest.param(("--rule", "approved-to-production"), HELD[2:], id="one rule"),
        pytest.param(
            ("--repository", INTAKE.name), [*HELD[:2], *REFUSED, *COPIED], id="one repository"
        ),
        pytest.param(
            (REQUESTS,), [*HELD, *REFUSED, *COPIED[:1]], id="one package, in all repositories"
        ),
        pytest.param((f"{REQUESTS}@2.31.0",), [HELD[2], COPIED[0]], id="one version"),
        pytest.param(
            (f"{REQUESTS}@2.32.4", "pkg:pypi/urllib3", "--state", "copied"),
            COPIED[1:],
            id="several packages and a state",
        ),
        pytest.param(
            (REQUESTS, "--repository", "pypi-approved"), HELD[2:], id="a package of a repository"
        ),
        pytest.param(("pkg:pypi/never-seen",), [], id="a package that nobody has seen"),
    ],
)
def test_filters(
    company: PromotingDomain,
    arguments: tuple[str, ...],
    expected: list[tuple[str, str, str]],
) -> None:
    """What is asked for, in the order of a version's life."""
    assert listed(company.steward("promotions", *arguments, "--json")) == expected


def test_a_table_says_until_when_and_why(company: PromotingDomain) -> None:
    """One line a version, below its rule; package URLs are whole, as nothing wraps in a pipe."""
    result = company.steward("promotions")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    rows = [line for line in lines if "pkg:pypi/" in line]
    assert len(rows) == 6
    assert all("until 20" in row and "for 7 days" in row for row in rows[:2])
    assert "is malicious: MAL-2026-7" in rows[2]
    assert all("in pypi-approved since 20" in row for row in rows[3:5])
    assert "waits for somebody's approval" in rows[5]
    assert "until" not in rows[5], "no time lets it through"
    assert lines.index("approved-to-production: pypi-approved -> pypi-production") < lines.index(
        rows[5]
    )
    assert "bypass" not in result.stdout, "gates are for who asks"
    assert lines[-2:] == [
        "3 held, 1 refused, 2 copied",
        "`steward approve PURL --reason TEXT` lets through what waits for a person.",
    ]


def test_gates_are_shown_on_request(company: PromotingDomain) -> None:
    """Each with its answer and reason."""
    result = company.steward("promotions", f"{REQUESTS}@2.32.4", "--gates")
    said = [line.split("│")[-2].strip() for line in result.stdout.splitlines() if "│" in line]
    assert [line.split(":")[0] for line in said[1:]] == [
        "✓ bypass",
        "✓ status",
        "✓ snapshots",
        "✓ vulnerabilities",
        "… minimum_age",
        "✓ approval",
    ]
    assert "public-to-approved: pypi-intake -> pypi-approved" in result.stdout


def test_nothing_is_found(company: PromotingDomain) -> None:
    """The message says what has it judged."""
    result = company.steward("promotions", "--state", "recalled")
    assert (result.exit_code, result.stdout) == (0, NOTHING)


def test_everything_that_was_decided_is_in_the_json(company: PromotingDomain) -> None:
    """Times are ISO 8601, and each gate has its facts."""
    result = company.steward("promotions", f"{REQUESTS}@2.32.4", "--json")
    [one] = json.loads(result.stdout)["promotions"]
    assert set(one) == {
        "package",
        "version",
        "packageUrl",
        "rule",
        "from",
        "to",
        "revision",
        "state",
        "reason",
        "decidedAt",
        "heldUntil",
        "due",
        "gates",
        "approval",
        "earlierWords",
        "copiedAt",
        "copiedRevision",
        "findings",
        "restoredUntil",
    }
    age = next(gate for gate in one["gates"] if gate["gate"] == "minimum_age")
    assert age["outcome"] == "hold"
    assert age["until"] == one["heldUntil"]
    assert age["facts"]["at_least"] == "7 days"


def test_a_package_that_no_promotion_is_about(company: PromotingDomain) -> None:
    """The message says how to look for it anyway."""
    result = company.steward("promotions", "pkg:npm/left-pad", "--json")
    assert result.exit_code == 1
    assert "--repository" in json.loads(result.stdout)["problem"]
    assert (
        listed(company.steward("promotions", "pkg:npm/left-pad", "--repository", "npm-1", "--json"))
        == []
    )


@pytest.fixture
def older(company: PromotingDomain) -> Iterator[PromotingDomain]:
    """An older version is deployed, without promotions."""
    with company.domain.redescribed(promotions=None):
        yield company


def test_an_older_deployment_does_not_promote(older: PromotingDomain) -> None:
    """It was deployed before there were promotions."""
    result = older.steward("promotions", "--json")
    assert result.exit_code == 1
    assert "deployed before there were promotions" in json.loads(result.stdout)["problem"]


def test_nothing_is_deployed(company: PromotingDomain) -> None:
    """The message says where it was looked for."""
    result = company.steward("promotions", "--domain", "other-company", "--json")
    assert result.exit_code == 1
    assert (
        "nothing is deployed for the domain other-company" in json.loads(result.stdout)["problem"]
    )
