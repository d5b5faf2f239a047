"""What the answers of repository endpoints say of releases, format by format; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from steward.coordinates import normalised
from steward.errors import EndpointError

if TYPE_CHECKING:
    from packaging.version import Version

# No public repository is as old (CPAN, the oldest of its kind, began in 1995). Earlier times stand
# for "none": NuGet says 1900 of what is unlisted ("Package metadata", NuGet API), others 1970.
OLDEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
MAX_REASON: Final = 300  # characters of why something was yanked; our choice: a line for people
_ARCHIVES: Final = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".tar")
_REGISTRATIONS: Final = "RegistrationsBaseUrl"  # "Package metadata", NuGet API


@dataclass(frozen=True, slots=True)
class Release:
    """
    What the public repository says of a version.

    Attributes:
        released_at: When it was released; ``None``: not known. It may lie in the future.
        withdrawn: The reason for which it was yanked or unlisted, "" without one; ``None``: it was
            not, or nobody says so.
    """

    released_at: datetime | None = None
    withdrawn: str | None = None


UNKNOWN: Final = Release()


def iso_time(value: object) -> datetime | None:
    """Return an ISO 8601 time; one without a zone is UTC; ``None``: there is none to be read."""
    if not isinstance(value, str):
        return None
    try:
        return _sensible(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return None


def http_date(value: str | None) -> datetime | None:
    """Return the time of a ``Last-Modified`` header; ``None``: there is none to be read."""
    if value is None:
        return None
    try:
        return _sensible(parsedate_to_datetime(value))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _sensible(found: datetime) -> datetime | None:
    aware = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return aware if aware >= OLDEST else None


def of_npm(document: object) -> dict[str, Release]:
    """
    Return the versions of a packument's ``time``; ``created`` and ``modified`` are none.

    A version that is deprecated is not withdrawn: that is a remark, often on every old version.
    One that is no longer among ``versions`` was unpublished or is unlisted here, and stays unknown.
    """
    members = _object(document, "the packument")
    times, versions = _object(members.get("time", {}), "time"), members.get("versions")
    listed = versions.keys() if isinstance(versions, dict) else times.keys()
    return {name: Release(iso_time(times.get(name))) for name in listed}


def of_pypi(document: object, name: str, versions: Iterable[str]) -> dict[str, Release]:
    """
    Return *versions* of the package *name* by the files of a project page (PEP 691, PEP 700).

    - A version counts from its newest file: a wheel that is added years later is what nobody has
      looked at yet. If one of its files has no time, the version has none.
    - It is withdrawn if one of its files is: PyPI yanks whole releases, others may not (PEP 592).
    - Files outside every known form of name belong to no version.
    """
    files = _object(document, "the project page").get("files")
    if not isinstance(files, list):
        raise EndpointError("the project page has no list of files")
    found: dict[Version, Release] = {}
    for file in files:
        if not isinstance(file, dict):
            continue
        of = _version_of_file(name, file.get("filename"))
        if of is None:
            continue
        time, yanked = iso_time(file.get("upload-time")), reason_of(file.get("yanked"))
        before = found.get(of)
        if before is not None:
            old = before.released_at
            time = max(old, time) if old is not None and time is not None else None
            reasons = [each for each in (before.withdrawn, yanked) if each is not None]
            yanked = max(reasons, key=len, default=None)
        found[of] = Release(time, yanked)
    wanted = {version: _pypi_version(version) for version in versions}
    return {
        version: found[parsed]
        for version, parsed in wanted.items()
        if parsed is not None and parsed in found
    }


def of_cargo(document: object) -> dict[str, Release]:
    """Return the versions of ``/api/v1/crates/{crate}/versions`` (Cargo's registry API)."""
    rows = _object(document, "the list of versions").get("versions")
    if not isinstance(rows, list):
        raise EndpointError("the list of versions is none")
    found = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("num"), str):
            withdrawn = reason_of(row.get("yanked"))
            if withdrawn is not None:
                withdrawn = reason_of(row.get("yank_message")) or withdrawn
            found[row["num"]] = Release(iso_time(row.get("created_at")), withdrawn)
    return found


def registrations_in(document: object) -> str:
    """Return where a NuGet repository tells of packages, by its service index."""
    if document is None:
        raise EndpointError("the NuGet repository has no service index")
    return nuget_resource(document, _REGISTRATIONS)


def nuget_resource(document: object, kind: str) -> str:
    """
    Return where the resource *kind* of a NuGet repository is, by its service index.

    Any whose type begins with *kind* ("Service index", NuGet API). The latest one is taken: of
    registrations ("Package metadata", NuGet API), only that one has to know SemVer 2 versions.
    """
    resources = _object(document, "the service index").get("resources")
    found: dict[str, str] = {}
    for row in resources if isinstance(resources, list) else ():
        named = row.get("@type") if isinstance(row, dict) else None
        address = row.get("@id") if isinstance(row, dict) else None
        if isinstance(named, str) and isinstance(address, str) and named.startswith(kind):
            found[named] = address
    if not found:
        raise EndpointError(f"the service index names no {kind}")
    return found[max(found)]


def nuget_pages(document: object) -> list[object]:
    """Return the pages of a registration: each whole, or the address of it."""
    pages = _object(document, "the registration").get("items")
    if not isinstance(pages, list):
        raise EndpointError("the registration has no pages")
    return [
        page["@id"] if "items" not in page and isinstance(page.get("@id"), str) else page
        for page in pages
        if isinstance(page, dict)
    ]


def of_nuget(pages: Iterable[object], versions: Sequence[str]) -> dict[str, Release]:
    """Return *versions* by a registration's pages: see :func:`nuget_leaves`."""
    found = nuget_leaves(pages)
    return {
        version: found[nuget_version(version)]
        for version in versions
        if nuget_version(version) in found
    }


def nuget_leaves(pages: Iterable[object]) -> dict[str, Release]:
    """
    Return all versions, as NuGet compares them, by the ``catalogEntry`` of each leaf of *pages*.

    A version that is not ``listed`` counts as withdrawn: unlisting is how NuGet's gallery takes a
    version back, and then its time is not known either (1900).
    """
    found: dict[str, Release] = {}
    for page in pages:
        leaves = page.get("items") if isinstance(page, dict) else None
        for leaf in leaves if isinstance(leaves, list) else ():
            entry = leaf.get("catalogEntry") if isinstance(leaf, dict) else None
            if not isinstance(entry, dict) or not isinstance(entry.get("version"), str):
                continue
            time = iso_time(entry.get("published"))
            unlisted = entry.get("listed") is False or _unlisted_year(entry.get("published"))
            found[nuget_version(entry["version"])] = Release(time, "" if unlisted else None)
    return found


def nuget_version(version: str) -> str:
    """Return *version* as NuGet compares it ("Package versioning", normalised version numbers)."""
    core, dash, label = version.partition("+")[0].lower().partition("-")
    numbers = [number.lstrip("0") or "0" for number in core.split(".")]
    numbers += ["0"] * (3 - len(numbers))
    if len(numbers) == 4 and numbers[3] == "0":  # noqa: PLR2004  major.minor.patch.revision
        numbers.pop()
    return ".".join(numbers) + dash + label


def _unlisted_year(published: object) -> bool:
    return isinstance(published, str) and published.startswith("1900-")


def reason_of(yanked: object) -> str | None:
    """
    Return why something was yanked: a text, ``true`` without a reason, ``false`` or nothing.

    The text is the publisher's: it is cut, and kept on one line.
    """
    if isinstance(yanked, str):
        return " ".join(yanked[: 4 * MAX_REASON].split())[:MAX_REASON]
    return "" if yanked is True else None


def version_in_file_name(name: str, file: str) -> str | None:
    """
    Return the version in the name of a wheel, an egg or a source archive of the package *name*.

    As it is written there. ``None``: the name has none of the known forms.
    """
    if file.endswith((".whl", ".egg")):
        parts = file[:-4].split("-")
        return parts[1] if len(parts) > 1 else None
    for suffix in _ARCHIVES:
        if file.endswith(suffix):
            return _version_of_archive(name, file.removesuffix(suffix))
    return None


def _version_of_file(name: str, file: object) -> Version | None:
    text = version_in_file_name(name, file) if isinstance(file, str) else None
    return None if text is None else _pypi_version(text)


def _version_of_archive(name: str, stem: str) -> str | None:
    """Return what follows the name; in old archives both the name and the version have dashes."""
    parts = stem.split("-")
    for length in range(1, len(parts)):
        if normalised("pypi", "-".join(parts[:length])) == name:
            return "-".join(parts[length:])
    return None


def _pypi_version(text: str) -> Version | None:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415  only where there is PyPI

    try:
        return Version(text)
    except InvalidVersion:
        return None


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise EndpointError(f"{name} is no JSON object")
    return value
