"""What is in a version and how repositories are connected, by answers as terse as they may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import pytest

from steward.coordinates import Repository
from steward.errors import CodeArtifactError, PackageNotFoundError
from steward.repositories import (
    ExternalConnection,
    RepositoryDescription,
    ServiceRepositories,
)
from steward.version_contents import (
    Asset,
    Assets,
    Dependency,
    Description,
    Licence,
    ServiceVersionContents,
)
from tests.unit.fake_codeartifact import DOMAIN_OWNER, package, refused

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

PACKAGE = package()
REPOSITORY = Repository("my-company", DOMAIN_OWNER, "approved")
COORDINATES: dict[str, object] = {
    "domain": "my-company",
    "domainOwner": DOMAIN_OWNER,
    "repository": "my-maven-repo",
    "format": "maven",
    "namespace": "com.mycompany.app",
    "package": "pkg-1",
    "packageVersion": "1.0",
}


class Answers:
    """A client whose every operation gives the next of *answers*, or raises it."""

    def __init__(self, *answers: Mapping[str, object] | Exception) -> None:
        self._answers = list(answers)
        self.calls: list[dict[str, object]] = []

    def __getattr__(self, operation: str) -> Callable[..., Mapping[str, object]]:
        """Return the operation."""

        def call(**parameters: object) -> Mapping[str, object]:
            self.calls.append(parameters)
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    @property
    def as_client(self) -> CodeArtifactClient:
        """The fake, as far as mypy is concerned the real one."""
        return cast("CodeArtifactClient", self)


def contents(*answers: Mapping[str, object] | Exception) -> tuple[ServiceVersionContents, Answers]:
    """Return what asks, and the client that it asks."""
    client = Answers(*answers)
    return ServiceVersionContents(client.as_client), client


def described(**members: object) -> dict[str, object]:
    """Return an answer of DescribePackageVersion."""
    return {"packageVersion": {"revision": "r1", "status": "Published", **members}}


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        ([{"name": "MIT", "url": "link"}], (Licence("MIT", "link"),)),
        ([{"name": "MIT"}, {"url": "link"}], (Licence("MIT", None), Licence(None, "link"))),
        ([{}, {"name": "", "url": ""}], ()),
        ([], ()),
        (None, ()),
    ],
    ids=["name and link", "one of both", "nothing in it", "an empty list", "an absent list"],
)
def test_a_version_says_its_licences(
    licences: Sequence[object] | None, expected: tuple[Licence, ...]
) -> None:
    """A licence that has neither a name nor a link is none."""
    gateway, client = contents(described(**({} if licences is None else {"licenses": licences})))
    assert gateway.describe(PACKAGE, "1.0") == Description("r1", "Published", expected)
    assert client.calls == [COORDINATES]


@pytest.mark.parametrize("missing", ["revision", "status"])
def test_a_description_without_what_it_is_for_is_refused(missing: str) -> None:
    """The service model promises neither; a gate must not judge an unknown revision."""
    members: dict[str, object] = {"revision": "r1", "status": "Published"}
    del members[missing]
    gateway, _ = contents({"packageVersion": members})
    with pytest.raises(CodeArtifactError, match=missing):
        gateway.describe(PACKAGE, "1.0")


def test_assets_come_by_name_with_lower_case_hashes() -> None:
    """Whatever the answer leaves out is left out."""
    answer: dict[str, object] = {
        "versionRevision": "r1",
        "assets": [{"name": "a.jar", "size": 3, "hashes": {"SHA-256": "AB"}}, {"name": "a.pom"}],
    }
    gateway, client = contents(answer)
    assert gateway.assets(PACKAGE, "1.0") == Assets(
        "r1",
        {"a.jar": Asset("a.jar", 3, {"SHA-256": "ab"}), "a.pom": Asset("a.pom", None, {})},
    )
    assert client.calls == [{**COORDINATES, "maxResults": 1000}]


def test_assets_of_several_pages_belong_to_one_revision() -> None:
    """A version that changes between two pages is told neither as the old nor as the new one."""
    first: dict[str, object] = {
        "versionRevision": "r1",
        "assets": [{"name": "a.jar"}],
        "nextToken": "2",
    }
    gateway, client = contents(first, {"versionRevision": "r1", "assets": [{"name": "a.pom"}]})
    assert list(gateway.assets(PACKAGE, "1.0").assets) == ["a.jar", "a.pom"]
    assert [call.get("nextToken") for call in client.calls] == [None, "2"]
    gateway, _ = contents(first, {"versionRevision": "r2", "assets": [{"name": "a.pom"}]})
    with pytest.raises(CodeArtifactError, match="has changed"):
        gateway.assets(PACKAGE, "1.0")


def test_terse_answers_are_empty_ones() -> None:
    """The service model promises no member of either list."""
    gateway, _ = contents({}, {})
    assert gateway.assets(PACKAGE, "1.0") == Assets(None, {})
    assert gateway.dependencies(PACKAGE, "1.0") == []


def test_dependencies_come_from_every_page_each_once() -> None:
    """The tokens are followed by hand; empty texts are absent ones."""
    jar = {"namespace": "g", "package": "a", "dependencyType": "compile", "versionRequirement": "1"}
    gateway, client = contents(
        {"dependencies": [jar], "nextToken": "2"},
        {"nextToken": "3"},
        {"dependencies": [jar, {"namespace": "", "package": "b", "versionRequirement": ""}]},
    )
    assert gateway.dependencies(PACKAGE, "1.0") == [
        Dependency("g", "a", "compile", "1"),
        Dependency(None, "b", None, None),
    ]
    assert client.calls == [
        COORDINATES,
        {**COORDINATES, "nextToken": "2"},
        {**COORDINATES, "nextToken": "3"},
    ]


def test_a_dependency_without_a_name_is_not_passed_over() -> None:
    """What is not known must not look like nothing."""
    gateway, _ = contents({"dependencies": [{"versionRequirement": "1"}]})
    with pytest.raises(CodeArtifactError, match="no package"):
        gateway.dependencies(PACKAGE, "1.0")


def test_dependencies_that_lead_back_to_themselves_end() -> None:
    """A server that repeats its token must not keep a function busy until its timeout."""
    gateway, _ = contents({"nextToken": "again"}, {"nextToken": "again"})
    with pytest.raises(CodeArtifactError, match="itself"):
        gateway.dependencies(PACKAGE, "1.0")


@pytest.mark.parametrize("question", ["describe", "assets", "dependencies"])
def test_what_is_gone_is_told_from_what_failed(question: str) -> None:
    """A version that was deleted meanwhile, and a refusal."""
    gateway, _ = contents(
        refused("Test", "ResourceNotFoundException"), refused("Test", "AccessDeniedException")
    )
    with pytest.raises(PackageNotFoundError):
        getattr(gateway, question)(PACKAGE, "1.0")
    with pytest.raises(CodeArtifactError, match="AccessDenied") as caught:
        getattr(gateway, question)(PACKAGE, "1.0")
    assert not isinstance(caught.value, PackageNotFoundError)


def connected(answer: Mapping[str, object] | Exception) -> RepositoryDescription:
    """Return how the repository of *answer* is connected."""
    return ServiceRepositories(Answers(answer).as_client).describe(REPOSITORY)


def test_a_repository_says_how_it_is_connected() -> None:
    """Upstreams in their order, and external connections with their formats."""
    connection = {
        "externalConnectionName": "public:pypi",
        "packageFormat": "pypi",
        "status": "Available",
    }
    assert connected(
        {
            "repository": {
                "upstreams": [{"repositoryName": "b"}, {"repositoryName": "a"}],
                "externalConnections": [connection],
            }
        }
    ) == RepositoryDescription("approved", ("b", "a"), (ExternalConnection("public:pypi", "pypi"),))
    assert connected({"repository": {}}) == RepositoryDescription("approved", (), ())


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"repository": {"upstreams": [{}]}},
        {"repository": {"externalConnections": [{"externalConnectionName": "public:pypi"}]}},
        {"repository": {"externalConnections": [{"packageFormat": "pypi"}]}},
    ],
    ids=["no repository", "an upstream without a name", "no format", "no connection's name"],
)
def test_a_way_that_is_not_told_completely_is_no_closed_way(answer: Mapping[str, object]) -> None:
    """Half an answer must not look like a repository without upstreams."""
    with pytest.raises(CodeArtifactError, match="has no"):
        connected(answer)


def test_a_repository_that_does_not_exist_is_told_from_a_failure() -> None:
    """By the exception's class."""
    with pytest.raises(PackageNotFoundError):
        connected(refused("DescribeRepository", "ResourceNotFoundException"))
