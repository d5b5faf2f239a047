"""Lock files that are damaged, hostile or too large: a reason for each, and no other exception."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.lockfiles import LockfileError, known_file, read
from steward.lockfiles.locked import MAX_BYTES, MAX_ENTRIES

FOLDER = Path(__file__).parent / "lockfiles"
MADE = {
    str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.rglob("*"))
    if path.is_file() and known_file(path.name)
}
KINDS = sorted(
    {name.rpartition("/")[2] for name in MADE}
    | {
        "Cargo.lock",
        "Gemfile.lock",
        "gradle.lockfile",
        "packages.lock.json",
        "verification-metadata.xml",
    }
)
# What hides in a name: steps out of a folder, the ends of lines, queries, other hosts, surrogates.
HOSTILE = ["..", ".", "a/../../b", "a\\..\\b", "a#b", "a?b c", "a\x00b", "a\u202eb", "\ud800", ""]


def _check(file_name: str, text: str) -> None:
    """Read *text*, which may be anything, and look at every name that comes out."""
    try:
        found = read(file_name, text)
    except LockfileError:
        return
    for entry in found.entries:
        for part in (entry.namespace or "-", entry.name, entry.version, *entry.files):
            assert 1 <= len(part) <= 255
            assert part not in {".", ".."}
            assert part.isprintable()
            assert not set(part) & set("/\\# \t\n")
        assert entry.purl.isascii()
        assert all(one.startswith(("SHA-256:", "SHA-512:")) for one in entry.hashes)
    for passed_over in (*found.passed_over, *found.damage):
        assert passed_over.reason
        assert "\n" not in passed_over.what


@settings(max_examples=60)
@given(st.sampled_from(KINDS), st.text(max_size=300) | st.text(string.printable, max_size=300))
def test_any_text_is_read_or_refused(file_name: str, text: str) -> None:
    """Nothing but LockfileError comes out of a file that somebody else wrote."""
    _check(file_name, text)


@settings(max_examples=60, suppress_health_check=[HealthCheck.data_too_large])
@given(st.sampled_from(sorted(MADE)), st.data())
def test_a_lock_file_that_was_cut_or_changed_is_read_or_refused(
    file_name: str, data: st.DataObject
) -> None:
    """At any place, by any text: what is left names nothing that leaves a path."""
    text = MADE[file_name]
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 80)) | st.just(len(text)))
    hostile = st.sampled_from([*HOSTILE, "<<<<<<< HEAD", "\t", '"', "'", "]", "}", ":", "&a", "*a"])
    _check(file_name, text[:begin] + data.draw(hostile | st.text(max_size=20)) + text[end:])


@settings(max_examples=40)
@given(st.sampled_from(sorted(MADE)), st.sampled_from(HOSTILE), st.data())
def test_no_name_leaves_its_path(file_name: str, hostile: str, data: st.DataObject) -> None:
    """Whichever name or version in the file is put for by one that would."""
    text = MADE[file_name]
    entry = data.draw(st.sampled_from(read(file_name, text).entries))
    quoted = json.dumps(hostile)[1:-1] if file_name.endswith(("json", "Pipfile.lock")) else hostile
    for part in (entry.name, entry.version):
        _check(file_name, text.replace(part, quoted))


@pytest.mark.parametrize("file_name", sorted(MADE))
def test_half_a_file_lists_nothing_that_the_whole_does_not(file_name: str) -> None:
    """A cut file is refused, or its entries are among those of the whole one."""
    text = MADE[file_name]
    whole = {entry.purl: entry.hashes for entry in read(file_name, text).entries}
    begin = text.index("\n", len(text) // 2)
    for length in range(begin, begin + 400):
        try:
            found = read(file_name, text[:length])
        except LockfileError:
            continue
        # The last entry may have lost the end of its version.
        for entry in found.entries[:-1]:
            assert entry.hashes <= whole[entry.purl]


@pytest.mark.parametrize("file_name", sorted(MADE))
def test_a_conflict_in_any_kind_of_file_is_told_with_its_line(file_name: str) -> None:
    """Also in those whose comments begin as the markers do."""
    text = MADE[file_name]
    with pytest.raises(LockfileError, match="merge conflict") as caught:
        read(file_name, f"{text}\n<<<<<<< HEAD\n")
    assert caught.value.line == text.count("\n") + 2


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    """Callers compare sizes before they read one; whoever did not is told."""
    with pytest.raises(LockfileError, match=r"more than 16,000,000 bytes"):
        read("requirements.txt", " " * (MAX_BYTES + 1))


def test_a_file_with_too_many_entries_is_refused() -> None:
    """A small file may name many."""
    text = "".join(f"a{number}==1\n" for number in range(MAX_ENTRIES + 1))
    with pytest.raises(LockfileError, match=r"more than 100,000 entries"):
        read("requirements.txt", text)


@pytest.mark.parametrize(
    ("file_name", "text", "line", "problem"),
    [
        pytest.param("uv.lock", "version = 2\n", None, "version 1", id="uv.lock, version 2"),
        pytest.param("uv.lock", "package = 1\n", None, "version 1", id="uv.lock without one"),
        pytest.param("uv.lock", "version = 1\npackage = 1\n", None, "no tables", id="no tables"),
        pytest.param("uv.lock", "version = 1\nname = ", 2, "no TOML", id="uv.lock, cut"),
        pytest.param("uv.lock", "version = \t[[[", 1, "no TOML", id="uv.lock, nonsense"),
        pytest.param("uv.lock", f"a = {'[' * 9000}", None, "deeply", id="brackets without end"),
        pytest.param("uv.lock", f"\n{'a.' * 9000}a = 1", 2, "of dots", id="a key without end"),
        pytest.param("uv.lock", f"a = {'1' * 9000}", 1, "no TOML", id="a number without end"),
        pytest.param("poetry.lock", "[metadata]\n", None, "lock-version", id="poetry, no version"),
        pytest.param(
            "poetry.lock", '[metadata]\nlock-version = "3.0"', None, "lock-version", id="poetry, 3"
        ),
        pytest.param("Pipfile.lock", "{}", None, "pipfile-spec 6", id="Pipenv, no specification"),
        pytest.param(
            "Pipfile.lock", '{"_meta": {"pipfile-spec": 7}}', None, "spec 6", id="Pipenv, 7"
        ),
        pytest.param("Pipfile.lock", "[]", None, "no JSON object", id="a list"),
        pytest.param("Pipfile.lock", f"[{'1' * 9000}]", None, "no JSON", id="JSON's long number"),
        pytest.param("pnpm-lock.yaml", "", None, "no lockfileVersion", id="pnpm, empty"),
        pytest.param("pnpm-lock.yaml", "lockfileVersion: '10.0'", 1, "10.0", id="pnpm, 10"),
        pytest.param("pnpm-lock.yaml", "a:\n\t- b", 2, "no YAML", id="tabs in YAML"),
        pytest.param("pnpm-lock.yaml", "a: [\n", 2, "no YAML", id="YAML, cut"),
        pytest.param("pnpm-lock.yaml", "- a", 1, "no YAML of tables", id="a list of YAML"),
        pytest.param("pnpm-lock.yaml", "a: &x 1\nb: *x", 2, "alias", id="an alias in YAML"),
        pytest.param("pnpm-lock.yaml", "a: 1\na: 2", 2, "a twice", id="a key of YAML twice"),
        pytest.param("pnpm-lock.yaml", "? [a]\n: 1", 1, "for a key", id="a list for a key"),
        pytest.param("pnpm-lock.yaml", f"a: {'[' * 90}", 1, "deeply", id="depth in YAML"),
        pytest.param("pnpm-lock.yaml", "a: \x07", None, "no YAML", id="a bell in YAML"),
        pytest.param(
            "pnpm-lock.yaml", "lockfileVersion: 5.4\npackages: [1]", 2, "no table", id="a list"
        ),
        pytest.param("yarn.lock", "", None, "neither", id="yarn.lock, empty"),
        pytest.param("yarn.lock", "# yarn lockfile v2\n", None, "neither", id="yarn.lock, v2"),
        pytest.param(
            "yarn.lock", "\n__metadata:\n  version: 99\n", 2, "3 to 10", id="a later Yarn"
        ),
        pytest.param(
            "yarn.lock", "# yarn lockfile v1\na@1:\n", 3, "ends within", id="yarn.lock, cut"
        ),
        pytest.param(
            "yarn.lock", '# yarn lockfile v1\na@1:\n  version "1', 3, "was cut", id="in a text"
        ),
        pytest.param("yarn.lock", "# yarn lockfile v1\n\ta@1:\n", 2, "no line", id="tabs"),
        pytest.param("yarn.lock", "# yarn lockfile v1\n  a 1\n", 2, "no line", id="no entry"),
        pytest.param("yarn.lock", "# yarn lockfile v1\n:\n", 2, "no line", id="no name"),
    ],
)
def test_a_damaged_file_says_the_line(
    file_name: str, text: str, line: int | None, problem: str
) -> None:
    """Where there is one."""
    with pytest.raises(LockfileError) as caught:
        read(file_name, text)
    assert problem in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("file_name", "known"),
    [
        pytest.param("uv.lock", True, id="a name"),
        pytest.param("frontend/pnpm-lock.yaml", True, id="a path"),
        pytest.param("s3://locks/of/team/yarn.lock", True, id="an object"),
        pytest.param("npm-shrinkwrap.json", True, id="another name of npm's"),
        pytest.param("dev-requirements.txt", True, id="any text"),
        pytest.param("pylock.dev.toml", True, id="a named pylock"),
        pytest.param("packages.App.lock.json", True, id="a project's packages"),
        pytest.param("buildscript-gradle.lockfile", True, id="that of a build script"),
        pytest.param("uv.lock/", False, id="a folder"),
        pytest.param("package.json", False, id="no lock file"),
        pytest.param("UV.LOCK", False, id="other letters"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_which_files_are_known(file_name: str, known: bool) -> None:  # noqa: FBT001  a case
    """By the last part of their names."""
    assert known_file(file_name) is known
