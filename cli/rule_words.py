"""What single rules of a policy say, in words, for somebody who has no policy file at hand."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cli.policy_words import of_origins, of_snapshots
from cli.promotion_words import required
from cli.retention_words import of_rule

if TYPE_CHECKING:
    from steward.policy import Policy, ScopedRule


def rule_words(policy: "Policy", names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """
    Return what each of the rules *names* says, in the order of the policy.

    A name that no rule of `snapshots`, `origins`, `promotions` and `retention` has is left out.
    """
    words: dict[str, tuple[str, ...]] = {}
    for snapshots in policy.snapshots:
        words[snapshots.name] = (_scope(snapshots), *of_snapshots(snapshots)[1:])
    for origins in policy.origins:
        # Of no repository in particular: what holds only where promotions end is left out.
        kind = () if origins.kind == "explicit" else (f"Its kind is {origins.kind}.",)
        words[origins.name] = (_scope(origins), *kind, *of_origins(origins, policy, "")[1:])
    for promotion in policy.promotions:
        way = f"{_listed(promotion.packages)}: from {promotion.source} to {promotion.to}."
        words[promotion.name] = (way, *required(promotion))
    for retention in policy.retention:
        words[retention.name] = (_scope(retention), *of_rule(retention))
    wanted = set(names)
    return {name: said for name, said in words.items() if name in wanted}


def _scope(rule: "ScopedRule") -> str:
    """Return which packages *rule* is about, and where."""
    places = "every repository" if "*" in rule.repositories else _listed(rule.repositories)
    return f"{_listed(rule.packages)}, in {places}."


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
