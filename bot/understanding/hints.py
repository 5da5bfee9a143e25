"""What a text must have for a pattern to be found in it, so that the worst text is read in time.

Each pattern is taken apart once, with the parser of `re` itself, to find three letters in a row
without which it cannot match. A long message that says the same again and again, which would make
every search go through all of it, is read in two thirds of the time; one in which much is said
gains some hundredths, and one of three words loses 0.05 ms. In long messages, where it pays, a
search also stops only at the letters with which the pattern can begin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from re import Pattern
from typing import Any

LETTERS = 3
_MOST = 300
"""Strings that are kept of one pattern; with more of them nearly every text has one."""

_LONG = 1_000
"""Characters from which on a pattern is made quicker, which takes as long as reading some of them."""

_parser: Any = re._parser  # type: ignore[attr-defined]
_constants: Any = re._constants  # type: ignore[attr-defined]
_NOTHING = {_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT}
_REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT}


def letters_in(text: str) -> frozenset[str]:
    """Every three letters in a row that `text` has."""
    return frozenset({text[at : at + LETTERS] for at in range(len(text) - LETTERS + 1)})


@cache
def needed(pattern: Pattern[str]) -> frozenset[str]:
    """Letters of which every text has some in which `pattern` is found; empty where that is unknown."""
    if pattern.flags & re.IGNORECASE:
        return frozenset()
    strings = _contained(_parser.parse(pattern.pattern, pattern.flags))
    return frozenset(string[:LETTERS] for string in strings or ())


def suited(pattern: Pattern[str], text: str) -> Pattern[str]:
    """`pattern` for a search of all of `text`: quickened where that is long."""
    return quickened(pattern) if len(text) > _LONG else pattern


@cache
def quickened(pattern: Pattern[str]) -> Pattern[str]:
    """`pattern`, which finds the same in half the time: it looks only where it can begin."""
    if pattern.flags & re.IGNORECASE:
        return pattern
    letters = _beginnings(_parser.parse(pattern.pattern, pattern.flags))
    if not letters or "" in letters:
        return pattern
    some = "".join(sorted(letters))
    return re.compile(f"(?=[{some}])(?:{pattern.pattern})", pattern.flags)


def _beginnings(items: Iterable[tuple[Any, Any]]) -> set[str] | None:
    """With what a match begins, to stand in brackets; with "" where it can be empty; or unknown."""
    found: set[str] = set()
    for kind, value in items:
        if kind in _NOTHING:
            continue
        some = _begins_with(kind, value)
        if some is None:
            return None
        found |= some - {""}
        if "" not in some:
            return found
    return found | {""}


def _begins_with(kind: Any, value: Any) -> set[str] | None:
    if kind is _constants.LITERAL:
        return {re.escape(chr(value))}
    if kind is _constants.IN:
        return _letters_of(value)
    if kind is _constants.SUBPATTERN and not _has_flags(value):
        return _beginnings(value[3])
    if kind is _constants.BRANCH:
        each = [_beginnings(branch) for branch in value[1]]
        return None if None in each else set().union(*(one for one in each if one))
    if kind in _REPEATS:
        some = _beginnings(value[2])
        return some if some is None or value[0] else some | {""}
    return None


def _letters_of(members: Iterable[tuple[Any, Any]]) -> set[str] | None:
    found: set[str] = set()
    for kind, value in members:
        if kind is _constants.LITERAL:
            found.add(re.escape(chr(value)))
        elif kind is _constants.RANGE:
            found.add(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        elif value is _constants.CATEGORY_DIGIT:
            found.add(r"\d")
        else:
            return None
    return found


def _contained(items: Iterable[tuple[Any, Any]]) -> set[str] | None:
    """Strings of which every match contains one, each of three letters or more; the fewest."""
    found: list[set[str]] = []
    runs = {""}
    for item in items:
        strings = _all_of(item)
        joined = _joined(runs, strings) if strings else None
        if joined is not None:
            runs = joined
            continue
        found.append(runs)
        runs = {""}
        if inner := _inside(item):
            found.append(inner)
    found.append(runs)
    fit = [some for some in found if some and min(map(len, some)) >= LETTERS]
    return min(fit, key=len, default=None)


def _inside(item: tuple[Any, Any]) -> set[str] | None:
    kind, value = item
    if kind is _constants.SUBPATTERN:
        return None if _has_flags(value) else _contained(value[3])
    if kind in _REPEATS and value[0] > 0:
        return _contained(value[2])
    if kind is _constants.BRANCH:
        each = [_contained(branch) for branch in value[1]]
        if all(each):
            return set().union(*(one for one in each if one))
    return None


def _all_of(item: tuple[Any, Any]) -> set[str] | None:
    """Everything that one piece of a pattern can be, where that is not much."""
    kind, value = item
    if kind is _constants.LITERAL:
        return {chr(value)}
    if kind in _NOTHING:
        return {""}
    if kind is _constants.IN and all(one is _constants.LITERAL for one, _ in value):
        return {chr(letter) for _, letter in value}
    if kind is _constants.SUBPATTERN:
        return None if _has_flags(value) else _sequence(value[3])
    if kind is _constants.BRANCH:
        each = [_sequence(branch) for branch in value[1]]
        whole = set().union(*(one for one in each if one is not None))
        return whole if None not in each and len(whole) <= _MOST else None
    if kind in _REPEATS and value[1] == 1 and (inner := _sequence(value[2])) is not None:
        return inner | ({""} if value[0] == 0 else set())
    return None


def _sequence(items: Sequence[tuple[Any, Any]]) -> set[str] | None:
    runs: set[str] | None = {""}
    for item in items:
        strings = _all_of(item)
        if strings is None or runs is None:
            return None
        runs = _joined(runs, strings)
    return runs


def _joined(before: set[str], after: set[str]) -> set[str] | None:
    if len(before) * len(after) > _MOST:
        return None
    return {one + other for one in before for other in after}


def _has_flags(group: Any) -> bool:
    """Whether a group says that other letters count as the same."""
    return bool(group[1] or group[2])
