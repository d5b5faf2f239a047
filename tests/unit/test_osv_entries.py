"""What entries of OSV say: severities, fixed versions, malice, and shapes that are none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promote_versions.facts import Vulnerability
from promote_versions.osv_entries import (
    MalformedEntryError,
    PackageName,
    entry_in,
    highest,
    severity_of_vector,
    with_severities_of_aliases,
)

Json = dict[str, Any]
REQUESTS = PackageName("PyPI", "requests")
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
MEDIUM = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"


def about(document: Json, name: PackageName = REQUESTS) -> Vulnerability:
    """Return what an entry says about a package."""
    return entry_in({"id": "GHSA-1", **document}).about(name)


def affected(
    name: PackageName = REQUESTS, *fixed: str, kind: str = "ECOSYSTEM", **more: object
) -> Json:
    """Return what an entry says about one package."""
    events = [{"introduced": "0"}, *({"fixed": each} for each in fixed)]
    package = {"ecosystem": name.ecosystem, "name": name.name}
    return {"package": package, "ranges": [{"type": kind, "events": events}], **more}


def scored(*vectors: str) -> list[Json]:
    """Return severities as entries have them."""
    return [{"type": f"CVSS_V{'4' if '4.0' in each else '3'}", "score": each} for each in vectors]


@pytest.mark.parametrize(
    ("vector", "severity"),
    [
        pytest.param(CRITICAL, "critical", id="CVSS 3.1: 9.8"),
        pytest.param("CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", "high", id="CVSS 3.0: 8.1"),
        pytest.param(MEDIUM, "medium", id="CVSS 3.1: 6.1"),
        pytest.param(
            "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", "low", id="CVSS 3.1: 3.1, below 4"
        ),
        pytest.param("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "low", id="CVSS 3.1: 0.0"),
        pytest.param(
            "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:C/C:H/I:H/A:H", "critical", id="CVSS 3.1: 9.1"
        ),
        pytest.param(
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "critical",
            id="CVSS 4.0: 9.3",
        ),
        pytest.param(
            "CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N",
            "low",
            id="CVSS 4.0: low",
        ),
        pytest.param("AV:N/AC:L/Au:N/C:P/I:P/A:P", "high", id="CVSS 2: 7.5"),
        pytest.param("AV:N/AC:L/Au:N/C:C/I:C/A:C", "critical", id="CVSS 2: 10, as in version 3"),
        pytest.param("CVSS:3.1/AV:N", None, id="half a vector"),
        pytest.param("CVSS:5.0/AV:N", None, id="a version to come"),
        pytest.param("7.5", None, id="a number"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_vector_has_a_severity(vector: str, severity: str | None) -> None:
    """By the base score, on the scale of CVSS 3."""
    assert severity_of_vector(vector) == severity


@given(st.text(alphabet="CVSS:3.140/AVNLPRUIHX", max_size=60))
def test_no_vector_is_an_error(vector: str) -> None:
    """Whatever an entry has there."""
    severity_of_vector(vector)


def test_the_highest_severity_counts() -> None:
    """Of the entry, of what it says about the package, and in words."""
    assert about({}).severity is None
    assert about({"severity": scored(MEDIUM, CRITICAL)}).severity == "critical"
    assert about({"severity": scored("nonsense", MEDIUM)}).severity == "medium"
    assert about({"affected": [affected(severity=scored(CRITICAL))]}).severity == "critical"
    both = {"severity": scored(MEDIUM), "database_specific": {"severity": "HIGH"}}
    assert about(both).severity == "high"
    assert highest(["low", None, "critical", "medium"]) == "critical"


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("LOW", "low"),
        ("MODERATE", "medium"),
        ("Medium", "medium"),
        ("HIGH", "high"),
        ("CRITICAL", "critical"),
        ("UNKNOWN", None),
        (7, None),
        (None, None),
    ],
)
def test_a_severity_may_be_a_word(word: object, severity: str | None) -> None:
    """As in GitHub's advisories."""
    assert about({"database_specific": {"severity": word}}).severity == severity


def test_other_kinds_of_severity_are_not_read() -> None:
    """Ubuntu's priority, for one."""
    assert about({"severity": [{"type": "Ubuntu", "score": CRITICAL}]}).severity is None


def test_the_severity_for_another_package_is_not_ours() -> None:
    """An entry may be about several."""
    other = PackageName("npm", "requests")
    entry = entry_in(
        {
            "id": "GHSA-1",
            "affected": [affected(other, "9.9", severity=scored(CRITICAL)), affected()],
        }
    )
    assert entry.about(REQUESTS).severity is None
    assert entry.about(REQUESTS).fixed == frozenset()
    assert entry.about(other).severity == "critical"


def test_fixed_versions_are_those_of_the_package() -> None:
    """Of all its ranges; commits of a repository are no versions."""
    found = about(
        {
            "affected": [
                affected(REQUESTS, "2.31.0", "2.32.4"),
                affected(REQUESTS, "0123456789abcdef", kind="GIT"),
                affected(REQUESTS, "3.0.0rc1"),
                {"ranges": [{"type": "GIT", "events": [{"fixed": "abc"}]}]},
            ]
        }
    )
    assert found.fixed == {"2.31.0", "2.32.4", "3.0.0rc1"}


def test_an_ecosystem_may_name_a_repository() -> None:
    """What follows the colon is no part of it."""
    name = PackageName("Maven:https://repo.example.com", "g:a")
    assert about({"affected": [affected(name, "2")]}, PackageName("Maven", "g:a")).fixed == {"2"}


@pytest.mark.parametrize(
    ("document", "malicious"),
    [
        pytest.param({"id": "MAL-2026-1"}, True, id="by its id"),
        pytest.param({"aliases": ["CVE-1", "MAL-2026-1"]}, True, id="by an alias"),
        pytest.param({"aliases": ["GHSA-MAL-1"]}, False, id="the prefix alone counts"),
        pytest.param({"summary": "malicious"}, False, id="words do not"),
    ],
)
def test_malice_is_in_the_name(document: Json, malicious: bool) -> None:  # noqa: FBT001  a column of the table
    """The prefix of the malicious-packages database."""
    assert about(document).malicious is malicious


def test_the_summary_is_one_short_line() -> None:
    """It is logged and mailed."""
    assert about({"summary": "a\n  b\tc"}).summary == "a b c"
    assert len(about({"summary": "x" * 10_000}).summary) == 300
    assert about({"summary": 7}).summary == ""


def test_a_withdrawn_entry_says_so() -> None:
    """Whoever made it has taken it back."""
    assert about({"withdrawn": "2026-01-01T00:00:00Z"}).withdrawn
    assert not about({"withdrawn": None}).withdrawn


def test_an_entry_without_a_severity_has_that_of_its_aliases() -> None:
    """The same vulnerability, told by another database; one with its own keeps it."""
    told = with_severities_of_aliases(
        {
            "p": Vulnerability("PYSEC-1", frozenset({"CVE-1"})),
            "g": Vulnerability("GHSA-1", frozenset({"CVE-1"}), "medium"),
            "h": Vulnerability("GHSA-2", frozenset({"PYSEC-1"}), "high"),
            "q": Vulnerability("PYSEC-2", frozenset({"CVE-2"})),
            "w": Vulnerability("GHSA-3", frozenset({"CVE-2"}), "low", withdrawn=True),
        }
    )
    assert {key: each.severity for key, each in told.items()} == {
        "p": "high",
        "g": "medium",
        "h": "high",
        "q": None,  # what was withdrawn says nothing
        "w": "low",
    }


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([], id="a list"),
        pytest.param(None, id="nothing"),
        pytest.param({}, id="no id"),
        pytest.param({"id": 7}, id="a number as id"),
        pytest.param({"id": "A", "affected": 7}, id="affected"),
        pytest.param({"id": "A", "affected": [7]}, id="one that is affected"),
        pytest.param({"id": "A", "affected": [{"package": "p"}]}, id="its package"),
        pytest.param({"id": "A", "affected": [affected(severity=7)]}, id="its severity"),
        pytest.param({"id": "A", "affected": [affected(ranges=7)]}, id="its ranges"),
        pytest.param({"id": "A", "affected": [affected(ranges=[{"events": 7}])]}, id="its events"),
        pytest.param({"id": "A", "severity": {}}, id="severity"),
        pytest.param({"id": "A", "aliases": "MAL-1"}, id="aliases"),
        pytest.param({"id": "A", "aliases": [7]}, id="an alias"),
    ],
)
def test_an_entry_of_another_shape_is_refused(document: object) -> None:
    """Nobody knows what it would have said: it could be the worst."""
    with pytest.raises(MalformedEntryError):
        entry_in(document)
