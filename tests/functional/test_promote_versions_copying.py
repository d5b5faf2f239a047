"""Copy orders: what is copied, what is not, and what is recorded and told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from promote_versions import messages
from promote_versions.copier import FAILED_LATER, turns
from promote_versions.messages import CopyOrder
from promote_versions.records import RecordsError
from steward.coordinates import Package
from steward.errors import PackageNotFoundError
from steward.pace import Pace
from tests.functional.copier_domain import (
    APPROVED,
    NOW,
    RULE,
    CopierDomain,
    open_domain,
    package,
)

if TYPE_CHECKING:
    from tests.functional.local_codeartifact import Local

WHEEL = {"one.whl": "a wheel"}
LATER = WHEEL | {"one.tar.gz": "a later sdist"}


@pytest.fixture
def domain(local: Local) -> CopierDomain:
    """Return the domain of the copier."""
    return open_domain(local)


def nothing_there(domain: CopierDomain, name: str = "one") -> bool:
    """Return whether approved has never heard of the package."""
    try:
        return not domain.there(name)
    except PackageNotFoundError:
        return True


@pytest.mark.parametrize("atomicity", ["allOrNothing", "perVersion"])
def test_approved_versions_are_copied_and_recorded(domain: CopierDomain, atomicity: str) -> None:
    """The good ones without the one that has changed, whichever way CodeArtifact takes that."""
    domain.local.faults(bulkAtomicity=atomicity)
    domain.seed(package().repository, "one", {"1.0": WHEEL, "1.1": WHEEL, "1.2": WHEEL})
    domain.approve("one", "1.0", "1.1")
    domain.approve("one", "1.2", revision="an-earlier-one")
    assert domain.deliver(domain.order("one", "1.0", "1.1", "1.2")) == []
    assert domain.there() == {"1.0": "Published", "1.1": "Published"}
    for version in ("1.0", "1.1"):
        record = domain.record("one", version)
        assert (record.state, record.due, record.copied_at) == ("copied", None, NOW)
        held = {one.version: one.revision for one in domain.gateway.versions(there())}
        assert record.copied_revision == held[version]
    changed = domain.record("one", "1.2")
    assert (changed.state, changed.due) == ("held", NOW)
    assert "It has changed since it passed the gates" in changed.reason
    assert domain.asked.looks == [("one", None)]
    assert [(name, set(found)) for name, found in domain.announced.promoted] == [
        ("one", {"1.0", "1.1"})
    ]


def there(name: str = "one") -> Package:
    """Return the package in approved."""
    return Package(APPROVED, "pypi", None, name)


def test_a_copy_costs_one_request_and_two_lists_a_version(domain: CopierDomain) -> None:
    """However many versions the order has, up to a hundred."""
    versions = [f"1.{number}" for number in range(5)]
    domain.seed(package().repository, "one", dict.fromkeys(versions, WHEEL))
    domain.approve("one", *versions)
    before = domain.local.requests()
    domain.deliver(domain.order("one", *versions))
    after = domain.local.requests()
    spent = {name: after[name] - before.get(name, 0) for name in after}
    assert {name: number for name, number in spent.items() if number} == {
        "CopyPackageVersions": 1,
        "ListPackageVersionAssets": 10,
    }


FORGED = [
    pytest.param({"rule": "another"}, {}, id="the policy has no such rule"),
    pytest.param({"to": "elsewhere"}, {}, id="the rule leads to another repository"),
    pytest.param({"package": replace(package(), repository=APPROVED)}, {}, id="not its source"),
    pytest.param({"revisions": {"1.0": "forged"}}, {}, id="another revision was approved"),
    pytest.param({"revisions": {"2.0": "forged"}}, {}, id="nothing is recorded of the version"),
    pytest.param({}, {"state": "held"}, id="the version is held"),
    pytest.param({}, {"state": "refused"}, id="the version is refused"),
    pytest.param({}, {"state": "recalled"}, id="the version was recalled"),
    pytest.param({}, {"requirements": "d0"}, id="the rule was another one"),
    pytest.param({}, {"to": "elsewhere"}, id="it was approved for another repository"),
]


@pytest.mark.parametrize(("forged", "recorded"), FORGED)
def test_an_order_that_the_records_do_not_bear_out_copies_nothing(
    domain: CopierDomain, forged: Mapping[str, object], recorded: Mapping[str, object]
) -> None:
    """It is done with all the same: nothing that it says is believed."""
    domain.seed(package().repository, "one", {"1.0": WHEEL, "2.0": WHEEL})
    domain.approve("one", "1.0", **recorded)
    before = domain.record("one", "1.0")
    order = replace(domain.order("one", "1.0"), **forged)  # type: ignore[arg-type]  # by name
    assert domain.deliver(order) == []
    assert nothing_there(domain)
    assert domain.record("one", "1.0") == before
    assert domain.local.requests().get("CopyPackageVersions", 0) == 0


def test_a_version_that_is_gone_is_refused(domain: CopierDomain) -> None:
    """Whether other versions are left or the whole package has gone; the judge looks again."""
    for name in ("one", "two"):
        domain.seed(package().repository, name, {"1.0": WHEEL, "1.1": WHEEL})
        domain.approve(name, "1.0")
    client = domain.local.client()
    where = {"domain": "my-company", "repository": "intake", "format": "pypi"}
    client.delete_package_versions(**where, package="one", versions=["1.0"])  # type: ignore[arg-type]  # a literal
    client.delete_package(**where, package="two")  # type: ignore[arg-type]  # a literal
    assert domain.deliver(domain.order("one", "1.0"), domain.order("two", "1.0")) == []
    for name in ("one", "two"):
        assert domain.record(name, "1.0").state == "refused"
        assert domain.record(name, "1.0").reason == "It is gone from intake."
    assert sorted(domain.asked.looks) == [("one", None), ("two", None)]


def test_assets_that_came_later_are_copied_over(domain: CopierDomain) -> None:
    """All that approved has is in intake, unchanged: the new revision has passed the gates."""
    domain.seed(package().repository, "one", {"1.0": LATER})
    domain.seed(APPROVED, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")
    assert domain.deliver(domain.order("one", "1.0")) == []
    assert domain.assets_there("one", "1.0") == set(LATER)
    assert domain.record("one", "1.0").state == "copied"


@pytest.mark.parametrize("status", ["Unlisted", "Archived"])
def test_assets_that_came_later_do_not_bring_back_what_was_taken_away(
    domain: CopierDomain, status: str
) -> None:
    """Copying over it would make it Published again."""
    domain.seed(package().repository, "one", {"1.0": LATER})
    domain.seed(APPROVED, "one", {"1.0": WHEEL}, status=status)
    domain.approve("one", "1.0")
    domain.deliver(domain.order("one", "1.0"))
    assert domain.there() == {"1.0": status}
    assert domain.assets_there("one", "1.0") == set(WHEEL)
    record = domain.record("one", "1.0")
    assert record.state == "refused"
    assert f"the version is {status} in approved" in record.reason


OTHERS = [
    pytest.param({"one.whl": "other bytes"}, id="an asset differs"),
    pytest.param(LATER, id="approved has one that intake lacks"),
    pytest.param({"other.whl": "a wheel"}, id="another asset altogether"),
]


@pytest.mark.parametrize("held", OTHERS)
def test_another_version_of_that_name_is_never_overwritten(
    domain: CopierDomain, held: Mapping[str, str]
) -> None:
    """It is refused, and a person is told once."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.seed(APPROVED, "one", {"1.0": held})
    (record,) = domain.approve("one", "1.0").values()
    domain.deliver(domain.order("one", "1.0"))
    assert domain.assets_there("one", "1.0") == set(held)
    assert domain.there() == {"1.0": "Published"}
    refused = domain.record("one", "1.0")
    assert refused.state == "refused"
    assert refused.reason.startswith("approved has another one: ")
    assert [one.version for one in domain.announced.refused] == ["1.0"]
    domain.records.put(replace(refused, state="approved", revision=record.revision))
    domain.deliver(domain.order("one", "1.0"))
    assert [subject for subject, _ in domain.people.told] == ["pkg:pypi/one@1.0: not promoted"]


@pytest.mark.parametrize("carried", ["carry", "published"])
def test_what_codeartifact_does_not_allow_is_refused_with_its_words(
    domain: CopierDomain, carried: str
) -> None:
    """An archived version may be such a one: which may be copied is not documented."""
    domain.local.faults(copyCarriesStatus=carried, copyObeysOriginControls=True)
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")
    domain.local.client().put_package_origin_configuration(
        domain="my-company",
        repository="approved",
        format="pypi",
        package="one",
        restrictions={"publish": "BLOCK", "upstream": "BLOCK"},
    )
    domain.deliver(domain.order("one", "1.0"))
    assert domain.there() == {}
    record = domain.record("one", "1.0")
    assert record.state == "refused"
    assert "cannot be copied to this repository" in record.reason
    assert "origin controls" in record.reason
    assert len(domain.people.told) == 1


def test_a_copy_whose_record_was_not_written_is_found_there(domain: CopierDomain) -> None:
    """The judge is asked to order it again; then it is already there, and gets its record."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")
    order = domain.order("one", "1.0")
    failing = RecordsError("PutItem", "InternalServerError", "down")

    def fail() -> None:
        raise failing

    domain.records.before_put = fail
    assert domain.deliver(order) == []
    assert domain.there() == {"1.0": "Published"}
    assert domain.record("one", "1.0").state == "approved"
    assert domain.announced.promoted == []
    assert domain.asked.looks == [("one", timedelta(minutes=6))]
    domain.records.before_put = lambda: None
    assert domain.deliver(order) == []
    assert domain.record("one", "1.0").state == "copied"
    assert len(domain.announced.promoted) == 1


def test_an_order_comes_back_if_the_judge_cannot_be_asked(domain: CopierDomain) -> None:
    """Its message is the only thing left that knows of it. The other order is done with."""
    for name in ("one", "two"):
        domain.seed(package().repository, name, {"1.0": WHEEL})
        domain.approve(name, "1.0")
    domain.asked.down = True
    domain.local.client().delete_repository(domain="my-company", repository="approved")
    order = domain.order("two", "1.0")
    domain.records.put(replace(domain.record("two", "1.0"), state="held"))
    assert domain.deliver(domain.order("one", "1.0"), order) == ["0"]
    assert domain.record("one", "1.0").state == "approved"


def test_a_person_is_told_of_a_copy_that_keeps_failing(domain: CopierDomain) -> None:
    """Once, when half an hour has passed since the approval; not of the first failures."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")
    domain.local.client().delete_repository(domain="my-company", repository="approved")
    order = domain.order("one", "1.0")
    domain.deliver(order)
    assert domain.people.told == []
    domain.now = NOW + timedelta(minutes=30)
    domain.deliver(order)
    domain.deliver(order)
    assert [subject for subject, _ in domain.people.told] == [
        "pkg:pypi/one: approved, but not promoted"
    ]
    assert "ResourceNotFoundException" in domain.people.told[0][1]


def test_a_decision_that_is_made_meanwhile_stays(domain: CopierDomain) -> None:
    """What is in approved by then is recorded and checked again at once; a person is told."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")

    def refuse() -> None:
        record = domain.record("one", "1.0")
        domain.records.put(replace(record, state="refused", reason="MAL-1"))

    domain.before_copies = refuse
    domain.deliver(domain.order("one", "1.0"))
    record = domain.record("one", "1.0")
    assert record.state == "copied"
    assert record.findings == ("While it was copied, it was refused: MAL-1",)
    assert (domain.asked.looks, domain.asked.rechecks) == ([("one", None)], ["one"])
    assert len(domain.people.told) == 1


def test_a_record_of_another_revision_keeps_its_state(domain: CopierDomain) -> None:
    """The copy is noted; what is judged now is the other revision."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")

    def renew() -> None:
        record = domain.record("one", "1.0")
        domain.records.put(replace(record, state="held", revision="a-newer-one"))

    domain.before_copies = renew
    domain.deliver(domain.order("one", "1.0"))
    record = domain.record("one", "1.0")
    assert (record.state, record.revision, record.copied_at) == ("held", "a-newer-one", NOW)


def test_a_refusal_that_comes_too_late_is_dropped(domain: CopierDomain) -> None:
    """Whoever has decided meanwhile knows better."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0", revision="an-earlier-one")

    def decide() -> None:
        domain.records.put(replace(domain.record("one", "1.0"), reason="anew"))

    domain.before_copies = decide
    domain.deliver(domain.order("one", "1.0"))
    record = domain.record("one", "1.0")
    assert (record.state, record.reason) == ("approved", "anew")
    assert domain.asked.looks == [("one", None)]


def test_an_order_follows_what_it_depends_on(domain: CopierDomain) -> None:
    """Though it stands before it in the batch."""
    for name in ("app", "library"):
        domain.seed(package().repository, name, {"1.0": WHEEL})
        domain.approve(name, "1.0")
    app = domain.order("app", "1.0", after=[("library", "1.0")])
    assert domain.deliver(app, domain.order("library", "1.0")) == []
    assert domain.copied_in_order == ["library", "app"]
    assert (domain.record("app", "1.0").state, domain.asked.looks) == ("copied", [])


def test_without_its_dependency_a_version_goes_back_to_the_judge(domain: CopierDomain) -> None:
    """The look is delayed: the dependency may be on its way."""
    for name in ("app", "library"):
        domain.seed(package().repository, name, {"1.0": WHEEL})
        domain.approve(name, "1.0")
    domain.records.put(replace(domain.record("library", "1.0"), state="held"))
    assert domain.deliver(domain.order("app", "1.0", after=[("library", "1.0")])) == []
    assert nothing_there(domain, "app")
    assert domain.record("app", "1.0").state == "approved"
    assert domain.asked.looks == [("app", timedelta(minutes=2))]


@pytest.mark.parametrize(("waited", "minutes"), [(1, 2), (5, 5), (20, 15), (40, 15)])
def test_what_waits_for_long_is_looked_at_ever_less_often(
    domain: CopierDomain, waited: int, minutes: int
) -> None:
    """Judged anew a moment ago or not: what counts is since when; at last a person is told."""
    for name in ("app", "library"):
        domain.seed(package().repository, name, {"1.0": WHEEL})
    since = NOW - timedelta(minutes=waited)
    domain.approve("app", "1.0", approved_since=since)
    domain.deliver(domain.order("app", "1.0", after=[("library", "1.0")]))
    assert domain.asked.looks == [("app", timedelta(minutes=minutes))]
    told = [subject for subject, _ in domain.people.told]
    assert told == (["pkg:pypi/app: approved, but not promoted"] if waited >= 30 else [])


def test_orders_that_wait_for_one_another_are_tried_nevertheless(domain: CopierDomain) -> None:
    """Neither is copied without the other, and neither keeps the batch waiting."""
    for name in ("one", "two"):
        domain.seed(package().repository, name, {"1.0": WHEEL})
        domain.approve(name, "1.0")
    assert (
        domain.deliver(
            domain.order("one", "1.0", after=[("two", "1.0")]),
            domain.order("two", "1.0", after=[("one", "1.0")]),
        )
        == []
    )
    assert sorted(name for name, _ in domain.asked.looks) == ["one", "two"]


def test_the_turns_of_a_batch() -> None:
    """Orders of one package in sequence, and each after what it needs."""

    def order(name: str, version: str, *after: tuple[str, str]) -> CopyOrder:
        needed = tuple((package(other), one) for other, one in after)
        return CopyOrder(package(name), RULE.name, RULE.to, {version: "r"}, needed, NOW)

    orders = [
        order("a", "1", ("b", "1")),
        order("b", "1"),
        order("a", "2"),
        order("c", "1", ("c", "1"), ("gone", "1")),
    ]
    assert turns(orders) == {0: {1}, 1: set(), 2: {0}, 3: set()}


def test_orders_for_which_there_is_no_time_go_back_to_the_judge(domain: CopierDomain) -> None:
    """Those that were begun are finished; on the queue, the others would hold up everything."""
    for name in ("one", "two", "three"):
        domain.seed(package().repository, name, {"1.0": WHEEL})
        domain.approve(name, "1.0")
    answers = iter([True, False, False])
    orders = [domain.order(name, "1.0") for name in ("one", "two", "three")]
    assert domain.deliver(*orders, time_left=lambda: next(answers)) == []
    assert domain.there("one") == {"1.0": "Published"}
    assert nothing_there(domain, "two")
    assert domain.asked.looks == [("two", FAILED_LATER), ("three", FAILED_LATER)]


def test_orders_for_which_there_is_no_time_come_back_if_nobody_can_be_asked(
    domain: CopierDomain,
) -> None:
    """Nothing is lost."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")
    domain.asked.down = True
    assert domain.deliver(domain.order("one", "1.0"), time_left=lambda: False) == ["0"]
    assert nothing_there(domain, "one")


def test_a_message_that_is_no_order_holds_up_nobody(domain: CopierDomain) -> None:
    """It is dropped, a person is told once a day, and the order behind it is carried out."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    domain.approve("one", "1.0")
    look = messages.look(package())
    assert domain.deliver("nonsense", look, domain.order("one", "1.0")) == []
    assert domain.record("one", "1.0").state == "copied"
    assert [subject for subject, _ in domain.people.told] == ["A message that is no copy order"]


def test_observe_mode_copies_and_records_nothing(domain: CopierDomain) -> None:
    """Orders of another time may still be on the queue."""
    domain.seed(package().repository, "one", {"1.0": WHEEL})
    (before,) = domain.approve("one", "1.0").values()
    assert domain.deliver(domain.order("one", "1.0"), observe=True) == []
    assert nothing_there(domain)
    assert domain.record("one", "1.0") == before


def test_the_quota_of_copies_throttles_nobody(domain: CopierDomain) -> None:
    """Fifteen orders, side by side, at 5 requests a second: none is refused, none is repeated."""
    names = [f"package-{number}" for number in range(15)]
    for name in names:
        domain.seed(package().repository, name, {"1.0": WHEEL})
        domain.approve(name, "1.0")
    domain.local.faults(throttle={"CopyPackageVersions": 5})
    domain.pace = Pace(4.9)
    for start in (0, 10):
        assert (
            domain.deliver(*[domain.order(one, "1.0") for one in names[start : start + 10]]) == []
        )
    assert domain.local.requests()["CopyPackageVersions"] == 15
    assert {domain.record(name, "1.0").state for name in names} == {"copied"}
    assert domain.asked.looks == []
