"""An npm publish body is taken apart alike however it is cut into pieces on the way."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.formats.npm_upload import MalformedUpload, Upload

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


class Memory:
    """A sink that keeps what is written."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, content: bytes) -> None:
        """Append *content*."""
        self.content += content


def taken_apart(body: bytes, size: int) -> tuple[object, bytes]:
    """Return document and tarball of *body*, fed in pieces of *size* bytes."""
    sink = Memory()
    upload = Upload(sink)
    for start in range(0, len(body), size):
        upload.feed(body[start : start + size])
    return upload.finish(), sink.content


@given(
    rest=st.dictionaries(st.text(max_size=8), VALUES, max_size=4),
    tarball=st.binary(max_size=200),
    size=st.integers(1, 60),
    escape_slashes=st.booleans(),
)
def test_document_and_tarball_come_back_whatever_the_pieces(
    rest: dict[str, object], tarball: bytes, size: int, *, escape_slashes: bool
) -> None:
    """Also with quotes, backslashes and members of the same names elsewhere in the document."""
    encoded = base64.b64encode(tarball).decode()
    attachments = {
        "app-1.0.0.tgz": {"content_type": "application/octet-stream", "data": encoded},
        "app-1.0.0.sigstore": {"data": '{"not": "base64"}'},
    }
    document = {**rest, "versions": {"1.0.0": {"data": "x.tgz"}}, "_attachments": attachments}
    text = json.dumps(document)
    if escape_slashes:
        text = text.replace(encoded, encoded.replace("/", "\\/")) if encoded else text

    found, content = taken_apart(text.encode(), size)

    attachments["app-1.0.0.tgz"]["data"] = ""
    assert found == document
    assert content == tarball


@given(body=st.binary(max_size=200), size=st.integers(1, 50))
def test_any_other_bytes_are_refused_and_nothing_else_happens(body: bytes, size: int) -> None:
    """MalformedUpload is the only exception; what passes is an object."""
    try:
        found, _ = taken_apart(body, size)
    except MalformedUpload:
        return
    assert isinstance(found, dict)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("QUJD=", id="padding too much"),
        pytest.param("QQ==QUJD", id="going on after the padding"),
        pytest.param("QUJ", id="ending inside a group"),
        pytest.param("QU JD", id="with a space"),
        pytest.param("QU\\u004aD", id="with an escape that no encoder writes"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_tarball_that_is_not_base64_is_refused(data: str, size: int) -> None:
    """Wherever the pieces end."""
    body = f'{{"_attachments": {{"a.tgz": {{"data": "{data}"}}}}}}'.encode()

    with pytest.raises(MalformedUpload):
        taken_apart(body, size)
