"""Turns the raw path of a data-plane request into coordinates, or refuses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from emulator.core.values import DomainId, RepositoryId

MAX_SEGMENT = 255  # package, namespace, version and asset names: service model
MAX_PATH = 4096  # four names of 255 characters, percent-encoded

ENDPOINT = re.compile(
    r"/(?P<format>[^/]+)/d/(?P<domain>[a-z][a-z0-9-]{0,48}[a-z0-9])-(?P<owner>[0-9]{12})"
    r"/(?P<repository>[A-Za-z0-9][A-Za-z0-9._-]{1,99})(?:/(?P<rest>.*))?",
    re.DOTALL,
)
"""The path form of the VPC endpoints without private DNS (User Guide, VPC endpoints)."""

SCOPED_NAME = re.compile(r"@[^/]+/[^/]+")


class UnsafePath(ValueError):
    """A path that no package manager sends: traversal, control characters, absurd lengths."""


@dataclass(frozen=True, slots=True)
class EndpointPath:
    """A request path, split: what it addresses, and the rest still percent-encoded."""

    format: str
    repository: RepositoryId
    rest: str


def split(raw_path: str) -> EndpointPath | None:
    """Return what *raw_path* addresses; None when it is no repository endpoint at all."""
    match = ENDPOINT.fullmatch(raw_path)
    if match is None:
        return None
    domain = DomainId(match["owner"], match["domain"])
    return EndpointPath(
        match["format"], RepositoryId(domain, match["repository"]), match["rest"] or ""
    )


def decoded(rest: str, *, scoped_names: bool) -> str:
    """
    Return *rest* with every segment percent-decoded exactly once.

    The result is safe to match against a route: no segment is empty (but the last), ``.`` or
    ``..``, none holds a slash, a backslash, a ``#``, a control character, or white space other than
    a space.

    Args:
        rest: The path below the repository, as sent.
        scoped_names: Allow ``@scope%2fname``, which is how npm spells a scoped package.

    Raises:
        UnsafePath: The path breaks one of these rules.
    """
    if len(rest) > MAX_PATH:
        raise UnsafePath(f"The path is longer than {MAX_PATH} characters.")
    encoded = rest.split("/")
    return "/".join(
        _segment(part, last=position == len(encoded) - 1, scoped_names=scoped_names)
        for position, part in enumerate(encoded)
    )


def _segment(encoded: str, *, last: bool, scoped_names: bool) -> str:
    try:
        segment = unquote_to_bytes(encoded.encode("latin-1")).decode()
    except UnicodeError as error:
        raise UnsafePath("The path is not UTF-8.") from error
    names = segment.split("/") if scoped_names and SCOPED_NAME.fullmatch(segment) else [segment]
    for name in names:
        if not name and not last:
            raise UnsafePath("The path has an empty segment.")
        if name in {".", ".."} or "/" in name or "\\" in name or "#" in name:
            raise UnsafePath("The path has a segment that no package manager sends.")
        if not name.isprintable():
            raise UnsafePath("The path has a character that cannot be printed.")
        if len(name) > MAX_SEGMENT:
            raise UnsafePath(f"The path has a segment of more than {MAX_SEGMENT} characters.")
    return segment
