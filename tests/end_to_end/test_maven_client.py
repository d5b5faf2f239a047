"""Maven itself: a snapshot deployed twice, and another project that resolves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually
from tests.end_to_end.snapshot_builds import DOMAIN, GROUP

REPOSITORY = "my-maven-repo"

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

DEPENDENCY = (
    f"<dependency><groupId>{GROUP}</groupId><artifactId>greeter</artifactId>"
    "<version>{version}</version></dependency>"
)


class MavenProject:
    """A project of one developer, with a local repository and settings of its own."""

    def __init__(self, mvn: str, developer: Developer, artifact: str, version: str) -> None:
        self._mvn = mvn
        self._developer = developer
        self._url = developer.repository_url(DOMAIN, REPOSITORY, "maven")
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


@pytest.fixture(scope="module", autouse=True)
def _repository(stack: LocalStack) -> None:
    """The domain and one repository."""
    client = stack.codeartifact
    client.create_domain(domain=DOMAIN)
    client.create_repository(domain=DOMAIN, repository=REPOSITORY)


@pytest.mark.maven
def test_mvn_deploys_a_snapshot_twice_and_another_project_gets_the_second_build(
    mvn: str, developer: Developer, stack: LocalStack
) -> None:
    """Two deploys make three versions; a consumer compiles against what was deployed last."""
    library = MavenProject(mvn, developer, "greeter", "1.0-SNAPSHOT")
    library.write_class("Greeter", 'public static String first() { return "one"; }')
    library.mvn("deploy")
    library.write_class("Greeter", 'public static String second() { return "two"; }')
    library.mvn("deploy")

    versions = stack.versions(REPOSITORY, "greeter", namespace=GROUP)
    assert versions.pop("1.0-SNAPSHOT") == "Published"
    assert set(versions.values()) == {"Unlisted"}
    assert sorted(version.rpartition("-")[2] for version in versions) == ["1", "2"]

    consumer = MavenProject(mvn, developer, "consumer", "1.0")
    consumer.depend_on(DEPENDENCY.format(version="1.0-SNAPSHOT"))
    consumer.write_class("Consumer", "String greeting = Greeter.second();")
    consumer.mvn("compile")

    newest = max(versions)
    fetched = consumer.local / GROUP.replace(".", "/") / "greeter" / "1.0-SNAPSHOT"
    assert (fetched / f"greeter-{newest}.jar").is_file()


@pytest.mark.maven
def test_mvn_deploys_a_release_once(mvn: str, developer: Developer, stack: LocalStack) -> None:
    """A release is Published when its metadata arrives, and other bytes for it are refused."""
    library = MavenProject(mvn, developer, "released", "1.0")
    library.write_class("Released", "int first;")
    library.mvn("deploy")
    assert stack.versions(REPOSITORY, "released", namespace=GROUP) == {"1.0": "Published"}

    library.write_class("Released", "int second;")
    assert "409" in library.mvn("deploy", refused=True)

    eventually(stack.undelivered, lambda waiting: waiting == 0)
    assert stack.versions(REPOSITORY, "released", namespace=GROUP) == {"1.0": "Published"}
