"""Promotion when something goes wrong: what is held, what comes back, and what is mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from promote_versions.osv import HttpOsv
from promote_versions.seen import destined
from steward.bounded_http import BoundedHttp
from steward.coordinates import Package, Repository
from steward.promotion_rules import Licences, MinimumAge, Requirements, Vulnerabilities
from tests.functional.promotion_domain import (
    APPROVED,
    INTAKE,
    NOW,
    malicious,
    policy_of,
    to_approved,
)
from tests.functional.promotion_faults import FaultyPromotions
from tests.functional.watched_domain import DOMAIN, where
from tests.unit.fake_promotions import event_of, rule

AGED = Requirements(minimum_age=MinimumAge(timedelta(days=7)))
SAFE = Requirements(vulnerabilities=Vulnerabilities("high"))
MANUAL = Requirements(approval="manual")
FULL = Requirements(
    minimum_age=MinimumAge(timedelta(days=7)),
    vulnerabilities=Vulnerabilities("high"),
    licences=Licences(allow=frozenset({"MIT"})),
)
# Every operation that a look at a new version and its copy need, in the order of the first calls.
NEEDED = (
    "ListPackageVersions",
    "Query",
    "DescribeRepository",
    "GetAuthorizationToken",
    "GetRepositoryEndpoint",
    "DescribePackageVersion",
    "PutItem",
    "SendMessageBatch",
    "CopyPackageVersions",
    "ListPackageVersionAssets",
)
PUBLISHED = {"1.0": "Published"}


def held(
    functions: FaultyPromotions, require: Requirements, *versions: str, **seeded: object
) -> Package:
    """Return a package of which these versions have come into the intake; nobody has looked yet."""
    domain = functions.domain
    domain.by(to_approved(require))
    package = domain.seed(domain.new_package(), *(versions or ("1.0",)), **seeded)  # type: ignore[arg-type]  # members of a seed
    functions.send("promotions", event_of(package))
    return package


def states(functions: FaultyPromotions, package: Package) -> dict[str, str]:
    """Return the state of each version that is recorded."""
    return {version: one.state for version, one in functions.found(package).items()}


def promoted(functions: FaultyPromotions, package: Package) -> None:
    """Version 1.0 is in the destination, its record says so, and nothing is left to do."""
    assert functions.domain.there(package) == PUBLISHED
    assert states(functions, package) == {"1.0": "copied"}
    assert functions.waiting() == 0
    assert functions.dead_letters == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"down": True}, id="down"),
        pytest.param({"nonsense": "text"}, id="a page of text"),
        pytest.param({"nonsense": "fewer"}, id="fewer answers than questions"),
        pytest.param({"nonsense": "types"}, id="members of other types"),
    ],
)
def test_an_osv_that_is_out_of_order_holds_and_later_lets_through(
    functions: FaultyPromotions, fault: Mapping[str, object]
) -> None:
    """However often it is asked meanwhile; the next answer decides."""
    package = held(functions, SAFE)
    functions.domain.osv_faults(**fault)
    functions.work_off()
    for _ in range(3):
        functions.wait(timedelta(minutes=15))
        assert states(functions, package) == {"1.0": "held"}
        assert functions.domain.there(package) == {}
    functions.domain.osv_faults()
    functions.wait(timedelta(minutes=15))
    promoted(functions, package)


def test_an_osv_that_is_too_slow_holds_and_later_lets_through(functions: FaultyPromotions) -> None:
    """Nobody waits for it longer than was said."""
    package = held(functions, SAFE)
    quick = BoundedHttp(seconds=0.2, largest=1_000_000, connections=1)
    functions.osv = HttpOsv(functions.osv_url, http=quick)
    functions.domain.osv_faults(slow=True)
    functions.work_off()
    assert states(functions, package) == {"1.0": "held"}
    functions.domain.osv_faults()
    functions.osv = HttpOsv(functions.osv_url)
    functions.wait(timedelta(minutes=15))
    promoted(functions, package)


def test_an_endpoint_that_is_down_holds_and_later_lets_through(
    functions: FaultyPromotions,
) -> None:
    """An age that nobody can tell is none."""
    package = held(functions, AGED)
    with functions.domain.faults(throttle={"pypi:GetSimple": 0}):
        functions.work_off()
        functions.wait(timedelta(minutes=15))
        assert states(functions, package) == {"1.0": "held"}
    assert functions.domain.there(package) == {}
    functions.wait(timedelta(minutes=15))
    promoted(functions, package)


def test_a_release_in_the_future_is_held_until_it_has_come_and_aged(
    functions: FaultyPromotions,
) -> None:
    """Not a second less than the age after it."""
    package = held(functions, AGED, released=NOW + timedelta(days=3))
    functions.work_off()
    functions.wait(timedelta(days=10) - timedelta(seconds=1))
    assert states(functions, package) == {"1.0": "held"}
    functions.wait(timedelta(seconds=1))
    promoted(functions, package)


def test_two_rules_with_one_destination_promote_once(functions: FaultyPromotions) -> None:
    """The second finds it there already, from another repository with the same files."""
    domain = functions.domain
    other = Repository(DOMAIN, INTAKE.domain_owner, "intake-2")
    domain.client.create_repository(domain=DOMAIN, repository=other.name)
    try:
        rules = [
            rule(SAFE, name=f"from-{name}", patterns=("/*",), source=name, to=APPROVED)
            for name in (INTAKE.name, other.name)
        ]
        domain.policy = policy_of(*rules)
        package = domain.new_package()
        twin = replace(package, repository=other)
        different = [{"name": "file.whl", "content": "another"}]
        same = [{"name": "file.whl", "content": "the same"}]
        for one in (package, twin):
            domain.seed(one, "1.0", assets=same)
        domain.seed(package, "1.1", assets=same)
        domain.seed(twin, "1.1", assets=different)
        for one in (package, twin):
            functions.send("promotions", event_of(one))
            functions.work_off()
        assert domain.there(package) == {"1.0": "Published", "1.1": "Published"}
        assert states(functions, package) == {"1.0": "copied", "1.1": "copied"}
        assert states(functions, twin) == {"1.0": "copied", "1.1": "refused"}
        assert "SHA-256" in functions.found(twin)["1.1"].reason
    finally:
        domain.client.delete_repository(domain=DOMAIN, repository=other.name)


def test_approvals_of_what_was_never_held_and_forged_ones_change_nothing(
    functions: FaultyPromotions,
) -> None:
    """Before anybody has judged the version, of an unknown rule, or with a sender of its own."""
    package = held(functions, MANUAL)
    functions.say("approve", package, "1.0")
    functions.work("approvals")
    functions.work_off()
    functions.say("approve", package, "1.0", rule="no-such-rule")
    functions.say("approve", package, "9.9")
    functions.say("approve", package, "1.0", who="AIDABOSS")
    functions.say("approve", package, "1.0", SenderId="AIDABOSS")
    functions.say("approve", package, "1.0", revision="of-another-time")
    functions.work_off()
    assert states(functions, package) == {"1.0": "held"}
    assert functions.domain.there(package) == {}
    assert len(functions.dead_letters) == 2


def test_an_approval_that_comes_again_does_not_let_a_later_file_through(
    functions: FaultyPromotions,
) -> None:
    """SQS may deliver it once more, after somebody has added what nobody has looked at."""
    domain = functions.domain
    domain.by(to_approved(MANUAL))
    package = domain.new_package()
    domain.publish(package, "1.0").raise_for_status()
    functions.work_off()
    functions.advance(timedelta(minutes=1))
    functions.say("approve", package, "1.0")
    (approval,) = functions.take("approvals")
    for _ in range(2):
        functions.deliver("approvals", [approval])
        functions.work_off()
    assert domain.there(package) == PUBLISHED
    functions.advance(timedelta(minutes=1))
    domain.add_sdist(package, "1.0")
    functions.work("promotions")
    functions.work_off()
    assert states(functions, package) == {"1.0": "held"}
    functions.deliver("approvals", [approval])
    functions.work_off()
    assert states(functions, package) == {"1.0": "held"}
    assert len(domain.assets_of(destined(package, APPROVED), "1.0")) == 1
    functions.advance(timedelta(minutes=1))
    functions.say("approve", package, "1.0", copies=2)
    functions.work_off()
    assert len(domain.assets_of(destined(package, APPROVED), "1.0")) == 2


@pytest.mark.parametrize(
    "licences",
    [
        pytest.param(["as you like it"], id="free text"),
        pytest.param([], id="none"),
        pytest.param(["MIT", "as you like it"], id="one that is known and one that is not"),
    ],
)
def test_a_licence_that_nobody_knows_holds_until_the_policy_explains_it(
    functions: FaultyPromotions, licences: list[str]
) -> None:
    """Another rule judges again what an earlier one held."""
    allowed = frozenset({"MIT"})
    unexplained = Requirements(licences=Licences(allow=allowed))
    package = held(functions, unexplained, licenses=licences)
    functions.work_off()
    functions.wait(timedelta(days=1))
    assert states(functions, package) == {"1.0": "held"}
    assert functions.domain.there(package) == {}
    if licences:
        texts = Licences(allow=allowed, texts={"as you like it": "MIT"})
        explained = replace(to_approved(Requirements(licences=texts)), digest="2")
        functions.domain.policy = policy_of(explained)
        functions.wait(timedelta(days=1))
        promoted(functions, package)


@pytest.mark.parametrize("operation", NEEDED)
def test_an_operation_that_is_throttled_brings_its_messages_back(
    functions: FaultyPromotions, operation: str
) -> None:
    """Whichever it is: when it can be called again, all is done, without another event."""
    package = held(functions, FULL)
    functions.faults.broken = frozenset({operation})
    for _ in range(3):
        functions.work("promotions")
        functions.work("copies")
    assert functions.faults.calls[operation] > 0
    assert states(functions, package) != {"1.0": "copied"}
    functions.faults.end()
    functions.work_off()
    functions.wait(timedelta(minutes=15))
    promoted(functions, package)


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("queue", ["promotions", "copies"])
def test_a_worker_may_die_at_any_call(
    functions: FaultyPromotions, queue: str, *, after: bool
) -> None:
    """The next one does what is left: one copy, and one record."""
    for call in range(1, 8):
        functions.start_again()
        package = held(functions, SAFE)
        if queue == "copies":
            functions.work("promotions")
        functions.faults.dies_at, functions.faults.dies_after = call, after
        functions.work("promotions" if queue == "promotions" else "copies")
        functions.work_off()
        functions.wait(timedelta(minutes=15))
        promoted(functions, package)


def test_a_record_that_could_not_be_written_after_a_copy_is_mended(
    functions: FaultyPromotions,
) -> None:
    """The copy is there; the next run finds it there, and writes so."""
    package = held(functions, SAFE)
    functions.work("promotions")
    functions.faults.broken = frozenset({"PutItem"})
    functions.work("copies")
    assert functions.domain.there(package) == PUBLISHED
    assert states(functions, package) == {"1.0": "approved"}
    functions.faults.end()
    functions.advance(timedelta(minutes=6))
    functions.work_off()
    promoted(functions, package)


def test_a_copy_order_that_is_lost_is_sent_again(functions: FaultyPromotions) -> None:
    """After fifteen minutes, as what is due."""
    package = held(functions, SAFE)
    functions.work("promotions")
    functions.sqs.purge_queue(QueueUrl=functions.urls["copies"])
    functions.work_off()
    assert functions.domain.there(package) == {}
    functions.wait(timedelta(minutes=15))
    promoted(functions, package)


def test_a_copy_order_that_waited_too_long_is_judged_again(functions: FaultyPromotions) -> None:
    """What was approved a day ago may be known to be malicious by now."""
    package = held(functions, SAFE, "1.0", "1.1")
    functions.work("promotions")
    functions.domain.osv_knows(malicious(package, "1.1"))
    functions.advance(timedelta(days=1))
    functions.work("copies")
    assert functions.domain.there(package) == {}
    functions.work_off()
    assert functions.domain.there(package) == PUBLISHED
    assert states(functions, package) == {"1.0": "copied", "1.1": "refused"}


def test_a_copier_that_is_stopped_in_a_batch_goes_on(functions: FaultyPromotions) -> None:
    """Ten packages in ten orders: those that were copied are found there by the next worker."""
    packages = [held(functions, SAFE) for _ in range(10)]
    functions.work("promotions")
    functions.faults.dies_at, functions.faults.dies_after = 40, True
    functions.work("copies")
    recorded = [states(functions, package)["1.0"] for package in packages]
    assert "approved" in recorded
    functions.work_off()
    for package in packages:
        promoted(functions, package)


def test_a_version_that_is_archived_between_gate_and_copy_is_promoted_once_it_is_back(
    functions: FaultyPromotions,
) -> None:
    """CodeArtifact does not copy it while it is archived; its revision stays the same."""
    package = held(functions, SAFE)
    functions.work("promotions")
    functions.domain.set_status(package, "Archived", "1.0")
    functions.work("copies")
    functions.work_off()
    assert functions.domain.there(package) == {}
    functions.domain.set_status(package, "Published", "1.0")
    functions.work_off()
    functions.wait(timedelta(minutes=15))
    promoted(functions, package)


def test_a_version_that_is_replaced_between_gate_and_copy_is_judged_again(
    functions: FaultyPromotions,
) -> None:
    """The other one of the same name is young, and held; nothing of either is copied."""
    package = held(functions, AGED)
    functions.work("promotions")
    domain = functions.domain
    domain.client.delete_package_versions(**where(package), versions=["1.0"])
    domain.seed(package, "1.0", released=NOW, assets=[{"name": "a.whl", "content": "other"}])
    functions.work("copies")
    functions.work_off()
    assert states(functions, package) == {"1.0": "held"}
    assert domain.there(package) == {}


def test_a_way_around_that_is_opened_after_the_approval_stops_what_is_judged_after_it(
    functions: FaultyPromotions,
) -> None:
    """
    The version whose copy is on its way has passed and arrives; the judge refuses the next one.

    The copier does not look for ways around: what it copies has passed every gate, and to leave it
    out would keep nothing from clients who can get around the gates anyway.
    """
    package = held(functions, SAFE)
    functions.work("promotions")
    domain = functions.domain
    domain.client.update_repository(
        domain=DOMAIN, repository=APPROVED, upstreams=[{"repositoryName": INTAKE.name}]
    )
    try:
        functions.advance(timedelta(minutes=6))  # what is known of repositories is asked for again
        functions.work("copies")
        assert domain.there(package) == PUBLISHED
        another = held(functions, SAFE)
        functions.work_off()
        assert states(functions, another) == {"1.0": "refused"}
        assert "approved -> intake" in functions.found(another)["1.0"].reason
    finally:
        domain.client.update_repository(domain=DOMAIN, repository=APPROVED, upstreams=[])
    assert domain.there(another) == {}
