"""Feedback: what customers' own words say, and what follows for serving them first."""

from copilot.profiles.feedback.indicators import Thresholds, customer_feedback, read_thresholds
from copilot.profiles.feedback.reader import FeedbackReader, load_reader, retrain

__all__ = [
    "FeedbackReader",
    "Thresholds",
    "customer_feedback",
    "load_reader",
    "read_thresholds",
    "retrain",
]
