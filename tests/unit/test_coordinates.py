"""Names of packages: their paths and package URLs."""

import pytest

from steward.coordinates import (
    Format,
    Package,
    Repository,
    Restrictions,
    is_format,
    normalised,
    stored_names,
)

REPOSITORY = Repository("my-company", "012345678901", "my-repo")


@pytest.mark.parametrize(
    ("package_format", "namespace", "name", "path", "purl"),
    [
        pytest.param(
            "maven",
            "com.mycompany.app",
            "pkg-1",
            "/maven/com.mycompany.app/pkg-1",
            "pkg:maven/com.mycompany.app/pkg-1",
            id="a Maven group id is the namespace",
        ),
        pytest.param(
            "npm",
            "mycompany",
            "ui",
            "/npm/mycompany/ui",
            "pkg:npm/%40mycompany/ui",
            id="an npm scope has its @ only in the package URL",
        ),
        pytest.param(
            "npm", None, "react", "/npm//react", "pkg:npm/react", id="an unscoped npm package"
        ),
        pytest.param(
            "pypi", None, "requests", "/pypi//requests", "pkg:pypi/requests", id="a PyPI package"
        ),
        pytest.param(
            "ruby", None, "rails", "/ruby//rails", "pkg:gem/rails", id="Ruby's packages are gems"
        ),
    ],
)
def test_path_and_package_url(
    package_format: Format, namespace: str | None, name: str, path: str, purl: str
) -> None:
    """The path leaves an absent namespace empty, the package URL leaves it out."""
    package = Package(REPOSITORY, package_format, namespace, name)
    assert package.path == path
    assert package.purl() == purl


def test_package_url_of_a_version_is_escaped() -> None:
    """A character with a meaning in URLs does not keep it in a package URL."""
    package = Package(REPOSITORY, "npm", None, "ui")
    assert package.purl("1.0.0+build?") == "pkg:npm/ui@1.0.0%2Bbuild%3F"


def test_formats_are_those_of_the_service_model() -> None:
    """Only the formats that CodeArtifact has are formats."""
    assert is_format("cargo")
    assert not is_format("conda")


@pytest.mark.parametrize(
    ("package_format", "written", "stored"),
    [
        pytest.param("pypi", "Flask_.Login", "flask-login", id="PyPI: case and runs of - _ ."),
        pytest.param("nuget", "Newtonsoft.Json", "newtonsoft.json", id="NuGet: case"),
        pytest.param("swift", "LinkedList", "linkedlist", id="Swift: case"),
        pytest.param("npm", "Base64_url.js", "Base64_url.js", id="npm: nothing"),
        pytest.param("maven", "My_Artifact", "My_Artifact", id="Maven: nothing"),
    ],
)
def test_a_name_is_stored_normalised_once(
    package_format: Format, written: str, stored: str
) -> None:
    """Each format by its own rule, and a stored name is its own normal form."""
    assert normalised(package_format, written) == stored
    assert normalised(package_format, stored) == stored


@pytest.mark.parametrize(
    ("package_format", "written", "stored"),
    [
        pytest.param("npm", ("@MyCompany", "UI"), ("MyCompany", "UI"), id="npm: a scope with @"),
        pytest.param("npm", ("@", "ui"), (None, "ui"), id="npm: nothing but @"),
        pytest.param("swift", ("MyCompany", "UI"), ("mycompany", "ui"), id="Swift: both"),
        pytest.param("maven", ("com.My", "App"), ("com.My", "App"), id="Maven: nothing"),
        pytest.param("pypi", ("", "My.Lib"), (None, "my-lib"), id="PyPI: no namespace"),
    ],
)
def test_names_are_stored_one_way(
    package_format: Format, written: tuple[str, str], stored: tuple[str | None, str]
) -> None:
    """However an event or a person spells them."""
    assert stored_names(package_format, *written) == stored
    assert stored_names(package_format, *stored) == stored


def test_restrictions_are_spoken_as_people_say_them() -> None:
    """In logs, messages and tables alike."""
    assert str(Restrictions("ALLOW", "BLOCK")) == "publish ALLOW, upstream BLOCK"
