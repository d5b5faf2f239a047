"""The policy of the company whose origin controls are tested: one rule of every kind."""

from __future__ import annotations

from typing import Any

from steward import patterns
from steward.policy import OriginRule, Policy, PromotionRoute
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
    promotions=(PromotionRoute("approved", (patterns.parse("/npm/*"),), "npm-intake", APPROVED),),
)
