"""Whether anybody can be recognised in what leaves for a model, over made-up people.

Each request is about one customer and mentions four more, all with name, phone, identity and card
number, in the remarks and documents that go with it; the bytes are read where they arrive.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from copilot.drafting.brief import WritingBrief
from copilot.drafting.model_writer import ModelWriter
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.scripted import ScriptedServer, good
from copilot.llm.wire import Endpoint, Wire
from copilot.records.codes import Channel, PassageKind
from copilot.records.customer import Customer
from copilot.records.knowledge import Passage
from copilot.records.product import Product
from copilot.records.profile import Profile, Reason
from copilot.records.progress import Progress

TOGETHER = 5  # people of one request
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_COMPOUND = ("欧阳", "司马", "上官", "诸葛")
_GIVEN = "建国秀英志强丽娟晓雯伟敏静磊洋艳勇杰娜涛明超兰霞平刚桂芳玉梅海燕红波鹏慧宇欣怡浩然子涵"
_SEED = 10_000

Person = tuple[Customer, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class IdentityFound:
    """Of how many people something left in how many requests, and whose name came back."""

    people: int
    requests: int
    outgoing_bytes: int
    leaked: int
    restored: int


def look_for_identity(
    product: Product, people: int, prompts_dir: Path, progress: Progress
) -> IdentityFound:
    """Drafts about ``people`` made-up customers and reads every byte that arrived."""
    requests, leaked, restored, sent = people // TOGETHER, 0, 0, 0
    crowd = _crowd()
    with ScriptedServer(good) as server:
        wire = Wire(Endpoint(server.base_url, "good", retries=0))
        for number in range(requests):
            progress("核对外发内容", number + 1, requests)
            group = [next(crowd) for _ in range(TOGETHER)]
            pseudonyms = Pseudonyms.of(group)
            brief = _brief(product, group)
            text = (
                ModelWriter(wire, pseudonyms, prompts_dir)
                .talking_points(brief, (), lambda draft: ())
                .draft.text
            )
            received = b"".join(server.bodies).decode()
            sent += sum(map(len, server.bodies))
            server.bodies.clear()
            leaked += sum(any(i in received for i in _known(person)) for person in group)
            restored += _restored(pseudonyms, group, text)
        wire.close()
    return IdentityFound(requests * TOGETHER, requests, sent, leaked, restored)


def _restored(pseudonyms: Pseudonyms, group: list[Person], text: str) -> int:
    """Whose salutation stands again where the pseudonym stood; the first one's in the draft."""
    first, *others = group
    count = int(first[0].salutation in text and "客户A" not in text)
    for customer, _ in others:
        said = f"{customer.salutation}您好"
        count += pseudonyms.restore(pseudonyms.hide(said)) == said
    return count


def _known(person: Person) -> tuple[str, ...]:
    customer, identifiers = person
    return (*identifiers, customer.customer_id, customer.name or "", customer.salutation)


def _brief(product: Product, group: list[Person]) -> WritingBrief:
    customer = group[0][0]
    mentions = "；".join(f"{c.name}，电话{i[0]}，证件{i[1]}，卡号{i[2]}" for c, i in group)
    reason = Reason("remark", f"{customer.name}来电：{mentions}", (), product_types=(product.type,))
    passage = Passage(
        "p1", "d1", 1, PassageKind.PRODUCT, "备注", f"经办记录：{mentions}。", 0, 1, "备注"
    )
    day = product.valid_from
    return WritingBrief(
        product=product,
        channel=Channel.COUNTER,
        as_of=day,
        bank_name="示例银行",
        customer=customer,
        profile=Profile(customer.customer_id, day, "", {}, (reason,)),
        passages=(passage,),
    )


def _crowd() -> Iterator[Person]:
    """Made-up people, one after the other; no two share an identifier."""
    chance = random.Random(_SEED)
    number = 0
    while True:
        number += 1
        surname = chance.choice(_COMPOUND) if number % 40 == 0 else chance.choice(_SURNAMES)
        given = "".join(chance.sample(_GIVEN, chance.choice((1, 2, 2))))
        customer = Customer(
            f"C9{number:06d}",
            surname + given,
            chance.choice("MF"),
            birth_date=date(chance.randrange(1940, 2006), chance.randrange(1, 13), 15),
        )
        phone = f"1{chance.randrange(3, 10)}{chance.randrange(10**9):09d}"
        identity = (
            f"990101{customer.birth_date:%Y%m%d}{number % 1000:03d}{chance.choice('0123456789X')}"
        )
        card = f"62{chance.randrange(10**14):014d}"
        yield customer, (_grouped(phone, number), identity, card)


def _grouped(phone: str, number: int) -> str:
    """A phone number as people write it."""
    first, middle, last = phone[:3], phone[3:7], phone[7:]
    return (phone, f"{first} {middle} {last}", f"{first}-{middle}-{last}")[number % 3]
