"""The fictional bank itself: branches, staff with their licences, and employers it pays for."""

from __future__ import annotations

from dataclasses import dataclass

from copilot.records.staff import HEAD_OFFICE

CITY = "江州市"

BRANCHES = (
    (HEAD_OFFICE, "示例银行总行", ""),
    ("BR01", "城东支行", HEAD_OFFICE),
    ("BR02", "滨江支行", HEAD_OFFICE),
    ("BR03", "高新支行", HEAD_OFFICE),
)
BRANCH_IDS = ("BR01", "BR02", "BR03")

# staff id, name, post as the personnel system writes it, branch
STAFF = (
    ("S1001", "郑卫国", "支行行长", "BR01"),
    ("S1002", "李晓雯", "理财经理", "BR01"),
    ("S1003", "周海峰", "理财经理", "BR01"),
    ("S1004", "许静怡", "大堂经理", "BR01"),
    ("S2001", "梁红霞", "支行行长", "BR02"),
    ("S2002", "黄志鹏", "理财经理", "BR02"),
    ("S2003", "苏美琳", "理财经理", "BR02"),
    ("S2004", "丁嘉伟", "大堂经理", "BR02"),
    ("S3001", "陆振业", "支行行长", "BR03"),
    ("S3002", "沈佳慧", "理财经理", "BR03"),
    ("S3003", "罗文涛", "理财经理", "BR03"),
    ("S3004", "叶雨婷", "大堂经理", "BR03"),
    ("S9001", "蒋立群", "产品条线", HEAD_OFFICE),
    ("S9002", "汪玉洁", "法律合规", HEAD_OFFICE),
    ("S9003", "范慧敏", "消费者权益保护", HEAD_OFFICE),
    ("S9004", "崔思敏", "营销运营", HEAD_OFFICE),
    ("S9005", "钟晨光", "科技", HEAD_OFFICE),
)
BRANCH_STAFF = tuple(row for row in STAFF if row[3] != HEAD_OFFICE)

_WEALTH, _FUND, _INSURANCE = "理财上岗", "基金从业", "保险执业"

# staff id, licence, from, to. S1004 holds none, S2003's fund licence has expired, S3003 has no
# insurance registration, lobby managers of the other branches may speak about wealth products.
LICENCES = (
    ("S1001", _WEALTH, "2016-03-01", "2028-02-29"),
    ("S1001", _FUND, "2017-06-01", "2027-05-31"),
    ("S1001", _INSURANCE, "2019-01-10", "2027-12-31"),
    ("S1002", _WEALTH, "2020-09-01", "2027-08-31"),
    ("S1002", _FUND, "2021-04-15", "2027-04-14"),
    ("S1002", _INSURANCE, "2021-07-01", "2027-06-30"),
    ("S1003", _WEALTH, "2022-07-01", "2027-06-30"),
    ("S1003", _FUND, "2023-03-20", "2027-03-19"),
    ("S1003", _INSURANCE, "2023-05-08", "2027-05-07"),
    ("S2001", _WEALTH, "2015-05-01", "2027-04-30"),
    ("S2001", _FUND, "2016-11-01", "2027-10-31"),
    ("S2001", _INSURANCE, "2018-08-01", "2027-07-31"),
    ("S2002", _WEALTH, "2019-10-01", "2027-09-30"),
    ("S2002", _FUND, "2020-06-15", "2028-06-14"),
    ("S2002", _INSURANCE, "2020-12-01", "2026-12-31"),
    ("S2003", _WEALTH, "2021-01-04", "2027-12-31"),
    ("S2003", _FUND, "2021-10-01", "2026-09-30"),
    ("S2003", _INSURANCE, "2022-02-14", "2028-02-13"),
    ("S2004", _WEALTH, "2024-05-06", "2027-05-05"),
    ("S3001", _WEALTH, "2014-09-01", "2027-08-31"),
    ("S3001", _FUND, "2018-04-01", "2028-03-31"),
    ("S3001", _INSURANCE, "2018-10-08", "2027-10-07"),
    ("S3002", _WEALTH, "2018-06-11", "2027-06-10"),
    ("S3002", _FUND, "2019-09-02", "2027-09-01"),
    ("S3002", _INSURANCE, "2020-03-16", "2027-03-15"),
    ("S3003", _WEALTH, "2023-08-21", "2027-08-20"),
    ("S3003", _FUND, "2024-06-03", "2027-06-02"),
    ("S3004", _WEALTH, "2025-03-10", "2028-03-09"),
)


@dataclass(frozen=True, slots=True)
class Employer:
    """A company whose salaries the bank pays out on ``payday``; ``bonus`` in months of pay."""

    employer_id: str
    name: str
    sector: str
    payday: int
    bonus: float


EMPLOYERS = (
    Employer("E001", "江州二中", "school", 10, 1.0),
    Employer("E002", "江州实验小学", "school", 10, 1.0),
    Employer("E003", "江州理工学院", "school", 15, 1.5),
    Employer("E004", "江州市中心医院", "hospital", 8, 2.0),
    Employer("E005", "滨江中医院", "hospital", 8, 1.6),
    Employer("E006", "江州市机关事务中心", "public", 5, 1.0),
    Employer("E007", "江州水务集团", "public", 12, 1.8),
    Employer("E008", "启衡软件", "technology", 10, 2.5),
    Employer("E009", "云栈数据", "technology", 15, 2.2),
    Employer("E010", "江芯电子", "technology", 20, 2.0),
    Employer("E011", "恒远机械", "factory", 15, 0.8),
    Employer("E012", "滨江纺织", "factory", 20, 0.6),
    Employer("E013", "江州汽车零部件", "factory", 25, 1.0),
    Employer("E014", "惠民超市", "service", 15, 0.5),
    Employer("E015", "顺捷物流", "service", 20, 0.6),
    Employer("E016", "江州建工", "service", 25, 1.2),
    Employer("E017", "和信会计事务所", "office", 10, 1.8),
    Employer("E018", "江州置业", "office", 12, 1.0),
    Employer("E019", "东岸贸易", "office", 15, 1.0),
    Employer("E020", "示例银行", "bank", 9, 2.0),
)
