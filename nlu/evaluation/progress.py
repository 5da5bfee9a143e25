"""How a long measurement tells the command that started it where it stands: JSON, a line each."""

from __future__ import annotations

import json
import sys
from typing import Any


def step(words: str, done: int, of: int) -> None:
    """Say what begins now, and how many steps of how many lie behind."""
    _write({"step": words, "done": done, "of": of})


def result(found: Any) -> None:
    """Hand over what came out. The last line."""
    _write({"result": found})


def refused(why: str) -> None:
    """Say what is wrong with what was given. The last line."""
    _write({"refused": why})


def _write(line: Any) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
