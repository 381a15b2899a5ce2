"""Whether vectors take part in search: only where they were shown to help, or by the bank's word.

A weak embedding model makes retrieval worse (measured: nDCG 0.401 to 0.366), so a configured
endpoint alone changes nothing. ``settings.dense`` is ``off``, ``on``, or ``auto`` (the default),
which follows what the last evaluation with this model recorded.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from copilot.records.staff import Principal
from copilot.store.meta import get_meta, set_meta

if TYPE_CHECKING:
    from copilot.settings import Settings
    from copilot.store import Store

_KEY = "dense_gain"


@dataclass(frozen=True, slots=True)
class DenseGain:
    """What an evaluation found: the metric without and with vectors, over ``questions``.

    ``low`` and ``high`` are the 95 % interval of the paired difference.
    """

    model: str
    question_set: str
    metric: str
    lexical: float
    fused: float
    low: float
    high: float
    questions: int

    @property
    def helps(self) -> bool:
        """Whether the gain is more than chance."""
        return self.low > 0


def record_gain(store: Store, gain: DenseGain, principal: Principal | None = None) -> None:
    """Keeps what an evaluation found; ``auto`` follows it from the next search on."""
    actor = (principal or Principal.operator()).user_id
    with store.transaction() as connection:
        set_meta(connection, _KEY, json.dumps(asdict(gain), ensure_ascii=False))
        store.audit.append(connection, "knowledge.dense", gain.model, asdict(gain), actor=actor)


def recorded_gain(store: Store) -> DenseGain | None:
    """What the last evaluation with vectors found, if there was one."""
    with store.read() as connection:
        value = get_meta(connection, _KEY)
    return None if value is None else DenseGain(**json.loads(value))


def dense_enabled(store: Store, settings: Settings) -> bool:
    """Whether a search asks for vectors too.

    An evaluation of another model says nothing of this one.
    """
    if not settings.embeddings_configured or settings.dense == "off":
        return False
    if settings.dense == "on":
        return True
    gain = recorded_gain(store)
    return gain is not None and gain.model == settings.embedding_model and gain.helps
