"""The bank's word list, and the features of a text that both the model and people understand.

    text ─normalise─▶ character runs (1–3)  +  [marks] from the word list, negation applied

A mark such as ``[正面]`` stands for every positive word that no negator precedes; a sign such as
``[迹象久等]`` says nothing alone, and with others that someone complains.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from copilot.errors import InputError
from copilot.records.codes import Intent, Topic
from copilot.records.yaml_file import YamlFile

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

LONGEST_RUN = 3
POSITIVE, NEGATIVE, ANGRY, SARCASM, QUESTION, RESOLVED = (
    "[正面]",
    "[负面]",
    "[激烈]",
    "[反话]",
    "[疑问]",
    "[了结]",
)
_FLIPPED = {POSITIVE: "[否定正面]", NEGATIVE: "[否定负面]", ANGRY: "[否定激烈]"}
_MOODS = frozenset({POSITIVE, NEGATIVE, ANGRY, SARCASM})
_ASKED = "[问句]"
_LAST = "末句"
_ASKS = re.compile(
    r"(.)[不没]\1|[不没吗么嘛]$"
)  # "赔不赔", and what ends a question without a mark
_BREAKS = re.compile(r"[，。！？；、,!?;：:\s]+")
FIGURE = "0"
_NUMBER = "[一二两三四五六七八九十百]+"
_COUNTED = "[次趟遍回天周年块岁万]|个多?(?:月|小时|钟头|星期|礼拜)|分钟|小时|钟头|星期|礼拜"
_DIGITS = re.compile(rf"\d+|{_NUMBER}(?={_COUNTED})")
_NEGATION_REACH = 3  # characters between a negator and the word that it turns


class _Moods(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    angry: tuple[str, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    sentiment: _Moods
    sarcasm: tuple[str, ...] = ()
    negators: tuple[str, ...] = Field(min_length=1)
    contrast: tuple[str, ...] = ()
    question: tuple[str, ...] = ()
    topic: dict[Topic, tuple[str, ...]]
    intent: dict[Intent, tuple[str, ...]]
    resolved: tuple[str, ...] = ()
    signs: dict[str, tuple[str, ...]] = {}


@dataclass(frozen=True)
class Lexicon:
    """The words of ``lexicon.yaml`` by the mark that they leave."""

    marks: Mapping[str, tuple[str, ...]]
    negators: tuple[str, ...]
    contrast: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Lexicon:
        """Read and validate the word list.

        Raises:
            InputError: a key is unknown or the file is not YAML; names file and line.
        """
        if not path.is_file():
            raise InputError(
                "找不到客户原话的词表。", file=str(path), next="请检查知识库目录下的 feedback。"
            )
        given = YamlFile.read(path).validated(_File)
        marks = {
            POSITIVE: given.sentiment.positive,
            NEGATIVE: given.sentiment.negative,
            ANGRY: given.sentiment.angry,
            SARCASM: given.sarcasm,
            QUESTION: given.question,
            RESOLVED: given.resolved,
        }
        marks |= {f"[主题{code.value}]": words for code, words in given.topic.items()}
        marks |= {f"[诉求{code.value}]": words for code, words in given.intent.items()}
        marks |= {f"[迹象{name}]": words for name, words in given.signs.items()}
        return cls(marks, given.negators, given.contrast)

    @cached_property
    def _negated(self) -> re.Pattern[str]:
        words = "|".join(re.escape(w) for w in sorted(self.negators, key=len, reverse=True))
        return re.compile(f"(?:{words})")

    @cached_property
    def _words(self) -> tuple[AhoCorasick, list[list[str]]]:
        """All words at once, and the marks of each."""
        from ahocorasick_rs import AhoCorasick

        marks: dict[str, list[str]] = {}  # without the words that every figure would be
        for mark, words in self.marks.items():
            for word in dict.fromkeys(map(normalised, words)):
                if word not in ("", FIGURE):
                    marks.setdefault(word, []).append(mark)
        return AhoCorasick(list(marks)), list(marks.values())

    def found(self, text: str) -> Iterator[tuple[str, str]]:
        """Each mark that a text leaves, with the words that left it.

        >>> lexicon = Lexicon({POSITIVE: ("满意",)}, ("不",), ())
        >>> list(lexicon.found("很满意")), list(lexicon.found("不是很满意"))
        ([('[正面]', '满意')], [('[否定正面]', '不是很满意')])
        """
        for mark, start, end in _outer(list(self._places(text))):
            before = self._negation(text, start) if mark in _FLIPPED else ""
            if len(re.findall(self._negated, before)) % 2:
                yield _FLIPPED[mark], before + text[start:end]
            else:
                yield mark, text[start:end]

    def features(self, text: str) -> dict[str, float]:
        """What the model sees: every character run once, every mark at most twice.

        The part after the last contrast ("但是……") leaves its mood marks a second time.
        """
        plain = normalised(text)
        found: dict[str, float] = {}
        for part in _BREAKS.split(plain):
            for size in range(1, LONGEST_RUN + 1):
                for start in range(len(part) - size + 1):
                    found[part[start : start + size]] = 1.0
            found.pop(FIGURE, None)  # a figure alone says nothing
            if _ASKS.search(part):
                found[_ASKED] = 1.0
        for mark, _ in self.found(plain):
            found[mark] = min(found.get(mark, 0.0) + 1.0, 2.0)
        for mark, _ in self.found(self._after_contrast(plain)):
            if mark in (POSITIVE, NEGATIVE, ANGRY, *_FLIPPED.values()):
                found[mark + _LAST] = 1.0
        return found

    def _places(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Where each mark's words stand, the longest of those that overlap."""
        finder, marks = self._words
        found: dict[str, list[tuple[int, int]]] = {mark: [] for mark in self.marks}
        for word, start, end in finder.find_matches_as_indexes(text, overlapping=True):
            for mark in marks[word]:
                found[mark].append((start, -end))
        for mark, places in found.items():
            reached = 0
            for start, minus_end in sorted(places):
                if start >= reached:
                    reached = -minus_end
                    yield mark, start, reached

    def _negation(self, text: str, start: int) -> str:
        """The negators, and what stands between, right before a place in the same clause."""
        window = _BREAKS.split(text[max(0, start - _NEGATION_REACH - 4) : start])[-1]
        matches = list(self._negated.finditer(window))
        near = [m for m in matches if len(window) - m.end() <= _NEGATION_REACH]
        return window[near[0].start() :] if near else ""

    def _after_contrast(self, text: str) -> str:
        places = [text.rfind(word) for word in self.contrast]
        place = max(places, default=-1)
        return text[place:] if place > 0 else ""


def _outer(places: list[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """All places but moods inside a longer word of another mood: 多亏 is no 亏."""
    moods = [place for place in places if place[0] in _MOODS]
    for mark, start, end in places:
        inside = mark in _MOODS and any(
            first <= start and end <= last and last - first > end - start
            for _, first, last in moods
        )
        if not inside:
            yield mark, start, end


def normalised(text: str) -> str:
    """Half-width, lower case, figures and counts as one sign.

    >>> normalised("ＡＰＰ卡了30分钟，第三次了")
    'app卡了0分钟,第0次了'
    """
    return _DIGITS.sub(FIGURE, unicodedata.normalize("NFKC", text).lower())
