"""The floor for evidence: what is answered passes it, what the knowledge does not have does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from knowledge_files import TODAY
from parsed_files import read_source

from copilot.knowledge import faq_parts
from copilot.knowledge.formats import knowledge_files, parse
from copilot.knowledge.lexical import Scope, Weights, index_in_memory
from copilot.knowledge.search import evidence_of
from copilot.knowledge.synonyms import SYNONYMS_FILE, query_terms, read_synonyms
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Passage

#: Where answerable and unanswerable questions are told apart about equally well.
MIDDLE = 0.45
SHIPPED = Path(__file__).resolve().parent.parent / "knowledge"

#: Questions that no entry of the shipped knowledge answers.
UNANSWERABLE = re.findall(
    r"\S+",
    """
怎么做红烧肉 明天会下雨吗 世界杯冠军是谁 帮我写一首关于秋天的诗 高铁票怎么改签 手机屏幕碎了去哪修
附近哪里有好吃的火锅 孩子发烧三十九度怎么办 如何学习弹钢琴 社保断缴了怎么补 驾照到期怎么换证
企业所得税汇算清缴什么时候截止 上海户口怎么落户 比特币现在能买吗 对公账户开户需要什么材料
外贸信用证怎么开立 黄金项链可以回收吗 小微企业税贷利率多少 出国留学签证怎么办 二手房过户流程
离婚财产怎么分割 彩票中奖怎么领 汽车年检去哪里 股票开户佣金多少 期货保证金怎么算 港股通怎么开通
宠物可以带进网点吗
""",
)


def shipped_passages() -> list[Passage]:
    found: list[Passage] = []
    for path in knowledge_files([SHIPPED]):
        source = read_source(path)
        found += parse(source).as_version(1, source)[1]
    return found


def phrasings_taken_out(passages: Iterable[Passage], part: int) -> tuple[list[Passage], list[str]]:
    """The passages without every other phrasing of customers' questions, and those phrasings."""
    left, taken = [], []
    for passage in passages:
        if passage.kind is PassageKind.FAQ and passage.audience is Audience.CUSTOMER:
            for variant in faq_parts(passage).variants[part::2]:
                passage = replace(passage, text=passage.text.replace(variant, ""))
                taken.append(variant)
        left.append(passage)
    return left, taken


@pytest.mark.parametrize("part", [0, 1])
def test_the_floor_parts_questions_that_are_answered_from_those_that_are_not(part: int) -> None:
    passages, phrasings = phrasings_taken_out(shipped_passages(), part)
    texts = {p.passage_id: f"{p.heading}\n{p.text}" for p in passages}
    index = index_in_memory(1, passages)
    synonyms = read_synonyms(SHIPPED / SYNONYMS_FILE)

    def enough(question: str) -> bool:
        wanted = query_terms(question, synonyms)
        weights = index.weights(wanted.own)
        found = index.ranked(wanted.weighted(), Scope(TODAY), 10)
        shares = [(score, weights.share(wanted.found_in(texts[name]))) for name, score in found]
        return max(evidence_of(*told, weights) for told in shares) >= MIDDLE

    assert len(phrasings) > 75
    assert sum(map(enough, phrasings)) / len(phrasings) >= 0.6
    assert sum(map(enough, UNANSWERABLE)) / len(UNANSWERABLE) <= 0.2


def test_evidence_grows_with_what_is_matched_and_does_not_depend_on_how_much_is_known() -> None:
    small = Weights({"挂": 3.0, "失": 3.0, "挂失": 4.0}, rarest=5.0)
    large = Weights({term: 2 * weight for term, weight in small.idf.items()}, rarest=10.0)
    assert evidence_of(8.0, 0.5, small) == evidence_of(16.0, 0.5, large)
    assert evidence_of(8.0, 0.5, small) < evidence_of(8.0, 1.0, small) < 1.0
    assert evidence_of(0.0, 0.0, small) == 0.0


def test_a_single_word_that_is_there_is_evidence_enough() -> None:
    word = Weights({"挂": 3.0, "失": 3.0, "挂失": 4.0}, rarest=5.0)
    assert evidence_of(word.whole, 1.0, word) >= MIDDLE
