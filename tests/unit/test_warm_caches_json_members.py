"""JSON that is read while it comes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warm_caches import json_members
from warm_caches.json_members import Members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def members(content: bytes, *, piece: int = 7, key: str = "files") -> list[tuple[str, object]]:
    """Return what is passed on of *content*, which comes in pieces."""
    found: list[tuple[str, object]] = []
    reader = Members(key, lambda name, value: found.append((name, value)))
    for at in range(0, len(content), piece):
        reader.feed(content[at : at + piece])
    reader.finish()
    return found


@given(
    document=st.dictionaries(st.text(max_size=5), VALUES, max_size=4),
    inside=st.lists(VALUES, max_size=6) | st.dictionaries(st.text(max_size=4), VALUES, max_size=6),
    piece=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_it_is_read_like_a_whole_document(
    document: dict[str, object],
    inside: list[object] | dict[str, object],
    piece: int,
    indent: int | None,
    ascii_only: bool,  # noqa: FBT001  hypothesis passes it
) -> None:
    """Wherever it is cut, also inside a character, and whatever stands before and after."""
    whole = {**document, "files": inside, **{f"{name}-": each for name, each in document.items()}}
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_only)
    listed = [("", each) for each in inside] if isinstance(inside, list) else list(inside.items())
    assert members(text.encode("utf-8", "surrogatepass"), piece=piece) == listed


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"<html>",
        b'{"files": [1, 2',
        b'{"files": [1, 2]',
        b'{"files": [1, 2]}}',
        b'{"files": [1 2}',
        b'{"files": {1: 2}}',
        b'{"a" 1}',
        b'{"a": 1 "b": 2}',
        b'{"files": ["\xff"]}',
        b'{"files": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    ],
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    """As far as it matters to what is asked for."""
    with pytest.raises(ValueError, match=r"."):
        members(content, piece=100)


def test_no_such_member_is_nothing() -> None:
    """Nor one that is neither a list nor an object."""
    assert members(b'{"a": 1}') == []
    assert members(b'{"files": null, "a": "files"}') == []


def test_a_value_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes of JSON can take many of memory."""
    monkeypatch.setattr(json_members, "LARGEST_VALUE", 100)
    assert len(members(json.dumps({"files": ["x" * 50] * 50}).encode())) == 50
    with pytest.raises(ValueError, match="more than 100 characters"):
        members(json.dumps({"files": ["x" * 150]}).encode())
    monkeypatch.setattr(json_members, "MEMBERS", 3)
    with pytest.raises(ValueError, match="more than 3 members"):
        members(b'{"files": [1, 2, 3, 4]}')
