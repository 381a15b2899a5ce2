"""A new day's files: laid over what is loaded, and profiles brought up to date."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.pipeline.pruning import prune
from copilot.records.generation import FeatureBuild
from copilot.records.progress import Progress
from copilot.settings import Settings
from copilot.store import Store

if TYPE_CHECKING:
    from copilot.tables import Extension


@dataclass(frozen=True, slots=True)
class IncrementReport:
    """What an incremental load brought, and how many profiles were computed again."""

    extension: Extension
    profiles: FeatureBuild
    recomputed: int

    def as_json(self) -> dict[str, object]:
        """The document of ``copilot tables load --incremental --format json``."""
        return self.extension.as_json() | {
            "profiles": self.profiles.customers,
            "recomputed": self.recomputed,
        }


def load_increment(settings: Settings, sources: Path, progress: Progress) -> IncrementReport:
    """Lay the files of a mapping over the current tables and bring the profiles up to date.

    Raises:
        InputError: the mapping file or a source is wrong, or the business date goes back.
        StateError: nothing has been loaded yet.
        Busy: another process is writing to the data directory.
    """
    from copilot.profiles import build_profiles, recomputed_of
    from copilot.tables import extend_tables, read_sources

    declared = read_sources(sources, partial=True)
    store = Store.open(settings)
    try:
        with store.writer_lock():
            extension = extend_tables(declared, store, progress)
            build = build_profiles(store, settings, None, progress, incremental=True)
            prune(store)
    finally:
        store.close()
    return IncrementReport(extension, build, recomputed_of(build))
