"""What a pitch is made of: three approaches, the customer's manner and reason, the occasion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from drafting_bank import (
    IDLE,
    MATURING,
    PROFILE,
    SCRIPTS,
    WANG,
    WEALTH,
    approve,
    brief,
    template,
    when,
)
from pitch_cases import acting, customers, drafted, pitch

from copilot.drafting.brief import manners_of
from copilot.drafting.description import manners_in_words, scripts_asked_for
from copilot.drafting.limits import LONGEST_TALK
from copilot.drafting.template_files import load_scripts
from copilot.drafting.writer import approaches, fill_approved, talking_points
from copilot.errors import NotFound
from copilot.pipeline.product_conflicts import ContradictoryProduct
from copilot.pipeline.replay import replay
from copilot.pipeline.today import call_today
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, Manner, Occasion, ProductType, Role
from copilot.records.draft import INTERNAL_NOTICE
from copilot.records.knowledge import SearchQuery
from copilot.records.profile import FeatureValue, Profile
from copilot.store.products import ProductRepository

SECTIONS = ("开场", "需求", "产品", "风险", "收口", "异议应对")
SHIPPED = load_scripts(SCRIPTS)


def with_reason(*reasons: Any) -> Profile:
    return replace(PROFILE, reasons=reasons)


def points(**changes: Any) -> str:
    return talking_points(brief(**changes), SHIPPED).text


def test_a_pitch_has_three_approaches_with_every_section(bench: Workbench) -> None:
    checked = drafted(pitch(bench))
    assert checked.talking_points is not None
    texts = [checked.talking_points.text, *(variant.text for variant in checked.variants)]

    assert len(set(texts)) == 3
    for text in texts:
        assert text.startswith(INTERNAL_NOTICE)
        assert [title for title in SECTIONS if f"【{title}】" not in text] == []
        assert text.count("【异议应对】") == 3


def test_a_call_is_said_in_ninety_seconds_whatever_the_product(bench: Workbench) -> None:
    for product in bench.shelf:
        for draft in approaches(brief(product, Channel.PHONE), bench.scripts):
            spoken = [x for x in draft.text.splitlines()[2:] if not x.startswith("【异议")]
            assert len("".join(spoken)) <= LONGEST_TALK, (product.product_code, draft.text)


@pytest.mark.parametrize("occasion", list(Occasion))
def test_every_approach_to_a_call_asks_for_the_identity_before_anything_else(
    occasion: Occasion,
) -> None:
    for draft in approaches(brief(channel=Channel.PHONE, occasion=occasion), SHIPPED):
        opening = draft.text.splitlines()[2]
        for part in ("示例银行城东支行", "工号S1002", "方便", "核对一下身份"):
            assert part in opening, draft.text


@pytest.mark.parametrize("manner", list(Manner))
def test_each_kind_of_customer_is_spoken_to_in_its_own_way(manner: Manner) -> None:
    spoken, usual = (points(product=WEALTH, manners=given) for given in ((manner,), ()))

    assert spoken != usual


def test_who_is_spoken_to_how_is_read_from_the_record() -> None:
    fresh = replace(PROFILE, features=dict(PROFILE.features))
    elder = replace(WANG, birth_date=WANG.birth_date.replace(year=1950))  # type: ignore[union-attr]
    owner = replace(WANG, occupation="个体工商户")
    rich = replace(fresh, segments={"tier": "private"})

    def of(customer: Any, profile: Any) -> set[Manner]:
        return {*manners_of(customer, profile, WEALTH, brief().as_of, 65)}

    assert Manner.ELDER in of(elder, fresh)
    assert Manner.OWNER in of(owner, fresh)
    assert Manner.PRIVATE in of(WANG, rich)
    assert Manner.FIRST_TIME not in of(WANG, fresh)  # what is unknown is not taken for nothing


def test_other_reasons_give_other_words() -> None:
    texts = {points(profile=with_reason(reason)) for reason in (MATURING, IDLE)}
    assert len(texts | {points(profile=with_reason())}) == 3


def test_a_reason_that_the_customer_does_not_expect_is_only_asked_about() -> None:
    text = points(profile=with_reason(IDLE))

    assert "平时周转用的钱" in text or "随时要用的留够" in text
    assert not [told for told in ("28万", "93天", "闲置") if told in text]


def test_a_template_for_a_maturity_is_used_only_when_the_maturity_is_the_reason() -> None:
    maturing = template(
        "t-maturity", "{{ customer.salutation | greeting }}，快到期了。",
        conditions=when("maturing_30", ">", 0),
    )  # fmt: skip
    plain = template("t-plain", "{{ customer.salutation | greeting }}。")
    due = {**PROFILE.features, "maturing_30": FeatureValue("maturing_30", 1, "fen")}
    chosen = {}
    for name, reason in (("maturity", MATURING), ("idle", IDLE)):
        profile = replace(PROFILE, features=due, reasons=(reason,))
        filled = fill_approved(brief(profile=profile), (maturing, plain), approve)
        assert filled is not None
        chosen[name] = filled
    assert chosen["maturity"].template_id == "t-maturity"
    assert "到期" in chosen["maturity"].staff_card[0]
    assert chosen["idle"].template_id == "t-plain"
    assert "闲置" in chosen["idle"].staff_card[0]


def test_a_follow_up_goes_on_from_the_visit_and_does_not_start_again() -> None:
    first, again = points(), points(occasion=Occasion.FOLLOW_UP)

    assert "前些天" in again
    assert "取号" not in again
    assert "前些天" not in first


@pytest.mark.parametrize(
    ("description", "script"),
    [
        ("怕是骗子", "objection-fraud"),
        ("嫌隔壁行利率高", "deposit-objection-rate"),
        ("手机银行不会用", "objection-app"),
        ("担心以后利率涨", "deposit-objection-longer"),
        ("你好", ""),
    ],
)
def test_what_a_walk_in_asks_about_is_answered_first(description: str, script: str) -> None:
    deposits = [s for s in SHIPPED if ProductType.DEPOSIT in (s.product_types or ProductType)]

    asked = scripts_asked_for(description, deposits)

    assert asked[:1] == ((script,) if script else ())


def test_a_description_says_how_to_speak() -> None:
    assert manners_in_words("七十多岁大爷") == (Manner.ELDER,)
    assert manners_in_words("宝妈，没买过理财") == (Manner.FIRST_TIME, Manner.YOUNG_PARENT)
    assert manners_in_words("想存钱") == ()


def test_a_pitch_replays_letter_for_letter(bench: Workbench) -> None:
    for channel in (Channel.COUNTER, Channel.PHONE, Channel.WECOM):
        result = pitch(bench, customer_id=customers(bench)[2], channel=channel)
        draft_id = getattr(result, "draft_id", "")
        if draft_id:
            replayed = replay(bench, draft_id)
            assert (replayed.same, replayed.changed) == (True, ()), replayed


def test_a_walk_ins_pitch_replays_without_the_description(bench: Workbench) -> None:
    acting_bench = acting(bench, Role.WEALTH)
    checked = drafted(
        pitch(acting_bench, customer_id=None, description="开店的老板，想看看三年定期")
    )

    assert replay(acting_bench, checked.draft_id).same


def test_a_replay_names_what_has_changed_since(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = drafted(pitch(bench))
    now = replace(bench.product("DEP-3Y"), rate_bp=120.0)
    others = tuple(t for t in bench.templates if t.template_id != checked.draft.template_id)
    monkeypatch.setattr(ProductRepository, "get", lambda self, code, day: now)
    monkeypatch.setattr(Workbench, "templates", others)
    monkeypatch.setattr(Workbench, "scripts", tuple(bench.scripts[1:]))

    replayed = replay(bench, checked.draft_id)

    changed = " ".join(replayed.changed)
    for told in ("DEP-3Y 的 rate_bp", "145", "120", f"{checked.draft.template_id} ", "内部话术"):
        assert told in changed
    assert replayed.parts["text"] is False


def test_a_refusal_cannot_be_replayed_and_says_where_to_look(bench: Workbench) -> None:
    refusal = pitch(acting(bench, Role.LOBBY), "WMP-MH30")

    with pytest.raises(Exception, match="不是可以重放的草稿") as error:
        replay(bench, refusal.refusal_id)  # type: ignore[union-attr]
    assert "copilot audit show" in str(error.value)
    with pytest.raises(NotFound):
        replay(bench, "P-none")


def test_records_that_contradict_each_other_are_named_and_nothing_is_said(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = bench.product("DEP-3Y")
    twice = [product, replace(product, valid_from=bench.as_of, rate_bp=160.0)]
    monkeypatch.setattr(ProductRepository, "versions", lambda self, code: twice)
    kept = len(list(bench.store.drafts(bench.principal).each()))

    with pytest.raises(ContradictoryProduct, match="2个有效版本"):
        pitch(bench)
    assert len(list(bench.store.drafts(bench.principal).each())) == kept


def test_an_empty_knowledge_base_leaves_the_record_and_no_citation(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = bench.search(SearchQuery(text="三年期", as_of=bench.as_of))
    monkeypatch.setattr(bench, "search", lambda query: replace(found, hits=()))
    monkeypatch.setattr(Workbench, "scripts", ())
    monkeypatch.setattr(Workbench, "templates", ())

    checked = drafted(pitch(bench))

    assert checked.draft.citations == ()
    assert "1.45%" in checked.draft.text
    assert checked.draft.text.startswith(INTERNAL_NOTICE)


def test_a_passage_that_contradicts_the_record_is_not_quoted(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bench.search

    def wrong(query: SearchQuery) -> Any:
        found = whole(query)
        hits = tuple(
            replace(h, passage=replace(h.passage, text=h.passage.text.replace("1.45%", "1.95%")))
            for h in found.hits
        )
        return replace(found, hits=hits)

    monkeypatch.setattr(bench, "search", wrong)
    checked = drafted(pitch(bench))

    assert "1.45%" in checked.draft.text
    assert "1.95%" not in str(checked.as_json())


def test_money_due_today_is_met_by_a_text_about_it(bench: Workbench) -> None:
    calls = call_today(bench, "BR01", 10).calls
    due = next(call for call in calls if call.reason.startswith("今天有一笔"))
    checked = drafted(pitch(bench, "DEP-1Y", customer_id=due.customer_id))
    assert "maturity" in (checked.draft.template_id or "")
    assert "您有一笔定期今天到期" in checked.draft.text
