"""The health of an installation: what is there, what is missing, and what to do about it.

Nothing here contacts a network: an endpoint is reported as configured, not as reachable.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

from copilot.errors import CopilotError
from copilot.pipeline.templates import template_report
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store

_FREE_BYTES_NEEDED = 1 << 30
_PACKAGES = ("sqlalchemy", "duckdb", "chromadb", "langchain", "openai", "ahocorasick-rs")


@dataclass(frozen=True, slots=True)
class Health:
    """One thing looked at: ``ok``, ``off`` (not configured, and that is fine) or ``bad``."""

    name: str
    state: str
    detail: str
    next: str = ""


def examine(settings: Settings) -> list[Health]:
    """Looks at the machine, the data directory, the store, and what is configured."""
    report = [_python(), _packages(), _sqlite(), _disk(settings), *_endpoints(settings)]
    try:
        store = Store.open(settings)
    except CopilotError as error:
        return [*report, Health("库", "bad", error.message, error.next)]
    try:
        report.append(Health("库", "ok", "结构版本与程序一致"))
        report += list(_of_store(store, settings))
    finally:
        store.close()
    return report


def healthy(report: list[Health]) -> bool:
    """Whether nothing is bad."""
    return all(item.state != "bad" for item in report)


def as_json(report: list[Health]) -> dict[str, Any]:
    """The document of ``copilot doctor --format json``."""
    return {"ok": healthy(report), "checks": [asdict(item) for item in report]}


def _python() -> Health:
    detail = f"{platform.python_version()}，{platform.system()} {platform.machine()}"
    good = sys.version_info >= (3, 11)
    return Health(
        "Python", "ok" if good else "bad", detail, "" if good else "请使用 3.11 或更新版本。"
    )


def _packages() -> Health:
    return Health("依赖", "ok", "，".join(f"{name} {version(name)}" for name in _PACKAGES))


def _sqlite() -> Health:
    return Health("SQLite", "ok", sqlite3.sqlite_version)


def _disk(settings: Settings) -> Health:
    home = settings.data_dir if settings.data_dir.exists() else settings.data_dir.absolute().parent
    if not os.access(home, os.W_OK):
        return Health("数据目录", "bad", f"{settings.data_dir} 不可写", "请检查目录权限。")
    free = shutil.disk_usage(home).free
    detail = f"{settings.data_dir}，剩余 {free / 1e9:.1f} GB"
    if free < _FREE_BYTES_NEEDED:
        return Health("数据目录", "bad", detail, "请清理磁盘，至少留 1 GB。")
    return Health("数据目录", "ok", detail)


def _endpoints(settings: Settings) -> Iterator[Health]:
    if settings.model_configured:
        yield Health("大模型", "ok", f"已配置 {settings.llm_model}（未连接测试）")
    else:
        yield Health(
            "大模型", "off", "未配置，使用内置模板引擎", "设置 COPILOT_LLM_BASE_URL 等即可启用。"
        )
    if settings.embeddings_configured:
        yield Health("向量检索", "ok", f"已配置 {settings.embedding_model}（未连接测试）")
    else:
        yield Health(
            "向量检索",
            "off",
            "未配置，使用字面检索",
            "设置 COPILOT_EMBEDDING_BASE_URL 等即可启用。",
        )


def _of_store(store: Store, settings: Settings) -> Iterator[Health]:
    yield _looked_at("数据", lambda: _tables(store))
    yield _looked_at("画像", lambda: _profiles(store))
    yield _looked_at("知识库", lambda: _knowledge(store))
    if settings.embeddings_configured:
        yield _looked_at("向量索引", lambda: _vectors(store, settings))
    yield _looked_at("规则包", lambda: _rules(settings))
    yield _looked_at("话术模板", lambda: _templates(store))
    if settings.model_configured:
        yield _looked_at("大模型今日用量", lambda: _usage(store, settings))
    yield _looked_at("留痕", lambda: _audit(store))


def _looked_at(name: str, look: Callable[[], Health]) -> Health:
    try:
        return look()
    except CopilotError as error:
        return Health(name, "bad", error.message, error.next)


def _tables(store: Store) -> Health:
    generation = store.facts.current()
    rows = sum(generation.rows.values())
    detail = f"批次 {generation.generation_id}，业务日期 {generation.business_date}，{rows:,} 行"
    lost = [name for name in generation.rows if not generation.parquet(name).is_file()]
    if lost:
        return Health("数据", "bad", f"文件缺失：{'、'.join(lost)}", "请重新运行 copilot init。")
    if generation.missing:
        detail += f"；未提供：{'、'.join(sorted(generation.missing))}"
    return Health("数据", "ok", detail)


def _profiles(store: Store) -> Health:
    generation = store.facts.current()
    build = store.facts.feature_build(generation.generation_id, generation.business_date)
    if build is None:
        return Health("画像", "bad", "还没有计算", "请运行 copilot profile build。")
    return Health("画像", "ok", f"{build.customers:,} 位客户，截至 {build.as_of}")


def _knowledge(store: Store) -> Health:
    documents = store.knowledge(Principal.operator()).documents()
    if not documents:
        return Health("知识库", "bad", "是空的", "请运行 copilot knowledge ingest。")
    return Health("知识库", "ok", f"{len(documents)} 个文档")


def _vectors(store: Store, settings: Settings) -> Health:
    from copilot.knowledge.dense import dense_enabled
    from copilot.knowledge.generations import generations_of

    if not dense_enabled(store, settings):
        how = "运行 copilot eval retrieval；有增益即自动启用，或设置 COPILOT_DENSE=on。"
        return Health("向量索引", "off", "检索没有使用：还没有评测出增益，或已关闭", how)
    current = generations_of(store, settings).current()
    if current is None:
        return Health("向量索引", "bad", "还没有建立", "请运行 copilot knowledge index。")
    return Health("向量索引", "ok", f"{current.name}，{current.count} 段，模型 {current.model}")


def _rules(settings: Settings) -> Health:
    from copilot.compliance import load_checker

    checker = load_checker(settings.data_dir, settings.knowledge_dir)
    return Health("规则包", "ok", f"版本 {checker.pack_version}")


def _templates(store: Store) -> Health:
    report = template_report(store)
    detail = f"可用 {report.approved} / {report.submitted}"
    return Health("话术模板", "ok" if report.approved else "off", detail)


def _usage(store: Store, settings: Settings) -> Health:
    """Today's bookings; they are kept only where a day is limited."""
    limits = settings.llm_limits
    if not limits.by_day:
        how = "在配置的 llm_limits 里设 day_tokens、day_fen 或 day_seconds。"
        return Health("大模型今日用量", "off", "没有设每日上限，不记用量", how)
    used = store.model_usage.on(date.today())
    booked = (
        ("{:,.0f} 个词元", used.tokens, limits.day_tokens),
        ("{:,.2f} 元", used.fen / 100, limits.day_fen and limits.day_fen / 100),
        ("{:,.0f} 秒", used.seconds, limits.day_seconds),
    )
    amounts = [
        say.format(amount) + (f"（上限 {say.format(limit)}）" if limit else "")
        for say, amount, limit in booked
    ]
    detail = f"{used.calls} 次调用，" + "，".join(amounts)
    if any(limit and amount >= limit for _, amount, limit in booked):
        how = "今天改用内置模板引擎；要放宽请调整 llm_limits。"
        return Health("大模型今日用量", "off", f"{detail}；已到上限", how)
    return Health("大模型今日用量", "ok", detail)


def _audit(store: Store) -> Health:
    verdict = store.audit.verify()
    if verdict.ok:
        return Health("留痕", "ok", f"{verdict.entries} 条记录完整")
    return Health(
        "留痕", "bad", f"第 {verdict.first_bad} 条起对不上", "请保全现场并联系科技与合规。"
    )
