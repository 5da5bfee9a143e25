"""Has a PDF looked into by a process of its own, and takes its word."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import dataclass

from bot.media.rules import FileRefused

_PATIENCE = 20.0
_MODULE = "bot.media.pdf_reader"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pdf:
    """What is known of a PDF that may be kept."""

    pages: int
    text: str
    """Its text layer; empty where it is a scanned picture (nothing is read off pictures)."""


def examine(data: bytes) -> Pdf:
    """Refuse what is active, locked or damaged; read the text layer of the rest.

    Raises:
        FileRefused: `unsafe` (scripts, programs or files inside), `locked` (a password),
            `too_long`, or `unreadable`, also where looking took too long.
    """
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and module; the file is its input)
            [sys.executable, "-I", "-m", _MODULE],
            input=data,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env={},
        )
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        log.warning("pdf.gave_up", extra={"data": {"size": len(data)}})
        raise FileRefused("unreadable") from None
    if "refused" in found:
        raise FileRefused(str(found["refused"]))
    return Pdf(int(found["pages"]), str(found["text"]))
