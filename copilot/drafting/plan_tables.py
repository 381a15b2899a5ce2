"""The tables of a plan."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from copilot.records.codes import label
from copilot.records.figures import amount, full_date, term
from copilot.records.metric import Metric, Unit
from copilot.records.plan import ApprovedTemplate, PlanBasis
from copilot.records.report import Piece, Stated, Table

MOST_REASONS = 8
_DUE = re.compile(r"due\.\w+\.\d{4}-\d\d")
MOST_LABELS = 2
_PURPOSES = (
    ("触达率", "已触达 ÷ 触达名单人数", "触达记录", "每周"),
    ("回应率与接受率", "有回应、接受 ÷ 已触达，附分母与95%区间", "触达记录的结果", "每周"),
    ("成交与金额", "新起息所选产品的客户数与起息金额，按客户去重", "持仓快照", "每周"),
    ("净效果", "触达名单与对照组成交率之差，附95%区间", "持仓快照", "结束后"),
    ("拒绝与投诉", "拒绝次数、投诉件数，名单客户", "触达记录、投诉", "每日"),
)


def groups(basis: PlanBasis) -> Table:
    """Each group with its definition, size and assets."""
    rows = tuple(
        (
            group.name,
            "；".join(group.meaning),
            basis.metric(f"group.{group.audience_id}.customers").stated,
            basis.metric(f"group.{group.audience_id}.assets").rounded,
        )
        for group in basis.audience.groups
    )
    return Table("表：客群", ("客群", "定义", "客户数", "资产合计"), rows)


def exclusions(basis: PlanBasis) -> Table:
    """Why customers may not be approached, by rule."""
    rows = tuple(
        (basis.metric(f"excluded.{rule}").label, basis.metric(f"excluded.{rule}").stated)
        for rule in basis.reach.excluded
    )
    note = "一位客户可有多个原因，各行相加可以超过不可触达人数。"
    return Table("表：不可触达的原因", ("原因", "客户数"), rows, note)


def strongest_reasons(basis: PlanBasis) -> list[Metric]:
    """The reasons that most customers have."""
    found = [m for name, m in basis.metrics.items() if name.startswith("reason.")]
    return found[:MOST_REASONS]


def products(basis: PlanBasis) -> Table:
    """The products with their terms and how many customers each may be offered to."""
    rows = []
    for product in basis.reach.products:
        source = f"product.{product.product_code}"
        least: Piece = "无"
        if product.min_amount is not None:
            least = Stated(amount(product.min_amount), f"{source}.min_amount")
        length: Piece = "不限"
        if product.term_days:
            length = Stated(term(product.term_days), f"{source}.term_days")
        rating: Piece = "不适用"
        if product.risk_rating:
            rating = Stated(product.risk_rating, f"{source}.risk_rating")
        heads = basis.metric(f"suited.{product.product_code}").stated
        funded = basis.metric(f"funded.{product.product_code}").stated
        rows.append((product.product_code, product.name, rating, length, least, heads, funded))
    header = ("代码", "产品", "风险等级", "期限", "起点", "可推介客户", "资产够起点")
    note = "不按收益排序。可推介客户指触达名单中，在分到的渠道上适当性、资格、准入都通过的人数。"
    return Table("表：产品匹配", header, tuple(rows), note)


def conversions(basis: PlanBasis) -> Table:
    """Past contacts by channel with shares and their intervals."""
    rows = []
    for channel in basis.reach.channels:
        name = channel.value
        accepted = basis.metric(f"past.{name}.accepted")
        rows.append(
            (
                label(channel),
                basis.metric(f"past.{name}.contacts").stated,
                basis.metric(f"past.{name}.reached").stated,
                accepted.stated,
                _interval(accepted),
            )
        )
    header = ("渠道", "营销触达", "有回应", "接受", "接受占比的95%区间")
    note = "取自本行近一年的触达记录；接受不等于成交。"
    return Table("表：历史转化", header, tuple(rows), note)


def potential(basis: PlanBasis) -> Table:
    """What falls due and what lies idle on the list, and what may be kept and moved of it."""
    m = basis.metric
    rows: tuple[tuple[Piece, ...], ...] = (
        (
            "到期承接",
            m("potential.due_customers").stated,
            m("potential.due").rounded,
            m("past.retention").stated,
            m("potential.kept").rounded,
        ),
        (
            "闲置转化",
            m("potential.idle_customers").stated,
            m("potential.idle").rounded,
            m("forecast.conversion").stated,
            m("potential.moved").rounded,
        ),
        ("合计", "", "", "", m("potential.total").rounded),
    )
    header = ("来源", "客户数", "金额", "承接率或转化率", "潜力")
    note = (
        "到期取方案期内到期的存款、理财等；承接率取自到期承接记录，转化率是预计成交占名单的比例。"
    )
    return Table("表：名单潜力", header, rows, note)


def due_split(basis: PlanBasis) -> Table:
    """What falls due on the list by member of staff and month."""
    found = [name.split(".")[1:] for name in basis.metrics if _DUE.fullmatch(name)]
    staff = sorted({who for who, _ in found})
    months = sorted({month for _, month in found})
    rows = tuple(
        (*_named(basis, who), *(_due_in(basis, who, month) for month in months)) for who in staff
    )
    header = ("工号", "姓名", *(f"{month[:4]}年{int(month[5:])}月" for month in months))
    return Table("表：到期额按员工和月份", header, rows)


def _due_in(basis: PlanBasis, who: str, month: str) -> Piece:
    metric = basis.metrics.get(f"due.{who}.{month}")
    return metric.rounded if metric else "无"


def _named(basis: PlanBasis, who: str) -> tuple[str, str]:
    return (who, basis.staff_names[who]) if who in basis.staff_names else ("无", "未分到人")


def staffing(basis: PlanBasis) -> Table:
    """How many customers each member of staff has to contact."""
    rows = tuple(
        (staff_id, basis.staff_names.get(staff_id, ""), basis.metric(f"staff.{staff_id}").stated)
        for staff_id in basis.managers
    )
    return Table("表：人工名单分工", ("工号", "姓名", "客户数"), rows)


def templates(basis: PlanBasis) -> Table:
    """The approved texts for each channel with whom and what they are for, and where none is."""
    rows: list[tuple[Piece, ...]] = []
    for channel in basis.reach.channels:
        if not basis.metric(f"assigned.{channel.value}").value:
            continue
        approved = [t for t in basis.templates if t.channel is channel]
        rows += [
            (
                label(channel),
                one.audience,
                _products_of(basis, one),
                one.title,
                one.number,
                full_date(one.valid_to),
            )
            for one in approved
        ]
        stated = {code for one in approved for code in one.products}
        without = [p.product_code for p in basis.reach.products if p.product_code not in stated]
        if without:
            codes = "、".join(without)
            rows.append((label(channel), "不限", codes, "没有已批准的话术，须先送审", "无", ""))
    header = ("渠道", "客群", "产品", "话术", "批准编号", "有效至")
    note = "对客只用已批准的原文；改动一个字也要重新送审。"
    return Table("表：可用话术", header, tuple(rows), note)


def _products_of(basis: PlanBasis, text: ApprovedTemplate) -> str:
    every = {product.product_code for product in basis.reach.products}
    return "所列全部产品" if every <= set(text.products) else "、".join(text.products)


def checklist(basis: PlanBasis) -> Table:
    """What has to be kept, with the articles."""
    rows = tuple((item.demand, item.articles) for item in basis.checklist)
    note = "只写法规名称的，条款由法律合规核对后补上。"
    return Table("表：合规清单", ("要求", "依据"), rows, note)


def measurement(basis: PlanBasis) -> Table:
    """What is measured, from which records and when."""
    rows: list[tuple[Piece, ...]] = [tuple(row) for row in _PURPOSES]
    return Table("表：衡量", ("指标", "口径", "数据", "时间"), tuple(rows))


def sign_off() -> Table:
    """Room for those who answer for the plan."""
    return Table("", ("编制人", "复核人", "支行行长", "日期"), (("", "", "", ""),))


def definitions(basis: PlanBasis, used: Set[str]) -> Table:
    """Every figure that the plan states with its formula; figures of one formula in one row."""
    alike: dict[str, list[Metric]] = {}
    for metric in basis.metrics.values():
        if metric.known and metric.source in used:
            alike.setdefault(metric.formula, []).append(metric)
    rows = tuple((_labels(metrics), _value(metrics), f) for f, metrics in alike.items())
    note = "每个数字的编号、算式和查询语句随草稿留存，可按草稿编号查阅。"
    return Table("", ("数字", "值", "口径"), rows, note)


def _labels(metrics: Sequence[Metric]) -> str:
    names = "、".join(metric.label for metric in metrics[:MOST_LABELS])
    return f"{names}等" if len(metrics) > MOST_LABELS else names


def _value(metrics: Sequence[Metric]) -> Piece:
    return metrics[0].rounded if len(metrics) == 1 else "见正文"


def _interval(metric: Metric) -> Piece:
    if not metric.bounds or metric.unit is not Unit.RATIO:
        return "无"
    low, high = metric.bounds
    return Stated(f"{low.text}至{high.text}", metric.source)
