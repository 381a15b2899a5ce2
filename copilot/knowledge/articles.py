"""Chapters and articles of rules: 第二章 总则, 第十二条 …

An article begins where a line opens with the next number. A line that merely mentions one (第十条
规定…, wrapped or at the start of a sentence) has a number that was already passed, or goes on like
a sentence. A smaller number that the next such line counts on from begins a part that stands out of
its order (books of a code put together the other way round).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from copilot.knowledge.blocks import PlacedBlock
from copilot.knowledge.terms import arabic

_NUMBER = "[一二三四五六七八九十百千零〇0-9０-９]+"
_SPACES = r"[ \t\u3000]*"
_CHAPTER = re.compile(rf"^{_SPACES}(第({_NUMBER})([编章节])){_SPACES}(.*)$")
_ARTICLE = re.compile(
    rf"^{_SPACES}[【\[]?(第({_NUMBER})条(之{_NUMBER})?)[】\]]?"
    r"(?!规定|所称|所列|所述|第|至|、|和|与|及|或|款|项|中的|以外|之外|的)"
)
_CONTENTS_LINE = re.compile(r"[.…·\t ]{3,}\s*\d{1,4}$")
_LONGEST_CHAPTER = 40
_CHAPTER_LEVELS = {"编": 11, "章": 12, "节": 13}

_YEAR, _MONTH = r"(\d{4}|[〇零○一二三四五六七八九]{4})", r"([0-9一二三四五六七八九十]{1,3})"
_DAY = f"{_YEAR}年{_MONTH}月{_MONTH}日"
_IN_FORCE = re.compile(rf"自{_DAY}起(?:正式)?(?:施行|实施|执行|生效)")
_UNTIL = re.compile(rf"有效期(?:限)?(?:至|到){_DAY}")
_FILE_NUMBER = re.compile(r"[\u4e00-\u9fff]{2,15}[〔\[（(]\d{4}[〕\]）)](?:第)?\d{1,5}号")
_LAW_NAME = re.compile(
    r"《?([\u4e00-\u9fffA-Za-z0-9（）()〔〕、“”]{3,50}?"
    r"(?:办法|规定|规程|细则|指引|条例|准则|制度|守则|意见|通知|规则|手册|法)"
    r"(?:[（(](?:试行|暂行|修订|征求意见稿|\d{4}年(?:修订|版)?)[）)])?)》?"
)
_OPENING_LINES = 30


@dataclass(frozen=True, slots=True)
class Section:
    """A titled stretch of text: ``titles`` from the outermost, span of the words themselves.

    ``article`` is 第X条 when the section is one; ``place`` says where the original has it.
    """

    titles: tuple[str, ...]
    start: int
    end: int
    article: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What a rule says of itself: its name, file number, and from when until when it holds."""

    title: str = ""
    number: str = ""
    effective_from: date | None = None
    effective_to: date | None = None


def is_division(line: str) -> bool:
    """Whether a line opens a chapter or an article.

    >>> is_division("第十二条 营销宣传不得误导。"), is_division("第十条规定的情形除外。")
    (True, False)
    """
    return _chapter(line) is not None or _ARTICLE.match(line) is not None


def sections_of(blocks: Iterable[PlacedBlock]) -> list[Section]:
    """The sections of a document under their headings, chapters and articles."""
    outline = _Outline()
    for placed, next_number in _with_next_number(list(blocks)):
        outline.add(placed, next_number)
    return outline.finished()


def _with_next_number(blocks: Sequence[PlacedBlock]) -> list[tuple[PlacedBlock, int]]:
    """Each block with the number of the next line that looks like an article; 0 after the last."""
    found, number = [], 0
    for placed in reversed(blocks):
        found.append((placed, number))
        article = _ARTICLE.match(placed.block.text)
        number = _value(article[2]) if article else number
    return found[::-1]


@dataclass(slots=True)
class _Outline:
    _found: list[Section] = field(default_factory=list)
    _titles: list[tuple[int, str]] = field(default_factory=list)
    _open: list[PlacedBlock] = field(default_factory=list)
    _article: str = ""
    _passed: int = 0

    def add(self, placed: PlacedBlock, next_number: int) -> None:
        """Takes the next block; ``next_number`` is that of the article that may come after it."""
        block = placed.block
        chapter = _chapter(block.text)
        if _CONTENTS_LINE.search(block.text) and (chapter or block.level):
            return
        article = self._new_article(block.text, next_number)
        if article:
            self._close()
            self._article = article
            self._open.append(placed)
        elif chapter or block.level:
            self._close()
            level = block.level or _CHAPTER_LEVELS[chapter[0]] if chapter else block.level
            self._titles = [title for title in self._titles if title[0] < level]
            self._titles.append((level, chapter[1] if chapter else block.text))
            self._article = ""
        elif block.record:
            self._close()
            self._open.append(placed)
            self._close()
        else:
            self._open.append(placed)

    def finished(self) -> list[Section]:
        """Every section, in order."""
        self._close()
        return self._found

    def _new_article(self, text: str, next_number: int) -> str:
        found = _ARTICLE.match(text)
        if found is None:
            return ""
        number = _value(found[2])
        follows = number > self._passed or number == 1 or (found[3] and number == self._passed)
        restarts = number < self._passed and next_number == number + 1
        if not follows and not restarts:
            return ""
        self._passed = number
        return found[1]

    def _close(self) -> None:
        if self._open:
            titles = tuple(title for _, title in self._titles)
            if self._article:
                titles = (*titles, self._article)
            first, last = self._open[0], self._open[-1]
            self._found.append(
                Section(titles, first.start, last.end, self._article, first.block.place)
            )
            self._open = []


def rule_facts(text: str) -> RuleFacts:
    """What the text of a rule says of its name, number and dates; empty where it does not.

    >>> facts = rule_facts("营销宣传管理办法\\n第一条 总则。\\n第九条 本办法自2026年3月1日起施行。")
    >>> facts.title, facts.effective_from
    ('营销宣传管理办法', datetime.date(2026, 3, 1))
    """
    opening = []
    for line in text.split("\n")[:_OPENING_LINES]:
        if is_division(line) and not _CONTENTS_LINE.search(line):
            break
        opening.append("".join(line.split()))
    names = [found[1] for line in opening if (found := _LAW_NAME.fullmatch(line))]
    numbers = [found[0] for line in opening if (found := _FILE_NUMBER.search(line))]
    begins = {day for found in _IN_FORCE.finditer(text) if (day := _day(found))}
    ends = {day for found in _UNTIL.finditer(text) if (day := _day(found))}
    return RuleFacts(
        title=names[-1] if names else "",
        number=numbers[0] if numbers else "",
        effective_from=begins.pop() if len(begins) == 1 else None,
        effective_to=_next_day(ends.pop()) if len(ends) == 1 else None,
    )


def _chapter(line: str) -> tuple[str, str] | None:
    """A chapter line's rank (编章节) and its heading."""
    found = _CHAPTER.match(line)
    if found is None or len(line) > _LONGEST_CHAPTER or line.rstrip().endswith(("。", "；", "，")):
        return None
    return found[3], f"{found[1]} {found[4].strip()}".strip()


def _value(number: str) -> int:
    return int(number) if number.isdecimal() else int(arabic(number))


def _day(found: re.Match[str]) -> date | None:
    try:
        year, month, day = (_value(part.replace("○", "〇")) for part in found.groups())
        return date(year, month, day)
    except (ValueError, KeyError):
        return None


def _next_day(day: date) -> date:
    # "Until the 31st" still holds on the 31st; a validity ends with the first day it does not.
    return date.fromordinal(day.toordinal() + 1)
