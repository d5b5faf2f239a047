"""The files around the code keep their promises: commands, locks, links, versions."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.contract.project import ROOT, tracked_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTS = [path for path in tracked_files() if path.suffix == ".md"]


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _text(path: Path) -> str:
    """Return the text of *path*; what is no text has nothing to say here."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_make_has_five_targets_and_says_so() -> None:
    """`help`, which is also what `make` alone does, names exactly what there is."""
    makefile = _text(ROOT / "Makefile")
    described = re.findall(r"^([a-z]+):.*## .+$", makefile, re.MULTILINE)
    assert described == ["help", "demo", "test", "check", "build"]
    assert ".DEFAULT_GOAL := help" in makefile
    assert re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split() == described  # type: ignore[index]  # a missing line is a failure


def test_ci_runs_what_the_readme_tells_people_to_run() -> None:
    """There is no second way to test the project."""
    ci = _text(ROOT / ".ci" / "run")
    assert "make check" in ci
    assert "make test" in ci
    assert "make test" in _text(ROOT / "README.md")


def test_locks_name_every_hash_and_no_host() -> None:
    """A lock is the same for everyone, whichever index they are configured with."""
    locks = [path for path in tracked_files() if path.match("requirements*.txt")]
    locks += sorted((ROOT / "requirements").glob("*.txt"))
    assert locks
    for lock in locks:
        for requirement in re.split(r"\n(?=\S)", _text(lock).strip()):
            assert "--hash=sha256:" in requirement, f"{lock.name}: {requirement}"
        assert "://" not in _text(lock)


def test_the_lock_is_of_what_the_project_asks_for() -> None:
    """Each dependency, the developers' included, is pinned in requirements/dev.txt."""
    groups = tomllib.loads(_text(ROOT / "pyproject.toml"))["dependency-groups"]
    pinned = _pins(ROOT / "requirements" / "dev.txt")
    for requirement in [*PROJECT["dependencies"], *groups["dev"]]:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        assert name is not None
        assert name[0].lower() in pinned


@pytest.mark.parametrize(
    "layer", ["layers/steward/requirements.txt", "layers/policy/requirements-build.txt"]
)
def test_what_is_deployed_is_what_is_tested(layer: str) -> None:
    """A layer's packages have the versions of the project's own lock."""
    assert _pins(ROOT / layer).items() <= _pins(ROOT / "requirements" / "dev.txt").items()


def test_the_changelog_has_this_version() -> None:
    """Whoever reads the version can read what it brought."""
    changelog = _text(ROOT / "CHANGELOG.md")
    assert "\n## [Unreleased]\n" in changelog or f"\n## [{PROJECT['version']}]" in changelog
    assert f"[{PROJECT['version']}]" in changelog


@pytest.mark.parametrize("path", DOCUMENTS, ids=_named)
def test_links_lead_somewhere(path: Path) -> None:
    """A link to a file names one that is there, and a heading that it has."""
    prose = re.sub(r"^```.*?^```", "", _text(path), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, heading = target.partition("#")
        linked = (path.parent / unquote(file)).resolve() if file else path
        assert linked.exists(), target
        if heading:
            assert heading in _headings(linked), target


def test_decisions_are_numbered_and_listed() -> None:
    """Each decision has a page of its own, and the list of them is complete."""
    folder = ROOT / "docs" / "decisions"
    pages = sorted(page.name for page in folder.glob("[0-9]*.md"))
    assert [page[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    assert all(f"]({page})" in _text(folder / "README.md") for page in pages)


@pytest.mark.parametrize("path", tracked_files(), ids=_named)
def test_no_file_knows_the_machine_it_was_written_on(path: Path) -> None:
    """No registry's host, no path of a home or work folder: others have other ones."""
    text = _text(path)
    # Written in pieces, or this file would name them.
    hosts = ["py" + r"pi\.org", r"python" + r"hosted\.org", r"registry\.npm" + r"js\.(org|com)"]
    hosts += [r"registry\.yarn" + r"pkg\.com", r"repo1?\.maven\." + r"(apache\.)?org"]
    hosts += [r"maven" + r"central\.", r"static\.crates" + r"\.io", r"api\.nu" + r"get\.org"]
    for host in hosts:
        assert re.search(host, text) is None, host
    folders = ["/ro" + "ot/", "/ho" + "me/[a-z]", "/Us" + "ers/[a-z]", "/wo" + "rk/"]
    for folder in folders:
        assert re.search(rf"(?<![\w./}}$-]){folder}", text) is None, folder


def _pins(lock: Path) -> dict[str, str]:
    """Return the version that *lock* gives each package."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", _text(lock), re.MULTILINE))


def _headings(path: Path) -> set[str]:
    """Return the anchors that a page has, as Markdown renderers write them."""
    headings = re.findall(r"^#+ (.*)$", _text(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
