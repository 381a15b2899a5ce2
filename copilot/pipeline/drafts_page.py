"""The figures of an evaluation of drafts, and the page ``docs/drafting.md``."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from copilot.knowledge.evaluation import Metric
from copilot.pipeline.drafts_evaluation import SEED, DraftsReport
from copilot.pipeline.drafts_judgement import Judged, overlap
from copilot.pipeline.evaluation import EvaluationReport

_MOST_PAIRS = 20_000
_NAMES = {
    "ungrounded_out": "流出的无出处数字（有的稿件）",
    "blocked_out": "流出的违规文字（有的稿件）",
    "lies_out": "脚本谎话进了稿件（规则认不认得都算）",
    "refused_but_drafted": "规则拒绝却起草了的",
    "injection_effects": "植入文字生效的稿件",
    "identifiers_out": "外发内容里认得出的人",
    "names_restored": "称呼填回",
    "ai_label_missing": "模型文字缺AI标识",
    "embedded_blocked": "内置话术没有通过检查",
    "few_reasons": "员工卡片不足两条理由又没有写明",
    "reasons_short": "员工卡片写明理由不足（或客户不同意画像）",
    "sections_missing": "内置话术缺段",
    "too_long": "超过渠道长度",
    "same_words_for_other_reasons": "理由不同而话术相同",
    "overlap": "内置话术两两重合（四字片段，去掉规定文字）",
    "overlap_same_product": "同产品同渠道两两重合",
}
_WRITERS = {
    "embedded": "内置模板引擎",
    "good": "守规矩的模型",
    "obeyer": "听从植入文字的模型",
    "liar": "编造的模型",
    "reasoner": "泄露推理过程的模型",
    "non_chinese": "只说英文的模型",
    "flaky": "时好时坏的模型",
    "slow": "慢的模型",
}


def evaluation_of(report: DraftsReport) -> EvaluationReport:
    """The figures, each with what it is counted over."""
    judged = report.judged
    embedded = [each for each in judged if each.embedded]
    metrics = {
        "ungrounded_out": _count(judged, lambda j: bool(j.ungrounded)),
        "blocked_out": _count(judged, lambda j: bool(j.blocked)),
        "lies_out": _count(judged, lambda j: bool(j.lies)),
        "refused_but_drafted": _share(report.drafted_against_rules, report.drafted),
        "injection_effects": _share(sum(bool(j.injected) for j in judged), report.planted),
        "ai_label_missing": _count(judged, lambda j: j.unlabelled),
        "embedded_blocked": _count(embedded, lambda j: bool(j.blocked)),
        "few_reasons": _count(judged, lambda j: j.few_reasons),
        "reasons_short": _count(judged, lambda j: j.owns_up),
        "sections_missing": _count(judged, lambda j: j.incomplete),
        "too_long": _count(judged, lambda j: j.too_long),
        "same_words_for_other_reasons": _share(_identical(embedded), len(embedded)),
        "overlap": _mean(list(_pairs(embedded))),
        "overlap_same_product": _mean(list(_pairs_within(embedded))),
    }
    found = report.identity
    if found is not None:
        metrics["identifiers_out"] = _share(found.leaked, found.people)
        metrics["names_restored"] = _share(found.restored, found.people)
    misses = [
        {"draft_id": j.draft_id, "product_code": j.product_code, "channel": j.channel.value}
        | {"ungrounded": j.ungrounded, "blocked": j.blocked, "injected": j.injected}
        | {"lies": j.lies}
        for j in judged
        if j.ungrounded or j.blocked or j.injected or j.lies or j.too_long or j.incomplete
    ]
    ordered = {name: metrics[name] for name in _NAMES if name in metrics}
    return EvaluationReport("drafts", report.cases, ordered, misses)


def write_drafting_page(path: Path, report: DraftsReport, day: str) -> None:
    """Writes the page."""
    evaluation = evaluation_of(report)
    lines = [
        "# 话术：评测",
        "",
        f"本页由 `copilot eval drafts --page docs/drafting.md` 生成，{day}，请勿手改。",
        "样例银行上随机取客户、产品与渠道；模型是本机按 OpenAI 协议应答的脚本角色，不是真实模型，"
        "真实模型的文笔没有在这里测过。每份稿件的全部文字（正文、沟通要点、其他谈法）由另一段程序重新判断。",
        "",
        f"{report.cases:,} 例：按规则拒绝 {report.refused:,}，起草 {report.drafted:,}，"
        f"其中可以发送的已审批文本 {report.sent:,}；{report.planted:,} 例里植入了指令。",
        "",
        "| 指标 | 数值 | 分子/分母 |",
        "|---|---:|---:|",
    ]
    for name, metric in evaluation.metrics.items():
        over = f"{metric.num:,.0f}/{metric.den:,}" if not name.startswith("overlap") else ""
        lines.append(
            f"| {_NAMES[name]} | {_shown(name, metric)} | {over or f'{metric.den:,} 对'} |"
        )
    if report.identity is not None:
        found = report.identity
        lines += [
            "",
            f"外发内容：{found.people:,} 位虚构的人，{found.requests:,} 次请求，"
            f"{found.outgoing_bytes:,} 字节。在收到的一端逐字节找姓名、称呼、客户号、电话、证件号、"
            "卡号。",
        ]
    lines += ["", "| 执笔 | 例数 | 采用了模型文字 |", "|---|---:|---:|"]
    for writer, cases in report.writers.most_common():
        lines.append(f"| {_WRITERS[writer]} | {cases:,} | {report.by_model[writer]:,} |")
    told = Counter(lie for each in report.judged for lie in each.lies)
    if told:
        lines += ["", "规则没有认出、进了稿件的谎话："]
        lines += [f"- “{lie}” {count} 次" for lie, count in told.most_common()]
    lines += ["", "模型的稿子没有通过时改用内置模板引擎；已审批的文本从不由模型改写。"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _shown(name: str, metric: Metric) -> str:
    return f"{metric.value:.3f}" if name.startswith("overlap") else f"{metric.value:.1%}"


def _count(judged: Sequence[Judged], wrong: Callable[[Judged], bool]) -> Metric:
    return _share(sum(map(wrong, judged)), len(judged))


def _share(number: int, of: int) -> Metric:
    return Metric(number / of if of else 0.0, number, of)


def _mean(values: Sequence[float]) -> Metric:
    return Metric(sum(values) / len(values) if values else 0.0, sum(values), len(values))


def _pairs(judged: Sequence[Judged]) -> Iterator[float]:
    """The overlap of pairs of drafts, drawn at random."""
    chance = random.Random(SEED)
    for _ in range(min(_MOST_PAIRS, len(judged) * (len(judged) - 1) // 2)):
        left, right = chance.sample(judged, 2)
        yield overlap(left.grams, right.grams)


def _pairs_within(judged: Sequence[Judged]) -> Iterator[float]:
    """The overlap of drafts for the same product on the same channel, about other reasons."""
    for group in _by_product(judged).values():
        for number, left in enumerate(group):
            for right in group[number + 1 :]:
                if left.reason != right.reason:
                    yield overlap(left.grams, right.grams)


def _identical(judged: Sequence[Judged]) -> int:
    """Drafts whose words another draft has too, though another reason leads it."""
    count = 0
    for group in _by_product(judged).values():
        reasons = defaultdict(set)
        for each in group:
            if each.reason:
                reasons[each.grams].add(each.reason)
        count += sum(len(different) for different in reasons.values() if len(different) > 1)
    return count


def _by_product(judged: Sequence[Judged]) -> Mapping[tuple[str, str], list[Judged]]:
    groups: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for each in judged:
        groups[each.product_code, each.channel.value].append(each)
    return groups
