"""What a source repository holds and the destination does not, package by package."""

from __future__ import annotations

from promote_versions.repository import Missing, missing_in
from promote_versions.seen import destined
from steward.promotion_rules import Requirements, VersionChoice
from tests.unit.fake_promotions import INTAKE, PromotionStage, package, rule

LEFT_PAD, RIGHT_PAD = package("left-pad"), package("right-pad")


def missing(stage: PromotionStage, *, rule: str | None = None, anew: bool = False) -> list[Missing]:
    """Return what is missing in the destinations of a stage."""
    found = missing_in(
        INTAKE,
        codeartifact=stage.codeartifact,
        policy=stage.to.policy,
        records=stage.records,
        now=stage.now,
        rule=rule,
        anew=anew,
    )
    return list(found)


def said(found: list[Missing]) -> dict[tuple[str, str], list[str]]:
    """Return the missing versions by package and rule."""
    return {
        (one.package.name, one.rule.name): [version.version for version in one.versions]
        for one in found
    }


def test_what_nobody_has_decided_is_missing() -> None:
    """Not what is copied, archived in the source, or in the destination by other means."""
    stage = PromotionStage(rule())
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.put(LEFT_PAD, "2.0.0", "3.0.0")
    stage.put(LEFT_PAD, "0.9.0", status="Archived")
    stage.put(destined(LEFT_PAD, "npm-approved"), "3.0.0", status="Archived")
    stage.put(RIGHT_PAD, "1.0.0")
    found = missing(stage)
    assert said(found) == {("left-pad", "approve"): ["2.0.0"], ("right-pad", "approve"): ["1.0.0"]}


def test_a_package_in_order_costs_a_list_and_a_query() -> None:
    """The destination is not listed for it; a package without a rule costs nothing."""
    stage = PromotionStage(rule(patterns=("/npm//left-pad$",)))
    stage.promoted(LEFT_PAD, "1.0.0")
    stage.put(RIGHT_PAD, "1.0.0")
    assert missing(stage) == []
    assert stage.codeartifact.calls == ["ListPackages", "ListPackageVersions"]
    assert stage.records.calls == ["of_package"]


def test_what_was_refused_is_missing_only_to_whoever_wants_it_judged_anew() -> None:
    """A sweep leaves it; `steward promote --repository` does not."""
    stage = PromotionStage(rule(Requirements(versions=VersionChoice(releases_only=True))))
    stage.put(LEFT_PAD, "1.0.0-rc.1")
    stage.event(LEFT_PAD)
    assert missing(stage) == []
    assert said(missing(stage, anew=True)) == {("left-pad", "approve"): ["1.0.0-rc.1"]}


def test_one_rule_can_be_asked_for() -> None:
    """Each destination is compared for its own rule."""
    stage = PromotionStage(rule(), rule(name="second", to="npm-second"))
    stage.put(LEFT_PAD, "1.0.0")
    stage.put(destined(LEFT_PAD, "npm-approved"), "1.0.0")
    assert said(missing(stage)) == {("left-pad", "second"): ["1.0.0"]}
    assert missing(stage, rule="approve") == []
