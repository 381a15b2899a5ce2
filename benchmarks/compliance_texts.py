"""Texts for the compliance benchmark, made from what ships: templates, answers, rule cases."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from copilot.compliance import Pack
from copilot.compliance.compiler import read_rules
from copilot.compliance.schema import TextCase
from copilot.paths import shipped

LENGTH = 500
_SLOT = re.compile(r"\{\{ *([a-z_.]+)(?: *\| *([a-z_]+))? *\}\}")
_FILLED = {"percent": "2.35%", "amount": "5万元", "term": "180天", "date": "12月8日"}
_NAMED = {"customer.salutation": "王女士", "staff.name": "李明", "branch.name": "城东支行"}


def lawful_sentences() -> list[str]:
    """The wording of templates and answers, slots filled with something plain."""
    knowledge = shipped("knowledge")
    found: list[str] = []
    for path in sorted((knowledge / "templates").rglob("*.yaml")):
        data = yaml.safe_load(path.read_text("utf-8"))
        if isinstance(data, dict) and "text" in data:
            found.append(_SLOT.sub(_fill, data["text"]))
    for path in sorted((knowledge / "faq").rglob("*.yaml")):
        found += [entry["answer"] for entry in yaml.safe_load(path.read_text("utf-8"))]
    return found


def _fill(slot: re.Match[str]) -> str:
    """Something plain of the slot's kind, so that the text reads as a customer's would."""
    return _FILLED.get(slot[2] or "") or _NAMED.get(slot[1]) or "示例产品"


def offending_sentences() -> list[str]:
    """The texts that the Chinese rules must hit, of at most 60 characters."""
    found: list[str] = []
    for rule in read_rules(shipped("knowledge") / "rules"):
        if rule.model.language == "zh":
            for case in rule.model.cases.fail:
                text = case.text if isinstance(case, TextCase) else case
                if isinstance(text, str) and len(text) <= 60:
                    found.append(text)
    return found


def long_texts(count: int, *, offending: bool) -> list[str]:
    """Texts of 500 characters; ``offending``: each with one sentence that a rule objects to."""
    chance = random.Random(7)
    lawful, wrong = lawful_sentences(), offending_sentences()
    texts = []
    for _ in range(count):
        text = ""
        while len(text) < LENGTH:
            text += chance.choice(lawful).strip() + "。"
        if offending:
            sentence = "。" + chance.choice(wrong) + "。"
            at = chance.randrange(0, LENGTH - len(sentence))
            text = text[:at] + sentence + text[at:]
        texts.append(text[:LENGTH])
    return texts


def short_texts(count: int) -> Iterator[str]:
    """Sentences of at most 60 characters, two lawful ones to one offending."""
    chance = random.Random(11)
    parts = [p for s in lawful_sentences() for p in s.replace("\n", "。").split("。")]
    lawful, wrong = [p for p in parts if 8 <= len(p) <= 60], offending_sentences()
    for number in range(count):
        yield chance.choice(lawful if number % 3 else wrong)


def write_lines(path: Path, count: int) -> None:
    """Short texts as the input of ``check --jsonl``."""
    channels, products = ("wecom", "sms", "counter"), ("wmp", "deposit", "fund", "loan")
    with path.open("w", encoding="utf-8") as lines:
        for number, text in enumerate(short_texts(count)):
            context = {
                "product": products[number % len(products)],
                "channel": channels[number % len(channels)],
                "whole": False,
            }
            line = {"id": number, "text": text, "context": context}
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def enlarged(pack: Pack, times: int) -> Pack:
    """The pack with every rule ``times`` over, the copies with other words of the same length."""

    def altered(value: object, part: str = "") -> object:
        words = ("words", "anchors", "when", "near", "lawful", "only_with", "not_with")
        if isinstance(value, dict):
            return {key: altered(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [altered(inner, part) for inner in value]
        if isinstance(value, str) and part in words:
            return value[::-1] + _letter(copy)
        return value

    rules = [dict(rule.source) for rule in pack.rules]
    copies = []
    for copy in range(1, times):
        for rule in rules:
            if not (rule.get("lookup") or rule.get("grounding")):
                made = {k: altered(v) if k in _MATCHERS else v for k, v in rule.items()}
                copies.append({**made, "id": f"{rule['id']}-{copy}"})
    return replace(Pack.of({"language": pack.language, "rules": rules + copies}), version="copy")


_MATCHERS = ("terms", "patterns", "claims", "requires")


def _letter(copy: int) -> str:
    return chr(0x7530 + copy)


def words(pack: Pack) -> list[str]:
    """Every word of the Chinese rules and of their language's cues."""
    found = {w for cues in pack.languages["zh"].cues.words().values() for w in cues}
    for rule in pack.rules:
        if rule.language == "zh":
            for group in (rule.terms, rule.patterns, rule.requires, rule.claims):
                for matcher in group:
                    excuses = matcher.excuses
                    found.update((*excuses.lawful, *excuses.only_with, *excuses.not_with))
            found.update(w for m in rule.terms for w in m.words)
            found.update(w for m in rule.patterns for w in m.anchors)
            found.update(w for m in rule.requires for w in m.when)
            found.update(w for m in rule.claims for w in m.near)
    return sorted(found)


def regexes(pack: Pack) -> tuple[Sequence[str], Sequence[str]]:
    """The same rules as expressions: one a term, and one a matcher with its terms joined."""
    terms: list[str] = []
    joined: list[str] = []
    for rule in pack.rules:
        if rule.language != "zh":
            continue
        for matcher in rule.terms:
            terms += [re.escape(word) for word in matcher.words]
            joined.append("|".join(map(re.escape, matcher.words)))
        for pattern in rule.patterns:
            terms.append(pattern.regex)
            joined.append(pattern.regex)
        for element in rule.requires:
            terms.append(element.present)
            joined.append(element.present)
    return terms, joined
