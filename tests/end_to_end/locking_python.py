"""Lock files of Python: pip-tools, uv, Poetry and Pipenv make them, and install from them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.end_to_end.developer import Developer
from tests.end_to_end.lock_tools import python_tool
from tests.end_to_end.locking import Place, PublicWorld

APP = "lab-app"
"""Needs `LIBRARY`."""
LIBRARY = "lab-library"

FAST = "lab-fast"
"""Needed by an extra of `APP`, and there as a pre-release alone."""
OLD = "lab-old"
"""Needed where a marker is true; of versions with two numbers."""

NEEDS = (f"{APP}[fast]>=1", f"{OLD}<2; python_version >= '3.8'")
VERSIONS = {APP: "2.0.0", LIBRARY: "1.4.0", FAST: "1.0rc1", OLD: "1.9"}

PROJECT = f"""\
[project]
name = "project"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = {list(NEEDS)}
"""


class PythonLocker:
    """What the four have in common: the public packages, and the environment to look into."""

    format: str = "pypi"
    locked: frozenset[str] = frozenset(f"pkg:pypi/{name}@{of}" for name, of in VERSIONS.items())
    installs: frozenset[str] = frozenset(f"{name} {of}" for name, of in VERSIONS.items())
    hashes: int = 2

    def release(self, public: PublicWorld, developer: Developer) -> None:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        public.packages.release_python(LIBRARY, "1.3.0")
        public.packages.release_python(LIBRARY, "1.4.0")
        public.packages.release_python(FAST, "1.0rc1")
        public.packages.release_python(OLD, "1.9")
        public.packages.release_python(OLD, "2.0")
        needs = [f"{LIBRARY}>=1", f"{FAST}>=1.0rc1; extra == 'fast'"]
        public.packages.release_python(APP, "2.0.0", requires=needs)

    def installed(self, developer: Developer, project: Path) -> set[str]:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        found = {name.replace("_", "-"): of for name, of in developer.installed().items()}
        return {f"{name} {of}" for name, of in found.items() if name in VERSIONS}


class PipTools(PythonLocker):
    """``pip-compile --generate-hashes`` and pip."""

    name: str = "pip-compile"
    lock_file: str = "requirements.txt"
    equals: str = "=="

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        (project / "requirements.in").write_text("\n".join(NEEDS))
        compiler = python_tool("pip-compile", "pip-tools==7.6.2")
        developer.run(
            *(compiler, "--quiet", "--generate-hashes", "--no-emit-index-url"),
            *("--index-url", f"{place.with_token}simple/", "requirements.in"),
            cwd=project,
        )

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        wanted = ("--require-hashes", "-r", self.lock_file)
        return self.add(developer, project, place, *wanted, refused=refused)

    def add(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *wanted: str,
        refused: bool = False,
    ) -> str:
        """Install what is *wanted*, whatever the lock file says."""
        done = developer.run(
            *("pip", "install", "--no-cache-dir", "--retries", "0"),
            *("--index-url", f"{place.with_token}simple/", *wanted),
            cwd=project,
            refused=refused,
        )
        return done.stdout + done.stderr


class Uv(PythonLocker):
    """``uv lock`` and ``uv sync --frozen``."""

    name: str = "uv"
    lock_file: str = "uv.lock"

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        (project / "pyproject.toml").write_text(
            f'{PROJECT}[[tool.uv.index]]\nname = "codeartifact"\n'
            f'url = "{place.url}simple/"\ndefault = true\n'
        )
        self._run(developer, project, place, "lock")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "sync", "--frozen", refused=refused)

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or python_tool(
            "uv", "uv==0.13.9"
        )
        settings = (
            f"UV_PROJECT_ENVIRONMENT={developer.home / 'venv'}",
            f"UV_CACHE_DIR={developer.home / 'uv-cache'}",
            f"UV_PYTHON={developer.python}",
            *("UV_PYTHON_DOWNLOADS=never", "UV_HTTP_RETRIES=0", "UV_LINK_MODE=copy"),
            *(
                "UV_INDEX_CODEARTIFACT_USERNAME=aws",
                f"UV_INDEX_CODEARTIFACT_PASSWORD={place.token}",
            ),
        )
        done = developer.run("env", *settings, uv, *arguments, cwd=project, refused=refused)
        return done.stdout + done.stderr


class Poetry(PythonLocker):
    """``poetry lock`` and ``poetry sync``."""

    name: str = "poetry"
    lock_file: str = "poetry.lock"

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        (project / "pyproject.toml").write_text(
            f"{PROJECT}[tool.poetry]\npackage-mode = false\n"
            f'[[tool.poetry.source]]\nname = "codeartifact"\n'
            f'url = "{place.url}simple/"\npriority = "primary"\n'
        )
        self._run(developer, project, place, "lock")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "install", refused=refused)

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        settings = (
            f"VIRTUAL_ENV={developer.home / 'venv'}",
            f"POETRY_CACHE_DIR={developer.home / 'poetry-cache'}",
            f"POETRY_CONFIG_DIR={developer.home / 'poetry'}",
            *(
                "POETRY_REQUESTS_MAX_RETRIES=0",
                "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring",
            ),
            "POETRY_HTTP_BASIC_CODEARTIFACT_USERNAME=aws",
            f"POETRY_HTTP_BASIC_CODEARTIFACT_PASSWORD={place.token}",
        )
        poetry = python_tool("poetry", "poetry==2.5.1")
        done = developer.run(
            *("env", *settings, str(poetry), *arguments, "--no-interaction"),
            cwd=project,
            refused=refused,
        )
        return done.stdout + done.stderr


class Pipenv(PythonLocker):
    """``pipenv lock`` and ``pipenv sync``."""

    name: str = "pipenv"
    lock_file: str = "Pipfile.lock"

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        host, _, rest = place.url.partition("://")
        (project / "Pipfile").write_text(
            f'[[source]]\nname = "codeartifact"\nverify_ssl = true\n'
            f'url = "{host}://aws:${{TOKEN}}@{rest}simple/"\n[packages]\n'
            f'{APP} = {{version = ">=1", extras = ["fast"]}}\n'
            f"""{OLD} = {{version = "<2", markers = "python_version >= '3.8'"}}\n"""
        )
        self._run(developer, project, place, "lock")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "sync", refused=refused)

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        pipenv = python_tool("pipenv", "pipenv==2026.10.3")
        settings = (
            f"TOKEN={place.token}",
            f"VIRTUAL_ENV={developer.home / 'venv'}",
            f"PIPENV_CACHE_DIR={developer.home / 'pipenv-cache'}",
            *("PIPENV_IGNORE_VIRTUALENVS=0", "PIPENV_VERBOSITY=-1", "PIP_RETRIES=0"),
        )
        done = developer.run("env", *settings, pipenv, *arguments, cwd=project, refused=refused)
        return done.stdout + done.stderr
