"""Asks a public repository over HTTP, and tells 'not there' from 'no answer'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from emulator.core.external import Unreachable, Withdrawn

CHUNK = 256 * 1024
MAX_METADATA = 256 * 1024 * 1024  # our choice: the largest public packuments have tens of megabytes
TIMEOUT = httpx.Timeout(20.0, connect=5.0)

ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNAUTHORIZED})
"""Answers that say "not here"; some registries answer 401 for packages that do not exist."""


class Remote:
    """
    The files below one base URL.

    Redirects are followed; proxies, certificates and credentials come from the environment and the
    URL itself. Messages never name the address: it may hold credentials.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url if base_url.endswith("/") else base_url + "/"
        self.client = httpx.Client(
            follow_redirects=True,
            timeout=TIMEOUT,
            headers={"User-Agent": "local-codeartifact"},
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=8),
        )

    def document(self, path: str, *, accept: str = "*/*") -> httpx.Response | None:
        """Return a metadata document, read whole; None when it is not there."""
        try:
            with self.client.stream("GET", self._url(path), headers={"Accept": accept}) as response:
                if response.status_code in ABSENT:
                    return None
                _require_success(response)
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_METADATA:
                        raise Unreachable("The public repository sent metadata of absurd size.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"The public repository does not answer: {_reason(error)}") from error
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in {"content-encoding", "content-length", "transfer-encoding"}
        }
        return httpx.Response(200, headers=headers, content=bytes(body), request=response.request)

    def head(self, path: str) -> Mapping[str, str] | None:
        """Return the headers of a file; None when it is not there."""
        try:
            response = self.client.head(self._url(path), headers={"Accept-Encoding": "identity"})
            if response.status_code in ABSENT:
                return None
            _require_success(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"The public repository does not answer: {_reason(error)}") from error
        return response.headers

    def stream(self, url: str) -> Iterator[bytes]:
        """
        Yield the bytes of *url* (absolute, or below the base) exactly as they are stored.

        Raises:
            Withdrawn: The file is not there.
            Unreachable: No answer, or it broke off.
        """
        try:
            with self.client.stream(
                "GET", self._url(url), headers={"Accept-Encoding": "identity"}
            ) as response:
                if response.status_code in ABSENT:
                    raise Withdrawn("The public repository lists this asset but does not have it.")
                _require_success(response)
                yield from response.iter_raw(CHUNK)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"The public repository broke off: {_reason(error)}") from error

    def answers(self, path: str = "", *, seconds: float = 3.0) -> bool:
        """Return whether anything answers there within *seconds*."""
        try:
            self.client.head(self._url(path), timeout=seconds)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return True

    def _url(self, path: str) -> str:
        return path if "://" in path else self.base_url + path


def last_modified(headers: Mapping[str, str]) -> datetime | None:
    """Return the time of a ``Last-Modified`` header, aware UTC; None without a usable one."""
    try:
        moment = parsedate_to_datetime(headers.get("last-modified", ""))
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _require_success(response: httpx.Response) -> None:
    if response.status_code != HTTPStatus.OK:
        raise Unreachable(f"The public repository answered {response.status_code}.")


def _reason(error: Exception) -> str:
    """Name the kind of failure, not its text, which may quote the URL and its credentials."""
    return type(error).__name__
