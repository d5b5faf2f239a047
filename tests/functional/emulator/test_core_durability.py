"""What many writers at once and a killed process do to the state: nothing."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.core import versions
from emulator.core.errors import Conflict, InternalServer
from emulator.core.origins import PublishBlocked
from emulator.core.state import open_state
from emulator.core.values import Version
from emulator.options import Options
from tests.functional.emulator.local_core import GENERIC, MAVEN, REPOSITORY, Core, opened

ACKNOWLEDGED = 25

_WRITER = """
import sys
from pathlib import Path
from tests.functional.emulator.local_core import opened

with opened(Path(sys.argv[1])) as core:
    for number in range(1_000_000):
        core.publish(f"{number}.0", content=str(number))
        print(f"{number}.0", flush=True)
"""


def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """Every version whose publish returned is there afterwards, with its bytes."""
    acknowledged: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            acknowledged.append(line.strip())
            if len(acknowledged) == ACKNOWLEDGED:
                child.kill()
    with opened(tmp_path) as core:
        held = {each.version: each for each in versions.all_of(core.state, REPOSITORY, GENERIC)}
        assert set(acknowledged) <= set(held)
        for version in held.values():
            (asset,) = version.assets
            content = core.state.assets.path(asset.blob.sha256).read_bytes()
            assert content == f"package.bin{version.version.removesuffix('.0')}".encode()


def test_writers_at_once_get_a_sequence_without_gaps(core: Core) -> None:
    """Each version is there, each event has a number of its own."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: core.publish(f"{number}.0"), range(40)))
    assert len(core.statuses()) == 40
    numbers = [int(str(each["sequenceNumber"])) for each in core.delivered()]
    assert numbers == list(range(1, 41))


def test_of_writers_with_other_bytes_one_wins(core: Core) -> None:
    """The others get a conflict, and the version holds the winner's bytes."""

    def publish(number: int) -> Version | None:
        try:
            return core.publish("1.0", "a.jar", package=MAVEN, content=str(number))
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        winners = [each for each in pool.map(publish, range(16)) if each is not None]
    assert len(winners) == 1
    assert versions.describe(core.state, REPOSITORY, MAVEN, "1.0") == winners[0]


def test_refused_uploads_take_no_bytes_from_those_that_were_accepted(core: Core) -> None:
    """The same bytes at once, to a package that blocks publishing and to one that does not."""
    core.restrict("BLOCK", "ALLOW", package=MAVEN)

    def upload(number: int) -> Version | None:
        package = GENERIC if number % 2 else MAVEN
        try:
            return core.publish(f"{number}.0", package=package, content=str(number // 8))
        except PublishBlocked:
            return None

    with ThreadPoolExecutor(8) as pool:
        accepted = [each for each in pool.map(upload, range(200)) if each]

    assert len(accepted) == 100
    for version in accepted:
        assert all(core.state.assets.contains(asset.blob.sha256) for asset in version.assets)


def test_a_data_folder_that_is_in_use_is_not_opened_again(tmp_path: Path) -> None:
    """Two at once would remove each other's uploads; the first is not disturbed."""
    with opened(tmp_path) as core:
        upload = core.state.assets.writer()
        with pytest.raises(InternalServer, match="in use by another"), opened(tmp_path):
            pass
        assert upload.path.is_file()
        upload.abort()
    with opened(tmp_path):
        pass  # and it is free afterwards


@pytest.mark.parametrize(
    ("account", "region"),
    [
        pytest.param("111122223333", "us-west-2", id="another account"),
        pytest.param("012345678901", "eu-west-1", id="another region"),
    ],
)
def test_a_data_folder_stays_with_its_account_and_region(
    account: str, region: str, tmp_path: Path
) -> None:
    """Under others it is refused, untouched; under its own it opens again."""
    with opened(tmp_path) as core:
        core.publish("1.0")
    with pytest.raises(InternalServer, match="the account 012345678901 in us-west-2, this is"):
        open_state(Options(account=account, region=region, data=tmp_path))
    with opened(tmp_path) as core:
        held = [each.version for each in versions.all_of(core.state, REPOSITORY, GENERIC)]
        assert held == ["1.0"]
