"""On which lines things stand, looked for one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from steward.lockfiles.lines import Lines


@given(st.lists(st.sampled_from(["a", "b\n", "\n"]), min_size=1).map("".join), st.data())
def test_a_line_is_that_of_its_offset(text: str, data: st.DataObject) -> None:
    """In whatever order the offsets come."""
    lines = Lines(text)
    for _ in range(5):
        offset = data.draw(st.integers(0, len(text)))
        assert lines.at(offset) == text[:offset].count("\n") + 1


def test_what_is_looked_for_next_stands_behind_what_was_found_last() -> None:
    """The same name stands in many entries."""
    lines = Lines('"a"\n"b"\n"a"\n')
    assert [lines.of_quoted(name) for name in ("a", "b", "a", "b")] == [1, 2, 3, None]


def test_a_file_in_which_nothing_is_found_is_not_looked_through_for_ever() -> None:
    """Else a file that hides its names could take the square of its length."""
    lines = Lines("a\nb")
    assert [lines.of("x") for _ in range(100)] == [None] * 100
    assert lines.of("b") is None
