"""Writes bot/understanding/data/language.tsv: what groups of letters say about the language.

    .venv/bin/python scripts/train_language.py            # learn from all of nlu/*.yml
    .venv/bin/python scripts/train_language.py --folds 4  # only measure, voice by voice

A softmax regression over the same letter groups that `bot/understanding/language.py` reads, with
nothing but Python: half a minute. See docs/decisions/0014-language.md.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.understanding.language import LANGUAGES, UNIT, Letters, groups_of, words_of  # noqa: E402
from nlu.evaluation.examples import read_corpus  # noqa: E402

TARGET = ROOT / "bot/understanding/data/language.tsv"
MIXED_VOICES = frozenset({"es-xx-05"})
"""Voices that mix two languages in most of their messages, though they count as one."""

RARE, COMMON, EPOCHS, STEP, SURE, SLIGHT = 12, 30, 6, 0.15, 0.995, 0.1


@dataclass(frozen=True)
class Example:
    """One message, the index of its language, and who wrote it."""

    text: str
    language: int
    voice: str


def examples() -> list[Example]:
    """What the voices wrote, but for requests for another language, often made in that one."""
    return [
        Example(one.text, LANGUAGES.index(one.language), one.voice)
        for one in read_corpus()
        if one.intent != "change_language"
    ]


def learn(given: list[Example]) -> Letters:
    """Weights in units, of the groups that are neither rare nor nearly silent."""
    texts = [words_of(example.text) for example in given]
    uses = Counter(word for words in texts for word in words)
    known: Counter[str] = Counter()
    for word, times in uses.items():
        for group in set(groups_of(word)):
            known[group] += times
    number = {group: i for i, group in enumerate(sorted(g for g in known if known[g] >= RARE))}
    of_word = {word: [number[g] for g in groups_of(word) if g in number] for word in uses}
    weights = [[0.0] * len(number) for _ in LANGUAGES]
    seen = [10.0] * len(number)
    share = Counter(example.language for example in given)
    order, chance = list(range(len(given))), random.Random(0)  # noqa: S311
    for _ in range(EPOCHS):
        chance.shuffle(order)
        for i in order:
            found = [group for word in texts[i] for group in of_word[word]]
            if not found:
                continue
            right = given[i].language
            pick = itemgetter(*found, found[0])
            scores = [sum(pick(row)[:-1]) for row in weights]
            top = max(scores)
            odds = [math.exp(score - top) for score in scores]
            if odds[right] / sum(odds) > SURE:
                continue
            for group in set(found):
                seen[group] += 1
            pull = STEP * len(given) / len(LANGUAGES) / share[right]
            for k, row in enumerate(weights):
                step = pull * (odds[k] / sum(odds) - (k == right))
                for group in found:
                    row[group] -= step / math.sqrt(seen[group])
    rows = {group: _around_zero([row[i] for row in weights]) for group, i in number.items()}
    return {
        group: [round(value / UNIT) for value in row]
        for group, row in rows.items()
        if max(map(abs, row)) >= SLIGHT or (group.strip() in uses and known[group] >= COMMON)
    }


def _around_zero(row: list[float]) -> list[float]:
    middle = sum(row) / len(row)
    return [value - middle for value in row]


def write(letters: Letters) -> None:
    """Sorted, so that a new training shows as what has changed."""
    lines = [
        "# What a group of letters says for Spanish, Portuguese and English: twentieths of a logit.",
        "# A space is the edge of a word. Learnt, never written by hand: scripts/train_language.py.",
        "# Source: nlu/*.yml, our own examples by voices; docs/decisions/0014-language.md.",
        *("\t".join([group, *map(str, row)]) for group, row in sorted(letters.items())),
    ]
    TARGET.write_text("\n".join(lines) + "\n", "utf-8")


def measure(given: list[Example], folds: int) -> None:
    """Right and all, by number of words, where no voice is both learnt from and tested on."""
    voices = sorted({example.voice for example in given})
    random.Random(0).shuffle(voices)  # noqa: S311
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for fold in range(folds):
        held = set(voices[fold::folds])
        letters = learn([e for e in given if e.voice not in held | MIXED_VOICES])
        for example in given:
            if example.voice in held:
                words = words_of(example.text)
                scores = [0, 0, 0]
                for word in words:
                    for group in groups_of(word):
                        for k, weight in enumerate(letters.get(group, ())):
                            scores[k] += weight
                size = next(
                    s
                    for n, s in ((3, "1-2"), (5, "3-4"), (9, "5-8"), (999, "9+"))
                    if len(words) < n
                )
                total[size] += 1
                right[size] += scores.index(max(scores)) == example.language
    for size in sorted(total):
        sys.stdout.write(f"{size} words: {right[size] / total[size]:.4f} of {total[size]}\n")


def main() -> None:
    """Learn and write, or measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, default=0)
    folds = parser.parse_args().folds
    given = examples()
    if folds:
        measure(given, folds)
    else:
        write(learn([e for e in given if e.voice not in MIXED_VOICES]))


if __name__ == "__main__":
    main()
