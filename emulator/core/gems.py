"""What a gem says about itself, and which package version it belongs to."""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import yaml

from emulator.core import metadata
from emulator.core.metadata import Dependency, Description, Licence

FILES = "files"
"""Key of the version metadata that holds, by file name, what the index says of each gem."""

RUBY = "ruby"
"""The platform of a gem that runs on all."""

ANY_VERSION = ">= 0"

MAX_SPECIFICATION = 4 * 1024 * 1024  # unpacked; not documented: our choice
SPECIFICATION = "metadata.gz"
DEEPEST = 40  # lists and maps in each other: our choice; RubyGems writes less than ten
MOST_ALIASES = 5_000  # RubyGems writes one for each dependency; our choice
MOST_CONDITIONS = 100  # of one requirement: our choice

NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")  # RubyGems, "name" of a specification
NUMBER = re.compile(r"[0-9]+(\.[0-9A-Za-z]+)*")  # Gem::Version, less what is never released
PLATFORM = re.compile(r"[A-Za-z0-9._-]{1,100}")

# Everything is a string, whatever its tag says: no object is made of what a gem claims to hold.
_LOADER: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Place = Literal["version", "assets"]
"""Where the platform stands: in the package version, or only in the asset's name."""


class MalformedGem(ValueError):
    """A file that is no gem, or whose specification cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What an index says of one gem.

    Attributes:
        dependencies: Names and requirements (``>= 1.0, < 3``) of what it needs at run time.
        ruby: The requirement of Ruby itself; ``rubygems`` of RubyGems.
        published: ISO 8601; empty if nobody knows.
    """

    name: str
    number: str
    platform: str = RUBY
    dependencies: tuple[tuple[str, str], ...] = ()
    ruby: str = ANY_VERSION
    rubygems: str = ANY_VERSION
    published: str = ""

    @property
    def full_version(self) -> str:
        """The number, and the platform if it is a certain one: ``1.16.0-x86_64-linux``."""
        return self.number if self.platform == RUBY else f"{self.number}-{self.platform}"

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return f"{self.name}-{self.full_version}.gem"

    def version(self, place: Place) -> str:
        """Return the package version that the gem belongs to."""
        return self.full_version if place == "version" else self.number

    def stored(self) -> dict[str, object]:
        """Return what version metadata holds of it, under its file name."""
        return {
            "number": self.number,
            "platform": self.platform,
            "dependencies": [list(each) for each in self.dependencies],
            "ruby": self.ruby,
            "rubygems": self.rubygems,
            "published": self.published,
        }


def entries(name: str, known: Mapping[str, object]) -> dict[str, Entry]:
    """Return, by file name, what the version metadata *known* of the gem *name* says."""
    files = known.get(FILES)
    if not isinstance(files, Mapping):
        return {}
    return {
        str(file): Entry(
            name,
            str(each["number"]),
            str(each["platform"]),
            tuple((str(one), str(wanted)) for one, wanted in each["dependencies"]),
            str(each["ruby"]),
            str(each["rubygems"]),
            str(each["published"]),
        )
        for file, each in files.items()
        if isinstance(each, Mapping)
    }


def coordinates(file_name: str, place: Place) -> Iterator[tuple[str, str]]:
    """
    Yield the packages and versions that a file of this name may belong to, likeliest first.

    Names, versions and platforms may all hold dashes, so a file's name need not say it alone.
    """
    stem = file_name.removesuffix(".gem")
    for match in re.finditer(r"-(?=[0-9])", stem):
        name, full = stem[: match.start()], stem[match.end() :]
        number, _, platform = full.partition("-")
        if not NAME.fullmatch(name) or not NUMBER.fullmatch(number):
            continue
        if platform and not PLATFORM.fullmatch(platform):
            continue
        yield name, full if place == "version" else number


def named(name: str, file_name: str) -> Entry | None:
    """Return what the name of a file says of a gem that says nothing itself; None if nothing."""
    for candidate, full in coordinates(file_name, "version"):
        if candidate == name:
            number, _, platform = full.partition("-")
            return Entry(name, number, platform or RUBY)
    return None


@dataclass(frozen=True, slots=True)
class Gem:
    """A gem file: its entry of the index, and what it tells people."""

    entry: Entry
    description: Description

    def metadata(self) -> dict[str, object]:
        """Return the version metadata that the gem alone gives."""
        return {
            FILES: {self.entry.file_name: self.entry.stored()},
            **metadata.stored(self.description),
        }


def read(path: Path) -> Gem:
    """
    Return what the gem at *path* says.

    Raises:
        MalformedGem: It is no gem, or nothing that RubyGems would name so.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            file = archive.extractfile(SPECIFICATION)
            document = _unpacked(file) if file is not None else b""
    except (tarfile.TarError, KeyError, OSError, EOFError, zlib.error, ValueError) as error:
        raise MalformedGem("It is no gem: it has no specification to read.") from error
    return _gem(document)


def of_gem(path: Path) -> dict[str, object]:
    """Return what `read` says for people, as version metadata."""
    return metadata.stored(read(path).description)


def _unpacked(file: IO[bytes]) -> bytes:
    with gzip.GzipFile(fileobj=file) as compressed:
        document = compressed.read(MAX_SPECIFICATION + 1)
    if len(document) > MAX_SPECIFICATION:
        raise MalformedGem(f"Its specification is larger than {MAX_SPECIFICATION} bytes.")
    return document


def _gem(document: bytes) -> Gem:
    try:
        _refuse_absurd(document)
        says = yaml.load(document, _LOADER)  # noqa: S506  the base loader makes strings only
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise MalformedGem("Its specification is no YAML.") from error
    if not isinstance(says, Mapping):
        raise MalformedGem("Its specification is none.")
    name, number = _text(says.get("name")), _text(_field(says.get("version"), "version"))
    platform = _text(says.get("platform")) or RUBY
    if not (NAME.fullmatch(name) and NUMBER.fullmatch(number) and PLATFORM.fullmatch(platform)):
        raise MalformedGem("Its name, version or platform is none.")
    dependencies = list(_dependencies(says.get("dependencies")))
    entry = Entry(
        name=name,
        number=number,
        platform=platform,
        dependencies=tuple(
            (each.package, each.version_requirement)
            for each in dependencies
            if each.dependency_type == "runtime"
        ),
        ruby=_requirement(says.get("required_ruby_version")),
        rubygems=_requirement(says.get("required_rubygems_version")),
    )
    links = says.get("metadata")
    description = Description(
        display_name=name,
        summary=_text(says.get("summary")),
        home_page=_text(says.get("homepage")),
        source_code_repository=_text(_field(links, "source_code_uri")),
        licenses=tuple(Licence(name=_text(each)) for each in _list(says.get("licenses"))),
        dependencies=tuple(dependencies),
    )
    return Gem(entry, description)


def _refuse_absurd(document: bytes) -> None:
    """
    Return if *document* may be loaded: libyaml's binding ends the process on great depth.

    Raises:
        MalformedGem: It is too deep, or repeats too much of itself by aliases.
    """
    depth = aliases = 0
    for event in yaml.parse(document, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > DEEPEST or aliases > MOST_ALIASES:
            raise MalformedGem("Its specification is nested or repeated too much.")


def _dependencies(given: object) -> Iterable[Dependency]:
    for each in _list(given):
        name = _text(_field(each, "name"))
        if NAME.fullmatch(name):
            kind = _text(_field(each, "type")).lstrip(":") or "runtime"
            wanted = _field(each, "requirement") or _field(each, "version_requirements")
            yield Dependency(name, "", kind, _requirement(wanted))


def _requirement(given: object) -> str:
    """Return a ``Gem::Requirement`` in words."""
    parts = [
        f"{pair[0]} {_text(_field(pair[1], 'version'))}"
        for pair in _list(_field(given, "requirements"))[:MOST_CONDITIONS]
        if isinstance(pair, Sequence) and len(pair) == 2  # noqa: PLR2004  an operator, a version
    ]
    return ", ".join(parts) or ANY_VERSION


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
