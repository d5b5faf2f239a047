"""What `steward warm` was asked for: lock files and package URLs, as packages of a repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.output import fail

if TYPE_CHECKING:
    from steward.coordinates import Repository
    from steward.lockfiles import PassedOver
    from warm_caches.values import Wanted

# Formats that no external connection has ("Supported external connections", User
# Guide).
_NEVER_OUTSIDE: Final = ("swift", "generic")


@dataclass(frozen=True, slots=True)
class Subjects:
    """
    What there is to warm.

    Attributes:
        wanted: Each package once, with the versions that all of the lock files name.
        passed_over: What a lock file names and no package repository has, with the file's name.
        problems: Lock files that cannot be read or are cut somewhere, and why.
    """

    wanted: tuple["Wanted", ...]
    passed_over: tuple[tuple[str, "PassedOver"], ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def versions(self) -> int:
        """How many versions are known by now; the newest ones of a package are found out later."""
        return sum(len(one.versions) + one.newest for one in self.wanted)


def subjects_in(
    files: Sequence[Path],
    purls: Sequence[str],
    place: "Repository",
    *,
    newest: int,
    prereleases: bool,
) -> Subjects:
    """
    Return what the lock files *files* and the package URLs *purls* name.

    A file that cannot be read is a problem; the others count all the same.

    Raises:
        click.ClickException: A package URL is none, or no public repository can have the package.
    """
    from steward.lockfiles import LockfileError, read
    from warm_caches.wanting import united, wanted_of

    wanted: list[Wanted] = [
        _by_url(text, place, newest=newest, prereleases=prereleases) for text in purls
    ]
    passed_over: list[tuple[str, PassedOver]] = []
    problems: list[str] = []
    for file in files:
        try:
            found = read(file.name, _text(file))
        except LockfileError as error:
            problems.append(f"{file}: {error}")
            continue
        passed_over += [(str(file), one) for one in found.passed_over if not one.cut]
        problems += [_cut(file, one) for one in found.passed_over if one.cut]
        wanted += wanted_of(found.entries, place)
        if not found.entries and not found.passed_over:
            problems.append(f"{file}: it names no package")
    return Subjects(united(wanted), tuple(passed_over), tuple(problems))


def _text(file: Path) -> str:
    from steward.lockfiles import MAX_BYTES, LockfileError

    try:
        if file.stat().st_size > MAX_BYTES:
            raise LockfileError(f"it is larger than {MAX_BYTES // 1024**2} MB")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise LockfileError("it is not UTF-8") from error
    except OSError as error:
        raise LockfileError(f"it cannot be read: {error.strerror}") from error


def _cut(file: Path, one: "PassedOver") -> str:
    line = "" if one.line is None else f":{one.line}"
    return f"{file}{line}: {one.what} {one.reason}: the file is damaged there. Make it anew."


def _by_url(text: str, place: "Repository", *, newest: int, prereleases: bool) -> "Wanted":
    from steward.errors import PurlError
    from steward.purls import parse_purl
    from warm_caches.values import Wanted, WantedVersion

    try:
        url = parse_purl(text)
    except PurlError as error:
        fail(str(error))
    if url.format in _NEVER_OUTSIDE:
        fail(f"{text}: CodeArtifact has no public repository of the format {url.format}")
    package = url.in_repository(place)
    if url.version is not None:
        return Wanted(package, (WantedVersion(url.version),))
    return Wanted(package, newest=newest, prereleases=prereleases)
