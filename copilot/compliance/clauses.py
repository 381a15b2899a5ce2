"""What a text does with a phrase: asserts it, denies it, warns of it, or asks about it.

The cue words are data of the language file; this module only knows how cues govern what stands
near them. A denial reaches to the end of its clause, a warning to the end of its sentence, and a
warning never excuses what the speaker then says of an own product (但我们这款…).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from copilot.compliance.spans import Span

_AFTER_REACH = 40
_TAIL = 40
_MENTIONED = 22  # characters of a phrase that a sentence can speak of, its quotes included


class Stance(StrEnum):
    """Why a phrase is not the text's own assertion."""

    NEGATED = "negated"
    WARNED = "warned"
    QUESTION = "question"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Cues:
    """Cue words of one language, by what they do.

    ``mask`` are longer words in which a negator is no negator (不仅, 非常); ``denied_after``
    denies what stands before it at the end of a clause; ``warning`` governs forward,
    ``warned_after`` backward; ``education`` marks consumer education; ``own`` is the speaker
    turning to an own product. ``mention`` are words about words (表述): what stands in quotes
    beside one is spoken of, not said. ``report`` tells of others (某平台), two different words of
    ``exposition`` explain (往往, 行为), and neither counts where ``address`` turns to a reader.
    A sentence that ends in one of ``asks`` wants to know, unless one of ``lures`` (还, 难道) makes
    it the seller's own question.
    """

    negator: tuple[str, ...]
    mask: tuple[str, ...]
    denied_after: tuple[str, ...]
    warning: tuple[str, ...]
    warned_after: tuple[str, ...]
    education: tuple[str, ...]
    own: tuple[str, ...]
    question: tuple[str, ...]
    condition: tuple[str, ...]
    mention: tuple[str, ...] = ()
    report: tuple[str, ...] = ()
    exposition: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    lures: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[str]]) -> Cues:
        """Cues from a compiled pack."""
        return cls(**{name: tuple(words) for name, words in data.items()})

    def words(self) -> dict[str, tuple[str, ...]]:
        """Every cue list by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Grammar:
    """Where clauses and sentences of one language end, and how far a denial reaches.

    ``carried`` matches at the start of a clause that goes on with the denial before it;
    ``reach`` is the number of characters over which a plain negator is still felt to govern, and
    ``double_reach`` how near two negators must stand to make an assertion. ``marks`` are the
    characters that a pattern does not need to see at the end of a sentence, and ``ends`` those
    with which one may end.
    """

    ends: str
    sentence_end: re.Pattern[str]
    clause_end: re.Pattern[str]
    quoted: re.Pattern[str]
    carried: re.Pattern[str]
    reach: int
    double_reach: int
    marks: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Grammar:
        """A grammar from a compiled pack: characters and words, never expressions."""
        ends, pauses = data["ends"], data["ends"] + data["pauses"]
        tails = [
            (data["ends_unless_digit"], "(?![0-9])"),
            (spaced := data["ends_before_space"], rf"[{_set_of(spaced)}]*(?![^\s\"')\]])"),
            ("…", "…?"),
        ]
        words = _any_of(data["pause_words"])
        before_words = [(" ", rf"(?=(?:{words})\b)")] if words else []
        opening, closing = _set_of(data["opening"]), _set_of(data["closing"])
        return cls(
            ends=ends + "".join(first for first, _ in tails),
            sentence_end=_mark([(ends, f"[{_set_of(ends)}]*"), *tails]),
            clause_end=_mark([*before_words, (pauses, f"[{_set_of(pauses)}]*"), *tails]),
            quoted=re.compile(rf"[{opening}]([^{opening}{closing}\n]{{1,60}})[{closing}]"),
            carried=re.compile(rf"(?:{_any_of(data['carried'])})"),
            reach=data["reach"],
            double_reach=data["double_reach"],
            marks=data["marks"],
        )


def _mark(kinds: Iterable[tuple[str, str]]) -> re.Pattern[str]:
    """One of some kinds of marks, each given by its first characters and what follows them.

    The expression begins with a class of characters, so that all others are quickly passed over.
    """
    known = [(first, rest) for first, rest in kinds if first]
    firsts = _set_of("".join(first for first, _ in known))
    kept = "|".join(f"(?<=[{_set_of(first)}]){rest}" for first, rest in known)
    return re.compile(f"[{firsts}](?:{kept})")


def _set_of(characters: str) -> str:
    return "".join(map(re.escape, characters)) or "\ue0ff"


def _any_of(words: Sequence[str]) -> str:
    return "|".join(map(re.escape, words))


class Structure:
    """Clauses and sentences of one folded text, with its cues.

    Args:
        text: the folded text.
        cues: finds the cues of a text, when first needed: name → spans, in order of start.
        grammar: the grammar of the text's language.
        unfinished: the text goes on; what later text could take back then excuses nothing.
    """

    def __init__(
        self,
        text: str,
        cues: Callable[[str], Mapping[str, Sequence[Span]]],
        grammar: Grammar,
        *,
        unfinished: bool = False,
    ) -> None:
        self._text = text
        self._find_cues = cues
        self._grammar = grammar
        self._unfinished = unfinished
        self._tells: dict[int, bool] = {}
        self.sentence_ends = _ends(grammar.sentence_end, text)

    def excuses(self, stances: Iterable[str], start: int, end: int) -> bool:
        """Whether the text takes one of these stances to ``text[start:end]``."""
        return any(_TAKES[stance](self, start, end) for stance in stances)

    def _conditional(self, start: int, end: int) -> bool:
        clause_start, _ = self.clause(start)
        return self._last("condition", clause_start, start) is not None

    def sentence(self, position: int) -> tuple[int, int]:
        """The bounds of the sentence around a position."""
        return _segment(self.sentence_ends, position)

    def clause(self, position: int) -> tuple[int, int]:
        """The bounds of the clause around a position."""
        return _segment(self._clause_ends, position)

    @cached_property
    def _clause_ends(self) -> list[int]:
        return _ends(self._grammar.clause_end, self._text)

    @cached_property
    def _cues(self) -> Mapping[str, Sequence[Span]]:
        return self._find_cues(self._text)

    @cached_property
    def _negators(self) -> list[tuple[int, int]]:
        negators, masks = self._cues.get("negator", ()), self._cues.get("mask", ())
        if not masks:
            return _longest(negators)
        starts = [start for start, _ in masks]
        longest = max(end - start for start, end in masks)
        kept = []
        for start, end in negators:
            low = bisect_left(starts, start - longest)
            for _, mask_end in masks[low : bisect_right(starts, start)]:
                if end <= mask_end:
                    break
            else:
                kept.append((start, end))
        return _longest(kept)

    @cached_property
    def _quotes(self) -> list[tuple[int, int]]:
        return [match.span() for match in self._grammar.quoted.finditer(self._text)]

    def _last(self, cue: str, low: int, high: int) -> Span | None:
        """The last span of a cue within ``[low, high)``."""
        spans = self._negators if cue == "negator" else self._cues.get(cue, ())
        index = bisect_left(spans, (high, high)) - 1
        while index >= 0 and spans[index][0] >= low:
            if spans[index][1] <= high:
                return spans[index]
            index -= 1
        return None

    def _first(self, cue: str, low: int, high: int) -> Span | None:
        """The first span of a cue within ``[low, high)``."""
        spans = self._cues.get(cue, ())
        index = bisect_left(spans, (low, low))
        return spans[index] if index < len(spans) and spans[index][1] <= high else None

    def _denied_by(self, low: int, high: int) -> bool | None:
        """Whether the nearest negator from ``low`` up to ``high`` denies; ``None``: there is none.

        It may run into what it denies (不|是存款). A negator right before it makes an assertion of
        the two (不是不保本).
        """
        index = bisect_left(self._negators, (high, high)) - 1
        if index < 0 or self._negators[index][0] < low:
            return None
        nearest = self._negators[index][0]
        return (
            self._last("negator", max(low, nearest - self._grammar.double_reach), nearest) is None
        )

    def _negated(self, start: int, end: int) -> bool:
        clause_start, clause_end = self.clause(start)
        denied = self._denied_by(max(clause_start, start - self._grammar.reach), start)
        if denied is not None:
            return denied
        if self._carried_negation(clause_start, start):
            return True
        tail = self._last("denied_after", max(end, clause_end - _TAIL), clause_end)
        return tail is not None and clause_end - tail[1] <= 2

    def _carried_negation(self, clause_start: int, start: int) -> bool:
        """A denial in the clause before, carried on by 或/以及/如 …"""
        if clause_start == 0 or not self._grammar.carried.match(self._text, clause_start):
            return False
        sentence_start, _ = self.sentence(start)
        previous_start, _ = self.clause(max(clause_start - 1, 0))
        if previous_start < sentence_start or self._last("own", clause_start, start):
            return False
        return self._denied_by(max(previous_start, clause_start - _TAIL), clause_start) is True

    def _warned(self, start: int, end: int) -> bool:
        sentence_start, sentence_end = self.sentence(start)
        own = self._last("own", sentence_start, start)
        before = self._last("warning", sentence_start, start)
        if before and (own is None or before[0] > own[0]):
            return True
        after = self._first("warned_after", end, min(sentence_end, end + _AFTER_REACH))
        if after and not self._first("own", end, after[0]):
            return True
        if self._asked_of(end, sentence_start, sentence_end):
            return True
        if own is not None:
            return False
        if self._quoted(start) and self._warning_around(sentence_start, sentence_end):
            return True
        if self._teaches or self._told(sentence_start, sentence_end):
            return True
        return self._spoken_of(start, sentence_start, sentence_end)

    def _spoken_of(self, start: int, low: int, high: int) -> bool:
        """Whether a sentence that turns to nobody speaks of words in quotes: named, or few."""
        quote = self._quote_around(start)
        if quote is None or self._turns_to_a_reader(low, high):
            return False
        if self._first("mention", low, high):
            return True
        length = quote[1] - quote[0]
        return length <= _MENTIONED and 3 * length < high - low

    def _told(self, low: int, high: int) -> bool:
        """Whether a sentence tells of others or explains, and turns to nobody."""
        if low not in self._tells:
            self._tells[low] = self._tells_of_others(low, high)
        return self._tells[low]

    def _turns_to_a_reader(self, low: int, high: int) -> bool:
        """Whether a sentence sells something own or speaks to someone; an unfinished one may."""
        if self._unfinished and high >= len(self._text):
            return True
        return any(self._first(cue, low, high) for cue in ("own", "address"))

    def _tells_of_others(self, low: int, high: int) -> bool:
        if self._turns_to_a_reader(low, high):
            return False
        if self._first("report", low, high) or self._explains(low, high):
            return True
        return self._wants_to_know(low, high)

    def _wants_to_know(self, low: int, high: int) -> bool:
        asked = self._last("asks", low, high)
        if asked is None or self._first("lures", low, high):
            return False
        return not self._text[asked[1] : high].strip(self._grammar.marks)

    def _asked_of(self, end: int, low: int, high: int) -> bool:
        """Whether the phrase is just what a sentence asks (这款保本吗？), put to nobody."""
        asked = self._last("asks", low, high)
        if asked is None or asked[0] != end or self._first("address", low, high):
            return False
        return self._wants_to_know(low, high)

    def _explains(self, low: int, high: int) -> bool:
        spans = self._cues.get("exposition", ())
        index = bisect_left(spans, (low, low))
        words = set()
        while index < len(spans) and spans[index][1] <= high:
            words.add(self._text[slice(*spans[index])])
            index += 1
        return len(words) >= 2

    def _warning_around(self, low: int, high: int) -> bool:
        low, _ = self.sentence(max(low - 1, 0))
        _, high = self.sentence(min(high, len(self._text)))
        return any(self._first(cue, low, high) for cue in ("warning", "warned_after", "education"))

    @cached_property
    def _teaches(self) -> bool:
        """Whether the whole text is consumer education: two cues and nothing of its own to sell."""
        cues = {self._text[s:e] for s, e in self._cues.get("education", ())}
        return len(cues) >= 2 and not self._cues.get("own") and not self._unfinished

    def _quoted(self, start: int) -> bool:
        return self._quote_around(start) is not None

    def _quote_around(self, start: int) -> Span | None:
        index = bisect_right(self._quotes, (start, len(self._text) + 1)) - 1
        inside = index >= 0 and self._quotes[index][0] < start < self._quotes[index][1]
        return self._quotes[index] if inside else None

    def _asked(self, start: int, end: int) -> bool:
        _, sentence_end = self.sentence(start)
        tail = self._text[max(end, sentence_end - 3) : sentence_end]
        return "?" in tail or self._first("question", end, sentence_end) is not None


_TAKES = {
    Stance.NEGATED.value: Structure._negated,
    Stance.WARNED.value: Structure._warned,
    Stance.QUESTION.value: Structure._asked,
    Stance.CONDITION.value: Structure._conditional,
}


def _ends(mark: re.Pattern[str], text: str) -> list[int]:
    """Where the parts of a text end that a mark divides, in order."""
    return [*[match.end() for match in mark.finditer(text)], len(text)]


def _segment(ends: Sequence[int], position: int) -> tuple[int, int]:
    index = bisect_right(ends, position)
    start = ends[index - 1] if index else 0
    return start, ends[index] if index < len(ends) else max(start, ends[-1] if ends else 0)


def _longest(spans: Sequence[Span]) -> list[Span]:
    """Of spans in order, those that overlap as the longest of the first."""
    kept: list[Span] = []
    for span in spans:
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
        elif span[0] == kept[-1][0]:
            kept[-1] = span
    return kept
