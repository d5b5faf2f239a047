"""The lock files that a policy file names: read, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from steward import patterns
from steward.lockfiles import MAX_BYTES, LockfileError, hashes_in
from steward.policy_lines import Location, Mistake, PolicySource
from steward.policy_promotions import PromotionsRule
from steward.promotion_rules import matcher

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Lockfiles:
    """
    The lock files of a policy.

    Attributes:
        texts: By name, as the policy has it.
        hashes: By name, then by package URL with version.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, Mapping[str, set[str]]] = field(default_factory=dict)


def read_lockfiles(
    rules: Sequence[PromotionsRule], source: PolicySource
) -> tuple[Lockfiles, list[Mistake]]:
    """Return the lock files that *rules* name, and a mistake for each that is of no use."""
    texts: dict[str, str] = {}
    hashes: dict[str, Mapping[str, set[str]]] = {}
    mistakes: list[Mistake] = []
    for index, rule in enumerate(rules):
        for number, name in enumerate(rule.require.integrity):
            place: Location = ("promotions", index, "require", "integrity", number)
            try:
                if name not in hashes:
                    texts[name] = text_beside(source.file, name)
                    hashes[name] = read_by(hashes_in, name, texts[name])
                mistakes += _useless(rule, name, hashes[name], source, place)
            except UselessError as error:
                mistakes.append(source.mistake(place, error.problem, error.remedy))
    return Lockfiles(texts, hashes), mistakes


class UselessError(Exception):
    """
    A lock file is of no use.

    Attributes:
        problem: What is wrong with it.
        remedy: What to do about it, as a sentence.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def text_beside(policy: str, name: str) -> str:
    """
    Return the text of the lock file *name*, as the policy file *policy* names it.

    It stands in the folder of the policy file or below it, and links lead nowhere else: so a policy
    is built from what is reviewed with it.

    Raises:
        UselessError: It does not, it is too large to be one, or it cannot be read.
    """
    folder = Path(policy).parent
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve(strict=True)):
            raise UselessError(
                f"{name} leads out of the folder of the policy file",
                "Put the file itself beside the policy file.",
            )
        if path.stat().st_size > MAX_BYTES:
            raise UselessError(
                f"{name} is larger than {MAX_BYTES // 1_000_000} MB",
                "Name a lock file: none is that large.",
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UselessError(f"{name} is not UTF-8", "Make it anew.") from error
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a loop
        reason = getattr(error, "strerror", None) or str(error)
        raise UselessError(
            f"{name} cannot be read: {reason}", "Put the file beside the policy file."
        ) from error


def read_by(reader: Callable[[str, str], Read], name: str, text: str) -> Read:
    """
    Return what *reader*, one of :mod:`steward.lockfiles`, makes of the lock file *name*.

    Raises:
        UselessError: The file is of no use, and why.
    """
    try:
        return reader(Path(name).name, text)
    except LockfileError as error:
        raise UselessError(f"{name}: {str(error).rstrip('.')}", "Make it anew.") from error


def _useless(
    rule: PromotionsRule,
    name: str,
    hashes: Mapping[str, set[str]],
    source: PolicySource,
    place: Location,
) -> Iterator[Mistake]:
    mine = [patterns.parse(text) for text in rule.packages]
    if not any(pattern.covers(matcher(purl).pattern) for pattern in mine for purl in hashes):
        yield source.mistake(
            place,
            f"{name} has no hash of a package of this rule: nothing could pass",
            "Name the lock file of the rule's format, with hashes.",
        )
