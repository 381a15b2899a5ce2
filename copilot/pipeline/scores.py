"""What to offer next: the gate first, then propensity × need × the bank's priority.

Neither rates nor past returns are looked at. Where no propensity model is in use, the share of
customers who hold the type stands in, and the recommendation says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from copilot.pipeline.workbench import Workbench
from copilot.profiles.associations import Association, associations, holders
from copilot.records.codes import LABELS, Channel, ProductType
from copilot.records.matching import Candidate
from copilot.records.profile import Profile
from copilot.records.recommendation import Recommendation, Recommendations
from copilot.records.score import Score
from copilot.records.staff import Seller

_FULL_NEED = 50.0  # a reason of this rank doubles the weight
_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is known of a customer and a product type."""

    score: Score | None
    popularity: float
    pair: Association | None

    @property
    def propensity(self) -> float:
        return self.score.value if self.score is not None else self.popularity


def recommend(bench: Workbench, customer_id: str, channel: Channel) -> Recommendations:
    """Allowed products for a customer, best first, each with its reasons in words.

    Raises:
        NotFound, Forbidden: no such customer, or out of scope.
        StateError: profiles have not been built.
    """
    from copilot.matching import match

    file = bench.customer_file(customer_id)
    seller = bench.seller(bench.staff_id) if bench.staff_id else Seller(None)
    found = match(
        bench.shelf, file, seller, channel, bench.lookup_rules, policy=bench.settings.policy
    )
    profile = file.profile
    pairs: tuple[Association, ...] = ()
    held: frozenset[str] = frozenset()
    if profile is not None and bench.generation.has("holdings"):
        pairs = associations(bench.store, bench.settings, bench.as_of)
        held = _held(profile)
    popularity = _popularity(bench)
    items = [
        _recommendation(candidate, _evidence(candidate.type, profile, pairs, held, popularity))
        for candidate in found.allowed
    ]
    priority = {code: place for place, code in enumerate(bench.settings.policy.product_priority)}
    items = [_prioritised(item, priority) for item in items]
    items.sort(key=lambda item: (-item.weight, item.product_code))
    return Recommendations(customer_id, bench.as_of, tuple(items))


def _evidence(
    kind: ProductType,
    profile: Profile | None,
    pairs: tuple[Association, ...],
    held: frozenset[str],
    popularity: dict[str, float],
) -> _Evidence:
    score = profile.scores.get(f"acquire_{kind.value}_90") if profile is not None else None
    mine = [p for p in pairs if kind.value in (p.first, p.second) and {p.first, p.second} & held]
    pair = max(mine, key=lambda p: p.lift, default=None)
    return _Evidence(score, popularity.get(kind.value, 0.0), pair)


def _recommendation(candidate: Candidate, known: _Evidence) -> Recommendation:
    reasons = list(candidate.reasons)
    if known.score is not None:
        reasons.append(f"{known.score.title}的可能性：{known.score.band.shown}")
    else:
        label = LABELS[ProductType][candidate.type.value]
        reasons.append(f"没有{label}的购买预测模型，按持有的普遍程度排")
    if known.pair is not None:
        reasons.insert(len(candidate.reasons), known.pair.words)
    weight = max(known.propensity, 1e-4) * (1 + candidate.score / _FULL_NEED)
    return Recommendation(
        candidate.product_code,
        candidate.type,
        candidate.name,
        tuple(reasons[:_MOST_REASONS]),
        weight,
        known.score is not None,
    )


def _prioritised(item: Recommendation, priority: dict[str, int]) -> Recommendation:
    if item.product_code not in priority:
        return item
    factor = 1 + (len(priority) - priority[item.product_code]) / len(priority)
    return Recommendation(
        item.product_code,
        item.type,
        item.name,
        item.reasons,
        item.weight * factor,
        item.propensity_known,
    )


def _held(profile: Profile) -> frozenset[str]:
    names = {
        "deposit": "aum_deposit",
        "large_cd": "aum_large_cd",
        "gov_bond": "aum_gov_bond",
        "structured_deposit": "aum_structured",
        "wmp": "aum_wmp",
        "fund": "aum_fund",
        "insurance": "aum_insurance",
        "pension": "aum_pension",
        "gold": "aum_gold",
        "loan": "debt_loan",
        "credit_card": "debt_card",
    }
    return frozenset(kind for kind, feature in names.items() if profile.value(feature))


def _popularity(bench: Workbench) -> dict[str, float]:
    """By product type, the share of customers who hold it."""
    if not bench.generation.has("holdings"):
        return {}
    return holders(bench.store, bench.settings, bench.as_of)
