"""Python's lock files: which entries are taken, and which are passed over and why."""

import json
from hashlib import sha256

import pytest

from steward.lockfiles import LockfileError, hashes_in, read

WHEEL = sha256(b"wheel").hexdigest()
USUAL, OTHER = "https://index.example/simple", "https://other.example/simple"


def purls(file_name: str, text: str) -> list[str]:
    """Return the package URLs of the entries, without what they begin with."""
    return [one.purl.removeprefix("pkg:pypi/") for one in read(file_name, text).entries]


def reasons(file_name: str, text: str) -> list[tuple[str, str, int | None]]:
    """Return what is passed over, why and on which line."""
    return [(one.what, one.reason, one.line) for one in read(file_name, text).passed_over]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a==1", "a@1", id="no hash"),
        pytest.param("My_Package.x == 1.0", "my-package-x@1.0", id="a name as it is stored"),
        pytest.param("a[x, y]==1.0", "a@1.0", id="extras"),
        pytest.param('a==1.0 ; python_version < "3"', "a@1.0", id="a marker"),
        pytest.param("a===1.0", "a@1.0", id="arbitrary equality"),
        pytest.param("a==1.0  # via b", "a@1.0", id="a comment"),
        pytest.param("a==1!2.0+cu118", "a@1%212.0%2Bcu118", id="an epoch and a local label"),
        pytest.param("\ta==1.0\t", "a@1.0", id="tabs"),
        pytest.param("a==1.0 --hash=md5:00", "a@1.0", id="a weak hash, which is left out"),
        pytest.param("a==1.0 --hash=sha3_512:00", "a@1.0", id="an unknown hash"),
        pytest.param("a==1 --config-settings=x=y", "a@1", id="an option for its build"),
        pytest.param("--pre\n--index-url https://index.example\na==1", "a@1", id="options"),
    ],
)
def test_requirements_that_are_pinned(text: str, expected: str) -> None:
    """Whatever else stands with them."""
    assert purls("requirements.txt", text) == [expected]
    assert not reasons("requirements.txt", text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a", "is pinned to no version with ==", id="no version"),
        pytest.param("a>=1", "is pinned to no version with ==", id="a range"),
        pytest.param("a==1.*", "is pinned to no version with ==", id="a pattern"),
        pytest.param("a==1,!=2", "is pinned to no version with ==", id="two conditions"),
        pytest.param("-r other.txt", "names another file, which is not read", id="another file"),
        pytest.param("-c other.txt", "names another file, which is not read", id="constraints"),
        pytest.param("-rother.txt", "names another file, which is not read", id="without a space"),
        pytest.param("a==${VERSION}", "is pinned to no version with ==", id="the environment's"),
        pytest.param("-e .", "comes from a URL, a folder or version control", id="editable"),
        pytest.param(
            "--editable=git+https://git.example/a",
            "comes from a URL, a folder or version control",
            id="editable, from Git",
        ),
        pytest.param(
            "a @ https://files.example/a.whl",
            "comes from a URL, a folder or version control",
            id="a URL",
        ),
        pytest.param("./a", "comes from a URL, a folder or version control", id="a folder"),
        pytest.param("w/a-1.whl", "comes from a URL, a folder or version control", id="a file"),
        pytest.param(
            "a==../../x", "has a name or version that no package can have", id="steps in a version"
        ),
        pytest.param(f"a==1 --hash=sha256:{WHEEL[:9]}", "has a SHA-256 that is none", id="cut"),
        pytest.param("x" * 3000, "is too long for a requirement", id="three thousand letters"),
    ],
)
def test_requirements_that_are_passed_over(text: str, reason: str) -> None:
    """Each with its line; the others are read."""
    ((what, why, line),) = reasons("requirements.txt", f"b==1\n{text}\nc==2\n")
    assert text.startswith(what.removesuffix("...").partition(" ")[0])
    assert why.startswith(reason)
    assert line == 2
    assert purls("requirements.txt", f"b==1\n{text}\nc==2\n") == ["b@1", "c@2"]


def test_whoever_needs_hashes_is_not_given_half_a_file() -> None:
    """What is enough to warm a cache is not enough to compare with."""
    with pytest.raises(LockfileError, match="line 2: 'b==1' has no hash"):
        hashes_in("requirements.txt", f"a==1 --hash=sha256:{WHEEL}\nb==1\n")
    with pytest.raises(LockfileError, match="line 1: 'a' is pinned to no version"):
        hashes_in("requirements.txt", "a\n")


def uv_package(name: str, source: str, more: str = 'version = "1.0"') -> str:
    """Return a package of uv.lock."""
    return f'[[package]]\nname = "{name}"\n{more}\nsource = {{ {source} }}\n'


def uv_lock(*packages: str) -> str:
    """Return a uv.lock of *packages*, the first of which is on line 2."""
    return "version = 1\n" + "".join(packages)


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        pytest.param(
            uv_package("x", f'registry = "{OTHER}"'),
            "comes from another index than most packages of the file",
            id="another index",
        ),
        pytest.param(
            uv_package("x", 'registry = "wheels"'), "comes from an index that", id="a folder"
        ),
        pytest.param(uv_package("x", ""), "comes from an index that", id="no source"),
        pytest.param(
            uv_package("x", 'editable = "lib"'), "is a folder", id="part of the workspace"
        ),
        pytest.param(uv_package("x", 'path = "x.whl"'), "is a file", id="a file"),
        pytest.param(uv_package("x", f'registry = "{USUAL}"', ""), "has no version", id="dynamic"),
        pytest.param(
            uv_package("x", f'registry = "{USUAL}"', 'version = "../1"'),
            "has a name or version that",
            id="steps in a version",
        ),
    ],
)
def test_packages_of_uv_that_are_passed_over(package: str, reason: str) -> None:
    """Each with its line; the others are read."""
    usual = [uv_package(name, f'registry = "{USUAL}"') for name in "ab"]
    text = uv_lock(usual[0], package, usual[1])
    ((what, why, line),) = reasons("uv.lock", text)
    assert what.split()[0] == "x"
    assert why.startswith(reason)
    assert line == 6
    assert purls("uv.lock", text) == ["a@1.0", "b@1.0"]


@pytest.mark.parametrize("kind", ["virtual", "editable"])
def test_the_project_itself_is_no_entry_of_uv(kind: str) -> None:
    """Every file has it, and nobody would publish it to warm it."""
    text = uv_lock(uv_package("ours", f'{kind} = "."'))
    assert not read("uv.lock", text).entries
    assert not reasons("uv.lock", text)


def poetry_lock(*packages: str, version: str = "2.1", more: str = "") -> str:
    """Return a poetry.lock of *packages*."""
    return "".join(packages) + f'\n[metadata]\nlock-version = "{version}"\n{more}'


def poetry_package(name: str, source: str = "", more: str = "") -> str:
    """Return a package of poetry.lock."""
    table = f"[package.source]\n{source}\n" if source else ""
    return f'[[package]]\nname = "{name}"\nversion = "1.0"\n{more}\n{table}'


def test_hashes_of_poetrys_first_version() -> None:
    """They stand in a table of all packages."""
    files = f'[metadata.files]\na = [{{file = "a.whl", hash = "sha256:{WHEEL}"}}]\n'
    text = poetry_lock(poetry_package("a"), version="1.1", more=files)
    assert hashes_in("poetry.lock", text) == {"pkg:pypi/a@1.0": {f"SHA-256:{WHEEL}"}}


def test_poetrys_packages_of_another_index_are_passed_over() -> None:
    """Also where the usual one is no default, but a mirror that the project names."""
    mirror, other = (f'type = "legacy"\nurl = "{url}"' for url in (USUAL, OTHER))
    packages = (
        poetry_package("a", mirror),
        poetry_package("x", other),
        poetry_package("b", mirror),
    )
    assert purls("poetry.lock", poetry_lock(*packages)) == ["a@1.0", "b@1.0"]
    ((what, why, line),) = reasons("poetry.lock", poetry_lock(*packages))
    assert (what, line) == ("x", 8)
    assert why == "comes from another index than most packages of the file"


def test_packages_of_poetry_without_a_version_or_a_hash() -> None:
    """The one is passed over, of the other there is nothing to compare."""
    nameless = '[[package]]\nversion = "1.0"\n'
    text = poetry_lock(nameless, poetry_package("a", more='files = [{file = "a.whl"}]'))
    assert reasons("poetry.lock", text) == [("a package", "has no name or version", 1)]
    assert [(one.name, one.hashes) for one in read("poetry.lock", text).entries] == [
        ("a", frozenset())
    ]


def test_the_table_of_a_package_inside_a_text_gives_no_wrong_lines() -> None:
    """Rather none at all."""
    text = poetry_lock(poetry_package("a", more='description = """\n[[package]]\n"""'))
    (entry,) = read("poetry.lock", text).entries
    assert entry.line is None


def pipfile_lock(**packages: object) -> str:
    """Return a Pipfile.lock of *packages* with two sources."""
    about = {"pipfile-spec": 6, "sources": [{"name": "usual"}, {"name": "other"}]}
    return json.dumps({"_meta": about, "docs": packages}, indent=1)


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        pytest.param({"version": "==1", "index": "other"}, "comes from another index", id="index"),
        pytest.param({"version": "*"}, "is pinned to no version with ==", id="no version"),
        pytest.param({"version": 1}, "is pinned to no version with ==", id="a number"),
        pytest.param({"version": "==1", "hashes": 1}, "has no list of hashes", id="no hashes"),
        pytest.param(
            {"version": "==1", "hashes": ["sha256:00"]}, "has a SHA-256 that is none", id="cut"
        ),
        pytest.param({"git": "ssh://git.example/x", "ref": "00"}, "comes from a Git", id="Git"),
        pytest.param(1, "is no table", id="no table"),
    ],
)
def test_packages_of_pipenv_that_are_passed_over(package: object, reason: str) -> None:
    """Each with its line, in whatever category it is; the others are read."""
    usual = {"version": "==1", "index": "usual", "hashes": [f"sha256:{WHEEL}"], "markers": "x"}
    text = pipfile_lock(a=usual, x=package, b={"version": "==2"})
    ((what, why, line),) = reasons("Pipfile.lock", text)
    assert what == "x"
    assert why.startswith(reason)
    assert (line is None) == (package == 1)
    assert purls("Pipfile.lock", text) == ["a@1", "b@2"]


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        pytest.param('name = "x"\nvcs = {type = "git"}', "comes from version control", id="Git"),
        pytest.param('name = "x"\narchive = {url = "a"}', "comes from a URL or a file", id="URL"),
        pytest.param('name = "x"', "has no version", id="no version"),
        pytest.param('version = "1"', "has no name", id="no name"),
        pytest.param('name = "x"\nversion = "1"\nwheels = [1]', "has files without", id="a number"),
    ],
)
def test_packages_of_pylock_that_are_passed_over(package: str, reason: str) -> None:
    """Each with its line; the others are read."""
    text = f'lock-version = "1.0"\n[[packages]]\n{package}\n[[packages]]\nname="b"\nversion="2"\n'
    ((_, why, line),) = reasons("pylock.toml", text)
    assert why.startswith(reason)
    assert line in {2, 3}
    assert purls("pylock.toml", text) == ["b@2"]


def test_one_version_is_one_entry_with_all_hashes() -> None:
    """Of a file that names it twice, for two systems say."""
    other = sha256(b"other").hexdigest()
    text = f"A==1 --hash=sha256:{WHEEL}\na==1 --hash=sha256:{other}\na==2"
    first, second = read("requirements.txt", text).entries
    assert first.hashes == {f"SHA-256:{WHEEL}", f"SHA-256:{other}"}
    assert (first.line, second.line) == (1, 3)
