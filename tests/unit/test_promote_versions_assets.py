"""What a comparison of assets means."""

from __future__ import annotations

import pytest

from promote_versions.assets import Comparison, Likeness, compared
from steward.version_contents import Asset


def assets(**hashes: str | None) -> dict[str, Asset]:
    """Return assets of these names with these SHA-256; one without is ``None``."""
    return {
        name: Asset(name, 3, {"MD5": "same"} | ({"SHA-256": digest} if digest else {}))
        for name, digest in hashes.items()
    }


TABLE: list[tuple[str, dict[str, Asset], dict[str, Asset], Likeness]] = [
    ("the same assets are equal", assets(a="1", b="2"), assets(b="2", a="1"), "equal"),
    ("no assets at all are equal", {}, {}, "equal"),
    ("one more in the source came later", assets(a="1", b="2"), assets(a="1"), "later assets only"),
    ("none in the destination came later", assets(a="1"), {}, "later assets only"),
    ("one more in the destination differs", assets(a="1"), assets(a="1", b="2"), "differs"),
    ("other content differs", assets(a="1"), assets(a="2"), "differs"),
    ("other content and a later one differ", assets(a="1", b="2"), assets(a="2"), "differs"),
    ("another name is missing on both sides", assets(a="1"), assets(b="1"), "differs"),
    ("a hash unknown in the source differs", assets(a=None), assets(a="1"), "differs"),
    ("a hash unknown on both sides differs", assets(a=None), assets(a=None), "differs"),
]


@pytest.mark.parametrize(
    ("source", "destination", "likeness"),
    [pytest.param(*case[1:], id=case[0]) for case in TABLE],
)
def test_what_a_comparison_comes_to(
    source: dict[str, Asset], destination: dict[str, Asset], likeness: Likeness
) -> None:
    """Only SHA-256 counts, and what has none is not known to be the same."""
    assert compared(source, destination).likeness == likeness


def test_the_words_name_what_is_not_alike() -> None:
    """Where it is, and where it is not."""
    comparison = compared(assets(a="1", c="3"), assets(a="2", b="2"))
    assert comparison == Comparison(("a",), ("b",), ("c",))
    assert comparison.words("intake", "approved") == (
        "a has another SHA-256 in approved than in intake; b is in approved and not in intake; "
        "c is in intake and not in approved"
    )


def test_the_words_name_three_of_many() -> None:
    """A version may have hundreds of assets."""
    found = compared(assets(a="1", b="1", c="1", d="1", e="1"), {})
    assert found.words("intake", "approved") == (
        "a, b, c and 2 more are in intake and not in approved"
    )


def test_the_words_of_equal_assets_say_so() -> None:
    """Nobody has to guess."""
    assert compared({}, {}).words("x", "y") == "the assets in x and y are the same"
