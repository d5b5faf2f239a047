"""Versions of NuGet packages: one form, one order, and the API takes the other forms too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import nuget_versions, nuspec
from emulator.core.errors import Validation
from emulator.core.nuget_versions import normalised
from tests.functional.emulator.nuget_packages import nuspec as written
from tests.functional.local_codeartifact import Local

VERSIONS = st.from_regex(
    r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}(-[0-9A-Za-z-]{1,4}(\.[0-9A-Za-z-]{1,4}){0,2})?(\+[a-z0-9]{1,4})?",
    fullmatch=True,
)
PACKAGE: dict[str, Any] = {
    "domain": "my-company",
    "repository": "team",
    "format": "nuget",
    "package": "MyCompany.App",
}


@given(VERSIONS)
def test_the_stored_form_of_a_stored_form_is_itself(version: str) -> None:
    """Normalising twice is normalising once, and it stays a version of the same order."""
    stored = normalised(version)
    assert normalised(stored) == stored
    assert nuget_versions.is_version(stored)
    assert nuget_versions.order(stored) == nuget_versions.order(version)


@given(VERSIONS, VERSIONS)
def test_versions_of_one_order_have_one_form(one: str, other: str) -> None:
    """So that a package never holds two that NuGet takes for the same."""
    same = nuget_versions.order(one) == nuget_versions.order(other)
    assert same == (normalised(one) == normalised(other))


@pytest.mark.parametrize(
    "text", ["", "one", "1.0.0.0.0", "1..0", "1.0-", "v1.0", "1.0-ä", "1" * 5000]
)
def test_what_is_no_version_stays_as_it_is(text: str) -> None:
    """Nothing is found under it."""
    assert not nuget_versions.is_version(text)
    assert normalised(text) == text


@given(st.binary(max_size=200))
def test_any_bytes_are_a_nuspec_or_refused(content: bytes) -> None:
    """Nobody's package brings the endpoint down."""
    with pytest.raises(Validation):
        nuspec.entry_of(content)


@pytest.mark.parametrize(
    ("more", "licences"),
    [
        ('<license type="expression">MIT</license>', [("MIT", "")]),
        ('<license type="file">LICENCE.txt</license>', []),
        ("<licenseUrl>https://example.com/l</licenseUrl>", [("", "https://example.com/l")]),
    ],
    ids=["an expression", "a file in the package", "an address"],
)
def test_a_licence_is_told_as_the_nuspec_has_it(more: str, licences: list[tuple[str, str]]) -> None:
    """By name, else by address; a file is neither."""
    stored = nuspec.metadata_of(nuspec.entry_of(written("App", "1.0", more=more)))
    described: dict[str, Any] = stored["described"]  # type: ignore[assignment]  # as it is stored
    found = [(each["name"], each["url"]) for each in described.get("licenses", ())]
    assert found == licences


def test_the_api_takes_any_form_of_a_name_and_a_version(local: Local) -> None:
    """Described, listed, changed, copied and deleted; answers have the stored form."""
    version = {"version": "1.00", "assets": [{"name": "mycompany.app.1.0.0.nupkg"}]}
    package = {"format": "nuget", "package": "MyCompany.App", "versions": [version]}
    team = {"name": "team", "packages": [package]}
    local.seed({"domains": [{"name": "my-company", "repositories": [team, {"name": "other"}]}]})
    client = local.client()

    described = client.describe_package_version(**PACKAGE, packageVersion="1.0")["packageVersion"]
    assert (described["packageName"], described["version"]) == ("mycompany.app", "1.0.0")
    assert client.list_package_version_assets(**PACKAGE, packageVersion="1.0.0.0")["assets"]
    revision = str(described["revision"])
    changed = client.update_package_versions_status(
        **PACKAGE,
        versions=["1.0"],
        versionRevisions={"1.0.00": revision},
        targetStatus="Unlisted",
    )
    assert list(changed["successfulVersions"]) == ["1.0.0"]
    where = {key: PACKAGE[key] for key in ("domain", "format", "package")}
    copied = client.copy_package_versions(
        **where,
        sourceRepository="team",
        destinationRepository="other",
        versionRevisions={"1": revision},
    )
    assert list(copied["successfulVersions"]) == ["1.0.0"]
    deleted = client.delete_package_versions(**PACKAGE, versions=["1.0+build"])
    assert list(deleted["successfulVersions"]) == ["1.0.0"]


def test_versions_that_are_seeded_have_the_stored_form(local: Local) -> None:
    """Two spellings of one version are one version, and so a mistake."""
    versions = [{"version": "1.0"}, {"version": "1.0.0"}]
    package = {"format": "nuget", "package": "App", "versions": versions}
    team = {"name": "team", "packages": [package]}
    with pytest.raises(Exception, match="400"):
        local.seed({"domains": [{"name": "my-company", "repositories": [team]}]})
