"""The log lines of functions as people read them on a terminal: one short line a decision."""

import json
import re
import textwrap
from typing import Final

from rich.console import Console
from rich.text import Text

from cli.stack.function_logs import LogLine
from cli.stack.json_types import Document
from steward.coordinates import Package, Repository, is_format

VERSIONS_SHOWN: Final = 3  # our choice: about as many as fit into a line

_INDENT: Final = "    "
_REASONS: Final = ("code", "reason", "why", "note", "subject", "exception")
_UNHEARD: Final = frozenset({"nobody listens", "message lost"})  # as `steward.attention` logs them
# Decisions that change nothing: for every event, or for every version of a cache at each run.
_SILENT: Final = frozenset({"nothing to do", "warm"})
_STYLES: Final = {
    "kept": "dim",
    "stale": "cyan",
    "unlisted": "green",
    "drifted": "cyan",
    "restrictions changed": "green",
    "archived": "green",
    "would fetch": "cyan",
    "fetched": "green",
    "cache warmed": "green",
    "not found": "yellow",
    "blocked": "yellow",
    "no answer": "yellow",
    "mismatch": "bold red",
    "WARNING": "yellow",
    "ERROR": "bold red",
    "CRITICAL": "bold red",
}


class ReadableLines:
    """Shows each log line of a function on a console, as `readable` has it."""

    def __init__(self, console: Console) -> None:
        """Show them on *console*, in its colours."""
        self._console = console

    def __call__(self, line: LogLine) -> None:
        """Show one line, if it says something to people."""
        text = readable(line)
        if text is not None:
            self._console.print(text)


def readable(line: LogLine) -> Text | None:
    """
    Return what people read of *line*, None if that is nothing.

    - A decision, or anything else that was logged with a message, is the automation, the message,
      the package with its versions, the repository, the change and the reason.
    - A message that reached nobody is followed by its text: it can be read nowhere else.
    - A run that is over is followed by how many versions became what.
    - Metrics, `nothing to do` and what was warm already are left out.
    - What is no such line, a traceback for instance, stays as it is.
    """
    document = _parsed(line.text)
    if "_aws" in document:  # "Embedded metric format specification", CloudWatch
        return None
    message, service = document.get("message"), document.get("service")
    if not isinstance(message, str) or not isinstance(service, str):
        return Text(f"[{line.function}] {line.text}")
    if message in _SILENT:
        return None
    style = _STYLES.get(message, _STYLES.get(str(document.get("level")), "bold"))
    text = Text.assemble((service, "dim"), " ", (message, style))
    for word in ("until", "at"):
        if word in document:
            is_said = message.endswith(word)
            text.append(f" {document[word]}" if is_said else f" {word} {document[word]}")
    package = _package(document)
    if package is not None:
        text.append(f" {_with_versions(package, document)} in {package.repository.name}")
    text.append(_tally(document))
    connection = document.get("external_connection")
    if connection is not None:
        text.append(f", through {connection}")
    if "before" in document and "after" in document:
        text.append(f": {document['before']} -> {document['after']}")
    reasons = (document.get(key) for key in _REASONS)
    text.append("".join(f": {reason}" for reason in reasons if reason is not None))
    if message in _UNHEARD and isinstance(said := document.get("text"), str):
        text.append("\n" + textwrap.indent(said.rstrip(), _INDENT))
    return text


def _parsed(text: str) -> Document:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _package(document: Document) -> Package | None:
    """Return the package whose coordinates a log line carries (`PackageLog`)."""
    package_format, namespace = document.get("format"), document.get("namespace")
    names = [document.get(key) for key in ("domain", "repository", "package")]
    if not isinstance(package_format, str) or not is_format(package_format) or None in names:
        return None
    domain, repository, name = map(str, names)
    return Package(
        repository=Repository(domain=domain, domain_owner="", name=repository),
        format=package_format,
        namespace=None if namespace is None else str(namespace),
        name=name,
    )


def _with_versions(package: Package, document: Document) -> str:
    versions = document.get("versions", document.get("version"))
    listed = versions if isinstance(versions, list) else [] if versions is None else [versions]
    if len(listed) == 1:
        return package.purl(str(listed[0]))
    if not listed:
        return package.purl()
    more = len(listed) - VERSIONS_SHOWN
    shown = ", ".join(map(str, listed[:VERSIONS_SHOWN])) + (f" and {more} more" if more > 0 else "")
    return f"{package.purl()} {shown}"


def _tally(document: Document) -> str:
    """Return how many versions of a run became what, if *document* sums one up."""
    versions = document.get("versions")
    if not isinstance(versions, dict):
        return ""
    counted = [f"{number} {_spaced(state)}" for state, number in versions.items() if number]
    return f" {document.get('repository')}: {', '.join(counted) or 'nothing to look at'}"


def _spaced(state: str) -> str:
    """Return the name of a member as words: `wouldFetch` is `would fetch`."""
    return re.sub(r"(?=[A-Z])", " ", state).lower()
