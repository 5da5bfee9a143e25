"""In which language a stranger reads."""

from __future__ import annotations

from bot.texts.catalogue import LANGUAGES, REFERENCE


def language_for(asked: str, accepted: str) -> str:
    """One of ours: the one asked for, else the browser's first choice (Accept-Language), else es."""
    if asked in LANGUAGES:
        return asked
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:300].split(",")):
        name, _, more = part.strip().partition(";")
        try:
            weight = float(more.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        wanted.append((-weight, place, name.split("-")[0].strip().lower()))
    return next((name for _, _, name in sorted(wanted) if name in LANGUAGES), REFERENCE)
