"""The material of a work summary's sentences: what may be said, compared and called how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from copilot.drafting.summary_said import Values, slot
from copilot.drafting.summary_values import NOW, before
from copilot.records.codes import Role, SummaryPeriod
from copilot.records.metric import Unit
from copilot.records.work import Measured, Work

COMPARED = ("contacts", "reached", "accepted", "sales", "sales_amount", "referrals")
SAID_AS = {"reached": "营销接通次数", "accepted": "客户接受次数"}
LEAST_CHANGE = 3  # of a count
#: Fewer in the period before say nothing about a trend.
LEAST_COMPARED = {SummaryPeriod.DAY: 3, SummaryPeriod.WEEK: 5, SummaryPeriod.MONTH: 8}


class Topic(StrEnum):
    """The parts of a summary, in their order."""

    OVERVIEW = "一、总体情况"
    RESULTS = "二、重点工作与成效"
    PROBLEMS = "三、存在问题"
    PLAN = "四、下一步计划"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence with placeholders; ``code`` names what it is about."""

    topic: Topic
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """What sentences are written from: the measured work and what may be stated of it."""

    work: Work
    values: Values

    def __contains__(self, name: str) -> bool:
        return name in self.values

    @property
    def now(self) -> str:
        """What the period is called."""
        return NOW[self.work.period.kind]

    @property
    def brief(self) -> bool:
        """Whether it is a daily report, which is short."""
        return self.work.period.kind is SummaryPeriod.DAY

    @property
    def earlier(self) -> str:
        """What the time before is called."""
        return before(self.work.period)

    @property
    def hands_over(self) -> bool:
        """Whether the subject gives customers to others rather than taking them on."""
        return self.work.subject.hands_over

    @property
    def of_branch(self) -> str:
        """The word before targets and open items that are the branch's, not the person's own."""
        return "支行" if self.work.answers_for else ""

    @property
    def even(self) -> bool:
        """Whether the periods are compared as they are, being of equal length."""
        period = self.work.period
        return self.brief or period.workdays == period.previous_workdays

    def has(self, name: str) -> bool:
        """Whether a figure may be stated and is not zero."""
        return name in self.values and self.work.count(name) != 0

    def versus(self, name: str, subject: str = "", none: str = "") -> str:
        """The comparison as a clause of its own, or nothing.

        ``subject`` opens the clause, ``none`` is what there was nothing of in the period before.
        Of periods with more or fewer workdays, what comes to one workday is compared.
        """
        compared = f"{name}.versus"
        if compared not in self.values:
            return ""
        if not self.had(name) and self.work.figures[name].unit is not Unit.RATIO:
            return f"，{slot(compared)}{none}"
        if not self.even and f"{name}.daily" in self.values:
            return f"，{daily(self, name)}"
        return f"，{subject}{slot(compared)}"

    def had(self, name: str) -> bool:
        """Whether there was something of it in the period before."""
        figure = self.work.figures.get(name)
        return bool(figure and figure.previous) and f"{name}.before" in self.values


def compared(m: Material) -> Iterator[tuple[float, Measured]]:
    """Figures worth comparing with the period before: how many times as much a working day."""
    period = m.work.period
    days = (period.workdays or 1) / (period.previous_workdays or 1)
    for name in COMPARED:
        if name == "referrals" and m.work.subject.role == Role.WEALTH:
            continue  # others send them
        figure = m.work.figures.get(name)
        if figure is None or f"{name}.versus" not in m or not figure.previous:
            continue
        if not m.even and not _differs_daily(m, name):
            continue
        enough = figure.previous >= LEAST_COMPARED[period.kind]
        changed = abs(figure.count - figure.previous) >= LEAST_CHANGE
        if figure.unit is Unit.FEN or (enough and changed):
            yield figure.count / figure.previous / days, figure


def _differs_daily(m: Material, name: str) -> bool:
    """Whether the figure by the working day reads differently from that of the period before."""
    now, earlier = m.values.get(f"{name}.daily"), m.values.get(f"{name}.daily_before")
    return now is not None and earlier is not None and now.text != earlier.text


def named(figure: Measured) -> str:
    """What a figure is called outside its own list."""
    return SAID_AS.get(figure.name, figure.label)


def daily(m: Material, name: str) -> str:
    """A figure by the working day beside that of the period before."""
    now, earlier = slot(f"{name}.daily"), slot(f"{name}.daily_before")
    if not _differs_daily(m, name):
        return f"日均{now}，与{m.earlier}持平"
    figure, period = m.work.figures[name], m.work.period
    days = period.workdays / period.previous_workdays
    more = figure.count > (figure.previous or 0) * days
    return f"日均{now}，{'高于' if more else '低于'}{m.earlier}的{earlier}"
