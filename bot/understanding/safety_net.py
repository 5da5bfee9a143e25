"""The net under the classifier: danger to life and "leave me alone" are never missed by chance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from bot.kit.yaml_file import parse_yaml
from bot.understanding.hints import suited
from bot.understanding.language import everyday_words
from bot.understanding.text import fold

_LONGEST_BARE = 4
"""Words that a bare keyword may consist of once fillers are gone ("stop stop stop")."""

_SHORTEST_TYPO = 4
_SHORTEST_RESTORED = 5
_SHORTEST_WITH_TWO_TYPOS = 10
_SHORTEST_NEAR = 7
_JOINED = range(7, 40)
"""Lengths of a word that may be several without their spaces."""

_LONGEST_PIECE = 14
_OTHER_PIECE = 3
_NO_PIECE = 1_000
"""What a piece costs that is not one of the list's own, and what is none."""

_REPEATED = re.compile(r"(?<!\\)([a-z])\1+")
_PART = re.compile(r"<(\w+)>")
_SPELT_OUT = re.compile(r"\b(?:[a-z] ){3,}[a-z]\b")
_WHOLE_WORD = re.compile(r"(?<![a-z\\\])*+?])[a-z]{5,}(?![a-z\\\[(?*+])")
_BLOT = " ~ "
_TELLING = 4
"""Letters from which a word beside an idiom may tell something ("y ya no es" does not)."""

_NEEDS_NO_REASON = 2
"""Telling words beside an idiom that need no explanation ("me muero de risa, oye")."""

_WORDS_TO_AN_ORDINARY_ONE = 5
"""So many telling words must have one of everyday business among them."""


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How the words of one list are mistyped, and which everyday words only look like it."""

    keys: dict[int, tuple[str, ...]]
    """By the length of the word that may be meant for one of them."""

    right: frozenset[str]
    pieces: dict[str, int]
    short: tuple[tuple[re.Pattern[str], str], ...]

    def restored(self, folded: str) -> str:
        """`folded` with its abbreviations, missing spaces and one-letter mistakes put right."""
        for pattern, long in self.short:
            folded = pattern.sub(long, folded)
        words = folded.split()
        right = {word: self._word(word) for word in set(words)}
        return " ".join(right[word] for word in words)

    def _word(self, word: str) -> str:
        if word in self.right or len(word) < _SHORTEST_RESTORED:
            return word
        if len(word) in _JOINED and (parts := self._apart(word)):
            return " ".join(parts)
        edits = _edits(len(word))
        found = extractOne(
            word, self.keys.get(len(word), ()), scorer=OSA.distance, score_cutoff=edits
        )
        return str(found[0]) if found else word

    def _apart(self, word: str) -> list[str]:
        """The likeliest pieces that make up `word`; none where something is left over.

        Two may share a letter, for folding wrote it once: "dejenmeenpaz" is "dejenmenpaz".
        """
        best: list[tuple[int, list[str]] | None] = [(0, []), *([None] * len(word))]
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - _LONGEST_PIECE), end):
                before = best[start]
                if before is None:
                    continue
                for piece in (word[start:end], word[max(start - 1, 0) : end]):
                    here, cost = best[end], before[0] + self.pieces.get(piece, _NO_PIECE)
                    if cost < (here[0] if here else _NO_PIECE):
                        best[end] = cost, [*before[1], piece]
        found = best[-1]
        return found[1] if found and len(found[1]) > 1 else []


@dataclass(frozen=True, slots=True)
class _Net:
    """One list: what is looked for, and what is not meant by it."""

    patterns: re.Pattern[str]
    exceptions: re.Pattern[str]
    near: tuple[str, ...]
    spelling: _Spelling

    def catches(self, folded: str) -> bool:
        """Whether something of the list is left once the exceptions are blotted out.

        As typed, or with its slips put right.
        """
        exceptions = suited(self.exceptions, folded)
        left = exceptions.sub(_BLOT, folded)
        if self._says(left):
            return True
        restored = self.spelling.restored(left)
        return restored != left and self._says(exceptions.sub(_BLOT, restored))

    def _says(self, left: str) -> bool:
        return suited(self.patterns, left).search(left) is not None or any(
            _is_typo(word, self.near) for word in left.split() if len(word) >= _SHORTEST_NEAR
        )


@dataclass(frozen=True, slots=True)
class _Keywords:
    """Single words that say all when they are all that is said."""

    words: frozenset[str]
    forgiving: tuple[str, ...]
    fillers: frozenset[str]
    not_typos: frozenset[str]

    def are_all_of(self, folded: str) -> bool:
        """Whether the message consists of keywords and politeness."""
        said = [word for word in folded.split() if word not in self.fillers - self.words]
        return 0 < len(said) <= _LONGEST_BARE and all(self._is_one(word) for word in said)

    def _is_one(self, word: str) -> bool:
        return word in self.words or (
            word not in self.not_typos
            and len(word) >= _SHORTEST_TYPO
            and _is_typo(word, self.forgiving)
        )


def _edits(length: int) -> int:
    return 1 + (length >= _SHORTEST_WITH_TWO_TYPOS)


def _is_typo(word: str, of: Iterable[str]) -> bool:
    return extractOne(word, of, scorer=OSA.distance, score_cutoff=1) is not None


def _once(pattern: str) -> str:
    """`pattern` with doubled letters written once, as they are in folded text."""
    return _REPEATED.sub(r"\1", pattern)


def _compiled(data: dict[str, Any], section: str, *, end: str = "") -> re.Pattern[str]:
    parts = {
        name: re.sub(r"\s+(?=\|)|\n", "", part) for name, part in data.get("parts", {}).items()
    }
    entries = [
        _PART.sub(lambda match: parts[match[1]], entry)
        for entries in data[section].values()
        for entry in entries
    ]
    return re.compile(rf"\b(?:{'|'.join(_once(entry) for entry in entries)}){end}")


def _read(name: str) -> dict[str, Any]:
    loaded = parse_yaml(files(__package__).joinpath(f"data/{name}.yml").read_text("utf-8"))
    return dict(loaded)


def _words_in(pattern: re.Pattern[str]) -> frozenset[str]:
    """The whole words, of some length, that `pattern` is written with."""
    return frozenset(_WHOLE_WORD.findall(pattern.pattern))


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split())


def _spelling(data: dict[str, Any], not_typos: str, *lists: re.Pattern[str]) -> _Spelling:
    everyday = {fold(word) for word in everyday_words()}
    keys = _folded(data["keys"]).union(*map(_words_in, lists))
    pieces = {word: _OTHER_PIECE for word in everyday | keys if len(word) > 1}
    pieces |= dict.fromkeys(_folded(data["pieces"]), 1)
    return _Spelling(
        keys={
            length: tuple(k for k in sorted(keys) if abs(len(k) - length) <= _edits(length))
            for length in range(_SHORTEST_RESTORED, 30)
        },
        right=_folded(not_typos).union(pieces),
        pieces=pieces,
        short=tuple((re.compile(pattern), long) for pattern, long in data["short"]),
    )


@cache
def _crisis() -> _Net:
    data = _read("crisis")
    patterns, exceptions = _compiled(data, "patterns", end=r"\b"), _compiled(data, "exceptions")
    return _Net(
        patterns=patterns,
        exceptions=exceptions,
        near=tuple(fold(word) for word in data["near"]),
        spelling=_spelling(data, data["not_typos"], patterns, exceptions),
    )


@cache
def _opt_out() -> tuple[_Net, _Keywords, dict[int, str]]:
    data = _read("opt_out")
    words = frozenset(fold(word).replace(" ", "") for word in data["keywords"].split())
    exact = {fold(word) for word in data["exact"]}
    keywords = _Keywords(
        words=words,
        forgiving=tuple(sorted(words - exact)),
        fillers=_folded(data["fillers"]),
        not_typos=_folded(data["not_typos"]),
    )
    patterns, exceptions = _compiled(data, "phrases", end=r"\b"), _compiled(data, "exceptions")
    spelling = _spelling(data, data["misread"], patterns, exceptions)
    net = _Net(patterns=patterns, exceptions=exceptions, near=(), spelling=spelling)
    return net, keywords, {ord(emoji): " stop " for emoji in data["emoji"]}


@dataclass(frozen=True, slots=True)
class _Borrowed:
    """Speech that only borrows the words of danger, and what tells that it may be more."""

    everyday: re.Pattern[str]
    grave: re.Pattern[str]
    doubts: re.Pattern[str]
    ordinary: tuple[str, ...]

    def explains(self, folded: str, idioms: re.Pattern[str]) -> bool:
        """Whether idioms and business account for every word of `folded`."""
        left = idioms.sub(_BLOT, self.everyday.sub(_BLOT, folded))
        if left == folded or self.grave.search(folded) or self.doubts.search(left):
            return False
        words = [word for word in left.split() if len(word) >= _TELLING]
        if len(words) <= _NEEDS_NO_REASON:
            return True
        plain = sum(word.startswith(self.ordinary) for word in words)
        return plain * _WORDS_TO_AN_ORDINARY_ONE >= len(words)


@cache
def _borrowed() -> _Borrowed:
    data = _read("borrowed")
    return _Borrowed(
        everyday=_compiled(data, "everyday", end=r"\b"),
        grave=_compiled({"grave": {"any": data["grave"]}}, "grave", end=r"\b"),
        doubts=_compiled({"doubts": {"any": data["doubts"]}}, "doubts", end=r"\b"),
        ordinary=tuple(sorted(_folded(data["ordinary"]))),
    )


def only_borrows(text: str) -> bool:
    """Whether `text` has the words of danger only in sayings ("me matan los intereses").

    For what the model alone takes for a crisis; in doubt no. What the net catches is never set
    aside.
    """
    folded = fold(text)
    return not _crisis().catches(folded) and _borrowed().explains(folded, _crisis().exceptions)


def check(text: str) -> Literal["crisis", "opt_out"] | None:
    """Whether `text` speaks of danger to life, or asks to be left alone; the former first.

    A bare word ("STOP", "baja", with a typo or an emoji) counts only where it is the message:
    "stop, ya pague" is about a payment, "para el viernes" about a day.
    """
    net, keywords, emoji = _opt_out()
    folded = _SPELT_OUT.sub(lambda match: match[0].replace(" ", ""), fold(text.translate(emoji)))
    if _crisis().catches(folded):
        return "crisis"
    if keywords.are_all_of(folded) or net.catches(folded):
        return "opt_out"
    return None
