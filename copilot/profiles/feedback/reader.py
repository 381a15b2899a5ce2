"""Reading one text: the linear model's answer, held to the word list where that is certain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from copilot.profiles.feedback.lexicon import (
    ANGRY,
    NEGATIVE,
    POSITIVE,
    RESOLVED,
    SARCASM,
    Lexicon,
    normalised,
)
from copilot.profiles.feedback.model import (
    HEADS,
    LinearHead,
    fit,
    load,
    read_examples,
    save,
    source_hash,
)
from copilot.records.codes import Intent, Mood, Topic
from copilot.records.feedback import TextReading

EXAMPLES, LEXICON, MODEL = "examples.csv", "lexicon.yaml", "model.json"
_SHOWN_WORDS = 4
_KEPT = 10_000
_LONGEST = 2_000  # characters; what is longer is a document, not a remark


class FeedbackReader:
    """Reads texts with one word list and one fitted model."""

    def __init__(self, lexicon: Lexicon, heads: Mapping[str, LinearHead]) -> None:
        self._lexicon = lexicon
        self._heads = heads
        self._known = lru_cache(maxsize=_KEPT)(self._read)  # staff notes repeat

    def read(self, text: str) -> TextReading:
        """Topic, intent and mood of a text, with the words that decided the mood."""
        return self._known(text[:_LONGEST])

    def _read(self, text: str) -> TextReading:
        features = self._lexicon.features(text)
        marks = dict(self._lexicon.found(normalised(text)))
        chances = {name: head.chances(features) for name, head in self._heads.items()}
        best = {name: max(found, key=found.__getitem__) for name, found in chances.items()}
        topic_chance, intent_chance, mood_chance = (
            round(chances[name][best[name]], 3) for name in HEADS
        )
        mood, intent = Mood(best["sentiment"]), Intent(best["intent"])
        return TextReading(
            Topic(best["topic"]),
            intent,
            mood,
            (topic_chance, intent_chance, mood_chance),
            self._because(features, marks, mood),
            POSITIVE in marks and not marks.keys().isdisjoint((NEGATIVE, ANGRY)),
            RESOLVED in marks,
        )

    def top_words(self, head: str, label: str, most: int = 8) -> list[tuple[str, float]]:
        """The features that weigh most for a class, for the model's description."""
        model = self._heads[head]
        place = model.classes.index(label)
        ordered = sorted(model.weights, key=lambda name: (-model.weights[name][place], name))
        return [(name, model.weights[name][place]) for name in ordered[:most]]

    def _because(
        self, features: Mapping[str, float], marks: Mapping[str, str], mood: Mood
    ) -> tuple[str, ...]:
        said = [word for mark, word in marks.items() if mark in _MOOD_MARKS]
        runs = self._heads["sentiment"].strongest(features, mood.value, _SHOWN_WORDS * 3)
        words = [name for name in runs if not name.startswith("[") and len(name) > 1]
        return tuple(dict.fromkeys([*said, *words]))[:_SHOWN_WORDS]


_MOOD_MARKS = frozenset({POSITIVE, NEGATIVE, ANGRY, SARCASM, "[否定正面]", "[否定负面]"})


def load_reader(knowledge_dir: Path) -> FeedbackReader:
    """The reader of a bank's knowledge folder, fitted again when its examples were edited.

    Raises:
        InputError: the word list or the examples are wrong.
    """
    folder = knowledge_dir / "feedback"
    paths = (folder / EXAMPLES, folder / LEXICON)
    stamps = tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)
    return _reader(folder, stamps)


def retrain(knowledge_dir: Path) -> None:
    """Fit the model of a knowledge folder to its examples and word list, and write it there."""
    folder = knowledge_dir / "feedback"
    lexicon, examples = folder / LEXICON, folder / EXAMPLES
    heads = fit(read_examples(examples), Lexicon.read(lexicon))
    save(folder / MODEL, heads, source_hash(examples, lexicon))
    _reader.cache_clear()


@lru_cache(maxsize=4)
def _reader(folder: Path, stamps: tuple[int, ...]) -> FeedbackReader:
    lexicon = Lexicon.read(folder / LEXICON)
    examples = folder / EXAMPLES
    hashed = source_hash(examples, folder / LEXICON) if examples.is_file() else ""
    heads = load(folder / MODEL, hashed) or fit(read_examples(examples), lexicon)
    return FeedbackReader(lexicon, heads)
