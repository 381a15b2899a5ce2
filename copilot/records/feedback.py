"""What a customer's own words say: topic, intent, mood; and what follows for serving them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from copilot.records.codes import Intent, Mood, Topic, label


@dataclass(frozen=True, slots=True)
class TextReading:
    """One text as it was read.

    ``chances`` are those of the three answers, not known of a language model; ``because`` are the
    words that spoke most for the mood, ``mixed`` says that the text both praises and complains,
    ``serve_first_chance`` how likely it is a complaint or anger, ``suspected`` that this reaches
    the bank's threshold whatever intent and mood say, ``by`` who read it.
    """

    topic: Topic
    intent: Intent
    mood: Mood
    chances: tuple[float, float, float] | None
    because: tuple[str, ...] = ()
    mixed: bool = False
    settled: bool = False
    serve_first_chance: float | None = None
    suspected: bool = False
    by: str = "lexicon+linear"

    @property
    def serve_first(self) -> bool:
        """Whether who says this is served before anything is offered."""
        return bool(self.concern)

    @property
    def concern(self) -> str:
        """Why who says this is served first, in a word; empty when there is no reason."""
        if self.mood is Mood.ANGRY:
            return "有激烈不满"
        if self.intent is Intent.COMPLAIN and self.mood is Mood.NEGATIVE:
            return "有抱怨"
        return "疑似有抱怨" if self.suspected else ""

    def as_json(self) -> dict[str, Any]:
        """Codes, their Chinese words, and how sure the reading is."""
        return {
            "topic": self.topic.value,
            "intent": self.intent.value,
            "mood": self.mood.value,
            "words": f"{label(self.topic)}·{label(self.intent)}·{label(self.mood)}",
            "chances": self.chances
            and dict(zip(("topic", "intent", "mood"), self.chances, strict=True)),
            "because": list(self.because),
            "mixed": self.mixed,
            "settled": self.settled,
            "serve_first": self.serve_first,
            "serve_first_chance": self.serve_first_chance,
            "suspected": self.suspected,
            "concern": self.concern,
            "by": self.by,
        }


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row of the bank's tables with the reading of its text; the text itself is not kept."""

    table: str
    key: str
    on: date
    reading: TextReading

    def as_json(self) -> dict[str, Any]:
        """The row's key and date beside the reading."""
        body = {"table": self.table, "key": self.key, "on": self.on.isoformat()}
        return body | self.reading.as_json()


@dataclass(frozen=True, slots=True)
class Indicator:
    """Satisfaction or loyalty as a level, the facts that lead to it and the rows behind them."""

    name: str
    label: str
    level: str
    window: str
    facts: tuple[str, ...]
    rows: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        return asdict(self) | {"facts": list(self.facts), "rows": list(self.rows)}


@dataclass(frozen=True, slots=True)
class CustomerFeedback:
    """What a customer recently said, newest first, and what it means for approaching them."""

    rows: tuple[ReadRow, ...] = ()
    satisfaction: Indicator | None = None
    loyalty: Indicator | None = None
    serve_first_because: str = ""

    @property
    def serve_first(self) -> bool:
        """Whether the customer is served before anything is offered."""
        return bool(self.serve_first_because)

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot profile feedback``."""
        return {
            "serve_first": self.serve_first,
            "serve_first_because": self.serve_first_because,
            "satisfaction": self.satisfaction and self.satisfaction.as_json(),
            "loyalty": self.loyalty and self.loyalty.as_json(),
            "rows": [row.as_json() for row in self.rows],
        }
