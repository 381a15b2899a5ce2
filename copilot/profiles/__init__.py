"""Profiles: features as of a date, the reasons they give, and the rows behind them."""

from copilot.profiles.build import build_profiles, recomputed_of
from copilot.profiles.calls import call_list, export_features, maturity_list, prospects
from copilot.profiles.card import card
from copilot.profiles.discreet import discreet, without_amounts
from copilot.profiles.explain import FeatureExplanation, explain_feature
from copilot.profiles.read import read_profile
from copilot.profiles.spec import load_features
from copilot.profiles.words import readable

__all__ = [
    "FeatureExplanation",
    "build_profiles",
    "call_list",
    "card",
    "discreet",
    "explain_feature",
    "export_features",
    "load_features",
    "maturity_list",
    "prospects",
    "read_profile",
    "readable",
    "recomputed_of",
    "without_amounts",
]
