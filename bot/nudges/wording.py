"""How a nudge reads: in full to somebody verified, without a word of what it is about to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Protocol

from sqlmodel import Session

from bot.conversations.announce import announce, reader_of
from bot.conversations.models import Conversation
from bot.conversations.service import Button, Outgoing
from bot.debts.models import Account
from bot.kit.money import Money
from bot.nudges import disclosures
from bot.nudges.experiments import HOLD_OUT
from bot.policies.ladders import Step
from bot.texts.catalogue import render, title

PRIVATE = "utter_nudge_waiting"
"""What is said where nobody is verified; its variants are `_a` and `_b`."""

_PAYLOADS = {
    "read_message": "/ask_balance",
    "already_paid": "/objection_already_paid",
    "complicated": "/hardship_cannot_pay",
}
"""What pressing a button tells the dialogue, where it is not `/` and the button's own name."""

_BUTTONS = {
    "info": ("pay_now", "request_extension"),
    "soft": ("pay_now", "already_paid", "request_extension"),
    "options": ("pay_now", "request_plan", "request_extension"),
    "help": ("complicated", "request_plan", "ask_human"),
    "plan": ("request_plan", "ask_human"),
    "factual": ("pay_now", "request_plan", "ask_human"),
}
"""By tone, the least painful way out first where the tone is help."""


class Rung(Protocol):
    """What wording needs of a planned nudge."""

    template: str
    variant: str
    send_at: datetime | None


def template_of(template: str, variant: str, *, is_verified: bool) -> str:
    """The catalogue key that is really said: a step's own words for nobody but a verified reader."""
    suffix = variant if variant in ("a", "b") else "a"
    return f"{template if is_verified and template else PRIVATE}_{suffix}"


def compose(
    session: Session,
    conversation: Conversation,
    rung: Rung,
    *,
    step: Step,
    account: Account,
    balance: Money,
    is_verified: bool,
    how_often: tuple[int, int],
) -> Outgoing:
    """The message, ready to be posted. `how_often` is messages in days, as the person is told.

    The first one to a verified reader carries what the law wants told, and notes in the same
    transaction that it was: a preview takes its words from the catalogue instead.
    """
    assert rung.variant != HOLD_OUT
    reader = reader_of(session, conversation)
    key = template_of(rung.template, rung.variant, is_verified=is_verified)
    values: dict[str, Money | str | date] = {}
    if is_verified:
        values = {"amount": balance, "product": account.product, "date": account.due_on}
    outgoing = announce(session, conversation, key, **values)
    if is_verified and rung.send_at is not None:
        outgoing = disclosures.carried_by(session, conversation, outgoing, now=rung.send_at)
    count, days = how_often
    stop = render("line_nudge_stop", reader, count=count, days=days)
    names = _BUTTONS[step.tone] if is_verified else ("read_message",)
    buttons = [
        Button(title(name, reader), _PAYLOADS.get(name, f"/{name}")) for name in (*names, "opt_out")
    ]
    return replace(outgoing, text=f"{outgoing.text}\n\n{stop}", buttons=buttons)
