"""A work summary as a document: sentences by part, the targets, the staff of a branch, the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from copilot.drafting.summary_lines import overview, results
from copilot.drafting.summary_outlook import plan, problems
from copilot.drafting.summary_said import Values, pieces, slots_in
from copilot.drafting.summary_voice import Line, Material, Topic
from copilot.records.codes import LABELS, DraftKind, ProductType, SummaryPeriod
from copilot.records.draft import AI_LABEL, INTERNAL_NOTICE
from copilot.records.figures import full_date, month_day
from copilot.records.report import (
    Block,
    Chart,
    ChartKind,
    Paragraph,
    Piece,
    Report,
    Section,
    Series,
    Stated,
    Style,
    Table,
)
from copilot.records.tables import TABLES
from copilot.records.work import TargetKind, TargetProgress, Work

HIDDEN_AMOUNTS = "本岗位的屏幕不显示金额，金额类指标未列"
MOST_EVIDENCE = 12
_TITLES = {SummaryPeriod.DAY: "工作日报", SummaryPeriod.WEEK: "工作周报"}


def label_for(writer: str) -> str:
    """The explicit statement that the text was generated, and by what."""
    return f"{AI_LABEL}（{writer}）。{INTERNAL_NOTICE}。"


def lines(material: Material) -> list[Line]:
    """Every sentence of the summary, by the rules of the embedded writer."""
    return [line for part in (overview, results, problems, plan) for line in part(material)]


def report(
    material: Material, written: Sequence[Line], *, label: str, producer: str, notes: Sequence[str]
) -> Report:
    """The document for these sentences."""
    work = material.work
    sections = [Section(topic.value, tuple(_paragraphs(topic, written, material)))
                for topic in Topic]  # fmt: skip
    extra = {Topic.RESULTS: _result_tables(material), Topic.PROBLEMS: _target_table(material)}
    sections = [
        Section(section.heading, (*section.blocks, *extra.get(topic, ())))
        for topic, section in zip(Topic, sections, strict=True)
    ]
    if notes:
        told = tuple(Paragraph.of(note, style=Style.BULLET) for note in notes)
        sections.append(Section("五、数据说明", told))
    return Report(
        title=title(work),
        kind=DraftKind.SUMMARY,
        as_of=work.period.last,
        label=label,
        sections=tuple(sections),
        producer=producer,
        subtitle=_subtitle(work),
    )


def title(work: Work) -> str:
    """Whose summary of which time."""
    staff, period = work.subject.staff, work.period
    whose = f"{staff.name}（{staff.staff_id}）" if staff else work.subject.branch.name
    whose += "（全行）" if work.subject.is_bank else ""
    if period.kind is SummaryPeriod.DAY:
        when = full_date(period.last)
    elif period.kind is SummaryPeriod.WEEK:
        when = f"{month_day(period.window.first)}至{month_day(period.last)}"
    else:
        return f"{whose}{period.last.year}年{period.last.month}月工作总结"
    return f"{whose}{_TITLES[period.kind]}（{when}）"


def _subtitle(work: Work) -> str:
    def span(first: date, last: date, days: int) -> str:
        if first == last:
            return full_date(first)
        until = month_day(last) if last.year == first.year else full_date(last)
        return f"{full_date(first)}至{until}（{days}个工作日）"

    period = work.period
    now = span(period.window.first, period.window.last, period.workdays)
    earlier = span(period.previous.first, period.previous.last, period.previous_workdays)
    return f"统计期间：{now}；对比期间：{earlier}"


def _paragraphs(topic: Topic, written: Sequence[Line], m: Material) -> Iterator[Paragraph]:
    style = Style.BODY if topic is Topic.OVERVIEW else Style.BULLET
    for line in written:
        if line.topic is topic:
            evidence = _evidence(rows_of(line, m.work, m.values))
            yield Paragraph.of(*pieces(line.text, m.values), evidence=evidence, style=style)


def rows_of(line: Line, work: Work, values: Values) -> dict[str, tuple[str, ...]]:
    """The rows behind a sentence, by table."""
    found: dict[str, dict[str, None]] = {}
    figures = {figure.name: figure for figure in work.figures.values()}
    for target in work.targets:
        figures |= {done.name: done for done in (target.done, *target.parts) if done is not None}
    for name in slots_in(line.text):
        for metric in values[name].metrics:
            figure = figures[metric]
            found.setdefault(figure.table, {}).update(dict.fromkeys(figure.rows))
        for row in values[name].rows:
            table, _, row_id = row.partition(":")
            found.setdefault(table, {})[row_id] = None
    return {table: tuple(ids) for table, ids in found.items() if ids}


def metrics_of(line: Line, values: Values) -> list[str]:
    """The names of the figures that a sentence states."""
    named = (metric for name in slots_in(line.text) for metric in values[name].metrics)
    return list(dict.fromkeys(named))


def _evidence(rows: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The ids for the printed list; long ones by their ends, the draft keeps them all."""
    shown: list[str] = []
    for table, ids in rows.items():
        if len(ids) <= MOST_EVIDENCE:
            shown += [row.replace("|", "·") for row in ids]  # a row known by customer and date
        else:
            ends = f"{ids[0]}至{ids[-1]}".replace("|", "·")
            shown.append(f"{TABLES[table].label}{ends}共{len(ids)}条")
    return tuple(shown)


def _result_tables(m: Material) -> tuple[Block, ...]:
    if m.brief:
        return ()
    blocks: list[Block] = []
    if m.work.subject.staff is None and m.has("entries"):
        blocks.append(_staff_table(m))
    types = [t for t in LABELS[ProductType] if f"sales_amount.{t}" in m]
    if m.work.period.kind is SummaryPeriod.MONTH and len(types) > 1:
        blocks.append(_product_chart(m, types))
    return tuple(blocks)


def _staff_table(m: Material) -> Table:
    columns = {"contacts": "客户联系", "sales": "成交", "sales_amount": "成交金额",
               "retention": "到期承接率", "referrals": "转介"}  # fmt: skip
    shown = {
        key: label for key, label in columns.items() if key != "sales_amount" or "sales_amount" in m
    }
    rows: list[tuple[Piece, ...]] = []
    for member in m.work.members:
        cells = [m.values.get(f"{key}@{member.member_id}") for key in shown]
        rows.append(
            (
                f"{member.name}（{member.member_id}）",
                *(Stated(said.text, said.source) if said else "—" for said in cells),
            )
        )
    if m.work.subject.is_bank:
        return Table("各支行工作量", ("支行", *shown.values()), tuple(rows))
    note = "转介含转出与收到，同一笔在转出人和承接人名下各计一次。"
    return Table("员工工作量", ("员工", *shown.values()), tuple(rows), note)


def _product_chart(m: Material, types: Sequence[str]) -> Chart:
    figures = [m.work.figures[f"sales_amount.{t}"] for t in types]
    now = tuple(round(figure.count / 1_000_000, 2) for figure in figures)
    sources = tuple(figure.source for figure in figures)
    series = [Series(m.now, now, sources)]
    if all(figure.previous is not None for figure in figures):
        earlier = tuple(round((figure.previous or 0) / 1_000_000, 2) for figure in figures)
        series.append(Series(m.earlier, earlier, sources))
    names = tuple(LABELS[ProductType][t] for t in types)
    return Chart("各类产品成交金额", ChartKind.BAR, names, tuple(series), "万元")


def _target_table(m: Material) -> tuple[Block, ...]:
    shown = [target for target in m.work.targets if f"target.{target.kpi}" in m]
    if m.brief or not shown:
        return ()
    told = [target for target in shown if target.done is not None]
    rows = tuple(_target_row(target, m) for target in told)
    note = "累计类指标按本月已过工作日占全月的比例判断进度。"
    untold = [f"{t.label}（{t.missing}）" for t in shown if t.done is None]
    note += f"没有数据、未列的指标：{'、'.join(untold)}。" if untold else ""
    title = f"{m.work.answers_for}目标进度（本月）"
    return (Table(title, ("指标", "目标", "完成", "完成率", "判断"), rows, note),)


def _target_row(target: TargetProgress, m: Material) -> tuple[Piece, ...]:
    def cell(key: str) -> Piece:
        said = m.values.get(key)
        return Stated(said.text, said.source) if said else "—"

    name = f"target.{target.kpi}"
    label = f"{target.label}（控制数）" if target.kind is TargetKind.CEILING else target.label
    return (label, cell(name), cell(f"{name}.done"), cell(f"{name}.rate"), _verdict(target))


def _verdict(target: TargetProgress) -> str:
    words = {
        TargetKind.FLOW: ("跟上时间进度", "落后时间进度"),
        TargetKind.LEVEL: ("达到目标", "未达目标"),
        TargetKind.CEILING: ("控制数内", "未达目标（超出控制数）"),
    }
    good, bad = words[target.kind]
    if target.kind is TargetKind.FLOW and target.rate is not None and target.rate >= 1:
        return "完成目标"
    return good if target.on_track else bad
