"""What a description of a walk-in says: age, life stage, manner, and what they ask about.

The description itself is neither kept nor sent anywhere; only what is recognised here goes on.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from copilot.records.codes import LifeStage, Manner
from copilot.records.template import Move, Script

_AGE = re.compile(
    r"(\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])多?岁"
)
_NUMERALS = {word: number for number, word in enumerate("一二三四五六七八九", start=1)}
_AGES_IMPLIED = {"小学生": 10, "初中生": 14, "高中生": 16, "未成年": 17}
_RETIRED_FROM = 60
_STAGE_WORDS = {
    LifeStage.RETIRED: (
        "退休",
        "老人",
        "大爷",
        "大妈",
        "奶奶",
        "爷爷",
        "养老",
        "六十",
        "七十",
        "八十",
    ),
    LifeStage.STUDENT: ("学生", "大学", "上学"),
    LifeStage.FAMILY: ("孩子", "宝妈", "家长", "房贷", "带娃"),
    LifeStage.WORKING: ("上班", "工资", "白领", "职工", "打工", "刚工作"),
}
_MANNER_WORDS = {
    Manner.PRIVATE: ("私行", "私人银行", "上千万", "几千万"),
    Manner.FIRST_TIME: ("第一次买", "第一次接触", "没买过", "没接触过", "不懂理财", "新手"),
    Manner.OWNER: ("做生意", "老板", "开店", "个体", "企业主", "开公司", "店里", "摆摊"),
    Manner.YOUNG_PARENT: ("孩子", "宝妈", "宝爸", "带娃", "小朋友", "幼儿园", "二胎"),
}
_STEERED = (Move.NEED, Move.OBJECTION)
_MOST_ASKED = 3
_SHARED_PAIRS = 2
_FILLERS = re.compile("想问|能不能|可不可以|可以|有没有|怎么|什么|一下|这个")
_TELLING = 0.06  # of the scripts; what more of them say tells nothing


def age_in_words(description: str) -> int | None:
    """The age that a description of a walk-in states or clearly implies; in full years.

    >>> age_in_words("15岁初中生"), age_in_words("六十多岁阿姨"), age_in_words("想存定期")
    (15, 60, None)
    """
    stated = _AGE.search(description)
    if stated is None:
        implied = (age for word, age in _AGES_IMPLIED.items() if word in description)
        return next(implied, None)
    return _number(stated[1])


def _number(words: str) -> int:
    """A whole number below a hundred, in digits or in Chinese."""
    if words.isdigit():
        return int(words)
    tens, ten, ones = words.partition("十")
    if not ten:
        return _NUMERALS[tens]
    return _NUMERALS.get(tens, 1) * 10 + _NUMERALS.get(ones, 0)


def life_stage_in_words(description: str) -> LifeStage:
    """The life stage that a description of a walk-in speaks of, for the tone only.

    >>> life_stage_in_words("六十多岁的退休阿姨，想存20万").value, life_stage_in_words("").value
    ('retired', 'unknown')
    """
    for stage, words in _STAGE_WORDS.items():
        if any(word in description for word in words):
            return stage
    age = age_in_words(description)
    return LifeStage.RETIRED if age is not None and age >= _RETIRED_FROM else LifeStage.UNKNOWN


def manners_in_words(description: str) -> tuple[Manner, ...]:
    """How to speak to a walk-in who is described so.

    >>> [manner.value for manner in manners_in_words("开店的老板，第一次买理财")]
    ['first_time', 'owner']
    """
    elder = life_stage_in_words(description) is LifeStage.RETIRED
    spoken = [
        manner
        for manner, words in _MANNER_WORDS.items()
        if any(word in description for word in words)
    ]
    return (*((Manner.ELDER,) if elder else ()), *spoken)


def scripts_asked_for(description: str, scripts: Sequence[Script]) -> tuple[str, ...]:
    """The scripts whose situation or words are nearest to what a walk-in is said to want.

    A script counts when it shares at least two telling pairs of characters, that is pairs that few
    scripts have; the rarer the pair, the more it weighs.
    """
    wanted = _pairs(description)
    steered = [(script, _pairs(script.situation + script.text)) for script in scripts]
    spread = Counter(pair for _, pairs in steered for pair in pairs)
    scores: dict[str, float] = {}
    for script, pairs in steered:
        shared = {p for p in wanted & pairs if spread[p] <= _TELLING * len(steered)}
        if script.move in _STEERED and len(shared) >= _SHARED_PAIRS:
            scores[script.script_id] = sum(math.log(len(steered) / spread[p]) for p in shared)
    ranked = sorted(scores, key=lambda script_id: (-scores[script_id], script_id))
    return tuple(ranked[:_MOST_ASKED])


def _pairs(text: str) -> set[str]:
    plain = _FILLERS.sub(" ", re.sub(r"[^\u4e00-\u9fff]+", " ", text))
    return {first + second for first, second in pairwise(plain) if " " not in (first, second)}
