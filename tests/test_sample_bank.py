"""The sample bank: deterministic, consistent, invented, and dirty only where it says so."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sample_bank_files import Bank, day_of, fen

from copilot.errors import InputError
from copilot.paths import shipped
from copilot.pipeline.bank import sample_sources
from copilot.records.tables import TABLES
from copilot.settings import load_settings
from copilot.tables import read_sources
from copilot.tables.sample import BUSINESS_DATE, write_sample_bank

CUSTOMERS = 200


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder = tmp_path_factory.mktemp("示例 银行")
    write_sample_bank(folder, knowledge_dir=shipped("knowledge"), customers=CUSTOMERS)
    return Bank(folder)


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def test_the_same_seed_gives_the_same_bytes_in_another_process_time_zone_and_locale(
    bank: Bank, tmp_path: Path
) -> None:
    script = (
        "import sys; from pathlib import Path; from copilot.paths import shipped; "
        "from copilot.tables.sample import write_sample_bank; write_sample_bank("
        f"Path(sys.argv[1]), knowledge_dir=shipped('knowledge'), customers={CUSTOMERS})"
    )
    elsewhere = {
        **os.environ,
        "PYTHONHASHSEED": "4711",
        "TZ": "America/St_Johns",
        "LC_ALL": "C",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=elsewhere, check=True)
    assert _digests(tmp_path) == _digests(bank.folder)


def test_another_seed_gives_another_bank_with_the_same_stories(bank: Bank, tmp_path: Path) -> None:
    write_sample_bank(tmp_path, knowledge_dir=shipped("knowledge"), seed=7, customers=100)
    other = Bank(tmp_path)
    assert other.stories == bank.stories
    assert other.table("customers")[50] != bank.table("customers")[50]


def test_no_phone_or_identity_number_can_belong_to_anybody(bank: Bank) -> None:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    for row in bank.table("customers"):
        assert re.fullmatch(r"10\d{9}", row["手机号"])  # mobile numbers begin with 13 to 19
        number = row["证件号码"]
        assert re.fullmatch(r"00\d{15}[\dX]", number)  # no region code begins with 00
        total = sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))
        assert number[17] != "10X98765432"[total % 11]


def test_the_loader_accepts_the_mapping_and_every_source_column_exists(bank: Bank) -> None:
    sources = read_sources(bank.folder / "sources.yaml")
    assert sources.business_date == BUSINESS_DATE
    assert sources.sample
    assert sources.missing & set(TABLES) == {"labels"}
    for name, given in sources.tables.items():
        columns = set(bank.table(name)[0])
        for source in given:
            asked = {spec.column for spec in source.columns.values() if spec.column}
            assert asked <= columns, name


def test_every_code_in_the_files_is_mapped_to_a_published_code(bank: Bank) -> None:
    swapped = set(bank.keys("swapped_codes", "customers"))
    for name, source in bank.mapping["tables"].items():
        for column, spec in source["columns"].items():
            codes = spec.get("codes") if isinstance(spec, dict) else None
            published = set(TABLES[name].column(column).codes)
            rows = [row for row in bank.table(name) if row.get("客户号") not in swapped]
            if codes:
                assert {row[spec["column"]] for row in rows} - {""} <= set(codes), (name, column)
                assert not published or set(codes.values()) <= published, (name, column)
            elif published and isinstance(spec, str) and column != "level":
                assert {row[spec] for row in rows} - {""} <= published, (name, column)


def test_rows_refer_to_known_customers_accounts_staff_branches_and_products(bank: Bank) -> None:
    customers = {row["客户号"].strip() for row in bank.table("customers")}
    staff = {row["工号"] for row in bank.table("staff")}
    branches = {row["机构号"] for row in bank.table("branches")}
    products = {row["product_code"] for row in bank.table("products")} | {""}
    accounts = {row["账号"]: row["客户号"] for row in bank.table("accounts")}
    assert len(customers) == CUSTOMERS + len(bank.keys("probable_duplicate", "customers"))
    assert set(accounts.values()) <= customers
    assert all(accounts[row["账号"]] == row["客户号"] for row in bank.ledger())
    unknown = set(bank.keys("unknown_product_code", "holdings"))
    for row in bank.table("holdings"):
        assert row["客户号"] in customers
        assert row["产品代码"] in products or row["持仓编号"] in unknown
    for name in ("interactions", "visits", "referrals", "complaints", "consents", "events"):
        assert {row["客户号"].strip() for row in bank.table(name)} <= customers | {""}
    for name, column in (("interactions", "工号"), ("events", "工号"), ("licences", "工号"),
                         ("customers", "管户经理"), ("referrals", "转介人")):  # fmt: skip
        assert {row[column] for row in bank.table(name)} <= staff | {""}
    assert {row["开户网点"] for row in bank.table("customers")} == branches - {"HQ"}
    assert {row["责任人"] for row in bank.table("targets")} <= staff | branches


def test_every_balance_follows_from_the_one_before_and_none_is_negative(bank: Bank) -> None:
    balance: dict[str, int] = {}
    for row in bank.ledger():
        after = fen(row["账户余额"])
        if row["账号"] in balance:
            assert after == balance[row["账号"]] + fen(row["金额"]), row["流水号"]
        balance[row["账号"]] = after
        assert after >= 0
    assert len(balance) >= CUSTOMERS * 0.95


def test_current_account_holdings_equal_the_last_balance_at_each_snapshot(bank: Bank) -> None:
    days: dict[str, list[date]] = defaultdict(list)
    balances: dict[str, list[str]] = defaultdict(list)
    for row in bank.ledger():
        days[row["账号"]].append(day_of(row["交易日期"]))
        balances[row["账号"]].append(row["账户余额"])
    snapshots = set()
    for row in bank.table("holdings"):
        if row["持仓编号"].startswith("H-"):
            account, day = row["持仓编号"].removeprefix("H-"), day_of(row["快照日期"])
            snapshots.add(day)
            posted = bisect_right(days[account], day)
            if posted:
                assert row["金额"] == balances[account][posted - 1]
    assert max(snapshots) == BUSINESS_DATE
    assert len(snapshots) == 13


def test_customers_hold_what_their_assessment_allowed(bank: Bank) -> None:
    ratings = {row["product_code"]: row["risk_rating"] for row in bank.table("products")}
    level: dict[str, tuple[str, str]] = {}
    for row in bank.table("risk_assessments"):
        if row["测评结果"] != "C9":
            day = row["测评日期"].replace("/", "-")
            level[row["客户号"]] = max(level.get(row["客户号"], ("", "")), (day, row["测评结果"]))
    spoilt = {*bank.keys("unknown_product_code", "holdings"),
              *bank.keys("negative_holding", "holdings")}  # fmt: skip
    rated = 0
    for row in bank.table("holdings"):
        rating = ratings.get(row["产品代码"], "")
        if rating and row["持仓编号"] not in spoilt:
            rated += 1
            assert int(rating[1]) <= int(level[row["客户号"]][1][1])
    assert rated > 100


def test_bonuses_come_before_the_festival_and_pensions_on_the_fifteenth(bank: Bank) -> None:
    days = defaultdict(set)
    for row in bank.ledger():
        days[row["交易类型"]].add(day_of(row["交易日期"]))
    assert min(days["奖金"]) >= date(2026, 1, 9)
    assert max(days["奖金"]) < date(2026, 2, 17)
    assert {day.day for day in days["养老金"]} == {15}
    assert {day.month for day in days["学费"]} <= {2, 9}
    assert all(day.weekday() < 5 for day in days["代发工资"])


def test_cash_is_drawn_before_the_festival(bank: Bank) -> None:
    drawn: Counter[date] = Counter()
    for row in bank.ledger():
        if row["交易类型"] == "取现":
            drawn[day_of(row["交易日期"])] += 1
    before = sum(drawn[date(2026, 2, 1) + timedelta(days=step)] for step in range(16))
    usual = sum(drawn[date(2026, 4, 1) + timedelta(days=step)] for step in range(16))
    assert before > 2 * usual > 0


def test_the_old_use_the_counter_and_the_young_their_mobile(bank: Bank) -> None:
    odd = {*bank.keys("impossible_birth_date", "customers"),
           *bank.keys("swapped_dates", "customers")}  # fmt: skip
    born = {
        row["客户号"].strip(): int(row["出生日期"][:4])
        for row in bank.table("customers")
        if row["客户号"] not in odd
    }
    used: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for row in bank.ledger():
        year = born.get(row["客户号"], 1975)
        if year < 1962 or year > 1990:
            used[year < 1962][row["渠道"]] += 1
    old, young = used[True], used[False]
    assert old["柜面"] / old.total() > 5 * young["柜面"] / young.total()
    assert young["手机银行"] / young.total() > 2 * old["手机银行"] / old.total()


def test_nobody_was_contacted_on_a_channel_they_had_refused(bank: Bank) -> None:
    said: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in bank.table("consents"):
        if row["用途"] == "营销触达":
            said[row["客户号"], row["渠道"]].append((row["时间"], row["是否同意"]))
    contacts = 0
    for row in bank.table("interactions"):
        if row["类别"] == "营销" and row["渠道"] != "厅堂面谈":
            customer = row["客户号"].strip()
            if customer == bank.stories["recently_refused"]:
                continue
            told = [*said[customer, row["渠道"]], *said[customer, "全部渠道"]]
            assert max(each for each in told if each[0][:10] <= row["时间"][:10])[1] == "是"
            contacts += 1
    assert contacts > 50


def test_licences_leave_one_without_any_one_expired_and_one_without_insurance(bank: Bank) -> None:
    held: dict[str, dict[str, str]] = defaultdict(dict)
    for row in bank.table("licences"):
        held[row["工号"]][row["资格"]] = row["失效日期"]
    assert "S1004" not in held
    assert held["S2003"]["基金从业"] < BUSINESS_DATE.isoformat()
    assert "保险执业" not in held["S3003"]
    assert {row["工号"] for row in bank.table("staff")} > {"S1001", "S2004", "S3003", "S9005"}
    assert Counter(row["机构号"] for row in bank.table("staff")) == {
        "BR01": 4, "BR02": 4, "BR03": 4, "HQ": 5,
    }  # fmt: skip


def test_the_planted_customers_can_be_found(bank: Bank) -> None:
    ledger, holdings = bank.ledger(), bank.table("holdings")
    today = [row for row in holdings if row["快照日期"] == BUSINESS_DATE.isoformat()]
    idle = bank.of("idle_money", ledger)
    assert fen(idle[-1]["账户余额"]) == 283_412_00
    assert (BUSINESS_DATE - day_of(idle[-1]["交易日期"])).days == 93
    assert ("2026-11-16", "500000.00") in {
        (row["交易日期"], row["金额"]) for row in bank.of("large_inflow", ledger)
    }
    assert ("DEP-1Y", "200000.00", "2026-12-08", "否") in {
        (row["产品代码"], row["金额"], row["到期日"], row["自动转存"])
        for row in bank.of("maturity_ahead", today)
    }
    salaries = [r for r in bank.of("salary_start", ledger) if r["交易类型"] == "代发工资"]
    assert [row["交易日期"] for row in salaries] == ["2026-09-10", "2026-10-09", "2026-11-10"]
    assert bank.of("dormant", ledger)[-1]["交易日期"] == "2026-03-06"
    assert "2026-11-20" in {row["到期日"] for row in bank.of("retired_c2", today)}
    assets: dict[str, int] = defaultdict(int)
    for row in bank.of("assets_declining", holdings):
        assets[row["快照日期"]] += fen(row["金额"])
    assert assets["2026-11-20"] < 0.4 * assets["2026-07-31"]
    private = sum(fen(row["金额"]) for row in bank.of("private_banking_candidate", today))
    assert 5_000_000_00 < private < 6_000_000_00
    assert [row["状态"] for row in bank.of("open_complaint", bank.table("complaints"))] == [
        "处理中"
    ]


def test_money_falls_due_today_and_within_thirty_days(bank: Bank) -> None:
    due = Counter(
        row["到期日"]
        for row in bank.table("holdings")
        if row["快照日期"] == BUSINESS_DATE.isoformat() and row["到期日"]
    )
    month = (BUSINESS_DATE + timedelta(days=30)).isoformat()
    assert due[BUSINESS_DATE.isoformat()] >= 2
    assert sum(count for day, count in due.items() if day <= month) >= 10
    assert min(due) >= BUSINESS_DATE.isoformat()


def test_the_work_log_covers_the_last_sixty_days_of_all_twelve_staff(bank: Bank) -> None:
    events = bank.table("events")
    assert len({row["工号"] for row in events}) == 12
    assert "2026-09-21" <= min(row["时间"][:10] for row in events) <= "2026-09-25"
    assert max(row["时间"][:10] for row in events) == BUSINESS_DATE.isoformat()
    assert {"外呼", "转介", "成交", "到期承接", "晨会"} <= {row["类别"] for row in events}


def test_progress_counts_up_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    write_sample_bank(
        tmp_path,
        knowledge_dir=shipped("knowledge"),
        customers=100,
        progress=lambda *step: seen.append(step),
    )
    assert [done for _, done, _ in seen] == list(range(seen[0][2] + 1))


def test_too_few_customers_and_an_empty_shelf_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="至少要有 100 位客户"):
        write_sample_bank(tmp_path, knowledge_dir=shipped("knowledge"), customers=20)
    with pytest.raises(InputError, match="没有找到产品资料"):
        write_sample_bank(tmp_path / "a", knowledge_dir=tmp_path, customers=100)
    assert not (tmp_path / "a" / "sources.yaml").exists()


def _sheets() -> Iterator[Path]:
    yield from sorted((shipped("knowledge") / "products").glob("*.md"))


def test_a_product_that_customers_hold_must_be_on_the_shelf(tmp_path: Path) -> None:
    shelf = tmp_path / "products"
    shelf.mkdir()
    for sheet in _sheets():
        if not sheet.name.startswith("CD-3Y"):
            (shelf / sheet.name).write_bytes(sheet.read_bytes())
    with pytest.raises(InputError, match="CD-3Y"):
        write_sample_bank(tmp_path / "out", knowledge_dir=tmp_path, customers=100)


def test_what_a_killed_generation_left_behind_is_cleared_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(out: Path, **_: object) -> None:
        out.mkdir(parents=True)
        (out / "customers.csv").write_text("半份", "utf-8")
        raise KeyboardInterrupt

    def whole(out: Path, **_: object) -> None:
        out.mkdir(parents=True)
        (out / "sources.yaml").write_text("version: 1\n", "utf-8")

    settings = load_settings(data_dir=tmp_path)
    monkeypatch.setattr("copilot.tables.sample.write_sample_bank", killed)
    with pytest.raises(KeyboardInterrupt):
        sample_sources(settings, lambda text: None)
    monkeypatch.setattr("copilot.tables.sample.write_sample_bank", whole)
    assert sample_sources(settings, lambda text: None).is_file()
    assert [(p.name, sorted(q.name for q in p.iterdir())) for p in tmp_path.iterdir()] == [
        ("sample", ["sources.yaml"])
    ]
