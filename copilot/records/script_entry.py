"""One internal move of a script file, as every reader of ``knowledge/scripts`` takes it."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from copilot.records.codes import Channel, LifeStage, Manner, Occasion, ProductType
from copilot.records.template import Move, Script


class ScriptEntry(BaseModel):
    """The closed schema of an entry; an unknown key is an error.

    Who fills talking points reads ``unless`` too, with the vocabulary of template conditions.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    move: Move
    product_types: list[ProductType] = []
    life_stages: list[LifeStage] = []
    channels: list[Channel] = []
    reasons: list[str] = []
    manners: list[Manner] = []
    occasions: list[Occasion] = []
    raised: bool = False
    product_codes: list[str] = []
    unless: dict[str, str] = {}
    situation: str = Field(min_length=1)
    text: str = Field(min_length=1)
    valid_from: date
    valid_to: date | None = None

    def script(self) -> Script:
        """The move that the entry declares."""
        return Script(
            script_id=self.id,
            move=self.move,
            situation=self.situation,
            text=self.text.strip(),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            product_types=tuple(self.product_types),
            life_stages=tuple(self.life_stages),
            channels=tuple(self.channels),
            reasons=tuple(self.reasons),
            manners=tuple(self.manners),
            occasions=tuple(self.occasions),
            raised=self.raised,
            product_codes=tuple(self.product_codes),
        )
