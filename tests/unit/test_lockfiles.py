"""The hashes in lock files, and what is said about damaged ones."""

import base64
import json
from hashlib import sha256, sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.lockfiles import LockfileError, hashes_in, read

WHEEL = sha256(b"wheel").hexdigest()
SDIST = sha256(b"sdist").hexdigest()
TARBALL = sha512(b"tarball")
INTEGRITY = f"sha512-{base64.b64encode(TARBALL.digest()).decode()}"
REQUESTS = "pkg:pypi/requests@2.32.3"
BOTH = {REQUESTS: {f"SHA-256:{WHEEL}", f"SHA-256:{SDIST}"}}

REQUIREMENTS = f"""\
# made by a tool
--index-url https://example.invalid/simple
requests==2.32.3 \\
    --hash=sha256:{WHEEL} \\
    --hash=sha256:{SDIST}
    # via -r requirements.in
"""

PYLOCK = f"""\
lock-version = "1.0"
created-by = "a tool"

[[packages]]
name = "Requests"
version = "2.32.3"
sdist = {{name = "requests.tar.gz", hashes = {{sha256 = "{SDIST}"}}}}
wheels = [{{name = "requests.whl", hashes = {{sha256 = "{WHEEL}"}}}}]

[[packages]]
name = "ours"
directory = {{path = "."}}
"""

GRADLE = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<verification-metadata xmlns="https://example.invalid/dependency-verification">
   <configuration><verify-metadata>true</verify-metadata></configuration>
   <components>
      <component group="com.mycompany" name="library" version="1.0">
         <artifact name="library-1.0.jar">
            <md5 value="d41d8cd98f00b204e9800998ecf8427e"/>
            <sha256 value="{WHEEL}" origin="Generated"><also-trust value="{SDIST}"/></sha256>
         </artifact>
         <artifact name="library-1.0.pom"><sha512 value="{TARBALL.hexdigest()}"/></artifact>
      </component>
   </components>
</verification-metadata>
"""


def _npm(**packages: object) -> str:
    return json.dumps({"lockfileVersion": 3, "packages": packages}, indent=2)


def _damaged(file_name: str, text: str) -> LockfileError:
    with pytest.raises(LockfileError) as caught:
        hashes_in(file_name, text)
    return caught.value


@pytest.mark.parametrize(
    ("file_name", "text"),
    [
        pytest.param("requirements.txt", REQUIREMENTS, id="requirements"),
        pytest.param("pylock.toml", PYLOCK, id="pylock.toml"),
        pytest.param("pylock.dev.toml", PYLOCK, id="a named pylock.toml"),
        pytest.param("dev.txt", REQUIREMENTS.replace("\n", "\r\n"), id="lines end with CRLF"),
        pytest.param("dev.txt", REQUIREMENTS.replace("\n", "\r"), id="lines end with CR"),
        pytest.param("dev.txt", f"\ufeff{REQUIREMENTS}", id="a byte order mark"),
        pytest.param("dev.txt", REQUIREMENTS.rstrip(), id="no end of the last line"),
        pytest.param(
            "dev.txt", REQUIREMENTS.replace(WHEEL, WHEEL.upper()), id="a hash in capitals"
        ),
        pytest.param(
            "dev.txt",
            REQUIREMENTS.replace("requests==", "Requests[socks] == "),
            id="extras, blanks",
        ),
        pytest.param(
            "dev.txt",
            REQUIREMENTS.replace("2.32.3 ", '2.32.3 ; python_version >= "3.9" '),
            id="a marker",
        ),
        pytest.param("dev.txt", REQUIREMENTS.replace("--hash=", "--hash "), id="a blank for ="),
        pytest.param(
            "dev.txt",
            f"requests==2.32.3 --hash=sha256:{WHEEL}\nrequests==2.32.3 --hash=sha256:{SDIST}",
            id="one version in two lines",
        ),
        pytest.param(
            "dev.txt",
            REQUIREMENTS.replace(f"sha256:{SDIST}", f"sha256:{SDIST} --hash=sha384:{'0' * 96}"),
            id="a kind of hash that CodeArtifact does not compute is left out",
        ),
    ],
)
def test_hashes_of_python_packages(file_name: str, text: str) -> None:
    """By package URL with version, names as CodeArtifact stores them."""
    assert hashes_in(file_name, text) == BOTH


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param("requests>=2\n", 1, "pinned to no version", id="not pinned"),
        pytest.param("requests==2.*\n", 1, "pinned to no version", id="pinned to a pattern"),
        pytest.param("\n\nrequests==2.32.3\n", 3, "has no hash", id="no hash"),
        pytest.param(
            "\n-e .\n", 2, "pinned to no version", id="an editable one, which nobody hashes"
        ),
        pytest.param("a @ https://example.invalid/a.whl\n", 1, "pinned to no", id="by address"),
        pytest.param("-r other.txt\n", 1, "names another file", id="a file in the file"),
        pytest.param("--constraint=c.txt\n", 1, "names another file", id="constraints"),
        pytest.param("a==1 --hash=md5:00\n", 1, "no hash called 'md5'", id="a weak hash"),
        pytest.param("a==1 --hash=sha3:00\n", 1, "no hash called 'sha3'", id="an unknown hash"),
        pytest.param(
            f"# one\na==1 \\\n  --hash=sha256:{WHEEL[:40]}\n", 2, "that is none", id="a cut hash"
        ),
        pytest.param("a==1 --hash=sha256:\n", 1, "that is none", id="an empty hash"),
        pytest.param(
            f"a==1 --hash=sha256:{'g' * 64}\n", 1, "that is none", id="no hexadecimal at all"
        ),
        pytest.param("a==1 \\\n", 1, "ends within", id="a file that ends too early"),
        pytest.param("a==1 \\\n--hash=sha256:\\", 1, "ends within", id="or without a line's end"),
        pytest.param(
            "# ok\n<<<<<<< HEAD\na==1\n=======\na==2\n>>>>>>> x\n", 2, "merge", id="a conflict"
        ),
    ],
)
def test_damaged_requirements_say_the_line(text: str, line: int, problem: str) -> None:
    """Whoever mends the file finds the place; a requirement counts from its first line."""
    error = _damaged("requirements.txt", text)
    assert error.line == line
    assert str(error).startswith(f"line {line}: ")
    assert problem in str(error)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param(PYLOCK[:150], 7, "no TOML", id="cut in the middle"),
        pytest.param("[[packages]]\nname = 'a'\n", None, "no lock-version 1", id="no version"),
        pytest.param('lock-version = "2.0"\npackages = []', None, "lock-version 1", id="version 2"),
        pytest.param(
            'lock-version = "1.0"\n[[packages]]\nname = "a"\n',
            3,
            "no version",
            id="no version of it",
        ),
        pytest.param(PYLOCK.replace(WHEEL, "00"), 8, "that is none", id="a cut hash"),
        pytest.param(
            PYLOCK.replace(f'{{sha256 = "{WHEEL}"}}', "3"), 4, "table of hashes", id="a number"
        ),
        pytest.param(PYLOCK + "=======\n", 13, "merge conflict", id="a conflict"),
    ],
)
def test_a_damaged_pylock_says_the_line(text: str, line: int | None, problem: str) -> None:
    """Where there is one."""
    error = _damaged("pylock.toml", text)
    assert problem in str(error)
    assert error.line == line


def test_hashes_of_npm_packages() -> None:
    """SHA-512 from base64; scopes, nested packages and aliases by the packages' own names."""
    entry = {"version": "1.0.0", "integrity": INTEGRITY}
    listed = {f"SHA-512:{TARBALL.hexdigest()}"}
    lock = _npm(
        **{
            "": {"name": "ours", "version": "0.0.1"},
            "node_modules/lodash": entry,
            "node_modules/@mycompany/ui": entry,
            "node_modules/lodash/node_modules/deep": entry,
            "node_modules/alias": {**entry, "name": "real"},
            "node_modules/linked": {"resolved": "packages/linked", "link": True},
            "node_modules/from-git": {"version": "1.0.0", "resolved": "git+ssh://example.invalid"},
            "node_modules/old": {
                "version": "1.0.0",
                "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
            },
            "packages/linked": {"version": "1.0.0"},
        }
    )
    assert hashes_in("package-lock.json", lock) == {
        "pkg:npm/lodash@1.0.0": listed,
        "pkg:npm/%40mycompany/ui@1.0.0": listed,
        "pkg:npm/deep@1.0.0": listed,
        "pkg:npm/real@1.0.0": listed,
    }
    assert hashes_in("npm-shrinkwrap.json", lock) == hashes_in("package-lock.json", lock)


def test_hashes_of_the_first_version_of_npms_lock_file() -> None:
    """Dependencies stand in dependencies there, and an alias in the version."""
    lock = {
        "lockfileVersion": 1,
        "dependencies": {
            "lodash": {
                "version": "1.0.0",
                "integrity": INTEGRITY,
                "dependencies": {"@a/deep": {"version": "2.0.0", "integrity": INTEGRITY}},
            },
            "alias": {"version": "npm:@a/real@3.0.0", "integrity": INTEGRITY},
        },
    }
    assert set(hashes_in("package-lock.json", json.dumps(lock))) == {
        "pkg:npm/lodash@1.0.0",
        "pkg:npm/%40a/deep@2.0.0",
        "pkg:npm/%40a/real@3.0.0",
    }


def test_several_hashes_of_one_npm_package_are_all_returned() -> None:
    """An integrity may hold several with blanks between, and options after a question mark."""
    other = sha512(b"other")
    both = f"{INTEGRITY}?a=b sha512-{base64.b64encode(other.digest()).decode()}"
    lock = _npm(**{"node_modules/a": {"version": "1.0.0", "integrity": both}})
    assert hashes_in("package-lock.json", lock) == {
        "pkg:npm/a@1.0.0": {f"SHA-512:{TARBALL.hexdigest()}", f"SHA-512:{other.hexdigest()}"}
    }


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param('{\n"lockfileVersion": 3,\n', 3, "no JSON", id="cut in the middle"),
        pytest.param("[]", None, "no JSON object", id="no object"),
        pytest.param('{"lockfileVersion": 4, "packages": {}}', None, "lockfile", id="version 4"),
        pytest.param('{"lockfileVersion": 3, "packages": []}', None, "no object", id="a list"),
        pytest.param("[" * 100_000, None, "deeply", id="brackets without end"),
        pytest.param(
            _npm(**{"node_modules/a": {"version": "1.0.0", "integrity": "sha512-AAAA"}}),
            6,
            "that is none",
            id="a cut hash",
        ),
        pytest.param(
            _npm(**{"node_modules/a": {"version": "1.0.0", "integrity": "sha512-%%"}}),
            6,
            "that is none",
            id="no base64",
        ),
        pytest.param(
            _npm(**{"node_modules/a": {"version": "1.0.0", "integrity": "nonsense"}}),
            6,
            "that is none",
            id="no hash at all",
        ),
        pytest.param(
            _npm(**{"node_modules/a": {"integrity": INTEGRITY}}), 5, "no version", id="no version"
        ),
        pytest.param('{\n<<<<<<< HEAD\n"a": 1\n}', 2, "merge conflict", id="a conflict"),
    ],
)
def test_a_damaged_package_lock_says_the_line(text: str, line: int | None, problem: str) -> None:
    """Where there is one."""
    error = _damaged("package-lock.json", text)
    assert problem in str(error)
    assert error.line == line


def test_hashes_of_maven_packages() -> None:
    """SHA-256 and SHA-512 of all artifacts, those that are trusted as well too."""
    assert hashes_in("verification-metadata.xml", GRADLE) == {
        "pkg:maven/com.mycompany/library@1.0": {
            f"SHA-256:{WHEEL}",
            f"SHA-256:{SDIST}",
            f"SHA-512:{TARBALL.hexdigest()}",
        }
    }


def test_files_of_maven_packages() -> None:
    """Artifacts that have a hash, by the names that they have in a repository."""
    others = f"""
        <artifact name="library-1.0-linux.jar"><pgp value="AB"/></artifact>
        <artifact name="other.jar"><sha256 value="{WHEEL}"/></artifact>
        <artifact name="library-1.0/../x.jar"><sha256 value="{WHEEL}"/></artifact>
        <artifact><sha256 value="{WHEEL}"/></artifact></component>"""
    text = GRADLE.replace("</component>", others)
    (entry,) = read("verification-metadata.xml", text).entries
    assert entry.files == {"library-1.0.jar", "library-1.0.pom"}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param(GRADLE[:300], 6, "no XML", id="cut in the middle"),
        pytest.param("<project/>", None, "no verification-metadata", id="another file"),
        pytest.param(GRADLE.replace(' version="1.0">', ">"), 5, "no version", id="no version"),
        pytest.param(GRADLE.replace(WHEEL, "00"), 8, "that is none", id="a cut hash"),
        pytest.param(GRADLE.replace(SDIST, ""), 8, "that is none", id="an empty hash"),
        pytest.param(
            '<!DOCTYPE a [<!ENTITY b "c">]><verification-metadata>&b;</verification-metadata>',
            None,
            "safe",
            id="entities, by which small files become great ones",
        ),
    ],
)
def test_a_damaged_verification_file_says_the_line(
    text: str, line: int | None, problem: str
) -> None:
    """Where there is one."""
    error = _damaged("verification-metadata.xml", text)
    assert problem in str(error)
    assert error.line == line


@pytest.mark.parametrize("file_name", ["mix.lock", "Poetry.lock", "pom.xml", "pylock.a.b.toml"])
def test_an_unknown_kind_of_file_is_named(file_name: str) -> None:
    """With the kinds that are known."""
    error = _damaged(file_name, "")
    assert file_name in str(error)
    assert "package-lock.json" in str(error)


@given(
    st.sampled_from(
        ["requirements.txt", "pylock.toml", "package-lock.json", "verification-metadata.xml"]
    ),
    st.text(max_size=200),
)
def test_any_text_is_a_lock_file_or_damaged(file_name: str, text: str) -> None:
    """No other exception comes out of a file that somebody else wrote."""
    try:
        found = hashes_in(file_name, text)
    except LockfileError:
        return
    assert all(one.startswith(("SHA-256:", "SHA-512:")) for each in found.values() for one in each)


@given(st.integers(0, len(REQUIREMENTS)))
def test_cut_requirements_never_list_another_hash(length: int) -> None:
    """A file that was cut anywhere lists some of its hashes, or is damaged."""
    try:
        found = hashes_in("requirements.txt", REQUIREMENTS[:length])
    except LockfileError:
        return
    assert all(each <= BOTH[REQUESTS] for each in found.values())
