"""Small knowledge files for tests: one sheet with an older version, questions, a rule, scripts."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import document_files

from copilot.records.codes import Audience, PassageKind
from copilot.records.generation import Generation
from copilot.records.knowledge import Document, IngestReport, SearchQuery
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store

TODAY = date(2026, 11, 20)
EVERYONE = Principal.operator()

SHEET = """---
product_code: DEP-3Y
valid_from: 2026-10-15
name: 三年期整存整取
type: deposit
issuer: 示例银行
min_amount: 50
term_days: 1095
rate_bp: 145
audiences: [retail]
---

## 产品概要

三年期整存整取，50元起存，现行挂牌年利率1.45%。

## 提前支取

没到期也能取，提前支取的部分按支取日活期利率计息。
"""

OLD_SHEET = (
    SHEET.replace("2026-10-15", "2026-03-01\nvalid_to: 2026-10-15")
    .replace("rate_bp: 145", "rate_bp: 155")
    .replace("现行挂牌年利率1.45%", "当时挂牌年利率1.55%")
)

PRIVATE = """---
product_code: PRIV-01
valid_from: 2026-09-01
name: 远山一号私募基金
type: private_fund
issuer: 示例私募基金管理有限公司
audiences: [qualified_investor]
---

## 产品概要

面向经过认定的合格投资者，锁定期内不能赎回。
"""

FAQ = """- id: card.limited
  question: 卡被限额了，怎么解除？
  variants: [银行卡限额怎么提高, 卡被降额了去哪解]
  answer: 请带身份证和银行卡到柜台，先查原因，再补材料。符合条件的当场调整。
  kind: servicing
  product_types: []
  audience: customer
  valid_from: 2026-01-01
  valid_to: null
  ask_whom: 营业主管
  source: 《银行卡业务手册》第三章
- id: pos.training
  question: 新员工几天能上岗？
  variants: []
  answer: 跟班满十天，考核合格后上岗。
  kind: compliance
  audience: internal
  valid_from: 2026-01-01
"""

REGULATION = """---
id: marketing-policy
title: 营销宣传管理规程
number: 示例银行〔2026〕12号
issuer: 示例银行
issued: 2025-12-15
effective_from: 2026-01-01
effective_to: null
status: in_force
evidence: text
disclaimer: 虚构样例，不构成法律意见。
---

## 第一条 触达间隔

对同一客户的营销触达，间隔不少于30天，各渠道合并计算。

## 第二条 留痕

话术、审核意见和发送记录应当完整保存。
"""

SCRIPTS = """- id: close.no-rush
  move: close
  product_types: [deposit]
  situation: 客户想再考虑
  text: 不着急，今天不必决定，您回家和家里人商量好了再来。
  valid_from: 2026-01-01
"""


def write_shelf(folder: Path) -> Path:
    """The whole small knowledge folder."""
    for name, text in {
        "products/DEP-3Y.md": SHEET,
        "products/DEP-3Y@2026-03-01.md": OLD_SHEET,
        "products/PRIV-01.md": PRIVATE,
        "faq/cards.yaml": FAQ,
        "regulations/marketing-policy.md": REGULATION,
        "scripts/closing.yaml": SCRIPTS,
        "README.md": "# 说明\n\n这个文件不是资料。\n",
        "templates/deposit/a.yaml": "id: a\n",
        "questions.yaml": "rate: [利率]\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def take_in(store: Store, settings: Settings, *paths: Path) -> IngestReport:
    """An ingest as the command line does it."""
    from copilot.knowledge import ingest

    with store.writer_lock():
        return ingest(paths, store, settings)


def load_products(store: Store, *codes: str, sale_to: date | None = None) -> None:
    """Product records, so that the shelf knows what is on sale."""
    folder = store.data_dir / "facts" / "g1"
    folder.mkdir(parents=True, exist_ok=True)
    generation = Generation(
        "g1", folder, TODAY, {}, frozenset(), "hash", datetime(2026, 11, 20, 8, 0)
    )
    products = [
        {
            "product_code": code,
            "valid_from": date(2026, 1, 1),
            "name": code,
            "type": "deposit",
            "issuer": "示例银行",
            "sale_to": sale_to,
        }
        for code in codes
    ]
    with store.transaction() as connection:
        store.facts.activate(connection, generation, {"products": products})


def found(
    text: str,
    store: Store,
    settings: Settings,
    *,
    as_of: date = TODAY,
    kind: PassageKind | None = None,
    audience: Audience = Audience.INTERNAL,
    principal: Principal = EVERYONE,
    k: int = 10,
) -> list[str]:
    """The document ids of a search's hits, best first."""
    from copilot.knowledge import search

    query = SearchQuery(text, as_of, k=k, kind=kind, audience=audience)
    result = search(query, store, settings, principal)
    return [hit.passage.document_id for hit in result.hits]


def documents(store: Store) -> dict[str, Document]:
    return {d.document_id: d for d in store.knowledge(EVERYONE).documents()}


def every_format(home: Path) -> Path:
    """One document of each format, and one that is broken."""
    home.mkdir()
    document_files.word(home / "挂失.docx", "挂失业务先口头后书面。")
    document_files.workbook(home / "利率.xlsx", {"存款": [["产品", "年利率"], ["定存", "1.25%"]]})
    (home / "代办.pdf").write_bytes(
        document_files.pdf(document_files.paragraphs("代办业务要带双方证件。"))
    )
    (home / "公告.html").write_text("<h1>公告</h1><p>系统周日凌晨维护。</p>", "utf-8")
    (home / "提示.txt").write_bytes("假币当面收缴并出具凭证。".encode("gb18030"))
    (home / "坏.docx").write_bytes(b"PK\x03\x04")
    return home
