"""What a writer may use for one draft: records only, nothing looked up on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from copilot.drafting.fill import UNKNOWN_SALUTATION, Filled, product_values
from copilot.drafting.grounds import grounds_for
from copilot.drafting.slots import MATURITY_PATHS
from copilot.records.codes import Channel, LifeStage, Manner, Occasion, ProductType, Tier
from copilot.records.customer import Customer
from copilot.records.draft import Figure
from copilot.records.figures import full_date, month_day
from copilot.records.knowledge import Passage
from copilot.records.product import Product
from copilot.records.profile import Profile, Reason
from copilot.records.staff import Branch, Staff

STAFF_CARD_REASONS = 2
_OWNERS = ("个体工商户", "企业主", "私营业主", "个体户")
_YOUNG_UNTIL = 45
_LENDING = (ProductType.LOAN, ProductType.CREDIT_CARD)
#: What somebody holds who has invested before.
_INVESTED = ("aum_wmp", "aum_fund", "aum_gold", "aum_structured", "aum_insurance")
#: What the card says of a product for which the profile has too little to say, by how much.
TOO_FEW = {
    0: "没有与本产品对应的画像理由：客户没问起就不主动讲",
    1: "与本产品对应的画像理由只有一条：先问需要，再讲产品",
}


@dataclass(frozen=True, slots=True)
class WritingBrief:
    """One customer, product, channel and date, with everything on record that may be said.

    ``customer`` and ``profile`` are ``None`` for a walk-in; ``seller`` and ``branch`` when the
    bank gave no staff table. ``passages`` are the product's own, customer audience. ``asked_for``
    are the scripts that a walk-in's description calls for, the best first.
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
    manners: tuple[Manner, ...] = ()
    occasion: Occasion = Occasion.FIRST
    asked_for: tuple[str, ...] = ()

    @property
    def seed(self) -> str:
        """What a choice among equals hangs on: the customer and the product."""
        return f"{self.customer.customer_id if self.customer else ''}:{self.product.product_code}"

    @property
    def maturity_date(self) -> date | None:
        """When the customer's next holding matures."""
        return self.profile.next_maturity if self.profile else None

    @property
    def slot_values(self) -> dict[str, object]:
        """Values by slot path; an absent value makes a text that needs it unusable.

        What many people read at once has nothing that speaks of one customer.
        """
        shared = self.channel.shared
        salutation = self.customer.salutation if self.customer else UNKNOWN_SALUTATION
        return {
            **product_values(self.product),
            "customer.salutation": None if shared else salutation,
            "staff.name": self.seller.name if self.seller else None,
            "staff.number": self.seller.staff_id if self.seller else None,
            "branch.name": self.branch.name if self.branch else None,
            "bank.name": self.bank_name,
            "today": self.as_of,
            **dict.fromkeys(MATURITY_PATHS),
            **({} if shared else self._maturity),
        }

    @property
    def _maturity(self) -> dict[str, object]:
        """The next maturity as a text tells it; a day that is today is called so."""
        on = self.maturity_date
        if self.profile is None or on is None:
            return {}
        return {
            "maturity.date": on,
            "maturity.day": "今天" if on == self.as_of else month_day(on),
            "maturity.product": self.profile.maturing_product,
        }


def life_stage_of(profile: Profile | None) -> LifeStage:
    """The life stage that a profile states, else unknown."""
    stage = profile.value("life_stage") if profile else None
    return next((known for known in LifeStage if known == stage), LifeStage.UNKNOWN)


def manners_of(
    customer: Customer, profile: Profile | None, product: Product, as_of: date, elder_age: int
) -> tuple[Manner, ...]:
    """How to speak to a customer about a product, the most telling manner first."""
    age, stage = customer.age_on(as_of), life_stage_of(profile)
    tier = profile.segments.get("tier") if profile else None
    held = [profile.value(name) for name in _INVESTED] if profile else [None]
    fitting = {
        Manner.ELDER: stage is LifeStage.RETIRED or (age is not None and age >= elder_age),
        Manner.PRIVATE: tier in (Tier.PRE_PRIVATE, Tier.PRIVATE),
        Manner.FIRST_TIME: product.risk_rating is not None and not any(held) and None not in held,
        Manner.OWNER: customer.occupation in _OWNERS,
        Manner.YOUNG_PARENT: stage is LifeStage.FAMILY and age is not None and age < _YOUNG_UNTIL,
    }
    return tuple(manner for manner in Manner if fitting[manner])


def order_among_equals(seed: str, names: Iterable[str]) -> dict[str, str]:
    """A sort key for each name that differs by seed and never by run."""
    return {name: hashlib.sha256(f"{seed}:{name}".encode()).hexdigest() for name in names}


def staff_card(brief: WritingBrief) -> tuple[str, ...]:
    """Why this customer and this product, for the employee only.

    The reason that the words hang on comes first, then the others that speak for this product;
    that there are too few is said. What is due whatever is sold, and what to settle first, end it.
    """
    if brief.profile is None:
        return _card_without_profile(brief)
    reasons = reasons_on_card(brief)
    always = [reason.text for reason in brief.profile.reasons if not reason.product_types]
    few = TOO_FEW.get(len(reasons))
    return (*reasons, *((few,) if few else ()), *always, *_doubts(brief))


def reasons_on_card(brief: WritingBrief) -> tuple[str, ...]:
    """What of the profile speaks for this product: reasons for a contact, fit, other facts.

    Other facts are added until there are enough; nothing is said only to fill the card.
    """
    if brief.profile is None:
        return ()
    leading = leading_reason(brief)
    speaking = sorted(
        (reason for reason in brief.profile.reasons if _speaks_for(reason, brief)),
        key=lambda reason: (reason is not leading, -reason.rank),
    )
    told = [*(reason.text for reason in speaking), *_suitability_line(brief)]
    missing = max(0, STAFF_CARD_REASONS - len(told))
    return (*told, *list(grounds_for(brief.product, brief.profile))[:missing])


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


def _doubts(brief: WritingBrief) -> Iterator[str]:
    """What speaks against this product for this customer, for the employee to settle first."""
    least, profile = brief.product.min_amount, brief.profile
    assets = profile.value("aum_total") if profile else None
    lending = brief.product.type in _LENDING
    if least and isinstance(assets, int) and least > assets and not lending:
        yield "起点高于本行已知的资产：先问有没有别处的钱，没有就不讲这款"
    if lending and Manner.ELDER in brief.manners:
        yield "客户年长：先向信贷同事核对年龄要求，不合适就不提"
    if lending and brief.life_stage is LifeStage.STUDENT:
        yield "客户是学生：没有稳定收入的，不主动介绍贷款和分期"


def leading_reason(brief: WritingBrief) -> Reason | None:
    """The reason that the words hang on: one that the customer expects to hear goes first."""
    reasons = brief.profile.reasons if brief.profile else ()
    fitting = [reason for reason in reasons if _speaks_for(reason, brief)]
    return max(fitting, key=lambda reason: (bool(reason.sayable), reason.rank), default=None)


def _speaks_for(reason: Reason, brief: WritingBrief) -> bool:
    product = brief.product
    if product.type is ProductType.DEPOSIT and not product.term_days:
        return False  # money that lies idle or falls due needs no demand deposit
    return product.type.value in reason.product_types


def sayable_reason(brief: WritingBrief) -> Filled:
    """The one reason that the customer expects to hear, or an empty text."""
    reason = leading_reason(brief)
    if reason is None or brief.profile is None or not reason.sayable:
        return Filled("", ())
    said = f"{reason.sayable.rstrip('。，')}。"
    return Filled(said, tuple(_figures_in(said, reason, brief.profile)))


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
