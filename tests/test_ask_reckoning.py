"""Answers that code reckons from records: interest of a sum, how a rate changed, what is sold."""

from __future__ import annotations

import pytest

from copilot.pipeline.ask import answer
from copilot.pipeline.ask_interest import sums
from copilot.pipeline.workbench import Workbench
from copilot.records.knowledge import SearchQuery

YUAN = 100


@pytest.mark.parametrize(
    ("question", "yuan"),
    [
        ("存五万一年多少利息", [50_000]),
        ("10w存三年连本带利能拿多少", [100_000]),
        ("五萬塊存兩年定期利息", [50_000]),
        ("1500存半年利息", [1_500]),
        ("二十万三年大额", [200_000]),
        ("三年定存利率多少", []),
        ("90天的理财起点多少", []),
    ],
)
def test_sums_are_read_as_people_write_them(question: str, yuan: list[int]) -> None:
    assert sums(question) == tuple(y * YUAN for y in yuan)


@pytest.mark.parametrize(
    ("question", "code", "interest"),
    [
        ("存五万一年多少利息", "DEP-1Y", "575元"),
        ("10w存三年到期连本带利能拿多少", "DEP-3Y", "4,350元，本息合计约104,350元"),
        ("一万块放活期一年有多少利息啊", "DEP-CUR", "5元"),
        ("七天通知存款10万放半年利息多少", "DEP-CALL7", "225元"),
        ("买五年国债10万，到期利息多少", "GB-5Y", "8,500元"),
        ("1万美金存一年利息多少", "FX-USD1Y", "260美元"),
    ],
)
def test_the_interest_of_a_sum_is_reckoned_from_the_record_and_says_so(
    bench: Workbench, question: str, code: str, interest: str
) -> None:
    found = answer(bench, question)

    assert f"（{code}）：本金" in found.answer
    assert f"利息约为{interest}" in found.answer
    assert "按单利估算（本金×年利率×存期），实际利息以系统计算为准" in found.answer
    assert any("simple_interest" in figure.source for figure in found.figures)


def test_two_terms_are_reckoned_side_by_side_with_the_difference(bench: Workbench) -> None:
    found = answer(bench, "30万存半年定期和存一年差多少利息")

    assert "1,425元" in found.answer
    assert "3,450元" in found.answer
    assert "两笔利息相差2,025元" in found.answer
    assert found.answer.index("DEP-1Y") < found.answer.index("DEP-6M")  # by code


def test_a_sum_below_the_minimum_is_not_reckoned(bench: Workbench) -> None:
    found = answer(bench, "存5万大额存单三年利息多少")

    assert "5万元不到起点金额20万元" in found.answer
    assert "利息约为" not in found.answer


@pytest.mark.parametrize(
    "question",
    ["买10万远见365到期能拿多少钱", "买五万沪深300一年能赚多少", "六万存四年定期利息多少"],
)
def test_what_no_rate_of_ours_pays_is_not_reckoned(bench: Workbench, question: str) -> None:
    found = answer(bench, question)

    assert found.refused
    assert not found.figures


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "三年定期以前是多少，啥时候变的",
            "2026年10月15日起，三年期整存整取年利率从1.55%调到1.45%，下降0.10个百分点",
        ),
        ("一年期利率最近降了吗", "从1.25%调到1.15%"),
        ("消费贷以前利率多少什么时候调的", "年化利率上限从5.20%调到4.80%"),
        ("月享30天基准以前是多少", "业绩比较基准下限从1.90%调到1.75%"),
    ],
)
def test_how_a_rate_changed_is_told_from_its_dated_versions(
    bench: Workbench, question: str, said: str
) -> None:
    found = answer(bench, question)

    assert said in found.answer
    assert any("@2026-03-01" in figure.source for figure in found.figures)


def test_a_rate_without_an_older_record_says_so(bench: Workbench) -> None:
    found = answer(bench, "两年期利率以前多少")

    assert "1.20%" in found.answer
    assert any("更早的利率：知识库中没有依据" in note for note in found.notes)


@pytest.mark.parametrize(
    ("question", "code"),
    [("三年定存", "DEP-3Y"), ("WMP-MH7", "WMP-MH7"), ("周享", "WMP-MH7"), ("房贷", "LOAN-MORT")],
)
def test_a_products_name_alone_asks_for_its_main_facts(
    bench: Workbench, question: str, code: str
) -> None:
    found = answer(bench, question)

    assert {line.partition("（")[2].partition("）")[0] for line in found.answer.splitlines()} == {
        code
    }
    assert len(found.answer.splitlines()) >= 3
    assert not found.notes


def test_what_is_asked_now_after_an_earlier_day_is_told_with_how_it_changed(
    bench: Workbench,
) -> None:
    found = answer(bench, "客户说五月份看的大额三年是1.7，现在几")

    assert "1.60%" in found.answer
    assert "从1.70%调到1.60%" in found.answer


def test_products_are_listed_by_code_without_rates(bench: Workbench) -> None:
    found = answer(bench, "现在有哪些理财在卖")

    codes = [line.partition("（WMP-")[2] for line in found.answer.splitlines() if "（WMP-" in line]
    assert len(codes) > 3
    assert codes == sorted(codes)
    assert "%" not in found.answer
    assert "按产品代码排列，不按收益高低排序" in found.answer


@pytest.mark.parametrize(
    ("question", "holds", "lacks"),
    [
        ("R1的理财有哪些", "WMP-CASH", "WMP-MH7"),
        ("存一年的产品有哪些", "DEP-1Y", "WMP-FX365"),
        ("有没有哪些保险卖", "INS-ANN", "DEP-1Y"),
    ],
)
def test_a_list_keeps_to_the_kind_the_term_and_the_rating(
    bench: Workbench, question: str, holds: str, lacks: str
) -> None:
    found = answer(bench, question).answer

    assert holds in found
    assert lacks not in found


def test_a_list_leaves_out_what_the_asker_may_not_speak_of(lobby: Workbench) -> None:
    found = answer(lobby, "你们有什么产品").answer

    assert "DEP-1Y" in found
    assert "FUND-" not in found
    assert "PRIV-" not in found


@pytest.mark.parametrize(
    "question",
    ["帮我查一下我的余额", "我卡号是多少", "客户张三账户里有多少钱", "这个客户的手机号给我"],
)
def test_nobodys_own_data_is_looked_up(bench: Workbench, question: str) -> None:
    found = answer(bench, question)

    assert found.refused
    assert "个人资料不在问答里查" in found.answer


def test_how_to_deal_with_a_wish_for_personal_data_is_answered(bench: Workbench) -> None:
    found = answer(bench, "客户要我在微信上发他的余额")

    assert not found.refused
    assert "不在聊天里说" in found.answer


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("一年期原来1.25现在挂多少", "product/DEP-1Y"),
        ("活期一年给多少利", "product/DEP-CUR"),
        ("月享买了十天能不能拿回来", "product/WMP-MH30"),
    ],
)
def test_search_puts_the_sheet_of_the_product_meant_forward(
    bench: Workbench, question: str, document: str
) -> None:
    hits = bench.search(SearchQuery(question, bench.as_of, k=3)).hits

    assert any(
        h.passage.document_id == document and h.passage.heading.endswith("产品要素") for h in hits
    )
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
