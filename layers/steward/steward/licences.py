"""
What a licence text means, and whether a rule allows it.

Texts are SPDX licence expressions ("SPDX License Expressions", annex of the SPDX specification), or
what the rule says that they mean. Everything else is unknown: nobody guesses about a licence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal

from steward.errors import StewardError

LicenceOutcome = Literal["pass", "refuse", "unknown"]

_MAX_LENGTH: Final = 1_000  # our choice: expressions are short, and free texts are whole licences
_MAX_WORDS: Final = 100  # the same: no licence that anybody has read has as many alternatives


# Deprecated identifiers of the SPDX License List, and what it has instead.
_OLD_GNU: Final = re.compile(
    r"(?<![^ (])((?:A|L)?GPL-[0-9.]+[0-9]|GFDL-[0-9.]+[0-9])(\+?)(?![^ )])"
)
_OLD_EXCEPTIONS: Final = {
    "GPL-2.0-with-GCC-exception": "GPL-2.0-only WITH GCC-exception-2.0",
    "GPL-2.0-with-autoconf-exception": "GPL-2.0-only WITH Autoconf-exception-2.0",
    "GPL-2.0-with-bison-exception": "GPL-2.0-only WITH Bison-exception-2.2",
    "GPL-2.0-with-classpath-exception": "GPL-2.0-only WITH Classpath-exception-2.0",
    "GPL-2.0-with-font-exception": "GPL-2.0-only WITH Font-exception-2.0",
    "GPL-3.0-with-GCC-exception": "GPL-3.0-only WITH GCC-exception-3.1",
    "GPL-3.0-with-autoconf-exception": "GPL-3.0-only WITH Autoconf-exception-3.0",
    "eCos-2.0": "GPL-2.0-or-later WITH eCos-exception-2.0",
    "wxWindows": "LGPL-2.0-or-later WITH WxWindows-exception-3.1",
}
_OLD_NAME: Final = re.compile(
    rf"(?<![^ (])({'|'.join(map(re.escape, _OLD_EXCEPTIONS))})(?![^ )])(?! WITH )"
)


class LicenceError(StewardError):
    """A text is no SPDX licence expression."""


@dataclass(frozen=True, slots=True)
class LicenceAnswer:
    """
    Whether a rule allows what a text says.

    Attributes:
        outcome: ``unknown``: the text is no SPDX expression, or one of a private licence
            (``LicenseRef-...``) that the rule does not name.
        reason: The part of the text that decided, in a sentence.
    """

    outcome: LicenceOutcome
    reason: str


def canonical(expression: str) -> str:
    """
    Return *expression* as SPDX spells it: identifiers in their own case, operators in capitals.

    GNU licences get the names that SPDX has had for them since its list 3.0: ``GPL-2.0`` is
    ``GPL-2.0-only``, ``GPL-2.0+`` is ``GPL-2.0-or-later``. So a rule that names one means both, and
    the names that held an exception (``GPL-2.0-with-classpath-exception``) are no way around it.

    Raises:
        LicenceError: It is no SPDX licence expression.
    """
    from packaging.licenses import (  # noqa: PLC0415  only rules with a licence gate pay for it
        InvalidLicenseExpression,
        canonicalize_license_expression,
    )

    if not expression.isascii() or not 0 < len(expression) <= _MAX_LENGTH:
        raise LicenceError(f"{_shown(expression)} is no SPDX licence expression")
    words = expression.replace("(", " ( ").replace(")", " ) ").split()
    if len(words) > _MAX_WORDS:
        raise LicenceError(f"{_shown(expression)} is no SPDX licence expression")
    try:
        current = _OLD_GNU.sub(_current, canonicalize_license_expression(expression))
        return _OLD_NAME.sub(lambda match: _OLD_EXCEPTIONS[match[1]], current)
    except InvalidLicenseExpression as error:
        raise LicenceError(f"{_shown(expression)} is no SPDX licence expression") from error


def licensed(
    text: str, *, allow: AbstractSet[str], deny: AbstractSet[str], texts: Mapping[str, str]
) -> LicenceAnswer:
    """
    Return whether a version under the licence *text* may pass.

    - *texts* comes first: what it says that the text means is what is judged.
    - ``AND`` needs all of its licences, ``OR`` one of them.
    - An identifier in *deny* is refused, whatever *allow* says; one in neither is refused too,
      unless *allow* is empty, which allows every licence that SPDX knows.
    - ``ID WITH EXCEPTION`` and ``ID+`` count as a licence of their own if *allow* or *deny* name
      them so, else as ``ID``: an exception takes nothing away, and ``+`` leaves the choice of
      ``ID``. So GPL-2.0-only can be denied, and allowed with the Classpath exception.

    Args:
        allow: Identifiers, or ``ID WITH EXCEPTION``, in SPDX's own case.
        deny: Likewise.
        texts: Casefolded text, without white space around it, to SPDX expression.
    """
    wanted = text.strip()
    try:
        expression = canonical(texts.get(wanted.casefold(), wanted))
    except LicenceError as error:
        return LicenceAnswer("unknown", str(error))
    words = expression.replace("(", " ( ").replace(")", " ) ").split()
    return _Reader(words, allow, deny).alternatives()


class _Reader:
    """Judges an expression while it reads it: OR binds looser than AND, AND looser than WITH."""

    def __init__(self, words: list[str], allow: AbstractSet[str], deny: AbstractSet[str]) -> None:
        self._words = words
        self._allow = allow
        self._deny = deny

    def alternatives(self) -> LicenceAnswer:
        answers = [self._all()]
        while self._took("OR"):
            answers.append(self._all())
        return _first(answers, "pass", "unknown", "refuse")

    def _all(self) -> LicenceAnswer:
        answers = [self._one()]
        while self._took("AND"):
            answers.append(self._one())
        return _first(answers, "refuse", "unknown", "pass")

    def _one(self) -> LicenceAnswer:
        word = self._words.pop(0)
        if word == "(":
            answer = self.alternatives()
            self._words.pop(0)
            return answer
        if self._took("WITH"):
            return self._judged(f"{word} WITH {self._words.pop(0)}", word)
        return self._judged(word, word.removesuffix("+"))

    def _judged(self, whole: str, identifier: str) -> LicenceAnswer:
        for name in dict.fromkeys((whole, identifier)):
            if name in self._deny:
                return LicenceAnswer("refuse", f"{whole} is denied")
            if name in self._allow:
                return LicenceAnswer("pass", f"{whole} is allowed")
        if identifier.startswith("LicenseRef-"):
            return LicenceAnswer("unknown", f"{whole} is a licence that SPDX does not know")
        if self._allow:
            return LicenceAnswer("refuse", f"{whole} is not among those that are allowed")
        return LicenceAnswer("pass", f"{whole} is not denied")

    def _took(self, word: str) -> bool:
        if self._words[:1] == [word]:
            del self._words[0]
            return True
        return False


def _first(answers: list[LicenceAnswer], *outcomes: LicenceOutcome) -> LicenceAnswer:
    """Return the first of *answers* with the first of *outcomes* that any of them has."""
    return next(one for outcome in outcomes for one in answers if one.outcome == outcome)


def _current(match: re.Match[str]) -> str:
    return f"{match[1]}-{'or-later' if match[2] else 'only'}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")  # noqa: PLR2004  fits on a line
