"""What is wrong in or between the rules of `promotions`, each key of which is right by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from steward import patterns
from steward.coordinates import FORMATS, Format
from steward.patterns import Pattern
from steward.policy_lines import Location, Mistake, PolicySource
from steward.policy_promotion_values import CONNECTIONS, end_of_day
from steward.policy_promotions import PromotionsRule, RequireKeys
from steward.promotion_rules import matcher
from steward.version_ranges import RangeError, parse_range

# OSV's ecosystems as we ask for them; Swift's are named by repository URLs, which CodeArtifact does
# not tell (OSV schema, "affected[].package").
_UNKNOWN_TO_OSV: Final[frozenset[Format]] = frozenset({"generic", "swift"})
# Nothing that these formats' endpoints answer says when a version was released.
_WITHOUT_RELEASE_TIMES: Final[frozenset[Format]] = frozenset({"generic", "ruby", "swift"})
# Any text is a version of a generic package, and none of them is a release.
_WITHOUT_ORDER: Final[frozenset[Format]] = frozenset({"generic"})


@dataclass(frozen=True, slots=True)
class _Impasse:
    """A gate that no version of some formats can pass."""

    key: str
    formats: frozenset[Format]
    reason: str
    verb: Literal["hold", "refuse"] = "hold"


def promotion_mistakes(rules: Sequence[PromotionsRule], source: PolicySource) -> Iterator[Mistake]:
    """Yield what is wrong in each rule, and each rule that closes a circle."""
    for index, rule in enumerate(rules):
        place: Location = ("promotions", index, "require")
        yield from _deadlocked(rule, place, source)
        yield from _origins_of_others(rule, place, source)
        yield from _never_passing(rule, place, source)
        yield from _licences_of_both_kinds(rule, place, source)
        yield from _range(rule, place, source)
    yield from _circles(rules, source)


def promotion_warnings(
    rules: Sequence[PromotionsRule], source: PolicySource, *, now: datetime
) -> Iterator[Mistake]:
    """Yield what is no mistake, and probably not what is wanted."""
    for index, rule in enumerate(rules):
        place: Location = ("promotions", index, "require")
        if rule.require == RequireKeys():
            yield source.mistake(
                place,
                "this rule requires nothing: every version of its packages is copied",
                "Add what a version has to pass, such as vulnerabilities: {block_at: malicious}.",
            )
        if None in _formats_named(rule):
            for impasse in _impasses(rule):
                yield source.mistake(
                    (*place, impasse.key),
                    f"/* is every format, and {impasse.reason} of {_formats(impasse.formats)}: "
                    f"this rule will {impasse.verb} all of their versions",
                    "Name the formats that you mean: /npm/*, /pypi/*.",
                )
        waivers = rule.require.vulnerabilities.waivers if rule.require.vulnerabilities else []
        for number, waiver in enumerate(waivers):
            if end_of_day(waiver.until) <= now:
                yield source.mistake(
                    (*place, "vulnerabilities", "waivers", number, "until"),
                    f"the waiver of {waiver.id} has expired on {waiver.until}: it counts no more",
                    "Delete it, or judge the vulnerability anew.",
                )


def _formats_named(rule: PromotionsRule) -> set[Format | None]:
    return {patterns.parse(text).format for text in rule.packages}


def _impasses(rule: PromotionsRule) -> Iterator[_Impasse]:
    require = rule.require
    if require.minimum_age is not None:
        yield _Impasse("minimum_age", _WITHOUT_RELEASE_TIMES, "nobody tells the release times")
    if require.vulnerabilities is not None:
        yield _Impasse("vulnerabilities", _UNKNOWN_TO_OSV, "OSV knows no packages")
    if require.versions is not None and require.versions.only is not None:
        yield _Impasse("versions", _WITHOUT_ORDER, "nobody knows releases", "refuse")


def _deadlocked(rule: PromotionsRule, place: Location, source: PolicySource) -> Iterator[Mistake]:
    named = _formats_named(rule)
    for impasse in _impasses(rule):
        hopeless = [known for known in FORMATS if known in impasse.formats & named]
        if hopeless:
            yield source.mistake(
                (*place, impasse.key),
                f"{impasse.reason} of {_formats(hopeless)}: this rule would {impasse.verb} all of "
                "their versions",
                "Give them a rule of their own, without this key.",
            )


def _origins_of_others(
    rule: PromotionsRule, place: Location, source: PolicySource
) -> Iterator[Mistake]:
    named = _formats_named(rule)
    for number, name in enumerate(rule.require.origin):
        package_format = CONNECTIONS.get(name)
        if package_format is not None and not named & {package_format, None}:
            fitting = [other for other, its in CONNECTIONS.items() if its in named]
            yield source.mistake(
                (*place, "origin", number),
                f"{name} has packages of {_formats([package_format])}, and this rule is about "
                f"{_formats([one for one in named if one is not None])}",
                f"Write {' or '.join((*fitting, 'internal'))}.",
            )


def _never_passing(
    rule: PromotionsRule, place: Location, source: PolicySource
) -> Iterator[Mistake]:
    mine = [patterns.parse(text) for text in rule.packages]
    allowed = [matcher(text) for text in rule.require.allow]
    denied = [matcher(text) for text in rule.require.deny]
    for number, one in enumerate(allowed):
        taker = next((n for n, other in enumerate(denied) if other.covers(one)), None)
        if taker is not None:
            yield source.mistake(
                (*place, "allow", number),
                f"{one} can never pass: {source.named((*place, 'deny', taker))} denies it",
                "Keep one of them.",
            )
    if allowed and not any(_shared(pattern, one.pattern) for pattern in mine for one in allowed):
        yield source.mistake(
            (*place, "allow"),
            "nothing can pass: no package of this rule is among these",
            f"Allow packages of {_listed(rule.packages)}.",
        )


def _licences_of_both_kinds(
    rule: PromotionsRule, place: Location, source: PolicySource
) -> Iterator[Mistake]:
    licences = rule.require.licences
    for number, name in enumerate(licences.allow if licences else []):
        if licences and name in licences.deny:
            at = (*place, "licences")
            other = source.named((*at, "deny", licences.deny.index(name)))
            yield source.mistake(
                (*at, "allow", number), f"{name} can never pass: {other} denies it", "Keep one."
            )


def _range(rule: PromotionsRule, place: Location, source: PolicySource) -> Iterator[Mistake]:
    text = rule.require.versions.range if rule.require.versions else None
    if text is None:
        return
    at = (*place, "versions", "range")
    package_format, *others = _formats_named(rule)
    if others or package_format is None:
        yield source.mistake(
            at,
            "a range is in the syntax of one format, and this rule is about several",
            "Make a rule for each format: /npm/*, /pypi/*.",
        )
        return
    try:
        parse_range(package_format, text)
    except RangeError as error:
        yield source.mistake(at, str(error), error.remedy)


def _circles(rules: Sequence[PromotionsRule], source: PolicySource) -> Iterator[Mistake]:
    """Yield a mistake for each rule by which some package gets back to where it came from."""
    for index, rule in enumerate(rules):
        circle = _way_back(rule, rules[:index])
        if circle is not None:
            pattern, repositories = circle
            yield source.mistake(
                ("promotions", index),
                f"this rule closes a circle for {pattern}: "
                f"{' -> '.join([rule.source, *repositories])}",
                "Promote in one direction only.",
            )


def _way_back(
    rule: PromotionsRule, earlier: Sequence[PromotionsRule]
) -> tuple[Pattern, list[str]] | None:
    """Return some packages of *rule*, and the way by which earlier rules lead them back."""
    ways = [(patterns.parse(text), [rule.to]) for text in rule.packages]
    seen = {(pattern, rule.to) for pattern, _ in ways}
    for pattern, way in ways:
        if way[-1] == rule.source:
            return pattern, way
        for other in earlier:
            if other.source != way[-1]:
                continue
            for text in other.packages:
                both = _shared(pattern, patterns.parse(text))
                if both is not None and (both, other.to) not in seen:
                    seen.add((both, other.to))
                    ways.append((both, [*way, other.to]))
    return None


def _shared(one: Pattern, other: Pattern) -> Pattern | None:
    """Return the pattern of the packages that both match: the narrower one, or none."""
    if one.covers(other):
        return other
    return one if other.covers(one) else None


def _formats(formats: Collection[Format]) -> str:
    return f"the format{'s' if len(formats) > 1 else ''} {_listed(formats)}"


def _listed(names: Collection[str]) -> str:
    ordered = sorted(names)
    return " and ".join([", ".join(ordered[:-1]), ordered[-1]] if ordered[1:] else ordered)
