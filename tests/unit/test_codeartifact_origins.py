"""The gateway's calls about origins, origin restrictions and package groups."""

from collections.abc import Callable

import pytest

from steward.codeartifact import (
    AssociatedGroup,
    CodeArtifact,
    CodeArtifactService,
    ObservedCodeArtifact,
)
from steward.coordinates import Origin, PackageVersion, RestrictionMode, Restrictions
from steward.errors import CodeArtifactError, PackageNotFoundError
from tests.unit.fake_codeartifact import FakeClient, package, refused

PACKAGE = package()
REPOSITORY = PACKAGE.repository
INTERNAL = Restrictions("ALLOW", "BLOCK")
WHERE = {
    "domain": "my-company",
    "domainOwner": "012345678901",
    "repository": "my-maven-repo",
}
WHICH = {"format": "maven", "namespace": "com.mycompany.app", "package": "pkg-1"}
OPEN = {
    kind: {"mode": "INHERIT", "effectiveMode": "ALLOW"}
    for kind in ("PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM")
}


def row(name: str, **members: object) -> dict[str, object]:
    """Return a row of ListPackages."""
    return {"format": "pypi", "package": name, **members}


def group(restrictions: object, *, association: str = "STRONG") -> dict[str, object]:
    """Return an answer of GetAssociatedPackageGroup."""
    described = {"pattern": "/maven/*", "originConfiguration": {"restrictions": restrictions}}
    return {"packageGroup": described, "associationType": association}


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        pytest.param(
            {"originType": "INTERNAL", "domainEntryPoint": {"repositoryName": "team-a"}},
            Origin("INTERNAL", repository="team-a"),
            id="published to a repository",
        ),
        pytest.param(
            {"originType": "EXTERNAL", "domainEntryPoint": {"externalConnectionName": "public:x"}},
            Origin("EXTERNAL", external_connection="public:x"),
            id="fetched through an external connection",
        ),
        pytest.param({"originType": "UNKNOWN"}, Origin("UNKNOWN"), id="unknown to CodeArtifact"),
        pytest.param({"originType": "INTERNAL"}, Origin("INTERNAL"), id="without an entry point"),
        pytest.param({}, Origin("UNKNOWN"), id="without a type"),
        pytest.param(None, Origin("UNKNOWN"), id="not in the answer"),
    ],
)
def test_a_listed_version_says_where_it_entered_the_domain(
    origin: dict[str, object] | None, expected: Origin
) -> None:
    """The service model promises none of it; what is not said is unknown."""
    client = FakeClient({"1.0": "Published"})
    if origin is not None:
        client.origins["1.0"] = origin
    listed = CodeArtifactService(client.as_client).versions(PACKAGE)
    assert listed == [PackageVersion("1.0", "Published", expected)]


def test_versions_of_one_origin_are_asked_for() -> None:
    """CodeArtifact filters: 5 external versions among 5,000 are one call, not five."""
    client = FakeClient({f"1.{number}": "Published" for number in range(5_000)})
    for number in range(5):
        client.origins[f"1.{number}"] = {"originType": "EXTERNAL"}
    listed = CodeArtifactService(client.as_client).versions(PACKAGE, origin="EXTERNAL")
    assert [version.version for version in listed] == ["1.0", "1.1", "1.2", "1.3", "1.4"]
    assert [call["originType"] for call in client.lists] == ["EXTERNAL"]


def test_restrictions_are_read_with_one_call() -> None:
    """The package is named completely."""
    client = FakeClient()
    client.configuration = {"restrictions": {"publish": "BLOCK", "upstream": "ALLOW"}}
    service = CodeArtifactService(client.as_client)
    assert service.restrictions(PACKAGE) == Restrictions("BLOCK", "ALLOW")
    assert client.calls == [("DescribePackage", WHERE | WHICH)]


@pytest.mark.parametrize("configuration", [None, {}], ids=["no configuration", "an empty one"])
def test_a_package_without_restrictions_allows_both(
    configuration: dict[str, object] | None,
) -> None:
    """Nothing forbids anything, which a rule may want to change."""
    client = FakeClient()
    client.configuration = configuration
    client.rows = [
        row("requests", **({"originConfiguration": configuration} if configuration else {}))
    ]
    service = CodeArtifactService(client.as_client)
    assert service.restrictions(PACKAGE) == Restrictions("ALLOW", "ALLOW")
    assert [[found for _, found in page] for page in service.packages(REPOSITORY)] == [
        [Restrictions("ALLOW", "ALLOW")]
    ]


def test_restrictions_are_written_as_a_pair() -> None:
    """PutPackageOriginConfiguration requires both."""
    client = FakeClient()
    service = CodeArtifactService(client.as_client)
    assert service.put_restrictions(PACKAGE, INTERNAL)
    assert service.restrictions(PACKAGE) == INTERNAL
    written = {"restrictions": {"publish": "ALLOW", "upstream": "BLOCK"}}
    assert client.calls[0] == ("PutPackageOriginConfiguration", WHERE | WHICH | written)


def test_a_repository_is_read_by_the_page() -> None:
    """2,500 packages are three calls without any filter, each made when its page is wanted."""
    client = FakeClient()
    client.rows = [row(f"package-{number}") for number in range(2_500)]
    pages = CodeArtifactService(client.as_client).packages(REPOSITORY)
    assert client.calls == []
    first = next(pages)
    assert len(first) == 1_000
    assert client.calls == [("ListPackages", WHERE | {"maxResults": 1000})]
    rest = [found.name for page in pages for found, _ in page]
    assert [found.name for found, _ in first] + rest == [one["package"] for one in client.rows]
    assert len(client.calls) == 3


def test_a_row_is_a_package_of_the_repository_with_its_restrictions() -> None:
    """Any format; a namespace that is missing, null or empty is none."""
    client = FakeClient()
    blocked = {"restrictions": {"publish": "BLOCK", "upstream": "ALLOW"}}
    client.rows = [
        row("ui", format="npm", namespace="mycompany", originConfiguration=blocked),
        row("react", format="npm", namespace=None),
        row("vue", format="npm", namespace=""),
    ]
    (page,) = CodeArtifactService(client.as_client).packages(REPOSITORY)
    assert page == [
        (
            package("ui", package_format="npm", namespace="mycompany"),
            Restrictions("BLOCK", "ALLOW"),
        ),
        (package("react", package_format="npm", namespace=None), Restrictions("ALLOW", "ALLOW")),
        (package("vue", package_format="npm", namespace=None), Restrictions("ALLOW", "ALLOW")),
    ]


def test_a_repository_that_leads_back_to_itself_ends() -> None:
    """A server that repeats its token must not keep a sweep busy for ever."""
    client = FakeClient()
    client.list_packages = (  # type: ignore[method-assign]  # a broken server
        lambda **_: {"packages": [], "nextToken": "again"}
    )
    with pytest.raises(CodeArtifactError, match="itself"):
        list(CodeArtifactService(client.as_client).packages(REPOSITORY))


def test_a_row_without_a_name_is_an_error() -> None:
    """The service model does not promise the member, and nothing can be done without it."""
    client = FakeClient()
    client.rows = [{"format": "npm"}]
    with pytest.raises(CodeArtifactError, match="package"):
        list(CodeArtifactService(client.as_client).packages(REPOSITORY))


@pytest.mark.parametrize(
    ("association", "changed", "unrestricted"),
    [
        pytest.param("STRONG", {}, True, id="all modes come to ALLOW"),
        pytest.param("WEAK", {}, False, id="a weak association"),
        pytest.param("STRONG", {"PUBLISH": "BLOCK"}, False, id="publishing is blocked"),
        pytest.param(
            "STRONG",
            {"INTERNAL_UPSTREAM": "ALLOW_SPECIFIC_REPOSITORIES"},
            False,
            id="a list of repositories",
        ),
        pytest.param("STRONG", {"EXTERNAL_UPSTREAM": None}, False, id="a mode is not said"),
    ],
)
def test_a_group_is_read_by_its_effective_modes(
    association: str, changed: dict[str, RestrictionMode | None], *, unrestricted: bool
) -> None:
    """What is inherited counts like what is set; what is not known is not open."""
    client = FakeClient()
    said = {kind: {"mode": "INHERIT", "effectiveMode": mode} for kind, mode in changed.items()}
    client.group = group(OPEN | said, association=association)
    found = CodeArtifactService(client.as_client).group_of(PACKAGE)
    modes = dict.fromkeys(OPEN, "ALLOW") | changed
    assert found == AssociatedGroup(
        "/maven/*",
        association,  # type: ignore[arg-type]  # a case of the table
        {kind: mode for kind, mode in modes.items() if mode},  # type: ignore[misc]  # likewise
    )
    assert found.unrestricted is unrestricted


def test_a_group_is_asked_for_by_names_and_no_repository() -> None:
    """Groups belong to the domain."""
    client = FakeClient()
    client.group = group(OPEN)
    named = package("my-package", package_format="pypi", namespace=None)
    CodeArtifactService(client.as_client).group_of(named)
    assert client.calls == [
        (
            "GetAssociatedPackageGroup",
            {
                "domain": "my-company",
                "domainOwner": "012345678901",
                "format": "pypi",
                "package": "my-package",
            },
        )
    ]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({}, id="no group"),
        pytest.param({"packageGroup": {"pattern": "/*"}}, id="no association"),
        pytest.param({"packageGroup": {}, "associationType": "STRONG"}, id="no pattern"),
    ],
)
def test_an_incomplete_group_is_an_error(answer: dict[str, object]) -> None:
    """A guess could open what a group closes."""
    client = FakeClient()
    client.group = answer
    with pytest.raises(CodeArtifactError, match="IncompleteAnswer"):
        CodeArtifactService(client.as_client).group_of(PACKAGE)


CALLS: dict[str, Callable[[CodeArtifact], object]] = {
    "DescribePackage": lambda service: service.restrictions(PACKAGE),
    "PutPackageOriginConfiguration": lambda service: service.put_restrictions(PACKAGE, INTERNAL),
    "ListPackages": lambda service: list(service.packages(REPOSITORY)),
    "GetAssociatedPackageGroup": lambda service: service.group_of(PACKAGE),
}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("ResourceNotFoundException", PackageNotFoundError, id="gone"),
        pytest.param("ThrottlingException", CodeArtifactError, id="throttled"),
    ],
)
@pytest.mark.parametrize("operation", CALLS)
def test_a_failed_call_says_which_and_why(
    operation: str, code: str, error: type[CodeArtifactError]
) -> None:
    """What is gone is told from what may work later; nothing is tried again here."""
    client = FakeClient()

    def fail(called: str) -> None:
        raise refused(called, code)

    client.before = fail
    with pytest.raises(CodeArtifactError) as failure:
        CALLS[operation](CodeArtifactService(client.as_client))
    assert (type(failure.value), failure.value.operation) == (error, operation)
    assert failure.value.code == code
    assert len(client.calls) == 1


def test_observing_reads_everything_and_writes_no_restrictions() -> None:
    """Observe mode is this gateway, not a question asked everywhere."""
    client = FakeClient({"1.0": "Published"})
    client.origins["1.0"] = {"originType": "EXTERNAL"}
    client.rows = [row("requests")]
    client.group = group(OPEN)
    service = CodeArtifactService(client.as_client)
    observed = ObservedCodeArtifact(service)
    assert observed.put_restrictions(PACKAGE, INTERNAL) is False
    assert client.configuration is None
    assert observed.restrictions(PACKAGE) == service.restrictions(PACKAGE)
    assert observed.versions(PACKAGE, origin="INTERNAL") == []
    assert observed.versions(PACKAGE, origin="EXTERNAL") == service.versions(PACKAGE)
    assert list(observed.packages(REPOSITORY)) == list(service.packages(REPOSITORY))
    assert observed.group_of(PACKAGE) == service.group_of(PACKAGE)
