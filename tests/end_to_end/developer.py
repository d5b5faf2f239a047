"""A developer's machine: the real clients in a private HOME with a clean environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

REGION = "us-west-2"
SECONDS_A_CLIENT_MAY_TAKE = 240


class Developer:
    """
    Someone at a shell who knows only the endpoint, a region and dummy credentials.

    ``pip``, ``twine``, ``aws`` and ``steward`` are those of the project's environment, ``npm``,
    ``mvn`` and ``curl`` those of the machine. ``pip`` installs into an environment of this
    developer's own.
    """

    def __init__(self, home: Path, endpoint: str, *, access_key: str = "dummy") -> None:
        self.home = home
        self.endpoint = endpoint
        self.environment = self._environment(access_key)
        self.python = self.new_environment("venv")

    def run(
        self, *arguments: str | Path, cwd: Path | None = None, refused: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """
        Run a client to its end.

        Args:
            arguments: The command line; nothing goes through a shell.
            cwd: Where; default is HOME.
            refused: The client is expected to fail. Anything unexpected fails the test and shows
                what the client said.
        """
        done = subprocess.run(
            [str(argument) for argument in arguments],
            cwd=cwd or self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_A_CLIENT_MAY_TAKE,
            check=False,
        )
        if refused == (done.returncode == 0):
            outcome = "succeeded" if refused else f"failed ({done.returncode})"
            said = f"{done.stdout}\n{done.stderr}"
            raise AssertionError(f"{' '.join(map(str, arguments[:6]))} {outcome}:\n{said}")
        return done

    def aws(self, operation: str, *arguments: str, **named: str) -> dict[str, object]:
        """Run ``aws codeartifact OPERATION`` and return what it printed."""
        flags = [
            part for name, value in named.items() for part in (f"--{name.replace('_', '-')}", value)
        ]
        done = self.run("aws", "codeartifact", operation, *arguments, *flags, "--output", "json")
        printed = json.loads(done.stdout) if done.stdout.strip() else {}
        return cast("dict[str, object]", printed)

    def aws_refused(self, operation: str, *arguments: str, **named: str) -> str:
        """Run ``aws codeartifact OPERATION``, which must fail, and return what it complained of."""
        flags = [
            part for name, value in named.items() for part in (f"--{name.replace('_', '-')}", value)
        ]
        return self.run("aws", "codeartifact", operation, *arguments, *flags, refused=True).stderr

    def token(self, domain: str, **named: str) -> str:
        """Return a new authorization token, as scripts fetch it."""
        return str(
            self.aws("get-authorization-token", domain=domain, **named)["authorizationToken"]
        )

    def repository_url(
        self, domain: str, repository: str, package_format: str, **named: str
    ) -> str:
        """Return the address that package managers use, with its trailing slash."""
        answer = self.aws(
            "get-repository-endpoint",
            domain=domain,
            repository=repository,
            format=package_format,
            **named,
        )
        return str(answer["repositoryEndpoint"])

    def new_environment(self, name: str) -> Path:
        """Return the interpreter of a new, empty Python environment (again, if *name* exists)."""
        folder = self.home / name
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = folder / "bin" / "python"
        self._command("pip", f'"{sys.executable}" -m pip --python "{self.python}"')
        return self.python

    def installed(self) -> dict[str, str]:
        """Return what is installed in this developer's environment: version by package."""
        listing = json.loads(self.run("pip", "list", "--format", "json").stdout)
        return {str(entry["name"]).lower(): str(entry["version"]) for entry in listing}

    def _environment(self, access_key: str) -> Mapping[str, str]:
        commands = self.home / "bin"
        commands.mkdir(parents=True)
        scripts = Path(sys.executable).parent
        self._command("aws", f'"{scripts / "aws"}"')
        self._command("twine", f'"{scripts / "twine"}"')
        self._command("steward", f'"{scripts / "steward"}"')
        # A machine's own pip.conf may add indexes: empty values in this file take precedence.
        base = self.home / "base-pip.conf"
        base.write_text("[global]\nextra-index-url =\nfind-links =\n")
        npmrc = self.home / ".npmrc"
        npmrc.write_text("update-notifier=false\nfund=false\n")
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in {"LANG", "LC_ALL", "TMPDIR", "JAVA_HOME"} or name.startswith("SSL_")
        }
        return {
            **kept,
            "HOME": str(self.home),
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": "dummy",
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PIP_CONFIG_FILE": str(base),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "NPM_CONFIG_USERCONFIG": str(npmrc),
            "NPM_CONFIG_CACHE": str(self.home / ".npm"),
            "NO_UPDATE_NOTIFIER": "1",
            "PYTHONNOUSERSITE": "1",
        }

    def _command(self, name: str, command: str) -> None:
        script = self.home / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)


def values(document: Mapping[str, object], key: str, member: str) -> list[str]:
    """Return one member of each object of a list in *document*, in the order given."""
    rows = cast("Sequence[Mapping[str, object]]", document[key])
    return [str(row[member]) for row in rows]
