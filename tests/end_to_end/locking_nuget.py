"""
A lock file of NuGet's form, of what NuGet resolved, and what NuGet installs by ``packages.config``.

Only the .NET SDK writes ``packages.lock.json``; nuget.exe resolves the same, and installs from the
older list.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.developer import Developer
from tests.end_to_end.locking import Place, PublicWorld
from tests.functional.emulator.nuget_packages import add, nupkg

FRAMEWORK = ".NETStandard,Version=v2.0"

CONFIGURATION = """\
<configuration>
  <packageSources><clear /><add key="codeartifact" value="{url}v3/index.json" /></packageSources>
  <packageSourceCredentials><codeartifact>
    <add key="Username" value="aws" /><add key="ClearTextPassword" value="{token}" />
  </codeartifact></packageSourceCredentials>
</configuration>
"""


class NuGet:
    """nuget.exe, run by *command* of a shell."""

    name: str = "nuget"
    format: str = "nuget"
    lock_file: str = "packages.lock.json"
    locked: frozenset[str] = frozenset({"pkg:nuget/lab.app@2.0.0", "pkg:nuget/lab.library@1.4.0"})
    installs: frozenset[str] = frozenset({"Lab.App.2.0.0", "Lab.Library.1.4.0"})
    hashes: int = 0

    def __init__(self, command: str) -> None:
        self._command = command

    def release(self, public: PublicWorld, developer: Developer) -> None:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        for version in ("1.3.0", "1.4.0"):
            add(public.nuget, "Lab.Library", version, nupkg("Lab.Library", version))
        app = nupkg("Lab.App", "2.0.0", {"Lab.Library": "1.4.0"})
        add(public.nuget, "Lab.App", "2.0.0", app)

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        self._run(developer, project, place, "Lab.App")
        found = [each.split(".", 2) for each in self.installed(developer, project)]
        resolved = {f"{group}.{name}": version for group, name, version in found}
        packages = {
            name: {"type": "Direct" if name == "Lab.App" else "Transitive", "resolved": version}
            for name, version in resolved.items()
        }
        document = {"version": 1, "dependencies": {FRAMEWORK: packages}}
        (project / self.lock_file).write_text(json.dumps(document, indent=2))
        listed = "".join(
            f'<package id="{name}" version="{version}" targetFramework="netstandard2.0" />'
            for name, version in resolved.items()
        )
        (project / "packages.config").write_text(
            f'<?xml version="1.0" encoding="utf-8"?><packages>{listed}</packages>'
        )

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "packages.config", refused=refused)

    def installed(self, developer: Developer, project: Path) -> set[str]:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        return {each.parent.name for each in developer.home.glob("packages/*/*.nupkg")}

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        wanted: str,
        *,
        refused: bool = False,
    ) -> str:
        settings = developer.home / "NuGet.Config"
        settings.write_text(CONFIGURATION.format(url=place.url, token=place.token))
        script = developer.home / "bin" / "nuget"
        script.write_text(f'#!/bin/sh\nexec {self._command} "$@"\n')
        script.chmod(0o755)
        done = developer.run(
            *("nuget", "install", wanted, "-ConfigFile", str(settings), "-NoCache"),
            *("-DirectDownload", "-NonInteractive", "-PackageSaveMode", "nupkg"),
            *("-OutputDirectory", str(developer.home / "packages")),
            *(() if wanted == "packages.config" else ("-Framework", "netstandard2.0")),
            cwd=project,
            refused=refused,
        )
        return done.stdout + done.stderr
