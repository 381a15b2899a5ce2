"""What a writer may use for one draft: records only, nothing looked up on the way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from copilot.drafting.fill import UNKNOWN_SALUTATION, Filled, product_values
from copilot.records.codes import Channel, LifeStage
from copilot.records.customer import Customer
from copilot.records.draft import Figure
from copilot.records.figures import full_date, month_day
from copilot.records.knowledge import Passage
from copilot.records.product import Product
from copilot.records.profile import Profile, Reason
from copilot.records.staff import Branch, Staff

STAFF_CARD_REASONS = 2
_CARD_LINES = ("资产：", "风险：", "联系：")
NO_PROFILE = "没有客户画像：只介绍产品信息，不作推荐"
_ASK_FIRST = ("先问这笔钱的用途和使用时间", "先看风险测评是否在有效期内")
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


@dataclass(frozen=True, slots=True)
class WritingBrief:
    """One customer, product, channel and date, with everything on record that may be said.

    ``customer`` and ``profile`` are ``None`` for a walk-in; ``seller`` and ``branch`` when the
    bank gave no staff table. ``passages`` are the product's own, customer audience.
    """

    product: Product
    channel: Channel
    as_of: date
    bank_name: str
    customer: Customer | None = None
    profile: Profile | None = None
    seller: Staff | None = None
    branch: Branch | None = None
    passages: tuple[Passage, ...] = ()
    life_stage: LifeStage = LifeStage.UNKNOWN

    @property
    def seed(self) -> str:
        """What a choice among equals hangs on: the customer and the product."""
        return f"{self.customer.customer_id if self.customer else ''}:{self.product.product_code}"

    @property
    def maturity_date(self) -> date | None:
        """When the customer's next holding matures."""
        days = self.profile.value("days_to_maturity") if self.profile else None
        return self.as_of + timedelta(days=int(days)) if isinstance(days, (int, float)) else None

    @property
    def slot_values(self) -> dict[str, object]:
        """Values by slot path; an absent value makes a text that needs it unusable."""
        return {
            **product_values(self.product),
            "customer.salutation": self.customer.salutation
            if self.customer
            else UNKNOWN_SALUTATION,
            "staff.name": self.seller.name if self.seller else None,
            "staff.number": self.seller.staff_id if self.seller else None,
            "branch.name": self.branch.name if self.branch else None,
            "bank.name": self.bank_name,
            "today": self.as_of,
            "maturity.date": self.maturity_date,
        }


def life_stage_of(profile: Profile | None) -> LifeStage:
    """The life stage that a profile states, else unknown."""
    stage = profile.value("life_stage") if profile else None
    return next((known for known in LifeStage if known == stage), LifeStage.UNKNOWN)


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


def order_among_equals(seed: str, names: Iterable[str]) -> dict[str, str]:
    """A sort key for each name that differs by seed and never by run."""
    return {name: hashlib.sha256(f"{seed}:{name}".encode()).hexdigest() for name in names}


def staff_card(brief: WritingBrief) -> tuple[str, ...]:
    """Why this customer and this product, for the employee only: at least two lines.

    Reasons of the profile that speak for the product's type come first, then the others, then
    what the profile card says, then what to ask first where the profile has nothing.
    """
    if brief.profile is None:
        return _card_without_profile(brief)
    reasons = sorted(
        brief.profile.reasons,
        key=lambda reason: (brief.product.type.value not in reason.product_types, -reason.rank),
    )
    lines = [reason.text for reason in reasons]
    lines += [line for line in brief.profile.card.splitlines() if line.startswith(_CARD_LINES)]
    lines += _ASK_FIRST
    shown = list(dict.fromkeys(lines))[: max(STAFF_CARD_REASONS, len(reasons))]
    return (*shown, *_suitability_line(brief))


def _card_without_profile(brief: WritingBrief) -> tuple[str, ...]:
    if brief.customer is not None:
        return ("客户不同意画像分析：只介绍产品信息，不提账户情况。", "按客户自己说的需求来谈。")
    first = "没有客户资料：只做产品信息介绍，不作推荐。"
    if brief.product.risk_rating is None:
        return (first, "先问用途和期限，办理以公示和系统为准。")
    return (first, "先请客户完成风险测评，再谈是否合适。")


def _suitability_line(brief: WritingBrief) -> tuple[str, ...]:
    """How the declared tolerance and the product's rating stand to each other."""
    level = brief.profile.value("risk_declared") if brief.profile else None
    rating = brief.product.risk_rating
    return (f"风险承受能力{level}，产品{rating}，等级相符",) if level and rating else ()


def sayable_reason(brief: WritingBrief) -> Filled:
    """The one reason that the customer expects to hear, or an empty text."""
    profile = brief.profile
    if profile is None:
        return Filled("", ())
    fitting = [
        reason
        for reason in profile.reasons
        if reason.sayable and brief.product.type.value in reason.product_types
    ]
    if not fitting:
        return Filled("", ())
    reason = max(fitting, key=lambda reason: reason.rank)
    said = f"{reason.sayable.rstrip('。，')}。"
    return Filled(said, tuple(_figures_in(said, reason, profile)))


def _figures_in(said: str, reason: Reason, profile: Profile) -> Iterator[Figure]:
    """Where the values of a reason's features stand in what is said."""
    for name in reason.features:
        value = profile.value(name)
        shown = (full_date(value), month_day(value)) if isinstance(value, date) else ()
        for form in shown:
            start = said.find(form)
            if start >= 0:
                yield Figure(form, start, start + len(form), f"profile.{name}")
                break
