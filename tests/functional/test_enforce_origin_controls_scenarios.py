"""What a repository holds after the origin controls were enforced, from the first event on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from steward.coordinates import Package, Repository, Restrictions
from steward.policy import OriginRule
from tests.functional.origin_company import DONE, OriginCompany, at
from tests.functional.origin_domain import (
    CLOSED,
    INTERNAL,
    OPEN,
    PUBLIC,
    outside,
)

WRITE = "PutPackageOriginConfiguration"
EVERY = (OPEN, INTERNAL, PUBLIC, CLOSED)
SNAPSHOT = "1.0-20210728.194552-1"


class TestRestrictions:
    """Rules that say what the restrictions have to be."""

    @pytest.mark.parametrize(
        ("scope", "after"),
        [
            pytest.param("mycompany", INTERNAL, id="internal"),
            pytest.param("public", PUBLIC, id="public"),
            pytest.param("no-publish", CLOSED, id="explicit, publish only: upstream stays"),
            pytest.param("no-upstream", INTERNAL, id="explicit, upstream only: publish stays"),
            pytest.param("closed", CLOSED, id="explicit, both"),
            pytest.param("open", OPEN, id="explicit, both allowed"),
            pytest.param("inferred", INTERNAL, id="inferred"),
            pytest.param("unheard-of", INTERNAL, id="no rule"),
        ],
    )
    def test_the_first_event_of_a_published_package_brings_its_defaults_to_the_rule(
        self, company: OriginCompany, scope: str, after: Restrictions
    ) -> None:
        """A publish makes the package ALLOW/BLOCK; the publish's own event corrects it."""
        package = company.named(scope)
        company.publish(package, "1.0.0").raise_for_status()
        assert company.restrictions(package) == INTERNAL

        assert company.deliver_queued() == 1

        assert company.restrictions(package) == after
        assert company.statuses(package) == {"1.0.0": "Published"}
        changed = [(package, INTERNAL, after)] if after != INTERNAL else []
        assert [each[:3] for each in company.told("changed")] == changed

    @pytest.mark.parametrize(
        ("scope", "after"),
        [
            pytest.param("mycompany", INTERNAL, id="internal"),
            pytest.param("public", PUBLIC, id="public"),
            pytest.param("no-publish", PUBLIC, id="explicit, publish only: upstream stays"),
            pytest.param("no-upstream", CLOSED, id="explicit, upstream only: publish stays"),
            pytest.param("closed", CLOSED, id="explicit, both"),
            pytest.param("open", OPEN, id="explicit, both allowed"),
            pytest.param("inferred", PUBLIC, id="inferred"),
            pytest.param("unheard-of", PUBLIC, id="no rule"),
        ],
    )
    def test_the_first_event_of_a_fetched_package_brings_its_defaults_to_the_rule(
        self, company: OriginCompany, scope: str, after: Restrictions
    ) -> None:
        """A download makes it BLOCK/ALLOW here and in the store; both have an event each."""
        team, store = company.connected()
        package = company.named(scope, repository=team)
        company.offer(package, "1.0.0")
        company.fetch(package, "1.0.0").raise_for_status()
        assert company.restrictions(package) == PUBLIC

        assert company.deliver_queued() == 2

        assert company.restrictions(package) == after
        assert company.restrictions(at(package, store)) == after

    @pytest.mark.parametrize("current", EVERY, ids=str)
    @pytest.mark.parametrize(
        ("scope", "after"),
        [
            pytest.param("mycompany", INTERNAL, id="internal"),
            pytest.param("public", PUBLIC, id="public"),
            pytest.param("closed", CLOSED, id="explicit"),
            pytest.param("open", OPEN, id="explicit that opens"),
        ],
    )
    def test_drift_made_by_hand_is_repaired_at_the_next_event_and_what_is_right_not_written(
        self, company: OriginCompany, current: Restrictions, scope: str, after: Restrictions
    ) -> None:
        """Whatever it was, one write at most; the change is recorded with what was before."""
        package = company.seeded(company.named(scope), current)

        assert company.look(package) == DONE

        assert company.restrictions(package) == after
        assert company.requests().get(WRITE, 0) == (current != after)
        recorded = [(one.before, one.after) for one in company.ledger.changes(package)]
        assert recorded == ([(current, after)] if current != after else [])

    def test_later_events_repair_what_somebody_has_opened_meanwhile(
        self, company: OriginCompany
    ) -> None:
        """A change of restrictions has no event: the next publish tells of it."""
        package = company.named()
        for version in ("1.0.0", "1.1.0"):
            company.publish(package, version).raise_for_status()
            company.deliver_queued()
            assert company.restrictions(package) == INTERNAL
            company.restrict(package, publish="BLOCK", upstream="ALLOW")
            company.restrict(package, publish="ALLOW", upstream="ALLOW")
        company.publish(package, "1.2.0").raise_for_status()
        company.deliver_queued()

        assert company.restrictions(package) == INTERNAL
        assert len(company.told("changed")) == 2

    def test_a_package_without_versions_is_brought_to_the_rule(
        self, company: OriginCompany
    ) -> None:
        """PutPackageOriginConfiguration makes such packages."""
        package = company.named("public")
        company.restrict(package, publish="ALLOW", upstream="ALLOW")

        company.look(package)

        assert company.restrictions(package) == PUBLIC
        assert company.statuses(package) == {}

    def test_the_first_rule_that_matches_decides(self, company: OriginCompany) -> None:
        """A second one that says otherwise is not asked, in its repositories it is."""
        internal, *_ = company.policy.origins
        store_only = replace(company.policy.origins[2], packages=internal.packages)
        package = company.named()
        store_only = replace(store_only, repositories=(package.repository.name,))
        company.policy = replace(company.policy, origins=(store_only, internal))
        elsewhere = at(package, company.new_repository())
        for each in (package, elsewhere):
            company.seeded(each, OPEN)

        company.deliver(company.event(package), company.event(elsewhere))

        assert company.restrictions(package) == PUBLIC
        assert company.restrictions(elsewhere) == INTERNAL


class TestSnapshotTrap:
    """The same snapshot in a repository and its upstream (Maven snapshots, User Guide)."""

    def test_a_repositorys_clients_get_its_own_snapshot_once_upstream_is_blocked(
        self, company: OriginCompany
    ) -> None:
        """Before the look they get the upstream's, afterwards the repository's own."""
        upstream, repository = company.new_repository(), company.new_repository()
        company.connect(repository, upstream)
        package = Package(repository, "maven", "com.mycompany.app", "trap")
        for each, stamp in ((at(package, upstream), "20210801.101500-2"), (package, SNAPSHOT[4:])):
            company.restrict(each, publish="ALLOW", upstream="ALLOW")
            company.put_build(each, stamp)
        trap = "1.0-SNAPSHOT/maven-metadata.xml"
        assert "20210801.101500" in company.get(package, trap).text

        assert company.deliver_queued() > 0

        assert company.restrictions(package) == INTERNAL
        seen = company.get(package, trap).text
        assert "20210728.194552" in seen
        assert "20210801.101500" not in seen
        newest = company.get(package, f"1.0-SNAPSHOT/trap-{SNAPSHOT}.jar")
        assert newest.content == f"jar of {SNAPSHOT}".encode()


class TestPackageGroups:
    """A package's restrictions and its group's: one BLOCK is enough."""

    def test_the_defaults_under_a_restricting_group_are_brought_to_the_rule(
        self, company: OriginCompany
    ) -> None:
        """CodeArtifact leaves all to the group, ALLOW/ALLOW; the rule stands besides it."""
        company.group("/npm/mycompany/*", EXTERNAL_UPSTREAM="BLOCK")
        package = company.named()
        company.publish(package, "1.0.0").raise_for_status()
        assert company.restrictions(package) == OPEN

        company.deliver_queued()

        assert company.restrictions(package) == INTERNAL
        company.publish(package, "1.1.0").raise_for_status()

    @pytest.mark.parametrize("blocked", ["PUBLISH", None])
    def test_what_the_rule_allows_the_group_may_still_block(
        self, company: OriginCompany, blocked: str | None
    ) -> None:
        """The rule's publish ALLOW is the package's; the effective one is the group's too."""
        package = company.named()
        company.restrict(package, publish="BLOCK", upstream="ALLOW")
        if blocked:
            company.group("/npm/mycompany/*", PUBLISH="BLOCK")

        company.look(package)

        assert company.restrictions(package) == INTERNAL
        assert company.publish(package, "1.0.0").is_success == (blocked is None)

    def test_a_name_that_resembles_an_internal_one_is_blocked_by_its_group(
        self, company: OriginCompany
    ) -> None:
        """A typosquat is no internal package: the group keeps it out, the rule does not name it."""
        company.group("/npm//mycompany-ui$", PUBLISH="ALLOW")
        team, _ = company.connected()
        typosquat = company.named(None, name="mycompany.ui", repository=team)
        company.offer(typosquat, "9.0.0")

        assert company.fetch(typosquat, "9.0.0").status_code == 404
        assert company.statuses(typosquat) == {}
        assert company.take_queued() == []

    def test_a_group_that_is_edited_between_look_and_write_keeps_the_package_as_it_is(
        self, company: OriginCompany
    ) -> None:
        """The group is asked last; what it says then holds."""
        package = company.seeded(company.named("inferred"), OPEN, outside("1.0.0"))
        company.before["GetAssociatedPackageGroup"] = lambda: company.group(
            "/npm/inferred/*", PUBLISH="BLOCK"
        )

        company.look(package)
        assert company.restrictions(package) == OPEN

        company.group("/npm/inferred/*", PUBLISH="ALLOW")
        company.look(package)
        assert company.restrictions(package) == PUBLIC


class TestExemptions:
    """What a person has undone stays undone while the exemption lasts."""

    def test_restored_restrictions_stay_and_are_enforced_again_afterwards(
        self, company: OriginCompany
    ) -> None:
        """Events and sweeps leave them alone for seven days, and not an instant longer."""
        package = company.seeded(company.named("public"), OPEN)
        company.exempt(package)

        company.look(package)
        (outcome,) = company.sweep(package.repository)
        assert company.restrictions(package) == OPEN
        assert [kept.exemption.who for kept in outcome.kept] == ["anna"]
        assert not outcome.written

        company.now += timedelta(days=7)
        company.look(package)
        assert company.restrictions(package) == PUBLIC

    def test_an_exempt_version_stays_and_the_others_go(self, company: OriginCompany) -> None:
        """The door is closed all the same: the exemption is the version's alone."""
        package = company.named()
        company.seeded(package, OPEN, outside("9.0.0"), outside("9.1.0"))
        company.exempt(package, "9.0.0")

        company.look(package)

        assert company.restrictions(package) == INTERNAL
        assert company.statuses(package) == {"9.0.0": "Published", "9.1.0": "Archived"}
        assert company.told("archived") == [(package, ["9.1.0"], "origins[0]")]

        company.now += timedelta(days=7)
        company.look(package)
        assert company.statuses(package) == {"9.0.0": "Archived", "9.1.0": "Archived"}

    def test_an_open_door_is_no_exemption_of_what_comes_in(self, company: OriginCompany) -> None:
        """Restrictions may be exempt for a while: versions from outside are still archived."""
        package = company.seeded(company.named(), OPEN, outside("9.0.0"))
        company.exempt(package)

        company.look(package)

        assert company.restrictions(package) == OPEN
        assert company.statuses(package) == {"9.0.0": "Archived"}

    def test_what_was_restored_between_look_and_write_stays(self, company: OriginCompany) -> None:
        """A sweep reads exemptions after the list of packages, not before."""
        package = company.seeded(company.named("public"), OPEN)
        company.before["ListPackages"] = lambda: company.exempt(package)

        company.sweep(package.repository)

        assert company.restrictions(package) == OPEN


def test_a_rule_without_an_effect_on_a_repository_says_so_by_costing_nothing(
    company: OriginCompany,
) -> None:
    """No rule names the repository: not even a look."""
    rule: OriginRule = replace(company.policy.origins[0], repositories=("maven-*",))
    company.policy = replace(company.policy, origins=(rule,))
    repository: Repository = company.new_repository()
    package = company.seeded(company.named(repository=repository), OPEN, outside("9.0.0"))

    company.look(package)

    assert company.requests() == {}
    assert company.restrictions(package) == OPEN
