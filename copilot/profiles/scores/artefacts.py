"""Trained scores on disk: JSON and plain arrays in a folder per version, one manifest row.

No pickle: a model file can be read by people and cannot run anything. The manifest row in the
database is the switch; older versions stay in their folders.
"""

from __future__ import annotations

import json
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from copilot.errors import DependencyError, NotFound
from copilot.files import whole_folder
from copilot.profiles.scores.calibration import Calibration
from copilot.profiles.scores.columns import Column
from copilot.profiles.scores.models import Forest, model_from_json
from copilot.profiles.scores.training import Trained
from copilot.records.score import ModelCard, ScoreEvaluation
from copilot.store import Store
from copilot.store.meta import get_meta, set_meta

_MANIFEST_KEY = "score_models"
_CARD, _MODEL, _RANKING = "card.json", "model.json", "ranking.npz"


def manifest(store: Store) -> dict[str, dict[str, str]]:
    """By score, the version in use and its folder inside the data directory."""
    with store.read() as connection:
        return dict(json.loads(get_meta(connection, _MANIFEST_KEY) or "{}"))


def save(store: Store, trained: Trained) -> Path:
    """Writes a version beside the others and makes it the one in use.

    Raises:
        DependencyError: the folder cannot be written.
    """
    card = trained.card
    target = store.data_dir / "models" / _folder(card.name) / card.version
    try:
        with whole_folder(target) as aside:
            _write(aside, trained)
    except OSError as error:
        raise DependencyError(
            f"写模型文件失败：{error.strerror}", file=str(target), next="请检查磁盘空间与权限。"
        ) from None
    _record(store, card, target)
    return target


def forget(store: Store, name: str) -> None:
    """Takes a score out of use: what could not be trained again must not be shown."""
    known = manifest(store)
    if known.pop(name, None) is not None:
        with store.transaction() as connection:
            set_meta(connection, _MANIFEST_KEY, json.dumps(known, ensure_ascii=False))


def load(store: Store, name: str) -> Trained:
    """The version in use.

    Raises:
        NotFound: no such score; names those there are.
        DependencyError: its files cannot be read.
    """
    known = manifest(store)
    if name not in known:
        raise NotFound(
            f"没有名为 {name} 的评分模型",
            next=f"已训练的：{'、'.join(sorted(known)) or '无'}；运行 copilot score train。",
        )
    directory = store.data_dir / known[name]["directory"]
    try:
        return _read(directory)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DependencyError(
            f"读不出评分模型 {name}（{type(error).__name__}）",
            file=str(directory),
            next=f"请重新运行 copilot score train {name}。",
        ) from None


def evaluation(store: Store, name: str | None = None) -> ScoreEvaluation:
    """How the scores in use, or one of them, were measured; errors as `load`."""
    names = [name] if name else sorted(manifest(store))
    return ScoreEvaluation(tuple(load(store, one).card for one in names))


def _record(store: Store, card: ModelCard, target: Path) -> None:
    known = manifest(store)
    known[card.name] = {
        "version": card.version,
        "directory": target.absolute().relative_to(store.data_dir.absolute()).as_posix(),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with store.transaction() as connection:
        set_meta(connection, _MANIFEST_KEY, json.dumps(known, ensure_ascii=False))


def _write(directory: Path, trained: Trained) -> None:
    body = {
        "columns": [column.as_json() for column in trained.columns],
        "model": trained.model.as_json(),
        "calibration": trained.calibration.as_json(),
        "bands": list(trained.bands),
        "reference": {
            name: [None if np.isnan(value) else float(value) for value in values]
            for name, values in trained.reference.items()
        },
    }
    _dump(directory / _CARD, trained.card.as_json(), indent=2)
    _dump(directory / _MODEL, body)
    if trained.ranking is not None:
        forest = trained.ranking
        with (directory / _RANKING).open("wb") as file:
            np.savez_compressed(file, base=forest.base, roots=forest.roots, nodes=forest.nodes)


def _dump(path: Path, body: Any, indent: int | None = None) -> None:
    path.write_text(json.dumps(body, ensure_ascii=False, indent=indent), "utf-8")


def _read(directory: Path) -> Trained:
    card = ModelCard.from_json(json.loads((directory / _CARD).read_text("utf-8")))
    body = json.loads((directory / _MODEL).read_text("utf-8"))
    ranking = None
    if (directory / _RANKING).is_file():
        with np.load(directory / _RANKING, allow_pickle=False) as arrays:
            ranking = Forest(float(arrays["base"]), arrays["roots"], arrays["nodes"])
    return Trained(
        card,
        tuple(Column(**column) for column in body["columns"]),
        model_from_json(body["model"]),
        Calibration.from_json(body["calibration"]),
        (body["bands"][0], body["bands"][1]),
        ranking,
        {
            name: np.array([np.nan if value is None else value for value in values])
            for name, values in body["reference"].items()
        },
    )


def _folder(name: str) -> str:
    # A label may be called anything; the checksum keeps two names apart that read alike.
    return f"{re.sub(r'[^0-9A-Za-z_]', '_', name)[:40]}-{zlib.crc32(name.encode()):08x}"
