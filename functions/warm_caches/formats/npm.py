"""npm: a version is one tarball, whose address follows from its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steward.addresses import part
from warm_caches.asking import unreadable
from warm_caches.fetches import NOTHING_AVAILABLE, Available, Fetch
from warm_caches.json_members import Members

if TYPE_CHECKING:
    from steward.coordinates import Package
    from warm_caches.asking import Asking, Visit
    from warm_caches.values import WantedVersion

ACCEPT: Final = "application/vnd.npm.install-v1+json"  # npm's abbreviated packument, far smaller


class NpmFetching:
    """
    Asks for versions of npm packages: 1 request for each, and 1 for a list of versions.

    The tarball is where npm's registry has it: ``{package}/-/{name without scope}-{version}.tgz``.
    """

    def __init__(self, _: Asking) -> None:
        """Keep nothing: no request needs another one."""

    def fetch(self, visit: Visit, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """Ask for the tarball of a version."""
        name = f"{visit.package.name}-{wanted.version}.tgz"
        url = f"{visit.base}{_path(visit.package)}/-/{part(name)}"
        file = visit.asset("npm:tarball", url, name, whole=whole, digest=digest)
        if file is None:
            return Fetch("not found", "there is no such version", visit.status)
        return Fetch("asked", "", visit.status, (file,))

    def available(self, visit: Visit) -> Available:
        """
        Return the versions of the packument, which lists those that are published.

        A version that is deprecated is not withdrawn: that is a remark, often on all old ones.
        """
        url, found = visit.base + _path(visit.package), list[str]()
        members = Members("versions", lambda version, _: found.append(version))
        if visit.document("npm:packument", url, accept=ACCEPT, into=members.feed) is None:
            return NOTHING_AVAILABLE
        try:
            members.finish()
        except ValueError as error:
            raise unreadable(url, str(error)) from None
        return Available(tuple(dict.fromkeys(found)))


def _path(package: Package) -> str:
    """Return the name with its scope, whose slash npm encodes."""
    name = part(package.name)
    return f"@{part(package.namespace)}%2F{name}" if package.namespace else name
