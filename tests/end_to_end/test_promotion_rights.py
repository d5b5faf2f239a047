"""
What each function of promote_versions asks of AWS, its role in the template allows.

The local stack does not enforce roles: here it is asked which function made which request.
"""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.noted_requests import Played, play, rights
from tests.end_to_end.played_template import until

JUDGE, APPROVER, COPIER = (
    "PromoteVersionsFunction",
    "ApprovePromotionsFunction",
    "CopyPromotedVersionsFunction",
)
POLICY = """\
domain: my-company
promotions:
  - name: approve
    packages: /pypi/*
    from: intake
    to: approved
    require:
      minimum_age: P7D
      vulnerabilities: {block_at: high}
      licences: {allow: [MIT]}
      approval: manual
    include_dependencies: true
    recall: archive
"""
PURL = "pkg:pypi/requests@1.0"
LOOK = {
    "source": "codeartifact.steward",
    "detail-type": "Look Again At Package",
    "detail": {
        "domainName": "my-company",
        "domainOwner": "012345678901",
        "repositoryName": "intake",
        "packageFormat": "pypi",
        "packageNamespace": None,
        "packageName": "requests",
    },
}


def is_recorded(played: Played, state: str) -> bool:
    """Return whether the one version's record has this state."""
    items = played.client("dynamodb").scan(TableName=played.stack.reference("PromotionsTable"))
    return state in {item.get("state", {}).get("S") for item in items["Items"]}


def decide(played: Played) -> None:
    """A version is judged, and waits for a person, who approves it."""
    package = {
        "format": "pypi",
        "package": "requests",
        "versions": [
            {
                "version": "1.0",
                "originalPublishTime": "2026-01-01T00:00:00Z",
                "licenses": ["MIT"],
            }
        ],
    }
    intake = {"name": "intake", "packages": [package]}
    # A way around that a group's allow-list closes: all that is asked about ways is asked.
    approved = {"name": "approved", "upstreams": ["intake"]}
    domain = {"name": "my-company", "repositories": [intake, approved]}
    played.admin("seed", {"domains": [domain]})
    codeartifact = played.client("codeartifact")
    codeartifact.create_package_group(domain="my-company", packageGroup="/pypi/*")
    codeartifact.update_package_group_origin_configuration(
        domain="my-company",
        packageGroup="/pypi/*",
        restrictions={"INTERNAL_UPSTREAM": "ALLOW_SPECIFIC_REPOSITORIES"},
    )
    played.send("PromotionsQueue", LOOK)
    until(lambda: is_recorded(played, "held"))
    asked = {"purl": PURL, "rule": "approve", "decision": "approve", "reason": "reviewed"}
    played.send("ApprovalsQueue", asked)


def recall(played: Played) -> None:
    """What was promoted turns out to be malicious, and the night comes."""
    affected = {"package": {"ecosystem": "PyPI", "name": "requests"}, "versions": ["1.0"]}
    played.admin("osv/entries", [{"id": "MAL-2026-1", "affected": [affected]}])
    played.stack.fire("RecheckPromotionsSchedule")


def test_what_is_asked_for_to_promote_and_to_recall_is_allowed(tmp_path: Path) -> None:
    """All three functions are at work, and none of them asks for more than it may."""
    with play("enforce", tmp_path, POLICY) as played:
        decide(played)
        until(lambda: is_recorded(played, "copied"))
        recall(played)
        until(lambda: is_recorded(played, "recalled"))
        asked = played.requests.actions
    for function in (JUDGE, APPROVER, COPIER):
        assert asked[function] <= rights("enforce", function)
    assert {"codeartifact:UpdatePackageVersionsStatus", "dynamodb:BatchWriteItem"} <= asked[JUDGE]
    assert {"codeartifact:GetAuthorizationToken", "sqs:SendMessage", "sns:Publish"} <= asked[JUDGE]
    assert "dynamodb:GetItem" in asked[APPROVER]
    assert "codeartifact:CopyPackageVersions" in asked[COPIER]


def test_what_is_asked_for_to_observe_is_allowed(tmp_path: Path) -> None:
    """Nothing is ordered, and so nothing is copied."""
    with play("observe", tmp_path, POLICY) as played:
        decide(played)
        until(lambda: is_recorded(played, "approved"))
        played.stack.fire("RecheckPromotionsSchedule")
        played.stack.fire("DuePromotionsSchedule")
        until(lambda: not played.stack.messages_left)
        asked = played.requests.actions
    for function in (JUDGE, APPROVER):
        assert asked[function]
        assert asked[function] <= rights("observe", function)
    assert COPIER not in asked
