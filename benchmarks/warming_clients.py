"""The real clients that warming is compared with: each gets the packages of its own lock file."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from benchmarks import public_world

if TYPE_CHECKING:
    from benchmarks.warming_bench import Bench, Cost

COMPILER: Final = "org.apache.maven.plugins:maven-compiler-plugin:3.13.0:compile"
SETTINGS: Final = """\
<settings>
  <localRepository>{local}</localRepository>
  <mirrors><mirror><id>machine</id><mirrorOf>central</mirrorOf><url>{machine}</url></mirror></mirrors>
  <servers><server>
    <id>codeartifact</id><username>aws</username><password>{token}</password>
  </server></servers>
</settings>
"""
POM: Final = """\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.mycompany</groupId><artifactId>app</artifactId><version>1.0</version>
  <properties><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
  <repositories><repository><id>codeartifact</id><url>{url}</url></repository></repositories>
  <dependencies>{dependencies}</dependencies>
</project>
"""


def pip_download(bench: Bench, number: int) -> Cost:
    """Run ``pip download -r``: hashes in the file, no dependencies, nothing cached."""
    (bench.folder / "requirements.txt").write_text(public_world.requirements(number))
    url = urlsplit(bench.url("pypi"))
    index = f"{url.scheme}://aws:{bench.token()}@{url.netloc}{url.path}simple/"
    environment = {name: "" for name in os.environ if name.startswith("PIP_")}
    return bench.measured(
        (
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"),
            *("--dest", "downloaded", "--index-url", index, "-r", "requirements.txt"),
        ),
        {**environment, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        cwd=bench.folder,
    )


def npm_ci(bench: Bench, number: int) -> Cost:
    """Run ``npm ci`` with a clean cache; no scripts, no audit."""
    project = bench.folder / "npm"
    project.mkdir()
    registry = bench.url("npm")
    (project / "package.json").write_text(public_world.package_json(number))
    (project / "package-lock.json").write_text(public_world.package_lock(number, registry))
    npmrc = project / ".npmrc"
    host = registry.removeprefix("http:")
    npmrc.write_text(f"registry={registry}\n{host}:_authToken={bench.token()}\n")
    return bench.measured(
        ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", project / "cache"),
        {"NPM_CONFIG_USERCONFIG": str(npmrc), "NPM_CONFIG_UPDATE_NOTIFIER": "false"},
        cwd=project,
    )


def maven_resolve(bench: Bench, number: int) -> Cost | None:
    """
    Have Maven resolve a project with all packages; ``None``: it cannot run here.

    Its plugin comes from the machine's own Maven repository before the clock starts. The local
    repository has nothing else.
    """
    machine = Path.home() / ".m2" / "repository"
    mvn = shutil.which("mvn")
    if mvn is None or not (machine / "org/apache/maven/plugins/maven-compiler-plugin").is_dir():
        return None
    project = bench.folder / "maven"
    project.mkdir()
    settings = project / "settings.xml"
    settings.write_text(
        SETTINGS.format(local=project / "repository", machine=machine.as_uri(), token=bench.token())
    )
    command = (mvn, "-B", "-q", "-s", settings, COMPILER)
    dependencies = "".join(
        f"<dependency><groupId>{public_world.GROUP}</groupId><artifactId>{name}</artifactId>"
        f"<version>{public_world.VERSION}</version></dependency>"
        for name in public_world.names("maven", number)
    )
    for inside in ("", dependencies):
        pom = POM.format(url=bench.url("maven"), dependencies=inside)
        (project / "pom.xml").write_text(pom)
        cost = bench.measured(command, cwd=project)
    return cost
