"""
What package groups cost the local CodeArtifact: 1,000 groups in a domain with 100,000 packages.

    .venv/bin/python -m benchmarks.package_groups

prints JSON: seconds to seed, microseconds to find the group of a package within the process,
median milliseconds of GetAssociatedPackageGroup over a bare connection and through botocore with
the root group alone and with all groups, and of ListAssociatedPackages page by page.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from benchmarks.control_plane import Connection, client_of, emulator, median_ms
from emulator.core import group_patterns
from emulator.core.group_index import Index
from emulator.core.group_patterns import ROOT
from emulator.core.group_rows import TYPES, Entry
from emulator.core.values import DomainId, PackageId, RestrictionMode, RestrictionType

PAGE = 1_000  # ListAssociatedPackages, API Reference: the most
REPOSITORIES = 10
LOOK_UPS = 20_000
REPEATS = 5


def patterns(count: int) -> list[str]:
    """Return *count* patterns, one half below the other."""
    scopes = [f"/npm/scope-{number}/*" for number in range(count // 2)]
    return [*scopes, *(f"/npm/scope-{number}/package~" for number in range(count - len(scopes)))]


def package(number: int, scopes: int) -> tuple[str, str]:
    """
    Return namespace and name of a package.

    One half is in no group but the root, the other in the groups, as many above as below.
    """
    if number % 2:
        return "elsewhere", f"package-{number}"
    name = "package" if number // (2 * scopes) % 2 else "other"
    return f"scope-{number // 2 % scopes}", f"{name}-{number}"


def seed(url: str, packages: int, groups: int) -> float:
    """Return the seconds that seeding takes, with its request; there are no groups in ``bare``."""
    scopes = max(1, groups // 2)
    each = packages // REPOSITORIES
    repositories = [
        {
            "name": f"npm-{repository}",
            "packages": [
                {"format": "npm", "namespace": namespace, "package": name, "versions": []}
                for namespace, name in (
                    package(number, scopes)
                    for number in range(repository * each, (repository + 1) * each)
                )
            ],
        }
        for repository in range(REPOSITORIES)
    ]
    allow = {"restrictions": dict.fromkeys(TYPES, "INHERIT")}
    document = {
        "domains": [
            {"name": "bare", "repositories": []},
            {
                "name": "grouped",
                "repositories": repositories,
                "packageGroups": [{"pattern": each, **allow} for each in patterns(groups)],
            },
        ]
    }
    before = time.perf_counter()
    Connection(url).call("POST", "/_emulator/seed", json.dumps(document).encode())
    return round(time.perf_counter() - before, 2)


def create(url: str, groups: int) -> float:
    """Return the median milliseconds to create a group, in a domain of their own."""
    bare = Connection(url)
    bare.call("POST", "/v1/domain?domain=created", b"{}")
    times = []
    for pattern in patterns(groups):
        body = json.dumps({"packageGroup": pattern}).encode()
        before = time.perf_counter()
        bare.call("POST", "/v1/package-group?domain=created", body)
        times.append((time.perf_counter() - before) * 1000)
    return round(statistics.median(times[-groups // 10 :]), 2)


def look_ups(groups: int) -> float:
    """Return the microseconds that finding a package's group takes, each package once."""
    root: dict[RestrictionType, RestrictionMode] = dict.fromkeys(TYPES, "ALLOW")
    inherited: dict[RestrictionType, RestrictionMode] = dict.fromkeys(TYPES, "INHERIT")
    entries = [Entry(group_patterns.parse(ROOT), 0, "", "", root)]
    entries += [
        Entry(group_patterns.parse(pattern), 0, "", "", inherited) for pattern in patterns(groups)
    ]
    seconds = []
    for repeat in range(REPEATS):
        index = Index(DomainId("012345678901", "grouped"), entries, 1)
        numbers = range(repeat * LOOK_UPS, (repeat + 1) * LOOK_UPS)
        wanted = [PackageId("npm", *package(number, max(1, groups // 2))) for number in numbers]
        index.associated(wanted[0])
        before = time.perf_counter()
        for each in wanted:
            index.associated(each)
        seconds.append(time.perf_counter() - before)
    return round(min(seconds) / LOOK_UPS * 1_000_000, 2)


def associated_group(url: str, calls: int, groups: int) -> dict[str, dict[str, float]]:
    """Return the median milliseconds of GetAssociatedPackageGroup."""
    client, bare = client_of(url), Connection(url)
    namespace, name = package(0, max(1, groups // 2))
    figures = {}
    for title, domain in (("rootAlone", "bare"), ("allGroups", "grouped")):
        query = urlencode(
            {"domain": domain, "format": "npm", "namespace": namespace, "package": name}
        )
        target = f"/v1/get-associated-package-group?{query}"

        def through_botocore(domain: str = domain) -> object:
            return client.get_associated_package_group(
                domain=domain, format="npm", namespace=namespace, package=name
            )

        def over_a_connection(target: str = target) -> object:
            return bare.call("GET", target)

        figures[title] = {
            "throughBotocoreMs": median_ms(through_botocore, calls),
            "overAConnectionMs": median_ms(over_a_connection, calls),
        }
    return figures


def pages(url: str, group: str, *, preview: bool = False) -> dict[str, float]:
    """Return how many packages ListAssociatedPackages has, and how long its pages take."""
    times = []
    packages = 0
    for milliseconds, listed in _walk(url, group, preview=preview):
        times.append(milliseconds)
        packages += listed
    tenth = max(1, len(times) // 10)
    middle = len(times) // 2
    return {
        "packages": packages,
        "pages": len(times),
        "firstTenthMs": round(statistics.median(times[:tenth]), 2),
        "middleTenthMs": round(statistics.median(times[middle : middle + tenth]), 2),
        "lastTenthMs": round(statistics.median(times[-tenth:]), 2),
    }


def _walk(url: str, group: str, *, preview: bool) -> Iterator[tuple[float, int]]:
    bare = Connection(url)
    query = {"domain": "grouped", "package-group": group, "max-results": str(PAGE)}
    if preview:
        query["preview"] = "true"
    while True:
        before = time.perf_counter()
        answer = json.loads(bare.call("GET", f"/v1/list-associated-packages?{urlencode(query)}"))
        yield (time.perf_counter() - before) * 1000, len(answer["packages"])
        if "nextToken" not in answer:
            return
        query["next-token"] = answer["nextToken"]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packages", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--calls", type=int, default=300)
    options = parser.parse_args()
    with emulator() as url:
        figures = {
            "packages": options.packages,
            "groups": options.groups,
            "seedSeconds": seed(url, options.packages, options.groups),
            "createOneOfTheLastTenthMs": create(url, options.groups),
            "lookUpMicroseconds": {
                str(count): look_ups(count) for count in (0, 10, 100, options.groups)
            },
            "getAssociatedPackageGroup": associated_group(url, options.calls, options.groups),
            "listAssociatedPackages": {
                "ofOneOfTheGroups": pages(url, "/npm/scope-7/*"),
                "previewOfAllNpm": pages(url, "/npm/*", preview=True),
                "root": pages(url, "/*"),
            },
        }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
