"""Promotion of packages of each format that the local CodeArtifact serves, and in stages."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from promote_versions.seen import destined
from steward.coordinates import Format, Package, Repository
from steward.promotion_rules import Integrity, MinimumAge, Requirements, VersionChoice
from tests.functional.promotion_domain import (
    INTAKE,
    NOW,
    PromotionDomain,
    to_approved,
)
from tests.unit.fake_promotions import rule

AGED = Requirements(minimum_age=MinimumAge(timedelta(days=7)))
STAGING = "staging"


def assets(package: Package, version: str) -> list[dict[str, object]]:
    """Return the assets that a version of the package's format needs to be released."""
    if package.format != "maven":
        return []
    return [
        {"name": f"{package.name}-{version}.{kind}", "content": f"{kind} of {version}"}
        for kind in ("jar", "pom")
    ]


@pytest.mark.parametrize(
    ("package_format", "namespace"),
    [("pypi", None), ("npm", None), ("npm", "scope"), ("maven", "com.example")],
)
def test_the_age_counts_from_the_public_release(
    promotions: PromotionDomain, package_format: Format, namespace: str | None
) -> None:
    """As the repository endpoint tells it in each format; both were fetched just now."""
    promotions.by(to_approved(AGED))
    package = promotions.new_package(package_format, namespace)
    for version, age in (("1.0.0", 8), ("1.1.0", 6)):
        files = assets(package, version)
        more: dict[str, object] = {"assets": files} if files else {}
        promotions.seed(package, version, released=NOW - timedelta(days=age), **more)
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0.0": "copied", "1.1.0": "held"}
    assert promotions.record(package, "1.1.0").due == NOW + timedelta(days=1)
    promotions.wait(timedelta(days=1))
    assert set(promotions.there(package)) == {"1.0.0", "1.1.0"}


def test_snapshots_are_never_promoted(promotions: PromotionDomain) -> None:
    """Neither the snapshot nor its builds: copying them is not documented."""
    promotions.by(to_approved())
    package = promotions.new_package("maven", "com.example")
    promotions.seed(package, "1.0-SNAPSHOT", "1.0-20260301.101500-1", "1.0")
    promotions.events_of(package)
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published"}


def test_a_pre_release_is_refused_where_releases_are_wanted(promotions: PromotionDomain) -> None:
    """By the row of the list alone: nothing is looked up about it."""
    promotions.by(
        to_approved(
            Requirements(minimum_age=AGED.minimum_age, versions=VersionChoice(releases_only=True))
        )
    )
    package = promotions.seed(promotions.new_package(), "2.0rc1")
    promotions.forget_requests()
    promotions.events_of(package)
    assert promotions.states(package) == {"2.0rc1": "refused"}
    assert dict(promotions.requests()) == {"ListPackageVersions": 1}


def test_only_files_with_the_hashes_of_the_lock_file_pass(promotions: PromotionDomain) -> None:
    """One version is what the lock file says, the other was tampered with."""
    package = promotions.new_package()
    digest = hashlib.sha256(b"as it was released").hexdigest()
    hashes = {package.purl(version): frozenset({f"SHA-256:{digest}"}) for version in ("1.0", "1.1")}
    promotions.by(to_approved(Requirements(integrity=Integrity(("requirements.txt",), hashes))))
    for version, content in (("1.0", "as it was released"), ("1.1", "something else")):
        file = {"name": f"{package.name}-{version}.tar.gz", "content": content}
        promotions.seed(package, version, assets=[file])
    promotions.forget_requests()
    promotions.events_of(package)
    assert promotions.requests()["ListPackageVersionAssets"] == 2
    promotions.come_to_rest()
    assert promotions.states(package) == {"1.0": "copied", "1.1": "refused"}
    assert promotions.there(package) == {"1.0": "Published"}


def test_an_event_may_come_before_the_version_is_visible(promotions: PromotionDomain) -> None:
    """The second look finds it; where there is nothing, there is no third one."""
    promotions.by(to_approved())
    package, never = promotions.new_package(), promotions.new_package()
    promotions.events_of(package, never)
    promotions.seed(package, "1.0")
    promotions.now += timedelta(minutes=5)
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published"}
    assert promotions.queue.delayed == []


def test_stages_are_rules_in_a_row(promotions: PromotionDomain) -> None:
    """What came to the first destination is judged by the rule that promotes from there."""
    promotions.client.create_repository(domain="my-company", repository=STAGING)
    promotions.by(
        rule(AGED, name="to-staging", patterns=("/*",), source=INTAKE.name, to=STAGING),
        rule(
            Requirements(approval="manual"),
            name="to-production",
            patterns=("/*",),
            source=STAGING,
            to="approved",
        ),
    )
    package = promotions.seed(promotions.new_package(), "1.0")
    promotions.events_of(package)
    promotions.come_to_rest()
    staged = destined(package, STAGING)
    assert promotions.states(staged, "to-production") == {"1.0": "held"}
    assert promotions.there(package) == {}
    promotions.say("approve", staged, "1.0", "to-production")
    promotions.come_to_rest()
    assert promotions.there(package) == {"1.0": "Published"}
    assert staged.repository == Repository("my-company", INTAKE.domain_owner, STAGING)
