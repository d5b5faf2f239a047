"""A plan: what the policy wants changed in a domain, as a value and as a file."""

import json
import os
import shlex
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from cli.options import as_given
from cli.output import fail

if TYPE_CHECKING:
    from sweep_repositories.plan_lines import PlanLine

KIND: Final = "codeartifact-steward plan"
# From what nothing brings back to what only tells: the order in which people want to read it.
RISK: Final = ("delete", "dispose", "archive", "restrict", "unlist", "promote", "report", "mark")
FORMAT: Final = 1  # of the file; another number is another shape
# Our choice: a plan of a million lines is under 1 GB; what is larger is no plan of ours.
MAX_BYTES: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What the policy wants of a domain, as it was when it was looked at.

    Attributes:
        policy_digest: Of the policy that wants it.
        made_at: When the first package was looked at (UTC).
        mode_note: What is to be said about the deployment, `None` if nothing is.
        lines: What is to be done, package by package.
        kept: How many versions stay although a rule looked at them, by rule.
        packages: How many were seen, whether a rule is about them or not.
        versions: How many versions those have that were listed.
        problems: What could not be looked at, and why.
        calls: Requests to CodeArtifact, by operation.
        limit: How many versions the policy lets one run delete.
        measured: Whether the sizes of what would be deleted were looked up.
        rules: What each rule that has lines says, in words; no part of the file.
    """

    domain: str
    domain_owner: str
    region: str
    policy_digest: str
    made_at: datetime
    mode_note: str | None
    lines: tuple["PlanLine", ...]
    kept: Mapping[str, int] = field(default_factory=dict)
    packages: int = 0
    versions: int = 0
    problems: tuple[str, ...] = ()
    calls: Mapping[str, int] = field(default_factory=dict)
    limit: int = 0
    measured: bool = False
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def deletions(self) -> int:
        """How many versions would be gone for good."""
        return sum(line.deletions for line in self.lines)

    @property
    def bytes_freed(self) -> int:
        """How much the assets of those take, as far as it was looked up."""
        return sum(one.size or 0 for line in self.lines if line.deletions for one in line.versions)

    @property
    def unmeasured(self) -> int:
        """How many of those have assets whose size is not known."""
        return sum(
            one.size is None and one.status != "Disposed"  # whose assets are gone already
            for line in self.lines
            if line.deletions
            for one in line.versions
        )


def riskiest_first(lines: Iterable["PlanLine"]) -> list["PlanLine"]:
    """
    Return *lines*, what cannot be brought back first.

    Of one action, those with the most versions come first, then by repository, package and rule.
    """
    return sorted(
        lines,
        key=lambda line: (
            RISK.index(line.action),
            -len(line.versions),
            line.package.repository.name,
            line.package.path,
            line.rule,
        ),
    )


def document(plan: Plan) -> dict[str, object]:
    """Return *plan* for `json.dumps`."""
    from sweep_repositories.plan_lines import to_json

    return {
        "kind": KIND,
        "format": FORMAT,
        "domain": plan.domain,
        "domainOwner": plan.domain_owner,
        "region": plan.region,
        "policyDigest": plan.policy_digest,
        "madeAt": plan.made_at.isoformat(),
        "note": plan.mode_note,
        "packages": plan.packages,
        "versions": plan.versions,
        "deletions": plan.deletions,
        "limit": plan.limit,
        "bytesFreed": plan.bytes_freed if plan.measured else None,
        "unmeasured": plan.unmeasured,
        "calls": dict(plan.calls),
        "problems": list(plan.problems),
        "kept": dict(plan.kept),
        "lines": [to_json(line) for line in plan.lines],
    }


def write(plan: Plan, path: Path) -> None:
    """
    Write *plan* to the file *path*, whole or not at all.

    Raises:
        click.ClickException: It cannot be written.
    """
    write_text(json.dumps(document(plan), indent=1, ensure_ascii=False) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """
    Write *text* to the file *path*, whole or not at all.

    Raises:
        click.ClickException: It cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123  a descriptor
                file.write(text)
            os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101  as `open` would have made it
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")


def read(path: Path) -> Plan:
    """
    Return the plan in the file *path*.

    Raises:
        click.ClickException: It cannot be read, or is no plan that could be applied; the message
            names the place.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            fail(f"{path} is no plan: it is larger than {MAX_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{path} is no plan: it is not UTF-8")
    try:
        return _plan(json.loads(text))
    except json.JSONDecodeError as error:
        fail(f"{path} is no plan: line {error.lineno} is no JSON: {error.msg}")
    except RecursionError:
        fail(f"{path} is no plan: it is nested too deeply")
    except ValueError as error:
        fail(f"{path} is no plan: {error}. Make it again with `{_again(path)}`.")


def _again(path: Path) -> str:
    return f"steward plan{as_given('--policy')} --out {shlex.quote(str(path))}"


def _plan(value: object) -> Plan:
    from sweep_repositories.plan_lines import from_json

    if not isinstance(value, dict) or value.get("kind") != KIND:
        raise ValueError("it was not written by `steward plan --out`")
    members = cast("dict[str, object]", value)
    if members.get("format") != FORMAT:
        raise ValueError(f"its format is {members.get('format')!r}, which this version cannot read")
    lines: list[PlanLine] = []
    domain, owner = _text(members, "domain"), _text(members, "domainOwner")
    for number, line in enumerate(_list(members, "lines")):
        try:
            read_line = from_json(line)
        except ValueError as error:
            raise ValueError(f"lines[{number}]: {error}") from error
        place = read_line.package.repository
        if (place.domain, place.domain_owner) != (domain, owner):
            raise ValueError(f"lines[{number}] is about another domain, {place.domain}")
        lines.append(read_line)
    made_at = _moment(members, "madeAt")
    return Plan(
        domain=domain,
        domain_owner=owner,
        region=_text(members, "region"),
        policy_digest=_text(members, "policyDigest"),
        made_at=made_at,
        mode_note=None,
        lines=tuple(lines),
        packages=_number(members, "packages"),
        versions=_number(members, "versions"),
        limit=_number(members, "limit"),
        measured=members.get("bytesFreed") is not None,
    )


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r:.100}")
    return value


def _moment(members: Mapping[str, object], name: str) -> datetime:
    text = _text(members, name)
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # OverflowError: the year 1, east of Greenwich
        raise ValueError(f"{name} is {text!r:.100}") from error
    if moment.tzinfo is None:
        raise ValueError(f"{name} has no time zone: {text!r:.100}")
    return in_utc


def _number(members: Mapping[str, object], name: str) -> int:
    value = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {value!r:.100}")
    return value


def _list(members: Mapping[str, object], name: str) -> list[object]:
    value = members.get(name)
    if not isinstance(value, list):
        raise ValueError(f"{name} is {value!r:.100}")  # noqa: TRY004  what JSON readers raise
    return cast("list[object]", value)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
