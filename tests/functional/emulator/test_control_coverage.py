"""COVERAGE.md says what the code does."""

from __future__ import annotations

from emulator import coverage
from emulator.api import registry
from emulator.wire import model


def test_the_coverage_page_is_what_its_generator_writes() -> None:
    """A change of a route, an operation, a source or a switch comes with the page's new text."""
    assert coverage.FILE.read_text(encoding="utf-8") == coverage.document(), (
        "run `python -m emulator.coverage`"
    )


def test_every_operation_of_the_model_is_carried_out() -> None:
    """All 48 that botocore's service model has."""
    assert registry.functions().keys() == model.load().by_name.keys()
    assert "All 48 operations of the model are implemented." in coverage.document()
