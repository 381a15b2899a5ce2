"""Fixed phrases and layouts of proposed templates: data that a bank edits, with a closed schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from copilot.errors import InputError
from copilot.paths import knowledge_file
from copilot.records.codes import Channel, ProductType
from copilot.records.yaml_file import YamlFile

PHRASES_FILE = Path("templates") / "phrases.yaml"
_PIECE = re.compile(r"<([a-z_]+)>")


class Phrases(BaseModel):
    """The content of ``templates/phrases.yaml``; what each entry is for stands there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phrases: dict[str, str]
    ask: str
    no_hurry: str
    liquidity: str
    statement: str
    untold: str
    risk_words: dict[ProductType, str]
    told_in_sms: dict[ProductType, str]
    layouts: dict[Channel, list[str]]

    def laid_out(self, channel: Channel, pieces: Mapping[str, str]) -> Iterator[str]:
        """The texts that pieces make on a channel, fullest first.

        Raises:
            InputError: a layout names a piece that there is none of.
        """
        known = {**self.phrases, **pieces}
        for layout in self.layouts.get(channel, []):
            unknown = sorted(set(_PIECE.findall(layout)) - known.keys())
            if unknown:
                raise InputError(
                    f"{channel} 的排法里有不认识的段落：{'、'.join(unknown)}。",
                    file=PHRASES_FILE.name,
                    field="layouts",
                    next=f"可用：{'、'.join(sorted(known))}。",
                )
            yield _PIECE.sub(lambda piece: known[piece[1]], layout)


def load_phrases(knowledge: Path) -> Phrases:
    """The phrases of a knowledge folder, or the shipped ones where it has no such file.

    Raises:
        InputError: the file is wrong; names the field.
    """
    path = knowledge_file(knowledge, PHRASES_FILE)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _stamp: int) -> Phrases:
    file = YamlFile.read(path)
    try:
        return Phrases.model_validate(file.data)
    except ValidationError as error:
        first = error.errors()[0]
        where = tuple(part for part in first["loc"] if isinstance(part, (str, int)))
        raise file.error(f"写法不对：{first['msg']}。", where) from error
