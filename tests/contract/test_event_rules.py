"""The rules of the template pass on what an automation must see, and nothing that it did itself."""

import json
from typing import TYPE_CHECKING, cast

import pytest
from moto.events.models import EventPattern

from tests.contract.cloudformation import ACCOUNT, Document, deployed
from tests.contract.project import ROOT

if TYPE_CHECKING:
    from moto.events.utils import EventMessageType

SNAPSHOTS, ORIGINS, PROMOTIONS = "SnapshotBuildsRule", "OriginControlsRule", "PromotionsRule"
EXPIRY = "ExpiryRule"
RULES = {SNAPSHOTS, ORIGINS, PROMOTIONS, EXPIRY}
each_rule = pytest.mark.parametrize("rule", sorted(RULES))

# Which rules pass on which sample event.
SAMPLES: dict[str, set[str]] = {
    # Not events, but messages that stand on our own queues.
    "approval.json": set(),
    "copy-package-versions.json": set(),
    "look-again.json": set(),
    "promotions-due.json": set(),
    "recheck-package.json": set(),
    "recheck-promoted-versions.json": set(),
    "sweep-apply.json": set(),
    "sweep-begin.json": set(),
    "sweep-gather.json": set(),
    "sweep-list.json": set(),
    "sweep-requested.json": set(),
    "sweep-summarize.json": set(),
    "sweep-weigh.json": set(),
    "warm-caches.json": set(),
    "warm-packages.json": set(),
    "maven-release-published.json": RULES,
    "maven-snapshot-build-created.json": {SNAPSHOTS, ORIGINS},
    "maven-snapshot-build-unlisted.json": set(),
    "maven-snapshot-published.json": RULES,
    "npm-outside-version-archived.json": set(),
    "npm-outside-version-retained.json": RULES,
    "npm-prerelease-published.json": RULES,
    "promotable-version-ingested.json": RULES,
    "pypi-version-ingested.json": RULES,
    "version-deleted.json": set(),
}


@pytest.fixture(scope="module")
def resources() -> Document:
    """What a deployment with the default parameters makes."""
    return deployed()


def an_event(**detail: object) -> Document:
    """Return the event of a published Maven version, with *detail* changed (User Guide, events)."""
    return {
        "version": "0",
        "source": "aws.codeartifact",
        "detail-type": "CodeArtifact Package Version State Change",
        "account": ACCOUNT,
        "detail": {
            "domainName": "my-company",
            "domainOwner": ACCOUNT,
            "packageFormat": "maven",
            "packageVersionState": "Published",
            "operationType": "Created",
            **detail,
        },
    }


def matches(resources: Document, rule: str, event: Document) -> bool:
    """Return whether EventBridge would pass *event* on."""
    pattern = resources[rule]["Properties"]["EventPattern"]
    return bool(
        EventPattern.load(json.dumps(pattern)).matches_event(cast("EventMessageType", event))
    )


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param({}, id="a version was published"),
        pytest.param({"operationType": "Updated"}, id="a version became Published"),
        pytest.param({"packageFormat": "npm"}, id="npm"),
        pytest.param({"packageFormat": "pypi"}, id="PyPI"),
        pytest.param({"packageFormat": "nuget"}, id="NuGet"),
    ],
)
@each_rule
def test_all_rules_pass_on_what_came_in_or_back(
    resources: Document, rule: str, detail: Document
) -> None:
    """It may replace a build, come from the wrong side, be worth promoting, or be one too many."""
    assert matches(resources, rule, an_event(**detail))


def test_only_a_published_version_is_promoted_or_counts(resources: Document) -> None:
    """A build that was begun may replace another one, or come from the wrong side."""
    begun = an_event(packageVersionState="Unfinished")
    assert {rule for rule in RULES if matches(resources, rule, begun)} == {SNAPSHOTS, ORIGINS}


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param({"packageFormat": "generic"}, id="generic, a format without pre-releases"),
        pytest.param({"packageFormat": "cargo"}, id="Cargo"),
        pytest.param({"packageFormat": "ruby"}, id="Ruby"),
        pytest.param({"packageFormat": "swift"}, id="Swift"),
    ],
)
def test_all_but_builds_are_for_every_format(resources: Document, detail: Document) -> None:
    """A package of any format can be confused with one from outside; no build is replaced by it."""
    heard = {rule for rule in RULES if matches(resources, rule, an_event(**detail))}
    assert heard == {ORIGINS, PROMOTIONS, EXPIRY}


def test_origin_controls_look_at_what_came_in_unlisted(resources: Document) -> None:
    """It can be downloaded, wherever it came from; it is nothing to promote."""
    unlisted = an_event(packageVersionState="Unlisted")
    assert {rule for rule in RULES if matches(resources, rule, unlisted)} == {ORIGINS}


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param(
            {"operationType": "Updated", "packageVersionState": "Unlisted"},
            id="unlisted: what unlist_snapshot_builds, expire_versions and recalls do",
        ),
        pytest.param(
            {"operationType": "Updated", "packageVersionState": "Archived"},
            id="archived: what enforce_origin_controls, expire_versions and recalls do",
        ),
        pytest.param({"packageVersionState": "Archived"}, id="a version that came in archived"),
        pytest.param(
            {"operationType": "Updated", "packageVersionState": "Disposed"},
            id="a version was disposed of",
        ),
        pytest.param({"operationType": "Deleted"}, id="a version was deleted"),
        pytest.param({"domainName": "my-company-dev"}, id="another domain"),
        pytest.param({"domainOwner": "111122223333"}, id="another account's domain"),
    ],
)
@each_rule
def test_no_rule_passes_on_what_nobody_can_come_in_by(
    resources: Document, rule: str, detail: Document
) -> None:
    """Our own status changes above all: the automations must wake neither themselves nor others."""
    assert not matches(resources, rule, an_event(**detail))


@each_rule
def test_our_own_notices_do_not_wake_us(resources: Document, rule: str) -> None:
    """Notices are announced on the same bus, under a source of their own."""
    assert not matches(resources, rule, an_event() | {"source": "codeartifact.steward"})


@each_rule
def test_a_rule_watches_the_domain_that_is_deployed_for(rule: str) -> None:
    """The parameter decides, not a name in the pattern."""
    elsewhere = deployed(DomainName="another-company")
    assert matches(elsewhere, rule, an_event(domainName="another-company"))
    assert not matches(elsewhere, rule, an_event())


def test_every_sample_event_says_who_hears_of_it() -> None:
    """The table above leaves none out."""
    assert SAMPLES.keys() == {path.name for path in (ROOT / "events").glob("*.json")}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_event_wakes_who_should_look(resources: Document, name: str) -> None:
    """A version that came in wakes all; one that went, or that we changed, nobody."""
    event = json.loads((ROOT / "events" / name).read_text(encoding="utf-8"))
    heard = {rule for rule in RULES if matches(resources, rule, event)}
    assert heard == SAMPLES[name]
