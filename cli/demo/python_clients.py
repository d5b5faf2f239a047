"""Developers and CI at work: the real pip and twine, with no settings but those of the story."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from cli.demo.company import Company
from cli.demo.story import StepFailedError

CLIENT_SECONDS = 100.0


def index_url(company: Company, repository: str, token: str) -> str:
    """Return what `aws codeartifact login --tool pip` tells pip, with *token* as the password."""
    url = urlsplit(company.endpoint(repository, "pypi"))
    return f"{url.scheme}://aws:{token}@{url.netloc}{url.path}simple/"


def pip_install(
    company: Company, repository: str, requirement: str, target: Path, *more: str
) -> dict[str, str]:
    """
    Return ``{package: version}`` of what pip put into the folder *target*, without a cache.

    Args:
        more: Other requirements that it gets beside *requirement*.

    Raises:
        StepFailedError: pip failed.
    """
    done = _pip(company, repository, target, requirement, *more)
    if done.returncode != 0:
        raise StepFailedError(f"pip ended with {done.returncode}: {done.stderr.strip()}")
    return _installed(target)


def pip_refusal(
    company: Company, repository: str, requirement: str, target: Path, *more: str
) -> str:
    """
    Return in pip's own words why it installs no *requirement*.

    Args:
        more: Other requirements that it gets beside *requirement*.

    Raises:
        StepFailedError: It installed it.
    """
    done = _pip(company, repository, target, requirement, *more)
    if done.returncode == 0:
        raise StepFailedError(f"pip installed {_installed(target)}")
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return lines[0].strip()


def twine_upload(company: Company, repository: str, file: Path) -> str | None:
    """Return ``None`` if twine published *file*, else in its own words why it did not."""
    command = [sys.executable, "-m", "twine", "--no-color", "upload", "--disable-progress-bar"]
    command += ["--verbose", "--non-interactive", "--config-file", os.devnull]
    command += ["--repository-url", company.endpoint(repository, "pypi"), str(file)]
    environment = _environment_without("TWINE_")
    environment |= {"TWINE_USERNAME": "aws", "TWINE_PASSWORD": company.token, "COLUMNS": "500"}
    done = _run(command, environment)
    if done.returncode == 0:
        return None
    return (
        quoted_answer(done.stdout) or f"twine ended with {done.returncode}: {done.stderr.strip()}"
    )


def quoted_answer(said: str) -> str | None:
    """Return status and first line of the server's refusal that twine quotes in what it *said*."""
    answer = re.search(r"^\s*([45]\d\d [^\n]*)\n(?:INFO\s+)?(\S[^\n]*)$", said, re.MULTILINE)
    return f"{answer[1].strip()}: {answer[2].strip()}" if answer else None


def _pip(
    company: Company, repository: str, target: Path, *requirements: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--target", str(target), *requirements]
    environment = _environment_without("PIP_")
    environment["PIP_CONFIG_FILE"] = os.devnull  # no other index, no folder of wheels
    environment["PIP_INDEX_URL"] = index_url(company, repository, company.token)
    return _run(command, environment)


def _environment_without(prefix: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if prefix not in name}


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailedError(f"{command[2]} did not end within {CLIENT_SECONDS:.0f} s") from error


def _installed(folder: Path) -> dict[str, str]:
    from importlib.metadata import distributions

    found = {d.metadata["Name"].lower(): d.version for d in distributions(path=[str(folder)])}
    return dict(sorted(found.items()))
