"""The gates that look into a version: vulnerabilities, licences, integrity, dependencies."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from promote_versions.facts import DependencyFact, Unavailable, Vulnerability
from promote_versions.gates import dependencies, integrity, licences, vulnerabilities
from promote_versions.verdicts import Outcome
from steward.promotion_rules import (
    SEVERITIES,
    Integrity,
    Licences,
    Severity,
    Vulnerabilities,
    Waiver,
    matcher,
)
from steward.version_contents import Asset, Licence
from tests.unit.promotion_values import (
    NOW,
    QUARTER,
    TOMORROW,
    asset,
    facts,
    named,
    package,
    vulnerability,
)
from tests.unit.promotion_values import licences as licence_names

SECOND = timedelta(seconds=1)
NO_ANSWER = Unavailable("OSV was asked: it is down")


def _waiver(id_: str, *packages: str, until: datetime = NOW + SECOND) -> Waiver:
    return Waiver(id_, tuple(matcher(one) for one in packages), "not reachable here", until)


@pytest.mark.parametrize("block_at", SEVERITIES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_severity_blocks_from_the_threshold_on(block_at: Severity, severity: Severity) -> None:
    """The threshold itself blocks; what is milder passes and is named."""
    known = facts(vulnerabilities=(vulnerability("GHSA-aaaa", severity),))
    verdict = vulnerabilities.judge(known, Vulnerabilities(block_at), now=NOW)
    blocks = SEVERITIES.index(severity) >= SEVERITIES.index(block_at)
    assert verdict.outcome == ("refuse" if blocks else "pass")
    assert "GHSA-aaaa" in verdict.reason


@pytest.mark.parametrize("severity", [*SEVERITIES, None])
def test_with_malicious_no_severity_blocks(severity: Severity | None) -> None:
    """Whatever it is, it passes and is named, also where nobody has rated it."""
    known = facts(vulnerabilities=(vulnerability("GHSA-aaaa", severity),))
    verdict = vulnerabilities.judge(known, Vulnerabilities("malicious"), now=NOW)
    assert verdict.outcome == "pass"
    assert "but less than malicious: GHSA-aaaa" in verdict.reason


def test_with_malicious_a_malicious_one_blocks() -> None:
    """It is all that the gate keeps out then; no answer holds all the same."""
    requirement = Vulnerabilities("malicious")
    bad = facts(vulnerabilities=(vulnerability("MAL-2026-1", None),))
    assert vulnerabilities.judge(bad, requirement, now=NOW).outcome == "refuse"
    silent = facts(vulnerabilities=NO_ANSWER)
    assert vulnerabilities.judge(silent, requirement, now=NOW).outcome == "hold"


VULNERABILITY_CASES = [
    pytest.param((), (), "pass", None, id="nothing is known: it passes"),
    pytest.param(NO_ANSWER, (), "hold", QUARTER, id="no answer holds for a quarter of an hour"),
    pytest.param((vulnerability(severity=None),), (), "hold", TOMORROW, id="unknown one holds"),
    pytest.param(
        (vulnerability(severity=None), vulnerability("GHSA-b")), (), "refuse", None,
        id="a severe one beats one of unknown severity",
    ),
    pytest.param((vulnerability(withdrawn=True),), (), "pass", None, id="withdrawn is nothing"),
    pytest.param(
        (vulnerability("MAL-2026-1", withdrawn=True),), (), "pass", None,
        id="a malicious one that was withdrawn is nothing",
    ),
    pytest.param((vulnerability(),), (_waiver("GHSA-aaaa"),), "pass", None, id="waived by id"),
    pytest.param((vulnerability(),), (_waiver("ghsa-AAAA"),), "pass", None, id="in any case"),
    pytest.param(
        (vulnerability(aliases=("CVE-1",)),), (_waiver("CVE-1"),), "pass", None,
        id="waived by an alias",
    ),
    pytest.param(
        (vulnerability(severity=None),), (_waiver("GHSA-aaaa"),), "pass", None,
        id="unknown severity can be waived",
    ),
    pytest.param((vulnerability(),), (_waiver("GHSA-b"),), "refuse", None, id="another is waived"),
    pytest.param(
        (vulnerability(),), (_waiver("GHSA-aaaa", until=NOW),), "refuse", None,
        id="a waiver that ends now has ended",
    ),
    pytest.param(
        (vulnerability(),), (_waiver("GHSA-aaaa", "/pypi//requests$"),), "pass", None,
        id="waived for this package",
    ),
    pytest.param(
        (vulnerability(),), (_waiver("GHSA-aaaa", "/pypi//urllib3$"),), "refuse", None,
        id="waived for another package",
    ),
    pytest.param(
        (vulnerability(),), (_waiver("GHSA-aaaa", "pkg:pypi/requests@2.32.4"),), "refuse", None,
        id="waived for another version",
    ),
    pytest.param(
        (vulnerability("MAL-2026-1", None),), (_waiver("MAL-2026-1"),), "refuse", None,
        id="malice cannot be waived",
    ),
    pytest.param(
        (vulnerability("GHSA-b", "low", aliases=("MAL-2026-1",)),), (_waiver("GHSA-b"),), "refuse",
        None, id="malice by an alias cannot either",
    ),
    pytest.param(
        (vulnerability("GHSA-b", "low", malicious=True),), (), "refuse", None,
        id="malice by what OSV says of it",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("known", "waivers", "outcome", "until"), VULNERABILITY_CASES)
def test_what_osv_knows(
    known: tuple[Vulnerability, ...] | Unavailable,
    waivers: tuple[Waiver, ...],
    outcome: Outcome,
    until: datetime | None,
) -> None:
    """From ``high`` on, unless it is waived; malice always."""
    requirement = Vulnerabilities("high", waivers)
    verdict = vulnerabilities.judge(facts(vulnerabilities=known), requirement, now=NOW)
    assert (verdict.gate, verdict.outcome, verdict.until) == ("vulnerabilities", outcome, until)
    json.dumps(verdict.facts)


def test_a_waiver_that_has_ended_is_named() -> None:
    """Whoever is refused suddenly reads why."""
    requirement = Vulnerabilities("high", (_waiver("GHSA-aaaa", until=NOW - SECOND),))
    verdict = vulnerabilities.judge(facts(vulnerabilities=(vulnerability(),)), requirement, now=NOW)
    assert "the waiver of GHSA-aaaa has ended" in verdict.reason


def test_malice_is_seen_where_osv_was_asked_for_security_fixes_only() -> None:
    """No rule has to say that a malicious package stays out, as far as anybody asked."""
    verdict = vulnerabilities.judge_malice(facts(vulnerabilities=(vulnerability("MAL-2026-1"),)))
    assert verdict is not None
    assert verdict.outcome == "refuse"
    assert vulnerabilities.judge_malice(facts(vulnerabilities=(vulnerability(),))) is None
    assert vulnerabilities.judge_malice(facts(vulnerabilities=NO_ANSWER)) is None


@pytest.mark.parametrize(
    ("known", "outcome", "until"),
    [
        pytest.param(licence_names("MIT"), "pass", None, id="allowed"),
        pytest.param(licence_names("MIT", "Apache-2.0"), "pass", None, id="both allowed"),
        pytest.param(licence_names("MIT", "ISC"), "refuse", None, id="one of two is not allowed"),
        pytest.param(licence_names("MIT", "Mine"), "hold", TOMORROW, id="one of two is unknown"),
        pytest.param(licence_names("ISC", "Mine"), "refuse", None, id="a refusal beats unknown"),
        pytest.param(licence_names("AGPL-3.0-only"), "refuse", None, id="allowed and denied"),
        pytest.param(licence_names("MIT License"), "pass", None, id="a text that is explained"),
        pytest.param((), "hold", TOMORROW, id="no licence at all"),
        pytest.param((Licence(None, None), Licence(" ", None)), "hold", TOMORROW, id="empty names"),
        pytest.param(
            (Licence(None, "https://example.invalid/mit"),), "pass", None, id="an explained link"
        ),
        pytest.param(
            (Licence(None, "https://example.invalid/isc"),), "hold", TOMORROW, id="another link"
        ),
        pytest.param(Unavailable("throttled"), "hold", QUARTER, id="no answer"),
    ],
)
def test_the_licences_of_a_version(
    known: tuple[Licence, ...] | Unavailable, outcome: Outcome, until: datetime | None
) -> None:
    """All must pass; what is not known waits for people."""
    requirement = Licences(
        frozenset({"MIT", "Apache-2.0", "AGPL-3.0-only"}),
        frozenset({"AGPL-3.0-only"}),
        {"mit license": "MIT", "https://example.invalid/mit": "MIT"},
    )
    verdict = licences.judge(facts(licences=known), requirement, now=NOW)
    assert (verdict.gate, verdict.outcome, verdict.until) == ("licences", outcome, until)
    json.dumps(verdict.facts)


def test_an_unknown_licence_says_which_text_to_explain() -> None:
    """And where."""
    verdict = licences.judge(
        facts(licences=licence_names("The Own One")), Licences(frozenset({"MIT"})), now=NOW
    )
    assert "'The Own One'" in verdict.reason
    assert "texts" in verdict.reason


A, B, LONG = "a" * 64, "b" * 64, "c" * 128
LISTED = {"pkg:pypi/requests@2.32.3": frozenset({f"SHA-256:{A}", f"SHA-256:{B}"})}
LONG_LISTED = {"pkg:pypi/requests@2.32.3": frozenset({f"SHA-512:{LONG}"})}


@pytest.mark.parametrize(
    ("assets", "listed", "outcome"),
    [
        pytest.param([asset("one", sha256=A)], LISTED, "pass", id="its only asset is listed"),
        pytest.param(
            [asset("one", sha256=A), asset("two", sha256=B)], LISTED, "pass", id="both are listed"
        ),
        pytest.param([asset("one", sha256=A.upper())], LISTED, "pass", id="in capitals"),
        pytest.param(
            [asset("one", sha256=A), asset("two", sha256="d" * 64)], LISTED, "refuse",
            id="one of two is not listed",
        ),
        pytest.param([asset("one", sha1=A)], LISTED, "refuse", id="no hash to compare"),
        pytest.param(
            [asset("one", sha512=LONG)], LISTED, "refuse", id="only a hash of the other kind"
        ),
        pytest.param([asset("one", sha512=LONG)], LONG_LISTED, "pass", id="npm's kind"),
        pytest.param(
            [asset("one", sha512="d" * 128)], LONG_LISTED, "refuse", id="npm's kind, not listed"
        ),
        pytest.param(
            [asset("one", sha256="d" * 64, sha512=LONG)],
            {"pkg:pypi/requests@2.32.3": frozenset({f"SHA-256:{A}", f"SHA-512:{LONG}"})},
            "refuse",
            id="the first kind decides where both are listed",
        ),
        pytest.param([], LISTED, "refuse", id="no assets prove nothing"),
        pytest.param([asset("one", sha256=A)], {}, "refuse", id="nothing is listed"),
        pytest.param(
            [asset("one", sha256=A)],
            {"pkg:pypi/requests@2.32.4": LISTED["pkg:pypi/requests@2.32.3"]},
            "refuse",
            id="another version is listed with the same hash",
        ),
        pytest.param(
            [asset("one", sha256=A)], {"pkg:pypi/requests@2.32.3": frozenset()}, "refuse",
            id="listed without hashes",
        ),
    ],
)  # fmt: skip
def test_assets_have_to_be_listed(
    assets: list[Asset], listed: Mapping[str, frozenset[str]], outcome: Outcome
) -> None:
    """Every asset, for exactly this version."""
    known = facts(assets={one.name: one for one in assets})
    verdict = integrity.judge(known, Integrity(("requirements.txt",), listed), now=NOW)
    assert (verdict.gate, verdict.outcome, verdict.until) == ("integrity", outcome, None)
    assert "requirements.txt" in json.dumps(verdict.facts)


def test_a_scoped_package_is_found_in_the_list() -> None:
    """Its package URL has the scope encoded."""
    known = facts(
        of=package("npm", "ui", "mycompany"),
        version=named("1.0.0"),
        assets={"package.tgz": asset("package.tgz", sha512=LONG)},
    )
    listed = {"pkg:npm/%40mycompany/ui@1.0.0": frozenset({f"SHA-512:{LONG}"})}
    verdict = integrity.judge(known, Integrity(("package-lock.json",), listed), now=NOW)
    assert verdict.outcome == "pass"


def test_assets_that_nobody_could_list_hold_the_version() -> None:
    """For a quarter of an hour."""
    known = facts(assets=Unavailable("throttled"))
    verdict = integrity.judge(known, Integrity(("requirements.txt",), LISTED), now=NOW)
    assert (verdict.outcome, verdict.until) == ("hold", QUARTER)


def test_many_unlisted_assets_are_counted() -> None:
    """The reason stays readable, the facts have them all."""
    known = facts(assets={f"{n}": asset(f"{n}", sha256="d" * 64) for n in range(9)})
    verdict = integrity.judge(known, Integrity(("requirements.txt",), LISTED), now=NOW)
    assert "and 4 more" in verdict.reason
    assert verdict.facts["unlisted"] == [str(n) for n in range(9)]


def _needs(
    name: str, state: str, reason: str = "", until: datetime | None = None
) -> DependencyFact:
    return DependencyFact(f"pkg:pypi/{name}@1.0", state, reason, until)  # type: ignore[arg-type]  # the cases below have states


@pytest.mark.parametrize(
    ("known", "outcome", "until"),
    [
        pytest.param((), "pass", None, id="it needs nothing"),
        pytest.param((_needs("a", "passed"),), "pass", None, id="all it needs is let through"),
        pytest.param((_needs("a", "absent"),), "pass", None, id="absent ones do not count"),
        pytest.param((_needs("a", "held", until=TOMORROW),), "hold", TOMORROW, id="one is held"),
        pytest.param((_needs("a", "held"),), "hold", None, id="one is held by a person"),
        pytest.param(
            (_needs("a", "held"), _needs("b", "held", until=TOMORROW),
             _needs("c", "held", until=QUARTER)),
            "hold", QUARTER, id="the first end of several counts",
        ),
        pytest.param(
            (_needs("a", "held", until=TOMORROW), _needs("b", "refused", "is malicious")),
            "refuse", None, id="a refused one beats a held one",
        ),
        pytest.param(Unavailable("throttled"), "hold", QUARTER, id="nobody could say"),
    ],
)  # fmt: skip
def test_what_a_version_needs(
    known: tuple[DependencyFact, ...] | Unavailable, outcome: Outcome, until: datetime | None
) -> None:
    """What it needs goes before it, or it does not go."""
    verdict = dependencies.judge(facts(dependencies=known), now=NOW)
    assert (verdict.gate, verdict.outcome, verdict.until) == ("dependencies", outcome, until)
    json.dumps(verdict.facts)


def test_a_refused_dependency_is_named_with_its_reason() -> None:
    """So that nobody has to look for it."""
    verdict = dependencies.judge(
        facts(dependencies=(_needs("bad", "refused", "is malicious"),)), now=NOW
    )
    assert "pkg:pypi/bad@1.0 (is malicious)" in verdict.reason
