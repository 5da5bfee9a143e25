"""What is understood of a text: intent, stance, acts, values, language."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from bot.debtors.facts import COUNTRIES
from bot.dialogue.client import RasaDialogue
from bot.kit.clock import local_date
from bot.runtime.rasa import RasaCommand, free_port, running
from bot.runtime.rehearsal import scratch_settings
from bot.runtime.training import train
from bot.settings import Settings
from bot.understanding.acts import NOT_UNDERSTOOD, Act, acts_of, likeliest
from bot.understanding.emoji import wordless_intent
from bot.understanding.language import written_in
from bot.understanding.safety_net import check
from bot.understanding.stance import stance_of
from bot.understanding.text import neutralise
from bot.understanding.values import Values, read_values

_AT_ONCE = 8
"""Texts in Rasa's hands at the same time."""


class BadLine(ValueError):
    """A line of the input is not what was announced."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One text to classify."""

    text: str
    country: str
    now: datetime


def requests(
    texts: list[str] | None, stdin: TextIO, *, jsonl: bool, country: str, now: str | None
) -> list[Asked]:
    """The texts of the command line or of `stdin`.

    Raises:
        BadLine: not JSON, an unknown country, or a moment that is no date.
    """
    if texts:
        return [_asked({"text": text}, country, now, 1) for text in texts]
    found = []
    for number, line in enumerate(stdin, start=1):
        line = line.rstrip("\n")
        if jsonl and line.strip():
            try:
                body = json.loads(line)
            except ValueError:
                raise BadLine(f"line {number} is not JSON") from None
            if not isinstance(body, dict) or not isinstance(body.get("text"), str):
                raise BadLine(f'line {number} has no "text"')
            found.append(_asked(body, country, now, number))
        elif not jsonl:
            found.append(_asked({"text": line}, country, now, number))
    return found


def _asked(body: dict[str, Any], country: str, now: str | None, number: int) -> Asked:
    code = str(body.get("country") or country).upper()
    if code not in COUNTRIES:
        raise BadLine(f"line {number}: {code!r} is not one of {', '.join(sorted(COUNTRIES))}")
    said = body.get("now") or now
    try:
        moment = datetime.fromisoformat(said) if said else datetime.now(UTC)
    except (TypeError, ValueError):
        raise BadLine(f"line {number}: {said!r} is not an ISO 8601 moment") from None
    return Asked(body["text"], code, moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def classify_all(asked: list[Asked]) -> Iterator[dict[str, Any]]:
    """Each text's reading, in order; Rasa is started for the call where none is running."""
    with _rasa() as settings, asyncio.Runner() as runner:
        dialogue = RasaDialogue(
            settings.rasa_url, token=settings.rasa_token.get_secret_value(), timeout=30
        )
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            parsed = runner.run(_parse_all(dialogue, some))
            yield from map(_reading, some, parsed)
        runner.run(dialogue.close())


async def _parse_all(dialogue: RasaDialogue, some: list[Asked]) -> list[dict[str, Any]]:
    return await asyncio.gather(*(dialogue.parse(neutralise(one.text)) for one in some))


@contextmanager
def _rasa() -> Iterator[Settings]:
    try:
        running_settings = Settings()
        if asyncio.run(_answers(running_settings)):
            yield running_settings
            return
    except ValueError:
        pass  # no settings for a running one: start our own
    model = train()
    with tempfile.TemporaryDirectory(prefix="acuerdo-") as name:
        settings = scratch_settings(Path(name))
        command = RasaCommand(
            model=model.path,
            port=int(settings.rasa_url.rsplit(":", 1)[1]),
            settings=settings,
            actions_url=f"http://127.0.0.1:{free_port()}/rasa/actions",
            tracker_db=Path(name) / "rasa.db",
            log=Path(name) / "rasa.log",
        )
        with running(command):
            yield settings


async def _answers(settings: Settings) -> bool:
    dialogue = RasaDialogue(
        settings.rasa_url, token=settings.rasa_token.get_secret_value(), timeout=3
    )
    try:
        return await dialogue.is_ready()
    finally:
        await dialogue.close()


def _reading(asked: Asked, parsed: dict[str, Any]) -> dict[str, Any]:
    home = COUNTRIES[asked.country]
    whole, acts = _understood(asked.text, parsed)
    values = read_values(
        asked.text,
        country=asked.country,
        currency=home.currency,
        today=local_date(asked.now, home.timezone),
    )
    return {
        "text": asked.text,
        "language": written_in(asked.text, otherwise=home.language),
        "intent": whole.intent,
        "confidence": whole.confidence,
        "stance": stance_of(whole.intent),
        "acts": [asdict(act) for act in acts],
        "entities": _entities(values),
    }


def _understood(text: str, parsed: dict[str, Any]) -> tuple[Act, list[Act]]:
    """What a message is as a whole, and all it does, the most urgent first.

    The names are the taxonomy's: where the dialogue would ask again, this tells the model's best
    guess with its low confidence, and `out_of_scope` where there is not a letter to read.
    """
    sure = check(text) or wordless_intent(text)
    if sure:
        act = Act("out_of_scope" if sure == NOT_UNDERSTOOD else sure, 1.0)
        return act, [act]
    best = likeliest(parsed)
    acts = [best if act.intent == NOT_UNDERSTOOD else act for act in acts_of(parsed)]
    return (acts[0] if len(acts) == 1 else best), acts


def _entities(values: Values) -> dict[str, Any]:
    return {
        "amount": (
            {"value": values.amount.minor, "currency": values.amount.currency}
            if values.amount
            else None
        ),
        "date": values.on.isoformat() if values.on else None,
        "instalments": values.instalments,
        "frequency": values.every,
        "reference": values.reference,
    }
