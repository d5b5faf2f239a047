"""Maven itself: a snapshot deployed twice, and another project that resolves it."""

from __future__ import annotations

import pytest

from tests.end_to_end.developer import Developer
from tests.end_to_end.local_stack import LocalStack, eventually
from tests.end_to_end.maven_project import MavenProject
from tests.end_to_end.snapshot_builds import DOMAIN, GROUP

REPOSITORY = "my-maven-repo"

DEPENDENCY = (
    f"<dependency><groupId>{GROUP}</groupId><artifactId>greeter</artifactId>"
    "<version>{version}</version></dependency>"
)


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
    library = MavenProject(mvn, developer, REPOSITORY, "greeter", "1.0-SNAPSHOT")
    library.write_class("Greeter", 'public static String first() { return "one"; }')
    library.mvn("deploy")
    library.write_class("Greeter", 'public static String second() { return "two"; }')
    library.mvn("deploy")

    versions = stack.versions(REPOSITORY, "greeter", namespace=GROUP)
    assert versions.pop("1.0-SNAPSHOT") == "Published"
    assert set(versions.values()) == {"Unlisted"}
    assert sorted(version.rpartition("-")[2] for version in versions) == ["1", "2"]

    consumer = MavenProject(mvn, developer, REPOSITORY, "consumer", "1.0")
    consumer.depend_on(DEPENDENCY.format(version="1.0-SNAPSHOT"))
    consumer.write_class("Consumer", "String greeting = Greeter.second();")
    consumer.mvn("compile")

    newest = max(versions)
    fetched = consumer.local / GROUP.replace(".", "/") / "greeter" / "1.0-SNAPSHOT"
    assert (fetched / f"greeter-{newest}.jar").is_file()


@pytest.mark.maven
def test_mvn_deploys_a_release_once(mvn: str, developer: Developer, stack: LocalStack) -> None:
    """A release is Published when its metadata arrives, and other bytes for it are refused."""
    library = MavenProject(mvn, developer, REPOSITORY, "released", "1.0")
    library.write_class("Released", "int first;")
    library.mvn("deploy")
    assert stack.versions(REPOSITORY, "released", namespace=GROUP) == {"1.0": "Published"}

    library.write_class("Released", "int second;")
    assert "409" in library.mvn("deploy", refused=True)

    eventually(stack.undelivered, lambda waiting: waiting == 0)
    assert stack.versions(REPOSITORY, "released", namespace=GROUP) == {"1.0": "Published"}
