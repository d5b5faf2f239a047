"""A policy as people read it: a table for each section."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Column, Table

if TYPE_CHECKING:
    from steward.cache_rules import CompiledCache
    from steward.coordinates import RestrictionType
    from steward.policy import (
        CompiledGroup,
        CompiledOriginRule,
        CompiledPolicy,
        CompiledSnapshotRule,
    )
    from steward.promotion_rules import CompiledPromotion
    from steward.retention_rules import CompiledLimits, CompiledRetention


def tables(policy: "CompiledPolicy") -> Iterator[Table]:
    """Yield a table for each section that has rules, in the order of the documentation."""
    if policy["snapshots"]:
        yield _snapshots(policy["snapshots"])
    if policy["origins"]:
        yield _origins(policy["origins"])
    if policy["groups"]:
        yield _groups(policy["groups"])
    if policy["promotions"]:
        yield _promotions(policy["promotions"])
    if policy["caches"]:
        yield _caches(policy["caches"])
    if policy["retention"]:
        yield _retention(policy["retention"])
        yield _limits(policy["limits"])


def _snapshots(rules: list["CompiledSnapshotRule"]) -> Table:
    table = _table("rule", "packages", "repositories", "unfinished grace")
    for rule in rules:
        table.add_row(
            rule["name"],
            _lines(rule["packages"]),
            _lines(rule["repositories"]),
            spoken(timedelta(seconds=rule["unfinished_grace_seconds"])),
        )
    return table


def _origins(rules: list["CompiledOriginRule"]) -> Table:
    table = _table("rule", "packages", "repositories", "what holds")
    table.columns[3].no_wrap = True  # its lines are short: names get the rest of the terminal
    for rule in rules:
        unsaid = "inferred" if rule["kind"] == "inferred" else "as it is"
        lines = [] if rule["kind"] == "explicit" else [f"kind: {rule['kind']}"]
        lines += [f"publish: {rule['publish'] or unsaid}"]
        lines += [f"upstream: {rule['upstream'] or unsaid}"]
        lines += [f"external: {rule['external']}"] if rule["external"] else []
        table.add_row(
            rule["name"], _lines(rule["packages"]), _lines(rule["repositories"]), _lines(lines)
        )
    return table


def _groups(groups: list["CompiledGroup"]) -> Table:
    from steward.group_restrictions import TYPES

    table = _table("group", "pattern", "publish", "external upstream", "internal upstream")
    for group in groups:
        table.add_row(
            group["name"], escape(group["pattern"]), *(_mode(group, kind) for kind in TYPES)
        )
    return table


def _mode(group: "CompiledGroup", kind: "RestrictionType") -> str:
    if kind in group["allowed"]:
        return _lines(["only in", *group["allowed"][kind]])
    return group["modes"][kind]


def _promotions(rules: list["CompiledPromotion"]) -> Table:
    from cli.promotion_words import gates

    table = _table("promotion", "packages", "from, to", "gates")
    for rule in rules:
        table.add_row(
            escape(rule["name"]),
            _lines(rule["packages"]),
            _lines([rule["source"], rule["to"]]),
            _lines(gates(rule)),
        )
    return table


def _caches(rules: list["CompiledCache"]) -> Table:
    from cli.cache_words import wanted

    table = _table("cache", "repository", "what is fetched")
    for rule in rules:
        table.add_row(rule["name"], rule["repository"], _lines(wanted(rule)))
    return table


def _retention(rules: list["CompiledRetention"]) -> Table:
    from cli.retention_words import wanted

    table = _table("retention", "packages", "repositories", "what goes")
    for rule in rules:
        table.add_row(
            rule["name"],
            _lines(rule["packages"]),
            _lines(rule["repositories"]),
            _lines(wanted(rule)),
        )
    return table


def _limits(limits: "CompiledLimits") -> Table:
    table = _table("limit", "number")
    table.add_row("deletions per run", f"{limits['deletions_per_run']:,}")
    return table


def _table(*headers: str) -> Table:
    """Return an empty table in whose narrow columns long names go on, on the next line."""
    return Table(*(Column(header, overflow="fold") for header in headers))


def _lines(texts: list[str]) -> str:
    return escape("\n".join(texts))  # [ab] would be taken for a style


def spoken(duration: timedelta) -> str:
    """Return a duration as people say it: `1 h`, `7 d 12 h`."""
    hours, seconds = divmod(duration.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    counted = ((duration.days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in counted if number) or "0 s"
