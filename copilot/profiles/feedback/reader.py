"""Reading one text: the linear model's answers, and the words of the list that they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from copilot.profiles.feedback.lexicon import (
    ANGRY,
    FIGURE,
    NEGATIVE,
    POSITIVE,
    RESOLVED,
    SARCASM,
    Lexicon,
    normalised,
)
from copilot.profiles.feedback.model import (
    HEADS,
    SERVE_FIRST,
    YES,
    LinearHead,
    load,
    read_examples,
    save,
    source_hash,
)
from copilot.profiles.feedback.thresholds import Thresholds, read_thresholds
from copilot.records.codes import Intent, Mood, Topic
from copilot.records.feedback import TextReading

EXAMPLES, LEXICON, MODEL = "examples.csv", "lexicon.yaml", "model.json"
_SHOWN_WORDS = 4
_KEPT = 10_000
_LONGEST = 2_000  # characters; what is longer is a document, not a remark


class FeedbackReader:
    """Reads texts with one word list and one fitted model.

    A text that is a complaint with at least the chance ``serve_first_from`` is suspected of it.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        heads: Mapping[str, LinearHead],
        serve_first_from: float = Thresholds().serve_first_from,
    ) -> None:
        self._lexicon = lexicon
        self._heads = heads
        self._serve_first_from = serve_first_from
        self._known = lru_cache(maxsize=_KEPT)(self._read)  # staff notes repeat

    def read(self, text: str) -> TextReading:
        """Topic, intent and mood of a text, with the words that decided the mood."""
        return self._known(text[:_LONGEST])

    def _read(self, text: str) -> TextReading:
        features = self._lexicon.features(text)
        found = list(self._lexicon.found(normalised(text)))
        marks = {mark for mark, _ in found}
        chances = {name: head.chances(features) for name, head in self._heads.items()}
        best = {name: max(shares, key=shares.__getitem__) for name, shares in chances.items()}
        topic_chance, intent_chance, mood_chance = (
            round(chances[name][best[name]], 3) for name in HEADS
        )
        mood, settled = Mood(best["sentiment"]), RESOLVED in marks
        serve_first_chance = round(chances[SERVE_FIRST][YES], 3)
        return TextReading(
            Topic(best["topic"]),
            Intent(best["intent"]),
            mood,
            (topic_chance, intent_chance, mood_chance),
            self._because(features, found, mood),
            POSITIVE in marks and not marks.isdisjoint((NEGATIVE, ANGRY)),
            settled,
            serve_first_chance,
            serve_first_chance >= self._serve_first_from and not settled,
        )

    def top_words(self, head: str, label: str, most: int = 8) -> list[tuple[str, float]]:
        """The features that weigh most for a class, for the model's description."""
        model = self._heads[head]
        place = model.classes.index(label)
        ordered = sorted(model.weights, key=lambda name: (-model.weights[name][place], name))
        return [(name, model.weights[name][place]) for name in ordered[:most]]

    def _because(
        self, features: Mapping[str, float], found: Sequence[tuple[str, str]], mood: Mood
    ) -> tuple[str, ...]:
        """Words of the list and runs of characters, those that spoke most for the mood first."""
        strongest = self._heads["sentiment"].strongest(features, mood.value, len(features))
        said = [word for name in strongest for mark, word in found if mark == name in _MOOD_MARKS]
        runs = [n for n in strongest if len(n) > 1 and not n.startswith("[") and FIGURE not in n]
        return tuple(dict.fromkeys([*said, *runs]))[:_SHOWN_WORDS]


_MOOD_MARKS = frozenset({POSITIVE, NEGATIVE, ANGRY, SARCASM, "[否定正面]", "[否定负面]"})


def load_reader(knowledge_dir: Path) -> FeedbackReader:
    """The reader of a bank's knowledge folder, fitted again when its examples were edited.

    Raises:
        InputError: the word list or the examples are wrong.
    """
    folder = knowledge_dir / "feedback"
    paths = (folder / EXAMPLES, folder / LEXICON)
    stamps = tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)
    return _reader(folder, stamps, read_thresholds(knowledge_dir).serve_first_from)


def retrain(knowledge_dir: Path) -> None:
    """Fit the model of a knowledge folder to its examples and word list, and write it there."""
    folder = knowledge_dir / "feedback"
    lexicon, examples = folder / LEXICON, folder / EXAMPLES
    from copilot.profiles.feedback.training import fit

    heads = fit(read_examples(examples), Lexicon.read(lexicon))
    save(folder / MODEL, heads, source_hash(examples, lexicon))
    _reader.cache_clear()


@lru_cache(maxsize=4)
def _reader(folder: Path, stamps: tuple[int, ...], serve_first_from: float) -> FeedbackReader:
    lexicon = Lexicon.read(folder / LEXICON)
    examples = folder / EXAMPLES
    hashed = source_hash(examples, folder / LEXICON) if examples.is_file() else ""
    heads = load(folder / MODEL, hashed)
    if heads is None:
        from copilot.profiles.feedback.training import fit

        heads = fit(read_examples(examples), lexicon)
    return FeedbackReader(lexicon, heads, serve_first_from)
