"""The checker knows product, channel, audience, date, negation and omission."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.compliance import Checker, load_checker
from copilot.paths import shipped
from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext, Severity, Usable, Verdict

DAY = date(2026, 11, 20)
WEALTH = CheckContext(product=ProductType.WMP, as_of=DAY, whole=False)
_CHECKER = load_checker(None, shipped("knowledge"))


@pytest.fixture(scope="module")
def checker() -> Checker:
    return _CHECKER


def _rules(checker: Checker, text: str, context: CheckContext) -> set[str]:
    return {finding.rule_id for finding in checker.check(text, context).findings}


PROMISE = "cn.guarantee.principal-or-return"


@pytest.mark.parametrize(
    "text",
    [
        "这款理财保本",
        "不仅保本，收益还好",
        "这款产品不是不保本",
        "非常保本",
        "无论涨跌都保本",
        "谨防假冒！我们这款理财保本保息",
        "正规理财警惕骗局，而我行这款产品保本",
        "您不用担心，保本保息",
        "别犹豫，保本保息",
        "保　本",
        "保\u200b本",
        "保本吗？这款理财就是保本保息",
    ],
)
def test_a_promise_is_blocked_however_it_is_wrapped(checker: Checker, text: str) -> None:
    assert PROMISE in _rules(checker, text, WEALTH)


@pytest.mark.parametrize(
    "text",
    [
        "本产品不保本",
        "本产品不承诺保本，也不承诺最低收益",
        "本产品并非保本产品",
        "产品不保本、不保收益",
        "理财非存款、不保本",
        "不得宣传保本、保收益",
        "谨防“保本高收益”骗局",
        "“保本保息”等说辞都是误导",
        "有人承诺保本，那是骗子",
        "本产品不保证本金和收益",
    ],
)
def test_a_denied_or_warned_promise_passes(checker: Checker, text: str) -> None:
    assert checker.check(text, WEALTH).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "text",
    [
        "某平台称年化收益18%，实际远达不到",
        "使用“稳赚不赔”一类的表述，容易使投资者忽视风险",
        "产品名称里的“保本”二字早已不再出现",
        "投资者往往被高收益吸引",
        "买理财会亏吗，结构性存款保本吗？",
    ],
)
def test_what_is_reported_explained_mentioned_or_asked_is_no_promise(
    checker: Checker, text: str
) -> None:
    assert checker.check(text, WEALTH).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "text",
    [
        "本产品保本，投资者往往被高收益吸引",
        "您看“保本”二字，这款理财就是，买它",
        "投资者往往追求的高收益，我行这款保本就能给您",
        "还有比这保本的理财更好的吗？",
    ],
)
def test_a_tone_of_report_excuses_nothing_that_is_sold_in_the_same_breath(
    checker: Checker, text: str
) -> None:
    assert checker.check(text, WEALTH).verdict is Verdict.BLOCK


@pytest.mark.parametrize(
    "text",
    [
        "今天就剩两个名额，再不办就没有了",
        "这批只放三个名额，先给老客户",
        "这款很稳，您闭眼买就行",
        "这款您不用想，直接买",
        "隔壁那家银行快不行了，钱转过来吧",
        "人家那边都在挤兑了，您赶紧转",
    ],
)
def test_scarcity_blind_trust_and_rumours_do_not_pass(checker: Checker, text: str) -> None:
    assert checker.check(text, WEALTH).verdict is not Verdict.PASS


def test_an_ordinary_deposit_may_say_that_principal_is_safe(checker: Checker) -> None:
    text = "定期存款保本保息，到期自动转存"
    deposit = replace(WEALTH, product=ProductType.DEPOSIT)
    assert checker.check(text, deposit).verdict is Verdict.PASS
    assert checker.check(text, WEALTH).verdict is Verdict.BLOCK


def test_an_unknown_product_is_judged_as_an_investment(checker: Checker) -> None:
    unknown = replace(WEALTH, product=None)
    assert PROMISE in _rules(checker, "保本保息", unknown)


def test_the_online_ban_of_inducing_words_starts_on_its_day_and_only_online(
    checker: Checker,
) -> None:
    rule, text = "cn.advertising.inducing-online", "这款低门槛、秒到账"
    online = replace(WEALTH, channel=Channel.WECOM)
    assert rule in _rules(checker, text, online)
    assert rule in _rules(checker, text, replace(online, channel=None))
    assert rule not in _rules(checker, text, replace(online, channel=Channel.COUNTER))
    assert rule not in _rules(checker, text, replace(online, as_of=date(2026, 9, 29)))


def test_a_low_risk_label_of_the_rating_is_not_inducing(checker: Checker) -> None:
    text = "产品风险等级：R1（低风险）"
    assert checker.check(text, replace(WEALTH, channel=Channel.APP)).verdict is Verdict.PASS
    assert checker.check("这款低风险", replace(WEALTH, channel=Channel.APP)).findings


def test_superlatives_are_blocked_but_limits_and_dates_are_not(checker: Checker) -> None:
    assert "cn.advertising.absolute" in _rules(checker, "全国最佳理财", WEALTH)
    for lawful in ("最晚还款日为每月10日", "最长不超过5年", "在售期限最长的一款", "最不利情形"):
        assert checker.check(lawful, WEALTH).verdict is Verdict.PASS, lawful


def test_deposit_insurance_may_be_stated_for_deposits_only(checker: Checker) -> None:
    rule = "cn.deposit.insurance-scope"
    deposit = replace(WEALTH, product=ProductType.DEPOSIT)
    assert rule in _rules(checker, "这款理财也有存款保险保着", WEALTH)
    text = "存款保险实行限额偿付，最高偿付限额为人民币50万元"
    assert checker.check(text, deposit).verdict is Verdict.PASS
    assert "cn.deposit.insurance-limit" in _rules(checker, text.replace("50", "80"), deposit)


def test_a_benchmark_needs_its_basis_and_its_notice(checker: Checker) -> None:
    whole = replace(WEALTH, whole=True, channel=Channel.PRINT, kind=DraftKind.ANSWER)
    bare = checker.check("业绩比较基准2.2%-2.8%", whole)
    assert {f.rule_id for f in bare.findings} == {
        "cn.yield.benchmark-basis",
        "cn.yield.benchmark-notice",
    }
    assert bare.verdict is Verdict.NEEDS_ELEMENT
    assert bare.usable is Usable.INTERNAL
    full = (
        "业绩比较基准2.2%-2.8%，按债券和货币市场工具的配置测算；"
        "不是预期收益率，不代表产品未来表现和实际收益，不构成收益承诺"
    )
    assert checker.check(full, whole).verdict is Verdict.PASS


def test_what_is_absent_is_reported_at_the_end_of_the_text(checker: Checker) -> None:
    text = "【示例银行】大额存单信息更新"
    context = CheckContext(
        product=ProductType.LARGE_CD, channel=Channel.SMS, kind=DraftKind.MESSAGE, as_of=DAY
    )
    (finding,) = checker.check(text, context).findings
    assert (finding.rule_id, finding.start, finding.end) == (
        "cn.contact.sms-opt-out",
        len(text),
        len(text),
    )
    assert checker.check(text, replace(context, whole=False)).verdict is Verdict.PASS


def test_a_loan_needs_its_annual_rate(checker: Checker) -> None:
    loan = CheckContext(
        product=ProductType.LOAN, channel=Channel.COUNTER, kind=DraftKind.PITCH, as_of=DAY
    )
    assert "cn.loan.daily-rate-only" in _rules(checker, "日息万分之二，额度20万元", loan)
    text = "年化利率（单利）3.60%起，额度最高20万元，以审批结果为准"
    assert checker.check(text, loan).verdict is Verdict.PASS


def test_a_subsidy_expires_with_its_policy(checker: Checker) -> None:
    loan = CheckContext(product=ProductType.LOAN, as_of=DAY, whole=False)
    text = "可享贴息1个百分点"
    assert checker.check(text, loan).verdict is Verdict.PASS
    later = replace(loan, as_of=date(2027, 1, 4))
    assert _rules(checker, text, later) == {"cn.loan.subsidy-expired"}


def test_internal_texts_are_free_of_marketing_rules_but_not_of_privacy(checker: Checker) -> None:
    inside = replace(WEALTH, audience=Audience.INTERNAL)
    assert checker.check("今天重点讲高收益客户的到期承接", inside).verdict is Verdict.PASS
    assert "cn.data.personal-identifiers" in _rules(checker, "客户电话13800001234", inside)


def test_a_finding_explains_itself(checker: Checker) -> None:
    text = "欢迎咨询，这款理财零·风险"
    (finding,) = checker.check(text, replace(WEALTH, channel=Channel.COUNTER)).findings
    assert (finding.rule_id, finding.text) == ("cn.guarantee.no-risk", "零·风险")
    assert text[finding.start : finding.end] == finding.text
    assert finding.text in finding.message
    assert finding.severity is Severity.BLOCK
    assert finding.suggestion
    assert any(c.regulation.startswith("中华人民共和国广告法") for c in finding.citations)


def test_articles_not_yet_in_force_are_not_cited(checker: Checker) -> None:
    before = checker.check("保本保息", replace(WEALTH, as_of=date(2026, 9, 1))).findings[0]
    after = checker.check("保本保息", WEALTH).findings[0]
    network = "金融产品网络营销管理办法"
    assert network not in {c.regulation for c in before.citations}
    assert network in {c.regulation for c in after.citations}


def test_a_pass_is_never_an_approval(checker: Checker) -> None:
    assert checker.check("三年定期50元起存", WEALTH).usable is Usable.INTERNAL


def test_the_same_text_gives_the_same_answer(checker: Checker) -> None:
    text = "这款理财零风险，预期收益率4%，比别家高"
    assert checker.check(text, WEALTH) == checker.check(text, WEALTH)


@settings(deadline=None, max_examples=200)
@given(
    st.text(
        st.one_of(
            st.characters(),
            st.sampled_from("不保本息零风险收益百分之%预期利率存款和一样，。“”？\n3 .·💰最好送"),
        ),
        max_size=120,
    )
)
def test_every_span_slices_the_original_text(text: str) -> None:
    for finding in _CHECKER.check(text, CheckContext(as_of=DAY)).findings:
        assert 0 <= finding.start <= finding.end <= len(text)
        assert finding.text == text[finding.start : finding.end]


@pytest.mark.parametrize(
    "unit", ["不保本", "最晚", "保本。", "“", "零风险，", "1", "业绩比较基准2%"]
)
def test_checking_is_linear_in_the_length(checker: Checker, unit: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        checker.check(unit * count, WEALTH)
        return time.process_time() - start

    seconds(100)
    assert seconds(20_000) < 40 * max(seconds(2_000), 0.005)
