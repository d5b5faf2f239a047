"""Which versions take a step, which wait, which stay: the rules, case by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from expire_versions.decision import expired_versions
from expire_versions.values import Ages, Appeared, Retention
from steward.coordinates import Format, Origin, PackageVersion, Status
from steward.ledger_entries import Exemption
from steward.ledger_marks import Mark, Marks
from steward.retention_rules import RetentionRule, StepName
from tests.unit.fake_codeartifact import package
from tests.unit.retention_rules_made import DAY, MONTH, NOW, WEEK, build, rule, steps

OUTSIDE = Origin("EXTERNAL", external_connection="public:npmjs")
OLD = NOW - 2 * MONTH

# Builds of 1.0, the first two of which are older than a month.
ONE = build("1.0", 1, NOW - 50 * DAY)
TWO = build("1.0", 2, NOW - 40 * DAY)
THREE = build("1.0", 3, NOW - 10 * DAY)
FOUR = build("1.0", 4, NOW - 1 * DAY)


def decide(
    statuses: Mapping[str, Status],
    *rules: RetentionRule,
    package_format: Format = "maven",
    outside: Sequence[str] = (),
    ages: Mapping[str, datetime] | Ages | None = None,
    **facts: Any,  # noqa: ANN401  what the decision takes
) -> Retention:
    """Decide about a package that holds *statuses*; versions are two months old by default."""
    versions = [
        PackageVersion(name, status, OUTSIDE if name in outside else Origin("INTERNAL"))
        for name, status in statuses.items()
    ]
    if not isinstance(ages, Ages):
        ages = Ages({name: Appeared.at((ages or {}).get(name, OLD)) for name in statuses})
    return expired_versions(
        versions, package_format=package_format, rules=rules, ages=ages, now=NOW, **facts
    )


def due(decision: Retention) -> list[str]:
    """Return the versions that are due, oldest first."""
    return [one.version.version for one in decision.due]


def why(decision: Retention, version: str) -> str:
    """Return why *version* is kept."""
    return next(one.reason for one in decision.kept if one.version.version == version)


def published(*versions: str) -> dict[str, Status]:
    """Return that *versions* are published."""
    return dict.fromkeys(versions, "Published")


BUILDS = rule("snapshot-builds", keep_newest=2)


@pytest.mark.parametrize(
    ("package_format", "statuses", "one_rule", "expected"),
    [
        pytest.param("npm", {}, rule(keep_newest=1), [], id="an empty package has none"),
        pytest.param("npm", published("1.0.0"), rule(keep_newest=1), [], id="the only one stays"),
        pytest.param(
            "npm",
            published("9.0.0", "10.0.0"),
            rule(keep_newest=1),
            ["9.0.0"],
            id="10.0 is newer than 9.0, which a text would not say",
        ),
        pytest.param(
            "npm",
            published("1.0.0", "2.0.0", "3.0.0"),
            rule(keep_newest=2),
            ["1.0.0"],
            id="the two newest stay, the third goes",
        ),
        pytest.param(
            "npm",
            published("1.0.0", "2.0.0"),
            rule(keep_newest=2),
            [],
            id="exactly as many as are kept all stay",
        ),
        pytest.param(
            "pypi",
            published("1.0", "1.0.0", "2.0"),
            rule(keep_newest=2),
            [],
            id="of two spellings of one version none is the newer one",
        ),
        pytest.param(
            "pypi",
            published("1.9", "1.10", "1.10rc1"),
            rule("releases", keep_newest=1),
            ["1.9"],
            id="PyPI: 1.10 is newer than 1.9, and candidates are no releases",
        ),
        pytest.param(
            "nuget",
            published("1.0.0", "1.0.0.1", "1.0.1"),
            rule(keep_newest=1),
            ["1.0.0", "1.0.0.1"],
            id="NuGet: the fourth number counts",
        ),
        pytest.param(
            "ruby",
            published("1.9", "1.10.a", "1.10"),
            rule(keep_newest=2),
            ["1.9"],
            id="RubyGems: a letter comes before the release",
        ),
        pytest.param(
            "cargo", published("0.9.9", "0.10.0"), rule(keep_newest=1), ["0.9.9"], id="Cargo"
        ),
        pytest.param(
            "swift", published("0.9.9", "0.10.0"), rule(keep_newest=1), ["0.9.9"], id="Swift"
        ),
        pytest.param(
            "maven",
            published("1.9", "1.10", "1.10-SNAPSHOT"),
            rule("releases", keep_newest=1),
            ["1.9"],
            id="Maven: 1.10 is newer than 1.9",
        ),
        pytest.param(
            "maven",
            published(build("1.0", 9, OLD), build("1.0", 10, OLD)),
            rule("snapshot-builds", keep_newest=1),
            [build("1.0", 9, OLD)],
            id="build 10 of one second is newer than build 9",
        ),
        pytest.param(
            "maven",
            {**published(ONE, TWO), THREE: "Unlisted", "1.0-SNAPSHOT": "Published"},
            BUILDS,
            [ONE],
            id="builds are counted as Maven leaves them: unlisted",
        ),
        pytest.param(
            "maven",
            published(ONE, TWO, THREE, build("1.1", 1, OLD), build("1.1", 2, OLD)),
            BUILDS,
            [ONE],
            id="builds of another base version are counted by themselves",
        ),
        pytest.param(
            "npm",
            published("1.4.0-dev.1", "1.4.0-dev.2", "1.4.0-beta.1", "1.3.0", "1.2.0"),
            rule(keep_newest=1),
            ["1.2.0", "1.4.0-dev.1"],
            id="builds push no release out, whatever the rule selects",
        ),
        pytest.param(
            "npm",
            {"1.0.0": "Published", "2.0.0": "Archived", "3.0.0": "Unlisted"},
            rule(keep_newest=1),
            [],
            id="what was taken away pushes nothing out, and is not the older one",
        ),
        pytest.param(
            "npm",
            {"1.0.0": "Archived", "2.0.0": "Published"},
            rule(keep_newest=1),
            ["1.0.0"],
            id="what is archived goes on to be deleted",
        ),
        pytest.param(
            "npm",
            published("1.0.0", "2.0.0", "nightly"),
            rule(keep_newest=1),
            ["1.0.0"],
            id="what is no version of its format has no place, and stays",
        ),
        pytest.param(
            "npm",
            published("1.0.0", "nightly"),
            rule(keep_younger_than=MONTH),
            ["nightly", "1.0.0"],
            id="by age what is no version of its format goes as all others",
        ),
        pytest.param(
            "npm",
            published("1.0.0", "nightly"),
            rule("releases", "prereleases", keep_younger_than=MONTH),
            ["1.0.0"],
            id="words for kinds do not select what is no version of its format",
        ),
        pytest.param(
            "npm",
            published("1.0.0", "1.0.1", "2.0.0"),
            rule("1.0.*", keep_newest=1),
            ["1.0.0"],
            id="a pattern selects, and counts among what it selects",
        ),
        pytest.param(
            "npm",
            published("1.0.0", "1.0.1", "2.0.0"),
            rule(keep_newest=1, keep=("1.0.*",)),
            [],
            id="a pattern of keep keeps",
        ),
    ],
)
def test_what_is_not_among_the_newest_goes(
    package_format: Format,
    statuses: Mapping[str, Status],
    one_rule: RetentionRule,
    expected: list[str],
) -> None:
    """By the format's own order; of packages without a rule's versions nothing goes."""
    assert due(decide(statuses, one_rule, package_format=package_format)) == expected


@pytest.mark.parametrize("package_format", ["cargo", "maven", "npm", "nuget", "pypi", "ruby"])
def test_ten_is_newer_than_nine_in_every_format_with_an_order(package_format: Format) -> None:
    """As a text it would be older."""
    assert sorted(["9.0.0", "10.0.0"]) == ["10.0.0", "9.0.0"]
    decision = decide(
        published("10.0.0", "9.0.0"), rule(keep_newest=1), package_format=package_format
    )
    assert due(decision) == ["9.0.0"]
    assert why(decision, "10.0.0") == "one of the 1 newest"


@pytest.mark.parametrize(
    ("appeared", "expected"),
    [
        pytest.param(NOW - MONTH, ["1.0.0"], id="exactly at the age it goes"),
        pytest.param(NOW - MONTH + timedelta(microseconds=1), [], id="just before it stays"),
        pytest.param(NOW - MONTH - timedelta(microseconds=1), ["1.0.0"], id="just after it goes"),
        pytest.param(NOW + DAY, [], id="from tomorrow, as by a clock that jumped, it stays"),
        pytest.param(datetime.min.replace(tzinfo=UTC), ["1.0.0"], id="from the first of all days"),
    ],
)
def test_a_version_goes_at_its_age(appeared: datetime, expected: list[str]) -> None:
    """``keep_younger_than`` keeps what is younger, and only that."""
    decision = decide(
        published("1.0.0"),
        rule(keep_younger_than=MONTH),
        package_format="npm",
        ages={"1.0.0": appeared},
    )

    assert due(decision) == expected


@pytest.mark.parametrize(
    ("made_at", "expected"),
    [
        pytest.param(NOW - MONTH, True, id="exactly at the age it goes"),
        pytest.param(NOW - MONTH + timedelta(seconds=1), False, id="a second before it stays"),
    ],
)
def test_the_age_of_a_build_is_in_its_name(made_at: datetime, *, expected: bool) -> None:
    """Whatever CodeArtifact tells of its publication."""
    older = build("1.0", 1, made_at)

    decision = decide(
        published(older, FOUR),
        rule("snapshot-builds", keep_younger_than=MONTH),
        ages={older: NOW, FOUR: OLD},
    )

    assert (due(decision) == [older]) is expected


@pytest.mark.parametrize(
    ("appeared", "expected", "reason"),
    [
        pytest.param(Appeared(), [], "nobody knows", id="nobody knows: it stays"),
        pytest.param(Appeared(latest=NOW - MONTH), ["1.0.0"], "", id="not after that: it goes"),
        pytest.param(
            Appeared(latest=NOW - DAY), [], "nobody knows", id="not after yesterday: it stays"
        ),
        pytest.param(
            Appeared(earliest=NOW - DAY), [], "younger", id="not before yesterday: it stays"
        ),
        pytest.param(
            Appeared(earliest=OLD), [], "nobody knows", id="not before long ago: it stays"
        ),
    ],
)
def test_a_version_of_uncertain_age_stays_unless_it_is_old_enough_for_sure(
    appeared: Appeared, expected: list[str], reason: str
) -> None:
    """What is not known keeps, and says so."""
    decision = decide(
        published("1.0.0"),
        rule(keep_younger_than=MONTH),
        package_format="npm",
        ages=Ages({"1.0.0": appeared}),
    )

    assert due(decision) == expected
    assert all(reason in one.reason for one in decision.kept)


def test_number_and_age_have_to_agree() -> None:
    """Keeping wins: 2.0.0 is too young, 4.0.0 is among the newest."""
    decision = decide(
        published("1.0.0", "2.0.0", "3.0.0", "4.0.0"),
        rule(keep_newest=1, keep_younger_than=MONTH),
        package_format="npm",
        ages={"2.0.0": NOW - DAY},
    )

    assert due(decision) == ["1.0.0", "3.0.0"]
    assert why(decision, "2.0.0") == "younger than 30 days"
    assert why(decision, "4.0.0") == "one of the 1 newest"


class TestBuildsAndReleases:
    """The newest build of a snapshot, its release, and X-SNAPSHOT."""

    @pytest.mark.parametrize("keep_newest", [0, 1])
    def test_the_newest_build_of_a_snapshot_that_is_not_released_stays(
        self, keep_newest: int
    ) -> None:
        """However old it is, and whatever the rule says."""
        decision = decide(
            published(ONE, TWO),
            rule("snapshot-builds", keep_newest=keep_newest, keep_younger_than=DAY),
        )

        assert due(decision) == [ONE]

    def test_it_may_go_by_its_age_once_it_is_released(self) -> None:
        """Then it is a build like the others."""
        decision = decide(
            published(ONE, TWO, "1.0"), rule("snapshot-builds", keep_younger_than=MONTH)
        )

        assert due(decision) == [ONE, TWO]

    @pytest.mark.parametrize(
        ("release", "statuses", "outside"),
        [
            pytest.param("1.0", {"1.0": "Archived"}, (), id="one that is archived"),
            pytest.param("1.0", {"1.0": "Unfinished"}, (), id="one that is not finished"),
            pytest.param("1.0.0", {"1.0.0": "Published"}, (), id="Maven: one of another name"),
            pytest.param("1.0", {"1.0": "Published"}, ("1.0",), id="one that came from outside"),
        ],
    )
    def test_some_releases_do_not_count(
        self, release: str, statuses: dict[str, Status], outside: Sequence[str]
    ) -> None:
        """The snapshot counts as not released, and its newest build stays."""
        decision = decide(
            {**published(ONE, TWO), **statuses},
            rule("snapshot-builds", keep_younger_than=DAY, release_grace=WEEK),
            outside=outside,
            releases={release: OLD},
        )

        assert due(decision) == [ONE]

    @pytest.mark.parametrize(
        ("released", "expected"),
        [
            pytest.param(
                NOW - WEEK, [ONE, FOUR, "1.0-SNAPSHOT"], id="exactly at the end of the grace"
            ),
            pytest.param(NOW - WEEK + timedelta(seconds=1), [], id="a second before"),
            pytest.param(None, [], id="when nobody knows since when it is there"),
        ],
    )
    def test_all_builds_of_a_release_go_after_the_grace_and_the_snapshot_with_them(
        self, released: datetime | None, expected: list[str]
    ) -> None:
        """Though they are the newest and young."""
        decision = decide(
            published(ONE, FOUR, "1.0-SNAPSHOT", "1.0"),
            rule("snapshot-builds", keep_newest=5, keep_younger_than=2 * MONTH, release_grace=WEEK),
            releases={} if released is None else {"1.0": released},
        )

        assert sorted(due(decision)) == sorted(expected)

    @pytest.mark.parametrize(
        ("package_format", "released", "builds"),
        [
            ("npm", "1.4.0", ["1.4.0-dev.1", "1.4.0-dev.2", "1.4.0-rc.1"]),
            ("npm", "1.4.0+linux", ["1.4.0-dev.1"]),
            ("pypi", "1.4", ["1.4.0.dev1", "1.4rc1"]),
            ("pypi", "1.4.post1", ["1.4.post1.dev3"]),
            ("pypi", "1!2.0", ["1!2.0rc1"]),
            ("nuget", "1.4.0.0", ["1.4.0-ci.7", "1.4-CI.8"]),
        ],
    )
    def test_builds_of_other_formats_know_their_release(
        self, package_format: Format, released: str, builds: list[str]
    ) -> None:
        """By the numbers of the release, in any spelling."""
        decision = decide(
            published(released, *builds),
            rule("snapshot-builds", release_grace=WEEK),
            package_format=package_format,
            releases={released: OLD},
        )

        assert sorted(due(decision)) == sorted(builds)

    @pytest.mark.parametrize(
        ("package_format", "other", "build_of_it"),
        [
            ("npm", "1.4.1", "1.4.0-dev.1"),
            ("pypi", "1.4.post1", "1.4.dev1"),
            ("pypi", "1.4", "1!1.4.dev1"),
            ("nuget", "1.4.0.1", "1.4.0-ci.7"),
            ("npm", "1.4.0-rc.1", "1.4.0-dev.1"),
        ],
    )
    def test_another_release_is_not_theirs(
        self, package_format: Format, other: str, build_of_it: str
    ) -> None:
        """The build is the newest of a snapshot that is not released."""
        decision = decide(
            published(other, build_of_it),
            rule("snapshot-builds", release_grace=WEEK),
            package_format=package_format,
            releases={other: OLD},
        )

        assert due(decision) == []

    def test_the_snapshot_stays_while_one_of_its_builds_stays_and_so_does_the_newest(self) -> None:
        """X-SNAPSHOT has the assets of the newest build."""
        decision = decide(
            published(ONE, TWO, THREE, "1.0-SNAPSHOT", "1.0"),
            rule("snapshot-builds", release_grace=WEEK, keep=(ONE,)),
            releases={"1.0": OLD},
        )

        assert due(decision) == [TWO]
        assert why(decision, "1.0-SNAPSHOT") == f"its build {ONE} stays"
        assert why(decision, THREE) == "the newest build of 1.0-SNAPSHOT, which stays"

    def test_the_newest_build_stays_while_its_snapshot_is_in_use(self) -> None:
        """A lock file names 1.0-SNAPSHOT and means what is in it."""
        decision = decide(
            published(ONE, TWO, "1.0-SNAPSHOT", "1.0"),
            rule("snapshot-builds", keep_younger_than=DAY, release_grace=WEEK),
            releases={"1.0": OLD},
            in_use={"1.0-SNAPSHOT": "the lock file pom.lock names it"},
        )

        assert due(decision) == [ONE]

    def test_no_leftover_is_unlisted_that_would_pass_for_the_newest_finished_build(self) -> None:
        """Maven's finished builds are unlisted, too: the last one that works would go next."""
        decision = decide(
            {ONE: "Published", TWO: "Unlisted", THREE: "Unfinished", FOUR: "Unfinished"},
            rule("snapshot-builds", keep_younger_than=DAY, then=steps("unlist", "delete")),
        )

        assert due(decision) == [ONE]
        assert why(decision, THREE) == "unlisted, it would pass for the newest finished build"

    @pytest.mark.parametrize(
        "one_rule",
        [
            rule("snapshot-builds", keep_younger_than=DAY),
            rule("*-2*", keep_newest=0, keep_younger_than=DAY),
            rule("snapshot-builds", keep_younger_than=DAY, release_grace=10 * MONTH),
        ],
        ids=["of a rule for builds", "of a rule by pattern", "before the end of the grace"],
    )
    def test_the_newest_build_stays_while_no_rule_takes_its_snapshot(
        self, one_rule: RetentionRule
    ) -> None:
        """Else X-SNAPSHOT would stand there for people, and its files would be gone."""
        decision = decide(
            published(ONE, TWO, "1.0-SNAPSHOT", "1.0"), one_rule, releases={"1.0": OLD}
        )

        assert due(decision) == [ONE]
        assert why(decision, TWO) == "the newest build of 1.0-SNAPSHOT, which stays"

    def test_a_snapshot_that_nobody_can_use_holds_no_build(self) -> None:
        """Somebody has archived X-SNAPSHOT."""
        decision = decide(
            {**published(ONE, TWO, "1.0"), "1.0-SNAPSHOT": "Archived"},
            rule("snapshot-builds", keep_younger_than=DAY),
        )

        assert due(decision) == [ONE, TWO]

    def test_the_snapshot_goes_when_its_builds_are_as_far_as_they_go(self) -> None:
        """Archived builds, by a rule that archives, do not hold it back."""
        decision = decide(
            {ONE: "Archived", "1.0-SNAPSHOT": "Published", "1.0": "Published"},
            rule("snapshot-builds", release_grace=WEEK, then=steps("archive")),
            releases={"1.0": OLD},
        )

        assert due(decision) == ["1.0-SNAPSHOT"]

    @pytest.mark.parametrize(
        "one_rule",
        [
            rule(keep_younger_than=DAY),
            rule("*", keep_newest=0, keep_younger_than=DAY),
            rule("releases", release_grace=WEEK, keep_younger_than=DAY),
        ],
        ids=["of a rule for all", "of a rule by pattern", "of a rule for releases"],
    )
    def test_the_snapshot_itself_stays_unless_a_rule_asks_for_its_release(
        self, one_rule: RetentionRule
    ) -> None:
        """X-SNAPSHOT goes with its release alone."""
        decision = decide(published("1.0-SNAPSHOT"), one_rule, releases={"1.0": OLD})

        assert due(decision) == []

    def test_versions_that_only_look_like_snapshots_have_no_release(self) -> None:
        """SNAPSHOT without a base version."""
        decision = decide(
            published("SNAPSHOT", "1.0"),
            rule("snapshot-builds", release_grace=WEEK),
            releases={"1.0": OLD, "": OLD},
        )

        assert due(decision) == []

    def test_a_rule_that_speaks_of_releases_alone_keeps_what_has_none(self) -> None:
        """There is nothing else to go by."""
        decision = decide(
            published("0.9", ONE, TWO), rule(release_grace=WEEK), releases={"0.9": OLD}
        )

        assert due(decision) == []
        assert why(decision, ONE) == "nothing but its release lets it go"


class TestFromOutside:
    """Whoever publishes outside, under our name, has nothing of ours removed."""

    def test_versions_from_outside_push_no_others_out(self) -> None:
        """They are counted among themselves only."""
        versions = ["99.1.0", "99.2.0", "99.3.0"]

        decision = decide(
            published("1.0.0", *versions),
            rule(keep_newest=1),
            package_format="npm",
            outside=versions,
        )

        assert due(decision) == ["99.1.0", "99.2.0"]

    def test_a_newer_build_from_outside_does_not_unprotect_the_newest_of_ours(self) -> None:
        """It stays, as the one from outside does."""
        decision = decide(
            published("1.4.0-dev.8", "1.4.0-dev.9", "1.4.0-dev.999"),
            rule("snapshot-builds", keep_younger_than=DAY),
            package_format="npm",
            outside=["1.4.0-dev.999"],
        )

        assert due(decision) == ["1.4.0-dev.8"]

    def test_a_build_from_outside_goes_by_a_release_from_outside(self) -> None:
        """Each counts for its own kind."""
        decision = decide(
            published("1.4.0-dev.1", "1.4.0"),
            rule("snapshot-builds", release_grace=WEEK),
            package_format="npm",
            outside=["1.4.0-dev.1", "1.4.0"],
            releases={"1.4.0": OLD},
        )

        assert due(decision) == ["1.4.0-dev.1"]


class TestUnfinished:
    """Leftovers of interrupted deploys."""

    @pytest.mark.parametrize(
        ("appeared", "expected"),
        [
            pytest.param(NOW - WEEK, ["2.0"], id="exactly at their time they go"),
            pytest.param(NOW - WEEK + timedelta(seconds=1), [], id="a second before they stay"),
        ],
    )
    def test_they_go_at_their_own_time(self, appeared: datetime, expected: list[str]) -> None:
        """Whatever the keys for finished versions say."""
        decision = decide(
            {"1.0": "Published", "2.0": "Unfinished"},
            rule("releases", keep_newest=5, keep_younger_than=2 * MONTH),
            ages={"2.0": appeared},
        )

        assert due(decision) == expected

    def test_they_push_nothing_out(self) -> None:
        """An upload that somebody interrupted is no newer release."""
        decision = decide(
            {"1.0": "Published", "2.0": "Published", "3.0": "Unfinished"},
            rule("releases", keep_newest=1),
            ages={"3.0": NOW},
        )

        assert due(decision) == ["1.0"]

    def test_an_unfinished_build_that_is_the_newest_of_its_snapshot_stays(self) -> None:
        """And the newest complete one stays too."""
        decision = decide(
            {ONE: "Unfinished", TWO: "Unlisted", THREE: "Unfinished"},
            rule("snapshot-builds", keep_younger_than=DAY, keep_newest=0),
        )

        assert due(decision) == [ONE]

    def test_they_have_their_time_after_a_release_too(self) -> None:
        """Somebody may be uploading; until then the snapshot waits with them."""
        young = build("1.0", 5, NOW - DAY)

        decision = decide(
            {
                ONE: "Published",
                young: "Unfinished",
                "1.0-SNAPSHOT": "Published",
                "1.0": "Published",
            },
            rule("snapshot-builds", release_grace=WEEK),
            releases={"1.0": OLD},
        )

        assert due(decision) == []


class TestKeepers:
    """Exemptions and use."""

    @staticmethod
    def exemption(version: str | None, until: datetime) -> Exemption:
        """Return an exemption of *version*."""
        return Exemption(
            package(), version, "retention[0]", "arn:of:somebody", "they need it", OLD, until
        )

    @pytest.mark.parametrize(
        ("version", "until", "expected"),
        [
            pytest.param("1.0.0", NOW + DAY, [], id="in force, it keeps"),
            pytest.param("1.0.0", NOW, ["1.0.0"], id="at its end it does not"),
            pytest.param(None, NOW + DAY, ["1.0.0"], id="one of restrictions does not"),
            pytest.param("2.0.0", NOW + DAY, ["1.0.0"], id="one of another version does not"),
        ],
    )
    def test_exemptions_keep(
        self, version: str | None, until: datetime, expected: list[str]
    ) -> None:
        """While they are in force."""
        decision = decide(
            published("1.0.0", "2.0.0"),
            rule(keep_newest=1),
            package_format="npm",
            exemptions=[self.exemption(version, until)],
        )

        assert due(decision) == expected

    def test_what_is_in_use_stays_and_says_why(self) -> None:
        """With the words that it was given."""
        decision = decide(
            published("1.0.0", "2.0.0"),
            rule(keep_newest=1),
            package_format="npm",
            in_use={"1.0.0": "the lock file package-lock.json names it"},
        )

        assert due(decision) == []
        assert why(decision, "1.0.0") == "the lock file package-lock.json names it"


class TestRules:
    """Which rule governs."""

    def test_the_first_that_selects_a_version_governs_it(self) -> None:
        """Also if a later one would let it go."""
        decision = decide(
            published("1.0.0", "1.1.0", "2.0.0", "3.0.0"),
            rule("1.*", keep_newest=1, name="first"),
            rule(keep_newest=1, name="second"),
            package_format="npm",
        )

        assert [(one.version.version, one.rule) for one in decision.due] == [
            ("1.0.0", "first"),
            ("2.0.0", "second"),
        ]

    def test_what_no_rule_selects_stays(self) -> None:
        """And says so."""
        decision = decide(
            published("1.0.0", "1.0.0-beta"),
            rule("releases", keep_newest=1),
            package_format="npm",
        )

        kept = next(one for one in decision.kept if one.version.version == "1.0.0-beta")
        assert (kept.rule, kept.reason) == (None, "no retention rule selects it")


class TestGenericPackages:
    """Their versions are but names: the newest are those that were published last."""

    def test_the_newest_are_those_of_the_greatest_rank(self) -> None:
        """Names have no say."""
        decision = decide(
            published("z", "a", "m"),
            rule(keep_newest=1),
            package_format="generic",
            ages=Ages(ranks={"z": 0, "m": 1, "a": 2}),
        )

        assert sorted(due(decision)) == ["m", "z"]

    def test_versions_of_one_rank_stay_together(self) -> None:
        """Nobody knows which of the two is the newer one."""
        decision = decide(
            published("a", "b", "c"),
            rule(keep_newest=1),
            package_format="generic",
            ages=Ages(ranks={"a": 0, "b": 1, "c": 1}),
        )

        assert due(decision) == ["a"]

    def test_without_ranks_all_stay(self) -> None:
        """Unless there are no more than are kept anyway, in which case nothing is doubtful."""
        decision = decide(
            published("a", "b"), rule(keep_newest=1), package_format="generic", ages=Ages()
        )

        assert due(decision) == []
        assert "nobody can say" in why(decision, "a")
        few = decide(published("a"), rule(keep_newest=1), package_format="generic", ages={})
        assert why(few, "a") == "one of the 1 newest"


SOFTLY = steps("unlist", ("archive", 14 * DAY), ("delete", MONTH))


def marked(version: str, status: Status, at: datetime) -> Marks:
    """Return the marks of a package in which *version* has *status* since *at*."""
    return Marks([Mark(package(), version, status, "retention[0]", at)])


class TestSteps:
    """One after the other, each in its time."""

    @pytest.mark.parametrize(
        ("status", "then", "step"),
        [
            ("Published", steps("unlist", "archive", "dispose", "delete"), "unlist"),
            ("Unfinished", steps("unlist", "archive"), "unlist"),
            ("Unlisted", steps("unlist", "archive", "dispose", "delete"), "archive"),
            ("Archived", steps("unlist", "archive", "dispose", "delete"), "dispose"),
            ("Disposed", steps("unlist", "archive", "dispose", "delete"), "delete"),
            ("Published", steps("delete"), "delete"),
            ("Disposed", steps("delete"), "delete"),
            ("Archived", steps("unlist", "delete"), "delete"),
            ("Unlisted", steps("unlist"), None),
            ("Archived", steps("unlist"), None),
            ("Disposed", steps("archive", "dispose"), None),
        ],
    )
    def test_the_next_is_the_first_that_lies_further_out(
        self, status: Status, then: tuple[Any, ...], step: StepName | None
    ) -> None:
        """Steps that were skipped by somebody are not made up for."""
        decision = decide(
            {"1.0": status, "2.0": "Published"}, rule("releases", keep_newest=1, then=then)
        )

        assert [one.step for one in decision.due] == ([] if step is None else [step])
        if step is None:
            assert why(decision, "1.0") == f"it is {status}, and the rule asks for nothing further"

    @pytest.mark.parametrize(
        ("since", "is_due"),
        [
            pytest.param(NOW - 14 * DAY, True, id="exactly at the end of the waiting time"),
            pytest.param(NOW - 14 * DAY + timedelta(seconds=1), False, id="a second before"),
            pytest.param(NOW + DAY, False, id="marked tomorrow, by a clock that jumped"),
        ],
    )
    def test_a_step_waits_since_the_one_before(self, since: datetime, *, is_due: bool) -> None:
        """As it was marked."""
        decision = decide(
            {"1.0": "Unlisted", "2.0": "Published"},
            rule("releases", keep_newest=1, then=SOFTLY),
            marks=marked("1.0", "Unlisted", since),
        )

        assert [one.step for one in decision.due] == (["archive"] if is_due else [])
        assert [one.until for one in decision.waiting] == ([] if is_due else [since + 14 * DAY])
        assert decision.to_mark == ()

    @pytest.mark.parametrize(
        "marks",
        [
            pytest.param(Marks(), id="without a mark"),
            pytest.param(marked("1.0", "Published", OLD), id="with one of another status"),
            pytest.param(marked("0.9", "Unlisted", OLD), id="with one of another version"),
        ],
    )
    def test_a_waiting_time_that_nobody_has_marked_begins_now(self, marks: Marks) -> None:
        """The version is to be marked."""
        decision = decide(
            {"1.0": "Unlisted", "2.0": "Published"},
            rule("releases", keep_newest=1, then=SOFTLY),
            marks=marks,
        )

        assert [(one.step, one.until) for one in decision.waiting] == [("archive", NOW + 14 * DAY)]
        assert [one.version for one in decision.to_mark] == ["1.0"]

    def test_a_first_step_may_wait_too(self) -> None:
        """From when the version was first found."""
        decision = decide(
            published("1.0", "2.0"),
            rule("releases", keep_newest=1, then=steps(("unlist", WEEK))),
            marks=marked("1.0", "Published", NOW - WEEK),
        )

        assert [one.step for one in decision.due] == ["unlist"]

    def test_what_is_kept_neither_waits_nor_is_marked(self) -> None:
        """Also if its waiting time has ended."""
        decision = decide(
            {"1.0": "Unlisted", "2.0": "Published"},
            rule("releases", keep_newest=1, keep=("1.0",), then=SOFTLY),
            marks=marked("1.0", "Unlisted", OLD),
        )

        assert (decision.due, decision.waiting, decision.to_mark) == ((), (), ())

    def test_a_version_that_waits_by_its_mark_waits_whatever_its_age(self) -> None:
        """Nobody has to ask how old it is to know that nothing is due."""
        decision = decide(
            {"1.0": "Unlisted"},
            rule("releases", keep_younger_than=MONTH, then=SOFTLY),
            marks=marked("1.0", "Unlisted", NOW - DAY),
            ages=Ages(),
        )

        assert [one.until for one in decision.waiting] == [NOW + 13 * DAY]

    def test_waiting_may_last_until_the_end_of_all_times(self) -> None:
        """Without an overflow."""
        decision = decide(
            published("1.0", "2.0"),
            rule("releases", keep_newest=1, then=steps(("delete", timedelta(days=10**8)))),
        )

        assert decision.waiting[0].until == datetime.max.replace(tzinfo=UTC)


def test_reasons_say_what_lets_a_version_go() -> None:
    """In the words of the rule."""
    decision = decide(
        published(ONE, TWO, THREE, "1.0"),
        rule("snapshot-builds", keep_newest=2, keep_younger_than=MONTH),
    )

    assert [one.reason for one in decision.due] == [
        "not among the 2 newest builds of its series and older than 30 days"
    ]
    released = decide(
        published(ONE, "1.0"),
        rule("snapshot-builds", release_grace=WEEK),
        releases={"1.0": OLD},
    )
    assert released.due[0].reason == "1.0 has been released, and the grace period is over"


def test_due_versions_come_oldest_first() -> None:
    """Whatever the order of the list."""
    decision = decide(published("10.0", "9.0", "11.0", "2.0"), rule("releases", keep_newest=1))

    assert due(decision) == ["2.0", "9.0", "10.0"]
