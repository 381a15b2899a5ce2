"""The language files beside the rules: validated, folded, and safe to match with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from copilot.compliance.language import MAIN, Folds, Language
from copilot.compliance.schema import LanguageModel
from copilot.errors import InputError
from copilot.records.yaml_file import YamlFile

_SOUNDS_FILE = "zh-sounds.txt"
_SHOWN = 80
_REGEX_MEMORY = 1 << 20  # bytes of one compiled expression; the largest of ours needs a tenth


def read_languages(rules_dir: Path) -> dict[str, dict[str, Any]]:
    """The data of every language by its name, the main one among them.

    Raises:
        InputError: the main one is absent, or a file breaks the schema.
    """
    folder = rules_dir / "language"
    paths = {path.stem: path for path in sorted(folder.glob("??.yaml"))}
    if MAIN not in paths:
        missing = folder / f"{MAIN}.yaml"
        raise InputError("缺少语言数据文件。", next=f"请恢复 {missing.name}。", file=str(missing))
    return {name: _read_language(name, path) for name, path in paths.items()}


def _read_language(name: str, path: Path) -> dict[str, Any]:
    """The shared data of a language; Chinese with traditional characters and sounds filled in."""
    file = YamlFile.read(path)
    data = file.validated(LanguageModel).model_dump(exclude_none=True)
    alike = data["alike"]
    data["sounds"] = {}
    if data["script"] == "han":
        alike = {**_traditional(), **alike}
        data["sounds"] = read_sounds(path.parent.parent)
    data["alike"] = ["".join(alike), "".join(alike.values())]
    for index, pattern in enumerate(data.get("figures", {}).get("patterns", ())):
        checked_regex(file, pattern["regex"], ("figures", "patterns", index, "regex"))
    if "figures" in data:
        checked_regex(file, data["figures"]["ordinary"], ("figures", "ordinary"))
    fold = folding(name, data).fold_word
    data["cues"] = {cue: sorted({fold(w) for w in words}) for cue, words in data["cues"].items()}
    data["roles"] = {
        position: {fold_pattern(words, fold): roles for words, roles in table.items()}
        for position, table in data["roles"].items()
    }
    return data


def read_sounds(rules_dir: Path) -> dict[str, str]:
    """Syllable without tone → the common characters that are read so."""
    lines = (rules_dir / "language" / _SOUNDS_FILE).read_text("utf-8").splitlines()
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {syllable: characters for syllable, _, characters in pairs}


def folding(name: str, data: dict[str, Any]) -> Folds:
    """The folding of a language before its guarded words are known."""
    return Language(name, {**data, "sounds": {}, "guarded": []}).normaliser


def _traditional() -> dict[str, str]:
    """Traditional → simplified, character by character, for the common CJK block."""
    from opencc import OpenCC

    convert = OpenCC("t2s").convert
    pairs = ((c, convert(c)) for c in map(chr, range(0x4E00, 0xA000)))
    return {c: s for c, s in pairs if s != c and len(s) == 1}


def sounds_of(words: Sequence[str], sounds: dict[str, str]) -> dict[str, str]:
    """Only the syllables that some guarded word has."""
    needed = set("".join(words))
    return {s: characters for s, characters in sounds.items() if needed & set(characters)}


def fold_pattern(regex: str, fold: Callable[[str], str]) -> str:
    """A pattern's literal characters in folded form; its ASCII syntax untouched."""
    return re.sub(r"[^\x00-\x7f]+", lambda match: str(fold(match.group())), regex)


def checked_regex(file: YamlFile, regex: str, location: tuple[str | int, ...]) -> None:
    """Refuses what RE2 does not take: what it takes runs in linear time and little memory."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY
    try:
        re2.compile(regex, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise file.error(
            f"表达式 {regex[:_SHOWN]} 不是合法的 RE2 表达式：{reason}。",
            location,
            next="RE2 不支持回溯引用和环视，请改写。",
        ) from None
