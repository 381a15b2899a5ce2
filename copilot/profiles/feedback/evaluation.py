"""How well texts are read: agreement with labels, and the anger and complaints that count."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from copilot.profiles.feedback.model import HEADS, Example
from copilot.profiles.feedback.reader import FeedbackReader
from copilot.records.codes import Mood
from copilot.records.feedback import TextReading

METRIC_WORDS = {
    "topic_right": "主题对（11类）",
    "intent_right": "诉求对（8类）",
    "sentiment_right": "情绪对（4类）",
    "serve_first_recall": "该先服务的，认出",
    "serve_first_precision": "认作先服务的，确实是",
    "serve_first_false_alarms": "不必先服务的，误拦",
    "angry_recall": "激烈不满，认出",
    "angry_precision": "认作激烈不满的，确实是",
}
_DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class FeedbackEvaluation:
    """Readings beside their labels."""

    judged: tuple[tuple[Example, TextReading], ...]

    def metrics(self) -> dict[str, dict[str, float | int]]:
        """Share right per answer, macro F1, and how serving first is found; 95 % intervals."""
        found = {f"{head}_right": self._right(head) for head in HEADS}
        hits = [
            (must, reading.serve_first)
            for example, reading in self.judged
            for must in [example.must_serve_first]
        ]
        found["serve_first_recall"] = _share([says for must, says in hits if must])
        found["serve_first_precision"] = _share([must for must, says in hits if says])
        found["serve_first_false_alarms"] = _share([says for must, says in hits if not must])
        angry = [
            (e.labels["sentiment"] == Mood.ANGRY, r.mood is Mood.ANGRY) for e, r in self.judged
        ]
        found["angry_recall"] = _share([says for is_, says in angry if is_])
        found["angry_precision"] = _share([is_ for is_, says in angry if says])
        return found

    def misses(self) -> list[dict[str, str]]:
        """Every text with an answer that differs from its label."""
        return [
            {"text": example.text, "answer": head, "label": example.labels[head], "read": said}
            for example, reading in self.judged
            for head, said in _answers(reading).items()
            if said != example.labels[head]
        ]

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot eval feedback --format json``."""
        return {
            "suite": "feedback",
            "n": len(self.judged),
            "metrics": self.metrics(),
            "misses": self.misses(),
        }

    def _right(self, head: str) -> dict[str, float | int]:
        return _share([_answers(r)[head] == e.labels[head] for e, r in self.judged])


def evaluate(reader: FeedbackReader, examples: Sequence[Example]) -> FeedbackEvaluation:
    """Read every example and keep the label beside the reading."""
    return FeedbackEvaluation(tuple((one, reader.read(one.text)) for one in examples))


def _answers(reading: TextReading) -> dict[str, str]:
    return {
        "topic": reading.topic.value,
        "intent": reading.intent.value,
        "sentiment": reading.mood.value,
    }


def _share(hits: Sequence[bool]) -> dict[str, float | int]:
    if not hits:
        return {"value": 0.0, "num": 0, "den": 0, "low": 0.0, "high": 0.0}
    rng = random.Random(0)
    draws = sorted(sum(rng.choices(hits, k=len(hits))) / len(hits) for _ in range(_DRAWS))
    return {
        "value": sum(hits) / len(hits),
        "num": sum(hits),
        "den": len(hits),
        "low": draws[int(0.025 * _DRAWS)],
        "high": draws[int(0.975 * _DRAWS)],
    }
