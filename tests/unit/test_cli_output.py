"""How wide what commands print is."""

from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from cli import output
from cli.output import stdout

LONG = [f"pkg:npm/%40mycompany/{'long-' * 30}{number}" for number in range(4)]


@pytest.mark.parametrize("columns", [None, ""], ids=["unset", "empty"])
def test_nothing_is_wrapped_where_there_is_no_terminal(
    columns: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is searched for stands in one line; a table is no wider than it needs to be."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    table = Table(*("package" for _ in LONG))
    table.add_row(*LONG)
    stdout().print(table)
    stdout().print(" ".join(LONG))
    said = capsys.readouterr().out.splitlines()
    assert f"│ {' │ '.join(LONG)} │" in said
    assert said[-1] == " ".join(LONG)
    assert max(map(len, said)) < sum(map(len, LONG)) + 20


def test_columns_set_the_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where there is no terminal."""
    monkeypatch.setenv("COLUMNS", "40")
    stdout().print(" ".join("word" for _ in range(40)))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 40


def test_a_command_in_a_sentence_stays_in_one_piece() -> None:
    """The words around it wrap, and what looks like markup is text."""
    console = Console(file=StringIO(), width=24, color_system=None)
    output.say(
        console, "It says [red] why: `steward sweep --allow-deletions 9`, once or twice a day."
    )
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines() == [
        "It says [red] why:",
        "`steward sweep --allow-deletions 9`,",
        "once or twice a day.",
    ]
