"""Which intents there are, their stances, and which of several acts is answered first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List

STANCES: Dict[str, List[str]] = json.loads(
    Path(__file__).with_name("taxonomy.json").read_text(encoding="utf-8")
)
"""Intents by stance, the most urgent stance first. The app reads the same file."""

STANCE_OF = {intent: stance for stance, intents in STANCES.items() for intent in intents}
PRECEDENCE = {stance: place for place, stance in enumerate(STANCES)}
