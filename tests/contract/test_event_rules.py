"""The rules of the template pass on what an automation must see, and nothing that it did itself."""

import json
from typing import TYPE_CHECKING, cast

import pytest
from moto.events.models import EventPattern

from tests.contract.cloudformation import ACCOUNT, Document, deployed
from tests.contract.project import ROOT

if TYPE_CHECKING:
    from moto.events.utils import EventMessageType

SNAPSHOTS, ORIGINS = "SnapshotBuildsRule", "OriginControlsRule"
each_rule = pytest.mark.parametrize("rule", [SNAPSHOTS, ORIGINS])

# Which rules pass on which sample event.
SAMPLES = {
    "look-again.json": set(),  # not an event: the function puts it on its own queue
    "maven-snapshot-build-created.json": {SNAPSHOTS, ORIGINS},
    "maven-snapshot-build-unlisted.json": set(),
    "maven-snapshot-published.json": {SNAPSHOTS, ORIGINS},
    "npm-outside-version-archived.json": set(),
    "npm-outside-version-retained.json": {SNAPSHOTS, ORIGINS},
    "npm-prerelease-published.json": {SNAPSHOTS, ORIGINS},
    "pypi-version-ingested.json": {SNAPSHOTS, ORIGINS},
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
        pytest.param({"packageVersionState": "Unfinished"}, id="a build was begun"),
        pytest.param({"packageFormat": "npm"}, id="npm"),
        pytest.param({"packageFormat": "pypi"}, id="PyPI"),
        pytest.param({"packageFormat": "nuget"}, id="NuGet"),
    ],
)
@each_rule
def test_both_rules_pass_on_what_came_in_or_back(
    resources: Document, rule: str, detail: Document
) -> None:
    """It may have replaced a build, and it may have come from the wrong side."""
    assert matches(resources, rule, an_event(**detail))


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param({"packageFormat": "generic"}, id="generic, a format without pre-releases"),
        pytest.param({"packageFormat": "cargo"}, id="Cargo"),
        pytest.param({"packageFormat": "ruby"}, id="Ruby"),
        pytest.param({"packageFormat": "swift"}, id="Swift"),
        pytest.param({"packageVersionState": "Unlisted"}, id="a version that came in unlisted"),
    ],
)
def test_origin_controls_are_for_every_format_and_all_that_comes_in(
    resources: Document, detail: Document
) -> None:
    """A package of any format can be confused with one from outside; no build is replaced by it."""
    assert matches(resources, ORIGINS, an_event(**detail))
    assert not matches(resources, SNAPSHOTS, an_event(**detail))


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param(
            {"operationType": "Updated", "packageVersionState": "Unlisted"},
            id="unlisted: what unlist_snapshot_builds does",
        ),
        pytest.param(
            {"operationType": "Updated", "packageVersionState": "Archived"},
            id="archived: what enforce_origin_controls does",
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
    """A version that came in wakes both; one that went, or that we changed, nobody."""
    event = json.loads((ROOT / "events" / name).read_text(encoding="utf-8"))
    heard = {rule for rule in (SNAPSHOTS, ORIGINS) if matches(resources, rule, event)}
    assert heard == SAMPLES[name]
