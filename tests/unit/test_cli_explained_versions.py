"""What is said of each version of a package, as people read it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cli.explained_versions import (
    STAYS,
    Explained,
    ExplainedVersion,
    Saying,
    _newest_first,
    document,
    show,
)
from steward.coordinates import Format, Package, PackageVersion, Repository

PLACE = Repository("my-company", "012345678901", "npm-internal")


def version(name: str = "1.0") -> PackageVersion:
    """Return a published version."""
    return PackageVersion(name, "Published")


def shown(*versions: ExplainedVersion, restrictions: str | None = None, note: str | None = None,
          width: int = 200) -> str:  # fmt: skip
    """Return what is printed of *versions*."""
    console = Console(file=StringIO(), width=width, highlight=False, color_system=None)
    show(Explained(versions, restrictions, note), console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def rows(said: str) -> list[list[str]]:
    """Return the cells of the table."""
    return [
        [cell.strip() for cell in line[1:-1].split("│")]
        for line in said.splitlines()
        if line.startswith("│")
    ]


def test_what_a_rule_wants_is_said_only_where_the_sweep_does_something_else() -> None:
    """Two rules: the furthest step is the one that is taken, and the other one is told from it."""
    said = shown(
        ExplainedVersion(
            version(),
            "delete",
            (Saying("snapshots[0]", "unlist", "replaced"), Saying("retention[0]", "delete", "old")),
        )
    )
    assert rows(said) == [
        ["1.0", "Published", "delete", "snapshots[0]", "unlist: replaced"],
        ["", "", "", "retention[0]", "old"],
    ]


def test_a_version_that_waits_says_until_when() -> None:
    """A sweep leaves it today."""
    waiting = Saying("retention[0]", "delete from 2026-03-08 10:00 UTC", "old")
    said = shown(ExplainedVersion(version(), STAYS, (waiting,)))
    assert rows(said) == [
        ["1.0", "Published", "leave it", "retention[0]", "delete from 2026-03-08 10:00 UTC: old"]
    ]


def test_names_and_notes_are_no_markup() -> None:
    """What people named so is shown so, on a narrow terminal too."""
    said = shown(
        ExplainedVersion(version("[red]"), STAYS, (Saying("[b]", STAYS, "[i]why[/i]"),)),
        restrictions="[x] -> [y]", note="not known: [z]", width=80,
    )  # fmt: skip
    for text in (
        "[red]",
        "[b]",
        "[i]why[/i]",
        "Its restrictions: [x] -> [y]",
        "note not known: [z]",
    ):
        assert text in said


def test_a_package_without_versions_says_so() -> None:
    """Not an empty table."""
    assert shown() == "It has no versions.\n"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        pytest.param("npm", ["10.0.0", "9.0.0", "9.0.0-rc.1", "banana", "zebra"], id="npm"),
        pytest.param("maven", ["10.0", "9.0", "9.0-alpha-1"], id="Maven"),
        pytest.param("pypi", ["10.0", "9.0.post1", "9.0", "9.0rc1", "no version"], id="PyPI"),
    ],
)
def test_the_newest_comes_first_by_the_order_of_the_format(kind: Format, names: list[str]) -> None:
    """10 is newer than 9; what is no version of the format comes last, by name."""
    package = Package(PLACE, kind, "com.mycompany" if kind == "maven" else None, "app")
    ordered = _newest_first(package, [version(name) for name in sorted(names)])
    assert [one.version for one in ordered] == names


def test_programs_get_null_where_nothing_is_to_be_done() -> None:
    """And every rule's reason."""
    found = document(
        Explained((ExplainedVersion(version(), STAYS, (Saying(None, STAYS, "so"),)),), None, "n")
    )
    assert found == {
        "restrictions": None,
        "note": "n",
        "versions": [
            {
                "version": "1.0",
                "status": "Published",
                "origin": "UNKNOWN",
                "then": None,
                "rules": [{"rule": None, "says": STAYS, "reason": "so"}],
            }
        ],
    }
