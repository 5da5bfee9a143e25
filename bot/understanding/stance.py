"""The axis the product turns on: is this an objection, a hardship, or something else?"""

from __future__ import annotations

import json
from pathlib import Path

_TAXONOMY = Path(__file__).parents[2] / "nlu" / "components" / "taxonomy.json"
_STANCES: dict[str, list[str]] = json.loads(_TAXONOMY.read_text(encoding="utf-8"))
"""Intents by stance, in the order in which several acts of one message are answered. The model's
process reads the same file."""

_STANCE = {intent: stance for stance, intents in _STANCES.items() for intent in intents}
_PLACE = {stance: place for place, stance in enumerate(_STANCES)}


def stance_of(intent: str) -> str:
    """The stance of an intent; `other` for what has none."""
    return _STANCE.get(intent, "other")


def precedence_of(stance: str) -> int:
    """The place of a stance in the order of answering: 0 is the most urgent."""
    return _PLACE[stance]
