"""What a question must not be answered with: other banks, returns, other people's products."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from copilot.errors import InputError
from copilot.pipeline.ask import answer
from copilot.pipeline.product_words import question_words
from copilot.pipeline.workbench import Workbench
from copilot.settings import load_settings

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "question",
    [
        "建行三年定存利率多少",
        "农行大额存单利率",
        "隔壁建行定期多少",
        "他行一年定存利率是多少",
        "别家理财收益多少",
        "对面银行三年期多少",
    ],
)
def test_another_banks_figures_are_never_answered_with_ours(
    bench: Workbench, question: str
) -> None:
    found = answer(bench, question)

    assert found.refused
    assert "不与同业比较" in found.answer
    assert found.ask_whom
    assert not found.figures


@pytest.mark.parametrize(
    ("question", "never"),
    [
        ("65岁能买基金吗", "未成年人"),
        ("挂失怎么办理", "临时挂失的，可以在手机银行里解除"),
        ("代办销户要带什么", "本人带身份证和卡来就行"),
        ("保险怎么退", "先报案"),
    ],
)
def test_an_entry_about_another_procedure_or_person_does_not_answer(
    bench: Workbench, question: str, never: str
) -> None:
    assert never not in answer(bench, question).answer


def test_a_seven_day_yield_is_not_the_benchmark(bench: Workbench) -> None:
    assert answer(bench, "WMP-CASH 昨天七日年化多少").refused


def test_yesterday_is_stated_as_yesterday(bench: Workbench) -> None:
    found = answer(bench, "三年定存昨天利率多少")

    assert "2026年11月19日" in found.answer
    assert "截至2026年11月20日" not in found.answer


@pytest.mark.parametrize("question", ["哪个理财收益最高", "理财收益哪个高"])
def test_which_earns_most_is_answered_with_the_rule_and_no_returns(
    bench: Workbench, question: str
) -> None:
    found = answer(bench, question)

    assert "不按收益高低排序" in found.answer
    assert found.citations
    assert "%" not in found.answer
    for product in bench.shelf:
        if not product.on_sale(bench.as_of):
            assert product.product_code not in found.answer


def test_an_unlicensed_seller_reads_no_product_facts(lobby: Workbench) -> None:
    found = answer(lobby, "WMP-FX365 业绩比较基准多少")

    assert found.refused
    assert "您不得讲解" in found.answer
    assert "可以对客户说" in found.answer
    assert not found.figures
    assert "1.45%" in answer(lobby, "三年定存利率多少").answer


def test_a_private_product_is_not_even_named(bench: Workbench, lobby: Workbench) -> None:
    for who in (bench, lobby):
        found = answer(who, "PRIV-01 起点多少")
        assert found.refused
        assert "远山" not in found.answer


def test_citations_are_of_the_product_and_version_stated(bench: Workbench) -> None:
    knowledge = bench.store.knowledge(bench.principal)
    found = answer(bench, "三年定存和三年国债哪个利率高")
    assert found.citations
    for citation in found.citations:
        code = knowledge.passage(citation.passage_id).product_code
        assert code is not None
        assert f"（{code}）" in citation.sentence

    past = answer(bench, "DEP-3Y 2026年5月的利率")
    assert {knowledge.passage(c.passage_id).valid_from for c in past.citations} == {
        date(2026, 3, 1)
    }


def test_a_day_after_the_data_has_no_rate(sample_home: Path) -> None:
    bench = Workbench.open(load_settings(data_dir=sample_home), as_of=date(2027, 3, 1))
    found = answer(bench, "三年定存利率多少")
    bench.close()

    assert found.refused
    assert "资料截至2026-11-20" in found.answer


def test_simple_interest_is_computed_and_labelled(bench: Workbench) -> None:
    found = answer(bench, "50万存一年利息是多少")

    rate = bench.product("DEP-1Y").rate_bp
    assert rate is not None
    figure = next(f for f in found.figures if "simple_interest" in f.source)
    assert figure.text.removesuffix("元").replace(",", "") == str(int(50 * rate))
    assert "估算" in found.answer


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("五年期国债现在能买吗", "已经结束"),
        ("SD-180最高能拿多少", "收益区间不是预期收益率"),
        ("周享7天基准多少", "WMP-MH7"),
        ("月享30天什么风险等级", "WMP-MH30"),
        ("启航365天起点多少", "WMP-FX365"),
        ("SD-90什么时候开售", "2026年11月16日开始"),
        ("WMP-FX365哪个网点卖", "WMP-FX365"),
        ("信用卡分期手续费率多少", "8.60%至15.60%"),
    ],
)
def test_what_the_record_has_is_found(bench: Workbench, question: str, holds: str) -> None:
    found = answer(bench, question)

    assert not found.refused
    assert holds in found.answer


def test_the_sale_period_is_not_said_to_be_in_force(bench: Workbench) -> None:
    assert "执行" not in answer(bench, "结构性存款90天什么时候卖").answer


def test_todays_maturities_have_numbers_of_customers_and_no_amounts(lobby: Workbench) -> None:
    found = answer(lobby, "今天谁到期，谁接")

    assert "C000008" in found.answer
    assert "元" not in found.answer
    assert "工作台" not in found.answer


def test_a_refused_gate_answer_is_short_grouped_and_hands_over(lobby: Workbench) -> None:
    found = answer(lobby, "72岁大爷想买理财，我能讲吗", "C000008")

    assert found.refused
    assert found.ask_whom
    assert "可以对客户说" in found.answer
    assert len(found.answer) < 600
    assert found.citations


def test_askers_and_customers_keep_their_own_record(bench: Workbench, lobby: Workbench) -> None:
    question = "三年定存利率多少"
    ids = {
        answer(bench, question).draft_id,
        answer(lobby, question).draft_id,
        answer(lobby, question, "C000008").draft_id,
    }
    assert len(ids) == 3


def test_paraphrases_find_their_entry_and_near_misses_none(bench: Workbench) -> None:
    from copilot.pipeline.ask_knowledge import from_passages

    said = yaml.safe_load((HERE / "ask_paraphrases.yaml").read_text("utf-8"))
    answers = {
        entry["id"]: entry["answer"].strip()
        for path in (HERE.parent / "knowledge" / "faq").glob("*.yaml")
        for entry in yaml.safe_load(path.read_text("utf-8"))
    }
    found = [
        (parts.text == answers[entry]) if (parts := from_passages(bench, q)) else None
        for entry, phrasings in said.items()
        for q in phrasings[1::2]
    ]
    near = yaml.safe_load((HERE / "ask_near_misses.yaml").read_text("utf-8"))
    wrong = [q for q in near if (p := from_passages(bench, q)) is not None and not p.refused]
    print(f"asked {len(found)}, right {found.count(True)}, wrong {found.count(False)}")
    print(f"near misses {len(near)}, answered {wrong}")
    assert found.count(True) >= 0.95 * len(found)
    assert found.count(False) <= 0.03 * len(found)
    assert len(wrong) <= 0.06 * len(near)


def test_a_word_list_with_an_unknown_key_is_named(tmp_path: Path) -> None:
    shipped = (HERE.parent / "knowledge" / "questions.yaml").read_text("utf-8")
    (tmp_path / "questions.yaml").write_text(f"{shipped}\nunknown: [词]\n", "utf-8")

    with pytest.raises(InputError) as error:
        question_words(tmp_path)
    assert error.value.field == "unknown"
