"""Profiles for a screen that other people can see: no amounts, as branch practice asks."""

from __future__ import annotations

from dataclasses import replace

from copilot.profiles.card import card
from copilot.profiles.reasons import plain_text
from copilot.records.profile import Profile

HIDDEN = "本岗位的屏幕不显示金额"
_AMOUNTS = frozenset({"fen", "fen_per_month"})


def discreet(profile: Profile) -> Profile:
    """The profile with card and reasons worded without amounts; features stay for decisions."""
    values = {name: feature.value for name, feature in profile.features.items()}
    values["customer_id"] = profile.customer_id
    worded = replace(
        profile,
        reasons=tuple(
            replace(reason, text=plain_text(reason.code, values, profile.as_of))
            for reason in profile.reasons
        ),
    )
    return replace(worded, card=card(worded, amounts=False))


def without_amounts(profile: Profile) -> Profile:
    """The profile as it may be shown on such a screen: amounts among the features hidden too."""
    return replace(
        profile,
        features={
            name: replace(feature, value=None, null_reason=HIDDEN)
            if feature.unit in _AMOUNTS and feature.value is not None
            else feature
            for name, feature in profile.features.items()
        },
    )
