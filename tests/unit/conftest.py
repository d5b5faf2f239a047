"""The unit tier touches nothing: no socket may be opened in it. What it logs can be read."""

import pytest

from tests.unit.logged_lines import Lines


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled: None) -> None:
    """Every test of this tier fails if it opens a socket (pytest-socket)."""


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """What is logged during a test."""
    return Lines(caplog)
