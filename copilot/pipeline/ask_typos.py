"""Words written with a character of the same sound: 「挂试」 for 「挂失」."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

#: Sounds that many speakers and keyboards do not keep apart.
_MERGED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))
_HAN = re.compile(r"[\u3400-\u9fff]{2,6}")


class Typos:
    """Mends words of a vocabulary that a text spells by sound.

    Args:
        sounds: syllable → the characters read so.
        vocabulary: the words that may be meant.
        ordinary: texts whose neighbouring characters are no slips.
    """

    def __init__(
        self, sounds: Mapping[str, str], vocabulary: Iterable[str], ordinary: Iterable[str]
    ) -> None:
        self._sound = {c: _merged(s) for s, characters in sounds.items() for c in characters}
        self._known = {a + b for text in ordinary for a, b in pairwise(text)}
        self._words: dict[tuple[str, ...], str] = {}
        for word in sorted(w for w in vocabulary if _HAN.fullmatch(w)):
            self._words.setdefault(self._spoken(word), word)
        self._lengths = sorted({len(spoken) for spoken in self._words}, reverse=True)

    def mended(self, text: str) -> str:
        """The text with such words put right; one character of a word may be wrong.

        >>> Typos({"gua": "挂", "shi": "失试"}, ["挂失"], ["卡丢了"]).mended("挂试以后")
        '挂失以后'
        """
        start = 0
        while start < len(text):
            for length in self._lengths:
                piece = text[start : start + length]
                word = self._words.get(self._spoken(piece)) if len(piece) == length else None
                around = text[max(0, start - 1) : start], text[start + length : start + length + 1]
                if word and word != piece and self._slip(piece, word, around):
                    text = text[:start] + word + text[start + length :]
                    start += length - 1
                    break
            start += 1
        return text

    def _slip(self, piece: str, word: str, around: tuple[str, str]) -> bool:
        """Whether a piece is the word with one character wrong, and no part of other words.

        「股市明天」 holds 「市明」, which sounds like 「失明」: 「股市」 is known, so it stays.
        """
        before, after = around
        wrong = [n for n, (a, b) in enumerate(zip(piece, word, strict=True)) if a != b]
        if len(wrong) != 1:
            return False
        at = wrong[0]
        whole, at = before + piece + after, at + len(before)
        pairs = [whole[n : n + 2] for n in (at - 1, at) if 0 <= n < len(whole) - 1]
        return not any(pair in self._known for pair in pairs)

    def _spoken(self, text: str) -> tuple[str, ...]:
        return tuple(self._sound.get(c, c) for c in text)


@lru_cache(maxsize=2)
def sounds(knowledge: Path) -> Mapping[str, str]:
    """Syllable → characters, from the language files of a knowledge folder or the shipped ones."""
    from copilot.compliance.language_files import read_sounds
    from copilot.paths import shipped

    own = knowledge / "rules"
    return read_sounds(own if (own / "language").is_dir() else shipped("knowledge") / "rules")


def _merged(syllable: str) -> str:
    for full, short in _MERGED:
        syllable = syllable.replace(full, short)
    return syllable
