"""Published code lists: the closed vocabularies of tables, rules, templates and commands.

Each code says what a bank employee reads for it; `copilot tables codes` prints them all.
"""

from __future__ import annotations

from enum import StrEnum

from copilot.records.labelled import Labelled


class ProductType(Labelled):
    """Families of retail products."""

    DEPOSIT = "deposit", "存款"
    LARGE_CD = "large_cd", "大额存单"
    GOV_BOND = "gov_bond", "储蓄国债"
    STRUCTURED_DEPOSIT = "structured_deposit", "结构性存款"
    WMP = "wmp", "理财产品"
    FUND = "fund", "公募基金"
    PRIVATE_FUND = "private_fund", "私募产品"
    INSURANCE = "insurance", "保险"
    PENSION = "pension", "个人养老金"
    LOAN = "loan", "贷款"
    CREDIT_CARD = "credit_card", "信用卡"
    GOLD = "gold", "贵金属"
    FX = "fx", "外汇"


class Channel(Labelled):
    """Where a text is used. All but counter, phone and print are online."""

    COUNTER = "counter", "厅堂面谈"
    PHONE = "phone", "电话"
    WECOM = "wecom", "企业微信"
    SMS = "sms", "短信"
    APP = "app", "手机银行"
    SOCIAL = "social", "朋友圈等社交媒体"
    PRINT = "print", "印刷物料"
    EMAIL = "email", "电子邮件"

    @property
    def online(self) -> bool:
        """Whether the online-marketing rules apply on this channel."""
        return self not in (Channel.COUNTER, Channel.PHONE, Channel.PRINT)

    @property
    def shared(self) -> bool:
        """Whether many people read the same text at once, so that it addresses nobody."""
        return self in (Channel.SOCIAL, Channel.PRINT)

    @property
    def spoken(self) -> bool:
        """Whether people talk here; everywhere else they read."""
        return self in (Channel.COUNTER, Channel.PHONE)

    @property
    def pushed(self) -> bool:
        """Whether the bank starts the contact, so that consent and contact limits apply."""
        return self in (Channel.PHONE, Channel.WECOM, Channel.SMS, Channel.APP, Channel.EMAIL)


class DraftKind(Labelled):
    """What a text is."""

    PITCH = "pitch", "产品话术"
    MESSAGE = "message", "消息"
    PLAN = "plan", "营销方案"
    SUMMARY = "summary", "工作总结"
    ANSWER = "answer", "问答"
    POSTER = "poster", "海报"


class Audience(Labelled):
    """Who may read a text or passage."""

    CUSTOMER = "customer", "客户"
    INTERNAL = "internal", "行内"


class Role(Labelled):
    """What a member of staff does."""

    LOBBY = "lobby", "大堂经理"
    WEALTH = "wealth", "理财经理"
    TELLER = "teller", "柜员"
    MANAGER = "manager", "支行行长"
    OPERATOR = "operator", "营销运营"
    REVIEWER = "reviewer", "支行复核"
    PRODUCT = "product", "产品条线"
    LEGAL = "legal", "法律合规"
    CONSUMER_PROTECTION = "consumer_protection", "消费者权益保护"
    IT = "it", "科技"


class LicenceKind(Labelled):
    """Qualifications that let a person speak about product types."""

    WEALTH_SALES = "wealth_sales", "理财销售上岗资格"
    FUND_SALES = "fund_sales", "基金从业资格"
    INSURANCE_SALES = "insurance_sales", "保险销售执业登记"


class ConsentPurpose(Labelled):
    """What a customer may allow or refuse."""

    MARKETING = "marketing", "营销触达"
    PROFILING = "profiling", "画像分析"


class Origin(Labelled):
    """Whose product it is."""

    OWN = "own", "本行"
    AGENCY = "agency", "代销"


class PassageKind(Labelled):
    """Kinds of knowledge."""

    PRODUCT = "product", "产品资料"
    REGULATION = "regulation", "制度法规"
    FAQ = "faq", "常见问题"
    SCRIPT = "script", "内部话术"


class TxnKind(Labelled):
    """What a transaction is for; `other` when the bank's code has no counterpart."""

    SALARY = "salary", "代发工资"
    BONUS = "bonus", "奖金"
    PENSION = "pension", "养老金"
    TRANSFER_IN = "transfer_in", "转入"
    TRANSFER_OUT = "transfer_out", "转出"
    PURCHASE = "purchase", "消费"
    CASH_IN = "cash_in", "现金存入"
    CASH_OUT = "cash_out", "取现"
    WEALTH_BUY = "wealth_buy", "购买理财"
    WEALTH_REDEEM = "wealth_redeem", "理财赎回"
    LOAN_REPAY = "loan_repay", "还款"
    FEE = "fee", "手续费"
    INTEREST = "interest", "结息"
    UTILITY = "utility", "生活缴费"
    TUITION = "tuition", "学费"
    OTHER = "other", "其他"


class TxnChannel(Labelled):
    """How a transaction was made."""

    COUNTER = "counter", "柜面"
    ATM = "atm", "自助设备"
    MOBILE = "mobile", "手机银行"
    WEB = "web", "网银"
    POS = "pos", "刷卡"
    AUTO = "auto", "自动"
    OTHER = "other", "其他"


class SummaryPeriod(StrEnum):
    """How much time a work summary covers."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class LifeStage(Labelled):
    """Stages that templates and segments are written for."""

    STUDENT = "student", "学生"
    WORKING = "working", "在职"
    FAMILY = "family", "家庭成长"
    RETIRED = "retired", "退休"
    UNKNOWN = "unknown", "未知"


class Manner(Labelled):
    """Customers whom staff speak to in a way of their own, the most telling first."""

    ELDER = "elder", "年长客户"
    PRIVATE = "private", "私人银行客户"
    FIRST_TIME = "first_time", "第一次投资的客户"
    OWNER = "owner", "做生意的客户"
    YOUNG_PARENT = "young_parent", "年轻父母"


class Occasion(Labelled):
    """When a pitch is made."""

    FIRST = "first", "首次介绍"
    ASKED = "asked", "客户主动问起"
    FOLLOW_UP = "follow_up", "到访后跟进"


class Tier(Labelled):
    """Value tiers by month-average assets; the thresholds are bank configuration."""

    MASS = "mass", "大众"
    POTENTIAL = "potential", "潜力"
    WEALTH = "wealth", "理财"
    AFFLUENT = "affluent", "财富"
    PRE_PRIVATE = "pre_private", "准私行"
    PRIVATE = "private", "私行"


class Topic(Labelled):
    """What a customer's words are about."""

    DEPOSIT = "deposit", "存款"
    WEALTH = "wealth", "理财与基金"
    INSURANCE = "insurance", "保险"
    LOAN = "loan", "贷款"
    CARD = "card", "银行卡"
    DIGITAL = "digital", "手机银行与转账"
    SERVICE = "service", "网点服务"
    FEE = "fee", "费用"
    CONTACT = "contact", "联系与打扰"
    SECURITY = "security", "账户安全"
    OTHER = "other", "其他"


class Intent(Labelled):
    """What a customer's words are for."""

    INQUIRE = "inquire", "咨询"
    REQUEST = "request", "要求办理"
    COMPLAIN = "complain", "抱怨投诉"
    REFUSE = "refuse", "拒绝营销"
    LEAVE = "leave", "要离开"
    PRAISE = "praise", "表扬"
    CONSIDER = "consider", "在考虑"
    NONE = "none", "无诉求"


class Mood(Labelled):
    """How a customer feels, as far as the words say."""

    POSITIVE = "positive", "满意"
    NEUTRAL = "neutral", "平和"
    NEGATIVE = "negative", "不满"
    ANGRY = "angry", "激烈不满"


RISK_TOLERANCES = ("C1", "C2", "C3", "C4", "C5")
RISK_RATINGS = ("R1", "R2", "R3", "R4", "R5")

#: Codes of the customer table.
GENDERS = {"M": "男", "F": "女"}

#: What people read for the codes of every list, by code.
LABELS: dict[type[StrEnum], dict[str, str]] = {
    codes: {code.value: code.shown for code in codes}
    for codes in (
        ProductType,
        Channel,
        DraftKind,
        Audience,
        Role,
        LicenceKind,
        ConsentPurpose,
        Origin,
        PassageKind,
        TxnKind,
        TxnChannel,
        LifeStage,
        Manner,
        Occasion,
        Tier,
        Topic,
        Intent,
        Mood,
    )
}


def label(code: Labelled) -> str:
    """What people read for a code.

    >>> label(ProductType.WMP)
    '理财产品'
    """
    return code.shown
