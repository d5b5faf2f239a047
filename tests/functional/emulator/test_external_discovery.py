"""Which public repositories a machine's configuration leads to, and what stands in for them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from emulator.core.external import PublicRepository, Unavailable
from emulator.core.repositories import EXTERNAL_CONNECTIONS
from emulator.core.values import PackageId
from emulator.external import discovery
from emulator.external.builtin import BuiltIn, builtin
from emulator.external.maven_layout import MavenLayout
from emulator.external.npm_registry import NpmRegistry
from emulator.external.pypi_index import PyPIIndex
from emulator.options import Options

NOWHERE = "http://127.0.0.1:1/simple/"
OURSELVES = "http://aws:token@127.0.0.1:4566/pypi/d/my-company-012345678901/app/simple/"
REQUESTS = PackageId("pypi", "", "requests")


def environment(tmp_path: Path, **changed: str) -> Mapping[str, str]:
    """Return an environment in which no client is configured but by *changed*."""
    path = os.environ["PATH"]
    return {"PATH": path, "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull, **changed}


def test_every_external_connection_has_something_behind_it(tmp_path: Path) -> None:
    """Given ones as given, Maven Central built in, those that nobody has named unavailable."""
    given = {"public:maven-clojars": str(tmp_path)}

    found = discovery.public_repositories(
        Options(pypi_index=NOWHERE, npm_registry=NOWHERE, external=given)
    )

    assert set(found) == set(EXTERNAL_CONNECTIONS)
    assert isinstance(found["public:pypi"], PyPIIndex)
    assert isinstance(found["public:npmjs"], NpmRegistry)
    assert isinstance(found["public:maven-clojars"], MavenLayout)
    assert isinstance(found["public:maven-central"], BuiltIn)
    assert isinstance(found["public:nuget-org"], Unavailable)


def test_the_projects_own_variables_name_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """STEWARD_PYPI_INDEX is used as it is, without looking further."""
    monkeypatch.setenv(discovery.VARIABLES[discovery.PYPI], NOWHERE)

    found: PublicRepository = discovery.public_repositories(Options())["public:pypi"]

    assert isinstance(found, PyPIIndex)


def test_pips_variable_comes_before_its_files(tmp_path: Path) -> None:
    """PIP_INDEX_URL wins."""
    assert discovery.pip_index(environment(tmp_path, PIP_INDEX_URL=NOWHERE)) == NOWHERE


def test_a_pip_configuration_file_is_read(tmp_path: Path) -> None:
    """global.index-url is what pip says it is."""
    file = tmp_path / "pip.conf"
    file.write_text(f"[global]\nindex-url = {NOWHERE}\n")

    assert discovery.pip_index(environment(tmp_path, PIP_CONFIG_FILE=str(file))) == NOWHERE


@pytest.mark.parametrize("configured", ["", OURSELVES], ids=["nothing", "this very server"])
def test_pips_own_default_is_used_for_want_of_another(tmp_path: Path, configured: str) -> None:
    """A pip that is logged in to a local CodeArtifact is no way to the outside."""
    from pip._internal.models.index import PyPI

    found = discovery.pip_index(environment(tmp_path, PIP_INDEX_URL=configured))

    assert found == PyPI.simple_url


def test_a_configured_index_that_does_not_answer_is_stood_in_for_aloud(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The built-in index answers, a warning and the description say so."""
    monkeypatch.delenv(discovery.VARIABLES[discovery.PYPI], raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    found = discovery.public_repositories(Options())["public:pypi"]
    assert "not asked yet" in found.description

    listed = found.package(REQUESTS)

    assert listed is not None
    assert "2.26.0" in listed.versions
    assert "built-in" in found.description
    assert "built-in" in caplog.text
    assert "127.0.0.1" not in caplog.text


def test_an_npm_that_is_logged_in_here_is_asked_without_its_users_file(tmp_path: Path) -> None:
    """`aws codeartifact login --tool npm` writes that file; npm's own default is what is left."""
    user = tmp_path / "user"
    user.write_text(f"registry={OURSELVES.replace('pypi', 'npm')}\n")
    configured = environment(tmp_path, NPM_CONFIG_USERCONFIG=str(user))
    untouched = environment(
        tmp_path,
        NPM_CONFIG_USERCONFIG=str(tmp_path / "none"),
        NPM_CONFIG_GLOBALCONFIG=str(tmp_path / "no-other"),
    )

    default = discovery.npm_registry(untouched)

    assert default is not None
    assert discovery.npm_registry(configured) == default


def content(public: PublicRepository, package: PackageId, version: str, ending: str) -> bytes:
    """Return the built-in asset whose name ends so."""
    listed = public.package(package)
    assert listed is not None
    assets = public.assets(package, listed.versions[version])
    (asset,) = (each for each in assets if each.name.endswith(ending))
    return b"".join(public.open(asset))


def test_the_built_in_wheels_install_with_pip_and_are_the_same_every_time(tmp_path: Path) -> None:
    """A real pip takes them; generating them twice gives the same bytes."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    index = builtin("pypi", because="of a test")
    names = {"requests": "2.26.0", "urllib3": "1.26.18", "idna": "3.7"}
    names |= {"certifi": "2024.2.2", "charset-normalizer": "2.0.12"}
    for name, version in names.items():
        file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        wheel = content(index, PackageId("pypi", "", name), version, ".whl")
        (folder / file).write_bytes(wheel)
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            assert archive.testzip() is None
    target = tmp_path / "target"
    install = [sys.executable, "-m", "pip", "install", "--no-index", "--no-cache-dir", "--quiet"]
    install += ["--find-links", str(folder), "--target", str(target), "requests==2.26.0"]

    subprocess.run(install, check=True, env=dict(environment(tmp_path)))

    assert (target / "requests" / "__init__.py").is_file()
    assert (target / "charset_normalizer-2.0.12.dist-info" / "RECORD").is_file()


def test_the_built_in_npm_and_maven_packages_have_two_versions_each() -> None:
    """Lodash and slf4j-api, enough to try an upgrade."""
    lodash = builtin("npm", because="of a test").package(PackageId("npm", "", "lodash"))
    library = PackageId("maven", "org.slf4j", "slf4j-api")
    slf4j = builtin("maven", because="of a test").package(library)

    assert lodash is not None
    assert slf4j is not None
    assert len(lodash.versions) == len(slf4j.versions) == 2
    assert b"<artifactId>slf4j-api</artifactId>" in content(
        builtin("maven", because="of a test"), library, "2.0.13", ".pom"
    )
