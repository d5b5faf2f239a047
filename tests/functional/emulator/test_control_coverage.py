"""COVERAGE.md says what the code does."""

from __future__ import annotations

from emulator import coverage


def test_the_coverage_page_is_what_its_generator_writes() -> None:
    """A change of a route, an operation, a source or a switch comes with the page's new text."""
    assert coverage.FILE.read_text(encoding="utf-8") == coverage.document(), (
        "run `python -m emulator.coverage`"
    )
