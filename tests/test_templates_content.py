"""Claims about the shipped templates, scripts and approvals: register, elements, coverage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

import pytest
import yaml

from copilot.compliance import Checker
from copilot.compliance.compiler import run_rule_cases
from copilot.drafting.fill import Filled, MissingSlot, fill, product_values
from copilot.drafting.limits import too_long
from copilot.drafting.template_files import load_scripts, load_templates
from copilot.paths import shipped
from copilot.pipeline.facts import day_fact, product_facts
from copilot.records.codes import Channel, Origin, ProductType, Role
from copilot.records.compliance import Audience, CheckContext, Fact, Verdict
from copilot.records.product import Product
from copilot.records.staff import Staff
from copilot.records.template import ApprovalState, Move, ReviewStage, Template
from copilot.review import InMemoryApprovals, Present, ReviewDesk, replay_approvals

TODAY = date(2026, 11, 20)
KNOWLEDGE = shipped("knowledge")
MATURITY = date(2026, 12, 28)
#: The longest values that the slots usually take.
VALUES = {
    "customer.salutation": "欧阳女士",
    "staff.name": "李晓雯",
    "staff.number": "S1002",
    "branch.name": "城东支行",
    "bank.name": "示例银行",
    "today": TODAY,
    "maturity.date": MATURITY,
}
INVESTMENTS = frozenset(
    {
        ProductType.STRUCTURED_DEPOSIT,
        ProductType.WMP,
        ProductType.FUND,
        ProductType.GOLD,
        ProductType.INSURANCE,
    }
)
SOLD = frozenset(ProductType) - {ProductType.PRIVATE_FUND}
STAFF = {
    staff_id: Staff(staff_id, "样例", role, "HQ")
    for staff_id, role in {
        "S1001": Role.MANAGER,
        "S2001": Role.MANAGER,
        "S3001": Role.MANAGER,
        "S9001": Role.PRODUCT,
        "S9002": Role.LEGAL,
        "S9003": Role.CONSUMER_PROTECTION,
    }.items()
}


class Fill(NamedTuple):
    """One template filled for one product on one channel."""

    template: Template
    channel: Channel
    product: Product
    filled: Filled


@cache
def templates() -> tuple[Template, ...]:
    return load_templates(KNOWLEDGE / "templates")


@cache
def shelf() -> tuple[Product, ...]:
    return tuple(
        _product(yaml.safe_load(path.read_text("utf-8").split("---")[1]))
        for path in sorted((KNOWLEDGE / "products").glob("*.md"))
        if "@" not in path.name
    )


def _product(sheet: dict[str, object]) -> Product:
    fields = dict(sheet)
    fields.pop("fees", None)
    fields["type"] = ProductType(str(sheet["type"]))
    fields["origin"] = Origin(str(sheet["origin"]))
    fields["channels"] = tuple(Channel(code) for code in sheet["channels"])  # type: ignore[attr-defined]
    if sheet.get("min_amount") is not None:
        fields["min_amount"] = int(float(str(sheet["min_amount"])) * 100)
    return Product(**fields)  # type: ignore[arg-type]


@cache
def fills() -> tuple[Fill, ...]:
    return tuple(_fills())


def _fills() -> Iterator[Fill]:
    for template in templates():
        for channel in template.channels:
            for product in shelf():
                if template.fits(product, channel) and channel in product.channels:
                    try:
                        filled = fill(template.text, VALUES | product_values(product))
                    except MissingSlot:
                        continue
                    yield Fill(template, channel, product, filled)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(run_rule_cases(KNOWLEDGE / "rules").pack)


def on(channel: Channel) -> list[Fill]:
    return [each for each in fills() if each.channel is channel]


def test_there_are_templates_for_every_product_type_and_main_channel() -> None:
    assert len(templates()) >= 64
    written = {(each.product.type, each.channel) for each in fills()}
    for product_type in SOLD:
        for channel in (Channel.COUNTER, Channel.WECOM):
            assert (product_type, channel) in written, (product_type, channel)
    assert {channel for _, channel in written} >= {
        Channel.COUNTER,
        Channel.PHONE,
        Channel.WECOM,
        Channel.SMS,
        Channel.APP,
    }
    assert ProductType.PRIVATE_FUND not in {each.product.type for each in fills()}


def test_every_template_can_be_filled_for_some_product_on_the_shelf() -> None:
    filled = {each.template.template_id for each in fills()}
    assert {t.template_id for t in templates()} == filled


def test_every_fill_keeps_to_the_length_of_its_channel() -> None:
    for each in fills():
        product = each.product
        mandated = tuple(
            wording for wording in (product.risk_statement, product.benchmark_statement) if wording
        )
        assert not too_long(each.filled.text, each.channel, mandated=mandated), each.template


def test_what_is_said_in_the_lobby_takes_twenty_seconds() -> None:
    for each in on(Channel.COUNTER):
        core = each.filled.text.replace(each.product.risk_statement or "\n", "")
        assert len(core) <= 90, (each.template.template_id, len(core))
        assert len(each.filled.text) <= 140, each.template.template_id


def test_a_text_message_has_signature_and_opt_out_and_is_one_message_long() -> None:
    for each in on(Channel.SMS):
        assert each.filled.text.startswith("【示例银行】")
        assert each.filled.text.endswith("拒收请回复R")
        assert len(each.filled.text) <= 70


def test_a_text_message_states_no_yield() -> None:
    yields = {"product.rate_bp", "product.benchmark_low_bp", "product.benchmark_high_bp"}
    for each in on(Channel.SMS):
        assert not yields & {figure.source for figure in each.filled.figures}


def test_a_call_says_who_is_calling_asks_whether_it_suits_and_stops_on_no() -> None:
    for each in on(Channel.PHONE):
        first, *rest = each.filled.text.splitlines()
        assert first.index("示例银行城东支行的李晓雯") < first.index("工号S1002")
        assert "方便" in first
        assert "核对一下身份" in rest[0]
        assert "不需要" in rest[-1]
        assert rest[-1].endswith("再见。")
        assert len(each.filled.text) <= 330


def test_a_call_speaks_of_a_maturity_only_after_the_identity_is_verified() -> None:
    for each in on(Channel.PHONE):
        if "到期" in each.filled.text:
            assert each.filled.text.index("（核对无误）") < each.filled.text.index("到期")


def test_a_chat_message_reveals_no_holding() -> None:
    assert not [
        each.template.template_id
        for each in on(Channel.WECOM)
        if "maturity.date" in {figure.source for figure in each.filled.figures}
    ]


def test_a_rate_stands_with_its_date() -> None:
    for template in templates():
        if "product.rate_bp" in template.text:
            assert "{{ today | date }}" in template.text, template.template_id


def test_an_investment_stands_with_its_risk_and_rating() -> None:
    for template in templates():
        investment = INVESTMENTS & set(template.product_types)
        if investment and set(template.channels) != {Channel.SMS}:
            assert "{{ product.risk_statement }}" in template.text, template.template_id
            if investment != {ProductType.INSURANCE}:
                assert "{{ product.risk_rating }}" in template.text, template.template_id


def test_an_agency_product_stands_with_its_issuer() -> None:
    agency = {ProductType.WMP, ProductType.FUND, ProductType.INSURANCE}
    for each in fills():
        if each.product.type in agency:
            assert each.product.issuer in each.filled.text, each.template.template_id
            if each.channel is not Channel.SMS:
                assert "本行为代销机构" in each.filled.text, each.template.template_id


def test_insurance_is_called_insurance() -> None:
    for each in fills():
        if each.product.type is ProductType.INSURANCE:
            without_name = each.filled.text.replace(each.product.name, "")
            assert "保险" in without_name.replace(each.product.issuer, "")


def test_a_benchmark_stands_with_its_basis_and_statement() -> None:
    with_benchmark = [t for t in templates() if "benchmark_high_bp" in t.text]
    assert with_benchmark
    for template in with_benchmark:
        assert "{{ product.benchmark_basis }}" in template.text
        assert "{{ product.benchmark_statement }}" in template.text


def test_a_loan_stands_with_its_annual_rate() -> None:
    lending = {ProductType.LOAN, ProductType.CREDIT_CARD}
    for template in templates():
        if lending & set(template.product_types):
            assert "{{ product.apr_bp | percent }}至{{ product.apr_high_bp | percent }}（单利" in (
                template.text
            ), template.template_id


def test_an_older_customer_is_told_that_nothing_must_be_decided_today() -> None:
    spoken = {Channel.COUNTER, Channel.PHONE}
    for_retired = [t for t in templates() if "retired" in t.life_stages]
    assert len(for_retired) >= 8
    for template in for_retired:
        if spoken & set(template.channels):
            assert "今天不必决定" in template.text, template.template_id


def test_a_maturity_is_mentioned_only_to_customers_who_have_one() -> None:
    with_maturity = [t for t in templates() if "maturity.date" in t.text]
    assert len(with_maturity) >= 8
    for template in with_maturity:
        assert [c.feature for c in template.conditions] == ["maturing_30"], template.template_id


def test_every_figure_of_a_fill_is_recorded() -> None:
    for each in fills():
        covered = {
            position
            for figure in each.filled.figures
            for position in range(figure.start, figure.end)
        }
        loose = [m for m in re.finditer(r"\d", each.filled.text) if m.start() not in covered]
        assert not loose, each.template.template_id


def test_every_fill_passes_the_checker(checker: Checker) -> None:
    for each in fills():
        facts = (
            *product_facts(each.product),
            day_fact(TODAY),
            Fact("maturity.date", "date", "date", MATURITY.isoformat()),
        )
        context = CheckContext(
            product=each.product.type,
            product_code=each.product.product_code,
            channel=each.channel,
            kind=each.template.kind,
            as_of=TODAY,
            facts=facts,
        )
        result = checker.check(each.filled.text, context)
        assert result.verdict.rank <= Verdict.REVIEW.rank, (
            each.template.template_id,
            [(f.rule_id, f.text) for f in result.findings],
        )


def test_every_script_passes_the_checker_for_every_product_it_is_for(checker: Checker) -> None:
    for script in load_scripts(KNOWLEDGE / "scripts"):
        for product in shelf():
            if script.product_types and product.type not in script.product_types:
                continue
            try:
                text = fill(script.text, VALUES | product_values(product)).text
            except MissingSlot:
                continue
            if script.move is Move.OBJECTION:  # talking points quote what the customer says
                text = f"{script.situation}：{text}"
            context = CheckContext(
                product=product.type,
                channel=(script.channels or (Channel.COUNTER,))[0],
                audience=Audience.CUSTOMER,
                as_of=TODAY,
                whole=False,
                facts=(*product_facts(product), day_fact(TODAY)),
            )
            result = checker.check(text, context)
            assert result.verdict.rank <= Verdict.REVIEW.rank, (script.script_id, result.findings)


def test_scripts_cover_every_move_of_every_product_type() -> None:
    scripts = load_scripts(KNOWLEDGE / "scripts")
    assert len(scripts) >= 60
    for product_type in SOLD:
        moves = Counter(s.move for s in scripts if product_type in s.product_types)
        for move in (Move.NEED, Move.PRODUCT, Move.RISK, Move.CLOSE, Move.REFERRAL):
            assert moves[move] >= 1, (product_type, move)
        assert moves[Move.OBJECTION] >= 3, product_type


def test_scripts_are_whole_sentences_so_that_moves_can_be_joined() -> None:
    for script in load_scripts(KNOWLEDGE / "scripts"):
        ends_with_slot = script.text.endswith("}}")  # statements of the record end with 。
        assert ends_with_slot or script.text[-1] in "。？", script.script_id
        assert not script.text.startswith(("，", "。", "、", "；")), script.script_id


@pytest.fixture(scope="module")
def desk() -> ReviewDesk:
    desk = ReviewDesk(InMemoryApprovals())
    report = replay_approvals(
        KNOWLEDGE / "templates" / "approvals.yaml",
        desk,
        templates={template.template_id: template for template in templates()},
        reviewers=STAFF,
        pack_version="test",
        verdicts={},
        products=shelf(),
    )
    assert report.skipped == {}
    return desk


def test_templates_stand_in_every_state_and_most_are_approved(desk: ReviewDesk) -> None:
    standings = {t.template_id: desk.standing(t, Present(TODAY, "test")) for t in templates()}
    states = Counter(standing.state for standing in standings.values())
    assert states[ApprovalState.APPROVED] >= 64
    assert states.keys() == {
        ApprovalState.PROPOSED,
        ApprovalState.IN_REVIEW,
        ApprovalState.REJECTED,
        ApprovalState.EXPIRED,
        ApprovalState.APPROVED,
    }
    rejected = [s for s in standings.values() if s.state is ApprovalState.REJECTED]
    assert all(len(standing.reason) > len("消保审查不通过：") for standing in rejected)


def test_every_sold_product_has_an_approved_text_for_the_lobby(desk: ReviewDesk) -> None:
    approved = {
        each.product.product_code
        for each in on(Channel.COUNTER)
        if desk.approval_of(each.template, Present(TODAY, "test", product=each.product))
        and not each.template.conditions
        and not each.template.life_stages
    }
    sold = {p.product_code for p in shelf() if p.type in SOLD}
    assert sold - approved == set()


def test_no_reviewer_read_more_than_twenty_texts_a_day(desk: ReviewDesk) -> None:
    read: Counter[tuple[str, date]] = Counter()
    for template in templates():
        approval = desk.approval_of(template, Present(TODAY, "test"))
        for decision in approval.decisions if approval else ():
            read[decision.reviewer, decision.at.date()] += 1
    assert max(read.values()) <= 20


def test_every_stage_was_decided_for_every_approved_template(desk: ReviewDesk) -> None:
    for template in templates():
        approval = desk.approval_of(template, Present(TODAY, "test"))
        if approval is not None:
            assert [decision.stage for decision in approval.decisions] == list(ReviewStage)
            assert template.author not in {decision.reviewer for decision in approval.decisions}
