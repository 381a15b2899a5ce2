"""Identity stays home: pseudonyms and bands go out, names come back in afterwards.

`Pseudonyms` replaces what identifies the people of one request; `guard` reads the outgoing bytes
and refuses to send when a name, identifier, phone, account or card number is left.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from copilot.errors import ModelUnavailable
from copilot.records.customer import Customer

WAN_FEN = 10_000_00
AMOUNT_BANDS_WAN = (0, 5, 20, 50, 100, 300, 600, 1000)

# Runs of digits that name somebody: identity cards, bank cards, accounts; and mobile numbers
# however they are grouped. Dates and record figures never reach nine digits in a row.
_LONG_NUMBER = re.compile(r"\d{9,}[xX]?")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_GROUPED_CARD = re.compile(r"(?<!\d)\d{4}(?:[ -]\d{4}){3}(?:[ -]\d{1,3})?(?!\d)")
_NUMBERS = (_MOBILE, _GROUPED_CARD, _LONG_NUMBER)
HIDDEN_NUMBER = "［号码］"


class IdentityHeld(ModelUnavailable):
    """The outgoing text still named somebody, so nothing was sent."""

    code = "identity_held"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"发往模型的内容里有{what}，已拦下，没有发送。", next="将使用内置模板引擎。"
        )


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The people of one request: what identifies each, and the name the model sees.

    ``people`` maps a pseudonym to what it stands for (identifiers, longest first), ``shown`` to
    how the finished text addresses the person.
    """

    people: tuple[tuple[str, tuple[str, ...]], ...]
    shown: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, customers: Iterable[tuple[Customer, Iterable[str]]]) -> Pseudonyms:
        """客户A, 客户B … in the order given, each customer with every identifier on record."""
        people, shown = [], []
        for index, (customer, identifiers) in enumerate(customers):
            pseudonym = f"客户{chr(ord('A') + index)}"
            known = {customer.customer_id, customer.name or "", *identifiers}
            if customer.salutation != "您":
                known.add(customer.salutation)
            # A single character names nobody and would hit half of all texts.
            telling = sorted((k for k in known if len(k) > 1), key=lambda text: (-len(text), text))
            people.append((pseudonym, tuple(telling)))
            shown.append((pseudonym, customer.salutation))
        return cls(tuple(people), tuple(shown))

    def hide(self, text: str) -> str:
        """The text with people replaced by pseudonyms and long numbers taken out.

        >>> Pseudonyms.of([(Customer("C7", "王建国", "M"), ())]).hide("王建国说打13800001234")
        '客户A说打［号码］'
        """
        for pseudonym, identifiers in self.people:
            for identifier in identifiers:
                text = text.replace(identifier, pseudonym)
        for pattern in _NUMBERS:
            text = pattern.sub(HIDDEN_NUMBER, text)
        return text

    def restore(self, text: str) -> str:
        """The text with pseudonyms replaced by how the people are addressed.

        >>> Pseudonyms.of([(Customer("C7", "王建国", "M"), ())]).restore("客户A您好")
        '王先生您好'
        """
        for pseudonym, salutation in self.shown:
            text = text.replace(pseudonym, salutation)
        return text

    def guard(self, body: bytes) -> None:
        """Refuse to send a body that still identifies somebody, also in disguise.

        Raises:
            IdentityHeld: names the kind of identifier, never its value.
        """
        plain = unicodedata.normalize("NFKC", body.decode("utf-8", "replace"))
        visible = "".join(c for c in plain if unicodedata.category(c) != "Cf")
        squeezed = re.sub(r"\s+", "", visible)
        for _, identifiers in self.people:
            for identifier in identifiers:
                if unicodedata.normalize("NFKC", identifier) in squeezed:
                    raise IdentityHeld("客户的姓名、称呼或编号")
        if any(pattern.search(visible) for pattern in _NUMBERS):
            raise IdentityHeld("证件号、手机号、账号或卡号一类的长数字")


def amount_band(fen: float | None) -> str:
    """A sum of money as the model may see it.

    >>> amount_band(72_0000_00), amount_band(3_0000_00), amount_band(2000_0000_00)
    ('50–100万', '0–5万', '1000万以上')
    """
    if fen is None:
        return "不详"
    wan = fen / WAN_FEN
    for low, high in itertools.pairwise(AMOUNT_BANDS_WAN):
        if wan < high:
            return f"{low}–{high}万"
    return f"{AMOUNT_BANDS_WAN[-1]}万以上"
