"""What is declared about a document that cannot say it itself: kind, readers, validity.

Where it comes from, first one wins, key by key: a ``<file name>.meta.yaml`` beside the file or the
front matter of a Markdown file; the options of the ingest; the text of a rule (its own dates and
number); else an internal document without dates.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from copilot.errors import InputError
from copilot.records.codes import Audience, PassageKind, ProductType
from copilot.records.yaml_file import YamlFile

SIDECAR_END = ".meta.yaml"
_LARGEST_SIDECAR = 64 * 2**10


class Declared(BaseModel):
    """What is known of a document beside its words; ``None`` and empty are "not declared".

    ``valid_to`` is the first day on which it no longer holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff._-]*$"
    )
    title: str | None = Field(default=None, min_length=1, max_length=200)
    kind: PassageKind | None = None
    audience: Audience | None = None
    branches: tuple[str, ...] = ()
    product_code: str | None = Field(default=None, min_length=1)
    product_types: tuple[ProductType, ...] = ()
    number: str | None = Field(default=None, min_length=1)
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.kind is PassageKind.SCRIPT and self.audience is Audience.CUSTOMER:
            raise ValueError("内部话术只能给行内看")
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("失效日期要晚于生效日期")
        return self

    def over(self, other: Declared) -> Declared:
        """These declarations, and ``other``'s where these say nothing.

        Raises:
            ValueError: together they are impossible.
        """
        values = other.model_dump(exclude_defaults=True) | self.model_dump(exclude_defaults=True)
        return Declared(**values)

    @property
    def fingerprint(self) -> str:
        """Changes when anything declared changes; empty when nothing is declared."""
        values = self.model_dump_json(exclude_defaults=True)
        return "" if values == "{}" else hashlib.sha256(values.encode()).hexdigest()


def sidecar_of(path: Path) -> Path:
    """Where a file's declarations stand, whether or not it has any."""
    return path.with_name(path.name + SIDECAR_END)


def read_sidecar(path: Path) -> Declared:
    """The declarations beside a file; none when there is no such file.

    Raises:
        InputError: it cannot be read, or breaks its closed schema; names file and line.
    """
    sidecar = sidecar_of(path)
    try:
        if not sidecar.is_file():
            return Declared()
        if sidecar.stat().st_size > _LARGEST_SIDECAR:
            raise InputError("说明文件太大。", file=str(sidecar), next="请只保留声明用的键。")
        return YamlFile.read(sidecar).validated(Declared)
    except OSError as error:
        raise InputError(
            f"说明文件读不出来：{error.strerror}。", file=str(sidecar), next="请检查权限。"
        ) from None
