"""A Maven project of one developer: mvn with settings and a local repository of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.snapshot_builds import DOMAIN, GROUP

PLUGINS = {
    # Versions that Maven 3.8 can run and that resolve without their own snapshots.
    "resources": "3.3.1",
    "compiler": "3.13.0",
    "surefire": "3.2.5",
    "jar": "3.4.2",
    "install": "3.1.4",
    "deploy": "3.1.4",
}

SETTINGS = """\
<settings>
  <localRepository>{local}</localRepository>
  {mirror}
  <servers><server>
    <id>codeartifact</id><username>aws</username><password>{token}</password>
  </server></servers>
</settings>
"""

MIRROR = """\
<mirrors><mirror>
  <id>machine</id><mirrorOf>central</mirrorOf><url>{url}</url>
</mirror></mirrors>"""

POM = """\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
  <properties>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <repositories><repository>
    <id>codeartifact</id><url>{url}</url><snapshots><enabled>true</enabled></snapshots>
  </repository></repositories>
  <distributionManagement>
    <snapshotRepository><id>codeartifact</id><url>{url}</url></snapshotRepository>
    <repository><id>codeartifact</id><url>{url}</url></repository>
  </distributionManagement>
  <dependencies>{dependencies}</dependencies>
  <build><plugins>{plugins}</plugins></build>
</project>
"""


class MavenProject:
    """A project of one developer, with a local repository and settings of its own."""

    def __init__(
        self, mvn: str, developer: Developer, repository: str, artifact: str, version: str
    ) -> None:
        self._mvn = mvn
        self._developer = developer
        self._url = developer.repository_url(DOMAIN, repository, "maven")
        self.folder = developer.home / artifact
        self.local = developer.home / f"{artifact}-repository"
        self._coordinates = (artifact, version)
        self._sources = self.folder / "src" / "main" / "java"
        self._sources.mkdir(parents=True)
        self._settings = self.folder / "settings.xml"
        self._settings.write_text(
            SETTINGS.format(local=self.local, mirror=_mirror(), token=developer.token(DOMAIN))
        )
        self.depend_on("")

    def depend_on(self, dependencies: str) -> None:
        """Write the POM, with *dependencies*."""
        artifact, version = self._coordinates
        plugins = "".join(
            f"<plugin><artifactId>maven-{name}-plugin</artifactId><version>{version}</version>"
            + (
                "<executions><execution><id>default-test</id><phase>none</phase></execution>"
                "</executions>"
                if name == "surefire"
                else ""
            )
            + "</plugin>"
            for name, version in PLUGINS.items()
        )
        (self.folder / "pom.xml").write_text(
            POM.format(
                group=GROUP,
                artifact=artifact,
                version=version,
                url=self._url,
                dependencies=dependencies,
                plugins=plugins,
            )
        )

    def write_class(self, name: str, body: str) -> None:
        """Write the source of a class."""
        (self._sources / f"{name}.java").write_text(f"public class {name} {{ {body} }}\n")

    def mvn(self, *arguments: str, refused: bool = False) -> str:
        """Run Maven, and return what it said; skip the test if its plugins are out of reach."""
        try:
            done = self._developer.run(
                *(self._mvn, "-B", "-s", str(self._settings), *arguments),
                cwd=self.folder,
                refused=refused,
            )
        except AssertionError as failure:
            if "PluginResolutionException" in str(failure) or "Plugin org.apache" in str(failure):
                pytest.skip("mvn finds neither its plugins on this machine nor a way to get them")
            raise
        return done.stdout + done.stderr


def _mirror() -> str:
    """Return a mirror of the machine's own Maven repository, if that holds the plugins."""
    repository = Path.home() / ".m2" / "repository"
    plugins = repository / "org" / "apache" / "maven" / "plugins"
    held = all(
        (plugins / f"maven-{name}-plugin" / version).is_dir() for name, version in PLUGINS.items()
    )
    return MIRROR.format(url=repository.as_uri()) if held else ""
