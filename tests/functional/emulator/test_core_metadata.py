"""What versions say about themselves, read from each format's own documents."""

from __future__ import annotations

import pytest

from emulator.core import metadata, versions
from emulator.core.metadata import Dependency, Description, Licence
from tests.functional.emulator.local_core import NPM, REPOSITORY, Core


def described(core: Core, stored: dict[str, object]) -> Description:
    """Return what a version with this metadata says, after a trip through the store."""
    core.publish("1.0", package=NPM, metadata=stored)
    return metadata.of(versions.describe(core.state, REPOSITORY, NPM, "1.0"))


def test_a_package_json_describes_the_version(core: Core) -> None:
    """The scope without its @, one dependency type for each section."""
    found = described(
        core,
        metadata.of_npm(
            {
                "name": "@vue/ui",
                "description": "A library",
                "homepage": "https://example.com",
                "repository": {"type": "git", "url": "git+https://example.com/r.git"},
                "license": "MIT",
                "readme": "# Read me",
                "dependencies": {"@scope/dep": "^1.0.0", "plain": "*"},
                "devDependencies": {"tool": "2"},
                "peerDependencies": {"peer": "3"},
                "optionalDependencies": {"maybe": "4"},
            }
        ),
    )
    assert found == Description(
        display_name="@vue/ui",
        summary="A library",
        home_page="https://example.com",
        source_code_repository="git+https://example.com/r.git",
        licenses=(Licence("MIT"),),
        readme="# Read me",
        dependencies=(
            Dependency("dep", "scope", "regular", "^1.0.0"),
            Dependency("plain", "", "regular", "*"),
            Dependency("tool", "", "dev", "2"),
            Dependency("peer", "", "peer", "3"),
            Dependency("maybe", "", "optional", "4"),
        ),
    )


def test_old_and_odd_package_json_fields_are_read_or_left_out() -> None:
    """Old licence objects count; values of the wrong type do not."""
    stored = metadata.of_npm(
        {
            "licenses": [{"type": "MIT", "url": "https://example.com"}, 7],
            "repository": "github:a/b",
            "description": ["no text"],
            "dependencies": ["no mapping"],
        }
    )
    assert stored == {
        "described": {
            "licenses": ({"name": "MIT", "url": "https://example.com"},),
            "source_code_repository": "github:a/b",
        }
    }


def test_core_metadata_describes_the_version(core: Core) -> None:
    """Of a wheel: dependencies normalised, the body as the readme, labelled project URLs."""
    text = (
        "Metadata-Version: 2.1\nName: My.Package\nVersion: 1.0\nSummary: Short\nLicense: MIT\n"
        "Project-URL: Homepage, https://example.com\nProject-URL: Source, https://example.com/s\n"
        "Requires-Dist: Charset_Normalizer (~=2.0) ; python_version >= '3'\n"
        "Requires-Dist: not a requirement!\nRequires-Dist: idna\n\nLong text\n"
    )
    assert described(core, metadata.of_core_metadata(text)) == Description(
        display_name="My.Package",
        summary="Short",
        home_page="https://example.com",
        source_code_repository="https://example.com/s",
        licenses=(Licence("MIT"),),
        readme="Long text\n",
        dependencies=(
            Dependency("charset-normalizer", "", "Requires-Dist", "~=2.0"),
            Dependency("idna", "", "Requires-Dist", ""),
        ),
    )


@pytest.mark.parametrize(
    "stored",
    [
        metadata.of_core_metadata(
            "Name: idna\nClassifier: License :: OSI Approved :: BSD License\n"
            "Classifier: License :: OSI Approved\nClassifier: Programming Language :: Python\n"
            "Classifier: License\n\n"
        ),
        metadata.of_pypi(
            {"name": ["idna"], "classifiers": ["License :: OSI Approved :: BSD License"]}
        ),
    ],
    ids=["in a wheel", "in an upload"],
)
def test_licence_classifiers_are_kept_apart(core: Core, stored: dict[str, object]) -> None:
    """They are told as licences only by a switch; a topic that names none is none."""
    assert described(core, stored) == Description(
        display_name="idna", classified=(Licence("BSD License"),)
    )


def test_unknown_means_absent() -> None:
    """Old uploads write UNKNOWN where they have nothing."""
    assert metadata.of_pypi({"summary": ["UNKNOWN"], "home_page": []}) == {"described": {}}


def test_a_version_without_metadata_says_nothing(core: Core) -> None:
    """Empty, not an error."""
    assert described(core, {}) == Description()


def test_new_metadata_is_a_new_revision_and_the_same_is_none(core: Core) -> None:
    """And for npm an event only with its switch."""
    first = core.publish("1.0", package=NPM, metadata={"a": 1})
    same = versions.put_version_metadata(core.state, REPOSITORY, NPM, "1.0", {"a": 1})
    assert same.revision == first.revision
    changed = versions.put_version_metadata(core.state, REPOSITORY, NPM, "1.0", {"a": 2})
    assert changed.revision != first.revision
    assert len(core.delivered()) == 1
    core.switch(distTagEmits=True)
    versions.put_version_metadata(core.state, REPOSITORY, NPM, "1.0", {"a": 3})
    assert core.delivered()[-1]["operationType"] == "Updated"
