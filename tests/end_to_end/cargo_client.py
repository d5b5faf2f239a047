"""Cargo on a developer's machine: projects, what its configuration says, and public crates."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from emulator.core.crates import index_folder
from tests.end_to_end.developer import Developer

DOMAIN = "my-company"
REGISTRY = "codeartifact"


class Cargo:
    """
    A cargo that knows one repository, under the name ``codeartifact`` and for all public crates.

    Attributes:
        home: What cargo keeps downloads in; a new one has nothing cached.
    """

    def __init__(
        self, developer: Developer, repository: str, *, token: str | None = None, folder: str = "a"
    ) -> None:
        self.developer = developer
        self.work = developer.home / f"cargo-{folder}"
        self.home = self.work / "home"
        self.home.mkdir(parents=True)
        url = developer.repository_url(DOMAIN, repository, "cargo")
        (self.home / "config.toml").write_text(
            f'[registries.{REGISTRY}]\nindex = "sparse+{url}"\n'
            f'credential-provider = ["cargo:token"]\n'
            f'[source.crates-io]\nreplace-with = "{REGISTRY}"\n[net]\nretry = 0\n'
        )
        if token:
            (self.home / "credentials.toml").write_text(
                f'[registries.{REGISTRY}]\ntoken = "{token}"\n'
            )

    def run(self, project: Path, *arguments: str, refused: bool = False) -> str:
        """Run cargo in a project and return what it said."""
        done = self.developer.run(
            *("env", *environment(self.home), "cargo", *arguments), cwd=project, refused=refused
        )
        return done.stdout + done.stderr

    def project(self, name: str, *, main: str = "fn main() {}", dependencies: str = "") -> Path:
        """Return a new program."""
        folder = self.work / name
        return new_project(folder, name, "0.1.0", "main.rs", main, dependencies=dependencies)

    def library(self, name: str, version: str) -> Path:
        """Return a new library with ``says()``, which gives its version."""
        return new_project(self.work / f"{name}-{version}", name, version, "lib.rs", _says(version))


def environment(home: Path) -> list[str]:
    """Return what cargo is to find in its environment, also if it is one that rustup manages."""
    rustup = os.environ.get("RUSTUP_HOME") or str(Path.home() / ".rustup")
    return [f"CARGO_HOME={home}", f"RUSTUP_HOME={rustup}", "CARGO_TERM_COLOR=never"]


def new_project(
    folder: Path, name: str, version: str, source: str, text: str, *, dependencies: str = ""
) -> Path:
    """Return the folder of a new project with one source file."""
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n'
        f'license = "MIT"\ndescription = "Made by a test"\n[dependencies]\n{dependencies}'
    )
    (folder / "src" / source).write_text(text + "\n")
    return folder


def release(developer: Developer, public: Path, name: str, version: str) -> None:
    """Put a library into the local registry *public*, packaged by cargo itself."""
    with tempfile.TemporaryDirectory(dir=developer.home) as scratch:
        folder = Path(scratch)
        project = new_project(folder / name, name, version, "lib.rs", _says(version))
        home = folder / "home"
        home.mkdir()
        developer.run(
            *("env", *environment(home), "cargo", "package", "--offline", "--no-verify"),
            *("--allow-dirty", "--quiet"),
            cwd=project,
        )
        file = f"{name}-{version}.crate"
        content = (project / "target" / "package" / file).read_bytes()
    public.mkdir(parents=True, exist_ok=True)
    (public / file).write_bytes(content)
    entry = {
        "name": name,
        "vers": version,
        "deps": [],
        "features": {},
        "yanked": False,
        "cksum": hashlib.sha256(content).hexdigest(),
    }
    index = public / "index" / index_folder(name) / name
    index.parent.mkdir(parents=True, exist_ok=True)
    with index.open("a") as lines:
        lines.write(json.dumps(entry) + "\n")


def _says(version: str) -> str:
    return f'pub fn says() -> &\'static str {{ "{version}" }}'
