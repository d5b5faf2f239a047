"""Which builds are stale, which wait, which are kept: the rule, case by case and as properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.coordinates import Format, Origin, OriginType, PackageVersion, Status
from steward.patterns import parse
from steward.policy import SnapshotRule
from steward.versions import build_of
from unlist_snapshot_builds.decision import Decision, stale_builds

NOW = datetime(2021, 7, 28, 20, 0, 0, tzinfo=UTC)
RULE = SnapshotRule("snapshots[0]", (parse("/*"),), ("*",), timedelta(hours=1))

# The grace of the first two has ended at NOW, that of the third has not.
OLD = "1.0-20210728.180000-1"
ENDED = "1.0-20210728.190000-2"
FRESH = "1.0-20210728.194552-3"
NEWEST = "1.0-20210728.195000-4"


def decide(
    statuses: dict[str, Status], package_format: Format = "maven", now: datetime = NOW
) -> Decision:
    """Decide about a package that holds *statuses*."""
    versions = [PackageVersion(version, status) for version, status in statuses.items()]
    return stale_builds(versions, package_format=package_format, rule=RULE, now=now)


def stale(decision: Decision) -> list[str]:
    """Return the versions to unlist."""
    return [one.version.version for one in decision.stale]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param({}, [], id="an empty package has none"),
        pytest.param({OLD: "Published"}, [], id="the only build stays"),
        pytest.param({OLD: "Published", NEWEST: "Published"}, [OLD], id="a published one"),
        pytest.param(
            {OLD: "Published", NEWEST: "Unlisted"}, [OLD], id="replaced by an unlisted one"
        ),
        pytest.param(
            {OLD: "Published", NEWEST: "Unfinished"}, [], id="unfinished replaces nothing"
        ),
        pytest.param({OLD: "Published", NEWEST: "Archived"}, [], id="archived replaces nothing"),
        pytest.param({OLD: "Published", NEWEST: "Disposed"}, [], id="disposed replaces nothing"),
        pytest.param({OLD: "Unfinished", NEWEST: "Unlisted"}, [OLD], id="an unfinished, old one"),
        pytest.param({ENDED: "Unfinished", NEWEST: "Unlisted"}, [ENDED], id="grace just ended"),
        pytest.param({FRESH: "Unfinished", NEWEST: "Unlisted"}, [], id="grace not ended"),
        pytest.param({FRESH: "Published", NEWEST: "Published"}, [FRESH], id="published: no grace"),
        pytest.param({OLD: "Unlisted", NEWEST: "Published"}, [], id="unlisted already"),
        pytest.param({OLD: "Archived", NEWEST: "Published"}, [], id="archived stays archived"),
        pytest.param({OLD: "Disposed", NEWEST: "Published"}, [], id="disposed stays disposed"),
        pytest.param(
            {"1.0-SNAPSHOT": "Published", OLD: "Published", NEWEST: "Unlisted"},
            [OLD],
            id="the snapshot itself stays",
        ),
        pytest.param({"1.0": "Published", OLD: "Published"}, [], id="a release replaces nothing"),
        pytest.param(
            {OLD: "Published", "1.1-20210728.195000-4": "Published"},
            [],
            id="another base version replaces nothing",
        ),
        pytest.param(
            {"1.0-20210728.180000-9": "Published", "1.0-20210728.180000-10": "Published"},
            ["1.0-20210728.180000-9"],
            id="build 10 is newer than build 9",
        ),
        pytest.param(
            {NEWEST: "Unlisted", ENDED: "Published", OLD: "Published"},
            [OLD, ENDED],
            id="oldest first, whatever the order of the listing",
        ),
        pytest.param(
            {"1.0-20210728.180000-01": "Published", NEWEST: "Published"},
            [],
            id="a leading zero is no build",
        ),
        pytest.param(
            {OLD: "Published", "1.0-20211328.194552-1": "Published"},
            [],
            id="an almost-build replaces nothing",
        ),
    ],
)
def test_stale_maven_builds(statuses: dict[str, Status], expected: list[str]) -> None:
    """The rule for Maven snapshot builds."""
    assert stale(decide(statuses)) == expected


@pytest.mark.parametrize(
    ("package_format", "statuses", "expected"),
    [
        pytest.param(
            "npm",
            {"1.4.0-dev.9": "Published", "1.4.0-dev.10": "Published"},
            ["1.4.0-dev.9"],
            id="npm: 10 is newer than 9",
        ),
        pytest.param(
            "npm",
            {"1.4.0-dev.9": "Published", "1.4.0-dev.10": "Unlisted"},
            [],
            id="npm: the newer one must be published",
        ),
        pytest.param(
            "npm",
            {"1.4.0-alpha.9": "Published", "1.4.0-beta.1": "Published"},
            [],
            id="npm: another label is another series",
        ),
        pytest.param(
            "npm",
            {"1.4.0-dev.9": "Published", "1.4.0": "Published"},
            [],
            id="npm: a release replaces no pre-release",
        ),
        pytest.param(
            "npm",
            {"1.4.0-dev.9": "Published", "1.5.0-dev.10": "Published"},
            [],
            id="npm: another base version",
        ),
        pytest.param(
            "npm",
            {"1.4.0-dev.9+a": "Published", "1.4.0-dev.9+b": "Published"},
            [],
            id="npm: metadata is no order",
        ),
        pytest.param(
            "pypi",
            {"1.4.0.dev9": "Published", "1.4.dev10": "Published"},
            ["1.4.0.dev9"],
            id="PyPI: 1.4 is 1.4.0",
        ),
        pytest.param(
            "pypi",
            {"1.4.0rc1": "Published", "1.4.0rc2": "Published", "1.4.0.post1": "Published"},
            ["1.4.0rc1"],
            id="PyPI: candidates, and a post-release stays",
        ),
        pytest.param(
            "nuget",
            {"1.4.0-ci.9": "Published", "1.4.0-CI.10": "Published"},
            ["1.4.0-ci.9"],
            id="NuGet: labels without case",
        ),
        pytest.param(
            "nuget",
            {"1.4.0.1-ci.9": "Published", "1.4.0.2-ci.10": "Published"},
            [],
            id="NuGet: the fourth number belongs to the base",
        ),
        pytest.param(
            "npm",
            {"1.4.0-dev.1": "Unfinished", "1.4.0-dev.2": "Published"},
            [],
            id="npm: unfinished, and nobody knows since when",
        ),
        pytest.param(
            "generic",
            {OLD: "Published", NEWEST: "Published"},
            [],
            id="generic: has no builds",
        ),
    ],
)
def test_stale_prereleases(
    package_format: Format, statuses: dict[str, Status], expected: list[str]
) -> None:
    """The rule for numbered pre-releases."""
    assert stale(decide(statuses, package_format)) == expected


def test_an_unfinished_build_waits_until_its_grace_ends() -> None:
    """The decision says until when, and when the first of them is due."""
    decision = decide({FRESH: "Unfinished", ENDED: "Unfinished", NEWEST: "Unlisted"})
    (waiting,) = decision.waiting
    assert waiting.version.version == FRESH
    assert waiting.replaced_by == NEWEST
    assert waiting.until == datetime(2021, 7, 28, 20, 45, 52, tzinfo=UTC)
    assert decision.next_look == waiting.until
    assert stale(decide({FRESH: "Unfinished", NEWEST: "Unlisted"}, now=waiting.until)) == [FRESH]


def test_an_unfinished_build_that_nothing_replaces_does_not_wait() -> None:
    """It is the newest one, so another look would change nothing."""
    decision = decide({FRESH: "Unfinished"})
    assert decision.next_look is None
    assert [kept.reason for kept in decision.kept] == ["no newer complete build"]


def test_a_time_at_the_end_of_all_times_does_not_overflow() -> None:
    """A name may hold any date that exists."""
    last = "1.0-99991231.235959-1"
    decision = decide({last: "Unfinished", "1.0-99991231.235959-2": "Unlisted"})
    assert decision.next_look is not None
    assert decision.next_look.year == 9999


def test_each_stale_build_says_what_replaced_it() -> None:
    """The newest complete build, not just any newer one."""
    decision = decide({OLD: "Published", ENDED: "Published", NEWEST: "Unlisted"})
    assert {one.replaced_by for one in decision.stale} == {NEWEST}


def test_ten_thousand_builds_are_one_decision() -> None:
    """All but the newest are stale, in the order of their numbers."""
    statuses: dict[str, Status] = {
        f"1.0-20210728.180000-{number}": "Published" for number in range(10_000, 0, -1)
    }
    expected = [f"1.0-20210728.180000-{number}" for number in range(1, 10_000)]
    assert stale(decide(statuses)) == expected


STATUSES: st.SearchStrategy[Status] = st.sampled_from(
    ["Published", "Unfinished", "Unlisted", "Archived", "Disposed"]
)
NAMES = st.one_of(
    st.builds(
        lambda base, minute, number: f"{base}-20210728.19{minute:02}00-{number}",
        st.sampled_from(["1.0", "1.1"]),
        st.integers(0, 59),
        st.integers(1, 12),
    ),
    st.sampled_from(["1.0", "1.0-SNAPSHOT", "1.1-SNAPSHOT", "1.0-20210728.190000-01", "2.0-rc1"]),
)
PACKAGES = st.dictionaries(NAMES, STATUSES, max_size=25)


@given(statuses=PACKAGES)
def test_every_build_is_judged_by_the_rule(statuses: dict[str, Status]) -> None:
    """The rule once more, written as slowly as the user reads it: build by build."""
    expected = set()
    for version, status in statuses.items():
        build = build_of("maven", version)
        if build is None or build.made_at is None or status not in ("Published", "Unfinished"):
            continue
        replaced = any(
            (newer := build_of("maven", other)) is not None
            and newer.series == build.series
            and newer.position > build.position
            and other_status in ("Published", "Unlisted")
            for other, other_status in statuses.items()
        )
        if replaced and (status == "Published" or build.made_at + timedelta(hours=1) <= NOW):
            expected.add(version)
    assert set(stale(decide(statuses))) == expected


@given(statuses=PACKAGES, data=st.data())
def test_the_order_of_the_listing_changes_nothing(
    statuses: dict[str, Status], data: st.DataObject
) -> None:
    """CodeArtifact does not document one."""
    shuffled = dict(data.draw(st.permutations(list(statuses.items()))))
    assert decide(shuffled) == decide(statuses)


@given(statuses=PACKAGES)
def test_one_step_is_enough(statuses: dict[str, Status]) -> None:
    """After the stale builds are unlisted none is left, and something complete always remains."""
    after: dict[str, Status] = statuses | dict.fromkeys(stale(decide(statuses)), "Unlisted")
    assert stale(decide(after)) == []


@given(statuses=PACKAGES, hours=st.integers(0, 48))
def test_time_only_adds_stale_builds(statuses: dict[str, Status], hours: int) -> None:
    """What is stale now is stale later; a wait ends in staleness if nothing happens."""
    later = decide(statuses, now=NOW + timedelta(hours=hours))
    now = decide(statuses)
    assert set(stale(now)) <= set(stale(later))
    due = {one.version for one in now.waiting if one.until <= NOW + timedelta(hours=hours)}
    assert due <= {one.version for one in later.stale}


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        pytest.param("INTERNAL", "EXTERNAL", [], id="one from outside hides none of ours"),
        pytest.param("UNKNOWN", "EXTERNAL", [], id="nor one of unknown origin"),
        pytest.param("EXTERNAL", "EXTERNAL", ["1.4.0-dev.7"], id="it replaces its own kind"),
        pytest.param("EXTERNAL", "INTERNAL", ["1.4.0-dev.7"], id="ours replaces it"),
        pytest.param("UNKNOWN", "INTERNAL", ["1.4.0-dev.7"], id="ours replaces the unknown"),
        pytest.param("INTERNAL", "UNKNOWN", ["1.4.0-dev.7"], id="the unknown is not outside"),
    ],
)
def test_whose_builds_a_version_from_outside_replaces(
    older: OriginType, newer: OriginType, expected: list[str]
) -> None:
    """A higher number under our name, published outside, must not hide what we have."""
    versions = [
        PackageVersion("1.4.0-dev.7", "Published", Origin(older)),
        PackageVersion("1.4.0-dev.999", "Published", Origin(newer)),
    ]
    decision = stale_builds(versions, package_format="npm", rule=RULE, now=NOW)
    assert stale(decision) == expected
