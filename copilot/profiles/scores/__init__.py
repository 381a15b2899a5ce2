"""Scores: calibrated, explained, measured on a later time, refused when they may not be trusted."""

from copilot.profiles.scores.artefacts import evaluation as score_evaluation
from copilot.profiles.scores.artefacts import load as load_score
from copilot.profiles.scores.artefacts import manifest as score_models
from copilot.profiles.scores.service import (
    Applied,
    applied_to,
    apply_scores,
    highest,
    read_scores,
    train_scores,
)
from copilot.profiles.scores.training import Trained

__all__ = [
    "Applied",
    "Trained",
    "applied_to",
    "apply_scores",
    "highest",
    "load_score",
    "read_scores",
    "score_evaluation",
    "score_models",
    "train_scores",
]
