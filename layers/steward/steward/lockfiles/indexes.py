"""Which of the indexes in a Python lock file is the usual one, where the file names them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

ELSEWHERE: Final = "comes from another index than most packages of the file"


def usual_index(indexes: Iterable[str]) -> str | None:
    """
    Return the one that most entries name, the first of them if there are several.

    What comes from another one is passed over: a private index, say, whose names mean something
    else in a public one. Which of them a repository of CodeArtifact stands for, nobody but the
    file can tell, and most packages come from there.
    """
    return next((index for index, _ in Counter(indexes).most_common(1)), None)
