"""Simple repository pages, in HTML and JSON (PEP 503, 691, 700), and which one a client wants."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

API_VERSION = "1.1"

PageType = Literal["json", "html"]

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"

_OFFERED: Sequence[tuple[str, PageType, str]] = (
    # What an Accept header may name, the page that it gets, and the type that this page then has.
    ("text/html", "html", "text/html; charset=utf-8"),
    (HTML_TYPE, "html", HTML_TYPE),
    (JSON_TYPE, "json", JSON_TYPE),
    ("application/vnd.pypi.simple.latest+html", "html", HTML_TYPE),
    ("application/vnd.pypi.simple.latest+json", "json", JSON_TYPE),
)
"""In the order of preference among equals (User Guide, Python compatibility)."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """
    A file as a project page lists it.

    Attributes:
        hashes: Algorithm to lower-case hexadecimal.
        yanked: The reason, True without one, False when it is not yanked (PEP 592).
    """

    version: str
    name: str
    hashes: Mapping[str, str]
    size: int | None = None
    uploaded: datetime | None = None
    requires_python: str | None = None
    yanked: bool | str = False

    @property
    def url(self) -> str:
        """Return where the file is, relative to the project page (User Guide, Python)."""
        return f"{quote(self.version)}/{quote(self.name)}"


def negotiated(accept: str | None) -> tuple[PageType, str] | None:
    """
    Return the page and content type that an ``Accept`` header asks for; None means 406.

    The highest quality wins. No header, an empty one or ``*/*`` mean HTML (PEP 691).
    """
    ranges = [part for part in (accept or "").split(",") if part.strip()]
    if not ranges:
        return "html", "text/html; charset=utf-8"
    best: tuple[float, tuple[PageType, str]] | None = None
    for media, page, content_type in _OFFERED:
        quality = max((_quality(each, media) for each in ranges), default=(0, 0.0))[1]
        if quality > 0 and (best is None or quality > best[0]):
            best = quality, (page, content_type)
    return best[1] if best else None


def as_json(name: str, files: Iterable[ListedFile]) -> bytes:
    """Return the project page in JSON."""
    listed = list(files)
    document = {
        "meta": {"api-version": API_VERSION},
        "name": name,
        "versions": list(dict.fromkeys(file.version for file in listed)),
        "files": [_entry(file) for file in listed],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def as_html(name: str, files: Iterable[ListedFile]) -> bytes:
    """Return the project page in HTML."""
    title = f"Links for {html.escape(name)}"
    lines = [
        "<!DOCTYPE html>",
        "<html>",
        "  <head>",
        f'    <meta name="pypi:repository-version" content="{API_VERSION}">',
        f"    <title>{title}</title>",
        "  </head>",
        "  <body>",
        f"    <h1>{title}</h1>",
        *(f"    {_anchor(file)}<br>" for file in files),
        "  </body>",
        "</html>",
        "",
    ]
    return "\n".join(lines).encode()


def _entry(file: ListedFile) -> dict[str, object]:
    entry: dict[str, object] = {
        "filename": file.name,
        "url": file.url,
        "hashes": dict(file.hashes),
        "requires-python": file.requires_python,
        "yanked": file.yanked,
    }
    if file.size is not None:
        entry["size"] = file.size
    if file.uploaded is not None:
        entry["upload-time"] = _timestamp(file.uploaded)
    return entry


def _anchor(file: ListedFile) -> str:
    fragment = f"#sha256={file.hashes['sha256']}" if "sha256" in file.hashes else ""
    attributes = {"href": file.url + fragment}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked is not False:
        attributes["data-yanked"] = file.yanked if isinstance(file.yanked, str) else ""
    if file.uploaded is not None:
        attributes["data-upload-time"] = _timestamp(file.uploaded)
    text = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<a {text}>{html.escape(file.name)}</a>"


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _quality(media_range: str, media: str) -> tuple[int, float]:
    """Return how specifically *media_range* names *media*, and how much the client wants it."""
    name, *parameters = (part.strip().lower() for part in media_range.split(";"))
    main, _, _ = media.partition("/")
    if name == media:
        specificity = 3
    elif name == f"{main}/*":
        specificity = 2
    elif name == "*/*":
        specificity = 1
    else:
        return 0, 0.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return specificity, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return specificity, 0.0
    return specificity, 1.0
