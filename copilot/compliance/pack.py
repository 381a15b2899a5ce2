"""The compiled rule pack: one JSON file, named by the hash of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from copilot.compliance.activation import PACKS, in_force, read_schedule
from copilot.compliance.language import MAIN, Folds, Language
from copilot.compliance.rules import CORE, PatternMatcher, Rule
from copilot.errors import NotFound, StateError
from copilot.files import write_whole

SHIPPED = Path("rules") / "pack.json"
_HASH_LENGTH = 16
PatternKey = tuple[str, tuple[str, ...]]
Ways = Sequence[Sequence[Sequence[str]]]
_VERSION_END = b",\n"  # behind the version, in the first line of the file


@dataclass(frozen=True)
class Pack:
    """Rules and language data that passed their own cases.

    ``language`` holds the data of each language by its name, and ``ways`` for each pattern, by its
    expression and anchors, what it cannot match without (see `copilot.compliance.literals`).
    """

    version: str
    rules: tuple[Rule, ...]
    language: Mapping[str, Any]
    ways: Mapping[PatternKey, Ways]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Pack:
        """A pack from compiled content (``rules`` and ``language``), versioned by its hash."""
        from copilot.compliance.literals import ways

        rules = tuple(Rule.from_json(rule) for rule in content["rules"])
        prose = "\n".join(text for rule in rules for text in (rule.why, rule.suggestion)).lower()
        found = {key: ways(*key, prose) for key in _patterns(rules)}
        pack = cls("", rules, content["language"], found)
        return replace(pack, version=_hash(pack.body().encode()))

    @classmethod
    def read(cls, path: Path) -> Pack:
        """A pack from its file.

        Raises:
            StateError: the file is absent, is no pack, or was changed after it was compiled.
        """
        try:
            text = path.read_bytes()
            data = json.loads(text)
            version, entries, language = data["version"], data["rules"], data["language"]
            ways = data["ways"]
        except FileNotFoundError:
            raise StateError(
                "没有可用的规则包。",
                next="请运行 `copilot rules compile` 生成规则包。",
                file=str(path),
            ) from None
        except (OSError, ValueError, KeyError, TypeError):
            raise StateError(
                "规则包无法读取。", next="请重新运行 `copilot rules compile`。", file=str(path)
            ) from None
        if _hash(text.partition(_VERSION_END)[2]) != version:
            raise StateError(
                f"规则包内容与版本号 {version} 不符，可能被改动过。",
                next="请重新运行 `copilot rules compile`。",
                file=str(path),
            )
        rules = tuple(map(Rule.from_json, entries))
        return cls(version, rules, language, dict(zip(_patterns(rules), ways, strict=True)))

    def write(self, path: Path) -> None:
        """Write the pack to ``path``, whole or not at all."""
        write_whole(path, self.as_text())

    def as_text(self) -> str:
        """The file's content, stable for the same rules: one line a rule."""
        return f'{{"version": "{self.version}"{_VERSION_END.decode()}{self.body()}'

    def body(self) -> str:
        """The file without its first line: what the version is the hash of."""
        rules = ",\n".join(_json(rule.source) for rule in self.rules)
        return (
            f'"language": {_json(self.language)},\n"rules": [\n{rules}\n],\n'
            f'"ways": {_json([*self.ways.values()])}}}\n'
        )

    def rule(self, rule_id: str) -> Rule:
        """The rule with this id.

        Raises:
            NotFound: there is none; names the nearest ids.
        """
        import difflib

        found = next((rule for rule in self.rules if rule.id == rule_id), None)
        if found is not None:
            return found
        near = difflib.get_close_matches(rule_id, [rule.id for rule in self.rules], n=3, cutoff=0.4)
        hint = f"相近的规则：{'、'.join(near)}。" if near else ""
        raise NotFound(
            f"没有规则 {rule_id}。", next=f"{hint}全部规则请用 `copilot rules list` 查看。"
        )

    def ways_of(self, pattern: PatternMatcher) -> Ways:
        """What a pattern cannot match without; of one not compiled only its anchors are known."""
        found = self.ways.get(_key(pattern))
        return found or [[[anchor.removesuffix("*") or anchor for anchor in pattern.anchors]]]

    def only(self, *rules: Rule) -> Pack:
        """A pack of these rules in the same languages, which are not built again."""
        pack = replace(self, rules=rules)
        pack.__dict__["languages"] = self.languages
        return pack

    @cached_property
    def languages(self) -> Mapping[str, Language]:
        """The languages that rules are written in, by name."""
        return {name: Language(name, data) for name, data in self.language.items()}

    @cached_property
    def jurisdictions(self) -> tuple[str, ...]:
        """Whose law the rules are, those that hold everywhere apart."""
        return tuple(sorted({rule.jurisdiction for rule in self.rules} - {CORE}))

    @property
    def normaliser(self) -> Folds:
        """The folding of the main language."""
        return self.languages[MAIN].normaliser


def _patterns(rules: Iterable[Rule]) -> list[PatternKey]:
    """Every pattern that is looked for, once."""
    return list(dict.fromkeys(_key(pattern) for rule in rules for pattern in rule.patterns))


def _key(pattern: PatternMatcher) -> PatternKey:
    return pattern.regex, pattern.anchors


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:_HASH_LENGTH]


def current_pack_path(data_dir: Path | None, knowledge_dir: Path) -> Path:
    """The pack in force in a data directory, else the one that came with the knowledge.

    Raises:
        StateError: the schedule of activated packs cannot be read.
    """
    if data_dir is not None:
        activation = in_force(read_schedule(data_dir), datetime.now(UTC))
        if activation is not None:
            return data_dir / PACKS / f"{activation.version}.json"
    return knowledge_dir / SHIPPED
