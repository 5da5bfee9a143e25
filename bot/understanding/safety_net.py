"""The net under the classifier: danger to life and "leave me alone" are never missed by chance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from bot.understanding.text import fold

_LONGEST_BARE = 4
"""Words that a bare keyword may consist of once fillers are gone ("stop stop stop")."""

_SHORTEST_TYPO = 4
_REPEATED = re.compile(r"(?<!\\)([a-z])\1+")
_PART = re.compile(r"<(\w+)>")
_SPELT_OUT = re.compile(r"\b(?:[a-z] ){3,}[a-z]\b")
_BLOT = " ~ "


@dataclass(frozen=True, slots=True)
class _Net:
    """One list: what is looked for, and what is not meant by it."""

    patterns: re.Pattern[str]
    exceptions: re.Pattern[str]
    near: tuple[str, ...]

    def catches(self, folded: str) -> bool:
        """Whether something of the list is left once the exceptions are blotted out."""
        text = self.exceptions.sub(_BLOT, folded)
        return self.patterns.search(text) is not None or any(
            _is_typo(word, self.near) for word in text.split() if len(word) >= 7
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
    loaded = yaml.safe_load(files(__package__).joinpath(f"data/{name}.yml").read_text("utf-8"))
    return dict(loaded)


@cache
def _crisis() -> _Net:
    data = _read("crisis")
    near = tuple(fold(word) for word in data["near"])
    return _Net(_compiled(data, "patterns", end=r"\b"), _compiled(data, "exceptions"), near)


@cache
def _opt_out() -> tuple[_Net, _Keywords, dict[int, str]]:
    data = _read("opt_out")
    words = frozenset(fold(word).replace(" ", "") for word in data["keywords"].split())
    exact = {fold(word) for word in data["exact"]}
    keywords = _Keywords(
        words=words,
        forgiving=tuple(sorted(words - exact)),
        fillers=frozenset(fold(word) for word in data["fillers"].split()),
        not_typos=frozenset(fold(word) for word in data["not_typos"].split()),
    )
    net = _Net(_compiled(data, "phrases", end=r"\b"), _compiled(data, "exceptions"), ())
    return net, keywords, {ord(emoji): " stop " for emoji in data["emoji"]}


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
