"""What ``mvn dependency:list`` prints, as a lock file, and a build that resolves the same."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.debian_clients import UNPACKED_WITHOUT, client_root
from tests.end_to_end.developer import Developer
from tests.end_to_end.locking import Place, PublicWorld

GROUP: Final = "org.example.lab"
PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.5.0"
# What that plugin needs, as Debian packages it.
PLUGIN_PACKAGES: Final = ("maven", "libmaven-dependency-plugin-java", "junit4")

# Where Debian installs what its packages of Maven need: what is there already is not unpacked.
DEBIAN: Final = Path("/usr/share/maven-repo")

PROJECT: Final = """\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.mycompany</groupId><artifactId>project</artifactId><version>1.0</version>
  <repositories><repository><id>codeartifact</id><url>{url}</url></repository></repositories>
  <dependencies>
    <dependency><groupId>{group}</groupId><artifactId>app</artifactId><version>2.0</version>
    </dependency>
    <dependency><groupId>{group}</groupId><artifactId>library</artifactId><version>1.4</version>
      <classifier>tests</classifier></dependency>
    <dependency><groupId>{group}</groupId><artifactId>bundle</artifactId><version>7</version>
      <type>zip</type><classifier>linux</classifier><scope>runtime</scope></dependency>
  </dependencies>
</project>
"""

SETTINGS: Final = """\
<settings>
  <localRepository>{local}</localRepository>
  <mirrors><mirror><id>unpacked</id><mirrorOf>central</mirrorOf><url>{unpacked}</url></mirror>
  </mirrors>
  <profiles><profile><id>plugins</id><pluginRepositories><pluginRepository>
    <id>installed</id><url>{installed}</url>
  </pluginRepository></pluginRepositories></profile></profiles>
  <activeProfiles><activeProfile>plugins</activeProfile></activeProfiles>
  <servers><server>
    <id>codeartifact</id><username>aws</username><password>{token}</password>
  </server></servers>
</settings>
"""

# `app` has a parent; the version of `library` stands in a BOM that the parent imports.
PARENT: Final = f"""\
<groupId>{GROUP}</groupId><artifactId>parent</artifactId><version>3</version>
<packaging>pom</packaging>
<properties><bom.version>5</bom.version></properties>
<dependencyManagement><dependencies><dependency>
  <groupId>{GROUP}</groupId><artifactId>bom</artifactId><version>${{bom.version}}</version>
  <type>pom</type><scope>import</scope>
</dependency></dependencies></dependencyManagement>"""
BOM: Final = f"""\
<groupId>{GROUP}</groupId><artifactId>bom</artifactId><version>5</version>
<packaging>pom</packaging>
<dependencyManagement><dependencies><dependency>
  <groupId>{GROUP}</groupId><artifactId>library</artifactId><version>1.4</version>
</dependency></dependencies></dependencyManagement>"""
APP: Final = f"""\
<parent><groupId>{GROUP}</groupId><artifactId>parent</artifactId><version>3</version></parent>
<artifactId>app</artifactId><version>2.0</version>
<dependencies><dependency>
  <groupId>{GROUP}</groupId><artifactId>library</artifactId>
</dependency></dependencies>"""
LIBRARY: Final = f"""\
<parent><groupId>{GROUP}</groupId><artifactId>family</artifactId><version>1.4</version></parent>
<artifactId>library</artifactId>"""
FAMILY: Final = f"""\
<parent><groupId>{GROUP}</groupId><artifactId>parent</artifactId><version>3</version></parent>
<artifactId>family</artifactId><version>1.4</version><packaging>pom</packaging>"""
BUNDLE: Final = f"""\
<groupId>{GROUP}</groupId><artifactId>bundle</artifactId><version>7</version>
<packaging>pom</packaging>"""


class Maven:
    """``mvn dependency:list``, and the build that it is of."""

    name: str = "mvn dependency:list"
    format: str = "maven"
    lock_file: str = "dependencies.txt"
    locked: frozenset[str] = frozenset(
        f"pkg:maven/{GROUP}/{each}" for each in ("app@2.0", "library@1.4", "bundle@7")
    )
    installs: frozenset[str] = frozenset(
        {
            *("app-2.0.jar", "app-2.0.pom", "parent-3.pom", "bom-5.pom"),
            *("library-1.4.jar", "library-1.4-tests.jar", "library-1.4.pom", "family-1.4.pom"),
            *("bundle-7.pom", "bundle-7-linux.zip"),
        }
    )
    hashes: int = 0

    def release(self, public: PublicWorld, developer: Developer) -> None:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        packages = public.packages
        for artifact, version, pom, suffixes in (
            ("parent", "3", PARENT, (".pom",)),
            ("bom", "5", BOM, (".pom",)),
            ("app", "2.0", APP, (".pom", ".jar")),
            ("family", "1.4", FAMILY, (".pom",)),
            ("library", "1.4", LIBRARY, (".pom", ".jar", "-tests.jar")),
            ("bundle", "7", BUNDLE, (".pom", "-linux.zip")),
        ):
            packages.release_maven(GROUP, artifact, version, suffixes)
            files = f"{GROUP.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}"
            model = f"<project><modelVersion>4.0.0</modelVersion>{pom}</project>"
            packages.maven[f"{files}.pom"] = model.encode()
            for suffix in suffixes[1:]:
                packages.maven[f"{files}{suffix}"] = _jar()

    def lock(self, developer: Developer, project: Path, place: Place) -> None:
        """See :class:`tests.end_to_end.locking.Locker`."""
        (project / "pom.xml").write_text(PROJECT.format(url=place.url, group=GROUP))
        listed = f"-DoutputFile={project / self.lock_file}"
        self._run(developer, project, place, "list", listed)

    def install(
        self, developer: Developer, project: Path, place: Place, *, refused: bool = False
    ) -> str:
        """See :class:`tests.end_to_end.locking.Locker`."""
        return self._run(developer, project, place, "resolve", refused=refused)

    def installed(self, developer: Developer, project: Path) -> set[str]:  # noqa: ARG002  protocol
        """See :class:`tests.end_to_end.locking.Locker`."""
        held = developer.home / "repository" / GROUP.replace(".", "/")
        return {each.name for each in held.rglob("*") if each.suffix in {".jar", ".pom", ".zip"}}

    def _run(
        self,
        developer: Developer,
        project: Path,
        place: Place,
        goal: str,
        *arguments: str,
        refused: bool = False,
    ) -> str:
        if shutil.which("mvn") is None:
            pytest.skip("mvn is not on PATH")
        root = client_root(*PLUGIN_PACKAGES)
        if root is None:
            pytest.skip(f"Maven has no dependency plugin, and {UNPACKED_WITHOUT}")
        settings = developer.home / "settings.xml"
        settings.write_text(
            SETTINGS.format(
                local=developer.home / "repository",
                unpacked=(root / "usr/share/maven-repo").as_uri(),
                installed=DEBIAN.as_uri(),
                token=place.token,
            )
        )
        try:
            done = developer.run(
                *("mvn", "-B", "-s", str(settings), f"{PLUGIN}:{goal}", *arguments),
                cwd=project,
                refused=refused,
            )
        except AssertionError as failure:
            if "PluginResolutionException" in str(failure):
                pytest.skip("mvn finds neither its plugin on this machine nor a way to get it")
            raise
        return done.stdout + done.stderr


def _jar() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    return content.getvalue()
