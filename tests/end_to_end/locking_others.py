"""Lock files of Cargo and of Bundler: made by the tools themselves, and installed from."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import shutil
import tarfile
from pathlib import Path

import pytest

from emulator.core.crates import index_folder
from tests.end_to_end import cargo_client, ruby_client
from tests.end_to_end.developer import Developer
from tests.end_to_end.locking import Place, PublicWorld

NATIVE = f"1.4.0-{platform.machine()}-linux"
"""The version of a gem that is for this machine."""


class Cargo:
    """``cargo generate-lockfile`` and ``cargo fetch --locked``."""

    name: str = "cargo"
    format: str = "cargo"
    lock_file: str = "Cargo.lock"
    locked: frozenset[str] = frozenset(
        {
            *("pkg:cargo/lab-app@2.0.0", "pkg:cargo/lab-bound@1.0.0%2Blab.5"),
            *("pkg:cargo/lab-library@1.4.0", "pkg:cargo/lab-library@0.9.0"),
        }
    )
    installs: frozenset[str] = frozenset(
        {"lab-app-2.0.0", "lab-library-1.4.0", "lab-library-0.9.0", "lab-bound-1.0.0+lab.5"}
    )
    hashes: int = 1

    def release(self, public: PublicWorld, developer: Developer) -> None:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        release_crate(public.crates, "lab-bound", "1.0.0+lab.5")
        for version in ("0.9.0", "1.3.0", "1.4.0"):
            release_crate(public.crates, "lab-library", version)
        release_crate(public.crates, "lab-app", "2.0.0", needs="lab-library")

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        (project / "src").mkdir()
        (project / "src" / "main.rs").write_text("fn main() {}\n")
        (project / "Cargo.toml").write_text(
            '[package]\nname = "project"\nversion = "1.0.0"\nedition = "2021"\n'
            '[dependencies]\nlab-app = "2"\nlab-bound = "1"\n'
            '[dev-dependencies]\nbefore = { package = "lab-library", version = "0.9" }\n'
        )
        self._run(developer, project, place, "generate-lockfile")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "fetch", "--locked", refused=refused)

    def installed(self, developer: Developer, project: Path) -> set[str]:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        return {each.stem for each in developer.home.glob("cargo/registry/cache/*/*.crate")}

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        if shutil.which("cargo") is None:
            pytest.skip("cargo is not on PATH")
        home = developer.home / "cargo"
        home.mkdir()
        (home / "config.toml").write_text(
            f'[registries.codeartifact]\nindex = "sparse+{place.url}"\n'
            'credential-provider = ["cargo:token"]\n[net]\nretry = 0\n'
            '[source.crates-io]\nreplace-with = "codeartifact"\n'
        )
        (home / "credentials.toml").write_text(
            f'[registries.codeartifact]\ntoken = "Bearer {place.token}"\n'
        )
        done = developer.run(
            *("env", *cargo_client.environment(home), "cargo", *arguments),
            cwd=project,
            refused=refused,
        )
        return done.stdout + done.stderr


class Bundler:
    """``bundle lock`` and ``bundle install``, with a gem for this platform."""

    name: str = "bundler"
    format: str = "ruby"
    lock_file: str = "Gemfile.lock"
    hashes: int = 0  # only later versions of Bundler write checksums
    locked: frozenset[str] = frozenset(
        {
            *("pkg:gem/lab-app@2.0.0", "pkg:gem/lab-early@2.0.0.rc1"),
            *("pkg:gem/lab-native@1.4.0", f"pkg:gem/lab-native@{NATIVE}"),
        }
    )
    installs: frozenset[str] = frozenset(
        {"lab-app-2.0.0", f"lab-native-{NATIVE}", "lab-early-2.0.0.rc1"}
    )

    def release(self, public: PublicWorld, developer: Developer) -> None:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        tools, gems = ruby_client.ruby_tools(), public.gems / "gems"
        for version in ("1.3.0", "1.4.0"):
            ruby_client.build(tools, gems, "lab-native", version)
            for machine in (platform.machine(), "riscv64"):
                for_one = f's.platform = "{machine}-linux"'
                ruby_client.build(tools, gems, "lab-native", version, more=for_one)
        ruby_client.build(tools, gems, "lab-early", "2.0.0.rc1")
        needs = 's.add_dependency "lab-native", ">= 1.0"'
        ruby_client.build(tools, gems, "lab-app", "2.0.0", more=needs)

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        (project / "Gemfile").write_text(
            f'source "{place.url}"\ngem "lab-app"\n'
            'group :test do\n  gem "lab-early", ">= 2.0.0.rc1"\nend\n'
        )
        self._run(developer, project, place, "lock", "--add-platform", "ruby")

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "install", "--retry", "0", refused=refused)

    def installed(self, developer: Developer, project: Path) -> set[str]:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        return {each.stem for each in developer.home.glob("gems/specifications/*.gemspec")}

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        tools = ruby_client.ruby_tools()
        gems = developer.home / "gems"
        path = ":".join(filter(None, (str(gems), tools.environment.get("GEM_PATH"))))
        settings = {
            **tools.environment,
            "GEM_HOME": str(gems),
            "GEM_PATH": path,
            "BUNDLE_SILENCE_ROOT_WARNING": "1",
            "BUNDLE_FROZEN": "true" if arguments[0] == "install" else "false",
            "BUNDLE_APP_CONFIG": str(developer.home / "bundle"),
        }
        env = ("env", *(f"{name}={value}" for name, value in settings.items()), *tools.bundle)
        developer.run(
            *env, "config", "set", "--local", place.url, f"aws:{place.token}", cwd=project
        )
        done = developer.run(*env, *arguments, cwd=project, refused=refused)
        return done.stdout + done.stderr


def release_crate(public: Path, name: str, version: str, *, needs: str | None = None) -> None:
    """Put an empty library into the local registry *public*; it needs any 1.x of *needs*."""
    manifest = f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n'
    if needs:
        manifest += f'[dependencies]\n{needs} = "1"\n'
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for path, text in {"Cargo.toml": manifest, "src/lib.rs": ""}.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    (public / f"{name}-{version}.crate").write_bytes(content.getvalue())
    dependency: dict[str, object] = {
        "name": needs,
        "req": "^1",
        "features": [],
        "optional": False,
        "default_features": True,
        "target": None,
        "kind": "normal",
    }
    line = {
        "name": name,
        "vers": version,
        "deps": [dependency] if needs else [],
        "features": {},
        "yanked": False,
        "cksum": hashlib.sha256(content.getvalue()).hexdigest(),
    }
    index = public / "index" / index_folder(name) / name
    index.parent.mkdir(parents=True, exist_ok=True)
    with index.open("a") as lines:
        lines.write(json.dumps(line) + "\n")
