"""Delivery: documents as files. Exporters lay out what a report holds and add nothing."""

from copilot.delivery.export import FORMATS, export
from copilot.delivery.markdown import markdown
from copilot.delivery.word import word

__all__ = ["FORMATS", "export", "markdown", "word"]
