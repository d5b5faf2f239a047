"""RubyGems and Bundler on a developer's machine, from this machine or unpacked from Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.debian_clients import UNPACKED_WITHOUT, client_root, library_folders
from tests.end_to_end.developer import Developer

DOMAIN = "my-company"


@dataclass(frozen=True)
class RubyTools:
    """
    The commands of Ruby.

    Attributes:
        gem: How a command line of ``gem`` begins; ``bundle`` one of Bundler.
        environment: What they need to find their own files.
    """

    gem: tuple[str, ...]
    bundle: tuple[str, ...]
    environment: Mapping[str, str]


def ruby_tools() -> RubyTools:
    """Return the tools on PATH, else Debian's; the test is skipped with the reason without any."""
    if shutil.which("gem") and shutil.which("bundle"):
        return RubyTools(("gem",), ("bundle",), {})
    root = client_root("ruby", "ruby-bundler")
    if root is None:
        pytest.skip(f"Ruby is not on PATH, and {UNPACKED_WITHOUT}")
    usr = root / "usr"
    libraries = library_folders(root)
    # Where Ruby looks for its libraries is built into it: the same places, below the folder.
    places = [
        *(usr / "lib/ruby/vendor_ruby",),
        *sorted((usr / "lib/ruby").glob("[0-9]*")),
        *sorted((usr / "lib").glob("*/ruby/[0-9]*")),
    ]
    ruby = str(usr / "bin/ruby")
    return RubyTools(
        (ruby, str(usr / "bin/gem")),
        (ruby, str(usr / "bin/bundle")),
        {
            "LD_LIBRARY_PATH": libraries,
            "RUBYLIB": os.pathsep.join(str(place) for place in places),
            "GEM_PATH": str(usr / "share/rubygems-integration/all"),
        },
    )


class Ruby:
    """
    A Ruby that keeps its gems in a folder of its own, and knows one repository.

    Attributes:
        url: The repository's endpoint.
    """

    def __init__(
        self, developer: Developer, tools: RubyTools, repository: str, *, folder: str = "a"
    ) -> None:
        self.developer = developer
        self.tools = tools
        self.work = developer.home / f"ruby-{folder}"
        self.work.mkdir()
        self.gems = self.work / "gems"
        self.url = developer.repository_url(DOMAIN, repository, "ruby")

    def push(self, file: Path, *, token: str, refused: bool = False) -> str:
        """Push a gem with a token, as ``~/.gem/credentials`` would give it."""
        return self._run(
            *self.tools.gem,
            "push",
            str(file),
            *("--host", self.url.rstrip("/")),
            GEM_HOST_API_KEY=f"Bearer {token}",
            refused=refused,
        )

    def install(self, name: str, *, token: str, refused: bool = False) -> str:
        """Install the newest version of a gem with ``gem``."""
        parts = urlsplit(self.url)
        source = parts._replace(netloc=f"aws:{token}@{parts.netloc}").geturl()
        return self._run(
            *self.tools.gem,
            *("install", name, "--no-document", "--clear-sources", "--source", source),
            refused=refused,
        )

    def bundle(
        self, *names: str, token: str | None, lock: str | None = None, refused: bool = False
    ) -> str:
        """Install a Gemfile, as *lock* has it; return the lock file, or what was said."""
        project = self.work / "project"
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        wanted = "".join(f'gem "{name}"\n' for name in names)
        (project / "Gemfile").write_text(f'source "{self.url}"\n{wanted}')
        if lock is not None:
            (project / "Gemfile.lock").write_text(lock)
        if token is not None:
            self._run(
                *self.tools.bundle,
                "config",
                "set",
                "--local",
                self.url,
                f"aws:{token}",
                cwd=project,
            )
        said = self._run(
            *self.tools.bundle, "install", "--retry", "0", cwd=project, refused=refused
        )
        return said if refused else (project / "Gemfile.lock").read_text()

    def installed(self) -> set[str]:
        """Return what is installed, as ``name-version``."""
        return {path.stem for path in (self.gems / "specifications").glob("*.gemspec")}

    def _run(
        self, *command: str, cwd: Path | None = None, refused: bool = False, **more: str
    ) -> str:
        path = os.pathsep.join(
            part for part in (str(self.gems), self.tools.environment.get("GEM_PATH")) if part
        )
        variables = {
            **self.tools.environment,
            "HOME": str(self.work),
            "GEM_HOME": str(self.gems),
            "GEM_PATH": path,
            "BUNDLE_SILENCE_ROOT_WARNING": "1",
            **more,
        }
        done = self.developer.run(
            *("env", *(f"{name}={value}" for name, value in variables.items()), *command),
            cwd=cwd or self.work,
            refused=refused,
        )
        return done.stdout + done.stderr


def build(
    tools: RubyTools, folder: Path, name: str, version: str, *, more: str = "", says: str = ""
) -> Path:
    """
    Return a gem that ``gem build`` has made, in *folder*.

    Args:
        more: Further lines of the specification, on ``s``.
        says: What the gem's one file holds besides its version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        project = Path(scratch)
        (project / "lib").mkdir()
        (project / "lib" / f"{name}.rb").write_text(f'VERSION = "{version}"\n{says}\n')
        (project / f"{name}.gemspec").write_text(
            f'Gem::Specification.new do |s|\n  s.name = "{name}"\n  s.version = "{version}"\n'
            f'  s.summary = "Made by a test"\n  s.authors = ["Test"]\n  s.license = "MIT"\n'
            f'  s.homepage = "http://127.0.0.1/"\n  s.files = ["lib/{name}.rb"]\n  {more}\nend\n'
        )
        subprocess.run(
            [*tools.gem, "build", f"{name}.gemspec"],
            cwd=project,
            env={**os.environ, **tools.environment, "HOME": scratch},
            check=True,
            capture_output=True,
        )
        (made,) = project.glob("*.gem")
        return Path(shutil.move(made, folder / made.name))
