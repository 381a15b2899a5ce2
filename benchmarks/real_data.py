"""Real bank data from its files to profiles and pitches, written as Markdown on standard output.

    python benchmarks/real_data.py > docs/real-data.md

Needs the data sets in ``../shared/data`` beside this repository; the mapping files are in
``benchmarks/real_data/``. Every step is a ``copilot`` process of its own, timed whole, with the
peak of its resident memory as the operating system reports it.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = REPOSITORY.parent / "shared" / "data"
SHELF_DATE = "2026-11-20"
PITCHES = (("DEP-1Y", "counter"), ("CD-1Y", "counter"), ("WMP-MH30", "counter"))


@dataclass(frozen=True)
class DataSet:
    """A real data set, and the table whose row counts say who has something to tell."""

    name: str
    title: str
    busiest: str


DATA_SETS = (
    DataSet("cmb_2020", "招商银行 2020 竞赛测试集", "transactions"),
    DataSet("xmib_2020", "厦门国际银行 2020 竞赛数据", "holdings"),
    DataSet("berka", "捷克银行（PKDD'99，Berka）", "transactions"),
)


@dataclass(frozen=True)
class Run:
    """One finished process."""

    code: int
    out: str
    seconds: float
    peak_mb: float

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


def copilot(*words: str, expect: tuple[int, ...] = (0,)) -> Run:
    """Run one command from the repository's root; stop when it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "copilot", *words],
            cwd=REPOSITORY,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        out.seek(0)
        run = Run(process.returncode, out.read(), seconds, usage.ru_maxrss / 1024)
    if run.code not in expect:
        raise SystemExit(f"copilot {' '.join(words)} → {run.code}\n{errors}")
    return run


def main() -> None:
    """Print the whole document."""
    if not DATA.is_dir():
        raise SystemExit("没有 ../shared/data，无法运行。")
    print(f"# 真实银行数据\n\n{INTRODUCTION}")
    print(f"{date.today().isoformat()}，{platform.system()} {platform.machine()}，", end="")
    print(f"{os.cpu_count()} 核，Python {platform.python_version()}。")
    print("命令：`python benchmarks/real_data.py > docs/real-data.md`\n")
    for data_set in DATA_SETS:
        with tempfile.TemporaryDirectory(prefix="copilot-real-") as folder:
            report(data_set, folder)


def report(data_set: DataSet, data_dir: str) -> None:
    """One data set: cost, quality report, three profiles, three pitches."""
    mapping = f"benchmarks/real_data/{data_set.name}.yaml"
    check = copilot("tables", "check", "--sources", mapping)
    init = copilot("init", "--sources", mapping, "--data-dir", data_dir, "--format", "json")
    again = copilot("init", "--sources", mapping, "--data-dir", data_dir, "--format", "json")
    bank = init.json()
    print(f"## {data_set.title}\n\n映射文件：`{mapping}`。业务日期 {bank['business_date']}。\n")
    print("| 步骤 | 秒 | 内存峰值 MB |\n|---|---:|---:|")
    for step, run in (
        ("`copilot tables check`（只检查）", check),
        ("`copilot init`（载入、入知识库、建画像）", init),
        ("再次 `copilot init`（数据未变）", again),
    ):
        print(f"| {step} | {run.seconds:.1f} | {run.peak_mb:.0f} |")
    print(
        f"\n画像 {bank['profiles']:,} 份。数据质量报告原文：\n\n```text\n{check.out.strip()}\n```\n"
    )
    facts = Path(data_dir) / "facts" / bank["generation"]
    customers = three_customers(facts, data_set.busiest)
    print("### 三份画像\n")
    for customer in customers:
        print(f"{profile(customer, data_dir)}\n")
    shelf = copilot("profile", "build", "--as-of", SHELF_DATE, "--data-dir", data_dir)
    print(f"### 三次话术\n\n{PITCH_NOTE}（按 {SHELF_DATE} 重算画像 {shelf.seconds:.1f} 秒。）\n")
    for customer, (product, channel) in zip(customers, PITCHES, strict=True):
        words = ("pitch", customer, "--product", product, "--channel", channel)
        run = copilot(*words, "--as-of", SHELF_DATE, "--data-dir", data_dir, expect=(0, 1))
        print(f"`copilot {' '.join(words)} --as-of {SHELF_DATE}`（退出码 {run.code}）\n")
        print(f"```text\n{run.out.strip()}\n```\n")


def three_customers(facts: Path, table: str) -> list[str]:
    """Customers at fixed ranks by number of rows: nobody was picked for looking good."""
    import duckdb

    rows = duckdb.execute(
        f"SELECT customer_id FROM read_parquet('{facts / f'{table}.parquet'}') "
        "GROUP BY customer_id ORDER BY count(*) DESC, customer_id"
    ).fetchall()
    return [str(rows[len(rows) * share // 100][0]) for share in (1, 10, 50)]


def profile(customer: str, data_dir: str) -> str:
    """The card, the reasons, and how much is known."""
    shown = copilot("profile", "show", customer, "--data-dir", data_dir, "--format", "json").json()
    features = shown["features"].values()
    known = sum(feature["value"] is not None for feature in features)
    return f"```text\n{shown['card']}\n（特征 {len(features)} 个，其中已知 {known} 个）\n```"


INTRODUCTION = """\
本页由一次实际运行生成。三个数据集都是公开的真实银行数据，不随本项目发布；客户没有姓名，
列出的客户号是数据集自带的匿名编号。没有码本的字段按编号保留，不声称含义；数据集里没有产品，
货架、规则与模板用本项目随附的示例内容，只用来演示。
"""

PITCH_NOTE = """\
数据停在若干年前，而货架、规则与模板是现在的，所以话术按今天的货架日期生成：年龄按该日计算，
资产与交易仍是数据日的情况。没有风险测评记录的客户，需要测评的产品一律拒绝，这是正确的结果。"""


if __name__ == "__main__":
    main()
