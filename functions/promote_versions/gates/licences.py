"""The gate ``licences``: what the version's metadata says about its licence, by SPDX."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from promote_versions.facts import Unavailable, VersionFacts
from promote_versions.gates.waits import UNANSWERED, UNKNOWN, later
from promote_versions.verdicts import Verdict, hold, pass_, refuse
from steward.licences import LicenceAnswer, licensed

if TYPE_CHECKING:
    from steward.promotion_rules import Licences
    from steward.version_contents import Licence

GATE: Final = "licences"


def judge(facts: VersionFacts, requirement: Licences, *, now: datetime) -> Verdict:
    """
    Return whether all licences of the version are allowed; :func:`steward.licences.licensed`.

    - A version that names several is under all of them: each must be allowed.
    - One that names none is held, and so is one whose text is no SPDX expression: the reason says
      which text the policy would have to explain, under ``texts``.
    - A licence is judged by its name; if it has none, the link to it has to be explained.
    """
    if isinstance(facts.licences, Unavailable):
        reason = f"has a licence that nobody could tell: {facts.licences.reason}"
        return hold(GATE, reason, until=later(now, UNANSWERED))
    texts = [text for one in facts.licences if (text := _text(one))]
    named: dict[str, object] = {"licences": list(texts)}
    if not texts:
        return hold(GATE, "names no licence", named, until=later(now, UNKNOWN))
    answers = {text: _licensed(text, requirement) for text in texts}
    refused = [answer.reason for answer in answers.values() if answer.outcome == "refuse"]
    if refused:
        return refuse(GATE, f"has a licence that is not allowed: {', '.join(refused)}", named)
    unknown = [text for text, answer in answers.items() if answer.outcome == "unknown"]
    if unknown:
        shown = ", ".join(repr(text) for text in unknown)
        reason = f"has a licence that nobody knows: say in the rule's texts what {shown} means"
        return hold(GATE, reason, named, until=later(now, UNKNOWN))
    reasons = dict.fromkeys(answer.reason for answer in answers.values())
    return pass_(GATE, f"has a licence that is allowed: {', '.join(reasons)}", named)


def _licensed(text: str, requirement: Licences) -> LicenceAnswer:
    return licensed(text, allow=requirement.allow, deny=requirement.deny, texts=requirement.texts)


def _text(licence: Licence) -> str:
    return (licence.name or licence.url or "").strip()
