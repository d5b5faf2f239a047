"""Package managers that this machine has not: installed once, into the user's cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SECONDS_TO_INSTALL = 180.0


def python_tool(command: str, requirement: str) -> Path:
    """
    Return a command of a Python package that is pinned by *requirement*.

    It has a virtual environment of its own, filled by this machine's pip; the test is skipped with
    the reason where the package cannot be had.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    # No `=` in it: `env` would take the path for a variable.
    folder = _tools() / f"{requirement.replace('==', '-')}-{python}"
    found = folder / "bin" / command
    made = folder / "complete"
    if not made.exists():
        shutil.rmtree(folder, ignore_errors=True)
        # An environment cannot be moved afterwards: whoever comes second makes it once more.
        _run(requirement, sys.executable, "-m", "venv", str(folder))
        _run(requirement, str(folder / "bin" / "pip"), "install", "--quiet", requirement)
        made.touch()
    return found


def npm_tool(command: str, package: str) -> Path:
    """Return a command of an npm package that is pinned by *package*, as `python_tool` does."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on PATH")
    folder = _tools() / package.replace("/", "-").removeprefix("@")
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=_tools(), prefix="installing-") as scratch:
            prefix = Path(scratch) / "prefix"
            prefix.mkdir()
            _run(package, npm, "install", "--silent", "--prefix", str(prefix), package)
            try:
                prefix.rename(folder)
            except OSError:  # somebody else was faster, with the same
                if not folder.is_dir():
                    raise
    return folder / "node_modules" / ".bin" / command


def _run(what: str, *command: str) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS_TO_INSTALL,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{what} cannot be installed: the index does not answer")
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it does not say why"]
        pytest.skip(f"{what} cannot be installed: {said[-1]:.200}")


def _tools() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = folder / "codeartifact-steward" / "lock-tools"
    tools.mkdir(parents=True, exist_ok=True)
    return tools
