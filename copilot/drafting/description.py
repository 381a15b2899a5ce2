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

_NUMBER = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_AGE = re.compile(rf"(\d{{1,3}}|{_NUMBER})[多来几]?岁")
#: Ages told without 岁: 快七十了, 年过六旬, 八十出头.
_AGE_ROUGHLY = re.compile(
    r"(?:快|都|年过|有)(\d0|[六七八九]十?)[旬了]|(\d0|[六七八九]十)(?:出头|好几|上下|高龄)"
)
_NUMERALS = {word: number for number, word in enumerate("一二三四五六七八九", start=1)}
_AGES_IMPLIED = {"小学生": 10, "初中生": 14, "高中生": 16, "未成年": 17}
_RETIRED_FROM = 60
_ELDER_WORDS = (
    "老太太", "老爷子", "老大爷", "大爷", "老大娘", "大娘", "大妈", "奶奶", "爷爷", "婆婆",
    "老伯", "老先生", "老人", "老年", "老两口", "老头",
)  # fmt: skip
#: Words for people of whom nobody knows whether they are old enough for special care.
_PERHAPS_ELDER = ("阿姨", "大叔", "叔叔", "伯伯", "伯母", "婶")
_STAGE_WORDS = {
    LifeStage.STUDENT: ("学生", "大学", "上学"),
    LifeStage.FAMILY: ("孩子", "宝妈", "家长", "房贷", "带娃"),
    LifeStage.WORKING: ("上班", "工资", "白领", "职工", "打工", "刚工作"),
}
_ASKS = re.compile(
    r"问|咨询|了解|打听|打算|想.{0,6}(?:存|买|办|看|要|开|攒)|要(?:存|买|办|开)|有没有|哪种"
)
_ERRAND = re.compile(
    r"[存取]|转账|汇款|开户|开卡|销户|挂失|补卡|缴费|还款|贷款|理财|基金|保险|国债|黄金|信用卡|养老金"
    r"|先生|女士|小伙|姑娘|路过|等候|排队|投诉|办"
)
_COMPARES = re.compile(r"(?:隔壁|别家|别的|对面|其他|人家)(?:银?行)?.{0,6}(?:利率|利息|高|低|起点)")
_STRANGER = "陌生人|网友|网上认识的?人?|群里|群主|导师|荐股"
_SOMEBODY = f"有人|对方|客服|警察|公安|民警|法院|检察院|公检法|{_STRANGER}"
_GAP = "[^，。,;；]{0,8}"
#: What customers say while they are being deceived; what asks how to guard against it is not.
_FRAUD = re.compile(
    rf"安全账户|刷单|杀猪盘|屏幕共享|共享屏幕|解冻费|涉嫌洗钱|洗钱案|注销校园贷|征信修复"
    rf"|(?:{_SOMEBODY}){_GAP}(?:让|叫|要|催|教){_GAP}"
    rf"(?:转账|转钱|转给|转到|汇款|汇钱|汇到|打钱|打款|取现金|验证码)"
    rf"|(?:{_STRANGER}){_GAP}(?:带|教|拉|推荐){_GAP}(?:投资|炒股|炒币|赚钱|荐股)"
    rf"|(?:要|给|发|告诉|念){_GAP}验证码"
    rf"|(?:中奖|奖金|退税|补贴){_GAP}(?:先交|先付|保证金|激活)"
    rf"|被骗|上当|受骗|(?:出租|出借|借给|租给|卖给){_GAP}(?:银行卡|账户)"
)
_GUARDING = re.compile(r"(?:怎么|如何|想|学|了解|咨询|宣传).{0,4}(?:防|识别)|防诈|反诈|防骗")
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

    >>> age_in_words("15岁初中生"), age_in_words("六十多岁阿姨"), age_in_words("想存六十万定期")
    (15, 60, None)
    >>> age_in_words("快七十了"), age_in_words("80出头的老先生")
    (70, 80)
    """
    if stated := _AGE.search(description):
        return _number(stated[1])
    if roughly := _AGE_ROUGHLY.search(description):
        tens = _number((roughly[1] or roughly[2]).removesuffix("十"))
        return tens if tens >= 10 else tens * 10
    implied = (age for word, age in _AGES_IMPLIED.items() if word in description)
    return next(implied, None)


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
    age = age_in_words(description)
    called_old = any(word in description for word in _ELDER_WORDS)
    if "退休" in description or (called_old if age is None else age >= _RETIRED_FROM):
        return LifeStage.RETIRED
    stages = (
        stage for stage, words in _STAGE_WORDS.items() if any(w in description for w in words)
    )
    return next(stages, LifeStage.UNKNOWN)


def perhaps_elder(description: str) -> bool:
    """Whether a walk-in may be old enough for the care that the elderly are owed.

    >>> perhaps_elder("老太太问理财"), perhaps_elder("40岁的阿姨"), perhaps_elder("阿姨问国债")
    (True, False, True)
    """
    age = age_in_words(description)
    if age is not None:
        return age >= _RETIRED_FROM
    named = (*_ELDER_WORDS, *_PERHAPS_ELDER, "退休")
    return any(word in description for word in named)


def asks(description: str) -> bool:
    """Whether a walk-in has asked: the words are then an answer and no offer.

    >>> asks("六十多岁阿姨，问三年定期"), asks("老爷子来取退休金")
    (True, False)
    """
    return bool(_ASKS.search(description))


def says_anything(description: str) -> bool:
    """Whether a description says who the walk-in is or what they want.

    >>> says_anything("四十多岁，来取款"), says_anything("asdf")
    (True, False)
    """
    stage = life_stage_in_words(description)
    known = age_in_words(description) is not None or stage is not LifeStage.UNKNOWN
    told = perhaps_elder(description) or bool(manners_in_words(description))
    return known or told or asks(description) or bool(_ERRAND.search(description))


def compares(description: str) -> bool:
    """Whether a walk-in holds another bank's terms against ours: an objection, no complaint.

    >>> compares("大妈嫌隔壁行利率高"), compares("嫌排队太久")
    (True, False)
    """
    return bool(_COMPARES.search(description))


def fraud_signs(description: str) -> str:
    """The words of a description that sound of somebody being deceived; nothing else.

    >>> fraud_signs("有人让我转账到安全账户"), fraud_signs("想了解怎么防骗")
    ('有人让我转账', '')
    """
    found = _FRAUD.search(description)
    return "" if found is None or _GUARDING.search(description) else found[0]


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
