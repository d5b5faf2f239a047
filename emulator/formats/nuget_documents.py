"""The documents of NuGet's v3 protocol: service index, versions, registrations, search results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from emulator.core import nuget_versions
from emulator.core.values import PackageId

FLAT, REGISTRATIONS, QUERY, PUSH = "v3/flat", "v3/registration4", "v3/query", "v3/package"
"""Paths below the repository. ``registration4`` is as seen in use; the others: our choice."""

_TYPES = {
    # Each kind of client looks for the newest spelling that it knows ("Service index", NuGet).
    FLAT: ("PackageBaseAddress/3.0.0",),
    REGISTRATIONS: (
        "RegistrationsBaseUrl",
        "RegistrationsBaseUrl/3.0.0-beta",
        "RegistrationsBaseUrl/3.0.0-rc",
        "RegistrationsBaseUrl/3.4.0",
        "RegistrationsBaseUrl/3.6.0",
    ),
    QUERY: ("SearchQueryService", "SearchQueryService/3.0.0-beta", "SearchQueryService/3.0.0-rc"),
    PUSH: ("PackagePublish/2.0.0",),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """
    A version that clients are told of.

    Attributes:
        entry: What its ``.nuspec`` says, as a registration has it.
        published: The original publish time.
        listed: False only for what its public repository has unlisted.
    """

    package: PackageId
    version: str
    entry: Mapping[str, object]
    published: datetime
    listed: bool = True

    @property
    def id(self) -> str:
        """The id in its publisher's spelling."""
        return str(self.entry.get("id") or self.package.name)


def service_index(endpoint: str) -> dict[str, object]:
    """Return what there is at *endpoint*, the repository's URL with a slash at its end."""
    resources = []
    for path, kinds in _TYPES.items():
        address = endpoint + path + ("/" if path in {FLAT, REGISTRATIONS} else "")
        resources += [{"@id": address, "@type": kind} for kind in kinds]
    return {"version": "3.0.0", "resources": resources}


def versions(listed: Sequence[Listed]) -> dict[str, object]:
    """Return the versions that can be downloaded, the lowest first."""
    return {"versions": [each.version for each in listed]}


def registration(endpoint: str, listed: Sequence[Listed]) -> dict[str, object]:
    """Return everything about every version, on one page."""
    address = f"{endpoint}{REGISTRATIONS}/{quote(listed[0].package.name)}/index.json"
    page = {
        "@id": f"{address}#page",
        "@type": "catalog:CatalogPage",
        "parent": address,
        "count": len(listed),
        "lower": listed[0].version,
        "upper": listed[-1].version,
        "items": [leaf(endpoint, each) for each in listed],
    }
    return {
        "@id": address,
        "@type": ["catalog:CatalogRoot", "PackageRegistration", "catalog:Permalink"],
        "count": 1,
        "items": [page],
    }


def leaf(endpoint: str, listed: Listed) -> dict[str, object]:
    """Return everything about one version."""
    address, content = _leaf_url(endpoint, listed), _content_url(endpoint, listed)
    return {
        "@id": address,
        "@type": "Package",
        "listed": listed.listed,
        "published": _timestamp(listed.published),
        "packageContent": content,
        "registration": _registration_url(endpoint, listed.package),
        "catalogEntry": {
            **listed.entry,
            "@id": f"{address}#entry",
            "@type": "PackageDetails",
            "id": listed.id,
            "version": listed.version,
            "listed": listed.listed,
            "published": _timestamp(listed.published),
            "packageContent": content,
        },
    }


def search_results(
    endpoint: str, found: Sequence[Sequence[Listed]], total: int
) -> dict[str, object]:
    """Return what a search has found: each package by its highest version."""
    return {"totalHits": total, "data": [_result(endpoint, each) for each in found]}


def _result(endpoint: str, listed: Sequence[Listed]) -> dict[str, object]:
    newest = listed[-1]
    registration_url = _registration_url(endpoint, newest.package)
    shown = ("title", "description", "summary", "authors", "tags", "projectUrl", "licenseUrl")
    return {
        "@id": registration_url,
        "@type": "Package",
        "registration": registration_url,
        **{key: newest.entry[key] for key in shown if key in newest.entry},
        "id": newest.id,
        "version": newest.version,
        "totalDownloads": 0,
        "versions": [
            {"@id": _leaf_url(endpoint, each), "version": each.version, "downloads": 0}
            for each in listed
        ],
    }


def in_order(listed: Sequence[Listed]) -> list[Listed]:
    """Return *listed* with the lowest version first."""
    return sorted(listed, key=lambda each: nuget_versions.order(each.version))


def _registration_url(endpoint: str, package: PackageId) -> str:
    return f"{endpoint}{REGISTRATIONS}/{quote(package.name)}/index.json"


def _leaf_url(endpoint: str, listed: Listed) -> str:
    return f"{endpoint}{REGISTRATIONS}/{quote(listed.package.name)}/{quote(listed.version)}.json"


def _content_url(endpoint: str, listed: Listed) -> str:
    name, version = quote(listed.package.name), quote(listed.version)
    return f"{endpoint}{FLAT}/{name}/{version}/{name}.{version}.nupkg"


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
