"""Lock files that real tools made of one project: each reader says the same of it."""

from pathlib import Path

import pytest

from steward.lockfiles import Lockfile, hashes_in, read

FOLDER = Path(__file__).parent / "lockfiles"
PYTHON = {"anyio", "certifi", "h11", "httpcore", "httpx", "idna", "socksio", "typing-extensions"}
PINNED_IN_PYTHON = {"pkg:pypi/httpx@0.28.1", "pkg:pypi/typing-extensions@4.12.2"}
# Every fetched package, those for other systems among them, an alias by its own name.
JAVASCRIPT = {
    "babel/runtime",
    "rollup/rollup-win32-x64-msvc",
    "fsevents",
    "function-bind",
    "hasown",
    "is-core-module",
    "js-tokens",
    "loose-envify",
    "ms",
    "path-parse",
    "react",
    "react-dom",
    "regenerator-runtime",
    "resolve",
    "scheduler",
    "supports-preserve-symlinks-flag",
    "use-sync-external-store",
}
PINNED_IN_JAVASCRIPT = {
    "pkg:npm/%40babel/runtime@7.26.0",
    "pkg:npm/fsevents@2.3.3",
    "pkg:npm/ms@2.1.2",
    "pkg:npm/ms@2.1.3",
    "pkg:npm/react-dom@18.3.1",
    "pkg:npm/resolve@1.22.8",
    "pkg:npm/use-sync-external-store@1.2.2",
}
GIT, FOLDER_OR_FILE, URL = (
    "comes from a Git repository",
    "is a file or a folder",
    "comes from a URL",
)
LINK, PART = "is a link to a folder", "is a part of the project"
LATER_YARNS = ("yarn-3", "yarn-4")


def text_of(name: str) -> str:
    """Return the lock file *name* of the folder of lock files."""
    return (FOLDER / name).read_text(encoding="utf-8")


def lock(name: str) -> Lockfile:
    """Return what the lock file *name* of the folder of lock files says."""
    return read(name, text_of(name))


def passed_over(lockfile: Lockfile) -> dict[str, str]:
    """Return the reasons, by the beginnings of what was passed over."""
    return {one.what.partition(" @")[0]: one.reason for one in lockfile.passed_over}


@pytest.mark.parametrize(
    ("name", "elsewhere"),
    [
        pytest.param("pip-compile.txt", {}, id="pip-compile"),
        pytest.param(
            "uv-pip-compile.txt",
            {
                "ours-git": "comes from a URL, a folder or version control",
                "local": "is pinned to no version with ==",
                "six": "comes from a URL, a folder or version control",
            },
            id="uv pip compile",
        ),
        pytest.param("poetry.lock", {"ours-git": GIT, "six": URL}, id="Poetry"),
        pytest.param(
            "uv.lock", {"ours-git": GIT, "ours-local": "is a folder", "six": URL}, id="uv"
        ),
        pytest.param(
            "pylock.toml",
            {
                "ours-git": "comes from version control",
                "ours-local": "is a folder",
                "six": "comes from a URL or a file",
            },
            id="pylock.toml",
        ),
        pytest.param(
            "Pipfile.lock",
            {
                "ours-git": GIT,
                "ours-local": "is a folder or a file",
                "six": "comes from a URL or a file",
            },
            id="Pipenv",
        ),
    ],
)
def test_lock_files_of_python(name: str, elsewhere: dict[str, str]) -> None:
    """What comes from the index is an entry; of anything else the file's own words are told."""
    lockfile = lock(name)
    # pip-compile makes a lock for the system that it runs on.
    others = set() if name == "pip-compile.txt" else {"colorama"}
    assert {one.name for one in lockfile.entries} == PYTHON | others
    assert {one.purl for one in lockfile.entries} >= PINNED_IN_PYTHON
    assert passed_over(lockfile) == elsewhere


@pytest.mark.parametrize(
    ("name", "elsewhere", "also"),
    [
        pytest.param(
            "npm-v1/package-lock.json",
            {
                "ours-git": GIT,
                "ours-local": FOLDER_OR_FILE,
                "@ours/web": FOLDER_OR_FILE,
                "from-url": URL,
            },
            set(),
            id="npm, version 1",
        ),
        pytest.param(
            "npm-v2/package-lock.json",
            {"ours-git": GIT, "ours-local": LINK, "@ours/web": LINK, "isarray": URL},
            set(),
            id="npm, version 2",
        ),
        pytest.param(
            "npm-v3/package-lock.json",
            {"ours-git": GIT, "ours-local": LINK, "@ours/web": LINK, "isarray": URL},
            set(),
            id="npm, version 3",
        ),
        pytest.param(
            "npm-v3/npm-shrinkwrap.json",
            {"ours-git": GIT, "ours-local": LINK, "@ours/web": LINK, "isarray": URL},
            set(),
            id="npm shrinkwrap",
        ),
        # pnpm knows the archive of its registry again, whatever it is asked for by.
        pytest.param(
            "pnpm-5/pnpm-lock.yaml",
            {"/git": GIT, "file:local": "is a folder"},
            {"isarray"},
            id="pnpm, version 5.4",
        ),
        pytest.param(
            "pnpm-6/pnpm-lock.yaml",
            {"file:local": "is a folder"},
            {"isarray"},
            id="pnpm, version 6",
        ),
        pytest.param(
            "pnpm-9/pnpm-lock.yaml",
            {"ours-git": GIT, "ours-local": "is a folder"},
            {"isarray"},
            id="pnpm, version 9",
        ),
        pytest.param(
            "yarn-1/yarn.lock",
            {"ours-git": GIT, "ours-local": FOLDER_OR_FILE, "from-url": URL},
            set(),
            id="Yarn 1",
        ),
        pytest.param(
            "yarn-3/yarn.lock",
            {
                "ours-local": FOLDER_OR_FILE,
                "from-url": URL,
                "@ours/web": PART,
            },
            set(),
            id="Yarn 3",
        ),
        pytest.param(
            "yarn-4/yarn.lock",
            {
                "ours-local": FOLDER_OR_FILE,
                "from-url": URL,
                "@ours/web": PART,
            },
            set(),
            id="Yarn 4",
        ),
    ],
)
def test_lock_files_of_javascript(name: str, elsewhere: dict[str, str], also: set[str]) -> None:
    """Optional packages for another system too; peers, patches and aliases make no other names."""
    lockfile = lock(name)
    names = {"/".join(filter(None, (one.namespace, one.name))) for one in lockfile.entries}
    # The later Yarns lock what the installation scripts of a package may need as well.
    assert names >= JAVASCRIPT if name.startswith(LATER_YARNS) else names == JAVASCRIPT | also
    assert {one.purl for one in lockfile.entries} >= PINNED_IN_JAVASCRIPT
    assert len(lockfile.passed_over) == len(elsewhere)
    for beginning, reason in elsewhere.items():
        assert [
            one
            for one in lockfile.passed_over
            if one.what.startswith(beginning) and one.reason.startswith(reason)
        ], beginning


WITH_HASHES = [
    "pip-compile.txt",
    "poetry.lock",
    "uv.lock",
    "pylock.toml",
    "Pipfile.lock",
    "npm-v1/package-lock.json",
    "npm-v2/package-lock.json",
    "npm-v3/package-lock.json",
    "pnpm-5/pnpm-lock.yaml",
    "pnpm-6/pnpm-lock.yaml",
    "pnpm-9/pnpm-lock.yaml",
    "yarn-1/yarn.lock",
]
WITHOUT_HASHES = ["uv-pip-compile.txt", "yarn-3/yarn.lock", "yarn-4/yarn.lock"]


@pytest.mark.parametrize("name", WITH_HASHES)
def test_every_version_has_the_hashes_of_its_files(name: str) -> None:
    """The wheel's and the source's for Python, the archive's for JavaScript, as any tool has it."""
    found = hashes_in(name, text_of(name))
    assert set(found) == {one.purl for one in lock(name).entries}
    python = next(iter(found)).startswith("pkg:pypi/")
    reference = hashes_in(*(("uv.lock", text_of("uv.lock")) if python else _npm()))
    shared = set(found) & set(reference)
    assert len(shared) >= 8
    assert all(found[purl] == reference[purl] for purl in shared)


def _npm() -> tuple[str, str]:
    return "package-lock.json", text_of("npm-v3/package-lock.json")


@pytest.mark.parametrize("name", WITHOUT_HASHES)
def test_hashes_that_say_nothing_of_the_registrys_files_are_left_out(name: str) -> None:
    """Yarn's later checksums are of archives of its own; uv was asked for none."""
    assert not any(one.hashes for one in lock(name).entries)


@pytest.mark.parametrize("name", WITH_HASHES + WITHOUT_HASHES)
def test_each_entry_says_where_it_stands(name: str) -> None:
    """On its line, or in TOML on the one after it."""
    lines = text_of(name).replace("_", "-").splitlines()
    lockfile = lock(name)
    for entry in lockfile.entries:
        assert entry.line is not None
        begin = " ".join(lines[entry.line - 1 : entry.line + 1])
        assert entry.name in begin or "aliased" in begin, entry
    assert all(one.line is not None for one in lockfile.passed_over)


@pytest.mark.parametrize("name", WITH_HASHES + WITHOUT_HASHES)
@pytest.mark.parametrize("end", ["\r\n", "\r"], ids=["CRLF", "CR"])
def test_ends_of_lines_and_a_byte_order_mark_change_nothing(name: str, end: str) -> None:
    """As an editor of another system leaves them."""
    text = text_of(name)
    assert read(name, "\ufeff" + text.replace("\n", end)) == read(name, text)


@pytest.mark.parametrize("name", WITH_HASHES + WITHOUT_HASHES)
def test_no_fixture_names_a_host_or_a_folder_of_the_machine_that_made_it(name: str) -> None:
    """The folder's `make.py` takes them out."""
    text = text_of(name)
    assert "/tmp/" not in text
    hosts = {part.partition("/")[0] for part in text.split("://")[1:]}
    assert hosts <= {"registry.example", "git@git.example"}
