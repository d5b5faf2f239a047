"""What commands print on a terminal of 80 columns: nothing that people need is cut off."""

from datetime import UTC, datetime

import pytest

from cli.commands.restore import _show
from cli.origin_tables import Run, of_run
from cli.output import stdout
from cli.restoration import Part
from enforce_origin_controls.decision import Drifted
from enforce_origin_controls.outcome import Found, Outcome
from steward.coordinates import (
    Origin,
    Package,
    PackageVersion,
    Repository,
    Restrictions,
)
from steward.errors import LedgerError
from steward.ledger import RestrictionsChange, StatusChange

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PACKAGE = Package(
    Repository("my-company", "012345678901", "maven-releases-of-all-departments"),
    "maven",
    "com.mycompany.department.subdepartment",
    "an-artifact-with-a-rather-long-name",
)
VERSION = "99.0.0-with-a-long-qualifier-20260301.101500-1"
DENIED = "arn:aws:sts::012345678901:assumed-role/PlatformEngineers/somebody may not Query"
OPEN = Restrictions("ALLOW", "ALLOW")
CLOSED = Restrictions("ALLOW", "BLOCK")


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def unfolded(said: str) -> str:
    """Return the text of all cells, without borders and line breaks, column after column."""
    rows = [line[1:-1].split("│") for line in said.splitlines() if line.startswith("│")]
    return "".join("".join(cell.strip() for cell in column) for column in zip(*rows, strict=True))


def test_enforce_shows_names_and_errors_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that names a role is of no use without the end of its name."""
    outside = PackageVersion(VERSION, "Published", Origin("EXTERNAL", None, "public:npmjs"))
    outcome = Outcome(
        PACKAGE,
        "origins[12]",
        Drifted(OPEN, CLOSED, "the policy calls the package internal"),
        written=True,
        found=(Found(outside, "archived", "as the rule says"),),
        error=LedgerError("Query", "AccessDeniedException", DENIED),
    )
    run = Run("my-company", "maven", False, 1, 3, frozenset(), [outcome])  # noqa: FBT003  no plan
    stdout().print(of_run(run))
    said = capsys.readouterr().out
    assert "…" not in said
    assert max(len(line) for line in said.splitlines()) <= 80
    for text in (PACKAGE.purl(), VERSION, "AccessDeniedException", DENIED.split(maxsplit=1)[0]):
        assert text in unfolded(said)


def test_restore_shows_versions_and_reasons_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """As they have to be typed."""
    change = StatusChange(PACKAGE, VERSION, "Published", "Archived", "origins[12]", "x", NOW)
    closing = RestrictionsChange(PACKAGE, OPEN, CLOSED, "origins[12]", "x", NOW)
    parts = [Part(closing, OPEN, "put back"), Part(change, "Archived", "failed", DENIED)]
    _show(PACKAGE, parts, [], "")
    said = capsys.readouterr().out
    table = [line for line in said.splitlines() if line.startswith("│")]
    assert "…" not in said
    assert max(len(line) for line in table) <= 80
    for text in (VERSION, DENIED.split(maxsplit=1)[0]):
        assert text in unfolded(said)
    where = PACKAGE.repository.name
    assert f"`steward exemptions --end {PACKAGE.purl()} --repository {where}`" in said
