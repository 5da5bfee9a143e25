"""Adds up the banknotes somebody counts: "3 notas de 50", "two $20 bills", "um pau e meio"."""

from __future__ import annotations

import re

_NOTES = re.compile(
    r"\b(?P<count>[1-9]\d?) (?:(?:notas|cedulas|billetes|billetitos|notinhas|papeles|notes) (?:de|of) (?:a )?"
    r"(?P<worth>\d{1,3}(?:[.,]000)?|1000)\b|\$?(?P<each>\d{1,3})(?: dollar| pound| euro)? (?:bills|notes)\b)"
)
_NAMES = ("nota", "notinha", "cedula", "billete", "papeles", "notes", "bills")
_THOUSANDS = re.compile(r"\b(?P<count>um|[1-9]\d?) paus? e mei[oa]\b")
"""Brazil's "pau" is one real, but a thousand where it has a half."""


def _sum_of(notes: re.Match[str]) -> str:
    worth = re.sub(r"\D", "", notes["worth"] or notes["each"])
    return str(int(notes["count"]) * int(worth))


def _with_half(said: re.Match[str]) -> str:
    count = 1 if said["count"] == "um" else int(said["count"])
    return str(count * 1_000 + 500)


def count_notes(text: str) -> str:
    """`text`, whose numbers are digits, with the sum of the notes in their place."""
    if "pau" in text:
        text = _THOUSANDS.sub(_with_half, text)
    if any(note in text for note in _NAMES):  # the expression takes ten times as long
        text = _NOTES.sub(_sum_of, text)
    return text
