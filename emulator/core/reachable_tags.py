"""The npm dist-tags that clients of a repository see: its own, its upstreams', the public ones."""

from __future__ import annotations

from emulator.core import packages
from emulator.core.external import Unreachable
from emulator.core.search import Stop, search
from emulator.core.state import State
from emulator.core.values import PackageId, RepositoryId


def reachable_tags(state: State, repository: RepositoryId, package: PackageId) -> dict[str, str]:
    """
    Return the npm dist-tags that clients of *repository* see.

    The union of its own (``packages.DIST_TAGS`` of the record) and its upstreams'; for one tag the
    upstream's value wins, among upstreams the first (User Guide, npm tags). Tags may name versions
    that are not listed.
    """
    return _tags(search(state, repository, package), package)


def _tags(stop: Stop, package: PackageId) -> dict[str, str]:
    upstream: dict[str, str] = {}
    if stop.connection is not None:
        try:
            public = stop.connection.package(package)
        except Unreachable:
            public = None
        tags = public.metadata.get(packages.DIST_TAGS) if public else None
        if isinstance(tags, dict):
            upstream.update({str(tag): str(version) for tag, version in tags.items()})
    for each in stop.upstreams:
        upstream = {**_tags(each, package), **upstream}
    own = packages.dist_tags(stop.package) if stop.package else {}
    return {**own, **upstream}
