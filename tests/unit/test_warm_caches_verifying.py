"""Whether files are those that a lock file lists."""

from __future__ import annotations

import pytest

from warm_caches.fetches import FetchedFile
from warm_caches.verifying import mismatches

A, B, C = (letter * 64 for letter in "abc")
LONG = "d" * 128


def file(name: str, sha256: str, sha512: str = "") -> FetchedFile:
    """Return a downloaded file."""
    hashes = {"SHA-256": sha256} | ({"SHA-512": sha512} if sha512 else {})
    return FetchedFile(name, 1, hashes)


@pytest.mark.parametrize(
    ("locked", "files", "wrong"),
    [
        pytest.param([], [file("x", A)], [], id="nothing is locked"),
        pytest.param([f"SHA-256:{A}"], [], [], id="nothing was downloaded"),
        pytest.param([f"SHA-256:{A}"], [file("x", A)], [], id="as it was locked"),
        pytest.param([f"SHA-256:{A}"], [file("x", B)], ["x"], id="other bytes"),
        pytest.param([f"SHA-512:{LONG}"], [file("x", B, LONG)], [], id="by the longer hash"),
        pytest.param([f"SHA-512:{A}"], [file("x", A)], ["x"], id="a hash of another kind"),
        pytest.param(
            [f"SHA-256:{A}", f"SHA-256:{B}", f"SHA-256:{C}"],
            [file("x", A), file("y", B)],
            [],
            id="a locked file that was not downloaded",
        ),
        pytest.param(
            [f"SHA-256:{A}"],
            [file("x.jar", A), file("x.pom", B)],
            [],
            id="a file that the lock file does not list",
        ),
        pytest.param(
            [f"SHA-256:{A}", f"SHA-256:{B}"],
            [file("x", A), file("y", C)],
            ["y"],
            id="one of two has other bytes",
        ),
        pytest.param(
            [f"SHA-256:{A}", f"SHA-512:{LONG}"],
            [file("x", A, LONG)],
            [],
            id="two hashes of one file",
        ),
        pytest.param([f"SHA-256:{A}"], [FetchedFile("x")], [], id="a file that was not read"),
    ],
)
def test_a_file_is_what_was_locked_or_is_told(
    locked: list[str], files: list[FetchedFile], wrong: list[str]
) -> None:
    """By its hash alone: most lock files name no files."""
    assert [each.name for each in mismatches(frozenset(locked), files)] == wrong
