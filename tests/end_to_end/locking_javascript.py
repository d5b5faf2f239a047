"""Lock files of JavaScript: npm, pnpm and both kinds of Yarn make them, and install from them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.lock_tools import npm_tool
from tests.end_to_end.locking import Place, PublicWorld

TOOL = "@lab/tool"
"""Needs `LIBRARY`."""
LIBRARY = "lab-library"

PEER = "lab-peer"
"""What `TOOL` wants beside itself."""
ELSEWHERE = "lab-elsewhere"
"""Optional, and for another system alone: it is locked, and not installed."""
ALIASED = "lab-aliased"
"""Installed under another name."""
BETA = "lab-beta"
"""A pre-release."""

INSTALLED = frozenset(
    {
        *(f"{TOOL} 2.0.0", f"{LIBRARY} 1.4.0", f"{ALIASED} 3.0.0"),
        *(f"{PEER} 1.0.0", f"{BETA} 2.0.0-beta.1"),
    }
)
MANIFEST = {
    "name": "project",
    "version": "1.0.0",
    "license": "MIT",
    "dependencies": {TOOL: "^2.0.0", PEER: "^1.0.0", "another-name": f"npm:{ALIASED}@3.0.0"},
    "devDependencies": {BETA: "2.0.0-beta.1"},
    "optionalDependencies": {ELSEWHERE: "1.0.0"},
}


class JavaScriptLocker:
    """What they have in common: the public packages, the manifest, where packages are installed."""

    format: str = "npm"
    locked: frozenset[str] = frozenset(
        f"pkg:npm/{each.replace('@', '%40').replace(' ', '@')}"
        for each in INSTALLED | {f"{ELSEWHERE} 1.0.0"}
    )
    installs: frozenset[str] = INSTALLED
    hashes: int = 1

    def release(self, public: PublicWorld, developer: Developer) -> None:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        public.packages.release_npm(LIBRARY, "1.3.0")
        public.packages.release_npm(LIBRARY, "1.4.0")
        public.packages.release_npm(PEER, "1.0.0")
        public.packages.release_npm(ALIASED, "3.0.0")
        public.packages.release_npm(BETA, "2.0.0-beta.1")
        public.packages.release_npm(ELSEWHERE, "1.0.0", os=["aix"])
        public.packages.release_npm(
            TOOL, "2.0.0", dependencies={LIBRARY: "^1.0.0"}, peerDependencies={PEER: "1"}
        )

    def installed(self, developer: Developer, project: Path) -> set[str]:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        modules = project / "node_modules"
        manifests = [
            json.loads(path.read_text())
            for path in (
                *modules.glob("*/package.json"),
                *modules.glob("@lab/*/package.json"),
                *modules.glob(".pnpm/*/node_modules/*/package.json"),
            )
        ]
        return {f"{each['name']} {each['version']}" for each in manifests}

    def write(self, project: Path) -> None:
        """Write the manifest."""
        (project / "package.json").write_text(json.dumps(MANIFEST, indent=2))

    def npmrc(self, project: Path, place: Place) -> None:
        """Write what `aws codeartifact login` writes, into the project's own file."""
        (project / ".npmrc").write_text(
            f"registry={place.url}\n{place.without_scheme}:_authToken={place.token}\n"
            "fetch-retries=0\n"
        )


class Npm(JavaScriptLocker):
    """``npm install --package-lock-only`` and ``npm ci``."""

    name: str = "npm"
    lock_file: str = "package-lock.json"
    equals: str = "@"

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        self.write(project)
        self._run(developer, project, place, "install", "--package-lock-only")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "ci", refused=refused)

    def add(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *wanted: str,
        refused: bool = False,
    ) -> str:
        """Install what is *wanted*, whatever the lock file says."""
        return self._run(developer, project, place, "install", *wanted, refused=refused)

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        if shutil.which("npm") is None:
            pytest.skip("npm is not on PATH")
        self.npmrc(project, place)
        done = developer.run("npm", *arguments, "--no-audit", cwd=project, refused=refused)
        return done.stdout + done.stderr


class NpmWithoutAddresses(Npm):
    """npm whose lock file does not say where a package was."""

    name: str = "npm with omit-lockfile-registry-resolved"

    def npmrc(self, project: Path, place: Place) -> None:
        """Write one setting more."""
        super().npmrc(project, place)
        with (project / ".npmrc").open("a") as npmrc:
            npmrc.write("omit-lockfile-registry-resolved=true\n")


class Pnpm(JavaScriptLocker):
    """``pnpm install --lockfile-only`` and ``pnpm install --frozen-lockfile``."""

    name: str = "pnpm"
    lock_file: str = "pnpm-lock.yaml"

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        self.write(project)
        self._run(developer, project, place, "install", "--lockfile-only")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "install", "--frozen-lockfile", refused=refused)

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        self.npmrc(project, place)
        pnpm = npm_tool("pnpm", "pnpm@10.34.8")
        settings = (
            f"PNPM_HOME={developer.home / 'pnpm'}",
            f"XDG_DATA_HOME={developer.home / 'share'}",
            f"XDG_CACHE_HOME={developer.home / 'cache'}",
            f"XDG_STATE_HOME={developer.home / 'state'}",
        )
        store = ("--store-dir", str(developer.home / "pnpm-store"))
        done = developer.run(
            *("env", *settings, str(pnpm), *arguments, *store), cwd=project, refused=refused
        )
        return done.stdout + done.stderr


class YarnClassic(JavaScriptLocker):
    """Yarn 1."""

    name: str = "Yarn 1"
    lock_file: str = "yarn.lock"

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        self.write(project)
        self._run(developer, project, place, "install")
        shutil.rmtree(project / "node_modules")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "install", "--frozen-lockfile", refused=refused)

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        self.npmrc(project, place)
        with (project / ".npmrc").open("a") as npmrc:
            npmrc.write("always-auth=true\n")  # else only scoped packages are asked for with it
        yarn = npm_tool("yarn", "yarn@1.22.22")
        settings = (f"YARN_CACHE_FOLDER={developer.home / 'yarn-cache'}",)
        done = developer.run(
            *("env", *settings, str(yarn), *arguments, "--non-interactive"),
            cwd=project,
            refused=refused,
        )
        return done.stdout + done.stderr


class YarnBerry(JavaScriptLocker):
    """Yarn 4."""

    name: str = "Yarn 4"
    lock_file: str = "yarn.lock"
    hashes: int = 0  # its checksums are of archives that it makes itself

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        self.write(project)
        (project / self.lock_file).touch()  # a project of its own
        self._run(developer, project, place, "install", "--mode=update-lockfile")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "install", "--immutable", refused=refused)

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        (project / ".yarnrc.yml").write_text(
            f'npmRegistryServer: "{place.url}"\nnpmAlwaysAuth: true\n'
            f'npmAuthToken: "{place.token}"\nunsafeHttpWhitelist: ["127.0.0.1"]\n'
            "nodeLinker: node-modules\nenableTelemetry: false\nhttpRetry: 0\n"
            f'globalFolder: "{developer.home / "yarn"}"\nenableGlobalCache: true\n'
        )
        yarn = npm_tool("yarn", "@yarnpkg/cli-dist@4.18.1")
        settings = ("CI=1", "YARN_ENABLE_IMMUTABLE_INSTALLS=false")
        done = developer.run("env", *settings, yarn, *arguments, cwd=project, refused=refused)
        return done.stdout + done.stderr
