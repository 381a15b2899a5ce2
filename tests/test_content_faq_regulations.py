"""Claims about the frequent questions and the regulation digests of the sample bank."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from parsed_files import read_source

from copilot.knowledge.formats import parse
from copilot.records.codes import PassageKind

REPOSITORY = Path(__file__).resolve().parent.parent
KNOWLEDGE = REPOSITORY / "knowledge"
CATALOGUE = REPOSITORY.parent / "shared" / "facts" / "regulations.jsonl"
BUSINESS_DATE = date(2026, 11, 20)

FAQ = sorted((KNOWLEDGE / "faq").glob("*.yaml"))
REGULATIONS = sorted((KNOWLEDGE / "regulations").glob("*.md"))
POLICY = KNOWLEDGE / "regulations" / "bank-marketing-policy.md"

STRONGEST_FIRST = ("text", "quote", "summary", "recall")
EVIDENCE_NOTES = {
    "读过公开转载的全文": "text",
    "读过引用的原文": "quote",
    "只读过转述": "summary",
    "凭记忆，未见文本": "recall",
}
NEVER_SAID = ("保本", "稳赚", "高收益", "低风险", "零风险", "无风险", "稳健", "放心买", "最高收益")


def questions() -> list[dict[str, Any]]:
    return [entry for path in FAQ for entry in yaml.safe_load(path.read_text("utf-8"))]


def articles(path: Path) -> list[tuple[str, str]]:
    """The (heading, text) pairs of a digest."""
    body = path.read_text("utf-8").split("\n---\n", 1)[1]
    return [
        (heading.strip(), text.strip())
        for heading, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", body, re.M | re.S)
    ]


@pytest.mark.parametrize(
    ("paths", "kind"),
    [(FAQ, PassageKind.FAQ), (REGULATIONS, PassageKind.REGULATION)],
    ids=["faq", "regulations"],
)
def test_every_file_parses_as_the_kind_of_its_folder(paths: list[Path], kind: PassageKind) -> None:
    documents = [parse(read_source(path)) for path in paths]
    assert {document.kind for document in documents} == {kind}
    assert len({document.document_id for document in documents}) == len(paths)


# --- frequent questions -----------------------------------------------------------------------


def test_there_are_at_least_seventy_questions_and_half_are_servicing() -> None:
    kinds = Counter(entry["kind"] for entry in questions())
    assert sum(kinds.values()) >= 70
    assert kinds["servicing"] * 2 >= sum(kinds.values())


def test_question_ids_and_wordings_are_unique() -> None:
    entries = questions()
    worded = [text for e in entries for text in (e["question"], *e["variants"])]
    assert [i for i, n in Counter(e["id"] for e in entries).items() if n > 1] == []
    assert [text for text, n in Counter(worded).items() if n > 1] == []


@pytest.mark.parametrize("entry", questions(), ids=lambda entry: entry["id"])
def test_an_answer_is_short_sourced_and_quotes_no_rate(entry: dict[str, Any]) -> None:
    assert 2 <= len(entry["variants"]) <= 14
    assert 2 <= len(re.findall(r"[。？！]", entry["answer"])) <= 6
    assert len(entry["answer"]) <= 240
    # A share of one's assets (a house rule) is not a rate.
    assert set(re.findall(r"[\d.]+[%‰]", entry["answer"])) <= {"30%"}
    assert not re.search(r"\d{5,}", entry["answer"])
    assert entry["ask_whom"]
    assert re.match(r"《示例银行.+》第.+[章条]", entry["source"])
    assert date(2026, 1, 1) <= entry["valid_from"] <= BUSINESS_DATE
    assert entry["valid_to"] is None or entry["valid_to"] > BUSINESS_DATE


@pytest.mark.parametrize("path", FAQ, ids=lambda path: path.stem)
def test_nothing_is_worded_as_the_regulators_forbid(path: Path) -> None:
    # A customer's question may hold the word; what the bank answers may not.
    text = "".join(entry["answer"] for entry in yaml.safe_load(path.read_text("utf-8")))
    assert [word for word in NEVER_SAID if word in text] == []
    assert text.count("预期收益率") == text.count("不是预期收益率")


def test_the_questions_of_the_first_day_have_an_answer() -> None:
    first_day = {
        "servicing-lobby.maturity-today",
        "deposits.three-year",
        "wealth.elder-72",
        "deposits.bond-date",
        "deposits.competitor",
        "wealth.loss",
        "servicing-card.limited",
        "insurance.surrender",
        "compliance-staff.moments",
        "servicing-lobby.evening-report",
    }
    assert first_day <= {entry["id"] for entry in questions()}


def test_the_subsidy_answer_expires_with_the_policy() -> None:
    (entry,) = (e for e in questions() if e["id"] == "loans-cards.subsidy")
    assert entry["valid_to"] == date(2027, 1, 1)


def test_house_rules_cited_by_answers_exist() -> None:
    known = {heading.split()[0] for heading, _ in articles(POLICY)}
    cited = {
        article
        for entry in questions()
        if "规程》" in entry["source"]
        for article in entry["source"].split("》")[1].split("、")
    }
    assert cited
    assert cited <= known


# --- regulations ------------------------------------------------------------------------------


def header(path: Path) -> dict[str, Any]:
    front = read_source(path).front_matter()
    assert front is not None, path.name
    return dict(front.values)


def test_at_least_twenty_five_regulations_and_the_house_policy_are_digested() -> None:
    assert len([path for path in REGULATIONS if path != POLICY]) >= 25
    assert header(POLICY)["number"] == "示例银行〔2026〕12号"


@pytest.mark.parametrize("path", REGULATIONS, ids=lambda path: path.stem)
def test_a_digest_says_what_it_is_and_since_when(path: Path) -> None:
    head = header(path)
    assert head["id"] == path.stem
    assert "不构成法律意见" in head["disclaimer"]
    assert date(1990, 1, 1) < head["effective_from"] <= BUSINESS_DATE
    assert head["effective_to"] is None or head["effective_to"] > BUSINESS_DATE
    if head["issued"] and "修" not in head["title"]:
        assert head["issued"] <= head["effective_from"]


@pytest.mark.parametrize("path", REGULATIONS, ids=lambda path: path.stem)
def test_every_passage_of_a_digest_has_its_article_or_says_it_is_unverified(path: Path) -> None:
    found = articles(path)
    assert found
    for heading, text in found:
        article, _, short = heading.partition(" ")
        unverified = "条号未核实" in article
        assert unverified or re.match(r"第[一二三四五六七八九十百]+条", article), heading
        assert unverified == ("条号未核实" in text), heading
        assert short, heading
        assert len(text) >= 20, heading


@pytest.mark.parametrize(
    "path", [p for p in REGULATIONS if p != POLICY], ids=lambda path: path.stem
)
def test_a_digest_claims_no_better_evidence_than_its_weakest_article(path: Path) -> None:
    notes = [re.search(r"（依据：(.+?)。）$", text) for _, text in articles(path)]
    levels = [EVIDENCE_NOTES[note[1]] for note in notes if note]
    assert len(levels) == len(notes)
    assert header(path)["evidence"] == max(levels, key=STRONGEST_FIRST.index)


def test_the_house_policy_numbers_its_articles_in_order() -> None:
    digits = "零一二三四五六七八九十"
    numbers = [*digits[1:], *(f"十{d}" for d in digits[1:10]), "二十"]
    found = [heading.split()[0] for heading, _ in articles(POLICY)]
    assert found == [f"第{number}条" for number in numbers]


@pytest.mark.parametrize(
    "path", [p for p in REGULATIONS if p != POLICY], ids=lambda path: path.stem
)
def test_articles_and_dates_are_those_of_the_catalogue(path: Path) -> None:
    if not CATALOGUE.is_file():
        pytest.skip("需要 ../shared/facts/regulations.jsonl 才能核对条号")
    head = header(path)
    rows = [json.loads(line) for line in CATALOGUE.read_text("utf-8").splitlines()]
    own = [r for r in rows if r["regulation"].startswith((head["title"], head["title"] + "（"))]
    assert own, head["title"]
    catalogued = "".join(row["article"] for row in own)
    bare = {re.sub(r"[^一二三四五六七八九十百第条]", "", a) for a in _clauses(catalogued)}
    for heading, _ in articles(path):
        if "条号未核实" not in heading:
            wanted = {
                re.sub(r"[^一二三四五六七八九十百第条]", "", a)
                for a in _clauses(heading.split()[0])
            }
            assert wanted <= bare, heading
    since = {d for row in own for d in re.findall(r"\d{4}-\d\d-\d\d", row["in_force_since"])}
    assert not since or str(head["effective_from"]) in since


def _clauses(text: str) -> list[str]:
    """Article numbers in a reference; `第九、十、十六条` counts as three."""
    spelled = re.sub(
        r"第([一二三四五六七八九十百、]+)条",
        lambda m: "".join(f"第{n}条" for n in m[1].split("、")),
        text,
    )
    return re.findall(r"第[一二三四五六七八九十百]+条", spelled)


def test_the_bank_and_its_products_are_declared_fictional() -> None:
    text = (KNOWLEDGE / "README.md").read_text("utf-8")
    assert "全部是虚构的" in text
    assert "不构成法律意见" in text
