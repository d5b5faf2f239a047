"""Unpacks package managers that Debian packages, without installing anything on this machine."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

LISTS_SECONDS = 120.0
DOWNLOAD_SECONDS = 300.0

UNPACKED_WITHOUT = "apt cannot provide the client on this machine"
"""Why a test is skipped when `client_root` has nothing."""


def client_root(*packages: str) -> Path | None:
    """
    Return the folder with *packages* and what they need beside what this machine has installed.

    - Downloaded and unpacked once (``apt-get --download-only``, ``dpkg -x``), never installed: no
      maintainer script runs, no root is needed, nothing outside the user's cache folder changes.
      A client is thus at ``usr/bin`` of the folder, and its environment has to name the folder.
    - The machine's own package lists are used; only where they are too old, or missing, others are
      fetched into the cache folder from the sources that the machine is configured with.
    - None where apt cannot: there is none, or its sources do not answer.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return None
    wanted = hashlib.sha256("\n".join((platform.machine(), _release(), *sorted(packages))).encode())
    root = _cache() / "debian-clients" / wanted.hexdigest()[:16]
    if root.is_dir():
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="unpacking-") as folder:
        archives = Path(folder) / "archives"
        (archives / "partial").mkdir(parents=True)
        if not (_download(packages, archives) or _download_newer(packages, archives)):
            return None
        unpacked = Path(folder) / "root"
        unpacked.mkdir()
        for archive in sorted(archives.glob("*.deb")):
            subprocess.run(["dpkg", "-x", archive, unpacked], check=True, capture_output=True)
        try:
            unpacked.rename(root)
        except OSError:  # somebody else was faster, with the same
            if not root.is_dir():
                raise
    return root


def library_folders(root: Path) -> str:
    """Return the folders of shared libraries below *root*, as ``LD_LIBRARY_PATH`` has them."""
    folders = (root / "usr/lib", *sorted((root / "usr/lib").glob("*-linux-gnu*")))
    return ":".join(str(folder) for folder in folders)


def _download(packages: tuple[str, ...], archives: Path, *options: str) -> bool:
    return _apt(
        DOWNLOAD_SECONDS,
        *options,
        *("-o", f"Dir::Cache::archives={archives}", "--no-install-recommends", "--yes"),
        *("--download-only", "install", *packages),
    )


def _download_newer(packages: tuple[str, ...], archives: Path) -> bool:
    lists = _cache() / "debian-lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    own = (
        *("-o", f"Dir::State::lists={lists}"),
        *("-o", f"Dir::Cache::pkgcache={lists}/pkgcache.bin"),
        *("-o", f"Dir::Cache::srcpkgcache={lists}/srcpkgcache.bin"),
    )
    return _apt(LISTS_SECONDS, *own, "update") and _download(packages, archives, *own)


def _apt(seconds: float, *arguments: str) -> bool:
    # The user's folder cannot be read by the account that apt would change to; no lock is needed,
    # because nothing is installed.
    free = ("-o", "APT::Sandbox::User=", "-o", "Debug::NoLocking=true")
    try:
        done = subprocess.run(
            ["apt-get", "--quiet", *free, *arguments],
            capture_output=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _release() -> str:
    try:
        return Path("/etc/os-release").read_text()
    except OSError:
        return ""


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "codeartifact-steward"
