"""The packages that the company's web application needs, and the lock file that names them."""

import hashlib
from collections.abc import Iterable

from emulator.external.archives import Project, wheel

LINES = 4000  # so that files are far larger than the pages that list them


class _Needed(Project):
    """A package whose one module is as long as those of real ones."""

    @property
    def module(self) -> str:
        """Return the source of its only module."""
        lines = (hashlib.sha256(f"{self.name} {n}".encode()).hexdigest() for n in range(LINES))
        return "\n".join(f'LINE = "{line}"' for line in lines) + "\n"


HTTP = _Needed("calm-http", "2.0.1", ">=3")
JSON = _Needed("calm-json", "1.7", ">=3")
RETRY = _Needed("calm-retry", "0.9.3", ">=3")
WEB = _Needed("calm-web", "3.1", ">=3", requires=("calm-http>=2", "calm-json", "calm-retry"))
CHARTS = _Needed("calm-charts", "5.0", ">=3", requires=("calm-json",))

NEEDED = (HTTP, JSON, RETRY, WEB)
NEEDED_LATER = (CHARTS, *NEEDED)


def file_of(project: Project) -> tuple[str, bytes]:
    """Return the name and the bytes of the wheel of *project*."""
    return f"{project.distribution}-{project.version}-py3-none-any.whl", wheel(project)


def lock_file(projects: Iterable[Project]) -> str:
    """Return what `pip-compile --generate-hashes` or `uv export` writes for *projects*."""
    return "".join(
        f"{project.name}=={project.version} \\\n"
        f"    --hash=sha256:{hashlib.sha256(file_of(project)[1]).hexdigest()}\n"
        for project in projects
    )


def versions_of(projects: Iterable[Project]) -> dict[str, str]:
    """Return ``{package: version}``."""
    return {project.name: project.version for project in projects}
