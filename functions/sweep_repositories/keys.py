"""
Where which file of a sweep lies.

::

    runs/{run}/run.json               what was asked for, and by which policy
               batches/00001.json     packages to look at, of one repository
               listed.json            what listing came to
               manifest.json          the batches, for the map that gathers
               plan/00001-00000.jsonl lines of a part: of packages from this one of the batch on
               tally/00001-00000.json what gathering from this package on came to
               gathered/00001         the batch is done
               parts.json             the parts with lines, for the map that applies
               applied/00001-00000-00000.json   what applying a part from this package on came to
               applied-parts/00001-00000        the part is done
               weighed.json           the sums
               summary.json           what everything came to

An attempt that is made again writes the same files again. Where it gets less far than the one
before it, files of that one may be left, which nobody reads: each tally says with which one it goes
on, and readers follow from the first.
"""

from __future__ import annotations


def folder(run: str) -> str:
    """Return what the keys of all files of *run* begin with."""
    return f"runs/{run}/"


def described(run: str) -> str:
    """Return the key of what was asked for."""
    return f"{folder(run)}run.json"


def batch(run: str, number: int) -> str:
    """Return the key of the packages of a batch."""
    return f"{folder(run)}batches/{number:05}.json"


def listed(run: str) -> str:
    """Return the key of what listing came to."""
    return f"{folder(run)}listed.json"


def manifest(run: str) -> str:
    """Return the key of the list of batches."""
    return f"{folder(run)}manifest.json"


def part_name(number: int, first: int) -> str:
    """Return the name of the part of batch *number* that begins with its package *first*."""
    return f"{number:05}-{first:05}"


def plan(run: str, part: str) -> str:
    """Return the key of the lines of a part."""
    return f"{folder(run)}plan/{part}.jsonl"


def tally(run: str, number: int, first: int) -> str:
    """Return the key of what gathering batch *number* from its package *first* on came to."""
    return f"{folder(run)}tally/{part_name(number, first)}.json"


def gathered(run: str, number: int | None = None) -> str:
    """Return the key that says that a batch is gathered, or what all of these begin with."""
    return f"{folder(run)}gathered/" + ("" if number is None else f"{number:05}")


def parts(run: str) -> str:
    """Return the key of the list of parts to apply."""
    return f"{folder(run)}parts.json"


def applied(run: str, part: str, first: int) -> str:
    """Return the key of what applying *part* from its package *first* on came to."""
    return f"{folder(run)}applied/{part}-{first:05}.json"


def applied_part(run: str, part: str | None = None) -> str:
    """Return the key that says that a part is applied, or what all of these begin with."""
    return f"{folder(run)}applied-parts/{part or ''}"


def weighed(run: str) -> str:
    """Return the key of the sums."""
    return f"{folder(run)}weighed.json"


def summary(run: str) -> str:
    """Return the key of what everything came to."""
    return f"{folder(run)}summary.json"
