"""What promotion costs, counted by the local CodeArtifact, by its OSV, and by the records."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from promote_versions import messages
from steward.promotion_rules import (
    Integrity,
    Licences,
    MinimumAge,
    Requirements,
    Vulnerabilities,
    matcher,
)
from tests.functional.promotion_domain import (
    NOW,
    PromotionDomain,
    malicious,
    to_approved,
    vulnerable,
)

LIST = "ListPackageVersions"
DESCRIBE = "DescribePackageVersion"
ASSETS = "ListPackageVersionAssets"
COPY = "CopyPackageVersions"
WALK = "DescribeRepository"
OSV = "osv:QueryBatch"
OSV_ENTRY = "osv:GetVulnerability"
SIMPLE = "pypi:GetSimple"
# Once a process and repository, whatever the number of packages: not a cost of any of them.
ACCESS = ("GetAuthorizationToken", "GetRepositoryEndpoint")

AGED = Requirements(minimum_age=MinimumAge(timedelta(days=7)))
SAFE = Requirements(vulnerabilities=Vulnerabilities("high"))
MIT = Requirements(licences=Licences(allow=frozenset({"MIT"})))
FILES = Requirements(integrity=Integrity(("requirements.txt",), {}))
MANUAL = Requirements(approval="manual")
ALL = Requirements(
    minimum_age=AGED.minimum_age, vulnerabilities=SAFE.vulnerabilities, licences=MIT.licences
)


def spent(promotions: PromotionDomain) -> dict[str, int]:
    """Return the requests since they were last forgotten, but for how to reach the endpoint."""
    return {name: n for name, n in promotions.requests().items() if name not in ACCESS}


def versions(number: int) -> list[str]:
    """Return so many versions."""
    return [f"1.{each}.0" for each in range(number)]


NUMBERED = versions(20)


@pytest.mark.parametrize("events", [1, 50], ids=["one event", "50 events of one batch"])
@pytest.mark.parametrize(
    ("require", "calls"),
    [
        pytest.param(Requirements(), {}, id="no gate"),
        pytest.param(MANUAL, {}, id="a person"),
        pytest.param(AGED, {SIMPLE: 1}, id="an age"),
        pytest.param(SAFE, {OSV: 1}, id="vulnerabilities"),
        pytest.param(MIT, {DESCRIBE: 20}, id="licences"),
        pytest.param(FILES, {ASSETS: 20}, id="integrity"),
        pytest.param(ALL, {SIMPLE: 1, OSV: 1, DESCRIBE: 20}, id="all of these"),
    ],
)
def test_any_number_of_events_for_one_package_costs_its_gates_once(
    promotions: PromotionDomain,
    require: Requirements,
    calls: dict[str, int],
    events: int,
) -> None:
    """A list and a query of the records; of the gates' look-ups only what the rule needs."""
    promotions.by(to_approved(require))
    package = promotions.seed(promotions.new_package(), *NUMBERED)
    promotions.forget_requests()

    promotions.events_of(*[package] * events)

    assert spent(promotions) == {LIST: 1, WALK: 1} | calls
    assert promotions.records.calls.count("of_package") == 1
    assert len(promotions.states(package)) == 20


@pytest.mark.parametrize(
    ("number", "batches", "copies"),
    [
        pytest.param(100, 1, 1, id="100 versions are one batch and one call"),
        pytest.param(101, 2, 2, id="101 versions are two batches and two calls"),
        pytest.param(250, 3, 3, id="250 versions are three batches and three calls"),
    ],
)
def test_versions_are_asked_about_and_copied_a_hundred_at_once(
    promotions: PromotionDomain, number: int, batches: int, copies: int
) -> None:
    """The endpoint is asked once however many there are; licences and assets have no batch."""
    promotions.by(to_approved(ALL))
    package = promotions.seed(promotions.new_package(), *versions(number))
    promotions.forget_requests()

    promotions.events_of(package)
    judged = spent(promotions)
    promotions.forget_requests()
    assert promotions.copy() == []

    assert judged == {LIST: 1, WALK: 1, SIMPLE: 1, OSV: batches, DESCRIBE: number}
    assert spent(promotions) == {COPY: copies, ASSETS: 2 * number}
    assert set(promotions.states(package).values()) == {"copied"}
    assert set(promotions.there(package)) == set(versions(number))


def test_an_npm_package_costs_one_packument(promotions: PromotionDomain) -> None:
    """However many versions of it there are."""
    promotions.by(to_approved(AGED))
    package = promotions.seed(promotions.new_package("npm", "scope"), *NUMBERED)
    promotions.forget_requests()

    promotions.events_of(package)

    assert spent(promotions) == {LIST: 1, WALK: 1, "npm:GetPackument": 1}
    assert set(promotions.states(package).values()) == {"approved"}


def test_what_is_settled_costs_a_list_and_a_query(promotions: PromotionDomain) -> None:
    """Copied, held until later, and refused: nothing is gathered, written, ordered or told."""
    promotions.by(to_approved(ALL))
    package = promotions.seed(promotions.new_package(), "1.0", "1.1")
    promotions.seed(package, "1.2", released=NOW)
    promotions.osv_knows(malicious(package, "1.1"))
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "copied", "1.1": "refused", "1.2": "held"}
    before = dict(promotions.records.held)
    told = len(promotions.notices.announced), len(promotions.attention.messages)
    promotions.forget_requests()
    promotions.records.calls.clear()

    promotions.events_of(package)

    assert spent(promotions) == {LIST: 1}
    assert promotions.records.calls == ["of_package"]
    assert promotions.records.held == before
    assert (len(promotions.notices.announced), len(promotions.attention.messages)) == told
    assert promotions.copies.orders == []


def test_only_a_new_version_costs_more_than_the_list(promotions: PromotionDomain) -> None:
    """Twenty are there; the look-ups are about the twenty-first."""
    promotions.by(to_approved(ALL))
    package = promotions.seed(promotions.new_package(), *NUMBERED)
    promotions.events_of(package)
    promotions.come_to_rest()
    promotions.seed(package, "2.0.0")
    promotions.forget_requests()

    promotions.events_of(package)
    assert promotions.copy() == []

    assert spent(promotions) == {
        LIST: 1, WALK: 1, SIMPLE: 1, OSV: 1, DESCRIBE: 1, COPY: 1, ASSETS: 2
    }  # fmt: skip
    assert promotions.there(package).keys() == {*NUMBERED, "2.0.0"}


def test_what_a_list_refuses_costs_nothing_more(promotions: PromotionDomain) -> None:
    """Versions that the policy denies are not asked about anywhere."""
    denied = replace(ALL, deny=(matcher("/pypi/*"),))
    promotions.by(to_approved(denied))
    package = promotions.seed(promotions.new_package(), *NUMBERED)
    promotions.forget_requests()

    promotions.events_of(package)

    assert spent(promotions) == {LIST: 1}
    assert set(promotions.states(package).values()) == {"refused"}


def test_rules_of_one_package_share_what_is_looked_up(promotions: PromotionDomain) -> None:
    """Two destinations, by different gates: one list, and each fact once."""
    promotions.client.create_repository(domain="my-company", repository="checked")
    promotions.by(
        to_approved(ALL),
        replace(to_approved(replace(SAFE, licences=MIT.licences)), name="check", to="checked"),
    )
    package = promotions.seed(promotions.new_package(), *NUMBERED)
    promotions.forget_requests()

    promotions.events_of(package)

    assert spent(promotions) == {LIST: 1, WALK: 2, SIMPLE: 1, OSV: 1, DESCRIBE: 20}
    assert promotions.records.calls.count("of_package") == 1
    for rule in ("approve", "check"):
        assert set(promotions.states(package, rule).values()) == {"approved"}


def test_a_vulnerability_is_read_once_a_process(promotions: PromotionDomain) -> None:
    """Whichever versions and packages it affects, and however often they are looked at."""
    promotions.by(to_approved(SAFE))
    first, second = (promotions.seed(promotions.new_package(), *NUMBERED) for _ in range(2))
    entry = vulnerable(first, "HIGH", *NUMBERED)
    affected = [*entry["affected"], *vulnerable(second, "HIGH", *NUMBERED)["affected"]]  # type: ignore[misc]  # lists, as OSV has them
    promotions.osv_knows(entry | {"affected": affected})
    promotions.forget_requests()

    promotions.events_of(first, second)
    promotions.judge(messages.look(first, request="again"))

    assert spent(promotions) == {LIST: 3, WALK: 2, OSV: 3, OSV_ENTRY: 1}
    assert set(promotions.states(first).values()) == {"refused"}
    assert set(promotions.states(second).values()) == {"refused"}


def test_the_way_to_a_destination_is_walked_once_for_all_packages(
    promotions: PromotionDomain,
) -> None:
    """Thirty packages, three repositories: nobody asks about a package, as there is no way."""
    for name, upstreams in (("last", []), ("middle", ["last"]), ("first", ["middle"])):
        promotions.client.create_repository(
            domain="my-company",
            repository=name,
            upstreams=[{"repositoryName": one} for one in upstreams],
        )
    promotions.by(replace(to_approved(), to="first"))
    packages = [promotions.seed(promotions.new_package(), "1.0") for _ in range(30)]
    promotions.forget_requests()

    promotions.events_of(*packages)

    assert spent(promotions) == {LIST: 30, WALK: 3}
    assert {promotions.record(one, "1.0").state for one in packages} == {"approved"}


def test_an_open_way_costs_two_calls_a_package(promotions: PromotionDomain) -> None:
    """Its restrictions and its group, as only they may close it; no gate is asked about it."""
    promotions.client.create_repository(
        domain="my-company", repository="open", upstreams=[{"repositoryName": "intake"}]
    )
    promotions.by(replace(to_approved(ALL), to="open"))
    packages = [promotions.seed(promotions.new_package(), "1.0", "1.1") for _ in range(10)]
    promotions.forget_requests()

    promotions.events_of(*packages)

    assert spent(promotions) == {
        LIST: 10, WALK: 2, "DescribePackage": 10, "GetAssociatedPackageGroup": 10
    }  # fmt: skip
    assert {promotions.record(one, "1.1").state for one in packages} == {"refused"}


def test_what_is_due_is_looked_at_once_a_package(promotions: PromotionDomain) -> None:
    """Five packages with ten versions each are due, a hundred others are not."""
    promotions.by(to_approved(AGED))
    due = [promotions.new_package() for _ in range(5)]
    for package in due:
        promotions.seed(package, *NUMBERED[:10], released=NOW - timedelta(days=6))
    young = [promotions.seed(promotions.new_package(), "1.0", released=NOW) for _ in range(100)]
    promotions.events_of(*due, *young)
    promotions.now += timedelta(days=1)
    promotions.forget_requests()

    promotions.judge(messages.due_now())
    bodies = promotions.queue.take()
    promotions.judge(*bodies)

    assert len(bodies) == 5
    assert spent(promotions) == {LIST: 5, WALK: 1, SIMPLE: 5}
    assert Counter(order.package for order in promotions.copies.orders) == Counter(due)


def test_a_copy_leads_to_nothing_more(promotions: PromotionDomain) -> None:
    """CodeArtifact's events about the destination find no rule there."""
    promotions.by(to_approved(ALL))
    package = promotions.seed(promotions.new_package(), *NUMBERED)
    promotions.events_of(package)
    assert promotions.copy() == []
    promotions.forget_requests()

    promotions.come_to_rest()

    assert spent(promotions) == {}
    assert set(promotions.there(package)) == set(NUMBERED)


def test_observe_mode_costs_the_same_but_for_the_copies(promotions: PromotionDomain) -> None:
    """And copies nothing."""
    promotions.by(to_approved(ALL))
    package = promotions.seed(promotions.new_package(), *NUMBERED)
    promotions.forget_requests()

    promotions.deliver(promotions.event(package), mode="observe")

    assert spent(promotions) == {LIST: 1, WALK: 1, SIMPLE: 1, OSV: 1, DESCRIBE: 20}
    assert promotions.there(package) == {}
