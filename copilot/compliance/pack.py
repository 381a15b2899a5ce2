"""The compiled rule pack: one JSON file, named by the hash of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from copilot.compliance.activation import PACKS, in_force, read_schedule
from copilot.compliance.language import MAIN, Folds, Language
from copilot.compliance.rules import CORE, Rule
from copilot.errors import NotFound, StateError

SHIPPED = Path("rules") / "pack.json"
_HASH_LENGTH = 16


@dataclass(frozen=True)
class Pack:
    """Rules and language data that passed their own cases.

    ``language`` holds the data of each language by its name.
    """

    version: str
    rules: tuple[Rule, ...]
    language: Mapping[str, Any]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Pack:
        """A pack from compiled content (``rules`` and ``language``), versioned by its hash."""
        return cls(
            version=content_hash(content),
            rules=tuple(Rule.from_json(rule) for rule in content["rules"]),
            language=content["language"],
        )

    @classmethod
    def read(cls, path: Path) -> Pack:
        """A pack from its file.

        Raises:
            StateError: the file is absent, is no pack, or was changed after it was compiled.
        """
        try:
            data = json.loads(path.read_text("utf-8"))
            content = {"language": data["language"], "rules": data["rules"]}
            version = data["version"]
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
        pack = cls.of(content)
        if pack.version != version:
            raise StateError(
                f"规则包内容与版本号 {version} 不符，可能被改动过。",
                next="请重新运行 `copilot rules compile`。",
                file=str(path),
            )
        return pack

    def write(self, path: Path) -> None:
        """Write the pack to ``path``, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(self.as_text(), "utf-8")
        partial.replace(path)

    def as_text(self) -> str:
        """The file's content, stable for the same rules: one line a rule."""
        language = json.dumps(self.language, ensure_ascii=False, sort_keys=True)
        rules = ",\n".join(
            json.dumps(dict(rule.source), ensure_ascii=False, sort_keys=True) for rule in self.rules
        )
        return (
            f'{{"version": "{self.version}",\n"language": {language},\n"rules": [\n{rules}\n]}}\n'
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


def content_hash(content: Mapping[str, Any]) -> str:
    """The version of compiled content."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:_HASH_LENGTH]


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
