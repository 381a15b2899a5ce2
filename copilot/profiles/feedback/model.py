"""Three linear models over the features of a text: one sum a class, so every word's part is known.

The model file carries the hash of the examples and the word list that it was fitted to; when a
bank edits either, it is fitted again in memory, with the same result every time.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from copilot.errors import InputError
from copilot.profiles.feedback.lexicon import Lexicon
from copilot.records.codes import Intent, Mood, Topic

HEADS: dict[str, type[StrEnum]] = {"topic": Topic, "intent": Intent, "sentiment": Mood}
_VERSION = 1
_FEWEST_TEXTS = 2  # a run of characters in fewer examples says nothing general
_STRENGTH = 1.0  # inverse regularisation, by cross-validation on the examples


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text."""

    text: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LinearHead:
    """One answer: a weight per feature and class."""

    classes: tuple[str, ...]
    intercept: tuple[float, ...]
    weights: Mapping[str, tuple[float, ...]]

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


def fit(examples: Sequence[Example], lexicon: Lexicon) -> dict[str, LinearHead]:
    """Fit the three heads; the same examples give the same weights."""
    import numpy as np
    from scipy.sparse import lil_matrix
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    texts = [lexicon.features(example.text) for example in examples]
    vocabulary = _vocabulary(texts)
    matrix = lil_matrix((len(texts), len(vocabulary)))
    for row, features in enumerate(texts):
        for name, value in features.items():
            if name in vocabulary:
                matrix[row, vocabulary[name]] = value
    rows = matrix.tocsr()
    heads = {}
    for head in HEADS:
        labels = np.array([example.labels[head] for example in examples])
        model = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2_000)
        with threadpool_limits(1):  # waiting for other threads costs more than they save
            model.fit(rows, labels)
        heads[head] = LinearHead(
            tuple(str(c) for c in model.classes_),
            tuple(round(float(value), 3) for value in model.intercept_),
            {
                name: tuple(round(float(w), 3) for w in model.coef_[:, place])
                for name, place in vocabulary.items()
            },
        )
    return heads


def save(path: Path, heads: Mapping[str, LinearHead], hashed: str) -> None:
    """Write a model as JSON that people can read, one feature a line."""
    names = sorted(next(iter(heads.values())).weights)
    lines = [
        json.dumps(
            {name: [list(head.weights[name]) for head in heads.values()]}, ensure_ascii=False
        )
        for name in names
    ]
    body = {
        "source": hashed,
        "heads": {
            name: {"classes": head.classes, "intercept": head.intercept}
            for name, head in heads.items()
        },
    }
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    aside.write_text("\n".join([json.dumps(body, ensure_ascii=False), *lines]) + "\n", "utf-8")
    os.replace(aside, path)


def load(path: Path, hashed: str) -> dict[str, LinearHead] | None:
    """The model of a file, ``None`` when it was fitted to something else or cannot be read."""
    try:
        first, *lines = path.read_text("utf-8").splitlines()
        body = json.loads(first)
        if body["source"] != hashed:
            return None
        weights: dict[str, list[list[float]]] = {}
        for line in lines:
            weights.update(json.loads(line))
        return {
            name: LinearHead(
                tuple(head["classes"]),
                tuple(head["intercept"]),
                {feature: tuple(parts[place]) for feature, parts in weights.items()},
            )
            for place, (name, head) in enumerate(body["heads"].items())
        }
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None


def _vocabulary(texts: Iterable[Mapping[str, float]]) -> dict[str, int]:
    counted = Counter(name for features in texts for name in features)
    kept = sorted(n for n, found in counted.items() if found >= _FEWEST_TEXTS)
    return {name: place for place, name in enumerate(kept)}
