"""Linear models over the features of a text: one sum a class, so every word's part is known.

Three heads answer topic, intent and mood; a fourth how likely a text must be served first.

The model file carries the hash of the examples and the word list that it was fitted to; when a
bank edits either, it is fitted again in memory, with the same result every time.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from copilot.errors import InputError
from copilot.files import write_whole
from copilot.records.codes import Intent, Mood, Topic

HEADS: dict[str, type[StrEnum]] = {"topic": Topic, "intent": Intent, "sentiment": Mood}
SERVE_FIRST, NO, YES = "serve_first", "no", "yes"
_VERSION = 2


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text."""

    text: str
    labels: Mapping[str, str]

    @property
    def must_serve_first(self) -> bool:
        """Whether the labels say that the text is a complaint or anger."""
        return self.labels["sentiment"] == Mood.ANGRY or self.labels["intent"] == Intent.COMPLAIN


@dataclass(frozen=True, slots=True)
class LinearHead:
    """One answer: a weight per feature and class."""

    classes: Sequence[str]
    intercept: Sequence[float]
    weights: Mapping[str, Sequence[float]]

    def chances(self, features: Mapping[str, float]) -> dict[str, float]:
        """The probability of every class."""
        scores = list(self.intercept)
        for name, value in features.items():
            for place, weight in enumerate(self.weights.get(name, ())):
                scores[place] += weight * value
        top = max(scores)
        raised = [math.exp(score - top) for score in scores]
        whole = sum(raised)
        return {c: share / whole for c, share in zip(self.classes, raised, strict=True)}

    def strongest(self, features: Mapping[str, float], label: str, most: int) -> list[str]:
        """The features that spoke most for a class, strongest first."""
        place = self.classes.index(label)
        parts = {
            name: self.weights[name][place] * value
            for name, value in features.items()
            if name in self.weights
        }
        ordered = sorted(parts, key=lambda name: (-parts[name], name))
        return [name for name in ordered if parts[name] > 0][:most]


def read_examples(path: Path) -> list[Example]:
    """Labelled texts from a CSV with the columns text, topic, intent, sentiment.

    Raises:
        InputError: a column is missing or a label unknown; names file, row and the labels.
    """
    if not path.is_file():
        raise InputError("找不到标注样本。", file=str(path), next="请检查文件路径。")
    found = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"text", *HEADS} - set(reader.fieldnames or ())
        if missing:
            raise InputError(
                f"标注样本缺少列：{'、'.join(sorted(missing))}",
                file=str(path),
                next="表头应为 text,topic,intent,sentiment。",
            )
        for number, row in enumerate(reader, start=2):
            for head, codes in HEADS.items():
                if row[head] not in {code.value for code in codes}:
                    raise InputError(
                        f"没有叫 {row[head]} 的标签",
                        file=str(path),
                        row=number,
                        field=head,
                        next=f"可用的：{'、'.join(code.value for code in codes)}。",
                    )
            found.append(Example(row["text"], {head: row[head] for head in HEADS}))
    return found


def source_hash(*paths: Path) -> str:
    """A hash over what a model is fitted to."""
    digest = hashlib.sha256(f"feedback/{_VERSION}".encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def save(path: Path, heads: Mapping[str, LinearHead], hashed: str) -> None:
    """Write a model as JSON that people can read: one feature a line under its head."""
    bodies = []
    for name, head in heads.items():
        weights = ",\n".join(f"{_json(n)}:{_json(head.weights[n])}" for n in sorted(head.weights))
        shape = f'"classes":{_json(head.classes)},\n"intercept":{_json(head.intercept)}'
        bodies.append(f'{_json(name)}:{{{shape},\n"weights":{{\n{weights}\n}}}}')
    write_whole(path, f'{{"source":{_json(hashed)},\n"heads":{{\n{",".join(bodies)}}}}}\n')


def load(path: Path, hashed: str) -> dict[str, LinearHead] | None:
    """The model of a file, ``None`` when it was fitted to something else or cannot be read."""
    try:
        body = json.loads(path.read_text("utf-8"))
        if body["source"] != hashed:
            return None
        return {name: LinearHead(**head) for name, head in body["heads"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
