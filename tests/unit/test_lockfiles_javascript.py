"""JavaScript's lock files: which entries are taken, and which are passed over and why."""

import base64
import json
from hashlib import sha512

import pytest

from steward.lockfiles import hashes_in, read

DIGEST = sha512(b"archive")
INTEGRITY = f"sha512-{base64.b64encode(DIGEST.digest()).decode()}"
HASHES = {f"SHA-512:{DIGEST.hexdigest()}"}
NO_NAME = "has a name or version that no package can have"


def purls(file_name: str, text: str) -> list[str]:
    """Return the package URLs of the entries, without what they begin with."""
    return [one.purl.removeprefix("pkg:npm/") for one in read(file_name, text).entries]


def reasons(file_name: str, text: str) -> list[tuple[str, str, int | None]]:
    """Return what is passed over, why and on which line."""
    return [(one.what, one.reason, one.line) for one in read(file_name, text).passed_over]


def npm(packages: dict[str, object]) -> str:
    """Return a package-lock.json of *packages*, the first of which is on line 4."""
    return json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1)


@pytest.mark.parametrize(
    ("path", "package", "expected"),
    [
        pytest.param("node_modules/a", {}, "a@1.0.0", id="no integrity"),
        pytest.param("node_modules/@s/a", {}, "%40s/a@1.0.0", id="a scope"),
        pytest.param("node_modules/b/node_modules/a", {}, "a@1.0.0", id="a nested one"),
        pytest.param("packages/web/node_modules/a", {}, "a@1.0.0", id="one of a workspace"),
        pytest.param("node_modules/b", {"name": "@s/a"}, "%40s/a@1.0.0", id="an alias"),
        pytest.param("node_modules/a", {"optional": True, "os": ["x"]}, "a@1.0.0", id="optional"),
        pytest.param("node_modules/a", {"dev": True, "peer": True}, "a@1.0.0", id="of peers"),
        pytest.param(
            "node_modules/a", {"resolved": "https://npm.example/a.tgz"}, "a@1.0.0", id="any host"
        ),
        pytest.param("node_modules/a", {"integrity": "sha1-aaaa"}, "a@1.0.0", id="SHA-1"),
        pytest.param("node_modules/a", {"integrity": "md9-aaaa"}, "a@1.0.0", id="unknown kind"),
    ],
)
def test_packages_of_npm(path: str, package: dict[str, object], expected: str) -> None:
    """By their own names, wherever they are installed and for whichever system."""
    assert purls("package-lock.json", npm({path: {"version": "1.0.0", **package}})) == [expected]


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        pytest.param({"resolved": "lib", "link": True}, "is a link to a folder", id="a link"),
        pytest.param({"resolved": "git+ssh://git.example/x#0"}, "comes from a Git", id="Git"),
        pytest.param({"resolved": "file:x.tgz"}, "is a file or a folder", id="a file"),
        pytest.param({"resolved": "https://files.example/x.tgz"}, "comes from a URL", id="a URL"),
        pytest.param({"inBundle": True}, "is in the archive of a package", id="a bundled one"),
        pytest.param({"version": 1}, "has no version", id="a number for a version"),
        pytest.param({"version": None}, "has no version", id="no version"),
        pytest.param({"integrity": 1}, "has no version, or an integrity", id="a number of hash"),
        pytest.param({"integrity": "sha512-AAAA"}, "has a SHA-512 that is none", id="a cut hash"),
        pytest.param({"integrity": "sha512-%"}, "has an integrity that is none", id="no base64"),
        pytest.param({"name": "../x"}, NO_NAME.replace("name or version", "name"), id="steps"),
        pytest.param({"name": "@s/../x"}, "has a name that no package", id="steps in a scope"),
        pytest.param({"name": "s/x"}, "has a name that no package", id="a scope without @"),
        pytest.param({"name": "@../x"}, NO_NAME, id="a scope of dots"),
        pytest.param({"version": ".."}, NO_NAME, id="a version of dots"),
        pytest.param({"version": "1\n0"}, NO_NAME, id="a version of two lines"),
        pytest.param({"version": "9" * 256}, NO_NAME, id="a version of 256 characters"),
    ],
)
def test_packages_of_npm_that_are_passed_over(package: dict[str, object], reason: str) -> None:
    """Each with its line; the others are read."""
    one = {"version": "1.0.0", "integrity": INTEGRITY}
    text = npm(
        {
            "": {"dependencies": {"x": "https://files.example/x.tgz"}},
            "node_modules/a": one,
            "node_modules/x": {"version": "1.0.0", **package},
            "node_modules/b": one,
        }
    )
    ((_, why, line),) = reasons("package-lock.json", text)
    assert why.startswith(reason)
    assert line is not None
    assert '"node_modules/x"' in "".join(text.splitlines()[line - 4 : line])
    assert purls("package-lock.json", text) == ["a@1.0.0", "b@1.0.0"]


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        pytest.param({"version": "git+ssh://git.example/x#0"}, "comes from a Git", id="Git"),
        pytest.param({"version": "github:user/x#0"}, "comes from a Git", id="GitHub"),
        pytest.param({"version": "user/x#0"}, "comes from a Git", id="GitHub in short"),
        pytest.param({"version": "https://files.example/x"}, "comes from a URL", id="a URL"),
        pytest.param({"version": "file:../x"}, "is a file or a folder", id="a folder"),
        pytest.param({"version": "1.0.0", "bundled": True}, "is in the archive", id="bundled"),
        pytest.param({"version": "ipfs:x"}, "comes from a place of another kind", id="another"),
        pytest.param({"version": ""}, "has a name or version that", id="no version"),
    ],
)
def test_packages_of_npms_first_version_that_are_passed_over(
    package: dict[str, object], reason: str
) -> None:
    """What such a package needs is read, as are the others."""
    packages = {
        "x": {**package, "dependencies": {"a": {"version": "1.0.0", "integrity": INTEGRITY}}},
        "b": {"version": "1.0.0", "integrity": INTEGRITY},
    }
    text = json.dumps({"lockfileVersion": 1, "dependencies": packages}, indent=1)
    ((what, why, line),) = reasons("package-lock.json", text)
    assert what.strip() == "x"
    assert why.startswith(reason)
    assert line == 4
    assert purls("package-lock.json", text) == ["a@1.0.0", "b@1.0.0"]


def pnpm(version: str, *keys: str, resolution: str = f"{{integrity: {INTEGRITY}}}") -> str:
    """Return a pnpm-lock.yaml of *keys*, the first of which is on line 3."""
    packages = "".join(f"  {key}:\n    resolution: {resolution}\n" for key in keys)
    return f"lockfileVersion: {version}\npackages:\n{packages}"


@pytest.mark.parametrize(
    ("version", "key", "expected"),
    [
        pytest.param("5.3", "/a/1.0.0", "a@1.0.0", id="version 5.3"),
        pytest.param("5.4", "/@s/a/1.0.0", "%40s/a@1.0.0", id="version 5, a scope"),
        pytest.param("5.4", "/a/1.0.0_b@2.0.0+c@3", "a@1.0.0", id="version 5, peers"),
        pytest.param(
            "5.4", "/a/1.0.0-beta.1_x7", "a@1.0.0-beta.1", id="version 5, a hash of peers"
        ),
        pytest.param("'6.0'", "/a@1.0.0", "a@1.0.0", id="version 6"),
        pytest.param("5.4-inlineSpecifiers", "/a/1.0.0", "a@1.0.0", id="version 5.4, inline"),
        pytest.param("'6.1'", "/@s/a@1.0.0", "%40s/a@1.0.0", id="version 6.1, a scope"),
        pytest.param("'6.0'", "/a@1.0.0(b@2.0.0)(@c/d@3(e@4))", "a@1.0.0", id="version 6, peers"),
        pytest.param("'6.0'", "/a@1.0.0(patch_hash=x)", "a@1.0.0", id="version 6, a patch"),
        pytest.param("'9.0'", "a@1.10", "a@1.10", id="version 9, no number"),
        pytest.param("'9.0'", "'@s/a@1.0.0'", "%40s/a@1.0.0", id="version 9, a scope"),
    ],
)
def test_packages_of_pnpm(version: str, key: str, expected: str) -> None:
    """A version that is there for several peers is one version."""
    text = pnpm(version, key)
    assert purls("pnpm-lock.yaml", text) == [expected]
    assert list(hashes_in("pnpm-lock.yaml", text).values()) == [HASHES]
    assert read("pnpm-lock.yaml", text).entries[0].line == 3


def test_one_version_with_two_sets_of_peers_is_one_entry() -> None:
    """CodeArtifact has it once."""
    text = pnpm("'6.0'", "/a@1.0.0(b@1.0.0)", "/a@1.0.0(b@2.0.0)")
    assert purls("pnpm-lock.yaml", text) == ["a@1.0.0"]


@pytest.mark.parametrize(
    ("version", "key", "resolution", "reason"),
    [
        pytest.param("5.4", "npm.example/x/1.0.0", "{integrity: x}", "comes from a URL", id="host"),
        pytest.param("5.4", "'@npm.example/x.tgz'", "{tarball: x}", "comes from a URL", id="URL"),
        pytest.param("5.4", "git.example/u/x/00", "{commit: a}", "comes from a URL", id="Git"),
        pytest.param("'6.0'", "git.example/u/x/00", "{type: git}", "comes from a Git", id="Git, 6"),
        pytest.param("'9.0'", "x@git+ssh://g/x#0", "{commit: a}", "comes from a Git", id="Git, 9"),
        pytest.param("'9.0'", "x@https://f.example/x", "{tarball: x}", "comes from a URL", id="9"),
        pytest.param("'9.0'", "x@file:x", "{directory: x}", "is a folder", id="a folder"),
        pytest.param("'9.0'", "x@file:x.tgz", "{tarball: x}", "is a file", id="a file"),
        pytest.param("'9.0'", "x@1.0.0", "", "has no resolution", id="no resolution"),
        pytest.param("'9.0'", "x@1.0.0", "{integrity: sha512-AA==}", "has a SHA-512", id="cut"),
        pytest.param("'9.0'", "'@s/../x@1.0.0'", "{integrity: ''}", "has a name", id="steps"),
        pytest.param("'9.0'", "x@..", "{integrity: ''}", "has a name or version", id="dots"),
        pytest.param("'9.0'", "x", "{integrity: ''}", "comes from a URL", id="no version"),
    ],
)
def test_packages_of_pnpm_that_are_passed_over(
    version: str, key: str, resolution: str, reason: str
) -> None:
    """Each with its line; the others are read."""
    text = pnpm(version, key, resolution=resolution)
    usual = "/a/1.0.0" if version == "5.4" else "/a@1.0.0" if version == "'6.0'" else "a@1.0.0"
    text += f"  {usual}: {{resolution: {{integrity: {INTEGRITY}}}}}\n"
    ((_, why, line),) = reasons("pnpm-lock.yaml", text)
    assert why.startswith(reason)
    assert line == 3
    assert purls("pnpm-lock.yaml", text) == ["a@1.0.0"]


def test_all_documents_of_pnpm_are_read() -> None:
    """Its own tools stand in one of their own."""
    first, second = (pnpm("'9.0'", f"{name}@1.0.0") for name in "ab")
    text = f"---\n{first}\n---\n{second}"
    assert purls("pnpm-lock.yaml", text) == ["a@1.0.0", "b@1.0.0"]


def test_a_project_without_packages_has_none() -> None:
    """That is no damage."""
    assert not purls("pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters: {.: {}}\n")
    assert not purls("yarn.lock", "# yarn lockfile v1\n\n\n")


def yarn(asked: str, lines: str = '  version "1.0.0"\n') -> str:
    """Return a yarn.lock of the first version with *asked*, on line 3, and another entry."""
    return f'# yarn lockfile v1\n\n{asked}:\n{lines}\nb@^1.0.0:\n  version "1.0.0"\n'


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("a@^1.0.0", "a@1.0.0", id="a range"),
        pytest.param("a@*", "a@1.0.0", id="any version"),
        pytest.param("a@latest", "a@1.0.0", id="a tag"),
        pytest.param('"a@>= 1.0.0 < 2"', "a@1.0.0", id="a range in quotes"),
        pytest.param('"@s/a@^1.0.0"', "%40s/a@1.0.0", id="a scope"),
        pytest.param('a@^1.0.0, a@1, "a@1 || 2"', "a@1.0.0", id="several ranges"),
        pytest.param('"c@npm:a@^1.0.0"', "a@1.0.0", id="an alias"),
        pytest.param('"c@npm:@s/a@^1.0.0"', "%40s/a@1.0.0", id="an alias of a scope"),
        pytest.param('"c@npm:a"', "a@1.0.0", id="an alias without a range"),
        pytest.param('"c@npm:@s/a"', "%40s/a@1.0.0", id="an alias of a scope without a range"),
        pytest.param('"a@npm:1.0.0"', "a@1.0.0", id="a range of the registry"),
    ],
)
def test_packages_of_yarn_1(asked: str, expected: str) -> None:
    """By their own names."""
    assert purls("yarn.lock", yarn(asked)) == [expected, "b@1.0.0"]


def test_what_a_package_of_yarn_1_needs_is_no_property_of_it() -> None:
    """A dependency may be called version."""
    lines = (
        f'  version "1.0.0"\n  resolved "https://npm.example/a#0"\n  integrity {INTEGRITY}\n'
        '  dependencies:\n    version "^2.0.0"\n    "@s/c" "^1.0.0"\n'
        '  optionalDependencies:\n    c "1"\n'
    )
    assert hashes_in("yarn.lock", yarn("a@^1.0.0", lines)) == {"pkg:npm/a@1.0.0": HASHES}


@pytest.mark.parametrize(
    ("asked", "lines", "reason"),
    [
        pytest.param('"x@git+ssh://git.example/x"', None, "comes from a Git", id="Git"),
        pytest.param("x@user/x", None, "comes from a Git", id="GitHub in short"),
        pytest.param('"x@https://f.example/x.tgz"', None, "comes from a URL", id="a URL"),
        pytest.param('"x@file:./x"', None, "is a file or a folder", id="a folder"),
        pytest.param('"x@link:./x"', None, "is a file or a folder", id="a link"),
        pytest.param("x@1", "  resolved x\n", "has no name or version", id="no version"),
        pytest.param("x", None, "has no name or version", id="no range"),
        pytest.param('"@s/../x@1"', None, "has a name that", id="steps"),
        pytest.param("x@1", '  version "../1"\n', "has a name or version that", id="a path"),
        pytest.param("x@1", "  version 1\n  integrity sha512-AA==\n", "has a SHA-512", id="cut"),
    ],
)
def test_packages_of_yarn_1_that_are_passed_over(
    asked: str, lines: str | None, reason: str
) -> None:
    """Each with its line; the others are read."""
    text = yarn(asked, lines or '  version "1.0.0"\n')
    ((_, why, line),) = reasons("yarn.lock", text)
    assert why.startswith(reason)
    assert line == 3
    assert purls("yarn.lock", text) == ["b@1.0.0"]


def berry(resolution: str, version: str = "1.0.0") -> str:
    """Return a yarn.lock of a later version, whose first entry is on line 4."""
    return (
        f'__metadata:\n  version: 8\n  cacheKey: 10c0\n"x@any":\n  version: {version}\n'
        f'  resolution: "{resolution}"\n  checksum: 10c0/00\n"b@npm:^1":\n  version: 1.0.0\n'
        '  resolution: "b@npm:1.0.0"\n'
    )


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        pytest.param("a@npm:1.0.0", "a@1.0.0", id="the registry's"),
        pytest.param("@s/a@npm:1.0.0", "%40s/a@1.0.0", id="a scope"),
        pytest.param("a@npm:1.0.0::__archiveUrl=x%3A", "a@1.0.0", id="the archive elsewhere"),
    ],
)
def test_packages_of_a_later_yarn(resolution: str, expected: str) -> None:
    """By what they are resolved to: an alias has the package's own name there."""
    assert purls("yarn.lock", berry(resolution)) == [expected, "b@1.0.0"]


@pytest.mark.parametrize(
    "resolution",
    [
        pytest.param("ours@workspace:.", id="the project itself"),
        pytest.param("x@patch:x@npm%3A1.0.0#~builtin<compat/x>", id="a patched package"),
    ],
)
def test_what_a_later_yarn_has_besides_is_not_reported(resolution: str) -> None:
    """The patched package is there without its patch, too."""
    assert purls("yarn.lock", berry(resolution)) == ["b@1.0.0"]
    assert not reasons("yarn.lock", berry(resolution))


@pytest.mark.parametrize(
    ("resolution", "reason"),
    [
        pytest.param("x@workspace:lib", "is a part of the project itself", id="a workspace"),
        pytest.param("x@https://git.example/x.git#commit=0", "comes from a URL", id="a URL"),
        pytest.param("x@git@git.example:x.git", "comes from a Git", id="Git"),
        pytest.param("x@portal:../x", "is a file or a folder", id="a portal"),
        pytest.param("x@exec:./x.js", "comes from a place of another kind", id="a program"),
        pytest.param("x", "has no version or no resolution", id="no place"),
        pytest.param("x@npm:../1", "has a name or version that", id="a path"),
        pytest.param("@../x@npm:1", "has a name or version that", id="a scope of dots"),
    ],
)
def test_packages_of_a_later_yarn_that_are_passed_over(resolution: str, reason: str) -> None:
    """Each with its line; the others are read."""
    ((_, why, line),) = reasons("yarn.lock", berry(resolution))
    assert why.startswith(reason)
    assert line == 4
    assert purls("yarn.lock", berry(resolution)) == ["b@1.0.0"]
