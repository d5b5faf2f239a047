"""The policy of the company whose origin controls are tested: one rule of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from steward import patterns
from steward.policy import OriginRule, Policy
from steward.promotion_rules import PromotionRule
from tests.functional.origin_domain import APPROVED
from tests.functional.watched_domain import DOMAIN


def _rule(number: int, *packages: str, **more: Any) -> OriginRule:  # noqa: ANN401  fields of the rule
    parsed = tuple(patterns.parse(text) for text in packages)
    return OriginRule(f"origins[{number}]", parsed, ("*",), **more)


POLICY = Policy(
    digest="0" * 64,
    domain=DOMAIN,
    origins=(
        _rule(
            0,
            "/npm/mycompany/*",
            "/pypi//mycompany~",
            "/maven/com.mycompany~",
            "/generic/mycompany/*",
            kind="internal",
            publish="ALLOW",
            upstream="BLOCK",
            external="archive",
        ),
        _rule(
            1,
            "/npm/reported/*",
            kind="internal",
            publish="ALLOW",
            upstream="BLOCK",
            external="report",
        ),
        _rule(
            2, "/npm/public/*", "/pypi//requests~", kind="public", publish="BLOCK", upstream="ALLOW"
        ),
        _rule(3, "/npm/no-publish/*", kind="explicit", publish="BLOCK"),
        _rule(4, "/npm/no-upstream/*", kind="explicit", upstream="BLOCK"),
        _rule(5, "/npm/closed/*", kind="explicit", publish="BLOCK", upstream="BLOCK"),
        _rule(6, "/npm/open/*", kind="explicit", publish="ALLOW", upstream="ALLOW"),
        _rule(7, "/npm/inferred/*", "/pypi//inferred~", kind="inferred"),
    ),
    promotions=(PromotionRule("approved", (patterns.parse("/npm/*"),), "npm-intake", APPROVED),),
)


@dataclass(frozen=True, slots=True)
class Above:
    """
    A rule above those of `POLICY`; the first one that matches decides.

    Attributes:
        scope: The packages that it is for; ``None``: all of npm.
        repository: The number of the only repository that it is for; ``None``: all.
        kind: The scope whose rule it repeats.
    """

    scope: str | None
    repository: int | None
    kind: str


def with_rules_above(above: Sequence[Above], *, repositories: Sequence[str]) -> Policy:
    """Return `POLICY` with these rules before its own, all of them numbered anew."""
    own = {str(rule.packages[0]): rule for rule in POLICY.origins}
    first = [
        replace(
            own[f"/npm/{each.kind}/*"],
            packages=(patterns.parse(f"/npm/{each.scope}/*" if each.scope else "/npm/*"),),
            repositories=("*",) if each.repository is None else (repositories[each.repository],),
        )
        for each in above
    ]
    rules = enumerate([*first, *POLICY.origins])
    origins = tuple(replace(rule, name=f"origins[{number}]") for number, rule in rules)
    return replace(POLICY, origins=origins)
