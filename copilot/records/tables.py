"""The canonical tables, one declaration for loading, storing, validating and docs.

Column types: ``text``, ``int``, ``float``, ``bool``, ``date``, ``datetime``, ``money`` (int64
fen), ``json`` (text holding JSON). ``data_class`` follows JR/T 0171: C3 credentials are refused at
load, C2 identifies a person or their money and never leaves unmasked, C1 is the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from copilot.records import codes


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a canonical table; ``codes`` is its closed vocabulary when it has one."""

    name: str
    type: str
    label: str
    required: bool = False
    codes: tuple[str, ...] = ()
    data_class: str = "C1"


@dataclass(frozen=True, slots=True)
class Table:
    """A canonical table. ``facts`` tables live only in Parquet; the others in the database too."""

    name: str
    label: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    facts: bool = False

    def column(self, name: str) -> Column:
        """The column called ``name`` (KeyError when there is none)."""
        return {column.name: column for column in self.columns}[name]


def _values(enum: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in enum)


def _c(
    name: str,
    type: str,
    label: str,
    *,
    required: bool = False,
    codes: tuple[str, ...] = (),
    data_class: str = "C1",
) -> Column:
    return Column(name, type, label, required, codes, data_class)


def _key(name: str, type: str, label: str, **rest: object) -> Column:
    return _c(name, type, label, required=True, **rest)  # type: ignore[arg-type]


_PRODUCT_TYPES = _values(codes.ProductType)

_TABLES = (
    Table(
        "customers",
        "客户",
        ("customer_id",),
        (
            _key("customer_id", "text", "客户号"),
            _c("name", "text", "姓名", data_class="C2"),
            _c("gender", "text", "性别", codes=("M", "F")),
            _c("birth_date", "date", "出生日期", data_class="C2"),
            _c("birth_year", "int", "出生年份"),
            _c("city", "text", "城市"),
            _c("branch_id", "text", "网点"),
            _c("manager_id", "text", "管户经理"),
            _c("occupation", "text", "职业"),
            _c("income_band", "text", "收入档"),
            _c("marital_status", "text", "婚姻状况", codes=("single", "married", "other")),
            _c("qualified_investor", "bool", "合格投资者"),
            _c("employer_id", "text", "单位"),
            _c("opened_on", "date", "开户日"),
            _c("phone", "text", "手机号", data_class="C2"),
            _c("id_number", "text", "证件号码", data_class="C2"),
            _c("is_employee", "bool", "本行员工"),
        ),
    ),
    Table(
        "risk_assessments",
        "风险测评",
        ("customer_id", "assessed_on"),
        (
            _key("customer_id", "text", "客户号"),
            _key("assessed_on", "date", "测评日期"),
            _key("level", "text", "风险承受能力", codes=codes.RISK_TOLERANCES),
        ),
    ),
    Table(
        "accounts",
        "账户",
        ("account_id",),
        (
            _key("account_id", "text", "账号", data_class="C2"),
            _key("customer_id", "text", "客户号"),
            _c("kind", "text", "账户种类"),
            _c("currency", "text", "币种"),
            _c("opened_on", "date", "开户日"),
            _c("auto_renew", "bool", "自动转存"),
        ),
    ),
    Table(
        "holdings",
        "持仓",
        ("holding_id", "as_of"),
        (
            _key("holding_id", "text", "持仓号"),
            _key("as_of", "date", "快照日"),
            _key("customer_id", "text", "客户号"),
            _key("product_type", "text", "产品类型", codes=_PRODUCT_TYPES),
            _key("amount", "money", "金额", data_class="C2"),
            _c("product_code", "text", "产品代码"),
            _c("currency", "text", "币种"),
            _c("opened_on", "date", "起息日"),
            _c("matures_on", "date", "到期日"),
            _c("auto_renew", "bool", "自动转存"),
        ),
        facts=True,
    ),
    Table(
        "transactions",
        "交易",
        ("txn_id",),
        (
            _key("txn_id", "text", "流水号"),
            _key("customer_id", "text", "客户号"),
            _key("txn_date", "date", "交易日"),
            _key("amount", "money", "金额（流入为正）", data_class="C2"),
            _c("txn_hour", "int", "交易小时"),
            _c("account_id", "text", "账号", data_class="C2"),
            _c("currency", "text", "币种"),
            _c("channel", "text", "渠道", codes=_values(codes.TxnChannel)),
            _c("kind", "text", "交易种类", codes=_values(codes.TxnKind)),
            _c("counterparty_id", "text", "对手方", data_class="C2"),
            _c("balance_after", "money", "交易后余额", data_class="C2"),
            _c("memo", "text", "附言", data_class="C2"),
        ),
        facts=True,
    ),
    Table(
        "products",
        "产品",
        ("product_code", "valid_from"),
        (
            _key("product_code", "text", "产品代码"),
            _key("valid_from", "date", "版本生效日"),
            _key("name", "text", "产品名称"),
            _key("type", "text", "产品类型", codes=_PRODUCT_TYPES),
            _key("issuer", "text", "发行机构"),
            _c("origin", "text", "来源", codes=_values(codes.Origin)),
            _c("partner_approval_ref", "text", "合作方授权编号"),
            _c("risk_rating", "text", "风险等级", codes=codes.RISK_RATINGS),
            _c("min_amount", "money", "起购金额"),
            _c("term_days", "int", "期限（天）"),
            _c("rate_bp", "float", "利率（基点）"),
            _c("benchmark_low_bp", "float", "业绩比较基准下限（基点）"),
            _c("benchmark_high_bp", "float", "业绩比较基准上限（基点）"),
            _c("benchmark_basis", "text", "基准依据"),
            _c("benchmark_statement", "text", "基准声明"),
            _c("apr_bp", "float", "年化利率下限（基点）"),
            _c("apr_high_bp", "float", "年化利率上限（基点）"),
            _c("fees", "json", "费用"),
            _c("pay_terms", "json", "缴费期（年）"),
            _c("cooling_off_days", "int", "犹豫期（天）"),
            _c("sale_from", "date", "开始销售"),
            _c("sale_to", "date", "停止销售"),
            _c("channels", "json", "准入渠道"),
            _c("audiences", "json", "适用人群"),
            _c("tiers", "json", "客户层级"),
            _c("branches", "json", "准入网点"),
            _c("deposit_insured", "bool", "存款保险"),
            _c("valid_to", "date", "版本失效日"),
            _c("liquidity", "text", "流动性说明"),
            _c("risk_statement", "text", "风险提示语"),
        ),
    ),
    Table(
        "staff",
        "员工",
        ("staff_id",),
        (
            _key("staff_id", "text", "工号"),
            _c("name", "text", "姓名", data_class="C2"),
            _key("role", "text", "岗位", codes=_values(codes.Role)),
            _key("branch_id", "text", "网点"),
            _c("valid_to", "date", "离岗日"),
        ),
    ),
    Table(
        "licences",
        "执业资格",
        ("staff_id", "licence", "valid_from"),
        (
            _key("staff_id", "text", "工号"),
            _key("licence", "text", "资格", codes=_values(codes.LicenceKind)),
            _key("valid_from", "date", "生效日"),
            _c("product_types", "json", "可讲产品类型"),
            _c("valid_to", "date", "失效日"),
        ),
    ),
    Table(
        "branches",
        "网点",
        ("branch_id",),
        (
            _key("branch_id", "text", "网点号"),
            _c("name", "text", "名称"),
            _c("city", "text", "城市"),
            _c("parent_id", "text", "上级机构"),
        ),
    ),
    Table(
        "interactions",
        "触达记录",
        ("id",),
        (
            _key("id", "text", "编号"),
            _key("customer_id", "text", "客户号"),
            _key("at", "datetime", "时间"),
            _key("channel", "text", "渠道", codes=_values(codes.Channel)),
            _c("staff_id", "text", "工号"),
            _c("kind", "text", "类别"),
            _c("text", "text", "内容", data_class="C2"),
            _c("outcome", "text", "结果"),
            _c("recording_id", "text", "双录编号"),
            _c("offer_arm", "text", "试验组", codes=("random", "model", "none")),
        ),
    ),
    Table(
        "visits",
        "到访",
        ("id",),
        (
            _key("id", "text", "编号"),
            _c("customer_id", "text", "客户号"),
            _c("branch_id", "text", "网点"),
            _c("at", "datetime", "时间"),
            _c("errand", "text", "来意"),
        ),
    ),
    Table(
        "referrals",
        "转介",
        ("id",),
        (
            _key("id", "text", "编号"),
            _c("customer_id", "text", "客户号"),
            _c("from_staff", "text", "转介人"),
            _c("to_staff", "text", "承接人"),
            _c("at", "datetime", "时间"),
            _c("accepted_at", "datetime", "承接时间"),
            _c("result", "text", "结果"),
        ),
    ),
    Table(
        "complaints",
        "投诉",
        ("id",),
        (
            _key("id", "text", "编号"),
            _c("customer_id", "text", "客户号"),
            _c("at", "datetime", "时间"),
            _c("topic", "text", "主题"),
            _c("status", "text", "状态", codes=("open", "in_progress", "closed")),
        ),
    ),
    Table(
        "consents",
        "同意与拒收",
        ("customer_id", "purpose", "channel", "at"),
        (
            _key("customer_id", "text", "客户号"),
            _key("purpose", "text", "用途", codes=_values(codes.ConsentPurpose)),
            _key("channel", "text", "渠道", codes=("all", *_values(codes.Channel))),
            _key("at", "datetime", "时间"),
            _key("granted", "bool", "是否同意"),
        ),
    ),
    Table(
        "events",
        "工作记录",
        ("id",),
        (
            _key("id", "text", "编号"),
            _key("staff_id", "text", "工号"),
            _key("at", "datetime", "时间"),
            _key("kind", "text", "类别"),
            _c("customer_id", "text", "客户号"),
            _c("product_code", "text", "产品代码"),
            _c("amount", "money", "金额", data_class="C2"),
            _c("note", "text", "备注", data_class="C2"),
        ),
    ),
    Table(
        "targets",
        "目标",
        ("owner_id", "period", "kpi"),
        (
            _key("owner_id", "text", "责任人"),
            _key("period", "text", "期间"),
            _key("kpi", "text", "指标"),
            _key("value", "float", "目标值"),
        ),
    ),
    Table(
        "attributes",
        "其他属性",
        ("customer_id", "as_of", "name"),
        (
            _key("customer_id", "text", "客户号"),
            _key("as_of", "date", "日期"),
            _key("name", "text", "属性名"),
            _key("value", "text", "属性值"),
        ),
        facts=True,
    ),
    Table(
        "labels",
        "训练标签",
        ("customer_id", "as_of", "name"),
        (
            _key("customer_id", "text", "客户号"),
            _key("as_of", "date", "日期"),
            _key("name", "text", "标签名"),
            _key("value", "text", "标签值"),
        ),
        facts=True,
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _TABLES}
INDISPENSABLE = ("customers", "products")


def label_of(what: str) -> str:
    """What people read for a table, or for a column of one.

    >>> label_of("consents"), label_of("customers.birth_date")
    ('同意与拒收', '客户的出生日期')
    """
    table, _, column = what.partition(".")
    name = TABLES[table].label
    return f"{name}的{TABLES[table].column(column).label}" if column else name
