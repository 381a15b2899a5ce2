"""``copilot knowledge index``: the vectors, built on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot.cli.common import (
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    emit,
    progress_bar,
    settings_for,
)
from copilot.errors import StateError

if TYPE_CHECKING:
    from copilot.knowledge.generations import VectorGeneration
    from copilot.settings import Settings
    from copilot.store import Store


def index(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="不管现有的索引，重新建立；已算过的向量不重算。")
    ] = False,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """建立向量索引（需配置向量服务）；打不开或不完整的会重建，旧的在换上新的之前照常使用。

    例：copilot knowledge index --rebuild
    """
    from copilot.knowledge.vectors import generation_usable, make_generation
    from copilot.store import Store

    settings = settings_for(data_dir, config)
    if not settings.embeddings_configured:
        raise StateError(
            "没有配置向量服务，检索使用字面索引",
            next="设置 COPILOT_EMBEDDING_BASE_URL 与 COPILOT_EMBEDDING_MODEL 后再运行。",
        )
    store = Store.open(settings)
    try:
        with progress_bar() as progress:
            anew = rebuild or not generation_usable(store, settings)
            generation = make_generation(store, settings, progress, anew=anew)
        body = _document(generation, store, settings)
    finally:
        store.close()
    emit(body, lambda: _present(body), format)


def _document(
    generation: VectorGeneration | None, store: Store, settings: Settings
) -> dict[str, Any]:
    from dataclasses import asdict

    from copilot.knowledge.dense import dense_enabled, recorded_gain

    gain = recorded_gain(store)
    return {
        "generation": generation and asdict(generation),
        "dense": settings.dense,
        "in_use": dense_enabled(store, settings),
        "gain": gain and asdict(gain),
    }


def _present(body: dict[str, Any]) -> str:
    built = body["generation"]
    if built is None:
        return "知识库是空的，没有可建立的索引。"
    head = f"向量索引 {built['name']}：{built['count']} 段，模型 {built['model']}。"
    if body["in_use"]:
        return f"{head}检索正在使用。"
    if body["dense"] == "off":
        return f"{head}设置 dense 为 off，检索不使用。"
    how = "评测（copilot eval retrieval）显示有增益后自动启用，或设置 COPILOT_DENSE=on"
    return f"{head}检索尚未使用：{how}。"
