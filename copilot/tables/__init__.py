"""Tables in: the bank's own exports, mapped, cleaned, counted, and kept as one generation."""

from copilot.tables.increment import Extension, extend_tables
from copilot.tables.load import check_tables, load_tables
from copilot.tables.report import quality_text
from copilot.tables.sources import Sources, read_sources

__all__ = [
    "Extension",
    "Sources",
    "check_tables",
    "extend_tables",
    "load_tables",
    "quality_text",
    "read_sources",
]
