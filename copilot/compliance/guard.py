"""The streaming guard: a text that arrives in pieces is let out only as far as it is lawful.

A sentence is let out when it is complete and no rule objects to it, whatever may follow. What a
rule objects to, and all that comes after it, is held until the end, where the text is judged as
a whole and what it lacks is put behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from copilot.compliance.checker import Checker
from copilot.compliance.rewrite import Wording, missing_wording
from copilot.errors import InputError
from copilot.records.compliance import CheckContext, CheckResult, Finding

LIMIT = 50_000  # characters of one text; a stream that goes on without end is cut off
_BEHIND = 600  # characters before the open part that are read with it
_MAY_END = re.compile(r"[。｡！!？?；;.．\n\r\x0b\x0c\x85\u2028\u2029⁇⁈⁉‼]")
_END = re.compile(r"[。!?;]|\n|\.(?=[ \n])")
_LATIN_END = re.compile(r"[.!?](?=[ \n])|\n")
_AHEAD = 3  # characters after a line break or full stop that settle whether it ends a sentence


@dataclass(frozen=True, slots=True)
class GuardEnd:
    """How a stream ended.

    ``release`` is what may still be shown and ``append`` what must be shown behind it.
    ``withheld`` tells that part of the text was held back for good; ``result`` is the checker's
    answer for the whole text as received, with what was appended.
    """

    release: str
    append: str
    withheld: bool
    result: CheckResult


class Guard:
    """Guards one stream.

    >>> from copilot.compliance.checker import load_checker
    >>> from copilot.paths import shipped
    >>> guard = Guard(load_checker(None, shipped("knowledge")), CheckContext(whole=False))
    >>> [guard.feed(piece) for piece in ("期限180", "天。这款保", " 本保息。")]
    ['', '期限180天。', '']
    >>> guard.finish().withheld
    True
    """

    def __init__(
        self,
        checker: Checker,
        context: CheckContext,
        *,
        wording: Wording | None = None,
        limit: int = LIMIT,
    ) -> None:
        self._checker = checker
        self._context = context
        self._wording = wording
        self._limit = limit
        self._languages = checker.languages(context)
        self._text = ""
        self._shown = 0
        self._judged = 0
        self._ends: list[int] = [0]
        self.objection: Finding | None = None
        """The first objection to what is held, if any; later text may still excuse it."""

    def feed(self, piece: str) -> str:
        """Takes the next piece and returns what may be shown now.

        Raises:
            InputError: the text is longer than the guard's limit.
        """
        self._text += piece
        if len(self._text) > self._limit:
            raise InputError(
                f"文字超过 {self._limit} 个字，已停止输出。", next="请缩小提问的范围后重试。"
            )
        if not _MAY_END.search(self._text, self._shown):
            return ""
        start = self._window()
        found = self._sentence_ends(self._text[start:], whole=False)
        ends = [start + end for end in found if start + end > self._shown]
        if not ends or ends[-1] <= self._judged:
            return ""
        self._judged = ends[-1]
        context = replace(self._context, whole=False)
        result = self._checker.check(self._text[start : ends[-1]], context, unfinished=True)
        objected = [f for f in result.blocking if f.start < f.end]
        self.objection = min(objected, key=lambda f: f.start, default=None)
        bound = ends[-1] if self.objection is None else start + self.objection.start
        free = [end for end in ends if end <= bound]
        self._ends += free
        return self._let_out(free[-1]) if free else ""

    def finish(self) -> GuardEnd:
        """Judges the whole text; to be called once, after the last piece."""
        text = self._text
        result = self._checker.check(text, self._context)
        objected = [f.start for f in result.blocking if f.start < f.end]
        if objected:
            ends = self._sentence_ends(text, whole=True)
            last = max((end for end in ends if end <= min(objected)), default=0)
            return GuardEnd(self._let_out(max(last, self._shown)), "", True, result)
        append = ""
        if result.blocking:
            append = missing_wording(self._checker, text, self._context, self._wording)
            result = self._checker.check(text + append, self._context) if append else result
        return GuardEnd(self._let_out(len(text)), append, False, result)

    def _window(self) -> int:
        """Where reading starts: a sentence that ended well before the open part."""
        while len(self._ends) > 1 and self._ends[1] <= self._shown - _BEHIND:
            del self._ends[0]
        return self._ends[0]

    def _sentence_ends(self, text: str, *, whole: bool) -> list[int]:
        """The ends of sentences in every language of the rules, in order.

        Unless the text is ``whole``, only those that later text cannot undo.
        """
        shared: set[int] | None = None
        for language in self._languages:
            folded = language.normaliser.fold(text)
            hard, ending = ("", _LATIN_END) if language.whole_words else ("。!?;", _END)
            found = {
                folded.span(match.start(), match.end())[1]
                for match in ending.finditer(folded.text)
                if whole or match.group() in hard or match.end() + _AHEAD <= len(folded.text)
            }
            shared = found if shared is None else shared & found
        return sorted(shared or ())

    def _let_out(self, end: int) -> str:
        released, self._shown = self._text[self._shown : end], end
        return released
