"""What makes exemptions of builds, expired and warmed versions last, in words."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from cli.lasting_promotions import ended_lines, remedies
from cli.lasting_rules import of_origins
from cli.lasting_versions import version_remedies
from steward.ledger import Exemption
from tests.unit.fake_codeartifact import package

MADE = datetime(2026, 3, 1, tzinfo=UTC)


def exemption(
    automation: str | None, version: str | None = "1.0", rule: str = "rule[0]"
) -> Exemption:
    """Return an exemption of seven days."""
    return Exemption(
        package(), version, rule, "jo", "why", MADE, MADE + timedelta(days=7), automation
    )


@pytest.mark.parametrize(
    ("automation", "by_origins", "by_promotion", "by_versions"),
    [
        pytest.param(None, True, False, False, id="written before that was noted"),
        pytest.param("enforce_origin_controls", True, False, False, id="origins"),
        pytest.param("promote_versions", False, True, False, id="a recall"),
        pytest.param("unlist_snapshot_builds", False, False, True, id="an unlisted build"),
        pytest.param("expire_versions", False, False, True, id="an expired version"),
        pytest.param("warm_caches", False, False, True, id="a version with other files"),
    ],
)
def test_each_exemption_has_the_words_of_its_automation(
    automation: str | None, *, by_origins: bool, by_promotion: bool, by_versions: bool
) -> None:
    """No line of `origins` makes a build or an expired version last."""
    one = exemption(automation)
    assert bool(of_origins([one])) is by_origins
    assert bool(remedies([one])) is by_promotion
    assert bool(version_remedies([one])) is by_versions


def test_an_expired_version_can_be_kept_by_its_rule() -> None:
    """The line is YAML as the policy takes it, with all versions of the rule."""
    some = [exemption("expire_versions", version) for version in ("1.0", "2.0-rc.1")]
    (remedy,) = version_remedies([*some, exemption("expire_versions", "3.0", "rule[1]")])[:1]
    assert remedy.versions == ("1.0", "2.0-rc.1")
    assert yaml.safe_load(remedy.text.splitlines()[-1]) == {"keep": ["1.0", "2.0-rc.1"]}
    assert remedy.document()["remedy"] == remedy.text


@pytest.mark.parametrize("automation", ["unlist_snapshot_builds", "expire_versions"])
def test_what_happens_when_such_an_exemption_ends(automation: str) -> None:
    """The next sweep looks at it; nothing is said of `steward enforce`."""
    said = ended_lines([exemption(automation)], "my-maven-repo")
    assert "rule[0]" in said
    assert "steward sweep" in said
    assert "steward enforce" not in said


def test_nothing_is_said_of_what_no_sweep_looks_at() -> None:
    """Files are compared when a cache is warmed."""
    assert ended_lines([exemption("warm_caches")], "my-maven-repo") == ""
