"""Where requests go: which addresses may be asked, and what an address in an answer leads to."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from steward.errors import EndpointError

LONGEST_PART: Final = 255  # names, versions and assets of packages, service model
_PORTS: Final = {"http": 80, "https": 443}


def refuse_open_ways(url: str) -> None:
    """
    Return if a request to *url* can be read by nobody on the way: HTTPS, or the loopback.

    Raises:
        EndpointError: It could be, or is no address.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise EndpointError("an endpoint's address cannot be read") from None
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and _loopback(host))):
        where = f"{parts.scheme}://{host}"
        raise EndpointError(f"{where} gets no token: it is neither HTTPS nor on this machine")


def joined(base: str, path: str) -> str:
    """
    Return the address of *path*, which an answer gave, as seen from *base*.

    Raises:
        EndpointError: It is none.
    """
    try:
        return urljoin(base, path)
    except ValueError:
        raise EndpointError(f"{base} leads to what is no address") from None


def redirected(url: str, location: str) -> str:
    """
    Return the address that *url* sends us on to by *location*, the header of its answer.

    Raises:
        EndpointError: It is none, others could read or change what comes, or it leads from a host
            of the network to this machine, which only tests serve anything on.
    """
    target = joined(url, location)
    refuse_open_ways(target)
    here, there = (_loopback(urlsplit(each).hostname or "") for each in (url, target))
    if there and not here:
        raise EndpointError(f"{url.partition('?')[0]} leads to this machine")
    return target


def same_host(one: str, other: str) -> bool:
    """
    Return whether two addresses have the same scheme, host and port: who may have a token.

    Raises:
        EndpointError: One of them is no address.
    """
    try:
        return _origin(one) == _origin(other)
    except ValueError:
        raise EndpointError("an endpoint's address cannot be read") from None


def within(base: str, path: str, *, seen_from: str = "") -> str:
    """
    Return the address of *path*, which an answer gave, if it is below *base*.

    Args:
        base: The endpoint of a repository, with a slash at its end.
        seen_from: The address that gave the answer; *base* unless it is said.

    Raises:
        EndpointError: It leads to another host or out of the repository.
    """
    url = joined(seen_from or base, path)
    if not same_host(url, base):
        raise EndpointError(f"{base} leads to another host")
    root, whole = urlsplit(base).path, urlsplit(url).path
    beyond = whole.removeprefix(root).split("/")
    if not whole.startswith(root) or any(_leaves(unquote(each)) for each in beyond):
        raise EndpointError(f"{base} leads out of the repository")
    return url


def part(text: str, *, safe: str = "") -> str:
    """
    Return *text*, a name that somebody wrote down, as one part of a path.

    Raises:
        EndpointError: It would leave the path, is empty, or longer than any name.
    """
    if not text or len(text) > LONGEST_PART or _leaves(text) or not text.isprintable():
        raise EndpointError(f"{text[:LONGEST_PART]!r} is no name of anything in a repository")
    return quote(text, safe=safe)


def _leaves(text: str) -> bool:
    return text in (".", "..") or "/" in text or "\\" in text


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


@lru_cache(maxsize=64)
def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
