"""Where requests may go."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.addresses import (
    LONGEST_PART,
    joined,
    part,
    redirected,
    refuse_open_ways,
    same_host,
    within,
)
from steward.errors import EndpointError

BASE = "https://host.example/pypi/intake/"


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("a/b.tgz", "https://host.example/pypi/intake/a/b.tgz"),
        ("./a", "https://host.example/pypi/intake/a"),
        ("/pypi/intake/a?b=../..", "https://host.example/pypi/intake/a?b=../.."),
        ("https://host.example:443/pypi/intake/a", "https://host.example:443/pypi/intake/a"),
        ("HTTPS://HOST.example/pypi/intake/a", "https://HOST.example/pypi/intake/a"),
    ],
)
def test_what_is_in_the_repository_may_be_asked_for(path: str, url: str) -> None:
    """However the answer says it; the default port is no other one."""
    assert within(BASE, path) == url


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "/pypi/intake2/a",
        "/pypi/intake",
        "//other.example/pypi/intake/a",
        "http://host.example/pypi/intake/a",
        "https://host.example:8443/pypi/intake/a",
        "https://host.example.evil.example/pypi/intake/a",
        "https://user@evil.example/pypi/intake/a",
        "a/%2e%2e/%2E%2E/b",
        "a/%2e./b",
        "a/..%2f..%2fb",
        "a/..%5c..%5cb",
        "https://host.example:no/pypi/intake/a",
        "https://[/pypi/intake/a",
    ],
)
def test_what_leads_out_of_it_may_not(path: str) -> None:
    """Whether a server takes encoded dots for dots is not ours to know."""
    with pytest.raises(EndpointError):
        within(BASE, path)


def test_a_relative_address_is_seen_from_where_it_was_given() -> None:
    """That is a page further down."""
    page = f"{BASE}simple/requests/"
    assert within(BASE, "../../p/a", seen_from=page) == f"{BASE}p/a"
    with pytest.raises(EndpointError):
        within(BASE, "../../../p/a", seen_from=page)


@given(st.text(min_size=1, max_size=LONGEST_PART + 1))
def test_a_part_of_a_path_stays_one(text: str) -> None:
    """It is refused, or comes out of an address as it went in."""
    try:
        url = f"{BASE}{part(text)}/end"
    except EndpointError:
        return
    path = urlsplit(joined("https://other.example/", url)).path
    begin, _, rest = path.removeprefix("/pypi/intake/").partition("/")
    assert (unquote(begin), rest) == (text, "end")


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a/b", "a\\b", "a\x00", "a\nb", "a\u202eb", "\ud800", "a" * 256]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    """The longest name has 255 characters (service model)."""
    with pytest.raises(EndpointError, match="is no name"):
        part(text)


def test_whoever_could_read_along_is_refused() -> None:
    """HTTPS, or this machine."""
    for url in (BASE, "http://127.0.0.1:4566/x", "http://localhost/x", "http://[::1]/x"):
        refuse_open_ways(url)
    for url in ("http://host.example/x", "ftp://localhost/x", "x", "http://127.0.0.1.example/x"):
        with pytest.raises(EndpointError):
            refuse_open_ways(url)


def test_a_redirect_leads_where_nobody_reads_along_and_not_to_this_machine() -> None:
    """A server elsewhere has no business with what runs here; a local one redirects to itself."""
    local = "http://127.0.0.1:4566/a"
    assert redirected(BASE, "https://store.example/b?c=d") == "https://store.example/b?c=d"
    assert redirected(local, "http://localhost:4566/b") == "http://localhost:4566/b"
    assert redirected(local, "https://store.example/b") == "https://store.example/b"
    for location in (local, "https://localhost/b", "https://[::1]/b", "http://store.example/b"):
        with pytest.raises(EndpointError):
            redirected(BASE, location)


def test_a_host_is_its_scheme_name_and_port() -> None:
    """The default port need not be said."""
    assert same_host("https://a.example/x", "https://A.example:443/y")
    assert not same_host("https://a.example/x", "http://a.example/x")
    assert not same_host("https://a.example/x", "https://a.example:444/x")
    with pytest.raises(EndpointError):
        same_host("https://a.example/x", "https://a.example:no/x")
