"""Documents as files: Word opens them, charts are native and editable, the AI label stays."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from lxml import etree
from openpyxl.utils.datetime import to_excel
from system_packages import program

from copilot.delivery import export, markdown, word
from copilot.errors import InputError
from copilot.records.codes import DraftKind
from copilot.records.report import (
    Chart,
    ChartKind,
    Gantt,
    Paragraph,
    Report,
    Section,
    Series,
    Stated,
    Style,
    Table,
    Task,
)

RIGHT = WD_ALIGN_PARAGRAPH.RIGHT
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
#: Children in the order of the DrawingML chart schema; Word repairs or drops what breaks it.
_PLOT = "barDir grouping varyColors ser dLbls gapWidth overlap marker smooth axId"
_AXIS = (
    "axId scaling delete axPos majorGridlines minorGridlines title numFmt majorTickMark "
    "minorTickMark tickLblPos spPr txPr crossAx crosses crossBetween auto lblAlgn lblOffset "
    "noMultiLvlLbl majorUnit minorUnit"
)
SCHEMA = {
    name: order.split()
    for name, order in {
        "chartSpace": "date1904 roundedCorners chart spPr txPr externalData",
        "chart": "title autoTitleDeleted plotArea legend plotVisOnly dispBlanksAs showDLblsOverMax",
        "ser": "idx order tx spPr invertIfNegative marker dPt dLbls cat val smooth",
        "barChart": _PLOT,
        "lineChart": _PLOT,
        "catAx": _AXIS,
        "valAx": _AXIS,
        "scaling": "logBase orientation max min",
        "legend": "legendPos legendEntry layout overlay",
        "dLbls": "numFmt spPr txPr dLblPos showLegendKey showVal showCatName showSerName "
        "showPercent showBubbleSize separator showLeaderLines",
    }.items()
}
LABEL = "本内容由AI辅助生成（内置模板引擎，未使用大模型）。"
REPORT = Report(
    title="存款增长营销方案",
    kind=DraftKind.PLAN,
    as_of=date(2026, 11, 20),
    label=LABEL,
    producer="示例银行",
    report_id="L0123456789abcdef",
    subtitle="城东支行",
    sections=(
        Section(
            "一、客群",
            (
                Paragraph.of("可触达", Stated("169位", "metric.n"), "。", evidence=("EV1", "EV2")),
                Paragraph.of("名单按天更新。", evidence=("EV1", "EV2")),
                Paragraph.of("第一条", style=Style.BULLET),
                Table(
                    "表：客群",
                    ("客群", "客户数"),
                    (("到期<b>客户|甲", Stated("102位", "metric.a")), ("闲置客户", "67位")),
                    "注：以数据日期为准。",
                ),
                Chart(
                    "图：漏斗",
                    ChartKind.FUNNEL,
                    ("目标客群", "可触达"),
                    (Series("人数", (226.0, 169.0)),),
                    "位",
                ),
                Chart(
                    "图：趋势",
                    ChartKind.LINE,
                    ("九月", "十月"),
                    (Series("余额", (1.5, None)), Series("目标", (2.0, 2.5))),
                    "亿元",
                ),
                Chart("图：理由", ChartKind.BAR, ("到期", "闲置"), (Series("客户", (8.0, 5.0)),)),
                Gantt(
                    "图：日历",
                    (
                        Task("准备 & 送审", date(2026, 11, 23), date(2026, 11, 27), "营销运营"),
                        Task("触达", date(2026, 12, 1), date(2026, 12, 31)),
                    ),
                ),
            ),
        ),
    ),
)


LONG = replace(
    REPORT,
    sections=(
        Section(
            "二、明细",
            (
                Paragraph.of("先联系C000001、C000002。"),
                Table(
                    "表：渠道",
                    ("渠道", "说明", "人数"),
                    (("电话", "同一客户两次营销触达之间要隔够天数，客户说不就停。" * 4, "98位"),),
                ),
                Table("表：分工", ("工号", "人数"), (("S1002", "52位"),)),
                Chart(
                    "图：理由",
                    ChartKind.BAR,
                    (
                        "活期闲置",
                        "即将到期",
                        "未开养老金",
                        "家庭无保障",
                        "测评过期",
                        "资产流出",
                        "月月有结余",
                    ),
                    (Series("客户", (7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0)),),
                ),
            ),
        ),
    ),
)


@pytest.fixture(scope="module")
def package() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(word(REPORT)))


def part(package: zipfile.ZipFile, name: str) -> Any:
    return etree.fromstring(package.read(name))


def test_the_same_report_gives_the_same_bytes() -> None:
    assert word(REPORT) == word(REPORT)


def test_every_relationship_leads_to_a_part_with_a_content_type(package: zipfile.ZipFile) -> None:
    names = set(package.namelist())
    types = part(package, "[Content_Types].xml")
    extensions = {e.get("Extension") for e in types if e.tag.endswith("Default")}
    overrides = {e.get("PartName") for e in types if e.tag.endswith("Override")}

    assert all(name[1:] in names for name in overrides)
    for name in names - {"[Content_Types].xml"}:
        assert f"/{name}" in overrides or name.rpartition(".")[2] in extensions
    for rels in (name for name in names if name.endswith(".rels")):
        folder = Path(rels).parent.parent
        for relation in part(package, rels):
            target = relation.get("Target")
            path = target[1:] if target.startswith("/") else (folder / target).as_posix()
            while re.search(r"[^/]+/\.\./", path):
                path = re.sub(r"[^/]+/\.\./", "", path, count=1)
            assert path in names, (rels, target)


def test_charts_are_native_parts_with_their_own_workbook(package: zipfile.ZipFile) -> None:
    document = part(package, "word/document.xml")
    drawn = document.findall(f".//{C}chart")
    kinds = [
        next(e.tag for e in part(package, f"word/charts/chart{n}.xml").find(f".//{C}plotArea")
             if e.tag.endswith("Chart")).removeprefix(C)
        for n in range(1, 5)
    ]  # fmt: skip

    assert len(drawn) == 4
    assert kinds == ["barChart", "lineChart", "barChart", "barChart"]
    for number in range(1, 5):
        chart = part(package, f"word/charts/chart{number}.xml")
        assert chart[-1].tag == f"{C}externalData"
        book = openpyxl.load_workbook(
            io.BytesIO(package.read(f"word/embeddings/workbook{number}.xlsx"))
        )
        sheet = book["Sheet1"]
        cached = [float(v.text) for v in chart.findall(f".//{C}val//{C}v")]
        kept = [
            float(to_excel(cell.value) if cell.is_date else cell.value)
            for column in sheet.iter_cols(min_col=2, min_row=2)
            for cell in column
            if cell.value is not None
        ]
        assert cached == kept


def test_a_charts_parts_stand_in_the_order_that_the_schema_asks_for(
    package: zipfile.ZipFile,
) -> None:
    for number in range(1, 5):
        chart = part(package, f"word/charts/chart{number}.xml")
        for element in chart.iter():
            order = SCHEMA.get(element.tag.removeprefix(C))
            if order:
                places = [order.index(child.tag.removeprefix(C)) for child in element]
                assert places == sorted(places), element.tag
        axes = {e.get("val") for e in chart.iter(f"{C}axId")}
        assert len(axes) == 2
        assert all(0 <= int(axis) < 2**31 for axis in axes)  # readers take them as signed
        assert axes == {e.get("val") for e in chart.iter(f"{C}crossAx")}


def test_a_calendar_shows_the_real_days_of_its_tasks(package: zipfile.ZipFile) -> None:
    chart = part(package, "word/charts/chart4.xml")
    starts, lengths = (
        [float(v.text) for v in one.findall(f"{C}val//{C}v")] for one in chart.iter(f"{C}ser")
    )
    zero = date(1899, 12, 30).toordinal()

    assert [date.fromordinal(int(day) + zero) for day in starts] == [
        date(2026, 11, 23),
        date(2026, 12, 1),
    ]
    assert lengths == [5, 31]


def test_headings_tables_fonts_and_page_numbers_are_words_own(package: zipfile.ZipFile) -> None:
    document = Document(io.BytesIO(word(REPORT)))
    table = document.tables[0]
    fonts = {
        style.name: style.element.rPr.rFonts.get(f"{W}eastAsia")
        for style in document.styles
        if style.name in ("Normal", "Heading 1")
    }

    assert [p.text for p in document.paragraphs if p.style.name == "Heading 1"] == [
        "一、客群",
        "依据",
    ]
    assert fonts == {"Normal": "宋体", "Heading 1": "微软雅黑"}
    assert [[c.text for c in row.cells] for row in table.rows][1] == ["到期<b>客户|甲", "102位"]
    assert table.rows[0]._tr.trPr.find(f"{W}tblHeader") is not None
    codes = {e.get(f"{W}instr") for e in part(package, "word/footer1.xml").iter(f"{W}fldSimple")}
    assert codes == {"PAGE", "NUMPAGES"}
    faces = {e.get("typeface") for e in part(package, "word/charts/chart1.xml").iter(f"{A}ea")}
    assert faces == {"微软雅黑"}


def test_the_ai_label_stands_in_the_text_the_header_and_the_metadata(
    package: zipfile.ZipFile,
) -> None:
    document = Document(io.BytesIO(word(REPORT)))
    custom = part(package, "docProps/custom.xml")
    held = {e.get("name"): e[0].text for e in custom}

    assert LABEL in [p.text for p in document.paragraphs]
    assert document.sections[0].header.paragraphs[0].text == LABEL
    assert document.core_properties.keywords == "AIGC"
    assert document.core_properties.identifier == REPORT.report_id
    assert json.loads(held["AIGC"]) == {
        "Label": "1",
        "ContentProducer": "示例银行",
        "ProduceID": REPORT.report_id,
    }


def test_what_a_sentence_rests_on_is_one_link_away(package: zipfile.ZipFile) -> None:
    document = part(package, "word/document.xml")
    anchors = [e.get(f"{W}anchor") for e in document.iter(f"{W}hyperlink")]
    marks = [e.get(f"{W}name") for e in document.iter(f"{W}bookmarkStart")]

    assert anchors == ["ref1", "ref1"]  # the same records are listed once
    assert marks == ["ref1"]
    assert "[1] EV1、EV2" in "".join(document.itertext()).replace("\u200b", "")


def test_tables_are_as_wide_as_their_words_with_numbers_to_the_right() -> None:
    document = Document(io.BytesIO(word(LONG)))
    wide, narrow = document.tables
    cells = wide.rows[1].cells

    assert sum(column.width.cm for column in wide.columns) == pytest.approx(15.8, abs=0.2)
    assert sum(column.width.cm for column in narrow.columns) < 6
    assert wide.columns[1].width > wide.columns[0].width
    assert [cell.paragraphs[0].alignment for cell in cells] == [None, None, RIGHT]
    assert all(row._tr.trPr.find(f"{W}cantSplit") is not None for row in wide.rows)


def test_lists_of_ids_may_be_parted_and_crowded_bars_lie_down() -> None:
    package = zipfile.ZipFile(io.BytesIO(word(LONG)))
    told = "".join(part(package, "word/document.xml").itertext())
    direction = next(part(package, "word/charts/chart1.xml").iter(f"{C}barDir"))

    assert "C000001、\u200bC000002" in told
    assert direction.get("val") == "bar"


def test_markdown_holds_the_same_words_and_numbers() -> None:
    text = markdown(REPORT)

    assert text.startswith("---\nAIGC: true\n")
    assert f"> {LABEL}" in text
    assert "| 到期\\<b\\>客户\\|甲 | 102位 |" in text
    assert "可触达169位。[^1]" in text
    assert "[^1]: EV1、EV2" in text
    assert "| 目标客群 | 226 |" in text
    assert "| 准备 & 送审 | 2026-11-23 | 2026-11-27 | 营销运营 |" in text


@pytest.mark.parametrize("name", ["方案.pdf", "没有/方案.docx", "."])
def test_a_file_that_cannot_be_written_is_refused_with_the_reason(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(InputError) as error:
        export(REPORT, tmp_path / name)

    assert error.value.field == "out"
    assert not list(tmp_path.iterdir())


def test_libreoffice_opens_the_document_and_renders_it(tmp_path: Path) -> None:
    office = program("soffice")
    export(REPORT, tmp_path / "方案.docx")
    subprocess.run(
        [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile",
         "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "方案.docx")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    import pdfplumber

    with pdfplumber.open(tmp_path / "方案.pdf") as pages:
        words = [word for page in pages.pages for word in page.extract_words()]
        drawn = "".join(page.extract_text() or "" for page in pages.pages)
    assert "169" in drawn
    tops = {word["text"]: word["top"] for word in words if word["x0"] < 200}
    assert tops["目标客群"] < tops["可触达"]  # the funnel opens at the top, its steps named
