"""Promotion where AWS documents nothing: every switch off its default, and combinations."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings

from emulator.core import versions as held_versions
from emulator.core.switches import SWITCHES, SwitchValue
from promote_versions import messages
from promote_versions.seen import destined
from steward.coordinates import Package
from steward.promotion_rules import MinimumAge, Requirements, Vulnerabilities
from tests.functional.every_switch import COMBINATIONS, EACH_SWITCH, Switches
from tests.functional.promotion_domain import (
    APPROVED,
    NOW,
    PromotionDomain,
    malicious,
    to_approved,
)
from tests.functional.promotion_story import Contents, contents_of
from tests.functional.watched_domain import held_as, repository_id, where
from tests.unit.fake_promotions import event_of

RULE = to_approved(
    Requirements(
        minimum_age=MinimumAge(timedelta(days=7)), vulnerabilities=Vulnerabilities("high")
    ),
    recall="archive",
)


def setting(switches: Switches, name: str) -> SwitchValue:
    """Return the value of a switch."""
    return switches.get(name, SWITCHES[name].default)


def contents(domain: PromotionDomain, package: Package) -> dict[str, Contents]:
    """Return the assets of each version that a repository holds; no request."""
    found: dict[str, Contents] = {}
    for version in domain.statuses(package):
        held = held_versions.find(
            domain.state, repository_id(package.repository), held_as(package), version
        )
        assert held is not None
        found[version] = contents_of(held)
    return found


def judged(domain: PromotionDomain, *bodies: str) -> None:
    """These messages are worked on, and all that follows from them; nothing fails."""
    assert domain.judge(*bodies) == {"batchItemFailures": []}
    domain.come_to_rest()


def at_rest(domain: PromotionDomain, package: Package) -> None:
    """Another look at everything, and all that is due, changes nothing."""
    records, there = dict(domain.records.held), domain.there(package)
    judged(domain, event_of(package), messages.due_now())
    assert domain.records.held == records
    assert domain.there(package) == there
    assert domain.queue.delayed == []


def check_all_ways(domain: PromotionDomain, switches: Switches) -> None:
    """Versions of every fate, copied, followed by files, replaced, unlisted, recalled."""
    domain.start_again()
    domain.by(RULE)
    package = domain.new_package()
    domain.osv_knows(malicious(package, "6.6"))
    domain.seed(package, "1.0", "1.1", "6.6", "2.0")
    domain.seed(package, "7.0", released=NOW - timedelta(days=6))
    domain.set_status(package, "Unlisted", "2.0")
    with domain.faults(switches=switches):
        judged(domain, event_of(package))
        assert domain.there(package) == {"1.0": "Published", "1.1": "Published"}
        assert domain.states(package) == {
            "1.0": "copied",
            "1.1": "copied",
            "6.6": "refused",
            "7.0": "held",
        }
        in_intake = contents(domain, package)
        assert contents(domain, destined(package, APPROVED)) == {
            name: in_intake[name] for name in ("1.0", "1.1")
        }
        at_rest(domain, package)

        domain.wait(timedelta(days=1))
        assert domain.there(package).get("7.0") == "Published"

        domain.set_status(package, "Published", "2.0")
        judged(domain, event_of(package))
        assert domain.there(package).get("2.0") == "Published"

        domain.osv_knows(malicious(package, "1.0", "6.6"))
        judged(domain, messages.recheck(package))
        assert domain.there(package)["1.0"] == "Archived"
        assert domain.states(package)["1.0"] == "recalled"
        assert domain.there(package)["1.1"] == "Published"
        at_rest(domain, package)


def check_later_files(domain: PromotionDomain, switches: Switches) -> None:
    """A file that comes later follows; what was replaced, or withdrawn there, stays as it is."""
    domain.start_again()
    domain.by(to_approved(Requirements(vulnerabilities=Vulnerabilities("high"))))
    package = domain.new_package()
    names = ("1.0", "1.1", "1.2", "1.3")
    for name in names:
        domain.seed(package, name, origin="INTERNAL", assets=[wheel(package, name, "first")])
    with domain.faults(switches=switches):
        judged(domain, event_of(package))
        before = contents(domain, destined(package, APPROVED))
        assert before.keys() == set(names)
        there = destined(package, APPROVED)
        domain.set_status(there, "Archived", "1.1")
        domain.set_status(there, "Unlisted", "1.2")
        for name in ("1.0", "1.1", "1.2"):
            domain.add_sdist(package, name)
        domain.client.delete_package_versions(**where(package), versions=["1.3"])
        domain.seed(package, "1.3", origin="INTERNAL", assets=[wheel(package, "1.3", "second")])
        judged(domain, event_of(package))

        now, in_intake = contents(domain, there), contents(domain, package)
        assert now == {**before, "1.0": in_intake["1.0"]}
        assert len(now["1.0"]) == 2
        statuses = domain.there(package)
        assert (statuses["1.0"], statuses["1.3"]) == ("Published", "Published")
        # Where the list hides what is archived, it is gone for the functions, which is no better.
        assert (statuses["1.1"], statuses["1.2"]) == ("Archived", "Unlisted")
        assert domain.states(package) == {
            "1.0": "copied",
            "1.1": "refused",
            "1.2": "refused",
            "1.3": "refused",
        }
        told = "\n".join(subject for subject, _ in domain.attention.messages)
        assert all(package.purl(name) in told for name in ("1.1", "1.2", "1.3"))
        at_rest(domain, package)


def check_closed(domain: PromotionDomain, switches: Switches) -> None:
    """Publishing is blocked in the destination: copied, or not copied and reported."""
    domain.start_again()
    domain.by(RULE)
    package = domain.new_package()
    closed = {"publish": "BLOCK", "upstream": "BLOCK"}
    there = destined(package, APPROVED)
    document = {"format": "pypi", "package": package.name, "restrictions": closed, "versions": []}
    domain.seed_packages(there.repository, [document])
    domain.seed(package, "1.0")
    with domain.faults(switches=switches):
        judged(domain, event_of(package))
        if setting(switches, "copyObeysOriginControls") is True:
            assert domain.there(package) == {}
            assert domain.states(package) == {"1.0": "refused"}
            ((subject, _),) = domain.attention.messages
            assert package.purl("1.0") in subject
        else:
            assert domain.there(package) == {"1.0": "Published"}
            assert domain.states(package) == {"1.0": "copied"}
        at_rest(domain, package)


def check_between(domain: PromotionDomain, switches: Switches) -> None:
    """A version is unlisted or archived between gate and copy, and comes back."""
    domain.start_again()
    domain.by(RULE)
    package = domain.seed(domain.new_package(), "1.0", "1.1", "1.2")
    with domain.faults(switches=switches):
        assert domain.judge(event_of(package)) == {"batchItemFailures": []}
        domain.set_status(package, "Unlisted", "1.0")
        domain.set_status(package, "Archived", "1.1")
        domain.come_to_rest()
        domain.set_status(package, "Published", "1.0", "1.1")
        judged(domain, event_of(package))
        # "copyCarriesStatus": a copy is Unlisted if its source is, and it had passed.
        carried = setting(switches, "copyCarriesStatus") == "carry"
        first = "Unlisted" if carried else "Published"
        assert domain.there(package) == {"1.0": first, "1.1": "Published", "1.2": "Published"}
        assert set(domain.states(package).values()) == {"copied"}
        at_rest(domain, package)


def wheel(package: Package, version: str, content: str) -> dict[str, str]:
    """Return the one file that a version is seeded with."""
    name = f"{package.name.replace('-', '_')}-{version}-py3-none-any.whl"
    return {"name": name, "content": f"{content} of {version}"}


def check(domain: PromotionDomain, switches: Switches) -> None:
    """Everything ends as the switches say."""
    check_all_ways(domain, switches)
    check_later_files(domain, switches)
    check_closed(domain, switches)
    check_between(domain, switches)


@EACH_SWITCH
def test_promotions_end_as_the_switch_says(promotions: PromotionDomain, switches: Switches) -> None:
    """One switch at a time."""
    check(promotions, switches)


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(switches=COMBINATIONS)
def test_promotions_end_as_combinations_of_switches_say(
    promotions: PromotionDomain, switches: Switches
) -> None:
    """Random combinations, a fixed number of them."""
    check(promotions, switches)
