"""What `steward promotions` says when nothing fits: what there is to be asked for instead."""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import fail

if TYPE_CHECKING:
    from promote_versions.records import Record
    from steward.promotion_rules import PromotionRule


def rules_of(policy_path: Path, domain: str) -> "Sequence[PromotionRule]":
    """Return the promotions of the policy, none if there is no policy for *domain* to be read."""
    from cli.policies import loaded_policy

    try:
        policy = loaded_policy(policy_path)
    except click.ClickException:
        return ()  # --domain was given, which is enough
    return policy.promotions if policy.domain == domain else ()


def refuse_unknown(
    rules: "Sequence[PromotionRule]",
    records: "Callable[[], Iterable[Record]]",
    *,
    rule: str | None,
    repository: str | None,
) -> None:
    """
    Return if there may be versions by *rule* and from *repository*, as far as these are given.

    Args:
        rules: Of the policy.
        records: Returns all that was judged; called if the policy does not have what is asked for.

    Raises:
        click.ClickException: Neither the policy nor a record has it; the message says what they do.
    """
    if rule is not None:
        of_rules = [one.name for one in rules]
        _refuse_unknown("rule", rule, of_rules, lambda: (one.rule for one in records()))
    if repository is not None:
        sources = [one.source for one in rules]
        _refuse_unknown(
            "repository",
            repository,
            sources,
            lambda: (one.package.repository.name for one in records()),
        )


def _refuse_unknown(
    what: str, name: str, of_policy: Sequence[str], of_records: Callable[[], Iterable[str]]
) -> None:
    if name in of_policy:
        return
    known = list(dict.fromkeys([*of_policy, *sorted(of_records())]))
    if name not in known:
        fail(
            f"neither the policy's `promotions` nor what was judged has the {what} {name}; there "
            f"is {', '.join(known) or 'none'}."
        )


def nothing(found: "Collection[Record]", *, purls: Sequence[str], waiting: bool) -> str:
    """Return that nothing of *found* fits, and what has it judged if there is nothing found."""
    if purls and not found:
        return f"nothing of {' and '.join(purls)} was judged yet: `steward promote` has it judged"
    if waiting:
        return "no version waits for a person and for nothing else"
    return "no version that is asked for was judged yet: `steward promote` has it judged"
