"""Feedback: what customers' own words say, and what follows for serving them first."""

from copilot.profiles.feedback.indicators import customer_feedback
from copilot.profiles.feedback.reader import FeedbackReader, load_reader, retrain
from copilot.profiles.feedback.thresholds import Thresholds, read_thresholds

__all__ = [
    "FeedbackReader",
    "Thresholds",
    "customer_feedback",
    "load_reader",
    "read_thresholds",
    "retrain",
]
