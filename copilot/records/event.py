"""What happens to a customer between two loads, as the closed schema of one event.

Amounts are yuan with at most two decimals, times are the bank's own (no zone). Each event becomes
one row of a canonical table, under the bank's own key, so that the load that brings the same row
replaces it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from copilot.records.codes import Channel, ConsentPurpose, ProductType, TxnKind

Key = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S+$")]
Yuan = Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=2)]
Row = tuple[str, dict[str, Any]]

LIFE_EVENTS = {
    "marriage": "结婚",
    "birth": "生育",
    "home": "购房",
    "job": "换工作",
    "retirement": "退休",
    "study": "升学",
    "move": "搬迁",
}
#: What people read for each kind of event.
EVENT_LABELS = {
    "large_inflow": "大额到账",
    "maturity": "到期",
    "complaint": "投诉",
    "consent_withdrawal": "撤回同意",
    "life_event": "人生大事",
}


class _Event(BaseModel, ABC):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Key
    customer_id: Key
    at: datetime

    @field_validator("at")
    @classmethod
    def _bank_time(cls, value: datetime) -> datetime:
        if value.tzinfo is not None:
            raise ValueError("请写本行当地时间，不带时区")
        return value

    @abstractmethod
    def row(self) -> Row:
        """The canonical table and the row that the event stands for."""


class LargeInflow(_Event):
    """Money came in; ``txn_id`` is the bank's own number of the transaction."""

    kind: Literal["large_inflow"]
    txn_id: Key
    amount: Yuan
    txn_kind: TxnKind = TxnKind.TRANSFER_IN
    account_id: Key | None = None
    balance_after: Decimal | None = Field(default=None, max_digits=15, decimal_places=2)
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")

    def row(self) -> Row:
        return "transactions", {
            "txn_id": self.txn_id,
            "customer_id": self.customer_id,
            "txn_date": self.at.date(),
            "txn_hour": self.at.hour,
            "amount": _fen(self.amount),
            "kind": self.txn_kind.value,
            "account_id": self.account_id,
            "balance_after": None if self.balance_after is None else _fen(self.balance_after),
            "currency": self.currency,
        }


class Maturity(_Event):
    """A holding matures on a day, as the product system says; it replaces the loaded row."""

    kind: Literal["maturity"]
    holding_id: Key
    product_type: ProductType
    amount: Yuan
    matures_on: date
    product_code: Key | None = None
    auto_renew: bool | None = None
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")

    def row(self) -> Row:
        return "holdings", {
            "holding_id": self.holding_id,
            "customer_id": self.customer_id,
            "product_type": self.product_type.value,
            "amount": _fen(self.amount),
            "matures_on": self.matures_on,
            "product_code": self.product_code,
            "auto_renew": self.auto_renew,
            "currency": self.currency,
        }


class Complaint(_Event):
    """A complaint was made, or moved on; ``complaint_id`` is the bank's own number."""

    kind: Literal["complaint"]
    complaint_id: Key
    topic: str | None = Field(default=None, max_length=100)
    status: Literal["open", "in_progress", "closed"] = "open"

    def row(self) -> Row:
        return "complaints", {
            "id": self.complaint_id,
            "customer_id": self.customer_id,
            "at": self.at,
            "topic": self.topic,
            "status": self.status,
        }


class ConsentWithdrawal(_Event):
    """The customer took back a consent, over one channel or over all."""

    kind: Literal["consent_withdrawal"]
    purpose: ConsentPurpose = ConsentPurpose.MARKETING
    channel: Channel | Literal["all"] = "all"

    def row(self) -> Row:
        return "consents", {
            "customer_id": self.customer_id,
            "purpose": self.purpose.value,
            "channel": str(self.channel),
            "at": self.at,
            "granted": False,
        }


class LifeEvent(_Event):
    """Something that changes what a customer needs, told by the customer."""

    kind: Literal["life_event"]
    what: Literal["marriage", "birth", "home", "job", "retirement", "study", "move"]

    def row(self) -> Row:
        return "attributes", {
            "customer_id": self.customer_id,
            "as_of": self.at.date(),
            "name": "life_event",
            "value": self.what,
        }


CustomerEvent = LargeInflow | Maturity | Complaint | ConsentWithdrawal | LifeEvent
CUSTOMER_EVENT: TypeAdapter[CustomerEvent] = TypeAdapter(
    Annotated[CustomerEvent, Field(discriminator="kind")]
)


def _fen(yuan: Decimal) -> int:
    return int(yuan * 100)
