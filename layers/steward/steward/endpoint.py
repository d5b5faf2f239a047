"""
The repository endpoints of package managers: when versions were released, and what was withdrawn.

The time that counts is that of the public release, not when CodeArtifact fetched the version:
"Implement a minimum package age" (User Guide) names the place of it for each format and warns of
DescribePackageVersion's ``publishedTime``, which is the time of the fetch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

from steward import endpoint_releases
from steward.addresses import joined, redirected, refuse_open_ways, same_host
from steward.bounded_http import Answer, BoundedHttp, RequestFailedError, side_by_side
from steward.endpoint_access import EndpointAccess
from steward.endpoint_releases import UNKNOWN, Release
from steward.errors import EndpointError

if TYPE_CHECKING:
    from mypy_boto3_codeartifact import CodeArtifactClient

    from steward.coordinates import Package

__all__ = ["Endpoint", "Release", "ServiceEndpoint"]

SECONDS: Final = 20.0  # our choice: the greatest answers, of some 10 MB, take a few seconds
# Our choice: npm has packuments of some 30 MB. One smiley makes four times as much of it while it
# is read (PEP 393), and a function has 512 MB.
LARGEST_ANSWER: Final = 32 * 1024 * 1024
SECONDS_A_PACKAGE: Final = 40.0  # our choice: after that, no further POM is asked for
AT_ONCE: Final = 8  # our choice: of 800 reads a second (quotas, User Guide), for Maven's HEADs
NUGET_PAGES: Final = 64  # our choice; a page holds 64 versions ("Package metadata", NuGet API)

_OK = 200
_PARTIAL = 206
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

SIMPLE_JSON: Final = "application/vnd.pypi.simple.v1+json"  # User Guide, Python compatibility


class Endpoint(Protocol):
    """What may be asked of the endpoint of a package's repository."""

    def releases(self, package: Package, versions: Sequence[str]) -> Mapping[str, Release]:
        """
        Return what the public repository says of each of *versions*.

        - npm, PyPI, Cargo: one request; NuGet: one, one more for each page of 64 versions that is
          not in its answer, and one for the index of the repository, once in a process;
        - Maven: one HEAD a version, of its POM, and one more where that is a redirect;
        - generic, Ruby, Swift: none; nothing is known.

        What is not known is ``None``: a version that is not listed (any more), a package that the
        endpoint does not know, a time that cannot be read. A version published inside the domain
        has the time of its publishing. A version is left out if the endpoint failed for it alone
        (Maven): one that cannot be served keeps no other waiting.

        Raises:
            EndpointError: It cannot be asked, or its answer is nothing that can be read.
        """


class ServiceEndpoint:
    """The endpoints of CodeArtifact itself."""

    def __init__(
        self,
        client: CodeArtifactClient,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        http: BoundedHttp | None = None,
    ) -> None:
        self._access = EndpointAccess(client, now)
        self._http = http or BoundedHttp(
            seconds=SECONDS, largest=LARGEST_ANSWER, connections=AT_ONCE
        )
        self._registrations: dict[str, str] = {}

    def releases(self, package: Package, versions: Sequence[str]) -> Mapping[str, Release]:
        """See :class:`Endpoint`."""
        if not versions:
            return {}
        found: Mapping[str, Release]
        match package.format:
            case "npm":
                found = self._npm(package)
            case "pypi":
                found = self._pypi(package, versions)
            case "maven":
                return self._maven(package, versions)
            case "nuget":
                found = self._nuget(package, versions)
            case "cargo":
                found = self._cargo(package)
            case _:
                found = {}
        return {version: found.get(version, UNKNOWN) for version in versions}

    def _npm(self, package: Package) -> Mapping[str, Release]:
        name = f"@{package.namespace}/{package.name}" if package.namespace else package.name
        document = self._document(package, quote(name, safe="@"), accept="application/json")
        return {} if document is None else endpoint_releases.of_npm(document)

    def _pypi(self, package: Package, versions: Iterable[str]) -> Mapping[str, Release]:
        document = self._document(package, f"simple/{quote(package.name)}/", accept=SIMPLE_JSON)
        return (
            {} if document is None else endpoint_releases.of_pypi(document, package.name, versions)
        )

    def _cargo(self, package: Package) -> Mapping[str, Release]:
        path = f"api/v1/crates/{quote(package.name, safe='')}/versions"
        document = self._document(package, path, accept="application/json")
        return {} if document is None else endpoint_releases.of_cargo(document)

    def _nuget(self, package: Package, versions: Sequence[str]) -> Mapping[str, Release]:
        """Read the registration of a package; pages of it that are elsewhere are asked for too."""
        base = self._access.url(package)
        registrations = self._registrations.get(base)
        if registrations is None:
            index = self._document(package, "v3/index.json", accept="application/json")
            registrations = joined(base, endpoint_releases.registrations_in(index))
            self._registrations[base] = registrations
        path = f"{registrations.rstrip('/')}/{quote(package.name, safe='')}/index.json"
        document = self._document(package, path, accept="application/json")
        if document is None:
            return {}
        pages = endpoint_releases.nuget_pages(document)
        if sum(isinstance(page, str) for page in pages) > NUGET_PAGES:
            raise EndpointError(f"{path} has more than {NUGET_PAGES} pages")
        whole = (  # one at a time: all of them together may be large
            self._document(package, page, accept="application/json")
            if isinstance(page, str)
            else page
            for page in pages
        )
        return endpoint_releases.of_nuget(whole, versions)

    def _maven(self, package: Package, versions: Sequence[str]) -> Mapping[str, Release]:
        """
        Read when the POM of each version was released.

        A version without a POM stays unknown; that later assets are newer is not seen.
        """
        self._access.token(package)  # once, and not by each of the threads
        try:
            found = side_by_side(
                lambda version: self._pom_release(package, version),
                versions,
                at_once=AT_ONCE,
                within=SECONDS_A_PACKAGE,
            )
        except RequestFailedError as error:
            raise EndpointError(str(error)) from error
        told = {
            version: answer
            for version, answer in zip(versions, found, strict=True)
            if isinstance(answer, Release)
        }
        failures = [answer for answer in found if isinstance(answer, EndpointError)]
        if failures and not told:
            raise failures[0]
        return told

    def _pom_release(self, package: Package, version: str) -> Release | EndpointError:
        """Return when the POM of *version* was released, or how the endpoint fails for it."""
        name, folder = package.name, (package.namespace or "").replace(".", "/")
        path = f"{folder}/{name}/{version}/{name}-{version}.pom"
        url = self._access.url(package) + quote(path)
        answer = self._ask(package, "HEAD", url, accept="*/*")
        if answer.status in _REDIRECTS and "last-modified" not in answer.headers:
            target = redirected(url, answer.headers.get("location", ""))
            answer = self._followed(target)
        elif answer.status in _REDIRECTS:
            return Release(endpoint_releases.http_date(answer.headers["last-modified"]))
        elif answer.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise EndpointError(f"{url} answered {answer.status}")  # so it would all the others
        if answer.status == _NOT_FOUND:
            return UNKNOWN
        if answer.status not in (_OK, _PARTIAL):
            return EndpointError(f"{url} answered {answer.status}")
        return Release(endpoint_releases.http_date(answer.headers.get("last-modified")))

    def _followed(self, url: str) -> Answer:
        """
        Ask the place that an asset's URL leads to. It is pre-signed and takes no credentials.

        A URL may be signed for GET alone (S3 User Guide, "Sharing objects"): then its first byte is
        asked for.
        """
        try:
            answer = self._http.request("HEAD", url, headers={})
            if answer.status == _FORBIDDEN:
                answer = self._http.request("GET", url, headers={"Range": "bytes=0-0"})
            return answer
        except RequestFailedError as error:
            raise EndpointError(str(error)) from error

    def _document(self, package: Package, path: str, *, accept: str) -> object | None:
        """
        Return the JSON at *path*, relative to the endpoint or absolute; ``None``: not there.

        Raises:
            EndpointError: There is no answer, it is another one, or leads to another host.
        """
        base = self._access.url(package)
        url = joined(base, path)
        if not same_host(url, base):
            raise EndpointError(f"{base} leads to another host")
        answer = self._ask(package, "GET", url, accept=accept)
        if answer.status == _NOT_FOUND:
            return None
        if answer.status != _OK:
            raise EndpointError(f"{url} answered {answer.status}")
        try:
            document = answer.document()
        except ValueError as error:
            raise EndpointError(f"{url} answered no JSON: {error}") from None
        if document is None:
            raise EndpointError(f"{url} answered nothing")
        return document

    def _ask(self, package: Package, method: str, url: str, *, accept: str) -> Answer:
        """Return the answer to an authorized request; a token that is refused is renewed once."""
        token = self._access.token(package)
        answer = self._request(method, url, accept, token)
        if answer.status == _UNAUTHORIZED:
            answer = self._request(method, url, accept, self._access.renewed(package, token))
        return answer

    def _request(self, method: str, url: str, accept: str, token: str) -> Answer:
        refuse_open_ways(url)
        headers = {"Accept": accept, "Authorization": f"Bearer {token}"}
        try:
            return self._http.request(method, url, headers=headers)
        except RequestFailedError as error:
            raise EndpointError(str(error)) from error
