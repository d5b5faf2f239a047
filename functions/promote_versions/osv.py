"""
OSV, the open database of vulnerabilities: what it lists for the versions of a package.

Sources: OSV's API ("POST /v1/querybatch", "GET /v1/vulns/{id}", osv.dev) and the OSV schema. A
batch answers with ids alone; the entries themselves are asked for one by one, and kept while their
time of modification, which the batch gives, stays the same.

Whatever goes wrong raises :class:`OsvError`: nothing is ever passed because nobody answered.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

from promote_versions.osv_entries import Entry, PackageName, entry_in, with_severities_of_aliases
from steward.bounded_http import Answer, BoundedHttp, RequestFailedError, side_by_side
from steward.errors import StewardError

if TYPE_CHECKING:
    from promote_versions.facts import Vulnerability
    from steward.coordinates import Format, Package

VERSIONS_A_BATCH: Final = 100  # our choice; OSV takes 1,000 queries ("POST /v1/querybatch")
PAGES: Final = 50  # our choice; a query that goes on for longer is no answer
ENTRIES_AT_MOST: Final = 2_000  # our choice, a package; the most that OSV lists is some 500
ENTRIES_KEPT: Final = 5_000  # our choice: some 10 MB
AT_ONCE: Final = 8  # our choice
SECONDS: Final = 10.0  # our choice, an answer
# Our choice: after this time nothing more is asked for one package; with the last answer that is
# less than the minute that the judge keeps for a look.
SECONDS_A_PACKAGE: Final = 40.0
LARGEST_ANSWER: Final = 8 * 1024 * 1024  # our choice; entries have kilobytes
MEMBERS: Final = 200_000  # our choice, an answer: eight are read at once; entries have thousands
_OK: Final = 200

# "Defined ecosystems", OSV schema. It has no name for generic packages, and knows Swift's by the
# address of their sources, which CodeArtifact does not.
ECOSYSTEMS: Final[Mapping[Format, str]] = {
    "npm": "npm",
    "pypi": "PyPI",
    "maven": "Maven",
    "nuget": "NuGet",
    "ruby": "RubyGems",
    "cargo": "crates.io",
}


class OsvError(StewardError):
    """OSV did not answer, or not with what its API promises, or cannot know the package."""


@dataclass(frozen=True, slots=True)
class OsvAnswer:
    """
    What OSV lists.

    Attributes:
        by_version: Every version that was asked for, and what affects it.
        of_package: What affects any version of the package; empty unless it was asked for.
    """

    by_version: Mapping[str, tuple[Vulnerability, ...]]
    of_package: tuple[Vulnerability, ...] = ()


class Osv(Protocol):
    """What may be asked of OSV."""

    def ask(
        self,
        package: Package,
        versions: Sequence[str],
        *,
        of_package: bool = False,
        spelt: str | None = None,
    ) -> OsvAnswer:
        """
        Return what OSV lists for *versions* of *package*.

        One request for 100 versions, one more for each page that follows, and one for each entry
        that this process has not seen as it is now. An OSV that answers too slowly to get through
        them does not answer; the entries that it gave are kept, so that the next time takes less.

        Args:
            of_package: List what affects any version too; it costs no request of its own.
            spelt: The name as its publisher writes it (``Newtonsoft.Json``). OSV tells NuGet names
                apart by their case, and CodeArtifact stores them in lower case ("displayName" of
                DescribePackageVersion has the other): without it NuGet packages cannot be asked
                for. The other formats do without.

        Raises:
            OsvError: See there.
        """


class HttpOsv:
    """
    OSV's own service, or another one with its API.

    It may be shared by threads, and is meant to live as long as the process: it keeps entries.
    """

    def __init__(self, base_url: str, *, http: BoundedHttp | None = None) -> None:
        """
        Send nothing yet.

        Args:
            base_url: What stands before ``/v1/querybatch``.
        """
        self._base = base_url.rstrip("/")
        self._http = http or BoundedHttp(
            seconds=SECONDS, largest=LARGEST_ANSWER, connections=AT_ONCE
        )
        self._entries: OrderedDict[_Listed, Entry] = OrderedDict()
        self._lock = Lock()

    def ask(
        self,
        package: Package,
        versions: Sequence[str],
        *,
        of_package: bool = False,
        spelt: str | None = None,
    ) -> OsvAnswer:
        """See :class:`Osv`."""
        name = _name(package, spelt)
        end = time.monotonic() + SECONDS_A_PACKAGE
        asked = list(dict.fromkeys(versions))
        listed: dict[str, list[_Listed]] = {}
        of_any: list[_Listed] = []
        for first in range(0, max(len(asked), 1 if of_package else 0), VERSIONS_A_BATCH):
            batch: list[str | None] = [*asked[first : first + VERSIONS_A_BATCH]]
            if of_package and first == 0:
                batch.append(None)
            for version, found in zip(batch, self._batch(name, batch, end), strict=True):
                if version is None:
                    of_any = found
                else:
                    listed[version] = found
        entries = self._known({one for found in (*listed.values(), of_any) for one in found}, end)
        told = with_severities_of_aliases(
            {one: entry.about(name) for one, entry in entries.items()}
        )
        return OsvAnswer(
            {version: tuple(told[one] for one in found) for version, found in listed.items()},
            tuple(told[one] for one in of_any),
        )

    def _batch(
        self, name: PackageName, versions: Sequence[str | None], end: float
    ) -> list[list[_Listed]]:
        """Return the entries of each version, ``None`` being all, in the order of *versions*."""
        found: list[list[_Listed]] = [[] for _ in versions]
        tokens: dict[int, str | None] = dict.fromkeys(range(len(versions)))
        for _ in range(PAGES):
            if not tokens:
                return found
            if time.monotonic() >= end:
                raise OsvError("OSV answers too slowly")
            queries = [_query(name, versions[index], token) for index, token in tokens.items()]
            body = json.dumps({"queries": queries}).encode()
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            answer = self._request("POST", "/v1/querybatch", headers=headers, body=body)
            results = _results(answer, len(queries))
            following: dict[int, str | None] = {}
            for index, result in zip(tokens, results, strict=True):
                page, token = _page(result)
                found[index] += (one for one in page if one not in found[index])
                if token is not None:
                    if token == tokens[index]:
                        raise OsvError("a page of OSV's answer leads back to itself")
                    following[index] = token
            tokens = following
        raise OsvError(f"OSV's answer has more than {PAGES} pages")

    def _known(self, listed: set[_Listed], end: float) -> dict[_Listed, Entry]:
        """Return the entries; those that are not kept yet are asked for, several at once."""
        if len(listed) > ENTRIES_AT_MOST:
            raise OsvError(f"OSV lists more than {ENTRIES_AT_MOST} entries for the package")
        with self._lock:
            known = {one: self._entries[one] for one in listed & self._entries.keys()}
            for one in known:
                self._entries.move_to_end(one)
        missing = sorted(listed - known.keys())
        left = end - time.monotonic()
        try:
            found = side_by_side(self._entry, missing, at_once=AT_ONCE, within=left)
        except RequestFailedError as error:
            raise OsvError(f"OSV answers too slowly: {error}") from error
        return known | dict(zip(missing, found, strict=True))

    def _entry(self, listed: _Listed) -> Entry:
        answer = self._request(
            "GET", f"/v1/vulns/{quote(listed.id, safe='')}", headers={"Accept": "application/json"}
        )
        try:
            found = entry_in(answer.document(members=MEMBERS))
        except ValueError as error:
            raise OsvError(f"OSV's entry {listed.id} cannot be read: {error}") from None
        if found.id != listed.id:
            raise OsvError(f"OSV answered {found.id[:100]!r} when asked for {listed.id}")
        if listed.modified:  # else nobody could tell when it is another one
            with self._lock:
                self._entries[listed] = found
                while len(self._entries) > ENTRIES_KEPT:
                    self._entries.popitem(last=False)
        return found

    def _request(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        try:
            answer = self._http.request(method, self._base + path, headers=headers, body=body)
        except RequestFailedError as error:
            raise OsvError(f"OSV could not be asked: {error}") from error
        if answer.status != _OK:
            raise OsvError(f"OSV answered {path} with status {answer.status}")
        return answer


@dataclass(frozen=True, slots=True, order=True)
class _Listed:
    """An entry as a batch names it; it is another one when it has been modified."""

    id: str
    modified: str


def _name(package: Package, spelt: str | None) -> PackageName:
    """
    Return what OSV calls *package* ("Defined ecosystems", OSV schema).

    Raises:
        OsvError: It has no name for it.
    """
    ecosystem = ECOSYSTEMS.get(package.format)
    if ecosystem is None:
        raise OsvError(f"OSV knows no {package.format} packages by name")
    match package.format:
        case "maven":
            return PackageName(ecosystem, f"{package.namespace}:{package.name}")
        case "npm" if package.namespace:
            return PackageName(ecosystem, f"@{package.namespace}/{package.name}")
        case "nuget":
            if spelt is None or spelt.lower() != package.name:
                raise OsvError(f"OSV needs the spelling of the NuGet package {package.name}")
            return PackageName(ecosystem, spelt)
        case _:
            return PackageName(ecosystem, package.name)


def _query(name: PackageName, version: str | None, token: str | None) -> dict[str, object]:
    query: dict[str, object] = {"package": {"ecosystem": name.ecosystem, "name": name.name}}
    if version is not None:
        query["version"] = version
    if token is not None:
        query["page_token"] = token
    return query


def _results(answer: Answer, expected: int) -> list[object]:
    """Return the results of a batch; there must be one for each query, in their order."""
    try:
        document = answer.document(members=MEMBERS)
    except ValueError as error:
        raise OsvError(f"OSV answered no JSON: {error}") from None
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list) or len(results) != expected:
        raise OsvError(f"OSV's answer has not the {expected} results that were asked for")
    return results


def _page(result: object) -> tuple[list[_Listed], str | None]:
    """Return the entries of one result and the token of its next page; ``{}`` is no entry."""
    vulnerabilities = result.get("vulns", []) if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(vulnerabilities, list):
        raise OsvError("a result of OSV's answer is none")
    page = []
    for one in vulnerabilities:
        found = one.get("id") if isinstance(one, dict) else None
        modified = one.get("modified", "") if isinstance(one, dict) else None
        if not isinstance(found, str) or not found or not isinstance(modified, str):
            raise OsvError("a result of OSV's answer names no entry")
        page.append(_Listed(found, modified))
    token = result.get("next_page_token")
    if token is not None and not isinstance(token, str):
        raise OsvError("a result of OSV's answer has no token that can be read")
    return page, token or None
