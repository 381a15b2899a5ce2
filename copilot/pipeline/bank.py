"""Bringing a bank in: tables, templates with their reviews, knowledge, profiles.

Every step can be run again: what is unchanged is recognised and skipped, and a step that was cut
off leaves the state before it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from copilot.errors import InputError
from copilot.pipeline.pruning import prune
from copilot.pipeline.templates import TemplateReport, submit_templates
from copilot.records.generation import FeatureBuild, Generation, QualityReport
from copilot.records.knowledge import IngestReport
from copilot.records.progress import Progress
from copilot.settings import Settings
from copilot.store import Store

_SAMPLE_DIRECTORY = "sample"
_KNOWLEDGE_FOLDERS = ("products", "faq", "regulations", "scripts")


@dataclass(frozen=True, slots=True)
class BankReport:
    """What came of bringing a bank in."""

    generation: Generation
    quality: QualityReport
    knowledge: IngestReport
    templates: TemplateReport
    profiles: FeatureBuild

    def as_json(self) -> dict[str, object]:
        """The document of ``copilot init --format json``."""
        return {
            "generation": self.generation.generation_id,
            "business_date": self.generation.business_date.isoformat(),
            "tables": self.generation.rows,
            "missing": sorted(self.generation.missing),
            "quality": [
                {
                    "table": count.table,
                    "rule": count.rule,
                    "action": count.action,
                    "rows": count.rows,
                }
                for count in self.quality.counts
            ],
            "passages": self.knowledge.passages,
            "templates": {
                "submitted": self.templates.submitted,
                "approved": self.templates.approved,
                "not_approved": dict(self.templates.not_approved),
            },
            "profiles": self.profiles.customers,
        }


def bring_in(settings: Settings, sources: Path | None, progress: Progress) -> BankReport:
    """Loads a bank from its mapping file, or the sample bank when ``sources`` is ``None``.

    Raises:
        InputError: the mapping file, a source or a knowledge file is wrong.
        Busy: another process is writing to the data directory.
        DependencyError: the disk is full or the database cannot be written.
    """
    from copilot.knowledge import ingest
    from copilot.pipeline.ask_reader import reader_of
    from copilot.profiles import build_profiles
    from copilot.tables import load_tables, read_sources

    if sources is not None and not sources.is_file():
        raise InputError(
            f"没有这个映射文件：{sources}",
            file=str(sources),
            next="请给出 sources.yaml 的路径；格式见 README 的“接入本行数据”。",
        )
    declared = None if sources is None else read_sources(sources)
    store = Store.create(settings)
    try:
        with store.writer_lock():
            if declared is None:
                declared = read_sources(sample_sources(settings, progress))
            generation, quality = load_tables(declared, store, progress)
            templates = submit_templates(settings, store, progress)
            folders = [settings.knowledge_dir / name for name in _KNOWLEDGE_FOLDERS]
            report = ingest([f for f in folders if f.is_dir()], store, settings, progress)
            reader_of(store, progress)
            build = build_profiles(store, settings, generation.business_date, progress)
            prune(store)
    finally:
        store.close()
    return BankReport(generation, quality, report, templates, build)


def sample_sources(settings: Settings, progress: Progress) -> Path:
    """The sample bank's mapping file, generated into the data directory when it is not there."""
    from copilot.tables.sample import write_sample_bank

    home = settings.data_dir / _SAMPLE_DIRECTORY
    mapping = home / "sources.yaml"
    if mapping.is_file():
        return mapping
    aside = home.with_name(f"{_SAMPLE_DIRECTORY}.partial")  # one name: the writer is alone
    shutil.rmtree(aside, ignore_errors=True)
    write_sample_bank(aside, knowledge_dir=settings.knowledge_dir, progress=progress)
    shutil.rmtree(home, ignore_errors=True)
    aside.replace(home)
    return mapping
