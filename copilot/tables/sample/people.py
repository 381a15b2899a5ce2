"""The customers: who they are, what they earn, spend and keep, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from copilot.tables.sample.calendar import BUSINESS_DATE, WINDOW_START
from copilot.tables.sample.house import BRANCH_IDS, EMPLOYERS
from copilot.tables.sample.identities import identity_number, person_name, phone_number

YUAN = 100


@dataclass(slots=True, kw_only=True)
class Person:
    """A customer with the habits that drive every table; money in fen, ``income`` a month.

    ``demand`` is the balance of the current accounts on the business date, ``wealth`` what is
    planned in products beside it. Customer-initiated activity ends on ``active_to``.
    """

    customer_id: str
    name: str
    gender: str
    birth_date: date
    stage: str
    branch_id: str
    occupation: str
    opened_on: date
    phone: str
    id_number: str
    marital: str = "已婚"
    manager_id: str = ""
    employer_id: str = ""
    income: int = 0
    spend: int = 0
    demand: int = 0
    wealth: int = 0
    risk_level: str = ""
    assessed_on: date | None = None
    qualified: bool = False
    is_employee: bool = False
    active_to: date = BUSINESS_DATE
    salary_from: date = WINDOW_START
    mobile_share: float = 0.6
    mortgage: int = 0
    mortgage_left: int = 0
    school_child: bool = False
    second_account: bool = False
    trend: str = "steady"
    story: str = ""
    everyday: bool = True

    @property
    def age(self) -> int:
        """Age on the business date."""
        return age_on(self.birth_date, BUSINESS_DATE)

    @property
    def trader(self) -> bool:
        """Whether money comes from a business of their own."""
        return self.occupation in ("个体工商户", "企业主")

    @property
    def dormant(self) -> bool:
        """Whether the customer stopped using the account long before the business date."""
        return (BUSINESS_DATE - self.active_to).days > 180

    @property
    def income_band(self) -> str:
        """The band that the bank's form asks for."""
        bounds = ((3000, "3千以下"), (5000, "3千-5千"), (8000, "5千-8千"), (15000, "8千-1.5万"))
        for bound, band in bounds:
            if self.income < bound * YUAN:
                return band
        return "1.5万-3万" if self.income < 30000 * YUAN else "3万以上"


def age_on(birth: date, day: date) -> int:
    """Full years from ``birth`` to ``day``."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


# occupation: sectors that employ it, monthly net income in yuan, share among working customers
_WORK: dict[str, tuple[tuple[str, ...], int, float]] = {
    "教师": (("school",), 7200, 9),
    "医生": (("hospital",), 11500, 5),
    "护士": (("hospital",), 7400, 6),
    "公务员": (("public",), 7800, 8),
    "企业职员": (("office", "service", "public"), 6600, 20),
    "工程师": (("technology", "factory"), 11800, 10),
    "程序员": (("technology",), 13800, 7),
    "会计": (("office",), 7000, 6),
    "销售": (("office", "service", "technology"), 7500, 8),
    "工人": (("factory",), 5700, 11),
    "司机": (("service",), 6300, 4),
    "银行职员": (("bank",), 9500, 1),
    "个体工商户": ((), 9500, 9),
    "企业主": ((), 26000, 3),
    "自由职业": ((), 7200, 4),
}
_RETIRED = {"退休教师": 5800, "退休职工": 3900, "退休干部": 7200, "退休工人": 3500}

# stage: share of customers, ages, centre of log10 of their wealth in yuan, demand share
_STAGES = {
    "minor": (0.01, (4, 17), 3.4, 0.9),
    "student": (0.05, (18, 24), 3.3, 0.9),
    "young": (0.20, (24, 34), 4.2, 0.55),
    "family": (0.32, (35, 49), 4.65, 0.35),
    "senior": (0.17, (50, 59), 4.8, 0.28),
    "retired": (0.25, (60, 88), 4.83, 0.22),
}
_BRANCH_STAGE = {
    "BR01": {"retired": 1.3, "young": 0.8},
    "BR02": {},
    "BR03": {"young": 1.6, "retired": 0.5},
}
_MANAGERS = {branch: (f"S{branch[-1]}002", f"S{branch[-1]}003") for branch in BRANCH_IDS}


def random_people(rng: Random, first: int, last: int) -> list[Person]:
    """Customers number ``first`` to ``last`` (both included) of the ordinary kind."""
    return [_person(rng, number) for number in range(first, last + 1)]


def _person(rng: Random, number: int) -> Person:
    branch = rng.choices(BRANCH_IDS, (0.40, 0.33, 0.27))[0]
    tilt = _BRANCH_STAGE[branch]
    weights = [share[0] * tilt.get(stage, 1.0) for stage, share in _STAGES.items()]
    stage = rng.choices(list(_STAGES), weights)[0]
    low, high = _STAGES[stage][1]
    birth = BUSINESS_DATE - timedelta(days=int((rng.uniform(low, high) + 0.5) * 365.25))
    gender = rng.choice("MF")
    person = Person(
        customer_id=f"C{number:06d}",
        name=person_name(rng, gender, birth.year),
        gender=gender,
        birth_date=birth,
        stage=stage,
        branch_id=branch,
        occupation="",
        opened_on=_opened_on(rng, birth, stage),
        phone=phone_number(rng),
        id_number=identity_number(rng, birth, gender),
    )
    _give_work(rng, person)
    _give_household(rng, person)
    _give_money(rng, person)
    _give_habits(rng, person)
    return person


def _opened_on(rng: Random, birth: date, stage: str) -> date:
    """Most opened long ago; one in thirty within the last ninety days."""
    if rng.random() < 0.033:
        return BUSINESS_DATE - timedelta(days=rng.randrange(3, 90))
    adult = birth + timedelta(days=round(365.25 * (2 if stage == "minor" else 17)))
    earliest = max(adult, date(2001, 1, 1))
    span = max((BUSINESS_DATE - earliest).days - 90, 1)
    return earliest + timedelta(days=int(span * rng.betavariate(1.3, 1.6)))


def _give_work(rng: Random, person: Person) -> None:
    if person.stage == "minor":
        person.occupation = "未成年人"
    elif person.stage == "student":
        person.occupation = "学生"
        person.income = rng.randrange(1200, 2400, 100) * YUAN
    elif person.stage == "retired":
        person.occupation = rng.choices(list(_RETIRED), (2, 5, 1.2, 4))[0]
        person.income = round(_RETIRED[person.occupation] * rng.lognormvariate(0, 0.15)) * YUAN
    else:
        shares = [work[2] for work in _WORK.values()]
        person.occupation = rng.choices(list(_WORK), shares)[0]
        sectors, pay, _ = _WORK[person.occupation]
        career = {"young": 0.82, "family": 1.12, "senior": 1.05}[person.stage]
        person.income = round(pay * career * rng.lognormvariate(0, 0.28)) * YUAN
        person.is_employee = person.occupation == "银行职员"
        if sectors and (person.is_employee or rng.random() < 0.68):
            firms = [firm for firm in EMPLOYERS if firm.sector in sectors]
            person.employer_id = rng.choice(firms).employer_id


def _give_household(rng: Random, person: Person) -> None:
    married = {"young": 0.45, "family": 0.9, "senior": 0.93, "retired": 0.82}
    draw = rng.random()
    if person.stage in ("minor", "student") or draw > married[person.stage] + 0.06:
        person.marital = "未婚"
    elif draw > married[person.stage]:
        person.marital = "其他"
    person.school_child = person.stage == "family" and rng.random() < 0.55
    owns = {"young": 0.14, "family": 0.3, "senior": 0.06}.get(person.stage, 0.0)
    if rng.random() < owns and person.income > 6000 * YUAN:
        person.mortgage = round(person.income * rng.uniform(0.25, 0.42) / 1000) * 1000
        person.mortgage_left = person.mortgage * rng.randrange(80, 260) * 3 // 4


def _give_money(rng: Random, person: Person) -> None:
    centre, demand_share = _STAGES[person.stage][2:]
    if person.trader:
        centre += 0.35
    assets = 10 ** (centre + 0.68 * rng.gauss(0, 1)) * YUAN
    share = min(0.95, demand_share * rng.uniform(0.4, 1.7))
    if assets < 8000 * YUAN:
        share = 1.0
    person.demand = min(round(assets * share), rng.randrange(200_000, 600_000) * YUAN)
    person.wealth = round(assets) - person.demand if share < 1 else 0
    person.spend = round((person.income - person.mortgage) * rng.uniform(0.78, 1.02))
    person.qualified = assets > 3_000_000 * YUAN and person.stage != "minor"
    rich = assets > 200_000 * YUAN
    if rich or rng.random() < (0.7 if assets > 50_000 * YUAN else 0.25):
        person.manager_id = rng.choice(_MANAGERS[person.branch_id])
    if person.wealth > 100_000 * YUAN and rng.random() < 0.09:
        person.trend = rng.choice(("declining", "growing"))


def _give_habits(rng: Random, person: Person) -> None:
    centre = {"minor": 0.1, "student": 0.95, "young": 0.93, "family": 0.85, "senior": 0.66}
    person.mobile_share = min(0.99, max(0.02, rng.gauss(centre.get(person.stage, 0.33), 0.16)))
    person.second_account = person.stage in ("young", "family") and rng.random() < 0.2
    if person.stage != "minor" and rng.random() < 0.78:
        person.risk_level = _risk_level(rng, person)
        ago = rng.randrange(5, 360) if rng.random() < 0.76 else rng.randrange(368, 900)
        person.assessed_on = max(BUSINESS_DATE - timedelta(days=ago), person.opened_on)
    old_account = (BUSINESS_DATE - person.opened_on).days > 500
    if old_account and person.wealth < 50_000 * YUAN and rng.random() < 0.06:
        person.active_to = BUSINESS_DATE - timedelta(days=rng.randrange(185, 470))
        person.wealth, person.employer_id, person.manager_id = 0, "", ""
        person.demand = min(person.demand, 30_000 * YUAN)
        person.mortgage, person.mortgage_left, person.second_account = 0, 0, False


def _risk_level(rng: Random, person: Person) -> str:
    weights = {
        "student": (10, 35, 40, 12, 3),
        "young": (5, 25, 40, 22, 8),
        "family": (7, 30, 38, 19, 6),
        "senior": (12, 42, 33, 10, 3),
        "retired": (24, 50, 21, 4, 1),
    }[person.stage]
    return rng.choices(("C1", "C2", "C3", "C4", "C5"), weights)[0]
