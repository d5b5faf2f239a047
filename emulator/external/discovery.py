"""Finds the public repositories that this machine's own clients are configured with."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from emulator.core.external import (
    PublicAsset,
    PublicPackage,
    PublicRepository,
    PublicVersion,
    Unavailable,
)
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.values import Format, PackageId
from emulator.external.builtin import builtin
from emulator.external.cargo_layout import CargoLayout
from emulator.external.maven_layout import MavenLayout
from emulator.external.npm_registry import NpmRegistry
from emulator.external.nuget_layout import NuGetLayout
from emulator.external.pypi_index import PyPIIndex
from emulator.external.ruby_layout import RubyLayout
from emulator.options import Options

logger = logging.getLogger(__name__)

PYPI = "public:pypi"
NPM = "public:npmjs"
MAVEN_CENTRAL = "public:maven-central"

VARIABLES = {
    PYPI: "STEWARD_PYPI_INDEX",
    NPM: "STEWARD_NPM_REGISTRY",
    **{
        name: f"STEWARD_{name.removeprefix('public:').replace('-', '_').upper()}"
        for name in EXTERNAL_CONNECTIONS
        if name not in {PYPI, NPM}
    },
}
"""Which environment variable says where a connection leads, such as ``STEWARD_MAVEN_CENTRAL``."""

_ADAPTERS: Mapping[Format, Callable[[str, str], PublicRepository]] = {
    "cargo": CargoLayout,
    "maven": MavenLayout,
    "npm": NpmRegistry,
    "nuget": NuGetLayout,
    "pypi": PyPIIndex,
    "ruby": RubyLayout,
}
"""What reads each format: from its location and a description of it."""

ASK_SECONDS = 30.0  # how long pip or npm may take to say how they are configured

REPOSITORY_ENDPOINT = re.compile(r"/(pypi|npm)/d/[^/]+-[0-9]{12}/.*")
"""The path of a local CodeArtifact: a client that has logged in to it is no way to the outside."""

_ASK_PIP_FOR_ITS_DEFAULT = (
    "from pip._internal.models.index import PyPI; print(PyPI.simple_url, end='')"
)


def public_repositories(options: Options) -> dict[str, PublicRepository]:
    """
    Return what is behind every external connection.

    - What *options*, or else the environment (see `VARIABLES`), name, is used as it is: a base URL
      or a directory of the format's own layout (docs/local.md; PyPI and npm take URLs only).
    - Else ``public:pypi`` and ``public:npmjs`` are what pip and npm on this machine are configured
      with; when nothing answers there, a built-in index, and a warning says so. Looked for when
      first used.
    - Else ``public:maven-central`` is the built-in index, and the others are unavailable.
    """
    given = {
        name: location
        for name, variable in VARIABLES.items()
        if (location := os.environ.get(variable))
    }
    given |= options.external
    indexes = ((PYPI, options.pypi_index), (NPM, options.npm_registry))
    given |= {name: url for name, url in indexes if url}
    found: dict[str, PublicRepository] = {}
    for name, fmt in EXTERNAL_CONNECTIONS.items():
        if name in given:
            found[name] = _given(name, fmt, given[name])
        elif name == PYPI:
            found[name] = Discovered(fmt, lambda: _configured(PYPI, pip_index))
        elif name == NPM:
            found[name] = Discovered(fmt, lambda: _configured(NPM, npm_registry))
        elif name == MAVEN_CENTRAL:
            remedy = f"{VARIABLES[name]} can name a base URL or a folder"
            found[name] = builtin(fmt, because=remedy)
        else:
            remedy = f"{VARIABLES[name]} can name a base URL or a folder"
            found[name] = Unavailable(name, fmt, remedy)
    return found


class Discovered:
    """A public repository that is looked for when it is first asked."""

    def __init__(self, fmt: Format, find: Callable[[], PublicRepository]) -> None:
        self.format = fmt
        self._find = find
        self._lock = threading.Lock()
        self._found: PublicRepository | None = None

    @property
    def description(self) -> str:
        """What was found; nobody is asked for it."""
        found = self._found
        return found.description if found else "what this machine is configured with, not asked yet"

    def package(self, package: PackageId) -> PublicPackage | None:
        """Return what *package* offers now."""
        return self.found().package(package)

    def assets(self, package: PackageId, version: PublicVersion) -> tuple[PublicAsset, ...]:
        """Return the assets that come in with *version*."""
        return self.found().assets(package, version)

    def asset(self, package: PackageId, version: str, name: str) -> PublicAsset | None:
        """Return one asset by its name."""
        return self.found().asset(package, version, name)

    def open(self, asset: PublicAsset) -> Iterator[bytes]:
        """Yield the bytes of *asset*."""
        return self.found().open(asset)

    def found(self) -> PublicRepository:
        """Return what was found, after looking for it once."""
        with self._lock:
            if self._found is None:
                self._found = self._find()
            return self._found


def pip_index(environment: Mapping[str, str] | None = None) -> str | None:
    """Return the index that pip on this machine uses: as configured, else its built-in default."""
    given = os.environ if environment is None else environment
    configured = given.get("PIP_INDEX_URL") or _answer(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], given
    )
    if configured and _leads_outside(configured):
        return configured
    return _answer([sys.executable, "-c", _ASK_PIP_FOR_ITS_DEFAULT], given)


def npm_registry(environment: Mapping[str, str] | None = None) -> str | None:
    """Return the registry that npm on this machine uses: as configured, else its default."""
    given = os.environ if environment is None else environment
    npm = shutil.which("npm", path=given.get("PATH"))
    if npm is None:
        return None
    # As configured; else without the user's file, where `login` writes; else without any.
    with tempfile.TemporaryDirectory() as empty:
        without_user = {**_without_npm_settings(given), "NPM_CONFIG_USERCONFIG": f"{empty}/user"}
        without_any = {**without_user, "NPM_CONFIG_GLOBALCONFIG": f"{empty}/global"}
        for settings in (given, without_user, without_any):
            registry = _answer([npm, "config", "get", "registry"], settings)
            if registry and _leads_outside(registry):
                return registry
    return None


def _without_npm_settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if not name.lower().startswith("npm_config_")
    }


def _leads_outside(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and not REPOSITORY_ENDPOINT.fullmatch(
        parts.path if parts.path.endswith("/") else parts.path + "/"
    )


def _given(name: str, fmt: Format, location: str) -> PublicRepository:
    described = "what was given at start"
    adapter = _ADAPTERS.get(fmt)
    if adapter is None:
        return Unavailable(name, fmt, "packages of this format come from nowhere outside")
    return adapter(location, described)


def _configured(name: str, ask: Callable[[], str | None]) -> PublicRepository:
    url = ask()
    client = "pip" if name == PYPI else "npm"
    if url is not None:
        described = f"the package index that {client} on this machine is configured with"
        found = PyPIIndex(url, described) if name == PYPI else NpmRegistry(url, described)
        if found.answers():
            return found
    stand_in = builtin(EXTERNAL_CONNECTIONS[name], because=f"{client}'s own index does not answer")
    logger.warning("%s is %s", name, stand_in.description)
    return stand_in


def _answer(command: list[str], environment: Mapping[str, str]) -> str | None:
    """Return what a client prints on its standard output; None when it fails or says nothing."""
    try:
        result = subprocess.run(
            command,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    answer = result.stdout.strip()
    return answer if result.returncode == 0 and "://" in answer else None
