"""A small bank's exports, written into a folder, for the tests of the tables stage."""

from __future__ import annotations

from pathlib import Path

from copilot.records.generation import QualityCount, QualityReport
from copilot.tables import check_tables, read_sources

CUSTOMERS = """\
客户号,姓名,性别,出生日期,婚姻,开户日期
C001,李静怡,女,1985-03-12,已婚,2015-06-01
C002,王建国,男,1958-11-30,已婚,2009-01-15
C003,陈思远,男,1999-07-08,未婚,2020-09-10
"""

PRODUCTS = """\
产品代码,名称,类型,发行机构,生效日
DEP-1Y,整存整取一年,存款,示例银行,2026-01-01
WMP-CASH,现金管理,理财产品,示例理财有限责任公司,2026-01-01
"""

TRANSACTIONS = """\
流水号,客户号,交易时间,金额
T1,C001,2026-11-01 09:30:00,8500.00
T2,C001,2026-11-02 20:15:00,-120.50
T3,C002,2026-11-03 10:00:00,3000
"""

HEAD = """\
version: 1
business_date: 2026-11-20
tables:
"""

CUSTOMER_MAPPING = """\
  customers:
    file: customers.csv
    columns:
      customer_id: 客户号
      name: 姓名
      gender: {column: 性别, codes: {男: M, 女: F}}
      birth_date: {column: 出生日期, formats: ["%Y-%m-%d", "%Y/%m/%d"]}
      marital_status: {column: 婚姻, codes: {未婚: single, 已婚: married}}
      opened_on: 开户日期
"""

PRODUCT_MAPPING = """\
  products:
    file: products.csv
    columns:
      product_code: 产品代码
      name: 名称
      type: 类型
      issuer: 发行机构
      valid_from: 生效日
"""

TRANSACTION_MAPPING = """\
  transactions:
    file: transactions.csv
    columns:
      txn_id: 流水号
      customer_id: 客户号
      txn_date: 交易时间
      txn_hour: 交易时间
      amount: 金额
"""

HOLDING_MAPPING = """\
  holdings:
    file: holdings.csv
    columns:
      holding_id: 持仓号
      as_of: 快照日
      customer_id: 客户号
      product_type: 类型
      product_code: 代码
      amount: 金额
      currency: 币种
      opened_on: 起息日
      matures_on: 到期日
"""

MAPPINGS = {
    "customers": CUSTOMER_MAPPING,
    "products": PRODUCT_MAPPING,
    "transactions": TRANSACTION_MAPPING,
    "holdings": HOLDING_MAPPING,
}


class BankFiles:
    """Writes exports and a mapping file; every part can be replaced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mappings = {"customers": CUSTOMER_MAPPING, "products": PRODUCT_MAPPING}
        folder.mkdir(parents=True, exist_ok=True)
        self.write("customers.csv", CUSTOMERS)
        self.write("products.csv", PRODUCTS)

    def write(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        """One export."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def table(self, name: str, content: str | bytes, mapping: str | None = None) -> None:
        """An export together with its usual mapping, or another one."""
        self.write(f"{name}.csv", content)
        self.mappings[name] = mapping or MAPPINGS[name]

    def mapping(self, text: str | None = None) -> Path:
        """The mapping file, from its parts or as given."""
        return self.write("sources.yaml", text or HEAD + "".join(self.mappings.values()))

    def check(self) -> QualityReport:
        """The quality report of a check."""
        return check_tables(read_sources(self.mapping()))


def found(report: QualityReport, rule: str) -> QualityCount:
    """The one count of a rule; fails with the rules that did meet rows."""
    counts = [count for count in report.counts if count.rule == rule]
    assert len(counts) == 1, [count.rule for count in report.counts]
    return counts[0]
