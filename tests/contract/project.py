"""Where the project's files are, and which of them Git holds."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "functions"
LAYER = ROOT / "layers" / "steward" / "steward"


# What asks the automations about every package of a domain, and has no decision of its own.
SWEEPS = "sweep_repositories"


def automations() -> list[str]:
    """Return the folders below `functions/` that hold an automation, by name."""
    return sorted(
        app.parent.name for app in FUNCTIONS.glob("*/app.py") if app.parent.name != SWEEPS
    )


def tracked_files() -> list[Path]:
    """Return every file that is, or is about to be, part of the project; ignored files are not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def python_files(*folders: Path) -> list[Path]:
    """Return the Python files below *folders*, in a stable order."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))
