"""What makes a row wrong, and what is done about it: repaired, noted, or put in quarantine.

Rules run in order over a stage (see `copilot.tables.staging`). A condition is DuckDB SQL over the
canonical columns; ``{day}`` is the business date, ``{currency}`` the bank's currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from copilot.records.tables import TABLES, Column, Table
from copilot.tables.staging import REPAIRED, UNREADABLE

Action = Literal["repaired", "noted", "quarantined"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition, what is done with the rows that meet it, and what the report says.

    ``sets`` are the columns that change; a quarantined row keeps its values.
    """

    name: str
    action: Action
    when: str
    message: str
    sets: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that must name a row of another table."""

    table: str
    column: str
    parent: str
    action: Action
    message: str
    clears: bool = False

    def rule(self, kept: str) -> Rule:
        """The rule, given SQL of the parent rows that are kept."""
        when = (
            f"{self.column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ({kept}) p "
            f"WHERE p.{TABLES[self.parent].key[0]} = {{stage}}.{self.column})"
        )
        cleared = {self.column: "NULL"} if self.clears else None
        unknown = TABLES[self.parent].key[0].removesuffix("_id").removesuffix("_code")
        return Rule(f"unknown_{unknown}", self.action, when, self.message, cleared)


def reading_rules(table: Table, mapped: set[str]) -> Iterator[Rule]:
    """What reading the columns found: repairs, unreadable values, required ones absent."""
    for column in table.columns:
        if column.name in mapped:
            yield from _column_rules(table, column)
    for name in mapped & set(_HOURS):
        yield _HOURS[name]


def _column_rules(table: Table, column: Column) -> Iterator[Rule]:
    mark, label = f"{column.name}__mark", column.label
    form, repair = _REPAIRS["codes" if column.codes else column.type]
    yield Rule(f"{form}.{column.name}", "repaired", f"{mark} = {REPAIRED}", f"{label}：{repair}")
    unreadable = f"{mark} = {UNREADABLE}"
    kind = "unknown_code" if column.codes or column.type == "bool" else "unreadable"
    what = "不在码值表中（copilot tables codes 可查）" if column.codes else "读不出来或超出合理范围"
    if column.type in ("date", "datetime"):
        what += "（写法不常见时，在该列写明 formats）"
    if column.required:
        yield Rule(f"{kind}.{column.name}", "quarantined", unreadable, f"{label}：{what}")
        missing = "missing_key" if column.name in table.key else "missing_required"
        yield Rule(
            f"{missing}.{column.name}",
            "quarantined",
            f'"{column.name}" IS NULL AND {mark} <> {UNREADABLE}',
            f"{label}：必填但为空",
        )
    else:
        yield Rule(f"{kind}.{column.name}", "noted", unreadable, f"{label}：{what}，按未知处理")


_REPAIRS = {
    "codes": ("code_form", "码值写法已规范"),
    "text": ("text_form", "全角字符或首尾空格已规范"),
    "int": ("number_form", "全角数字、千分位或小数点已规范"),
    "float": ("number_form", "全角数字、千分位或百分号已规范"),
    "money": ("number_form", "全角数字、千分位或元、万元后缀已换算"),
    "bool": ("code_form", "码值写法已规范"),
    "date": ("date_form", "日期写法与首选格式不同，已统一"),
    "datetime": ("date_form", "时间写法与首选格式不同，已统一"),
    "json": ("list_form", "列表写法已规范"),
}

_HOURS = {
    "txn_hour": Rule(
        "no_clock", "noted",
        "(SELECT count(*) > 20 AND max(txn_hour) = 0 FROM {stage}) AND txn_hour = 0",
        "交易小时：全部为零点，视为没有时间", {"txn_hour": "NULL"},
    )
}  # fmt: skip

_BIRTH = (
    "birth_date < DATE '1900-01-01' OR birth_date > {day} OR birth_date < {day} - INTERVAL 110 YEAR"
)

ROW_RULES: Mapping[str, tuple[Rule, ...]] = {
    "customers": (
        Rule("swapped_columns.birth_opening", "repaired",
             "birth_date > opened_on AND birth_date <= {day} AND opened_on >= DATE '1900-01-01' "
             "AND date_diff('year', opened_on, birth_date) BETWEEN 12 AND 110",
             "出生日期与开户日写反，已对调",
             {"birth_date": "opened_on", "opened_on": "birth_date"}),
        Rule("impossible_birthday", "noted", _BIRTH,
             "出生日期不可能（1900年前、未来或超过110岁），按未知处理", {"birth_date": "NULL"}),
        Rule("impossible_birth_year", "noted",
             "birth_year < year({day}) - 110 OR birth_year > year({day})",
             "出生年份不可能，按未知处理", {"birth_year": "NULL"}),
        Rule("birth_after_opening", "noted", "birth_date > opened_on",
             "出生日期晚于开户日，无法判断哪个错，两者均按未知处理",
             {"birth_date": "NULL", "opened_on": "NULL"}),
        Rule("future_date.opened_on", "noted", "opened_on > {day}",
             "开户日晚于业务日期，按未知处理", {"opened_on": "NULL"}),
        Rule("shared_id_number", "noted",
             "id_number IN (SELECT id_number FROM {stage} WHERE id_number IS NOT NULL "
             "GROUP BY id_number HAVING count(DISTINCT customer_id) > 1)",
             "同一证件号对应多个客户号，疑似同一人，未合并"),
    ),
    "holdings": (
        Rule("negative_holding", "quarantined", "amount < 0", "持仓金额为负"),
        Rule("swapped_columns.opening_maturity", "repaired",
             "matures_on < opened_on AND matures_on <= as_of",
             "起息日与到期日写反，已对调", {"opened_on": "matures_on", "matures_on": "opened_on"}),
        Rule("maturity_before_opening", "noted", "matures_on < opened_on",
             "到期日早于起息日，到期日按未知处理", {"matures_on": "NULL"}),
    ),
    "products": (
        Rule("validity_reversed", "quarantined", "valid_to <= valid_from",
             "版本失效日不晚于生效日"),
        Rule("negative_figure", "quarantined",
             "least(min_amount, term_days, rate_bp, apr_bp, cooling_off_days) < 0",
             "起购金额、期限或利率为负"),
        Rule("percent_for_points", "noted",
             "(rate_bp > 0 AND rate_bp < 5 AND type <> 'fx') "
             "OR (least(benchmark_low_bp, benchmark_high_bp, apr_bp, apr_high_bp) > 0 "
             "AND least(benchmark_low_bp, benchmark_high_bp, apr_bp, apr_high_bp) < 20)",
             "利率只有几个基点，像是把百分数写成了基点（1.15%请写 1.15% 或 115），请核对"),
    ),
}  # fmt: skip

_FUTURE = {
    "risk_assessments": "assessed_on",
    "holdings": "as_of",
    "transactions": "txn_date",
    "attributes": "as_of",
    "labels": "as_of",
    "interactions": "at",
    "complaints": "at",
    "consents": "at",
    "events": "at",
    "visits": "at",
    "referrals": "at",
}

_UNKNOWN_CUSTOMER = "客户号在客户表中不存在"
REFERENCES: tuple[Reference, ...] = (
    *(
        Reference(name, "customer_id", "customers", "quarantined", _UNKNOWN_CUSTOMER)
        for name in (
            "risk_assessments", "accounts", "holdings", "transactions", "interactions",
            "complaints", "consents", "attributes", "labels",
        )
    ),
    *(
        Reference(name, "customer_id", "customers", "noted", f"{_UNKNOWN_CUSTOMER}，已置空", True)
        for name in ("visits", "referrals", "events")
    ),
    Reference("holdings", "product_code", "products", "noted",
              "产品代码不在产品表中，保留持仓，代码置空", True),
    Reference("licences", "staff_id", "staff", "quarantined", "工号在员工表中不存在"),
    Reference("customers", "branch_id", "branches", "noted", "网点号在网点表中不存在"),
    Reference("customers", "manager_id", "staff", "noted", "管户经理在员工表中不存在"),
    Reference("staff", "branch_id", "branches", "noted", "网点号在网点表中不存在"),
)  # fmt: skip


def row_rules(table: Table) -> Iterator[Rule]:
    """What is wrong with a row of ``table`` by itself."""
    yield from ROW_RULES.get(table.name, ())
    if table.name in _FUTURE:
        column = _FUTURE[table.name]
        yield Rule(f"future_date.{column}", "quarantined", f"CAST(\"{column}\" AS DATE) > {{day}}",
                   f"{table.column(column).label}晚于业务日期")  # fmt: skip
    if any(column.name == "currency" for column in table.columns):
        yield Rule("other_currency", "noted", "currency <> {currency}",
                   "币种不是本币，保留原币种，不与本币相加")  # fmt: skip
