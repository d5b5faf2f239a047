"""What functional tests share: a local CodeArtifact, and one with an automation at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.functional.local_codeartifact import emulator_server, local, local_options

if TYPE_CHECKING:
    from tests.functional.origin_domain import OriginDomain
    from tests.functional.snapshot_domain import SnapshotDomain

__all__ = [
    "emulator_server",
    "local",
    "local_options",
    "origin_domain",
    "origins",
    "snapshots",
    "watched_domain",
]


@pytest.fixture(scope="module")
def watched_domain() -> Iterator[SnapshotDomain]:
    """One local CodeArtifact a module; `snapshots` hands it out with nothing left in it."""
    from emulator.app import create_app
    from emulator.options import Options
    from emulator.server import RunningServer
    from tests.functional.snapshot_domain import watch

    app = create_app(Options(), public={})
    with closing(app), RunningServer(app) as server:
        domain = watch(server.url, app.state.codeartifact)
        with domain.http:
            yield domain


@pytest.fixture
def snapshots(watched_domain: SnapshotDomain) -> SnapshotDomain:
    """The watched domain, at rest, without faults, with nothing counted yet."""
    watched_domain.start_again()
    return watched_domain


@pytest.fixture(scope="module")
def origin_domain() -> Iterator[OriginDomain]:
    """One local CodeArtifact a module; `origins` hands it out with nothing left in it."""
    from emulator.app import create_app
    from emulator.options import Options
    from emulator.server import RunningServer
    from tests.functional.origin_domain import watch

    app = create_app(Options(), public={})
    with closing(app), RunningServer(app) as server:
        domain = watch(server.url, app.state.codeartifact)
        with domain.http:
            yield domain


@pytest.fixture
def origins(origin_domain: OriginDomain) -> OriginDomain:
    """The domain of the origin controls, at rest, without faults, with nothing counted yet."""
    origin_domain.start_again()
    return origin_domain
