"""`make corpus-check`: are the examples sound? Errors would teach the model wrong things."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nlu.components.taxonomy import STANCE_OF
from nlu.evaluation.examples import LANGUAGES, ROOT, Example, Voice, read_corpus, read_voices
from nlu.evaluation.likeness import bare, pieces, plain
from nlu.evaluation.messages import HELDOUT_FILES, Message, heldout

FEWEST = {"es": 120, "pt": 80, "en": 60}
"""Examples that each intent needs in each language."""

_ACCENT = re.compile("[áàâãéêíóôõúüñç]", re.IGNORECASE)
_ACCENTED = {"es": (0.15, 0.85), "pt": (0.2, 0.9)}
"""Which share of an intent's examples may have an accent: some people type them, some do not."""

_LEAST_SHARE = {"es": 0.35, "pt": 0.2, "en": 0.2}
"""Of all examples; Spanish comes first because most debtors write it."""

_ALIKE = 0.9
_POLARITY = frozenset(["no", "nao", "not", "si", "sim", "yes", "yeah"])
"""Two texts that differ in these alone are meant to differ."""

_RARE = 200
_SHARED = 0.4
"""Of the likeness, how much must lie in pieces that at most `_RARE` texts have."""

_AT_ONCE = 2_000
_WORDS_OF_A_LEAK = 6
"""Shorter messages ("número equivocado", "stop") are written the same by everybody."""


class Finding(NamedTuple):
    """Something to look at in the corpus."""

    kind: str
    where: str
    what: str


class Report(NamedTuple):
    """What a check found."""

    errors: list[Finding]
    warnings: list[Finding]

    def as_json(self) -> dict[str, Any]:
        """For the command that asked."""
        return {
            "errors": [finding._asdict() for finding in self.errors],
            "warnings": [finding._asdict() for finding in self.warnings],
        }


def check(folder: Path = ROOT / "nlu") -> Report:
    """Everything there is to say about the examples of a folder."""
    measuring = [message for name in HELDOUT_FILES for message in heldout(name)]
    return check_these(read_corpus(folder), read_voices(folder), measuring)


def check_these(
    corpus: Sequence[Example], voices: dict[str, Voice], measuring: Sequence[Message]
) -> Report:
    """Everything there is to say about these examples."""
    leaks = list(leaked(corpus, measuring))
    errors = [
        *unknown_intents(corpus),
        *unknown_voices(corpus, voices),
        *twins(corpus),
        *thin(corpus),
        *one_kind_of_spelling(corpus),
        *unbalanced(corpus),
        *(finding for finding, words in leaks if words >= _WORDS_OF_A_LEAK),
    ]
    warnings = [
        *near_twins(corpus),
        *(finding for finding, words in leaks if words < _WORDS_OF_A_LEAK),
    ]
    return Report(errors, warnings)


def unknown_intents(corpus: Sequence[Example]) -> Iterator[Finding]:
    """Examples of intents that the taxonomy does not have."""
    for example in corpus:
        if example.intent not in STANCE_OF:
            yield Finding("unknown intent", example.where, example.intent)


def unknown_voices(corpus: Sequence[Example], voices: dict[str, Voice]) -> Iterator[Finding]:
    """Voices that `voices.csv` does not introduce, or that speak another language there."""
    seen = set()
    for example in corpus:
        key = (example.voice, example.language)
        if key in seen:
            continue
        seen.add(key)
        if example.voice not in voices:
            yield Finding("unknown voice", example.where, f"{example.voice}: not in voices.csv")
        elif voices[example.voice].language != example.language:
            other = voices[example.voice].language
            yield Finding(
                "unknown voice",
                example.where,
                f"{example.voice} speaks {other} in voices.csv, {example.language} here",
            )


def twins(corpus: Sequence[Example]) -> Iterator[Finding]:
    """Texts that read the same to the classifier and are labelled differently."""
    first: dict[str, Example] = {}
    for example in corpus:
        before = first.setdefault(plain(example.text), example)
        if before.intent != example.intent:
            yield Finding(
                "two intents",
                example.where,
                f"{example.text!r} is {example.intent}, but {before.intent} at {before.where}",
            )


def near_twins(corpus: Sequence[Example]) -> Iterator[Finding]:
    """Texts that are nearly the same and are labelled differently: one of them may be wrong."""
    first: dict[tuple[str, str], Example] = {}
    for example in corpus:
        first.setdefault((bare(example.text), example.intent), example)
    examples, texts = list(first.values()), [text for text, _ in first]
    intents = np.array([intent for _, intent in first])
    for one, other, alike in _alike(texts, intents):
        differ = set(texts[one].split()) ^ set(texts[other].split())
        if differ and differ <= _POLARITY:
            continue
        a, b = examples[one], examples[other]
        yield Finding(
            "near twins",
            f"{a.where} and {b.where}",
            f"{a.text!r} ({a.intent}) and {b.text!r} ({b.intent}): {alike:.2f}",
        )


def _alike(texts: Sequence[str], intents: np.ndarray) -> list[tuple[int, int, float]]:
    """Pairs with different intents whose letters agree, found by the rare pieces they share.

    Comparing all pairs would take minutes; only those that share rare pieces can be alike.
    """
    if len(texts) < 2:
        return []
    whole = pieces().fit_transform(texts).tocsr()
    often = np.bincount(whole.indices, minlength=whole.shape[1])
    rare = whole[:, often <= _RARE]
    found = []
    for start in range(0, len(texts), _AT_ONCE):
        # What is before `start` has been compared with these already.
        shared = (rare[start : start + _AT_ONCE] @ rare[start:].T).tocoo()
        row, column = shared.row + start, shared.col + start
        kept = (column > row) & (shared.data >= _SHARED) & (intents[row] != intents[column])
        row, column = row[kept], column[kept]
        alike = np.asarray(whole[row].multiply(whole[column]).sum(axis=1)).ravel()
        found += [
            (int(row[place]), int(column[place]), float(alike[place]))
            for place in np.flatnonzero(alike >= _ALIKE)
        ]
    return sorted(found, key=lambda pair: -pair[2])


def thin(corpus: Sequence[Example]) -> Iterator[Finding]:
    """Intents with too few examples in a language."""
    count = Counter((example.intent, example.language) for example in corpus)
    places = {example.intent: example.file.name for example in corpus}
    for intent in STANCE_OF:
        for language, fewest in FEWEST.items():
            if count[intent, language] < fewest:
                what = f"{intent}: {count[intent, language]} of at least {fewest} in {language}"
                yield Finding("thin intent", places.get(intent, "nowhere"), what)


def one_kind_of_spelling(corpus: Sequence[Example]) -> Iterator[Finding]:
    """Intents whose examples are nearly all with, or nearly all without, accents.

    The classifier folds accents away; this keeps the corpus fit for one that does not, and shows
    where only one kind of person was thought of.
    """
    spelt: dict[tuple[str, str], list[bool]] = defaultdict(list)
    places = {example.intent: example.file.name for example in corpus}
    for example in corpus:
        spelt[example.intent, example.language].append(bool(_ACCENT.search(example.text)))
    for (intent, language), found in sorted(spelt.items()):
        if language in _ACCENTED:
            share = sum(found) / len(found)
            least, most = _ACCENTED[language]
            if not least <= share <= most:
                what = f"{intent}: {share:.0%} of the {language} examples have an accent"
                yield Finding("one kind of spelling", places[intent], what)


def unbalanced(corpus: Sequence[Example]) -> Iterator[Finding]:
    """Languages with too small a part of the whole."""
    count = Counter(example.language for example in corpus)
    for language in LANGUAGES:
        share = count[language] / max(1, len(corpus))
        if share < _LEAST_SHARE[language]:
            what = f"{language} has {share:.0%} of the examples, of at least {_LEAST_SHARE[language]:.0%}"
            yield Finding("unbalanced", "nlu/", what)


def leaked(
    corpus: Sequence[Example], measuring: Sequence[Message]
) -> Iterator[tuple[Finding, int]]:
    """Messages that measure and also train, with the number of their words."""
    known = {plain(message.text): message.text for message in measuring}
    for example in corpus:
        text = known.get(plain(example.text))
        if text is not None:
            yield Finding("held-out text", example.where, repr(text)), len(text.split())
