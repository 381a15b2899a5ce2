"""Published code lists: the closed vocabularies of tables, rules, templates and commands.

`LABELS` holds what a bank employee reads for each code; `copilot tables codes` prints it.
"""

from __future__ import annotations

from enum import StrEnum


class ProductType(StrEnum):
    """Families of retail products (design §3)."""

    DEPOSIT = "deposit"
    LARGE_CD = "large_cd"
    GOV_BOND = "gov_bond"
    STRUCTURED_DEPOSIT = "structured_deposit"
    WMP = "wmp"
    FUND = "fund"
    PRIVATE_FUND = "private_fund"
    INSURANCE = "insurance"
    PENSION = "pension"
    LOAN = "loan"
    CREDIT_CARD = "credit_card"
    GOLD = "gold"
    FX = "fx"


class Channel(StrEnum):
    """Where a text is used. All but counter, phone and print are online (design §4)."""

    COUNTER = "counter"
    PHONE = "phone"
    WECOM = "wecom"
    SMS = "sms"
    APP = "app"
    SOCIAL = "social"
    PRINT = "print"
    EMAIL = "email"

    @property
    def online(self) -> bool:
        """Whether the online-marketing rules apply on this channel."""
        return self not in (Channel.COUNTER, Channel.PHONE, Channel.PRINT)

    @property
    def shared(self) -> bool:
        """Whether many people read the same text at once, so that it addresses nobody."""
        return self in (Channel.SOCIAL, Channel.PRINT)

    @property
    def pushed(self) -> bool:
        """Whether the bank starts the contact, so that consent and contact limits apply."""
        return self in (Channel.PHONE, Channel.WECOM, Channel.SMS, Channel.APP, Channel.EMAIL)


class DraftKind(StrEnum):
    """What a text is."""

    PITCH = "pitch"
    MESSAGE = "message"
    PLAN = "plan"
    SUMMARY = "summary"
    ANSWER = "answer"
    POSTER = "poster"


class Audience(StrEnum):
    """Who may read a text or passage."""

    CUSTOMER = "customer"
    INTERNAL = "internal"


class Role(StrEnum):
    """What a member of staff does."""

    LOBBY = "lobby"
    WEALTH = "wealth"
    TELLER = "teller"
    MANAGER = "manager"
    OPERATOR = "operator"
    REVIEWER = "reviewer"
    PRODUCT = "product"
    LEGAL = "legal"
    CONSUMER_PROTECTION = "consumer_protection"
    IT = "it"


class LicenceKind(StrEnum):
    """Qualifications that let a person speak about product types."""

    WEALTH_SALES = "wealth_sales"
    FUND_SALES = "fund_sales"
    INSURANCE_SALES = "insurance_sales"


class ConsentPurpose(StrEnum):
    """What a customer may allow or refuse."""

    MARKETING = "marketing"
    PROFILING = "profiling"


class Origin(StrEnum):
    """Whose product it is."""

    OWN = "own"
    AGENCY = "agency"


class PassageKind(StrEnum):
    """Kinds of knowledge."""

    PRODUCT = "product"
    REGULATION = "regulation"
    FAQ = "faq"
    SCRIPT = "script"


class TxnKind(StrEnum):
    """What a transaction is for; `other` when the bank's code has no counterpart."""

    SALARY = "salary"
    BONUS = "bonus"
    PENSION = "pension"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    PURCHASE = "purchase"
    CASH_IN = "cash_in"
    CASH_OUT = "cash_out"
    WEALTH_BUY = "wealth_buy"
    WEALTH_REDEEM = "wealth_redeem"
    LOAN_REPAY = "loan_repay"
    FEE = "fee"
    INTEREST = "interest"
    UTILITY = "utility"
    TUITION = "tuition"
    OTHER = "other"


class TxnChannel(StrEnum):
    """How a transaction was made."""

    COUNTER = "counter"
    ATM = "atm"
    MOBILE = "mobile"
    WEB = "web"
    POS = "pos"
    AUTO = "auto"
    OTHER = "other"


class SummaryPeriod(StrEnum):
    """How much time a work summary covers."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class LifeStage(StrEnum):
    """Stages that templates and segments are written for."""

    STUDENT = "student"
    WORKING = "working"
    FAMILY = "family"
    RETIRED = "retired"
    UNKNOWN = "unknown"


class Manner(StrEnum):
    """Customers whom staff speak to in a way of their own, the most telling first."""

    ELDER = "elder"
    PRIVATE = "private"
    FIRST_TIME = "first_time"
    OWNER = "owner"
    YOUNG_PARENT = "young_parent"


class Occasion(StrEnum):
    """When a pitch is made."""

    FIRST = "first"
    ASKED = "asked"
    FOLLOW_UP = "follow_up"


class Tier(StrEnum):
    """Value tiers by month-average assets; the thresholds are bank configuration."""

    MASS = "mass"
    POTENTIAL = "potential"
    WEALTH = "wealth"
    AFFLUENT = "affluent"
    PRE_PRIVATE = "pre_private"
    PRIVATE = "private"


class Topic(StrEnum):
    """What a customer's words are about."""

    DEPOSIT = "deposit"
    WEALTH = "wealth"
    INSURANCE = "insurance"
    LOAN = "loan"
    CARD = "card"
    DIGITAL = "digital"
    SERVICE = "service"
    FEE = "fee"
    CONTACT = "contact"
    SECURITY = "security"
    OTHER = "other"


class Intent(StrEnum):
    """What a customer's words are for."""

    INQUIRE = "inquire"
    REQUEST = "request"
    COMPLAIN = "complain"
    REFUSE = "refuse"
    LEAVE = "leave"
    PRAISE = "praise"
    CONSIDER = "consider"
    NONE = "none"


class Mood(StrEnum):
    """How a customer feels, as far as the words say."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    ANGRY = "angry"


RISK_TOLERANCES = ("C1", "C2", "C3", "C4", "C5")
RISK_RATINGS = ("R1", "R2", "R3", "R4", "R5")

LABELS: dict[type[StrEnum], dict[str, str]] = {
    ProductType: {
        "deposit": "存款",
        "large_cd": "大额存单",
        "gov_bond": "储蓄国债",
        "structured_deposit": "结构性存款",
        "wmp": "理财产品",
        "fund": "公募基金",
        "private_fund": "私募产品",
        "insurance": "保险",
        "pension": "个人养老金",
        "loan": "贷款",
        "credit_card": "信用卡",
        "gold": "贵金属",
        "fx": "外汇",
    },
    Channel: {
        "counter": "厅堂面谈",
        "phone": "电话",
        "wecom": "企业微信",
        "sms": "短信",
        "app": "手机银行",
        "social": "朋友圈等社交媒体",
        "print": "印刷物料",
        "email": "电子邮件",
    },
    DraftKind: {
        "pitch": "产品话术",
        "message": "消息",
        "plan": "营销方案",
        "summary": "工作总结",
        "answer": "问答",
        "poster": "海报",
    },
    Audience: {"customer": "客户", "internal": "行内"},
    Role: {
        "lobby": "大堂经理",
        "wealth": "理财经理",
        "teller": "柜员",
        "manager": "支行行长",
        "operator": "营销运营",
        "reviewer": "支行复核",
        "product": "产品条线",
        "legal": "法律合规",
        "consumer_protection": "消费者权益保护",
        "it": "科技",
    },
    LicenceKind: {
        "wealth_sales": "理财销售上岗资格",
        "fund_sales": "基金从业资格",
        "insurance_sales": "保险销售执业登记",
    },
    ConsentPurpose: {"marketing": "营销触达", "profiling": "画像分析"},
    Origin: {"own": "本行", "agency": "代销"},
    PassageKind: {
        "product": "产品资料",
        "regulation": "制度法规",
        "faq": "常见问题",
        "script": "内部话术",
    },
    TxnKind: {
        "salary": "代发工资",
        "bonus": "奖金",
        "pension": "养老金",
        "transfer_in": "转入",
        "transfer_out": "转出",
        "purchase": "消费",
        "cash_in": "现金存入",
        "cash_out": "取现",
        "wealth_buy": "购买理财",
        "wealth_redeem": "理财赎回",
        "loan_repay": "还款",
        "fee": "手续费",
        "interest": "结息",
        "utility": "生活缴费",
        "tuition": "学费",
        "other": "其他",
    },
    TxnChannel: {
        "counter": "柜面",
        "atm": "自助设备",
        "mobile": "手机银行",
        "web": "网银",
        "pos": "刷卡",
        "auto": "自动",
        "other": "其他",
    },
    LifeStage: {
        "student": "学生",
        "working": "在职",
        "family": "家庭成长",
        "retired": "退休",
        "unknown": "未知",
    },
    Manner: {
        "elder": "年长客户",
        "private": "私人银行客户",
        "first_time": "第一次投资的客户",
        "owner": "做生意的客户",
        "young_parent": "年轻父母",
    },
    Occasion: {
        "first": "首次介绍",
        "asked": "客户主动问起",
        "follow_up": "到访后跟进",
    },
    Tier: {
        "mass": "大众",
        "potential": "潜力",
        "wealth": "理财",
        "affluent": "财富",
        "pre_private": "准私行",
        "private": "私行",
    },
    Topic: {
        "deposit": "存款",
        "wealth": "理财与基金",
        "insurance": "保险",
        "loan": "贷款",
        "card": "银行卡",
        "digital": "手机银行与转账",
        "service": "网点服务",
        "fee": "费用",
        "contact": "联系与打扰",
        "security": "账户安全",
        "other": "其他",
    },
    Intent: {
        "inquire": "咨询",
        "request": "要求办理",
        "complain": "抱怨投诉",
        "refuse": "拒绝营销",
        "leave": "要离开",
        "praise": "表扬",
        "consider": "在考虑",
        "none": "无诉求",
    },
    Mood: {"positive": "满意", "neutral": "平和", "negative": "不满", "angry": "激烈不满"},
}


def label(code: StrEnum) -> str:
    """What people read for a code.

    >>> label(ProductType.WMP)
    '理财产品'
    """
    return LABELS[type(code)][code.value]
