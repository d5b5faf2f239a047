"""Ruby's serialisation, byte for byte as Ruby writes it where nothing repeats."""

from __future__ import annotations

import pytest

from emulator.formats.ruby_marshal import Dumped, Plain, Symbol, dump


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ([None, True, False], b"\x04\x08[\x080TF"),
        (
            [0, 1, 122, 123, 255, 256, 65536],
            b"\x04\x08[\x0ci\x00i\x06i\x7fi\x01{i\x01\xffi\x02\x00\x01i\x03\x00\x00\x01",
        ),
        ("a", b'\x04\x08I"\x06a\x06:\x06ET'),
        (Symbol("b"), b"\x04\x08:\x06b"),
        ({Symbol("name"): Symbol("x")}, b"\x04\x08{\x06:\x09name:\x06x"),
        (Dumped("Gem::Version", ["1.2"]), b'\x04\x08U:\x11Gem::Version[\x06I"\x081.2\x06:\x06ET'),
        (Plain("A", {"@b": True}), b"\x04\x08o:\x06A\x06:\x07@bT"),
    ],
    ids=[
        "nothing, true and false",
        "numbers, up to 122 in one byte",
        "a string, which is UTF-8",
        "a symbol",
        "a hash",
        "an object that says itself what it is dumped as",
        "an object by its variables",
    ],
)
def test_values_are_written_as_ruby_writes_them(value: object, written: bytes) -> None:
    """The expected bytes are what ``Marshal.dump`` of Ruby 3.1 gives."""
    assert dump(value) == written


def test_a_length_of_two_bytes_is_the_lesser_first() -> None:
    """As of a string of 300 characters."""
    assert dump("x" * 300)[:8] == b'\x04\x08I"\x02\x2c\x01x'


def test_what_no_gem_is_described_with_is_refused() -> None:
    """A mistake of this program, not of a client."""
    with pytest.raises(TypeError, match="float"):
        dump(1.5)
