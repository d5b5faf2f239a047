"""The gates that look at a version itself: age, lists, versions, origin, status, snapshots."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from promote_versions.facts import Unavailable
from promote_versions.gates import (
    allow_and_deny,
    approval,
    bypass,
    minimum_age,
    origin,
    snapshots,
    status,
    versions,
    withdrawn,
)
from promote_versions.records import Approval
from promote_versions.verdicts import Outcome
from steward.coordinates import Format, Origin, Status
from steward.promotion_rules import ApprovalMode, MinimumAge, VersionChoice, matcher
from tests.unit.promotion_values import (
    FROM_PYPI,
    NOW,
    REQUESTS,
    VERSION,
    WEEK,
    facts,
    named,
    package,
    said,
)

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("released_at", "outcome", "until"),
    [
        pytest.param(NOW - WEEK, "pass", None, id="exactly a week old passes"),
        pytest.param(NOW - WEEK - SECOND, "pass", None, id="a second more passes"),
        pytest.param(NOW - WEEK + SECOND, "hold", NOW + SECOND, id="a second less waits for it"),
        pytest.param(NOW, "hold", NOW + WEEK, id="released now waits a week"),
        pytest.param(
            NOW + WEEK, "hold", NOW + 2 * WEEK, id="a time in the future has to pass, and the age"
        ),
        pytest.param(
            datetime.max.replace(tzinfo=UTC),
            "hold",
            datetime.max.replace(tzinfo=UTC),
            id="the end of all times is no error",
        ),
        pytest.param(
            datetime.min.replace(tzinfo=UTC), "pass", None, id="nor is the beginning of all times"
        ),
        pytest.param(None, "hold", NOW + timedelta(days=1), id="an unknown time holds for a day"),
        pytest.param(
            Unavailable("the endpoint was asked: timeout"),
            "hold",
            NOW + timedelta(minutes=15),
            id="no answer holds for a quarter of an hour",
        ),
    ],
)
def test_the_age_counts_from_the_public_release(
    released_at: datetime | Unavailable | None, outcome: Outcome, until: datetime | None
) -> None:
    """It is old enough or waits; what nobody knows never passes."""
    verdict = minimum_age.judge(facts(released_at=released_at), MinimumAge(WEEK), now=NOW)
    assert (verdict.gate, verdict.outcome, verdict.until) == ("minimum_age", outcome, until)
    assert verdict.facts["at_least"] == "7 days"
    json.dumps(verdict.facts)


@pytest.mark.parametrize("known", [NOW, None, Unavailable("no answer"), NOW + WEEK])
def test_an_exception_needs_no_age(known: object) -> None:
    """Not even a known one; the verdict says which exception it was."""
    age = MinimumAge(WEEK, (matcher("pkg:pypi/requests@2.32.3"),))
    verdict = minimum_age.judge(facts(released_at=known), age, now=NOW)
    assert verdict.outcome == "pass"
    assert "pkg:pypi/requests@2.32.3" in verdict.reason
    other = facts(released_at=known, version=named("2.32.4"))
    assert minimum_age.judge(other, age, now=NOW).outcome == "hold"


@pytest.mark.parametrize(
    ("lets_fixes_through", "is_a_fix", "outcome"),
    [
        pytest.param(True, True, "pass", id="a fix passes if fixes may"),
        pytest.param(False, True, "hold", id="it waits if they may not"),
        pytest.param(True, False, "hold", id="what fixes nothing waits"),
    ],
)
def test_a_security_fix_goes_first_only_if_the_rule_says_so(
    *, lets_fixes_through: bool, is_a_fix: bool, outcome: Outcome
) -> None:
    """The rule has to say so, and OSV."""
    age = MinimumAge(WEEK, security_fixes=lets_fixes_through)
    known = facts(released_at=NOW, security_fix=is_a_fix)
    assert minimum_age.judge(known, age, now=NOW).outcome == outcome


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        pytest.param(timedelta(days=1), "1 day", id="one day"),
        pytest.param(timedelta(hours=36), "36 hours", id="no whole days"),
        pytest.param(timedelta(minutes=90), "90 minutes", id="no whole hours"),
        pytest.param(timedelta(seconds=61), "61 seconds", id="no whole minutes"),
    ],
)
def test_an_age_is_told_in_its_greatest_unit(duration: timedelta, words: str) -> None:
    """So that people read what the policy says."""
    verdict = minimum_age.judge(facts(released_at=NOW), MinimumAge(duration), now=NOW)
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("allow", "deny", "gate", "outcome"),
    [
        pytest.param(None, [], "deny", "pass", id="no list allows everything"),
        pytest.param([], [], "allow", "refuse", id="an empty list allows nothing"),
        pytest.param(["/pypi//requests$"], [], "allow", "pass", id="on the list"),
        pytest.param(["pkg:pypi/requests@2.32.3"], [], "allow", "pass", id="by its version"),
        pytest.param(["pkg:pypi/requests@2.32.4"], [], "allow", "refuse", id="by another version"),
        pytest.param(None, ["/pypi/*"], "deny", "refuse", id="denied by a pattern"),
        pytest.param(None, ["pkg:pypi/urllib3"], "deny", "pass", id="another one is denied"),
        pytest.param(
            ["pkg:pypi/requests"], ["pkg:pypi/requests@2.32.3"], "deny", "refuse", id="deny wins"
        ),
        pytest.param(
            ["pkg:pypi/requests@2.32.3"],
            ["/pypi//requests$"],
            "deny",
            "refuse",
            id="even where the allowed one is more exact",
        ),
        pytest.param(
            None,
            ["pkg:pypi/requests@2.32.3.0"],
            "deny",
            "refuse",
            id="a version is denied in another spelling too",
        ),
        pytest.param(
            ["pkg:pypi/requests@2.32.3.0"],
            [],
            "allow",
            "refuse",
            id="it is allowed in the spelling that is shown only",
        ),
        pytest.param(
            None,
            ["pkg:pypi/urllib3@2.32.3.0"],
            "deny",
            "pass",
            id="another package has that version too",
        ),
    ],
)
def test_lists_of_what_is_allowed_and_denied(
    allow: list[str] | None, deny: list[str], gate: str, outcome: Outcome
) -> None:
    """The verdict has the name of the list that decided."""
    verdict = allow_and_deny.judge(
        VERSION,
        REQUESTS,
        allow=None if allow is None else [matcher(one) for one in allow],
        deny=[matcher(one) for one in deny],
    )
    assert (verdict.gate, verdict.outcome) == (gate, outcome)


@pytest.mark.parametrize(
    ("package_format", "version", "choice", "outcome"),
    [
        pytest.param("pypi", "1.0", VersionChoice(releases_only=True), "pass", id="a release"),
        pytest.param("pypi", "1.0rc1", VersionChoice(releases_only=True), "refuse", id="1.0rc1"),
        pytest.param("pypi", "x", VersionChoice(releases_only=True), "refuse", id="no version"),
        pytest.param("pypi", "x", VersionChoice(), "refuse", id="no version, whatever is wanted"),
        pytest.param("generic", "1", VersionChoice(releases_only=True), "refuse", id="no order"),
        pytest.param("npm", "1.9.0", VersionChoice(range="^1.2"), "pass", id="in the range"),
        pytest.param("npm", "2.0.0-0", VersionChoice(range="^1.2"), "refuse", id="2.0.0-0 is not"),
        pytest.param("maven", "2.0", VersionChoice(range="[1.0,2.0)"), "refuse", id="its open end"),
        pytest.param(
            "maven", "2.0-rc1", VersionChoice(releases_only=True, range="[1.0,2.0)"), "refuse",
            id="a range may hold what is no release",
        ),
        pytest.param("npm", "1.0.0", VersionChoice(range="[1,2)"), "refuse", id="another's syntax"),
    ],
)  # fmt: skip
def test_which_versions_are_wanted(
    package_format: Format, version: str, choice: VersionChoice, outcome: Outcome
) -> None:
    """Releases, a range, or both."""
    verdict = versions.judge(named(version), package(package_format, "name"), choice)
    assert (verdict.gate, verdict.outcome) == ("versions", outcome)
    json.dumps(verdict.facts)


@pytest.mark.parametrize(
    ("came", "wanted", "outcome"),
    [
        pytest.param(FROM_PYPI, {"public:pypi"}, "pass", id="through the wanted connection"),
        pytest.param(FROM_PYPI, {"public:npmjs"}, "refuse", id="through another"),
        pytest.param(FROM_PYPI, {"internal"}, "refuse", id="from outside instead of inside"),
        pytest.param(Origin("INTERNAL", "builds"), {"internal"}, "pass", id="from inside"),
        pytest.param(Origin("INTERNAL"), {"public:pypi", "internal"}, "pass", id="either will do"),
        pytest.param(Origin("INTERNAL"), {"public:pypi"}, "refuse", id="from inside instead"),
        pytest.param(Origin("EXTERNAL"), {"public:pypi"}, "refuse", id="through who knows what"),
        pytest.param(
            Origin("UNKNOWN", external_connection="public:pypi"),
            {"public:pypi"},
            "refuse",
            id="unknown, whatever else is said",
        ),
        pytest.param(Origin("UNKNOWN"), {"internal", "public:pypi"}, "refuse", id="unknown"),
    ],
)
def test_how_a_version_entered_the_domain(came: Origin, wanted: set[str], outcome: Outcome) -> None:
    """What nobody will ever know is refused."""
    verdict = origin.judge(replace(VERSION, origin=came), wanted)
    assert (verdict.gate, verdict.outcome) == ("origin", outcome)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        pytest.param("Published", "pass", id="published"),
        pytest.param("Unfinished", "hold", id="unfinished"),
        pytest.param("Unlisted", "hold", id="unlisted"),
        pytest.param("Archived", "hold", id="archived"),
        pytest.param("Disposed", "hold", id="disposed"),
    ],
)
def test_only_what_is_published_is_promoted(state: Status, outcome: Outcome) -> None:
    """Another status waits for an event, not for a time."""
    verdict = status.judge(replace(VERSION, status=state))
    assert (verdict.outcome, verdict.until) == (outcome, None)


def test_a_version_without_a_revision_is_held() -> None:
    """Nobody could say later that what is copied is what was judged."""
    assert status.judge(replace(VERSION, revision=None)).outcome == "hold"


def test_maven_snapshots_are_refused() -> None:
    """The snapshot and its builds; a release is not."""
    library = package("maven", "library", "com.mycompany")
    outcomes = {
        version: snapshots.judge(named(version), library).outcome
        for version in ("1.0-SNAPSHOT", "1.0-20260301.101500-7", "1.0")
    }
    assert list(outcomes.values()) == ["refuse", "refuse", "pass"]


def test_what_was_yanked_is_refused() -> None:
    """With the publisher's reason, if there is one."""
    verdict = withdrawn.judge(facts(withdrawn="broken metadata"))
    assert verdict is not None
    assert verdict.outcome == "refuse"
    assert "broken metadata" in verdict.reason
    silent = withdrawn.judge(facts(withdrawn=""))
    assert silent is not None
    assert silent.outcome == "refuse"
    assert withdrawn.judge(facts()) is None


def test_a_way_around_the_gates_refuses_with_the_way() -> None:
    """Whoever reads it knows what to close."""
    verdict = bypass.judge(facts(bypass="pypi-approved -> pypi-intake"))
    assert verdict.outcome == "refuse"
    assert "pypi-approved -> pypi-intake" in verdict.reason
    assert bypass.judge(facts()).outcome == "pass"


@pytest.mark.parametrize(
    ("mode", "given", "outcome"),
    [
        pytest.param("automatic", None, "pass", id="automatic needs nobody"),
        pytest.param("automatic", said("approve"), "pass", id="nor minds anybody"),
        pytest.param("automatic", said("reject"), "refuse", id="but for a rejection"),
        pytest.param("manual", None, "hold", id="manual waits"),
        pytest.param("manual", said("approve"), "pass", id="manual and approved"),
        pytest.param("manual", said("reject"), "refuse", id="manual and rejected"),
        pytest.param("manual", said("approve", "another"), "hold", id="approved before it changed"),
        pytest.param(
            "manual", said("reject", "another"), "refuse", id="rejected before it changed"
        ),
    ],
)
def test_what_a_person_has_said(
    mode: ApprovalMode, given: Approval | None, outcome: Outcome
) -> None:
    """An approval is for one revision, a rejection for the version; no time changes either."""
    verdict = approval.judge(VERSION, mode, given)
    assert (verdict.gate, verdict.outcome, verdict.until) == ("approval", outcome, None)
    assert given is None or verdict.facts["who"] == given.who
    json.dumps(verdict.facts)


def test_no_revision_is_not_one_that_was_approved() -> None:
    """Two unknown things are not the same."""
    unpinned = replace(VERSION, revision=None)
    assert approval.judge(unpinned, "manual", said("approve", "")).outcome == "hold"
