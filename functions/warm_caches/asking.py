"""Asking an endpoint: with a token, at a pace, and knowing what its answers mean."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final

from steward.bounded_http import RequestFailedError
from steward.errors import EndpointClosedError, EndpointError
from steward.streamed_http import LARGEST, AnswerTooLargeError
from warm_caches.fetches import FetchedFile, FetchState

if TYPE_CHECKING:
    from steward.coordinates import Package
    from steward.endpoint_access import EndpointAccess
    from steward.streamed_http import Fetched, StreamedHttp

# Our choice. What is larger is not read to its end; the largest packuments have some 30 MB.
LARGEST_DOCUMENT: Final = 64 * 1024 * 1024
# Our choice: who is to wait longer, or is refused three times, comes back another time.
LONGEST_PAUSE_SECONDS: Final = 20.0
PAUSES: Final = 2

_OK = 200
_REDIRECTED = 300
_BAD = 400
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_TOO_MANY = 429
_TROUBLE = 500


class NotFetchedError(Exception):
    """
    Something cannot be asked for, or nobody answers.

    Attributes:
        state: What that means for the version.
        status: What the endpoint answered; ``None``: nothing.
    """

    def __init__(self, state: FetchState, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.state = state
        self.status = status


class Asking:
    """What all threads share: where endpoints are, how fast they are asked, what was asked."""

    def __init__(
        self,
        access: EndpointAccess,
        http: StreamedHttp,
        pace: Callable[[], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        time_left: Callable[[], bool] = lambda: True,
    ) -> None:
        """
        Ask nothing yet.

        Args:
            pace: Called before each request.
            sleep: Waits so many seconds of *monotonic*.
            time_left: Asked before each further request for a version.
        """
        self.access = access
        self.http = http
        self.sleep = sleep
        self.time_left = time_left
        self.made: Counter[str] = Counter()
        self._pace = pace
        self._monotonic = monotonic
        self._resumed = 0.0
        self._lock = Lock()

    def visit(self, package: Package) -> Visit:
        """
        Return what asks for *package*.

        Raises:
            NotFetchedError: The endpoint of its repository is closed.
        """
        try:
            return Visit(self, package, self.access.url(package))
        except EndpointError as error:
            raise _without_access(error) from error

    def wait(self, kind: str) -> None:
        """Return when a request of this *kind* may be made, and count it."""
        while (seconds := self._resumed - self._monotonic()) > 0:
            self.sleep(seconds)
        self._pace()
        with self._lock:
            self.made[kind] += 1

    def pause(self, seconds: float) -> None:
        """No thread asks for anything during the next *seconds*."""
        with self._lock:
            self._resumed = max(self._resumed, self._monotonic() + seconds)


@dataclass(slots=True)
class Visit:
    """
    The requests for one version, or for the list of versions, by one thread.

    Attributes:
        base: The endpoint of the repository and format, with a slash at its end.
        requests: How many were made; what follows a redirect is none.
        size: Bytes that were read.
        status: What the endpoint answered last.
        patient: It goes on when time is up.
    """

    asking: Asking = field(repr=False)
    package: Package
    base: str
    requests: int = 0
    size: int = 0
    status: int | None = None
    patient: bool = False

    def asset(
        self, kind: str, url: str, name: str, *, whole: bool, digest: bool
    ) -> FetchedFile | None:
        """
        Ask for an asset; ``None``: it is not there.

        Args:
            whole: Follow the redirect to it, and read it. Without one it is read anyway.

        Raises:
            NotFetchedError: See :meth:`get`.
        """
        fetched = self.get(kind, url, follow=whole or digest, digest=digest)
        return None if fetched is None else FetchedFile(name, fetched.size, fetched.hashes)

    def document(
        self,
        kind: str,
        url: str,
        *,
        accept: str = "*/*",
        keep: int = 0,
        into: Callable[[bytes], None] | None = None,
    ) -> Fetched | None:
        """
        Read what is no asset, for *into*, or the first *keep* bytes; ``None``: it is not there.

        Raises:
            NotFetchedError: See :meth:`get`; or it is larger than *keep*, or *into* refuses it.
        """
        largest = keep or LARGEST_DOCUMENT
        try:
            return self.get(
                kind, url, follow=True, accept=accept, keep=keep, largest=largest, into=into
            )
        except ValueError as error:
            raise unreadable(url, str(error)) from None

    def get(
        self,
        kind: str,
        url: str,
        *,
        follow: bool,
        digest: bool = False,
        accept: str = "*/*",
        keep: int = 0,
        largest: int | None = None,
        into: Callable[[bytes], None] | None = None,
    ) -> Fetched | None:
        """
        Return the answer of the endpoint, if it is one that serves; ``None``: it is not there.

        A token that is refused is replaced once, and so is one of which a 404 may say that. After
        429 everybody waits as long as the endpoint says, twice.

        Raises:
            NotFetchedError: ``no answer``: none came, not all of it, a server's error or still 429;
                ``refused``: another answer, or there is no token; ``closed``: there is none at
                the moment; ``no time``: it is up.
        """
        access, package = self.asking.access, self.package
        pauses, replaced = 0, False
        # Each request may take all of its time: the worker is to live until the end of one.
        if self.requests and not self.patient and not self.asking.time_left():
            raise NotFetchedError("no time", "there is no time left for all of its files")
        try:
            token = access.token(package)
            while True:
                self.asking.wait(kind)
                self.requests += 1
                headers = {"Accept": accept, "Authorization": f"Bearer {token}"}
                fetched = self._sent(
                    url,
                    headers,
                    follow=follow,
                    digest=digest,
                    keep=keep,
                    largest=largest,
                    into=into,
                )
                status = fetched.status
                if status < _BAD or fetched.redirected:
                    access.accepted(token)
                    return self._served(fetched, url, follow=follow)
                if not replaced and (
                    status == _UNAUTHORIZED or (status == _NOT_FOUND and access.doubtful(token))
                ):
                    replaced, refused = True, token
                    token = access.renewed(package, refused)
                    if token != refused:
                        continue
                if status == _NOT_FOUND:
                    return None
                if status == _TOO_MANY and pauses < PAUSES:
                    pauses += 1
                    self._pause(url, fetched.headers.get("retry-after", ""))
                    continue
                raise _failure(url, status)
        except EndpointError as error:
            raise _without_access(error) from error

    def _sent(
        self,
        url: str,
        headers: dict[str, str],
        *,
        follow: bool,
        digest: bool,
        keep: int,
        largest: int | None,
        into: Callable[[bytes], None] | None,
    ) -> Fetched:
        try:
            fetched = self.asking.http.get(
                url,
                headers=headers,
                follow=follow,
                digest=digest,
                keep=keep,
                largest=largest or LARGEST,
                into=into,
            )
        except AnswerTooLargeError as error:
            raise NotFetchedError("refused", str(error)) from error
        except RequestFailedError as error:
            self.status = None
            raise NotFetchedError("no answer", str(error)) from error
        self.size += fetched.size
        self.status = fetched.status
        return fetched

    def _served(self, fetched: Fetched, url: str, *, follow: bool) -> Fetched:
        """Return *fetched* if it is what was asked for, or (not *follow*) says where that is."""
        if fetched.redirected and fetched.status >= _BAD:
            reason = f"what {_shown(url)} leads to answered {fetched.status}"
            raise NotFetchedError("no answer", reason, fetched.status)
        if follow and fetched.status >= _REDIRECTED:
            raise NotFetchedError("no answer", f"{_shown(url)} leads nowhere", fetched.status)
        return fetched

    def _pause(self, url: str, said: str) -> None:
        seconds = float(said) if said.isascii() and said.isdigit() else 1.0
        if seconds > LONGEST_PAUSE_SECONDS:
            raise _failure(url, _TOO_MANY)
        self.asking.pause(seconds)


def unreadable(url: str, problem: str) -> NotFetchedError:
    """Return what says that an answer of the endpoint means nothing."""
    return NotFetchedError("refused", f"{_shown(url)} cannot be read: {problem}", _OK)


def _without_access(error: EndpointError) -> NotFetchedError:
    passing = isinstance(error, EndpointClosedError) and error.passing
    return NotFetchedError("closed" if passing else "refused", str(error))


def _failure(url: str, status: int) -> NotFetchedError:
    state: FetchState = "no answer" if status >= _TROUBLE or status == _TOO_MANY else "refused"
    return NotFetchedError(state, f"{_shown(url)} answered {status}", status)


def _shown(url: str) -> str:
    return url.partition("?")[0]
