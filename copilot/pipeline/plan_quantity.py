"""The numbers of a goal, as people write them: 5千万, 3千5百万, 两亿五, 半个亿, 5000w, 100笔, 8%.

A number is read or it is an error; none is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from copilot.errors import InputError

_EXAMPLES = "5000万元、1.2亿元、200户或提升8%"
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
#: The largest first, for a numeral is taken apart at its largest unit.
_SCALES = {"亿": 100_000_000, "万": 10_000, "千": 1000, "百": 100, "十": 10}
_PLAIN = re.compile(r"\d+(?:\.\d+)?")
_HALF_SAID = re.compile(r"[千百][一二三四五六七八九1-9]$")

_ARABIC = r"\d[\d,]*(?:\.\d+)?"
_CN = "零〇一二两三四五六七八九十百千半"
_RUN = (
    rf"(?:{_ARABIC}|[{_CN}几数]|[上近超](?=[百千万亿]))"
    rf"(?:{_ARABIC}|(?!百分)[{_CN}万亿wW点几多余]|个(?!百分)(?=[百千万亿半]))*"
)
_UNIT = (
    r"(?P<money>元人民币|元|块钱|块|人民币)|(?P<share>%|‰|个百分点|百分点|个点|成(?![交为立功本]))"
    r"|(?P<heads>个客户|个账户|户|位|人(?!民币)|名|笔|单|张|件|家|个)"
)
_NUMBER = re.compile(
    rf"(?<![A-Za-z\d.第前])(?:(?P<of>百分之)?(?P<run>{_RUN})(?!\s*[wW][A-Za-z])\s*(?:{_UNIT})?"
    rf"|翻(?:一番|倍|番))"
)
#: Figures that say which product or customer is meant: codes, ratings, ages, terms, thresholds.
_NO_GOAL = re.compile(
    r"[A-Za-z]+[-_]?\d+[A-Za-z]*"
    r"|(?:\d+|[一二两三四五六七八九十半]+)个?[年月天日](?=期|定|存|大额|国债|理财|结构|整存|通知|持有|封闭|产品|型)"
    rf"|{_ARABIC}[万亿]?元?(?=起|以上的?(?:产品|存单))"
)
_RANGE = re.compile(rf"{_RUN}\s*(?:-|~|—|至|到)\s*{_RUN}")
_FROM = re.compile(r"[从由自]\s*$")
_RISEN_TO = re.compile(r"\s*(?:提[升高]|上?升|增[长加]?)?[到至]\s*$")
#: Words before a number that make it the level to reach, not what is to be added.
_LEVEL = re.compile(
    r"(?:(?:余额|存款|储蓄|时点|日均|规模|保有量|资产|aum|月活|活跃|户数|客户数?|率)[^,，;；。增]{0,4}"
    r"(?:达到|做到|升到|高到|达|到|至|突破|站上)|(?:增加|增长|提升|提高|扩大|上升)[到至])\s*约?$",
    re.I,
)


class Counted(StrEnum):
    """What a number of a goal counts."""

    MONEY = "money"  # fen
    HEADS = "heads"
    SHARE = "share"  # 0.08 is 8%


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a goal: ``text[start:end]`` states it.

    ``counter`` is the measure word of a count; ``level`` marks what is to be reached, not added.
    """

    start: int
    end: int
    counted: Counted
    value: float | int
    counter: str = ""
    level: bool = False


def quantities(text: str) -> tuple[Quantity, ...]:
    """The numbers of a goal from which time and customers are blanked out.

    >>> [(q.counted.value, q.value) for q in quantities("增存3千5百万,发展代发1万2千户")]
    [('money', 3500000000), ('heads', 12000)]

    Raises:
        InputError: a number that is not understood, or nought.
    """
    found: list[Quantity] = []
    bare = _NO_GOAL.sub(lambda match: "\0" * len(match[0]), text)
    if between := _RANGE.search(bare):
        raise _unread(between[0], "是一个范围，")
    for match in _NUMBER.finditer(bare):
        if not _states_number(match, bare):
            continue
        quantity = _quantity(match, bare)
        if found and _risen(bare, found[-1], quantity):
            found.pop()  # where it stands now is read from the records
        if not quantity.value:
            raise InputError(
                f"目标里的数量是零：{text[quantity.start : quantity.end]}",
                field="goal",
                next=f"请写要达到或增加多少，例：{_EXAMPLES}。",
            )
        found.append(quantity)
    return tuple(found)


def _risen(text: str, before: Quantity, after: Quantity) -> bool:
    """Whether a goal says from where to where: 从70%提升到85%."""
    between = text[before.end : after.start]
    return bool(_FROM.search(text[: before.start]) and _RISEN_TO.fullmatch(between))


def numeral(text: str) -> Decimal | None:
    """The value of digits, Chinese numerals or both; ``None`` where they spell no number.

    >>> [int(numeral(t) or 0) for t in ("5千万", "3千5百万", "两亿五", "半个亿", "1.2个亿", "9w")]
    [50000000, 35000000, 250000000, 50000000, 120000000, 90000]
    >>> [int(numeral(t) or 0) for t in ("一亿半", "两千零五万", "3亿5000万", "一百二", "三点五亿")]
    [150000000, 20050000, 350000000, 120, 350000000]
    >>> [numeral(t) for t in ("几千万", "5000多万", "2亿5000", "三千五万", "万")]
    [None, None, None, None, None]
    """
    text = text.lower().replace("个", "").replace("w", "万")
    for name, scale in _SCALES.items():
        head, found, tail = text.rpartition(name)
        if found:
            many, rest = _how_many(head, name), _rest(tail, scale)
            return None if many is None or rest is None else many * scale + rest
    if text.endswith("半"):
        whole = numeral(text[:-1]) if len(text) > 1 else Decimal(0)
        return None if whole is None else whole + Decimal("0.5")
    digits = "".join(str(_DIGITS.get(c, c)) for c in text.replace(",", "")).replace("点", ".")
    return Decimal(digits) if _PLAIN.fullmatch(digits) else None


def _how_many(head: str, name: str) -> Decimal | None:
    """How many of a unit; 千 alone is one thousand, 万 alone is nothing."""
    if not head:
        return Decimal(1) if name in "十百千" else None
    if name in "万亿" and _HALF_SAID.search(head):
        return None  # 三千五万: nobody knows whether the 五 is hundreds
    return numeral(head)


def _rest(tail: str, scale: int) -> Decimal | None:
    """What follows a unit: a lone digit is of the next lower unit, as in 两亿五."""
    if tail == "半":
        return Decimal(scale) / 2
    value = numeral(tail) if tail else Decimal(0)
    if value is None or value >= scale:
        return None
    if len(tail) == 1 and tail not in "零〇十百千":
        return value * scale / 10
    named = any(c in _SCALES for c in tail) or tail[:1] in ("零", "〇", "0", "")
    return value if named else None


def _states_number(match: re.Match[str], text: str) -> bool:
    """Whether a run is a number of the goal: 一户一策, 三方 and 万能险 are none."""
    run = match["run"]
    if run is None:
        return True  # 翻番
    if any(character.isdigit() for character in run) or match["of"]:
        return True
    if match["money"] or match["share"]:
        return True
    if match["heads"]:
        return match["heads"] != "个" and run not in ("一", "几", "数")
    scaled = len(run) > 1 and any(character in "百千万亿wW" for character in run)
    return scaled and text[match.end() : match.end() + 1] not in ("别", "不", "分")


def _quantity(match: re.Match[str], text: str) -> Quantity:
    start, end, run = match.start(), match.end(), match["run"]
    if run is None:
        return Quantity(start, end, Counted.SHARE, 1.0)
    value = numeral(run)
    if value is None:
        raise _unread(match[0])
    level = bool(_LEVEL.search(text[:start]))
    if match["of"] or match["share"]:
        parts = {"成": 10, "‰": 1000}.get(match["share"] or "", 100)
        return Quantity(start, end, Counted.SHARE, float(value) / parts, level=level)
    if match["heads"]:
        if value != int(value):
            raise _unread(match[0])
        counter = match["heads"].removeprefix("个") or "位"
        counter = "户" if counter in ("客户", "账户") else counter
        return Quantity(start, end, Counted.HEADS, int(value), counter, level)
    if not match["money"] and not any(character in "万亿wW" for character in run):
        raise _unread(match[0])
    return Quantity(start, end, Counted.MONEY, int(value * 100), level=level)


def _unread(words: str, why: str = "") -> InputError:
    return InputError(
        f"目标里的数量“{words}”{why or '看不懂，'}请写成{_EXAMPLES}。",
        field="goal",
        next="例：--goal 一季度增存5000万。",
    )


def pieces(text: str, found: tuple[Quantity, ...]) -> Iterator[str]:
    """The text parted behind each number, without what joins the parts."""
    start = 0
    for quantity in found:
        part = text[start : quantity.end]
        yield re.sub(r"^(?:[\s,，、;；。:：]|同时|并且|并|以及|还有|另外|其中|和|与|及)+", "", part)
        start = quantity.end
