"""The lines of a plan as its page shows them: texts, ready to be read, in one form for all."""

from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

from rich.filesize import decimal

from cli.origin_tables import counted_noun
from cli.plan_tables import WORDS as TABLE_WORDS
from steward.versions import is_release

if TYPE_CHECKING:
    from sweep_repositories.plan_lines import PlanLine, PlannedVersion

# As the table of `steward plan` has them, where they begin a line.
WORDS: Final = {action: f"{words[0].upper()}{words[1:]}" for action, words in TABLE_WORDS.items()}
# What an action does, for somebody who has not read the User Guide.
MEANINGS: Final = {
    "delete": "gone for good, with its contents and its name",
    "dispose": "its contents are gone for good, its name stays taken",
    "archive": "nobody can install it; it can be brought back",
    "restrict": "new versions come from fewer places; what is there stays",
    "unlist": "not offered any more; who asks for it by name still gets it",
    "promote": "judged for another repository; nothing is copied before that",
    "report": "a person is told, nothing is changed",
    "mark": "its waiting time before the next step begins",
}
# What takes a version from people, the worst first; of one version a plan wants one at most.
GOING: Final = ("delete", "dispose", "archive", "unlist")


class VersionRow(TypedDict):
    """One version of a line; the keys are short, as a page may hold a hundred thousand."""

    v: str  # the version
    s: str  # its status
    n: NotRequired[str]  # what else is to be said of it


class Row(TypedDict):
    """One line of a plan."""

    action: str
    package: str  # package URL
    repository: str
    rule: str
    automation: str
    why: str
    what: str  # how many versions, or what becomes of the restrictions
    releases: int  # that it takes from people
    count: int  # what it weighs in sums: its versions, 1 without any
    versions: list[VersionRow]


def row(line: "PlanLine") -> Row:
    """Return how *line* is shown."""
    package_format = line.package.format
    releases = 0
    if line.action in GOING:
        releases = sum(is_release(package_format, one.version) is True for one in line.versions)
    return {
        "action": line.action,
        "package": line.package.purl(),
        "repository": line.package.repository.name,
        "rule": line.rule,
        "automation": line.automation,
        "why": line.reason,
        "what": _what(line),
        "releases": releases,
        "count": max(1, len(line.versions)),
        "versions": [_version(one, line.reason) for one in line.versions],
    }


def _what(line: "PlanLine") -> str:
    said = []
    if line.before is not None and line.after is not None:
        said.append(f"{line.before} → {line.after}")
    if line.mixed is not None:
        within, outside = f"{line.mixed.internal:,}", f"{line.mixed.external:,}"
        said.append(f"{within} from within, {outside} from outside")
    if line.versions:
        said.append(counted_noun(len(line.versions), "version"))
    if line.to is not None:
        said.append(f"for {line.to}")
    if line.step is not None:
        said.append(f"then: {line.step}")
    return ", ".join(said)


def _version(version: "PlannedVersion", line_reason: str) -> VersionRow:
    shown: VersionRow = {"v": version.version, "s": version.status}
    note = "; ".join(_notes(version, line_reason))
    if note:
        shown["n"] = note
    return shown


def _notes(version: "PlannedVersion", line_reason: str) -> Iterator[str]:
    if version.size is not None:
        yield decimal(version.size)
    if version.until is not None:
        yield f"until {version.until.astimezone(UTC):%Y-%m-%d}"
    if version.reason != line_reason:
        yield version.reason
