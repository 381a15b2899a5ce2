"""The customers that a goal names: by the catalogue's words, by segment, by age, by assets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from copilot.errors import InputError
from copilot.metrics.plan_catalogue import AudienceKind, Catalogue, NamedSegment
from copilot.pipeline.plan_quantity import numeral
from copilot.records.codes import LABELS, LifeStage, Tier
from copilot.records.figures import amount

_N = r"\d{1,3}|[一二三四五六七八九十]{1,3}"
_UP, _DOWN = r"(?:及|或)?以上|往上|起", r"(?:及|或)?以[下内]"
_AGE = re.compile(
    rf"(?P<low>{_N})周?岁?\s*(?:-|~|至|到)\s*(?P<high>{_N})周?岁"
    rf"|(?P<age>{_N})(?P<odd>多)?周?岁(?:(?P<up>{_UP})|(?P<down>{_DOWN}))?"
)
_ASSETS = re.compile(
    rf"(?:资产|aum)(?P<sum>[\d.,一二两三四五六七八九十百千万]+)元?(?:(?P<up>{_UP})|(?P<down>{_DOWN}))的?"
    rf"|(?P<sum2>[\d.,一二两三四五六七八九十百千万]+)元?(?:{_UP})的?(?=客户|客群)",
    re.I,
)
_NOUN = re.compile(
    r"([^\s\0,，、。;；:：!！?？(（)）<>'\"“”‘’和与及给向对为把让请的]{0,8}?)"
    r"(客户|客群|人群|群体|人士|职工|员工|老板|业主|商户|企业主|个体户|教师|老师|医生|护士|公务员|家长"
    r"|军人|农户|村民|司机|女性|男性|女士|男士|单位|企业)"
)
_PLAIN_NOUNS, _EMPLOYERS = ("客户", "客群", "人群", "群体"), ("单位", "企业", "商户")
#: Customers whom no word sets apart.
_ANYONE = re.compile(
    r"(?:本行|我行|支行|分行|全行|行内|全部|所有|全体|现有|已有|存量|个人|零售|目标|有效|新增|发展|拓展|增加"
    r"|推动|提升|经营|维护|服务|开户|老|些|这|位|名|户|个)*"
)


@dataclass(frozen=True, slots=True)
class PeopleSaid:
    """Ids of the audiences that a goal names, and the stretches of text that name them."""

    ids: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def people_said(text: str, catalogue: Catalogue) -> PeopleSaid:
    """Whom a goal names."""
    named: list[AudienceKind | NamedSegment] = [*catalogue.audiences, *catalogue.segments]
    ids: list[str] = []
    spans: list[tuple[int, int]] = []
    for kind in named:
        found = [(m.start(), m.end()) for w in kind.words for m in re.finditer(re.escape(w), text)]
        ids += [kind.id] if found else []
        spans += found
    for audience_id, start, end in (*_ages(text), *_assets(text)):
        ids.append(audience_id)
        spans.append((start, end))
    return PeopleSaid(tuple(ids), tuple(spans))


def elders_in(text: str, elder_age: int) -> tuple[str, ...]:
    """The words of a goal for ages from the elder age up.

    >>> elders_in("给72岁以上客户和六十岁左右的客户", 65), elders_in("七十多岁、60到70岁", 65)
    (('72岁以上',), ('七十多岁', '60到70岁'))
    """
    return tuple(
        match[0] for match in _AGE.finditer(text) if max(_bounds(match), default=0) >= elder_age
    )


def refuse_unread_people(rest: str, catalogue: Catalogue) -> None:
    """Stop at customers of whom nothing was made; ``rest`` is the goal without what was read.

    Raises:
        InputError: the words for them, and the audiences that there are.
    """
    for match in _NOUN.finditer(rest):
        if match[2] in _PLAIN_NOUNS and _ANYONE.fullmatch(match[1]):
            continue
        if match[2] not in _EMPLOYERS and not match[1] and rest[: match.start()].endswith("\0"):
            continue  # 退休职工: the word before it has been read
        words = [kind.words[0] for kind in catalogue.audiences if kind.words]
        words += [segment.words[0] for segment in catalogue.segments]
        raise InputError(
            f"目标里的客群看不懂：“{match[0]}”",
            field="goal",
            next=f"能听懂的客群：{'、'.join(words)}，以及年龄、资产（例：60岁以上、资产50万以上）；"
            "或用 --segment 指定，copilot segment list 列出全部客群。",
        )


def audience_kind(audience_id: str, catalogue: Catalogue) -> AudienceKind:
    """One audience by id: of the catalogue, of the bank's rules, by age or by assets.

    Raises:
        KeyError: there is none.
    """
    return ruled_audience(audience_id) or catalogue.audience(audience_id)


def ruled_audience(audience_id: str) -> AudienceKind | None:
    """An audience that a rule over features defines; it needs no segments built."""
    from copilot.profiles.words import LIFECYCLES

    scheme, _, code = audience_id.partition(".")
    if scheme in ("age", "assets"):
        return _between(audience_id, scheme, code)
    rules = {"tier": LABELS[Tier], "life_stage": LABELS[LifeStage], "lifecycle": LIFECYCLES}
    name = rules.get(scheme, {}).get(code)
    if name is None:
        return None
    words = {"tier": "客户层级", "life_stage": "生命阶段", "lifecycle": "生命周期"}[scheme]
    return AudienceKind(
        id=audience_id,
        name=f"{name}客户",
        words=(),
        condition=f"f.{scheme} = '{code}'",
        meaning=f"{words}为{name}",
    )


def _between(audience_id: str, scheme: str, code: str) -> AudienceKind | None:
    """Customers of an age or of assets (yuan) between two bounds, both included."""
    low, _, high = code.partition("_")
    if not all(bound.isdigit() for bound in (low, high) if bound) or not low + high:
        return None
    column, scale, what = ("age", 1, "年龄") if scheme == "age" else ("aum_total", 100, "资产合计")
    shown = [
        (f"{bound}岁" if scheme == "age" else amount(int(bound) * 100)) if bound else ""
        for bound in (low, high)
    ]
    limits = [f"f.{column} >= {int(low) * scale}"] if low else []
    limits += [f"f.{column} <= {int(high) * scale}"] if high else []
    name = f"{shown[0]}至{shown[1]}" if low and high else f"{shown[0]}及以上"
    name = name if low else f"{shown[1]}及以下"
    return AudienceKind(
        id=audience_id,
        name=f"{'' if scheme == 'age' else '资产'}{name}客户",
        words=(),
        condition=" and ".join(limits),
        meaning=f"{what}{name}",
    )


def _ages(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _AGE.finditer(text):
        bounds = _bounds(match)
        if bounds:
            low = "" if match["down"] else str(min(bounds))
            high = "" if match["up"] else str(max(bounds))
            yield f"age.{low}_{high}", match.start(), match.end()


def _bounds(match: re.Match[str]) -> tuple[int, ...]:
    """The ages that a stretch of text names."""
    if match["low"]:
        ends = (numeral(match["low"]), numeral(match["high"]))
        return tuple(int(end) for end in ends if end is not None)
    age = numeral(match["age"])
    if age is None:
        return ()
    return (int(age), int(age) + 9) if match["odd"] else (int(age),)


def _assets(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _ASSETS.finditer(text):
        bound = numeral(match["sum"] or match["sum2"])
        if bound is not None:
            low, high = ("", int(bound)) if match["down"] else (int(bound), "")
            yield f"assets.{low}_{high}", match.start(), match.end()
