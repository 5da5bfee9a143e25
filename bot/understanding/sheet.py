"""The message on the desk: what one reader has understood is blotted out before the next looks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import Match, Pattern

from bot.understanding.hints import letters_in, needed, suited

BLOT = "•"
NEAR = 160
"""Characters around a value in which words can bear on it."""

_MOST = 10
"""Matches of one kind that are looked at; no person names more in a message."""


class Sheet:
    """A text whose read parts turn into blots, so that a day is not taken for an amount.

    `text` is what is still to be read, `said` all of it; the same place is the same in both.
    """

    def __init__(self, text: str) -> None:
        self.text = self.said = text.replace(BLOT, " ")
        self._letters = letters_in(self.said)

    def find(self, pattern: Pattern[str]) -> Iterator[Match[str]]:
        """Every match of `pattern` in what is still to be read, as it changes on the way."""
        wanted = needed(pattern)
        if wanted and wanted.isdisjoint(self._letters):
            return
        pattern = suited(pattern, self.said)
        at = 0
        for _ in range(_MOST):
            match = pattern.search(self.text, at)
            if match is None:
                return
            yield match
            at = max(match.end(), at + 1)

    def before(self, at: int) -> str:
        """What is said before `at`, as far as it can bear on it."""
        return self.text[max(0, at - NEAR) : at]

    def blot(self, start: int, end: int) -> None:
        """Take `start` to `end` as read."""
        self.text = self.text[:start] + BLOT * (end - start) + self.text[end:]


def either(words: Iterable[str]) -> str:
    """A regular expression for any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
