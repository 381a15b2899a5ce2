"""What a work summary says of the month's targets: where they stand, which lag, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from copilot.drafting.summary_said import slot
from copilot.drafting.summary_voice import Material
from copilot.records.codes import SummaryPeriod
from copilot.records.metric import Unit
from copilot.records.work import TargetKind, TargetProgress

MOST_STEPS = {SummaryPeriod.DAY: 0, SummaryPeriod.WEEK: 3, SummaryPeriod.MONTH: 4}
EARLY = 0.2  # of the month: before that, what adds up over it cannot lag
LEAST_OF_SHARE = 3  # rows: a share of fewer is no problem yet
REACHABLE = 1.5  # times the pace so far
#: What to talk about with the customers who are named for a target.
_TALK = {
    "deposit_point": "问清资金用途",
    "aum_net": "问清近况和资金安排",
    "fund_holding": "先核对风险测评，合适的再讲",
    "insurance_premium": "了解家庭保障需要，合适的再讲",
    "pension_accounts": "讲清缴存、领取和税收规则",
}
_SETTLE_WITH = {"branch": "与总行", "bank": "与各支行"}


def targets_told(m: Material) -> str:
    """How many targets there are, can be told, and lag."""
    told = [target for target in m.work.targets if target.on_track is not None]
    lagging = [target for target in told if not target.on_track]
    whose = m.of_branch
    if not told:
        return f"{whose}本月目标{slot('targets.all')}，均缺少可核算的数据。"
    start = f"{whose}本月目标{slot('targets.all')}，现有数据可核算{slot('targets.known')}"
    every = "均" if len(told) > 1 else ""
    if not lagging:
        return f"{start}，{every or '已'}达到目标或跟上时间进度。"
    if len(lagging) == len(told):
        return f"{start}，{every}未达到目标或时间进度。"
    return (
        f"{start}，{slot('targets.on_track')}达到目标或跟上时间进度，{slot('targets.behind')}落后。"
    )


def behind(m: Material) -> list[TargetProgress]:
    """Lagging targets in the bank's order; complaints have a sentence of their own."""
    return [
        target
        for target in m.work.targets
        if target.done is not None
        and target.on_track is False
        and target.kind is not TargetKind.CEILING
        and f"target.{target.kpi}" in m
        and (target.kind is not TargetKind.FLOW or target.pace >= EARLY)
        and (target.unit is not Unit.RATIO or len(target.done.rows) >= LEAST_OF_SHARE)
    ]


def lagging(m: Material) -> Iterator[tuple[str, str]]:
    """Every lagging target: in one sentence a day, else those of a kind together."""
    late = behind(m)
    if not late:
        return
    if m.brief:
        told = "、".join(_in_brief(target) for target in late)
        yield "targets", f"{m.of_branch}月度目标落后（时间进度{slot('month.pace')}）：{told}。"
        return
    flows = [target for target in late if target.kind is TargetKind.FLOW]
    begun = [target for target in flows if target.done and target.done.value]
    nothing = [target for target in flows if target not in begun]
    levels = [target for target in late if target.kind is TargetKind.LEVEL]
    shares = [target for target in levels if target.unit is Unit.RATIO]
    balances = [target for target in levels if target not in shares]
    going_on = m.work.period.month_left > 0
    paced = f"，时间进度已到{slot('month.pace')}" if going_on else ""
    for code, word, of_a_kind, tell, mark, end in (
        ("flow", "进度落后" if going_on else "全月未完成", begun, _flow, "；", paced),
        ("zero", "尚未破零" if going_on else "全月未破零", nothing, _zero, "、", paced),
        ("level", "余额未达标", balances, _level, "；", ""),
        ("share", "比率未达标", shares, _share, "；", ""),
    ):
        if of_a_kind:
            told = mark.join(tell(target) for target in of_a_kind)
            yield f"target.{code}", f"{m.of_branch}{word}：{told}{end}。"


def _names(target: TargetProgress) -> tuple[str, str, str]:
    name = f"target.{target.kpi}"
    return target.label, slot(name), slot(f"{name}.done")


def _in_brief(target: TargetProgress) -> str:
    label, wanted, done = _names(target)
    if target.unit is Unit.RATIO:
        return f"{label}{done}（目标{wanted}）"
    if target.done is not None and target.done.count < 0:
        return f"{label}为负"
    if not target.done or not target.done.value:
        return f"{label}尚未破零"
    return f"{label}完成{slot(f'target.{target.kpi}.rate')}"


def _flow(target: TargetProgress) -> str:
    label, wanted, done = _names(target)
    if target.done is not None and target.done.count < 0:
        return f"{label}为负，减少{slot(f'target.{target.kpi}.size')}（月度目标{wanted}）"
    return f"{label}完成{done}，为月度目标{wanted}的{slot(f'target.{target.kpi}.rate')}"


def _zero(target: TargetProgress) -> str:
    label, wanted, _ = _names(target)
    return f"{label}（月度目标{wanted}）"


def _level(target: TargetProgress) -> str:
    label, wanted, done = _names(target)
    name = f"target.{target.kpi}"
    return f"{label}{done}，为目标{wanted}的{slot(f'{name}.rate')}，差{slot(f'{name}.gap')}"


def _share(target: TargetProgress) -> str:
    label, wanted, done = _names(target)
    made = f"（{slot(f'target.{target.kpi}.parts')}）" if target.parts else ""
    return f"{label}{done}{made}，目标{wanted}"


def steps(m: Material) -> Iterator[tuple[str, str]]:
    """What to do for lagging targets: whom to talk to until when, or that it cannot be reached."""
    most = MOST_STEPS[m.work.period.kind]
    if not m.work.period.month_left or not most:
        return
    late = [target for target in behind(m) if target.unit is not Unit.RATIO]
    told = [(target, step) for target in late if (step := _step(m, target))][:most]
    for target, step in told:
        yield f"gap.{target.kpi}", step
    done = {target.kpi for target, _ in told}
    rest = [t for t in late if t.kpi not in done and t.kind is TargetKind.FLOW]
    if rest:
        yield "gap", _settled(m, rest)


def _step(m: Material, target: TargetProgress) -> str:
    """Whom to talk to for a target; nothing when nobody is known."""
    name = f"target.{target.kpi}"
    prospects = f"open.prospect.{target.kpi}"
    start = f"{m.of_branch}{target.label}：还差{slot(f'{name}.gap')}"
    hope = _hope(m, target)
    if target.kpi == "deposit_point" and "open.maturity.amount" in m:
        due = f"{slot('open.maturity')}、{slot('open.maturity.amount')}"
        hope = f"，未来{slot('horizon')}还有{due}到期，先承接住"
        if prospects not in m:
            return f"{start}{hope}。"
    if prospects not in m:
        return ""
    talk = _TALK.get(target.kpi, "问清需要，合适的再讲")
    return f"{start}{hope}；{slot('follow_up_by')}前{_named(m, prospects)}，{talk}。"


def _settled(m: Material, targets: Sequence[TargetProgress]) -> str:
    """What can only be said plainly: it will not be reached, and who should know."""
    named = "、".join(
        f"{target.label}（还差{slot(f'target.{target.kpi}.gap')}）" for target in targets
    )
    start = f"{m.of_branch}目标核定：{named}，月内剩{slot('month.left')}，按现有进度难以完成"
    if m.hands_over:
        return f"{start}；厅堂识别有需要的客户，转介给理财经理。"
    with_whom = _SETTLE_WITH.get("branch" if m.work.answers_for else m.work.subject.role, "与支行")
    return f"{start}；{slot('follow_up_by')}前{with_whom}核定月内能完成多少。"


def _named(m: Material, name: str) -> str:
    listed = slot(f"{name}.list")
    if m.work.subject.is_bank:
        return f"联系{slot(name)}（{listed}）"
    return listed if m.work.subject.staff is None or m.work.answers_for else f"联系{listed}"


def _hope(m: Material, target: TargetProgress) -> str:
    """Whether the rest of the month can still bring it."""
    name, done = f"target.{target.kpi}", target.done
    if target.kind is not TargetKind.FLOW or done is None:
        return ""
    if done.count <= 0 or target.expected is None:
        return f"，月内剩{slot('month.left')}，按现有进度难以完成"
    needed = (target.target - done.count) / m.work.period.month_left
    if needed <= REACHABLE * done.count / m.work.period.month_elapsed:
        return f"，月内剩{slot('month.left')}，日均完成{slot(f'{name}.daily')}即可达到"
    return f"，按现有进度月末约{slot(f'{name}.expected')}，难以完成"
