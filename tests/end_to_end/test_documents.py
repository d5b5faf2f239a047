"""The shell blocks of the README and of the guides do what the text beside them says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.project import ROOT
from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually, steward_up
from tests.end_to_end.public_packages import PublicPackages

ENDPOINT = "http://127.0.0.1:4566"
"""What the documents write; the one thing that is replaced in their blocks."""

SECONDS_A_BLOCK_MAY_TAKE = 120


def _document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(document: str, heading: str) -> list[str]:
    """Return the shell blocks of a section, in order."""
    text = _document(document)
    level = heading.partition(" ")[0]
    section = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^#{{2,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert section is not None, f"{document} has no section {heading!r}"
    return re.findall(r"^```sh\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)


class Reader:
    """Someone who pastes blocks into a shell, in the project's folder, with a private HOME."""

    def __init__(self, folder: Path, stack: LocalStack) -> None:
        self.home = folder / "home"
        self._endpoint = stack.endpoint
        self._folder = folder
        machine = Developer(self.home, stack.endpoint)
        # Nothing of AWS and no command of ours: the blocks bring these.
        self._environment = {
            **{
                name: value
                for name, value in machine.environment.items()
                if not name.startswith("AWS_")
            },
            "PATH": machine.environment["PATH"].removeprefix(f"{self.home / 'bin'}:"),
            "TMPDIR": str(folder),
        }
        # The environment of these tests may have another name.
        (folder / ".venv").symlink_to(sys.prefix)

    def paste(self, *pasted: str) -> str:
        """Run *pasted* in one shell that ends at the first failure; return its standard output."""
        script = "\n".join(pasted).replace(ENDPOINT, self._endpoint)
        done = subprocess.run(
            ["sh", "-e"],
            input=script,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_A_BLOCK_MAY_TAKE,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module", autouse=True)
def _public(public_packages: PublicPackages) -> None:
    """The package that the README installs, with a dependency, and a version to be warmed."""
    public_packages.release_python("politeness", "1.4.1")
    public_packages.release_python("requests", "2.26.0", requires=["politeness>=1"])
    public_packages.release_python("urllib3", "2.2.1")
    public_packages.release_python("requests", "2.31.0", requires=["urllib3>=2"])


@pytest.fixture(scope="module")
def reader(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A reader with nothing but the project's environment."""
    return Reader(tmp_path_factory.mktemp("reader"), stack)


@pytest.fixture(scope="module")
def installed(reader: Reader) -> str:
    """What pip lists after the README's block; the block leaves its domain in the stack."""
    start, use = blocks("README.md", "## Use it on your machine")
    assert start == ".venv/bin/steward up --mode enforce\n"
    return reader.paste(use, "python -m pip list --format freeze")


def test_the_readmes_block_installs_a_package_through_the_repository(
    reader: Reader, stack: LocalStack, installed: str
) -> None:
    """Pip has it, the repository has it, and the reader's own pip is configured as before."""
    assert "requests==2.26.0" in installed.splitlines()
    assert stack.versions("DemoRepository", "requests", fmt="pypi") == {"2.26.0": "Published"}
    assert not (reader.home / ".config").exists()


def test_the_local_guides_script_leaves_the_status_table_beside_it(
    reader: Reader, installed: str
) -> None:
    """Three builds of which the last has metadata: after a look, each has the status shown."""
    assert installed
    exports, *_ = blocks("docs/local.md", "## AWS clients")
    publish, look = blocks("docs/local.md", "### curl")
    guide = _document("docs/local.md")
    rows = re.findall(r"^\| `(1\.0-\S+)` \| `\w+` \| `(\w+)` \|$", guide, re.MULTILINE)
    assert len(rows) == len({version for version, _ in rows}) == 4

    assert "the jar of build 3" in reader.paste(exports, publish)

    def shown() -> list[tuple[str, ...]]:
        lines = reader.paste(exports.replace("list-repositories", "list-domains"), look)
        return [tuple(line.split()) for line in lines.splitlines() if line.startswith("1.0-")]

    eventually(shown, lambda seen: seen == rows)


GUARDED = "docs/local.md", "## A version from outside"
GATED = "docs/local.md", "## A promotion"
WARM = "docs/local.md", "## A warm cache"
EXPORTS = "docs/local.md", "## AWS clients"


def _look_around_with() -> str:
    """Return the local guide's exports, without the list of repositories that follows them."""
    exports, *_ = blocks(*EXPORTS)
    return exports.replace("aws codeartifact list-repositories\n", "")


@contextmanager
def _started_by(
    section: tuple[str, str], file: str, public: PublicPackages, factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    """Yield a reader of *section*, with the stack that its first block starts by *file*."""
    start, *_ = blocks(*section)
    script, _, command = start.strip().rpartition("\n")
    assert command == f".venv/bin/steward up --mode enforce --policy {file}"
    policy = re.search(r"<<'POLICY'\n(.*)^POLICY$", script, re.MULTILINE | re.DOTALL)
    assert policy is not None
    environment = {"STEWARD_PYPI_INDEX": public.simple_index}
    folder = factory.mktemp("started")
    with steward_up(folder, environment=environment, policy_text=policy[1]) as running:
        reader = Reader(factory.mktemp("reader"), running)
        reader.paste(script)
        yield reader


def _after_the_readmes_block(reader: Reader) -> str:
    """Paste the README's block once more; return what goes on in its shell's environment."""
    _, use = blocks("README.md", "## Use it on your machine")
    folder = reader.paste(use, 'echo "$TRY"').splitlines()[-1]
    return f'{_look_around_with()}\nTRY={folder}; . "$TRY/bin/activate"\n'


@pytest.fixture(scope="module")
def guarded(
    public_packages: PublicPackages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    """A reader of the guide's section on versions from outside, with the stack that it starts."""
    with _started_by(GUARDED, "ours.yaml", public_packages, tmp_path_factory) as reader:
        yield reader


@pytest.fixture(scope="module")
def attacked(guarded: Reader) -> str:
    """The README's block once more: what follows it goes on in its shell's environment."""
    return _after_the_readmes_block(guarded)


def test_the_local_guides_attack_is_stopped_and_can_be_undone(
    guarded: Reader, attacked: str
) -> None:
    """Archived and closed; downloadable while it is exempt; archived again afterwards."""
    _, look, fetch, undo, end = blocks(*GUARDED)
    said = [line.removeprefix("# ").split() for line in look.splitlines() if line.startswith("# ")]

    def shown() -> list[list[str]]:
        return [line.split() for line in guarded.paste(attacked, look).splitlines()]

    eventually(shown, lambda seen: seen == said)
    assert "nobody gets it any more" in guarded.paste(attacked, fetch)
    assert "trying it out" in guarded.paste(attacked, undo)
    assert "nobody gets it any more" not in guarded.paste(attacked, fetch)
    guarded.paste(attacked, end)  # the function may be faster: the undoing had an event
    assert "nobody gets it any more" in guarded.paste(attacked, fetch)


def test_the_local_guides_groups_hold_the_packages_that_it_says(
    guarded: Reader, attacked: str
) -> None:
    """A name, one that only looks like it, and any other."""
    (use,) = blocks("docs/local.md", "## Package groups")
    said = [line.partition("# ")[2] for line in use.splitlines() if line.startswith("group_of ")]
    shown = guarded.paste(attacked, use).splitlines()[-len(said) :]
    assert [line.split() for line in shown] == [line.partition(":")[0].split() for line in said]


def test_the_local_guides_version_is_promoted_recalled_and_brought_back(
    public_packages: PublicPackages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Held until a person approves; archived when OSV calls it malicious; there again at last."""
    with _started_by(GATED, "gates.yaml", public_packages, tmp_path_factory) as reader:
        _, ask, approve, worsen, look, undo = blocks(*GATED)
        said = [line[2:].split() for line in look.splitlines() if line.startswith("# ")]
        shell = _after_the_readmes_block(reader)

        assert "held" in reader.paste(shell, ask)
        reader.paste(shell, approve)

        def shown() -> list[list[str]]:
            lines = [line.split() for line in reader.paste(shell, look).splitlines()]
            return [line for line in lines if line[:1] == ["2.26.0"]]

        assert shown() == [["2.26.0", "Published"]]
        reader.paste(shell, worsen)
        eventually(shown, lambda seen: seen == said)
        assert "copied" in reader.paste(shell, undo)
        assert shown() == [["2.26.0", "Published"]]


def test_the_local_guides_lock_file_is_warmed_and_an_outage_is_not_noticed(
    public_packages: PublicPackages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is put on S3, the schedule is fired, and pip gets the versions that nobody had fetched."""
    with _started_by(WARM, "warm.yaml", public_packages, tmp_path_factory) as reader:
        _, put, look, outage = blocks(*WARM)
        said = [line[2:].split() for line in look.splitlines() if line.startswith("# ")]
        shell = _after_the_readmes_block(reader)
        reader.paste(shell, put)

        def shown() -> list[list[str]]:
            lines = [line.split() for line in reader.paste(shell, look).splitlines()]
            return [line for line in lines if line[:1] == ["2.31.0"]]

        eventually(shown, lambda seen: seen == said)
        reader.paste(shell, outage)


def test_the_guide_to_warming_fetches_a_lock_file_that_installs_in_an_outage(
    reader: Reader, installed: str
) -> None:
    """First shown, then fetched and counted as the guide says; then pip needs nobody else."""
    assert installed
    _, use = blocks("README.md", "## Use it on your machine")
    exports, _, login = use.split("\n\n")  # between them the domain is made, which is there
    warm, outage = blocks("docs/warming.md", "## Try it")
    said = re.search(r"^DemoRepository: (.*?) \(", _document("docs/warming.md"), re.MULTILINE)
    assert said is not None

    shown = reader.paste(exports, login, warm, outage)

    assert "DemoRepository: 2 versions: 2 to fetch" in shown
    assert f"DemoRepository: {said[1]}" in shown
