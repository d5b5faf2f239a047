"""Ruby: a gem is one file, and further ones where it is built for platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steward.addresses import part
from warm_caches.fetches import NOTHING_AVAILABLE, Available, Fetch

if TYPE_CHECKING:
    from warm_caches.asking import Asking, Visit
    from warm_caches.values import WantedVersion

LARGEST_LIST: Final = 4 * 1024 * 1024  # our choice; the gem with most versions has 1 MB


class RubyFetching:
    """
    Asks for gems: 1 request for a version, 1 for each wanted gem of a platform, 1 for a list.

    A gem is at ``gems/{name}-{version}.gem``, with its platform behind the version.
    """

    def __init__(self, _: Asking) -> None:
        """Keep nothing: no request needs another one."""

    def fetch(self, visit: Visit, wanted: WantedVersion, *, whole: bool, digest: bool) -> Fetch:
        """
        Ask for the gem of a version, and for the wanted ones of platforms.

        Some gems are built for platforms only: the one without a platform may be missing then.
        """
        main = f"{visit.package.name}-{wanted.version}.gem"
        others = sorted(wanted.files - {main})
        files = []
        for name in (main, *others):
            url = f"{visit.base}gems/{part(name)}"
            file = visit.asset("ruby:gem", url, name, whole=whole, digest=digest)
            if file is not None:
                files.append(file)
            elif name != main or not others:
                return Fetch("not found", f"{name} is not there", visit.status, tuple(files))
        return Fetch("asked", "", visit.status, tuple(files))

    def available(self, visit: Visit) -> Available:
        """
        Return the versions of the Compact Index that have a gem without a platform.

        What was yanked is not in it ("Compact Index API", RubyGems guides).
        """
        url = f"{visit.base}info/{part(visit.package.name)}"
        answer = visit.document("ruby:info", url, keep=LARGEST_LIST)
        if answer is None:
            return NOTHING_AVAILABLE
        lines = answer.content.decode(errors="replace").splitlines()
        versions = (line.split(" ", 1)[0] for line in lines if " " in line)
        return Available(tuple(dict.fromkeys(each for each in versions if "-" not in each)))
