"""The unit tier touches nothing: no socket may be opened in it."""

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled: None) -> None:
    """Every test of this tier fails if it opens a socket (pytest-socket)."""
