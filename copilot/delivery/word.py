"""A report as a Word document: styles, tables with repeated headers, native charts, AI label."""

from __future__ import annotations

import io
import json
from datetime import datetime
from itertools import zip_longest
from typing import Any

from copilot.delivery.package import restamped
from copilot.delivery.references import HEADING, references
from copilot.delivery.word_chart import (
    CHART_RELATION,
    CHART_TYPE,
    WORKBOOK_RELATION,
    WORKBOOK_TYPE,
    chart_xml,
    height_of,
    inline_xml,
)
from copilot.delivery.word_table import add_table, breakable
from copilot.records.report import (
    Block,
    Chart,
    Gantt,
    Paragraph,
    Report,
    Style,
    Table,
)

BODY_FONT, HEADING_FONT, LATIN_FONT = "宋体", "微软雅黑", "Times New Roman"
_CUSTOM_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_CUSTOM_RELATION = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
)
_FMTID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_GREY = "595959"
_LONG_TITLE = 22  # characters that fit on one line in the usual size


def word(report: Report) -> bytes:
    """The report as ``.docx``; the same report gives the same bytes."""
    return _Document(report).bytes


class _Document:
    """One document under construction."""

    def __init__(self, report: Report) -> None:
        from docx import Document

        self._report = report
        self._numbers = references(report)
        self._document = Document()
        self._charts = 0
        self._set_styles()
        self._set_page()
        self._write()
        self._set_properties()

    @property
    def bytes(self) -> bytes:
        """The finished file."""
        target = io.BytesIO()
        self._document.save(target)
        return restamped(target.getvalue())

    def _set_styles(self) -> None:
        from docx.shared import Pt

        sizes = {"Normal": 10.5, "Title": 18, "Heading 1": 14, "List Bullet": 10.5, "Caption": 9}
        for name, size in sizes.items():
            style = self._document.styles[name]
            headed = name in ("Title", "Heading 1", "Caption")
            _set_font(style.element.get_or_add_rPr(), HEADING_FONT if headed else BODY_FONT)
            style.font.size = Pt(size)
        normal = self._document.styles["Normal"].paragraph_format
        normal.line_spacing, normal.space_before, normal.space_after = 1.25, Pt(2), Pt(3)
        _set_language(self._document.styles.element)

    def _set_page(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Cm

        section = self._document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.6)
        header = section.header.paragraphs[0]
        _add_run(header, self._report.label, size=8, colour=_GREY)
        footer = section.footer.paragraphs[0]
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _add_run(footer, "第", size=9)
        _add_field(footer, "PAGE")
        _add_run(footer, "页，共", size=9)
        _add_field(footer, "NUMPAGES")
        _add_run(footer, "页", size=9)

    def _write(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        report = self._report
        title = self._document.add_paragraph(report.title, style="Title")
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        if len(report.title) > _LONG_TITLE:
            title.runs[0].font.size = Pt(15)
        for line in (report.subtitle, report.label):
            if line:
                paragraph = self._document.add_paragraph()
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                _add_run(paragraph, line, size=9, colour=_GREY)
        for section in report.sections:
            self._document.add_heading(section.heading, 1)
            for block, following in zip_longest(section.blocks, section.blocks[1:]):
                self._add(block)
                if isinstance(block, Paragraph) and isinstance(following, (Table, Chart, Gantt)):
                    self._document.paragraphs[-1].paragraph_format.keep_with_next = True
        if self._numbers:
            self._add_references()

    def _add(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            self._add_paragraph(block)
        elif isinstance(block, Table):
            self._add_caption(block.title)
            add_table(self._document, block)
            self._add_note(block.note)
        else:
            self._add_caption(block.title)
            self._add_chart(block)
            self._add_note(block.note)

    def _add_paragraph(self, block: Paragraph) -> None:
        style = "List Bullet" if block.style is Style.BULLET else "Normal"
        paragraph = self._document.add_paragraph(style=style)
        if block.style is Style.NOTE:
            _add_run(paragraph, block.text, size=9, colour=_GREY)
        else:
            paragraph.add_run(breakable(block.text))
        if block.evidence:
            _add_link(paragraph, f"[{self._numbers[block.evidence]}]", self._anchor(block.evidence))

    def _add_caption(self, title: str) -> None:
        if title:
            caption = self._document.add_paragraph(title, style="Caption")
            caption.paragraph_format.keep_with_next = True

    def _add_note(self, note: str) -> None:
        from docx.shared import Pt

        if note:
            paragraph = self._document.add_paragraph()
            _add_run(paragraph, note, size=9, colour=_GREY)
            paragraph.paragraph_format.space_after = Pt(8)

    def _add_chart(self, block: Chart | Gantt) -> None:
        from docx.opc.packuri import PackURI
        from docx.opc.part import Part
        from docx.oxml import parse_xml

        self._charts += 1
        package = self._document.part.package
        number = self._charts
        content, workbook = chart_xml(block, "rId1")  # the chart part's only relationship
        sheet = Part(
            PackURI(f"/word/embeddings/workbook{number}.xlsx"), WORKBOOK_TYPE, workbook, package
        )
        chart = Part(PackURI(f"/word/charts/chart{number}.xml"), CHART_TYPE, content, package)
        chart.relate_to(sheet, WORKBOOK_RELATION)
        rid = self._document.part.relate_to(chart, CHART_RELATION)
        drawing = parse_xml(inline_xml(rid, number, block.title, height_of(block)))
        self._document.add_paragraph().add_run()._r.append(drawing)

    def _add_references(self) -> None:
        from docx.shared import Pt

        self._document.add_heading(HEADING, 1)
        for ids, number in self._numbers.items():
            paragraph = self._document.add_paragraph()
            _add_bookmark(paragraph, self._anchor(ids), number)
            layout = paragraph.paragraph_format
            layout.line_spacing, layout.space_before, layout.space_after = 1.0, Pt(0), Pt(1)
            _add_run(paragraph, f"[{number}] {'、'.join(ids)}", size=8)

    def _anchor(self, ids: tuple[str, ...]) -> str:
        return f"ref{self._numbers[ids]}"

    def _set_properties(self) -> None:
        """The implicit mark of the labelling measures: attribute, provider, content number."""
        from docx.opc.packuri import PackURI
        from docx.opc.part import Part

        report, core = self._report, self._document.core_properties
        moment = datetime(report.as_of.year, report.as_of.month, report.as_of.day)
        core.title, core.author, core.subject = report.title, report.producer, report.label
        core.keywords, core.comments = "AIGC", report.label
        core.identifier, core.language = report.report_id, "zh-CN"
        core.created = core.modified = moment
        core.last_modified_by, core.revision = report.producer, 1
        mark = {
            "Label": "1",
            "ContentProducer": report.producer,
            "ProduceID": report.report_id,
        }
        properties = {"AIGC": json.dumps(mark, ensure_ascii=False), "AIGCLabel": report.label}
        package = self._document.part.package
        _drop_thumbnail(package)
        part = Part(PackURI("/docProps/custom.xml"), _CUSTOM_TYPE, _custom_xml(properties), package)
        package.relate_to(part, _CUSTOM_RELATION)


def _drop_thumbnail(package: Any) -> None:
    """The picture of python-docx's own template is not one of this document."""
    for rid, relation in list(package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[rid]


def _custom_xml(properties: dict[str, str]) -> bytes:
    from xml.sax.saxutils import escape

    entries = "".join(
        f'<property fmtid="{_FMTID}" pid="{pid}" name="{name}">'
        f"<vt:lpwstr>{escape(value)}</vt:lpwstr></property>"
        for pid, (name, value) in enumerate(properties.items(), start=2)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
        'custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'docPropsVTypes">{entries}</Properties>'
    ).encode()


def _set_font(properties: Any, east_asian: str) -> None:
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for name in ("ascii", "hAnsi"):
        fonts.set(qn(f"w:{name}"), LATIN_FONT if east_asian == BODY_FONT else east_asian)
    fonts.set(qn("w:eastAsia"), east_asian)


def _set_language(styles: Any) -> None:
    from docx.oxml.ns import qn

    for language in styles.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")


def _add_run(paragraph: Any, text: str, *, size: float, colour: str = "") -> None:
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(breakable(text))
    run.font.size = Pt(size)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)


def _add_field(paragraph: Any, code: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _add_link(paragraph: Any, text: str, anchor: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), anchor)
    run = paragraph.add_run(text)
    run.font.superscript = True
    link.append(run._r)
    paragraph._p.append(link)


def _add_bookmark(paragraph: Any, name: str, number: int) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
        mark = OxmlElement(tag)
        mark.set(qn("w:id"), str(number))
        if tag == "w:bookmarkStart":
            mark.set(qn("w:name"), name)
        paragraph._p.append(mark)
