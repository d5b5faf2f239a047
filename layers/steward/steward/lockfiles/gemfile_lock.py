"""Bundler's ``Gemfile.lock``, or ``gems.locked`` (bundle-lock and bundle-install, Bundler)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from steward.lockfiles.entries import Entries
from steward.lockfiles.locked import Lockfile, LockfileError

_SECTION: Final = re.compile(r"[A-Z][A-Z ]*[A-Z]")
_SPEC: Final = re.compile(r" {4}(?P<name>[^\s()]+) \((?P<version>[^\s()]+)\)")
_CHECKSUM: Final = re.compile(
    r" {2}(?P<name>[^\s()]+) \((?P<version>[^\s()]+)\)(?: (?P<sums>\S+))?"
)
_ELSEWHERE: Final[Mapping[str, str]] = {
    "GIT": "comes from Git",
    "PATH": "comes from a path",
    "PLUGIN SOURCE": "comes from a source that a plugin of Bundler knows",
}
# What Bundler writes into every file, after the gems.
_LAST: Final = "DEPENDENCIES"

_Sums = Mapping[tuple[str, str], list[tuple[str, str]]]


@dataclass(slots=True)
class _Section:
    """A section: its specifications with their lines, and lines in their place that are none."""

    name: str
    line: int
    specs: list[tuple[str, str, int]] = field(default_factory=list)
    strange: list[tuple[str, int]] = field(default_factory=list)


def entries(text: str) -> Lockfile:
    """
    Return the gems in *text*, with the hashes of its ``CHECKSUMS``, if it has them (Bundler 2.6).

    - A gem that is built for a platform (``nokogiri (1.16.0-x86_64-linux)``) has the version as it
      is written, with the platform, and the name of its file.
    - Of several gem servers, that of the most gems counts: which one is the public repository no
      file says, and another one is somebody's own. Its gems are passed over.
    - What comes from Git, a path or a plugin's source is passed over.

    Raises:
        LockfileError: It has no section of gems, or none of those that every such file has.
    """
    sections, sums = _read(text)
    names = {section.name for section in sections}
    if not names & {"GEM", "GIT", "PATH", _LAST}:
        raise LockfileError("it is no lock file of Bundler")
    served = [section for section in sections if section.name == "GEM"]
    most = max(served, key=lambda section: len(section.specs), default=None)
    found = Entries("ruby")
    for section in sections:
        for name, version, line in section.specs:
            elsewhere = _ELSEWHERE.get(section.name)
            if section.name == "GEM" and section is not most:
                elsewhere = "comes from another gem server than most"
            if elsewhere is not None:
                found.pass_over(f"{name} {version}", elsewhere, line)
            else:
                _, dash, _ = version.partition("-")  # no version of a gem has one of its own
                files = (f"{name}-{version}.gem",) if dash else ()
                hashes = sums.get((name, version), ())
                found.add((None, name), version, line=line, hashes=hashes, files=files)
        for said, line in section.strange:
            found.pass_over(said, "is no line of a gem and its version", line)
    if _LAST not in names:
        found.pass_over("the end of the file", f"lacks the section {_LAST}, and may be cut")
    return found.lockfile()


def _read(text: str) -> tuple[list[_Section], _Sums]:
    sections: list[_Section] = []
    sums: dict[tuple[str, str], list[tuple[str, str]]] = {}
    in_specs = False
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.rstrip()
        if _SECTION.fullmatch(line):
            sections.append(_Section(line, number))
            in_specs = False
        elif not sections or not line:
            continue
        elif sections[-1].name == "CHECKSUMS":
            if checksum := _CHECKSUM.fullmatch(line):
                key = (checksum["name"], checksum["version"])
                sums.setdefault(key, []).extend(_kinds(checksum["sums"] or ""))
        elif line == "  specs:":
            in_specs = True
        elif in_specs and (spec := _SPEC.fullmatch(line)):
            sections[-1].specs.append((spec["name"], spec["version"], number))
        elif in_specs and not line.startswith(" " * 6):  # deeper: what a gem depends on
            sections[-1].strange.append((line.strip(), number))
    return sections, sums


def _kinds(sums: str) -> Iterator[tuple[str, str]]:
    """Yield what ``sha256=hexadecimal`` says, several with commas between."""
    for one in filter(None, sums.split(",")):
        kind, _, digest = one.partition("=")
        yield kind, digest
