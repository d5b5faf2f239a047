"""The gateway's reading and writing of origins and restrictions on the local CodeArtifact."""

from __future__ import annotations

import pytest

from steward.codeartifact import CodeArtifactService, ObservedCodeArtifact
from steward.coordinates import Format, Origin, Package, Repository, Restrictions
from steward.errors import PackageNotFoundError
from tests.functional.local_codeartifact import Local

ACCOUNT = "012345678901"
DOMAIN = "my-company"
OURS = Repository(DOMAIN, ACCOUNT, "ours")
STORE = Repository(DOMAIN, ACCOUNT, "store")
GONE = Repository(DOMAIN, ACCOUNT, "gone")
INTERNAL = Restrictions("ALLOW", "BLOCK")
PUBLIC = Restrictions("BLOCK", "ALLOW")


def named(
    name: str,
    *,
    package_format: Format = "npm",
    namespace: str | None = None,
    repository: Repository = OURS,
) -> Package:
    """Return a package of the domain."""
    return Package(repository, package_format, namespace, name)


def seed(local: Local, *packages: object, groups: object = ()) -> None:
    """The domain has a repository `ours` with *packages*, and one that fetches from outside."""
    repositories = [
        {"name": "store", "externalConnection": "public:npmjs"},
        {"name": "ours", "upstreams": ["store"], "packages": list(packages)},
    ]
    domain = {"name": DOMAIN, "repositories": repositories, "packageGroups": groups}
    local.seed({"domains": [domain]})


def service(local: Local) -> CodeArtifactService:
    """Return the gateway to the local CodeArtifact."""
    return CodeArtifactService(local.client())


def versions(*origins: tuple[str, object]) -> list[dict[str, object]]:
    """Return seeded versions with their origins."""
    return [{"version": version, "origin": origin} for version, origin in origins]


EXTERNAL = {
    "originType": "EXTERNAL",
    "domainEntryPoint": {"externalConnectionName": "public:npmjs"},
}
PUBLISHED = {"originType": "INTERNAL", "domainEntryPoint": {"repositoryName": "ours"}}


def test_versions_come_with_their_origins(local: Local) -> None:
    """Of any type, and by type where only one is asked for."""
    held = versions(("1.0.0", PUBLISHED), ("9.9.9", EXTERNAL), ("0.1.0", {"originType": "UNKNOWN"}))
    seed(local, {"format": "npm", "package": "ui", "versions": held})
    gateway, ui = service(local), named("ui")
    assert {one.version: one.origin for one in gateway.versions(ui)} == {
        "1.0.0": Origin("INTERNAL", repository="ours"),
        "9.9.9": Origin("EXTERNAL", external_connection="public:npmjs"),
        "0.1.0": Origin("UNKNOWN", repository="ours"),
    }
    assert [one.version for one in gateway.versions(ui, origin="EXTERNAL")] == ["9.9.9"]


def test_external_versions_among_many_are_one_call(local: Local) -> None:
    """CodeArtifact filters before it pages."""
    held = versions(*((f"1.{n}.0", PUBLISHED) for n in range(1_500)), ("9.9.9", EXTERNAL))
    seed(local, {"format": "npm", "package": "ui", "versions": held})
    before = local.requests().get("ListPackageVersions", 0)
    assert len(service(local).versions(named("ui"), origin="EXTERNAL")) == 1
    assert local.requests()["ListPackageVersions"] == before + 1


@pytest.mark.parametrize(
    "package",
    [
        named("ui", namespace="mycompany"),
        named("ui"),
        named("pkg-1", package_format="maven", namespace="com.mycompany.app"),
        named("naïve~+%@name", package_format="generic", namespace="a&b=c"),
    ],
    ids=["a scoped npm package", "an unscoped one", "a Maven artifact", "a name to be encoded"],
)
def test_restrictions_are_read_as_they_were_written(local: Local, package: Package) -> None:
    """With or without a namespace, whatever the names."""
    scope = {"namespace": package.namespace} if package.namespace else {}
    held = versions(("1.0.0", PUBLISHED))
    seed(local, {"format": package.format, "package": package.name, "versions": held, **scope})
    gateway = service(local)
    assert gateway.restrictions(package) == INTERNAL
    assert gateway.put_restrictions(package, PUBLIC)
    assert gateway.restrictions(package) == PUBLIC
    assert list(gateway.packages(OURS)) == [[(package, PUBLIC)]]


def test_a_repository_is_one_call_per_thousand_packages(local: Local) -> None:
    """Every package of every format once, also those without versions."""
    held = versions(("1.0.0", PUBLISHED))
    packages = [
        {"format": "npm", "package": f"package-{n}", "versions": held} for n in range(1_000)
    ]
    seed(local, *packages, {"format": "pypi", "package": "requests", "versions": held})
    gateway, empty = service(local), named("empty")
    gateway.put_restrictions(empty, INTERNAL)
    before = local.requests().get("ListPackages", 0)
    pages = list(gateway.packages(OURS))
    assert local.requests()["ListPackages"] == before + 2
    assert [len(page) for page in pages] == [1_000, 2]
    found = {package for page in pages for package, _ in page}
    assert found == {
        *(named(f"package-{n}") for n in range(1_000)),
        named("requests", package_format="pypi"),
        empty,
    }
    assert list(gateway.packages(STORE)) == [[]]


def test_what_is_gone_is_told_from_what_failed(local: Local) -> None:
    """A package, or a repository; writing restrictions needs no package, only a repository."""
    seed(local)
    gateway = service(local)
    with pytest.raises(PackageNotFoundError):
        gateway.restrictions(named("ui"))
    with pytest.raises(PackageNotFoundError):
        gateway.put_restrictions(named("ui", repository=GONE), INTERNAL)
    with pytest.raises(PackageNotFoundError):
        list(gateway.packages(GONE))
    with pytest.raises(PackageNotFoundError):
        gateway.group_of(named("ui", repository=Repository("no-domain", ACCOUNT, "ours")))
    assert gateway.put_restrictions(named("ui"), INTERNAL)
    assert gateway.restrictions(named("ui")) == INTERNAL


def test_a_package_without_a_group_of_its_own_is_left_to_itself(local: Local) -> None:
    """The root group allows everything; the package need not exist."""
    seed(local)
    group = service(local).group_of(named("ui"))
    assert (group.pattern, group.association, group.unrestricted) == ("/*", "STRONG", True)


@pytest.mark.parametrize(
    ("package", "pattern", "association", "unrestricted"),
    [
        pytest.param(
            named("ui", namespace="mycompany"), "/npm/mycompany/*", "STRONG", False, id="its group"
        ),
        pytest.param(
            named("flask-login", package_format="pypi"),
            "/pypi//flask-login$",
            "STRONG",
            True,
            id="a group of its own",
        ),
        pytest.param(
            named("left.pad"), "/npm//left-pad$", "WEAK", False, id="a name that only resembles"
        ),
        pytest.param(named("react"), "/*", "STRONG", True, id="no group but the root"),
    ],
)
def test_a_package_has_one_group(
    local: Local, package: Package, pattern: str, association: str, *, unrestricted: bool
) -> None:
    """The most specific one; a weak association blocks the package, whatever the group says."""
    groups = [
        {
            "pattern": "/npm/mycompany/*",
            "restrictions": {
                "PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES",
                "EXTERNAL_UPSTREAM": "BLOCK",
            },
            "allowedRepositories": {"PUBLISH": ["ours"]},
        },
        {"pattern": "/pypi//flask-login$"},
        {"pattern": "/npm//left-pad$"},
    ]
    seed(local, groups=groups)
    group = service(local).group_of(package)
    assert (group.pattern, group.association) == (pattern, association)
    assert group.unrestricted is unrestricted
    if pattern == "/npm/mycompany/*":
        assert group.modes == {
            "PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES",
            "EXTERNAL_UPSTREAM": "BLOCK",
            "INTERNAL_UPSTREAM": "ALLOW",
        }


def test_observing_leaves_the_restrictions(local: Local) -> None:
    """It says that nothing was written."""
    seed(local, {"format": "npm", "package": "ui", "versions": versions(("1.0.0", PUBLISHED))})
    observed = ObservedCodeArtifact(service(local))
    assert observed.put_restrictions(named("ui"), PUBLIC) is False
    assert observed.restrictions(named("ui")) == INTERNAL
