"""What every replay has in common: parts to compare, and what of the records has changed since."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from copilot.errors import NotFound
from copilot.pipeline import evidence
from copilot.records.knowledge import Passage
from copilot.store.audit import canonical_json

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

_CALLED = {
    "text": "正文",
    "layout": "表格与图",
    "talking_points": "沟通要点",
    "variants": "其他谈法",
    "citations": "引文",
    "verdict": "检查结论",
}
MOST_FIGURES = 12


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a draft as it was kept and as it was written again."""

    name: str
    kept: Any
    again: Any

    @staticmethod
    def called(name: str) -> str:
        """What a part is called."""
        return _CALLED[name]


@dataclass(frozen=True, slots=True)
class Again(ABC):
    """A stored draft and the workbench of its day.

    ``bench`` is today's, for what has changed; ``then`` has the asker's rights, the draft's date
    and the recorded replies in the model's place. ``needs`` are the keys of evidence without
    which nothing can be written again.
    """

    needs: ClassVar[frozenset[str]] = frozenset()

    bench: Workbench
    then: Workbench
    document: Mapping[str, Any]
    proof: Mapping[str, Any]

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """Each part of the draft, as kept and as written again."""

    @abstractmethod
    def changes(self) -> Iterator[str]:
        """What is different today."""

    def versions_changed(self, versions: Mapping[str, Any]) -> Iterator[str]:
        """Rules, data and prompts that are others now."""
        for name, key, now in (
            ("规则包", "rule_pack", self.bench.checker.pack_version),
            ("数据", "data_generation", self.bench.generation.generation_id),
        ):
            if versions[key] != now:
                yield f"{name}：{versions[key]} → {now}"
        yield from self._prompts_changed(versions.get("prompts", ()))

    def _prompts_changed(self, prompts: Iterable[str]) -> Iterator[str]:
        from copilot.llm.prompts import load_prompt

        for reference in dict.fromkeys(prompts):
            prompt_id = reference.partition("@")[0]
            now = load_prompt(self.bench.settings.prompts_dir, prompt_id).reference
            if now != reference:
                yield f"提示词：{reference} → {now}"

    def products_changed(self, products: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Products whose record is another now, field by field."""
        for then in products:
            code = then["product_code"]
            try:
                now = evidence.product_snapshot(self.bench.product(code))
            except NotFound:
                yield f"产品 {code}：没有现行版本"
                continue
            now = json.loads(canonical_json(now))
            for name in sorted({*then, *now}):
                if then.get(name) != now.get(name):
                    yield f"产品 {code} 的 {name}：{then.get(name)} → {now.get(name)}"

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passages that the draft rests on, as far as they are still there."""
        return tuple(self._passages())

    def _passages(self) -> Iterator[Passage]:
        knowledge = self.then.store.knowledge(self.then.principal)
        for kept in self.proof.get("passages", ()):
            try:
                yield knowledge.passage(kept["passage_id"])
            except NotFound:
                continue

    def passages_changed(self) -> Iterator[str]:
        """Passages that read otherwise now, or are gone."""
        there = evidence.passage_snapshot(self.passages)
        for kept in self.proof.get("passages", ()):
            if kept not in there:
                yield f"资料 {kept['passage_id']}：已改动或已撤下"


#: Figures by name, each with its label and the words that state it.
Figures = Mapping[str, tuple[str, str]]


def figures_changed(kept: Figures, now: Figures) -> Iterator[str]:
    """Figures that the records give otherwise now; a few of them."""
    changed = [name for name in kept if now.get(name) != kept[name]]
    for name in changed[:MOST_FIGURES]:
        label, words = kept[name]
        yield f"数字 {label}：{words} → {now[name][1] if name in now else '没有'}"
    if len(changed) > MOST_FIGURES:
        yield f"数字：另有{len(changed) - MOST_FIGURES}项与现在的记录不同"
