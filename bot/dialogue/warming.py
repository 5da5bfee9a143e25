"""What reading and answering load the first time: all of it at once, by one thread.

Every table is cached where it is read, but a cache that several threads find empty is filled by
each of them, one slowing the other down: after a start with people waiting, that was most of what
the process did in its first second.
"""

from __future__ import annotations

import threading
from datetime import date

from bot.texts.catalogue import LANGUAGES, load
from bot.understanding.identity import read_identity
from bot.understanding.language import detect_language
from bot.understanding.safety_net import check
from bot.understanding.values import read_values

GREETING = "hola"
"""Something that anybody might say first."""

_turn = threading.Lock()
_done = threading.Event()


def is_warm() -> bool:
    """Whether everything is loaded."""
    return _done.is_set()


def warm() -> None:
    """Load everything, once; who comes while it is being loaded waits for that. Blocking."""
    with _turn:
        if _done.is_set():
            return
        for language in LANGUAGES:
            load(language)
        detect_language(GREETING, current="es")
        check(GREETING)
        read_identity(GREETING, country="MX")
        read_values(GREETING, country="MX", currency="MXN", today=date(2026, 1, 1))
        _done.set()
