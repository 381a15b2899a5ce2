"""Matching: what may be offered to whom, by whom, where and when, and in what order of need."""

from copilot.matching.gate import decide
from copilot.matching.shelf import alternatives, match

__all__ = ["alternatives", "decide", "match"]
