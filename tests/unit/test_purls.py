"""Package URLs, read as the package that CodeArtifact stores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.coordinates import Package, Repository
from steward.errors import PurlError
from steward.purls import PackageUrl, parse_purl

NAMES = st.text(
    st.characters(exclude_characters="#/", exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc")),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        pytest.param(
            "pkg:npm/%40mycompany/ui@1.0.0", ("npm", "mycompany", "ui", "1.0.0"), id="a scope"
        ),
        pytest.param(
            "pkg:npm/@mycompany/ui", ("npm", "mycompany", "ui", None), id="a scope as people write"
        ),
        pytest.param("pkg:gem/rails@7.0", ("ruby", None, "rails", "7.0"), id="Ruby's type is gem"),
        pytest.param(
            "pkg:PyPI/Foo_Bar", ("pypi", None, "foo-bar", None), id="the name that is stored"
        ),
        pytest.param(
            "pkg:maven/com.x/app@1%2B1?type=jar#a",
            ("maven", "com.x", "app", "1+1"),
            id="qualifiers and subpath are left out",
        ),
        pytest.param("pkg:pypi/x@", ("pypi", None, "x", None), id="an empty version is none"),
    ],
)
def test_a_package_url_names_a_package(text: str, url: tuple[str, ...]) -> None:
    """Type without case, parts decoded."""
    assert tuple(parse_purl(text)) == url


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("requests", "does not start with pkg:", id="a name"),
        pytest.param("pkg:", "lacks the format or the name", id="nothing"),
        pytest.param("pkg:pypi/", "lacks the format or the name", id="no name"),
        pytest.param("pkg:conda/x", "no format 'conda'", id="another ecosystem"),
        pytest.param("pkg:npm/a%2Fb", "cannot hold", id="a slash in a name"),
        pytest.param("pkg:npm/a%20b", "cannot hold", id="a space in a name"),
        pytest.param("pkg:swift/github.com/a/b@1", "cannot hold", id="a namespace of two parts"),
        pytest.param("pkg:pypi/" + "x" * 256, "cannot hold", id="256 characters"),
        pytest.param("pkg:pypi/%ff", "no UTF-8", id="no UTF-8"),
        pytest.param("pkg:pypi/\ud800", "no UTF-8", id="half a surrogate pair"),
    ],
)
def test_what_is_no_package_url_is_refused(text: str, problem: str) -> None:
    """The message shows it and says why."""
    with pytest.raises(PurlError, match=problem) as refusal:
        parse_purl(text)
    assert refusal.value.purl == text


@given(NAMES, NAMES)
def test_what_we_write_we_read(name: str, version: str) -> None:
    """A package's own URL names that package, and its text is the same again."""
    package = Package(Repository("d" * 5, "012345678901", "repo"), "generic", "space", name)
    url = parse_purl(package.purl(version))
    assert url == PackageUrl("generic", "space", name, version)
    assert str(url) == package.purl(version)
    assert url.in_repository(package.repository) == package
