"""Where an installation is and which day it has, without opening it.

A check takes less time than the settings machinery or the store take to import, so both are left
alone unless a configuration or another database asks for them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.cli.common import settings_for
from copilot.paths import DATABASE_FILE, DEFAULT_DATA_DIR, shipped
from copilot.records.values import parse_day

if TYPE_CHECKING:
    from copilot.settings import Settings

_NEEDS_SETTINGS = ("COPILOT_CONFIG", "COPILOT_DATABASE_URL")


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of data and knowledge, the configured date, the settings if they were read."""

    data_dir: Path
    knowledge_dir: Path
    business_date: date | None
    settings: Settings | None = None

    def day(self, as_of: str | None) -> date:
        """The day asked for, else the configured one, else that of the data, else today."""
        if as_of:
            return parse_day(as_of)
        return self.business_date or self._day_of_data() or date.today()

    def _day_of_data(self) -> date | None:
        if self.settings is None or self.settings.database_url is None:
            from copilot.store.sqlite_file import day_of_data

            return day_of_data(self.data_dir / DATABASE_FILE)
        from copilot.store import Store

        if not Store.exists(self.settings):
            return None
        store = Store.open(self.settings)
        try:
            return store.facts.current().business_date
        finally:
            store.close()


def place_of(data_dir: Path | None, config: Path | None) -> Place:
    """Where the options, the environment and a configuration file say that it is."""
    if config is not None or any(os.environ.get(name) for name in _NEEDS_SETTINGS):
        settings = settings_for(data_dir, config)
        return Place(settings.data_dir, settings.knowledge_dir, settings.business_date, settings)
    knowledge = os.environ.get("COPILOT_KNOWLEDGE_DIR")
    configured = os.environ.get("COPILOT_BUSINESS_DATE")
    return Place(
        data_dir or Path(os.environ.get("COPILOT_DATA_DIR", DEFAULT_DATA_DIR)),
        Path(knowledge) if knowledge else shipped("knowledge"),
        parse_day(configured, "COPILOT_BUSINESS_DATE") if configured else None,
    )
