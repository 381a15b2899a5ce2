"""Fits the formulas by which frequent questions and records are trusted to answer a question.

Every example is read by weights that were learned without it (five parts, each left out once).
Prints biases and slopes for `copilot.pipeline.ask_candidates` and for
`copilot.pipeline.product_sureness`, and the share of examples that are answered rightly, and of
others that are answered, at several levels of sureness.

    python benchmarks/questions.py --data-dir DIRECTORY
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from copilot.pipeline.ask_book import book_of
from copilot.pipeline.ask_candidates import signs
from copilot.pipeline.ask_examples import Example, Group, label, read_examples
from copilot.pipeline.ask_learning import learned
from copilot.pipeline.ask_reader import asked_entries
from copilot.pipeline.product_questions import read_question
from copilot.pipeline.product_sureness import record_signs
from copilot.pipeline.workbench import Workbench
from copilot.settings import load_settings

PARTS = 5
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
#: The example's number, the signs, and whether what they are about answers it.
Seen = tuple[int, Any, bool]


def observed(bench: Workbench, examples: Sequence[Example]) -> tuple[list[Seen], list[Seen]]:
    """Every example with its nearest entries, and with what the records would tell."""
    book, entries = book_of(bench), asked_entries(bench.store)
    wanted = [example.label for example in examples]
    of_entries: list[Seen] = []
    of_records: list[Seen] = []
    parts = StratifiedKFold(PARTS, shuffle=True, random_state=0)
    for training, left_out in parts.split(wanted, wanted):
        reader = learned([examples[n] for n in training], entries)
        assert reader is not None
        for number in left_out.tolist():
            text = book.mended(examples[number].text)
            for one in signs(book, reader, text):
                right = wanted[number] == label(Group.ENTRY, one.entry.entry_id)
                of_entries.append((number, one.signs, right))
            asked = read_question(text, bench.shelf, bench.as_of, book.words)
            meaning = reader.read(text)
            told = label(Group.RECORD, meaning.best(Group.RECORD)[0])
            by_word = any(label(Group.RECORD, p) == wanted[number] for p in asked.properties)
            right = wanted[number] == told or by_word
            of_records.append((number, record_signs(text, asked, meaning, reader), right))
    return of_entries, of_records


def fitted(seen: Sequence[Seen], examples: Sequence[Example], group: Group) -> None:
    """Prints the formula over some signs and what it does."""
    rows = np.array([astuple(signs) for _, signs, _ in seen], float)
    right = np.array([is_right for *_, is_right in seen])
    model = LogisticRegression(C=10.0, max_iter=5000).fit(rows, right)
    sure = model.predict_proba(rows)[:, 1]
    shape = type(seen[0][1])
    slopes = zip([field.name for field in fields(shape)], model.coef_[0], strict=True)
    print(f"BIAS = {model.intercept_[0]:.2f}")
    print(f"SLOPES = {shape.__name__}({', '.join(f'{n}={slope:.2f}' for n, slope in slopes)})")
    print(f"AUC {roc_auc_score(right, sure):.4f} over {len(rows):,} pairs")
    best: dict[int, int] = {}
    for pair in np.argsort(-sure, kind="stable").tolist():
        best.setdefault(seen[pair][0], pair)
    ours = [n for n, e in enumerate(examples) if e.label.startswith(f"{group}:")]
    others = [n for n, e in enumerate(examples) if not e.label.startswith(f"{group}:")]
    for level in LEVELS:
        told = {n for n, pair in best.items() if sure[pair] >= level}
        good = sum(n in told and bool(right[best[n]]) for n in ours)
        bad = sum(n in told for n in others)
        print(f"sure >= {level}: right {good}/{len(ours)}, others {bad}/{len(others)}")


def main() -> None:
    """Prints both formulas."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    bench = Workbench.open(load_settings(data_dir=parser.parse_args().data_dir))
    examples = read_examples(bench.settings.knowledge_dir)
    of_entries, of_records = observed(bench, examples)
    bench.close()
    fitted(of_entries, examples, Group.ENTRY)
    fitted(of_records, examples, Group.RECORD)


if __name__ == "__main__":
    main()
