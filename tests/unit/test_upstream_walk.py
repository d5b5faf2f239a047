"""Which public repositories a repository reaches, and how often CodeArtifact is asked about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from steward.coordinates import Repository
from steward.errors import PackageNotFoundError
from steward.repositories import ExternalConnection, RepositoryDescription
from steward.upstream_walk import KEPT_SECONDS, Connections

PYPI = ExternalConnection("public:pypi", "pypi")
MAVEN = ExternalConnection("public:maven-central", "maven")
GOOGLE = ExternalConnection("public:maven-googleandroid", "maven")


@dataclass
class Domain:
    """Repositories by name: their upstreams, and what they are connected to."""

    repositories: dict[str, tuple[tuple[str, ...], tuple[ExternalConnection, ...]]]
    asked: list[str] = field(default_factory=list)

    def describe(self, repository: Repository) -> RepositoryDescription:
        """Return how a repository is connected."""
        self.asked.append(repository.name)
        if repository.name not in self.repositories:
            raise PackageNotFoundError("DescribeRepository", "ResourceNotFoundException", "no")
        return RepositoryDescription(repository.name, *self.repositories[repository.name])


def repository(name: str) -> Repository:
    """Return a repository of the domain."""
    return Repository("my-company", "012345678901", name)


def domain() -> Domain:
    """Return a domain in which a circle of repositories leads to three public ones."""
    return Domain(
        {
            "demo": (("stores", "gone"), ()),
            "stores": (("pypi", "maven", "google", "demo"), ()),
            "pypi": ((), (PYPI,)),
            "maven": ((), (MAVEN,)),
            "google": ((), (GOOGLE,)),
        }
    )


def test_the_connections_of_a_format_come_in_the_order_of_the_search() -> None:
    """Behind upstreams of upstreams, each once; a repository that is gone hides nothing."""
    connections = Connections(domain())
    assert connections.of(repository("demo"), "maven") == (MAVEN.name, GOOGLE.name)
    assert connections.of(repository("demo"), "pypi") == (PYPI.name,)
    assert connections.of(repository("demo"), "npm") == ()


def test_codeartifact_is_asked_once_in_five_minutes() -> None:
    """Each repository of the search once, whatever the format."""
    there, now = domain(), [0.0]
    connections = Connections(there, monotonic=lambda: now[0])
    for _ in range(3):
        connections.of(repository("demo"), "maven")
        connections.of(repository("demo"), "pypi")
    assert sorted(there.asked) == ["demo", "gone", "google", "maven", "pypi", "stores"]
    now[0] = KEPT_SECONDS
    connections.of(repository("demo"), "maven")
    assert len(there.asked) == 12


def test_a_format_is_lacking_only_where_every_repository_was_seen() -> None:
    """What may be behind a repository that cannot be described is not known, so not lacking."""
    connections = Connections(domain())
    assert not connections.lacks(repository("demo"), "npm")
    assert connections.lacks(repository("pypi"), "npm")
    assert not connections.lacks(repository("pypi"), "pypi")
