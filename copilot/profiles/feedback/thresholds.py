"""What the bank has decided about reading and weighing words (``indicators.yaml``)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from copilot.records.yaml_file import YamlFile

THRESHOLDS = "indicators.yaml"


class Thresholds(BaseModel):
    """The bank's thresholds: days, scores, and a chance between 0 and 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    serve_first_from: float = Field(default=0.35, gt=0, le=1)
    recent_days: int = Field(default=30, ge=0)
    satisfaction_days: int = Field(default=180, ge=1)
    satisfied_from: float = 0.2
    dissatisfied_to: float = -0.2
    loyalty_days: int = Field(default=365, ge=1)
    loyal_tenure_days: int = 1_095
    loyal_product_types: int = 3
    leaving_change: float = -0.3

    @property
    def longest_days(self) -> int:
        """How far back any indicator looks."""
        return max(self.recent_days, self.satisfaction_days, self.loyalty_days)


def read_thresholds(knowledge_dir: Path) -> Thresholds:
    """The bank's thresholds; the defaults when it has no file.

    Raises:
        InputError: an unknown key or a wrong value; names file and line.
    """
    path = knowledge_dir / "feedback" / THRESHOLDS
    return _thresholds(path, path.stat().st_mtime_ns) if path.is_file() else Thresholds()


@lru_cache(maxsize=4)
def _thresholds(path: Path, stamp: int) -> Thresholds:
    return YamlFile.read(path).validated(Thresholds)
