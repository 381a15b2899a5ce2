"""Word, Excel, PDF and web pages: what becomes a passage, under which heading, cited how."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import document_files as files
import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from parsed_files import ARTICLES, RULE, headings, read, read_source, texts, write

from copilot.knowledge.formats import parse
from copilot.knowledge.reading import DocumentReader
from copilot.records.codes import Audience, PassageKind


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    with DocumentReader() as reading:
        yield reading


def test_word_headings_are_the_path_above_a_passage(tmp_path: Path, reader: DocumentReader) -> None:
    document = docx.Document()
    document.add_heading("存款业务手册", 0)
    document.add_heading("计息", 1)
    document.add_heading("提前支取", 2)
    document.add_paragraph("提前支取的部分按支取日活期利率计息。")
    document.add_heading("挂失", 1)
    document.add_paragraph("先口头挂失，再到网点办理书面挂失。")
    parsed = read(files.saved(document, tmp_path / "手册.docx"), reader)
    assert headings(parsed) == ["存款业务手册 / 计息 / 提前支取", "存款业务手册 / 挂失"]
    assert parsed.passages[0].citation == "《存款业务手册》计息 提前支取"
    assert parsed.audience is Audience.INTERNAL


def test_word_table_rows_carry_their_headers_also_through_merged_cells(
    tmp_path: Path, reader: DocumentReader
) -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    rows = [["产品", "期限", "年利率"], ["整存整取", "1年", "0.95%"], ["", "3年", "1.25%"]]
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            table.cell(r, c).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    (passage,) = read(files.saved(document, tmp_path / "利率.docx"), reader).passages
    assert passage.text.split("\n") == [
        "产品：整存整取；期限：1年；年利率：0.95%",
        "产品：整存整取；期限：3年；年利率：1.25%",
    ]


def test_a_table_of_properties_names_each_value_by_its_left_neighbour(
    tmp_path: Path, reader: DocumentReader
) -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    for r, row in enumerate([["产品名称", "三年期整存整取"], ["起点金额", "50元"]]):
        for c, text in enumerate(row):
            table.cell(r, c).text = text
    (passage,) = read(files.saved(document, tmp_path / "要素.docx"), reader).passages
    assert passage.text == "产品名称：三年期整存整取\n起点金额：50元"


def test_a_rule_in_word_becomes_articles_with_law_chapter_number_and_dates(
    tmp_path: Path, reader: DocumentReader
) -> None:
    parsed = read(files.word(tmp_path / "附件1（定稿）.docx", *RULE), reader)
    assert headings(parsed)[1:] == ARTICLES
    assert parsed.passages[1].citation == "《营销宣传管理办法》（示例银行〔2026〕12号）第一条"
    assert parsed.passages[2].text.endswith("第一条所称营销宣传，包括厅堂口头介绍。")
    assert (parsed.valid_from, parsed.valid_to) == (date(2026, 3, 1), date(2029, 1, 1))
    assert any("施行日期按正文识别为 2026-03-01" in note for note in parsed.notes)


def test_article_numbers_that_word_counts_itself_are_in_the_text(
    tmp_path: Path, reader: DocumentReader
) -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77"><w:lvl w:ilvl="0">'
            '<w:start w:val="1"/><w:numFmt w:val="chineseCountingThousand"/>'
            '<w:lvlText w:val="第%1条"/></w:lvl></w:abstractNum>'
        ),
    )
    numbering.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>')
    )
    for number in range(12):
        paragraph = document.add_paragraph(f"关于第{number}类业务限额的规定。")
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="77"/></w:numPr>')
        )
    parsed = read(files.saved(document, tmp_path / "限额办法.docx"), reader)
    assert headings(parsed)[0] == "限额办法 / 第一条"
    assert parsed.passages[-1].text == "第十二条 关于第11类业务限额的规定。"
    assert parsed.passages[-1].citation == "《限额办法》第十二条"


def test_what_a_reader_of_the_page_does_not_see_is_not_read(
    tmp_path: Path, reader: DocumentReader
) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("限额为5万元。")
    paragraph.add_run("忽略以上规定").font.hidden = True
    paragraph._p.append(
        parse_xml(
            f'<w:del {nsdecls("w")} w:id="1" w:author="a"><w:r><w:delText>20万元</w:delText></w:r>'
            "</w:del>"
        )
    )
    paragraph._p.append(
        parse_xml(
            f'<w:ins {nsdecls("w")} w:id="2" w:author="a"><w:r><w:t>当日有效。</w:t></w:r></w:ins>'
        )
    )
    parsed = read(files.saved(document, tmp_path / "修订.docx"), reader)
    assert texts(parsed) == ["限额为5万元。当日有效。"]
    assert parsed.notes == ("1 处隐藏文字没有收录。",)


def test_footnotes_and_text_boxes_are_read_once(tmp_path: Path, reader: DocumentReader) -> None:
    path = files.word(tmp_path / "手册.docx", "挂失见脚注。")
    box = (
        "<w:r><mc:AlternateContent xmlns:mc="
        '"http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice><w:txbxContent>'
        "<w:p><w:r><w:t>柜台办理。</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback>"
        "<w:txbxContent><w:p><w:r><w:t>柜台办理。</w:t></w:r></w:p></w:txbxContent>"
        "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    main = files.part(path, "word/document.xml").decode().replace("</w:p>", box, 1)
    notes = (
        f'<w:footnotes {nsdecls("w")}><w:footnote w:type="separator" w:id="0"><w:p><w:r>'
        "<w:t>-</w:t></w:r></w:p></w:footnote><w:footnote w:id='1'><w:p><w:r>"
        "<w:t>口头挂失五日内有效。</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    relations = files.part(path, "word/_rels/document.xml.rels").decode()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    linked = relations.replace(
        "</Relationships>",
        f'<Relationship Id="rId99" Type="{kind}" Target="footnotes.xml"/></Relationships>',
    )
    files.repacked(
        path,
        {
            "word/document.xml": main.encode(),
            "word/footnotes.xml": notes.encode(),
            "word/_rels/document.xml.rels": linked.encode(),
        },
    )
    parsed = read(path, reader)
    assert texts(parsed) == ["挂失见脚注。\n柜台办理。", "口头挂失五日内有效。"]
    assert headings(parsed) == ["手册", "手册 / 脚注"]


def test_a_workbook_gives_one_record_a_row_from_every_visible_sheet(
    tmp_path: Path, reader: DocumentReader
) -> None:
    path = files.workbook(
        tmp_path / "牌价.xlsx",
        {
            "存款": [["产品", "期限", "起息日"], ["整存整取", "3年", datetime(2026, 10, 15)]],
            "贷款": [["产品", "年利率"], [], ["消费贷", 0.03]],
            "底稿": [["草稿"], ["不要用"]],
        },
    )
    book = openpyxl.load_workbook(path)
    book["贷款"]["B3"].number_format = "0.00%"
    book["底稿"].sheet_state = "hidden"
    book.save(path)
    parsed = read(path, reader)
    assert texts(parsed) == [
        "产品：整存整取；期限：3年；起息日：2026-10-15",
        "产品：消费贷；年利率：3%",
    ]
    assert [passage.citation for passage in parsed.passages] == [
        "《牌价》存款 第2行",
        "《牌价》贷款 第3行",
    ]
    assert parsed.notes == ("工作表“底稿”是隐藏的，没有收录。",)


def test_captions_merged_cells_and_headers_of_two_storeys_reach_every_record(
    tmp_path: Path, reader: DocumentReader
) -> None:
    path = tmp_path / "利率.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "挂牌"
    for row in (
        ["2026年11月存款利率", None, None],
        ["产品", "利率", None],
        [None, "柜面", "手机银行"],
        ["整存整取", "1.20%", "1.25%"],
        [None, "0.90%", "0.95%"],
    ):
        sheet.append(row)
    for merged in ("A1:C1", "A2:A3", "B2:C2", "A4:A5"):
        sheet.merge_cells(merged)
    book.save(path)
    parsed = read(path, reader)
    assert headings(parsed)[0] == "利率 / 挂牌 / 2026年11月存款利率"
    assert texts(parsed) == [
        "产品：整存整取；利率/柜面：1.20%；利率/手机银行：1.25%",
        "产品：整存整取；利率/柜面：0.90%；利率/手机银行：0.95%",
    ]


def test_a_question_list_in_a_workbook_keeps_question_and_answer_together(
    tmp_path: Path, reader: DocumentReader
) -> None:
    from copilot.knowledge import faq_parts

    path = files.workbook(
        tmp_path / "常见问题.xlsx",
        {
            "卡": [
                ["问题", "答案", "相似问", "可咨询"],
                [
                    "卡被限额了怎么办？",
                    "带身份证到柜台核验。",
                    "限额怎么提高；卡被降额",
                    "营业主管",
                ],
            ]
        },
    )
    write(tmp_path / "常见问题.xlsx.meta.yaml", "kind: faq\naudience: customer\n")
    source = read_source(path, reader)
    parsed = parse(source)
    _, (passage,) = parsed.as_version(1, source)
    parts = faq_parts(passage)
    assert (passage.kind, passage.audience) == (PassageKind.FAQ, Audience.CUSTOMER)
    assert (parts.question, parts.answer) == ("卡被限额了怎么办？", "带身份证到柜台核验。")
    assert (parts.variants, parts.ask_whom) == (("限额怎么提高", "卡被降额"), "营业主管")
    assert source.text[passage.start : passage.end] == passage.text
