"""The origin controls where AWS documents nothing: every switch off its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from emulator.core.switches import SWITCHES
from steward.coordinates import Origin, Package, PackageVersion, Repository, Restrictions
from tests.functional.every_switch import COMBINATIONS, EACH_SWITCH, Switches
from tests.functional.origin_company import DONE, OriginCompany, at
from tests.functional.origin_domain import CLOSED, INTERNAL, OPEN, PUBLIC
from tests.functional.origin_model import (
    RULES,
    Model,
    Version,
    intruders,
    mixed,
    restrictions_of,
    statuses_of,
)
from tests.functional.watched_domain import DOMAIN, where

FORBIDDING = "unfinishedMayBeArchived"
HIDING = "listHidesArchived"
REASSOCIATION = timedelta(seconds=600)  # the longest that packageGroupReassociationSeconds has

FROM_OUTSIDE = {
    "99.0.0": Version("Published", "EXTERNAL"),
    "99.1.0": Version("Unlisted", "EXTERNAL"),
    "99.2.0": Version("Unfinished", "EXTERNAL"),
    "99.3.0": Version("Archived", "EXTERNAL"),
    "1.0.0": Version("Published", "INTERNAL", "here"),
}
INFERRED = {
    "from outside": {"1.0.0": Version("Published", "EXTERNAL")},
    "published here": {
        "1.0.0": Version("Unlisted", "INTERNAL", "here"),
        "1.1.0": Version("Published", "INTERNAL", "here"),
    },
    "published elsewhere": {"1.0.0": Version("Published", "INTERNAL", "npm-elsewhere")},
    "nobody knows": {"1.0.0": Version("Published", "UNKNOWN")},
    "mixed": FROM_OUTSIDE,
    "mixed by what is archived": {
        "1.0.0": Version("Published", "INTERNAL", "here"),
        "9.0.0": Version("Archived", "EXTERNAL"),
    },
    "archived": {"1.0.0": Version("Archived", "EXTERNAL")},
    "without versions": {},
}


def models(repository: Repository) -> dict[Package, Model]:
    """Return packages of every rule, drifted and in order, as they are in the beginning."""
    found: dict[Package, Model] = {}

    def add(scope: str, current: Restrictions, held: Mapping[str, Version]) -> None:
        package = Package(repository, "npm", scope, f"ui-{len(found)}")
        own = {
            name: replace(each, where=repository.name if each.where == "here" else each.where)
            for name, each in held.items()
        }
        found[package] = Model(scope, repository.name, current, own)

    for current in (OPEN, CLOSED):
        for scope in RULES:
            add(scope, current, FROM_OUTSIDE)
    for held in INFERRED.values():
        add("inferred", OPEN, held)
    return found


def seen(model: Model, switches: Switches) -> Model:
    """
    Return the package as its list of versions shows it.

    Where the list hides what is archived, the automation infers from the others (the switch says:
    archived versions are left until asked for by status).
    """
    if not switches.get(HIDING):
        return model
    shown = {name: each for name, each in model.versions.items() if each.status != "Archived"}
    return replace(model, versions=shown)


def check_every_rule(
    company: OriginCompany, switches: Switches, *, repository_wide: bool = False
) -> None:
    """Packages of all rules end as the model says, or stay where the switch forbids the step."""
    repository = company.new_repository()
    packages = models(repository)
    company.seed(
        *(
            (package, model.restrictions, [_seeded(*each) for each in model.versions.items()])
            for package, model in packages.items()
        )
    )

    with company.faults(switches=switches):
        if repository_wide:
            assert all(one.error is None for one in company.sweep(repository))
        else:
            assert company.deliver(*map(company.event, packages)) == DONE
            company.look_again()

    allowed = switches.get(FORBIDDING) is not False
    for package, model in packages.items():
        assert company.restrictions(package) == restrictions_of(seen(model, switches))
        after = statuses_of(model, unfinished_may_be_archived=allowed)
        assert company.statuses(package) == after
        refused = {name for name in intruders(model) if after[name] != "Archived"}
        outcome = "refused" if model.scope == "mycompany" else "reported"
        told = [found for one, found, _ in company.told(outcome) if one == package]
        assert told == ([sorted(refused)] if refused else [])
    expected = {package for package, model in packages.items() if mixed(seen(model, switches))}
    assert {each[0] for each in company.told("mixed")} == expected


def _seeded(name: str, version: Version) -> PackageVersion:
    connection = "public:npmjs" if version.origin == "EXTERNAL" else None
    entry = version.where if version.origin == "INTERNAL" else None
    return PackageVersion(name, version.status, Origin(version.origin, entry, connection))


@EACH_SWITCH
@pytest.mark.parametrize("repository_wide", [False, True], ids=["by event", "by repository"])
def test_packages_of_every_rule_end_as_the_policy_says(
    company: OriginCompany, switches: Switches, *, repository_wide: bool
) -> None:
    """One switch at a time."""
    check_every_rule(company, switches, repository_wide=repository_wide)


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(switches=COMBINATIONS)
def test_packages_of_every_rule_end_as_the_policy_says_under_combinations_of_switches(
    company: OriginCompany, switches: Switches
) -> None:
    """Random combinations, a fixed number of them."""
    company.start_again()
    check_every_rule(company, switches)


@EACH_SWITCH
def test_what_comes_in_in_every_way_ends_as_the_policy_says_and_the_automation_rests(
    company: OriginCompany, switches: Switches
) -> None:
    """Published, fetched, kept from an upstream repository, copied; by their own events."""
    team, store = company.connected()
    below = company.new_repository()
    company.connect(below, team)
    fetched = {
        scope: company.named(scope, repository=team)
        for scope in ("mycompany", "public", "inferred")
    }
    published = company.named("inferred", repository=team)
    with company.faults(switches=switches):
        for package in fetched.values():
            company.offer(package, "99.0.0")
            company.fetch(package, "99.0.0").raise_for_status()
        company.publish(published, "1.0.0").raise_for_status()
        company.fetch(at(published, below), "1.0.0").raise_for_status()
        copied = at(fetched["mycompany"], company.new_repository())
        copy = company.client.copy_package_versions(
            domain=DOMAIN,
            sourceRepository=team.name,
            destinationRepository=copied.repository.name,
            format="npm",
            namespace="mycompany",
            package=copied.name,
            versions=["99.0.0"],
        )
        assert copy["failedVersions"] == {}
        company.deliver_queued()
        rests(company)

        for repository in (team, store):
            assert company.restrictions(at(fetched["mycompany"], repository)) == INTERNAL
            assert company.statuses(at(fetched["mycompany"], repository)) == {"99.0.0": "Archived"}
            assert company.restrictions(at(fetched["public"], repository)) == PUBLIC
            assert company.restrictions(at(fetched["inferred"], repository)) == PUBLIC
        assert company.restrictions(copied) == INTERNAL
        assert company.statuses(copied) == {"99.0.0": "Archived"}
        assert company.restrictions(published) == INTERNAL
        assert company.statuses(at(published, below)) == {"1.0.0": "Published"}
        # What was kept from an upstream repository keeps the default: nothing is inferred from it.
        default = SWITCHES["retainedInternalDefaultRestrictions"].default
        kept = switches.get("retainedInternalDefaultRestrictions", default)
        assert company.restrictions(at(published, below)) == Restrictions(*str(kept).split("/"))  # type: ignore[arg-type]  # ALLOW, BLOCK
        assert not company.publish(fetched["public"], "1.0.0").is_success


@EACH_SWITCH
def test_a_version_that_becomes_visible_later_is_archived(
    company: OriginCompany, switches: Switches
) -> None:
    """By an event that waits for it, or by the automation's own second look."""
    team, store = company.connected()
    package = company.named(repository=team)
    company.offer(package, "99.0.0")
    company.state.clock.freeze()
    with company.faults(switches=switches, visibilityDelaySeconds=180):
        company.fetch(package, "99.0.0").raise_for_status()
        company.deliver_queued()
        company.state.clock.advance(timedelta(minutes=5))
        company.deliver_queued()
        company.look_again()
        rests(company)

    for each in (package, at(package, store)):
        assert company.statuses(each) == {"99.0.0": "Archived"}
        assert company.restrictions(each) == INTERNAL


@EACH_SWITCH
def test_where_a_new_package_group_decides_nothing_is_inferred(
    company: OriginCompany, switches: Switches
) -> None:
    """Once the package is in it; the rules that say what they want are not asked of groups."""
    inferred, internal = company.named("inferred"), company.named()
    for package in (inferred, internal):
        company.seed((package, OPEN, [_seeded("1.0.0", Version("Published", "EXTERNAL"))]))
    with company.faults(switches=switches):
        company.client.create_package_group(domain=DOMAIN, packageGroup="/npm/inferred/*")
        company.client.update_package_group_origin_configuration(
            domain=DOMAIN, packageGroup="/npm/inferred/*", restrictions={"PUBLISH": "BLOCK"}
        )
        company.state.clock.advance(REASSOCIATION)
        company.deliver(company.event(inferred), company.event(internal))

    assert company.restrictions(inferred) == OPEN
    assert company.restrictions(internal) == INTERNAL


@EACH_SWITCH
def test_the_snapshot_trap_is_shut(company: OriginCompany, switches: Switches) -> None:
    """A repository's clients are not given the upstream's snapshot any more."""
    upstream, repository = company.new_repository(), company.new_repository()
    company.connect(repository, upstream)
    package = Package(repository, "maven", "com.mycompany.app", "trap")
    with company.faults(switches=switches):
        for each, stamp in (
            (at(package, upstream), "20210801.101500-2"),
            (package, "20210728.194552-1"),
        ):
            company.restrict(each, publish="ALLOW", upstream="ALLOW")
            company.put_build(each, stamp)
        company.deliver_queued()
        rests(company)
        seen_now = company.get(package, "1.0-SNAPSHOT/maven-metadata.xml")

    assert company.restrictions(package) == INTERNAL
    assert "20210801.101500" not in seen_now.text


@EACH_SWITCH
def test_what_somebody_changes_meanwhile_does_not_hold_up_the_others(
    company: OriginCompany, switches: Switches
) -> None:
    """One version deleted and one disposed of between look and act: the third is archived."""
    package = company.named()
    held = ("99.0.0", "99.1.0", "99.2.0")
    company.seed(
        (package, OPEN, [_seeded(each, Version("Published", "EXTERNAL")) for each in held])
    )

    def interfere() -> None:
        company.client.delete_package_versions(**where(package), versions=["99.0.0"])
        company.client.dispose_package_versions(**where(package), versions=["99.1.0"])

    company.before["UpdatePackageVersionsStatus"] = interfere
    with company.faults(switches=switches):
        assert company.look(package) == DONE
        rests(company)

    assert company.statuses(package) == {"99.1.0": "Disposed", "99.2.0": "Archived"}
    assert company.told("refused") == []


def rests(company: OriginCompany) -> None:
    """Nothing is written any more, whatever the automation asks itself to look at again."""
    company.forget_requests()
    assert company.at_rest()
    assert "PutPackageOriginConfiguration" not in company.requests()
    assert "UpdatePackageVersionsStatus" not in company.requests()
