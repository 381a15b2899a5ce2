"""Charts as Word's own: DrawingML chart parts with an embedded workbook, editable in place.

The chart XML is composed by python-pptx, whose charts are the same parts as Word's; what differs
is only how the document anchors them.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

from copilot.records.report import Chart, ChartKind, Gantt, Task

EAST_ASIAN = "微软雅黑"
CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CHART_RELATION = f"{_RELATIONS}/chart"
WORKBOOK_RELATION = f"{_RELATIONS}/package"
_COLOURS = ("1F4E79", "C55A11", "548235", "7F6000", "7030A0", "808080")
_DAY_FORMAT = 'm"月"d"日"'
_SERIAL_ZERO = date(1899, 12, 30)  # day 0 of spreadsheet dates
_FIXED = datetime(1980, 1, 1)
_WIDTH, _HEIGHT, _ROW = 5_486_400, 2_743_200, 300_000  # EMU
_FONT = 900  # hundredths of a point
_MOST_CHARACTERS = 30  # of the names below upright columns


def chart_xml(block: Chart | Gantt, workbook_rid: str) -> tuple[bytes, bytes]:
    """The chart part and its workbook, tied by the relationship id of the workbook."""
    from pptx.chart.xmlwriter import ChartXmlWriter
    from pptx.oxml import parse_xml

    data = _gantt_data(block) if isinstance(block, Gantt) else _chart_data(block)
    space = parse_xml(ChartXmlWriter(_kind(block), data).xml.encode())
    if isinstance(block, Gantt):
        _lay_out_gantt(space, block)
    else:
        _lay_out_chart(space, block)
    _set_fonts(space)
    _number_axes(space)
    space.get_or_add_externalData().rId = workbook_rid
    return _serialised(space), _workbook(data)


def height_of(block: Chart | Gantt) -> int:
    """The height that a chart needs, in EMU."""
    if isinstance(block, Gantt):
        return max(_HEIGHT // 2, 600_000 + _ROW * len(block.tasks))
    return _HEIGHT


def inline_xml(rid: str, number: int, title: str, height: int) -> str:
    """The drawing that anchors a chart in a run."""
    from xml.sax.saxutils import quoteattr

    return (
        '<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
        f'xmlns:r="{_RELATIONS}">'
        '<wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{_WIDTH}" cy="{height}"/><wp:effectExtent l="0" t="0" r="0" b="0"/>'
        f'<wp:docPr id="{number}" name="Chart {number}" descr={quoteattr(title)}/>'
        "<wp:cNvGraphicFramePr/>"
        '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
        f'<c:chart r:id="{rid}"/></a:graphicData></a:graphic></wp:inline></w:drawing>'
    )


def _kind(block: Chart | Gantt) -> Any:
    from pptx.enum.chart import XL_CHART_TYPE

    if isinstance(block, Gantt):
        return XL_CHART_TYPE.BAR_STACKED
    if _lies(block):
        return XL_CHART_TYPE.BAR_CLUSTERED
    return {
        ChartKind.BAR: XL_CHART_TYPE.COLUMN_CLUSTERED,
        ChartKind.LINE: XL_CHART_TYPE.LINE_MARKERS,
    }[block.kind]


def _lies(chart: Chart) -> bool:
    """Whether the bars lie: a funnel, or one series whose names would run into each other."""
    crowded = sum(map(len, chart.categories)) > _MOST_CHARACTERS and len(chart.series) == 1
    return chart.kind is ChartKind.FUNNEL or (chart.kind is ChartKind.BAR and crowded)


def _chart_data(chart: Chart) -> Any:
    from pptx.chart.data import CategoryChartData

    values = [v for s in chart.series for v in s.values if v is not None]
    whole = all(float(value).is_integer() for value in values)
    data = CategoryChartData(number_format="#,##0" if whole else "#,##0.0")
    data.categories = chart.categories
    for series in chart.series:
        data.add_series(series.name, series.values)
    return data


def _gantt_data(gantt: Gantt) -> Any:
    from pptx.chart.data import CategoryChartData

    data = CategoryChartData()
    data.categories = [f"{task.name} {_days(task)}" for task in gantt.tasks]
    starts = [(task.start - _SERIAL_ZERO).days for task in gantt.tasks]
    data.add_series("开始", starts, number_format=_DAY_FORMAT)
    data.add_series("天数", [(t.end - t.start).days + 1 for t in gantt.tasks], number_format="0")
    return data


def _days(task: Task) -> str:
    """The days of a bar, which its axis alone does not tell."""
    first, last = (f"{day.month}/{day.day}" for day in (task.start, task.end))
    return first if task.start == task.end else f"{first}–{last}"


def _workbook(data: Any) -> bytes:
    """The sheet behind a chart; its time of creation is not the clock's."""
    from pptx.chart.xlsx import CategoryWorkbookWriter

    writer: Any = CategoryWorkbookWriter(data)
    target = io.BytesIO()
    with writer._open_worksheet(target) as (workbook, worksheet):
        workbook.set_properties({"created": _FIXED})
        writer._populate_worksheet(workbook, worksheet)
    return target.getvalue()


def _lay_out_chart(space: Any, block: Chart) -> None:
    from pptx.chart.chart import Chart as ChartObject
    from pptx.enum.chart import XL_LEGEND_POSITION
    from pptx.util import Pt

    chart = ChartObject(space, None)
    plot = chart.plots[0]
    chart.has_title = False
    chart.has_legend = len(block.series) > 1
    if chart.has_legend:
        chart.legend.position = XL_LEGEND_POSITION.BOTTOM
        chart.legend.include_in_layout = False
    if block.kind is not ChartKind.LINE:
        plot.gap_width = 40 if _lies(block) else 80
    plot.has_data_labels = True
    plot.data_labels.show_value = True
    plot.data_labels.font.size = Pt(9)
    if _lies(block):
        chart.category_axis.reverse_order = True
        chart.value_axis.visible = False
    chart.value_axis.has_major_gridlines = block.kind is ChartKind.LINE
    if block.unit and not _lies(block):
        chart.value_axis.has_title = True
        chart.value_axis.axis_title.text_frame.text = block.unit
    for series, colour in zip(plot.series, _COLOURS, strict=False):
        _paint(series, colour, line=block.kind is ChartKind.LINE)


def _lay_out_gantt(space: Any, block: Gantt) -> None:
    from pptx.chart.chart import Chart as ChartObject
    from pptx.enum.chart import XL_TICK_LABEL_POSITION

    chart = ChartObject(space, None)
    chart.has_title = False
    chart.has_legend = False
    plot = chart.plots[0]
    plot.gap_width = 50
    plot.series[0].format.fill.background()
    _paint(plot.series[1], _COLOURS[0], line=False)
    chart.category_axis.reverse_order = True
    axis = chart.value_axis
    first, last = min(t.start for t in block.tasks), max(t.end for t in block.tasks)
    axis.minimum_scale = (first - _SERIAL_ZERO).days
    axis.maximum_scale = (last - _SERIAL_ZERO).days + 1
    axis.major_unit = max(1, (last - first).days // 6)
    axis.tick_labels.number_format = _DAY_FORMAT
    axis.tick_labels.number_format_is_linked = False
    axis.tick_label_position = XL_TICK_LABEL_POSITION.HIGH  # at the foot: the order is reversed


def _paint(series: Any, colour: str, *, line: bool) -> None:
    from pptx.dml.color import RGBColor

    target = series.format.line.fill if line else series.format.fill
    target.solid()
    target.fore_color.rgb = RGBColor.from_string(colour)


def _set_fonts(space: Any) -> None:
    """One size and an East Asian face for every text of the chart."""
    from lxml import etree
    from pptx.oxml.ns import qn

    for properties in space.iter(qn("a:defRPr"), qn("a:rPr")):
        properties.set("sz", str(_FONT))
        for tag in ("a:latin", "a:ea"):
            if properties.find(qn(tag)) is None:
                face = etree.SubElement(properties, qn(tag))
                face.set("typeface", EAST_ASIAN)


def _number_axes(space: Any) -> None:
    """Axis ids unsigned, as the schema has them, and within the signed range that readers use."""
    from pptx.oxml.ns import qn

    for axis in space.iter(qn("c:axId"), qn("c:crossAx")):
        axis.set("val", str(int(axis.get("val")) % 2**31))


def _serialised(element: Any) -> bytes:
    from lxml import etree

    return bytes(etree.tostring(element, encoding="UTF-8", standalone=True))
