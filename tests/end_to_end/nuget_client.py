"""The real NuGet client: the one on PATH, else a published one under an unpacked Mono."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from tests.end_to_end.debian_clients import client_root, library_folders
from tests.end_to_end.developer import Developer

PACKAGE = "nuget-exe@5.8.0"  # an npm package that holds nothing but nuget.exe
SECONDS_TO_FETCH = 120.0

MONO = (
    "mono-runtime",
    "libmono-i18n4.0-cil",
    "libmono-microsoft-build4.0-cil",
    "libmono-microsoft-build-engine4.0-cil",
    "libmono-microsoft-build-framework4.0-cil",
    "libmono-microsoft-build-utilities-v4.0-4.0-cil",
    "libmono-microsoft-csharp4.0-cil",
    "libmono-system-componentmodel-composition4.0-cil",
    "libmono-system-componentmodel-dataannotations4.0-cil",
    "libmono-system-core4.0-cil",
    "libmono-system-data4.0-cil",
    "libmono-system-data-services-client4.0-cil",
    "libmono-system-io-compression4.0-cil",
    "libmono-system-io-compression-filesystem4.0-cil",
    "libmono-system-net-http4.0-cil",
    "libmono-system-net-http-webrequest4.0-cil",
    "libmono-system-runtime-serialization4.0-cil",
    "libmono-system-security4.0-cil",
    "libmono-system-servicemodel4.0a-cil",
    "libmono-system-web4.0-cil",
    "libmono-system-xml-linq4.0-cil",
    "libmono-windowsbase4.0-cil",
)
"""What nuget.exe 5.8 loads of Mono, as Debian packages it."""


def command(folder: Path) -> str | None:
    """
    Return the shell command that runs NuGet, fetched into *folder* if this machine has none.

    None where neither npm's registry nor Debian's archive answers, or there is no such client.
    """
    found = shutil.which("nuget")
    if found is not None:
        return shlex.quote(found)
    program, root = _program(folder), client_root(*MONO)
    if program is None or root is None:
        return None
    # Mono finds its own files from where its program is; shared libraries and /etc it does not.
    settings = {"LD_LIBRARY_PATH": library_folders(root), "MONO_CFG_DIR": str(root / "etc")}
    assigned = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
    run = [shlex.quote(str(root / "usr/bin/mono-sgen")), shlex.quote(str(program))]
    return " ".join(["env", *assigned, *run])


class NuGet:
    """NuGet on a developer's machine, logged in to one repository."""

    def __init__(self, developer: Developer, command: str, repository: str) -> None:
        self.developer = developer
        self.source = f"my-company/{repository}"
        script = developer.home / "bin" / "nuget"
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)
        developer.run(
            *("aws", "codeartifact", "login", "--tool", "nuget"),
            *("--domain", "my-company", "--repository", repository),
        )

    def pack(self, name: str, version: str, dependencies: str = "") -> Path:
        """Return a package that NuGet itself has made."""
        content = self.developer.home / f"{name}.txt"
        content.write_text(f"{name} {version}")
        described = self.developer.home / f"{name}.nuspec"
        described.write_text(
            '<?xml version="1.0"?><package><metadata>'
            f"<id>{name}</id><version>{version}</version><authors>My Company</authors>"
            f"<description>{name} for a test</description>"
            f'<dependencies><group targetFramework=".NETStandard2.0">{dependencies}</group>'
            f'</dependencies></metadata><files><file src="{content.name}" '
            'target="lib/netstandard2.0" /></files></package>'
        )
        self._run("pack", described, "-OutputDirectory", self.developer.home)
        return next(self.developer.home.glob(f"{name}.*.nupkg"))

    def push(self, package: Path, *options: str, refused: bool = False) -> str:
        """Push a package; return what NuGet said."""
        return self._run("push", package, "-Source", self.source, *options, refused=refused)

    def install(self, name: str, version: str, *, refused: bool = False) -> str:
        """Install a version and what it depends on, with nothing cached; return what was said."""
        return self._run(
            *("install", name, "-Version", version, "-Source", self.source, "-NoCache"),
            *("-DirectDownload", "-Framework", "netstandard2.0", "-PackageSaveMode", "nupkg"),
            *("-OutputDirectory", self.packages),
            refused=refused,
        )

    @property
    def packages(self) -> Path:
        """Where packages are installed."""
        return self.developer.home / "packages"

    def installed(self) -> set[str]:
        """Return the packages that are installed, as ``id.version``."""
        return {each.name for each in self.packages.iterdir()} if self.packages.is_dir() else set()

    def _run(self, verb: str, *arguments: str | Path, refused: bool = False) -> str:
        done = self.developer.run("nuget", verb, *arguments, "-NonInteractive", refused=refused)
        return done.stdout + done.stderr


def _program(folder: Path) -> Path | None:
    npm = shutil.which("npm")
    if npm is None:
        return None
    try:
        subprocess.run(
            [npm, "pack", PACKAGE, "--pack-destination", folder],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=SECONDS_TO_FETCH,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    archive = next(folder.glob("*.tgz"))
    shutil.unpack_archive(archive, folder, filter="data")
    return next(folder.glob("package/*.exe"), None)
