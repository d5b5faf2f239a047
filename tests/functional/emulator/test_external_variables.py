"""Where external connections lead is said by options, else by the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.values import PackageId
from emulator.external import discovery
from emulator.options import Options

LIBRARY = PackageId("maven", "com.example", "library")


def layout(folder: Path, version: str) -> Path:
    """Return a directory in Maven's layout with one version of the library."""
    at = folder / "com" / "example" / "library"
    at.mkdir(parents=True)
    (at / "maven-metadata.xml").write_text(
        "<metadata><versioning><versions>"
        f"<version>{version}</version></versions></versioning></metadata>"
    )
    return folder


@pytest.mark.parametrize(
    ("connection", "variable"),
    [
        ("public:maven-central", "STEWARD_MAVEN_CENTRAL"),
        ("public:maven-clojars", "STEWARD_MAVEN_CLOJARS"),
    ],
)
def test_a_variable_says_where_a_maven_connection_leads_unless_an_option_does(
    connection: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory will do; the option takes precedence."""
    monkeypatch.setenv(variable, str(layout(tmp_path / "environment", "1.0")))
    option = Options(external={connection: str(layout(tmp_path / "option", "2.0"))})

    found = [
        discovery.public_repositories(options)[connection].package(LIBRARY)
        for options in (Options(), option)
    ]

    assert [set(each.versions) for each in found if each is not None] == [{"1.0"}, {"2.0"}]
