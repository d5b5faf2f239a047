"""Cargo: a version is one crate, whose address the index's configuration tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from steward.addresses import part, within
from steward.endpoint_releases import of_cargo
from steward.errors import EndpointError
from warm_caches.asking import NotFetchedError, unreadable
from warm_caches.fetches import NOTHING_AVAILABLE, Available, Fetch
from warm_caches.once import Once

if TYPE_CHECKING:
    from warm_caches.asking import Asking, Visit
    from warm_caches.values import WantedVersion

REPOSITORIES: Final = 256  # our choice; each is a line of text
LARGEST_CONFIGURATION: Final = 64 * 1024  # our choice; it has two addresses
LARGEST_LIST: Final = 4 * 1024 * 1024  # our choice; the crate with most versions has 1 MB
_SHA256: Final = "SHA-256:"


class CargoFetching:
    """Asks for crates: 1 request for a version, 1 for a list, and 1 for each repository."""

    def __init__(self, _: Asking) -> None:
        self._templates: Once[str, str] = Once(REPOSITORIES)

    def fetch(self, visit: Visit, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """Ask for the crate of a version."""
        template = self._templates.get(visit.base, lambda: _template(visit))
        url = within(visit.base, _filled(template, visit.package.name, wanted))
        name = f"{visit.package.name}-{wanted.version}.crate"
        file = visit.asset("cargo:crate", url, name, whole=whole, digest=digest)
        if file is None:
            return Fetch("not found", "there is no such version", visit.status)
        return Fetch("asked", "", visit.status, (file,))

    def available(self, visit: Visit) -> Available:
        """Return the versions of ``/api/v1/crates/{crate}/versions``; yanked ones are withdrawn."""
        url = f"{visit.base}api/v1/crates/{part(visit.package.name)}/versions"
        answer = visit.document("cargo:versions", url, accept="application/json", keep=LARGEST_LIST)
        if answer is None:
            return NOTHING_AVAILABLE
        try:
            found = of_cargo(json.loads(answer.content))
        except (ValueError, RecursionError, EndpointError) as error:
            raise unreadable(url, str(error)) from None
        withdrawn = (name for name, release in found.items() if release.withdrawn is not None)
        return Available(tuple(found), frozenset(withdrawn))


def _template(visit: Visit) -> str:
    """Return ``dl`` of the index's configuration ("Index Configuration", The Cargo Book)."""
    url = f"{visit.base}config.json"
    answer = visit.document("cargo:configuration", url, keep=LARGEST_CONFIGURATION)
    if answer is None:
        raise NotFetchedError("refused", f"{url} is not there", visit.status)
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise unreadable(url, str(error)) from None
    template = document.get("dl") if isinstance(document, dict) else None
    if not isinstance(template, str):
        raise unreadable(url, "it does not say where crates are")
    return template


def _filled(template: str, name: str, wanted: WantedVersion) -> str:
    """Return the address of a crate; without markers, ``/{crate}/{version}/download`` follows."""
    prefix = "/".join(map(part, _prefix(name)))
    checksums = sorted(each for each in wanted.hashes if each.startswith(_SHA256))
    marked = {
        "{crate}": part(name),
        "{version}": part(wanted.version),
        "{prefix}": prefix,
        "{lowerprefix}": prefix.lower(),
        "{sha256-checksum}": checksums[0].removeprefix(_SHA256) if checksums else "",
    }
    if not any(marker in template for marker in marked):
        return f"{template.rstrip('/')}/{marked['{crate}']}/{marked['{version}']}/download"
    for marker, value in marked.items():
        if marker in template and not value:
            reason = f"the address of {name} {wanted.version} needs its checksum"
            raise NotFetchedError("refused", reason)
        template = template.replace(marker, value)
    return template


def _prefix(name: str) -> tuple[str, ...]:
    """Return the folder of a crate ("Index Files", The Cargo Book)."""
    match len(name):
        case 1 | 2 as length:
            return (str(length),)
        case 3:
            return ("3", name[:1])
        case _:
            return (name[:2], name[2:4])
