"""Marketing copilot for retail banks: profiles, knowledge, drafts and a compliance filter."""

__version__ = "0.1.0"
