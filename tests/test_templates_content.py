"""Claims about the texts of the shipped templates and scripts: register, elements, lengths."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from shipped_templates import (
    KNOWLEDGE,
    MATURITY,
    SOLD,
    TODAY,
    VALUES,
    fills,
    on,
    shelf,
    templates,
)

from copilot.compliance import Checker
from copilot.compliance.compiler import run_rule_cases
from copilot.drafting.fill import MissingSlot, fill, product_values
from copilot.drafting.limits import LONGEST, too_long
from copilot.drafting.template_files import ELEMENTS, load_scripts
from copilot.pipeline.facts import day_fact, product_facts
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import Audience, CheckContext, Fact, Verdict
from copilot.records.template import Move

INVESTMENTS = frozenset(
    {
        ProductType.STRUCTURED_DEPOSIT,
        ProductType.WMP,
        ProductType.FUND,
        ProductType.GOLD,
        ProductType.INSURANCE,
    }
)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(run_rule_cases(KNOWLEDGE / "rules").pack)


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


@pytest.mark.parametrize(
    ("channel", "longest"),
    [
        pytest.param(Channel.SMS, 70, id="one text message, signature and opt-out included"),
        pytest.param(Channel.WECOM, 80, id="what is read without scrolling"),
        pytest.param(Channel.COUNTER, 90, id="twenty seconds in the lobby"),
        pytest.param(Channel.PHONE, 405, id="a call of ninety seconds"),
    ],
)
def test_every_fill_keeps_to_the_length_of_its_channel(channel: Channel, longest: int) -> None:
    assert LONGEST[channel] == longest
    excess = {
        (each.template.template_id, each.product.product_code): too_long(each.filled.text, channel)
        for each in on(channel)
    }
    assert excess
    assert not {fill: over for fill, over in excess.items() if over}


def test_nobody_in_the_sample_bank_makes_a_text_longer_than_those_measured(
    bench: Workbench,
) -> None:
    customers = bench.store.customers(bench.principal)
    staff = bench.store.staff(bench.principal)
    longest = {
        "customer.salutation": max(len(customers.get(each).salutation) for each in customers.ids()),
        "staff.name": max(len(person.name) for person in staff.everyone()),
        "staff.number": max(len(person.staff_id) for person in staff.everyone()),
        "branch.name": max(
            len(branch.name) for branch in staff.branches() if branch.branch_id != "HQ"
        ),
        "bank.name": len(bench.settings.policy.bank_name),
    }
    assert {path for path, length in longest.items() if length > len(str(VALUES[path]))} == set()


def test_what_many_people_read_greets_nobody() -> None:
    shared = [each for each in fills() if each.channel.shared]
    assert shared
    for each in shared:
        assert "您好" not in each.filled.text, each.template.template_id
        assert str(VALUES["customer.salutation"]) not in each.filled.text


def test_nobody_is_sent_to_an_assessment_that_they_have() -> None:
    """The gate lets only customers with a valid assessment through."""
    for template in templates():
        for order in ("先做风险测评", "请完成风险测评", "先测评"):
            assert order not in template.text, template.template_id


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
        each.template.template_id for each in on(Channel.WECOM) if "maturity." in each.template.text
    ]


def test_a_rate_stands_with_its_date() -> None:
    for template in templates():
        if "product.rate_bp" in template.text:
            assert "{{ today | date }}" in template.text, template.template_id


def test_an_investment_stands_with_its_risk_and_rating() -> None:
    for template in templates():
        investment = INVESTMENTS & set(template.product_types)
        if investment and set(template.channels) != {Channel.SMS}:
            warned = [*ELEMENTS["risk_statement"], *ELEMENTS["risk_words"]]
            assert any(words in template.text for words in warned), template.template_id
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
    with_maturity = [t for t in templates() if "maturity." in t.text]
    assert len(with_maturity) >= 8
    for template in with_maturity:
        assert "maturing_30" in {c.feature for c in template.conditions}, template.template_id


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
            if script.product_codes and product.product_code not in script.product_codes:
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


def test_what_can_only_be_done_in_the_branch_is_said_only_there() -> None:
    here = re.compile(
        "您坐|坐下|墙上|带您到|取号|大字给您|您带走|带回去|带一份|趁这次过来|我转过身"
    )
    said = [
        script.script_id
        for script in load_scripts(KNOWLEDGE / "scripts")
        if here.search(script.text)
        and script.channels != (Channel.COUNTER,)
        and script.move not in (Move.REFERRAL, Move.DISSUADE)
    ]
    assert said == []
