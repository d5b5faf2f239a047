"""Rules of `caches`, and lock files of many packages, for a company that warms."""

from __future__ import annotations

from typing import Any

from steward.cache_rules import CachedPackage, CacheRule
from steward.lockfiles import Locked
from tests.functional.warming_company import REPOSITORY, WarmingCompany

RULE = "caches[0]"
REACT = CachedPackage("npm", None, "react", "18.2.0")
REQUESTS = CachedPackage("pypi", None, "requests", "2.32.4")
REACT_PURL = "pkg:npm/react@18.2.0"
REQUESTS_PURL = "pkg:pypi/requests@2.32.4"


def rule(name: str = RULE, **said: Any) -> CacheRule:  # noqa: ANN401  the fields of a rule
    """Return a rule, of two packages unless told otherwise."""
    return CacheRule(name, REPOSITORY, **({"packages": (REACT, REQUESTS)} | said))


def locked(number: int) -> Locked:
    """Return a version of one of many packages of npm."""
    return Locked("npm", None, f"package-{number}", "1.0.0")


def many(warming: WarmingCompany, number: int) -> None:
    """The rule wants *number* packages, in one lock file."""
    warming.policy = type(warming.policy)(
        warming.policy.digest,
        warming.policy.domain,
        (),
        caches=(rule(packages=(), lockfiles=("package-lock.json",)),),
    )
    warming.locked["package-lock.json"] = tuple(map(locked, range(number)))
