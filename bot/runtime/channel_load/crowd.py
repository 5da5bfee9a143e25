"""Who writes what and when, and the webhooks that tell of it: repeated, late and out of order."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

TELEGRAM, WHATSAPP = "telegram", "whatsapp"
WINDOW = 2.0
"""Seconds by which a webhook may be late by itself: those of a burst overtake each other."""
LONGEST_BURST = 3
LATEST = 60.0
"""Seconds after which the last repetitions come."""
REWRAPPED = 0.5
"""The share of WhatsApp's repetitions that come in another envelope: same message, other bytes."""

_SMALL_TALK = ("hola", "gracias", "cuanto debo", "gracias")
_BY_NAME = ("cuanto debo", "", "y por que tanto", "gracias", "cuanto debo", "hola")
"""What somebody says who is identified on the way: the empty line is who they are."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a platform."""

    number: int
    channel: str
    answer: str
    """What they say when asked who they are; empty for those who never tell."""

    @property
    def name(self) -> str:
        """What the app knows them by: a chat's number, a telephone."""
        if self.channel == TELEGRAM:
            return str(700_000_000 + self.number)
        return f"52{5_550_000_000 + self.number}"

    @property
    def wa_id(self) -> str:
        """What WhatsApp calls a Mexican telephone: with the 1 that was dropped in 2019."""
        return f"521{self.name[2:]}"

    @property
    def user_id(self) -> str:
        """Meta's own id for every other person on WhatsApp; empty for the rest."""
        return f"MX.{13_490_000_000 + self.number}" if self.number % 4 == 1 else ""

    def line(self, place: int) -> str:
        """What they write as their message number `place`."""
        if not self.answer:
            return _SMALL_TALK[(self.number + place) % len(_SMALL_TALK)]
        if place < 2:
            return _BY_NAME[place] or self.answer
        return _BY_NAME[2 + place % (len(_BY_NAME) - 2)]


@dataclass(frozen=True, slots=True)
class Line:
    """One message that somebody wrote."""

    person: Person
    place: int
    at: float
    """Seconds after the beginning, by the platform's clock."""

    @property
    def number(self) -> str:
        """The platform's number for it."""
        if self.channel == TELEGRAM:
            return str(self.place + 1)
        told = hashlib.sha256(f"{self.person.number}:{self.place}".encode()).hexdigest()
        return f"wamid.{told[:32].upper()}"

    @property
    def channel(self) -> str:
        """Where it was written."""
        return self.person.channel


@dataclass(frozen=True, slots=True)
class Posting:
    """A webhook on its way."""

    at: float
    """Seconds after the beginning at which the platform posts it."""
    line: Line
    again: int = 0
    """0 for the first time; a repetition's own number otherwise."""
    rewrapped: bool = False


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where webhooks go, and what proves that the platform sent them."""

    url: str
    creditor: str
    telegram_secret: str
    whatsapp_number: str
    whatsapp_secret: str


def crowd(count: int, answers: Sequence[str]) -> list[Person]:
    """So many people, half on each platform; every third says who they are."""
    return [
        Person(
            number,
            (TELEGRAM, WHATSAPP)[number % 2],
            answers[number // 3 % len(answers)] if answers and number % 3 == 0 else "",
        )
        for number in range(count)
    ]


def written(
    people: Sequence[Person], count: int, seconds: float, chance: random.Random
) -> list[Line]:
    """`count` messages spread evenly over the time, in bursts of up to three by one person.

    Within a burst a second passes between WhatsApp's messages, whose clock has no finer tick and
    whose numbers have no order; Telegram's are numbered and may share a second.
    """
    bursts: dict[int, list[int]] = {person.number: [] for person in people}
    left, turn = count, 0
    while left:
        person = people[turn % len(people)]
        size = min(chance.randint(1, LONGEST_BURST), left)
        bursts[person.number].append(size)
        left -= size
        turn += 1
    lines: list[Line] = []
    for person in people:
        sizes = bursts[person.number]
        share = max(seconds - WINDOW, 1.0) / max(len(sizes), 1)
        place, before = 0, -10.0
        for number, size in enumerate(sizes):
            at = max(share * (number + chance.random() * 0.9), before + 1.1)
            for _ in range(size):
                lines.append(Line(person, place, at))
                before = at
                place += 1
                at += 1.1 if person.channel == WHATSAPP else chance.uniform(0.1, 0.6)
    return lines


def postings(
    lines: Sequence[Line], repetitions: int, seconds: float, chance: random.Random
) -> list[Posting]:
    """Every line once and `repetitions` of them again, in the order in which they are posted.

    Half of the repetitions come at once, as after a lost answer; the others up to a minute later.
    """
    first = [Posting(line.at + chance.uniform(0, WINDOW), line) for line in lines]
    latest = max(WINDOW + 1, min(LATEST, seconds / 4))
    again: list[Posting] = []
    while len(again) < repetitions:
        one = chance.choice(first)
        is_late = len(again) % 2 == 0
        at = one.at + (chance.uniform(WINDOW, latest) if is_late else chance.uniform(0, WINDOW))
        if at > seconds:
            continue
        is_other = one.line.channel == WHATSAPP and chance.random() < REWRAPPED
        again.append(Posting(at, one.line, len(again) + 1, is_other))
    return sorted([*first, *again], key=lambda posting: posting.at)


def request_of(posting: Posting, to: Addresses, began: float) -> tuple[str, bytes, dict[str, str]]:
    """The address, body and headers of a webhook; `began` is the Unix time of the beginning."""
    if posting.line.channel == TELEGRAM:
        body = json.dumps(_update(posting.line, began)).encode()
        return (
            f"{to.url}/webhooks/telegram/{to.creditor}",
            body,
            {
                "Content-Type": "application/json",
                "X-Telegram-Bot-Api-Secret-Token": to.telegram_secret,
            },
        )
    body = json.dumps(_event(posting, to.whatsapp_number, began)).encode()
    sign = hmac.new(to.whatsapp_secret.encode(), body, hashlib.sha256).hexdigest()
    return (
        f"{to.url}/webhooks/whatsapp",
        body,
        {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={sign}"},
    )


def _update(line: Line, began: float) -> dict[str, object]:
    """Telegram's update: https://core.telegram.org/bots/api#update."""
    person = {"id": int(line.person.name), "first_name": f"P{line.person.number}"}
    return {
        "update_id": 10_000_000 + line.person.number * 1000 + line.place,
        "message": {
            "message_id": line.place + 1,
            "from": {**person, "is_bot": False, "language_code": "es"},
            "chat": {**person, "type": "private"},
            "date": int(began + line.at),
            "text": line.person.line(line.place),
        },
    }


def _event(posting: Posting, number: str, began: float) -> dict[str, object]:
    """Meta's `messages` webhook, as its Cloud API documentation shows it."""
    line, person = posting.line, posting.line.person
    card: dict[str, object] = {
        "profile": {"name": f"P{person.number}"},
        "wa_id": person.wa_id,
    }
    message: dict[str, object] = {
        "from": person.wa_id,
        "id": line.number,
        "timestamp": str(int(began + line.at)),
        "text": {"body": person.line(line.place)},
        "type": "text",
    }
    if person.user_id:
        card["user_id"] = message["from_user_id"] = person.user_id
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": number},
        "contacts": [card],
        "messages": [message],
    }
    envelope = f"{posting.again:015}" if posting.rewrapped else "102290129340398"
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": envelope, "changes": [{"value": value, "field": "messages"}]}],
    }
