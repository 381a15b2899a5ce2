"""The words of product questions: properties, kinds of products, and what no record holds."""

from __future__ import annotations

from enum import StrEnum

from copilot.records.codes import ProductType


class Property(StrEnum):
    """What a product record can be asked for."""

    RATE = "rate"
    MIN_AMOUNT = "min_amount"
    TERM = "term"
    RATING = "rating"
    FEES = "fees"
    WITHDRAWAL = "withdrawal"
    SALE = "sale"
    COOLING_OFF = "cooling_off"
    PAY_TERMS = "pay_terms"
    ISSUER = "issuer"
    INSURED = "insured"


#: Words that ask for a property.
PROPERTY_WORDS: dict[Property, tuple[str, ...]] = {
    Property.WITHDRAWAL: (
        "提前支取",
        "提前取",
        "提前赎回",
        "提前还",
        "赎回",
        "中途",
        "没到期",
        "急用",
        "随时取",
        "能取吗",
        "到账",
    ),
    Property.FEES: ("费率", "手续费", "管理费", "申购费", "赎回费", "托管费", "收费", "什么费"),
    Property.RATING: ("风险等级", "风险评级", "几级", "风险高吗", "r几"),
    Property.MIN_AMOUNT: (
        "起存",
        "起购",
        "起投",
        "起点",
        "起买",
        "最低",
        "门槛",
        "多少钱起",
        "最少",
    ),
    Property.COOLING_OFF: ("犹豫期", "冷静期"),
    Property.PAY_TERMS: ("交几年", "缴几年", "缴费期", "交费期", "缴多久", "交多久"),
    Property.SALE: (
        "哪天发",
        "时候发",
        "时候卖",
        "哪天卖",
        "几号发",
        "几号卖",
        "发售",
        "募集",
        "还在卖",
        "还卖吗",
        "在售",
        "卖到",
    ),
    Property.ISSUER: ("谁发行", "哪家发行", "发行机构", "谁管理", "哪家公司", "谁家的", "承保"),
    Property.INSURED: ("存款保险", "受保障吗"),
    Property.TERM: ("期限", "多长时间", "存多久", "封闭期", "持有期", "锁定", "几个月", "放多久"),
    Property.RATE: (
        "利率",
        "利息",
        "年化",
        "收益",
        "基准",
        "几个点",
        "多少点",
        "百分之几",
        "票面",
    ),
}
#: What no record holds: asking for it is not answered from a record that holds something else.
PAST, FUTURE = "过往或实际收益", "未来走势"
NEVER_ON_RECORD: dict[str, tuple[str, ...]] = {
    "额度": ("额度", "限额", "剩多少", "还有多少", "抢得到"),
    PAST: (
        "历史收益",
        "上一期",
        "上期",
        "到期收益",
        "过往",
        "去年收益",
        "实际收益",
        "到手",
        "净值",
        "回撤",
        "业绩排名",
        "排名",
    ),
    FUTURE: ("会不会涨", "会涨", "会跌", "以后利率", "还会降", "预测"),
    "投资经理与规模": ("基金经理", "投资经理", "规模", "成立时间", "客户数", "多少人买", "满意度"),
    "优惠": ("加息", "优惠", "折扣", "返现", "礼品", "补贴", "贴息"),
    "质押与转让": ("质押", "抵押", "转让"),
    "税费": ("税", "印花"),
}

#: Words for kinds of products; the longest word in the question decides.
KINDS: tuple[tuple[str, ProductType, str], ...] = (
    ("活期存款", ProductType.DEPOSIT, "活期"),
    ("活期", ProductType.DEPOSIT, "活期"),
    ("通知存款", ProductType.DEPOSIT, "通知"),
    ("定期存款", ProductType.DEPOSIT, "整存整取"),
    ("定存", ProductType.DEPOSIT, "整存整取"),
    ("定期", ProductType.DEPOSIT, "整存整取"),
    ("整存整取", ProductType.DEPOSIT, "整存整取"),
    ("大额存单", ProductType.LARGE_CD, ""),
    ("大额", ProductType.LARGE_CD, ""),
    ("储蓄国债", ProductType.GOV_BOND, ""),
    ("国债", ProductType.GOV_BOND, ""),
    ("结构性存款", ProductType.STRUCTURED_DEPOSIT, ""),
    ("结构性", ProductType.STRUCTURED_DEPOSIT, ""),
    ("现金管理", ProductType.WMP, "现金管理"),
    ("封闭式理财", ProductType.WMP, "封闭"),
    ("固收增强", ProductType.WMP, "增强"),
    ("固收+", ProductType.WMP, "增强"),
    ("理财产品", ProductType.WMP, ""),
    ("理财", ProductType.WMP, ""),
    ("指数基金", ProductType.FUND, "指数"),
    ("债券基金", ProductType.FUND, "债券"),
    ("混合基金", ProductType.FUND, "混合"),
    ("基金", ProductType.FUND, ""),
    ("私募", ProductType.PRIVATE_FUND, ""),
    ("年金险", ProductType.INSURANCE, "年金"),
    ("年金保险", ProductType.INSURANCE, "年金"),
    ("终身寿", ProductType.INSURANCE, "终身寿"),
    ("分红险", ProductType.INSURANCE, "分红"),
    ("个人养老金", ProductType.PENSION, ""),
    ("消费贷款", ProductType.LOAN, "消费"),
    ("消费贷", ProductType.LOAN, "消费"),
    ("房贷", ProductType.LOAN, "住房"),
    ("按揭", ProductType.LOAN, "住房"),
    ("账单分期", ProductType.CREDIT_CARD, "分期"),
    ("信用卡分期", ProductType.CREDIT_CARD, "分期"),
    ("积存金", ProductType.GOLD, ""),
    ("美元定期", ProductType.FX, "美元"),
    ("美元定存", ProductType.FX, "美元"),
    ("美元存款", ProductType.FX, "美元"),
)
#: Currencies, metals, customers and covers that the product types do not include.
NOT_SOLD = (
    "日元",
    "港币",
    "欧元",
    "英镑",
    "澳元",
    "白银",
    "企业存款",
    "企业定期",
    "企业大额",
    "企业贷款",
    "企业开户",
    "对公",
    "公司账户",
    "信托",
    "重疾险",
    "车险",
)
